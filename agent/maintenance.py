"""What of a site is being worked on at a time (C4, I15), and what it lives with (M4). Pure.

Maintenance windows are those of the site file, with every time that one comes back, and those that people
add while the agent runs. What was told of them is folded from the journal. Monitoring goes on all the same;
what a window does to a failure is judged where failures are (`agent.rules.windows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from agent.contract import ChangeType
from agent.entries import Entry, JournalRebuilt
from agent.failures import Key
from agent.repeating import times
from agent.site import Accepted, MaintenanceWindow, Site
from agent.window_entries import Risk, WindowAdded, WindowBegan, WindowEnded, WindowOver

BLOCK = timedelta(days=32)
"""The times of windows are worked out for that long at once, and known for as long back."""

_KEPT = timedelta(days=400)  # for how long is remembered that a time of a site file's window has been told

Time = tuple[str, datetime]
"""One time of a window: its id, and when it was to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time of a maintenance window, half-open, in UTC. `name`: its id, or its name in the site file.

    `planned`: when it was to begin. `lasts`: it waits for the first failure of what it covers and then lasts
    so long; None: it is in force from `begins` to `ends`. Of systems, locations, components and roles it
    covers what matches all that is named; nothing named: the whole site.
    """

    name: str
    planned: datetime
    begins: datetime
    ends: datetime
    lasts: timedelta | None = None
    systems: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    type: ChangeType = "scheduled"
    risk: Risk = "low"
    reference: str = ""
    who: str = ""
    why: str = ""

    @property
    def time(self) -> Time:
        """By what the journal knows it."""
        return self.name, self.planned

    def within(self, at: datetime) -> bool:
        """Whether `at` lies in it."""
        return self.begins <= at < self.ends

    def started(self, at: datetime) -> Occurrence:
        """One that waits, once the first failure came."""
        return replace(self, begins=at, ends=at + (self.lasts or timedelta(0)), lasts=None)


@dataclass(frozen=True, slots=True)
class Added:
    """A window that a person added, and when."""

    window: WindowAdded
    at: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A time of a window that was told as begun. `over`: when its end was told; `failing`: what overran."""

    told: WindowBegan
    over: datetime | None = None
    failing: tuple[Key, ...] = ()


class Around(NamedTuple):
    """The windows around an instant: `near` it (a month back), `now` there; the same from `since` to `until`.

    `now` has those too that wait for a failure.
    """

    near: tuple[Occurrence, ...]
    now: tuple[Occurrence, ...]
    since: datetime
    until: datetime


