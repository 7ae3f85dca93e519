"""A path probe: a router or switch whose answer proves the path to a place, and nothing else.

It is asked for a TCP connection or for its SNMP agent's uptime: one file for each beside this one, what they
share in `parts`. Not by ICMP: Linux lets an unprivileged process ping only where `net.ipv4.ping_group_range`
names its group.
"""

from __future__ import annotations

from datetime import timedelta

from collectors.base import Fact, Poll, Product
from collectors.probe import snmp, tcp

DEADLINE = timedelta(minutes=1)
PRODUCT = Product(
    name="probe",
    title="Path probe",
    function="network",
    polls={
        "tcp": Poll(
            tcp.ask, tcp.read, tcp.PACING, DEADLINE, sees="that the path is up, and whether the port is open"
        ),
        "snmp": Poll(
            snmp.ask, snmp.read, snmp.PACING, DEADLINE, sees="that the path is up, and the agent's uptime"
        ),
    },
    authority=("tcp", "snmp"),
    metrics=(*tcp.METRICS, *snmp.METRICS),
    facts=(
        Fact("TCP: a port that listens takes a connection, a closed one answers RST", "RFC 9293", "verified"),
        Fact("SNMP: sysUpTime and sysDescr", "SNMPv2-MIB (RFC 3418)", "verified"),
        Fact("TCP: who refuses is the device itself", "a firewall can refuse in its name", "inferred"),
    ),
    not_seen=(
        "whether the device works beyond that port: it is asked for the path to it alone",
        "restarts of the device; echo (ping), which Linux does not let everyone send",
    ),
)
