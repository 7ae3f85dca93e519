"""The questions that the daemon answers over its local socket, and their answers as JSON and back.

The same views answer when no daemon runs: the command line then fills them from the journal (`from_journal`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import TypeAdapter

from agent.control import Answer, Request
from agent.journal import read_journal
from agent.loading import Setup
from agent.showing import Terms, ticket_views
from agent.tickets import Tickets
from agent.views import TicketView
from collectors.base import Reading

POLL_PATIENCE = timedelta(minutes=11)  # longer than any poll may take

TICKETS = TypeAdapter(tuple[TicketView, ...])
READING = TypeAdapter(Reading)
READINGS = TypeAdapter(tuple[Reading, ...])


async def answer_question(
    request: Request,
    tickets: Callable[[], tuple[TicketView, ...]],
    poll: Callable[[str], Awaitable[Reading]],
    systems: Callable[[], tuple[str, ...]],
) -> Answer:
    """`tickets`: every ticket. `poll` (argument system): ask it now, on the daemon's own line."""
    match request.question:
        case "tickets":
            return Answer(ok=True, body=TICKETS.dump_python(tickets(), mode="json"), error=None)
        case "poll":
            system = request.arguments.get("system", "")
            if system not in systems():
                return Answer(ok=False, body=None, error=no_such_system(system, systems()))
            try:
                async with asyncio.timeout(POLL_PATIENCE.total_seconds()):
                    reading = await poll(system)
            except TimeoutError:
                return Answer(ok=False, body=None, error=f"{system}: the poll has not ended; ask again")
            return Answer(ok=True, body=READING.dump_python(reading, mode="json"), error=None)
        case _:
            return Answer(ok=False, body=None, error=f"this daemon knows no question {request.question!r}")


def from_journal(setup: Setup) -> tuple[TicketView, ...]:
    """Every ticket, read from the journal while no daemon runs. Raises JournalError."""
    return ticket_views(Tickets.fold(read_journal(setup.journal)), Terms.of(setup.site, setup.contract))


def no_such_system(system: str, known: tuple[str, ...]) -> str:
    """The sentence for a name that the site file does not have."""
    return f"no system {system!r} in the site file; it has {', '.join(known)}"
