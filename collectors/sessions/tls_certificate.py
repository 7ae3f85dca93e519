"""Takes a certificate apart (X.509 in DER) for a collector. It verifies nothing and opens no socket."""

from __future__ import annotations

import warnings
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import NameOID

from collectors.base import Certificate

# What cryptography 50 raises for a damaged one (each value was tried for each octet); the last four are none
# of its ValueErrors.
_UNREADABLE = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def certificate_of(der: bytes) -> Certificate:
    """What the certificate says. Raises ValueError where it cannot be read."""
    with warnings.catch_warnings():
        # It warns of what old systems have: serial numbers below zero, names that are too long.
        warnings.simplefilter("ignore")
        try:
            return _read(x509.load_der_x509_certificate(der))
        except _UNREADABLE as error:
            raise ValueError(str(error) or type(error).__name__) from None


def _read(made: x509.Certificate) -> Certificate:
    return Certificate(
        subject=_one_line(made.subject.rfc4514_string()),
        issuer=_one_line(made.issuer.rfc4514_string()),
        names=tuple(dict.fromkeys(_names(made))),
        begins=made.not_valid_before_utc,
        ends=made.not_valid_after_utc,
    )


def _names(made: x509.Certificate) -> list[str]:
    """DNS names and addresses it is for; the common name only where there are none (RFC 6125, 6.4.4)."""
    try:
        told = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):  # none, or extensions that nobody can read
        names: list[str] = []
    else:
        names = [_one_line(name).lower() for name in told.get_values_for_type(x509.DNSName)]
        names += [str(address) for address in told.get_values_for_type(x509.IPAddress)]
    common = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return names or [_canonical(_one_line(_text(each.value))) for each in common]


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _canonical(name: str) -> str:
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower()


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
