"""How many targets of a month were met, and what is not counted and why: from the journal alone. Pure.

A round belongs to the month of its receipt by the site's clock (C2). Each class of a round counts by itself:
what an upgrade opened, and what a person gave instead, which keeps the due time that stands (C1, C5). A late
answer is a missed target. Who is responsible changes nothing: the contract's clauses do not except anybody,
so every round counts, and the split shows whose it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.agreement import Agreement
from agent.contract import Step
from agent.deadlines import STEPS, Deadline, Deadlines, deadlines_of
from agent.failures import Responsibility
from agent.promises import Verdict
from agent.rounds import Round
from agent.sight import Sight, length
from agent.tickets import Ticket, Tickets
from agent.views import moment

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attained:
    """One severity's step of one contract. `rounds` = met + breached + open + over.

    `open`: not decided yet. `over`: the failure was gone before the step was due, and nobody had taken it:
    not rated. `percent`: met, of those that are decided; None: none is. `goal`: what the contract asks for,
    None: it names none. `reached`: whether the share is the goal or more.
    """

    contract: str
    severity: str
    step: Step
    goal: int | None
    rounds: int = 0
    met: int = 0
    breached: int = 0
    open: int = 0
    over: int = 0
    percent: float | None = None
    reached: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a severity's step that one side is responsible for."""

    responsibility: Responsibility
    severity: str
    step: Step
    rounds: int
    met: int
    breached: int
    open: int
    over: int


@dataclass(frozen=True, slots=True)
class NotRated:
    """What counts for nothing, or not yet. `round`: of the ticket, from 1."""

    ticket: str
    round: int
    why: str


