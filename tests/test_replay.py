"""Replays: files of readings as stories, and the tickets that a program is told of (rule I10)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.cli import app
from agent.entries import Entry
from agent.reading_lines import read_lines, written
from agent.reading_log import ReadingLog
from agent.readings_file import ReadingsFile
from agent.replaying import replay
from agent.showing import Terms
from agent.watch import Watch, Way
from collectors.base import Observation, Reading, RestartEvent
from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, an_agreement, seen, stations, trunk_group, works
from tests.watched import CHECKOUT

SITE: dict[str, Any] = {
    "site": "Story",
    "zone": "America/Chicago",
    "locations": [{"name": "main"}, {"name": "east"}],
    "systems": [
        {
            "name": "cm1",
            "product": "communication_manager",
            "location": "main",
            "address": "192.0.2.10",
            "sat": {"user": "look", "password": {"credential": "nobody-has-this"}},
        },
        {
            "name": "gw-east",
            "product": "media_gateway",
            "location": "east",
            "address": "192.0.2.20",
            "gateway_number": 1,
            "snmp": {"version": "2c", "community": {"credential": "nobody-has-this"}},
        },
    ],
}

# The very line that readings.md shows, and the other half of the trunks.
HALF: dict[str, Any] = {
    "at": "2026-11-20T17:02:00-06:00",
    "system": "cm1",
    "source": "poll",
    "protocol": "sat",
    "error": None,
    "complete": ["alarm"],
    "observations": [
        {
            "role": "trunks",
            "component": "trunk-group 1",
            "lost": 23,
            "total": 23,
            "planned": 0,
            "degraded": 0,
            "use": "public",
            "side": "far",
            "detail": "members out-of-service",
        },
        {"role": "trunks", "component": "trunk-group 2", "lost": 0, "total": 23, "use": "public"},
        {
            "role": "stations",
            "component": "stations",
            "present": 118,
            "administered": 190,
            "by_kind": {"ip": 110, "dcp": 8},
        },
        {
            "role": "alarm",
            "component": "DIG-LINE 014V517",
            "lost": 1,
            "total": 1,
            "vendor_severity": "warning",
        },
    ],
}


class Bench:
    """A folder with a site file, and the command on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = self.write("site.yaml", yaml.safe_dump(SITE))

    def write(self, name: str, text: str) -> Path:
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def lines(self, *lines: dict[str, Any] | str, name: str = "readings.jsonl") -> Path:
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        return self.write(name, "\n".join(texts) + "\n")

    def replay(self, *arguments: object, status: int = 0, input: str | None = None) -> str:  # noqa: A002 - CliRunner's word
        words = ["replay", *map(str, arguments), "--site", str(self.site)]
        done = CliRunner().invoke(app, words, input=input)
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    def told(self, *arguments: object, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.replay(*arguments, "--json", **more))
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def at(time: str, line: dict[str, Any] = HALF, **changes: Any) -> dict[str, Any]:
    """The line at that time of the same day."""
    return line | {"at": f"2026-11-20T{time}-06:00"} | changes


def well(time: str, **changes: Any) -> dict[str, Any]:
    """The same with all trunks in service."""
    rows = [{**row, "lost": 0} if row["role"] == "trunks" else row for row in HALF["observations"]]
    return at(time, observations=rows, **changes)


def test_the_example_of_the_vocabulary_gives_the_ticket_that_stands_beside_it(bench: Bench) -> None:
    told = bench.told(bench.lines(HALF, at("17:04:00")))
    (ticket,) = told["tickets"]
    expected = {
        "id": "TW-000001",
        "system": "cm1",
        "component": "trunks",
        "location": None,
        "clause": "half-capacity",
        "clauses": ["half-capacity"],
        "rules": ["T1", "T6"],
        "severity": "major",
        "severities": [["2026-11-20T17:03:00-06:00", "major"]],
        "responsibility": "carrier",
        "received": "2026-11-20T17:03:00-06:00",
        "respond_by": "2026-11-23T09:03:00-06:00",
        "state": "open",
        "resolved": None,
        "reopened": 0,
        "rounds": [],
        "flapping": False,
        "storm": False,
        "primary_numbers": [],
        "children": [{"system": "cm1", "component": "trunk-group 1"}],
        "evidence": ["cm1 trunk-group 1 (members out-of-service): 23 of 23 lost (sat, 17:02:00)"],
        "suppressed": [],
    }
    assert {key: ticket[key] for key in expected} == expected
    assert ticket["summary"] == "23 of 46 trunks out of service"
    assert ticket["clause_text"] == "50% of trunks or stations"
    assert (told["pending"], told["notes"]) == ([], [])


