"""Tells whoever started us how we are: systemd's notification socket (sd_notify(3)), watchdog and journal.

Nothing is sent where there is no such socket. It decides nothing about our health: the watchdog is fed for as
long as `moving` says so, and from the event loop, so that a loop that hangs is not fed either.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

log = logging.getLogger(__name__)

GLANCE = 15.0  # seconds between two STATUS= sentences where no watchdog asks for more
AGAIN = 1.0  # seconds until the next look while nothing moves, so that a late beat is late by little


class Supervisor:
    """The service manager, if there is one. `environment`: where it said how to be told (NOTIFY_SOCKET)."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        # Seconds between two beats: half of what the watchdog allows. None: no watchdog waits for us.
        self.beat = int(usec) / 2e6 if self._address and usec.isdigit() and int(usec) and ours else None

    def ready(self, status: str) -> None:
        """We listen and poll."""
        self._tell("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """How we are, in a sentence."""
        self._tell(f"STATUS={status}")

    def stopping(self) -> None:
        """We have begun to stop."""
        self._tell("STOPPING=1", "STATUS=stopping")

    @contextmanager
    def reloading(self, status: Callable[[], str]) -> Iterator[None]:
        """Around a reload, whichever way it ends; `status`: the sentence for after it."""
        self._tell(
            "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=taking the site file"
        )
        try:
            yield
        finally:
            self.ready(status())

    async def feed(self, moving: Callable[[], bool], status: Callable[[], str]) -> None:
        """Feed the watchdog while `moving`, and keep the status sentence fresh. Never ends."""
        while True:
            well = moving()
            beat = ["WATCHDOG=1"] if well and self.beat is not None else []
            self._tell(*beat, f"STATUS={status()}")
            period = self.beat or GLANCE
            await asyncio.sleep(period if well else min(period, AGAIN))

    def _tell(self, *fields: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is in the abstract namespace: a zero byte is what the kernel wants there.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        message = "\n".join(field.replace("\n", " ") for field in fields)
        try:
            # Not blocking: a manager that does not read must not make us as slow as itself.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as teller:
                teller.sendto(message.encode(), address)
        except OSError as error:
            log.warning("the service manager at %s cannot be told %s: %s", self._address, fields[0], error)


def log_stream(environment: Mapping[str, str] = os.environ) -> logging.Handler:
    """Where the daemon's own log goes: standard error, with levels where that is systemd's journal."""
    stream = logging.StreamHandler()
    stderr = os.fstat(2)
    # Compared, since a shell inherits the variable from a terminal that is a service (systemd.exec(5)).
    if environment.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}":
        stream.setFormatter(_ForTheJournal("%(name)s: %(message)s"))  # it knows the time already
    else:
        stream.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return stream


class _ForTheJournal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}
        mark = f"<{level.get(record.levelno, 7)}>"
        return "\n".join(mark + line for line in super().format(record).split("\n"))
