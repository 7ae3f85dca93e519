"""Avaya Aura Session Manager, the SIP proxy of the phone system: its host, its SIP port, its certificates.

One file for each way beside this one. Its MIBs hold traps alone. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from collectors.base import Fact, Own, Poll, Product, ProtocolName
from collectors.host import certificates, listener
from collectors.host import shell as login
from collectors.host import snmp as host
from collectors.session_manager import sip, snmp, ssh, tls

DEADLINE = timedelta(minutes=1)
_POLLS: dict[ProtocolName, Poll] = {
    "snmp": Poll(snmp.ask, snmp.read, host.PACING),
    "ssh": Poll(ssh.ask, ssh.read, login.PACING, commands=login.COMMANDS),
    "sip": Poll(sip.ask, sip.read, listener.PACING, DEADLINE),
    "tls": Poll(tls.ask, tls.read, certificates.PACING),
}


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {
        **_POLLS,
        "snmp": replace(_POLLS["snmp"], read=partial(snmp.read, own=own)),
        "ssh": replace(_POLLS["ssh"], read=partial(ssh.read, own=own)),
    }


PRODUCT = Product(
    name="session_manager",
    title="Session Manager",
    function="other",
    polls=_POLLS,
    authority=("snmp", "ssh", "sip", "tls"),
    metrics=(*host.METRICS, *login.METRICS, *listener.METRICS, *certificates.METRICS),
    facts=(
        *host.FACTS,
        *login.FACTS,
        *listener.FACTS,
        *certificates.FACTS,
        Fact(
            "its MIBs have notifications and no object to ask for", "AV-AURA-SESSION-MANAGER-MIB", "verified"
        ),
        Fact("its SNMP agent shows the host that it runs on", "it runs on Linux", "inferred"),
    ),
    options=host.OPTIONS,
    with_options=_polls,
    not_seen=(
        "SIP entity links: no object of its MIBs has their state, only traps and System Manager do",
        "registrations and calls: the same",
        "its own services and their state: nobody has published what `statapp` prints",
        "traps: the numbers of its notifications change from build to build",
        "its SIP port where the agent's address is no SIP entity, or where TLS wants a certificate of it",
    ),
)
