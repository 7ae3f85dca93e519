"""By when what is due: warnings before a target is missed, the word that it was, how many were. Pure.

Beside them the reminders that people set, which are due at an instant and promise nothing.

Every target of a ticket is reckoned once, when an entry changes the ticket; a judgement only compares
instants. What was told is folded from the journal, so nothing is told twice and nothing that fell due while
the agent was away stays untold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from agent.agreement import Agreement
from agent.calendars import Calendar, Window
from agent.contract import Step
from agent.entries import AgreementTaken, ClockSet, Entry, Reminded, Warned
from agent.promises import Promise
from agent.rounds import Reminder, Round
from agent.tickets import Ticket, Tickets

STEPS: tuple[Step, ...] = get_args(Step)
KEPT = timedelta(days=40)  # longer than a month: the figures of the running one need its closed tickets too
_MISSED = timedelta(microseconds=1)  # after its due instant: at it, it would still be met
_ALWAYS = Calendar(
    zone=ZoneInfo("UTC"), windows=(Window(days=frozenset(range(7)), open="00:00", close="24:00"),)
)

Told = tuple[Step, str, datetime, bool]  # of a ticket: step, severity, due, whether it was missed


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise of a ticket. `received`: when its round was. `warn_at`: when to warn; None: never.

    `kept`: of a class that a person gave later: it opened no target, and the due time before it stands (C5).
    It counts for that class, and is told for the other only.
    """

    received: datetime
    promise: Promise
    warn_at: datetime | None
    kept: bool = False

    @property
    def waits(self) -> bool:
        """Whether the step is still to be taken."""
        return self.promise.met is None and self.promise.ended is None and not self.kept


def deadlines_of(
    ticket: Ticket, agreement: Agreement, rounds: Iterable[Round] | None = None
) -> Iterator[Deadline]:
    """Every target of these rounds of a ticket (None: of all), in the order of rounds and steps."""
    for each in ticket.rounds if rounds is None else rounds:
        for step in STEPS:
            promises = ticket.promises(step, agreement, each)
            for promise in promises:
                yield Deadline(each.received, promise, _warn_at(promise, ticket, agreement))
            dated = [promise for promise in promises if promise.due is not None]
            if not dated:
                continue
            standing = min(dated, key=lambda promise: promise.due or each.received)
            named = {promise.severity for promise in promises}
            for severity in dict.fromkeys(given.severity for given in each.classes if given.by):
                if severity not in named:
                    yield Deadline(each.received, replace(standing, severity=severity), None, kept=True)


