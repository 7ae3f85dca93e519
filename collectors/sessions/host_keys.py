"""The host keys that are known: what a key is, and who is asked for them.

It stores none and opens no line.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HostKey:
    """A server's public key. `type`: as in known_hosts (`ssh-rsa`); `base64`: the key itself."""

    type: str
    base64: str

    @property
    def fingerprint(self) -> str:
        """As OpenSSH shows it: `SHA256:` and 43 characters."""
        digest = hashlib.sha256(base64.b64decode(self.base64)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class KnownHosts(Protocol):
    """Who remembers the host keys that an operator accepted. Asked from the thread of the session."""

    def key(self, address: str, port: int) -> tuple[HostKey, ...]:
        """The keys known for this address and port, the one to negotiate first; empty: none is known."""
        ...
