"""A router's TCP port at the address of the simulated customer's router: what a path probe connects to.

It takes connections and hangs up. Out of reach it is truly silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.lab.doorway import Doorway, Hole
from tests.lab.model import Customer

__all__ = ["Hole", "Router"]


class Router:
    """The port of the customer's router. It looks at the customer anew when something has changed."""

    def __init__(self, customer: Callable[[], Customer]) -> None:
        self._customer = customer
        self._doorway = Doorway(customer().router.name, self._take)

    async def start(self) -> None:
        """Take connections from now on. Raises AddressTaken."""
        customer = self._customer()
        router = customer.router
        self._doorway.start(customer.address(router), customer.ssh_port, shut=router.mute)

    def refresh(self) -> None:
        """Take connections if the router is within reach, and drop them if it is not."""
        self._doorway.keep(shut=self._customer().router.mute)

    async def stop(self) -> None:
        """Give the address back."""
        await self._doorway.stop()

    async def _take(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
