"""`trunkwatch maintenance`: the windows in which work is done, of the site file and of people.

Without a daemon the journal is read; then nothing can be added or ended, since only a daemon writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agent import printing
from agent.acting import LONGEST_NOTE
from agent.asking import JsonOption, SiteOption, ask_daemon, end, setup_of
from agent.changing import WantedWindow
from agent.contract import ChangeType
from agent.control import Request
from agent.journal import JournalError
from agent.loading import Setup
from agent.questions import TAKEN, WANTED_WINDOW, WINDOWS, windows_from_journal
from agent.views import moment
from agent.window_entries import Risk
from agent.window_views import WindowView
from agent.window_words import change_text, dashed, stretch_text

maintenance_app = typer.Typer(
    no_args_is_help=True,
    help="Maintenance windows: what fails in one is told at its end, if it still does.",
)

Kind = Literal["standard", "urgent", "scheduled", "client-performed"]
_KINDS: dict[Kind, ChangeType] = {
    "standard": "standard",
    "urgent": "urgent",
    "scheduled": "scheduled",
    "client-performed": "client_performed",
}
_OVER = ("over", "ended", "taken back")


@maintenance_app.command("list")
def maintenance_list(
    site: SiteOption = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    json: JsonOption = False,
) -> None:
    """The windows that are open or to come."""
    setup = setup_of(site)
    views = tuple(view for view in _views(setup) if every or view.state not in _OVER)
    if json:
        print(WINDOWS.dump_json(views).decode())
    elif views:
        printing.console().print(_table(views, setup.site.zone))
    else:
        print("no maintenance windows" if every else "no maintenance window is open or to come")


@maintenance_app.command("show")
def maintenance_show(
    window: Annotated[str, typer.Argument(help="CH-000001, or its name in the site file.")],
    site: SiteOption = None,
    json: JsonOption = False,
) -> None:
    """One window: what it covers, which change it is, by when the contract wants its steps taken."""
    setup = setup_of(site)
    found = next((view for view in _views(setup) if view.name == window), None)
    if found is None:
        end(f"no maintenance window {window!r}; `trunkwatch maintenance list --all` lists every one", 2)
    if json:
        print(WINDOWS.dump_json((found,)).decode())
    else:
        printing.console().print(_whole(found, setup.site.zone))


@maintenance_app.command("add")
def maintenance_add(
    lasts: Annotated[str, typer.Option("--for", help="How long: 90 min, 2h, 1d.")] = "",
    begins: Annotated[
        str, typer.Option("--begins", help="When, by the site's clock: 2026-12-05 20:00. Default: now.")
    ] = "",
    ends: Annotated[str, typer.Option("--ends", help="Until when, instead of --for.")] = "",
    flexible: Annotated[
        bool,
        typer.Option(
            "--flexible", help="It begins with the first failure until --ends, and lasts for --for."
        ),
    ] = False,
    system: Annotated[list[str] | None, typer.Option("--system", help="May be given again.")] = None,
    location: Annotated[list[str] | None, typer.Option("--location", help="May be given again.")] = None,
    component: Annotated[
        list[str] | None, typer.Option("--component", help="As `poll` names it; may be given again.")
    ] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="May be given again.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="The whole site.")] = False,
    kind: Annotated[Kind, typer.Option("--type", help="What change it is.")] = "scheduled",
    risk: Annotated[Risk, typer.Option("--risk", help="How risky.")] = "low",
    who: Annotated[str, typer.Option("--who", help="Who does the work.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="The number of the change elsewhere.")] = "",
    why: Annotated[str, typer.Option("--why", help="What is done.")] = "",
    site: SiteOption = None,
) -> None:
    """Open a window. It covers what matches all that is named; it is recorded under your user's name."""
    _tell(
        site,
        WantedWindow(
            verb="add",
            begins=begins,
            ends=ends,
            lasts=lasts,
            flexible=flexible,
            everything=everything,
            systems=tuple(system or ()),
            locations=tuple(location or ()),
            components=tuple(component or ()),
            roles=tuple(role or ()),
            type=_KINDS[kind],
            risk=risk,
            reference=reference,
            who=who,
            why=why,
        ),
    )


