"""The lab itself: one customer, the servers of each system, and the faults that are set now.

It knows no daemon and no terminal: `run.py` puts it to work, tests use it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from datetime import datetime
from functools import reduce

from tests.lab import model
from tests.lab.agent import Agent
from tests.lab.faults import SetFault, UnknownFault, find
from tests.lab.keys import Keys, passing_keys
from tests.lab.model import Customer, utc_now
from tests.lab.played import Moment, Server
from tests.lab.router import Router
from tests.lab.ssh_server import SshServer
from tests.lab.systems import find_systems


class Lab:
    """A running customer. `octet` and the ports say where: 127.47.OCTET.x, UDP `port`, TCP `ssh_port`.

    `systems`: which of the customer's systems there are; None: all. `keys`: their host keys, by default such
    as are kept nowhere. `ssh`: their SSH servers, which count who came.
    """

    def __init__(
        self,
        *,
        octet: int = model.OCTET,
        port: int = model.PORT,
        ssh_port: int = model.SSH_PORT,
        systems: Collection[str] | None = model.BRANCHES,
        keys: Keys | None = None,
        now: Callable[[], datetime] = utc_now,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._now = now
        self._tell = tell
        self._healthy = self.customer = model.customer(
            now(), octet=octet, port=port, ssh_port=ssh_port, systems=systems
        )
        self._set: list[SetFault] = []
        keys = keys or passing_keys()
        known = find_systems()
        here = [known[system.name] for system in self.customer.systems]
        self.ssh = {
            each.name: SshServer(each.name, each.ssh, self._at_present, now, keys)
            for each in here
            if each.ssh is not None
        }
        self._servers: tuple[Server, ...] = (
            *(Agent(each.name, self._at_present, now) for each in here if each.snmp is not None),
            *self.ssh.values(),
            *(
                port.serve(Moment(each.name, self._at_present, now), keys)
                for each in here
                for port in each.ports
            ),
            Router(self._at_present),
        )
        self._running = AsyncExitStack()

    def _at_present(self) -> Customer:
        return self.customer

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
        if target not in {each.name for each in self.customer.systems}:
            raise UnknownFault(f"The fault {name} cannot be set: there is no {target} here.")
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