def test_nothing_happens_after_the_last_reading(bench: Bench) -> None:
    told = bench.told(bench.lines(HALF, at("17:02:59")))
    assert told["tickets"] == []
    (pending,) = told["pending"]
    assert pending == {
        "system": "cm1",
        "component": "trunks",
        "location": None,
        "severity": "major",
        "clause": "half-capacity",
        "summary": "23 of 46 trunks out of service",
        "began": "2026-11-20T17:02:00-06:00",
        "held": 59.0,
        "needs": 60.0,
    }


def test_what_ends_at_the_last_reading_has_ended(bench: Bench) -> None:
    (ticket,) = bench.told(bench.lines(HALF, at("17:03:00")))["tickets"]
    assert ticket["received"] == "2026-11-20T17:03:00-06:00"


def test_what_is_seen_at_an_instant_comes_before_what_ends_at_it(bench: Bench) -> None:
    """Well again exactly when its hold would have ended; another system's line stands first."""
    other = {"at": "2026-11-20T17:03:00-06:00", "system": "gw-east", "protocol": "snmp"}
    assert bench.told(bench.lines(HALF, other, well("17:03:00"), well("17:09:00")))["tickets"] == []


def test_lines_are_taken_in_the_order_of_their_times_equal_ones_in_that_of_the_files(bench: Bench) -> None:
    second = bench.lines(at("17:04:00"), well("17:10:00"), name="b")
    first = bench.lines(HALF, at("17:10:00"), name="a")  # at 17:10 both: the later file has the last word
    (ticket,) = bench.told(second, first)["tickets"]
    assert ticket["state"] == "open"
    (ticket,) = bench.told(first, second, bench.lines(well("17:12:00"), name="c"))["tickets"]
    assert (ticket["state"], ticket["resolved"]) == ("resolved", "2026-11-20T17:11:00-06:00")


def test_standard_input_is_a_file_too(bench: Bench) -> None:
    lines = json.dumps(HALF) + "\n\n" + json.dumps(at("17:04:00")) + "\n"
    assert len(bench.told("-", input=lines)["tickets"]) == 1
    assert bench.replay("-", input="nonsense\n", status=2).startswith("-:1: expected a reading")


def test_the_daemons_own_file_of_readings_is_replayed_as_it_is(bench: Bench) -> None:
    lines = bench.lines(HALF, at("17:03:00"), at("17:04:00"), well("17:10:00"), well("17:12:00"))
    log = ReadingLog()
    assert not read_lines("lines", lines.read_text().splitlines(), log)
    file = ReadingsFile(bench.folder / "readings.db")
    file.add(log)
    file.close()
    told = bench.told(bench.folder / "readings.db")
    assert told == bench.told(lines)
    assert [each["state"] for each in told["tickets"]] == ["resolved"]


def test_a_file_of_readings_of_another_site_or_of_no_readings_is_refused(bench: Bench) -> None:
    file = ReadingsFile(bench.folder / "readings.db")
    file.add([poll(0, FAN, system="cm1"), poll(60, FAN, system="elsewhere")])
    file.close()
    path = bench.folder / "readings.db"
    said = bench.replay(path, status=2)
    assert (
        said == f"{path}: system: expected a system of the site file (one of cm1, gw-east); got 'elsewhere'\n"
    )
    other = bench.folder / "other.db"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE x (y)")
    said = bench.replay(other, status=2)
    assert said == f"{other}: expected readings; got none: {other} is not a file of readings\n"


def test_a_ticket_that_is_reopened_shows_its_rounds(bench: Bench) -> None:
    lines = [at(f"17:{minute:02}:00") for minute in range(2, 8)]
    lines += [well(f"17:{minute:02}:00") for minute in range(8, 16)]
    lines += [at(f"17:{minute:02}:00") for minute in range(16, 20)]
    (ticket,) = bench.told(bench.lines(*lines))["tickets"]
    assert (ticket["reopened"], ticket["state"]) == (1, "open")
    assert [each["received"] for each in ticket["rounds"]] == [
        "2026-11-20T17:03:00-06:00",
        "2026-11-20T17:17:00-06:00",
    ]
    assert ticket["received"] == "2026-11-20T17:17:00-06:00"
    assert ticket["respond_by"] == "2026-11-23T09:17:00-06:00"


