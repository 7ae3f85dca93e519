"""What of a site's calendars is right and may still surprise somebody. Pure; `check` prints it.

It refuses nothing: what is a mistake never gets this far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from agent.calendars import Calendar, Change, changes

YEARS_AHEAD = 5
"""How far ahead the clock changes of a zone are looked at."""
RUNS_OUT = timedelta(days=60)
"""How long before the last dated holiday somebody should think of the next ones."""

_DAY = timedelta(days=1)


def edge_warnings(calendars: Mapping[str, Calendar], year: int) -> Iterator[str]:
    """One sentence for each window's edge that its zone's clock skips, or shows twice, from that year on.

    Edges on the border of such an hour are met once: only those inside are told, each at its first date.
    """
    for name, calendar in calendars.items():
        told: set[tuple[str, bool]] = set()
        for change in (each for ahead in range(YEARS_AHEAD) for each in changes(calendar.zone, year + ahead)):
            for edge in _inside(calendar, change):
                clock, skips = f"{edge:%H:%M}", change.skips
                if (clock, skips) not in told:
                    told.add((clock, skips))
                    how = "skips it" if skips else "shows it twice"
                    yield (
                        f"calendar {name} opens or closes at {clock}, and on {edge.date()} the clock of "
                        f"{calendar.zone} {how} (it goes from {change.shown:%H:%M} to {change.then:%H:%M})"
                    )


def running_out(dated_until: date | None, today: date) -> Iterator[str]:
    """A sentence where the holidays that a site gives by date end soon, or have ended."""
    if dated_until is not None and dated_until - today < RUNS_OUT:
        ends = "end" if dated_until >= today else "ended"
        yield f"the holidays given by date {ends} on {dated_until}: add the next ones, or give them by name"


def _inside(calendar: Calendar, change: Change) -> Iterator[datetime]:
    """The edges that lie strictly inside what the clock skips or repeats."""
    low, high = sorted((change.shown, change.then))
    for day in (low.date() - _DAY, low.date()):  # the evening before: for hours past midnight
        yield from (edge for edge in calendar.edges(day) if low < edge < high)
