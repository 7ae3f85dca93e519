"""Avaya Call Management System (CMS) on Linux over SNMP, SSH and TLS.

Here stands what the agent knows of it; how it is asked over SSH stands beside this, and the rest is as of any
Linux host: AV-CMS-MIB holds notifications only. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from collectors.base import Fact, Option, Own, Poll, Product, ProtocolName
from collectors.call_management import ssh
from collectors.host import certificates, polls, shell, snmp


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    over_ssh = Poll(
        partial(ssh.ask, own=own),
        partial(ssh.read, own=own),
        ssh.PACING,
        commands=ssh.COMMANDS,
        sees="links to the phone system that the site file names, age of the logs of backup and archiver; "
        "the host: processors, memory, disks, processes, clock, restarts",
    )
    return {"snmp": polls.over_snmp(own), "ssh": over_ssh, "tls": polls.TLS}


PRODUCT = Product(
    name="call_management",
    title="Call Management System",
    function="contact_centre",
    polls=_polls(Own()),
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
        *snmp.FACTS,
        *shell.FACTS,
        *certificates.FACTS,
    ),
    options=(
        Option("links", "names", "the far end, ADDRESS:PORT, by the CM's name in this file (over SSH)"),
        Option("backup_hours", "number", "after how many hours without a backup one is missed (over SSH)"),
        Option("archive_hours", "number", "the same for the archiver, which runs by itself (over SSH)"),
        *snmp.OPTIONS,
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
