"""`trunkwatch due` and `trunkwatch calendar show`: what they print, and the sentence of each refusal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.loading import load_contract, load_setup
from tests.test_closed_days import BOTH, written

FRIDAY = "2026-11-20T17:02:00-06:00"
NO_SITE = "No site was named (--site): no holidays and no other hours are counted."


def asked(*words: str | Path, status: int = 0) -> str:
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def due(*words: str | Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(asked("due", *words, "--json"))
    return answer


def test_the_answer_shows_the_arithmetic_in_local_time() -> None:
    said = asked("due", "--contract", "agility", "--severity", "major", "--received", FRIDAY)
    assert said.splitlines()[:4] == [
        "agility 51401-1, major, received Fri 2026-11-20 17:02 CST",
        "",
        "respond by  Mon 2026-11-23 09:02 CST",
        "            3 h of open hours: 58 min Friday, 2 h 2 min Monday",
    ]
    assert "responded to by help desk support within 3 business hours" in said
    assert said.splitlines()[-2:] == [
        "coverage    schedule-b: mon-fri 07:00-18:00, America/Chicago",
        NO_SITE,
    ]


def test_the_json_has_every_step_and_the_same_arithmetic() -> None:
    answer = due("--severity", "major", "--received", "2026-11-20T23:02:00Z")
    assert {key: value for key, value in answer.items() if key not in ("steps", "notes")} == {
        "contract": "agility",
        "version": "51401-1",
        "severity": "major",
        "received": FRIDAY,
        "coverage_hours": "schedule-b",
        "respond_by": "2026-11-23T09:02:00-06:00",
        "assign_by": None,
        "resolve_by": None,
        "arithmetic": "3 h of open hours: 58 min Friday, 2 h 2 min Monday",
        "site": None,
    }
    assert answer["notes"] == [NO_SITE]
    assert [(step["step"], step["calendar"]) for step in answer["steps"]] == [("respond", "schedule-b")]


@pytest.mark.parametrize(
    ("severity", "received", "hours", "respond_by"),
    [
        ("major", "2026-11-20T15:00:00-06:00", "schedule-b", "2026-11-20T18:00:00-06:00"),
        ("major", FRIDAY, "order", "2026-11-23T09:00:00-06:00"),
        ("major", FRIDAY, "24x7", "2026-11-20T20:02:00-06:00"),
        ("minor", "2026-11-20T10:00:00-06:00", "schedule-b", "2026-11-23T07:00:00-06:00"),
        ("major", "2026-03-07T23:30:00-06:00", "24x7", "2026-03-08T03:30:00-05:00"),
    ],
)
def test_the_coverage_hours_can_be_named(severity: str, received: str, hours: str, respond_by: str) -> None:
    answer = due("--severity", severity, "--received", received, "--coverage-hours", hours)
    assert (answer["coverage_hours"], answer["respond_by"]) == (hours, respond_by)


def test_a_site_brings_its_holidays_decisions_and_clock(tmp_path: Path) -> None:
    site = written(tmp_path, BOTH + "contract: {decisions: {minor_reading: 24_business_hours}}\n")
    answer = due("--site", site, "--severity", "major", "--received", "2026-11-25 17:00")
    assert answer["respond_by"] == "2026-11-27T09:00:00-06:00"
    assert answer["arithmetic"].endswith("1 h Wednesday, 2 h Friday; Thursday closed (Thanksgiving)")
    assert answer["site"] == "Riverside"
    assert answer["notes"][0] == "The holidays and other hours of Riverside are counted."
    # the minor failure as the site reads it; by name also in a year that no date is given for
    minor = due("--site", site, "--severity", "minor", "--received", "2029-11-21T17:00:00-06:00")
    assert minor["respond_by"] == "2029-11-27T08:00:00-06:00"
    assert "Thursday closed (Thanksgiving Day)" in minor["arithmetic"]
    assert minor["notes"][1] == "Its holidays given by date end on 2026-11-26, before that."
    alone = due("--severity", "major", "--received", "2026-11-25T17:00:00-06:00")
    assert alone["respond_by"] == "2026-11-26T09:00:00-06:00"


def test_a_site_somewhere_else_is_answered_in_its_own_time(tmp_path: Path) -> None:
    site = written(tmp_path, "")
    site.write_text(site.read_text().replace("zone: America/Chicago", "zone: America/Denver", 1))
    answer = due("--site", site, "--severity", "major", "--received", "2026-11-20 16:02")
    assert (answer["received"], answer["respond_by"]) == (
        "2026-11-20T16:02:00-07:00",
        "2026-11-23T08:02:00-07:00",
    )


PRIORITIES = """\
contract: priorities
title: Four priorities
version: "1"
source: somewhere
severities: [p1, p3]
clauses: [{id: any, severity: p3, when: any, words: any}]
targets:
  - {severity: p1, step: respond, amount: 18 min, clock: around_the_clock}
  - {severity: p1, step: resolve, amount: 4h, clock: around_the_clock}
  - {severity: p3, step: respond, clock: end_of_window}
  - {severity: p3, step: assign, clock: end_of_next_business_day, calendar: late}
