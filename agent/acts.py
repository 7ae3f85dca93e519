"""What people do, as entries of the journal: each says who did it, by the kernel's word, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from agent.contract import HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded:
    """A person answered a ticket. `by`: the user's name on that machine then; `uid`: by the kernel's word."""

    kind: Literal["responded"] = "responded"
    ticket: str
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A person gave a ticket to somebody (`to`)."""

    kind: Literal["assigned"] = "assigned"
    ticket: str
    to: str
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """A technician is on the way, or a part is."""

    kind: Literal["dispatched"] = "dispatched"
    ticket: str
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The ticket waits for somebody else; clocks that the contract pauses for that stand still."""

    kind: Literal["held"] = "held"
    ticket: str
    waiting_for: HoldReason
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The wait is over. `part_received`: a spare came, and the defective part must go back."""

    kind: Literal["resumed"] = "resumed"
    ticket: str
    part_received: bool
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReturned:
    """The defective part went back, which meets the return target."""

    kind: Literal["part_returned"] = "part_returned"
    ticket: str
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclassified:
    """A person gave a ticket another class, and says why. Both classes stay in the figures."""

    kind: Literal["reclassified"] = "reclassified"
    ticket: str
    severity: str
    by: str
    uid: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A person wrote a line onto a ticket."""

    kind: Literal["noted"] = "noted"
    ticket: str
    by: str
    uid: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """The customer says how a resolved ticket was handled: 1 (bad) to 5 (good)."""

    kind: Literal["rated"] = "rated"
    ticket: str
    rating: int
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderSet:
    """A person wants to be reminded of an open ticket so long after; None: no more. It answers nothing."""

    kind: Literal["reminder_set"] = "reminder_set"
    ticket: str
    after: timedelta | None
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAdopted:
    """A person took alarms of that list over (`component` None: all): they count, and raise from now on."""

    kind: Literal["found_adopted"] = "found_adopted"
    system: str
    component: str | None
    by: str
    uid: int
    note: str = ""
