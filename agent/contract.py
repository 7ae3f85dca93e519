"""A support contract as data: its clauses in the contract's own words, its targets, its calendars. Pure.

These models are the schema of `config/contracts/*.yaml` (docs/contracts.md tells each key). What holds at a
site is judged in `agent.classify`, which states facts (`Test`); here is which clause a fact falls under, and
by when someone must do what. When that is by the clock is `agent.agreement`; what must hold between the parts
of a file is checked in `agent.contract_checks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from agent.calendar_spec import CalendarSpec
from agent.fields import AssetCoverage, Day, Duration, Model, Name, PositiveDuration

Test = Literal[
    "complete-outage",
    "half-capacity",
    "attendant-out",
    "auto-attendant-out",
    "continual-restarts",
    "primary-number-cti",
    "primary-number-location",
    "primary-number-way-in",
    "emergency",  # a trunk group or location marked so is hit
    "off-board",  # outside the covered equipment: a DS1 or SIP trunk's far side
    "service-kept",  # a spare is lost or in use; nobody notices
    "vendor-major",
    "vendor-minor",
    "any",  # every failure
]
"""What a clause can ask about a failure: a fact that the rules of reading state or do not state of it."""

Outcome = Literal["ticket", "notification", "record"]
Step = Literal["respond", "assign", "resolve", "return"]
Clock = Literal[
    "coverage",
    "elapsed",
    "around_the_clock",
    "end_of_window",
    "end_of_next_business_day",
    "minor_reading",
]
HoldReason = Literal["customer", "parts"]
MinorReading = Literal["elapsed", "from_next_opening", "24_business_hours"]
Channel = Literal["web", "phone"]
ChangeType = Literal["standard", "urgent", "scheduled", "client_performed"]


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Clause(Model):
    """One definition of a failure. `when`: the facts any of which makes it hold.

    `outcome`: a ticket with targets; a notification, told and without targets; a record, in the journal only.
    """

    id: Name
    severity: Name
    when: Annotated[tuple[Test, ...], BeforeValidator(_one_or_more)] = Field(min_length=1)
    outcome: Outcome = "ticket"
    words: str = Field(min_length=1)  # the contract's own words, which a ticket cites


def _counts_something(clock: Clock, amount: timedelta | None, business_days: int | None) -> None:
    """Refuse a target that says nothing to count, or two things. Raises ValueError."""
    by_itself = clock in ("end_of_window", "end_of_next_business_day")
    given = [
        name for name, value in (("amount", amount), ("business_days", business_days)) if value is not None
    ]
    if by_itself and given:
        raise ValueError(f"expected neither amount nor business_days with clock {clock}; got {given[0]}")
    if not by_itself and len(given) != 1:
        raise ValueError(f"expected either amount or business_days; got {' and '.join(given) or 'neither'}")
    if business_days is not None and clock != "coverage":
        raise ValueError(f"expected clock coverage with business_days; got {clock}")


class Target(Model):
    """By when a step must be taken. `clock`: how the amount is counted.

    coverage: inside open hours only. elapsed: as the clock runs; a due time outside open hours moves to the
    next opening. around_the_clock: as the clock runs, whatever the hours. end_of_window: by the end of the
    current or next window. end_of_next_business_day: by the end of the next open day's hours. minor_reading:
    as the decision of that name says. `business_days` instead of `amount`: so many open days.

    `calendar`: whose hours; None: the coverage hours in force. `channel`: only for requests that come that
    way. `pauses`: what a ticket may wait for without this clock running. `goal`: per cent of rounds that must
    meet it; None: the contract names none.
    """

    severity: Name
    step: Step
    amount: PositiveDuration | None = None
    business_days: int | None = Field(default=None, ge=1, le=366)
    clock: Clock
    calendar: Name | None = None
    channel: Channel | None = None
    pauses: tuple[HoldReason, ...] = ()
    goal: int | None = Field(default=None, ge=1, le=100)
    words: str = ""

    @model_validator(mode="after")
    def _is_countable(self) -> Self:
        _counts_something(self.clock, self.amount, self.business_days)
        return self


class ChangeTarget(Model):
    """By when a step of a change request must be taken, as `Target` says it for failures."""

    type: ChangeType
    step: Step
    amount: PositiveDuration | None = None
    business_days: int | None = Field(default=None, ge=1, le=366)
    clock: Literal["coverage", "around_the_clock"] = "around_the_clock"
    calendar: Name | None = None
    goal: int | None = Field(default=None, ge=1, le=100)

    @model_validator(mode="after")
    def _is_countable(self) -> Self:
        _counts_something(self.clock, self.amount, self.business_days)
        return self


class Level(Model):
    """How a contract calls one of its severities, and how a request of it must be opened.

    `open_by`: "phone" where an electronic ticket alone does not open it; a ticket then says so.
    """

    title: str
    open_by: Literal["phone", "portal"] | None = None
    words: str = ""


class Term(Model):
    """From which to which day the contract runs, both included."""

    begins: Day
    ends: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends < self.begins:
            raise ValueError(f"expected a term that ends after it begins; got {self.begins} to {self.ends}")
        return self


class Decisions(Model):
    """Our readings where the contract is silent or says two things. A site may set each of them.

    coverage_hours: which of the contract's calendars runs the respond clock.
    minor_reading: how the 24 hours of a minor failure are counted.
    respond_follows_asset: the asset's own on-site hours run the respond clock instead.
    channel: how requests reach the vendor, where its targets differ by that.
    primary_number_way_in: whether a lost trunk, border or signalling way counts under that clause.
    half_capacity_percent: T6. half_capacity_down_percent: T7, the way back.
    station_begins_percent, station_floor, station_fall_percent, station_peak_within: S2, S5.
    station_fall_within: S2, the fall that counts where nothing better is known.
    station_samples: S1, from how many weeks a slot's count is learned (twelve are kept).
    statement_polls: O2, how often a system must say alone that it is down.
    survivable_percent: O4, the share of trunks and stations that survivable processors must serve.
    restart_stands: R2, how long a restart stands without another.
    restarts_within: R2, in which time `restarts_many` restarts are continual; the same for a day.
    unknown_trap_stands: I17. reopen_within: C2. warn_percent: of a target, when a warning is told.
    flapping_percent, flapping_over_percent: I12, of the last 20 looks. flapping_well_for: I12.
    """

    coverage_hours: Name | None = None
    minor_reading: MinorReading = "elapsed"
    respond_follows_asset: bool = False
    channel: Channel = "web"
    primary_number_way_in: bool = True
    half_capacity_percent: int = Field(default=50, ge=1, le=100)
    half_capacity_down_percent: int = Field(default=45, ge=1, le=100)
    station_begins_percent: int = Field(default=10, ge=1, le=100)
    station_floor: int = Field(default=10, ge=1)
    station_fall_percent: int = Field(default=50, ge=1, le=100)
    station_peak_within: Duration = timedelta(minutes=60)
    station_fall_within: Duration = timedelta(minutes=10)
    station_samples: int = Field(default=4, ge=1, le=12)
    statement_polls: int = Field(default=3, ge=1)
    survivable_percent: int = Field(default=50, ge=1, le=100)
    restart_stands: Duration = timedelta(minutes=60)
    restarts_many: int = Field(default=3, ge=2)
    restarts_within: Duration = timedelta(minutes=60)
    restarts_many_in_a_day: int = Field(default=5, ge=2)
    unknown_trap_stands: Duration = timedelta(hours=24)
    reopen_within: Duration = timedelta(hours=4)
    warn_percent: int = Field(default=75, ge=1, le=99)
    flapping_percent: int = Field(default=30, ge=1, le=100)
    flapping_over_percent: int = Field(default=25, ge=1, le=100)
    flapping_well_for: Duration = timedelta(minutes=30)


class Contract(Model):
    """A whole contract file. `severities`: worst first. `clauses`: in order of precedence (P7).

    `effective`: from when this version counts. `dispatch_hours`: the calendar of on-site work.
    `asset_coverage`: the calendar of each on-site coverage that can be bought for an asset.
    `local_calendars`: those whose hours are meant where the failed product is, in the zone of its location.
    """

    contract: Name
    title: str
    version: str
    effective: Day | None = None
    term: Term | None = None
    source: str
    severities: tuple[Name, ...] = Field(min_length=1)
    levels: dict[Name, Level] = Field(default_factory=dict)
    clauses: tuple[Clause, ...] = Field(min_length=1)
    targets: tuple[Target, ...] = Field(min_length=1)
    change_targets: tuple[ChangeTarget, ...] = ()
    calendars: dict[Name, CalendarSpec] = Field(min_length=1)
    local_calendars: tuple[Name, ...] = ()
    dispatch_hours: Name | None = None
    asset_coverage: dict[AssetCoverage, Name] = Field(default_factory=dict)
    decisions: Decisions = Decisions()

    @property
    def label(self) -> str:
        """Name and version, as an entry of the journal records it (C3)."""
        return f"{self.contract} {self.version}"

    @property
    def coverage_hours(self) -> str:
        """The calendar that runs the respond clock: as decided, else the first in the file."""
        return self.decisions.coverage_hours or next(iter(self.calendars))

    def title_of(self, severity: str) -> str:
        """How the contract itself calls that severity."""
        return self.levels[severity].title if severity in self.levels else severity

    def opened_by_phone(self, severity: str) -> bool:
        """Whether an electronic ticket alone does not open a request of that severity."""
        return severity in self.levels and self.levels[severity].open_by == "phone"

    def holding(self, facts: Iterable[Test]) -> tuple[Clause, ...]:
        """Every clause that holds for a failure with these facts, the one that decides first (P7).

        Never empty: what no other clause covers falls under the one about any failure, and that alone (M7).
        """
        stated = set(facts)
        if not self.decisions.primary_number_way_in:
            stated.discard("primary-number-way-in")
        found = tuple(clause for clause in self.clauses if not stated.isdisjoint(clause.when))
        return found or (self.catch_all,)

    @cached_property
    def catch_all(self) -> Clause:
        """The clause of every failure that no other one covers (M7)."""
        return next(clause for clause in self.clauses if "any" in clause.when)

    def clause(self, clause_id: str) -> Clause | None:
        """The clause of that id; None where this contract has none."""
        return next((clause for clause in self.clauses if clause.id == clause_id), None)

    def worse(self, one: str, other: str) -> bool:
        """Whether severity `one` is worse than `other`; one that this contract does not know is the worst."""
        return self._rank(one) < self._rank(other)

    def _rank(self, severity: str) -> int:
        return self.severities.index(severity) if severity in self.severities else -1

    def target(self, severity: str, step: Step) -> Target | None:
        """What the contract promises for that step, by the channel in use; None: nothing."""
        return next(
            (
                target
                for target in self.targets
                if (target.severity, target.step) == (severity, step)
                and target.channel in (None, self.decisions.channel)
            ),
            None,
        )
