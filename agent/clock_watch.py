"""What the daemon notices of its own clock: each step as an entry to write, and what the kernel says of it.

It reads the clocks and judges nothing: what a step puts right and what is wrong now is `agent.own_clock`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.clock import Clock
from agent.clock_sync import synchronised
from agent.entries import ClockSet
from agent.own_clock import clock_entry

LOOK_EVERY = 60.0  # seconds between two questions to the kernel


class ClockWatch:
    """One run's clock. `last`: the latest entry of the runs before; `started`: when this one began.

    `synchronised`: what the kernel said, a minute ago at most; None: it does not tell, or nobody minds.
    """

    def __init__(self, clock: Clock, last: datetime | None) -> None:
        self.started = clock.now()
        self.synchronised: bool | None = None
        self._clock = clock
        self._last = last
        self._untold: list[tuple[timedelta, datetime]] = []
        clock.listen(self._was_set)

    def entries(self) -> tuple[ClockSet, ...]:
        """The steps that were noticed since the last call, in their order."""
        now = self._clock.now()
        untold, self._untold = self._untold, []
        return tuple(clock_entry(step, now, started, self._last) for step, started in untold)

    async def run(self, minds: Callable[[], bool]) -> None:
        """Look every minute until cancelled, off the loop. `minds`: whether the site wants to know."""
        while True:
            self.synchronised = await asyncio.to_thread(synchronised) if minds() else None
            await asyncio.sleep(LOOK_EVERY)

    def _was_set(self, step: timedelta) -> None:
        self._untold.append((step, self.started))
        self.started += step
