"""`trunkwatch found`: the alarms that stood when a system was first seen, and what the site accepts (M4).

Without a daemon the journal is read; then nothing can be adopted, since only a daemon writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from agent import printing
from agent.acting import LONGEST_NOTE
from agent.asking import JsonOption, SiteOption, ask_daemon, end, setup_of
from agent.control import Request
from agent.finding import FoundView, found_views
from agent.history import History
from agent.journal import JournalError, read_journal
from agent.loading import Setup
from agent.questions import FOUND, TAKEN, no_such_system
from agent.views import moment

found_app = typer.Typer(
    no_args_is_help=True, help="What stood at the first contact, or is accepted: it raises nothing."
)


@found_app.command("list")
def found_list(
    system: Annotated[str | None, typer.Argument(help="One system only.")] = None,
    site: SiteOption = None,
    json: JsonOption = False,
) -> None:
    """The alarms that were found at installation and wait to be adopted, and the conditions accepted."""
    setup = setup_of(site)
    if system is not None:
        _check(setup, system)
    views = tuple(view for view in _views(setup) if system in (None, view.system))
    if json:
        print(FOUND.dump_json(views).decode())
    elif views:
        printing.console().print(_shown(views))
    else:
        print("nothing that was found at installation waits to be adopted, and nothing is accepted")


@found_app.command("adopt")
def found_adopt(
    system: str,
    component: Annotated[
        str | None, typer.Argument(help="The alarm, as `found list` names it; left out: all of them.")
    ] = None,
    site: SiteOption = None,
    note: Annotated[
        str, typer.Option("--note", help=f"Why, in one line of {LONGEST_NOTE} characters at most.")
    ] = "",
) -> None:
    """Take alarms over: from now on they count, and raise tickets while they stand."""
    setup = setup_of(site)
    _check(setup, system)
    given = {"system": system, "component": component or "", "note": note}
    answer = ask_daemon(setup, Request(question="adopt", arguments=given))
    if answer is None:
        end("no daemon runs, and only a daemon can take that down; start it and try again", 1)
    told = TAKEN.validate_python(answer.body)
    if not told.taken:
        end(told.sentence, 2)
    print(told.sentence)


def found_of_journal(setup: Setup, now: datetime) -> tuple[FoundView, ...]:
    """The same answer from the journal alone. Raises JournalError."""
    return found_views(History.fold(read_journal(setup.journal)).found, setup.site, now)


def _check(setup: Setup, system: str) -> None:
    known = tuple(each.name for each in setup.site.systems)
    if system not in known:
        end(no_such_system(system, known), 2)


def _views(setup: Setup) -> tuple[FoundView, ...]:
    answer = ask_daemon(setup, Request(question="found"))
    if answer is not None:
        return FOUND.validate_python(answer.body)
    print("no daemon runs: this is what the journal says", file=sys.stderr)
    try:
        return found_of_journal(setup, datetime.now(UTC))
    except JournalError as error:
        end(str(error), 1)


def _shown(views: Iterable[FoundView]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("system", "component", "vendor's level", "since", "why it raises nothing"):
        table.add_column(column, overflow="fold")
    for view in views:
        why = "found at installation, to be adopted"
        if view.kind == "accepted":
            why = f"accepted until {view.until}: {view.reason}"
        since = moment(view.at) if view.at is not None else "-"
        level = ", ".join(filter(None, (view.vendor_severity, view.detail))) or "-"
        table.add_row(view.system, escape(view.component), escape(level), since, escape(why))
    return table
