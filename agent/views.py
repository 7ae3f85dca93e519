"""What the agent shows of itself at one moment: the values that metrics, web and alert log are made from.

The daemon fills them from picture and tickets; whoever shows them asks no device and reads no journal. Pure:
`now` stands in the view. Every datetime is in the site's zone, so that nobody who shows it converts again.

The three silences stay three: `AccessView.seen` is True (it answers), None (never asked yet) or False (asked,
and it could not be looked at). None and False are never shown as if all were well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from agent.child_view import ChildView
from agent.contract import Outcome, Step
from agent.failures import Responsibility
from collectors.base import ErrorKind, ProtocolName, Sample

Sight = Literal["seen", "partly", "unseen", "unasked", "unknown"]
Verdict = tuple[bool, str]
"""Whether it is so, and the reason as one sentence for a person."""

RECURS = 3  # times within seven days from which on a line says so
STALE_AFTER = 3  # polls: values older than this are not shown as values any more

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # strftime's would follow the process's locale

_ORDINALS = (
    *("", "first", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One target that a round opened. `met`: when the step was taken.

    `due` None: its hours never open, or it stands still now (`paused`). `breached`: it was missed, as of now.
    """

    step: Step
    severity: str
    opened: datetime
    due: datetime | None
    met: datetime | None
    paused: bool = False
    breached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActView:
    """One step of a ticket's life: `what` in words (answered …), by whom (nobody: the agent), and why."""

    at: datetime
    what: str
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """One round: from receipt to resolution, with its classes and what they promised.

    `reason`, `resolved_by`: why it was resolved, and who said so (nobody: it was seen). `reopened_by`: who
    began it (nobody: its failure stood). `part_received`: when a spare came.
    """

    received: datetime
    began: datetime
    severities: tuple[tuple[datetime, str], ...]
    steps: tuple[StepView, ...]
    resolved: datetime | None = None
    reason: str = ""
    resolved_by: str = ""
    reopened_by: str = ""
    part_received: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedView:
    """The level of the same failure under another contract, and by when that one promises an answer."""

    contract: str
    severity: str
    title: str
    clause: str
    outcome: str
    respond_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """One ticket. `system` None: the root is a location or the agent's own network.

    `clause_text`: the contract's own words for `clause`. `began`, `received`: of the round in force: first
    seen, and when it became a ticket. `respond_by` None: this contract promises no answer for it.
    `severities`: since when which, in the round in force. `responded` and its two: the answer that counts for
    the class in force; None before there is one, and again after an upgrade. `responses`: every answer, with
    who gave it and the note. `status`: where it stands, in a word (closed: too late to reopen it). `acts`:
    every step of its life. `again`: which ticket of the same failure came before, as words. `calls`: whom to
    call, and with which number. `children`: what it explains (I3, I7). `related`: other tickets that have to
    do with it, and how (I8). `lapsed`: the contract was not in force when it was received; `outside_term`
    says so in words. `flapping`: that it changes again and again, and how often; empty: it does not (I12).
    `times_this_week`: how often this failure was received, as a ticket or again, in the seven days up to
    `received`, which counts. `remind_at` and its two: the reminder that is to come, who set it, and why.
    `window`: the maintenance window that it was found in and outlasted. `unseen_since`: its system cannot be
    seen since then, so nobody knows whether it still fails.
    """

    id: str
    system: str | None
    component: str | None
    role: str
    location: str | None
    severity: str
    clause: str
    clause_text: str = ""
    clauses: tuple[str, ...]
    rules: tuple[str, ...]
    summary: str
    responsibility: Responsibility
    note: str
    state: Literal["open", "resolved"]
    began: datetime
    received: datetime
    respond_by: datetime | None
    resolved: datetime | None
    evidence: tuple[str, ...]
    left_out: tuple[str, ...]
    severities: tuple[tuple[datetime, str], ...]
    responded: datetime | None = None
    responded_by: str | None = None
    response_note: str = ""
    responses: tuple[tuple[datetime, str, str], ...] = ()
    status: str = ""
    outcome: Outcome = "ticket"
    considered: tuple[str, ...] = ()
    scope: str = ""
    coverage: str = ""
    primary_numbers: tuple[str, ...] = ()
    contract: str = ""
    coverage_hours: str = ""
    lapsed: bool = False
    outside_term: str = ""
    mapped: MappedView | None = None
    rounds: tuple[RoundView, ...] = ()
    reopened: int = 0
    acts: tuple[ActView, ...] = ()
    follows: str | None = None
    again: str = ""
    assigned_to: str = ""
    rating: int | None = None
    clock_note: str = ""
    calls: tuple[str, ...] = ()
    children: tuple[ChildView, ...] = ()
    related: tuple[str, ...] = ()
    flapping: str = ""
    times_this_week: int = 1
    remind_at: datetime | None = None
    remind_by: str = ""
    remind_note: str = ""
    window: str = ""
    unseen_since: datetime | None = None

    @property
    def recurs(self) -> str:
        """How often it was so lately, from the third time on: `third time this week`; or nothing.

        That it is the second time is said anyway: it was reopened, or follows another ticket.
        """
        return f"{ordinal(self.times_this_week)} time this week" if self.times_this_week >= RECURS else ""

    @property
    def flaps(self) -> str:
        """The same for a line: `flapping: changed 8 times in the last 20 looks`; or nothing."""
        return f"flapping: {self.flapping}" if self.flapping else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """One way by which one system is asked.

    `up`: whether the last poll was answered and could be read; None: not asked yet. `seconds`: how long the
    last poll took. `samples` are those of the last good reading, taken at `samples_at`. `must_answer` False:
    nobody there has to, so that silence says nothing.
    """

    protocol: ProtocolName
    interval: timedelta
    up: bool | None
    last_poll: datetime | None
    last_success: datetime | None
    seconds: float | None
    error: ErrorKind | None
    error_text: str | None
    samples: tuple[Sample, ...] = ()
    samples_at: datetime | None = None
    must_answer: bool = True

    @property
    def says_nothing(self) -> bool:
        """Whether it did not answer, and need not."""
        return self.up is False and not self.must_answer

    def seen(self, now: datetime) -> bool | None:
        """True only while the last poll was good and is not older than three polls; None: nobody knows.

        It was never asked, or did not answer and need not.
        """
        if self.up is None or self.says_nothing:
            return None
        return self.up and self._fresh(self.last_success, now)

    def current_samples(self, now: datetime) -> tuple[Sample, ...]:
        """The samples of the last good reading; none once it is older than three polls."""
        return self.samples if self._fresh(self.samples_at, now) else ()

    def _fresh(self, at: datetime | None, now: datetime) -> bool:
        # A device that answers, and needs longer than its interval to do so, is slow and not gone. A poll
        # that failed buys no such time.
        pace = max(self.interval, timedelta(seconds=self.seconds or 0.0)) if self.up else self.interval
        return at is not None and now - at <= STALE_AFTER * pace


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemView:
    """One monitored system. `accesses` stand in the product's order of authority: the first one counts.

    `warnings`: vendor warnings that stand (M3); None: it told nothing of alarms, or is not seen. `found`:
    alarms found at installation that nobody adopted yet (M4). `not_seen`: what its product cannot tell.
    """

    name: str
    product: str
    title: str
    function: str
    location: str
    accesses: tuple[AccessView, ...]
    warnings: int | None = None
    found: int = 0
    not_seen: tuple[str, ...] = ()

    def sight(self, now: datetime) -> Sight:
        """Whether the agent can look at it: by all its accesses, by some, by none, or was never asked.

        Unknown: it has no other way than such as need not answer, and they did not.
        """
        seen = [access.seen(now) for access in self.accesses if not access.says_nothing]
        if self.accesses and not seen:
            return "unknown"
        if any(seen):
            return "seen" if all(seen) else "partly"
        return "unseen" if False in seen else "unasked"

    @property
    def last_success(self) -> datetime | None:
        """When it was last looked at with success, by whichever protocol."""
        return max((access.last_success for access in self.accesses if access.last_success), default=None)


