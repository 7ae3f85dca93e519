"""TLS of the agent's pages: certificate, key and CA become a context, and what is wrong with them a sentence.

It watches nothing and listens nowhere. Each new connection is wrapped by the context that is in force at that
moment, so a renewed certificate or another CA needs no restart.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

CIPHERS = {
    # the names of Go and of exporter-toolkit, and OpenSSL's: what has forward secrecy and authenticates
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


class PemError(Exception):
    """A certificate, key or CA that cannot be used. `key`: below tls_server_config; str(): the sentence."""

    def __init__(self, key: str, sentence: str) -> None:
        self.key = key
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Pem:
    """A file and what it held when it was read."""

    path: Path
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate in use, until when it is valid (UTC), and whether clients must show one of theirs."""

    context: ssl.SSLContext = field(repr=False)
    valid_until: datetime
    client_certificates: bool


def make_tls(
    certificate: Pem,
    key: Pem,
    *,
    client_ca: Pem | None,
    lowest: Literal["TLS12", "TLS13"],
    highest: Literal["TLS12", "TLS13"],
    ciphers: Sequence[str],
    prefer_ours: bool,
) -> Tls:
    """A context of these; with `client_ca` a client must show a certificate of it. Raises PemError."""
    chain = _certificates("cert_file", certificate)
    _check_key(key, chain[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = _VERSIONS[lowest], _VERSIONS[highest]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if not prefer_ours:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(":".join(CIPHERS[name] for name in ciphers or CIPHERS))
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate.path, key.path, password="")  # "": it must not ask a terminal
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error.strerror or "no reason"
        raise PemError("cert_file", f"expected a certificate that TLS takes; got {_words(reason)}") from None
    if client_ca is not None:
        authorities = _certificates("client_ca_file", client_ca)
        pem = "".join(each.public_bytes(Encoding.PEM).decode() for each in authorities)
        context.load_verify_locations(cadata=pem)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= (
            ssl.VERIFY_X509_PARTIAL_CHAIN
        )  # an intermediate CA may be the anchor, as in Go
    return Tls(context, chain[0].not_valid_after_utc, client_ca is not None)


def _certificates(key: str, pem: Pem) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.content)
    except ValueError:
        raise PemError(
            key, f"expected a certificate in PEM form in {pem.path}; got none that can be read"
        ) from None


def _check_key(pem: Pem, certificate: x509.Certificate) -> None:
    # Neither sentence quotes the file: it is a secret, or was meant to be one.
    try:
        key = load_pem_private_key(pem.content, password=None)
    except TypeError:
        raise PemError(
            "key_file", f"expected a key without a passphrase in {pem.path}; got one that asks"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise PemError("key_file", f"expected a private key in PEM form in {pem.path}; got none") from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        sentence = f"expected the key of the certificate in cert_file; got another one in {pem.path}"
        raise PemError("key_file", sentence)


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")


class InForce(ssl.SSLContext):
    """A context that stands for whichever is in force when a connection comes.

    Changing one context in place would keep CAs that were taken away, and sessions that they vouched for.
    """

    current: Callable[[], ssl.SSLContext]

    @classmethod
    def of(cls, current: Callable[[], ssl.SSLContext]) -> InForce:
        """`current` is called once for every connection; it must not raise."""
        one = cls(ssl.PROTOCOL_TLS_SERVER)
        one.current = current
        return one

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As SSLContext.wrap_bio, which asyncio calls for every connection."""
        return self.current().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
