"""What the daemon notices of its own clock: each step as an entry to write, and what the kernel says of it.

It reads the clocks and judges nothing: what a step puts right and what is wrong now is `agent.own_clock`.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from agent.clock import Clock
from agent.clock_sync import synchronised
from agent.entries import ClockSet
from agent.own_clock import clock_entry

LOOK_EVERY = 60.0  # seconds between two questions to the kernel


class ClockWatch:
    """One run's clock. `last`: the latest entry of the runs before; `started`: when this one began."""

    def __init__(self, clock: Clock, last: datetime | None) -> None:
        self.started = clock.now()
        self._clock = clock
        self._last = last
        self._untold: list[tuple[timedelta, datetime]] = []
        self._said: bool | None = None
        self._look_again = 0.0
        clock.listen(self._was_set)

    def entries(self) -> tuple[ClockSet, ...]:
        """The steps that were noticed since the last call, in their order."""
        now = self._clock.now()
        untold, self._untold = self._untold, []
        return tuple(clock_entry(step, now, started, self._last) for step, started in untold)

    def synchronised(self, *, wanted: bool) -> bool | None:
        """What the kernel said, a minute ago at most; None: it does not tell, or nobody minds (`wanted`)."""
        if not wanted:
            return None
        if (now := time.monotonic()) >= self._look_again:
            self._said, self._look_again = synchronised(), now + LOOK_EVERY
        return self._said

    def _was_set(self, step: timedelta) -> None:
        self._untold.append((step, self.started))
        self.started += step
