"""The status page: is it seen, is anything broken, by when must someone respond. Pure: view in, HTML out.

The words that a page needs beyond the view's own are made here, the look is `templates/status.html.j2`. It
never calls well what could not be looked at: its first sentence says how much of the site it knows.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jinja2 import Environment, StrictUndefined

from agent.views import AccessView, AgentView, SystemView, TicketView, moment, span

Tone = Literal["worst", "lesser", "blind", "waiting", "calm"]

_WHY = {
    "unreachable": "no answer",
    "refused": "it refused the credentials",
    "unreadable": "it answered, but the answer could not be read",
}
_WHO = {
    "vendor": "vendor",
    "carrier": "carrier",
    "customer_network": "customer: network",
    "customer_environment": "customer: environment",
    "customer_change": "customer: change",
    "customer": "customer",
    "not_covered": "not covered",
    "monitoring": "monitoring",
}
_SIGHT = {
    "seen": "seen",
    "partly": "seen in part",
    "unseen": "not seen",
    "unasked": "not asked yet",
    "unknown": "not known",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The page in one sentence; `tone` is its colour, and the colour of the tab's icon."""

    tone: Tone
    title: str
    detail: str


class StatusPage:
    """The compiled template. `style_hash` is what a Content-Security-Policy has to allow its one style by."""

    def __init__(self, template: str) -> None:
        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters.update(moment=moment, span=span)
        environment.globals.update(
            due_words=due_words,
            access_words=access_words,
            alarm_words=alarm_words,
            sight_words=sight_words,
            stands=stands_words,
            sight_names=_SIGHT,
            who=_WHO,
            clock=clock,
        )
        self._template = environment.from_string(template)
        style = re.search(r"<style>(.*?)</style>", template, re.DOTALL)
        digest = hashlib.sha256(style[1].encode() if style else b"").digest()
        self.style_hash = f"sha256-{base64.b64encode(digest).decode('ascii')}"

    def render(self, view: AgentView) -> str:
        """The whole page."""
        waiting = [ticket for ticket in view.open_tickets if ticket.responded is None]
        due = [ticket for ticket in waiting if ticket.respond_by is not None]
        return self._template.render(
            view=view,
            headline=headline(view),
            severities=_severity_counts(view),
            first_due=min(due, key=lambda ticket: ticket.respond_by or view.now, default=None),
            waiting=waiting,
            unseen=[system for system in view.systems if system.sight(view.now) != "seen"],
            accent={severity: "worst" if rank == 0 else "lesser" for rank, severity in _ranked(view)},
        )


def headline(view: AgentView) -> Headline:
    """The worst true thing first: the agent, tickets, blindness, a failure on its way; only then calm."""
    healthy, reason = view.healthy
    total = len(view.systems)
    blind = [system.name for system in view.systems if system.sight(view.now) == "unseen"]
    partly = [system.name for system in view.systems if system.sight(view.now) == "partly"]
    unasked = [system.name for system in view.systems if system.sight(view.now) == "unasked"]
    unknown = [system.name for system in view.systems if system.sight(view.now) == "unknown"]
    sight = _sight_sentence(view, blind, partly, unasked, unknown)
    if not healthy:
        return Headline(
            "blind", "The agent is not watching", f"{reason} What stands below may be out of date."
        )
    if view.open_tickets:
        worst = view.open_tickets[0]
        counts = [(severity, count) for severity, count in _severity_counts(view) if count]
        title = _listed([f"{count} {severity} failure{'s' * (count > 1)}" for severity, count in counts])
        where = worst.system or worst.location
        tone: Tone = "lesser" if worst.severity in view.severities[1:] else "worst"
        return Headline(tone, title, f"{where}: {worst.summary}" if where else worst.summary)
    if blind and not view.seen:
        return Headline("blind", "No system can be seen", sight)
    if blind or partly:
        return Headline("blind", "No failure found in what can be seen", sight)
    if unasked or not total:
        return Headline("waiting", "Not known yet", sight)
    if unknown and not view.seen:
        return Headline("waiting", "Nothing answers, and nothing has to", sight)
    if view.pending:
        return Headline("waiting", "No ticket; something is not well", sight)
    return Headline("calm", "No failure found", sight)


