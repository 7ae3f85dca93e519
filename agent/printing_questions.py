"""What the command line shows of replays and explanations. It formats; it asks nobody and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agent.against import Difference
from agent.printing import severity_style
from agent.replay_view import ReplayTicket, ReplayView
from agent.views import moment


def show_replay(view: ReplayView) -> RenderableType:
    """Every ticket that came of the readings, what was pending at their end, and the notes."""
    parts: list[RenderableType] = [_read(view), ""]
    parts.append(_tickets(view.tickets) if view.tickets else "no tickets")
    if view.pending:
        parts += ["", Text("pending when the readings ended", style="bold")]
    for each in view.pending:
        needs = f" of {each.needs:g} s" if each.needs is not None else ", to be seen once more"
        what = escape(f"{each.system or each.location or 'site'}: {each.summary}")
        parts.append(f"  {what}; seen failing for {each.held:g} s{needs}")
    if view.unread:
        parts += ["", f"no reading speaks of {', '.join(view.unread)}"]
    return Group(*parts, *(escape(f"note: {note}") for note in view.notes))


def show_difference(difference: Difference, other: str) -> RenderableType:
    """What the other file would alter."""
    parts: list[RenderableType] = ["", Text(f"against {other}", style="bold")]
    for title, tickets in (
        ("only as it is", difference.only_here),
        ("only there", difference.only_there),
    ):
        if tickets:
            parts += [f"{title}:", _tickets(tickets)]
    if difference.changed:
        table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left", title="otherwise:")
        for column in ("ticket", "root", "what", "as it is", "there"):
            table.add_column(column, overflow="fold")
        for each in difference.changed:
            table.add_row(
                each.here.id,
                _root(each.here),
                ", ".join(each.what),
                _verdict(each.here),
                _verdict(each.there),
            )
        parts.append(table)
    count = difference.same
    parts.append(f"{count} ticket{'' if count == 1 else 's'} as before")
    return Group(*parts)


def _read(view: ReplayView) -> str:
    if view.began is None or view.ended is None:
        return "no readings"
    return f"{view.readings} readings from {moment(view.began)} to {moment(view.ended)}"


def _tickets(tickets: Iterable[ReplayTicket]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("ticket", "severity", "state", "root"):
        table.add_column(column, no_wrap=True)
    table.add_column("what", overflow="fold", ratio=1, min_width=20)
    for column in ("clause", "received", "respond by"):
        table.add_column(column, overflow="fold")
    for ticket in tickets:
        table.add_row(
            ticket.id,
            Text(ticket.severity, style=severity_style(ticket.severity)),
            ticket.state,
            _root(ticket),
            escape(ticket.summary),
            ticket.clause,
            moment(ticket.received),
            moment(ticket.respond_by) if ticket.respond_by else "-",
        )
    return table


def _root(ticket: ReplayTicket) -> str:
    named = (ticket.system, ticket.component or (ticket.role if ticket.system else None), ticket.location)
    return escape(" ".join(part for part in named if part)) or "the agent's network"


def _verdict(ticket: ReplayTicket) -> str:
    due = f", respond by {moment(ticket.respond_by)}" if ticket.respond_by else ", no due time"
    late = f", missed: {', '.join(ticket.breached)}" if ticket.breached else ""
    return escape(f"{ticket.severity} ({ticket.clause}){due}{late}")
