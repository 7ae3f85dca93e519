"""What each numbered rule says, in one line of our own: for a person who asks why. Pure.

The contract's words are with its clauses; these are the readings of them, and how failures become tickets.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RULE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "T1": "only trunks to the public network count; groups to voicemail or other switches are links",
        "T2": "a group with licensed channels weighs as many as are licensed",
        "T3": "members under maintenance that still carry calls are degraded, not lost",
        "T4": "what is taken out on purpose, with a witness for it, is on neither side of the fraction",
        "T5": "a group that cannot be read keeps its last total and counts nothing as lost",
        "T6": "exactly half is half; trunks and stations are judged apart, whatever the causes",
        "T7": "half capacity goes up after its hold, and down only below the lower mark for as long",
        "S1": "how many stations to expect is configured, else learned by the hour of the week",
        "S2": "half of the stations is major only if the count itself fell, and from a known basis",
        "S3": "a station that any controller serves is not lost; others go with their gateway or board",
        "S4": "lost is what is expected less what is present",
        "S5": "a few missing stations are no failure; it begins at a tenth of those expected",
        "O1": "silence never outweighs a sign of life: it is a loss of sight",
        "O2": "two independent sources must agree that it is down, or its own word often enough",
        "O3": "everything silent at once, and the path too: the agent's own network is at fault",
        "O4": "survivable processors that serve half of trunks and stations keep it minor",
        "O5": "a duplex pair is judged where it is active; a lost half is lost redundancy",
        "O6": "voicemail is out when no caller can leave a message any more",
        "O7": "servers beside the phone system are minor by themselves; what they take is judged apart",
        "O8": "silence by every protocol is one source, and enough where the path is proved",
        "A1": "consoles count together and in their attended hours; one of several is minor",
        "A2": "the auto attendant is inferred from the parts that it needs",
        "R1": "only restarts of the phone system and of voicemail are counted",
        "R2": "three within an hour or five within a day are continual; one stands for an hour",
        "R3": "every level counts, but not one on demand or inside a window; its own time decides",
        "R4": "several sources of one restart are one; a counter that wraps is none",
        "P1": "the site says what a call to a primary number needs",
        "P2": "what cannot be seen makes a number unknown, which raises nothing",
        "P3": "a lost CTI link is proved by the state of the link alone",
        "P4": "a location is lost if its gateway says so, or if no survivable processor could serve it",
        "P5": "which clause a lost number falls under follows from what it lost last",
        "P6": "a needed part that was taken out on purpose is minor at most",
        "P7": "of several clauses that hold, the contract's order decides",
        "M1": "the vendor's own severity is evidence, never the class",
        "M2": "events are no failures; an unknown kind is one ticket",
        "M3": "a vendor's warnings are kept and counted, and open no ticket by themselves",
        "M4": "what stood at the first contact, or is accepted, raises nothing until somebody wants it",
        "M5": "how bad it is and whose it is are judged apart",
        "M6": "an exhausted resource is no lost trunk: new calls fail",
        "M7": "what no other clause covers is minor, and never dropped",
        "C1": "receipt is when the ticket is raised; an answer counts for the class in force",
        "C2": "a failure that comes back soon reopens its ticket, as a round of its own",
        "C3": "an open ticket keeps the contract that it was classified by",
        "C4": "what fails inside a window is told at its end, if it still stands",
        "C5": "from major to minor the due time of the major stands",
        "I1": "all trunks, stations or consoles of a phone system are one failure",
        "I2": "whatever concerns the whole of a system is one failure of it",
        "I3": "what a part hangs on explains its failure",
        "I4": "a lost path to a place whose phones are well is a matter of monitoring",
        "I5": "a failure must last before it is told",
        "I6": "it must stay away before it is over; a worse class is told at once",
        "I7": "before a part is told, what it hangs on is asked",
        "I8": "a ticket keeps its failure; a cause that is found later is another one",
        "I9": "what still fails when its cause is gone begins then",
        "I10": "time passes between readings; after a gap nothing is decided before a new one",
        "I11": "phones and gateways on a survivable controller are redundancy in use",
        "I12": "what changes again and again is one ticket that says so",
        "I13": "each round has its own receipt and due times",
        "I14": "too many tickets at once are one",
        "I15": "a window covers what it names, and what hangs on that",
        "I16": "an alarm is its object, whatever its level",
        "I17": "an unknown trap stands for a day without another",
        "I18": "where protocols disagree, the product's order decides, and a trap outweighs older polls",
    }
)
"""By the number of the rule."""

RULE_DECISIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "T6": ("half_capacity_percent",),
        "T7": ("half_capacity_down_percent",),
        "S1": ("station_samples",),
        "S2": ("station_floor", "station_fall_percent", "station_peak_within", "station_fall_within"),
        "S4": ("half_capacity_percent", "half_capacity_down_percent"),
        "S5": ("station_begins_percent",),
        "O2": ("statement_polls",),
        "O4": ("survivable_percent",),
        "R2": ("restart_stands", "restarts_many", "restarts_within", "restarts_many_in_a_day"),
        "P5": ("primary_number_way_in",),
        "I17": ("unknown_trap_stands",),
        "I12": ("flapping_percent", "flapping_over_percent", "flapping_well_for"),
        "C2": ("reopen_within",),
    }
)
"""The decisions of a contract that a rule looks at."""
