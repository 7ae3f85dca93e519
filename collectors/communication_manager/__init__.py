"""Avaya Aura Communication Manager (CM), the phone system's server, over SNMP and its SAT.

Here stands what the agent knows of it; how it is asked and read stands in one file per protocol beside this
one, what they share in `parts`. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from collectors.base import Fact, Option, Own, Poll, Product, ProtocolName
from collectors.communication_manager import parts, sat, snmp

_POLLS: dict[ProtocolName, Poll] = {
    "snmp": Poll(snmp.ask, snmp.read, snmp.PACING),
    # One `list` may take ten minutes on a large system, and there is a command for each trunk group.
    "sat": Poll(sat.ask, sat.read, sat.PACING, deadline=timedelta(minutes=15)),
}


def _polls(own: Own) -> Mapping[ProtocolName, Poll]:
    return {**_POLLS, "sat": replace(_POLLS["sat"], ask=partial(sat.ask, own=own))}


PRODUCT = Product(
    name="communication_manager",
    title="Communication Manager",
    function="phone_system",
    polls=_POLLS,
    authority=("sat", "snmp", "ssh"),
    metrics=(*parts.METRICS, *snmp.METRICS),
    facts=(
        Fact("OIDs and enumerations up to CM 6.3.0", "G3-AVAYA-MIB (6.3, 2013)", "verified"),
        Fact("Tretrieve: the cache could not be filled; Tcount: its records", "G3-AVAYA-MIB", "verified"),
        Fact("restart levels, and the flag Y or N of a restart on demand", "G3-AVAYA-MIB", "verified"),
        Fact("an interchange is a WARM restart with the flag of one", "the flag's words", "inferred"),
        Fact("member states in-service/…, OOS…, out…", "check_avaya_trunks, real", "verified"),
        Fact("alarm levels, ports and object names", "check_avaya_error", "verified"),
        Fact("a port in a gateway is GGGVSPP: gateway, slot, port", "Avaya's S8700 maintenance", "verified"),
        Fact("a port of a cabinet, an IP port (S, T and digits) is in no gateway", "their forms", "inferred"),
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
        Fact("SAT: fields of display alarms, none asked for", "check_avaya_error_by_ossi", "verified"),
        Fact("SAT: a line of alarms and of list trunk-group on CM 10.2", "w1n555's bridge, real", "verified"),
        Fact("SAT: fields of status trunk; field 800bff00 is the group", "ikhomutov/python-ossi", "verified"),
        Fact("SAT: fields and rows of status media-gateways", "ikhomutov/python-ossi, real", "verified"),
        Fact("SAT: field 6800ff00 of list registered-ip-stations", "mick-shaw's script", "verified"),
        Fact("SAT: groups are number, TAC, type, name, members", "one line of CM 10.2", "inferred"),
        Fact("SAT: the types that a trunk group may have", "names of SAT types", "inferred"),
        Fact("SAT: display alarms lists active ones only", "defaults of its form", "inferred"),
        Fact("SAT: all gateways are told if links up and down are as many", "what they count", "inferred"),
        Fact("SAT: a link that is dn or down is lost", "the up beside it", "inferred"),
        Fact("SAT: one record for each registered station", "what it lists", "inferred"),
        Fact("SAT: alarms or groups told: the server serves", "it runs commands", "inferred"),
        Fact("channels: the application mis is a CMS; enabled y or n", "G3-AVAYA-MIB", "verified"),
        Fact("a channel to a CMS that is not enabled was taken out on purpose", "its word", "inferred"),
        Fact("AURA signalling groups, their far nodes; out-of-service", "centreon-plugins", "verified"),
        Fact("AURA: a signalling group in-service works", "the other word", "inferred"),
        Fact("SAT: columns of status aesvcs cti-link and link", "a health check's parser, real", "verified"),
        Fact("SAT: a CTI link is established or down", "the same", "verified"),
        Fact("SAT: the fields of both stand as the columns of their screens", "the screens", "inferred"),
        Fact("SAT: status aesvcs link lists links that are up", "what it counts", "inferred"),
        Fact("SAT: a CTI link that is down and maintenance busy was taken out", "like trunks", "inferred"),
        Fact("SAT: fields of list survivable-processor", "check_avaya_error_by_ossi", "verified"),
        Fact("SAT: a survivable processor should be registered with the main server", "its use", "inferred"),
        Fact("SAT: in-service/night service of status attendant", "555-233-119, its screen", "verified"),
        Fact("SAT: the one field of a console that is a service state", "its words", "inferred"),
        Fact("SAT: words of a link to a CMS", "CMS R21, window Connection Status", "verified"),
        Fact("SAT: status processor-channels says them, or in-service", "nobody published it", "synthetic"),
    ),
    options=(
        Option("attendants", "numbers", "the attendant consoles that its SAT is asked for, by number"),
        Option("cms_channels", "numbers", "the processor channels to a CMS that its SAT is asked for"),
    ),
    with_options=_polls,
    not_seen=(
        "stations by name or location, or other than IP (Avaya disabled g3regipstat)",
        "CDR links; over SNMP, up to CM 6.3.0: signalling groups; CM 7 and later: links to a CMS",
        "over SNMP: CTI links, attendant consoles, survivable processors, the state of a link to a CMS",
        "over the SAT: signalling groups; links to AE Services servers that are down (the CTI links say it)",
        "attendant consoles and links to a CMS that the site file does not list (options)",
        "which controller serves a gateway that is not registered here",
        "over SNMP: which gateway a trunk group is in (a second table of every member, not asked for)",
        "over SNMP, CM 7 and later: types and sizes of trunk groups, channels beyond 500, busied-out members",
        "over SNMP, CM 7 and later: stations, gateways, restarts, single alarms (their OIDs are not public)",
        "over the SAT: restarts, processor and licences, alarms of the server itself, names of gateways",
        "over the SAT: more than 40 gateways at once (the table that is known has as many places)",
    ),
)
