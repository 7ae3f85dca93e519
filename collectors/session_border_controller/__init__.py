"""Avaya Session Border Controller for Enterprise (SBCE), at the border to the carrier: from the outside.

Its host over SNMP, its SIP port, its certificates, its SSH port: one file for each beside this one. Avaya has
published no MIB of it, and what its own programs know needs root. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from collectors.base import Fact, Own, Poll, Product, ProtocolName
from collectors.host import certificates, listener
from collectors.host import snmp as host
from collectors.session_border_controller import sip, snmp, tcp, tls

DEADLINE = timedelta(minutes=1)
_POLLS: dict[ProtocolName, Poll] = {
    "snmp": Poll(snmp.ask, snmp.read, host.PACING),
    "sip": Poll(sip.ask, sip.read, listener.PACING, DEADLINE),
    "tls": Poll(tls.ask, tls.read, certificates.PACING),
    "tcp": Poll(tcp.ask, tcp.read, tcp.PACING, DEADLINE),
}


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {**_POLLS, "snmp": replace(_POLLS["snmp"], read=partial(snmp.read, own=own))}


PRODUCT = Product(
    name="session_border_controller",
    title="Session Border Controller for Enterprise",
    function="border",
    polls=_POLLS,
    authority=("snmp", "sip", "tls", "tcp"),
    metrics=(*host.METRICS, *listener.METRICS, *certificates.METRICS),
    facts=(
        *host.FACTS,
        *listener.FACTS,
        *certificates.FACTS,
        Fact("TCP: an SSH server says `SSH-` and its version first", "RFC 4253, 4.2", "verified"),
        Fact("TCP: SSH is on port 22 of current releases", "sbce-automation, its inventory", "verified"),
        Fact("TCP: SSH is on port 222 of older releases", "told of them, no source seen", "inferred"),
        Fact("its SNMP agent shows the host that it runs on", "it runs on Linux", "inferred"),
    ),
    options=host.OPTIONS,
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
