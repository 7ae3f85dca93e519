"""Avaya Call Management System (CMS) on Linux over SNMP, SSH and TLS.

Here stands what the agent knows of it; how it is asked and read stands in one file per protocol beside this
one. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from collectors.base import Fact, Option, Own, Poll, Product, ProtocolName
from collectors.call_management import snmp, ssh, tls
from collectors.host import certificates
from collectors.host import shell as host_shell
from collectors.host import snmp as host_snmp

_SNMP = Poll(snmp.ask, snmp.read, snmp.PACING)
_SSH = Poll(ssh.ask, ssh.read, ssh.PACING, commands=ssh.COMMANDS)
_TLS = Poll(tls.ask, tls.read, certificates.PACING)


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    asking, reading = partial(ssh.ask, own=own), partial(ssh.read, own=own)
    return {
        "snmp": replace(_SNMP, ask=partial(snmp.ask, own=own), read=partial(snmp.read, own=own)),
        "ssh": replace(_SSH, ask=asking, read=reading),
        "tls": _TLS,
    }


PRODUCT = Product(
    name="call_management",
    title="Call Management System",
    function="contact_centre",
    polls={"snmp": _SNMP, "ssh": _SSH, "tls": _TLS},
    authority=("snmp", "ssh", "tls"),
    metrics=(*snmp.METRICS, *ssh.METRICS, *certificates.METRICS),
    facts=(
        Fact("SNMP: the CMS's own MIB holds notifications, nothing to ask for", "AV-CMS-MIB", "verified"),
        Fact(
            "SSH: the logs of backup and archiver are back.log and arch.log",
            "a monitoring plugin",
            "inferred",
        ),
        Fact("SSH: such a log is written to whenever a backup or an archiving ran", "its name", "inferred"),
        Fact(
            "SSH: a link is a TCP connection to the CM's processor channel", "what a CMS link is", "inferred"
        ),
        Fact(
            "SSH: /proc/net/tcp: far ends, states, and a number to each row", "Linux, read here", "verified"
        ),
        Fact("CMS runs on Linux from R18 on", "remembered; to be seen on the first one", "inferred"),
        *host_snmp.FACTS,
        *host_shell.FACTS,
        *certificates.FACTS,
    ),
    options=(
        Option("links", "names", "the far end, ADDRESS:PORT, by the CM's name in this file (over SSH)"),
        Option("backup_hours", "number", "after how many hours without a backup one is missed (over SSH)"),
        Option("archive_hours", "number", "the same for the archiver, which runs by itself (over SSH)"),
        *host_snmp.OPTIONS,
    ),
    with_options=_polls,
    not_seen=(
        "whether a link that is connected carries data (Application, Session: data transfer): only the menus "
        "print that, and the agent never opens them; its other end is what the CM says of its channel",
        "a connection whose other end is gone counts as one until the host notices",
        "links that the site does not name; data collection per ACD, external call history, users, licences",
        "whether CMS itself is on, and its services: no source names their programs (options: processes)",
        "the database: onstat needs its settings, which a login that runs single programs does not have",
        "whether a backup succeeded, only that its log was written to; its alarms are notifications (traps)",
        "a CMS on Solaris (up to R17), whose programs are others; RAID and hardware of the server",
    ),
)
