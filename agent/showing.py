"""Fills the views from picture, tickets and incidents: what metrics, web, log and command line are shown.

Pure. The command line fills the same ticket views from the journal alone when no daemon runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.agreement import Agreement
from agent.attainment import ratios
from agent.calling import calls, outside_term
from agent.child_view import child_view, considered_of, evidence_texts, rulings
from agent.contract import Contract
from agent.deadlines import STEPS, Deadlines
from agent.done import WAITS_FOR
from agent.failures import Key
from agent.incidents import Incidents, Pending
from agent.knowledge import Knowledge
from agent.maintenance import windows_at
from agent.mapping import mapped_view
from agent.picture import Access
from agent.rounds import Round
from agent.rules.alarms import warnings
from agent.rules.numbers import number_states
from agent.rules.scene import listed
from agent.site import Site
from agent.tickets import Ticket
from agent.views import (
    AccessView,
    ActView,
    AgentView,
    DueView,
    MappedView,
    NumberView,
    RoundView,
    StepView,
    SystemView,
    TargetView,
    TicketView,
    Verdict,
    moment,
)
from agent.watch import Watch, Way
from agent.window_words import open_text
from collectors.base import Product

RESOLVED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Terms:
    """What a ticket is read by: the site, the agreement in force, and one whose levels are shown beside."""

    site: Site
    agreement: Agreement
    mapped: Agreement | None = None

    @property
    def contract(self) -> Contract:
        """The contract in force."""
        return self.agreement.contract

    def of(self, ticket: Ticket) -> Agreement:
        """The agreement of that ticket: it keeps the one by which it was classified (C3)."""
        return ticket.agreement or self.agreement.at_place(ticket.location)

    def mapped_of(self, ticket: Ticket) -> MappedView | None:
        """Its level under the contract that is shown beside; None: the site names none."""
        if self.mapped is None:
            return None
        view = mapped_view(ticket, self.of(ticket), self.mapped.at_place(ticket.location))
        due = view.respond_by
        return replace(view, respond_by=due.astimezone(self.site.zone) if due else None)

    def reopen_within(self, ticket: Ticket) -> timedelta:
        """For how long after its resolution the same failure is that ticket again (C2)."""
        return self.of(ticket).contract.decisions.reopen_within

    def is_closed(self, ticket: Ticket, now: datetime) -> bool:
        """Whether it was resolved so long ago that the same failure would be a new ticket."""
        resolved = ticket.resolved
        if resolved is None:
            return False
        return now.astimezone(UTC) - resolved.astimezone(UTC) > self.reopen_within(ticket)


def ticket_view(ticket: Ticket, terms: Terms, at: datetime) -> TicketView:
    """One ticket as it stands `at` that time: in the site's zone, with its due times computed."""
    zone, ruling, now = terms.site.zone, ticket.ruling, ticket.round
    agreement = terms.of(ticket)
    due = ticket.still_due("respond", agreement) or ticket.due("respond", agreement)
    response = ticket.response(agreement)
    clause = agreement.contract.clause(ruling.clause)
    outside = outside_term(ticket, agreement.contract.term, zone)
    return TicketView(
        id=ticket.id,
        system=ticket.key.system,
        component=ticket.key.component,
        role=ticket.key.role,
        location=ticket.location,
        severity=ticket.severity,
        clause=ruling.clause,
        clause_text=clause.words if clause else "",
        clauses=ruling.clauses,
        rules=ruling.rules,
        summary=ruling.summary,
        responsibility=ruling.responsibility,
        note=ruling.note,
        state="open" if now.resolved is None else "resolved",
        began=now.began.astimezone(zone),
        received=now.received.astimezone(zone),
        respond_by=due.astimezone(zone) if due else None,
        resolved=now.resolved.astimezone(zone) if now.resolved else None,
        evidence=tuple(text for each in rulings(ruling) for text in evidence_texts(each, zone)),
        left_out=ruling.left_out,
        children=tuple(child_view(child, ticket.key, zone) for child in ruling.children),
        related=ruling.related,
        severities=tuple((each.at.astimezone(zone), each.severity) for each in now.classes),
        responded=response.at.astimezone(zone) if response else None,
        responded_by=response.by if response else None,
        response_note=response.note if response else "",
        responses=tuple((each.at.astimezone(zone), each.by, each.note) for each in now.responses),
        status=_status(ticket, terms, at),
        outcome=ruling.outcome,
        considered=(*ruling.considered, *considered_of(ruling)),
        scope=ruling.scope,
        coverage=ruling.coverage,
        primary_numbers=ruling.primary_numbers,
        contract=ticket.contract,
        coverage_hours=_hours(ticket, agreement),
        lapsed=bool(outside),
        outside_term=outside,
        mapped=terms.mapped_of(ticket),
        calls=calls(ticket, agreement, terms.site.contract, zone),
        window=ruling.window,
        rounds=tuple(_round_view(ticket, each, terms, at) for each in ticket.rounds),
        reopened=len(ticket.rounds) - 1,
        acts=tuple(ActView(at=d.at.astimezone(zone), what=d.what, by=d.by, note=d.note) for d in ticket.done),
        follows=ticket.follows,
        again=_again(ticket, zone),
        assigned_to=now.assigned_to,
        rating=ticket.rating,
        clock_note=ticket.clock_note,
        flapping=ruling.flapping,
        times_this_week=ticket.times_this_week,
        remind_at=now.reminder.due.astimezone(zone) if now.reminder else None,
        remind_by=now.reminder.by if now.reminder else "",
        remind_note=now.reminder.note if now.reminder else "",
    )


