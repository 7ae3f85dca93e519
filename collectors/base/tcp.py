"""What a TCP question and its answer are to a collector: whether an address takes a connection on a port.

It opens no socket; `collectors.sessions.tcp` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TcpAnswer:
    """What the address said to a connect after that many seconds: `opened`, or refused (RST).

    Either came back over the path. A firewall can refuse in another's name: no protocol tells that apart.

    `greeting`: the first line that it said by itself, where that was waited for; None: nothing came.
    """

    seconds: float
    opened: bool
    greeting: str | None = None


class TcpSession(Protocol):
    """A way to connect to one port of one device. Raises Unreachable or BadAnswer."""

    async def connect(self) -> TcpAnswer:
        """Connect, and hang up at once; nothing is sent."""
        ...

    async def greeting(self) -> TcpAnswer:
        """Connect, wait for the first line that the other end says (an SSH server's banner), and hang up."""
        ...
