"""What a calendar looks like in a contract's or a site's YAML. It checks and translates; it counts nothing.

    zone: America/Chicago
    open:
      mon-fri: ["07:00-18:00"]
      sat: ["08:00-12:00", "22:00-06:00"]     # overnight: belongs to Saturday

Each ValueError is the sentence after the key: `expected …; got …`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from agent.calendars import Calendar, Hours, Window
from agent.fields import Model, Zone

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = 24 * 60


def parse_days(text: Any) -> frozenset[int]:
    """`mon`, `mon-fri`, `fri-mon` (over the week's end): days as `date.weekday` counts, Monday is 0.

    Raises ValueError with the expected form; also for `mon-mon`, which could mean a day or a week.
    """
    parts = text.split("-") if isinstance(text, str) else []
    if not 1 <= len(parts) <= 2 or any(part not in _DAYS for part in parts) or parts[0] in parts[1:]:
        raise ValueError(
            f"expected a day or a range of days such as sat, mon-fri or fri-mon, of {' '.join(_DAYS)}; "
            f"got {text!r}"
        )
    first, last = _DAYS.index(parts[0]), _DAYS.index(parts[-1])
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def days_text(days: Iterable[int]) -> str:
    """Days as a person writes them: `mon-fri`, `sat`, `mon, wed-thu`. The other way of `parse_days`."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs)


def parse_hours(text: Any) -> Hours:
    """`07:00-18:00`, `22:00-06:00` (overnight), `00:00-24:00`. Raises ValueError with the expected form."""
    if isinstance(text, Hours):
        return text
    opens, dash, closes = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not dash:
        raise ValueError(f"expected a window such as 07:00-18:00, in quotes; got {text!r}")
    return Hours(open=opens.strip(), close=closes.strip())


def _check_days(text: Any) -> Any:
    parse_days(text)
    return text


def _some_hours(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError(f'expected a list of windows such as ["07:00-18:00"]; got {value!r}')
    if not value:
        raise ValueError(
            'expected a list of windows such as ["07:00-18:00"]; '
            "got an empty one (leave out a day that is closed)"
        )
    return value


def _some_days(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        got = "none, so that it would never open" if value in ({}, [], None) else repr(value)
        raise ValueError(f'expected days with their windows such as {{mon-fri: ["07:00-18:00"]}}; got {got}')
    return value


DayRange = Annotated[str, BeforeValidator(_check_days)]
HoursText = Annotated[Hours, BeforeValidator(parse_hours)]
HoursList = Annotated[tuple[HoursText, ...], BeforeValidator(_some_hours)]


class CalendarSpec(Model):
    """Weekly open hours in a zone. 24x7 is `open: {mon-sun: ["00:00-24:00"]}`."""

    zone: Zone
    open: Annotated[dict[DayRange, HoursList], BeforeValidator(_some_days)]
    holiday_scope: Literal["shift", "date"] = "shift"  # see Calendar; tells only for overnight windows

    def windows(self) -> tuple[Window, ...]:
        """The weekly windows; those of a day that overlap or touch are one, days alike stand together."""
        daily: dict[int, list[Hours]] = {}
        for days, hours in self.open.items():
            for day in parse_days(days):
                daily.setdefault(day, []).extend(hours)
        alike: dict[tuple[int, int], set[int]] = {}
        for day, all_hours in daily.items():
            for span in _merged(one.minutes() for one in all_hours):
                alike.setdefault(span, set()).add(day)
        return tuple(
            Window(days=frozenset(days), open=_clock(opens), close=_clock(closes))
            for (opens, closes), days in sorted(alike.items(), key=lambda item: (min(item[1]), item[0]))
        )

    def to_calendar(
        self, holidays: Mapping[date, str], overrides: Mapping[date, tuple[Hours, ...]] | None = None
    ) -> Calendar:
        """The calendar of these hours with dated holidays (and their names) and dated exceptions."""
        return Calendar(
            zone=self.zone,
            windows=self.windows(),
            holidays=holidays,
            overrides=overrides or {},
            holiday_scope=self.holiday_scope,
        )


def week_text(spec: CalendarSpec) -> str:
    """The week of a calendar on one line: `mon-fri 07:00-18:00; sat 08:00-12:00`."""
    by_days: dict[frozenset[int], list[str]] = {}
    for window in spec.windows():
        by_days.setdefault(window.days, []).append(str(window))
    return "; ".join(f"{days_text(days)} {', '.join(hours)}" for days, hours in by_days.items())


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of minutes in order, overlapping ones joined, except beyond what one Hours can say (a day)."""
    found: list[tuple[int, int]] = []
    for opens, closes in sorted(spans):
        if found and opens <= found[-1][1]:
            joined = found[-1][0], max(closes, found[-1][1])
            length = joined[1] - joined[0]
            if length < _WHOLE_DAY or joined == (0, _WHOLE_DAY):
                found[-1] = joined
                continue
        found.append((opens, closes))
    return found


def _clock(minutes: int) -> str:
    """Minutes after midnight as HH:MM; of the next day where they are past 24:00."""
    if minutes > _WHOLE_DAY:
        minutes -= _WHOLE_DAY
    return f"{minutes // 60:02}:{minutes % 60:02}"
