"""Holidays by name: which dates they become, against the law's own rules, and what is said of other names."""

from __future__ import annotations

import calendar
import subprocess
import sys
from datetime import date, timedelta

import pytest

from agent.holiday_names import Observed, UnknownCountryError, UnknownNameError, named_days
from tests.watched import CHECKOUT


def kept(name: str, observed: Observed = "nearest", country: str = "US", *, years: str) -> list[str]:
    first, _, last = years.partition("-")
    return [
        str(day.kept)
        for day in named_days(name, country, observed, first=int(first), last=int(last or first))
    ]


@pytest.mark.parametrize(
    ("name", "observed", "country", "years", "dates"),
    [
        ("Thanksgiving Day", "nearest", "US", "2026-2028", ["2026-11-26", "2027-11-25", "2028-11-23"]),
        ("Independence Day", "none", "US", "2026-2027", ["2026-07-04", "2027-07-04"]),
        ("Independence Day", "nearest", "US", "2026-2027", ["2026-07-03", "2027-07-05"]),
        ("Independence Day", "monday", "US", "2026-2027", ["2026-07-06", "2027-07-05"]),
        # New Year's Day of 2028 is a Saturday: kept in the year before
        ("New Year's Day", "nearest", "US", "2027", ["2027-01-01", "2027-12-31"]),
        ("New Year's Day", "nearest", "US", "2028", []),
        ("New Year's Day", "monday", "US", "2028", ["2028-01-03"]),
        ("christmas  day", "none", "us", "2026", ["2026-12-25"]),
        ("New Year\N{RIGHT SINGLE QUOTATION MARK}s Day", "none", "US", "2026", ["2026-01-01"]),
        # no public holiday of the country, and one of a part of it
        ("Christmas Eve", "none", "US", "2026", ["2026-12-24"]),
        ("Friday After Thanksgiving", "none", "US-TX", "2026", ["2026-11-27"]),
        # in its own language, or in English
        ("Neujahr", "none", "DE", "2026", ["2026-01-01"]),
        ("New Year's Day", "none", "DE", "2026", ["2026-01-01"]),
        # before there was such a day: known, and none
        ("Juneteenth National Independence Day", "none", "US", "1995-2000", []),
    ],
)
def test_a_name_becomes_the_dates_on_which_it_is_kept(
    name: str, observed: Observed, country: str, years: str, dates: list[str]
) -> None:
    assert kept(name, observed, country, years=years) == dates


def nth(year: int, month: int, weekday: int, number: int) -> date:
    days = [day for week in calendar.monthcalendar(year, month) if (day := week[weekday])]
    return date(year, month, days[number])


FEDERAL = {  # 5 U.S.C. 6103
    "New Year's Day": lambda year: date(year, 1, 1),
    "Birthday of Martin Luther King, Jr.": lambda year: nth(year, 1, 0, 2),
    "Washington's Birthday": lambda year: nth(year, 2, 0, 2),
    "Memorial Day": lambda year: nth(year, 5, 0, -1),
    "Juneteenth National Independence Day": lambda year: date(year, 6, 19),
    "Independence Day": lambda year: date(year, 7, 4),
    "Labor Day": lambda year: nth(year, 9, 0, 0),
    "Columbus Day": lambda year: nth(year, 10, 0, 1),
    "Veterans Day": lambda year: date(year, 11, 11),
    "Thanksgiving Day": lambda year: nth(year, 11, 3, 3),
    "Christmas Day": lambda year: date(year, 12, 25),
}


@pytest.mark.parametrize("name", FEDERAL)
def test_the_federal_holidays_of_sixty_years_fall_where_the_law_puts_them(name: str) -> None:
    fallen = [FEDERAL[name](year) for year in range(2022, 2082)]
    assert [day.falls for day in named_days(name, "US", "none", first=2022, last=2081)] == fallen
    # and the nearest weekday is kept: Friday for a Saturday, Monday for a Sunday
    near = [day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)) for day in fallen]
    last = date(2081, 12, 31)
    found = [day.kept for day in named_days(name, "US", "nearest", first=2022, last=2081)]
    assert [day for day in found if day not in near] in ([], [last])  # New Year's Day of the year after
    assert [day for day in near if day not in found] in ([], [date(2021, 12, 31)])


@pytest.mark.parametrize(
    ("name", "country", "sentence"),
    [
        (
            "Thanksgiving",
            "US",
            "expected a holiday of US (did you mean 'Thanksgiving Day'?); got 'Thanksgiving'",
        ),
        ("Labour Day", "US", "expected a holiday of US (did you mean 'Labor Day'?); got 'Labour Day'"),
        (
            "Veteran",
            "US",
            "expected a holiday of US (did you mean 'Veterans Day'?); got 'Veteran'",
        ),
        (
            "x",
            "USA",
            "expected a country such as US, or a part of it such as US-TX (did you mean 'US'?); got 'USA'",
        ),
    ],
)
def test_a_name_that_is_none_is_answered_with_the_one_that_was_meant(
    name: str, country: str, sentence: str
) -> None:
    with pytest.raises((UnknownNameError, UnknownCountryError)) as caught:
        kept(name, country=country, years="2026")
    assert str(caught.value) == sentence


def test_a_name_like_no_other_is_answered_with_those_that_share_a_word_first() -> None:
    with pytest.raises(
        UnknownNameError, match=r"^expected a holiday of US \(one of Day After Christmas, Thanks"
    ):
        kept("the day after our Thanksgiving dinner", years="2026")
    with pytest.raises(UnknownCountryError, match=r"^expected a part of US \(one of AK, AL, .*; got 'ZZ'$"):
        kept("x", country="US-ZZ", years="2026")


@pytest.mark.parametrize(("named", "loaded"), [(False, "False"), (True, "True")])
def test_only_a_site_that_names_a_holiday_loads_the_library(
    named: bool, loaded: str, tmp_path: object
) -> None:
    holidays = "[{name: Labor Day}]" if named else "[{date: 2026-12-25, name: Christmas}]"
    ask = f"""
import sys, pathlib
site = pathlib.Path(sys.argv[1]) / "site.yaml"
site.write_text('''
site: Riverside
zone: America/Chicago
locations: [{{name: main}}]
systems:
  - {{name: cm1, product: communication_manager, location: main, address: 192.0.2.10,
     snmp: {{version: 2c, community: {{env: A}}}}}}
holidays: {holidays}
''')
from agent import cli
from agent.loading import load_setup
load_setup(site, with_secrets=False)
print("holidays" in sys.modules, "icalendar" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", ask, str(tmp_path)], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{loaded} False\n"