def test_the_root_is_named_whole_or_by_its_part(bench: Bench) -> None:
    def gateway(time: str) -> dict[str, Any]:
        parts = [
            {"role": "location", "component": "registration", "lost": 1, "total": 1, "controller": "none"},
            {"role": "equipment", "component": "fans", "lost": 1, "total": 1},
        ]
        return at(time, system="gw-east", protocol="snmp", observations=parts)

    silent = [at(f"17:{m:02}:00", error="unreachable", observations=[]) for m in range(6)]
    told = bench.told(bench.lines(*silent, *(gateway(f"17:{m:02}:00") for m in range(6))))
    roots = {(each["system"], each["component"], each["location"]) for each in told["tickets"]}
    assert roots == {("cm1", None, None), ("gw-east", "fans", None)}
    outage = next(each for each in told["tickets"] if each["system"] == "cm1")
    assert outage["children"] == [{"system": "gw-east", "component": None}]
    assert outage["suppressed"] == [
        "gw-east location: minor, location east: its gateway serves on no controller;"
        " in this ticket: gw-east is a gateway of cm1 (I3, I7)"
    ]


# --- I10: time between readings -----------------------------------------------------------------------------

FAN = seen("equipment", "fans", 1)
FAN_WELL = seen("equipment", "fans", 0)
START = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
ONE_SITE = a_site(CM1, GW_EAST, GW_WEST)
TERMS = Terms(ONE_SITE, an_agreement("agility"))
WATCHES = {
    system.name: Watch("phone_system", (Way("snmp", timedelta(seconds=60)),)) for system in ONE_SITE.systems
}


def poll(seconds: float, *observations: Observation, system: str = "gw-west", **more: Any) -> Reading:
    at_ = START + timedelta(seconds=seconds)
    return Reading(at=at_, system=system, protocol="snmp", observations=observations, **more)


def log(readings: Iterable[Reading]) -> list[str]:
    """What is decided, in seconds after the start."""
    entries = replay(readings, TERMS, WATCHES).entries
    return [
        f"{(entry.at - START).total_seconds():g} {entry.body.kind}"
        for entry in entries
        if entry.body.kind in ("opened", "resolved", "reopened")
    ]


def test_a_hold_ends_at_its_own_instant_between_two_readings() -> None:
    assert log([poll(0, FAN), poll(60, FAN), poll(137, FAN)]) == ["120 opened"]
    assert log([poll(0, FAN), poll(270, FAN)]) == ["120 opened"]
    assert log([poll(0, FAN), poll(60, FAN_WELL), poll(300)]) == []


def test_a_gap_in_the_readings_raises_nothing_by_itself() -> None:
    silent = [poll(60 * n, works(), system="cm1") for n in range(3)]
    later = [poll(36_000 + 60 * n, works(), system="cm1") for n in range(3)]
    assert log([*silent, *later]) == []


def test_after_a_gap_of_five_intervals_nothing_is_decided_before_the_system_is_read() -> None:
    """A hold of fifteen minutes: five of them were seen before the gap, ten must be seen after it."""
    link = seen("integration", "cdr-link 1", 1, kind="cdr")
    others = [poll(60 * n, FAN_WELL, system="gw-east") for n in range(120)]
    assert log([*others, poll(0, link), poll(3600, link), poll(3660, link)]) == []
    seen_on = [poll(3600 + 60 * n, link) for n in range(12)]
    assert log([*others, poll(0, link), *seen_on]) == ["4200 opened"]


def test_a_gap_just_not_reached_is_none() -> None:
    assert log([poll(0, FAN), poll(300, FAN)]) == ["120 opened"]
    assert log([poll(0, FAN_WELL), poll(10, FAN), poll(400, FAN_WELL), poll(470)]) == [
        "130 opened",
        "460 resolved",
    ]


def test_what_was_missed_before_a_gap_is_no_series_with_what_is_missed_after_it() -> None:
    def missed(seconds: float) -> Reading:
        return poll(seconds, error="unreachable")

    assert log([poll(0, FAN_WELL), missed(60), missed(4000)]) == []
    assert log([poll(0, FAN_WELL), missed(60), missed(4000), missed(4060), missed(4120)]) == ["4090 opened"]


