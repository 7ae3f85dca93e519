"""TLS to a device on a socket of ours, in asyncio, without any verification.

Why none: a telephone system has the certificate that it was shipped with, or one of a private authority that
this machine does not know; refusing to look would tell nobody that it ends on Friday. Nothing secret is ever
sent here. Names and dates of the certificate are looked at elsewhere, for what they are.

Old versions and ciphers are allowed as far as this machine's OpenSSL still has them, and its security level
is lowered to 0, for the sake of old systems. Built on `ssl.SSLObject` and not on asyncio's own streams: what
came over the wire stays ours, so that the certificate of a server is known that then refuses us.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from typing import TypeVar

R = TypeVar("R")

CIPHERS = "ALL:!aNULL:!eNULL:@SECLEVEL=0"  # without aNULL: these have no certificate
_HEARD = 262_144  # octets of a handshake that are kept: far more than any chain of certificates
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ALERT, _HANDSHAKE, _CERTIFICATE = 21, 22, 11  # two content types, a message's (RFC 5246, 6.2.1 and 7.4)


class TlsWire:
    """One TLS connection over a connected, non-blocking socket. `name`: told to the server (SNI), if any.

    Each call raises ssl.SSLError or another OSError.
    """

    def __init__(self, sock: socket.socket, name: str | None = None) -> None:
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._in, self._out, server_hostname=_sni(name))
        self._heard = bytearray()

    async def handshake(self) -> None:
        """Agree with the server; no certificate of its own is asked for or given."""
        await self._carried(self._tls.do_handshake)

    async def send(self, octets: bytes) -> None:
        """Send them all."""
        await self._carried(lambda: self._tls.write(octets))

    async def receive(self) -> bytes:
        """What came; nothing where the server has hung up."""
        try:
            return await self._carried(lambda: self._tls.read(65_536))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def certificate(self) -> bytes | None:
        """The server's certificate (DER), also of a handshake that failed after it had shown it."""
        with suppress(ValueError):  # the handshake did not end
            return self._tls.getpeercert(binary_form=True)
        return certificate_in(bytes(self._heard))

    def farewell(self) -> None:
        """Say goodbye, without waiting for an answer: a server need not log a line that was cut."""
        with suppress(ssl.SSLError, OSError, ValueError):
            self._tls.unwrap()
        with suppress(OSError):
            self._sock.send(self._out.read())

    async def _carried(self, act: Callable[[], R]) -> R:
        while True:
            try:
                result = act()
            except ssl.SSLWantReadError:
                await self._flush()
                octets = await asyncio.get_running_loop().sock_recv(self._sock, 65_536)
                self._heard += octets[: _HEARD - len(self._heard)]
                if octets:
                    self._in.write(octets)
                else:
                    self._in.write_eof()
                await asyncio.sleep(0)  # a peer that never ends its say must not hold up the others
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if octets := self._out.read():
            await asyncio.get_running_loop().sock_sendall(self._sock, octets)


def words_of(problem: ssl.SSLError) -> str:
    """What OpenSSL says, in small letters: `wrong version number`, `sslv3 alert handshake failure`."""
    reason = problem.reason or type(problem).__name__
    return reason.replace("_", " ").lower()


def certificate_in(records: bytes) -> bytes | None:
    """The first certificate (DER) that a server showed in clear, up to TLS 1.2 (RFC 5246, 7.4.2).

    Such a server may then refuse who has no certificate of their own; in TLS 1.3 it refuses only after the
    handshake, as we see it.
    """
    handshake = bytearray()
    while len(records) >= 5 and records[0] in (_HANDSHAKE, _ALERT):
        length = int.from_bytes(records[3:5], "big")
        if records[0] == _HANDSHAKE:  # a warning may stand before it, of a name that the server does not know
            handshake += records[5 : 5 + length]
        records = records[5 + length :]
    while len(handshake) >= 4:
        length = int.from_bytes(handshake[1:4], "big")
        message = bytes(handshake[4 : 4 + length])
        if handshake[0] == _CERTIFICATE:
            size = int.from_bytes(message[3:6], "big")
            whole = size > 0 and len(message) == length and len(message) >= 6 + size
            return message[6 : 6 + size] if whole else None
        del handshake[: 4 + length]
    return None


@cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)  # Python names it from 3.12 on
    context.set_ciphers(CIPHERS)
    return context


def _sni(name: str | None) -> str | None:
    """The name as RFC 6066 takes it: no address, and nothing that is no host's name."""
    if name is None or _NAME.fullmatch(name) is None:
        return None
    with suppress(ValueError):
        ip_address(name)
        return None
    return name
