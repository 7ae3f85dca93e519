"""When a disk will be full at the rate at which it fills now. Pure.

Of each disk that a way tells of, a slow series is kept: at most one point an hour, for two days. Its rate is
the median of the slopes between all pairs of points, so that a log which is rotated in between, or one big
file, does not make it. Everything is reckoned from the last point and not from now: between two points
nothing changes, be there a hundred readings or none.

The series are in memory only. After a start of the agent nothing is foretold for three hours, and a ticket
that stands for what was foretold stays until a rate is known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median

from agent.failures import Ruling
from agent.watch import Watch
from collectors.base import Observation, ProtocolName, Reading

EVERY = timedelta(hours=1)
KEPT = timedelta(hours=48)
ENOUGH = timedelta(hours=3)  # shorter series tell of one file that was copied, and not of a rate
SOON = timedelta(hours=24)  # full by tomorrow: somebody has to look today, and a minor's target is a day (C1)
FAR = timedelta(days=400)  # later than that is not told: the rate will be another by then
FILLS_UP = "fills up"  # by these words a failure is known that is foretold, and told by no device
_HOURS = (1, 3, 6, 12, 18)

Disk = tuple[str, ProtocolName, str]
"""By which system and protocol a disk is told, and its component."""


@dataclass(frozen=True, slots=True)
class Series:
    """How full one disk was, the oldest point first. `full`: when it will be; None: nobody can tell."""

    limit: int
    points: tuple[tuple[datetime, int], ...]
    full: datetime | None = None

    @property
    def last(self) -> datetime:
        """When the last point was."""
        return self.points[-1][0]

    @property
    def is_known(self) -> bool:
        """Whether the series is long enough for a rate."""
        return self.last - self.points[0][0] >= ENOUGH

    @property
    def left(self) -> timedelta | None:
        """How long from the last point until it is full."""
        return self.full - self.last if self.full is not None else None

    def is_another(self, limit: int) -> bool:
        """Whether a disk of that size is another one: some file systems reckon theirs anew all the time."""
        return 100 * abs(limit - self.limit) > self.limit

    def after(self, at: datetime, used: int) -> Series:
        """With one more point."""
        kept = tuple(point for point in self.points if at - point[0] < KEPT)
        points = (*kept, (at, used))
        return Series(self.limit, points, full_at(points, self.limit))


def full_at(points: Sequence[tuple[datetime, int]], limit: int) -> datetime | None:
    """When the limit is reached at the rate of these points; None: it does not grow, or they are too few."""
    (first, before), (last, used) = points[0], points[-1]
    if last - first < ENOUGH or used <= before:
        return None
    rate = median(
        (more - less) / (later - earlier).total_seconds()
        for (earlier, less), (later, more) in combinations(points, 2)
        if later > earlier
    )
    if rate <= 0:
        return None
    seconds = max(limit - used, 0) / rate
    return last + timedelta(seconds=round(seconds)) if seconds < FAR.total_seconds() else None


@dataclass(frozen=True, slots=True)
class Filling:
    """The series of every disk that is told of."""

    disks: Mapping[Disk, Series] = field(default_factory=dict)

    def learn(self, reading: Reading) -> Filling:
        """After a reading; itself if that is no point of any series."""
        told = {(reading.system, reading.protocol, each.component): each for each in _disks(reading)}
        if reading.error is not None or not (told or self.disks):
            return self
        changed: dict[Disk, Series] = {}
        for disk, observation in told.items():
            used, limit = observation.used or 0, observation.limit or 0
            known = self.disks.get(disk)
            if known is None or known.is_another(limit) or reading.at < known.last:
                changed[disk] = Series(limit, ((reading.at, used),))
            elif reading.at - known.last >= EVERY:
                changed[disk] = replace(known, limit=limit).after(reading.at, used)
        if not changed:
            return self
        kept = {name: each for name, each in self.disks.items() if reading.at - each.last < KEPT}
        return Filling(kept | changed)

    def due(self, reading: Reading) -> datetime | None:
        """When a reading of that way will be a point of a series again; None: it tells of no disk."""
        names = ((reading.system, reading.protocol, each.component) for each in _disks(reading))
        lasts = (series.last for name in names if (series := self.disks.get(name)) is not None)
        first = min(lasts, default=None)
        return first + EVERY if first is not None else None

    @property
    def names(self) -> Iterable[tuple[str, str]]:
        """Every disk that fills, by its system and component."""
        return dict.fromkeys((name[0], name[2]) for name, each in self.disks.items() if each.full is not None)

    def of(self, system: str, component: str, watch: Watch) -> Series | None:
        """The series that counts for a disk; None: none is long enough.

        That of the first protocol in the order of authority which still tells of it: two protocols would take
        turns, as their figures and hours differ.
        """
        ranked = sorted(watch.ways, key=lambda way: watch.rank(way.protocol))
        found = [self.disks.get((system, way.protocol, component)) for way in ranked]
        told = [series for series in found if series is not None]
        newest = max((series.last for series in told), default=None)
        return next((each for each in told if newest and each.is_known and newest - each.last < ENOUGH), None)

    def forget(self, systems: Iterable[str]) -> Filling:
        """Without those of these systems."""
        gone = set(systems)
        return Filling({disk: series for disk, series in self.disks.items() if disk[0] not in gone})

    def clock_set(self, step: timedelta) -> Filling:
        """After the agent's clock was set by `step`: all was as long ago as before."""
        return Filling(
            {
                disk: replace(
                    series,
                    points=tuple((at + step, used) for at, used in series.points),
                    full=series.full and series.full + step,
                )
                for disk, series in self.disks.items()
            }
        )


def is_foretold(ruling: Ruling) -> bool:
    """Whether that failure is one that only its rate tells of."""
    return f" {FILLS_UP}: " in ruling.summary


def in_about(left: timedelta) -> str:
    """`full in about 3 days`, `full within 6 hours`: in steps, so that a ticket's words stay for a while."""
    for hours in _HOURS:
        if left <= timedelta(hours=hours):
            return f"full within {hours} hours" if hours > 1 else "full within an hour"
    days = round(left / timedelta(days=1))
    return f"full in about {days} days" if days > 1 else "full in about a day"


def _disks(reading: Reading) -> Iterable[Observation]:
    return (
        each
        for each in reading.observations
        if each.role == "capacity" and each.kind == "disk" and each.used is not None and each.limit
    )