_NONE = Around((), (), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)  # without slots, for what is worked out once
class Windows:
    """What the journal knows of maintenance windows. `numbers`: the highest that an id ever had.

    `added`: those of people, by id. `ended`: the times that a person ended, and when and who. `begun`: the
    times that were told as begun.
    """

    added: Mapping[str, Added] = field(default_factory=dict)
    ended: Mapping[Time, tuple[datetime, WindowEnded]] = field(default_factory=dict)
    begun: Mapping[Time, Begun] = field(default_factory=dict)
    numbers: int = 0

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Windows:
        """The windows that a journal tells."""
        windows = cls()
        for entry in entries:
            windows = windows.apply(entry)
        return windows

    def apply(self, entry: Entry) -> Windows:
        """The windows after this entry; the same ones where it is about something else."""
        body = entry.body
        match body:
            case WindowAdded():
                added = {**self.added, body.window: Added(body, entry.at)}
                number = max(self.numbers + 1, change_number(body.window))
                return replace(self, added=added, numbers=number)
            case WindowEnded():
                ended = {**self.ended, (body.window, body.planned): (entry.at, body)}
                return replace(self, ended=ended)
            case WindowBegan():
                return replace(self, begun={**self.begun, (body.window, body.planned): Begun(body)})
            case WindowOver():
                time = body.window, body.planned
                begun = {
                    each: known
                    for each, known in self.begun.items()
                    if each[0] in self.added or known.over is None or entry.at - known.over < _KEPT
                }
                if (known := begun.get(time)) is not None:
                    begun[time] = replace(known, over=entry.at, failing=body.failing)
                return replace(self, begun=begun)
            case JournalRebuilt():  # each entry that is lost may have been a window
                return replace(self, numbers=self.numbers + body.lost)
            case _:
                return self

    @cached_property
    def open(self) -> Mapping[Time, WindowBegan]:
        """The times that were told as begun and not as over."""
        return {time: begun.told for time, begun in self.begun.items() if begun.over is None}

    def around(self, site: Site, now: datetime) -> Around:
        """The windows around `now`: worked out anew only when one begins or ends, or a month is over."""
        if not site.windows and not self.added:
            return _NONE
        known = self._around.get(0)
        if known is None or known[0] is not site or not known[1].since <= now < known[1].until:
            known = self._around[0] = site, self._worked_out(site, now)
        return known[1]

    @cached_property
    def _around(self) -> dict[int, tuple[Site, Around]]:
        return {}

    def _worked_out(self, site: Site, now: datetime) -> Around:
        number = int(now.timestamp() // BLOCK.total_seconds())
        begin, end = (
            datetime.fromtimestamp(each * BLOCK.total_seconds(), UTC) for each in (number, number + 1)
        )
        near = self._times_near(site, begin - BLOCK, end)
        edges = [at for each in near for at in (each.begins, each.ends)]
        return Around(
            near,
            tuple(each for each in near if each.within(now)),
            max((at for at in edges if begin < at <= now), default=begin),
            min((at for at in edges if now < at < end), default=end),
        )

    def _times_near(self, site: Site, begin: datetime, end: datetime) -> tuple[Occurrence, ...]:
        known = self._near.get(0)
        if known is None or known[:2] != (id(site), begin):
            known = self._near[0] = id(site), begin, site, tuple(self.times(site, begin, end))
        return known[3]

    @cached_property
    def _near(self) -> dict[int, tuple[int, datetime, Site, tuple[Occurrence, ...]]]:
        return {}

    def times(self, site: Site, begin: datetime, end: datetime) -> Iterator[Occurrence]:
        """Every time of a window that reaches into `begin` to `end`, as it came about so far."""
        for name in (*(window.name for window in site.windows), *self.added):
            yield from self.times_of(name, site, begin, end)

    def times_of(self, name: str, site: Site, begin: datetime, end: datetime) -> Iterator[Occurrence]:
        """The same of one window, by its id or its name in the site file."""
        for window in site.windows:
            if window.name == name:
                for each in planned(window, site, begin, end):
                    yield from self._as_it_is(each)
        if (added := self.added.get(name)) is not None:
            one = of_person(added.window)
            if one.begins < end and one.ends + (one.lasts or timedelta(0)) > begin:
                yield from self._as_it_is(one)

    def _as_it_is(self, one: Occurrence) -> Iterator[Occurrence]:
        begun, ended = self.begun.get(one.time), self.ended.get(one.time)
        if begun is not None and one.lasts is not None:
            one = replace(one, begins=begun.told.begins, ends=begun.told.ends, lasts=None)
        if ended is not None:
            one = replace(one, ends=min(one.ends, ended[0].astimezone(UTC)))
        if one.begins < one.ends:  # else it was taken back before it began
            yield one


def planned(window: MaintenanceWindow, site: Site, begin: datetime, end: datetime) -> Iterator[Occurrence]:
    """The times of a window of the site file that reach into `begin` to `end`."""
    first, last = wall(window.begins, site), wall(window.ends, site)
    more = window.lasts or timedelta(0)
    if window.repeats is None:
        one = at_time(window, window.name, _earliest(window.begins, site), _latest(window.ends, site))
        if one.begins < end and one.ends + more > begin:
            yield one
        return
    length, low, high = last - first, wall(begin, site), wall(end, site)
    # A day more on both sides, for what the clock may do in between.
    day = timedelta(days=1)
    for at in times(window.repeats, first, low - length - more - day, high + day, site.zone):
        one = at_time(window, window.name, _earliest(at, site), _latest(at + length, site))
        if one.begins < end and one.ends + more > begin:
            yield one


def wall(at: datetime, site: Site) -> datetime:
    """What the site's wall clock shows then (naive)."""
    return at if at.tzinfo is None else at.astimezone(site.zone).replace(tzinfo=None)


def windows_at(windows: Iterable[Occurrence], now: datetime) -> Iterator[Occurrence]:
    """Those that are in force at `now`: begun and not ended."""
    return (each for each in windows if each.lasts is None and each.within(now))


def covers(window: Occurrence, key: Key, location: str | None = None) -> bool:
    """Whether a window covers a part (`component` None: a whole system in that role) at that location.

    It must match all that the window names of systems, locations, components and roles.
    """
    return (
        (not window.systems or key.system in window.systems)
        and (not window.locations or location in window.locations)
        and (not window.components or key.component in window.components)
        and (not window.roles or key.role in window.roles)
    )


def window_over(
    windows: Iterable[Occurrence], key: Key, location: str | None, now: datetime
) -> Occurrence | None:
    """The window that covers a part now; of several, the one that ends last."""
    found = [each for each in windows_at(windows, now) if covers(each, key, location)]
    return max(found, key=lambda each: each.ends, default=None)


def acceptance(site: Site, system: str, component: str, now: datetime) -> Accepted | None:
    """The condition by which that part may fail, up to and with its last day in the site's zone (M4)."""
    today = now.astimezone(site.zone).date()
    return next(
        (
            each
            for each in site.accepted
            if (each.system, each.component) == (system, component) and today <= each.until
        ),
        None,
    )


def change_id(number: int) -> str:
    """The id of the window that people added as that number."""
    return f"CH-{number:06d}"


def change_number(window: str) -> int:
    """The number of the window with that id; 0 for what is no id of ours."""
    digits = window.removeprefix("CH-")
    return int(digits) if window.startswith("CH-") and digits.isascii() and digits.isdigit() else 0


def at_time(
    window: MaintenanceWindow | WindowAdded, name: str, begins: datetime, ends: datetime
) -> Occurrence:
    """The time of a window, from the site file or a person, from `begins` until before `ends`."""
    return Occurrence(
        name=name,
        planned=begins,
        begins=begins,
        ends=ends,
        lasts=window.lasts,
        systems=window.systems,
        locations=window.locations,
        components=window.components,
        roles=window.roles,
        type=window.type,
        risk=window.risk,
        reference=window.reference,
        who=window.who,
        why=window.why,
    )


def of_person(window: WindowAdded) -> Occurrence:
    """The one time of a window that a person added."""
    return at_time(window, window.window, window.begins.astimezone(UTC), window.ends.astimezone(UTC))


def _earliest(at: datetime, site: Site) -> datetime:
    """The instant of a begin; of a time that the wall clock shows twice, or skips, the earlier reading."""
    return min(_readings(at, site))


def _latest(at: datetime, site: Site) -> datetime:
    return max(_readings(at, site))


def _readings(at: datetime, site: Site) -> list[datetime]:
    if at.tzinfo is not None:
        return [at.astimezone(UTC)]
    return [at.replace(tzinfo=site.zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