@dataclass(frozen=True, slots=True)
class Reclassed:
    """A round that a person gave another class: it counts in each. `classes`: `major`, `minor by ana: …`."""

    ticket: str
    round: int
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmonitored:
    """How long a system (None: the whole site) was not watched. `at_most`: a kill hides when that began."""

    system: str | None
    minutes: int
    at_most: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attainment:
    """A whole month, as of `as_of`. Times are in the site's zone."""

    month: str
    begins: datetime
    ends: datetime
    as_of: datetime
    rows: tuple[Attained, ...]
    shares: tuple[Share, ...]
    not_rated: tuple[NotRated, ...]
    reclassified: tuple[Reclassed, ...]
    unmonitored: tuple[Unmonitored, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Count:
    counted: dict[Verdict, int] = field(
        default_factory=lambda: {"met": 0, "breached": 0, "open": 0, "over": 0}
    )

    def figures(self) -> dict[str, int]:
        return {"rounds": sum(self.counted.values()), **{str(name): n for name, n in self.counted.items()}}


def month_bounds(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When that month (`2026-11`) begins and ends there. Raises ValueError with one sentence."""
    found = _MONTH.fullmatch(month)
    year, number = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1970 <= year <= 9000 and 1 <= number <= 12):
        raise ValueError(f"expected a month such as 2026-11; got {month!r}")
    following = (year, number + 1) if number < 12 else (year + 1, 1)
    return datetime(year, number, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)


def attainment(
    month: str,
    tickets: Tickets,
    sight: Sight,
    *,
    zone: ZoneInfo,
    systems: Iterable[str],
    now: datetime,
    running: bool,
) -> Attainment:
    """That month's figures. `running`: the agent watches now. Raises ValueError for what is no month."""
    begin, end = month_bounds(month, zone)
    rows, goals, shares = _rows(tickets.agreement)
    not_rated: list[NotRated] = []
    reclassified: list[Reclassed] = []
    elsewhere = 0
    for ticket, number, each in _rounds(tickets):
        if not begin <= each.received < end:
            elsewhere += 1
            continue
        agreement = ticket.agreement or tickets.agreement
        if ticket.ruling.outcome != "ticket" or agreement is None:
            why = f"a {ticket.ruling.outcome}: the contract sets no target for it"
            not_rated.append(NotRated(ticket.id, number, why if agreement else "no contract is known of it"))
            continue
        if any(given.by for given in each.classes):
            reclassified.append(Reclassed(ticket.id, number, tuple(_classes(each))))
        for deadline in deadlines_of(ticket, agreement, (each,)):
            promise, verdict = deadline.promise, deadline.promise.verdict(now)
            key = agreement.contract.label, promise.severity, promise.step
            target = agreement.contract.target(promise.severity, promise.step)
            goals[key] = target.goal if target else None
            rows.setdefault(key, _Count()).counted[verdict] += 1
            share = (ticket.ruling.responsibility, promise.severity, promise.step)
            shares.setdefault(share, _Count()).counted[verdict] += 1
            if verdict in ("open", "over"):
                not_rated.append(NotRated(ticket.id, number, _why(deadline, zone)))
    return Attainment(
        month=month,
        begins=begin,
        ends=end,
        as_of=now.astimezone(zone),
        rows=tuple(_attained(key, goals[key], count) for key, count in rows.items()),
        shares=tuple(
            Share(responsibility=share[0], severity=share[1], step=share[2], **count.figures())
            for share, count in sorted(
                shares.items(), key=lambda each: (*each[0][:2], STEPS.index(each[0][2]))
            )
        ),
        not_rated=tuple(not_rated),
        reclassified=tuple(reclassified),
        unmonitored=tuple(_unmonitored(sight, systems, begin, end, now, running=running)),
        notes=tuple(_notes(sight, elsewhere, shares, begin, end)),
    )


def ratios(deadlines: Deadlines, zone: ZoneInfo, now: datetime) -> dict[tuple[str, Step], float]:
    """The share of this month's decided targets that were met, by severity and step; 0 to 1."""
    local = now.astimezone(zone)
    begin = datetime(local.year, local.month, 1, tzinfo=zone)
    decided: dict[tuple[str, Step], list[bool]] = {}
    for found in deadlines.by_ticket.values():
        for deadline in found:
            verdict = deadline.promise.verdict(now)
            if deadline.received >= begin and verdict in ("met", "breached"):
                key = deadline.promise.severity, deadline.promise.step
                decided.setdefault(key, []).append(verdict == "met")
    return {key: sum(met) / len(met) for key, met in decided.items()}


_Key = tuple[str, str, Step]


def _rows(
    agreement: Agreement | None,
) -> tuple[dict[_Key, _Count], dict[_Key, int | None], dict[tuple[Responsibility, str, Step], _Count]]:
    """A row for every target of the contract in force, worst first, also where nothing happened."""
    rows: dict[_Key, _Count] = {}
    goals: dict[_Key, int | None] = {}
    contract = agreement.contract if agreement is not None else None
    for severity in contract.severities if contract else ():
        for step in STEPS:
            target = contract.target(severity, step) if contract else None
            if contract is not None and target is not None:
                key = contract.label, severity, step
                rows[key], goals[key] = _Count(), target.goal
    return rows, goals, {}


def _rounds(tickets: Tickets) -> Iterator[tuple[Ticket, int, Round]]:
    for ticket in tickets.by_id.values():
        for number, each in enumerate(ticket.rounds, start=1):
            yield ticket, number, each


def _classes(each: Round) -> Iterator[str]:
    for given in each.classes:
        why = f": {given.note}" if given.note else ""
        yield f"{given.severity} by {given.by}{why}" if given.by else given.severity


def _why(deadline: Deadline, zone: ZoneInfo) -> str:
    promise = deadline.promise
    what = f"{promise.step} as {promise.severity}"
    if promise.ended is not None:
        return f"{what}: the failure was gone before it was due"
    if promise.due is None:
        return f"{what}: not due, its clock stands still"
    return f"{what}: not decided yet, due {moment(promise.due.astimezone(zone))}"


def _attained(key: _Key, goal: int | None, count: _Count) -> Attained:
    met, decided = count.counted["met"], count.counted["met"] + count.counted["breached"]
    return Attained(
        contract=key[0],
        severity=key[1],
        step=key[2],
        goal=goal,
        **count.figures(),
        # Rounded down: what is shown as the goal has reached it.
        percent=met * 1000 // decided / 10 if decided else None,
        reached=None if goal is None or not decided else met * 100 >= goal * decided,
    )


def _unmonitored(
    sight: Sight, systems: Iterable[str], begin: datetime, end: datetime, now: datetime, *, running: bool
) -> Iterator[Unmonitored]:
    first = max(begin, sight.began) if sight.began is not None else begin
    last = min(end, now)
    for system in (None, *systems):
        found = sight.stretches(system, now, running=running)
        hit = any(each.at_most and each.begin < last and each.end > first for each in found)
        yield Unmonitored(system, length(found, first, last) // _MINUTE, hit)


def _notes(
    sight: Sight,
    elsewhere: int,
    shares: Mapping[tuple[Responsibility, str, Step], _Count],
    begin: datetime,
    end: datetime,
) -> Iterator[str]:
    zone = begin.tzinfo
    if elsewhere:
        yield f"{elsewhere} round{'s' * (elsewhere > 1)} of other months not counted here"
    if any(share[0] != "vendor" for share in shares):
        yield "rounds count whoever is responsible: the contract's clauses except nobody"
    if sight.began is not None and sight.began > begin:
        yield f"watched from {moment(sight.began.astimezone(zone))} on: nothing is known of before"
    for at, step in sight.clock_set:
        if begin <= at < end:
            yield (
                f"the agent's clock was set {step.total_seconds():+.0f} s, {moment(at.astimezone(zone))}:"
                " what was stamped before may be off by that"
            )
