"""How a system is watched: what it is for, and by which ways it is asked. Pure values; they ask nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from agent.site import Function
from collectors.base import ProtocolName

SLOW = timedelta(minutes=10)  # what is asked this seldom (certificates are) cannot tell who is there now


@dataclass(frozen=True, slots=True)
class Way:
    """One protocol by which a system is asked, every `interval`.

    `must_answer` False: nobody there has to answer us, so that silence says nothing (a SIP address of which
    the agent is no administered peer).
    """

    protocol: ProtocolName
    interval: timedelta
    must_answer: bool = True


@dataclass(frozen=True, slots=True)
class Watch:
    """What one system is for, and its ways in the product's order of authority."""

    function: Function
    ways: tuple[Way, ...] = ()

    @property
    def optional(self) -> frozenset[ProtocolName]:
        """The protocols whose silence says nothing."""
        return frozenset(way.protocol for way in self.ways if not way.must_answer)

    @property
    def brisk(self) -> frozenset[ProtocolName]:
        """The protocols by which it is asked often enough to know whether it is there; all if none is."""
        found = frozenset(way.protocol for way in self.ways if way.interval < SLOW)
        return found or frozenset(way.protocol for way in self.ways)

    @property
    def seldom(self) -> frozenset[ProtocolName]:
        """The other ones."""
        return frozenset(way.protocol for way in self.ways) - self.brisk

    def rank(self, protocol: ProtocolName) -> int:
        """The protocol's place in the order of authority, 0 first; one that is no way stands last."""
        names = [way.protocol for way in self.ways]
        return names.index(protocol) if protocol in names else len(names)

    def interval(self, protocol: ProtocolName) -> timedelta:
        """How often it is asked by that protocol; zero if it is not: then its word is old at once."""
        for way in self.ways:
            if way.protocol == protocol:
                return way.interval
        return timedelta(0)
