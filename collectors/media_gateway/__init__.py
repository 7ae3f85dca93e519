"""Avaya branch gateways G430 and G450 (G250, G350 and G700 speak the same MIBs), over SNMP.

Here stands what the agent knows of them; how they are asked and read stands in one file per protocol beside
this one, what these share in `parts`. Nothing here asks anybody.
"""

from __future__ import annotations

from collectors.base import Fact, Poll, Product
from collectors.media_gateway import parts, snmp

PRODUCT = Product(
    name="media_gateway",
    title="Branch gateway G430, G450",
    function="phone_system",  # with the servers it is one phone system (rules of reading, systems)
    polls={"snmp": Poll(snmp.ask, snmp.read, snmp.PACING)},
    authority=("snmp", "ssh"),
    metrics=(*parts.METRICS, *snmp.METRICS),
    facts=(
        Fact("registration, H.248 link, fault masks, modules, DSPs", "G700-MG-MIB 1.68 (2015)", "verified"),
        Fact("mask bit 0 is the most significant of the first octet", "G700-MG-MIB", "verified"),
        Fact("sensor limits; supplies and fan trays and their faults", "AVAYA-ENTITY-MIB", "verified"),
        Fact("CPU load is told only while enabled(2)", "UTILIZATION-MANAGEMENT-MIB", "verified"),
        Fact("local survivability (SLS); sensors", "AVAYA-SURV-MIB, ENTITY-SENSOR-MIB", "verified"),
        Fact("DSP engine 101, CPU and memory rows 10", "NetSpyGlass, a Zabbix template", "verified"),
        Fact("an active SLS serves the location", "what SLS is for", "inferred"),
        Fact("primary controller not found, yet registered: a backup serves", "the mask's words", "inferred"),
        Fact("camp-on: taken out on purpose", "a check_mk script judges so", "inferred"),
        Fact("an absent supply or fan tray is an empty slot", "optional second supplies", "inferred"),
        Fact("the uptime of the agent is that of the gateway", "one processor", "inferred"),
    ),
    not_seen=(
        "whether the controller that serves is the main one or a survivable one (only its address)",
        "carrier faults of a T1/E1 line; calls and voice quality (RTP)",
        "room temperature; voltages (their faults are seen); CPU load until its monitoring is enabled",
    ),
)