def test_a_well_part_is_not_resolved_in_a_gap() -> None:
    """Its clear time is not over when the readings end: nobody sees it for an hour."""
    lines = [poll(0, FAN), poll(120, FAN), poll(280, FAN), poll(400, FAN_WELL)]
    assert log([*lines, poll(4000, FAN)]) == ["120 opened", "460 resolved", "4120 reopened"][:2]
    other = seen("equipment", "fans", 1)
    assert log([poll(0, FAN), poll(200, other), poll(4000, FAN_WELL), poll(4060)]) == [
        "120 opened",
        "4060 resolved",
    ]


def test_a_window_ends_between_two_readings() -> None:
    window = {
        "name": "work",
        "begins": "2026-11-20 17:00",
        "ends": "2026-11-20 17:03:20",
        "systems": ["gw-west"],
    }
    terms = replace(TERMS, site=a_site(CM1, GW_EAST, GW_WEST, windows=[window]))
    entries = replay([poll(0, FAN), poll(60, FAN), poll(180, FAN), poll(240, FAN)], terms, WATCHES).entries
    assert [(entry.at - START).total_seconds() for entry in entries if entry.body.kind == "opened"] == [200]


def test_a_restart_is_over_an_hour_after_it_to_the_second() -> None:
    event = RestartEvent(START + timedelta(seconds=7), "warm", planned=False, source="record")
    told = (replace(seen("restart", "restarts", 0), events=(event,)), works())
    lines = [poll(60 * n, *told, system="cm1") for n in range(1, 65)]
    assert log([poll(-60, works(), system="cm1"), *lines]) == ["60 opened", "3607 resolved"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["cm1", "gw-east", "gw-west"]),
        st.sampled_from(["well", "well", "well", "lost", "missed", "trunks", "fewer", "used"]),
        st.sampled_from([0, 1, 20, 30, 61, 400, 1000]),
    ),
    max_size=40,
)


def _told(what: str, number: int) -> tuple[Observation, ...]:
    match what:
        case "lost":
            return FAN, works(), trunk_group(1, 0, 10)
        case "trunks":
            return FAN_WELL, works(), trunk_group(1, 6, 10)
        case "fewer":
            return FAN_WELL, works(), trunk_group(1, 0, 10), stations(100 - number)
        case "used":
            return FAN_WELL, works(), trunk_group(1, 0, 10), seen("capacity", "cpu", 0, used=number, limit=90)
        case _:
            return FAN_WELL, works(), trunk_group(1, 0, 10)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_passing_over_what_says_nothing_new_changes_no_decision(steps: list[tuple[str, str, int]]) -> None:
    readings, now = [], 0.0
    for number, (system, what, later) in enumerate(steps):
        now += later
        more: dict[str, Any] = {"error": "unreachable"} if what == "missed" else {}
        readings.append(poll(now, *(() if more else _told(what, number)), system=system, **more))

    def decided(entries: Iterable[Entry]) -> list[Any]:
        return [(entry.at, entry.body) for entry in entries]

    fast = replay(readings, TERMS, WATCHES)
    assert decided(fast.entries) == decided(replay(readings, TERMS, WATCHES, every_time=True).entries)


def test_a_story_and_its_replay_come_to_the_same() -> None:
    """The daemon's core, driven by a false clock, and the same readings from a file."""
    story, lines = Story(site=ONE_SITE, gaps=True), []
    for n in range(30):
        parts = (works(), trunk_group(1, 6 if 5 <= n < 20 else 0, 10))
        lines += [poll(50 * n, *parts, system="cm1")]
        story.reads("cm1", *parts)
        for system in ("gw-east", "gw-west"):
            fan = FAN if n % 11 > 7 else FAN_WELL
            lines.append(poll(50 * n, fan, system=system))
            story.reads(system, fan)
        if n < 29:
            story.passes(50)  # no hold ends just when a poll comes: which goes first is a replay's own rule
    replayed = replay(lines, TERMS, WATCHES)
    assert [(e.at, e.body) for e in replayed.entries] == [
        (e.at.astimezone(UTC), e.body) for e in story.entries
    ]
    assert len(story.tickets) > 2


# --- what is refused, and what is not -----------------------------------------------------------------------


