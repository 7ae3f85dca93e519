"""The journal on a real file system: what goes in comes out, once, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agent.journal
import agent.journal_copy
from agent.entries import AgentStopped, Body, Entry, JournalRebuilt, Resolved
from agent.journal import Journal, JournalError, read_journal

ROOT = Path(agent.__file__).parent.parent
KINDS: tuple[type[Any], ...] = get_args(get_args(Body)[0])
AT = datetime(2026, 11, 20, 23, 3, tzinfo=UTC)
DROP = "DROP TRIGGER entry_is_not_changed; DROP TRIGGER entry_is_not_deleted;"


def resolved(reason: str) -> Resolved:
    return Resolved(ticket="TW-000001", reason=reason)


def write(path: Path, *batches: list[Body]) -> tuple[Entry, ...]:
    """Open the journal, append the batches, close it: what a daemon's whole life leaves behind."""

    async def life() -> tuple[Entry, ...]:
        journal = Journal.open(path)
        try:
            told = [entry for batch in batches for entry in await journal.append(batch, AT)]
        finally:
            await journal.close()
        return (*journal.entries, *told)

    return asyncio.run(life())


def reopened(path: Path) -> tuple[Entry, ...]:
    return write(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def five(path: Path) -> Path:
    write(path, [resolved(f"reason {number}") for number in range(1, 6)])
    return path


# --- what goes in comes out ---------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - bounds


def values_of(hint: Any, within: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """Values of an annotation; dataclasses by their fields, so that a field added later is tried as well.

    `within`: the dataclasses that it is a field of: what is in itself ends after one more.
    """
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        again = hint in within
        fields = [
            field
            for field in dataclasses.fields(hint)
            if not (again and any(name in str(hints[field.name]) for name in ("Ruling", "Child")))
        ]
        return st.builds(hint, **{each.name: values_of(hints[each.name], (*within, hint)) for each in fields})
    if hint is datetime:
        return MOMENTS
    if hint is timedelta:
        return st.timedeltas(timedelta(0), timedelta(days=400))
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0], within), max_size=3).map(tuple)
    if type(None) in get_args(hint):
        (some,) = (arg for arg in get_args(hint) if arg is not type(None))
        return st.none() | values_of(some, within)
    return st.from_type(hint)


