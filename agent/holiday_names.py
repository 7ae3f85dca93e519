"""Holidays by name, frozen into dates: Thanksgiving Day of the US is 2026-11-26, 2027-11-25, …

The one place that knows the `holidays` library. Importing it costs memory and time, so only a site that names
a holiday imports this module. It knows no clock: which years are asked for is an argument.

The library is asked for the dates as they fall (`observed=False`): on which day a holiday is kept that falls
on a week's end is the site's rule and not the country's. It is asked for dates only; of a datetime it would
take the date in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from typing import Literal

import holidays

from agent.fields import shown
from agent.mistakes import expected_one

LIBRARY = f"holidays {version('holidays')}"
"""The library and its version, as it is told where a date comes from."""

Observed = Literal["nearest", "monday", "none"]

_FAR = 40  # years: a name that came up, or went, within so many is a known one
_SATURDAY, _SUNDAY = 5, 6
_MOVED = {  # days from the day on which it falls to the one on which it is kept
    ("nearest", _SATURDAY): -1,
    ("nearest", _SUNDAY): 1,
    ("monday", _SATURDAY): 2,
    ("monday", _SUNDAY): 1,
}


class UnknownCountryError(ValueError):
    """A country or a part of one that the library does not know: `expected …; got …`."""


class UnknownNameError(ValueError):
    """A name that no holiday of that country has: `expected …; got …`, with the one that was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDay:
    """A holiday of one year: its name as the library spells it, when it falls and when it is kept."""

    name: str
    falls: date
    kept: date


def named_days(name: str, country: str, observed: Observed, *, first: int, last: int) -> tuple[NamedDay, ...]:
    """The days on which a holiday is kept in the years `first` to `last`, both included, in order.

    `country`: ISO 3166 (`US`), also a part of it (`US-TX`). The name may be in the country's own language or
    in English; capitals do not matter. Raises UnknownCountryError and UnknownNameError.
    """
    code, part = _checked(country)
    wanted = _folded(name)
    # One year more on either side: New Year's Day may be kept on the 31st of December.
    years = range(first - 1, last + 2)
    found = _dates(code, part, years).get(wanted)
    if found is None:
        known = _dates(code, part, range(first - _FAR, last + _FAR))
        if wanted not in known:
            raise UnknownNameError(_unknown(name, country, [spelt for spelt, _ in known.values()]))
        return ()
    spelt, days = found
    kept = (NamedDay(name=spelt, falls=day, kept=_kept(day, observed)) for day in days)
    return tuple(sorted((day for day in kept if first <= day.kept.year <= last), key=lambda day: day.kept))


def _kept(day: date, observed: Observed) -> date:
    return day + timedelta(days=_MOVED.get((observed, day.weekday()), 0))


def _checked(country: str) -> tuple[str, str | None]:
    code, _, part = country.upper().partition("-")
    parts = _countries().get(code)
    if parts is None:
        wanted = "a country such as US, or a part of it such as US-TX"
        raise UnknownCountryError(expected_one(wanted, country, list(_countries())))
    if part and part not in parts:
        raise UnknownCountryError(expected_one(f"a part of {code}", part, parts))
    return code, part or None


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, list[str]]:
    listed = holidays.list_supported_countries(include_aliases=False)
    return {code: sorted(parts) for code, parts in listed.items()}


@lru_cache(maxsize=8)
def _dates(code: str, part: str | None, years: range) -> Mapping[str, tuple[str, tuple[date, ...]]]:
    """By the folded name: the name, and the dates on which it falls in those years."""
    found: dict[str, tuple[str, set[date]]] = {}
    about = holidays.country_holidays(code)
    languages = dict.fromkeys([about.default_language, "en_US"])
    for language in languages:
        if language != about.default_language and language not in about.supported_languages:
            continue
        listed = holidays.country_holidays(
            code,
            subdiv=part,
            years=years,
            observed=False,
            expand=False,
            language=language,
            # "public" alone lacks days that help desks close on: the day after Thanksgiving, Christmas Eve
            categories=about.supported_categories,
        )
        for day in listed:
            for name in listed.get_list(day):
                found.setdefault(_folded(name), (name, set()))[1].add(day)
    return {folded: (name, tuple(sorted(days))) for folded, (name, days) in found.items()}


def _folded(name: str) -> str:
    straight = name.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return " ".join(straight.split()).casefold()


def _unknown(name: str, country: str, names: Sequence[str]) -> str:
    """The sentence for a name that is none of the known ones."""
    wanted = _folded(name)
    longer = [known for known in names if wanted in _folded(known)]
    if len(longer) == 1:
        return f"expected a holiday of {country} (did you mean {longer[0]!r}?); got {shown(name)}"
    # a list is cut: those that share a word with the wanted one go first
    words = {word for word in wanted.split() if len(word) > 3}
    likely = sorted(names, key=lambda known: (words.isdisjoint(_folded(known).split()), known))
    return expected_one(f"a holiday of {country}", name, likely)
