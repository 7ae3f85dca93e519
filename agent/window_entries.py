"""Maintenance windows as entries of the journal: what people add and end, and what the clock brings. Pure.

A window is a change record: of what type, how risky, who does it, by which reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from agent.contract import ChangeType
from agent.failures import Key

Risk = Literal["low", "moderate", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAdded:
    """A person added a maintenance window while the agent ran. `window`: its id, CH-000001.

    `lasts` None: it is in force from `begins` to `ends`. Else it begins with the first failure of what it
    covers in that time, and lasts so long. It covers what matches all that is named of systems, locations,
    components and roles; nothing named: the whole site. `who` does the work; `by` added it, by the kernel's
    word.
    """

    kind: Literal["window_added"] = "window_added"
    window: str
    begins: datetime
    ends: datetime
    lasts: timedelta | None = None
    systems: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    type: ChangeType = "scheduled"
    risk: Risk = "low"
    reference: str = ""
    who: str = ""
    why: str = ""
    by: str
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnded:
    """A person ended a window before its end, or took back one that had not begun.

    `planned`: when it was to begin, which tells the times of a window apart that comes back.
    """

    kind: Literal["window_ended"] = "window_ended"
    window: str
    planned: datetime
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBegan:
    """A window is in force, until `ends`. Of one that begins with a failure this says when it did.

    `window`: its id, or its name in the site file. What follows is for those who tell it: the site file
    may be another one by then. `system`: where it covers one system alone.
    """

    kind: Literal["window_began"] = "window_began"
    window: str
    planned: datetime
    begins: datetime
    ends: datetime
    covers: str = ""
    system: str | None = None
    type: ChangeType = "scheduled"
    reference: str = ""
    who: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOver:
    """A window is in force no longer. `failing`: what was found in it and still fails, so that it overran."""

    kind: Literal["window_over"] = "window_over"
    window: str
    planned: datetime
    begins: datetime
    system: str | None = None
    failing: tuple[Key, ...] = ()
