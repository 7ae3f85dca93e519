"""A TCP line to one port of one device: connects, measures how long that took, hangs up. It sends nothing.

Only who answers proves a path: a connection that is taken or refused is an answer, silence is Unreachable.
What this machine cannot do (no free socket, say) is BadAnswer: it says nothing about the device.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress

from collectors.base import QUOTE, Pacing, PollError, Question, TcpAnswer
from collectors.sessions.sockets import family_of, no_answer, refused_by

LINE = 255  # octets of a greeting (RFC 4253, 4.2)


class TcpLine:
    """The `TcpSession` of one device. `pacing.timeout`: until a connect counts as unanswered.

    The kernel repeats its request after 1 and 3 seconds: a lost packet alone is no silence, so a connect is
    tried once. `questions` is the trace of the poll in progress; `begin` clears it.
    """

    def __init__(self, *, address: str, port: int, pacing: Pacing) -> None:
        self.questions: list[Question] = []
        self._address = address
        self._port = port
        self._timeout = pacing.timeout.total_seconds()

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Nothing is kept open between two questions."""

    async def connect(self) -> TcpAnswer:
        """Connect and hang up. Raises Unreachable, or BadAnswer where this machine could not ask."""
        text = f"connect to TCP port {self._port}"
        begun = time.monotonic()
        try:
            opened = await self._opened(text)
        except PollError as error:
            self.questions.append(Question(text, time.monotonic() - begun, error.detail))
            raise
        answer = TcpAnswer(time.monotonic() - begun, opened)
        self.questions.append(Question(text, answer.seconds, "taken" if opened else "refused"))
        return answer

    async def greeting(self) -> TcpAnswer:
        """Connect, wait for the first line that the other end says, and hang up. Raises as `connect` does.

        Of the line at most 255 octets are kept (RFC 4253, 4.2), printable; nothing within the timeout, or
        before the other end hangs up, is no greeting. The time is that of the connection.
        """
        text = f"greeting of TCP port {self._port}"
        begun = time.monotonic()
        try:
            with self._socket(text) as line:
                opened = await self._connected(line, text)
                seconds = time.monotonic() - begun
                said = await self._first_line(line) if opened else None
        except PollError as error:
            self.questions.append(Question(text, time.monotonic() - begun, error.detail))
            raise
        outcome = "refused" if not opened else "taken" if said is None else said[:QUOTE]
        self.questions.append(Question(text, time.monotonic() - begun, outcome))
        return TcpAnswer(seconds, opened, said)

    async def _opened(self, text: str) -> bool:
        with self._socket(text) as line:
            return await self._connected(line, text)

    def _socket(self, text: str) -> socket.socket:
        try:
            line = socket.socket(family_of(self._address), socket.SOCK_STREAM)
        except OSError as error:
            raise refused_by(error, text) from None
        line.setblocking(False)
        return line

    async def _connected(self, line: socket.socket, text: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                await asyncio.get_running_loop().sock_connect(line, (self._address, self._port))
        except (ConnectionRefusedError, ConnectionResetError):
            return False
        except TimeoutError:  # ours, or the kernel's, which is one of these
            raise no_answer(text, self._timeout) from None
        except OSError as error:
            raise refused_by(error, text) from None
        return True

    async def _first_line(self, line: socket.socket) -> str | None:
        said = b""
        with suppress(TimeoutError, OSError):  # what came until then is what it said
            async with asyncio.timeout(self._timeout):
                while len(said) < LINE and b"\n" not in said:
                    octets = await asyncio.get_running_loop().sock_recv(line, LINE - len(said))
                    if not octets:
                        break
                    said += octets
        text = said.partition(b"\n")[0].decode("utf-8", "replace")
        return "".join(each if each.isprintable() else " " for each in text).strip() or None
