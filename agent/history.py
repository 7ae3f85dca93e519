"""What a picture cannot hold: first sights, restarts of the last 24 hours, station counts of the last hour
and what they have taught, which failures stand. Pure; folded from the journal's entries and from readings.

What must survive a restart of the agent is an entry: `learn` returns the entries that a reading calls for,
and only `apply` (of an entry that the journal has taken) changes what is remembered of them. Station counts
are kept in memory only: they gate raising, never staying raised, and an hour refills them. What they teach
goes to the journal hour by hour (`teach`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.baseline import HOUR, Baseline, Count, Hour, Slot, next_hour, taught
from agent.entries import (
    Body,
    Entry,
    FirstSeen,
    FoundAtInstallation,
    Opened,
    Reopened,
    Resolved,
    RestartSeen,
    StationSample,
    Updated,
)
from agent.failures import Key, Ruling
from agent.found import FoundBySystem, found_after, found_in
from agent.joining import own_ruling
from agent.maintenance import Windows
from collectors.base import ProtocolName, Reading, RestartEvent

RESTARTS_KEPT = timedelta(hours=24)
COUNTS_KEPT = timedelta(minutes=60)
FORMER_KEPT = 10  # places where a system's restarts lay before the clock was set
# Two tellings of one restart: the same source repeats itself within seconds (an uptime is whole seconds and
# polls take some), a record to the letter; different sources differ by the way they learn of it. R4's further
# interval is counted where restarts are judged: what is kept here twice is no restart more.
SAME_SOURCE = timedelta(seconds=30)
OTHER_SOURCE = timedelta(minutes=5)
# R4: restart records and engine boots first, then traps, then a falling uptime.
TRUST = {"record": 0, "boots": 0, "trap": 1, "uptime": 2}
# sysUpTime is a 32-bit count of hundredths: it starts again after 497 days, and that is no restart (R4).
UPTIME_WRAP = timedelta(seconds=2**32 / 100)
# A device's ticks drift against the wall clock by up to a hundred millionths: 72 minutes in that time.
WRAP_SLACK = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """A failure that is an open ticket, or in one: what was last told of it, without its children.

    `root`: of which failure the ticket is, where it is another.
    """

    ticket: str
    ruling: Ruling
    root: Key | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The memory behind a judgement. `standing`: open tickets by key, which hysteresis (T7, S2) looks at.

    `former`: where the restarts that an uptime told lay before the agent's clock was set. `met_by`: by which
    protocols each system was ever seen. `found`: the alarms that stood then (M4). `baselines`: what the
    station counts of each phone system have taught (S1); `hours`: its hour that is not over yet. `windows`:
    the maintenance windows that people added, and what was told of any (C4).
    """

    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    restarts: Mapping[str, tuple[RestartEvent, ...]] = field(default_factory=dict)
    station_counts: Mapping[tuple[str, ProtocolName], tuple[tuple[datetime, int], ...]] = field(
        default_factory=dict
    )
    standing: Mapping[Key, Standing] = field(default_factory=dict)
    met: frozenset[str] = frozenset()  # the systems of which `first_seen` is an instant of this run's clock
    former: Mapping[str, tuple[RestartEvent, ...]] = field(default_factory=dict)
    met_by: frozenset[tuple[str, ProtocolName | None]] = frozenset()
    found: FoundBySystem = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    hours: Mapping[str, Hour] = field(default_factory=dict)
    windows: Windows = field(default_factory=Windows)

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
                met_by = self.met_by | {(body.system, body.protocol)}
                if body.system in self.first_seen:  # by another protocol
                    return replace(self, met_by=met_by)
                first = {**self.first_seen, body.system: entry.at}
                return replace(self, first_seen=first, met=self.met | {body.system}, met_by=met_by)
            case RestartSeen():
                # What was found at the first contact (the same batch of entries) is history of others, also
                # when a clock that is set later makes it look as if it had come after.
                found = entry.at == self.first_seen.get(body.system)
                event = RestartEvent(body.restarted, body.level, body.planned or found, body.source, body.by)
                kept = [
                    old
                    for old in self.restarts.get(body.system, ())
                    if event.at - old.at <= RESTARTS_KEPT or old == self._last(body.system)
                ]
                events = tuple(sorted([*kept, event], key=lambda each: each.at))
                return replace(self, restarts={**self.restarts, body.system: events})
            case StationSample():
                slot, before = Slot(body.hour_of_week, body.open_day), self.baselines.get(body.system, {})
                after = taught(before, slot, body.hour, body.present)
                return replace(self, baselines={**self.baselines, body.system: after})
            case Opened() | Reopened():
                return replace(self, standing=_standing(self.standing, body.key, body))
            case Updated():
                of = (k for k, old in self.standing.items() if old.ticket == body.ticket and not old.root)
                root = next(of, None)
                if root is None:
                    return self
                return replace(self, standing=_standing(self.standing, root, body))
            case Resolved():
                left = {key: old for key, old in self.standing.items() if old.ticket != body.ticket}
                return replace(self, standing=left)
            case _:
                windows = self.windows.apply(entry)
                return replace(self, found=found_after(self.found, entry), windows=windows)

    def learn(
        self, reading: Reading, counts_kept: timedelta = COUNTS_KEPT, others: Collection[str] = ()
    ) -> tuple[History, tuple[Body, ...]]:
        """What this reading adds: the history with its counts, and the entries that it calls for.

        `others`: the components of alarms that other protocols have told of that system.
        """
        if reading.error is not None:
            return self, ()
        bodies: list[Body] = []
        if self.is_first_contact(reading):
            bodies.append(FirstSeen(system=reading.system, protocol=reading.protocol))
            found = self._found(reading, others) if reading.source == "poll" else None
            bodies += [found] if found else []
        history = self._count(reading, counts_kept)
        told = [*self.former.get(reading.system, ()), *self.restarts.get(reading.system, ())]
        for observation in reading.observations:
            for event in (replace(each, by=reading.protocol) for each in observation.events):
                recent = reading.at - event.at < RESTARTS_KEPT
                # The first uptime is kept however old it is: a later wrap of it can then be recognised.
                first = event.source == "uptime" and all(old.source != "uptime" for old in told)
                if (recent or first) and not any(_same(event, old) for old in told):
                    told.append(event)
                    bodies.append(_restart(reading.system, event, told[:-1]))
        return history, tuple(bodies)

    def teach(
        self, counts: Iterable[Count], troubled: Set[str], now: datetime
    ) -> tuple[History, tuple[StationSample, ...]]:
        """What the station counts teach (S1), and the samples of the hours that are over.

        `troubled`: systems with an incident, open or pending, in which no count of theirs teaches.
        """
        told = {count.system: count for count in counts}
        if not told and not self.hours:
            return self, ()
        hours = {system: hour if system in told else hour.unseen(now) for system, hour in self.hours.items()}
        over: dict[str, Hour] = {}
        for system in self.hours:
            if hours[system].over(now):
                over[system] = hours.pop(system)
        for count in told.values():
            before = hours.get(count.system)
            if (after := _heeded(before, over.get(count.system), count, troubled)) is not None:
                hours[count.system] = after
        samples = tuple(
            StationSample(
                system=system,
                hour=hour.begins,
                hour_of_week=hour.slot.hour_of_week,
                open_day=hour.slot.open_day,
                present=present,
            )
            for system, hour in over.items()
            if (present := hour.lesson()) is not None
        )
        return replace(self, hours=hours), samples

    def heed(self, count: Count, troubled: Set[str]) -> History | None:
        """What one more count teaches; None: an hour is over, which `teach` must see."""
        before = self.hours.get(count.system)
        if before is not None and before.counts and before.over(count.at):
            return None
        after = _heeded(before, before, count, troubled)
        return self if after is None else replace(self, hours={**self.hours, count.system: after})

    def hour_ends(self, after: datetime) -> datetime | None:
        """When the first of the hours that are not over then is."""
        return min((end for each in self.hours.values() if (end := each.begins + HOUR) > after), default=None)

    def counts(self, reading: Reading, counts_kept: timedelta = COUNTS_KEPT) -> History:
        """The history with the station count of a reading that says nothing else that is new."""
        return self._count(reading, counts_kept)

    def expected(self, system: str, slot: Slot, samples: int) -> int | None:
        """How many stations that slot has taught to expect; None: from fewer samples than that (S1)."""
        learned = self.baselines.get(system, {}).get(slot)
        return learned.expected if learned is not None and len(learned.samples) >= samples else None

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
            hours={},  # which hour its readings are of is no longer known
            station_counts={
                teller: tuple((at + step, present) for at, present in counts)
                for teller, counts in self.station_counts.items()
            },
        )

    def highest(self, tellers: Mapping[str, Iterable[ProtocolName]], since: datetime) -> int | None:
        """The highest count that these systems told together since then, by these protocols; None: none.

        Each protocol is its own measure: what one counts more than another is no fall. Where several systems
        tell, their counts of one time are added: a phone that moved from one to the other counts once.
        """
        if len(tellers) == 1:
            ((system, protocols),) = tellers.items()
            by = [self.station_counts.get((system, protocol), ()) for protocol in protocols]
            if len(by) == 1:  # most sites: one system tells of them, by one protocol
                return max(dict(each for each in by[0] if each[0] >= since).values(), default=None)
        told = sorted(
            (at, system, protocol, present)
            for system, protocols in tellers.items()
            for protocol in protocols
            for at, present in self.station_counts.get((system, protocol), ())
        )
        latest: dict[str, dict[ProtocolName, int]] = {}
        highest: int | None = None
        for number, (at, system, protocol, present) in enumerate(told):
            latest.setdefault(system, {})[protocol] = present
            if at < since or (number + 1 < len(told) and told[number + 1][0] == at):
                continue  # all that was told at one time counts at once
            together = sum(max(by.values()) for by in latest.values())
            highest = together if highest is None else max(highest, together)
        return highest

    def is_first_contact(self, reading: Reading) -> bool:
        """Whether its system is seen for the first time, or by its protocol."""
        if reading.system not in self.first_seen:
            return True
        if reading.source != "poll":  # a trap tells what is new
            return False
        return self.met_by.isdisjoint({(reading.system, reading.protocol), (reading.system, None)})

    def _found(self, reading: Reading, others: Collection[str]) -> FoundAtInstallation | None:
        ours = {
            key.component
            for key in self.standing
            if (key.system, key.role) == (reading.system, "alarm") and key.component
        }
        return found_in(reading, {*others, *ours, *self.found.get(reading.system, {})})

    def _count(self, reading: Reading, keep: timedelta) -> History:
        counts = [o.present for o in reading.observations if o.role == "stations" and o.present is not None]
        if not counts:
            return self
        teller = reading.system, reading.protocol
        kept = [(at, count) for at, count in self.station_counts.get(teller, ()) if reading.at - at <= keep]
        after = (*kept, (reading.at, sum(counts)))
        return replace(self, station_counts={**self.station_counts, teller: after})

    def _last(self, system: str) -> RestartEvent | None:
        events = self.restarts.get(system, ())
        return events[-1] if events else None


