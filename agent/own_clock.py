"""The agent's own clock as the core knows it: synchronised or not, and by how much it was set of late. Pure.

Every due time hangs on that clock, so a wrong one is a failure like any other: minor, and monitoring's. What
the kernel says of it is read at the edge (`agent.clock_sync`); that it was set is an entry of the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.contract import Contract
from agent.entries import ClockSet, Entry
from agent.failures import Evidence, Failure, Key, Ruling
from agent.site import Site

KEY = Key(None, "access", "clock")
TOLD_FROM = timedelta(seconds=5)  # a smaller step moves no due time by anything that a person would notice
STANDS = timedelta(hours=1)  # how long a step is a failure: tickets of that time say so
_SYNCHRONISED = "synchronisation"
_STEP = "step"


def clock_entry(step: timedelta, now: datetime, started: datetime, last: datetime | None) -> ClockSet:
    """The entry for a step of the clock that ended at `now`, with what of the journal it put right.

    `started`: when this run began, by the clock of before; `last`: the latest entry of the runs before it.
    A clock that is set back was ahead: what it stamped after `now` is off by the step. One that is set
    forward was behind if the run began before the journal's last word: all of the run is off then. Else it
    may be right what was stamped, since a machine that stood still looks the same: nothing moves.
    """
    if step < timedelta(0):
        return ClockSet(step=step, wrong_since=now)
    behind = last is not None and started < last
    return ClockSet(step=step, wrong_since=started if behind else None)


@dataclass(frozen=True, slots=True)
class OwnClock:
    """What is known. `synchronised` None: it cannot be told, or is not looked at; `since` when it is not.

    `read`: when that was looked at. `steps`: the latest one that is worth telling, and when it was.
    """

    synchronised: bool | None = None
    since: datetime | None = None
    read: datetime | None = None
    step: tuple[datetime, timedelta] | None = None

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> OwnClock:
        """The last step that a journal tells. Whether it is synchronised nobody has looked yet."""
        clock = cls()
        for entry in entries:
            clock = clock.apply(entry)
        return clock

    def apply(self, entry: Entry) -> OwnClock:
        """After this entry."""
        if isinstance(entry.body, ClockSet) and abs(entry.body.step) >= TOLD_FROM:
            return replace(self, step=(entry.at, entry.body.step))
        return self

    def seen(self, synchronised: bool | None, now: datetime) -> OwnClock:
        """After a look at it: None where the kernel does not tell."""
        since = (self.since or now) if synchronised is False else None
        return replace(self, synchronised=synchronised, since=since, read=now)

    def clock_set(self, step: timedelta) -> OwnClock:
        """After it was set by `step`: what was read off it lies as far back as before."""
        return replace(self, since=self.since and self.since + step, read=self.read and self.read + step)

    def stepped(self, now: datetime) -> timedelta | None:
        """By how much it was set within the last hour."""
        if self.step is None or not self.step[0] <= now < self.step[0] + STANDS:
            return None
        return self.step[1]

    def failure(self, site: Site, contract: Contract, now: datetime) -> Failure | None:
        """What is wrong with it now."""
        unsynchronised = site.clock_synchronised and self.synchronised is False
        step = self.stepped(now)
        if step is None and not unsynchronised:
            return None
        said: list[str] = []
        evidence: list[Evidence] = []
        if unsynchronised:
            said.append("is not synchronised")
            evidence.append(_said("not synchronised", _SYNCHRONISED, self.read or now))
        if step is not None and self.step is not None:
            said.append(f"was set {step.total_seconds():+.0f} s")
            evidence.append(_said(f"set {step.total_seconds():+.0f} s", _STEP, self.step[0]))
        clause = contract.holding(())[0]
        return Failure(
            key=KEY,
            ruling=Ruling(
                severity=clause.severity,
                clause=clause.id,
                clauses=(clause.id,),
                rules=("M7",),
                summary=f"the agent's clock {' and '.join(said)}",
                responsibility="monitoring",
                note="not a phone failure; due times are reckoned by this clock",
                evidence=tuple(evidence),
                outcome=clause.outcome,
            ),
            hold=timedelta(0) if step is not None else site.holds.sync,
            clears_like=site.holds.sync if unsynchronised else None,
            since=self.since if step is None else None,
        )

    def blind(self, told: Ruling | None) -> bool:
        """Whether that an open ticket's clock is right again cannot be told."""
        return (
            told is not None
            and self.synchronised is None
            and any(each.component == _SYNCHRONISED for each in told.evidence)
        )

    def wake(self, now: datetime) -> datetime | None:
        """When a step no longer stands."""
        return self.step[0] + STANDS if self.step is not None and self.stepped(now) is not None else None


def _said(text: str, component: str, at: datetime) -> Evidence:
    return Evidence(f"clock: {text}", "agent", "access", component, "kernel", at)
