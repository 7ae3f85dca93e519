"""A router's TCP port at the address of the simulated customer's router: what a path probe connects to.

It takes connections and hangs up. Out of reach it is truly silent: its queue is full, so the kernel drops
what comes, as a lost path does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from tests.lab.model import AddressTaken, Customer

_FILL = 3  # connections that fill the queue of a socket with backlog 0, which holds one


class Hole:
    """Makes a listening socket of backlog 0, from which nobody accepts, drop every further connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._fillers = [socket.socket() for _ in range(_FILL)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(address)

    def close(self) -> None:
        """Give the places in the queue back."""
        for filler in self._fillers:
            filler.close()


class Router:
    """The port of the customer's router. It looks at the customer anew when something has changed."""

    def __init__(self, customer: Callable[[], Customer]) -> None:
        self._customer = customer
        self._socket: socket.socket | None = None
        self._taking: asyncio.Task[None] | None = None
        self._hole: Hole | None = None

    async def start(self) -> None:
        """Take connections from now on. Raises AddressTaken."""
        customer = self._customer()
        address = customer.address(customer.router), customer.ssh_port
        self._socket = sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        try:
            sock.bind(address)
        except OSError as problem:
            sock.close()
            self._socket = None
            raise AddressTaken(
                f"TCP {address[0]}:{address[1]}, the address of {customer.router.name}, cannot be used "
                f"({problem.strerror}): see what has it with `ss -ltnp 'sport = :{address[1]}'` and stop it, "
                f"or choose another with --ssh-port."
            ) from None
        sock.listen(0)
        self.refresh()

    def refresh(self) -> None:
        """Take connections if the router is within reach, and drop them if it is not."""
        if self._socket is None:
            return
        if self._customer().router.reachable:
            if self._hole is not None:
                self._hole.close()
                self._hole = None
            if self._taking is None:
                self._taking = asyncio.get_running_loop().create_task(self._take(self._socket))
        elif self._hole is None:
            if self._taking is not None:
                self._taking.cancel()
                self._taking = None
            self._hole = Hole(self._socket.getsockname())

    async def stop(self) -> None:
        """Give the address back."""
        if self._taking is not None:
            self._taking.cancel()
            with suppress(asyncio.CancelledError):
                await self._taking
            self._taking = None
        if self._hole is not None:
            self._hole.close()
            self._hole = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _take(self, sock: socket.socket) -> None:
        while True:
            with suppress(ConnectionError):  # who came is gone
                line, _ = await asyncio.get_running_loop().sock_accept(sock)
                line.close()