def _hours(ticket: Ticket, agreement: Agreement) -> str:
    """The name of the calendar by which its response is counted."""
    target = agreement.contract.target(ticket.severity, "respond")
    return agreement.calendar_of(target, ticket.coverage) if target else agreement.contract.coverage_hours


def _status(ticket: Ticket, terms: Terms, at: datetime) -> str:
    now = ticket.round
    if now.resolved is not None:
        return "closed" if terms.is_closed(ticket, at) else "resolved"
    if now.waiting is not None:
        return f"on hold for {WAITS_FOR[now.waiting.waiting_for]}"
    if now.dispatches:
        return "dispatched"
    if now.assignments:
        return "assigned"
    if now.responses:
        return "answered"
    return "received" if len(ticket.rounds) == 1 else "reopened"


def _again(ticket: Ticket, zone: ZoneInfo) -> str:
    if ticket.follows is None:
        return ""
    of = f" of {moment(ticket.followed.astimezone(zone))}" if ticket.followed else ""
    return f"again, after {ticket.follows}{of}"


def _round_view(ticket: Ticket, shown: Round, terms: Terms, at: datetime) -> RoundView:
    zone, agreement = terms.site.zone, terms.of(ticket)

    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at else None

    return RoundView(
        received=shown.received.astimezone(zone),
        began=shown.began.astimezone(zone),
        severities=tuple((each.at.astimezone(zone), each.severity) for each in shown.classes),
        steps=tuple(
            StepView(
                step=promise.step,
                severity=promise.severity,
                opened=promise.opened.astimezone(zone),
                due=local(promise.due),
                met=local(promise.met),
                paused=promise.paused,
                breached=promise.breached(at),
            )
            for step in STEPS
            for promise in ticket.promises(step, agreement, shown)
        ),
        resolved=local(shown.resolved),
        reason=shown.reason,
        resolved_by=shown.resolved_by,
        reopened_by=shown.reopened_by,
        part_received=local(shown.part_received),
    )


def ticket_views(
    tickets: Iterable[Ticket], terms: Terms, at: datetime, unseen: Mapping[str, datetime]
) -> tuple[TicketView, ...]:
    """These tickets as they stand `at` that time. `unseen`: the systems that cannot be seen, since when."""
    return tuple(
        replace(ticket_view(ticket, terms, at), unseen_since=_unseen(ticket, terms, unseen))
        for ticket in tickets
    )


def _unseen(ticket: Ticket, terms: Terms, unseen: Mapping[str, datetime]) -> datetime | None:
    """Since when nobody knows whether an open ticket still fails: who told it cannot be seen."""
    told = {each.system for each in ticket.ruling.evidence}
    if ticket.resolved is not None or ticket.key.role == "service" or not told or told - set(unseen):
        return None
    return max(unseen[name] for name in told).astimezone(terms.site.zone)


