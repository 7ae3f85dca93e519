"""Answering a ticket: a person says that somebody has responded, and that stops the contract's respond clock.

The daemon names the person, by the user id that the kernel tells of the caller; a name that a client claims
counts for nothing. What is taken is on the disk before the person is told so. Nothing here reads a socket.
"""

from __future__ import annotations

import pwd
from collections.abc import Awaitable, Callable, Iterable

from agent.acts import Responded
from agent.control import Answer, Caller, Request
from agent.journal import JournalError
from agent.views import TicketView, moment

LONGEST_NOTE = 500  # characters


def why_not(ticket: str, note: str, tickets: Iterable[TicketView]) -> str | None:
    """Why this ticket cannot be answered with this note, as one sentence; None if it can."""
    if len(note) > LONGEST_NOTE:
        return f"the note has {len(note)} characters; at most {LONGEST_NOTE} are kept"
    if not note.isprintable():
        return "the note has a control character or a line break; say it in one line of plain text"
    view = next((each for each in tickets if each.id == ticket), None)
    if view is None:
        return f"no ticket {ticket!r}; `trunkwatch tickets list --all` lists every one"
    if view.resolved is not None:
        return f"{ticket} is resolved since {moment(view.resolved)}; there is nothing to answer"
    if view.responded is not None:
        return f"{ticket} was answered by {view.responded_by}, {moment(view.responded)}; nothing was changed"
    return None


async def respond(
    request: Request,
    caller: Caller,
    tickets: Callable[[], tuple[TicketView, ...]],
    tell: Callable[[Responded], Awaitable[None]],
) -> Answer:
    """Take the answer of `caller` to a ticket. `tell`: makes it durable, or raises JournalError.

    One at a time: what `tickets` says must still be so when `tell` writes it.
    """
    ticket, note = request.arguments.get("ticket", ""), request.arguments.get("note", "").strip()
    if reason := why_not(ticket, note, tickets()):
        return Answer(ok=False, error=reason)
    by = user_name(caller.uid)
    try:
        await tell(Responded(ticket=ticket, by=by, uid=caller.uid, note=note))
    except JournalError as error:
        return Answer(ok=False, error=f"the answer to {ticket} was not taken: {error}")
    return Answer(ok=True, body={"ticket": ticket, "by": by})


def user_name(uid: int) -> str:
    """The name of that user on this machine; the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
