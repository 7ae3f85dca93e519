"""When nobody watched: a system that no way of access reaches, and the agent itself while it does not run.

Pure. A fold over the journal, so that both survive a restart. That one way of several is lost is no loss of
sight; the ticket about it is `agent.rules.outage`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.entries import (
    AgentStarted,
    AgentStopped,
    ClockSet,
    Entry,
    FirstSeen,
    SightBack,
    SightLost,
)
from agent.picture import Picture
from agent.site import Site
from agent.watch import Watch

MISSED = 2  # polls in a row, by each way: one missed poll says nothing yet (I5)

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin` to `end`. `at_most`: it may have begun later, up to an hour (the agent was killed)."""

    begin: datetime
    end: datetime
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What is unseen now and since when, and all that was unseen before.

    `dark`: the stretches of each system; `down`: those of the agent itself. `total`: how long each system
    went unmonitored for either reason, but for the stretch that still lasts. `last`: the latest sign of life.
    `began`: when the agent first watched, and when it first saw each system.
    """

    unseen: Mapping[str, datetime] = field(default_factory=dict)
    dark: Mapping[str, tuple[Stretch, ...]] = field(default_factory=dict)
    down: tuple[Stretch, ...] = ()
    total: Mapping[str, timedelta] = field(default_factory=dict)
    last: datetime | None = None
    stopped: bool = False
    behind: datetime | None = None  # the last sign of life before a start that a wrong clock put before it
    began: datetime | None = None
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    clock_set: tuple[tuple[datetime, timedelta], ...] = ()

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Sight:
        """The sight that a journal tells."""
        sight = cls()
        for entry in entries:
            sight = sight.apply(entry)
        return sight

    def apply(self, entry: Entry) -> Sight:
        """The sight after this entry."""
        body, at = entry.body, entry.at
        after = replace(self, last=at, stopped=isinstance(body, AgentStopped))
        match body:
            case AgentStarted():
                return after._started(self.last, at, at_most=not self.stopped)
            case SightLost():
                return replace(after, unseen={**self.unseen, body.system: body.since})
            case SightBack():
                return after._back(body.system, at)
            case FirstSeen():
                return replace(after, first_seen={**self.first_seen, body.system: at})
            case ClockSet():
                return after._clock_set(body, at)
            case _:
                return after

    def changes(
        self, picture: Picture, site: Site, watches: Mapping[str, Watch]
    ) -> Iterator[SightLost | SightBack]:
        """What must be told of it now: a system that is unseen by now, or is seen again.

        `picture`: without the ways that say nothing now (`agent.heard`).
        """
        named = {system.name for system in site.systems}
        for system in (name for name in self.unseen if name not in named):
            yield SightBack(system=system, since=self.unseen[system])
        for system in (each.name for each in site.systems):
            seen, asked = picture.of(system), watches[system].ways
            ways = [seen.accesses.get(way.protocol) for way in asked if way.protocol not in seen.unanswered]
            if system in self.unseen:
                # One that has only ways left which need not answer is no more unseen than seen.
                if any(way is not None and way.error is None for way in ways) or (asked and not ways):
                    yield SightBack(system=system, since=self.unseen[system])
            elif ways and all(way is not None and way.missed >= MISSED for way in ways):
                since = max(way.missed_since or way.at for way in ways if way is not None)
                yield SightLost(system=system, since=since)

    def unmonitored(self, system: str, now: datetime) -> timedelta:
        """How long that system went unmonitored since the journal began, the agent running now."""
        since = self.unseen.get(system)
        lasting = max(now - since, _NONE) if since is not None else _NONE
        return self.total.get(system, _NONE) + lasting

    def stretches(self, system: str | None, now: datetime, *, running: bool) -> tuple[Stretch, ...]:
        """When that system went unmonitored, the agent's own absences included; None: those alone.

        `running`: the agent watches now; else it does not since its last sign of life.
        """
        found = list(self.down)
        if not running and self.last is not None:
            found.append(Stretch(self.last, now, at_most=not self.stopped))
        if system is not None:
            found += self.dark.get(system, ())
            if system in self.unseen:
                found.append(Stretch(self.unseen[system], now))
        return tuple(each for each in found if each.begin < each.end)

    def _started(self, last: datetime | None, at: datetime, *, at_most: bool) -> Sight:
        began = replace(self, began=self.began or at, behind=None)
        if last is None:
            return began
        if at < last:  # its clock is wrong: how long it was away is known when that is set
            return replace(began, behind=last)
        return began._away(Stretch(last, at, at_most))

    def _away(self, stretch: Stretch) -> Sight:
        """After an absence of the agent: it counts for every system that was not unseen anyway."""
        if stretch.begin >= stretch.end:
            return self
        total = dict(self.total)
        for system in {*self.first_seen, *self.total} - {*self.unseen}:
            total[system] = total.get(system, _NONE) + (stretch.end - stretch.begin)
        return replace(self, down=(*self.down, stretch), total=total)

    def _back(self, system: str, at: datetime) -> Sight:
        since = self.unseen.get(system)
        unseen = {name: when for name, when in self.unseen.items() if name != system}
        if since is None or since >= at:
            return replace(self, unseen=unseen)
        return replace(
            self,
            unseen=unseen,
            dark={**self.dark, system: (*self.dark.get(system, ()), Stretch(since, at))},
            total={**self.total, system: self.total.get(system, _NONE) + (at - since)},
        )

    def _clock_set(self, body: ClockSet, at: datetime) -> Sight:
        unseen = {system: body.moved(since, at) for system, since in self.unseen.items()}
        after = replace(self, unseen=unseen, clock_set=(*self.clock_set, (at, body.step)))
        if self.behind is None or body.wrong_since is None:
            return after
        away = Stretch(self.behind, body.wrong_since + body.step, at_most=True)
        return replace(after, behind=None)._away(away)


def length(stretches: Iterable[Stretch], begin: datetime, end: datetime) -> timedelta:
    """How much of the time from `begin` to `end` lies in the stretches, what overlaps once."""
    passed, covered = _NONE, begin
    for stretch in sorted(stretches, key=lambda each: each.begin):
        low, high = max(stretch.begin, covered), min(stretch.end, end)
        if low < high:
            passed += high - low
            covered = high
    return passed
