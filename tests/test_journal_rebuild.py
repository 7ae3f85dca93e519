"""A damaged journal: set aside as it is, and built anew of all that can be read, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.entries import Entry, JournalRebuilt, Resolved
from agent.journal import Journal, JournalError, read_journal
from agent.journal_salvage import find_entries, wal_state
from tests.small_disks import SmallDisk, as_root, files_no_larger_than, small_disk
from tests.test_journal import AT, DROP, ROOT, resolved
from tests.test_journal_disk import healed

NOW = datetime(2026, 11, 26, 9, 15, tzinfo=UTC)
ASIDE = "journal.db.damaged-20261126T091500Z"
MANY = 60  # entries of 40 to 3000 bytes: about 25 pages, some entries on pages of their own


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def reasons(count: int) -> list[str]:
    sizes = random.Random(7)  # noqa: S311 - sizes, not secrets
    return [f"reason {n} " + "x" * sizes.choice((5, 400, 1500, 6000)) for n in range(1, count + 1)]


async def _write(path: Path, count: int, cursor: int) -> Journal:
    journal = Journal.open(path)
    for number, reason in enumerate(reasons(count), start=1):
        await journal.append([resolved(reason)], AT + timedelta(minutes=number))
    await journal.set_cursor("alertlog", cursor)
    return journal


def stopped(path: Path, count: int = MANY, cursor: int = 40) -> Path:
    """A journal of a daemon that stopped: one file."""

    async def life() -> None:
        await (await _write(path, count, cursor)).close()

    asyncio.run(life())
    return path


def killed(path: Path, count: int = MANY, cursor: int = 40) -> Path:
    """A journal of a daemon that was killed: the file has almost nothing, the write-ahead log the rest."""
    kept = path.with_name("kept")
    kept.mkdir()

    async def life() -> None:
        journal = await _write(path, count, cursor)
        for name in (path.name, path.name + "-wal"):
            shutil.copy(path.with_name(name), kept)
        await journal.close()

    asyncio.run(life())
    for file in kept.iterdir():
        file.replace(path.with_name(file.name))
    kept.rmdir()
    return path


def start(path: Path, now: datetime = NOW) -> tuple[tuple[Entry, ...], tuple[str, ...], int]:
    """Start and stop: the entries, the notices, the cursor of the alert log."""

    async def life() -> tuple[tuple[Entry, ...], tuple[str, ...], int]:
        journal = Journal.open(path, lambda: now)
        assert journal.trouble == ""
        found = journal.entries, journal.notices, journal.cursor("alertlog")
        await journal.close()
        return found

    return asyncio.run(life())


def numbers(entries: tuple[Entry, ...]) -> list[int]:
    """Which of the reasons are there, and each as it was written, at its own time."""
    found = []
    all_reasons = reasons(MANY)
    for entry in entries:
        if isinstance(entry.body, Resolved):
            number = int(entry.body.reason.split()[1])
            if entry.body.reason == all_reasons[number - 1] and entry.at == AT + timedelta(minutes=number):
                found.append(number)
    return found


def rebuilt(entries: tuple[Entry, ...]) -> JournalRebuilt:
    body = entries[-1].body
    assert isinstance(body, JournalRebuilt)
    return body


def look(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


# --- what is damaged, and what becomes of it ----------------------------------------------------------------


def a_bad_page(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    page = len(raw) // 4096 // 2
    raw[page * 4096 : (page + 1) * 4096] = random.Random(1).randbytes(4096)  # noqa: S311 - garbage, no secret
    path.write_bytes(raw)


def a_bad_first_page(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[:4096] = b"\xff" * 4096
    path.write_bytes(raw)


def a_bad_root(path: Path) -> None:
    """The page through which SQLite finds all others of the table."""
    raw = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry'").fetchone()
    raw[(root - 1) * 4096 : root * 4096] = bytes(4096)
    path.write_bytes(raw)


def a_lost_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def a_torn_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 3000)


def a_lost_tail(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(DROP)
        connection.execute("DELETE FROM entry WHERE number > 50")


def a_broken_chain(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(DROP)
        connection.execute("UPDATE entry SET body = replace(body, 'n 3', 'n 4') WHERE number = 3")


def a_cursor_from_nowhere(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE cursor SET number = 'x'")


@pytest.mark.parametrize(
    ("damage", "least", "lost", "unproven"),
    [
        (a_bad_page, 55, range(1, 5), range(1, 60)),
        (a_bad_first_page, MANY, range(1), range(1)),
        (a_bad_root, MANY, range(1), range(1)),
        (a_lost_half, 20, range(20, 40), range(30)),
        (a_torn_page, 58, range(1, 3), range(3)),
        (a_lost_tail, 50, range(10, 11), range(1)),
        (a_broken_chain, 59, range(1), range(58, 59)),
        (a_cursor_from_nowhere, MANY, range(1), range(1)),
    ],
)
def test_a_damaged_journal_is_set_aside_and_built_anew_of_what_can_be_read(
    path: Path, damage: Callable[[Path], None], least: int, lost: range, unproven: range
) -> None:
    damage(stopped(path))
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="start the daemon: it sets the file aside"):
        read_journal(path)
    assert look(path.parent) == {"journal.db": before}

    entries, notices, _ = start(path)
    found, body = numbers(entries), rebuilt(entries)
    assert found == sorted(set(found))
    assert len(found) >= least
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert (body.file, body.kept) == (ASIDE, len(entries) - 1)
    assert body.lost in lost
    assert body.unproven in unproven
    aside = path.with_name(ASIDE)
    assert (aside.read_bytes(), aside.stat().st_mode & 0o777) == (before, 0o600)
    assert sorted(look(path.parent)) == ["journal.db", ASIDE]
    assert notices == (
        f"the journal {path} was damaged ({body.reason}): it is kept beside the new one as {ASIDE};"
        f" the new one has the {body.kept} entries that could be read, {body.unproven} of them not proven by"
        f" the chain, and {body.lost} are known to be lost",
    )
    assert start(path)[:2] == (entries, ())  # the second start finds a whole journal
    assert read_journal(path) == entries


def test_what_readers_have_told_is_neither_lost_nor_told_again(path: Path) -> None:
    """Entries 1 to 40 were told; some of them are lost, and the others have other numbers now."""
    a_bad_page(stopped(path))
    entries, _, cursor = start(path)
    told = [number for number in numbers(entries) if number <= 40]
    assert cursor == len(told) < 40


def test_a_write_ahead_log_that_is_damaged_is_not_passed_over_in_silence(path: Path) -> None:
    """SQLite takes a log up to the first frame that does not hold, and forgets the rest without a word."""
    wal = killed(path).with_name("journal.db-wal")
    raw = bytearray(wal.read_bytes())
    raw[len(raw) // 2] ^= 0x40
    wal.write_bytes(raw)
    entries, notices, _ = start(path)
    assert len(numbers(entries)) >= MANY - 5
    assert rebuilt(entries).reason == "its write-ahead log is not as it was written"
    assert len(notices) == 1
    assert path.with_name(ASIDE + "-wal").read_bytes() == raw
    assert start(path)[:2] == (entries, ())


@pytest.mark.parametrize("lay", ["header", "no journal", "empty journal"])
def test_a_write_ahead_log_without_its_journal_or_header_gives_what_it_has(path: Path, lay: str) -> None:
    wal = killed(path).with_name("journal.db-wal")
    if lay == "header":
        raw = wal.read_bytes()
        wal.write_bytes(b"\xff" * 32 + raw[32:])
    elif lay == "no journal":
        path.unlink()
    else:
        os.truncate(path, 0)
    entries, _, _ = start(path)
    assert numbers(entries) == list(range(1, MANY + 1))
    assert rebuilt(entries).lost == 0
    assert start(path)[:2] == (entries, ())


def test_a_log_that_a_loss_of_power_tore_at_its_end_is_no_damage(path: Path) -> None:
    wal = killed(path).with_name("journal.db-wal")
    os.truncate(wal, wal.stat().st_size - 1000)
    entries, notices, _ = start(path)
    assert notices == ()
    assert numbers(entries) == list(range(1, MANY + 1))  # the last frame was the cursor's


def test_a_second_damage_at_the_same_moment_overwrites_nothing(path: Path) -> None:
    a_bad_page(stopped(path))
    start(path)
    first = look(path.parent)[ASIDE]
    a_bad_page(path)
    second = path.read_bytes()
    entries, _, _ = start(path)
    assert look(path.parent)[ASIDE] == first
    assert look(path.parent)[ASIDE + "-2"] == second
    assert sum(isinstance(entry.body, JournalRebuilt) for entry in entries) >= 1


def test_a_damaged_journal_with_an_entry_of_a_newer_version_is_left_alone(path: Path) -> None:
    stopped(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        at, previous = connection.execute("SELECT at, hash FROM entry WHERE number = ?", (MANY,)).fetchone()
        body = '{"kind":"foretold","ticket":"TW-000001"}'
        link = hashlib.sha256(previous + f"{MANY + 1}\n{at}\n{body}".encode()).digest()
        connection.execute("INSERT INTO entry VALUES (?, ?, 'foretold', ?, ?)", (MANY + 1, at, body, link))
    a_bad_root(path)
    before = look(path.parent)
    with pytest.raises(JournalError, match=r"does not know \(foretold\): a newer Trunkwatch wrote it"):
        start(path)
    assert look(path.parent) == before


def test_a_journal_that_goes_bad_while_the_daemon_runs_is_built_anew_of_what_it_knows(path: Path) -> None:
    stopped(path)

    def spoil(path: Path) -> None:
        """Under SQLite's feet, and as much of it as there is."""
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)

    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path, lambda: NOW)
        told = list(journal.entries)
        spoil(path)
        with files_no_larger_than(0):  # so that it lets go of what it has cached, and opens the file anew
            for number in range(3):
                told += await journal.append([resolved(f"kept {number}")], AT)
        told += await healed(journal)
        assert len(journal.notices) == 1
        told += await journal.append([resolved("after")], AT)
        await journal.close()
        return tuple(sorted(told, key=lambda entry: entry.number))

    told = asyncio.run(life())
    assert [entry.number for entry in told] == list(range(1, MANY + 6))
    assert read_journal(path) == told
    (body,) = [entry.body for entry in told if isinstance(entry.body, JournalRebuilt)]
    assert (body.lost, body.unproven) == (0, 0)
    assert start(path)[:2] == (told, ())


