"""Failures over time: what is pending, what is told, and what must be told now (rules I5, I6). Pure.

`decide` compares what is with what was told; it knows no edges. A lost reading, a restart of the agent or a
changed contract therefore repair themselves on the next pass. The state of open incidents changes only by
entries that the journal has taken: if it could not take them, the next pass decides the same again.

A failure that stands again is its old ticket within the reopen window, and a new one later (C2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from agent.agreement import Agreement
from agent.contract import Contract, Decisions
from agent.entries import (
    AgreementTaken,
    Body,
    Entry,
    JournalRebuilt,
    NumbersSkipped,
    Opened,
    Reopened,
    Resolved,
    Updated,
)
from agent.failures import Failure, Judgement, Key, Ruling

CLEAR_AT_MOST = timedelta(seconds=60)  # I6: away for the shorter of the raise hold and this
TEXT_EVERY = timedelta(minutes=5)  # figures may move with every poll; an operator's log should not
_TOLD = attrgetter("summary", "responsibility", "facts")  # what is told anew where the class stays
PAST_KEPT = 2000  # failures whose last ticket is remembered, beside those that can still be reopened


@dataclass(frozen=True, slots=True)
class Pending:
    """A failure that has not lasted yet: begun then, seen failing for `held` up to `last`.

    `needs`: how long it must last; None: not before more is known. `summary`: what it is, for a person.
    `half`: for how long it has been half capacity (T7); None: it is not. `peak`: of stations, the highest
    count before it began (S2).
    """

    began: datetime
    held: timedelta
    last: datetime
    needs: timedelta | None
    summary: str
    half: timedelta | None = None
    peak: int | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A failure that is a ticket: what was last told of it, and since when it looks otherwise.

    `failing`: whether it was seen failing at the last look. `reopen_within`: by the contract that the ticket
    was classified by. `by_hand`: a person reopened it; that it is well does not resolve it then.
    """

    ticket: str
    ruling: Ruling
    told_at: datetime
    hold: timedelta
    reopen_within: timedelta
    failing: bool = False
    by_hand: bool = False
    well_since: datetime | None = None
    other_class_since: datetime | None = None

    @property
    def clear_hold(self) -> timedelta:
        """How long the failure must stay away (I6)."""
        return min(self.hold, CLEAR_AT_MOST)


@dataclass(frozen=True, slots=True)
class Past:
    """The last ticket of a failure, resolved at `at`."""

    ticket: str
    at: datetime
    reopen_within: timedelta

    def reopens(self, now: datetime) -> bool:
        """Whether the same failure is this ticket again at `now` (C2); later it is a new one."""
        return now.astimezone(UTC) - self.at.astimezone(UTC) <= self.reopen_within


