"""One TCP connection to a simulated SSH server, which can fall silent or break without SSH's knowledge.

The bytes go through a pair of sockets to asyncssh and back, so that a silent system is silent below the
protocol: it answers no key exchange and no keepalive.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

_PIECE = 65536

Serve = Callable[[socket.socket], Awaitable[None]]


class Wire:
    """A client's connection. `muted`: what comes from either side is lost."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.muted = False
        self._reader = reader
        self._writer = writer
        self._inner: asyncio.StreamWriter | None = None

    def drop(self) -> None:
        """Reset the connection."""
        for writer in (self._writer, self._inner):
            if writer is not None:
                writer.transport.abort()

    async def keep(self, greeting: bytes = b"") -> None:
        """Say this and nothing more until the client leaves."""
        with suppress(OSError):
            self._writer.write(greeting)
            while await self._reader.read(_PIECE):
                pass
        self._writer.close()

    async def relay(self, serve: Serve) -> None:
        """Let `serve` talk to the client until one of them ends it. `serve` gets a socket of its own."""
        near, far = socket.socketpair()
        reader, self._inner = await asyncio.open_unix_connection(sock=near)
        serving = asyncio.ensure_future(serve(far))
        pumps = [
            asyncio.ensure_future(self._pump(self._reader, self._inner)),
            asyncio.ensure_future(self._pump(reader, self._writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for writer in (self._writer, self._inner):
                writer.close()
            await asyncio.gather(*pumps, serving, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                if not self.muted:
                    writer.write(piece)
                    await writer.drain()
