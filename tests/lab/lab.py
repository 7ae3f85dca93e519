"""The lab itself: one customer, one agent for each of its systems, and the faults that are set just now.

It knows no daemon and no terminal: `run.py` puts it to work, tests use it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from functools import reduce

from tests.lab import model
from tests.lab.agent import Agent
from tests.lab.faults import SetFault, UnknownFault, find
from tests.lab.model import utc_now


class Lab:
    """A running customer. `octet` and `port` choose its addresses: 127.47.OCTET.x, UDP `port`."""

    def __init__(
        self,
        *,
        octet: int = model.OCTET,
        port: int = model.PORT,
        now: Callable[[], datetime] = utc_now,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._now = now
        self._tell = tell
        self._healthy = self.customer = model.customer(now(), octet=octet, port=port)
        self._set: list[SetFault] = []
        self._agents = [Agent(s.name, lambda: self.customer, now) for s in self.customer.systems]
        self._running = AsyncExitStack()

    @property
    def faults(self) -> tuple[SetFault, ...]:
        """The faults that are set, oldest first."""
        return tuple(self._set)

    async def start(self) -> None:
        """Let every system answer. Raises AddressTaken, and then none does."""
        async with AsyncExitStack() as started:
            for agent in self._agents:
                await agent.start()
                started.push_async_callback(agent.stop)
            self._running = started.pop_all()

    async def stop(self) -> None:
        """Silence every system and give its address back. Harmless when not started."""
        await self._running.aclose()

    def fault(self, name: str, system: str | None = None) -> str:
        """Set a fault; gives the sentence that says what was done. Raises UnknownFault."""
        fault, target = find(name, system)
        new = SetFault(fault, target, self._now())
        if not fault.lasting:
            self._healthy = new.apply(self._healthy)
        elif any(str(old) == str(new) for old in self._set):
            return f"{new} is set already."
        else:
            self._set.append(new)
        return self._settle(f"{new}: {fault.does} Expect {fault.expect}.")

    def clear(self, name: str | None = None) -> str:
        """Heal one fault, on whatever systems it is set, or all; says what was done. Raises UnknownFault."""
        if name is not None and not find(name)[0].lasting:
            return f"{name} is over as soon as it has happened: there is nothing to clear."
        healed = [old for old in self._set if name in (None, old.fault.name)]
        if not healed:
            return "Nothing was set." if name is None else f"{name} was not set."
        self._set = [old for old in self._set if old not in healed]
        return self._settle("Cleared " + ", ".join(map(str, healed)) + ".")

    def _settle(self, said: str) -> str:
        self.customer = reduce(lambda customer, fault: fault.apply(customer), self._set, self._healthy)
        for agent in self._agents:
            agent.refresh()
        self._tell(said)
        return said


__all__ = ["Lab", "UnknownFault"]
