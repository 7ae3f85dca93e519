"""Open hours: is it open, when does it open next, when has so much open time passed, how much lies between.

Pure arithmetic on zoneinfo. It reads no file and no clock, knows no holiday by name (dates only; the caller
freezes names into dates) and judges no target. `agent.calendar_spec` makes a Calendar of what stands in YAML.

An instant is open if and only if the local wall clock at that instant lies in one of the windows, opening
included, closing not. Durations are real elapsed time, so a window over the night in which the clock changes
is an hour shorter or longer, and an hour that the wall clock shows twice counts twice.

Every datetime taken must be aware (else ValueError); every one given is aware, in the calendar's zone.
Python subtracts and compares two datetimes *of one zone* by their wall clocks: convert to UTC to do either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=400)
"""What is further off than this is `never` (None). Longer than a year, so that yearly hours are found."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")

_Span = tuple[datetime, datetime]
_Clocked = tuple[timedelta, timedelta]  # opening and closing, from the midnight at which the day begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One stretch of a day by the wall clock: from `open` ("00:00" to "23:59") until `close` (or "24:00").

    A close at or before the open is on the next day; the whole belongs to the day on which it opens.
    Raises ValueError for what is no such time and for open == close, which could mean all day or never.
    """

    open: str
    close: str

    def __post_init__(self) -> None:
        if _minutes(self.open) == 24 * 60:
            raise ValueError("expected an opening time from 00:00 to 23:59; got '24:00'")
        if _minutes(self.close) == _minutes(self.open):
            raise ValueError(
                "expected two different times (00:00-24:00 is a whole day); "
                f"got '{self.open}-{self.close}', which could mean all day or never"
            )

    def __str__(self) -> str:
        return f"{self.open}-{self.close}"

    def minutes(self) -> tuple[int, int]:
        """Opening and closing in minutes after midnight; a closing on the next day is past 1440."""
        opens, closes = _minutes(self.open), _minutes(self.close)
        return opens, closes if closes > opens else closes + 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Hours):
    """Hours that come back every week on `days`: 0 is Monday, 6 is Sunday (as `date.weekday` counts)."""

    days: frozenset[int]

    def __post_init__(self) -> None:
        # dataclass(slots=True) makes a second class, which the super() without arguments does not know
        Hours.__post_init__(self)
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError(f"expected at least one day from 0 (Monday) to 6; got {sorted(self.days)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A stretch in which a clock stands still, from `begin` until `end`; None: it still does.

    Raises ValueError where it ends before it begins or a time has no offset.
    """

    begin: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.end is not None and _utc(self.end) < _utc(self.begin):
            raise ValueError(f"expected a pause that ends after it begins; got {self.begin} to {self.end}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Weekly windows in a zone, less its holidays, with dated exceptions.

    holidays: dates without windows of their own, and their names.
    overrides: these hours instead of the weekly windows of that date (none: closed); they beat a holiday.
    holiday_scope: what a holiday takes away: the `shift`s that open on it, whole, past midnight too; or all
    weekly hours that lie on the `date` itself, so that a shift of the evening before ends at midnight and
    one of the holiday evening begins there. Only overnight windows tell the two apart.
    """

    zone: ZoneInfo
    windows: tuple[Window, ...]
    holidays: Mapping[date, str] = field(default_factory=dict)
    overrides: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict)
    holiday_scope: Literal["shift", "date"] = "shift"
    _weekly: tuple[tuple[_Clocked, ...], ...] = field(init=False, repr=False, compare=False)
    _dated: Mapping[date, tuple[_Clocked, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weekly = tuple(_clocked(w for w in self.windows if day in w.days) for day in range(7))
        dated = {day: _clocked(hours) for day, hours in self.overrides.items()}
        # copies: a caller's dict that grows later must not change what was decided
        for name, value in (
            ("holidays", MappingProxyType(dict(self.holidays))),
            ("overrides", MappingProxyType(dict(self.overrides))),
            ("_weekly", weekly),
            ("_dated", dated),
        ):
            object.__setattr__(self, name, value)

    def is_open(self, at: datetime) -> bool:
        """Whether the local wall clock at `at` lies in a window."""
        wall = _utc(at).astimezone(self.zone).replace(tzinfo=None)
        today = _midnight(wall)
        return any(
            opens <= wall - midnight < closes
            for midnight in (today - _DAY, today)  # yesterday: for hours that run past midnight
            for opens, closes in self._hours(midnight)
        )

    def next_open(self, at: datetime) -> datetime | None:
        """The first open instant from `at` on: `at` itself if open; None if there is none within 400 days."""
        begin = _utc(at)
        for low, _ in self._spans(begin):
            return low.astimezone(self.zone) if low - begin <= HORIZON else None
        return None

    def add(self, at: datetime, amount: timedelta, *, pauses: Iterable[Pause] = ()) -> datetime | None:
        """The earliest instant by which `amount` of open time has passed since `at`; None: over 400 days off.

        Due exactly at closing stays at closing. Nothing is due at once, even when closed. Time in a pause
        does not count; a pause without an end that comes first makes it None. Raises ValueError for a
        negative amount.
        """
        if amount < timedelta(0):
            raise ValueError(f"expected an amount of open time of zero or more; got {amount}")
        begin, left = _utc(at), amount
        if not left:
            return begin.astimezone(self.zone)
        for low, high in _less(self._spans(begin, begin + HORIZON), pauses):
            if left <= high - low:
                return (low + left).astimezone(self.zone)
            left -= high - low
        return None

    def between(self, a: datetime, b: datetime, *, pauses: Iterable[Pause] = ()) -> timedelta:
        """The open time from `a` to `b`, without what lies in a pause; negative when `b` is before `a`."""
        begin, end = _utc(a), _utc(b)
        if end < begin:
            return -self.between(b, a, pauses=pauses)
        return sum((high - low for low, high in _less(self._spans(begin, end), pauses)), timedelta(0))

    def spans(self, a: datetime, b: datetime, *, pauses: Iterable[Pause] = ()) -> Iterator[_Span]:
        """The open stretches from `a` to `b` in order: one a window, two where the clock changes.

        For a person who asks how an amount of time came about. Stretches may touch; none overlap.
        """
        for low, high in _less(self._spans(_utc(a), _utc(b)), pauses):
            yield low.astimezone(self.zone), high.astimezone(self.zone)

    def closing(self, at: datetime) -> datetime | None:
        """When the window closes that is open at `at`, or the next one to open; None: none within 400 days.

        A window ends with its own hours, also where another one begins at that very moment: of a day that is
        open around the clock that is midnight. Of hours that the clock shows twice, the second end counts.
        """
        opens = self.next_open(at)
        if opens is None:
            return None
        wall = opens.replace(tzinfo=None)
        return max(
            high
            for midnight in (_midnight(wall) - _DAY, _midnight(wall))
            for begin, end in self._hours(midnight)
            if begin <= wall - midnight < end
            for _, high in self._instants(midnight + begin, midnight + end)
        ).astimezone(self.zone)

    def last_closing(self, day: date) -> datetime | None:
        """When the last of the hours that open on that local day close; None: none open on it."""
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the wall clock's
        ends = [
            high
            for begin, end in self._hours(midnight)
            for _, high in self._instants(midnight + begin, midnight + end)
        ]
        return max(ends).astimezone(self.zone) if ends else None

    def business_day(self, at: datetime) -> date:
        """The day that an instant belongs to: the local one, or the evening before while its hours run."""
        wall = _utc(at).astimezone(self.zone).replace(tzinfo=None)
        today = _midnight(wall)
        for midnight in (today, today - _DAY):
            if any(begin <= wall - midnight < end for begin, end in self._hours(midnight)):
                return midnight.date()
        return today.date()

    def edges(self, day: date) -> Iterator[datetime]:
        """The wall-clock times (naive) at which the hours that open on that day open and close."""
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the wall clock's
        for begin, end in self._hours(midnight):
            yield midnight + begin
            yield midnight + end

    def _instants(self, begin: datetime, end: datetime) -> Iterator[_Span]:
        """The stretches in UTC while the wall clock shows `begin` to `end`: two where it comes twice."""
        around = (begin - 2 * _DAY).replace(tzinfo=UTC), (end + 2 * _DAY).replace(tzinfo=UTC)
        for start, stop, offset in _steady(self.zone, *around):
            low = max(begin, start.replace(tzinfo=None) + offset)
            high = min(end, stop.replace(tzinfo=None) + offset)
            if low < high:
                yield (low - offset).replace(tzinfo=UTC), (high - offset).replace(tzinfo=UTC)

    def _spans(self, begin: datetime, end: datetime | None = None) -> Iterator[_Span]:
        """Open stretches in UTC from `begin` until `end`; without one until a little past the horizon."""
        last = end if end is not None else begin + HORIZON + _DAY
        for start, stop, offset in _steady(self.zone, begin, last):
            # Where the offset is steady, wall clock and instant run side by side: clip the wall hours to it.
            wall, wall_end = (at.replace(tzinfo=None) + offset for at in (start, stop))
            midnight = _midnight(wall) - _DAY
            while midnight < wall_end:
                for opens, closes in self._hours(midnight):
                    low, high = max(midnight + opens, wall), min(midnight + closes, wall_end)
                    if low < high:
                        yield (low - offset).replace(tzinfo=UTC), (high - offset).replace(tzinfo=UTC)
                        wall = high  # hours come in the order of their opening: the rest of an overlap
                midnight += _DAY

    def _hours(self, midnight: datetime) -> tuple[_Clocked, ...]:
        """The hours that open on the day of `midnight`, in the order of their opening."""
        day = midnight.date()
        if (dated := self._dated.get(day)) is not None:
            return dated
        weekly = self._weekly[midnight.weekday()]
        if self.holiday_scope == "shift":
            return () if day in self.holidays else weekly
        today, tomorrow = self._is_holiday(day), self._is_holiday(day + _DAY)
        clipped = (
            (max(opens, _DAY) if today else opens, min(closes, _DAY) if tomorrow else closes)
            for opens, closes in weekly
        )
        return tuple((opens, closes) for opens, closes in clipped if opens < closes)

    def _is_holiday(self, day: date) -> bool:
        return day in self.holidays and day not in self._dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A zone's clock is set at `at` (UTC): from the wall-clock time `shown` (naive) to `then`."""

    at: datetime
    shown: datetime
    then: datetime

    @property
    def skips(self) -> bool:
        """Whether wall-clock times are left out; else they come twice."""
        return self.then > self.shown


def changes(zone: ZoneInfo, year: int) -> Iterator[Change]:
    """When the zone's clock is set in that year (of UTC), in order."""
    for (_, at, before), (_, _, after) in pairwise(_year(zone, year)):
        naive = at.replace(tzinfo=None)
        yield Change(at=at, shown=naive + before, then=naive + after)


def _minutes(text: str) -> int:
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"expected a time from 00:00 to 24:00 such as 07:00; got {text!r}")
    return int(text[:2]) * 60 + int(text[3:])


