"""A ticket is a fold over its journal entries; its due times are computed on reading, never stored. Pure.

What one round of it promises is `agent.rounds`; who may do what to it, `agent.acting`; here is what was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from agent.acts import (
    Assigned,
    Dispatched,
    Held,
    Noted,
    PartReturned,
    Rated,
    Reclassified,
    ReminderSet,
    Responded,
    Resumed,
)
from agent.agreement import Agreement
from agent.clock_steps import every_instant
from agent.contract import Step
from agent.done import Done, done
from agent.entries import (
    AgreementTaken,
    ClockSet,
    Entry,
    Opened,
    Reminded,
    Reopened,
    Resolved,
    Updated,
    Warned,
)
from agent.failures import Key, Ruling
from agent.fields import AssetCoverage
from agent.promises import Promise
from agent.rounds import Act, Class, Reminder, Round, Wait

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as its entries tell it. `ruling`: the latest. `rounds`: the one in force is the last.

    `agreement`: by which it was classified (C3); None: its journal is older than such entries. `follows`: the
    ticket of the same failure that was resolved too long before to be reopened, received at `followed`.
    `earlier`: the receipts of such tickets and their rounds, of the seven days before its own (I13). `done`:
    every step of its life, in the order of the journal.
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
    earlier: tuple[datetime, ...] = ()
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
    def times_this_week(self) -> int:
        """How often this failure was received in the seven days up to the round in force, which counts (I13).

        Tickets and reopenings count alike.
        """
        receipts = (*self.earlier, *(each.received for each in self.rounds))
        return sum(self.received - WEEK < at <= self.received for at in receipts[:-1]) + 1

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
            return replace(
                ticket,
                ruling=body.ruling,
                rounds=(*ticket.rounds, again),
                clock_note=body.clock_note or ticket.clock_note,
            )
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
        earlier=_receipts(follows, at - WEEK) if follows else (),
        clock_note=body.clock_note,
    )


def _receipts(ticket: Ticket, after: datetime) -> tuple[datetime, ...]:
    """When that failure was received, as a ticket or again, after that instant."""
    receipts = (*ticket.earlier, *(each.received for each in ticket.rounds))
    return tuple(at for at in receipts if at > after)


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
            return _part_returned(ticket, at)
        case Reclassified():
            given = Class(at, body.severity, body.by, body.note)
            return _now(ticket, replace(now, classes=(*now.classes, given)))
        case ReminderSet():
            after = body.after
            reminder = Reminder(at, after, body.by, body.note) if after is not None else None
            return _now(ticket, replace(now, reminder=reminder))
        case Reminded():
            return _now(ticket, replace(now, reminder=None))
        case Resolved():
            return _now(
                ticket,
                replace(
                    now,
                    reminder=None,
                    waits=_ended(now.waits, at),
                    resolved=at,
                    reason=body.reason,
                    resolved_by=body.by,
                ),
            )
        case _:
            return None


def _part_returned(ticket: Ticket, at: datetime) -> Ticket:
    """The latest part went back, which may have come in a round before the one in force."""
    rounds = list(ticket.rounds)
    for index in reversed(range(len(rounds))):
        if rounds[index].part_is_out:
            rounds[index] = replace(rounds[index], part_returned=at)
            break
    return replace(ticket, rounds=tuple(rounds))


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

    def by_new_clock(ticket: Ticket) -> Ticket:
        own = every_instant(
            (ticket.rounds, ticket.notes, ticket.rated, ticket.followed, ticket.earlier, ticket.done), moved
        )
        rounds, notes, rated, followed, earlier, steps = own
        return replace(
            ticket, rounds=rounds, notes=notes, rated=rated, followed=followed, earlier=earlier, done=steps
        )

    return {name: by_new_clock(ticket) for name, ticket in by_id.items()}
