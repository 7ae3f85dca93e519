"""The line that says how a due time comes about, and the stretches behind it."""

from __future__ import annotations

import locale
from datetime import UTC, timedelta
from typing import Any

import pytest

from agent.calendars import Pause
from agent.contract import Target
from agent.reckoning import length, reckon
from tests.test_agreement import DAY_LONG, HOURS_6, NEXT_DAY, WINDOW, agreement, at, target


@pytest.mark.parametrize(
    ("what", "received", "words"),
    [
        (target("coverage", amount="3h"), "11-20 16:02",
         "3 h of open hours: 58 min Friday, 2 h 2 min Monday"),
        (target("coverage", amount="3h"), "11-20 16:01:30",
         "3 h of open hours: 58 min 30 s Friday, 2 h 1 min 30 s Monday"),
        (HOURS_6, "11-16 11:00", "6 h of open hours: 6 h Monday"),
        (target("coverage", amount="6h", calendar="halves"), "11-16 11:00",
         "6 h of open hours: 5 h Monday, 1 h Tuesday"),
        (HOURS_6, "11-25 15:01",  # over the holiday, and past the early closing
         "6 h of open hours: 1 h 59 min Wednesday, 4 h Friday, 1 min Monday; Thursday closed (Thanksgiving); "
         "Friday open 08:00-12:00 only"),
        (target("coverage", amount="40h"), "11-16 16:00",
         "40 h of open hours: 1 h Monday 2026-11-16, 36 h on 4 days between, 3 h Monday 2026-11-23"),
        (target("coverage", amount="6h", calendar="night"), "03-06 23:00",
         "6 h of open hours: 6 h Friday"),
        (DAY_LONG, "11-16 10:00", "24 h as the clock runs: Tuesday 10:00"),
        (DAY_LONG, "11-20 10:00",
         "24 h as the clock runs: Saturday 10:00, when it is closed; opens Monday 08:00"),
        (target("around_the_clock", amount="15 min"), "11-26 03:00",
         "15 min as the clock runs, open or not: Thursday 03:15"),
        (WINDOW, "11-16 10:00", "the window ends Monday 17:00"),
        (WINDOW, "11-16 17:00", "closed; the next window ends Tuesday 17:00"),
        (NEXT_DAY, "11-20 16:00", "the next open day after Friday ends Monday 17:00"),
        (target("coverage", business_days=1), "11-16 09:00",
         "1 open day after Monday: the last ends Tuesday 17:00"),
        (target("coverage", business_days=6), "11-16 09:00",
         "6 open days after Monday 2026-11-16: the last ends Tuesday 2026-11-24 17:00"),
        (target("coverage", amount="3000h"), "11-16 09:00",
         "never: these hours do not give so much within 400 days"),
    ],
)  # fmt: skip
def test_the_line_says_which_hours_counted(what: Target, received: str, words: str) -> None:
    assert reckon(agreement(), what, at(received)).words == words


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        ("elapsed", "24 h as the clock runs: Saturday 18:00, when it is closed; opens Monday 08:00"),
        ("from_next_opening", "closed; opens Monday 08:00, and 24 h as the clock runs: Tuesday 08:00"),
        ("24_business_hours",
         "24 h of open hours: 9 h Monday, 9 h Tuesday, 6 h Wednesday"),
    ],
)  # fmt: skip
def test_the_line_follows_the_sites_reading_of_a_minor_failure(reading: str, words: str) -> None:
    found = reckon(agreement(minor_reading=reading), target("minor_reading", amount="24h"), at("11-20 18:00"))
    assert found.words == words


def test_a_clock_that_stood_still_is_said_with_the_time_that_it_lost() -> None:
    held = [Pause(begin=at("11-16 16:00"), end=at("11-17 08:30"))]
    found = reckon(agreement(), HOURS_6, at("11-16 15:00"), pauses=held)
    assert found.words == ("6 h of open hours: 1 h Monday, 5 h Tuesday; its clock stood still for 1 h 30 min")
    assert found.due == at("11-17 13:30")
    still = reckon(agreement(), HOURS_6, at("11-16 15:00"), pauses=[Pause(begin=at("11-16 16:00"))])
    assert (still.due, still.words) == (None, "never, as long as its clock stands still")


@pytest.mark.parametrize(
    "what",
    [
        HOURS_6,
        DAY_LONG,
        target("around_the_clock", amount="30h"),
        target("coverage", amount="50h", calendar="night"),
    ],
)
@pytest.mark.parametrize("received", ["03-07 23:30", "10-31 23:30", "11-16 10:00", "11-25 16:00"])
@pytest.mark.parametrize("paused", [False, True])
def test_the_stretches_add_up_to_the_amount_and_lie_in_order(
    what: Target, received: str, paused: bool
) -> None:
    held = [Pause(begin=at(received), end=at(received) + timedelta(hours=30))] if paused else []
    found = reckon(agreement(), what, at(received), pauses=held)
    spans = [(low.astimezone(UTC), high.astimezone(UTC)) for low, high in found.stretches]
    assert sum((high - low for low, high in spans), timedelta(0)) == what.amount
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert found.due is not None
    assert spans[-1][1] <= found.due.astimezone(UTC)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ({"hours": 24}, "24 h"),
        ({"minutes": 58}, "58 min"),
        ({"minutes": 122}, "2 h 2 min"),
        ({"seconds": 30.5}, "30.5 s"),
        ({"days": 3, "seconds": 1}, "72 h 1 s"),
        ({}, "0 min"),
    ],
)
def test_a_length_is_told_in_full(amount: dict[str, Any], text: str) -> None:
    assert length(timedelta(**amount)) == text


def test_the_days_are_english_whatever_the_locale() -> None:
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"):
        before = locale.setlocale(locale.LC_TIME)
        try:
            locale.setlocale(locale.LC_TIME, name)
        except locale.Error:
            continue
        try:
            assert "Monday" in reckon(agreement(), HOURS_6, at("11-16 11:00")).words
        finally:
            locale.setlocale(locale.LC_TIME, before)
