"""A made-up contract of three steps with goals, and what the tests of due times read off a story."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.agreement import Agreement, decided
from agent.contract import Contract
from agent.entries import Body, Warned
from agent.telling import log_line
from agent.tickets import Tickets
from tests.story import ZONE, Story

ALWAYS = {"zone": "America/Chicago", "open": {"mon-sun": ["00:00-24:00"]}}
OFFICE = {"zone": "America/Chicago", "open": {"mon-fri": ["08:00-17:00"]}}


def _target(severity: str, step: str, amount: str, clock: str, goal: int) -> dict[str, Any]:
    return {"severity": severity, "step": step, "amount": amount, "clock": clock, "goal": goal}


THREE_STEPS: dict[str, Any] = {
    "contract": "three-steps",
    "title": "A managed service",
    "version": "1",
    "source": "made up",
    "severities": ["p1", "p3"],
    "clauses": [
        {"id": "down", "severity": "p1", "when": ["half-capacity", "complete-outage"], "words": "down"},
        {"id": "impaired", "severity": "p3", "when": "any", "words": "impaired"},
    ],
    "targets": [
        _target("p1", "respond", "18 min", "around_the_clock", 95),
        _target("p1", "assign", "30 min", "around_the_clock", 85),
        _target("p1", "resolve", "4h", "around_the_clock", 85),
        _target("p3", "respond", "4h", "coverage", 95),
        _target("p3", "assign", "24h", "coverage", 85),
        _target("p3", "resolve", "48h", "coverage", 85)
        | {"pauses": ["customer", "parts"], "words": "48 hours"},
        {"severity": "p3", "step": "return", "business_days": 10, "clock": "coverage"},
    ],
    "calendars": {"office": OFFICE, "24x7": ALWAYS},
}


def three_steps(contract: dict[str, Any] = THREE_STEPS) -> Agreement:
    """The agreement of that contract, or of one like it."""
    return decided(Contract.model_validate(contract), json.dumps(contract), "{}")


def under(story: Story, agreement: Agreement) -> Story:
    """The story from here on under that agreement."""
    story.terms = replace(story.terms, agreement=agreement)
    story.contract = agreement.contract
    return story.takes_agreement()


def at(text: str) -> datetime:
    """A moment by the site's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def until(story: Story, text: str) -> Story:
    """Time goes by until then."""
    return story.passes((at(text) - story.now).total_seconds())


def does(story: Story, *bodies: Body) -> Story:
    """These entries are written now, and what they call for is told."""
    story._write(bodies)
    return story._judge()


def told(story: Story) -> list[str]:
    """Every warning and breach so far: `Fri 17:00:00 warned TW-000001 major respond`."""
    return [
        f"{entry.at.astimezone(ZONE):%a %H:%M:%S} {'breached' if body.breached else 'warned'} {body.ticket}"
        f" {body.severity} {body.step}"
        for entry in story.entries
        if isinstance(body := entry.body, Warned)
    ]


def lines(story: Story, *verbs: str) -> list[str]:
    """The texts of the log's lines with these verbs."""
    tickets = Tickets()
    found: list[str] = []
    for entry in story.entries:
        tickets = tickets.apply(entry)
        said = log_line(entry, tickets, story.terms)
        if said is not None and said.verb in verbs:
            found.append(f"{said.verb} {said.text}")
    return found


def kinds(story: Story, *wanted: str) -> Iterable[str]:
    """Which of these kinds of entries were written, and when: `17:01:00 sight_lost`."""
    return [
        f"{entry.at.astimezone(ZONE):%H:%M:%S} {entry.body.kind}"
        for entry in story.entries
        if entry.body.kind in wanted
    ]
