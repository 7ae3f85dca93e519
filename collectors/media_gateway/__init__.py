"""Avaya branch gateways G430 and G450 over SNMP and SSH (G250, G350 and G700 speak the same MIBs).

Here stands what the agent knows of them; how they are asked and read stands in one file per protocol beside
this one, what these share in `parts`. Nothing here asks anybody.
"""

from __future__ import annotations

from collectors.base import Fact, Poll, Product
from collectors.media_gateway import parts, snmp, ssh

PRODUCT = Product(
    name="media_gateway",
    title="Branch gateway G430, G450",
    function="phone_system",  # with the servers it is one phone system (rules of reading, systems)
    polls={
        "snmp": Poll(
            snmp.ask,
            snmp.read,
            snmp.PACING,
            sees="registration, H.248 link, local survivability, modules, DSPs and their channels, power "
            "supplies, fans, temperatures, load, faults, restarts",
        ),
        "ssh": Poll(
            ssh.ask,
            ssh.read,
            ssh.PACING,
            sees="registration by its faults, modules, DSPs and their channels, fans, room temperature, "
            "faults in its own words, restarts",
        ),
    },
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
        Fact("SSH: layout of the five answers and the prompt", "fixtures of monitorBGW, real", "verified"),
        Fact("SSH: Multiple fans outage, PSU fan brief outage, No controller found", "the same", "verified"),
        Fact("SSH: Insertion failure, mmid = v5; -- Initializing --", "the same", "verified"),
        Fact("SSH: No Fault Messages: the list is empty", "monitorBGW looks for it", "verified"),
        Fact("SSH: a DSP is Idle or InUse; Release, Camp-on or Busyout", "the same", "verified"),
        Fact("DSPs of a G430 or G450 have cmgVoipSlot 101 to 104", "G700-MG-MIB", "verified"),
        Fact("SSH: DSP #1 is the engine 101, and so on", "both number its sockets", "inferred"),
        Fact("SSH: other faults in the words of the masks; a DSP in Fault", "the MIB", "inferred"),
        Fact("SSH: No controller found: serves on none", "its words; a local call engine might", "inferred"),
        Fact("SSH: no fault of registration: some controller serves", "the list is whole", "inferred"),
        Fact("SSH: a fault that a whole list does not hold is not there", "the same", "inferred"),
        Fact("SSH: a module that initializes carries no calls", "its word", "inferred"),
        Fact("SSH: Ambient is the sensor that SNMP names so", "its name", "inferred"),
        Fact("SSH: all channels of a DSP in use: it is full", "its words", "inferred"),
    ),
    not_seen=(
        "whether the controller that serves is the main one or a survivable one (only its address)",
        "carrier faults of a T1/E1 line; calls and voice quality (RTP)",
        "over SSH: whether local survivability serves; states of supplies and fan trays but by their faults",
        "over SSH: DSPs of other models than G430 and G450 (no rule says which is which); CPU and memory",
        "room temperature; voltages (their faults are seen); CPU load until its monitoring is enabled",
    ),
)
