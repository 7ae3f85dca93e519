"""How a due time comes about: the hours that counted, and one line for a person who asks. Pure.

`Agreement.due_by` decides when something is due; this shows its arithmetic and decides nothing. The words of
days are English and never the process's locale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from agent.agreement import AROUND_THE_CLOCK, Agreement
from agent.calendars import Calendar, Pause
from agent.contract import Target
from agent.fields import AssetCoverage

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Stretch = tuple[datetime, datetime]

_SHOWN = 4  # days of work that a line names one by one; of more it names the first and the last
_WEEK = timedelta(days=6)  # within it a weekday's name alone says which day
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """A due time and how it came about, in the zone of the calendar that it was counted by.

    `calendar`: that calendar's name. `due` None: never. `stretches`: the time that counted, from and until,
    in order; none where the target is no amount of time. `words`: one line.
    """

    target: Target
    calendar: str
    received: datetime
    due: datetime | None
    stretches: tuple[Stretch, ...]
    words: str


def reckon(
    agreement: Agreement,
    target: Target,
    received: datetime,
    *,
    coverage: AssetCoverage | None = None,
    pauses: Iterable[Pause] = (),
) -> Reckoning:
    """Show how a target that opens at `received` comes to its due time.

    `coverage`: of the asset. `pauses`: while its clock stood still. Raises ValueError for a time without an
    offset.
    """
    held = tuple(pauses)
    name, clock = agreement.calendar_of(target, coverage), agreement.clock_of(target)
    hours = agreement.hours(name)
    due = agreement.due_by(target, received, coverage=coverage, pauses=held)
    begins = hours.next_open(received) if clock == "from_next_opening" else received
    runs = clock in ("elapsed", "from_next_opening", "around_the_clock")  # else it counts open hours
    counted = AROUND_THE_CLOCK if runs else hours
    ends = due
    if runs and begins is not None and target.amount is not None:
        ends = counted.add(begins, target.amount, pauses=held)
    stretches: tuple[Stretch, ...] = ()
    words = _never(held)
    if due is not None and begins is not None and ends is not None:
        if target.amount is not None:
            stretches = tuple(_joined(counted.spans(begins, ends, pauses=held), hours))
        lost = counted.between(begins, ends) - counted.between(begins, ends, pauses=held)
        words = _Words(hours, clock, target, _utc(received), _utc(due)).line(
            stretches, _utc(begins), _utc(ends), lost
        )
    return Reckoning(
        target=target,
        calendar=name,
        received=received.astimezone(hours.zone),
        due=None if due is None else due.astimezone(hours.zone),
        stretches=stretches,
        words=words,
    )


def length(amount: timedelta) -> str:
    """A length of time in full: `2 h 2 min`, `58 min`, `57 min 30 s`, `24 h`."""
    minutes, rest = divmod(amount, timedelta(minutes=1))
    parts = ((minutes // 60, "h"), (minutes % 60, "min"), (rest.total_seconds(), "s"))
    return " ".join(f"{value:.9g} {unit}" for value, unit in parts if value) or "0 min"


def clock_text(at: datetime) -> str:
    """The time of day, with seconds where there are any."""
    return f"{at:%H:%M:%S}" if at.second or at.microsecond else f"{at:%H:%M}"


def _utc(at: datetime) -> datetime:
    # Python compares and subtracts two times of one zone by their wall clocks.
    return at.astimezone(UTC)


def _joined(spans: Iterable[Stretch], hours: Calendar) -> Iterator[Stretch]:
    """The stretches in the calendar's zone, those that touch joined."""
    low: datetime | None = None
    high: datetime | None = None
    for begin, end in spans:
        if low is not None and high is not None and _utc(begin) > _utc(high):
            yield low.astimezone(hours.zone), high.astimezone(hours.zone)
            low = None
        low, high = (begin if low is None else low), end
    if low is not None and high is not None:
        yield low.astimezone(hours.zone), high.astimezone(hours.zone)


def _never(pauses: tuple[Pause, ...]) -> str:
    if any(pause.end is None for pause in pauses):
        return "never, as long as its clock stands still"
    return "never: these hours do not give so much within 400 days"


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one due time. All times in UTC but the stretches."""

    hours: Calendar
    clock: str
    target: Target
    received: datetime
    due: datetime

    def line(self, stretches: tuple[Stretch, ...], begins: datetime, ends: datetime, lost: timedelta) -> str:
        parts = [self._amount(stretches, begins, ends)]
        if lost:
            parts.append(f"its clock stood still for {length(lost)}")
        return "; ".join([*parts, *self._closed()])

    def _amount(self, stretches: tuple[Stretch, ...], begins: datetime, ends: datetime) -> str:
        since = self._day(self.hours.business_day(self.received))
        match self.clock:
            case "coverage" | "24_business_hours":
                return f"{self._asked()} of open hours: {self._by_day(stretches)}"
            case "around_the_clock":
                return f"{self._asked()} as the clock runs, open or not: {self._when(ends)}"
            case "end_of_window":
                which = "the window" if self.hours.is_open(self.received) else "closed; the next window"
                return f"{which} ends {self._when(ends)}"
            case "end_of_next_business_day":
                return f"the next open day after {since} ends {self._when(ends)}"
            case "business_days":
                days = self.target.business_days
                return f"{days} open day{'s' * (days != 1)} after {since}: the last ends {self._when(ends)}"
        words = f"{self._asked()} as the clock runs: {self._when(ends)}"
        if begins != self.received:
            words = f"closed; opens {self._when(begins)}, and {words}"
        return words if self.due == ends else f"{words}, when it is closed; opens {self._when(self.due)}"

    def _asked(self) -> str:
        return length(self.target.amount or _NONE)

    def _by_day(self, stretches: tuple[Stretch, ...]) -> str:
        """`58 min Friday, 2 h 2 min Monday`: what each day gave, a night under the day it began."""
        days = [
            (day, sum((_utc(high) - _utc(low) for low, high in group), _NONE))
            for day, group in groupby(stretches, key=lambda stretch: stretch[0].date())
        ]
        told = [f"{length(amount)} {self._day(day)}" for day, amount in days]
        if len(days) <= _SHOWN:
            return ", ".join(told)
        between = length(sum((amount for _, amount in days[1:-1]), _NONE))
        return f"{told[0]}, {between} on {len(days) - 2} days between, {told[-1]}"

    def _closed(self) -> Iterator[str]:
        """The days on the way that were closed, or open otherwise than their week says."""
        if self.clock == "around_the_clock":
            return
        day, last = self._date(self.received), self._date(self.due)
        while day <= last:
            if (other := self.hours.overrides.get(day)) is not None:
                hours = ", ".join(map(str, other))
                yield f"{self._day(day)} open {hours} only" if hours else f"{self._day(day)} closed"
            elif day in self.hours.holidays and any(day.weekday() in w.days for w in self.hours.windows):
                yield f"{self._day(day)} closed ({self.hours.holidays[day]})"
            day += timedelta(days=1)

    def _when(self, at: datetime) -> str:
        return f"{self._day(self._date(at))} {clock_text(at.astimezone(self.hours.zone))}"

    def _day(self, day: date) -> str:
        near = self._date(self.due) - self._date(self.received) <= _WEEK
        return DAYS[day.weekday()] if near else f"{DAYS[day.weekday()]} {day}"

    def _date(self, at: datetime) -> date:
        return at.astimezone(self.hours.zone).date()
