"""Avaya Aura Communication Manager (CM), the phone system's server, over SNMP.

Here stands what the agent knows of it; how it is asked and read stands in one file per protocol beside this
one, what they share in `parts`. Nothing here asks anybody.
"""

from __future__ import annotations

from collectors.base import Fact, Poll, Product
from collectors.communication_manager import parts, snmp

PRODUCT = Product(
    name="communication_manager",
    title="Communication Manager",
    function="phone_system",
    polls={"snmp": Poll(snmp.ask, snmp.read, snmp.PACING)},
    authority=("sat", "snmp", "ssh"),
    metrics=(*parts.METRICS, *snmp.METRICS),
    facts=(
        Fact("OIDs and enumerations up to CM 6.3.0", "G3-AVAYA-MIB (6.3, 2013)", "verified"),
        Fact("Tretrieve: the cache could not be filled; Tcount: its records", "G3-AVAYA-MIB", "verified"),
        Fact("restart levels, and the flag Y or N of a restart on demand", "G3-AVAYA-MIB", "verified"),
        Fact("member states in-service/…, OOS…, out…", "check_avaya_trunks, real", "verified"),
        Fact("alarm levels, ports and object names", "check_avaya_error", "verified"),
        Fact("occupancy in per cent", "check_avaya_load, real", "verified"),
        Fact("AURA 29.7 is a text such as 0", "seen on a real CM", "verified"),
        Fact("AURA member states; 500 channels at most", "a check_mk script", "verified"),
        Fact("AURA licence capacity, used and limit", "centreon-plugins", "verified"),
        Fact("time-outs of 15 s", "Avaya's advice, in a collector run on CM 8.0", "verified"),
        Fact("which MIB: g3connectState or g3healthTage, else AURA 29.7 or 20.6", "both MIBs", "inferred"),
        Fact("switch connection up or idle: the server serves", "wording of the MIB", "inferred"),
        Fact("MTC… and PEND… carry calls; FE, NE: the end at fault", "SAT states", "inferred"),
        Fact("maintenance busy says yes, a registered gateway y", "like columns", "inferred"),
        Fact("isdn, co, did, diod are public, sip unknown, others internal", "SAT types", "inferred"),
        Fact("administered = registered + rows of g3ipunreg", "what they list", "inferred"),
        Fact("an empty g3servalm table is none (it has no witness)", "the MIB", "inferred"),
        Fact("AURA 29.1 to 29.6, 29.8 to 29.10", "order of the names", "inferred"),
        Fact("AURA 29.7 told: the server serves", "what it measures", "inferred"),
    ),
    not_seen=(
        "stations by name or location, or other than IP (Avaya disabled g3regipstat); attendant consoles",
        "signalling groups, CTI, CMS and CDR links",
        "which controller serves a gateway that is not registered here",
        "CM 7 and later: types and sizes of trunk groups, channels beyond 500, busied-out members",
        "CM 7 and later: stations, gateways, restarts, single alarms (their OIDs are not public)",
    ),
)
