"""TLS servers on loopback for tests, with certificates made for them: what a telephone system may show."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.certificates import pem_of

NOW = datetime.now(UTC).replace(microsecond=0)


def self_made(
    folder: Path,
    *,
    common: str | None = "sbc.example.org",
    names: Sequence[x509.GeneralName] = (),
    begins: datetime = NOW - timedelta(days=30),
    ends: datetime = NOW + timedelta(days=300),
) -> Path:
    """A certificate that signs itself, and its key, in one file; made anew with each call."""
    key = ec.generate_private_key(ec.SECP256R1())
    wanted = [x509.NameAttribute(NameOID.COMMON_NAME, common)] if common is not None else []
    subject = x509.Name([*wanted, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Riverside")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(key, SHA256())
    path = folder / f"{made.serial_number}.pem"
    path.write_bytes(pem_of(key) + made.public_bytes(Encoding.PEM))
    return path


def context_of(certificate: Path) -> ssl.SSLContext:
    """A server's context that shows that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def serving(context: ssl.SSLContext, address: str = "127.0.0.1") -> Iterator[int]:
    """A server that shakes hands with one after the other and hangs up; its port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((address, 0))
        sock.listen(5)

        def serve() -> None:
            while True:
                try:
                    line, _ = sock.accept()
                except OSError:
                    return
                with line, suppress(OSError):  # an SSLError is one too
                    line.settimeout(10)
                    with context.wrap_socket(line, server_side=True) as secure:
                        secure.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            sock.shutdown(socket.SHUT_RDWR)
            thread.join()
