"""What the journal holds: one frozen value per decision. Pure; the journal adds number, time and chain.

Tickets, metrics, the alert log and reports are folds over these. A field may be added with a default; none
is renamed or removed, since journals live for years.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from agent.acts import (
    Assigned,
    Dispatched,
    FoundAdopted,
    Held,
    Noted,
    PartReturned,
    Rated,
    Reclassified,
    ReminderSet,
    Responded,
    Resumed,
)
from agent.contract import Step
from agent.failures import Key, Ruling
from agent.window_entries import WindowAdded, WindowBegan, WindowEnded, WindowOver
from collectors.base import ProtocolName


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A failure outlasted its hold and is a ticket now.

    `contract`: name and version of the contract that it was classified by (C3); its whole text is the latest
    `AgreementTaken` before it. `hold`: what its clearing follows (I6). `follows`: the ticket of the same
    failure that was resolved too long ago to be reopened (C2). `clock_note`: what was wrong with the agent's
    own clock then. `out_of`: the ticket that a person (`by`) broke it out of.
    """

    kind: Literal["opened"] = "opened"
    ticket: str
    key: Key
    location: str | None
    ruling: Ruling
    began: datetime
    contract: str
    hold: timedelta = timedelta(seconds=60)
    follows: str | None = None
    clock_note: str = ""
    out_of: str = ""
    by: str = ""
    uid: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """An open ticket's class, clause or evidence changed."""

    kind: Literal["updated"] = "updated"
    ticket: str
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """The failure of a resolved ticket stands again within the reopen window, or a person says so (C2).

    `by`: who said so; nobody where it was seen. What a person reopened stays open until a person resolves it.
    `clock_note`: what was wrong with the agent's own clock then.
    """

    kind: Literal["reopened"] = "reopened"
    ticket: str
    key: Key
    ruling: Ruling
    began: datetime
    hold: timedelta = timedelta(seconds=60)
    by: str = ""
    uid: int | None = None
    note: str = ""
    clock_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The failure was seen to be gone for as long as its clear hold, or a person says so.

    `reason`: what was seen, or said. `by`: who said so; nobody where it was seen.
    """

    kind: Literal["resolved"] = "resolved"
    ticket: str
    reason: str
    by: str = ""
    uid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A target of an open ticket comes near (`breached` false) or was missed. `due`: when it is, or was."""

    kind: Literal["warned"] = "warned"
    ticket: str
    severity: str
    step: Step
    due: datetime
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """The reminder of an open ticket fell due. `set_by`, `note`: of whoever wanted it."""

    kind: Literal["reminded"] = "reminded"
    ticket: str
    set_by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """A holiday of the site, on its date."""

    day: date
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherHours:
    """The hours of one date, holiday or not: `07:00-18:00`; none: closed."""

    day: date
    hours: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTaken:
    """The contract that is in force from here on: what is in its file, the site's decisions, the days closed.

    `contract`, `decisions`: as JSON, in the words of the files.
    """

    kind: Literal["agreement_taken"] = "agreement_taken"
    label: str
    contract: str
    decisions: str
    holidays: tuple[ClosedDay, ...] = ()
    overrides: tuple[OtherHours, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SightLost:
    """No way of access to a system answers any more."""

    kind: Literal["sight_lost"] = "sight_lost"
    system: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SightBack:
    """A way of access to a system answers again, or the system left the site file.

    `since`: when sight of it was lost.
    """

    kind: Literal["sight_back"] = "sight_back"
    system: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSample:
    """The count of present stations in one hour, from which is learned how many to expect (S1).

    `hour`: when it began; `hour_of_week`: the same on the site's own clock, 0 is Monday 00:00. `open_day`:
    whether the help desk's calendar opens on that local day.
    """

    kind: Literal["station_sample"] = "station_sample"
    system: str
    hour: datetime
    hour_of_week: int
    open_day: bool
    present: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAlarm:
    """An alarm that stood when its system was first seen."""

    component: str
    vendor_severity: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAtInstallation:
    """Alarms that already stood at the first contact (M4): listed, without clocks, until adopted.

    `protocol`: by which they were told; only its list can say that one is gone.
    """

    kind: Literal["found_at_installation"] = "found_at_installation"
    system: str
    alarms: tuple[FoundAlarm, ...]
    protocol: ProtocolName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGone:
    """An alarm of that list stands no longer, or its device raised its level: from now on it counts."""

    kind: Literal["found_gone"] = "found_gone"
    system: str
    component: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSeen:
    """A system answered for the first time ever: what lies before is history of others, not a failure.

    `protocol`: each of them has its own first time; None, in older journals: all that there were.
    """

    kind: Literal["first_seen"] = "first_seen"
    system: str
    protocol: ProtocolName | None = None


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
class AgentAlive:
    """The agent still watches (hourly): how long it did not is known to the hour after a kill."""

    kind: Literal["agent_alive"] = "agent_alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSet:
    """The agent's own clock was set by that much (entries before it were stamped by the other clock).

    `wrong_since`: what that clock stamped from then on was off by the step; None: that cannot be told.
    """

    kind: Literal["clock_set"] = "clock_set"
    step: timedelta
    wrong_since: datetime | None = None

    def moved(self, instant: datetime, told: datetime) -> datetime:
        """An instant as the new clock would have stamped it. `told`: when this entry was."""
        if self.wrong_since is None or not self.wrong_since <= instant <= told - self.step:
            return instant
        return instant + self.step


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
    | Reopened
    | Resolved
    | Responded
    | Assigned
    | Dispatched
    | Held
    | Resumed
    | PartReturned
    | Reclassified
    | Noted
    | Rated
    | ReminderSet
    | Warned
    | Reminded
    | AgreementTaken
    | SightLost
    | SightBack
    | StationSample
    | FoundAtInstallation
    | FoundGone
    | FoundAdopted
    | FirstSeen
    | RestartSeen
    | WindowAdded
    | WindowEnded
    | WindowBegan
    | WindowOver
    | AgentStarted
    | AgentStopped
    | AgentAlive
    | ClockSet
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
