"""A TCP line to one port of one device: connects, measures how long that took, hangs up. It sends nothing.

Only who answers proves a path: a connection that is taken or refused is an answer, silence is Unreachable.
What this machine cannot do (no free socket, say) is BadAnswer: it says nothing about the device.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from ipaddress import ip_address

from collectors.base import BadAnswer, Pacing, PollError, Question, TcpAnswer, Unreachable

_NO_PATH = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


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
        """Connect, wait for the first line that the other end says, and hang up."""
        raise NotImplementedError

    async def _opened(self, text: str) -> bool:
        family = socket.AF_INET6 if ip_address(self._address).version == 6 else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as line:
                line.setblocking(False)
                async with asyncio.timeout(self._timeout):
                    await asyncio.get_running_loop().sock_connect(line, (self._address, self._port))
        except (ConnectionRefusedError, ConnectionResetError):
            return False
        except TimeoutError:  # ours, or the kernel's, which is one of these
            raise Unreachable(text, f"no answer within {self._timeout:g} s") from None
        except OSError as error:
            said = error.strerror or type(error).__name__
            if error.errno in _NO_PATH:
                raise Unreachable(text, said) from None
            raise BadAnswer(text, f"this machine: {said}") from None
        return True
