"""A ticket is a fold over its journal entries; its due times are computed on reading, never stored. Pure.

Each reopening is a round of its own, with its own receipt and targets (C2). Who may do what to a ticket is
`agent.acting`; here is what was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from agent.acts import (
    Assigned,
    Dispatched,
    Held,
    Noted,
    PartReturned,
    Rated,
    Reclassified,
    Responded,
    Resumed,
)
from agent.agreement import Agreement
from agent.calendars import Pause
from agent.clock_steps import every_instant
from agent.contract import Contract, HoldReason, Step
from agent.done import Done, done
from agent.entries import AgreementTaken, ClockSet, Entry, Opened, Reopened, Resolved, Updated, Warned
from agent.failures import Key, Ruling
from agent.fields import AssetCoverage
from agent.promises import Promise


@dataclass(frozen=True, slots=True)
class Class:
    """A severity, and since when. `by`, `note`: the person who gave it, and why; nobody: by the evidence."""

    at: datetime
    severity: str
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did. `classes`: how many classes the round had had by then: it counts for those (C1).

    `to`: whom it was given to, of an assignment.
    """

    at: datetime
    by: str
    note: str
    classes: int = 0
    to: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A stretch on hold: `end` None while it lasts."""

    begin: datetime
    waiting_for: HoldReason
    by: str
    note: str
    end: datetime | None = None

    @property
    def pause(self) -> Pause:
        """The stretch, for a calendar. A clock that was set back meanwhile makes it empty, never negative."""
        end = self.end
        return Pause(begin=self.begin, end=end and max(end, self.begin, key=lambda at: at.astimezone(UTC)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """From one receipt to its resolution. `classes`: each class with the instant it held from, at least one.

    `part_received`: when a spare came; the defective part must then go back. `part_returned`: when it did.
    `reopened_by`: the person who reopened the ticket with it; nobody: its failure stood again.
    """

    received: datetime
    began: datetime
    classes: tuple[Class, ...]
    responses: tuple[Act, ...] = ()
    assignments: tuple[Act, ...] = ()
    dispatches: tuple[Act, ...] = ()
    waits: tuple[Wait, ...] = ()
    part_received: datetime | None = None
    part_returned: datetime | None = None
    resolved: datetime | None = None
    reason: str = ""
    resolved_by: str = ""
    reopened_by: str = ""

    @property
    def assigned_to(self) -> str:
        """Whom it was given to last; nobody: empty."""
        return self.assignments[-1].to if self.assignments else ""

    @property
    def waiting(self) -> Wait | None:
        """What it waits for now."""
        return self.waits[-1] if self.waits and self.waits[-1].end is None else None

    def opening(self, contract: Contract) -> list[int]:
        """Which of its classes opened targets: the first, and each that was worse than all before it (C1).

        A downgrade opens none, and what was promised stands (C5).
        """
        opening: list[int] = []
        for index, each in enumerate(self.classes):
            if not opening or contract.worse(each.severity, self.classes[opening[-1]].severity):
                opening.append(index)
        return opening

    def opened(self, contract: Contract) -> datetime:
        """When the targets of the class that counts were opened: its receipt, or that of its upgrade (C1)."""
        return self.classes[self.opening(contract)[-1]].at

    def promises(
        self, step: Step, agreement: Agreement, coverage: AssetCoverage | None = None
    ) -> Iterator[Promise]:
        """Every target of that step that this round opened, in the order of its classes.

        A part goes back once, by what its worst class says.
        """
        opening = self.opening(agreement.contract)
        for index in opening[-1:] if step == "return" else opening:
            each = self.classes[index]
            target = agreement.contract.target(each.severity, step)
            opened = self.part_received if step == "return" else each.at
            if target is None or opened is None:
                continue
            pauses = tuple(wait.pause for wait in self.waits if wait.waiting_for in target.pauses)
            due = agreement.due_by(target, opened, coverage=coverage, pauses=pauses)
            met = self._met(step, index)
            still = pauses and pauses[-1].end is None and met is None
            # What fell due before the clock stood still stays due.
            paused = bool(still and (due is None or due.astimezone(UTC) > pauses[-1].begin.astimezone(UTC)))
            yield Promise(
                step,
                each.severity,
                target,
                opened,
                None if paused else due,
                met,
                None if step == "return" else self.resolved,  # a part must go back all the same
                pauses,
                paused,
            )

    def _met(self, step: Step, index: int) -> datetime | None:
        if step == "resolve":
            return self.resolved
        if step == "return":
            return self.part_returned
        acts = self.responses if step == "respond" else self.assignments
        met = next((act.at for act in acts if act.classes > index), None)
        # A person who resolves it has dealt with it: that is an answer, where none was given before.
        return self.resolved if met is None and step == "respond" and self.resolved_by else met


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as its entries tell it. `ruling`: the latest. `rounds`: the one in force is the last.

    `agreement`: by which it was classified (C3); None: its journal is older than such entries. `follows`: the
    ticket of the same failure that was resolved too long before to be reopened, received at `followed`.
    `done`: every step of its life, in the order of the journal.
    """

    id: str
    key: Key
    location: str | None
    ruling: Ruling
    rounds: tuple[Round, ...]
    contract: str
    agreement: Agreement | None = None
    follows: str | None = None
    followed: datetime | None = None
    clock_note: str = ""
    notes: tuple[Act, ...] = ()
    rating: int | None = None
    rated: Act | None = None
    done: tuple[Done, ...] = ()

    @property
    def round(self) -> Round:
        """The round in force."""
        return self.rounds[-1]

    @property
    def severity(self) -> str:
        """The class in force: a person's word, until the evidence calls for another."""
        return self.round.classes[-1].severity

    @property
    def received(self) -> datetime:
        """When the round in force was received."""
        return self.round.received

    @property
    def resolved(self) -> datetime | None:
        """When it was resolved; None while it is open."""
        return self.round.resolved

    @property
    def coverage(self) -> AssetCoverage | None:
        """The on-site coverage of its asset."""
        known = self.ruling.coverage in ("8x5", "24x7", "preferred")
        return cast(AssetCoverage, self.ruling.coverage) if known else None

    def promises(
        self, step: Step, agreement: Agreement, in_round: Round | None = None
    ) -> tuple[Promise, ...]:
        """The targets of that step that a round opened (None: the one in force); none if told only."""
        if self.ruling.outcome != "ticket":
            return ()
        return tuple((in_round or self.round).promises(step, agreement, self.coverage))

    def due(self, step: Step, agreement: Agreement) -> datetime | None:
        """When that step is due: the earliest of the targets that its classes opened (C1, C5)."""
        return _earliest(self.promises(step, agreement))

    def still_due(self, step: Step, agreement: Agreement) -> datetime | None:
        """The same of the targets that are not met: an answer meets those that were open then (C1)."""
        return _earliest(each for each in self.promises(step, agreement) if each.met is None)

    def response(self, agreement: Agreement) -> Act | None:
        """The answer that counts for the class in force: none before an upgrade does."""
        responses = self.round.responses
        if not responses or responses[-1].classes <= self.round.opening(agreement.contract)[-1]:
            return None
        return responses[-1]


