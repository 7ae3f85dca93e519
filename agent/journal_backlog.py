"""The journal's file as the writer thread has it, and what could not be written to it yet.

An entry has its number and its place in the chain at once. What the disk does not take is kept in memory, in
order, and written before anything later, all in one transaction; so the file never has a gap, and no reader's
cursor stands where the file holds nothing. A damaged file is set aside and built anew from what is known.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

from agent.entries import Body, Entry, JournalRebuilt
from agent.journal_claim import LATER, beside, claim, let_go, takes_nothing
from agent.journal_copy import read_contents
from agent.journal_file import (
    GENESIS,
    INSERT_CURSOR,
    INSERT_ENTRY,
    Contents,
    JournalDamaged,
    JournalError,
    JournalUnwritable,
    Row,
    connect,
    migrate,
    row,
    schema,
    unusable,
    unwritable,
    verified,
)
from agent.journal_rebuild import build, chain, find_built, name_aside, put_in_place
from agent.journal_salvage import find_entries, wal_state

TRY_AGAIN = 2.0  # seconds between two tries to open or to build the file; each may read all of it


class Backlog:
    """Made, used and closed in the writer thread only; its public attributes may be read from anywhere.

    `trouble`: why the file cannot be written, one sentence; empty if it can. `late`: how many entries had
    waited when it could be written again. `notices`: a sentence for each file that was set aside.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.trouble = ""
        self.late = 0
        self.notices: tuple[str, ...] = ()
        self.cursors: Mapping[str, int] = {}
        self._path = path
        self._now = now
        self._file: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._known: list[Entry] = []  # all, so that a file that goes bad can be built anew
        self._hash = self._hash_on_disk = GENESIS
        self._waiting: list[Row] = []
        self._news: list[Entry] = []  # that no caller has been given yet
        self._moved: set[str] = set()  # cursors that the file does not have yet
        self._aside: Path | None = None  # where the damaged file must go before anything is written
        self._wal = b""  # the write-ahead log as it was before SQLite opened the file
        self._notice = ""
        self._next_try = 0.0
        try:
            self._begin()
        except BaseException:
            self._release()
            raise

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, those that wait included."""
        return tuple(self._known)

    @property
    def unwritten(self) -> int:
        """How many entries are in memory only."""
        return len(self._waiting)

    def append(self, bodies: tuple[Body, ...], at: datetime, *, durable: bool) -> tuple[Entry, ...]:
        """Number, chain and write; see Journal.append. Without bodies it tries what waits."""
        self._reach()
        rows: list[Row] = []
        previous = self._hash
        for number, body in enumerate(bodies, len(self._known) + 1):
            rows.append(row(previous, number, at, body))
            previous = rows[-1].hash
        # Before it is written, read it as the next start will: what cannot be read must not get in.
        entries = [each.entry() for each in rows]
        try:
            self._commit(rows)
        except JournalUnwritable as error:
            if not durable:
                self._waiting += rows
                self._known += entries
                self._hash = previous
            if isinstance(error.__cause__, JournalDamaged):  # an entry of its own, numbered behind these
                self._found_out(error.__cause__)
            if durable:
                raise
        else:
            self._known += entries
            self._hash = previous
        news, self._news = [*self._news, *entries], []
        return tuple(sorted(news, key=lambda entry: entry.number))

    def set_cursor(self, name: str, number: int) -> None:
        """Move a reader's place; it is written with the entries that it has told, never before them."""
        if not 0 <= number <= len(self._known):
            raise ValueError(f"cursor {name} cannot stand at {number}: the last entry is {len(self._known)}")
        self.cursors = {**self.cursors, name: number}
        self._moved.add(name)
        self._reach()
        with suppress(JournalUnwritable):
            self._commit(())

    def close(self) -> None:
        """Try once more to write what waits, and let go of the file."""
        try:
            if self._waiting or self._moved:
                self._next_try = 0.0
                self._reach()
                with suppress(JournalUnwritable):
                    self._commit(())
        finally:
            self._release()

    # --- writing ------------------------------------------------------------------------------------------

    def _commit(self, rows: Sequence[Row]) -> None:
        """Write what waits and then `rows`, all or nothing. Raises JournalUnwritable."""
        if self._connection is None:
            raise JournalUnwritable(self.trouble)
        whole = [*self._waiting, *rows]
        if not whole and not self._moved and not self.trouble:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if not whole:  # to know whether the disk takes anything, something must be written
                self._connection.execute("INSERT INTO cursor (name, number) VALUES ('', 0)")
                self._connection.execute("DELETE FROM cursor WHERE name = ''")
            self._connection.executemany(INSERT_ENTRY, [astuple(each) for each in whole])
            moved = [(name, self.cursors[name]) for name in sorted(self._moved)]
            self._connection.executemany(INSERT_CURSOR, moved)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # SQLite has rolled back of itself after some errors
                self._connection.execute("ROLLBACK")
            problem = unwritable(self._path, str(error))
            found = unusable(self._path, error, b"")
            full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
            if not full and (self.trouble or isinstance(found, JournalDamaged)):
                self._disconnect()  # not merely full, and again: only opening it anew can tell what is there
            self.trouble = str(problem)
            raise problem from found
        if whole:
            self._hash_on_disk = whole[-1].hash
        if self.trouble:
            self.late, self.trouble = len(self._waiting), ""
        self._waiting, self._moved = [], set()

    def _reach(self) -> None:
        """Take the file again if it is not open, but not too often; `trouble` says what is wrong with it."""
        if self._connection is not None or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + TRY_AGAIN
        try:
            if self._aside is not None:
                self._build()
            else:
                self._agree(self._open())
        except JournalDamaged as damage:
            self._found_out(damage)
        except JournalError as error:
            self._disconnect()
            self.trouble = str(error)

    def _agree(self, contents: Contents) -> None:
        """Go on where the file ends: what was thought to wait may have reached it with an error."""
        ends = {len(self._known) - len(self._waiting): self._hash_on_disk}
        ends |= {each.number: each.hash for each in self._waiting}
        last = len(contents.entries)
        if ends.get(last) != contents.hash:
            raise JournalUnwritable(
                f"the journal {self._path} is not the one that this daemon began with; put that one back, or"
                " restart the daemon to go on with this one"
            )
        self._hash_on_disk = contents.hash
        self._waiting = [each for each in self._waiting if each.number > last]

    # --- opening ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        try:
            try:
                contents = self._open()
            except JournalUnwritable as error:
                self.trouble = str(error)
                contents = self._look()
        except JournalDamaged as damage:
            self._salvage(damage)
            return
        self._known, self.cursors = list(contents.entries), contents.cursors
        self._hash = self._hash_on_disk = contents.hash

    def _open(self) -> Contents:
        """Claim, connect, check. Raises JournalUnwritable, JournalDamaged, or JournalError for a mistake."""
        self._release()
        try:
            self._file = claim(self._path)
            self._file = put_in_place(self._path.resolve(), self._file)
            self._read_wal()
            head = os.pread(self._file, 4096, 0)
        except OSError as error:
            raise self._refused(error) from None
        try:
            self._connection = connect(self._path.resolve())
            # Before anything is written: a file that is not ours, or not of our time, stays as it is.
            schema(self._connection, self._path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            migrate(self._connection)
            return verified(self._connection, self._path)
        except sqlite3.Error as error:
            self._disconnect()
            problem = unusable(self._path, error, head)
            if not isinstance(problem, (JournalDamaged, JournalUnwritable)) and (
                why := takes_nothing(self._path.resolve().parent)
            ):
                problem = unwritable(self._path, why)
            raise problem from None
        except JournalError:
            self._disconnect()
            raise

    def _look(self) -> Contents:
        """What the file holds, where it cannot be written."""
        self._release()
        if not self._path.exists():
            return Contents()
        self._file = claim(self._path, read_only=True)
        if (built := find_built(self._path.resolve())) is not None:
            return read_contents(built) or Contents()
        self._read_wal()
        return read_contents(self._path) or Contents()

    def _read_wal(self) -> None:
        assert self._file is not None  # noqa: S101 - for the type checker: its callers have claimed it
        try:
            self._wal = beside(self._path.resolve(), "-wal").read_bytes()
        except FileNotFoundError:
            self._wal = b""
        if self._wal and os.fstat(self._file).st_size == 0:
            raise JournalDamaged(self._path, "it is empty and its write-ahead log is not")
        if wal_state(self._wal).broken:
            raise JournalDamaged(self._path, "its write-ahead log is not as it was written")

    def _refused(self, error: OSError) -> JournalError:
        why = error.strerror or str(error)
        if error.errno in LATER:
            return unwritable(self._path, why)
        return JournalError(
            f"journal {self._path} cannot be opened: {why};"
            " it, what lies beside it and its folder must belong to the user who runs the daemon"
        )

    # --- damage -------------------------------------------------------------------------------------------

    def _salvage(self, damage: JournalDamaged) -> None:
        """Begin with what can be read of a file that was found damaged at the start."""
        assert self._file is not None  # noqa: S101 - for the type checker: what is damaged was opened
        size = os.fstat(self._file).st_size
        found = find_entries(os.pread(self._file, size, 0), self._wal)
        if found.newer:
            raise JournalError(
                f"journal {self._path} is damaged ({damage.reason}) and holds an entry that this version does"
                f" not know ({found.newer}): a newer Trunkwatch wrote it; install that one again"
            )
        self._known, self.cursors = list(found.entries), found.cursors
        self._set_aside(damage, lost=found.lost, unproven=found.unproven)
        self._news.clear()  # it is among the entries that the daemon begins with
        self._reach()

    def _found_out(self, damage: JournalDamaged) -> None:
        """The file went bad while the daemon runs: all that was in it is in memory."""
        self._set_aside(damage, lost=0, unproven=0)
        self._next_try = 0.0

    def _set_aside(self, damage: JournalDamaged, *, lost: int, unproven: int) -> None:
        self._disconnect()
        now = self._now()
        self._aside = name_aside(self._path, now)
        kept = len(self._known)
        body = JournalRebuilt(
            file=self._aside.name, reason=damage.reason, kept=kept, lost=lost, unproven=unproven
        )
        self._known.append(Entry(kept + 1, now, body))
        self._news.append(self._known[-1])
        rows = chain(self._known)
        self._hash = rows[-1].hash
        self._waiting = rows[kept - len(self._waiting) :]
        self.trouble = (
            f"the journal {self._path} is damaged ({damage.reason}) and could not be built anew yet"
        )
        self._notice = (
            f"the journal {self._path} was damaged ({damage.reason}): it is kept beside the new one as"
            f" {self._aside.name}; the new one has the {kept} entries that could be read,"
            f" {unproven} of them not proven by the chain, and {lost} are known to be lost"
        )

    def _build(self) -> None:
        """Put a new file in the place of the damaged one. Raises JournalError, and is then tried again."""
        assert self._aside is not None  # noqa: S101 - for the type checker: its caller looked
        path = self._path.resolve()
        try:
            build(path, self._aside, chain(self._known), self.cursors, self._wal)
        except sqlite3.Error as error:
            raise unwritable(self._path, str(error)) from None
        except OSError as error:
            raise self._refused(error) from None
        contents = self._open()
        if contents.entries != tuple(self._known):
            raise JournalError(f"the journal {self._path} is not as it was just built; see to its disk")
        self._hash = self._hash_on_disk = contents.hash
        self.late = len(self._waiting)
        self._waiting, self._moved, self._aside, self.trouble = [], set(), None, ""
        self.notices += (self._notice,)

    # --- letting go ---------------------------------------------------------------------------------------

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):  # a full disk: the write-ahead log stays, and nothing is lost
                connection.close()

    def _release(self) -> None:
        self._disconnect()
        # The descriptor goes after the connection, whose locks would go with it.
        file, self._file = self._file, None
        if file is not None:
            let_go(file)
