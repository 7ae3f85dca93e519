"""What an SNMP line and its wire say to each other, and the wire's socket. Knows no encoding of SNMP.

One `Ask` is sent, one `Reply` or `Report` comes of it, or nothing does. What arrives and belongs to no
pending ask is dropped; of what cannot even be decoded the last is kept in `stray`. Nothing here retries,
waits, paces or judges: that is `collectors.sessions.snmp`.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, cast

from collectors.base import Value

Oid = tuple[int, ...]

AUTH_PROTOCOLS = (None, "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
PRIVACY_PROTOCOLS = (None, "DES", "AES-128", "AES-192", "AES-256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one device is asked with; the secrets stand here in clear and appear in no repr.

    Versions 1 and 2c need `community`; version 3 needs `user`, and the other four as its security level
    asks for them. Protocol names are those of the site file (`SHA-256`, `AES-128`).
    """

    version: Literal["1", "2c", "3"]
    community: str | None = field(default=None, repr=False)
    user: str | None = None
    auth_protocol: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    privacy_protocol: str | None = None
    privacy_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.user if self.version == "3" else self.community) is None:
            raise ValueError(
                f"SNMP version {self.version} needs a {'user' if self.version == '3' else 'community'}"
            )
        if self.auth_protocol not in AUTH_PROTOCOLS or self.privacy_protocol not in PRIVACY_PROTOCOLS:
            raise ValueError(f"unknown SNMP protocol {self.auth_protocol} or {self.privacy_protocol}")
        if self.privacy_protocol and not self.auth_protocol:
            raise ValueError("SNMP privacy needs authentication")


class Absent(Enum):
    """The values by which an agent says that there is none (RFC 3416 section 3)."""

    OBJECT = "noSuchObject"
    INSTANCE = "noSuchInstance"
    END = "endOfMibView"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: `rows` is the max-repetitions of a bulk (there are no non-repeaters)."""

    kind: Literal["get", "next", "bulk"]
    oids: tuple[Oid, ...]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: the error-status by name (`noError`), and the variables in the order of the wire.

    A value of None is the NULL of a request, which no healthy answer holds.
    """

    status: str
    binds: tuple[tuple[Oid, Value | Absent | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The agent, or pysnmp itself, refused to treat the message: pysnmp's name of the reason."""

    reason: str


class Wire(asyncio.DatagramProtocol, ABC):
    """One open socket to one device. At most one ask is pending; a new one forgets the one before.

    proven: an ask was answered on this wire. stray: the last datagram from the device, since the last `send`,
    that could not be decoded. failure: why the machine itself would not send, if it said so.
    """

    proven = False
    stray: bytes | None = None
    failure: str | None = None

    def __init__(self, address: str, port: int) -> None:
        # AI_NUMERICHOST: an address, never a name, so that this cannot block
        found = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        self._family = found[0][0]
        self._device: tuple[Any, ...] = found[0][4]
        self._transport: asyncio.DatagramTransport | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._future: asyncio.Future[Reply | Report] | None = None

    async def open(self) -> None:
        """Open the socket. Raises OSError where the machine has none to give."""
        loop = asyncio.get_running_loop()
        # not connected: a connected socket keeps the local address of a route that may change
        await loop.create_datagram_endpoint(lambda: self, family=self._family)

    def send(self, ask: Ask) -> asyncio.Future[Reply | Report]:
        """Send; the future is resolved by the answer, or never. It is never given an exception."""
        self.forget()
        self.stray = self.failure = None
        self._future = asyncio.get_running_loop().create_future()
        self._send(ask)
        return self._future

    def forget(self) -> None:
        """Give up the pending ask: its answer, should it still come, is the answer of nothing."""
        self._future = None

    async def close(self) -> None:
        """Release the socket. A pending ask is resolved with Report("closed")."""
        self.drop()
        if self._transport is not None:
            await self._closed

    def drop(self) -> None:
        """Release the socket without waiting for the loop to have done so."""
        self._resolve(Report("closed"))
        self.forget()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once the socket is there."""
        # a cast: asyncio's own transport is no subclass of DatagramTransport before Python 3.12
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio once the socket is closed."""
        if not self._closed.done():
            self._closed.set_result(None)

    def error_received(self, exc: Exception) -> None:
        """Called by asyncio when the system would not send (no route, not permitted)."""
        self.failure = exc.strerror if isinstance(exc, OSError) else str(exc)

    def datagram_received(self, datagram: bytes, source: tuple[Any, ...]) -> None:
        """Read one datagram at once.

        asyncio serves the sockets before the timers of the same turn: by decoding here and not in a later
        turn, an answer that came in time is in time however long the others took to decode.
        """
        if (source[0].partition("%")[0], source[1]) != (self._device[0].partition("%")[0], self._device[1]):
            return
        if self._future is None or self._future.done():
            return
        try:
            decoded = self._receive(datagram)
        except Exception:  # noqa: BLE001 - pysnmp meets anything that a device can send; nothing may escape
            decoded = False
        if not decoded:
            self.stray = datagram

    def _resolve(self, outcome: Reply | Report) -> None:
        if self._future is not None and not self._future.done():
            self.proven = self.proven or isinstance(outcome, Reply)
            self._future.set_result(outcome)

    def _put(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(message, self._device)

    @abstractmethod
    def _send(self, ask: Ask) -> None:
        """Encode the ask and put it on the socket."""

    @abstractmethod
    def _receive(self, datagram: bytes) -> bool:
        """Resolve the pending ask if this answers it. False: the datagram is no message of our version."""
