"""Puts a new journal in the place of a damaged one, which is kept beside it as it is.

A kill at any point leaves either the damaged journal in its place, or a new one that is whole and that the
next start puts there: the new file has its last name but one (`journal.db.rebuilt-<stamp>`) only when all of
it is on the disk. Which entries there are, it is told.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from agent.entries import Entry
from agent.journal_claim import HELD, beside, identity, let_go, sync_folder
from agent.journal_file import GENESIS, INSERT_CURSOR, INSERT_ENTRY, Row, connect, migrate, row


def name_aside(path: Path, now: datetime) -> Path:
    """Where a damaged journal goes, a name that nothing has: `journal.db.damaged-20261126T091500Z`."""
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for more in ("", *(f"-{number}" for number in range(2, 10_000))):
        aside = beside(path, f".damaged-{stamp}{more}")
        if not any(beside(aside, suffix).exists() for suffix in ("", "-wal", "-journal")):
            return aside
    raise OSError(f"there are too many damaged journals beside {path}")


def chain(entries: Sequence[Entry]) -> list[Row]:
    """The entries as a journal holds them that has nothing else."""
    rows: list[Row] = []
    for entry in entries:
        rows.append(row(rows[-1].hash if rows else GENESIS, entry.number, entry.at, entry.body))
    return rows


def build(path: Path, aside: Path, rows: Sequence[Row], cursors: Mapping[str, int], wal: bytes) -> None:
    """Write the new journal and see all of it onto the disk. `wal`: the damaged one's write-ahead log.

    Raises OSError or sqlite3.Error where the disk takes it not; what was begun is then in nobody's way.
    """
    begun = beside(path, ".building")
    begun.unlink(missing_ok=True)
    try:
        if wal and not beside(aside, "-wal").exists():
            _write(begun, wal)
            begun.rename(beside(aside, "-wal"))
        os.close(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
        begun.chmod(0o640)
        with closing(connect(begun)) as connection:
            connection.execute("PRAGMA journal_mode=OFF")  # a file that is whole or thrown away needs none
            connection.execute("PRAGMA synchronous=OFF")  # it is synced once, below
            migrate(connection)
            connection.execute("BEGIN")
            connection.executemany(INSERT_ENTRY, [astuple(each) for each in rows])
            connection.executemany(INSERT_CURSOR, list(cursors.items()))
            connection.execute("COMMIT")
        with begun.open("rb") as file:
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            begun.unlink(missing_ok=True)
        raise
    for older in path.parent.glob(f"{path.name}.rebuilt-*"):  # made by a try that came no further
        older.unlink()
    begun.rename(beside(path, aside.name.removeprefix(path.name).replace(".damaged-", ".rebuilt-", 1)))
    sync_folder(path.parent)


def find_built(path: Path) -> Path | None:
    """A new journal that is whole and waits to be put in the place of the damaged one."""
    return max(path.parent.glob(f"{path.name}.rebuilt-*"), default=None)


def put_in_place(path: Path, file: int) -> int:
    """Put a journal that is built where the damaged one lies, if there is one; the descriptor to go on with.

    `file`: the claimed descriptor of what lies there now. The new one is claimed before it has the name, so
    that no other daemon comes in between. Raises OSError.
    """
    built = find_built(path)
    if built is None:
        return file
    aside = beside(path, built.name.removeprefix(path.name).replace(".rebuilt-", ".damaged-", 1))
    new = os.open(built, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(new, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not aside.exists():
            _second_name(path, aside)
        for suffix in ("-journal", "-wal"):  # must not lie beside the new one: SQLite would play them into it
            with suppress(FileNotFoundError):
                old = beside(path, suffix)
                if beside(aside, suffix).exists() or old.stat().st_size == 0:
                    old.unlink()  # a copy is kept, or there is nothing to keep
                else:
                    old.rename(beside(aside, suffix))
        sync_folder(path.parent)
        built.rename(path)
        sync_folder(path.parent)
    except BaseException:
        os.close(new)
        raise
    let_go(file)
    HELD[identity(os.fstat(new))] = new
    return new


def _second_name(path: Path, aside: Path) -> None:
    try:
        os.link(path, aside)
    except FileNotFoundError:
        return
    except OSError:  # a file system without second names
        path.rename(aside)


def _write(path: Path, block: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640), "wb") as file:
        file.write(block)
        file.flush()
        os.fsync(file.fileno())