def plain(value: Any) -> Any:
    """A body with every time as its instant, which is what must survive: the zone it was told in need not."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return (type(value), *((name, plain(getattr(value, name))) for name in names))
    return tuple(plain(each) for each in value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, database=None)
@given(st.data())
def test_an_entry_of_every_kind_comes_back_as_it_went_in(kind: type[Any], data: st.DataObject) -> None:
    bodies: list[Body] = data.draw(st.lists(values_of(kind), min_size=1, max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.db")
        told = write(path, bodies)
        assert [plain(entry.body) for entry in told] == [plain(body) for body in bodies]
        assert [(entry.number, entry.at) for entry in told] == [(n, AT) for n in range(1, len(bodies) + 1)]
        assert reopened(path) == told
        assert read_journal(path) == told


def test_times_are_kept_to_the_microsecond_and_in_utc(path: Path) -> None:
    at = datetime(2026, 11, 20, 17, 3, 0, 1, tzinfo=timezone(timedelta(hours=-6)))

    async def life() -> None:
        journal = Journal.open(path)
        (entry,) = await journal.append([AgentStopped()], at)
        assert (entry.at, entry.at.utcoffset()) == (at, timedelta(0))
        await journal.close()

    asyncio.run(life())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT at FROM entry").fetchall() == [
            ("2026-11-20T23:03:00.000001+00:00",)
        ]


def test_a_batch_with_one_impossible_body_is_stored_not_at_all(path: Path) -> None:
    restart = next(kind for kind in KINDS if kind.__name__ == "RestartSeen")
    without_zone = datetime(2026, 11, 20, 17, 3)  # noqa: DTZ001 - the mistake that is to be refused
    bad = restart(system="cm1", restarted=without_zone, level="warm", planned=False, source="boots")

    async def life() -> None:
        journal = Journal.open(path)
        with pytest.raises(ValueError, match="must have a zone"):
            await journal.append([resolved("good"), bad], AT)
        with pytest.raises(ValueError, match="must have a zone"):
            await journal.append([resolved("good")], without_zone)
        assert await journal.append([], AT) == ()
        assert [entry.number for entry in await journal.append([resolved("next")], AT)] == [1]
        await journal.close()

    asyncio.run(life())
    assert [entry.body for entry in read_journal(path)] == [resolved("next")]


def test_entries_from_many_tasks_are_numbered_without_a_gap(path: Path) -> None:
    async def life() -> list[tuple[Entry, ...]]:
        journal = Journal.open(path)
        told = await asyncio.gather(
            *(journal.append([resolved(f"{n}"), resolved(f"{n}")], AT) for n in range(50))
        )
        await journal.close()
        return told

    told = asyncio.run(life())
    assert sorted(entry.number for batch in told for entry in batch) == list(range(1, 101))
    assert read_journal(path) == tuple(sorted((e for batch in told for e in batch), key=lambda e: e.number))


def test_appending_does_not_need_the_loops_own_threads(path: Path) -> None:
    async def life() -> None:
        hung = threading.Event()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        stuck = asyncio.create_task(asyncio.to_thread(hung.wait))
        journal = Journal.open(path)
        try:
            async with asyncio.timeout(10):
                await journal.append([AgentStopped()], AT)
                await journal.close()
        finally:
            hung.set()
            await stuck

    asyncio.run(life())


def test_cursors_are_kept_and_cannot_pass_the_last_entry(path: Path) -> None:
    async def life() -> None:
        journal = Journal.open(path)
        assert journal.cursor("mail") == 0
        await journal.append([resolved("one"), resolved("two")], AT)
        await journal.set_cursor("mail", 1)
        await journal.set_cursor("mail", 2)
        await journal.set_cursor("pager", 1)
        with pytest.raises(ValueError, match="the last entry is 2"):
            await journal.set_cursor("mail", 3)
        await journal.close()
        again = Journal.open(path)
        assert (again.cursor("mail"), again.cursor("pager"), again.cursor("other")) == (2, 1, 0)
        await again.close()

    asyncio.run(life())


def test_closing_twice_is_harmless_and_appending_afterwards_says_why_not(path: Path) -> None:
    async def life() -> None:
        journal = Journal.open(path)
        await journal.close()
        await journal.close()
        with pytest.raises(JournalError, match="is closed"):
            await journal.append([AgentStopped()], AT)

    asyncio.run(life())


def test_the_file_is_for_owner_and_group_whatever_the_umask_and_has_no_shm(path: Path) -> None:
    async def life() -> dict[str, int]:
        journal = Journal.open(path)
        await journal.append([AgentStopped()], AT)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        await journal.close()
        return modes

    for umask in (0o077, 0o000):
        before = os.umask(umask)
        try:
            assert asyncio.run(life()) == {"journal.db": 0o640, "journal.db-wal": 0o640}
        finally:
            os.umask(before)
        assert [file.name for file in path.parent.iterdir()] == ["journal.db"]
        path.unlink()


# --- changed by other hands ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE entry SET body = '{}' WHERE number = 3", "entries are never changed"),
        ("DELETE FROM entry WHERE number = 5", "entries are never deleted"),
        ("REPLACE INTO entry VALUES (5, '', '', '', '')", "entries are only added at the end"),
        ("INSERT INTO entry VALUES (7, '', '', '', '')", "entries are only added at the end"),
        (
            "INSERT INTO entry (at, kind, body, hash) VALUES ('', '', '', '')",
            "entries are only added at the end",
        ),
    ],
)
def test_the_database_itself_refuses_to_change_an_entry(five: Path, statement: str, refusal: str) -> None:
    with closing(sqlite3.connect(five)) as connection, pytest.raises(sqlite3.IntegrityError, match=refusal):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE entry SET body = replace(body, 'n 3', 'n 4') WHERE number = 3",
            "entry 3 does not follow entry 2",
        ),
        (
            "UPDATE entry SET at = replace(at, '03', '04') WHERE number = 1",
            "entry 1 does not follow the beginning",
        ),
        ("UPDATE entry SET body = x'ff' WHERE number = 2", "entry 2 does not follow entry 1"),
        ("UPDATE entry SET hash = zeroblob(32) WHERE number = 5", "entry 5 does not follow entry 4"),
        (
            "UPDATE entry SET kind = 'opened' WHERE number = 4",
            "entry 4 is filed as opened and is resolved",
        ),
        ("UPDATE entry SET kind = x'ff' WHERE number = 4", "entry 4 is filed as"),
        ("DELETE FROM entry WHERE number = 1", "entry 2 does not follow the beginning"),
        ("DELETE FROM entry WHERE number = 3", "entry 4 does not follow entry 2"),
        ("DELETE FROM entry WHERE number >= 4", "the entries after number 3 are gone"),
        ("DELETE FROM entry", "the entries after number 0 are gone"),
        (
            "UPDATE entry SET number = 9 WHERE number = 2; UPDATE entry SET number = 2 WHERE number = 3;"
            "UPDATE entry SET number = 3 WHERE number = 9",
            "entry 2 does not follow entry 1",
        ),
    ],
)
def test_what_other_hands_changed_is_named(five: Path, statement: str, found: str) -> None:
    with closing(sqlite3.connect(five, isolation_level=None)) as connection:
        connection.executescript(DROP + statement)
    with pytest.raises(
        JournalError, match=f"is damaged .*{found}.* start the daemon: it sets the file aside"
    ):
        read_journal(five)
    rebuilt = reopened(five)[-1].body
    assert isinstance(rebuilt, JournalRebuilt)
    assert re.search(found, rebuilt.reason)


def test_one_changed_byte_in_the_file_is_named(five: Path) -> None:
    raw = five.read_bytes()
    assert raw.count(b"reason 4") == 1
    five.write_bytes(raw.replace(b"reason 4", b"reason 5"))
    with pytest.raises(JournalError, match="entry 4 does not follow entry 3"):
        read_journal(five)


def test_a_damaged_page_is_told_as_damage(five: Path) -> None:
    raw = bytearray(five.read_bytes())
    raw[4096 * 2 - 64 : 4096 * 2] = b"\xff" * 64
    for page in range(1, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    five.write_bytes(raw)
    with pytest.raises(JournalError, match=r"is damaged .* goes on with what can be read of it"):
        read_journal(five)


# --- not ours, not now, not here ----------------------------------------------------------------------------


def a_text_file(path: Path) -> None:
    path.write_text("This is the alert log, not the journal.\n" * 200)


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE contact (name TEXT)")
        connection.commit()


def from_the_future(path: Path) -> None:
    write(path, [AgentStopped()])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def with_an_unknown_kind(path: Path) -> None:
    """A well-chained journal whose last entry a later version wrote, by the documented form of the chain."""
    import hashlib  # noqa: PLC0415 - only this forger needs it

    write(path, [AgentStopped()])
    with closing(sqlite3.connect(path)) as connection:
        (at, previous) = connection.execute("SELECT at, hash FROM entry").fetchone()
        body = '{"kind":"foretold","ticket":"TW-000001"}'
        link = hashlib.sha256(previous + f"2\n{at}\n{body}".encode()).digest()
        connection.execute("INSERT INTO entry VALUES (2, ?, 'foretold', ?, ?)", (at, body, link))
        connection.commit()


@pytest.mark.parametrize(
    ("lay", "sentence"),
    [
        (a_text_file, "is not a Trunkwatch journal"),
        (another_database, "is not a Trunkwatch journal but another database"),
        (
            from_the_future,
            "has schema 99 and this version knows 1: a newer Trunkwatch wrote it; install that one",
        ),
        (
            with_an_unknown_kind,
            r"entry 2 .* does not know \(foretold\): a newer Trunkwatch wrote it; install that",
        ),
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "is not a file"),
    ],
)
def test_what_is_no_journal_of_this_version_is_refused_and_left_alone(
    path: Path, lay: Callable[[Path], None], sentence: str
) -> None:
    lay(path)
    before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    with pytest.raises(JournalError, match=sentence) as refusal:
        Journal.open(path)
    assert str(path) in str(refusal.value)
    with pytest.raises(JournalError):
        read_journal(path)
    assert {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before


def test_a_missing_folder_or_journal_is_a_sentence(path: Path) -> None:
    with pytest.raises(
        JournalError, match=f"the folder {path.parent}/none of the journal does not exist; create"
    ):
        Journal.open(path.parent / "none" / "journal.db")
    with pytest.raises(JournalError, match=f"there is no journal at {path}; start the daemon once"):
        read_journal(path)
    assert list(path.parent.iterdir()) == []


# --- one daemon ---------------------------------------------------------------------------------------------

OPENER = """
import sys
from pathlib import Path
from agent.journal import Journal, JournalError
try:
    Journal.open(Path(sys.argv[1]))
