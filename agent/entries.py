"""What the journal holds: one frozen value per decision. Pure; the journal adds number, time and chain.

Tickets, metrics, the alert log and reports are folds over these. A field may be added with a default; none
is renamed or removed, since journals live for years.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from agent.failures import Key, Ruling
from collectors.base import ProtocolName


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A failure outlasted its hold and is a ticket now.

    `contract`: name and version of the contract that it was classified by (C3). `hold`: what its clearing
    follows (I6).
    """

    kind: Literal["opened"] = "opened"
    ticket: str
    key: Key
    location: str | None
    ruling: Ruling
    began: datetime
    contract: str
    hold: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """An open ticket's class, clause or evidence changed."""

    kind: Literal["updated"] = "updated"
    ticket: str
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The failure was seen to be gone for as long as its clear hold. `reason`: what was seen."""

    kind: Literal["resolved"] = "resolved"
    ticket: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded:
    """A person answered a ticket. `by`: the user's name on that machine then; `uid`: by the kernel's word."""

    kind: Literal["responded"] = "responded"
    ticket: str
    by: str
    uid: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSeen:
    """A system answered for the first time ever: what lies before is history of others, not a failure."""

    kind: Literal["first_seen"] = "first_seen"
    system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartSeen:
    """A system restarted: kept so that rule R2 can count over 24 hours and across restarts of the agent."""

    kind: Literal["restart_seen"] = "restart_seen"
    system: str
    restarted: datetime
    level: str
    planned: bool
    source: Literal["record", "boots", "trap", "uptime"]
    by: ProtocolName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStarted:
    """The agent began to watch."""

    kind: Literal["agent_started"] = "agent_started"
    version: str
    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStopped:
    """The agent was told to stop (a kill leaves no such entry)."""

    kind: Literal["agent_stopped"] = "agent_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRebuilt:
    """The journal was found damaged and is made anew, of what could be read.

    `file`: where the damaged one is kept, beside the journal. `kept`: entries that are in the new one, of
    which `unproven` stand behind the first break of the chain. `lost`: entries known to be gone.
    """

    kind: Literal["journal_rebuilt"] = "journal_rebuilt"
    file: str
    reason: str
    kept: int
    lost: int
    unproven: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersSkipped:
    """Tickets up to `last` were told and are not in the journal (a kill while the disk was full, or damage).

    Their numbers, from `first` on, are given to no other failure.
    """

    kind: Literal["numbers_skipped"] = "numbers_skipped"
    first: int
    last: int


Body = Annotated[
    Opened
    | Updated
    | Resolved
    | Responded
    | FirstSeen
    | RestartSeen
    | AgentStarted
    | AgentStopped
    | JournalRebuilt
    | NumbersSkipped,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: its number (1, 2, 3 …), when it was decided (UTC), and what."""

    number: int
    at: datetime
    body: Body
