"""A real UDP agent for SNMP versions 1 and 2c that can be told to misbehave, request by request.

It has its own small BER coder, so that it shares no code with what it tests and can send what no honest coder
would. It checks nothing that it is asked.
"""

from __future__ import annotations

import asyncio
import socket
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

Oid = tuple[int, ...]
Bind = tuple[Oid, bytes]

GET, GETNEXT, RESPONSE, GETBULK = 0xA0, 0xA1, 0xA2, 0xA5
TOO_BIG, NO_SUCH_NAME, GEN_ERR, NO_ACCESS, AUTHORIZATION_ERROR = 1, 2, 5, 6, 16
NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB = b"\x05\0", b"\x80\0", b"\x81\0", b"\x82\0"


def tlv(tag: int, content: bytes) -> bytes:
    """One BER element."""
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(number: int, tag: int = 0x02) -> bytes:
    """INTEGER, or Counter32 0x41, Gauge32 0x42, TimeTicks 0x43, Counter64 0x46."""
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, content)


def address(dotted: str) -> bytes:
    """IpAddress."""
    return tlv(0x40, socket.inet_aton(dotted))


def identifier(oid: Oid) -> bytes:
    """OBJECT IDENTIFIER."""
    content = bytearray([oid[0] * 40 + oid[1]])
    for part in oid[2:]:
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.append(0x80 | (part & 0x7F))
        content += bytes(reversed(groups))
    return tlv(0x06, bytes(content))


@dataclass(frozen=True)
class Request:
    """What was asked, and by whom."""

    version: int
    community: bytes
    kind: int
    number: int
    repetitions: int
    oids: tuple[Oid, ...]
    asker: tuple[str, int]


def _elements(content: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(content):
        tag, length = content[at], content[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(content[at : at + size], "big")
            at += size
        found.append((tag, content[at : at + length]))
        at += length
    return found


def _oid(content: bytes) -> Oid:
    parts, number = [content[0] // 40, content[0] % 40], 0
    for byte in content[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(number)
            number = 0
    return tuple(parts)


def decode(datagram: bytes, asker: tuple[str, int]) -> Request:
    """Read a request."""
    (_, version), (_, community), (kind, pdu) = _elements(_elements(datagram)[0][1])
    (_, number), _, (_, repetitions), (_, binds) = _elements(pdu)
    oids = tuple(_oid(_elements(bind)[0][1]) for _, bind in _elements(binds))
    whole = [int.from_bytes(part, "big", signed=True) for part in (version, number, repetitions)]
    return Request(whole[0], community, kind, whole[1], whole[2], oids, asker)


def encode(request: Request, binds: Sequence[Bind], status: int = 0, index: int = 0) -> bytes:
    """The response to a request."""
    listed = b"".join(tlv(0x30, identifier(oid) + value) for oid, value in binds)
    pdu = integer(request.number) + integer(status) + integer(index) + tlv(0x30, listed)
    return tlv(0x30, integer(request.version) + octets(request.community) + tlv(RESPONSE, pdu))


@dataclass(frozen=True)
class Later:
    """An answer that is sent so many seconds after the question."""

    seconds: float
    datagram: bytes


class Crowd:
    """How many requests are outstanding at once, over all agents that share it."""

    now = most = 0

    def __enter__(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        self.now -= 1


Answer = bytes | Later | None


class Agent(asyncio.DatagramProtocol):
    """An agent for `variables` (OID to encoded value), healthy unless `misbehave` says otherwise.

    `misbehave(agent, request)` returns the datagram to send, a Later, or None for silence.
    """

    def __init__(self, variables: Mapping[Oid, bytes]) -> None:
        self.variables = dict(variables)
        self.requests: list[Request] = []
        self.times: list[float] = []
        self.misbehave: Callable[[Agent, Request], Answer] = Agent.healthy
        self.crowd = Crowd()
        self.port = 0
        self._waiting: set[asyncio.Task[None]] = set()
        self._sorted = sorted(self.variables)

    def healthy(self, request: Request) -> bytes:
        """The right answer."""
        if request.kind == GET:
            binds = [(oid, self.variables.get(oid, NO_SUCH_INSTANCE)) for oid in request.oids]
        else:
            binds, reached = [], list(request.oids)
            for _ in range(request.repetitions if request.kind == GETBULK else 1):
                reply = [self.after(oid) for oid in reached]
                binds += reply
                reached = [oid for oid, _ in reply]
        for place, (_, value) in enumerate(binds, start=1):
            if request.version == 0 and value in (NO_SUCH_INSTANCE, END_OF_MIB):
                return encode(request, [(oid, NULL) for oid in request.oids], NO_SUCH_NAME, place)
        return encode(request, binds)

    def after(self, oid: Oid) -> Bind:
        """What follows an OID."""
        place = bisect_right(self._sorted, oid)
        if place == len(self._sorted):
            return oid, END_OF_MIB
        return self._sorted[place], self.variables[self._sorted[place]]

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, datagram: bytes, asker: Any) -> None:
        request = decode(datagram, asker)
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        answer = self.misbehave(self, request)
        if isinstance(answer, Later):
            task = asyncio.create_task(self._send_later(answer, asker))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        elif answer is not None:
            self.transport.sendto(answer, asker)

    async def _send_later(self, answer: Later, asker: Any) -> None:
        with self.crowd:
            await asyncio.sleep(answer.seconds)
        self.transport.sendto(answer.datagram, asker)

    async def close(self) -> None:
        for task in tuple(self._waiting):
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        self.transport.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def agent(variables: Mapping[Oid, bytes]) -> AsyncIterator[Agent]:
    """A running agent on a free port of 127.0.0.1."""
    made = Agent(variables)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", 0))
    try:
        yield made
    finally:
        await made.close()


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that another part of the loop does; fail if it does not come about."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.001)
