"""Avaya Aura Application Enablement Services (AES), the server for CTI applications, over SNMP, SSH and TLS.

Here stands what the agent knows of it; how it is asked and read stands in one file per protocol beside this
one, what a service says of itself in `services`. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from collectors.application_enablement import snmp, ssh
from collectors.base import Fact, Option, Own, Poll, Product, ProtocolName
from collectors.host import certificates, polls
from collectors.host import shell as host_shell
from collectors.host import snmp as host_snmp


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    over_snmp = Poll(
        partial(snmp.ask, own=own),
        partial(snmp.read, own=own),
        snmp.PACING,
        sees="the five services with their licence errors, connections to switches and their links, TSAPI "
        "clients, DMCC memory; the host: processors, memory, disks, processes, interfaces, restarts",
    )
    over_ssh = Poll(
        ssh.ask,
        partial(ssh.read, own=own),
        ssh.PACING,
        commands=ssh.COMMANDS,
        sees="version; the host: processors, memory, disks, processes, clock, restarts",
    )
    return {"snmp": over_snmp, "ssh": over_ssh, "tls": polls.TLS}


PRODUCT = Product(
    name="application_enablement",
    title="Application Enablement Services",
    function="other",
    polls=_polls(Own()),
    authority=("snmp", "ssh", "tls"),
    metrics=(*snmp.METRICS, *ssh.METRICS, *certificates.METRICS),
    facts=(
        Fact(
            "OIDs of services, licence errors, links and sessions; their enumerations",
            "centreon-plugins",
            "verified",
        ),
        Fact(
            "a service that is not running, or not online, fails; a link that is not online",
            "its defaults",
            "verified",
        ),
        Fact("a session's row is the length and the letters of its switch", "the same", "verified"),
        Fact(
            "TSAPI clients of -1 are not told; DMCC memory is used over used and free", "the same", "verified"
        ),
        Fact(
            "starting, stopping, pausing, paused, ready: in part; stopped, offline, down: lost",
            "their words",
            "inferred",
        ),
        Fact("a licence error other than normal: nobody is licensed any more", "its words", "inferred"),
        Fact(
            "a lost service whose licence is not found was never bought: nobody uses it",
            "its words",
            "inferred",
        ),
        Fact(
            "a session that is offline takes every link of its connection along",
            "what a session is",
            "inferred",
        ),
        Fact("the agent of the server shows its host as well", "AES runs on Linux", "inferred"),
        *host_snmp.FACTS,
        Fact("SSH: swversion says Version: and the version", "avansible, run on such servers", "verified"),
        *host_shell.FACTS,
        *certificates.FACTS,
        Fact("TLS: its web pages are on port 443", "avansible, its roles", "verified"),
    ),
    options=(
        Option(
            "unused",
            "words",
            "the services that nobody uses here, which are then not missed",
            tuple(snmp.SERVICES),
        ),
        *host_snmp.OPTIONS,
    ),
    with_options=_polls,
    not_seen=(
        "the state of each CTI link (a CM says it: status aesvcs cti-link), users, devices, call events",
        "how many licences are used: only the error of each licence is told",
        "what mvap.sh info and statapp print, and the AES's own log of alarms (nobody has published any)",
        "traps: their numbers are not public",
    ),
)
