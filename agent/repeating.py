"""When a maintenance window comes back: weekly, monthly, or as an RRULE (RFC 5545) says. Pure.

The one place that knows dateutil. It reckons by the wall clock, without a zone: 22:00 stays 22:00 whatever
the clock does in between. Which instants these are is the business of `agent.maintenance`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from pydantic import AfterValidator

from agent.fields import Text, shown

AHEAD = timedelta(days=5 * 366)
"""How far ahead a rule is looked at when a file is loaded: one that has not come by then never comes."""

_WORDS = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "monthly": "FREQ=MONTHLY", "yearly": "FREQ=YEARLY"}
_MANY = 3660  # times of one rule that may be counted


def _list(value: str) -> re.Pattern[str]:
    return re.compile(rf"{value}(?:,{value}){{0,60}}")


_VALUES = {
    "FREQ": re.compile(r"DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile(r"[1-9][0-9]{0,2}"),
    "COUNT": re.compile(r"[1-9][0-9]{0,3}"),
    "UNTIL": re.compile(r"[0-9]{8}(?:T[0-9]{6}Z?)?"),
    "BYDAY": _list(r"(?:[+-]?[1-9][0-9]?)?(?:MO|TU|WE|TH|FR|SA|SU)"),
    "BYMONTHDAY": _list(r"-?(?:[1-9]|[12][0-9]|3[01])"),
    "BYYEARDAY": _list(r"-?(?:[1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"),
    "BYWEEKNO": _list(r"-?(?:[1-9]|[1-4][0-9]|5[0-3])"),
    "BYMONTH": _list(r"(?:[1-9]|1[0-2])"),
    "BYSETPOS": _list(r"-?(?:[1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"),
    "WKST": re.compile(r"MO|TU|WE|TH|FR|SA|SU"),
}
_OF_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_SOME_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the wall clock's
_LAST = timedelta(days=1) - timedelta(microseconds=1)


def _check(text: str) -> str:
    """The rule, if it is one. Raises ValueError with what is expected."""
    if text in _WORDS:
        return text
    parts = _parts(text)
    if "UNTIL" in parts:
        _until(parts["UNTIL"], ZoneInfo("UTC"))
    try:
        rrulestr(_plain(parts), dtstart=_SOME_DAY)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"expected an RRULE ({error}); got {shown(text)}") from None
    return text


def _parts(text: str) -> Mapping[str, str]:
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals and not parts:
            known = ", ".join(_WORDS)
            raise ValueError(
                f"expected {known} or an RRULE such as FREQ=MONTHLY;BYDAY=2TU; got {shown(text)}"
            )
        if name in _OF_DAY:
            raise ValueError(f"expected no {name}, as the time of day is that of begins; got one")
        if name not in _VALUES:
            raise ValueError(f"expected parts of an RRULE ({', '.join(_VALUES)}); got {shown(part)}")
        if name in parts:
            raise ValueError(f"expected {name} once; got it twice")
        if name == "FREQ" and value in ("HOURLY", "MINUTELY", "SECONDLY"):
            raise ValueError(f"expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY; got {shown(value)}")
        if _VALUES[name].fullmatch(value) is None:
            raise ValueError(f"expected {name} as in RFC 5545; got {shown(value)}")
        parts[name] = value
    if "FREQ" not in parts:
        raise ValueError(f"expected an RRULE with a FREQ; got {shown(text)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("expected COUNT or UNTIL; got both")
    if int(parts.get("COUNT", "1")) > _MANY:
        raise ValueError(f"expected a COUNT of at most {_MANY}; got {parts['COUNT']}")
    return parts


Repeats = Annotated[Text, AfterValidator(_check)]
"""A word (daily, weekly, monthly, yearly), or an RRULE that comes at most once a day."""


def times(text: str, first: datetime, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When it begins from `begin` to `end`, both by the wall clock and included; the first time is `first`.

    `zone`: whose wall clock it is, for an UNTIL that is given in UTC.
    """
    parts = _parts(_WORDS.get(text, text))
    last = end
    if "UNTIL" in parts:
        last = min(last, _until(parts["UNTIL"], zone))
    if last < first:
        return
    found = iter(_compiled(_plain(parts), first).replace(until=last))
    for at in islice(found, int(parts["COUNT"]) if "COUNT" in parts else None):
        if at >= begin:
            yield at


def trouble(text: str, first: datetime, lasts: timedelta, zone: ZoneInfo) -> str | None:
    """Why a window of that rule cannot be meant so: `expected …; got …`; None: it can."""
    if text == "monthly" and first.day > 28:  # days that not every month has
        return (
            "expected a day that every month has, or FREQ=MONTHLY;BYMONTHDAY=-1 for the last one; "
            f"got day {first.day}"
        )
    found = list(times(text, first, first, first + AHEAD, zone))
    if not found or found[0] != first:
        comes = f"the rule first comes at {found[0]:%Y-%m-%d %H:%M}" if found else "the rule never comes"
        return f"expected a begin that the rule gives ({comes}); got {first:%Y-%m-%d %H:%M}"
    for one, other in pairwise(found):
        if other - one < lasts:
            return (
                f"expected an end before the window comes back ({other:%Y-%m-%d %H:%M}); "
                f"got {one + lasts:%Y-%m-%d %H:%M}"
            )
    return None


def _plain(parts: Mapping[str, str]) -> str:
    """The rule without its end, which is worked out when it is asked."""
    return ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))


@lru_cache(maxsize=256)
def _compiled(rule: str, first: datetime) -> rrule:
    found = rrulestr(rule, dtstart=first)
    assert isinstance(found, rrule)  # noqa: S101 - for the type checker: one rule is no set of rules
    return found


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last moment by the wall clock; of a date that day is included."""
    try:
        at = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise ValueError(f"expected UNTIL with a time that the calendar has; got {shown(text)}") from None
    if "T" not in text:
        return at + _LAST
    return at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if text.endswith("Z") else at
