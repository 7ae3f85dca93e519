"""The kept readings: packed, given back as they were, bounded, and never in the daemon's way."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.reading_lines import content
from agent.readings_file import Kept, ReadingsError, ReadingsFile, kept
from agent.readings_store import ReadingsStore
from agent.site import Readings
from collectors.base import Reading, RestartEvent
from tests.story import seen
from tests.test_reading_lines import READINGS

START = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)


PARTS = tuple(seen("equipment", f"module v{n}", 0, detail="firmware 44") for n in range(40))


def poll(minutes: float, lost: int = 0) -> Reading:
    """A gateway with forty parts, one of which may be lost."""
    at = START + timedelta(minutes=minutes)
    fans = (seen("equipment", "fans", lost),) if lost else ()
    return Reading(at=at, system="gw-east", protocol="snmp", observations=PARTS + fans, seconds=0.25)


def noise(minutes: float) -> Reading:
    """A kilobyte that cannot be packed."""
    told = "".join(hashlib.sha256(f"{minutes} {n}".encode()).hexdigest() for n in range(16))
    return replace(poll(minutes), error="unreadable", error_text=told, observations=())


def as_kept(reading: Reading) -> Kept:
    return Kept(reading.at, round(reading.seconds, 3), reading.system, content(reading))


@settings(max_examples=30, deadline=None)  # each writes to a disk
@given(st.lists(st.lists(READINGS, max_size=5), max_size=4))
def test_what_was_kept_is_given_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Reading]]
) -> None:
    """In batches, over starts of the daemon in between, whatever repeats."""
    path = tmp_path_factory.mktemp("kept") / "readings.db"
    for batch in batches:
        file = ReadingsFile(path)
        file.add([*batch, *batch])
        file.close()
    if batches:
        expected = [as_kept(each) for batch in batches for each in (*batch, *batch)]
        steady = [replace(each, content="") for each in expected]
        found = list(kept(path, LONG_AGO))
        assert [replace(each, content="") for each in found] == steady
        moved = [each for batch in batches for each in batch if any(o.events for o in each.observations)]
        if not moved:  # restarts that an uptime tells are kept where they were told first
            assert found == expected


def test_since_is_included_and_until_is_not(tmp_path: Path) -> None:
    file = ReadingsFile(tmp_path / "readings.db")
    file.add([poll(n) for n in range(5)])
    found = kept(tmp_path / "readings.db", START + timedelta(minutes=1), START + timedelta(minutes=3))
    assert [each.at.minute for each in found] == [1, 2]


def test_a_reading_that_saw_the_same_costs_a_few_bytes(tmp_path: Path) -> None:
    file = ReadingsFile(tmp_path / "readings.db")
    file.add([poll(0)])
    file.close()
    before = (tmp_path / "readings.db").stat().st_size
    file = ReadingsFile(tmp_path / "readings.db")
    file.add([poll(n) for n in range(1, 2001)])
    file.close()
    assert ((tmp_path / "readings.db").stat().st_size - before) / 2000 < 30


def test_what_differs_in_one_part_costs_no_second_whole(tmp_path: Path) -> None:
    file = ReadingsFile(tmp_path / "readings.db")
    file.add([poll(n, lost=n % 7) for n in range(2000)])
    file.close()
    assert (tmp_path / "readings.db").stat().st_size / 2000 < 130
    assert len(content(poll(0))) > 2500


def test_a_restart_that_an_uptime_tells_is_the_same_some_seconds_off(tmp_path: Path) -> None:
    def told(minutes: int, moved: float) -> Reading:
        event = RestartEvent(START + timedelta(seconds=moved), "cold", planned=False, source="uptime")
        return replace(
            poll(minutes), observations=(replace(seen("restart", "restarts", 0), events=(event,)),)
        )

    file = ReadingsFile(tmp_path / "readings.db")
    file.add([told(0, 0), told(1, 0.7), told(2, 29), told(3, 31)])
    found = [each.content for each in kept(tmp_path / "readings.db", LONG_AGO)]
    assert found[0] == found[1] == found[2] == content(told(0, 0))
    assert found[3] == content(told(3, 31))


def test_the_oldest_go_by_age_and_by_size(tmp_path: Path) -> None:
    path = tmp_path / "readings.db"
    file = ReadingsFile(path)
    file.add([noise(n) for n in range(4000)])
    file.trim(START + timedelta(minutes=1000), megabytes=100)
    assert next(kept(path, LONG_AGO)).at == START + timedelta(minutes=1000)
    assert file.is_larger(1)
    file.trim(LONG_AGO, megabytes=1)
    assert not file.is_larger(1)
    left = list(kept(path, LONG_AGO))
    assert 500 < len(left) < 2900
    assert left[-1] == as_kept(noise(3999))
    file.add([noise(4000)])
    file.close()
    assert path.stat().st_size < 1.3 * (1 << 20)
    assert list(kept(path, LONG_AGO))[-1] == as_kept(noise(4000))


def test_the_file_is_for_the_operators_group_to_read(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        ReadingsFile(tmp_path / "readings.db").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "readings.db").stat().st_mode) == 0o640


def test_it_is_read_while_it_is_written_and_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "readings.db"
    file = ReadingsFile(path)
    file.add([poll(n) for n in range(6000)])
    reader = kept(path, LONG_AGO)
    assert next(reader) == as_kept(poll(0))
    file.add([poll(6000)])
    file.trim(START + timedelta(minutes=3), megabytes=100)
    assert len(list(reader)) >= 5999
    assert len(list(kept(path, LONG_AGO))) == 5998  # the file was never closed


@pytest.mark.parametrize("torn", [b"no database at all" * 300, None])
def test_a_file_that_cannot_be_read_is_set_aside_and_begun_anew(tmp_path: Path, torn: bytes | None) -> None:
    path = tmp_path / "readings.db"
    file = ReadingsFile(path)
    file.add([poll(n, lost=n) for n in range(3000)])
    file.close()
    whole = path.read_bytes()
    path.write_bytes(torn if torn is not None else whole[:8192] + b"\xff" * 16384 + whole[24576:])
    file = ReadingsFile(path)
    assert len(file.notices) == 1
    file.add([poll(1)])
    assert list(kept(path, LONG_AGO)) == [as_kept(poll(1))]
    assert (tmp_path / "readings.db.damaged").exists()


def test_what_is_no_file_of_readings_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ReadingsError, match="no readings are kept yet"):
        list(kept(tmp_path / "readings.db", START))
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE a (b)").connection.close()
    with pytest.raises(ReadingsError, match="is not a file of readings"):
        list(kept(tmp_path / "other.db", START))


# --- in the daemon ----------------------------------------------------------------------------------------


def _store(path: Path, rounds: Sequence[Sequence[Reading]]) -> None:
    async def story() -> None:
        store = ReadingsStore(path, Readings(), lambda: START)
        for batch in rounds:
            for reading in batch:
                store.take(reading)
            await asyncio.gather(store.write(), store.write())
        await store.close()

    asyncio.run(story())


def test_what_was_taken_can_be_read_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "readings.db"
    _store(path, [[poll(0), poll(1)], [poll(2)]])
    _store(path, [[poll(3)]])
    assert list(kept(path, LONG_AGO)) == [as_kept(poll(n)) for n in range(4)]


def test_a_disk_that_takes_nothing_is_said_once_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"

    async def story() -> None:
        store = ReadingsStore(folder / "readings.db", Readings(), lambda: START)
        for n in range(3):
            store.take(poll(n))
            await store.write()  # there is no such folder
        folder.mkdir()
        store.take(poll(3))
        await store.write()
        await store.close()

    with caplog.at_level(logging.INFO):
        asyncio.run(story())
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "readings cannot be kept" in caplog.text
    assert list(kept(folder / "readings.db", LONG_AGO)) == [as_kept(poll(n)) for n in range(4)]


def test_where_nothing_can_be_written_the_oldest_are_let_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"

    async def story() -> None:
        store = ReadingsStore(folder / "readings.db", Readings(), lambda: START)
        for n in range(2500):
            store.take(poll(n))
            if n == 1999:
                await store.write()
        folder.mkdir()
        await store.close()

    asyncio.run(story())
    assert "500 of them are lost" in caplog.text
    assert [each.at for each in kept(folder / "readings.db", LONG_AGO)] == [
        poll(n).at for n in range(500, 2500)
    ]