# --- on disks that take nothing -----------------------------------------------------------------------------


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk("4m") as one:
        yield one


@as_root
@pytest.mark.parametrize("how", ["full", "read-only"])
@pytest.mark.parametrize("lay", [stopped, killed])
def test_a_damaged_journal_on_a_disk_that_takes_nothing_is_read_and_built_anew_later(
    disk: SmallDisk, how: str, lay: Callable[[Path], Path]
) -> None:
    path = lay(disk.root / "journal.db")
    if lay is stopped:
        a_bad_root(path)
    else:
        wal = path.with_name("journal.db-wal")
        wal.write_bytes(b"\xff" * 32 + wal.read_bytes()[32:])
    before = look(disk.root)
    if how == "full":
        disk.fill()
    else:
        disk.remount("ro")

    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path, lambda: NOW)
        assert numbers(journal.entries) == list(range(1, MANY + 1))
        assert journal.trouble
        told = journal.entries + await journal.append([resolved("kept")], AT)
        if how == "full":
            disk.make_room()
        else:
            disk.remount("rw")
        assert await healed(journal) == ()
        assert len(journal.notices) == 1
        told += await journal.append([resolved("after")], AT)
        await journal.close()
        return told

    told = asyncio.run(life())
    assert read_journal(path) == told
    after = look(disk.root)
    assert after[ASIDE] == before["journal.db"]
    assert after.get(ASIDE + "-wal") == before.get("journal.db-wal")


