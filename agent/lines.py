"""Opens the line to a system: which protocol with which pacing and credentials. It asks nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.known_hosts import KnownHostsFile
from agent.loading import Setup
from agent.logins import Logins
from agent.poller import Line, Poller
from agent.protocols import Sat, Snmp, Ssh
from agent.secret_refs import Secrets
from agent.site import System
from collectors.base import Pacing, Poll, ProtocolName
from collectors.sessions.cli import CliLine
from collectors.sessions.sat import SatLine
from collectors.sessions.shell import ShellLine
from collectors.sessions.sip import SipLine
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from collectors.sessions.ssh import Entrance, Login
from collectors.sessions.tcp import TcpLine
from collectors.sessions.tls import TlsLine


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
    poll = product.polls_of(system.own)[protocol]
    line = _OPENERS[protocol](_Asked(system, protocol, poll, pacing), setup.secrets, means)
    return Poller(system.name, protocol, poll, line, setup.site.zone_of(system), now)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One way to one system."""

    system: System
    protocol: ProtocolName
    poll: Poll
    pacing: Pacing


def _snmp_line(way: _Asked, secrets: Secrets, means: Means) -> Line:
    system = way.system
    assert system.snmp is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    return SnmpLine(
        address=str(system.address),
        port=system.snmp.port,
        credentials=_credentials(system.name, system.snmp, secrets),
        pacing=way.pacing,
        lanes=means.lanes,
    )


def _terminal_line(way: _Asked, secrets: Secrets, means: Means) -> Line:
    system = way.system
    section = system.sat if way.protocol == "sat" else system.ssh
    assert section is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    login = _login(system.name, way.protocol, section, secrets)
    guard = means.logins.guard(
        system.name, way.protocol, "\n".join((login.user, login.password, login.pin or ""))
    )
    entrance = Entrance(
        address=str(system.address),
        port=section.port,
        login=login,
        pacing=way.pacing,
        known_hosts=means.known_hosts,
        guard=guard,
    )
    if isinstance(section, Sat):
        return SatLine(entrance, section.terminals)
    return ShellLine(entrance, way.poll.commands) if way.poll.commands else CliLine(entrance)


def _sip_line(way: _Asked, _secrets: Secrets, _means: Means) -> Line:
    sip = way.system.sip
    assert sip is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    return SipLine(
        address=str(way.system.address),
        port=sip.at_port,
        transport=sip.transport,
        domain=sip.domain,
        pacing=way.pacing,
    )


def _tls_line(way: _Asked, _secrets: Secrets, _means: Means) -> Line:
    tls = way.system.tls
    assert tls is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    return TlsLine(
        address=str(way.system.address), ports=tls.ports, name=tls.name, warn=tls.warn, pacing=way.pacing
    )


def _tcp_line(way: _Asked, _secrets: Secrets, _means: Means) -> Line:
    tcp = way.system.tcp
    assert tcp is not None  # noqa: S101 - for the type checker: it is one of the system's ways
    return TcpLine(address=str(way.system.address), port=tcp.port, pacing=way.pacing)


_OPENERS: Mapping[ProtocolName, Callable[[_Asked, Secrets, Means], Line]] = {
    "snmp": _snmp_line,
    "sat": _terminal_line,
    "ssh": _terminal_line,
    "sip": _sip_line,
    "tls": _tls_line,
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