def _standing(
    before: Mapping[Key, Standing], root: Key, body: Opened | Reopened | Updated
) -> Mapping[Key, Standing]:
    """What stands after a ticket was told: its root, and what is in it."""
    kept = {key: old for key, old in before.items() if old.root != root}
    kept[root] = Standing(body.ticket, own_ruling(body.ruling))
    for child in body.ruling.children:
        if not child.well and (child.key not in kept or kept[child.key].root is not None):
            kept[child.key] = Standing(body.ticket, child.ruling, root)
    return kept


def clock_set(event: RestartEvent, step: timedelta) -> RestartEvent:
    """The restart after the agent's clock was set: one told by an uptime was reckoned from that clock."""
    return replace(event, at=event.at + step) if event.source == "uptime" else event


def _heeded(before: Hour | None, over: Hour | None, count: Count, troubled: Set[str]) -> Hour | None:
    """The hour of the count after it; None: it is a count of before a clock was set."""
    hour = next_hour(over, count) if before is None or before.begins < count.hour else before
    if hour.begins != count.hour:
        return None
    return hour.then(count, teaches=count.teaches and troubled.isdisjoint(count.systems))


def _same(event: RestartEvent, known: RestartEvent) -> bool:
    """Whether that was told already: by the same source, or by another at least as trusted (R4)."""
    apart = abs(event.at - known.at)
    if event.source == known.source and (event.by == known.by or None in (event.by, known.by)):
        return apart <= (timedelta(0) if event.source == "record" else SAME_SOURCE)
    # A better source is kept beside a worse one: it may tell two restarts where that saw one.
    return TRUST[known.source] <= TRUST[event.source] and apart < OTHER_SOURCE


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
