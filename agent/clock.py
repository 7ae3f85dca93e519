"""The wall clock, and by how much somebody set it: the monotonic clock tells. It decides nothing.

A machine's clock is set by hand, by NTP after a start in 1970, by a hypervisor after a pause. Whoever
remembers an instant that was read off it must move what is remembered by as much, or takes an hour for passed
that did not pass. Small corrections (below STEP from one look to the next) are followed without a word.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

STEP = 0.5  # seconds by which the clocks may part from look to look before it counts as a step
APART = 0.05  # seconds: clocks that were read further apart are read again, for the process was held up


class Clock:
    """The wall clock. All calls belong to one thread. `wall`, `monotonic`: the two clocks, in seconds."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._listeners: list[Callable[[timedelta], None]] = []
        self._ahead = self._read()[1]
        self.set_by = timedelta(0)  # all steps that were noticed so far, together

    def now(self) -> datetime:
        """The time in UTC. A step is noticed first: `set_by` counts every step before that instant."""
        return datetime.fromtimestamp(self.look(), UTC)

    def listen(self, told: Callable[[timedelta], None]) -> None:
        """Call `told` with each step from now on; it may not raise."""
        self._listeners.append(told)

    def unlisten(self, told: Callable[[timedelta], None]) -> None:
        """No longer call it; nothing happens if it did not listen."""
        if told in self._listeners:
            self._listeners.remove(told)

    def look(self) -> float:
        """Look whether the clock was set since the last look, and tell; the wall clock, since the epoch."""
        wall, ahead = self._read()
        step, self._ahead = ahead - self._ahead, ahead
        if abs(step) > STEP:
            log.warning("the agent's clock was set %+.1f s; all that it remembers follows", step)
            length = timedelta(seconds=step)
            self.set_by += length
            for told in tuple(self._listeners):
                told(length)
        return wall

    def _read(self) -> tuple[float, float]:
        """The wall clock, and how far it is ahead of the monotonic one."""
        for _ in range(5):
            before, wall, after = self._monotonic(), self._wall(), self._monotonic()
            if after - before < APART:
                break
        return wall, wall - before
