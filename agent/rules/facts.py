"""What follows of every failure, whichever rule found it: further facts, and what of the site is hit. Pure.

A clause asks for facts. Those that a contract defines (half capacity, say) are stated by the rule that judges
them; the ones here are told from the parts: how the vendor ranks them, whether the fault lies beyond the
covered equipment, whether emergency calls are affected, whether the service is kept. So another contract can
be asked about the same failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.contract import Test
from agent.failures import Key, Responsibility
from agent.site import Site, System
from collectors.base import Observation

EMERGENCY = "emergency calling affected"
_TAKES_A_PLACE: frozenset[Test] = frozenset({"complete-outage", "half-capacity"})


def further_facts(
    site: Site,
    system: System | None,
    key: Key,
    failing: Sequence[Observation],
    *,
    stated: Sequence[Test],
    location: str,
    responsibility: Responsibility,
) -> Iterator[Test]:
    """The facts that follow, beside those that its rule has `stated`."""
    if responsibility == "carrier":
        yield "off-board"
    if system is not None and _emergency(site, system, key, failing, stated, location):
        yield "emergency"
    if key.role == "redundancy" and not stated:
        yield "service-kept"
    levels = {each.vendor_severity for each in failing}
    if "major" in levels:
        yield "vendor-major"
    elif "minor" in levels:
        yield "vendor-minor"


def _emergency(
    site: Site,
    system: System,
    key: Key,
    failing: Sequence[Observation],
    stated: Sequence[Test],
    location: str,
) -> bool:
    """Whether a trunk group that is marked so lost members, or a place that is was lost."""
    marked = {group.number for group in system.trunk_groups if group.emergency}
    if any(each.role == "trunks" and each.lost and each.number in marked for each in failing):
        return True
    places = {place.name for place in site.locations if place.emergency}
    return location in places and (key.role == "location" or not _TAKES_A_PLACE.isdisjoint(stated))


def scope(key: Key, system: System, location: str, places: Sequence[str]) -> str:
    """What of the site is hit, for a person. `places`: of all systems of the phone system it concerns."""
    if key.role == "location":
        return f"location {location}"
    if key.component is not None:
        return f"{key.component} of {system.name} at {location}"
    if len(places) > 1:
        return f"phone system at {', '.join(places)}"
    return f"system {system.name} at {location}"
