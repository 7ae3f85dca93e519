"""What the command line shows a person. It formats; it asks nobody and decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agent.child_view import ChildView
from agent.contract import Contract
from agent.loading import Setup
from agent.maintenance import planned
from agent.site import Site
from agent.views import ActView, MappedView, RoundView, StepView, TicketView, moment, span
from agent.web_file import told
from collectors.base import Observation, Reading

# Majors must be seen at a glance on a dark and on a light terminal; nothing else is as loud.
_SEVERITY = {"major": "bold white on red", "minor": "bold yellow"}


def severity_style(severity: str) -> str:
    """How a severity looks that is in force."""
    return _SEVERITY.get(severity, "bold")


def console() -> Console:
    """Where answers go: as wide as the terminal, and never folded for a program that reads them."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def show_tickets(tickets: Iterable[TicketView], zone: ZoneInfo) -> RenderableType:
    """The list: what is wrong, how bad, by when someone must respond (in the site's own time)."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("ticket", "severity", "state", "system"):
        table.add_column(column, no_wrap=True)
    table.add_column("what", overflow="fold", ratio=1, min_width=20)
    table.add_column("clause", overflow="fold")
    table.add_column("respond by", overflow="fold", min_width=14)
    for ticket in tickets:
        table.add_row(
            ticket.id,
            Text(
                ticket.severity,
                style=_SEVERITY.get(ticket.severity, "bold") if ticket.state == "open" else "",
            ),
            ticket.state,
            ticket.system or "-",
            escape(_what(ticket)),
            ticket.clause,
            _respond_by(ticket, zone),
        )
    return table


def show_ticket(ticket: TicketView, zone: ZoneInfo) -> RenderableType:
    """One ticket on one screen: the clause in its own words, its targets, all that was done, the evidence."""
    head = Text.assemble(
        (ticket.id, "bold"),
        " ",
        (f" {ticket.severity.upper()} ", _SEVERITY.get(ticket.severity, "bold")),
        f" {_standing(ticket)}  {ticket.system or '-'}: {ticket.summary}",
    )
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")

    def add(label: str, *lines: str) -> None:
        for number, text in enumerate(line for line in lines if line):
            facts.add_row(label if number == 0 else "", escape(text))

    add("clause", f"{ticket.clause}: “{ticket.clause_text}”")
    add("clauses", f"{', '.join(ticket.clauses)} (rules {', '.join(ticket.rules)})")
    if ticket.contract:
        outside = f"; {ticket.outside_term}" if ticket.outside_term else ""
        add("contract", f"{ticket.contract}, counted in {ticket.coverage_hours}{outside}")
    if ticket.mapped is not None:
        add("elsewhere", _mapped(ticket.mapped, zone))
    add("call", *ticket.calls)
    add("again", ticket.again.removeprefix("again, "))
    add("recurs", ticket.recurs)
    add("flapping", ticket.flapping)
    add("assigned to", ticket.assigned_to)
    add("reminder", _reminder(ticket, zone))
    add("responsible", f"{ticket.responsibility} ({ticket.note})")
    add("scope", ticket.scope or "-")
    add("location", ticket.location or "-")
    if ticket.unseen_since is not None:
        add("not seen", f"since {_moment(ticket.unseen_since, zone)}: nobody knows whether it still fails")
    if ticket.coverage:
        add("coverage", f"{ticket.coverage}, bought for {ticket.system}")
    add("began", _moment(ticket.began, zone))
    add("received", _moment(ticket.received, zone))
    if ticket.resolved is not None:
        add("resolved", f"{_moment(ticket.resolved, zone)}, after {span(ticket.resolved - ticket.received)}")
    steps = [step for each in ticket.rounds[:-1] for step in each.steps if _is_owed(step)]
    steps += ticket.rounds[-1].steps if ticket.rounds else ()
    for step in steps:
        add(f"{step.step} by", _target(step, zone))
    if not any(step.step == "respond" for step in steps):
        add("respond by", _moment(ticket.respond_by, zone) if ticket.respond_by is not None else "-")
    if len(ticket.severities) > 1:
        add("classes", ", ".join(f"{severity} {_moment(at, zone)}" for at, severity in ticket.severities))
    add(
        "rounds", *_last(4, [_round(number, each, zone) for number, each in enumerate(ticket.rounds, 1)][:-1])
    )
    if ticket.rating is not None:
        add("rating", f"{ticket.rating} of 5")
    if ticket.window:
        add("window", f"found inside the maintenance window {ticket.window}, told at its end (C4)")
    if ticket.clock_note:
        add("clock", ticket.clock_note)
    add("done", *_last(12, [_act(each, zone) for each in ticket.acts]))
    add("with it", *(_child(child, zone) for child in ticket.children))
    add("see also", *ticket.related)
    add("evidence", *ticket.evidence)
    add("left out", *ticket.left_out)
    return Group(head, facts)


def _child(child: ChildView, zone: ZoneInfo) -> str:
    """One failure within the ticket: `cm1 trunk-group 1, since …: 23 of 23 members lost (why)`."""
    over = ", well again" if child.state == "well" else ""
    said = child.summary.removeprefix(f"{child.component}: ")
    return f"{child.name}, since {_moment(child.began, zone)}{over}: {said} ({child.why})"


def _reminder(ticket: TicketView, zone: ZoneInfo) -> str:
    """The reminder that is to come: `Fri 2026-11-20 18:46 CST, by ana: has the carrier called back?`."""
    if ticket.remind_at is None:
        return ""
    note = f": {ticket.remind_note}" if ticket.remind_note else ""
    return f"{_moment(ticket.remind_at, zone)}, by {ticket.remind_by}{note}"


def _is_owed(step: StepView) -> bool:
    """Whether a target of a round before still runs: a part must go back, whatever came after."""
    return step.step == "return" and step.met is None


def _what(ticket: TicketView) -> str:
    """What is wrong, and that it is not the first time."""
    again = f"; again, after {ticket.follows}" if ticket.follows else ""
    flaps = "; flapping" if ticket.flapping else ""
    recurs = f"; {ticket.recurs}" if ticket.recurs else ""
    reopened = f"; round {ticket.reopened + 1}" if ticket.reopened else ""
    unseen = "; not seen now" if ticket.unseen_since is not None else ""
    return f"{ticket.summary}{flaps}{again}{reopened}{recurs}{unseen}"


def _standing(ticket: TicketView) -> str:
    """`open`, `open, assigned`, `closed`."""
    new = ticket.status in ("", "received")
    return ticket.state if new else f"open, {ticket.status}" if ticket.state == "open" else ticket.status


def _target(step: StepView, zone: ZoneInfo) -> str:
    """One promise, and what became of it: `Mon 2026-11-23 10:00 CST (major), missed`."""
    due = "stands still" if step.paused else "never" if step.due is None else _moment(step.due, zone)
    if step.met is None:
        came = ", missed" if step.breached else ""
    else:
        came = f", {'late' if step.breached else 'met'} {_moment(step.met, zone)}"
    return f"{due} ({step.severity}){came}"


def _round(number: int, shown: RoundView, zone: ZoneInfo) -> str:
    """A round that is over: `1: major, Fri 2026-11-20 17:03 CST, for 1h 12m: seen well for 60 s`."""
    severities = " → ".join(severity for _, severity in shown.severities)
    missed = [step.step for step in shown.steps if step.breached]
    lasted = f", for {span(shown.resolved - shown.received)}: {shown.reason}" if shown.resolved else ""
    late = f"; {' and '.join(dict.fromkeys(missed))} missed" if missed else ""
    return f"{number}: {severities}, {_moment(shown.received, zone)}{lasted}{late}"


def _act(act: ActView, zone: ZoneInfo) -> str:
    by = f" by {act.by}" if act.by else ""
    return f"{_moment(act.at, zone)} {act.what}{by}" + (f": {act.note}" if act.note else "")


def _last(count: int, lines: list[str]) -> list[str]:
    """The last of them, and how many more there are: a screen is a screen."""
    more = len(lines) - count
    return lines if more <= 0 else [f"({more} before; --json has all)", *lines[-count:]]


def show_reading(reading: Reading, zone: ZoneInfo) -> RenderableType:
    """One poll: what was asked, how long it took, what was seen, what could not be read."""
    asked = Table(box=None, pad_edge=False, header_style="bold", title="asked", title_justify="left")
    asked.add_column("question", overflow="fold", ratio=1)
    asked.add_column("seconds", justify="right")
    asked.add_column("answer", overflow="fold", ratio=1)
    for question in reading.questions:
        asked.add_row(escape(question.text), f"{question.seconds:.3f}", escape(question.outcome))
    parts: list[RenderableType] = [asked, ""]

    if reading.error is not None:
        parts.append(Text(f"{reading.error}: {reading.error_text}", style="bold red"))
        parts.append("Nothing is raised or cleared from this poll but the loss of sight itself.")
    else:
        parts += [_observations(reading.observations), "", _samples(reading)]
        unread = [o for o in reading.observations if o.unread]
        parts.append("")
        parts += [f"could not be read: {o.role} {escape(o.component)} {escape(o.detail)}" for o in unread]
        if not unread:
            parts.append("Everything that was asked could be read.")
    at = reading.at.astimezone(zone)
    head = Text(f"{reading.system} by {reading.protocol} at {at:%Y-%m-%d %H:%M:%S %Z}", style="bold")
    return Group(head, *parts, f"the poll took {reading.seconds:.3f} s")


def show_setup(setup: Setup, today: date) -> RenderableType:
    """What `check` found: the very values that the daemon would start with, and what may surprise."""
    site, contract = setup.site, setup.contract
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("system", "product", "function", "location", "asked by", "every"):
        table.add_column(column, no_wrap=True)
    for system in site.systems:
        ways = setup.ways(system)
        table.add_row(
            system.name,
            system.product,
            setup.watches[system.name].function,
            system.location,
            ", ".join(f"{name} {system.address}" for name, _ in ways),
            ", ".join(_seconds(pacing.interval) for _, pacing in ways),
        )
    decisions = ", ".join(f"{key} {value}" for key, value in setup.site.contract.decisions.items())
    return Group(
        Text(f"{setup.path} is right.", style="bold green"),
        f"site       {escape(site.site)}, {site.zone}, {len(site.locations)} locations, "
        f"{len(site.primary_numbers)} primary numbers, {len(site.holidays)} holidays",
        *_known(setup),
        *_accepted(site, today),
        *_repeating(site, today),
        f"contract   {contract.label}: {escape(contract.title)}",
        *([f"mapped     {setup.mapped.contract.label}"] if setup.mapped else []),
        f"coverage   {contract.coverage_hours}" + (f"; the site decides {decisions}" if decisions else ""),
        f"journal    {setup.journal}",
        f"alert log  {setup.alert_log} ({site.sinks.alert_log.format})",
        *_web(setup),
        *(Text(f"warning    {sentence}", style="yellow") for sentence in setup.warnings(today)),
        "",
        table,
    )


def show_contract(contract: Contract) -> RenderableType:
    """What `check --contract` found: its clauses in the order in which they decide, and its targets."""
    clauses = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("clause", "severity", "holds where", "outcome"):
        clauses.add_column(column, overflow="fold")
    for clause in contract.clauses:
        title = contract.title_of(clause.severity)
        clauses.add_row(clause.id, escape(title), ", ".join(clause.when), clause.outcome)
    targets = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("severity", "step", "within", "clock", "goal"):
        targets.add_column(column, overflow="fold")
    for target in contract.targets:
        by = f" by {target.channel}" if target.channel else ""
        amount = f"{target.amount.total_seconds() / 3600:g} h" if target.amount else ""
        days = f"{target.business_days} business days" if target.business_days else ""
        targets.add_row(
            escape(contract.title_of(target.severity)) + by,
            target.step,
            amount or days or "-",
            f"{target.clock} ({target.calendar})" if target.calendar else target.clock,
            f"{target.goal} %" if target.goal else "-",
        )
    since = f", from {contract.effective}" if contract.effective else ""
    return Group(
        Text(f"{contract.label} is right.", style="bold green"),
        f"{escape(contract.title)}{since}: {escape(contract.source)}",
        f"coverage   {contract.coverage_hours} of {', '.join(contract.calendars)}",
        "",
        clauses,
        "",
        targets,
    )


def _known(setup: Setup) -> list[str]:
    if not setup.site.holidays:
        return []
    return [f"           holidays are known {setup.closed.known()}"]


def _accepted(site: Site, today: date) -> list[str]:
    """The conditions that raise nothing (M4)."""
    lines = [
        f"{each.component} on {each.system} until {each.until}: {each.reason}"
        for each in site.accepted
        if today <= each.until
    ]
    return [escape(f"{'accepted' if not number else '':10} {line}") for number, line in enumerate(lines)]


def _repeating(site: Site, today: date) -> list[str]:
    """When each maintenance window that comes back does so next: what its rule means is seen at once."""
    midnight = datetime(today.year, today.month, today.day, tzinfo=site.zone)
    lines = []
    for window in (each for each in site.windows if each.repeats is not None):
        times = islice(planned(window, site, midnight, midnight + timedelta(days=400)), 3)
        comes = ", ".join(moment(each.begins.astimezone(site.zone)) for each in times)
        lines.append(f"{window.name}, {window.repeats}: {comes or 'never again'}")
    return [escape(f"{'windows' if not number else '':10} {line}") for number, line in enumerate(lines)]


def _web(setup: Setup) -> list[str]:
    scheme = "http" if setup.web.tls is None else "https"
    address = f"[{setup.site.web.listen}]" if ":" in setup.site.web.listen else setup.site.web.listen
    lines = [f"web        {scheme}://{address}:{setup.site.web.port}/"]
    if setup.web_config is not None:
        lines.append(f"           {escape(str(setup.web_config))}: {told(setup.web)}")
    return lines


def error_console() -> Console:
    """Where complaints go."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _observations(observations: Iterable[Observation]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold", title="seen", title_justify="left")
    for column in ("role", "component", "state"):
        table.add_column(column, no_wrap=True)
    table.add_column("detail", overflow="fold", ratio=1)
    for observation in observations:
        state = _state(observation)
        style = "red" if observation.lost else "yellow" if observation.unread else ""
        table.add_row(
            observation.role,
            escape(observation.component),
            Text(state, style=style),
            escape(observation.detail),
        )
    return table


