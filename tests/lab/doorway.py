"""A listening TCP port of a simulated system, which the kernel can keep shut without a word.

A system that is out of reach or dead refuses no connection: nothing comes back. So a port that is shut has a
full queue, from which nobody takes anything, and the kernel drops what comes, as a lost path does.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.lab.model import AddressTaken

_BACKLOG = 16  # connections that wait while the loop is busy

Take = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Hole:
    """Makes a listening socket from which nobody accepts drop every further connection.

    `backlog`: of that socket; the kernel queues one connection more. It may be full already.
    """

    def __init__(self, address: tuple[str, int], backlog: int = 0) -> None:
        self._fillers = [socket.socket() for _ in range(backlog + 3)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(address)

    def close(self) -> None:
        """Give the places in the queue back."""
        for filler in self._fillers:
            filler.close()


class Doorway:
    """A port whose connections `take` serves, each in a task of its own. `name`: of its system.

    `option`: by which the lab is put elsewhere. `tls`: what each connection must agree with first, if any.
    """

    def __init__(
        self,
        name: str,
        take: Take,
        option: str = "--ssh-port",
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
    ) -> None:
        self._name = name
        self._take = take
        self._option = option
        self._tls = tls
        self._greeting: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._taking: asyncio.Task[None] | None = None
        self._hole: Hole | None = None

    def start(self, address: str, port: int, *, shut: bool) -> None:
        """Listen from now on. Raises AddressTaken."""
        # TCP by name: asyncio sets TCP_NODELAY only where it sees that, and Nagle would cost 40 ms an answer
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
            sock.listen(_BACKLOG)
        except OSError as problem:
            sock.close()
            raise AddressTaken(
                f"TCP {address}:{port}, the address of {self._name}, cannot be used "
                f"({problem.strerror}): see what has it with `ss -ltnp 'sport = :{port}'` and stop it, or "
                f"choose another with {self._option}."
            ) from None
        sock.setblocking(False)
        self._socket = sock
        self.keep(shut=shut)

    def keep(self, *, shut: bool) -> None:
        """Take connections, or let the kernel drop them. Those that are open stay."""
        if self._socket is None:
            return
        if not shut:
            if self._hole is not None:
                self._hole.close()
                self._hole = None
            if self._taking is None:
                self._taking = asyncio.get_running_loop().create_task(self._accept(self._socket))
        elif self._hole is None:
            if self._taking is not None:
                self._taking.cancel()
                self._taking = None
            self._hole = Hole(self._socket.getsockname(), _BACKLOG)

    async def stop(self) -> None:
        """Give the address back; connections that are open are the business of who serves them."""
        if self._taking is not None:
            self._taking.cancel()
            with suppress(asyncio.CancelledError):
                await self._taking
            self._taking = None
        for task in tuple(self._greeting):
            task.cancel()
        await asyncio.gather(*self._greeting, return_exceptions=True)
        if self._hole is not None:
            self._hole.close()
            self._hole = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(ConnectionError):  # who came is gone
                line, _ = await loop.sock_accept(sock)
                line.setblocking(False)
                task = loop.create_task(self._greet(line))
                self._greeting.add(task)
                task.add_done_callback(self._greeting.discard)

    async def _greet(self, line: socket.socket) -> None:
        """Agree on TLS if there is any; `take` begins when that is done."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: _Line(asyncio.StreamReader(), self._take), line, ssl=self._tls()
            )
        except OSError:  # who came is gone, or speaks no TLS
            line.close()


class _Line(asyncio.StreamReaderProtocol):
    """Hangs up where the other end does, also in the middle of a TLS handshake."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False
