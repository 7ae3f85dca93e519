"""Any Linux server over SNMP, SSH and TLS: one whose own service nobody has published how to ask for.

Workforce optimisation, a SAL gateway, a voicemail without a MIB (Aura Messaging): their hosts are watched,
and the programs that the site names. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from collectors.base import Own, Poll, Product, ProtocolName
from collectors.host import certificates
from collectors.host import shell as host_shell
from collectors.host import snmp as host_snmp
from collectors.linux_host import snmp, ssh, tls

_SNMP = Poll(snmp.ask, snmp.read, snmp.PACING)
_SSH = Poll(ssh.ask, ssh.read, ssh.PACING, commands=ssh.COMMANDS)
_TLS = Poll(tls.ask, tls.read, certificates.PACING)


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {
        "snmp": replace(_SNMP, ask=partial(snmp.ask, own=own), read=partial(snmp.read, own=own)),
        "ssh": replace(_SSH, read=partial(ssh.read, own=own)),
        "tls": _TLS,
    }


PRODUCT = Product(
    name="linux_host",
    title="Linux server",
    function="other",
    polls={"snmp": _SNMP, "ssh": _SSH, "tls": _TLS},
    authority=("snmp", "ssh", "tls"),
    metrics=(*snmp.METRICS, *ssh.METRICS, *certificates.METRICS),
    facts=(*host_snmp.FACTS, *host_shell.FACTS, *certificates.FACTS),
    options=host_snmp.OPTIONS,
    with_options=_polls,
    not_seen=(
        "whether what runs on it serves anybody: only its host, and the programs that the site names",
        "a full table of inodes; RAID, fans and supplies of its hardware; traps of what runs on it",
        "over SSH: network interfaces; that a disk was taken out",
        "over SNMP: the clock; two restarts between which 497 days lie, if the agent was restarted since",
    ),
)
