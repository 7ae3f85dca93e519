"""What a certificate is to a collector: what a TLS port offers, and until when it holds.

It opens no socket and verifies nothing; `collectors.sessions.tls` looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as a port offers it. `names`: its DNS names and addresses, and its common name if it has
    none of these, in small letters. `begins`, `ends`: aware times. `issuer`, `subject`: RFC 4514 text.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class TlsAnswer:
    """What one port said. `certificate`: None where the port is closed, or takes connections and speaks no
    TLS; `said` tells which, in a few words.

    `expected`: the name that the site expects in the certificate, in small letters; None: it says nothing.
    `warn`: how long before its end the site wants to know.
    """

    port: int
    seconds: float
    certificate: Certificate | None = None
    said: str = ""
    expected: str | None = None
    warn: timedelta = timedelta(days=30)


class TlsSession(Protocol):
    """A way to look at the certificates on the ports that the site names. Raises Unreachable or BadAnswer."""

    async def look(self) -> tuple[TlsAnswer, ...]:
        """One handshake with each port, in the order of the site file. Raises Unreachable if none answers."""
        ...
