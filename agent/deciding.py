"""What must be told now of the failures that stand (rules I5-I9, I14, C2). Pure.

`decide` compares what is with what was told; it knows no edges. A lost reading, a restart of the agent or a
changed contract therefore repair themselves on the next pass.

A failure that has lasted joins the ticket of its cause, or is raised with it; one that nothing explains is a
ticket by itself. One that stands again is its old ticket within the reopen window, and a new one later (C2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.contract import Contract
from agent.entries import Body, Opened, Reopened, Resolved, Updated
from agent.failures import Child, Failure, Judgement, Key, Ruling
from agent.holding import TEXT_EVERY, as_lasted, clears_like, hold_on, looked_at, raises_at
from agent.incidents import Incidents, Open, Past, Pending, ticket_id
from agent.joining import Answered, Causality, Step, class_of, whole
from agent.related import related_tickets
from agent.site import Storm
from agent.storm import STORM, is_storm, storm_ruling

PATIENCE = timedelta(seconds=150)  # I7: for the next reading of what may explain a failure


@dataclass(frozen=True, slots=True)
class Decision:
    """What must be told now, the incidents with their clocks moved on, and when to look again unasked.

    `asks`: the systems that should be asked at once, because they may explain what is due (I7).
    """

    bodies: tuple[Body, ...]
    incidents: Incidents
    wake: datetime | None
    asks: tuple[str, ...] = ()


def decide(
    incidents: Incidents,
    judgement: Judgement,
    contract: Contract,
    now: datetime,
    kept: Mapping[Key, Contract] | None = None,
    *,
    answered: Answered = lambda _name, _asked: False,
    patience: timedelta = PATIENCE,
    storm: Storm | None = None,
    quiet: bool = False,
) -> Decision:
    """Compare what fails now with what was told. `wake`: the next instant at which a hold ends.

    `contract`: the one in force; `kept`: of the failures whose tickets keep another one (C3). `answered`:
    whether what may explain a failure was read since; `patience`: for how long that is waited for (I7).
    `storm`: from how many new tickets on further ones are one (I14). `quiet`: nothing is raised or cleared
    yet, because not every system was asked since the agent was down.
    """
    run = _Pass(incidents, judgement, contract, now, kept or {}, answered, patience, storm or Storm())
    if quiet:
        run.hold_on()
        return run.nothing_yet()
    run.look_again()
    run.hold_on()
    run.raise_what_is_due()
    return run.decision()


@dataclass(slots=True)
class _Ticket:
    """An open ticket in this pass: what is told of its root and of its children, as of now."""

    own: Ruling
    children: dict[Key, Child]
    changed: bool = False  # something must be told at once
    well: dict[Key, datetime] = field(default_factory=dict)  # children that are, and since when


@dataclass(slots=True)
class _New:
    """A ticket that is raised in this pass: its root, since when that fails, and what came with it."""

    failure: Failure
    began: datetime
    children: dict[Key, Child] = field(default_factory=dict)


class _Pass:
    """One comparison. The methods are called in their order."""

    def __init__(
        self,
        incidents: Incidents,
        judgement: Judgement,
        contract: Contract,
        now: datetime,
        kept: Mapping[Key, Contract],
        answered: Answered,
        patience: timedelta,
        storm: Storm,
    ) -> None:
        self._incidents, self._judgement, self._now = incidents, judgement, now
        self._contract, self._kept = contract, kept
        self._answered, self._patience, self._storm = answered, patience, storm
        self._all = {failure.key: failure for failure in judgement.failures}
        self._failing = {key: each for key, each in self._all.items() if not each.only_as_cause}
        self._bodies: list[Body] = []
        self._resolved: set[str] = set()
        self._open: dict[Key, Open] = {}
        self._pending: dict[Key, Pending] = {}
        self._tickets: dict[Key, _Ticket] = {}
        self._new: dict[Key, _New] = {}
        self._asks: dict[str, None] = {}
        self._wakes = [each.until for each in judgement.failures if each.until and each.until > now]
        self._wakes += [judgement.wake] if judgement.wake is not None else []

    # --- what is open -----------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Every failure that was told, roots and children: its class, its clearing."""
        for key, told in self._incidents.open.items():
            if told.root is None:
                mine = {child.key: child for child in told.children if not self._left(child.key, told)}
                changed = len(mine) < len(told.children)
                self._tickets[key] = _Ticket(told.ruling, mine, changed)
        for key, told in self._incidents.open.items():
            if not is_storm(key):
                self._look_at(key, told)
        for key, told in self._incidents.open.items():
            if is_storm(key):
                self._look_at_storm(key, told)

    def _left(self, key: Key, told: Open) -> bool:
        """Whether a child of that ticket is one of its own by now: a person broke it out."""
        own = self._incidents.open.get(key)
        return own is not None and own.ticket != told.ticket

    def _look_at(self, key: Key, told: Open) -> None:
        judgement = self._judgement
        if key in judgement.gone and not told.by_hand:
            self._open[key] = told
            self._ends(key, told, Resolved(ticket=told.ticket, reason="its system left the site file"))
            return
        after, body, wake = looked_at(
            told,
            self._failing.get(key),
            key in judgement.blind,
            self._kept.get(key, self._contract),
            self._now,
            judgement.over.get(key),
            judgement.stays.get(key, told.clear_hold),  # I12: what flaps stays open for longer
        )
        self._open[key] = after
        self._wakes += [wake] if wake else []
        failing = self._failing.get(key)
        if failing is not None and failing.since is not None and failing.hold:  # its class may follow then
            self._wakes += [at] if (at := failing.since + failing.hold) > self._now else []
        if isinstance(body, Resolved):
            self._ends(key, after, body)
        elif body is not None:
            ticket = self._tickets[told.root or key]
            ticket.changed = True
            if told.root is None:
                ticket.own = body.ruling
            else:
                ticket.children[key] = replace(ticket.children[key], ruling=body.ruling)

    def _look_at_storm(self, key: Key, told: Open) -> None:
        """It stands while anything in it does, and has no failure of its own."""
        ticket = self._tickets[key]
        standing = [child for child in ticket.children.values() if not child.well]
        self._open[key] = told
        if all(child.key in ticket.well for child in standing) and not told.by_hand:
            self._ends(key, told, Resolved(ticket=told.ticket, reason="all that is in it was seen well"))

    def _ends(self, key: Key, told: Open, body: Resolved) -> None:
        if told.root is None:
            self._bodies.append(body)
            self._resolved.add(told.ticket)
        else:
            self._tickets[told.root].well[key] = told.well_since or self._now

    # --- what is not told yet ---------------------------------------------------------------------------

    def hold_on(self) -> None:
        """Every failure that is no ticket: how long it has lasted."""
        for key, failure in self._failing.items():
            if key not in self._incidents.open:
                before = self._incidents.pending.get(key) or self._freed_part(key)
                # Half of the trunks that one group carries now may have been so for longer (T7).
                together = self._incidents.pending.get(Key(key.system, key.role)) if key.component else None
                waiting = hold_on(before, failure, self._now, together)
                self._pending[key] = replace(waiting, window=failure.window, not_before=failure.not_before)
        for key in self._judgement.blind:  # a hold runs only while its part is seen: it waits
            if (waited := self._incidents.pending.get(key)) is not None:
                self._pending[key] = replace(waited, last=self._now)

    def _freed_part(self, key: Key) -> Pending | None:
        """What a group that its cause has left brings back to the failure of them all: its beginning (I9)."""
        freed = [
            waiting
            for other, waiting in self._incidents.pending.items()
            if waiting.freed
            and key.component is None
            and (other.system, other.role) == (key.system, key.role)
        ]
        return min(freed, key=lambda waiting: waiting.began, default=None)

    def raise_what_is_due(self) -> None:
        """What has lasted joins the ticket of its cause, is raised with it, or by itself."""
        causality = Causality(self._all, self._roots(), self._began)
        for key, held in list(self._pending.items()):
            waiting = held
            if key not in self._failing:
                continue
            way = causality.way(key)
            if waiting.caused and not way:  # its cause is well before it was told: its hold begins now (I9)
                waiting = replace(waiting, held=timedelta(0), freed=self._now)
            waiting = self._pending[key] = replace(waiting, caused=bool(way))
            due = raises_at(self._failing[key], waiting, self._now)
            if due is None:
                continue
            if due > self._now:
                self._wakes.append(due)
                continue
            if not self._must_wait(key, way):
                self._raise(key, way, causality)

    def _raise(self, key: Key, way: tuple[Step, ...], causality: Causality) -> None:
        if not way:
            self._open_ticket(key)
            return
        root = causality.root(way)
        if root in self._tickets:
            self._tickets[root].changed = True
            children = self._tickets[root].children
        else:
            children = self._open_ticket(root)
        for step in way:
            if step.key != root and step.key in self._failing and step.key not in self._incidents.open:
                children[step.key] = self._child(step.key, step.cause.key, step.cause.why)

    def _open_ticket(self, key: Key) -> dict[Key, Child]:
        """Raise it, if it is not yet; in a storm it comes to that ticket (I14). What its ticket holds."""
        raised = (new.children for root, new in self._new.items() if root == key or key in new.children)
        if (children := next(raised, None)) is not None:
            return children
        last = self._incidents.past.get(key)
        if self._is_storm_now() and not (last is not None and last.reopens(self._now)):
            children = self._storm_ticket(key)
            if key not in children or children[key].well:  # not what came with a cause in this very pass
                children[key] = self._child(key, None, "one of too many at once")
            return children
        self._new[key] = _New(self._as_lasted(key), self._began(key) or self._now)
        return self._new[key].children

    def _storm_ticket(self, first: Key) -> dict[Key, Child]:
        """What the storm's ticket holds; a new one begins with that failure."""
        if STORM in self._tickets and self._incidents.open[STORM].ticket not in self._resolved:
            self._tickets[STORM].changed = True
            return self._tickets[STORM].children
        if STORM not in self._new:
            ruling = storm_ruling(self._contract, self._as_lasted(first).ruling, self._storm)
            self._new[STORM] = _New(Failure(key=STORM, ruling=ruling, hold=timedelta(0)), self._now)
        return self._new[STORM].children

    def _child(self, key: Key, of: Key | None, why: str) -> Child:
        failure = self._as_lasted(key)
        return Child(
            key=key,
            ruling=failure.ruling,
            began=self._began(key) or self._now,
            joined=self._now,
            of=of,
            why=why,
            hold=clears_like(failure),
        )

    def _as_lasted(self, key: Key) -> Failure:
        failure = self._all[key]
        waiting = self._pending.get(key)
        return as_lasted(failure, waiting) if waiting is not None else failure

    def _must_wait(self, key: Key, way: tuple[Step, ...]) -> bool:
        """Whether what may explain it is still to be read: it is asked at once, and waited for (I7)."""
        waiting = self._pending[key]
        asked = waiting.asked or self._now
        chain = [key, *(step.cause.key for step in way)]
        known = {each.system for each in chain}
        if key.role == "integration":  # a link may bear the name of the end that has not told of it
            known -= set(self._failing[key].parents)
        untold = dict.fromkeys(
            name
            for each in chain
            if each in self._failing
            for name in self._failing[each].parents
            if name not in known and not self._answered(name, asked)
        )
        held = [self._failing[each] for each in chain[1:] if each in self._failing]
        window = max((each.not_before for each in held if each.not_before), default=None)
        if window is not None and window > self._now:  # I15: what it explains waits as well
            self._wakes.append(window)
            return True
        until = asked + self._patience
        unsettled = any(step.cause.unsettled and not self._has_lasted(step.cause.key) for step in way)
        if not (untold or unsettled) or until <= self._now:
            return False
        self._wakes.append(until)
        if waiting.asked is None:
            self._asks |= untold
        self._pending[key] = replace(waiting, asked=asked, waits_for=tuple(untold))
        return True

    def _has_lasted(self, key: Key) -> bool:
        waiting = self._pending.get(key)
        return waiting is None or (waiting.needs is not None and waiting.held >= waiting.needs)

    # --- what comes of it -------------------------------------------------------------------------------

    def nothing_yet(self) -> Decision:
        """Holds have begun, and that is all."""
        return Decision((), replace(self._incidents, pending=self._pending), None)

    def decision(self) -> Decision:
        """All of it."""
        related = related_tickets(self._incidents, self._failing)
        for key, ticket in self._tickets.items():
            told = self._incidents.open[key]
            if told.ticket not in self._resolved:
                self._bodies += self._updated(key, told, ticket, related.get(key, ()))
        number = self._incidents.tickets
        for key, new in self._new.items():
            last = self._incidents.past.get(key)
            ruling = whole(self._contract, new.failure.ruling, tuple(new.children.values()))
            failure = replace(new.failure, ruling=ruling)
            if last is not None and last.reopens(self._now):
                self._bodies.append(_reopened(last.ticket, failure, new.began))
            else:
                number += 1
                self._bodies.append(_opened(ticket_id(number), failure, new.began, self._contract, last))
        incidents = replace(self._incidents, open=self._open, pending=self._pending)
        return Decision(tuple(self._bodies), incidents, min(self._wakes, default=None), tuple(self._asks))

    def _updated(self, key: Key, told: Open, ticket: _Ticket, related: tuple[str, ...]) -> Iterator[Updated]:
        contract = self._kept.get(key, self._contract)
        children = {
            each: replace(child, well=child.well or each in ticket.well)
            for each, child in ticket.children.items()
        }
        ruling = whole(contract, ticket.own, tuple(children.values()), related)
        if not ticket.changed and related == told.related:
            if not ticket.well:
                return
            # That a child is well is told when the class follows it, else when a while has passed.
            was = whole(contract, told.ruling, told.children)
            if class_of(was) == class_of(ruling):
                long = min(ticket.well.values()) + TEXT_EVERY
                if self._now < long:
                    self._wakes.append(long)
                    return
        yield Updated(ticket=told.ticket, ruling=ruling)

    def _roots(self) -> dict[Key, Key]:
        return {
            key: told.root or key
            for key, told in self._incidents.open.items()
            if told.ticket not in self._resolved
        }

    def _began(self, key: Key) -> datetime | None:
        if (waiting := self._pending.get(key)) is not None:
            return waiting.began
        return self._incidents.began(key) or (self._now if key in self._all else None)

    def _is_storm_now(self) -> bool:
        recent = self._incidents.raised_since(self._now - self._storm.within)
        return recent + sum(key != STORM for key in self._new) >= self._storm.tickets


def _opened(ticket: str, failure: Failure, began: datetime, contract: Contract, last: Past | None) -> Opened:
    return Opened(
        ticket=ticket,
        key=failure.key,
        location=failure.location,
        ruling=failure.ruling,
        began=began,
        contract=contract.label,
        hold=clears_like(failure),
        follows=last.ticket if last else None,
    )


def _reopened(ticket: str, failure: Failure, began: datetime) -> Reopened:
    return Reopened(
        ticket=ticket, key=failure.key, ruling=failure.ruling, began=began, hold=clears_like(failure)
    )
