"""An oracle for open hours and due times: every minute of some years is asked for its wall clock.

It is told a Calendar's fields and shares no arithmetic with it: a minute is open or not by the rule read
aloud, and every answer is a count of minutes. Times are whole seconds since `begin`; only pauses must lie on
whole minutes. Slow, and meant to be.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.calendars import Calendar, Hours, Window

DAY, QUARTER = 1440, 15
LONGEST = 400 * DAY * 60  # seconds: what is further off is never

Held = Sequence[tuple[int, int]]
"""Pauses: from and until, in minutes since `begin`; none ends before it begins."""


class Wall(NamedTuple):
    """What the wall clock shows: the date, and the minute of the day."""

    day: date
    minute: int


@lru_cache(maxsize=16)
def walls(zone: str, begin: date, days: int) -> tuple[Wall, ...]:
    """What the clock shows at each quarter of an hour; within one, it runs on (asserted where it was set)."""
    first, there = datetime(begin.year, begin.month, begin.day, tzinfo=UTC), ZoneInfo(zone)
    found: list[Wall] = []
    for number in range(days * DAY // QUARTER):
        at = first + timedelta(minutes=number * QUARTER)
        local = at.astimezone(there)
        wall = Wall(local.date(), local.hour * 60 + local.minute)
        if found and wall.minute not in (found[-1].minute + QUARTER, 0):
            before = (at - timedelta(minutes=1)).astimezone(there)
            assert before.hour * 60 + before.minute == found[-1].minute + QUARTER - 1
        found.append(wall)
    return tuple(found)


class OpenMinutes:
    """Which minutes from `begin` (UTC midnight) on are open, over so many days."""

    def __init__(self, hours: Calendar, begin: date, days: int) -> None:
        self.hours = hours
        self.begin = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
        self._walls = walls(hours.zone.key, begin, days)
        self._patterns: dict[object, bytes] = {}
        self._days: dict[date, bytes] = {}
        self.open = b"".join(self._day(wall.day)[wall.minute : wall.minute + QUARTER] for wall in self._walls)
        self.passed = array("L", [0, *accumulate(self.open)])  # open minutes before each minute
        self._midnights: dict[date, int] = {}
        for number, wall in enumerate(self._walls):
            self._midnights.setdefault(wall.day, number * QUARTER)
        self._ends: dict[date, int | None] = {}

    # --- the rule, read aloud ---

    def hours_of(self, owner: date) -> Iterator[Hours]:
        """The hours that open on a day."""
        if owner in self.hours.overrides:
            yield from self.hours.overrides[owner]
        elif self.hours.holiday_scope == "date" or owner not in self.hours.holidays:
            for window in self.hours.windows:
                if isinstance(window, Window) and owner.weekday() in window.days:
                    yield window

    def covers(self, owner: date, one: Hours, wall: Wall) -> bool:
        """Whether those hours of that day lie over a minute of the wall clock."""
        opens, closes = _minute(one.open), _minute(one.close)
        overnight = closes <= opens
        if wall.day == owner:
            inside = opens <= wall.minute and (overnight or wall.minute < closes)
        else:
            inside = wall.day == owner + timedelta(days=1) and overnight and wall.minute < closes
        by_date = self.hours.holiday_scope == "date" and owner not in self.hours.overrides
        taken = wall.day in self.hours.holidays and wall.day not in self.hours.overrides
        return inside and not (by_date and taken)

    def _pattern(self, day: date) -> bytes:
        """The minutes of a local day: 1 is open. Days alike in all that `covers` looks at share one."""
        owners = (day - timedelta(days=1), day)
        over = [(owner, one) for owner in owners for one in self.hours_of(owner)]
        alike = (
            tuple((owner == day, owner in self.hours.overrides, str(one)) for owner, one in over),
            day in self.hours.holidays and day not in self.hours.overrides,
        )
        if alike not in self._patterns:
            self._patterns[alike] = bytes(
                any(self.covers(owner, one, Wall(day, minute)) for owner, one in over)
                for minute in range(DAY)
            )
        return self._patterns[alike]

    def _day(self, day: date) -> bytes:
        if day not in self._days:
            self._days[day] = self._pattern(day)
        return self._days[day]

    def wall(self, minute: int) -> Wall:
        """What the clock shows at that minute."""
        quarter, rest = divmod(minute, QUARTER)
        at = self._walls[quarter]
        return Wall(at.day, at.minute + rest)

    def edges(self, first: int, last: int) -> list[int]:
        """The minutes in between with which the hours open or close."""
        found = []
        for edge in (bytes((0, 1)), bytes((1, 0))):
            at = self.open.find(edge, first, last)
            while at >= 0:
                found.append(at + 1)
                at = self.open.find(edge, at + 1, last)
        return sorted(found)

    # --- answers, in seconds since `begin` ---

    def is_open(self, at: int) -> bool:
        return bool(self.open[at // 60])

    def next_open(self, at: int) -> int:
        return at if self.is_open(at) else self.open.index(1, at // 60) * 60

    def _counted(self, at: int) -> int:
        return self.passed[at // 60] * 60 + at % 60 * self.open[at // 60]

    def between(self, a: int, b: int) -> int:
        return self._counted(b) - self._counted(a)

    def add(self, at: int, amount: int, held: Held = ()) -> int | None:
        """When so many open seconds have passed since; None: over 400 days off."""
        if held:
            return self._walked(at, amount, held, around=False)
        if not amount:
            return at
        wanted = self._counted(at) + amount
        minute = bisect_left(self.passed, -(-wanted // 60))
        due = (
            minute * 60 - (self.passed[minute] * 60 - wanted)
            if minute < len(self.passed)
            else at + 2 * LONGEST
        )
        return due if due - at <= LONGEST else None

    def elapsed(self, at: int, amount: int, held: Held = ()) -> int | None:
        """When so many seconds have passed since, open or not."""
        if not held:
            return at + amount
        return self._walked(at, amount, held, around=True)

    def _walked(self, at: int, amount: int, held: Held, *, around: bool) -> int | None:
        left, second = amount, at
        while left:
            minute = second // 60
            following = (minute + 1) * 60
            if following - at > LONGEST + 60:
                return None
            if (around or self.open[minute]) and not any(low <= minute < high for low, high in held):
                if left <= following - second:
                    return second + left
                left -= following - second
            second = following
        return second

    def into_hours(self, at: int | None) -> int | None:
        """That instant, if it is open or the moment of closing; else the next opening."""
        if at is None or self.open[(at - 1) // 60] or self.is_open(at):
            return at
        return self.next_open(at)

    def closing(self, at: int) -> int:
        """The end of the last minute of the window that is open, or of the next one."""
        begin = self.next_open(at) // 60
        wall = self.wall(begin)
        over = [
            (owner, one)
            for owner in (wall.day - timedelta(days=1), wall.day)
            for one in self.hours_of(owner)
            if self.covers(owner, one, wall)
        ]
        return 60 * (1 + max(self._last_minute(owner, one) or 0 for owner, one in over))

    def _last_minute(self, owner: date, one: Hours) -> int | None:
        first = self._midnights.get(owner)
        if first is None:
            return None
        opens, closes = _minute(one.open), _minute(one.close)
        # no zone shows a wall time more than three hours later than usual
        last = first + closes + (DAY if closes <= opens else 0) + 180
        around = range(first, min(last, len(self.open)))
        return next((n for n in reversed(around) if self.covers(owner, one, self.wall(n))), None)

    def business_day(self, at: int) -> date:
        """The day whose hours are open, else the date."""
        wall = self.wall(at // 60)
        yesterday = wall.day - timedelta(days=1)
        if any(self.covers(wall.day, one, wall) for one in self.hours_of(wall.day)):
            return wall.day
        nights = any(self.covers(yesterday, one, wall) for one in self.hours_of(yesterday))
        return yesterday if nights else wall.day

    def end_of_day(self, day: date) -> int | None:
        """The end of the last minute of the hours that open on a day; None: it has none."""
        if day not in self._ends:
            lasts = [self._last_minute(day, one) for one in self.hours_of(day)]
            self._ends[day] = max((60 * (last + 1) for last in lasts if last is not None), default=None)
        return self._ends[day]

    def end_of_open_day(self, at: int, days: int) -> int:
        """The end of the open day that is so many open days after the one of `at`."""
        day = self.business_day(at)
        while True:
            day += timedelta(days=1)
            end = self.end_of_day(day)
            if end is not None and end > at:
                days -= 1
                if not days:
                    return end

    def moved(self, due: int, at: int, held: Held) -> int | None:
        """A due time, later by the open minutes that a pause took before it."""
        paused = {
            minute for low, high in held for minute in range(max(low, at // 60), min(high, -(-due // 60)))
        }
        lost = sum(
            min(due, (minute + 1) * 60) - max(at, minute * 60) for minute in paused if self.open[minute]
        )
        return self.add(due, lost, held) if lost else due


@lru_cache
def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