def _state(observation: Observation) -> str:
    if observation.unread:
        return "could not be read"
    words = []
    if observation.lost is not None:
        words.append(f"{observation.lost} of {observation.total} lost")
    if observation.planned:
        words.append(f"{observation.planned} on purpose")
    if observation.degraded:
        words.append(f"{observation.degraded} degraded")
    if observation.present is not None:
        of = "" if observation.administered is None else f" of {observation.administered} administered"
        words.append(f"{observation.present} present{of}")
    if observation.used is not None:
        words.append(f"{observation.used} of {observation.limit} used")
    if observation.vendor_severity is not None:
        words.append(f"vendor: {observation.vendor_severity}")
    if observation.in_use:
        words.append("in use")
    words += [f"{event.level} at {event.at:%Y-%m-%d %H:%M}" for event in observation.events]
    return ", ".join(words) or "-"


def _samples(reading: Reading) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold", title="samples", title_justify="left")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right")
    for sample in reading.samples:
        labels = ",".join(
            f'{name}="{value}"' for name, value in zip(sample.metric.labels, sample.labels, strict=True)
        )
        table.add_row(
            escape(f"{sample.metric.name}{{{labels}}}" if labels else sample.metric.name), f"{sample.value:g}"
        )
    return table


def _mapped(level: MappedView, zone: ZoneInfo) -> str:
    asks = f"respond by {_moment(level.respond_by, zone)}" if level.respond_by else f"a {level.outcome}"
    return f"{level.title} under {level.contract} ({level.clause}): {asks}"


def _respond_by(ticket: TicketView, zone: ZoneInfo) -> str:
    if ticket.responded is not None:
        return f"answered {_moment(ticket.responded, zone)} by {escape(ticket.responded_by or '')}"
    return _moment(ticket.respond_by, zone) if ticket.respond_by is not None else "-"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return moment(at.astimezone(zone))  # over the daemon's socket a time keeps its offset, not its zone


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"