calendars:
  day: {zone: America/Chicago, open: {mon-fri: ["08:00-17:00"]}}
  late: {zone: America/Chicago, open: {mon-sat: ["12:00-20:00"]}}
"""


def test_a_contract_file_can_be_asked_and_each_of_its_steps(tmp_path: Path) -> None:
    file = tmp_path / "priorities.yaml"
    file.write_text(PRIORITIES)
    first = due("--contract", file, "--severity", "p1", "--received", FRIDAY)
    assert (first["respond_by"], first["assign_by"], first["resolve_by"]) == (
        "2026-11-20T17:20:00-06:00",
        None,
        "2026-11-20T21:02:00-06:00",
    )
    third = due("--contract", file, "--severity", "p3", "--received", FRIDAY)
    assert (third["respond_by"], third["assign_by"]) == (
        "2026-11-23T17:00:00-06:00",
        "2026-11-21T20:00:00-06:00",
    )
    text = asked("due", "--contract", file, "--severity", "p3", "--received", FRIDAY)
    assert "hours       late: mon-sat 12:00-20:00, America/Chicago" in text
    # a site's holidays count with another contract, its decisions do not
    site = written(tmp_path, BOTH)
    there = due("--site", site, "--contract", file, "--severity", "p3", "--received", "2026-11-25 18:00")
    assert (there["contract"], there["respond_by"]) == ("priorities", "2026-11-27T17:00:00-06:00")


SUCH = "expected a time such as 2026-11-20T17:02:00-06:00; got "
NO_FILE = "expected a file that can be read; got No such file or directory"


@pytest.mark.parametrize(
    ("option", "given", "sentence"),
    [
        (
            "severity",
            "majr",
            "expected a severity of the contract agility (did you mean 'major'?); got 'majr'",
        ),
        ("received", "soon", SUCH + "'soon'"),
        ("received", "2026-02-30T10:00Z", SUCH + "'2026-02-30T10:00Z'"),
        ("received", "2026-11-20", SUCH + "'2026-11-20', a day"),
        (
            "received",
            "2026-11-20T17:02",
            "expected a time with its offset from UTC such as 2026-11-20T17:02:00-06:00 (with --site, the "
            "site's clock is meant without one); got '2026-11-20T17:02'",
        ),
        (
            "received",
            "9999-12-31T23:00Z",
            "expected a time of the years 1970 to 2100; got '9999-12-31T23:00Z'",
        ),
        (
            "coverage-hours",
            "ordr",
            "expected a calendar of the contract agility (did you mean 'order'?); got 'ordr'",
        ),
        (
            "contract",
            "agilty",
            "expected a contract that is shipped, or the path of a contract file (did you mean 'agility'?); "
            "got 'agilty'",
        ),
        ("contract", "./none.yaml", f"none.yaml: {NO_FILE}"),
        ("site", "/none.yaml", f"/none.yaml: {NO_FILE}"),
    ],
)
def test_each_refusal_is_one_sentence_and_exit_2(option: str, given: str, sentence: str) -> None:
    usual = {"severity": "major", "received": FRIDAY} | {option: given}
    said = asked("due", *(word for name, value in usual.items() for word in (f"--{name}", value)), status=2)
    assert said == sentence + "\n"


@pytest.mark.parametrize("received", ["2026-11-01 01:30", "2026-03-08 02:30"])
def test_a_time_without_an_offset_in_an_hour_that_is_changed_is_refused(
    received: str, tmp_path: Path
) -> None:
    said = asked(
        "due", "--site", written(tmp_path, ""), "--severity", "major", "--received", received, status=2
    )
    assert said == (
        "expected a time with its offset from UTC, as the clock of America/Chicago was changed in that hour; "
        f"got '{received}:00'\n"
    )


def test_no_site_file_is_taken_that_was_not_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRUNKWATCH_SITE", str(written(tmp_path, BOTH)))
    assert due("--severity", "major", "--received", "2026-11-25T17:00:00-06:00")["site"] is None


# --- calendar show ----------------------------------------------------------------------------------------


def test_the_calendar_shows_open_hours_and_every_holiday_with_its_origin(tmp_path: Path) -> None:
    site = written(tmp_path, BOTH)
    said = asked("calendar", "show", "--site", site, "--year", "2026").splitlines()
    assert said[:6] == [
        "agility 51401-1, 2026, Riverside",
        "",
        "schedule-b  mon-fri 07:00-18:00, America/Chicago  (coverage hours in force)",
        "order       mon-fri 06:00-17:00, America/Chicago",
        "24x7        mon-sun 00:00-24:00, America/Chicago",
        "",
    ]
    assert (
        f"  Thu 2026-11-26  Thanksgiving      {site}:9, by date; {site}:8, by name: holidays 0.109, US"
        in said
    )
    assert f"  Thu 2026-12-24  07:00-12:00  early closing  {site}:12" in said
    assert f"  Mon 2026-11-30  closed                      {site}:13" in said
    assert said[-1].startswith("Holidays are known by name until 20")


def test_the_calendar_as_json(tmp_path: Path) -> None:
    text = BOTH + 'attended: {zone: America/Chicago, open: {mon-fri: ["08:00-17:00"]}}\n'
    answer = json.loads(
        asked("calendar", "show", "--site", written(tmp_path, text), "--year", "2027", "--json")
    )
    assert [(each["day"], each["weekday"], each["name"]) for each in answer["holidays"]] == [
        ("2027-07-05", "Monday", "Independence Day"),
        ("2027-11-25", "Thursday", "Thanksgiving Day"),
    ]
    assert [each["name"] for each in answer["calendars"]] == ["schedule-b", "order", "24x7", "attended"]
    assert [each["name"] for each in answer["calendars"] if each["in_force"]] == ["schedule-b"]
    assert answer["overrides"] == []


def test_a_contract_alone_is_shown_without_anybodys_holidays() -> None:
    answer = json.loads(asked("calendar", "show", "--contract", "agility", "--json"))
    assert (answer["site"], answer["holidays"], answer["notes"]) == (None, [], [NO_SITE])


def events_of(content: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(content).walk("VEVENT"))


def test_the_icalendar_file_reads_back_as_the_hours_that_due_times_are_counted_by(tmp_path: Path) -> None:
    site, file = written(tmp_path, BOTH), tmp_path / "hours.ics"
    asked("calendar", "show", "--site", site, "--year", "2026", "--ical", file)
    events = events_of(file.read_text())
    assert len({str(event["UID"]) for event in events}) == len(events)
    hours = load_setup(site, with_secrets=False, year=2026).agreement.hours()
    begin, end = (datetime(year, 1, 1, tzinfo=hours.zone) for year in (2026, 2027))
    opened = [(event.start, event.end) for event in events if "TRANSP" not in event]
    assert opened == [(low.astimezone(UTC), high.astimezone(UTC)) for low, high in hours.spans(begin, end)]
    closed = {event.start: str(event["SUMMARY"]) for event in events if "TRANSP" in event}
    assert closed == {
        date(2026, 7, 6): "closed: Independence Day",
        date(2026, 11, 26): "closed: Thanksgiving",
        date(2026, 11, 30): "closed",
        date(2026, 12, 24): "open 07:00-12:00 only: early closing",
    }
    assert {event.end - event.start for event in events if "TRANSP" in event} == {timedelta(days=1)}


def test_the_icalendar_file_on_standard_output_is_nothing_else() -> None:
    said = asked("calendar", "show", "--contract", "agility", "--year", "2026", "--ical", "-")
    events = events_of(said)
    hours = load_contract("agility").hours()
    begin, end = (datetime(year, 1, 1, tzinfo=hours.zone) for year in (2026, 2027))
    assert len(events) == len(list(hours.spans(begin, end))) == 261


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    said = asked("calendar", "show", "--contract", "agility", "--ical", tmp_path, status=1)
    assert said == f"expected a file that can be written; got {tmp_path}: Is a directory\n"