def test_bad_lines_are_all_named_at_once(bench: Bench) -> None:
    file = bench.lines("nonsense", HALF, at("17:03:00", system="cm9"), at("17:04:00", protocol="telnet"))
    assert bench.replay(file, bench.folder / "none.jsonl", status=2).splitlines() == [
        f"{file}:1: expected a reading as one JSON object; got 'nonsense'",
        f"{file}:3: system: expected a system of the site file (did you mean 'cm1'?); got 'cm9'",
        f"{file}:4: protocol: expected 'snmp', 'ssh', 'sat', 'sip', 'tls', 'tcp' or 'trap'; got 'telnet'",
        f"{bench.folder}/none.jsonl: expected a file of readings; got none: No such file or directory",
    ]


def test_a_mistake_of_the_site_file_is_named_with_its_line(bench: Bench) -> None:
    bench.write("site.yaml", yaml.safe_dump(SITE | {"zone": "America/Chigaco"}))
    assert "site.yaml:" in bench.replay(bench.lines(HALF), status=2)
    bench.write("site.yaml", yaml.safe_dump(SITE))
    said = bench.replay(bench.lines(HALF), "--contract", "agilty", status=2)
    assert "did you mean 'agility'?" in said


def test_a_product_that_is_not_known_is_judged_by_its_function(bench: Bench) -> None:
    switch = {"name": "sw1", "product": "some_switch", "location": "main", "address": "192.0.2.30"}
    mail = switch | {"name": "vm1", "function": "voicemail", "address": "192.0.2.31"}
    bench.write("site.yaml", yaml.safe_dump(SITE | {"systems": [*SITE["systems"], switch, mail]}))
    fan = {"role": "equipment", "component": "fans", "lost": 1, "total": 1}
    lines = [at(f"17:0{n}:00", system="sw1", protocol="snmp", observations=[fan]) for n in range(5)]
    told = bench.told(bench.lines(*lines))
    assert [(each["system"], each["component"]) for each in told["tickets"]] == [("sw1", "fans")]
    assert told["notes"] == [
        "sw1: this version knows no product some_switch; it is judged as other",
        "vm1: this version knows no product some_switch; it is judged as voicemail",
    ]
    assert told["unread"] == ["cm1", "gw-east", "vm1"]


def test_a_system_is_watched_by_the_ways_that_told_of_it(bench: Bench) -> None:
    """Its SAT alone tells, every two minutes; SNMP, of which there is no line, is not waited for."""
    changed = {**SITE["systems"][0], "snmp": {"version": "2c", "community": {"credential": "x"}}}
    changed["sat"] = {**changed["sat"], "interval": "120s"}
    bench.write("site.yaml", yaml.safe_dump(SITE | {"systems": [changed, SITE["systems"][1]]}))
    lines = [at(f"17:{2 * n:02}:00") for n in range(1, 5)] + [well(f"17:{2 * n:02}:00") for n in range(5, 9)]
    (ticket,) = bench.told(bench.lines(*lines))["tickets"]
    assert (ticket["state"], ticket["resolved"]) == ("resolved", "2026-11-20T17:11:00-06:00")


# --- another contract, a changed file -----------------------------------------------------------------------


def changed_contract(bench: Bench, **changes: str) -> Path:
    text = (CHECKOUT / "config/contracts/agility.yaml").read_text(encoding="utf-8")
    for old, new in changes.items():
        before = text
        text = text.replace(old.replace("__", ": "), new, 1)
        assert text != before, old
    return bench.write("changed.yaml", text)


def test_another_contract_takes_the_place_of_the_sites_own(bench: Bench) -> None:
    file = bench.lines(HALF, at("17:04:00"))
    (ticket,) = bench.told(file, "--contract", "intervision")["tickets"]
    assert ticket["severity"] != "major"
    assert ticket["contract"].startswith("intervision")
    changed = changed_contract(bench, amount__3h="amount: 2h")
    (ticket,) = bench.told(file, "--contract", changed)["tickets"]
    assert ticket["respond_by"] == "2026-11-23T08:03:00-06:00"


