"""A SIP port of a simulated system over UDP, TCP or TLS, which answers OPTIONS, and its certificate.

What it says follows RFC 3261: 200 to OPTIONS, 405 to any other request. Its certificate is its own work, of
its SSH host key, so that it is the same whenever the lab is started in one folder. A system that is out of
reach takes connections and says nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.doorway import Doorway
from tests.lab.model import AddressTaken, Customer, System
from tests.lab.played import Moment, Port

SIP_PORT, SIPS_PORT = 15060, 15061
_PATIENCE = 5.0  # seconds for a request to come in
_COPIED = ("via", "from", "call-id", "cseq")
_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "l": "content-length"}
_DAY = timedelta(days=1)

Ends = Callable[[Customer, System, datetime], datetime]
"""Until when the certificate of a system holds, at a moment."""


def sip_ports(title: str, ends: Ends) -> tuple[Port, ...]:
    """The SIP ports of a system that calls itself `title`."""

    def serves(transport: Literal["UDP", "TCP", "TLS"]) -> Callable[[Moment, Mapping[str, Any]], SipServer]:
        return lambda here, keys: SipServer(here, keys[here.name], transport, title, ends)

    return (
        Port(SIP_PORT, "UDP", "SIP", serves("UDP")),
        Port(SIP_PORT, "TCP", "SIP", serves("TCP")),
        Port(SIPS_PORT, "TCP", "SIP over TLS", serves("TLS")),
    )


class SipServer(asyncio.DatagramProtocol):
    """One SIP port of a system. It looks at the customer anew for each request."""

    def __init__(
        self, here: Moment, key: Any, transport: Literal["UDP", "TCP", "TLS"], title: str, ends: Ends
    ) -> None:
        self._here = here
        self._key = key
        self._over = transport
        self._title = title
        self._ends = ends
        self._shown: datetime | None = None
        self._context: ssl.SSLContext | None = None
        self._doorway = Doorway(here.name, self._accept, "--octet", lambda: self._context)
        self._datagrams: asyncio.DatagramTransport | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Answer from now on. Raises AddressTaken."""
        system = self._here.system
        address = self._here.customer.address(system)
        self.refresh()
        if self._over == "UDP":
            sock = _bind(address, SIP_PORT, self._here.name)
            loop = asyncio.get_running_loop()
            self._datagrams, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)
        else:
            self._doorway.start(address, SIPS_PORT if self._over == "TLS" else SIP_PORT, shut=system.mute)

    def refresh(self) -> None:
        """Show another certificate if it ends at another time, and fall silent if the system does."""
        here = self._here
        self._doorway.keep(shut=here.system.mute)
        ends = self._ends(here.customer, here.system, here.now).replace(microsecond=0)
        if self._over == "TLS" and ends != self._shown:
            address = here.customer.address(here.system)
            self._context = _context(self._key, here.name, address, ends)
            self._shown = ends

    async def stop(self) -> None:
        """Give the address back and drop every connection."""
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None
        await self._doorway.stop()
        for line in tuple(self._lines):
            line.transport.abort()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer one request."""
        if self._datagrams is not None and not self._here.system.mute and (said := self._answer(data, addr)):
            self._datagrams.sendto(said, addr)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            while True:
                async with asyncio.timeout(_PATIENCE):
                    request = await reader.readuntil(b"\r\n\r\n")
                said = self._answer(request, writer.get_extra_info("peername"))
                if said and not self._here.system.mute:
                    writer.write(said)
                    await writer.drain()
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            pass  # whoever was there is gone, or speaks no SIP
        finally:
            self._lines.discard(writer)
            with suppress(OSError, RuntimeError):
                writer.close()

    def _answer(self, request: bytes, peer: Any) -> bytes | None:
        head, *lines = request.decode("utf-8", "replace").split("\r\n")
        words = head.split(" ")
        if len(words) != 3 or words[2] != "SIP/2.0" or words[0] == "ACK":
            return None
        said = ["SIP/2.0 200 OK" if words[0] == "OPTIONS" else "SIP/2.0 405 Method Not Allowed"]
        for line in lines:
            name, colon, value = line.partition(":")
            known = _SHORT.get(name.strip().lower(), name.strip().lower())
            if not colon:
                continue
            if known == "via" and ";rport" in value and ";rport=" not in value:  # RFC 3581
                said.append(line.replace(";rport", f";received={peer[0]};rport={peer[1]}", 1))
            elif known in _COPIED:
                said.append(line)
            elif known == "to":
                said.append(line if ";tag=" in value else f"{line};tag=lab")
        said += ["Allow: OPTIONS", f"Server: {self._title}", "Content-Length: 0", "", ""]
        return "\r\n".join(said).encode()


def _context(key: Any, name: str, address: str, ends: datetime) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of its own making that is for this name and address."""
    private = serialization.load_pem_private_key(key.export_private_key("pkcs8-pem"), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the key of {name} is none for a certificate that every client takes")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.lab")])
    names = x509.SubjectAlternativeName([x509.DNSName(f"{name}.lab"), x509.IPAddress(IPv4Address(address))])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(ends - 1300 * _DAY)
        .not_valid_after(ends)
        .add_extension(names, critical=False)
        .sign(private, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="tw-lab-") as folder:  # ssl reads files only; 0700
        path = os.path.join(folder, "pem")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
            file.write(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
            file.write(made.public_bytes(pem))
        context.load_cert_chain(path)
    return context


def far_end(_customer: Customer, system: System, _now: datetime) -> datetime:
    """The end of a certificate that holds for long: a day that a lab never sees."""
    return system.started.astimezone(UTC) + 1200 * _DAY


def _bind(address: str, port: int, name: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((address, port))
    except OSError as problem:
        sock.close()
        raise AddressTaken(
            f"UDP {address}:{port}, the address of {name}, cannot be used ({problem.strerror}): see "
            f"what has it with `ss -lunp 'sport = :{port}'` and stop it, or choose another with --octet."
        ) from None
    sock.setblocking(False)
    return sock
