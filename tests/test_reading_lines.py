"""Readings as JSON lines: what is written is read back whole, and what is wrong is named by line and key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reading_lines import LineMistake, LineReader, LinesError, content, read_lines, written
from agent.reading_log import ReadingLog
from collectors.base import Observation, Reading, RestartEvent

# The line that readings.md shows, with an observation more for each role that has fields of its own.
SHOWN = """{"at": "2026-11-20T17:02:00-06:00", "system": "cm1", "source": "poll", "protocol": "sat",
 "error": null, "complete": ["alarm"],
 "observations": [
   {"role": "trunks", "component": "trunk-group 1", "lost": 23, "total": 23, "planned": 0, "degraded": 0,
    "use": "public", "side": "far", "number": 1, "gateway": 1, "detail": "members out-of-service"},
   {"role": "stations", "component": "stations", "present": 118, "administered": 190, "expected": 120,
    "by_kind": {"ip": 110, "dcp": 8}, "controller": "main"},
   {"role": "integration", "component": "cti-link 3", "lost": 0, "total": 1, "kind": "cti", "to": "aes1"},
   {"role": "redundancy", "component": "standby", "lost": 0, "total": 1, "in_use": true},
   {"role": "environment", "component": "room", "lost": 0, "total": 1, "room": true, "location": "main"},
   {"role": "capacity", "component": "dsp", "lost": 0, "total": 1, "used": 3, "limit": 80},
   {"role": "restart", "component": "restarts", "events": [{"at": "2026-11-20T16:00:00-06:00",
    "level": "warm", "planned": false, "source": "record"}]},
   {"role": "equipment", "component": "sync 1", "unread": true, "kind": "sync"},
   {"role": "alarm", "component": "1.3.6.1.4.1.9", "oid": "1.3.6.1.4.1.9", "kind": "unknown"},
   {"role": "alarm", "component": "DIG-LINE 014V517", "lost": 1, "total": 1, "vendor_severity": "warning",
    "gateway": 14, "since": "2026-11-20T16:58:00-06:00"}]}""".replace("\n", " ")

AWARE = st.integers(0, 10**15).map(
    lambda microseconds: (
        datetime(1990, 1, 1, tzinfo=timezone(timedelta(hours=-6))) + timedelta(microseconds=microseconds)
    )
)
COUNT = st.none() | st.integers(0, 10_000)
OBSERVATIONS = st.builds(
    Observation,
    role=st.sampled_from(["trunks", "stations", "alarm", "restart", "equipment", "location"]),
    component=st.text(max_size=20),
    lost=COUNT,
    total=COUNT,
    planned=st.integers(0, 99),
    degraded=st.integers(0, 99),
    unread=st.booleans(),
    apart=st.booleans(),
    side=st.sampled_from(["near", "far", "power", "network", "unknown"]),
    use=st.none() | st.sampled_from(["public", "internal", "unknown"]),
    kind=st.none() | st.text(max_size=9),
    number=COUNT,
    gateway=COUNT,
    present=COUNT,
    expected=COUNT,
    by_kind=st.none() | st.dictionaries(st.text(max_size=5), st.integers(0, 99), max_size=3),
    in_use=st.none() | st.booleans(),
    vendor_severity=st.none() | st.sampled_from(["major", "minor", "warning", "cleared"]),
    since=st.none() | AWARE,
    events=st.lists(
        st.builds(
            RestartEvent,
            at=AWARE,
            level=st.text(max_size=5),
            planned=st.booleans(),
            source=st.sampled_from(["record", "boots", "trap", "uptime"]),
        ),
        max_size=2,
    ).map(tuple),
    detail=st.text(max_size=120),
)
READINGS = st.builds(
    Reading,
    at=AWARE,
    system=st.sampled_from(["cm1", "gw-east"]),
    protocol=st.sampled_from(["snmp", "sat", "ssh", "sip"]),
    error=st.none() | st.sampled_from(["unreachable", "refused", "unreadable"]),
    error_text=st.none() | st.text(max_size=80),
    complete=st.lists(st.sampled_from(["alarm", "trunks"]), max_size=2).map(tuple),
    observations=st.lists(OBSERVATIONS, max_size=4).map(tuple),
    seconds=st.integers(0, 300_000).map(lambda thousandths: thousandths / 1000),
)


def read(
    file: str, lines: Iterable[str], systems: Sequence[str] | None = None
) -> tuple[list[Reading], list[LineMistake]]:
    """The readings of these lines, and every mistake."""
    log = ReadingLog()
    wrong = read_lines(file, lines, log, systems)
    return list(log), wrong


@given(st.lists(READINGS, max_size=6))
def test_what_is_written_is_read_back_whole(readings: list[Reading]) -> None:
    """Twice each: the second time from what the reader remembers of the first."""
    lines = [written(reading) for reading in readings for _ in range(2)]
    assert all(text.isprintable() or "\n" not in text for text in lines)
    found, wrong = read("x", lines)
    assert not wrong
    assert found == [reading for reading in readings for _ in range(2)]


@given(READINGS, st.integers(1, 10**9))
def test_readings_that_saw_the_same_have_the_same_content(reading: Reading, later: int) -> None:
    again = replace(reading, at=reading.at + timedelta(microseconds=later), seconds=1.5)
    assert content(again) == content(reading)
    (found,), _ = read("x", [written(again)])
    assert (found.at, found.seconds) == (again.at, 1.5)


def test_every_field_of_the_vocabulary_is_carried() -> None:
    (reading,), wrong = read("x", [SHOWN])
    assert not wrong
    assert reading.at == datetime(2026, 11, 20, 23, 2, tzinfo=UTC)
    told = json.loads(SHOWN)["observations"]
    for observation, line in zip(reading.observations, told, strict=True):
        for key, value in line.items():
            held = getattr(observation, key)
            if key == "events":
                held = [{name: getattr(each, name) for name in value[0]} for each in held]
                held[0]["at"] = held[0]["at"].isoformat()
            assert (held.isoformat() if key == "since" else held) == value
    assert {key for line in told for key in line} <= {field.name for field in fields(Observation)}


def test_what_may_be_left_out_may_be_left_out() -> None:
    (reading,), _ = read("x", ['{"at": "2026-11-20T23:02:00Z", "system": "cm1", "protocol": "sat"}'])
    assert (reading.source, reading.error, reading.complete, reading.observations) == ("poll", None, (), ())


def test_a_trap_is_told_by_no_poll_whatever_it_is_written_in() -> None:
    line = '{"at": "2026-11-20T23:02:00Z", "system": "cm1", "protocol": "snmp", "source": "trap"}'
    (reading,), _ = read("x", [line])
    assert (reading.source, reading.protocol) == ("trap", "trap")


def test_what_a_poll_showed_can_be_read_and_keeps_no_samples() -> None:
    line = (
        '{"at": "2026-11-20T23:02:00Z", "system": "cm1", "protocol": "snmp", "questions":'
        ' [{"text": "x", "seconds": 0.1, "outcome": "1 row"}], "samples": [], "seconds": 0.4}'
    )
    (reading,), wrong = read("x", [line])
    assert not wrong
    assert (reading.questions, reading.seconds) == ((), 0.4)


BASE = {"at": "2026-11-20T17:02:00-06:00", "system": "cm1", "protocol": "sat"}
ROW = {"role": "trunks", "component": "trunk-group 1"}


def _with(**changes: Any) -> str:
    return json.dumps(BASE | changes)


def _row(**changes: Any) -> str:
    return _with(observations=[ROW | changes])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "x:1: expected a reading as one JSON object; got 'nonsense'"),
        ("[1]", "x:1: expected keys and values; got a list"),
        ("{}", "x:1: at: expected this key, which must be given; got nothing"),
        (
            _with(at="2026-11-20T17:02:00"),
            "x:1: at: expected a time with its offset from UTC; got 2026-11-20T17:02:00",
        ),
        (_with(at=12), "x:1: at: expected a time such as 2026-11-20T17:03:00-06:00; got 12"),
        (
            _with(at="yesterday"),
            "x:1: at: expected a time such as 2026-11-20T17:03:00-06:00; got 'yesterday'",
        ),
        (
            _with(at="0001-01-01T00:00:00+10:00"),
            "x:1: at: expected a year from 1970 to 2199; got 0001-01-01T00:00:00+10:00",
        ),
        (
            _with(system="cm2"),
            "x:1: system: expected a system of the site file (did you mean 'cm1'?); got 'cm2'",
        ),
        (
            _with(protocol="telnet"),
            "x:1: protocol: expected 'snmp', 'ssh', 'sat', 'sip', 'tls', 'tcp' or 'trap'; got 'telnet'",
        ),
        (_with(seconds=-1), "x:1: seconds: expected seconds from 0 to 86400; got -1"),
        (
            _with(observation=[]),
            "x:1: observation: expected a known key (did you mean 'observations'?); got 'observation'",
        ),
        (_row(lost="3"), "x:1: observations[0].lost: expected a whole number; got '3'"),
        (_row(lost=True), "x:1: observations[0].lost: expected a whole number; got true"),
        (_row(lost=-1), "x:1: observations[0].lost: expected 0 or more; got -1"),
        (_row(unread="yes"), "x:1: observations[0].unread: expected true or false; got 'yes'"),
        (_row(los=3), "x:1: observations[0].los: expected a known key (did you mean 'lost'?); got 'los'"),
        (
            _row(events=[{"at": "2026-11-20T17:02:00-06:00", "level": "warm", "planned": False}]),
            "x:1: observations[0].events[0].source: expected this key, which must be given; got nothing",
        ),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(text: str, said: str) -> None:
    _, wrong = read("x", [text], ["cm1", "gw-east"])
    assert str(wrong[0]) == said


def test_every_bad_line_is_named_and_no_good_one_is_lost() -> None:
    lines = [_with(), "", "nonsense", _row(lost=-1, total=-2), _with(system="gw-east")]
    readings, wrong = read("x", lines, ["cm1", "gw-east"])
    assert [reading.system for reading in readings] == ["cm1", "gw-east"]
    assert [(each.line, each.key) for each in wrong] == [
        (3, ""),
        (4, "observations[0].lost"),
        (4, "observations[0].total"),
    ]


def test_a_line_that_looks_like_one_that_is_known_is_checked_all_the_same() -> None:
    log = ReadingLog()
    reader = LineReader("x", log)
    reader.take(1, _row())
    known = written(next(iter(log)))
    reader.take(2, known)
    wrong = {
        "expected a time": ('"2026-11-20T23:02:00+00:00"', '"2026-13-20T23:02:00+00:00"'),
        "expected seconds": ('"system"', '"seconds":90000,"system"'),
        "expected 0 or more": ('"component":', '"lost":-1,"component":'),
        "got 'los'": ('"component":', '"los":1,"component":'),
        "one JSON object": ('"component":', '"component":{"role":'),
        "observations[1].since: expected a time with its offset": (
            "}]}",
            '},{"role":"alarm","component":"x","since":"2026-11-20T23:02:00"}]}',
        ),
    }
    for said, (old, new) in wrong.items():
        assert known.replace(old, new, 1) != known
        with pytest.raises(LinesError) as refused:
            reader.take(3, known.replace(old, new, 1))
        assert said in str(refused.value)
    assert len(log) == 2


SPELLINGS = st.sampled_from([(",", ":"), (", ", ": "), (",  ", ":")])


@given(st.lists(OBSERVATIONS, max_size=6), st.lists(OBSERVATIONS, max_size=3), st.integers(0, 6), SPELLINGS)
def test_of_what_is_said_anew_only_the_parts_that_differ_are_read(
    parts: list[Observation], others: list[Observation], place: int, spelling: tuple[str, str]
) -> None:
    """One part after the other is exchanged, however the lines are spelled."""
    readings = []
    for n, part in enumerate([*others, *others[:1]]):
        seen = (*parts[:place], part, *parts[place + n % 2 :])
        readings.append(
            Reading(at=datetime(2026, 11, 20, tzinfo=UTC), system="cm1", protocol="sat", observations=seen)
        )
    lines = [
        json.dumps(json.loads(written(each)), separators=spelling, ensure_ascii=False) for each in readings
    ]
    found, wrong = read("x", [line for line in lines for _ in range(2)])
    assert not wrong
    assert found == [reading for reading in readings for _ in range(2)]


def test_what_is_said_again_stands_in_memory_once() -> None:
    log = ReadingLog()
    lines = [_row(lost=n % 3, total=2, detail="x") for n in range(3)] + [
        _row(lost=2, total=2, detail="x")
    ] * 5
    assert not read_lines("x", lines, log)
    assert (len(log), len(log.contents)) == (8, 3)
    one, other, *_ = log.contents
    assert read_lines("x", [_with(observations=[ROW, {**ROW, "lost": n}]) for n in (1, 2)], log) == []
    assert log.contents[-1].observations[0] is log.contents[-2].observations[0]
    assert one.observations != other.observations
