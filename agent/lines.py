"""Opens the line to a system: which protocol with which pacing and credentials. It asks nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.known_hosts import KnownHostsFile
from agent.loading import Setup
from agent.logins import Logins
from agent.poller import Line, Poller
from agent.secret_refs import Secrets
from agent.site import Sat, Snmp, Ssh, System
from collectors.base import Pacing, ProtocolName
from collectors.sessions.cli import CliLine
from collectors.sessions.sat import SatLine
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from collectors.sessions.ssh import Entrance, Login
from collectors.sessions.tcp import TcpLine


@dataclass(frozen=True, slots=True)
class Means:
    """What all lines of a process share: places on the network, accepted host keys, refused logins."""

    lanes: Lanes
    known_hosts: KnownHostsFile
    logins: Logins

    @classmethod
    def of(cls, setup: Setup, now: Callable[[], datetime]) -> Means:
        """Those of a site, with the files of its state directory."""
        return cls(Lanes(), KnownHostsFile(setup.known_hosts), Logins(setup.logins, now))


def open_poller(
    setup: Setup, system: System, protocol: ProtocolName, *, means: Means, now: Callable[[], datetime]
) -> Poller:
    """A poller of that system by that protocol; the line itself opens with its first question."""
    product = setup.products[system.product]
    pacing = dict(setup.ways(system))[protocol]
    line = _OPENERS[protocol](system, protocol, pacing, setup.secrets, means)
    return Poller(system.name, protocol, product.polls[protocol], line, setup.site.zone_of(system), now)


def _snmp_line(
    system: System, _protocol: ProtocolName, pacing: Pacing, secrets: Secrets, means: Means
) -> Line:
    assert system.snmp is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    return SnmpLine(
        address=str(system.address),
        port=system.snmp.port,
        credentials=_credentials(system.name, system.snmp, secrets),
        pacing=pacing,
        lanes=means.lanes,
    )


def _terminal_line(
    system: System, protocol: ProtocolName, pacing: Pacing, secrets: Secrets, means: Means
) -> Line:
    section = system.sat if protocol == "sat" else system.ssh
    assert section is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    login = _login(system.name, protocol, section, secrets)
    guard = means.logins.guard(
        system.name, protocol, "\n".join((login.user, login.password, login.pin or ""))
    )
    entrance = Entrance(
        address=str(system.address),
        port=section.port,
        login=login,
        pacing=pacing,
        known_hosts=means.known_hosts,
        guard=guard,
    )
    return SatLine(entrance, section.terminals) if isinstance(section, Sat) else CliLine(entrance)


def _tcp_line(
    system: System, _protocol: ProtocolName, pacing: Pacing, _secrets: Secrets, _means: Means
) -> Line:
    assert system.tcp is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    return TcpLine(address=str(system.address), port=system.tcp.port, pacing=pacing)


_OPENERS: Mapping[ProtocolName, Callable[[System, ProtocolName, Pacing, Secrets, Means], Line]] = {
    "snmp": _snmp_line,
    "sat": _terminal_line,
    "ssh": _terminal_line,
    "tcp": _tcp_line,
}


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


def _login(system: str, protocol: ProtocolName, section: Ssh, secrets: Secrets) -> Login:
    return Login(
        user=section.user,
        password=secrets[system, f"{protocol}.password"],
        pin=secrets.get((system, f"{protocol}.pin")),
    )
