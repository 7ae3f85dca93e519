"""The days on which a site's help desk is closed or keeps other hours: as dates, with where each comes from.

The site file gives holidays by date and by name. Names become dates here, for the years around a given one,
so that the core knows dates only. It judges nothing and knows no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from agent.calendars import Hours
from agent.mistakes import ConfigError, Mistake
from agent.site import Holiday, Site
from agent.yaml_marks import Node, Tree

if TYPE_CHECKING:
    from agent.holiday_names import NamedDay

YEARS_BACK, YEARS_ON = 1, 5
"""For which years names become dates: last year's tickets count, and years may pass without a reload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDate:
    """One holiday on its date, and where that comes from."""

    day: date
    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDate:
    """Other hours on one date, holiday or not (none: closed), why, and where that comes from."""

    day: date
    hours: tuple[Hours, ...]
    why: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDays:
    """All of a site's: each date once, in order.

    `named_until`, `dated_until`: the last day for which names, and the last one for which dates, are known.
    """

    dates: tuple[ClosedDate, ...] = ()
    others: tuple[OtherDate, ...] = ()
    named_until: date | None = None
    dated_until: date | None = None

    @property
    def holidays(self) -> Mapping[date, str]:
        """The holidays as a calendar takes them."""
        return {each.day: each.name for each in self.dates}

    @property
    def overrides(self) -> Mapping[date, tuple[Hours, ...]]:
        """The other hours as a calendar takes them."""
        return {each.day: each.hours for each in self.others}

    def known(self) -> str:
        """Until when dates are known, for a person."""
        parts = [
            f"{what} until {until}"
            for what, until in (("by name", self.named_until), ("by date", self.dated_until))
            if until is not None
        ]
        return ", ".join(parts) or "for no day: none are given"


def closed_days(site: Site, tree: Tree, year: int) -> ClosedDays:
    """The closed days of a site file; holidays by name from the year before `year` to five years after it.

    Raises ConfigError with every name and country that is none.
    """
    first, last = year - YEARS_BACK, year + YEARS_ON
    found: dict[date, ClosedDate] = {}
    wrong: list[Mistake] = []
    marked = list(zip(site.holidays, tree.root.items("holidays"), strict=False))
    for holiday, node in marked:
        if holiday.date is not None:
            found[holiday.date] = ClosedDate(
                day=holiday.date, name=holiday.name, source=f"{_place(tree, node)}, by date"
            )
    for holiday, node in marked:
        if holiday.date is not None:
            continue
        try:
            for closed in _named(holiday, _place(tree, node), first, last):
                other = found.get(closed.day)
                found[closed.day] = closed if other is None else _both(other, closed)
        except _Unknown as unknown:
            wrong.append(tree.mistake(node.get(unknown.key) or node, unknown.sentence))
    if wrong:
        raise ConfigError(wrong)
    return ClosedDays(
        dates=tuple(found[day] for day in sorted(found)),
        others=tuple(sorted(_others(site, tree), key=lambda each: each.day)),
        named_until=date(last, 12, 31) if any(each.date is None for each in site.holidays) else None,
        dated_until=max((each.date for each in site.holidays if each.date is not None), default=None),
    )


class _Unknown(Exception):
    """A name or a country (`key`) that the library does not know."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key, self.sentence = key, sentence


def _named(holiday: Holiday, place: str, first: int, last: int) -> Iterator[ClosedDate]:
    # Costs memory and a quarter of a second: only a site that names a holiday pays for it.
    from agent import holiday_names  # noqa: PLC0415 - costs memory; for sites that name one

    try:
        days = holiday_names.named_days(
            holiday.name, holiday.country, holiday.observed, first=first, last=last
        )
    except holiday_names.UnknownCountryError as error:
        raise _Unknown("country", str(error)) from None
    except holiday_names.UnknownNameError as error:
        raise _Unknown("name", str(error)) from None
    origin = f"{place}, by name: {holiday_names.LIBRARY}, {holiday.country}"
    for day in days:
        yield ClosedDate(day=day.kept, name=day.name, source=f"{origin}{_moved(day, holiday.observed)}")


def _moved(day: NamedDay, observed: str) -> str:
    if day.kept == day.falls:
        return ""
    return f", falls on {('Saturday', 'Sunday')[day.falls.weekday() - 5]} {day.falls}, observed {observed}"


def _both(one: ClosedDate, other: ClosedDate) -> ClosedDate:
    """A date that is given twice, once: under the first name, with both sources."""
    return ClosedDate(day=one.day, name=one.name, source=f"{one.source}; {other.source}")


def _others(site: Site, tree: Tree) -> Iterator[OtherDate]:
    for override, node in zip(site.overrides, tree.root.items("overrides"), strict=False):
        yield OtherDate(day=override.date, hours=override.open, why=override.why, source=_place(tree, node))


def _place(tree: Tree, node: Node) -> str:
    return f"{tree.file}:{node.line}"
