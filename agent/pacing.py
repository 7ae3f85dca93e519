"""By which protocols a system is asked, and how hard: the product's figures with the site's in their place.

It opens no line and asks nothing.
"""

from __future__ import annotations

from dataclasses import replace

from agent.protocols import Section, Snmp, Ssh
from agent.site import System
from collectors.base import Pacing, Product, ProtocolName


def ways_of(system: System, product: Product) -> tuple[tuple[ProtocolName, Pacing], ...]:
    """The protocols that the site file gives for this system, in the product's order of authority."""
    given: dict[ProtocolName, Section | None] = {
        "snmp": system.snmp,
        "ssh": system.ssh,
        "sat": system.sat,
        "sip": system.sip,
        "tls": system.tls,
        "tcp": system.tcp,
    }
    return tuple(
        (name, _paced(product.polls[name].pacing, section))
        for name in product.authority
        if (section := given.get(name)) is not None
    )


def _paced(pacing: Pacing, own: Section) -> Pacing:
    pacing = replace(
        pacing,
        timeout=own.timeout or pacing.timeout,
        interval=own.interval or pacing.interval,
    )
    if isinstance(own, Snmp | Ssh) and own.pause is not None:
        pacing = replace(pacing, pause=own.pause)
    if isinstance(own, Snmp):
        return replace(pacing, rows=own.rows or pacing.rows, tries=own.tries or pacing.tries)
    return pacing
