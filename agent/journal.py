"""The journal: every decision, in order, on disk before anything else is told of it.

One SQLite file, one connection, one writer thread; `agent.journal_file` says what the file is. Entries are
appended and never changed. The journal decides nothing and knows no clock; what its entries mean is the
business of those who fold them.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from agent.entries import Body, Entry
from agent.journal_file import JournalError, Row, connect, migrate, row, schema, unusable, verified

__all__ = ["Journal", "JournalError", "read_journal"]

_COPIES = 40  # tries to copy a journal that is being written, 50 ms apart

# (device, inode) -> descriptor of each journal that this process has open. Closing *any* descriptor of a
# file drops all POSIX locks that the process has on it, SQLite's too: nobody else here may open and close it.
_HELD: dict[tuple[int, int], int] = {}

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Journal:
    """The open journal of a running daemon. No second one can be open at the same path.

    `entries`: what it held when it was opened, in order (the startup fold); appending does not change it.
    """

    def __init__(self, path: Path, thread: ThreadPoolExecutor, store: _Store) -> None:
        self.entries = store.entries
        self._path = path
        self._thread = thread
        self._store = store
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open the journal at `path`, or create it (mode 0640) in a folder that must exist; blocks meanwhile.

        Checks the file and the whole chain. Raises JournalError: another daemon has it, no journal, damaged,
        of a newer version, an entry that does not follow, or a folder that cannot be used.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        try:
            return cls(path, thread, thread.submit(_Store, path).result())
        except BaseException:
            thread.shutdown()
            raise

    async def append(self, bodies: Sequence[Body], at: datetime) -> tuple[Entry, ...]:
        """Store all of `bodies` as decided at `at`, or none; return them, numbered, once they are durable.

        The entries are returned as a later reader will read them: every time in UTC. Raises ValueError for
        a time without zone or a body that could not be read back. Raises JournalError if it cannot be
        written (a full disk): then nothing of it was stored and a later append may succeed. An append that
        is cancelled may be stored all the same, as with a kill.
        """
        return await self._run(self._store.append, tuple(bodies), at)

    def cursor(self, name: str) -> int:
        """The number of the last entry that the reader `name` has told; 0 if it has told none."""
        return self._store.cursors.get(name, 0)

    async def set_cursor(self, name: str, number: int) -> None:
        """Remember that the reader `name` has told all entries up to `number`; durable on return.

        Raises ValueError if there is no such entry, JournalError if it cannot be written.
        """
        await self._run(self._store.set_cursor, name, number)

    async def close(self) -> None:
        """Finish what was asked, close the file and let go of it. Closing again does nothing."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
            self._thread.shutdown()

    async def _run(self, work: Callable[_P, _T], *args: _P.args, **_: _P.kwargs) -> _T:
        if self._closed:
            raise JournalError(f"journal {self._path} is closed; start the daemon again to write to it")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def read_journal(path: Path) -> tuple[Entry, ...]:
    """Read all entries of the journal at `path` without touching it; for when no daemon can be asked.

    Needs leave to read the folder and its files, no more, and works while a daemon writes: what is read is
    a private copy of the file and of its write-ahead log. Raises JournalError.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="trunkwatch-") as folder:
            copy = Path(folder, "journal")
            for _ in range(_COPIES):
                if _copied(path.resolve(), copy):
                    break
                time.sleep(0.05)
            else:
                raise JournalError(f"journal {path} changed faster than it could be copied; try again")
            with closing(connect(copy)) as connection:
                if schema(connection, path) == 0:
                    raise JournalError(
                        f"{path} is not a Trunkwatch journal yet; start the daemon to make it one"
                    )
                migrate(connection)
                return verified(connection, path)[0]
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
    except sqlite3.Error as error:
        raise unusable(path, error) from None


class _Store:
    """The file and all that is known of it. Made, used and closed in the writer thread only.

    `cursors` alone is read from outside: each of its values is whole at any moment.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _claim(path)
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = connect(path.resolve())
            # Before anything is written: a file that is not ours, or not of our time, stays as it is.
            schema(self._connection, path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            migrate(self._connection)
            self.entries, self._hash = verified(self._connection, path)
            self._last = len(self.entries)
            self.cursors: dict[str, int] = dict(self._connection.execute("SELECT name, number FROM cursor"))
        except sqlite3.Error as error:
            self.close()
            raise unusable(path, error) from None
        except BaseException:
            self.close()
            raise

    def append(self, bodies: tuple[Body, ...], at: datetime) -> tuple[Entry, ...]:
        rows: list[Row] = []
        previous = self._hash
        for number, body in enumerate(bodies, self._last + 1):
            rows.append(row(previous, number, at, body))
            previous = rows[-1].hash
        # Before it is written, read it as the next start will: what cannot be read must not get in.
        entries = tuple(each.entry() for each in rows)
        if rows:
            self._write(
                "INSERT INTO entry (number, at, kind, body, hash) VALUES (?, ?, ?, ?, ?)",
                [astuple(each) for each in rows],
            )
            self._last, self._hash = self._last + len(rows), previous
        return entries

    def set_cursor(self, name: str, number: int) -> None:
        if not 0 <= number <= self._last:
            raise ValueError(f"cursor {name} cannot stand at {number}: the last entry is {self._last}")
        self._write("INSERT OR REPLACE INTO cursor (name, number) VALUES (?, ?)", [(name, number)])
        self.cursors[name] = number

    def close(self) -> None:
        try:
            if self._connection is not None:
                with suppress(sqlite3.Error):  # a full disk: the write-ahead log stays, and nothing is lost
                    self._connection.close()
        finally:
            # The descriptor goes after the connection, whose locks would go with it.
            _HELD.pop(_identity(os.fstat(self._file)), None)
            os.close(self._file)

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        assert self._connection is not None  # noqa: S101 - for the type checker: __init__ would have raised
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # SQLite has rolled back of itself after some errors
                self._connection.execute("ROLLBACK")
            raise JournalError(
                f"journal {self._path} cannot be written: {error}; nothing was stored:"
                " see that its disk is well and has room"
            ) from error


def _claim(path: Path) -> int:
    """Open or create the file and lock it for as long as the descriptor is open.

    SQLite's own lock alone will not do: it falls when anything in this process closes the file.
    """
    taken = JournalError(
        f"another daemon holds the journal {path}; stop that one first,"
        " or give this site a directories.state of its own"
    )
    try:
        with suppress(FileNotFoundError):
            if _identity(path.stat()) in _HELD:
                raise taken
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
    except FileNotFoundError:
        raise JournalError(f"the folder {path.parent} of the journal does not exist; create it") from None
    except OSError as error:
        raise JournalError(
            f"journal {path} cannot be opened: {error.strerror};"
            " it and its folder must belong to the user who runs the daemon"
        ) from None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(f"{path} is not a file, so it is not a Trunkwatch journal; give another path")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Only who holds the lock knows that an empty file is not just being filled.
        if os.fstat(file).st_size == 0:
            wal = _wal(path.resolve())
            if wal.exists() and wal.stat().st_size > 0:
                raise JournalError(
                    f"journal {path} is empty and {wal.name} is not; bring the journal back from a backup,"
                    " or move both away to start anew"
                )
            os.fchmod(file, 0o640)  # whatever the umask said; the write-ahead log gets the same
            _sync_folder(path.resolve().parent)
    except BaseException as error:
        os.close(file)
        if isinstance(error, BlockingIOError):
            raise taken from None
        raise
    _HELD[_identity(status)] = file
    return file


# --- the copy that readers read ---------------------------------------------------------------------------


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
    held = _HELD.get(_identity(path.stat()))
    if held is not None:
        _copy(held, copy)
    else:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _copy(file, copy)
        finally:
            os.close(file)
    _wal(copy).unlink(missing_ok=True)
    if before.wal is not None:
        try:
            file = os.open(_wal(path), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            _copy(file, _wal(copy))
        finally:
            os.close(file)
    return _generation(path) == before


def _generation(path: Path) -> _Generation:
    try:
        with _wal(path).open("rb") as wal:
            return _Generation(wal.read(32), None)
    except FileNotFoundError:
        status = path.stat()
        return _Generation(None, (status.st_ino, status.st_size, status.st_mtime_ns))


def _copy(file: int, target: Path) -> None:
    """Copy by position, so that a descriptor that others use stays where it is."""
    with target.open("wb") as out:
        while block := os.pread(file, 1 << 20, out.tell()):
            out.write(block)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
