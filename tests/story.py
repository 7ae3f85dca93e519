"""Scenarios on a false clock, readable as stories: readings go in, tickets come out, milliseconds pass.

It drives the same pure core as the daemon, with a list for a journal. Times are the site's (Chicago).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Self
from zoneinfo import ZoneInfo

from agent.acting import Person, Verb, Wanted, act
from agent.acts import Responded
from agent.agreement import Agreement, decided
from agent.entries import Body, Entry, Opened, Reopened, Resolved, Updated
from agent.knowledge import Knowledge
from agent.loading import load_contract
from agent.showing import Terms, ticket_views
from agent.site import Site
from agent.views import TicketView
from agent.watch import Watch, Way
from collectors.base import ErrorKind, Observation, ProtocolName, Reading, Role

ZONE = ZoneInfo("America/Chicago")
SNMP = {"version": "2c", "community": {"env": "COMMUNITY"}}

CM1: dict[str, Any] = {
    "name": "cm1",
    "product": "communication_manager",
    "function": "phone_system",
    "location": "main",
    "address": "127.0.0.10",
    "snmp": SNMP,
}
GW_EAST: dict[str, Any] = {
    "name": "gw-east",
    "product": "media_gateway",
    "function": "phone_system",
    "location": "east",
    "address": "127.0.0.20",
    "gateway_number": 1,
    "snmp": SNMP,
}
GW_WEST: dict[str, Any] = {**GW_EAST, "name": "gw-west", "location": "west", "address": "127.0.0.30"} | {
    "gateway_number": 2
}


def a_site(*systems: dict[str, Any], **changes: Any) -> Site:
    """A site of these systems; `changes` are keys of a site file."""
    return Site.model_validate(
        {
            "site": "Story",
            "zone": "America/Chicago",
            "locations": [{"name": "main"}, {"name": "east"}, {"name": "west"}],
            "systems": list(systems or (CM1, GW_EAST, GW_WEST)),
            **changes,
        }
    )


def seen(role: Role, component: str, lost: int, total: int = 1, **more: Any) -> Observation:
    """An observation with figures."""
    return Observation(role=role, component=component, lost=lost, total=total, **more)


def trunk_group(number: int, lost: int, total: int, **more: Any) -> Observation:
    """A public trunk group, unless said otherwise."""
    more.setdefault("use", "public")
    return seen("trunks", f"trunk-group {number}", lost, total, number=number, **more)


def stations(present: int) -> Observation:
    """A station count."""
    return Observation(role="stations", component="stations", present=present)


def works() -> Observation:
    """The system's own word that it does its job."""
    return seen("service", "call processing", 0)


def registered(serves: bool = True) -> Observation:
    """A gateway's own word on its controller."""
    return seen("location", "registration", 0 if serves else 1)


_BY_SNMP: Mapping[ProtocolName, float] = {"snmp": 60}