@dataclass(frozen=True, slots=True)
class DueView:
    """The earliest open due time of a severity's step (respond, assign, resolve)."""

    severity: str
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TargetView:
    """How the targets of a severity's step were met.

    `breaches`: missed so far, since the journal began. `ratio`: the share of those decided this month that
    were met, 0 to 1; None: none is decided.
    """

    severity: str
    step: str
    breaches: int
    ratio: float | None


@dataclass(frozen=True, slots=True)
class NumberView:
    """A primary number, and whether an incoming call finds a way to it; `on_purpose`: no, as meant (P6)."""

    number: str
    name: str
    state: Literal["yes", "no", "unknown", "on_purpose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """The whole agent at `now`.

    `contract`: its name and version. `severities`: the contract's own, worst first. `tickets`: every open one
    and the latest resolved ones. `pending_text`: one line per failure that waits out its hold.
    `unwritten`: entries of the journal that are not on the disk yet. `targets`: every severity and step that
    the contract sets one for, or that one was missed of. `unmonitored`: by system, how long since the journal
    began. `clock_synchronised` None: it cannot be told. `windows`: the maintenance windows that are in force,
    a line each. `disks_full`: by system and disk, when it is full at the rate at which it fills.
    """

    now: datetime
    started: datetime
    version: str
    site: str
    zone: str
    contract: str
    severities: tuple[str, ...]
    systems: tuple[SystemView, ...]
    tickets: tuple[TicketView, ...]
    pending: int
    pending_text: tuple[str, ...]
    next_due: tuple[DueView, ...]
    healthy: Verdict
    ready: Verdict
    numbers: tuple[NumberView, ...] = ()
    unwritten: int = 0
    targets: tuple[TargetView, ...] = ()
    unmonitored: tuple[tuple[str, timedelta], ...] = ()
    clock_synchronised: bool | None = None
    windows: tuple[str, ...] = ()
    disks_full: tuple[tuple[str, str, datetime], ...] = ()

    @property
    def open_tickets(self) -> tuple[TicketView, ...]:
        """Worst severity first, then the sooner due, then the older."""
        opened = [ticket for ticket in self.tickets if ticket.state == "open"]
        return tuple(sorted(opened, key=self._urgency))

    @property
    def resolved_tickets(self) -> tuple[TicketView, ...]:
        """The latest resolved first."""
        closed = [ticket for ticket in self.tickets if ticket.state == "resolved"]
        return tuple(sorted(closed, key=lambda ticket: ticket.resolved or ticket.received, reverse=True))

    @property
    def seen(self) -> int:
        """How many systems answer by at least one protocol."""
        return sum(system.sight(self.now) in ("seen", "partly") for system in self.systems)

    def _urgency(self, ticket: TicketView) -> tuple[int, bool, datetime, datetime]:
        # A severity that the contract in force no longer knows stands first: nobody may overlook it.
        rank = self.severities.index(ticket.severity) if ticket.severity in self.severities else -1
        due = ticket.respond_by if ticket.responded is None else None
        return rank, due is None, due or ticket.received, ticket.received


def ordinal(number: int) -> str:
    """`third`, `tenth`, `11th`, `22nd`."""
    if 0 < number < len(_ORDINALS):
        return _ORDINALS[number]
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(last, 'th')}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units, rounded down: `45s`, `1h 12m`, `2d 16h`. Sign dropped."""
    seconds = int(abs(length).total_seconds())
    amounts = [
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "m"),
        (seconds % 60, "s"),
    ]
    first = next((i for i, (amount, _) in enumerate(amounts) if amount), 3)
    words = [f"{amount}{unit}" for amount, unit in amounts[first : first + 2] if amount]
    return " ".join(words) or "0s"


def in_words(length: timedelta) -> str:
    """The same for a sentence, to the minute: `45 min`, `1 h 12 min`, `2 d 16 h`, `less than a minute`."""
    words = span(timedelta(minutes=abs(length) // timedelta(minutes=1)))
    if words == "0s":
        return "less than a minute"
    units = {"m": "min", "h": "h", "d": "d"}
    return " ".join(f"{word[:-1]} {units[word[-1]]}" for word in words.split())


def soon(at: datetime, now: datetime) -> str:
    """A time to come, for a person: `Mon 09:03` within six days, else as `moment` says it."""
    near = abs(at - now) <= timedelta(days=6)
    return f"{_DAYS[at.weekday()]} {at:%H:%M}" if near else moment(at)


def moment(at: datetime) -> str:
    """A time for a person, to the minute: `Mon 2026-11-23 09:03 CST`."""
    return f"{_DAYS[at.weekday()]} {at:%Y-%m-%d %H:%M %Z}"
