"""`trunkwatch attainment`: how many targets of a month were met, for a person or as JSON.

The daemon answers from what it knows; without one the journal alone does, with the same figures.
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
from rich.text import Text

from agent import printing
from agent.asking import JsonOption, SiteOption, ask_daemon, end, setup_of
from agent.attainment import Attained, Attainment, NotRated, Reclassed, month_bounds
from agent.control import Request
from agent.journal import JournalError
from agent.loading import Setup
from agent.questions import ATTAINMENT, attained_from_journal
from agent.views import moment

_COUNTS = ("rounds", "met", "breached", "open", "over")


def attainment(
    month: Annotated[
        str, typer.Option("--month", help="Such as 2026-11, by the site's clock. Default: this month.")
    ] = "",
    site: SiteOption = None,
    json: JsonOption = False,
) -> None:
    """How many targets of a month were met, against the contract's goals, and what is not counted and why."""
    setup = setup_of(site)
    asked = month or f"{datetime.now(setup.site.zone):%Y-%m}"
    try:
        month_bounds(asked, setup.site.zone)
    except ValueError as error:
        end(str(error), 2)
    figures = _figures(setup, asked)
    if json:
        print(ATTAINMENT.dump_json(figures).decode())
    else:
        printing.console().print(show(figures))


def _figures(setup: Setup, month: str) -> Attainment:
    answer = ask_daemon(setup, Request(question="attainment", arguments={"month": month}))
    if answer is not None:
        return ATTAINMENT.validate_python(answer.body)
    print("no daemon runs: this is what the journal says", file=sys.stderr)
    try:
        return attained_from_journal(setup, month, datetime.now(UTC))
    except JournalError as error:
        end(str(error), 1)


def show(figures: Attainment) -> RenderableType:
    """The month on one screen."""
    parts: list[RenderableType] = [
        Text(f"{figures.month}, as of {moment(figures.as_of)}", style="bold"),
        _rows(figures.rows),
        Text("over: the failure was gone before anybody had to act; neither met nor breached", style="dim"),
    ]
    if len({share.responsibility for share in figures.shares}) > 1:
        table = _table("by responsibility", "severity", "step", *_COUNTS)
        for share in figures.shares:
            counts = [str(getattr(share, name)) for name in _COUNTS]
            table.add_row(share.responsibility, share.severity, share.step, *counts)
        parts += ["", table]
    parts += ["", _unmonitored(figures)]
    if figures.reclassified:
        lines = [f"{_of(each)}: {', '.join(each.classes)}" for each in figures.reclassified]
        parts += ["", Text("given another class by a person, counted in each", style="bold"), *_lines(lines)]
    if figures.not_rated:
        lines = [f"{_of(each)}: {each.why}" for each in figures.not_rated]
        parts += ["", Text("not rated", style="bold"), *_lines(lines)]
    return Group(*parts, "", *_lines(figures.notes))


def _rows(rows: Iterable[Attained]) -> Table:
    table = _table("severity", "step", *_COUNTS, "per cent", "goal", "contract")
    for row in rows:
        style = {True: "green", False: "bold red", None: ""}[row.reached]
        table.add_row(
            row.severity,
            row.step,
            *(str(getattr(row, name)) for name in _COUNTS),
            Text("-" if row.percent is None else f"{row.percent:.1f}", style=style),
            "none named" if row.goal is None else str(row.goal),
            row.contract,
        )
    return table


def _unmonitored(figures: Attainment) -> Table:
    table = _table("not watched", "minutes")
    for each in figures.unmonitored:
        minutes = f"{each.minutes}, or less: the agent was killed" if each.at_most else str(each.minutes)
        table.add_row(each.system or "the site, while the agent did not run", minutes)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        figure = column in (*_COUNTS, "per cent")
        table.add_column(column, no_wrap=True, justify="right" if figure else "left")
    return table


def _of(each: NotRated | Reclassed) -> str:
    return f"{each.ticket} round {each.round}"


def _lines(lines: Iterable[str]) -> list[RenderableType]:
    return [escape(line) for line in lines]
