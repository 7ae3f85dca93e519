"""Reads a journal without touching it: from a private copy of the file and of its write-ahead log.

For those who have no daemon to ask, and for a daemon whose disk lets it read and not write. Repairs nothing:
of a damaged journal it says what is wrong.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.entries import Entry
from agent.journal_claim import HELD, beside, identity
from agent.journal_file import Contents, JournalError, connect, migrate, schema, unusable, verified

_COPIES = 40  # tries to copy a journal that is being written, 50 ms apart
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, for when no disk has room


def read_journal(path: Path) -> tuple[Entry, ...]:
    """Read all entries of the journal at `path` without touching it; for when no daemon can be asked.

    Needs leave to read the folder and its files, no more, and works while a daemon writes: what is read is
    a private copy of the file and of its write-ahead log. Raises JournalError.
    """
    contents = read_contents(path)
    if contents is None:
        raise JournalError(f"{path} is not a Trunkwatch journal yet; start the daemon to make it one")
    return contents.entries


def read_contents(path: Path) -> Contents | None:
    """The same, with cursors and the last hash; None for an empty file. Raises JournalError."""
    try:
        with _scratch(path) as folder:
            copy = folder / "journal"
            for _ in range(_COPIES):
                if _copied(path.resolve(), copy):
                    break
                time.sleep(0.05)
            else:
                raise JournalError(f"journal {path} changed faster than it could be copied; try again")
            with copy.open("rb") as file:
                head = file.read(4096)
            try:
                with closing(connect(copy)) as connection:
                    if schema(connection, path) == 0:
                        return None
                    migrate(connection)
                    return verified(connection, path)
            except sqlite3.Error as error:
                raise unusable(path, error, head) from None
    except FileNotFoundError:
        raise JournalError(
            f"there is no journal at {path}; start the daemon once, or correct directories.state"
        ) from None
    except PermissionError:
        raise JournalError(
            f"you may not read the journal {path}; ask to be added to the group trunkwatch, or use sudo"
        ) from None
    except OSError as error:
        raise JournalError(
            f"journal {path} cannot be read: {error.strerror}; see to that and try again"
        ) from None


@contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """A private folder with room for a copy of that journal: in memory where no disk has any."""
    size = path.stat().st_size
    with suppress(FileNotFoundError):
        size += beside(path.resolve(), "-wal").stat().st_size
    folders: list[Path | None] = [_MEMORY, None]
    with suppress(OSError):  # Python finds no folder at all where every disk is full or read-only
        room = os.statvfs(tempfile.gettempdir())
        if room.f_bavail * room.f_frsize > 2 * size + (1 << 20):
            folders.reverse()
    for number, where in enumerate(folders):
        try:
            folder = tempfile.TemporaryDirectory(prefix="trunkwatch-", dir=where)
        except OSError:
            if number:
                raise
            continue
        with folder as name:
            yield Path(name)
        return


@dataclass(frozen=True, slots=True)
class _Generation:
    """What stays the same while a WAL is only appended to and checkpointed.

    A WAL is begun anew by a new header (its salts differ), and only after all of it is in the main file.
    """

    wal: bytes | None
    journal: tuple[int, int, int] | None


def _copied(path: Path, copy: Path) -> bool:
    """Copy journal and write-ahead log; False if a moment was caught at which they do not belong together.

    The journal goes first: whatever a checkpoint writes into it meanwhile is in the log too, which is
    copied later and wins. That holds as long as the log was not begun anew, or removed, in between.
    """
    before = _generation(path)
    held = HELD.get(identity(path.stat()))
    if held is not None:
        _copy(held, copy)
    else:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _copy(file, copy)
        finally:
            os.close(file)
    beside(copy, "-wal").unlink(missing_ok=True)
    if before.wal is not None:
        try:
            file = os.open(beside(path, "-wal"), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            _copy(file, beside(copy, "-wal"))
        finally:
            os.close(file)
    return _generation(path) == before


def _generation(path: Path) -> _Generation:
    try:
        with beside(path, "-wal").open("rb") as wal:
            return _Generation(wal.read(32), None)
    except FileNotFoundError:
        status = path.stat()
        return _Generation(None, (status.st_ino, status.st_size, status.st_mtime_ns))


def _copy(file: int, target: Path) -> None:
    """Copy by position, so that a descriptor that others use stays where it is."""
    with target.open("wb") as out:
        while block := os.pread(file, 1 << 20, out.tell()):
            out.write(block)
