"""The command `due`: by when someone must respond, assign and resolve, with the arithmetic.

It asks no daemon. What it prints comes from `agent.reckoning`; here are only the words around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter

from agent.asking import JsonOption, end
from agent.calendar_spec import week_text
from agent.choosing import NO_SITE, Chosen, ContractOption, choose
from agent.contract import Step
from agent.fields import shown
from agent.mistakes import expected_one
from agent.reckoning import DAYS, Reckoning, clock_text, reckon

_FIRST, _LAST = 1970, 2100  # years that a time may be of; zones are not known for others

SiteIfAny = Annotated[
    Path | None,
    typer.Option("--site", help="A site file: its contract, decisions and holidays. Default: no site."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswer:
    """One target: when it is due (None: never), what it is counted by, how it comes about."""

    step: str
    due: datetime | None
    calendar: str
    arithmetic: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueAnswer:
    """The answer as JSON. A `…_by` is None where the contract names no such target, or it is never due.

    `arithmetic` is that of the response; `steps` has each one's. `site` None: none was named.
    """

    contract: str
    version: str
    severity: str
    received: datetime
    coverage_hours: str
    respond_by: datetime | None
    assign_by: datetime | None
    resolve_by: datetime | None
    arithmetic: str
    site: str | None
    notes: tuple[str, ...]
    steps: tuple[StepAnswer, ...]


_ANSWER: TypeAdapter[DueAnswer] = TypeAdapter(DueAnswer)


def due(
    severity: Annotated[str, typer.Option(help="A severity of the contract, such as major.")],
    received: Annotated[str, typer.Option(help="When the request was received: 2026-11-20T17:02:00-06:00.")],
    contract: ContractOption = None,
    coverage_hours: Annotated[
        str | None, typer.Option(help="Another calendar of the contract for the coverage hours.")
    ] = None,
    site: SiteIfAny = None,
    json: JsonOption = False,
) -> None:
    """By when to respond, with the arithmetic. Without a site no holidays are counted."""
    moment = _parsed(received, has_site=site is not None)
    chosen = choose(contract, site, year=moment.year, coverage_hours=coverage_hours)
    agreed = chosen.agreement.contract
    if severity not in agreed.severities:
        wanted = f"a severity of the contract {agreed.contract}"
        end(expected_one(wanted, severity, agreed.severities), 2)
    if moment.tzinfo is None and chosen.setup is not None:
        moment = _told_by(moment, chosen.setup.site.zone)
    found = reckonings(chosen, severity, moment)
    zone = chosen.setup.site.zone if chosen.setup is not None else chosen.agreement.hours().zone
    answer = _answer(chosen, severity, moment.astimezone(zone), found)
    if json:
        print(_ANSWER.dump_json(answer).decode())
    else:
        print("\n".join(_lines(chosen, answer)))


def reckonings(chosen: Chosen, severity: str, received: datetime) -> tuple[Reckoning, ...]:
    """Every target of that severity that starts at receipt, in the order of the steps."""
    agreement = chosen.agreement
    targets = (agreement.contract.target(severity, step) for step in get_args(Step) if step != "return")
    return tuple(reckon(agreement, target, received) for target in targets if target is not None)


def _answer(chosen: Chosen, severity: str, received: datetime, found: tuple[Reckoning, ...]) -> DueAnswer:
    zone = received.tzinfo
    steps = {
        each.target.step: StepAnswer(
            step=each.target.step,
            due=each.due.astimezone(zone) if each.due is not None else None,
            calendar=each.calendar,
            arithmetic=each.words,
            words=each.target.words,
        )
        for each in found
    }
    by = {step: answer.due for step, answer in steps.items()}
    return DueAnswer(
        contract=chosen.agreement.contract.contract,
        version=chosen.agreement.contract.version,
        severity=severity,
        received=received,
        coverage_hours=chosen.agreement.contract.coverage_hours,
        respond_by=by.get("respond"),
        assign_by=by.get("assign"),
        resolve_by=by.get("resolve"),
        arithmetic=steps["respond"].arithmetic if "respond" in steps else "",
        site=chosen.setup.site.site if chosen.setup is not None else None,
        notes=tuple(_notes(chosen, found)),
        steps=tuple(steps.values()),
    )


def _notes(chosen: Chosen, found: tuple[Reckoning, ...]) -> Iterator[str]:
    if chosen.setup is None:
        yield NO_SITE
        return
    closed = chosen.setup.closed
    yield f"The holidays and other hours of {chosen.setup.site.site} are counted."
    last = max((each.due.date() for each in found if each.due is not None), default=None)
    if last is not None and closed.dated_until is not None and last > closed.dated_until:
        yield f"Its holidays given by date end on {closed.dated_until}, before that."


def _lines(chosen: Chosen, answer: DueAnswer) -> list[str]:
    lines = [
        f"{answer.contract} {answer.version}, {answer.severity}, received {_moment(answer.received)}",
        "",
    ]
    for step in answer.steps:
        lines.append(f"{step.step + ' by':<12}{_moment(step.due) if step.due is not None else 'never'}")
        lines.append(f"{'':<12}{step.arithmetic}")
        lines += [f"{'':<12}“{step.words}”"] * bool(step.words)
    lines.append("")
    for name in dict.fromkeys([answer.coverage_hours, *(step.calendar for step in answer.steps)]):
        hours = chosen.agreement.contract.calendars[name]
        what = "coverage" if name == answer.coverage_hours else "hours"
        lines.append(f"{what:<12}{name}: {week_text(hours)}, {hours.zone}")
    return [*lines, *answer.notes]


def _moment(at: datetime) -> str:
    return f"{DAYS[at.weekday()][:3]} {at:%Y-%m-%d} {clock_text(at)} {at:%Z}"


def _parsed(text: str, *, has_site: bool) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
        at.utcoffset()
    except ValueError:
        end(f"expected a time such as 2026-11-20T17:02:00-06:00; got {shown(text)}", 2)
    if ":" not in text:
        end(f"expected a time such as 2026-11-20T17:02:00-06:00; got {shown(text)}, a day", 2)
    if not _FIRST <= at.year <= _LAST:
        end(f"expected a time of the years {_FIRST} to {_LAST}; got {shown(text)}", 2)
    if at.tzinfo is None and not has_site:
        example = "2026-11-20T17:02:00-06:00 (with --site, the site's clock is meant without one)"
        end(f"expected a time with its offset from UTC such as {example}; got {shown(text)}", 2)
    return at


def _told_by(at: datetime, zone: ZoneInfo) -> datetime:
    """A time without an offset by the site's clock, where that showed it once."""
    first, second = (at.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        end(
            f"expected a time with its offset from UTC, as the clock of {zone} was changed in that hour; "
            f"got {shown(str(at))}",
            2,
        )
    return first