@maintenance_app.command("end")
def maintenance_end(
    window: Annotated[str, typer.Argument(help="CH-000001, or the name of an open one of the site file.")],
    site: SiteOption = None,
    note: Annotated[
        str, typer.Option("--note", help=f"Why, in one line of {LONGEST_NOTE} characters at most.")
    ] = "",
) -> None:
    """End a window now: what still fails is told. One that has not begun is taken back."""
    _tell(site, WantedWindow(verb="end", window=window, note=note))


def _tell(site: SiteOption, wanted: WantedWindow) -> None:
    """Let the daemon take it. Ends the command (2) where it refuses."""
    arguments = {"wanted": WANTED_WINDOW.dump_json(wanted).decode()}
    answer = ask_daemon(setup_of(site), Request(question="change", arguments=arguments))
    if answer is None:
        end("no daemon runs, and only a daemon can take that down; start it and try again", 1)
    told = TAKEN.validate_python(answer.body)
    if not told.taken:
        end(told.sentence, 2)
    print(told.sentence)


def _views(setup: Setup) -> tuple[WindowView, ...]:
    answer = ask_daemon(setup, Request(question="maintenance"))
    if answer is not None:
        return WINDOWS.validate_python(answer.body)
    print("no daemon runs: this is what the journal says", file=sys.stderr)
    try:
        return windows_from_journal(setup, datetime.now(UTC))
    except JournalError as error:
        end(str(error), 1)


def _table(views: Iterable[WindowView], zone: ZoneInfo) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("window", "state"):
        table.add_column(column, no_wrap=True)
    for column in ("from", "until", "covers", "change"):
        table.add_column(column, overflow="fold")
    for view in views:
        table.add_row(
            view.name,
            Text(_state(view), style="bold" if view.state == "open" else ""),
            _moment(view.begins, zone),
            _moment(view.ends, zone),
            escape(view.covers),
            escape(change_text(view.type, view.reference, view.who, view.why)),
        )
    return table


def _whole(view: WindowView, zone: ZoneInfo) -> RenderableType:
    head = Text.assemble((view.name, "bold"), f"  {_state(view)}  {view.covers}")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")

    def add(label: str, *lines: str) -> None:
        for number, text in enumerate(line for line in lines if line):
            facts.add_row(label if number == 0 else "", escape(text))

    add("time", stretch_text(view.begins, view.ends, view.lasts, zone))
    add("repeats", view.repeats)
    add("comes back", ", ".join(_moment(each, zone) for each in view.next))
    add("change", f"{dashed(view.type)}, risk {view.risk}")
    add("reference", view.reference)
    add("who", view.who)
    add("why", view.why)
    if view.added is not None:
        add("added", f"{_moment(view.added, zone)} by {view.by}")
    else:
        add("added", "in the site file")
    if view.ended is not None:
        note = f": {view.note}" if view.note else ""
        add("ended", f"{_moment(view.ended, zone)} by {view.ended_by}{note}")
    add("overran", *(f"{key} still failed" for key in view.failing))
    for step in view.steps:
        goal = f" (goal {step.goal} %)" if step.goal is not None else ""
        if step.due is not None:
            add(f"{step.step} by", f"{_moment(step.due, zone)}, within {step.within}{goal}")
        else:
            add(step.step, f"within {step.within} of the request, whose time is not known{goal}")
    add("promised", view.promised)
    return Group(head, facts)


def _state(view: WindowView) -> str:
    return f"{view.state}, overran" if view.failing and view.state in _OVER else view.state


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return moment(at.astimezone(zone))  # over the daemon's socket a time keeps its offset, not its zone
