"""The journal on a disk that takes nothing: what was decided is kept in order, and written when it can be."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.entries import Entry
from agent.journal import Journal, JournalError, read_journal
from tests.small_disks import SmallDisk, as_root, files_no_larger_than, small_disk
from tests.test_journal import AT, OPENER, ROOT, reopened, resolved, script, write

HEALING = 15  # seconds; the journal opens its file anew every two


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk() as one:
        yield one


async def healed(journal: Journal) -> tuple[Entry, ...]:
    """Try as the daemon does, until all is written; what was new."""
    news: tuple[Entry, ...] = ()
    end = time.monotonic() + HEALING
    while journal.trouble and time.monotonic() < end:
        news += await journal.append([], AT)
        await asyncio.sleep(0.05)
    assert journal.trouble == ""
    assert journal.unwritten == 0
    return news


def wal_size(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


# --- with a limit on files, for everybody -------------------------------------------------------------------


def test_what_a_full_disk_does_not_take_is_kept_in_order_and_written_when_it_does(path: Path) -> None:
    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path)
        told = await journal.append([resolved("before")], AT)
        with files_no_larger_than(wal_size(path) + 20_000):
            told += await journal.append([resolved("a"), *(resolved("x" * 5000) for _ in range(20))], AT)
            assert f"journal {path} cannot be written: " in journal.trouble
            assert journal.unwritten == 21
            told += await journal.append([resolved("b" * 50_000)], AT)
            assert (journal.unwritten, told[-1].number) == (22, 23)
            assert read_journal(path) == told[:1]
        told += await journal.append([resolved("after")], AT)
        await healed(journal)
        assert journal.late in (22, 23)
        told += await journal.append([resolved("later")], AT)
        await journal.close()
        return told

    told = asyncio.run(life())
    assert [entry.number for entry in told] == list(range(1, 26))
    assert read_journal(path) == reopened(path) == told


def test_what_must_be_durable_is_refused_and_leaves_no_trace(path: Path) -> None:
    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path)
        told = await journal.append([resolved("before")], AT, durable=True)
        with files_no_larger_than(0):
            for _ in range(3):
                with pytest.raises(JournalError, match=f"journal {path} cannot be written: "):
                    await journal.append([resolved("refused")], AT, durable=True)
            assert journal.unwritten == 0
            assert journal.trouble
            told += await journal.append([resolved("kept")], AT)
            with pytest.raises(JournalError, match="cannot be written"):
                await journal.append([resolved("refused")], AT, durable=True)
        await healed(journal)
        told += await journal.append([resolved("taken")], AT, durable=True)
        await journal.close()
        return told

    told = asyncio.run(life())
    assert [getattr(entry.body, "reason", "") for entry in told] == ["before", "kept", "taken"]
    assert read_journal(path) == reopened(path) == told


def test_a_journal_that_refused_knows_when_the_disk_is_well_though_nothing_waits(path: Path) -> None:
    async def life() -> None:
        journal = Journal.open(path)
        await journal.append([resolved("before")], AT)
        with files_no_larger_than(0):
            with pytest.raises(JournalError):
                await journal.append([resolved("refused")], AT, durable=True)
            await journal.append([], AT)
            assert journal.trouble
        await healed(journal)
        await journal.close()

    asyncio.run(life())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM cursor").fetchall() == []


def test_a_cursor_never_stands_where_the_file_has_no_entry(path: Path) -> None:
    async def life() -> None:
        journal = Journal.open(path)
        await journal.append([resolved("before")], AT)
        await journal.set_cursor("alertlog", 1)
        with files_no_larger_than(0):
            await journal.append([resolved("kept")], AT)
            await journal.set_cursor("alertlog", 2)
            assert journal.cursor("alertlog") == 2
            left = on_disk(path)
        assert ends(left, path) == (1, 1)  # what a kill would leave: the line is told again
        await healed(journal)
        assert ends(on_disk(path), path) == (2, 2)
        await journal.close()

    asyncio.run(life())


def on_disk(path: Path) -> dict[str, bytes]:
    """What a kill would leave at this moment."""
    files = {suffix: path.with_name(path.name + suffix) for suffix in ("", "-wal")}
    return {suffix: file.read_bytes() for suffix, file in files.items() if file.exists()}


def ends(left: dict[str, bytes], path: Path) -> tuple[int, int]:
    """The last entry and the cursor of the alert log that a start after that kill would find."""
    kept = path.with_name("killed.db")
    for suffix, block in left.items():
        kept.with_name(kept.name + suffix).write_bytes(block)
    with closing(sqlite3.connect(kept)) as connection:
        (last,) = connection.execute("SELECT max(number) FROM entry").fetchone()
        (cursor,) = connection.execute("SELECT number FROM cursor WHERE name = 'alertlog'").fetchone()
    return last, cursor


KILLED_WHILE_FULL = """
import asyncio, os, signal, sys
from pathlib import Path
from agent.journal import Journal
from tests.small_disks import files_no_larger_than
from tests.test_journal import AT, resolved

