"""The closed days of a site file: names become dates, each with its origin, for every contract alike."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from agent.config import ConfigError
from agent.loading import Setup, load_setup
from agent.printing import console, show_setup

SITE = """\
site: Riverside
zone: America/Chicago
locations: [{name: main}]
systems:
  - {name: cm1, product: communication_manager, location: main, address: 192.0.2.10,
     snmp: {version: 2c, community: {env: A}}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(SITE + text)
    return path


def loaded(folder: Path, text: str, *, year: int = 2026) -> Setup:
    return load_setup(written(folder, text), with_secrets=False, year=year)


BOTH = """\
holidays:
  - {name: Thanksgiving Day}
  - {date: 2026-11-26, name: Thanksgiving}
  - {name: Independence Day, observed: monday}
overrides:
  - {date: 2026-12-24, open: ["07:00-12:00"], why: early closing}
  - {date: 2026-11-30}
"""


def test_each_date_stands_once_with_where_it_comes_from(tmp_path: Path) -> None:
    setup = loaded(tmp_path, BOTH)
    place = f"{tmp_path}/site.yaml"
    told = {str(each.day): (each.name, each.source) for each in setup.closed.dates if each.day.year == 2026}
    assert told == {
        "2026-07-06": (
            "Independence Day",
            f"{place}:10, by name: holidays 0.109, US, falls on Saturday 2026-07-04, observed monday",
        ),
        "2026-11-26": ("Thanksgiving", f"{place}:9, by date; {place}:8, by name: holidays 0.109, US"),
    }
    assert [
        (str(each.day), list(map(str, each.hours)), each.why, each.source) for each in setup.closed.others
    ] == [
        ("2026-11-30", [], "", f"{place}:13"),
        ("2026-12-24", ["07:00-12:00"], "early closing", f"{place}:12"),
    ]


def test_names_become_dates_for_the_year_before_and_five_years_on(tmp_path: Path) -> None:
    setup = loaded(tmp_path, BOTH)
    years = [each.day.year for each in setup.closed.dates if each.name != "Thanksgiving"]
    assert (min(years), max(years)) == (2025, 2031)
    assert (setup.closed.named_until, setup.closed.dated_until) == (date(2031, 12, 31), date(2026, 11, 26))
    later = loaded(tmp_path, BOTH, year=2027)  # as the next start does
    assert max(each.day.year for each in later.closed.dates) == 2032


def test_due_times_of_every_contract_are_counted_with_them(tmp_path: Path) -> None:
    setup = loaded(tmp_path, BOTH + "contract: {mapped: agility}\n")
    assert setup.mapped is not None
    for agreement in (setup.agreement, setup.mapped):
        assert date(2029, 11, 22) in agreement.holidays
        assert agreement.overrides[date(2026, 11, 30)] == ()
    kept = setup.agreement.written()
    assert [each.name for each in kept.holidays if each.day == date(2026, 7, 6)] == ["Independence Day"]


def test_every_name_and_country_that_is_none_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = """\
holidays:
  - {name: Thanksgiving}
  - {name: Labor Day, country: USA}
  - name: Boxing Day
    country: GB
  - name: Boxing Day
    country: US-XX
"""
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text)
    path = tmp_path / "site.yaml"
    assert str(refused.value).splitlines() == [
        f"{path}:8:12: holidays[0].name: expected a holiday of US (did you mean 'Thanksgiving Day'?); "
        "got 'Thanksgiving'",
        f"{path}:9:32: holidays[1].country: expected a country such as US, or a part of it such as US-TX "
        "(did you mean 'US'?); got 'USA'",
        f"{path}:13:14: holidays[3].country: expected a part of US (one of AK, AL, AR, AS, AZ, CA, CO, CT, "
        "DC, DE, FL, GA, …); got 'XX'",
    ]


def test_check_says_until_when_dates_are_known_and_warns(tmp_path: Path) -> None:
    text = BOTH + 'attended: {zone: America/Chicago, open: {mon-sun: ["01:30-17:00"]}}\n'
    screen = console()
    with screen.capture() as capture:
        screen.print(show_setup(loaded(tmp_path, text), date(2026, 11, 1)))
    said = capture.get().splitlines()
    assert "           holidays are known by name until 2031-12-31, by date until 2026-11-26" in said
    assert [line for line in said if line.startswith("warning")] == [
        "warning    calendar attended opens or closes at 01:30, and on 2026-11-01 the clock of "
        "America/Chicago shows it twice (it goes from 02:00 to 01:00)",
        "warning    the holidays given by date end on 2026-11-26: add the next ones, or give them by name",
    ]


def test_a_site_without_holidays_is_told_nothing_of_them(tmp_path: Path) -> None:
    setup = loaded(tmp_path, "")
    assert setup.warnings(date(2026, 11, 1)) == ()
    assert setup.closed.known() == "for no day: none are given"
    assert json.loads(setup.agreement.decided) == {"decisions": {}, "term": None}
