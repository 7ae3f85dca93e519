"""The certificates on the TLS ports that the site names: until when, and for whom.

Whether they are genuine is not asked: that an old system shows its maker's certificate is no fault of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from collectors.base import (
    Certificate,
    Fact,
    Findings,
    Metric,
    Observation,
    Pacing,
    Sample,
    TlsAnswer,
    TlsSession,
)

EXPIRY = Metric(
    "avaya_certificate_expiry_timestamp_seconds",
    "When the certificate that a TLS port shows ends, in seconds since 1970.",
    ("port",),
)
METRICS = (EXPIRY,)
FACTS = (
    Fact(
        "TLS: a port shows its certificate in the handshake, also to who has none",
        "RFC 5246, 8446",
        "verified",
    ),
    Fact(
        "TLS: a certificate holds between two moments, for the names in it or else its common name",
        "RFC 5280, 6125",
        "verified",
    ),
)
# Rows (no meaning here), pause, time-out of each port, tries, interval.
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(hours=1))


async def ask(session: TlsSession) -> tuple[TlsAnswer, ...]:
    """One look at each port."""
    return await session.look()


def read(answers: tuple[TlsAnswer, ...], at: datetime) -> Findings:
    """One part for each port: lost where its certificate does not hold now, or for another name.

    Degraded within the site's `warn` of its end. A port that shows none is unread: closed is not well, and it
    is not known whether the certificate was.
    """
    parts: list[Observation] = []
    samples: list[Sample] = []
    for answer in answers:
        part = Observation(role="equipment", component=f"certificate {answer.port}")
        if answer.certificate is None:
            parts.append(part.not_read(answer.said or "no certificate"))
            continue
        parts.append(_part(part, answer, answer.certificate, at))
        samples += EXPIRY.told(answer.certificate.ends.timestamp(), str(answer.port))
    return Findings(tuple(parts), tuple(samples))


def is_for(name: str, certificate: Certificate) -> bool:
    """Whether the certificate is for that name or address (RFC 6125, 6.4).

    A wildcard stands for the whole left-most label and for one label alone, and never for part of an address.
    """
    wanted = name.lower().rstrip(".")
    address = _address(wanted)
    if address is not None:
        return any(_address(each) == address for each in certificate.names)
    first, _, rest = wanted.partition(".")
    for each in certificate.names:
        have = each.lower().rstrip(".")
        if have == wanted or (first and rest and have == f"*.{rest}"):
            return True
    return False


def _part(part: Observation, answer: TlsAnswer, made: Certificate, at: datetime) -> Observation:
    wrong = []
    if at < made.begins:
        wrong.append(f"holds from {_moment(made.begins, at)} on only")
    if at >= made.ends:
        wrong.append(f"expired {_moment(made.ends, at)}")
    if answer.expected is not None and not is_for(answer.expected, made):
        names = ", ".join(made.names) or "nobody"
        wrong.append(f"not for {answer.expected[:40]} but for {names}")
    soon = not wrong and made.ends - at <= answer.warn
    said = "; ".join(wrong) or f"ends {_moment(made.ends, at)}"
    return Observation(
        role=part.role,
        component=part.component,
        lost=int(bool(wrong)),
        total=1,
        degraded=int(soon),
        detail=said[:120],
    )


def _moment(moment: datetime, at: datetime) -> str:
    """By the clock of the system's place, to the minute: the same with every poll."""
    try:
        moment = moment.astimezone(at.tzinfo)
    except OverflowError:  # "no end" is the last second of the year 9999 (RFC 5280, 4.1.2.5)
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M}"


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