# --- kill -9 while it is built ------------------------------------------------------------------------------

DIES = """
import os, signal, sys
from pathlib import Path
from agent.journal import Journal
from tests.test_journal_rebuild import NOW

left, folder = int(sys.argv[2]), os.path.dirname(sys.argv[1])
CHANGES = ("os.rename", "os.remove", "os.link", "os.chmod", "os.truncate", "sqlite3.connect", "open")

def die(event, args):
    global left
    if event in CHANGES and str(args[0]).startswith(folder):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
Journal.open(Path(sys.argv[1]), lambda: NOW)
os._exit(0)
"""


@pytest.mark.parametrize("lay", [stopped, killed])
def test_a_kill_at_any_step_of_the_building_loses_nothing(
    tmp_path: Path, lay: Callable[[Path], Path]
) -> None:
    """Killed before its first change of the folder, before its second, and so on until it gets through."""
    model = lay(tmp_path / "journal.db")
    if lay is stopped:
        a_bad_root(model)
    else:
        wal = model.with_name("journal.db-wal")
        wal.write_bytes(b"\xff" * 32 + wal.read_bytes()[32:])
    for step in range(1, 60):
        folder = tmp_path / f"step-{step}"
        folder.mkdir()
        for file in tmp_path.glob("journal.db*"):
            shutil.copy(file, folder)
        path = folder / "journal.db"
        done = subprocess.run(
            [sys.executable, "-c", DIES, str(path), str(step)], cwd=ROOT, check=False, capture_output=True
        )
        entries, _, cursor = start(path, NOW + timedelta(hours=1))
        assert numbers(entries) == list(range(1, MANY + 1)), step
        assert cursor == 40
        assert len(entries) == MANY + 1
        kept = [file.read_bytes() for file in folder.iterdir() if ".damaged-" in file.name]
        assert model.read_bytes() in kept, step
        if lay is killed:
            assert model.with_name("journal.db-wal").read_bytes() in kept, step
        assert not [file.name for file in folder.iterdir() if "build" in file.name or "rebuilt" in file.name]
        assert start(path, NOW + timedelta(hours=2))[:2] == (entries, ())
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert step > 10