def due_words(ticket: TicketView, now: datetime) -> str:
    """How long there is to respond, or that it is over; who has responded, once somebody has."""
    if ticket.responded is not None:
        return f"answered {clock(ticket.responded, now)} by {ticket.responded_by}"
    if ticket.respond_by is None:
        return "no time promised"
    left = ticket.respond_by - now
    return f"in {span(left)}" if left.total_seconds() > 0 else f"due {span(left)} ago"


def stands_words(ticket: TicketView) -> str:
    """Where a ticket stands beyond being received: ` · assigned to bo · reopened 2 times`; or nothing."""
    status = f"assigned to {ticket.assigned_to}" if ticket.status == "assigned" else ticket.status
    words = ["" if status in ("received", "reopened") else status]
    if ticket.reopened:
        words.append("reopened" if ticket.reopened == 1 else f"reopened {ticket.reopened} times")
    return "".join(f" · {word}" for word in (*words, ticket.flaps, ticket.again, ticket.recurs) if word)


def access_words(access: AccessView, view: AgentView) -> str:
    """Since when and why one protocol of a system is seen or not."""
    now, success = view.now, access.last_success
    if access.says_nothing:
        return "does not answer, and need not"
    match access.seen(now):
        case None:
            return "not asked yet"
        case True:
            return f"answered {span(now - (success or now))} ago"
    if success is None:
        since = f"not seen since the agent started {clock(view.started, now)}"
    else:
        since = f"not seen since {clock(success, now)}, {span(now - success)} ago"
    if access.error is not None:
        return f"{since}: {_WHY[access.error]}"
    return f"{since}: not asked for {span(now - (access.last_poll or view.started))}"


def sight_words(system: SystemView, view: AgentView) -> str:
    """A system's sight in two words, and since when it is not seen."""
    sight = system.sight(view.now)
    since = f" since {clock(system.last_success, view.now)}" if system.last_success else ""
    return _SIGHT[sight] + (since if sight == "unseen" else "")


def alarm_words(system: SystemView) -> str:
    """What it holds that raises no ticket: vendor warnings (M3), alarms found at installation (M4)."""
    counts = [
        (system.warnings or 0, "vendor warning", ""),
        (system.found, "alarm", " found at installation, to be adopted"),
    ]
    return ", ".join(f"{count} {noun}{'s' * (count > 1)}{more}" for count, noun, more in counts if count)


def clock(at: datetime, now: datetime) -> str:
    """A time near now: the time of day, with the date where it was another day."""
    return f"{at:%H:%M:%S}" if at.date() == now.date() else moment(at)


def _severity_counts(view: AgentView) -> Sequence[tuple[str, int]]:
    counts = Counter(ticket.severity for ticket in view.open_tickets)
    return [(severity, counts[severity]) for _, severity in _ranked(view)]


def _ranked(view: AgentView) -> list[tuple[int, str]]:
    """Every severity with its rank; one that the contract in force does not know ranks as the worst."""
    unknown = {ticket.severity for ticket in view.tickets} - set(view.severities)
    return [(0, severity) for severity in sorted(unknown)] + list(enumerate(view.severities))


def _sight_sentence(
    view: AgentView, blind: list[str], partly: list[str], unasked: list[str], unknown: list[str]
) -> str:
    total = len(view.systems)
    if not total:
        return "No system is configured."
    if not (blind or partly or unasked or unknown):
        return "Every system is seen." if total > 1 else "The one system is seen."
    parts = [f"{view.seen} of {total} systems seen."]
    if blind:
        parts.append(f"Nothing is known of {_listed(blind)}.")
    if partly:
        parts.append(f"Seen in part: {_listed(partly)}.")
    if unasked:
        parts.append(f"Not asked yet: {_listed(unasked)}.")
    if unknown:
        parts.append(f"Not known, as it need not answer and does not: {_listed(unknown)}.")
    return " ".join(parts)


def _listed(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
