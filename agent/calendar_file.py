"""Open hours and closed days of one year as an iCalendar file (RFC 5545), for the calendars that people use.

The one place that knows the `icalendar` library; only the export imports it. Every open stretch stands there
by itself and in UTC, as `Calendar.spans` gives it: a rule that repeats could not say what holidays, other
hours and clock changes do to a night.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar as File
from icalendar import Event

from agent.calendars import Calendar
from agent.version import VERSION

_DAY = timedelta(days=1)


def calendar_file(
    name: str, hours: Calendar, year: int, *, now: datetime, closed: Mapping[date, str], title: str
) -> bytes:
    """The file of one calendar and year. `closed`: what is said of a date that is not as its week is.

    `now`: when the file is made. `title`: what the calendar is called where it is imported.
    """
    file = File()
    file.add("prodid", f"-//Trunkwatch//{VERSION}//EN")
    file.add("version", "2.0")
    file.add("x-wr-calname", title)
    file.add("x-wr-timezone", hours.zone.key)
    begin, end = (datetime(each, 1, 1, tzinfo=hours.zone) for each in (year, year + 1))
    for low, high in hours.spans(begin, end):
        opens = low.astimezone(UTC)
        file.add_component(
            _event(f"{name}-{opens:%Y%m%dT%H%M%SZ}", f"open: {title}", opens, high.astimezone(UTC), now)
        )
    for day in sorted(day for day in closed if day.year == year):
        event = _event(f"{name}-{day:%Y%m%d}", closed[day], day, day + _DAY, now)
        event.add("transp", "TRANSPARENT")  # a holiday of theirs takes nobody's day
        file.add_component(event)
    content: bytes = file.to_ical()
    return content


def _event(uid: str, summary: str, begin: date, end: date, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@trunkwatch")  # the same with every export, so that importing again renews it
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("summary", summary)
    event.add("dtstart", begin)
    event.add("dtend", end)
    return event
