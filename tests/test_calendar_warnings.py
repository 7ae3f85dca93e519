"""What `check` warns of: hours that a clock skips or repeats, and dated holidays that run out."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from agent.calendar_warnings import edge_warnings, running_out
from agent.calendars import Calendar, Hours
from tests.test_calendars import HOWE, WEEKDAYS, calendar

REPEATED = "opens or closes at {}, and on {} the clock of {} shows it twice (it goes from {})"
SKIPPED = "opens or closes at {}, and on {} the clock of {} skips it (it goes from {})"
CHICAGO_BACK, CHICAGO_ON = "02:00 to 01:00", "02:00 to 03:00"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (calendar("07:00-18:00"), []),
        # the border of such an hour is met once: opening or closing there is no surprise
        (calendar("01:00-02:00"), []),
        (calendar("02:00-03:00"), []),
        (calendar("22:00-02:00"), []),
        (calendar("01:30-12:00"), [REPEATED.format("01:30", "2026-11-01", "America/Chicago", CHICAGO_BACK)]),
        (
            calendar("22:00-02:30"),  # past midnight: the evening before
            [SKIPPED.format("02:30", "2026-03-08", "America/Chicago", CHICAGO_ON)],
        ),
        (calendar("02:30-12:00", days=WEEKDAYS), []),  # clocks are set on Sundays
        (
            calendar("01:45-02:15", zone=HOWE),
            [
                REPEATED.format("01:45", "2026-04-05", "Australia/Lord_Howe", "02:00 to 01:30"),
                SKIPPED.format("02:15", "2026-10-04", "Australia/Lord_Howe", "02:00 to 02:30"),
            ],
        ),
        (calendar("01:30-02:30", zone=ZoneInfo("America/Phoenix")), []),
        # a holiday in the first year moves the first date that is told
        (
            calendar("01:30-12:00", holidays={date(2026, 11, 1): "a Sunday"}),
            [REPEATED.format("01:30", "2027-11-07", "America/Chicago", CHICAGO_BACK)],
        ),
        (
            calendar("07:00-18:00", overrides={date(2028, 3, 12): (Hours(open="02:15", close="12:00"),)}),
            [SKIPPED.format("02:15", "2028-03-12", "America/Chicago", CHICAGO_ON)],
        ),
    ],
)
def test_an_edge_in_an_hour_that_is_skipped_or_repeated_is_warned_of_once(
    what: Calendar, told: list[str]
) -> None:
    assert list(edge_warnings({"desk": what}, 2026)) == [f"calendar desk {text}" for text in told]


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (None, []),
        (date(2027, 1, 26), []),
        (date(2027, 1, 25), ["end on 2027-01-25"]),
        (date(2026, 11, 27), ["end on 2026-11-27"]),
        (date(2026, 11, 26), ["ended on 2026-11-26"]),
    ],
)
def test_dated_holidays_that_run_out_within_60_days_are_warned_of(
    until: date | None, told: list[str]
) -> None:
    said = [f"the holidays given by date {text}: add the next ones, or give them by name" for text in told]
    assert list(running_out(until, date(2026, 11, 27))) == said
