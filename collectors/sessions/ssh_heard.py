"""What a server said before the SSH handshake was done: the witness for telling apart why it failed.

It keeps the first bytes that came in, and reads from them whether that was SSH at all and which algorithms
the server offers. It takes no part in the handshake itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 64 * 1024  # bytes; a banner and the list of algorithms take about 2 KiB

_BANNER = re.compile(rb"(?:\A|\n)SSH-[^\r\n]*\r?\n")
_KEXINIT = 20  # RFC 4253 section 7.1
_COOKIE = 16
_NO_EXCHANGES = ("ext-info", "kex-strict")  # signals that stand in the list of key exchanges


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server can do, by its own list."""

    key_exchanges: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


class Heard:
    """The first bytes from a server. Filled by one thread, read by another."""

    def __init__(self) -> None:
        self._bytes = b""

    def add(self, more: bytes) -> bool:
        """Keep what came in. False: so much came without a banner that it is no SSH server."""
        if len(self._bytes) < MOST:
            self._bytes += more[: MOST - len(self._bytes)]
        return len(self._bytes) < MOST or self.banner

    @property
    def nothing(self) -> bool:
        """Whether not one byte came."""
        return not self._bytes

    @property
    def banner(self) -> bool:
        """Whether a whole SSH banner came (other lines may come before it)."""
        return _BANNER.search(self._bytes) is not None

    @property
    def could_be_ssh(self) -> bool:
        """Whether the last line, perhaps unfinished, begins as a banner does."""
        last = self._bytes.rsplit(b"\n", 1)[-1] or self._bytes.rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
        return last.startswith(b"SSH-") or b"SSH-".startswith(last)

    def quote(self) -> str:
        """The beginning of what came, for an error."""
        return repr(self._bytes[:32].decode("latin-1"))

    def offer(self) -> Offer | None:
        """What the server offers, if its list came whole and is one."""
        banner = _BANNER.search(self._bytes)
        if banner is None:
            return None
        packet = self._bytes[banner.end() :]
        length = int.from_bytes(packet[:4], "big")
        if len(packet) < 4 + length or packet[5:6] != bytes([_KEXINIT]):
            return None
        rest, lists = packet[6 + _COOKIE : 4 + length], []
        for _ in range(6):
            size = int.from_bytes(rest[:4], "big")
            lists.append(tuple(rest[4 : 4 + size].decode("latin-1").split(",")))
            rest = rest[4 + size :]
        lists[0] = tuple(name for name in lists[0] if not name.startswith(_NO_EXCHANGES))
        return Offer(lists[0], lists[1], lists[2], lists[4])


def few(names: Sequence[str]) -> str:
    """The first of some names, for an error."""
    return ", ".join(names[:4])
