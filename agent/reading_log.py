"""Readings in memory, for a replay: what was seen stands there once, and how often it was seen are figures.

A site says the same most of the time. A log of a month of sixty systems is some ten million figures and what
differs. Pure.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from collectors.base import Reading

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def number_of(at: datetime) -> int:
    """Microseconds since 1970, UTC."""
    return (at - EPOCH) // _MICROSECOND


def time_of(number: int) -> datetime:
    """The instant of that number."""
    return EPOCH + timedelta(microseconds=number)


class ReadingLog:
    """Readings in the order in which they came.

    `ats`: when each was seen (`number_of`); `seconds`: how long it took; `which`: its place in `contents`,
    where what it says stands as the first reading that said so.
    """

    def __init__(self) -> None:
        self.ats = array("q")
        self.seconds = array("d")
        self.which = array("L")
        self.contents: list[Reading] = []

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> ReadingLog:
        """These readings."""
        log = cls()
        last: dict[tuple[str, str], int] = {}
        for reading in readings:
            way = reading.system, reading.protocol
            known = last.get(way)
            if known is None or not _same(log.contents[known], reading):
                known = last[way] = log.content(reading)
            log.add(number_of(reading.at), reading.seconds, known)
        return log

    def __len__(self) -> int:
        return len(self.ats)

    def __iter__(self) -> Iterator[Reading]:
        for at, seconds, which in zip(self.ats, self.seconds, self.which, strict=True):
            yield replace(self.contents[which], at=time_of(at), seconds=seconds)

    def content(self, reading: Reading) -> int:
        """The place of what that reading says."""
        self.contents.append(reading)
        return len(self.contents) - 1

    def add(self, at: int, seconds: float, content: int) -> None:
        """One more reading. `content`: the place of what it says."""
        self.ats.append(at)
        self.seconds.append(seconds)
        self.which.append(content)

    def in_order(self) -> Sequence[int]:
        """The places of the readings in the order of their times, equal ones as they came."""
        ats = self.ats
        if all(one <= other for one, other in pairwise(ats)):
            return range(len(ats))
        return array("L", sorted(range(len(ats)), key=ats.__getitem__))

    def first(self) -> datetime | None:
        """When the first of them was seen; None: there is none."""
        return time_of(min(self.ats)) if self.ats else None


def _same(one: Reading, other: Reading) -> bool:
    """Whether both say the same, to the letter."""
    return (one.source, one.error, one.error_text, one.complete) == (
        other.source,
        other.error,
        other.error_text,
        other.complete,
    ) and (one.observations is other.observations or one.observations == other.observations)