@dataclass(frozen=True, slots=True)
class Incidents:
    """All that is open or pending at a site, and the highest number that a ticket ever had.

    `past`: the last resolved ticket of each failure, the latest resolved last. `reopen_within`: by the
    contract that is in force.
    """

    open: Mapping[Key, Open] = field(default_factory=dict)
    pending: Mapping[Key, Pending] = field(default_factory=dict)
    tickets: int = 0
    past: Mapping[Key, Past] = field(default_factory=dict)
    reopen_within: timedelta = Decisions().reopen_within

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key that a judgement must be asked about."""
        return (*self.open, *self.pending)

    @property
    def peaks(self) -> Mapping[Key, int]:
        """The highest station counts before the pending failures began (S2)."""
        return {key: each.peak for key, each in self.pending.items() if each.peak is not None}

    def after_gap(self, system: str, at: datetime) -> Incidents:
        """The incidents when that system is read again after a gap: no hold ran on in it (I10)."""
        return replace(
            self,
            open={
                key: replace(told, well_since=None, other_class_since=None) if key.system == system else told
                for key, told in self.open.items()
            },
            pending={
                key: replace(waiting, last=at) if key.system == system else waiting
                for key, waiting in self.pending.items()
            },
        )

    def clock_set(self, step: timedelta) -> Incidents:
        """The incidents after the agent's clock was set by `step`: every hold has run as long as before."""
        return replace(
            self,
            open={
                key: replace(
                    told,
                    told_at=told.told_at + step,
                    well_since=told.well_since and told.well_since + step,
                    other_class_since=told.other_class_since and told.other_class_since + step,
                )
                for key, told in self.open.items()
            },
            pending={
                key: replace(waiting, began=waiting.began + step, last=waiting.last + step)
                for key, waiting in self.pending.items()
            },
            past={key: replace(last, at=last.at + step) for key, last in self.past.items()},
        )

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Incidents:
        """The incidents that a journal tells: open ones only, holds begin anew."""
        incidents = cls()
        for entry in entries:
            incidents = incidents.apply(entry)
        return incidents

    def apply(self, entry: Entry) -> Incidents:
        """The incidents after this entry."""
        body = entry.body
        match body:
            case AgreementTaken():
                within = Agreement.read(body).contract.decisions.reopen_within
                return replace(self, reopen_within=within)
            case Opened():
                return self._begun(body, entry.at, self.reopen_within)
            case Reopened():
                last = self.past.get(body.key)
                kept = last.reopen_within if last and last.ticket == body.ticket else self.reopen_within
                return self._begun(body, entry.at, kept)
            case JournalRebuilt():  # each entry that is lost may have been a ticket
                return replace(self, tickets=self.tickets + body.lost)
            case NumbersSkipped():
                return replace(self, tickets=max(self.tickets, body.last))
            case Updated():
                return replace(
                    self,
                    open={
                        key: _retold(told, body, entry.at) if told.ticket == body.ticket else told
                        for key, told in self.open.items()
                    },
                )
            case Resolved():
                return self._over(body.ticket, entry.at)
            case _:
                return self

    def _begun(self, body: Opened | Reopened, at: datetime, reopen_within: timedelta) -> Incidents:
        by_hand = isinstance(body, Reopened) and bool(body.by)
        told = Open(body.ticket, body.ruling, at, body.hold, reopen_within, by_hand=by_hand)
        waited = self.pending.get(body.key)
        if waited is not None and waited.half is not None and not body.ruling.states("half-capacity"):
            told = replace(told, other_class_since=at - waited.half)  # T7: it runs on
        # A gap in the numbers is one for good: none is given twice.
        more = self.tickets + 1 if isinstance(body, Opened) else self.tickets
        return replace(
            self,
            open={**self.open, body.key: told},
            pending={key: value for key, value in self.pending.items() if key != body.key},
            tickets=max(more, ticket_number(body.ticket)),
        )

    def _over(self, ticket: str, at: datetime) -> Incidents:
        over = {
            key: Past(ticket, at, told.reopen_within)
            for key, told in self.open.items()
            if told.ticket == ticket
        }
        past = {key: last for key, last in self.past.items() if key not in over} | over
        for key in list(past)[: max(len(past) - PAST_KEPT, 0)]:
            if not past[key].reopens(at):
                del past[key]
        return replace(
            self, open={key: told for key, told in self.open.items() if key not in over}, past=past
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What must be told now, the incidents with their clocks moved on, and when to look again unasked."""

    bodies: tuple[Body, ...]
    incidents: Incidents
    wake: datetime | None


def decide(
    incidents: Incidents,
    judgement: Judgement,
    contract: Contract,
    now: datetime,
    kept: Mapping[Key, Contract] | None = None,
) -> Decision:
    """Compare what fails now with what was told. `wake`: the next instant at which a hold ends.

    `contract`: the one in force; `kept`: of the failures whose tickets keep another one (C3).
    """
    kept = kept or {}
    failing = {failure.key: failure for failure in judgement.failures}
    bodies: list[Body] = []
    wakes = [failure.until for failure in judgement.failures if failure.until and failure.until > now]
    wakes += [judgement.wake] if judgement.wake is not None else []
    open_now: dict[Key, Open] = {}
    for key, told in incidents.open.items():
        if key in judgement.gone and not told.by_hand:
            open_now[key] = told
            bodies.append(Resolved(ticket=told.ticket, reason="its system left the site file"))
            continue
        after, body, wake = _look_again(
            told,
            failing.get(key),
            key in judgement.blind,
            kept.get(key, contract),
            now,
            judgement.over.get(key),
        )
        open_now[key] = after
        bodies += [body] if body else []
        wakes += [wake] if wake else []

    pending: dict[Key, Pending] = {}
    number = incidents.tickets
    for key, failure in failing.items():
        if key in incidents.open:
            continue
        waiting = _hold_on(incidents.pending.get(key), failure, now)
        pending[key] = waiting
        due = _raises_at(failure, waiting, now)
        if due is None:
            continue
        if due > now:
            wakes.append(due)
            continue
        last, lasted = incidents.past.get(key), _as_lasted(failure, waiting)
        if last is not None and last.reopens(now):
            bodies.append(_reopened(last.ticket, lasted, waiting.began))
        else:
            number += 1
            bodies.append(_opened(ticket_id(number), lasted, waiting.began, contract, last))
    for key in judgement.blind:  # a hold runs only while its part is seen: it waits, and is not forgotten
        if (waited := incidents.pending.get(key)) is not None:
            pending[key] = replace(waited, last=now)
    return Decision(
        tuple(bodies), replace(incidents, open=open_now, pending=pending), min(wakes, default=None)
    )


def ticket_id(number: int) -> str:
    """The id of the ticket with that number."""
    return f"TW-{number:06d}"


def ticket_number(ticket: str) -> int:
    """The number of the ticket with that id; 0 for what is no id of ours."""
    digits = ticket.removeprefix("TW-")
    return int(digits) if digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 9 else 0


def _hold_on(before: Pending | None, failure: Failure, now: datetime) -> Pending:
    if failure.since is not None:  # counted from the first missed answer, not from the first judgement
        began = min(failure.since, now)
        held = now - began
    elif before is None:
        began, held = now, timedelta(0)
    else:
        began, held = before.began, before.held + _passed(before, now)
    half = timedelta(0) if failure.ruling.states("half-capacity") else None
    if half is not None and before is not None and before.half is not None:
        half = before.half + _passed(before, now)
    ruling = failure.ruling
    return Pending(began, held, now, failure.hold, ruling.summary, half, ruling.peak)


def _raises_at(failure: Failure, waiting: Pending, now: datetime) -> datetime | None:
    """When it raises if it goes on: at its hold's end, not inside a window (C4); None: nobody knows yet."""
    if waiting.needs is None:
        return None
    return max(now + waiting.needs - waiting.held, failure.not_before or now)


def _passed(before: Pending, now: datetime) -> timedelta:
    return max(now - before.last, timedelta(0))  # a clock that steps back takes nothing away


def _as_lasted(failure: Failure, waited: Pending) -> Failure:
    """The failure in the class that it has had for long enough: half capacity has a hold of its own (T7)."""
    if failure.lesser is None or failure.settles is None or (waited.half or timedelta(0)) >= failure.settles:
        return failure
    return replace(failure, ruling=failure.lesser)


def _look_again(
    told: Open, failure: Failure | None, blind: bool, contract: Contract, now: datetime, over: str | None
) -> tuple[Open, Body | None, datetime | None]:
    """An open incident seen again: its clocks moved on, what to tell of it, when to look again.

    `over`: why it stands no longer, where that is not for having been seen well.
    """
    if failure is None:
        if blind or told.by_hand:
            return replace(told, well_since=None, failing=False), None, None
        since = min(told.well_since or now, now)
        after = replace(told, well_since=since, other_class_since=None, failing=False)
        if now - since >= told.clear_hold:
            return after, Resolved(ticket=told.ticket, reason=over or _well_for(now - since)), None
        return after, None, since + told.clear_hold

    seen_again = replace(told, well_since=None, failing=True)
    if failure.hold is None:  # a first missed poll: nothing is known that would change what was told
        return seen_again, None, None
    now_ruled, was_ruled = failure.ruling, told.ruling
    update = Updated(ticket=told.ticket, ruling=now_ruled)
    if (now_ruled.severity, now_ruled.clause) != (was_ruled.severity, was_ruled.clause):
        since = min(told.other_class_since or now, now)
        rises = contract.worse(now_ruled.severity, was_ruled.severity)
        waits = timedelta(0) if rises else told.clear_hold  # I6
        if failure.settles is not None and _half_changed(now_ruled, was_ruled):
            waits = failure.settles  # T7: its own hold, both ways
        if set(now_ruled.primary_numbers) - set(was_ruled.primary_numbers) and rises:
            waits = timedelta(0)  # for a number that it takes now it goes up at once all the same
        after = replace(seen_again, other_class_since=since)
        if now - since >= waits:
            return after, update, None
        return after, None, since + waits
    after = replace(seen_again, other_class_since=None)
    if _TOLD(now_ruled) != _TOLD(was_ruled):
        told_at = min(told.told_at, now)  # an entry of a clock that was ahead must not silence us till then
        if now - told_at >= TEXT_EVERY:
            return after, update, None
        return replace(after, told_at=told_at), None, told_at + TEXT_EVERY
    return after, None, None


def _half_changed(one: Ruling, other: Ruling) -> bool:
    return one.states("half-capacity") != other.states("half-capacity")


def _retold(told: Open, body: Updated, at: datetime) -> Open:
    return replace(told, ruling=body.ruling, told_at=at, other_class_since=None)


def _opened(ticket: str, failure: Failure, began: datetime, contract: Contract, last: Past | None) -> Opened:
    return Opened(
        ticket=ticket,
        key=failure.key,
        location=failure.location,
        ruling=failure.ruling,
        began=began,
        contract=contract.label,
        hold=_clears_like(failure),
        follows=last.ticket if last else None,
    )


def _reopened(ticket: str, failure: Failure, began: datetime) -> Reopened:
    return Reopened(
        ticket=ticket, key=failure.key, ruling=failure.ruling, began=began, hold=_clears_like(failure)
    )


def _clears_like(failure: Failure) -> timedelta:
    return failure.clears_like or failure.hold or timedelta(0)


def _well_for(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"seen well for {seconds:.0f} s" if seconds >= 1 else "seen well"
