"""A look at the certificates that the TLS ports of one device offer. Nothing is verified, nothing is sent.

Each port is told apart: it shows a certificate, is closed, takes connections and speaks no TLS, or is silent.
Only where all are silent is the device Unreachable; what this machine cannot do is BadAnswer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta

from collectors.base import QUOTE, BadAnswer, Pacing, PollError, Question, TlsAnswer, Unreachable
from collectors.sessions.sockets import family_of, refused_by
from collectors.sessions.tls_certificate import certificate_of
from collectors.sessions.tls_wire import TlsWire, words_of

AT_ONCE = 4  # ports of one device that are looked at side by side


@dataclass(frozen=True, slots=True)
class _Look:
    """What came of one port. `silent`: nothing answered there. `ours`: why this machine could not look."""

    answer: TlsAnswer
    silent: bool = False
    ours: PollError | None = None


class TlsLine:
    """The `TlsSession` of one device. `name`, `warn`: what the site says of the certificates.

    `pacing.timeout`: of each port, its connection and its handshake together.
    """

    def __init__(
        self, *, address: str, ports: tuple[int, ...], name: str | None, warn: timedelta, pacing: Pacing
    ) -> None:
        self.questions: list[Question] = []
        self._address = address
        self._ports = ports
        self._name = name.lower() if name is not None else None
        self._warn = warn
        self._timeout = pacing.timeout.total_seconds()

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Nothing is kept open between two looks."""

    async def look(self) -> tuple[TlsAnswer, ...]:
        """One handshake with each port, a few at a time."""
        places = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._port(port, places)) for port in self._ports]
        looks = [task.result() for task in tasks]
        for look in looks:
            said = look.answer.certificate.subject if look.answer.certificate else look.answer.said
            self.questions.append(Question(_text(look.answer.port), look.answer.seconds, said[:QUOTE]))
        for look in looks:
            if look.ours is not None:
                raise look.ours
        if all(look.silent for look in looks):
            said = "; ".join(dict.fromkeys(look.answer.said for look in looks))
            ports = ", ".join(map(str, self._ports))
            raise Unreachable(f"TLS handshake with {'port' if len(looks) == 1 else 'ports'} {ports}", said)
        return tuple(look.answer for look in looks)

    async def _port(self, port: int, places: asyncio.Semaphore) -> _Look:
        async with places:
            begun, loop = time.monotonic(), asyncio.get_running_loop()
            ends = loop.time() + self._timeout
            try:
                with socket.socket(family_of(self._address), socket.SOCK_STREAM) as sock:
                    sock.setblocking(False)
                    async with asyncio.timeout_at(ends):
                        await loop.sock_connect(sock, (self._address, port))
                    return _Look(await self._connected(sock, port, begun, ends))
            except (ConnectionRefusedError, ConnectionResetError):
                return _Look(self._said(port, begun, "closed"))
            except TimeoutError:  # ours, or the kernel's, which is one of these
                return _Look(self._said(port, begun, f"no answer within {self._timeout:g} s"), silent=True)
            except OSError as problem:
                error = refused_by(problem, _text(port))
                ours = error if isinstance(error, BadAnswer) else None
                return _Look(self._said(port, begun, error.detail), silent=True, ours=ours)

    async def _connected(self, sock: socket.socket, port: int, begun: float, ends: float) -> TlsAnswer:
        """The look at a port that took the connection: from here on, whatever happens is an answer."""
        wire, said = TlsWire(sock, self._name), ""
        try:
            async with asyncio.timeout_at(ends):
                await wire.handshake()
        except TimeoutError:
            said = f"takes connections, and ends no TLS handshake within {self._timeout:g} s"
        except ssl.SSLEOFError:
            said = "hung up in the TLS handshake"
        except ssl.SSLError as problem:
            said = f"no TLS: {words_of(problem)}"
        except OSError:
            said = "hung up in the TLS handshake"
        shown = wire.certificate()  # also of a server that refuses who has no certificate of their own
        wire.farewell()
        if shown is None:
            return self._said(port, begun, said or "TLS without a certificate")
        try:
            certificate = certificate_of(shown)
        except ValueError as problem:
            return self._said(port, begun, f"a certificate that cannot be read: {problem}"[:QUOTE])
        return TlsAnswer(port, time.monotonic() - begun, certificate, said, self._name, self._warn)

    def _said(self, port: int, begun: float, said: str) -> TlsAnswer:
        return TlsAnswer(port, time.monotonic() - begun, None, said, self._name, self._warn)


def _text(port: int) -> str:
    return f"TLS handshake with port {port}"
