"""What a picture cannot hold: first sights, restarts of the last 24 hours, station counts of the last hour,
and which failures stand. Pure; folded from the journal's entries and from readings as they come.

What must survive a restart of the agent is an entry: `learn` returns the entries that a reading calls for,
and only `apply` (of an entry that the journal has taken) changes what is remembered of them. Station counts
are kept in memory only: they gate raising, never staying raised, and an hour refills them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.entries import Body, Entry, FirstSeen, Opened, Reopened, Resolved, RestartSeen, Updated
from agent.failures import Key, Ruling
from collectors.base import ProtocolName, Reading, RestartEvent

RESTARTS_KEPT = timedelta(hours=24)
COUNTS_KEPT = timedelta(minutes=60)
FORMER_KEPT = 10  # places where a system's restarts lay before the clock was set
# Two tellings of one restart: the same source repeats itself within seconds (an uptime is whole seconds and
# polls take some); different sources differ by the way they learn of it (R4).
SAME_SOURCE = timedelta(seconds=30)
OTHER_SOURCE = timedelta(minutes=5)
# sysUpTime is a 32-bit count of hundredths: it starts again after 497 days, and that is no restart (R4).
UPTIME_WRAP = timedelta(seconds=2**32 / 100)
# A device's ticks drift against the wall clock by up to a hundred millionths: 72 minutes in that time.
WRAP_SLACK = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """A failure that is an open ticket: what was last told of it."""

    ticket: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class History:
    """The memory behind a judgement. `standing`: open tickets by key, which hysteresis (T7, S2) looks at.

    `former`: where the restarts that an uptime told lay before the agent's clock was set.
    """

    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    restarts: Mapping[str, tuple[RestartEvent, ...]] = field(default_factory=dict)
    station_counts: Mapping[tuple[str, ProtocolName], tuple[tuple[datetime, int], ...]] = field(
        default_factory=dict
    )
    standing: Mapping[Key, Standing] = field(default_factory=dict)
    met: frozenset[str] = frozenset()  # the systems of which `first_seen` is an instant of this run's clock
    former: Mapping[str, tuple[RestartEvent, ...]] = field(default_factory=dict)

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> History:
        """The history that a journal tells."""
        history = cls()
        for entry in entries:
            history = history.apply(entry)
        return replace(history, met=frozenset())

    def apply(self, entry: Entry) -> History:
        """The history after this entry."""
        body = entry.body
        match body:
            case FirstSeen():
                first = {**self.first_seen, body.system: entry.at}
                return replace(self, first_seen=first, met=self.met | {body.system})
            case RestartSeen():
                # What was found at the first contact (the same batch of entries) is history of others, also
                # when a clock that is set later makes it look as if it had come after.
                found = entry.at == self.first_seen.get(body.system)
                event = RestartEvent(body.restarted, body.level, body.planned or found, body.source, body.by)
                kept = [
                    old
                    for old in self.restarts.get(body.system, ())
                    if event.at - old.at < RESTARTS_KEPT or old == self._last(body.system)
                ]
                events = tuple(sorted([*kept, event], key=lambda each: each.at))
                return replace(self, restarts={**self.restarts, body.system: events})
            case Opened() | Reopened():
                stands = Standing(body.ticket, body.ruling)
                return replace(self, standing={**self.standing, body.key: stands})
            case Updated() | Resolved():
                standing = dict(self.standing)
                for key, old in self.standing.items():
                    if old.ticket != body.ticket:
                        continue
                    if isinstance(body, Resolved):
                        del standing[key]
                    else:
                        standing[key] = Standing(body.ticket, body.ruling)
                return replace(self, standing=standing)
            case _:
                return self

    def learn(self, reading: Reading) -> tuple[History, tuple[Body, ...]]:
        """What this reading adds: the history with its counts, and the entries that it calls for."""
        if reading.error is not None:
            return self, ()
        bodies: list[Body] = []
        if reading.system not in self.first_seen:
            bodies.append(FirstSeen(system=reading.system))
        history = self
        told = [*self.former.get(reading.system, ()), *self.restarts.get(reading.system, ())]
        for observation in reading.observations:
            if observation.role == "stations" and observation.present is not None:
                history = history._count(reading, observation.present)
            for event in (replace(each, by=reading.protocol) for each in observation.events):
                recent = reading.at - event.at < RESTARTS_KEPT
                # The first uptime is kept however old it is: a later wrap of it can then be recognised.
                first = event.source == "uptime" and all(old.source != "uptime" for old in told)
                if (recent or first) and not any(_same(event, old) for old in told):
                    told.append(event)
                    bodies.append(_restart(reading.system, event, told[:-1]))
        return history, tuple(bodies)

    def clock_set(self, step: timedelta) -> History:
        """The history after the agent's clock was set by `step`.

        What was read off that clock moves: first sights and station counts, and restarts that were worked
        out from an uptime. What a device told by its own clock stays. Where such a restart lay before is
        remembered: a pause of this machine looks like a step of its clock, and the device ran on meanwhile.
        """
        restarts, former = {}, dict(self.former)
        for system, events in self.restarts.items():
            moved = tuple(clock_set(event, step) for event in events)
            restarts[system] = tuple(sorted(moved, key=lambda each: each.at))
            left = [event for event in events if event.source == "uptime"]
            former[system] = (*former.get(system, ()), *left)[-FORMER_KEPT:]
        return replace(
            self,
            first_seen={
                system: at + step if system in self.met else at for system, at in self.first_seen.items()
            },
            restarts=restarts,
            former=former,
            station_counts={
                teller: tuple((at + step, present) for at, present in counts)
                for teller, counts in self.station_counts.items()
            },
        )

    def highest(self, system: str, protocols: Iterable[ProtocolName], since: datetime) -> int | None:
        """The highest station count that one of these protocols told since then; None if none was told.

        Each protocol is its own measure: what one counts more than another is no fall.
        """
        counts = [
            present
            for protocol in protocols
            for at, present in self.station_counts.get((system, protocol), ())
            if at >= since
        ]
        return max(counts, default=None)

    def recent_restarts(self, system: str, since: datetime) -> tuple[RestartEvent, ...]:
        """Unplanned restarts after that instant, and after the system was first seen."""
        first = self.first_seen.get(system)
        if first is None:
            return ()
        return tuple(
            event
            for event in self.restarts.get(system, ())
            if not event.planned and event.at > since and event.at > first
        )

    def _count(self, reading: Reading, present: int) -> History:
        teller = reading.system, reading.protocol
        kept = [
            (at, count) for at, count in self.station_counts.get(teller, ()) if reading.at - at <= COUNTS_KEPT
        ]
        return replace(self, station_counts={**self.station_counts, teller: (*kept, (reading.at, present))})

    def _last(self, system: str) -> RestartEvent | None:
        events = self.restarts.get(system, ())
        return events[-1] if events else None


def clock_set(event: RestartEvent, step: timedelta) -> RestartEvent:
    """The restart after the agent's clock was set: one told by an uptime was reckoned from that clock."""
    return replace(event, at=event.at + step) if event.source == "uptime" else event


def _same(one: RestartEvent, other: RestartEvent) -> bool:
    same = one.source == other.source and (one.by == other.by or None in (one.by, other.by))
    near = SAME_SOURCE if same else OTHER_SOURCE
    return abs(one.at - other.at) <= near


def _restart(system: str, event: RestartEvent, before: Iterable[RestartEvent]) -> RestartSeen:
    wrapped = event.source == "uptime" and any(
        abs(event.at - old.at - UPTIME_WRAP) <= WRAP_SLACK for old in before if old.source == "uptime"
    )
    return RestartSeen(
        system=system,
        restarted=event.at,
        level="counter wrap" if wrapped else event.level,
        planned=event.planned or wrapped,
        source=event.source,
        by=event.by,
    )
