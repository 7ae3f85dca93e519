"""Why a ticket is what it is: its clause, its rules, its evidence, and how its due times came about. Pure.

All of it comes from the ticket, which is a fold over the journal: nothing is asked, and a daemon that has
just started explains as well as one that raised it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.agreement import Agreement
from agent.calendar_spec import days_text
from agent.child_view import suppressed
from agent.contract import Decisions, Step
from agent.deadlines import STEPS
from agent.promises import Promise
from agent.reckoning import reckon
from agent.rounds import Round
from agent.rules.words import RULE_DECISIONS, RULE_WORDS
from agent.showing import Terms, ticket_view
from agent.tickets import Ticket
from agent.views import TicketView


@dataclass(frozen=True, slots=True)
class Said:
    """A clause or a rule, and what it says."""

    id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One thing that was seen, with its figures where it has any, by which reading."""

    text: str
    system: str
    component: str
    role: str
    source: str
    protocol: str
    at: datetime
    lost: int | None
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTime:
    """One target of one round. `how`: the arithmetic in words. `verdict`: met, missed, open …"""

    round: int
    step: Step
    severity: str
    words: str
    opened: datetime
    why_opened: str
    due: datetime | None
    how: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that counted here, where it is not what it is by default."""

    name: str
    value: str
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A ticket, and why. `clauses`: those that hold beside the one that decides."""

    ticket: TicketView
    clauses: tuple[Said, ...]
    rules: tuple[Said, ...]
    evidence: tuple[Observed, ...]
    considered: tuple[str, ...]
    left_out: tuple[str, ...]
    suppressed: tuple[str, ...]
    responsibility: str
    coverage: str
    due_times: tuple[DueTime, ...]
    contract: str
    hours: str
    decisions: tuple[Decided, ...]


def explain(ticket: Ticket, terms: Terms, now: datetime) -> Explanation:
    """Why that ticket is what it is, as of `now`."""
    agreement, zone = terms.of(ticket), terms.site.zone
    view = ticket_view(ticket, terms, now)
    other = [clause for clause in view.clauses if clause != view.clause]
    due_times = tuple(_due_times(ticket, agreement, terms, now))
    return Explanation(
        ticket=view,
        clauses=tuple(Said(clause, _clause_words(agreement, clause)) for clause in other),
        rules=tuple(Said(rule, RULE_WORDS.get(rule, "")) for rule in view.rules),
        evidence=tuple(
            Observed(
                text=each.text,
                system=each.system,
                component=each.component,
                role=each.role,
                source=each.source,
                protocol=each.protocol,
                at=each.at.astimezone(zone),
                lost=each.lost,
                total=each.total,
            )
            for ruling in (ticket.ruling, *(child.ruling for child in ticket.ruling.children))
            for each in ruling.evidence
        ),
        considered=view.considered,
        left_out=view.left_out,
        suppressed=tuple(_suppressed(view)),
        responsibility=f"{view.responsibility}: {view.note}",
        coverage=view.coverage or "not on the order",
        due_times=due_times,
        contract=view.contract,
        hours=_hours(agreement, view.coverage_hours),
        decisions=tuple(_decisions(ticket, agreement, due_times)),
    )


def _suppressed(view: TicketView) -> Iterator[str]:
    """What was held back or has no ticket of its own, and why."""
    if view.window:
        yield f"while the maintenance window {view.window} was open (C4)"
    yield from map(suppressed, view.children)


def _clause_words(agreement: Agreement, clause_id: str) -> str:
    clause = agreement.contract.clause(clause_id)
    return clause.words if clause else ""


def _due_times(ticket: Ticket, agreement: Agreement, terms: Terms, now: datetime) -> Iterator[DueTime]:
    zone = terms.site.zone
    for number, each in enumerate(ticket.rounds, 1):
        for step in STEPS:
            for promise in ticket.promises(step, agreement, each):
                reckoned = reckon(
                    agreement,
                    promise.target,
                    promise.opened,
                    coverage=ticket.coverage,
                    pauses=promise.pauses,
                )
                yield DueTime(
                    round=number,
                    step=step,
                    severity=promise.severity,
                    words=promise.target.words,
                    opened=promise.opened.astimezone(zone),
                    why_opened=_why_opened(each, promise),
                    due=promise.due.astimezone(zone) if promise.due else None,
                    how=reckoned.words,
                    verdict=_verdict(promise, now),
                )


def _why_opened(in_round: Round, promise: Promise) -> str:
    if promise.step == "return":
        return "a part was received"
    if promise.opened != in_round.received:
        return f"it became {promise.severity} (C1)"
    return "receipt" if not in_round.reopened_by else f"reopened by {in_round.reopened_by} (C2)"


def _verdict(promise: Promise, now: datetime) -> str:
    words = {
        "met": "met",
        "breached": "missed",
        "open": "stands still" if promise.paused else "open",
        "over": "over before it was due",
    }
    return words[promise.verdict(now)]


def _hours(agreement: Agreement, name: str) -> str:
    """The coverage hours in words: `schedule-b (mon-fri 07:00-18:00, America/Chicago)`."""
    hours = agreement.hours(name)
    weekly = "; ".join(f"{days_text(each.days)} {each}" for each in hours.windows)
    return f"{name} ({weekly}, {hours.zone})"


def _decisions(ticket: Ticket, agreement: Agreement, due_times: tuple[DueTime, ...]) -> Iterator[Decided]:
    """Those that counted for this ticket and are not what they are by default."""
    decisions, default = agreement.contract.decisions, Decisions()
    counted = [name for rule in ticket.ruling.rules for name in RULE_DECISIONS.get(rule, ())]
    if len(ticket.rounds) > 1 or ticket.follows:
        counted += RULE_DECISIONS["C2"]
    if due_times:
        counted += ["minor_reading", "respond_follows_asset", "channel"]
    for name in dict.fromkeys(counted):
        value, usual = getattr(decisions, name), getattr(default, name)
        if value != usual:
            yield Decided(name, _shown(value), _shown(usual))


def _shown(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 60:g} min"
    return str(value).lower() if isinstance(value, bool) else str(value)
