"""The answers of the daemon to questions over its local socket, as JSON and back (`agent.desk` gives them).

The same views answer when no daemon runs: the command line then fills them from the journal (`from_journal`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from agent.acting import Wanted
from agent.attainment import Attainment, attainment
from agent.baseline_views import BaselineView
from agent.changing import WantedWindow
from agent.explaining import Explanation, explain
from agent.finding import FoundView
from agent.journal import read_journal
from agent.loading import Setup
from agent.maintenance import Windows
from agent.showing import Terms, ticket_views
from agent.sight import Sight
from agent.site import Site
from agent.tickets import Tickets
from agent.views import TicketView
from agent.window_views import WindowView, window_views
from collectors.base import Reading

POLL_PATIENCE = timedelta(minutes=16)  # longer than any poll may take


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether an act was taken, and the sentence for the person: what it did, or why not."""

    taken: bool
    sentence: str


TAKEN = TypeAdapter(Taken)
WANTED = TypeAdapter(Wanted)
TICKETS = TypeAdapter(tuple[TicketView, ...])
READING = TypeAdapter(Reading)
READINGS = TypeAdapter(tuple[Reading, ...])
WAYS = TypeAdapter(tuple[str, ...])
PENDING = TypeAdapter(tuple[str, ...])
FOUND = TypeAdapter(tuple[FoundView, ...])
BASELINES = TypeAdapter(tuple[BaselineView, ...])
ATTAINMENT = TypeAdapter(Attainment)
EXPLANATION = TypeAdapter(Explanation)
WINDOWS = TypeAdapter(tuple[WindowView, ...])
WANTED_WINDOW = TypeAdapter(WantedWindow)


def from_journal(setup: Setup, now: datetime) -> tuple[TicketView, ...]:
    """Every ticket as it stands `now`, read from the journal while no daemon runs. Raises JournalError."""
    entries = read_journal(setup.journal)
    return ticket_views(Tickets.fold(entries).by_id.values(), setup.terms, now, Sight.fold(entries).unseen)


def windows_from_journal(setup: Setup, now: datetime) -> tuple[WindowView, ...]:
    """Every maintenance window, read from the journal while no daemon runs. Raises JournalError."""
    return window_views(Windows.fold(read_journal(setup.journal)), setup.terms, now)


def explained(ticket: str, tickets: Tickets, terms: Terms, now: datetime) -> Explanation:
    """Why that ticket is what it is. Raises LookupError with the sentence for one that there is not."""
    found = tickets.by_id.get(ticket)
    if found is None:
        raise LookupError(f"no ticket {ticket!r}; `trunkwatch tickets list --all` lists every one")
    return explain(found, terms, now)


def explained_from_journal(setup: Setup, ticket: str, now: datetime) -> Explanation:
    """The same, read from the journal while no daemon runs. Raises JournalError, LookupError."""
    return explained(ticket, Tickets.fold(read_journal(setup.journal)), setup.terms, now)


def attained(
    month: str, site: Site, tickets: Tickets, sight: Sight, now: datetime, *, running: bool
) -> Attainment:
    """A month's attainment at that site. Raises ValueError for what is no month."""
    systems = [system.name for system in site.systems]
    return attainment(month, tickets, sight, zone=site.zone, systems=systems, now=now, running=running)


def attained_from_journal(setup: Setup, month: str, now: datetime) -> Attainment:
    """The same, read from the journal while no daemon runs. Raises JournalError, ValueError."""
    entries = read_journal(setup.journal)
    return attained(month, setup.site, Tickets.fold(entries), Sight.fold(entries), now, running=False)


def no_such_system(system: str, known: tuple[str, ...]) -> str:
    """The sentence for a name that the site file does not have."""
    return f"no system {system!r} in the site file; it has {', '.join(known)}"
