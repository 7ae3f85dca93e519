"""Gaps in what is read of a system: after five intervals without a reading nothing is decided for it (I10).

A gap is a stretch in which nobody asked: the agent was held up, or a file of readings has none. A poll that
fails is a reading too, and no gap. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agent.picture import Access, Picture, SystemPicture
from agent.watch import Watch
from collectors.base import Reading

INTERVALS = 5  # longer without a reading is a gap


def gap_begins(picture: SystemPicture, watch: Watch) -> datetime | None:
    """The instant from which on there is a gap, if no reading comes; None: it was never read."""
    return max((_end(access, watch) for access in _ways(picture, watch)), default=None)


def in_gap(picture: SystemPicture, watch: Watch, now: datetime) -> bool:
    """Whether every way to the system has brought nothing for more than five of its intervals.

    One that is asked seldom counts only where there is no other: what it brings is not what they told.
    """
    read = list(_ways(picture, watch))
    return bool(read) and all(now > _end(access, watch) for access in read)


def ends_gap(picture: SystemPicture, watch: Watch, reading: Reading) -> bool:
    """Whether that reading is the first one after a gap; while it was taken it was no gap."""
    began = reading.at - timedelta(seconds=reading.seconds)
    return reading.protocol not in watch.seldom and in_gap(picture, watch, began)


def outside_gaps(picture: Picture, watches: Mapping[str, Watch], now: datetime) -> Picture:
    """The picture without the systems that are in a gap: as if they had not been read yet."""
    gone = [
        name
        for name, seen in picture.systems.items()
        if (watch := watches.get(name)) is not None and in_gap(seen, watch, now)
    ]
    if not gone:
        return picture
    return Picture({name: seen for name, seen in picture.systems.items() if name not in gone})


def _ways(picture: SystemPicture, watch: Watch) -> Iterable[Access]:
    brisk = watch.brisk
    found = [picture.accesses[name] for name in picture.accesses if name in brisk]
    return found or [picture.accesses[way.protocol] for way in watch.ways if way.protocol in picture.accesses]


def _end(access: Access, watch: Watch) -> datetime:
    # A device that takes longer than its interval to answer, or not to, is asked as much later.
    pace = max(watch.interval(access.protocol), timedelta(seconds=access.seconds))
    return access.at + INTERVALS * pace
