"""A support contract as data: its clauses in the contract's own words, its targets, its calendars. Pure.

These models are the schema of `config/contracts/*.yaml`. What the clauses mean for a site is judged in
`agent.classify`; here is what they say, and by when someone must respond.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from agent.calendar_spec import CalendarSpec
from agent.calendars import Calendar
from agent.fields import Duration, Model, Name, PositiveDuration

Test = Literal["complete-outage", "half-capacity", "any"]
Step = Literal["respond", "assign", "resolve"]
MinorReading = Literal["elapsed", "from_next_opening", "24_business_hours"]


class Clause(Model):
    """One definition of a failure. `test`: which judgement of `agent.classify` it is about."""

    id: Name
    severity: Name
    test: Test
    words: str = Field(min_length=1)  # the contract's own words, which a ticket cites


class Target(Model):
    """By when a step must be taken. `clock`: how the amount is counted.

    coverage: inside coverage hours only. elapsed: as the clock runs; a due time outside coverage hours
    moves to the next opening. minor_reading: as the decision of that name says.
    """

    severity: Name
    step: Step
    amount: PositiveDuration
    clock: Literal["coverage", "elapsed", "minor_reading"]
    words: str = ""


class Decisions(Model):
    """Our readings where the contract is silent or says two things. A site may set each of them.

    coverage_hours: which of the contract's calendars runs the respond clock.
    minor_reading: how the 24 hours of a minor failure are counted.
    half_capacity_percent: T6. half_capacity_down_percent: T7, the way back.
    station_begins_percent, station_floor, station_fall_percent, station_fall_within: S2, S5.
    statement_polls: O2, how often a system must say alone that it is down.
    restart_stands: R2, how long a restart stands without another.
    """

    coverage_hours: Name = "schedule-b"
    minor_reading: MinorReading = "elapsed"
    half_capacity_percent: int = Field(default=50, ge=1, le=100)
    half_capacity_down_percent: int = Field(default=45, ge=1, le=100)
    station_begins_percent: int = Field(default=10, ge=1, le=100)
    station_floor: int = Field(default=10, ge=1)
    station_fall_percent: int = Field(default=50, ge=1, le=100)
    station_fall_within: Duration = timedelta(minutes=10)
    statement_polls: int = Field(default=3, ge=1)
    restart_stands: Duration = timedelta(minutes=60)


class Contract(Model):
    """A whole contract file. `severities`: worst first. `clauses`: in order of precedence (P7)."""

    contract: Name
    title: str
    version: str
    source: str
    severities: tuple[Name, ...] = Field(min_length=1)
    clauses: tuple[Clause, ...] = Field(min_length=1)
    targets: tuple[Target, ...] = Field(min_length=1)
    calendars: dict[Name, CalendarSpec]
    decisions: Decisions = Decisions()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        known = set(self.severities)
        for clause in self.clauses:
            if clause.severity not in known:
                raise ValueError(
                    f"expected clause {clause.id} to have one of the severities "
                    f"{', '.join(self.severities)}; got {clause.severity!r}"
                )
        for severity in self.severities:
            if not any(t.severity == severity and t.step == "respond" for t in self.targets):
                raise ValueError(f"expected a respond target for severity {severity}; got none")
        if not any(clause.test == "any" for clause in self.clauses):
            raise ValueError("expected a clause with test: any, so that no failure is dropped; got none")
        if self.decisions.coverage_hours not in self.calendars:
            raise ValueError(
                f"expected coverage_hours to be one of the calendars {', '.join(self.calendars)}; "
                f"got {self.decisions.coverage_hours!r}"
            )
        return self

    @property
    def label(self) -> str:
        """Name and version, as an entry of the journal records it (C3)."""
        return f"{self.contract} {self.version}"

    def clause_for(self, test: Test) -> Clause | None:
        """The first clause about that judgement; None where the contract has none."""
        return next((clause for clause in self.clauses if clause.test == test), None)

    @cached_property
    def catch_all(self) -> Clause:
        """The clause of every failure that no other one covers (M7)."""
        return next(clause for clause in self.clauses if clause.test == "any")

    def worse(self, one: str, other: str) -> bool:
        """Whether severity `one` is worse than `other`; one that this contract does not know is the worst."""
        return self._rank(one) < self._rank(other)

    def _rank(self, severity: str) -> int:
        return self.severities.index(severity) if severity in self.severities else -1

    def calendar(self, holidays: Mapping[date, str]) -> Calendar:
        """The coverage hours in force, with the site's holidays."""
        return self.calendars[self.decisions.coverage_hours].to_calendar(holidays)

    def due(self, severity: str, step: Step, received: datetime, hours: Calendar) -> datetime | None:
        """When that step is due; None where the contract sets no target, or coverage never opens."""
        target = next((t for t in self.targets if (t.severity, t.step) == (severity, step)), None)
        if target is None:
            return None
        clock = self.decisions.minor_reading if target.clock == "minor_reading" else target.clock
        if clock in ("coverage", "24_business_hours"):
            return hours.add(received, target.amount)
        if clock == "from_next_opening":
            start = hours.next_open(received)
            return None if start is None else _into_hours(start + target.amount, hours)
        return _into_hours(received + target.amount, hours)


def _into_hours(due: datetime, hours: Calendar) -> datetime | None:
    # Due at closing time stays at closing time: the instant before it was still open.
    if hours.is_open(due) or hours.is_open(due - timedelta(microseconds=1)):
        return due.astimezone(hours.zone)
    return hours.next_open(due)