def _earliest(promises: Iterable[Promise]) -> datetime | None:
    return min((each.due for each in promises if each.due is not None), default=None)


@dataclass(frozen=True, slots=True)
class Tickets:
    """Every ticket of a site by id, in the order of their ids. `agreement`: the last that was taken."""

    by_id: Mapping[str, Ticket] = field(default_factory=dict)
    agreement: Agreement | None = None

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Tickets:
        """The tickets that a journal tells."""
        by_id: dict[str, Ticket] = {}
        agreement: Agreement | None = None
        for entry in entries:
            if isinstance(entry.body, AgreementTaken):
                agreement = Agreement.read(entry.body)
            elif isinstance(entry.body, ClockSet):
                by_id = _by_the_new_clock(by_id, entry.body, entry.at)
            elif (ticket := _after(by_id, entry, agreement)) is not None:
                by_id[ticket.id] = ticket
        return cls(by_id, agreement)

    def apply(self, entry: Entry) -> Tickets:
        """The tickets after this entry."""
        if isinstance(entry.body, AgreementTaken):
            return replace(self, agreement=Agreement.read(entry.body))
        if isinstance(entry.body, ClockSet):
            return replace(self, by_id=_by_the_new_clock(self.by_id, entry.body, entry.at))
        ticket = _after(self.by_id, entry, self.agreement)
        return self if ticket is None else replace(self, by_id={**self.by_id, ticket.id: ticket})

    @property
    def open(self) -> tuple[Ticket, ...]:
        """The tickets that are not resolved."""
        return tuple(ticket for ticket in self.by_id.values() if ticket.resolved is None)


def _after(by_id: Mapping[str, Ticket], entry: Entry, agreement: Agreement | None) -> Ticket | None:
    """The ticket that the entry is about, after it; None: it is about none."""
    body = entry.body
    before = by_id.get(getattr(body, "ticket", ""))
    after: Ticket | None = None
    if isinstance(body, Opened):
        after = _opened(body, entry.at, agreement, by_id.get(body.follows or ""))
    elif before is not None:
        after = _changed(before, entry)
    elif isinstance(body, Reopened):
        after = _opened(_lost_opening(body, agreement), entry.at, agreement, None)
    if after is None or (step := done(entry)) is None:
        return after
    if before is not None and isinstance(body, Updated) and before.severity == after.severity:
        return after  # other figures are no step
    return replace(after, done=(*after.done, step))


