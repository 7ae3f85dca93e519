"""The contract as it is in force at a site: with the site's decisions and the days it is closed. Pure.

By it a due time is reckoned, and the arithmetic can be shown. A ticket keeps the agreement by which it was
classified until it closes (C3), so the journal holds each one that was ever in force (`AgreementTaken`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from agent.calendar_spec import CalendarSpec, parse_hours
from agent.calendars import HORIZON, Calendar, Hours, Pause, Window
from agent.contract import Contract, Decisions, Step, Target, Term
from agent.entries import AgreementTaken, ClosedDay, OtherHours
from agent.fields import AssetCoverage

Counting = Literal[
    "coverage",
    "24_business_hours",
    "business_days",
    "elapsed",
    "from_next_opening",
    "around_the_clock",
    "end_of_window",
    "end_of_next_business_day",
]
"""How a due time is counted: a target's clock, once the site's decisions are in it."""

AROUND_THE_CLOCK = Calendar(
    zone=ZoneInfo("UTC"), windows=(Window(days=frozenset(range(7)), open="00:00", close="24:00"),)
)
"""Hours that never close, by which elapsed time is counted."""

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)  # without slots, for what is worked out once
class Agreement:
    """A contract with the site's decisions in it. `holidays`: dates and names; `overrides`: other hours.

    `source`: what is in the contract's file, as JSON. `decided`: what the site decides otherwise, the same.
    `zone`: where the failed product is, for the hours that are meant there; None: as the file says. `zones`:
    of the locations that are not in the site's own.
    """

    contract: Contract
    holidays: Mapping[date, str] = field(default_factory=dict)
    overrides: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict)
    source: str = ""
    decided: str = "{}"
    zone: ZoneInfo | None = None
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)

    @classmethod
    def read(cls, entry: AgreementTaken) -> Agreement:
        """The agreement that an entry of the journal holds. Raises ValueError where it cannot be read."""
        return _read(entry)

    def written(self) -> AgreementTaken:
        """The entry that keeps it."""
        return AgreementTaken(
            label=self.contract.label,
            contract=self.source,
            decisions=self.decided,
            holidays=tuple(ClosedDay(day=day, name=name) for day, name in sorted(self.holidays.items())),
            overrides=tuple(
                OtherHours(day=day, hours=tuple(str(each) for each in hours))
                for day, hours in sorted(self.overrides.items())
            ),
        )

    @cached_property
    def _calendars(self) -> Mapping[str, Calendar]:
        specs = dict(self.contract.calendars)
        if self.zone is not None:
            for name in self.contract.local_calendars:
                specs[name] = specs[name].model_copy(update={"zone": self.zone})
        return {name: spec.to_calendar(self.holidays, self.overrides) for name, spec in specs.items()}

    @cached_property
    def _elsewhere(self) -> dict[ZoneInfo, Agreement]:
        return {}

    def at(self, zone: ZoneInfo) -> Agreement:
        """The same for a product in that zone: it tells where a contract means the hours of the place."""
        if zone == self.zone or not self.contract.local_calendars:
            return self
        return self._elsewhere.setdefault(zone, replace(self, zone=zone))

    def at_place(self, location: str | None) -> Agreement:
        """The same for a product at that location of the site."""
        zone = self.zones.get(location or "")
        return self if zone is None else self.at(zone)

    def hours(self, name: str | None = None) -> Calendar:
        """One of the contract's calendars with the site's holidays; None: the coverage hours in force."""
        return self._calendars[name or self.contract.coverage_hours]

    def calendar_of(self, target: Target, coverage: AssetCoverage | None = None) -> str:
        """The name of the calendar that a target is counted by, for an asset of that on-site coverage."""
        decisions = self.contract.decisions
        if target.calendar is not None:
            return target.calendar
        if decisions.respond_follows_asset and coverage in self.contract.asset_coverage:
            return self.contract.asset_coverage[coverage]
        return self.contract.coverage_hours

    def due(
        self,
        severity: str,
        step: Step,
        received: datetime,
        *,
        coverage: AssetCoverage | None = None,
        pauses: Iterable[Pause] = (),
    ) -> datetime | None:
        """When that step is due; None: the contract sets no target, or the hours never open."""
        target = self.contract.target(severity, step)
        if target is None:
            return None
        return self.due_by(target, received, coverage=coverage, pauses=pauses)

    def due_by(
        self,
        target: Target,
        received: datetime,
        *,
        coverage: AssetCoverage | None = None,
        pauses: Iterable[Pause] = (),
    ) -> datetime | None:
        """When that target is due. `pauses`: stretches in which its clock stands still."""
        hours = self.hours(self.calendar_of(target, coverage))
        held = tuple(pauses)
        amount = target.amount or timedelta(0)
        match self.clock_of(target):
            case "coverage" | "24_business_hours":
                return hours.add(received, amount, pauses=held)
            case "business_days":
                return _moved(_after_days(received, target.business_days or 0, hours), received, hours, held)
            case "from_next_opening":
                start = hours.next_open(received)
                due = None if start is None else AROUND_THE_CLOCK.add(start, amount, pauses=held)
                return _into_hours(due, hours)
            case "around_the_clock":
                return AROUND_THE_CLOCK.add(received, amount, pauses=held)
            case "end_of_window":
                return _moved(hours.closing(received), received, hours, held)
            case "end_of_next_business_day":
                return _moved(_after_days(received, 1, hours), received, hours, held)
            case "elapsed":
                return _into_hours(AROUND_THE_CLOCK.add(received, amount, pauses=held), hours)

    def clock_of(self, target: Target) -> Counting:
        """How that target is counted, with the site's reading of the minor failure's 24 hours in it."""
        if target.business_days is not None:
            return "business_days"
        return self.contract.decisions.minor_reading if target.clock == "minor_reading" else target.clock


def decided(contract: Contract, source: str, choice: str, **closed: Any) -> Agreement:
    """The agreement of a contract and what a site decides otherwise: `{"decisions": {…}, "term": {…}, …}`.

    `calendars`: the site's own hours, as it means them (not local to a product). `zone`: the site's; `zones`:
    those of its locations that are in another. `closed`: its holidays and overrides. Raises ValueError.
    """
    chosen = json.loads(choice)
    own = Decisions.model_validate_json(json.dumps(chosen.get("decisions") or {}))
    update = {key: getattr(own, key) for key in own.model_fields_set}
    changes: dict[str, Any] = {"decisions": contract.decisions.model_copy(update=update)}
    if chosen.get("term"):
        changes["term"] = Term.model_validate_json(json.dumps(chosen["term"]))
    if given := chosen.get("calendars"):
        hours = {name: CalendarSpec.model_validate_json(json.dumps(spec)) for name, spec in given.items()}
        changes["calendars"] = contract.calendars | hours
        changes["local_calendars"] = tuple(n for n in contract.local_calendars if n not in given)
    zone = ZoneInfo(chosen["zone"]) if chosen.get("zone") else None
    zones = {place: ZoneInfo(name) for place, name in (chosen.get("zones") or {}).items()}
    return Agreement(
        contract.model_copy(update=changes), source=source, decided=choice, zone=zone, zones=zones, **closed
    )


@lru_cache(maxsize=64)  # a site has few; each reader of the journal asks for them again
def _read(entry: AgreementTaken) -> Agreement:
    return decided(
        Contract.model_validate_json(entry.contract),
        entry.contract,
        entry.decisions,
        holidays={each.day: each.name for each in entry.holidays},
        overrides={each.day: tuple(parse_hours(text) for text in each.hours) for each in entry.overrides},
    )


def _after_days(at: datetime, days: int, hours: Calendar) -> datetime | None:
    """The last closing of the day that is so many open days after the one of `at`.

    A day that is over by then, while the night before it still runs, is none of them.
    """
    day = hours.business_day(at)
    for _ in range(HORIZON.days):
        day += timedelta(days=1)
        closing = hours.last_closing(day)
        if closing is not None and closing.astimezone(UTC) > at.astimezone(UTC):
            days -= 1
            if not days:
                return closing
    return None


def _moved(
    due: datetime | None, received: datetime, hours: Calendar, pauses: tuple[Pause, ...]
) -> datetime | None:
    """A due time that no amount led to, later by the open time for which the clock stood still."""
    if due is None or not pauses:
        return due
    lost = hours.between(received, due) - hours.between(received, due, pauses=pauses)
    return hours.add(due, lost, pauses=pauses) if lost else due


def _into_hours(due: datetime | None, hours: Calendar) -> datetime | None:
    # Due at closing time stays at closing time: the instant before it was still open.
    if due is None:
        return None
    if hours.is_open(due) or hours.is_open(due - _INSTANT):
        return due.astimezone(hours.zone)
    return hours.next_open(due)