except JournalError as error:
    print(error)
"""


def script(code: str, *args: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_second_daemon_is_refused_by_name_also_after_this_process_read_the_file(path: Path) -> None:
    held = f"another daemon holds the journal {path}; stop that one first"

    async def life() -> None:
        journal = Journal.open(path)
        told = await journal.append([resolved("one")], AT)
        assert held in script(OPENER, path)
        with pytest.raises(JournalError, match=held):
            Journal.open(path)
        # Opening and closing the file here would drop SQLite's lock with it (POSIX); reading must not.
        assert read_journal(path) == told
        assert held in script(OPENER, path)
        foreign = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0)\ntry: c.execute('VACUUM')"
        assert "database is locked" in script(foreign + "\nexcept sqlite3.Error as e: print(e)", path)
        assert await journal.append([resolved("two")], AT)
        await journal.close()

    asyncio.run(life())
    assert script(OPENER, path) == ""


def test_a_journal_that_another_program_has_open_is_refused(five: Path) -> None:
    with closing(sqlite3.connect(five, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        assert "another program holds the journal" in script(OPENER, five)


# --- full disks, other users --------------------------------------------------------------------------------


GUEST = """
import os, sys
from pathlib import Path
from agent.journal import Journal, JournalError, read_journal
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for attempt in sys.argv[2:]:
    try:
        if attempt == "read":
            print(*(entry.body.reason for entry in read_journal(Path(sys.argv[1]))))
        else:
            Journal.open(Path(sys.argv[1]))
    except JournalError as error:
        print(error)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that a guest may reach (pytest's own are for their user only)."""
    folder = Path(tempfile.mkdtemp(prefix="trunkwatch-test-"))
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def only_readable(folder: Path) -> None:
    """Leave a guest (another user if we are root, else ourselves) what the operators' group has: reading."""
    files = [file for file in folder.iterdir() if file.is_file()]
    for entry in (folder, *files):
        if os.geteuid() == 0:
            os.chown(entry, 0, 65534)
            entry.chmod(0o750 if entry == folder else 0o640)
        else:
            entry.chmod(0o550 if entry == folder else 0o440)


def left_by_a_kill(path: Path) -> None:
    """A journal with entries in its write-ahead log only, as kill -9 leaves it."""

    async def life() -> None:
        journal = Journal.open(path)
        await journal.append([resolved("one"), resolved("two")], AT)
        for name in (path.name, path.name + "-wal"):
            shutil.copy(path.with_name(name), path.with_name(name + ".kept"))
        await journal.close()

    asyncio.run(life())
    for kept in list(path.parent.glob("*.kept")):
        kept.rename(kept.with_suffix(""))


def test_who_may_only_read_reads_all_of_a_killed_daemons_journal_and_changes_no_byte(shared: Path) -> None:
    path = shared / "journal.db"
    left_by_a_kill(path)
    only_readable(shared)

    def look() -> dict[str, tuple[bytes, int]]:
        return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in shared.iterdir()}

    before = look()
    assert sorted(before) == ["journal.db", "journal.db-wal"]
    assert script(GUEST, path, "read") == "one two\n"
    assert look() == before
    assert "cannot be opened: Permission denied; it and its folder must belong to" in script(
        GUEST, path, "open"
    )
    assert look() == before


