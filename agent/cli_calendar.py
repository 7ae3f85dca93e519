"""The command `calendar show`: when a contract's calendars are open, and every closed day with its origin.

It asks no daemon: the same file and code as a start, so what it shows is what due times are counted by.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from agent.asking import JsonOption, SiteOption, end, site_file
from agent.calendar_spec import CalendarSpec, week_text
from agent.choosing import NO_SITE, Chosen, ContractOption, choose
from agent.closed_days import YEARS_BACK, YEARS_ON, ClosedDays
from agent.reckoning import DAYS

calendar_app = typer.Typer(no_args_is_help=True, help="The contract's open hours and the closed days.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekAnswer:
    """One calendar: its hours of a week. `in_force`: it runs the respond clock."""

    name: str
    in_force: bool
    zone: str
    open: str
    holiday_scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAnswer:
    """A date that is not as its week is. `open`: its hours (none: closed). `source`: where it comes from."""

    day: date
    weekday: str
    open: tuple[str, ...]
    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAnswer:
    """The answer as JSON. `known_by_name`, `known_by_date`: until when such holidays are known."""

    contract: str
    version: str
    coverage_hours: str
    site: str | None
    year: int
    calendars: tuple[WeekAnswer, ...]
    holidays: tuple[DayAnswer, ...]
    overrides: tuple[DayAnswer, ...]
    known_by_name: date | None
    known_by_date: date | None
    notes: tuple[str, ...]


_ANSWER: TypeAdapter[CalendarAnswer] = TypeAdapter(CalendarAnswer)


@calendar_app.command("show")
def calendar_show(
    year: Annotated[
        int | None, typer.Option(min=1970, max=2100, help="Which year. Default: this one.")
    ] = None,
    contract: ContractOption = None,
    site: SiteOption = None,
    ical: Annotated[
        Path | None, typer.Option(help="Write the hours in force as an iCalendar file; - is standard output.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """The open hours of every calendar, and every holiday with where it comes from.

    With --contract and without --site: that contract alone, without a site's holidays.
    """
    now = datetime.now(UTC)
    shown = year if year is not None else now.year
    file = site if contract is not None else site_file(site)
    # about this year, as a start would: what is shown is what a running agent knows
    about = now.year if now.year - YEARS_BACK <= shown <= now.year + YEARS_ON else shown
    chosen = choose(contract, file, year=about)
    if ical is not None:
        _write(ical, _file(chosen, shown, now))
        if str(ical) == "-":
            return
    answer = _answer(chosen, shown)
    if json:
        print(_ANSWER.dump_json(answer).decode())
    else:
        print("\n".join(_lines(answer)))


def _answer(chosen: Chosen, year: int) -> CalendarAnswer:
    agreement, setup = chosen.agreement, chosen.setup
    contract = agreement.contract
    closed = setup.closed if setup is not None else ClosedDays()
    weeks = [_week(name, spec, contract.coverage_hours) for name, spec in contract.calendars.items()]
    if setup is not None and setup.site.attended is not None:
        weeks.append(_week("attended", setup.site.attended, ""))
    return CalendarAnswer(
        contract=contract.contract,
        version=contract.version,
        coverage_hours=contract.coverage_hours,
        site=setup.site.site if setup is not None else None,
        year=year,
        calendars=tuple(weeks),
        holidays=tuple(
            _day(each.day, (), each.name, each.source) for each in closed.dates if each.day.year == year
        ),
        overrides=tuple(
            _day(each.day, tuple(map(str, each.hours)), each.why, each.source)
            for each in closed.others
            if each.day.year == year
        ),
        known_by_name=closed.named_until,
        known_by_date=closed.dated_until,
        notes=(NO_SITE,) if setup is None else (f"Holidays are known {closed.known()}.",),
    )


def _week(name: str, spec: CalendarSpec, in_force: str) -> WeekAnswer:
    return WeekAnswer(
        name=name,
        in_force=name == in_force,
        zone=str(spec.zone),
        open=week_text(spec),
        holiday_scope=spec.holiday_scope,
    )


def _day(day: date, hours: tuple[str, ...], name: str, source: str) -> DayAnswer:
    return DayAnswer(day=day, weekday=DAYS[day.weekday()], open=hours, name=name, source=source)


def _lines(answer: CalendarAnswer) -> Iterator[str]:
    yield f"{answer.contract} {answer.version}, {answer.year}" + (f", {answer.site}" if answer.site else "")
    yield ""
    wide = max(len(week.name) for week in answer.calendars)
    for week in answer.calendars:
        force = "  (coverage hours in force)" if week.in_force else ""
        yield f"{week.name:<{wide}}  {week.open}, {week.zone}{force}"
    for title, days in (("holidays", answer.holidays), ("other hours", answer.overrides)):
        if days:
            yield from ("", title)
        names = max((len(day.name) for day in days), default=0)
        hours = [", ".join(day.open) or "closed" for day in days]
        opens = max(map(len, hours), default=0)
        for day, open_hours in zip(days, hours, strict=True):
            told = f"{open_hours:<{opens}}  " if days is answer.overrides else ""
            yield f"  {day.weekday[:3]} {day.day}  {told}{day.name:<{names}}  {day.source}"
    yield from ("", *answer.notes)


def _file(chosen: Chosen, year: int, now: datetime) -> bytes:
    from agent.calendar_file import calendar_file  # noqa: PLC0415 - nothing but this export needs its library

    contract = chosen.agreement.contract
    hours = chosen.agreement.hours()
    closed = {day: f"closed: {name}" for day, name in hours.holidays.items()}
    if chosen.setup is not None:
        for other in chosen.setup.closed.others:
            says = f"open {windows} only" if (windows := ", ".join(map(str, other.hours))) else "closed"
            closed[other.day] = f"{says}: {other.why}" if other.why else says
    return calendar_file(
        f"{contract.contract}-{contract.coverage_hours}",
        hours,
        year,
        now=now,
        closed=closed,
        title=f"{contract.contract} {contract.coverage_hours}",
    )


def _write(path: Path, content: bytes) -> None:
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        end(f"expected a file that can be written; got {path}: {error.strerror}", 1)
