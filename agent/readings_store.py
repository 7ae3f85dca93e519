"""Keeps every reading that the daemon takes, for `trunkwatch readings export`: in batches, by a thread.

It is never in the way of judging: what the disk does not take waits in memory, the oldest are let go when too
many wait, and the daemon's own log says so once. The journal is the truth; this is what it was made from.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from agent.readings_file import ReadingsFile
from agent.site import Readings
from collectors.base import Reading

log = logging.getLogger("trunkwatch")

EVERY = 5.0  # seconds from batch to batch
WAITING = 2000  # readings in memory: half an hour of a site with 60 systems
TRIM_EVERY = 720  # batches: once an hour, and whenever the file is too large


class ReadingsStore:
    """The kept readings of a running daemon. `limits`: how long and how much; `now`: the wall clock, UTC."""

    def __init__(self, path: Path, limits: Readings, now: Callable[[], datetime]) -> None:
        self.limits = limits
        self._path = path
        self._now = now
        self._waiting: list[Reading] = []
        self._one_at_a_time = asyncio.Lock()
        self._dropped = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readings")
        self._file: ReadingsFile | None = None
        self._batches = 0
        self._trouble = ""

    def take(self, reading: Reading) -> None:
        """Keep it, soon."""
        self._waiting.append(reading)
        if len(self._waiting) > WAITING:
            self._dropped += 1
            del self._waiting[0]

    async def run(self) -> None:
        """Write what waits, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Write what waits; on return it can be read, or the daemon's log says why not."""
        async with self._one_at_a_time:
            batch, self._waiting = self._waiting, []
            loop = asyncio.get_running_loop()
            trouble = await loop.run_in_executor(self._thread, self._write, batch)
            await loop.run_in_executor(self._thread, self._trim)
            if trouble:
                behind = len(batch) + len(self._waiting) - WAITING
                self._waiting = [*batch, *self._waiting][max(behind, 0) :]
                self._dropped += max(behind, 0)
            self._say(trouble)

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        await self.write()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, batch: list[Reading]) -> str:
        """In the thread: why the disk does not take it; nothing if it does."""
        try:
            if self._file is None:
                self._file = ReadingsFile(self._path)
            self._file.add(batch)
        except (sqlite3.Error, OSError) as error:
            return str(error)
        except Exception as error:
            if not self._trouble:
                log.exception("readings cannot be packed")
            return f"{type(error).__name__}: {error}"
        return ""

    def _trim(self) -> None:
        """In the thread, now and then; what fails here fails in the next batch as well, and is said there."""
        if self._file is None:
            return
        with suppress(sqlite3.Error, OSError):
            if self._batches % TRIM_EVERY == 0 or self._file.is_larger(self.limits.megabytes):
                self._file.trim(self._now() - self.limits.keep, self.limits.megabytes)
            self._batches += 1

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        for notice in self._file.notices if self._file is not None else ():
            log.warning("%s", notice)
        if self._file is not None:
            self._file.notices.clear()
        if trouble and not self._trouble:
            log.error("readings cannot be kept in %s: %s; watching goes on without", self._path, trouble)
        elif self._trouble and not trouble:
            lost = f"; {self._dropped} of them are lost" if self._dropped else ""
            log.warning("readings can be kept again%s", lost)
            self._dropped = 0
        self._trouble = trouble
