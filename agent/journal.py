"""The journal: every decision, in order. What the disk does not take now is kept, and written when it does.

One SQLite file, one connection, one writer thread: `agent.journal_file` says what the file is,
`agent.journal_backlog` writes it. Entries are appended and never changed. The journal decides nothing; what
its entries mean is the business of those who fold them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from agent.entries import Body, Entry
from agent.journal_backlog import Backlog
from agent.journal_copy import read_journal
from agent.journal_file import JournalError

__all__ = ["Journal", "JournalError", "read_journal"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Journal:
    """The open journal of a running daemon. No second one can be open at the same path.

    `entries`: what it held when it was opened, in order (the startup fold); appending does not change it.
    """

    def __init__(self, path: Path, thread: ThreadPoolExecutor, backlog: Backlog) -> None:
        self.entries = backlog.entries
        self._path = path
        self._thread = thread
        self._backlog = backlog
        self._closed = False

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Journal:
        """Open the journal at `path`, or create it (mode 0640) in a folder that must exist; blocks meanwhile.

        Checks the file and the whole chain. A damaged journal is set aside, and a new one made of what can
        be read (`notices`); where the disk takes nothing now, the journal begins with what can be read and
        waits (`trouble`). `now`: names and dates what is set aside. Raises JournalError: another daemon has
        it, no journal, of a newer version, or a file or folder that must not be used.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        try:
            return cls(path, thread, thread.submit(Backlog, path, now).result())
        except BaseException:
            thread.shutdown()
            raise

    @property
    def trouble(self) -> str:
        """Why the journal cannot be written now, as one sentence; empty if it can."""
        return self._backlog.trouble

    @property
    def unwritten(self) -> int:
        """How many entries are in memory only, and would be lost by a kill."""
        return self._backlog.unwritten

    @property
    def late(self) -> int:
        """How many entries had waited when the last trouble was over."""
        return self._backlog.late

    @property
    def notices(self) -> tuple[str, ...]:
        """One sentence for each damaged file that was set aside since the journal was opened."""
        return self._backlog.notices

    async def append(
        self, bodies: Sequence[Body], at: datetime, *, durable: bool = False
    ) -> tuple[Entry, ...]:
        """Take all of `bodies` as decided at `at`, or none; return all that is new, numbered, in order.

        They are on the disk when it returns, or else `trouble` says why not, and they are written, in order
        and in one transaction, with the first later call that can; an append of nothing is such a call.
        With `durable` it is the disk or nothing: raises JournalError, and nothing of it is taken. What is
        new can begin with an entry of the journal's own (JournalRebuilt).

        The entries are returned as a later reader will read them: every time in UTC. Raises ValueError for
        a time without zone or a body that could not be read back. An append that is cancelled may be stored
        all the same, as with a kill.
        """
        return await self._run(lambda: self._backlog.append(tuple(bodies), at, durable=durable))

    def cursor(self, name: str) -> int:
        """The number of the last entry that the reader `name` has told; 0 if it has told none."""
        return self._backlog.cursors.get(name, 0)

    async def set_cursor(self, name: str, number: int) -> None:
        """Remember that the reader `name` has told all entries up to `number`.

        It is written after the entries that it has told, with them if they wait; after a kill in between
        the reader tells them again. Raises ValueError if there is no such entry.
        """
        await self._run(self._backlog.set_cursor, name, number)

    async def close(self) -> None:
        """Finish what was asked, close the file and let go of it. Closing again does nothing."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._backlog.close)
            self._thread.shutdown()

    async def _run(self, work: Callable[_P, _T], *args: _P.args, **_: _P.kwargs) -> _T:
        if self._closed:
            raise JournalError(f"journal {self._path} is closed; start the daemon again to write to it")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
