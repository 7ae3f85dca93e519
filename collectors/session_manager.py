"""Avaya Aura Session Manager, the SIP proxy of the phone system: its host, its SIP port, its certificates.

Its MIBs hold traps alone; `statapp` and `traceSM` are not asked: nobody has published what the one prints,
and the other is a dialogue. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

from collectors.base import Fact, Own, Poll, Product, ProtocolName
from collectors.host import certificates, listener, polls, shell, snmp


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {
        "snmp": polls.over_snmp(own),
        "ssh": polls.over_ssh(own),
        "sip": polls.SIP,
        "tls": polls.TLS,
    }


PRODUCT = Product(
    name="session_manager",
    title="Session Manager",
    function="other",
    polls=_polls(Own()),
    authority=("snmp", "ssh", "sip", "tls"),
    metrics=(*snmp.METRICS, *shell.METRICS, *listener.METRICS, *certificates.METRICS),
    facts=(
        *snmp.FACTS,
        *shell.FACTS,
        *listener.FACTS,
        *certificates.FACTS,
        Fact(
            "its MIBs have notifications and no object to ask for", "AV-AURA-SESSION-MANAGER-MIB", "verified"
        ),
        Fact("its SNMP agent shows the host that it runs on", "it runs on Linux", "inferred"),
    ),
    options=snmp.OPTIONS,
    with_options=_polls,
    not_seen=(
        "SIP entity links: no object of its MIBs has their state, only traps and System Manager do",
        "registrations and calls: the same",
        "its own services and their state: nobody has published what `statapp` prints",
        "traps: the numbers of its notifications change from build to build",
        "its SIP port where the agent's address is no SIP entity, or where TLS wants a certificate of it",
    ),
)
