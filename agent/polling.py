"""Everything that is asked: a line for each way to each system, the schedule that asks them, and who waits.

It hands every reading on as it came; what a reading means is decided elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from datetime import timedelta
from functools import partial
from math import inf

from agent.clock import Clock
from agent.lines import Means, open_poller
from agent.loading import Setup
from agent.poller import Poller
from agent.schedule import Schedule, Task
from collectors.base import ProtocolName, Reading

SpareTime = timedelta(seconds=10)  # the poller's own deadline comes first

PATIENCE = timedelta(seconds=20)  # I7: for the answer of what may explain a failure
Way = tuple[str, ProtocolName]


class Polling:
    """The lines and the schedule of a site. `deliver`: takes a reading, and the clock's steps till then."""

    def __init__(self, setup: Setup, clock: Clock, deliver: Callable[[Reading, timedelta], None]) -> None:
        self.schedule = Schedule(())
        self.means = Means.of(setup, clock.now)
        self._clock = clock
        self._deliver = deliver
        self._pollers: dict[Way, Poller] = {}
        self._waiting: dict[Way, list[asyncio.Future[Reading]]] = {}
        self._asked: dict[str, float] = {}  # when each was last asked out of turn

    @property
    def ways(self) -> tuple[Way, ...]:
        """Every way that is asked."""
        return tuple(self._pollers)

    def start(self, setup: Setup) -> None:
        """Ask every system of the site by each of its ways, on the lines that are open or on new ones."""
        tasks = []
        for system in setup.site.systems:
            for protocol, pacing in setup.ways(system):
                way = system.name, protocol
                if way not in self._pollers:
                    self._pollers[way] = open_poller(
                        setup, system, protocol, means=self.means, now=self._clock.now
                    )
                poller = self._pollers[way]
                tasks.append(
                    Task(
                        system=system.name,
                        protocol=protocol,
                        interval=pacing.interval,
                        deadline=poller.poll.deadline + SpareTime,
                        poll=partial(self._poll, poller),
                    )
                )
        self.schedule = Schedule(tasks, self._clock)
        self.schedule.start()

    async def stop(self, keep: Container[str] = ()) -> None:
        """Ask nobody any more; hang up, but for the lines to the systems to keep. Takes seconds at most."""
        await self.schedule.stop()
        for waiting in (each for readings in self._waiting.values() for each in readings if not each.done()):
            waiting.set_exception(TimeoutError())
        self._waiting.clear()
        ended = [way for way in self._pollers if way[0] not in keep]
        lines = [self._pollers.pop(way).line for way in ended]
        # All at once: each may take its two seconds to log off, and a stop has ten.
        await asyncio.gather(*(line.close() for line in lines))

    async def poll_now(self, system: str) -> tuple[Reading, ...]:
        """Ask that system by each of its ways, on the lines and the budget that there are; the readings.

        Raises TimeoutError if the polling stops meanwhile, KeyError for a system that is not asked.
        """
        ways = [way for way in self._pollers if way[0] == system]
        loop = asyncio.get_running_loop()
        waiting: list[asyncio.Future[Reading]] = [loop.create_future() for _ in ways]
        for way, future in zip(ways, waiting, strict=True):
            self._waiting.setdefault(way, []).append(future)
        self.schedule.poll_now(system)
        return tuple(await asyncio.gather(*waiting))

    def ask(self, systems: Iterable[str]) -> None:
        """Ask them at once, because they may explain what fails (I7); nobody waits for it here.

        Each at most once in the time that its answer is waited for, however many failures it may explain.
        """
        now = asyncio.get_running_loop().time()
        for system in systems:
            if now - self._asked.get(system, -inf) < PATIENCE.total_seconds():
                continue
            if any(way[0] == system for way in self._pollers):
                self._asked[system] = now
                self.schedule.poll_now(system)

    def taken(self, reading: Reading) -> None:
        """The reading was judged: whoever waits for it gets it."""
        for waiting in self._waiting.pop((reading.system, reading.protocol), []):
            if not waiting.done():
                waiting.set_result(reading)

    async def _poll(self, poller: Poller) -> None:
        # Nothing is awaited since the poller stamped it: by as many steps of the clock as are known now.
        self._deliver(await poller.read(), self._clock.set_by)