def _clocked(hours: Iterable[Hours]) -> tuple[_Clocked, ...]:
    return tuple(
        (timedelta(minutes=opens), timedelta(minutes=closes))
        for opens, closes in sorted(one.minutes() for one in hours)
    )


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"expected a time with an offset from UTC; got {at.isoformat()}")
    return at.astimezone(UTC)


def _midnight(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0, second=0, microsecond=0)


def _less(spans: Iterable[_Span], pauses: Iterable[Pause]) -> Iterator[_Span]:
    """The spans without what lies in a pause; both may overlap in any way, the spans come in order."""
    held = sorted(pauses, key=lambda pause: _utc(pause.begin))
    for span_low, high in spans:
        low = span_low
        for pause in held:
            begin = _utc(pause.begin)
            if begin >= high:
                break
            if low < begin:
                yield low, begin
            if pause.end is None:
                return
            low = max(low, _utc(pause.end))
        if low < high:
            yield low, high


def _steady(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The time from `begin` to `end` (UTC), cut where the zone's offset changes: (from, until, offset)."""
    for year in range(begin.year, end.year + 1):
        for start, stop, offset in _year(zone, year):
            low, high = max(start, begin), min(stop, end)
            if low < high:
                yield low, high, offset


@lru_cache(maxsize=1024)
def _year(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """One year of UTC, cut where the zone's offset changes.

    zoneinfo does not tell its transitions, so each day is probed and a change is narrowed down to its second.
    Two changes that cancel within one day would be missed; in the zone data since 1970 they are 166 hours
    apart or more.
    """
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found: list[tuple[datetime, datetime, timedelta]] = []
    probe, offset = begin, _offset(zone, begin)
    while probe < end:
        following = min(probe + _DAY, end)
        if _offset(zone, following) != offset:
            before = probe
            while following - before > _SECOND:
                middle = before + (following - before) // _SECOND // 2 * _SECOND
                if _offset(zone, middle) == offset:
                    before = middle
                else:
                    following = middle
            found.append((begin, following, offset))
            begin, offset = following, _offset(zone, following)
        probe = following
    if begin < end:
        found.append((begin, end, offset))
    return tuple(found)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).replace(tzinfo=UTC) - at
