"""Avaya Modular Messaging (MSS, MAS) and Message Networking over SNMP and TLS, a Linux one over SSH too.

Here stands what the agent knows of it; how it is asked and read stands in one file per protocol beside this
one. Nothing here asks anybody. A voicemail without this MIB (Aura Messaging) is a `linux_host`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from collectors.base import Fact, Own, Poll, Product, ProtocolName
from collectors.host import certificates
from collectors.host import shell as host_shell
from collectors.host import snmp as host_snmp
from collectors.modular_messaging import snmp, ssh, tls

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
    name="modular_messaging",
    title="Modular Messaging",
    function="voicemail",
    polls={"snmp": _SNMP, "ssh": _SSH, "tls": _TLS},
    authority=("snmp", "ssh", "tls"),
    metrics=(*snmp.METRICS, *ssh.METRICS, *certificates.METRICS),
    facts=(
        Fact(
            "SNMP: numbers of major, minor and warning alarms; the worst level", "OAM MIB (page)", "verified"
        ),
        Fact("SNMP: these are scalars, asked with .0", "the page gives their numbers alone", "inferred"),
        Fact("SNMP: the level is that of the worst alarm", "its values", "inferred"),
        Fact("the message store is Linux, the application server Windows", "remembered", "inferred"),
        *host_snmp.FACTS,
        *host_shell.FACTS,
        *certificates.FACTS,
    ),
    options=host_snmp.OPTIONS,
    with_options=_polls,
    not_seen=(
        "whether calls are answered and messages kept: no object that says so is public. Links are the CM's "
        "to tell; without the OAM MIB the service is unread, never well",
        "which alarms stand: the OAM MIB counts them by level; its table of them is not public",
        "its services: no source names their programs (options: processes)",
        "an application server on Windows over SSH; its network interfaces",
        "over SSH: network interfaces; that a disk was taken out",
    ),
)
