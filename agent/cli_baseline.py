"""`trunkwatch baseline`: how many stations are expected, by which basis, and what was learned so far (S1).

It asks the running daemon, or reads the journal where none runs: the same answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from agent import printing
from agent.asking import JsonOption, SiteOption, ask_daemon, end, setup_of
from agent.baseline import Slot
from agent.baseline_views import BaselineView, baseline_views
from agent.control import Request
from agent.history import History
from agent.journal import JournalError, read_journal
from agent.loading import Setup
from agent.questions import BASELINES

baseline_app = typer.Typer(no_args_is_help=True, help="How many stations are expected, and why.")


@baseline_app.callback()
def _group() -> None:
    """How many stations are expected, and why."""


@baseline_app.command("show")
def baseline_show(
    system: Annotated[
        str | None, typer.Argument(help="One phone system only, by any of its systems.")
    ] = None,
    site: SiteOption = None,
    json: JsonOption = False,
) -> None:
    """What was learned by the hour of the week, and the number that is in force now."""
    setup = setup_of(site)
    views = _views(setup)
    if system is not None:
        known = tuple(name for view in views for name in view.systems)
        views = tuple(view for view in views if system in view.systems)
        if not views:
            end(f"no phone system {system!r} in the site file; it has {', '.join(known) or 'none'}", 2)
    if json:
        print(BASELINES.dump_json(views).decode())
    else:
        printing.console().print(Group(*_shown(views)))


def baselines_of_journal(setup: Setup, now: datetime) -> tuple[BaselineView, ...]:
    """The same answer from the journal alone. Raises JournalError."""
    history = History.fold(read_journal(setup.journal))
    return baseline_views(history, setup.site, setup.agreement, setup.watches, now)


def _views(setup: Setup) -> tuple[BaselineView, ...]:
    answer = ask_daemon(setup, Request(question="baseline"))
    if answer is not None:
        return BASELINES.validate_python(answer.body)
    print("no daemon runs: this is what the journal says", file=sys.stderr)
    try:
        return baselines_of_journal(setup, datetime.now(UTC))
    except JournalError as error:
        end(str(error), 1)


def _shown(views: Iterable[BaselineView]) -> Iterable[RenderableType]:
    for view in views:
        others = [name for name in view.systems if name != view.system]
        named = view.system + (f" (with {', '.join(others)})" if others else "")
        number = view.expected if view.expected is not None else "the administered number"
        yield escape(f"{named}: {number} stations expected, {view.basis}: {view.words}")
        now = Slot(view.hour_of_week, view.open_day)
        yield f"now: {now}; an hour is learned from {view.needs} weeks"
        if not view.slots:
            yield "nothing was learned yet"
            continue
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("hour", "expected", "weeks", "counts, oldest first"):
            table.add_column(column, no_wrap=column != "counts, oldest first")
        for each in view.slots:
            table.add_row(
                str(each.slot),
                "-" if each.expected is None else str(each.expected),
                str(len(each.samples)),
                " ".join(map(str, each.samples)),
            )
        yield table
