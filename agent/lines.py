"""Opens the line to a system: which protocol with which pacing and credentials. It asks nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agent.poller import Poller
from agent.secret_refs import Secrets
from agent.site import Site, Snmp, System
from collectors.base import Pacing, Product, ProtocolName
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine


def protocols_of(system: System, product: Product) -> tuple[ProtocolName, ...]:
    """The protocols that the site file gives for this system, in the product's order of authority."""
    given = {"snmp": system.snmp}
    return tuple(name for name in product.authority if given.get(name) is not None)


def pacing_of(system: System, product: Product, protocol: ProtocolName) -> Pacing:
    """The product's own pacing with what the site file sets for this system."""
    pacing = product.polls[protocol].pacing
    own = system.snmp
    if protocol != "snmp" or own is None:
        return pacing
    return replace(
        pacing,
        rows=own.rows or pacing.rows,
        pause=pacing.pause if own.pause is None else own.pause,
        timeout=own.timeout or pacing.timeout,
        tries=own.tries or pacing.tries,
        interval=own.interval or pacing.interval,
    )


def open_poller(
    site: Site,
    system: System,
    product: Product,
    protocol: ProtocolName,
    *,
    lanes: Lanes,
    secrets: Secrets,
    now: Callable[[], datetime],
) -> Poller:
    """A poller of that system by that protocol; the line itself opens with its first question."""
    if protocol != "snmp" or system.snmp is None:
        raise ValueError(f"{system.name}: no line speaks {protocol} yet")
    line = SnmpLine(
        address=str(system.address),
        port=system.snmp.port,
        credentials=_credentials(system.name, system.snmp, secrets),
        pacing=pacing_of(system, product, protocol),
        lanes=lanes,
    )
    zone = site.zone_of(system)
    return Poller(system.name, protocol, product.polls[protocol], line, zone, now)


def _credentials(system: str, snmp: Snmp, secrets: Secrets) -> Credentials:
    return Credentials(
        version=snmp.version,
        community=secrets.get((system, "snmp.community")),
        user=snmp.user,
        auth_protocol=snmp.auth.protocol if snmp.auth else None,
        auth_password=secrets.get((system, "snmp.auth.password")),
        privacy_protocol=snmp.privacy.protocol if snmp.privacy else None,
        privacy_password=secrets.get((system, "snmp.privacy.password")),
    )
