"""A SIP line to one address: one OPTIONS over UDP, TCP or TLS, and what answers it. No other request, ever.

Any response to it will do, from 100 to 699. What belongs to another question is ignored. Over UDP the request
is repeated as RFC 3261 asks (timer E: after 0.5, 1, 2, 4, 4 … seconds): a lost datagram is no silence. The
socket is connected, so that it hears only the address that was asked, and hears it when ICMP refuses.

Nobody listening, and hanging up without a word, are Unreachable. What answers and speaks no SIP, or no TLS
where the site says so, is BadAnswer, and so is what this machine cannot do.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from contextlib import suppress
from typing import Protocol

from collectors.base import (
    QUOTE,
    BadAnswer,
    Pacing,
    PollError,
    Question,
    SipAnswer,
    SipTransport,
    Unreachable,
)
from collectors.sessions.sip_message import Message, Options, Stream, host_of, one_line, read
from collectors.sessions.sockets import family_of, no_answer, refused_by
from collectors.sessions.tls_wire import TlsWire, words_of

T1, T2 = 0.5, 4.0  # seconds (RFC 3261, 17.1.2.2): until a request is repeated, and at most from then on


class _Wire(Protocol):
    async def send(self, octets: bytes) -> None: ...
    async def receive(self) -> bytes: ...


class _Plain:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    async def send(self, octets: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, octets)

    async def receive(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._sock, 65_536)


class SipLine:
    """The `SipSession` of one address. `domain`: of the request's URI; None: the address.

    `pacing.timeout`: for all of it, from the connection to the answer. ValueError for a domain that is none.
    """

    def __init__(
        self, *, address: str, port: int, transport: SipTransport, domain: str | None, pacing: Pacing
    ) -> None:
        self.questions: list[Question] = []
        self._address = address
        self._port = port
        self._transport = transport
        self._host = domain or address
        self._timeout = pacing.timeout.total_seconds()
        self._text = f"OPTIONS to port {port} over {transport.upper()}"
        self._heard = ""  # what came and is no whole answer, quoted
        host_of(self._host)

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Nothing is kept open between two questions."""

    async def options(self) -> SipAnswer:
        """Send one OPTIONS and take what answers it."""
        begun = time.monotonic()
        self._heard = ""
        try:
            message = await self._answered()
        except PollError as error:
            self.questions.append(Question(self._text, time.monotonic() - begun, error.detail))
            raise
        answer = message.answer(time.monotonic() - begun)
        said = f"{answer.status} {answer.reason}".strip()
        self.questions.append(Question(self._text, answer.seconds, said))
        return answer

    async def _answered(self) -> Message:
        kind = socket.SOCK_DGRAM if self._transport == "udp" else socket.SOCK_STREAM
        try:
            with socket.socket(family_of(self._address), kind) as sock:
                sock.setblocking(False)
                async with asyncio.timeout(self._timeout):
                    await asyncio.get_running_loop().sock_connect(sock, (self._address, self._port))
                    if self._transport == "udp":
                        return await self._over_udp(sock)
                    return await self._over_stream(sock)
        except TimeoutError:  # ours, or the kernel's, which is one of these
            if self._heard:
                raise BadAnswer(self._text, self._heard) from None
            raise no_answer(self._text, self._timeout) from None
        except ConnectionRefusedError:
            raise Unreachable(self._text, "refused: nothing listens there") from None
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            raise Unreachable(self._text, "hung up without an answer") from None
        except ssl.SSLError as problem:
            raise BadAnswer(self._text, f"TLS: {words_of(problem)}") from None
        except OSError as problem:
            raise refused_by(problem, self._text) from None

    async def _over_udp(self, sock: socket.socket) -> Message:
        loop = asyncio.get_running_loop()
        asked, wait = self._question(sock), T1
        while True:
            await loop.sock_sendall(sock, asked.written())
            again = loop.time() + wait
            while loop.time() < again:
                try:
                    async with asyncio.timeout_at(again):
                        octets = await loop.sock_recv(sock, 65_536)
                except TimeoutError:
                    break
                try:
                    message = read(self._text, octets)
                except BadAnswer as error:  # the answer may still come; if none does, this was it
                    message, self._heard = None, error.detail
                if message is not None and asked.answered_by(message):
                    return message
                await asyncio.sleep(0)  # a flood of strays must not hold up the others
            wait = min(2 * wait, T2)

    async def _over_stream(self, sock: socket.socket) -> Message:
        if self._transport == "tcp":
            return await self._over_wire(sock, _Plain(sock))
        wire = TlsWire(sock, self._host)
        try:
            await wire.handshake()
            return await self._over_wire(sock, wire)
        finally:
            wire.farewell()

    async def _over_wire(self, sock: socket.socket, wire: _Wire) -> Message:
        asked, stream = self._question(sock), Stream(self._text)
        with suppress(ConnectionError):  # why it hung up can still be read: who wants a certificate says so
            await wire.send(asked.written())
        strays = 0
        while octets := await wire.receive():
            for message in stream.feed(octets):
                if asked.answered_by(message):
                    return message
                strays += 1
            if strays:  # what is not whole may be a part of another one
                self._heard = ""
            else:
                rest = one_line(stream.rest[:QUOTE].decode("utf-8", "replace"))
                self._heard = f"no whole answer: {rest!r}" if rest else ""
            await asyncio.sleep(0)  # a flood of strays must not hold up the others
        if self._heard:
            raise BadAnswer(self._text, self._heard)
        raise Unreachable(self._text, "hung up without an answer")

    def _question(self, sock: socket.socket) -> Options:
        host, port = sock.getsockname()[:2]
        return Options(self._host, self._port, self._transport, (host, port))