def agent_view(
    terms: Terms,
    knowledge: Knowledge,
    *,
    products: Mapping[str, Product],
    watches: Mapping[str, Watch],
    started: datetime,
    now: datetime,
    version: str,
    healthy: Verdict,
    ready: Verdict,
    unwritten: int = 0,
) -> AgentView:
    """The whole agent at `now`. `watches`: what each system is for and how it is asked."""
    zone = terms.site.zone
    picture, tickets, incidents = knowledge.picture, knowledge.tickets, knowledge.incidents
    resolved = [(ticket.resolved, ticket) for ticket in tickets.by_id.values() if ticket.resolved]
    latest = sorted(resolved, key=lambda pair: pair[0])[-RESOLVED_SHOWN:]
    shown = (*tickets.open, *(ticket for _, ticket in latest))
    scene = knowledge.scene(terms.site, terms.contract, watches, now)
    systems = tuple(
        SystemView(
            name=system.name,
            product=system.product,
            title=products[system.product].title,
            function=watches[system.name].function,
            location=system.location,
            accesses=tuple(
                _access_view(way, picture.of(system.name).accesses.get(way.protocol), terms)
                for way in watches[system.name].ways
            ),
            warnings=warnings(scene, system.name),
            found=len(knowledge.history.found.get(system.name, {})),
            not_seen=products[system.product].not_seen,
        )
        for system in terms.site.systems
    )
    return AgentView(
        now=now.astimezone(zone),
        started=started.astimezone(zone),
        version=version,
        site=terms.site.site,
        zone=str(zone),
        contract=terms.contract.label,
        severities=terms.contract.severities,
        systems=systems,
        tickets=ticket_views(shown, terms, now, knowledge.sight.unseen),
        pending=len(incidents.pending),
        pending_text=pending_texts(incidents, zone),
        next_due=tuple(_next_due(tickets.open, knowledge.deadlines, terms)),
        healthy=healthy,
        ready=ready,
        unwritten=unwritten,
        targets=tuple(_targets(knowledge.deadlines, terms, now)),
        unmonitored=tuple(
            (system.name, knowledge.sight.unmonitored(system.name, now)) for system in terms.site.systems
        ),
        clock_synchronised=knowledge.own.synchronised,
        windows=tuple(open_text(each, zone) for each in windows_at(scene.windows.now, now)),
        disks_full=tuple(
            (name, component, series.full.astimezone(zone))
            for name, component in knowledge.filling.names
            if (series := scene.disk(name, component)) is not None
            if series.full is not None
            and any(word.observation.component == component for word in scene.words(name, "capacity"))
        ),
        numbers=tuple(
            NumberView(number.number, number.name, state) for number, state in number_states(scene)
        ),
    )


def pending_texts(incidents: Incidents, zone: ZoneInfo) -> tuple[str, ...]:
    """A line for each failure that is no ticket yet: how long it has lasted, and what it waits for."""
    return tuple(_pending_text(key, waiting, zone) for key, waiting in incidents.pending.items())


def _pending_text(key: Key, waiting: Pending, zone: ZoneInfo) -> str:
    text = _waits(key, waiting)
    if not waiting.window or waiting.not_before is None:
        return text
    until = moment(waiting.not_before.astimezone(zone))
    return f"{text}; inside maintenance window {waiting.window} until {until}"


def _waits(key: Key, waiting: Pending) -> str:
    lasted = f"seen failing for {waiting.held.total_seconds():.0f} s"
    if waiting.needs is None:
        return f"{key.system or 'site'}: {waiting.summary}; {lasted}, to be seen once more"
    text = f"{key.system or 'site'}: {waiting.summary}; {lasted} of {waiting.needs.total_seconds():.0f} s"
    return f"{text}, until {listed(waiting.waits_for)} is read" if waiting.waits_for else text


def _access_view(way: Way, access: Access | None, terms: Terms) -> AccessView:
    zone = terms.site.zone
    last_good = access.last_good.astimezone(zone) if access and access.last_good else None
    return AccessView(
        protocol=way.protocol,
        interval=way.interval,
        up=None if access is None else access.error is None,
        last_poll=access.at.astimezone(zone) if access else None,
        last_success=last_good,
        seconds=access.seconds if access else None,
        error=access.error if access else None,
        error_text=access.error_text if access else None,
        samples=access.samples if access else (),
        samples_at=last_good,
        must_answer=way.must_answer,
    )


def _next_due(tickets: Iterable[Ticket], deadlines: Deadlines, terms: Terms) -> Iterable[DueView]:
    earliest: dict[tuple[str, str], datetime] = {}
    for ticket in tickets:
        for step in STEPS:
            due = deadlines.still_due(ticket.id, step)
            if due is not None:
                key = ticket.severity, step
                earliest[key] = min(due, earliest.get(key, due))
    # A severity of a contract that is no longer in force comes last: its ticket is still due.
    for severity in dict.fromkeys((*terms.contract.severities, *(key[0] for key in earliest))):
        for step in STEPS:
            if (severity, step) in earliest:
                yield DueView(severity, step, earliest[severity, step].astimezone(terms.site.zone))


def _targets(deadlines: Deadlines, terms: Terms, now: datetime) -> Iterable[TargetView]:
    promised = [
        (severity, step)
        for severity in terms.contract.severities
        for step in STEPS
        if terms.contract.target(severity, step) is not None
    ]
    met = ratios(deadlines, terms.site.zone, now)
    for severity, step in dict.fromkeys((*promised, *deadlines.breaches, *met)):
        missed = deadlines.breaches.get((severity, step), 0)
        yield TargetView(severity, step, missed, met.get((severity, step)))