# --- any damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_to_its_bytes_a_start_is_a_journal_or_a_sentence_and_the_next_is_clean(
    path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - damage, not secrets
    (stopped if chance.random() < 0.5 else killed)(path, cursor=chance.randrange(MANY))
    files = [file for file in path.parent.iterdir() if file.stat().st_size]
    whole = {file.name: file.read_bytes() for file in files}
    hurt = chance.choice(files)
    raw = bytearray(hurt.read_bytes())
    match chance.randrange(4):
        case 0:
            for _ in range(chance.choice((1, 3, 30))):
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        case 1:
            del raw[chance.randrange(len(raw)) :]
        case 2:
            at = chance.randrange(len(raw))
            raw[at : at + 4096] = chance.randbytes(min(4096, len(raw) - at))
        case 3:
            at = chance.randrange(len(raw)) // 4096 * 4096
            raw[at : at + 4096] = bytes(min(4096, len(raw) - at))
    hurt.write_bytes(raw)
    journal, wal = path.read_bytes(), path.with_name("journal.db-wal")
    intact = set(numbers(find_entries(journal, wal.read_bytes() if wal.exists() else b"").entries))
    try:
        entries, notices, _ = start(path)
    except JournalError:
        assert path.read_bytes() == journal  # not ours to judge: it is left as it is
        return
    assert set(numbers(entries)) >= intact
    if notices:
        kept = {file.name.removeprefix(ASIDE): file.read_bytes() for file in path.parent.glob(ASIDE + "*")}
        assert kept.get("-wal", bytes(raw)) == bytes(raw) or kept.get("-wal") == whole.get("journal.db-wal")
    assert start(path)[:2] == (entries, ())
    assert read_journal(path) == entries


def test_the_readers_of_pages_and_logs_take_any_bytes() -> None:
    chance = random.Random(20261126)  # noqa: S311 - garbage, no secret
    for _ in range(200):
        block = chance.randbytes(chance.choice((0, 1, 31, 33, 4096, 9000)))
        leaf = b"\x0d" + chance.randbytes(4095)
        assert find_entries(block + leaf, block).entries == ()
        assert not wal_state(block).pages