async def life(path):
    journal = Journal.open(path)
    await journal.append([resolved("on the disk")], AT)
    with files_no_larger_than(path.with_name(path.name + "-wal").stat().st_size + int(sys.argv[2])):
        for number in range(30):
            await journal.append([resolved(f"{number} " + "x" * 900)], AT)
            print(journal.unwritten, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(life(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("room", [0, 9_000, 40_000])
def test_a_kill_while_the_disk_is_full_loses_what_waits_and_nothing_else(path: Path, room: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_FULL, str(path), str(room)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    waiting = int(done.stdout.split()[-1])
    assert waiting > 0
    entries = reopened(path)
    assert len(entries) == 31 - waiting
    assert entries[0].body == resolved("on the disk")


def test_a_last_try_is_made_when_the_journal_is_closed(path: Path) -> None:
    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path)
        told = await journal.append([resolved("before")], AT)
        with files_no_larger_than(0):
            told += await journal.append([resolved("kept")], AT)
            told += await journal.append([resolved("kept, too")], AT)
        await journal.close()
        assert journal.unwritten == 0
        return told

    told = asyncio.run(life())
    assert len(told) == 3
    assert read_journal(path) == told


def test_another_journal_in_the_place_of_the_first_is_not_written_to(path: Path) -> None:
    """The disk was taken away and another came back: its tickets are not ours."""
    other = path.with_name("other.db")
    write(other, [resolved("of another life")])

    def put_another() -> None:
        path.unlink()
        path.with_name(path.name + "-wal").unlink(missing_ok=True)
        other.rename(path)

    async def life() -> None:
        journal = Journal.open(path)
        await journal.append([resolved("one"), resolved("two")], AT)
        with files_no_larger_than(0):
            for _ in range(3):
                await journal.append([resolved("kept")], AT)
            put_another()
        end = time.monotonic() + HEALING
        while "is not the one that this daemon began with" not in journal.trouble and time.monotonic() < end:
            await journal.append([], AT)
            await asyncio.sleep(0.05)
        assert "is not the one that this daemon began with; put that one back" in journal.trouble
        assert journal.unwritten == 3
        await journal.close()

    asyncio.run(life())
    assert [entry.body for entry in read_journal(path)] == [resolved("of another life")]


# --- on a small disk of its own -----------------------------------------------------------------------------


@as_root
def test_on_a_full_disk_nothing_is_lost_and_all_is_there_when_there_is_room(disk: SmallDisk) -> None:
    path = disk.root / "journal.db"

    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path)
        told = await journal.append([resolved("before")], AT)
        disk.fill()
        for number in range(20):
            told += await journal.append([resolved(f"{number} " + "x" * 3000)], AT)
        assert journal.unwritten > 10
        assert "database or disk is full" in journal.trouble
        with pytest.raises(JournalError, match="see that its disk is well, writable and has room"):
            await journal.append([resolved("refused")], AT, durable=True)
        disk.make_room()
        await healed(journal)
        await journal.close()
        return told

    told = asyncio.run(life())
    assert read_journal(path) == reopened(path) == told


@as_root
@pytest.mark.parametrize("state", ["nothing", "empty", "stopped", "killed"])
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_start_on_a_disk_that_takes_nothing_goes_by_what_is_there_and_heals(
    disk: SmallDisk, how: str, state: str
) -> None:
    path = disk.root / "journal.db"
    before: tuple[Entry, ...] = ()
    if state == "empty":
        path.touch(mode=0o640)
    elif state == "stopped":
        before = write(path, [resolved("one"), resolved("two")])
    elif state == "killed":
        before = left_by_a_kill(path)
    if how == "full":
        disk.fill()
    else:
        disk.remount("ro")

    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path)
        assert journal.entries == before
        told = await journal.append([resolved("kept")], AT)
        told += await journal.append([resolved("z" * 9000)], AT)
        if how == "full":
            assert "is full" in journal.trouble or "No space left on device" in journal.trouble
        else:
            assert "Read-only file system" in journal.trouble
            assert journal.unwritten == 2
        assert [entry.number for entry in told] == [len(before) + 1, len(before) + 2]
        if how == "full":
            disk.make_room()
        else:
            disk.remount("rw")
        await healed(journal)
        told += await journal.append([resolved("after")], AT)
        await journal.close()
        return before + told

    told = asyncio.run(life())
    assert read_journal(path) == reopened(path) == told
    assert path.stat().st_mode & 0o777 == 0o640


def left_by_a_kill(path: Path) -> tuple[Entry, ...]:
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\nfrom agent.journal import Journal\n"
        "from tests.test_journal import AT, resolved\n"
        "async def life():\n journal = Journal.open(Path(sys.argv[1]))\n"
        " await journal.append([resolved('one'), resolved('two')], AT)\n os.kill(os.getpid(), 9)\n"
        "asyncio.run(life())"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, cwd=ROOT)
    assert wal_size(path) > 0
    return read_journal(path)


@as_root
def test_a_second_daemon_is_refused_on_a_read_only_disk_as_well(disk: SmallDisk) -> None:
    path = disk.root / "journal.db"
    write(path, [resolved("one")])
    disk.remount("ro")

    async def life() -> None:
        journal = Journal.open(path)
        with pytest.raises(JournalError, match="another daemon holds the journal"):
            Journal.open(path)
        assert "another daemon holds the journal" in script(OPENER, path)
        await journal.close()

    asyncio.run(life())


@as_root
def test_a_journal_is_read_without_a_daemon_where_no_disk_has_room(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = disk.root / "journal.db"
    told = write(path, [resolved("one")])
    monkeypatch.setattr("tempfile.tempdir", os.fspath(disk.root))
    disk.fill()
    assert read_journal(path) == told
    disk.make_room()
    disk.remount("ro")
    assert read_journal(path) == told