class Story:
    """A site being watched. Each step moves the clock or brings a reading; `tickets` is what came of it."""

    def __init__(
        self,
        start: str = "2026-11-20 17:00",
        site: Site | None = None,
        ways: Mapping[str, Mapping[ProtocolName, float]] | None = None,
        gaps: bool = False,
        optional: Collection[ProtocolName] = (),
        **decisions: Any,
    ) -> None:
        """`ways`: of the systems that are not only polled by snmp once a minute: each protocol, first in

        authority first, with its interval in seconds. `gaps`: silence is a gap after five intervals (I10);
        else a story need not tell every poll. `optional`: the protocols that need not answer.
        """
        self.gaps = gaps
        self.quiet = False  # whether the first round after a start of the agent is not over yet
        self.site = site or a_site()
        holidays = {day.date: day.name for day in self.site.holidays if day.date is not None}
        self.terms = Terms(self.site, an_agreement("agility", holidays=holidays, **decisions))
        self.contract = self.terms.contract
        self.watches = {
            system.name: Watch(
                system.function or "other",
                tuple(
                    Way(protocol, timedelta(seconds=interval), must_answer=protocol not in optional)
                    for protocol, interval in (ways or {}).get(system.name, _BY_SNMP).items()
                ),
            )
            for system in self.site.systems
        }
        self.now = datetime.fromisoformat(start).replace(tzinfo=ZONE)
        self.knowledge = Knowledge()
        self.entries: list[Entry] = []
        self.wake: datetime | None = None
        self.takes_agreement()

    # --- steps --------------------------------------------------------------------------------------------

    def reads(
        self,
        system: str,
        *observations: Observation,
        complete: tuple[Role, ...] = (),
        protocol: ProtocolName = "snmp",
    ) -> Self:
        """A good poll of that system, now."""
        return self.hears(
            Reading(
                at=self.now, system=system, protocol=protocol, observations=observations, complete=complete
            )
        )

    def misses(self, system: str, error: ErrorKind = "unreachable", protocol: ProtocolName = "snmp") -> Self:
        """A poll of that system that came to nothing, now."""
        return self.hears(
            Reading(at=self.now, system=system, protocol=protocol, error=error, error_text=f"{error}: x")
        )

    def hears(self, reading: Reading) -> Self:
        """Any reading."""
        self.knowledge, facts = self.knowledge.hear(
            reading, self.watches[reading.system] if self.gaps else None
        )
        self._write(facts)
        return self._judge()

    def passes(self, seconds: float) -> Self:
        """Time goes by; every hold that ends on the way ends at its own instant."""
        until = self.now + timedelta(seconds=seconds)
        while self.wake is not None and self.wake <= until:
            self.now = max(self.wake, self.now)
            self._judge()
        self.now = until
        return self._judge()

    def polls(self, times: int, *readings: tuple[str, tuple[Observation, ...]], every: float = 60) -> Self:
        """Each system is read, and then the interval passes; so many times."""
        for _ in range(times):
            for system, observations in readings:
                self.reads(system, *observations)
            self.passes(every)
        return self

    def clock_is_set(self, seconds: float) -> Self:
        """Somebody sets the agent's clock forward, or back; no time passes."""
        step = timedelta(seconds=seconds)
        self.now += step
        self.knowledge = self.knowledge.clock_set(step)
        return self._judge()

    def responds(self, ticket: str, by: str = "ana", note: str = "") -> Self:
        """A person answers that ticket, now."""
        self._write((Responded(ticket=ticket, by=by, uid=1000, note=note),))
        return self

    def does(self, verb: Verb, ticket: str = "TW-000001", by: str = "ana", **more: Any) -> Self:
        """A person does that to a ticket, now. Raises Refused."""
        wanted, known = Wanted(verb=verb, ticket=ticket, **more), self.knowledge
        person = Person(by, 1000)
        self._write((act(wanted, person, known.tickets, known.incidents, self.terms, self.now),))
        return self._judge()

    def writes(self, *entries: Body) -> Self:
        """Entries of other hands, now."""
        self._write(entries)
        return self._judge()

    def takes_agreement(self) -> Self:
        """What the daemon writes where the contract in force is another than the journal's last."""
        if self.knowledge.tickets.agreement != self.terms.agreement:
            self._write((self.terms.agreement.written(),))
        return self

    def agent_is_killed(self) -> Self:
        """Everything that is not in the journal is gone."""
        self.knowledge = Knowledge.fold(self.entries)
        self.wake = None
        return self

    # --- what came of it ----------------------------------------------------------------------------------

    @property
    def tickets(self) -> list[TicketView]:
        """Every ticket so far."""
        return list(
            ticket_views(
                self.knowledge.tickets.by_id.values(), self.terms, self.now, self.knowledge.sight.unseen
            )
        )

    @property
    def told(self) -> list[str]:
        """Every ticket as a sentence: `major open cm1 half-capacity 23 of 46 trunks out of service`."""
        return [f"{t.severity} {t.state} {t.system} {t.clause} {t.summary}" for t in self.tickets]

    @property
    def log(self) -> list[str]:
        """Every decision as `HH:MM:SS kind ticket severity`."""
        lines = []
        for entry in self.entries:
            body = entry.body
            if isinstance(body, Opened | Updated | Reopened | Resolved):
                severity = "" if isinstance(body, Resolved) else body.ruling.severity
                line = f"{entry.at.astimezone(ZONE):%H:%M:%S} {body.kind} {body.ticket} {severity}"
                lines.append(line.rstrip())
        return lines

    def _judge(self) -> Self:
        for _ in range(3):  # what was told can itself call for more (a class told, a hold that starts)
            bodies, self.knowledge, self.wake, _ = self.knowledge.judge(
                self.site, self.contract, self.watches, self.now, gaps=self.gaps, quiet=self.quiet
            )
            if not bodies:
                return self
            self._write(bodies)
        raise AssertionError("the core does not come to rest")

    def _write(self, bodies: Iterable[Body]) -> None:
        for body in bodies:
            entry = Entry(len(self.entries) + 1, self.now, body)
            self.entries.append(entry)
            self.knowledge = self.knowledge.apply(entry)


def on_hold(site: Site, **holds: float) -> Site:
    """The site with these holds, in seconds."""
    changed = {name: timedelta(seconds=seconds) for name, seconds in holds.items()}
    return site.model_copy(update={"holds": site.holds.model_copy(update=changed)})


_shipped = cache(load_contract)  # reading YAML takes longer than most stories


def an_agreement(name: str, *, holidays: Mapping[date, str] | None = None, **decisions: Any) -> Agreement:
    """A shipped contract with these decisions of the site."""
    shipped = _shipped(name)
    chosen = {
        key: f"{value.total_seconds():g}s" if isinstance(value, timedelta) else value
        for key, value in decisions.items()
    }
    return decided(
        shipped.contract, shipped.source, json.dumps({"decisions": chosen}), holidays=holidays or {}
    )


def with_contract(story: Story, **decisions: Any) -> Story:
    """The story from here on under other decisions, as after a reload."""
    agreement = an_agreement("agility", holidays=story.terms.agreement.holidays, **decisions)
    story.terms = replace(story.terms, agreement=agreement)
    story.contract = agreement.contract
    story.takes_agreement()
    return story
