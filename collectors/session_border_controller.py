"""Avaya Session Border Controller for Enterprise (SBCE), at the border to the carrier: from the outside.

Its host over SNMP, its SIP port, its certificates, its SSH port by the first thing that it says. Avaya has
published no MIB of it, and nobody logs in: there is no login that may only look, and what its own programs
know needs root. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.base import (
    Fact,
    Findings,
    Observation,
    Own,
    Pacing,
    Poll,
    Product,
    ProtocolName,
    TcpAnswer,
    TcpSession,
)
from collectors.host import certificates, listener, polls, snmp

BANNER = "SSH-"  # with which an SSH server's first line begins (RFC 4253, 4.2)
# Rows (no meaning here), pause, time-out, tries, interval.
_PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(minutes=1))


async def greet(session: TcpSession) -> TcpAnswer:
    """One connection; nothing is sent."""
    return await session.greeting()


def read_greeting(answer: TcpAnswer, _at: datetime) -> Findings:
    """The listener is there, or its port is closed; unread where something else answers, or says nothing.

    A port that takes connections and says nothing may be a firewall's, a listener that hangs, or one that is
    slow: none of these is known to be out of use.
    """
    part = Observation(role="equipment", component="ssh listener")
    if not answer.opened:
        return Findings((replace(part, lost=1, total=1, detail="refused: the port is closed"),))
    if answer.greeting is None:
        return Findings((part.not_read("takes connections and says nothing"),))
    if not answer.greeting.startswith(BANNER):
        return Findings((part.not_read(f"says no SSH: {answer.greeting[:60]}"),))
    return Findings((replace(part, lost=0, total=1, detail=answer.greeting[:60]),))


_SSH_PORT = Poll(
    greet, read_greeting, _PACING, timedelta(minutes=1), sees="that an SSH server listens, by its banner"
)


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {"snmp": polls.over_snmp(own), "sip": polls.SIP, "tls": polls.TLS, "tcp": _SSH_PORT}


PRODUCT = Product(
    name="session_border_controller",
    title="Session Border Controller for Enterprise",
    function="border",
    polls=_polls(Own()),
    authority=("snmp", "sip", "tls", "tcp"),
    metrics=(*snmp.METRICS, *listener.METRICS, *certificates.METRICS),
    facts=(
        *snmp.FACTS,
        *listener.FACTS,
        *certificates.FACTS,
        Fact("TCP: an SSH server says `SSH-` and its version first", "RFC 4253, 4.2", "verified"),
        Fact("TCP: SSH is on port 22 of current releases", "sbce-automation, its inventory", "verified"),
        Fact("TCP: SSH is on port 222 of older releases", "told of them, no source seen", "inferred"),
        Fact("its SNMP agent shows the host that it runs on", "it runs on Linux", "inferred"),
    ),
    options=snmp.OPTIONS,
    with_options=_polls,
    not_seen=(
        "a high-availability pair: which of the two is active, and whether the other is fit",
        "whether calls pass: sessions, registrations, server flows, trunks (a CM tells of its own trunks)",
        "its version, licences and own list of alarms: its programs need root, and no role may only look",
        "which processes must run: nobody has published it (option `processes`: those that a site minds)",
        "anything of a MIB of its own: Avaya published none. Only an operator's MIB, or a read-only login "
        "that can, would tell more",
        "its SIP port where the agent is no peer that may ask, or where TLS wants a certificate of it",
    ),
)
