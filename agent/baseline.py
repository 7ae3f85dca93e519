"""How many stations to expect when nobody configured it: learned by the hour of the week (rule S1). Pure.

One sample an hour and phone system goes to the journal, the median of that hour's readings, if they could
teach for at least half of it. What may teach is said by whoever calls (no incident, no window, no
blindness). A slot is an hour of the week, on days on which the help desk's calendar opens apart from those
on which it does not; from enough samples of a slot, of different weeks, its median is what to expect.
It judges nothing: `agent.rules.stations` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from agent.calendars import Calendar

KEPT = 12  # weeks of a slot: what a site has become weighs more than half after six
HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_ANOTHER_WEEK = timedelta(days=3)  # an hour that the clock shows twice is one week's all the same
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

BasisKind = Literal["configured", "learned", "administered"]


class Slot(NamedTuple):
    """An hour of the local week (0: Monday 00:00), on an open day or a closed one."""

    hour_of_week: int
    open_day: bool

    def __str__(self) -> str:
        day, hour = divmod(self.hour_of_week, 24)
        return f"{_DAYS[day]} {hour:02}:00, {'open' if self.open_day else 'closed'} day"


def slot_at(at: datetime, zone: ZoneInfo, hours: Calendar) -> Slot:
    """The slot of an instant. A day is open if `hours` open on that local date, holidays and all."""
    local = at.astimezone(zone)
    return Slot(local.weekday() * 24 + local.hour, _opens(hours, local.date()))


def _opens(hours: Calendar, day: date) -> bool:
    return hours.last_closing(day) is not None


@dataclass(frozen=True, slots=True)
class Learned:
    """What a slot has taught: (when, count) of its latest weeks, oldest first; `expected`: their median.

    It is worked out when a sample comes, not when it is asked for.
    """

    samples: tuple[tuple[datetime, int], ...]
    expected: int

    @classmethod
    def of(cls, samples: Iterable[tuple[datetime, int]]) -> Learned:
        """The slot with these samples: one a week (the last of it counts), the latest weeks only."""
        weeks: list[tuple[datetime, int]] = []
        for at, present in sorted(samples):
            if weeks and at - weeks[-1][0] < _ANOTHER_WEEK:
                weeks.pop()
            weeks.append((at, present))
        kept = tuple(weeks[-KEPT:])
        return cls(kept, middle(present for _, present in kept))


def middle(counts: Iterable[int]) -> int:
    """The median of the counts, rounded up (S4). There must be one."""
    ordered = sorted(counts)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (low + high + 1) // 2


Baseline = Mapping[Slot, Learned]
"""What one phone system has taught, by slot."""


def taught(baseline: Baseline, slot: Slot, hour: datetime, present: int) -> Baseline:
    """The baseline after one more sample of that slot."""
    before = baseline[slot].samples if slot in baseline else ()
    return {**baseline, slot: Learned.of((*before, (hour, present)))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many stations of a phone system (by the system that its failures name) were present at `at`.

    `systems`: all systems of the phone system: an incident of any of them spoils the lesson. `lasts`: how
    long the count holds until another comes. `teaches`: nothing that the reading itself shows forbids it.
    """

    system: str
    systems: frozenset[str]
    at: datetime
    present: int
    hour: datetime  # when the local hour of `at` began
    slot: Slot
    lasts: timedelta
    teaches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """The readings of an hour that is not over yet. `covered`: how much of it they taught.

    `heard`: when the last reading came; `until`: how long it holds, if it taught.
    """

    begins: datetime
    slot: Slot
    counts: tuple[int, ...] = ()
    covered: timedelta = timedelta(0)
    heard: datetime
    until: datetime | None = None

    def then(self, count: Count, *, teaches: bool) -> Hour:
        """The hour after one more reading."""
        if count.at <= self.heard:
            return self if teaches else replace(self, until=None)
        held = self._held(count.at)
        if not teaches:
            return replace(self, covered=self.covered + held, heard=count.at, until=None)
        return replace(
            self,
            counts=(*self.counts, count.present),
            covered=self.covered + held,
            heard=count.at,
            until=count.at + count.lasts,
        )

    def unseen(self, now: datetime) -> Hour:
        """The hour from `now` on, when nobody can tell how many are present."""
        return self if self.until is None else replace(self, until=min(self.until, now))

    def lesson(self) -> int | None:
        """What the finished hour teaches, the median of its counts; None: too little of it could."""
        if not self.counts or self.covered + self._held(self.begins + HOUR) < HOUR / 2:
            return None
        return middle(self.counts)

    def over(self, now: datetime) -> bool:
        """Whether the hour has ended."""
        return now - self.begins >= HOUR

    def _held(self, upto: datetime) -> timedelta:
        """For how long the last reading held, within the hour and up to that instant."""
        if self.until is None:
            return timedelta(0)
        start = max(self.heard, self.begins)
        return max(min(upto, self.until, self.begins + HOUR) - start, timedelta(0))


def next_hour(before: Hour | None, count: Count) -> Hour:
    """The hour in which that reading is the first: what was heard last may still hold as it begins."""
    if before is None:
        return Hour(begins=count.hour, slot=count.slot, heard=count.hour - _INSTANT)
    return Hour(begins=count.hour, slot=count.slot, heard=before.heard, until=before.until)


def hour_of(at: datetime, zone: ZoneInfo) -> datetime:
    """When the local hour of that instant began, in UTC: differences of it are real time."""
    local = at.astimezone(zone)
    return at.astimezone(UTC) - timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
