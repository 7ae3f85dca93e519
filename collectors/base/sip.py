"""What a SIP OPTIONS question and its answer are to a collector: whether something listens that speaks SIP.

It opens no socket; `collectors.sessions.sip` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

SipTransport = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True, slots=True)
class SipAnswer:
    """A final or provisional SIP response (RFC 3261): any status proves a listener, whatever it says.

    `status`: 100 to 699. `reason`: its phrase. `server`: what it calls itself (Server or User-Agent), if it
    does. `seconds`: until the answer came.
    """

    seconds: float
    status: int
    reason: str = ""
    server: str = ""


class SipSession(Protocol):
    """A way to ask one SIP address. Raises Unreachable (nobody answers) or BadAnswer (no SIP)."""

    async def options(self) -> SipAnswer:
        """Send one OPTIONS outside any dialogue, by the site's transport, and take what answers it."""
        ...