def _changed(ticket: Ticket, entry: Entry) -> Ticket | None:
    body = entry.body
    match body:
        case Updated():
            # A person's class stands until the evidence itself calls for another than it did.
            same = body.ruling.severity in (ticket.ruling.severity, ticket.severity)
            changed = () if same else (Class(entry.at, body.ruling.severity),)
            return _now(
                replace(ticket, ruling=body.ruling),
                replace(ticket.round, classes=(*ticket.round.classes, *changed)),
            )
        case Reopened():
            again = Round(
                received=entry.at,
                began=body.began,
                classes=(Class(entry.at, body.ruling.severity),),
                reopened_by=body.by,
            )
            return replace(ticket, ruling=body.ruling, rounds=(*ticket.rounds, again))
        case Noted():
            return replace(ticket, notes=(*ticket.notes, Act(entry.at, body.by, body.note)))
        case Rated():
            return replace(ticket, rating=body.rating, rated=Act(entry.at, body.by, body.note))
        case Warned():
            return ticket
        case _:
            return _acted(ticket, entry)


def _opened(body: Opened, at: datetime, agreement: Agreement | None, follows: Ticket | None) -> Ticket:
    return Ticket(
        id=body.ticket,
        key=body.key,
        location=body.location,
        ruling=body.ruling,
        rounds=(Round(received=at, began=body.began, classes=(Class(at, body.ruling.severity),)),),
        contract=body.contract,
        agreement=agreement.at_place(body.location) if agreement else None,
        follows=body.follows,
        followed=follows.received if follows else None,
        clock_note=body.clock_note,
    )


def _lost_opening(body: Reopened, agreement: Agreement | None) -> Opened:
    """How a ticket began of which the journal has only a later round: nobody may overlook that it is open."""
    return Opened(
        ticket=body.ticket,
        key=body.key,
        location=None,
        ruling=body.ruling,
        began=body.began,
        contract=agreement.contract.label if agreement else "",
    )


def _acted(ticket: Ticket, entry: Entry) -> Ticket | None:
    """What an entry does to the round in force."""
    now, body, at = ticket.round, entry.body, entry.at
    match body:
        case Responded():
            act = Act(at, body.by, body.note, len(now.classes))
            return _now(ticket, replace(now, responses=(*now.responses, act)))
        case Assigned():
            act = Act(at, body.by, body.note, len(now.classes), body.to)
            return _now(ticket, replace(now, assignments=(*now.assignments, act)))
        case Dispatched():
            return _now(ticket, replace(now, dispatches=(*now.dispatches, Act(at, body.by, body.note))))
        case Held():
            wait = Wait(at, body.waiting_for, body.by, body.note)
            return _now(ticket, replace(now, waits=(*_ended(now.waits, at), wait)))
        case Resumed():
            part = at if body.part_received else now.part_received
            return _now(ticket, replace(now, waits=_ended(now.waits, at), part_received=part))
        case PartReturned():
            return _now(ticket, replace(now, part_returned=at))
        case Reclassified():
            given = Class(at, body.severity, body.by, body.note)
            return _now(ticket, replace(now, classes=(*now.classes, given)))
        case Resolved():
            return _now(
                ticket,
                replace(
                    now,
                    waits=_ended(now.waits, at),
                    resolved=at,
                    reason=body.reason,
                    resolved_by=body.by,
                ),
            )
        case _:
            return None


def _now(ticket: Ticket, now: Round) -> Ticket:
    """The ticket with that as the round in force."""
    return replace(ticket, rounds=(*ticket.rounds[:-1], now))


def _ended(waits: tuple[Wait, ...], at: datetime) -> tuple[Wait, ...]:
    if not waits or waits[-1].end is not None:
        return waits
    return (*waits[:-1], replace(waits[-1], end=at))


def _by_the_new_clock(by_id: Mapping[str, Ticket], body: ClockSet, told: datetime) -> dict[str, Ticket]:
    """The tickets with what the wrong clock stamped moved by as much as it was wrong."""
    if body.wrong_since is None:
        return dict(by_id)

    def moved(at: datetime) -> datetime:
        return body.moved(at, told)

    return {
        name: replace(
            ticket, rounds=every_instant(ticket.rounds, moved), notes=every_instant(ticket.notes, moved)
        )
        for name, ticket in by_id.items()
    }
