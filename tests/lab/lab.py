"""The lab itself: one customer, an agent and an SSH server for each system, and the faults that are set now.

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
from tests.lab.keys import Keys, passing_keys
from tests.lab.model import utc_now
from tests.lab.router import Router
from tests.lab.ssh_server import SshServer


class Lab:
    """A running customer. `octet` and the ports say where: 127.47.OCTET.x, UDP `port`, TCP `ssh_port`.

    `keys`: the host keys of its systems, by default such as are kept nowhere. `ssh`: their SSH servers, which
    count who came.
    """

    def __init__(
        self,
        *,
        octet: int = model.OCTET,
        port: int = model.PORT,
        ssh_port: int = model.SSH_PORT,
        keys: Keys | None = None,
        now: Callable[[], datetime] = utc_now,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._now = now
        self._tell = tell
        self._healthy = self.customer = model.customer(now(), octet=octet, port=port, ssh_port=ssh_port)
        self._set: list[SetFault] = []
        agents = [Agent(s.name, lambda: self.customer, now) for s in self.customer.systems]
        self.ssh = {
            s.name: SshServer(s.name, lambda: self.customer, now, keys or passing_keys())
            for s in self.customer.systems
        }
        router = Router(lambda: self.customer)
        self._servers: tuple[Agent | SshServer | Router, ...] = (*agents, *self.ssh.values(), router)
        self._running = AsyncExitStack()

    @property
    def faults(self) -> tuple[SetFault, ...]:
        """The faults that are set, oldest first."""
        return tuple(self._set)

    async def start(self) -> None:
        """Let every system answer. Raises AddressTaken, and then none does."""
        async with AsyncExitStack() as started:
            for server in self._servers:
                await server.start()
                started.push_async_callback(server.stop)
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
        for server in self._servers:
            server.refresh()
        self._tell(said)
        return said


__all__ = ["Lab", "UnknownFault"]
