"""Enrolling a system: what host key it shows, what was accepted before, and storing it. No login is tried.

Nobody but a person accepts a key: this shows and stores; it asks nobody and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter

from agent.known_hosts import KnownHostsFile
from agent.protocols import Ssh
from agent.site import System
from collectors.base import ProtocolName
from collectors.sessions.ssh import HostKey, host_key_of

PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Shown:
    """The host key that a system shows on one of its ways, and the fingerprints that were accepted before."""

    system: str
    protocol: ProtocolName
    address: str
    port: int
    type: str
    base64: str
    accepted: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """`SHA256:…`, as OpenSSH shows it."""
        return HostKey(self.type, self.base64).fingerprint

    @property
    def stored(self) -> bool:
        """Whether this very key is accepted already."""
        return self.fingerprint in self.accepted


SHOWN = TypeAdapter(tuple[Shown, ...])


def terminals_of(system: System) -> tuple[tuple[ProtocolName, Ssh], ...]:
    """The ways of that system that have a host key."""
    ways: tuple[tuple[ProtocolName, Ssh | None], ...] = (("sat", system.sat), ("ssh", system.ssh))
    return tuple((name, section) for name, section in ways if section is not None)


async def look(system: System, known_hosts: KnownHostsFile) -> tuple[Shown, ...]:
    """The keys that it shows now. Raises Unreachable or BadAnswer where it shows none."""
    shown = []
    for protocol, section in terminals_of(system):
        address = str(system.address)
        key = await host_key_of(address, section.port, PATIENCE.total_seconds())
        accepted = tuple(each.fingerprint for each in known_hosts.key(address, section.port))
        shown.append(Shown(system.name, protocol, address, section.port, key.type, key.base64, accepted))
    return tuple(shown)


def accept(shown: Shown, known_hosts: KnownHostsFile) -> None:
    """Store a key that a person has compared. Raises KnownHostsError."""
    known_hosts.store(shown.address, shown.port, HostKey(shown.type, shown.base64))