def test_what_a_changed_contract_would_alter_is_told(bench: Bench) -> None:
    lines = [at(f"17:{n:02}:00") for n in range(2, 8)]
    fan = {"role": "equipment", "component": "fans", "lost": 1, "total": 1}
    lines += [at(f"17:{n:02}:00", system="gw-east", protocol="snmp", observations=[fan]) for n in range(2, 8)]
    file = bench.lines(*lines)
    changed = changed_contract(bench, amount__3h="amount: 2h")
    told = bench.told(file, "--against", changed)["against"]
    (altered,) = told["changed"]
    assert altered["what"] == ["due"]
    assert altered["here"]["respond_by"] == "2026-11-23T09:03:00-06:00"
    assert altered["there"]["respond_by"] == "2026-11-23T08:03:00-06:00"
    assert (told["only_here"], told["only_there"], told["same"]) == ([], [], 1)

    half_of_it = changed_contract(bench, half_capacity_percent__50="half_capacity_percent: 60")
    (altered,) = bench.told(file, "--against", half_of_it)["against"]["changed"]
    assert altered["what"] == ["class", "due"]
    assert (altered["here"]["severity"], altered["there"]["severity"]) == ("major", "minor")


def test_what_a_changed_site_file_would_alter_is_told(bench: Bench) -> None:
    lines = [at(f"17:{n:02}:00") for n in range(2, 8)]
    slower = bench.write("slower.yaml", yaml.safe_dump(SITE | {"holds": {"trunks": "10 min"}}))
    told = bench.told(bench.lines(*lines), "--against", slower)["against"]
    assert [each["id"] for each in told["only_here"]] == ["TW-000001"]
    assert (told["only_there"], told["changed"], told["same"]) == ([], [], 0)
    other = bench.write("other.yaml", "hello: there\n")
    assert "expected a contract file" in bench.replay(bench.lines(*lines), "--against", other, status=2)


def test_a_breach_that_a_changed_file_brings_is_told(bench: Bench) -> None:
    times = [f"{day}T{hour}:{m:02}" for day in (20, 23) for hour in ("08", "09") for m in range(0, 60, 4)]
    days = [HALF | {"at": f"2026-11-{time}:00-06:00"} for time in times]
    changed = changed_contract(bench, amount__3h="amount: 40h")
    told = bench.told(bench.lines(*days), "--against", changed)
    assert told["tickets"][0]["breached"] == ["respond (major)"]
    assert told["against"]["changed"][0]["what"] == ["due", "breach"]


def test_a_person_sees_the_same(bench: Bench) -> None:
    changed = changed_contract(bench, amount__3h="amount: 2h")
    shown = bench.replay(bench.lines(HALF, at("17:04:00")), "--against", changed)
    assert "2 readings from Fri 2026-11-20 17:02 CST to Fri 2026-11-20 17:04 CST" in shown
    assert "23 of 46 trunks out of service" in shown
    assert "Mon 2026-11-23 08:03 CST" in shown
    assert bench.replay(bench.lines(well("17:02:00"))).splitlines()[2] == "no tickets"


def test_a_file_without_a_line_is_no_mistake(bench: Bench) -> None:
    told = bench.told(bench.write("empty.jsonl", ""))
    assert (told["tickets"], told["pending"], told["readings"]) == ([], [], 0)


def test_a_line_that_was_written_is_replayed_as_it_was(bench: Bench) -> None:
    reading = Reading(
        at=START, system="cm1", protocol="sat", observations=(trunk_group(1, 8, 10), works()), seconds=0.3
    )
    later = replace(reading, at=START + timedelta(seconds=90))
    (ticket,) = bench.told(bench.lines(written(reading), written(later)))["tickets"]
    assert ticket["received"] == "2026-11-20T17:01:00-06:00"


def test_a_sip_port_that_need_not_answer_is_not_missed_in_a_replay_either(bench: Bench) -> None:
    edge = {
        "name": "sbc1",
        "product": "session_border_controller",
        "location": SITE["systems"][0]["location"],
        "address": "127.0.0.99",
        "snmp": {"version": "2c", "community": {"env": "NOBODY"}},
        "sip": {},
    }
    bench.site = bench.write("site.yaml", yaml.safe_dump({**SITE, "systems": [*SITE["systems"], edge]}))
    host = {"role": "equipment", "component": "interface eth0", "lost": 0, "total": 1}
    lines = []
    for minute in range(8):
        both = {"system": "sbc1", "complete": []}
        lines.append(at(f"17:{minute:02}:00", both | {"protocol": "snmp", "observations": [host]}))
        silent = {"protocol": "sip", "error": "unreachable", "error_text": "no answer", "observations": []}
        lines.append(at(f"17:{minute:02}:30", both | silent))
    assert bench.told(bench.lines(*lines))["tickets"] == []
