"""Each way of counting a due time, by table: clocks, pauses, closed days. 2026-11-16 is a plain Monday."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from agent.agreement import Agreement, decided
from agent.calendars import Hours, Pause
from agent.contract import Contract, Target
from agent.loading import load_contract
from tests.story import ZONE


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def agreement(**decisions: Any) -> Agreement:
    """Hours of Monday to Friday, 8 to 17; closed on Thanksgiving, short on the day after."""
    contract = Contract.model_validate(
        {
            "contract": "counted",
            "title": "Counted",
            "version": "1",
            "source": "here",
            "severities": ["any"],
            "clauses": [{"id": "any", "severity": "any", "when": "any", "words": "any"}],
            "targets": [{"severity": "any", "step": "respond", "amount": "1h", "clock": "coverage"}],
            "calendars": {
                "day": {"zone": "America/Chicago", "open": {"mon-fri": ["08:00-17:00"]}},
                "halves": {"zone": "America/Chicago", "open": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}},
                "night": {"zone": "America/Chicago", "open": {"mon-fri": ["22:00-06:00"]}},
                "long": {
                    "zone": "America/Chicago",
                    "open": {"mon": ["20:00-12:00"], "tue": ["02:00-04:00"], "wed": ["08:00-17:00"]},
                },
                "always": {"zone": "America/Chicago", "open": {"mon-sun": ["00:00-24:00"]}},
            },
            "decisions": decisions,
        }
    )
    return Agreement(
        contract,
        holidays={date(2026, 11, 26): "Thanksgiving"},
        overrides={date(2026, 11, 27): (Hours(open="08:00", close="12:00"),)},
    )


def target(clock: str, **more: Any) -> Target:
    return Target.model_validate({"severity": "any", "step": "respond", "clock": clock, **more})


def due(target: Target, received: str, *pauses: tuple[str, str | None], **decisions: Any) -> str | None:
    held = [Pause(begin=at(begin), end=None if end is None else at(end)) for begin, end in pauses]
    found = agreement(**decisions).due_by(target, at(received), pauses=held)
    return None if found is None else f"{found.astimezone(ZONE):%m-%d %H:%M}"


WINDOW, NEXT_DAY = target("end_of_window"), target("end_of_next_business_day")
DAY_LONG = target("elapsed", amount="24h")
HOURS_6 = target("coverage", amount="6h")


@pytest.mark.parametrize(
    ("what", "received", "expected"),
    [
        # open hours only
        (HOURS_6, "11-16 15:00", "11-17 12:00"),
        (HOURS_6, "11-16 11:00", "11-16 17:00"),  # due at closing stays there
        (HOURS_6, "11-25 15:00", "11-27 12:00"),  # over the holiday, to the early closing
        (HOURS_6, "11-25 15:01", "11-30 08:01"),
        (target("coverage", amount="6h", calendar="night"), "11-16 23:00", "11-17 05:00"),
        # as the clock runs; a due time outside the hours moves to the next opening
        (DAY_LONG, "11-16 10:00", "11-17 10:00"),
        (DAY_LONG, "11-16 17:00", "11-17 17:00"),
        (DAY_LONG, "11-16 17:01", "11-18 08:00"),
        (DAY_LONG, "11-20 10:00", "11-23 08:00"),
        (DAY_LONG, "11-25 10:00", "11-27 08:00"),
        (DAY_LONG, "11-26 12:30", "11-30 08:00"),  # the short day is over at noon
        (DAY_LONG, "10-31 10:00", "11-02 08:00"),
        # around the clock, whatever the hours, over the night that has an hour twice
        (target("around_the_clock", amount="15 min"), "11-21 03:00", "11-21 03:15"),
        (target("around_the_clock", amount="24h"), "10-31 10:00", "11-01 09:00"),
        # the end of the window, or of the next one
        (WINDOW, "11-16 10:00", "11-16 17:00"),
        (WINDOW, "11-16 08:00", "11-16 17:00"),
        (WINDOW, "11-16 17:00", "11-17 17:00"),
        (WINDOW, "11-21 10:00", "11-23 17:00"),
        (WINDOW, "11-25 18:00", "11-27 12:00"),
        (target("end_of_window", calendar="halves"), "11-16 09:00", "11-16 12:00"),
        (target("end_of_window", calendar="halves"), "11-16 12:00", "11-16 17:00"),
        (target("end_of_window", calendar="night"), "11-17 03:00", "11-17 06:00"),
        (target("end_of_window", calendar="always"), "11-17 03:00", "11-18 00:00"),
        # the end of the next open day
        (NEXT_DAY, "11-16 07:00", "11-17 17:00"),
        (NEXT_DAY, "11-16 18:00", "11-17 17:00"),
        (NEXT_DAY, "11-20 16:00", "11-23 17:00"),
        (NEXT_DAY, "11-22 12:00", "11-23 17:00"),
        (NEXT_DAY, "11-25 09:00", "11-27 12:00"),
        (target("end_of_next_business_day", calendar="halves"), "11-16 07:00", "11-17 17:00"),
        (
            target("end_of_next_business_day", calendar="night"),
            "11-17 03:00",
            "11-18 06:00",
        ),  # Monday's shift
        # Tuesday's hours were over while Monday's night still ran
        (target("end_of_next_business_day", calendar="long"), "11-17 10:00", "11-18 17:00"),
        (target("end_of_next_business_day", calendar="long"), "11-17 03:00", "11-18 17:00"),
        (target("end_of_next_business_day", calendar="long"), "11-17 01:00", "11-17 04:00"),
        # so many open days
        (target("coverage", business_days=1), "11-16 09:00", "11-17 17:00"),
        (target("coverage", business_days=10), "11-16 09:00", "12-01 17:00"),
        (target("coverage", business_days=8), "11-16 09:00", "11-27 12:00"),
    ],
)
def test_each_clock_counts_as_its_name_says(what: Target, received: str, expected: str) -> None:
    assert due(what, received) == expected


@pytest.mark.parametrize(
    ("reading", "received", "expected"),
    [
        ("elapsed", "11-20 18:00", "11-23 08:00"),
        ("from_next_opening", "11-20 18:00", "11-24 08:00"),
        ("from_next_opening", "11-20 10:00", "11-23 08:00"),  # open when received: from there
        ("from_next_opening", "11-21 10:00", "11-24 08:00"),
        ("24_business_hours", "11-20 16:00", "11-25 13:00"),
    ],
)
def test_the_minor_failures_hours_are_counted_as_the_site_reads_them(
    reading: str, received: str, expected: str
) -> None:
    what = target("minor_reading", amount="24h")
    assert due(what, received, minor_reading=reading) == expected


@pytest.mark.parametrize(
    ("what", "pauses", "expected"),
    [  # received on Monday the 16th at 10:00
        (HOURS_6, [("11-16 11:00", "11-16 13:00")], "11-17 09:00"),
        (HOURS_6, [("11-16 17:00", "11-17 08:00")], "11-16 16:00"),  # closed anyhow, and after it was due
        (HOURS_6, [("11-16 11:00", None)], None),
        (HOURS_6, [("11-16 16:00", None)], "11-16 16:00"),
        (DAY_LONG, [("11-16 12:00", "11-16 20:00")], "11-18 08:00"),
        (DAY_LONG, [("11-16 12:00", "11-16 13:00"), ("11-16 12:30", "11-16 14:00")], "11-17 12:00"),
        (DAY_LONG, [("11-16 12:00", None)], None),
        (target("around_the_clock", amount="1h"), [("11-16 10:30", "11-16 23:00")], "11-16 23:30"),
        # what is no amount moves by the open hours that were lost
        (WINDOW, [("11-16 12:00", "11-16 14:00")], "11-17 10:00"),
        (WINDOW, [("11-16 12:00", "11-16 14:00"), ("11-17 09:00", "11-17 10:00")], "11-17 11:00"),
        (WINDOW, [("11-16 18:00", "11-17 07:00")], "11-16 17:00"),
        (WINDOW, [("11-16 12:00", None)], None),
        (NEXT_DAY, [("11-16 12:00", "11-17 12:00")], "11-18 17:00"),
        (NEXT_DAY, [("11-17 16:00", None)], None),
        (target("coverage", business_days=2), [("11-17 08:00", "11-17 17:00")], "11-19 17:00"),
        (target("coverage", business_days=2), [("11-17 17:00", "11-18 08:00")], "11-18 17:00"),
    ],
)
def test_a_clock_that_stands_still_is_due_later_by_what_it_lost(
    what: Target, pauses: list[tuple[str, str | None]], expected: str | None
) -> None:
    assert due(what, "11-16 10:00", *pauses) == expected


def test_hours_that_give_too_little_are_never_due() -> None:
    what = target("coverage", amount="3000h")
    assert due(what, "11-16 10:00") is None
    assert due(target("coverage", amount="2000h"), "11-16 10:00") is not None


def test_an_agreement_comes_back_from_the_journal_as_it_was() -> None:
    shipped = load_contract("agility")
    given = decided(
        shipped.contract,
        shipped.source,
        '{"decisions": {"minor_reading": "24_business_hours"}}',
        holidays={date(2026, 11, 26): "Thanksgiving"},
        overrides={date(2026, 11, 27): (Hours(open="08:00", close="12:00"),), date(2026, 12, 24): ()},
    )
    kept = Agreement.read(given.written())
    assert kept == given
    assert kept.contract.decisions.minor_reading == "24_business_hours"
    assert kept.due("minor", "respond", at("11-25 16:00")) == at("12-01 14:00")  # 2, 4, 11 and 7 hours