def test_who_may_not_read_is_told_which_group_may(shared: Path) -> None:
    path = shared / "journal.db"
    write(path, [resolved("one")])
    path.chmod(0o600 if os.geteuid() == 0 else 0o000)
    shared.chmod(0o755)
    assert "you may not read the journal" in script(GUEST, path, "read")
    assert "group trunkwatch" in script(GUEST, path, "read")


def test_a_folder_that_cannot_be_written_is_a_sentence(shared: Path) -> None:
    path = shared / "journal.db"
    only_readable(shared)
    assert f"journal {path} cannot be opened: Permission denied" in script(GUEST, path, "open")
    shared.chmod(0o750)
    write(path, [resolved("one")])
    path.chmod(0o666)
    shared.chmod(0o555)
    assert f"journal {path} cannot be used" in script(GUEST, path, "open")


# --- kill -9 ------------------------------------------------------------------------------------------------

# Imports once and forks a writer per line of its input, so that thirty deaths take seconds.
NURSERY = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from agent.entries import Resolved
from agent.journal import Journal

async def write(path, life):
    journal = Journal.open(Path(path))
    count = 0
    while True:
        bodies = [Resolved(ticket=life, reason=f"{count}.{part}") for part in range(1 + count % 3)]
        told = await journal.append(bodies, datetime.now(UTC))
        os.write(1, b"".join(f"told {e.number} {life} {e.body.reason}\\n".encode() for e in told))
        count += 1

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asyncio.run(write(*line.split()))
    os.write(1, f"born {child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


class Nursery:
    """Real writer processes, one at a time, each killed by signal 9."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        self.told: list[tuple[int, str, str]] = []
        self.child = 0

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the writers' parent died"
        if line.startswith("told"):
            _, number, life, reason = line.split()
            self.told.append((int(number), life, reason))
        return line

    def bear(self, path: Path, life: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path} {life}\n")
        self.process.stdin.flush()
        while not (line := self.line()).startswith("born"):
            pass
        self.child = int(line.split()[1])

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        while self.line() != "dead\n":
            pass
        self.child = 0

    def close(self) -> None:
        if self.child:
            os.kill(self.child, signal.SIGKILL)
        self.process.communicate(timeout=30)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


def stored(entries: tuple[Entry, ...]) -> list[tuple[int, str, str]]:
    found = []
    for entry in entries:
        assert isinstance(entry.body, Resolved)
        found.append((entry.number, entry.body.ticket, entry.body.reason))
    return found


def check_lives(found: list[tuple[int, str, str]], told: list[tuple[int, str, str]]) -> None:
    """All that was told is there under its number, nothing is there twice, and every batch is whole."""
    assert set(told) <= set(found)
    assert len({(life, reason) for _, life, reason in found}) == len(found)
    for life in {life for _, life, _ in found}:
        reasons = [reason for _, of, reason in found if of == life]
        batches = 1 + max(int(reason.split(".")[0]) for reason in reasons)
        assert reasons == [f"{batch}.{part}" for batch in range(batches) for part in range(1 + batch % 3)]


def test_thirty_kills_lose_nothing_that_was_told_and_store_nothing_twice(
    path: Path, nursery: Nursery
) -> None:
    seed = time.time_ns()
    moments = random.Random(seed)  # noqa: S311 - moments of death, not secrets
    left_logs = 0
    for life in range(30):
        nursery.bear(path, f"life-{life}")
        while life % 2 and not any(of == f"life-{life}" for _, of, _ in nursery.told):
            nursery.line()  # every second life is killed while it writes, the others while they start
        time.sleep(moments.uniform(0, 0.15))  # not a wait for anything: the random moment itself
        nursery.kill()
        left_logs += path.with_name(path.name + "-wal").exists()
        if nursery.told:
            check_lives(stored(read_journal(path)), nursery.told)
    assert len({life for _, life, _ in nursery.told}) > 10, f"too few lives told anything, seed {seed}"
    assert left_logs > 10
    assert stored(reopened(path)) == stored(read_journal(path))


def test_a_kill_while_the_journal_is_created_leaves_something_to_start_from(
    tmp_path: Path, nursery: Nursery
) -> None:
    moments = random.Random(time.time_ns())  # noqa: S311 - moments of death, not secrets
    for life in range(20):
        path = tmp_path / f"{life}.db"
        nursery.bear(path, f"life-{life}")
        time.sleep(moments.uniform(0, 0.02))  # not a wait for anything: the random moment itself
        nursery.kill()
        check_lives(stored(reopened(path)), [told for told in nursery.told if told[1] == f"life-{life}"])


def test_a_journal_can_be_read_while_a_daemon_writes_it_as_fast_as_it_can(
    path: Path, nursery: Nursery
) -> None:
    nursery.bear(path, "life-0")
    while not nursery.told:
        nursery.line()
    drain = threading.Thread(target=lambda: all(iter(nursery.process.stdout.readline, "dead\n")))  # type: ignore[union-attr] # it is a pipe
    drain.start()
    logs: set[bytes] = set()
    seen: list[tuple[int, str, str]] = []
    deadline = time.monotonic() + 30
    reads = 0
    try:
        # Until the log was begun anew twice, so that reads fell on both sides of it and into its middle.
        while (len(logs) < 3 or reads < 20) and time.monotonic() < deadline:
            found = stored(read_journal(path))
            assert found[: len(seen)] == seen
            check_lives(found, nursery.told)
            with path.with_name(path.name + "-wal").open("rb") as log:
                logs.add(log.read(32))
            seen, reads = found, reads + 1
    finally:
        os.kill(nursery.child, signal.SIGKILL)
        nursery.child = 0
        drain.join()
    assert len(logs) >= 3
    assert reads >= 20
    assert len(seen) > 1000


def begun_anew(path: Path) -> bytes:
    return path.with_name(path.name + "-wal").read_bytes()[:32]


def checkpointed(path: Path) -> int:
    return path.stat().st_mtime_ns


@pytest.mark.parametrize("turns", [[begun_anew, begun_anew], [checkpointed]])
def test_a_copy_is_whole_when_the_log_turns_between_its_two_files(
    path: Path, turns: list[Callable[[Path], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.new_event_loop()
    journal = Journal.open(path)
    told: list[Entry] = []

    def append_until(turn: Callable[[Path], object]) -> None:
        before = turn(path)
        while turn(path) == before:
            told.extend(loop.run_until_complete(journal.append([resolved(f"{len(told)} " + "x" * 3000)], AT)))

    append_until(begun_anew)
    copy, left = agent.journal_copy._copy, list(turns)

    def copy_and_turn(file: int, target: Path) -> None:
        copy(file, target)
        if left:
            append_until(left.pop())

    monkeypatch.setattr(agent.journal_copy, "_copy", copy_and_turn)
    assert list(read_journal(path)) == told
    assert not left
    loop.run_until_complete(journal.close())
    loop.close()
