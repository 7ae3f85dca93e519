"""Maintenance windows in words: what one covers, which change it is, and until when. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.maintenance import Occurrence
from agent.views import moment, span
from agent.window_entries import WindowBegan, WindowOver


def covers_text(window: Occurrence) -> str:
    """What it covers: `system cm1, components dialer and fans`; `the whole site`."""
    named = (
        ("system", window.systems),
        ("location", window.locations),
        ("component", window.components),
        ("role", window.roles),
    )
    parts = [f"{kind}{'s' * (len(names) > 1)} {_listed(names)}" for kind, names in named if names]
    return ", ".join(parts) or "the whole site"


def change_text(kind: str, reference: str, who: str, why: str) -> str:
    """Which change it is: `client-performed, CHG-0042, Library IT: new cabling`."""
    what = ", ".join(filter(None, (dashed(kind), reference, who)))
    return f"{what}: {why}" if why else what


def dashed(kind: str) -> str:
    """A type of change as people write it: `client-performed`."""
    return kind.replace("_", "-")


def open_text(window: Occurrence, zone: ZoneInfo) -> str:
    """One that is in force, as a line of the status page."""
    change = change_text(window.type, window.reference, window.who, window.why)
    return f"{window.name}, until {moment(window.ends.astimezone(zone))}: {covers_text(window)}; {change}"


def began_text(told: WindowBegan, zone: ZoneInfo) -> str:
    """What the alert log says when it begins."""
    change = change_text(told.type, told.reference, told.who, told.why)
    until = moment(told.ends.astimezone(zone))
    return f"maintenance window {told.window} begins, until {until}: {told.covers}; {change}"


def over_text(told: WindowOver) -> str:
    """What it says at its end; an overrun, if something of it still fails."""
    count = len(told.failing)
    if not count:
        return f"maintenance window {told.window} is over"
    return f"maintenance window {told.window} overran: {count} still {'fails' if count == 1 else 'fail'}"


def stretch_text(begins: datetime, ends: datetime, lasts: timedelta | None, zone: ZoneInfo) -> str:
    """From when to when, by the site's clock; how long from the first failure on, where it waits for one."""
    text = f"{moment(begins.astimezone(zone))} to {moment(ends.astimezone(zone))}"
    return f"{text}: {span(lasts)} from the first failure on" if lasts is not None else text


def _listed(names: Iterable[str]) -> str:
    words = list(names)
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
