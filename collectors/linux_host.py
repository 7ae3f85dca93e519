"""Any Linux server over SNMP, SSH and TLS: one whose own service nobody has published how to ask for.

Workforce optimisation, a SAL gateway, a voicemail without a MIB (Aura Messaging): their hosts are watched,
and the programs that the site names. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

from collectors.base import Own, Poll, Product, ProtocolName
from collectors.host import certificates, polls, shell, snmp


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {"snmp": polls.over_snmp(own), "ssh": polls.over_ssh(own), "tls": polls.TLS}


PRODUCT = Product(
    name="linux_host",
    title="Linux server",
    function="other",
    polls=_polls(Own()),
    authority=("snmp", "ssh", "tls"),
    metrics=(*snmp.METRICS, *shell.METRICS, *certificates.METRICS),
    facts=(*snmp.FACTS, *shell.FACTS, *certificates.FACTS),
    options=snmp.OPTIONS,
    with_options=_polls,
    not_seen=(
        "whether what runs on it serves anybody: only its host, and the programs that the site names",
        "a full table of inodes; RAID, fans and supplies of its hardware; traps of what runs on it",
        "over SSH: network interfaces; that a disk was taken out",
        "over SNMP: the clock; two restarts between which 497 days lie, if the agent was restarted since",
    ),
)
