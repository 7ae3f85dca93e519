"""Calendars as they are written in YAML: what they become, and the sentence of each mistake."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from agent.calendar_spec import CalendarSpec
from agent.calendars import Window

CHICAGO = ZoneInfo("America/Chicago")
WEEKDAYS = frozenset(range(5))


def spec(opened: object, **rest: object) -> CalendarSpec:
    return CalendarSpec.model_validate({"zone": "America/Chicago", "open": opened, **rest})


def test_hours_in_yaml_become_a_calendar() -> None:
    what = spec({"mon-fri": ["07:00-18:00"], "sat": ["22:00 - 06:00"]}).to_calendar({date(2026, 11, 26): "T"})
    assert what.windows == (
        Window(days=WEEKDAYS, open="07:00", close="18:00"),
        Window(days=frozenset({5}), open="22:00", close="06:00"),
    )
    assert what.zone is CHICAGO
    assert what.holidays == {date(2026, 11, 26): "T"}


def test_days_wrap_and_overlapping_windows_are_one() -> None:
    assert spec({"fri-mon": ["07:00-12:00", "12:00-18:00"], "sun": ["17:00-20:00"]}).windows() == (
        Window(days=frozenset({0, 4, 5}), open="07:00", close="18:00"),
        Window(days=frozenset({6}), open="07:00", close="20:00"),
    )
    inner = spec({"tue": ["07:00-18:00", "10:00-12:00"]}).windows()
    assert inner == (Window(days=frozenset({1}), open="07:00", close="18:00"),)
    night = spec({"mon": ["18:00-24:00", "22:00-06:00"]}).windows()
    assert night == (Window(days=frozenset({0}), open="18:00", close="06:00"),)
    around = spec({"mon-sun": ["00:00-12:00", "12:00-24:00"]}).windows()
    assert around == (Window(days=frozenset(range(7)), open="00:00", close="24:00"),)


@pytest.mark.parametrize("texts", [["00:00-24:00", "22:00-06:00"], ["07:00-06:00", "05:00-08:00"]])
def test_windows_that_together_pass_a_whole_day_stay_apart_and_count_once(texts: list[str]) -> None:
    what = spec({"mon": texts}).to_calendar({})
    begin = datetime(2026, 6, 1, tzinfo=CHICAGO)
    earliest = 0 if texts[0] == "00:00-24:00" else 5
    assert what.between(begin, begin + timedelta(days=3)) == timedelta(hours=30 - earliest)


DAYS = (
    "expected a day or a range of days such as sat, mon-fri or fri-mon, of mon tue wed thu fri sat sun; got "
)
OPEN = 'expected days with their windows such as {mon-fri: ["07:00-18:00"]}; got '
LIST = 'expected a list of windows such as ["07:00-18:00"]; got '
WINDOW = "expected a window such as 07:00-18:00, in quotes; got "
TIME = "expected a time from 00:00 to 24:00 such as 07:00; got "
DIFFERENT = "expected two different times (00:00-24:00 is a whole day); got "


@pytest.mark.parametrize(
    ("opened", "sentence"),
    [
        ({}, OPEN + "none, so that it would never open"),
        (["mon"], OPEN + "['mon']"),
        ({"": ["07:00-18:00"]}, DAYS + "''"),
        ({"mon-mon": ["07:00-18:00"]}, DAYS + "'mon-mon'"),
        ({"monday": ["07:00-18:00"]}, DAYS + "'monday'"),
        ({"mon-": ["07:00-18:00"]}, DAYS + "'mon-'"),
        ({1: ["07:00-18:00"]}, DAYS + "1"),
        ({"mon": []}, LIST + "an empty one (leave out a day that is closed)"),
        ({"mon": "07:00-18:00"}, LIST + "'07:00-18:00'"),
        ({"mon": [1080]}, WINDOW + "1080"),
        ({"mon": ["07:00"]}, WINDOW + "'07:00'"),
        ({"mon": ["7:00-18:00"]}, TIME + "'7:00'"),
        ({"mon": ["07:00-25:00"]}, TIME + "'25:00'"),
        ({"mon": ["07:00-18:00-19:00"]}, TIME + "'18:00-19:00'"),
        ({"mon": ["24:00-08:00"]}, "expected an opening time from 00:00 to 23:59; got '24:00'"),
        ({"mon": ["07:00-07:00"]}, DIFFERENT + "'07:00-07:00', which could mean all day or never"),
    ],
)
def test_each_mistake_in_yaml_has_its_sentence(opened: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        spec(opened)
    assert [error["msg"] for error in caught.value.errors()] == [f"Value error, {sentence}"]
