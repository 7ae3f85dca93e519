"""Failures over time: what is pending, what is told, and what was (rules I5, I6, I9, C2). Pure.

What stands in the ticket of its cause is open as well: `Open.child` says so.

The state of open incidents changes only by entries that the journal has taken: if it could not take them,
`agent.deciding` decides the same again on the next pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agent.agreement import Agreement
from agent.contract import Decisions
from agent.entries import (
    AgreementTaken,
    ClockSet,
    Entry,
    JournalRebuilt,
    NumbersSkipped,
    Opened,
    Reopened,
    Resolved,
    Updated,
)
from agent.failures import Child, Key, Ruling
from agent.joining import own_ruling
from agent.storm import STORM

CLEAR_AT_MOST = timedelta(seconds=60)  # I6: away for the shorter of the raise hold and this
RAISED_KEPT = 1000
PAST_KEPT = 2000  # failures whose last ticket is remembered, beside those that can still be reopened


@dataclass(frozen=True, slots=True)
class Pending:
    """A failure that has not lasted yet: begun then, seen failing for `held` up to `last`.

    `needs`: how long it must last; None: not before more is known. `summary`: what it is, for a person.
    `half`: for how long it has been half capacity (T7); None: it is not. `peak`: of stations, the highest
    count before it began (S2). `freed`: when the ticket of its cause was resolved; its hold began then (I9).
    `asked`: since when it waits for the systems `waits_for` to be read, because they may explain it (I7).
    `caused`: something explained it at the last look. `window`, `not_before`: the maintenance window that it
    is inside of, and until when (C4).
    """

    began: datetime
    held: timedelta
    last: datetime
    needs: timedelta | None
    summary: str
    half: timedelta | None = None
    peak: int | None = None
    freed: datetime | None = None
    asked: datetime | None = None
    waits_for: tuple[str, ...] = ()
    caused: bool = False
    window: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A failure that is a ticket, or in one: what was last told of it, and since when it looks otherwise.

    `ruling`: its own. `root`, `child`: of what is in the ticket of its cause, which that is and what it says.
    `children`: of a root, all that came to its ticket; `related`: the other tickets that it names (I8).
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
    began: datetime | None = None
    root: Key | None = None
    child: Child | None = None
    children: tuple[Child, ...] = ()
    related: tuple[str, ...] = ()

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
    contract that is in force. `raised`: when the latest new tickets were, but for a storm's.
    """

    open: Mapping[Key, Open] = field(default_factory=dict)
    pending: Mapping[Key, Pending] = field(default_factory=dict)
    tickets: int = 0
    past: Mapping[Key, Past] = field(default_factory=dict)
    reopen_within: timedelta = Decisions().reopen_within
    raised: tuple[datetime, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key that a judgement must be asked about."""
        return (*self.open, *self.pending)

    @property
    def awaited(self) -> frozenset[str]:
        """The systems whose next reading a failure waits for (I7)."""
        return frozenset(name for waiting in self.pending.values() for name in waiting.waits_for)

    def raised_since(self, at: datetime) -> int:
        """How many new tickets there were after that instant, but for a storm's (I14)."""
        return sum(each > at for each in self.raised)

    def began(self, key: Key) -> datetime | None:
        """Since when that failure stands, pending or told; None: it does not."""
        if (told := self.open.get(key)) is not None:
            return told.began or told.told_at
        waiting = self.pending.get(key)
        return waiting.began if waiting is not None else None

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
        """The incidents after the agent's clock was set by `step`: every hold has run as long as before.

        When a ticket was resolved stands in the journal; which of that moves, its `ClockSet` says.
        """
        return replace(
            self,
            open={
                key: replace(
                    told,
                    told_at=told.told_at + step,
                    began=told.began and told.began + step,
                    well_since=told.well_since and told.well_since + step,
                    other_class_since=told.other_class_since and told.other_class_since + step,
                )
                for key, told in self.open.items()
            },
            pending={
                key: replace(
                    waiting,
                    began=waiting.began + step,
                    last=waiting.last + step,
                    freed=waiting.freed and waiting.freed + step,
                    asked=waiting.asked and waiting.asked + step,
                )
                for key, waiting in self.pending.items()
            },
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
                return self._updated(body, entry.at)
            case ClockSet():
                moved = {
                    key: replace(last, at=body.moved(last.at, entry.at)) for key, last in self.past.items()
                }
                return replace(self, past=moved)
            case Resolved():
                return self._over(body.ticket, entry.at)
            case _:
                return self

    def _begun(self, body: Opened | Reopened, at: datetime, reopen_within: timedelta) -> Incidents:
        by_hand = isinstance(body, Reopened) and bool(body.by)
        told = Open(
            body.ticket,
            own_ruling(body.ruling),
            at,
            body.hold,
            reopen_within,
            by_hand=by_hand,
            began=body.began,
            children=body.ruling.children,
            related=body.ruling.related,
        )
        told = self._half_runs_on(body.key, told, at)
        # A gap in the numbers is one for good: none is given twice.
        more = self.tickets + 1 if isinstance(body, Opened) else self.tickets
        moved = {key: each for key, each in self.open.items() if key != body.key}  # it had been a child
        after = replace(
            self,
            open={**moved, body.key: told},
            pending={key: value for key, value in self.pending.items() if key != body.key},
            tickets=max(more, ticket_number(body.ticket)),
            raised=(*self.raised, at)[-RAISED_KEPT:]
            if isinstance(body, Opened) and body.key != STORM
            else self.raised,
        )
        return after._with_children(body.key, told, at)

    def _updated(self, body: Updated, at: datetime) -> Incidents:
        root = next(
            (k for k, each in self.open.items() if each.ticket == body.ticket and not each.root), None
        )
        if root is None:
            return self
        own = own_ruling(body.ruling)
        was = self.open[root]
        told = replace(was, children=body.ruling.children, related=body.ruling.related)
        if own != was.ruling:
            told = replace(told, ruling=own, told_at=at, other_class_since=None)
        return replace(self, open={**self.open, root: told})._with_children(root, told, at)

    def _with_children(self, root: Key, told: Open, at: datetime) -> Incidents:
        """With those that stand in the root's ticket now, and without those that no longer do."""
        standing = {child.key: child for child in told.children if not child.well}
        kept = {
            key: each
            for key, each in self.open.items()
            if each.root != root or (key in standing and each.ticket == told.ticket)
        }
        for key, child in standing.items():
            was = kept.get(key)
            if was is not None and was.root != root:
                continue  # a ticket of its own by now
            if was is None:
                was = self._half_runs_on(
                    key, Open(told.ticket, child.ruling, at, child.hold, told.reopen_within), at
                )
            elif child.ruling != was.ruling:
                was = replace(was, ruling=child.ruling, told_at=at, other_class_since=None)
            kept[key] = replace(was, root=root, child=child, began=child.began)
        pending = {key: each for key, each in self.pending.items() if key not in standing}
        return replace(self, open=kept, pending=pending)

    def _half_runs_on(self, key: Key, told: Open, at: datetime) -> Open:
        waited = self.pending.get(key)
        if waited is None or waited.half is None or told.ruling.states("half-capacity"):
            return told
        return replace(told, other_class_since=at - waited.half)  # T7

    def _over(self, ticket: str, at: datetime) -> Incidents:
        over = {key: told for key, told in self.open.items() if told.ticket == ticket}
        # What still fails when its cause is gone begins to be held then (I9).
        freed = {
            key: Pending(told.began or at, timedelta(0), at, None, told.ruling.summary, freed=at)
            for key, told in over.items()
            if told.root is not None and told.failing
        }
        gone = {key: Past(ticket, at, told.reopen_within) for key, told in over.items() if told.root is None}
        past = {key: last for key, last in self.past.items() if key not in gone} | gone
        for key in list(past)[: max(len(past) - PAST_KEPT, 0)]:
            if not past[key].reopens(at):
                del past[key]
        return replace(
            self,
            open={key: told for key, told in self.open.items() if key not in over},
            pending={**self.pending, **freed},
            past=past,
        )


def ticket_id(number: int) -> str:
    """The id of the ticket with that number."""
    return f"TW-{number:06d}"


def ticket_number(ticket: str) -> int:
    """The number of the ticket with that id; 0 for what is no id of ours."""
    digits = ticket.removeprefix("TW-")
    return int(digits) if digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 9 else 0
