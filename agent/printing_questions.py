"""What the command line shows of replays and explanations. It formats; it asks nobody and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agent.against import Difference
from agent.explaining import DueTime, Explanation, Observed
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


def show_explanation(why: Explanation, zone: ZoneInfo) -> RenderableType:
    """One ticket and why it is what it is, on one screen."""
    ticket = why.ticket

    def local(at: datetime) -> str:  # over the daemon's socket a time keeps its offset, not its zone
        return moment(at.astimezone(zone))

    head = Text.assemble(
        (ticket.id, "bold"),
        " ",
        (f" {ticket.severity.upper()} ", severity_style(ticket.severity)),
        f" {ticket.state}  {ticket.system or ticket.location or '-'}: {ticket.summary}",
    )
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")

    def add(label: str, lines: Iterable[str]) -> None:
        for number, text in enumerate(line for line in lines if line):
            facts.add_row(label if number == 0 else "", escape(text))

    add("clause", [f"{ticket.clause}: “{ticket.clause_text}”"])
    add("holds too", (f"{each.id}: “{each.words}”" for each in why.clauses))
    add("rules", (f"{each.id}: {each.words}" for each in why.rules))
    add("evidence", (_observed(each, zone) for each in why.evidence))
    add("considered", why.considered)
    add("left out", why.left_out)
    add("suppressed", why.suppressed)
    add("numbers", [", ".join(ticket.primary_numbers)])
    add("whose", [why.responsibility, f"on-site coverage of the asset: {why.coverage}"])
    add("scope", [ticket.scope])
    add("began", [f"{local(ticket.began)}, received {local(ticket.received)}"])
    if len(ticket.severities) > 1:
        add("classes", [", ".join(f"{severity} from {local(at)}" for at, severity in ticket.severities)])
    for due in why.due_times:
        label = f"{due.step} by" if ticket.reopened == 0 else f"{due.step} by ({due.round})"
        add(label, _due(due, local))
    if not why.due_times:
        add("respond by", ["nothing is due: it is told only"])
    add(
        "rounds",
        [f"{ticket.reopened + 1}, as it was reopened {_times(ticket.reopened)}"] * (ticket.reopened > 0),
    )
    add("before", [ticket.again])
    add("recurs", [ticket.recurs])
    add("flapping", [ticket.flapping])
    add("contract", [f"{why.contract}, hours {why.hours}", ticket.outside_term])
    add("decided", (f"{each.name}: {each.value} (default {each.default})" for each in why.decisions))
    if ticket.mapped is not None:
        mapped = ticket.mapped
        by = f", respond by {local(mapped.respond_by)}" if mapped.respond_by else ""
        add("mapped to", [f"{mapped.contract}: {mapped.title} ({mapped.clause}), {mapped.outcome}{by}"])
    add("clock", [ticket.clock_note])
    return Group(head, facts)


def _observed(seen: Observed, zone: ZoneInfo) -> str:
    figures = "" if seen.lost is None or seen.total is None else f" [{seen.lost}/{seen.total}]"
    by = seen.protocol if seen.source in ("poll", seen.protocol) else f"{seen.source} {seen.protocol}"
    return f"{seen.system} {seen.text}{figures} ({by}, {seen.at.astimezone(zone):%Y-%m-%d %H:%M:%S})"


def _due(due: DueTime, local: Callable[[datetime], str]) -> Iterator[str]:
    when = local(due.due) if due.due is not None else "-"
    yield f"{when} ({due.severity}, {due.verdict}), opened {local(due.opened)}: {due.why_opened}"
    yield f"  {due.how}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


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
            escape(f"{ticket.summary}; flapping" if ticket.flapping else ticket.summary),
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