def _warn_at(promise: Promise, ticket: Ticket, agreement: Agreement) -> datetime | None:
    """When so many per cent of the target's time have passed, as its own clock counts them.

    That is open time, but where the contract lets the clock run on (elapsed, around the clock): then the
    warning may come while the desk is closed, and still comes before the due time that moved to its opening.
    """
    if promise.due is None:
        return None
    target, opened, pauses = promise.target, promise.opened, promise.pauses
    hours = agreement.hours(agreement.calendar_of(target, ticket.coverage))
    decisions = agreement.contract.decisions
    clock = decisions.minor_reading if target.clock == "minor_reading" else target.clock
    start: datetime | None = opened
    amount = target.amount
    if amount is None:  # until a closing: the open time that lies before it
        amount = hours.between(opened, promise.due, pauses=pauses)
    if clock in ("elapsed", "around_the_clock", "from_next_opening"):
        start = hours.next_open(opened) if clock == "from_next_opening" else opened
        hours = _ALWAYS
    return start and hours.add(start, amount * decisions.warn_percent / 100, pauses=pauses)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The targets of tickets that are open or of late, what was told of them, and how many were missed.

    `by_ticket`: all of a ticket; `waiting`: those still to be met. `breaches`: told so far, by severity and
    step, since the journal began. `reminders`: those that people set on open tickets and that are to come.
    """

    by_ticket: Mapping[str, tuple[Deadline, ...]] = field(default_factory=dict)
    waiting: Mapping[str, tuple[Deadline, ...]] = field(default_factory=dict)
    told: Mapping[str, frozenset[Told]] = field(default_factory=dict)
    breaches: Mapping[tuple[str, Step], int] = field(default_factory=dict)
    reminders: Mapping[str, Reminder] = field(default_factory=dict)

    @classmethod
    def fold(cls, entries: Iterable[Entry], tickets: Tickets) -> Deadlines:
        """The deadlines that a journal tells. `tickets`: as they are after its last entry."""
        found, last = cls(), None
        for entry in entries:
            last = entry.at
            if isinstance(entry.body, Warned):
                found = found._tell(entry.body)
        lately = [
            ticket
            for ticket in tickets.by_id.values()
            if ticket.resolved is None or last is None or last - ticket.received <= KEPT
        ]
        found = found._reckon(lately, tickets)
        told = {name: told for name, told in found.told.items() if name in found.by_ticket}
        return replace(found, told=told)

    def apply(self, entry: Entry, tickets: Tickets) -> Deadlines:
        """The deadlines after this entry. `tickets`: as they are after it."""
        body = entry.body
        if isinstance(body, Warned):
            return self._tell(body)
        if isinstance(body, AgreementTaken | ClockSet):
            known = [ticket for name, ticket in tickets.by_id.items() if name in self.by_ticket]
            return self._reckon(known, tickets)
        ticket = tickets.by_id.get(getattr(body, "ticket", ""))
        if ticket is None:
            return self
        after = self if ticket.id in self.by_ticket else self._without_old(entry.at)
        return after._reckon([ticket], tickets)

    def due(self, now: datetime) -> tuple[tuple[Warned | Reminded, ...], datetime | None]:
        """What must be told at `now`, and when the next must be."""
        bodies: list[Warned | Reminded] = []
        wakes: list[datetime] = []
        for name, reminder in self.reminders.items():
            if now >= reminder.due:
                bodies.append(Reminded(ticket=name, set_by=reminder.by, note=reminder.note))
            else:
                wakes.append(reminder.due)
        for name, waiting in self.waiting.items():
            told = self.told.get(name, frozenset())
            for deadline in waiting:
                promise, due = deadline.promise, deadline.promise.due
                if due is None or _told(promise, due, breached=True) in told:
                    continue
                warned = deadline.warn_at is None or _told(promise, due, breached=False) in told
                if now > due:
                    bodies.append(_warned(name, promise, due, breached=True))
                    continue
                wakes.append(due + _MISSED)
                if deadline.warn_at is not None and not warned:
                    if now >= deadline.warn_at:
                        bodies.append(_warned(name, promise, due, breached=False))
                    else:
                        wakes.append(deadline.warn_at)
        # One target may be the same for two classes only where they differ in severity: none stands twice.
        return tuple(dict.fromkeys(bodies)), min(wakes, default=None)

    def still_due(self, ticket: str, step: Step) -> datetime | None:
        """The earliest due time of that step of an open ticket that is not met yet."""
        dues = (
            deadline.promise.due
            for deadline in self.waiting.get(ticket, ())
            if deadline.promise.step == step and deadline.promise.due is not None
        )
        return min(dues, default=None)

    def _tell(self, body: Warned) -> Deadlines:
        due = body.due.astimezone(UTC)
        told = self.told.get(body.ticket, frozenset()) | {(body.step, body.severity, due, body.breached)}
        breaches = dict(self.breaches)
        if body.breached:
            key = body.severity, body.step
            breaches[key] = breaches.get(key, 0) + 1
        return replace(self, told={**self.told, body.ticket: told}, breaches=breaches)

    def _reckon(self, changed: Iterable[Ticket], tickets: Tickets) -> Deadlines:
        by_ticket, waiting, reminders = dict(self.by_ticket), dict(self.waiting), dict(self.reminders)
        for ticket in changed:
            reminders.pop(ticket.id, None)
            if ticket.round.reminder is not None:
                reminders[ticket.id] = ticket.round.reminder
            agreement = ticket.agreement or tickets.agreement
            if agreement is None:  # a journal older than such entries, until the daemon writes its first
                by_ticket[ticket.id] = ()
                continue
            by_ticket[ticket.id] = found = tuple(deadlines_of(ticket, agreement))
            waiting.pop(ticket.id, None)
            if left := tuple(deadline for deadline in found if deadline.waits):
                waiting[ticket.id] = left
        return replace(self, by_ticket=by_ticket, waiting=waiting, reminders=reminders)

    def _without_old(self, now: datetime) -> Deadlines:
        """Without tickets that nothing waits for and no figure of this month needs."""
        old = {
            name
            for name, found in self.by_ticket.items()
            if name not in self.waiting and all(now - deadline.received > KEPT for deadline in found)
        }
        if not old:
            return self
        return replace(
            self,
            by_ticket={name: found for name, found in self.by_ticket.items() if name not in old},
            told={name: told for name, told in self.told.items() if name not in old},
        )


def _told(promise: Promise, due: datetime, *, breached: bool) -> Told:
    return promise.step, promise.severity, due.astimezone(UTC), breached


def _warned(ticket: str, promise: Promise, due: datetime, *, breached: bool) -> Warned:
    return Warned(
        ticket=ticket,
        severity=promise.severity,
        step=promise.step,
        due=due.astimezone(UTC),
        breached=breached,
    )
