"""What a replay shows: each ticket by its root, what is pending, and what should be known of both. Pure.

The names of these fields are what programs rely on (`trunkwatch replay --json`): more may be added, none is
renamed. Every datetime is in the site's zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.child_view import suppressed
from agent.classify import classify
from agent.failures import Key, Ruling
from agent.replaying import Replayed
from agent.rules.survival import SURVIVABLE
from agent.showing import Terms, ticket_view
from agent.site import Site
from agent.storm import is_storm
from agent.tickets import Ticket
from agent.views import RoundView, TicketView
from agent.watch import Watch

JOINED = ("trunks", "stations", "attendant")
"""Roles of which all parts of one system are one failure (I1): the role names it, its parts are children."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a system; `component` None: the whole of it."""

    system: str | None
    component: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTicket:
    """One ticket. `system`, `component`, `location` name its root; see `root`.

    `severities`: since when which, in the round in force. `rounds`: all of them, once there is more than one.
    `breached`: the steps that nobody took in time, as nobody answers a replay.
    """

    id: str
    system: str | None
    component: str | None
    location: str | None
    clause: str
    clauses: tuple[str, ...]
    rules: tuple[str, ...]
    severity: str
    severities: tuple[tuple[datetime, str], ...]
    responsibility: str
    received: datetime
    respond_by: datetime | None
    state: str
    resolved: datetime | None
    reopened: int
    rounds: tuple[RoundView, ...]
    flapping: bool = False
    storm: bool = False
    primary_numbers: tuple[str, ...]
    children: tuple[Part, ...]
    evidence: tuple[str, ...]
    suppressed: tuple[str, ...] = ()
    # beyond what was agreed upon
    role: str
    summary: str
    clause_text: str
    note: str
    began: datetime
    times_this_week: int
    left_out: tuple[str, ...]
    considered: tuple[str, ...]
    breached: tuple[str, ...]
    contract: str
    coverage_hours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingView:
    """A failure that had not lasted long enough when the readings ended. Seconds; `needs` None: not known."""

    system: str | None
    component: str | None
    location: str | None
    severity: str | None
    clause: str | None
    summary: str
    began: datetime
    held: float
    needs: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayView:
    """All that came of the readings. `unread`: the site's systems of which there was none."""

    tickets: tuple[ReplayTicket, ...]
    pending: tuple[PendingView, ...]
    notes: tuple[str, ...]
    readings: int
    began: datetime | None
    ended: datetime | None
    unread: tuple[str, ...]


def replay_view(
    replayed: Replayed, terms: Terms, watches: Mapping[str, Watch], notes: tuple[str, ...] = ()
) -> ReplayView:
    """What is shown of a replay."""
    zone = terms.site.zone
    tickets = replayed.knowledge.tickets.by_id.values()
    read = replayed.knowledge.picture.systems
    return ReplayView(
        tickets=tuple(_ticket(ticket, terms, replayed.ended or ticket.received) for ticket in tickets),
        pending=tuple(_pending(replayed, terms, watches)),
        notes=notes,
        readings=replayed.readings,
        began=replayed.began.astimezone(zone) if replayed.began else None,
        ended=replayed.ended.astimezone(zone) if replayed.ended else None,
        unread=tuple(system.name for system in terms.site.systems if system.name not in read),
    )


def root(key: Key, location: str | None, site: Site) -> tuple[str | None, str | None, str | None]:
    """System, component and location of a failure's root.

    A failure of the whole of a system has no component, one of all its trunks has `trunks`. The location is
    told where it is the root (then with the gateway that serves it as the system, if that is known), and
    where a part is elsewhere than its system.
    """
    component = key.role if key.component is None and key.role in JOINED else key.component
    if key.role == "location" and key.system is not None:
        return key.system, None, location
    home = next((system.location for system in site.systems if system.name == key.system), None)
    return key.system, component, None if location == home else location


def _ticket(ticket: Ticket, terms: Terms, ended: datetime) -> ReplayTicket:
    view = ticket_view(ticket, terms, ended)
    system, component, location = root(ticket.key, ticket.location, terms.site)
    return ReplayTicket(
        id=ticket.id,
        system=system,
        component=component,
        location=location,
        clause=view.clause,
        clauses=view.clauses,
        rules=view.rules,
        severity=view.severity,
        severities=view.severities,
        responsibility=view.responsibility,
        received=view.received,
        respond_by=view.respond_by,
        state=view.state,
        resolved=view.resolved,
        reopened=view.reopened,
        flapping=bool(view.flapping),
        rounds=view.rounds if view.reopened else (),
        primary_numbers=view.primary_numbers,
        children=tuple(dict.fromkeys(_children(ticket, component))),
        evidence=view.evidence,
        storm=is_storm(ticket.key),
        suppressed=tuple(map(suppressed, view.children)),
        role=view.role,
        summary=view.summary,
        clause_text=view.clause_text,
        note=view.note,
        began=view.began,
        times_this_week=view.times_this_week,
        left_out=view.left_out,
        considered=view.considered,
        breached=tuple(_breached(view)),
        contract=view.contract,
        coverage_hours=view.coverage_hours,
    )


def _children(ticket: Ticket, component: str | None) -> Iterator[Part]:
    """What the ticket holds beside its root: the parts of one failure (I1), and what it explains (I3)."""
    own = Part(ticket.key.system, component)
    yield from (part for part in _parts(ticket.key, ticket.ruling) if part != own)
    for child in ticket.ruling.children:
        parts = tuple(_parts(child.key, child.ruling))
        yield from parts or (Part(child.key.system, child.key.component),)


def _parts(key: Key, ruling: Ruling) -> Iterator[Part]:
    if key.component is None and key.role in JOINED:
        yield from (Part(each.system, each.component) for each in ruling.evidence)
    elif key.role == "service" and not ruling.states("complete-outage"):  # the ways that are lost
        yield from (Part(each.system, each.component) for each in ruling.evidence if each.role == "access")
    elif key.component == SURVIVABLE:
        yield from (Part(each.system, None) for each in ruling.evidence if each.role == "location")


def _breached(view: TicketView) -> Iterator[str]:
    for each in view.rounds:
        yield from (f"{target.step} ({target.severity})" for target in each.steps if target.breached)


def _pending(replayed: Replayed, terms: Terms, watches: Mapping[str, Watch]) -> Iterator[PendingView]:
    knowledge = replayed.knowledge
    if replayed.ended is None or not knowledge.incidents.pending:
        return
    judged = classify(
        knowledge.picture, knowledge.history, terms.site, terms.contract, watches, replayed.ended
    )
    failing = {failure.key: failure for failure in judged.failures}
    for key, waiting in knowledge.incidents.pending.items():
        failure = failing.get(key)
        system, component, location = root(key, failure.location if failure else None, terms.site)
        yield PendingView(
            system=system,
            component=component,
            location=location,
            severity=failure.ruling.severity if failure else None,
            clause=failure.ruling.clause if failure else None,
            summary=waiting.summary,
            began=waiting.began.astimezone(terms.site.zone),
            held=waiting.held.total_seconds(),
            needs=waiting.needs.total_seconds() if waiting.needs is not None else None,
        )
