"""Random due times, asked of the function that `trunkwatch due` prints and of the oracle of minutes.

python -m tests.due_cases [CASES [SEED]]      prints how many agreed, and what one answer takes
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from agent.agreement import Agreement
from agent.calendars import Hours, Pause
from agent.contract import Contract, Target
from agent.reckoning import reckon
from tests.open_minutes import Held, OpenMinutes

BEGIN, DAYS = date(2024, 1, 1), 890  # minutes that the oracle knows: until June 2026
FIRST, LAST = datetime(2024, 2, 1, tzinfo=UTC), datetime(2025, 4, 15, tzinfo=UTC)  # of receipt
PER_CALENDAR = 800

ZONES = [
    *["America/Chicago"] * 3, "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "America/Phoenix",
    "Asia/Kolkata",
]  # fmt: skip
CLOCKS = [
    "00:00", "01:15", "01:30", "02:00", "02:15", "02:30", "03:00", "06:00", "07:00", "08:00", "12:00",
    "13:00", "17:00", "18:00", "22:00", "23:45", "24:00",
]  # fmt: skip
WEEKS: list[dict[str, list[str]]] = [
    {"mon-fri": ["07:00-18:00"]},
    {"mon-fri": ["08:00-12:00", "13:00-17:00"], "sat": ["09:00-12:00"]},
    {"mon-sun": ["00:00-24:00"]},
    {"sun-thu": ["22:00-06:00"]},
    {"wed": ["12:00-12:15"]},  # so little that much is never due
]
COUNTINGS: list[dict[str, Any]] = [
    {"clock": "coverage", "amount": "3h"},
    {"clock": "minor_reading", "amount": "24h"},
    {"clock": "elapsed", "amount": "24h"},
    {"clock": "around_the_clock", "amount": "4h"},
    {"clock": "end_of_window"},
    {"clock": "end_of_next_business_day"},
    {"clock": "coverage", "business_days": 1},
]
READINGS = ["elapsed", "from_next_opening", "24_business_hours"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all cases. `counted`: how many of each way of counting. `seconds`: in our own code."""

    cases: int
    disagreements: tuple[str, ...]
    counted: Counter[str]
    paused: int
    never: int
    seconds: float


def compared(cases: int, seed: int) -> Outcome:
    """Ask both about so many random cases."""
    dice = random.Random(seed)  # noqa: S311 - cases to try, no secrets
    wrong: list[str] = []
    counted: Counter[str] = Counter()
    paused = never = asked = 0
    spent = 0.0
    while asked < cases:
        agreement = _agreement(dice)
        minutes = OpenMinutes(agreement.hours(), BEGIN, DAYS)
        for received, held in _receipts(dice, minutes, min(PER_CALENDAR, cases - asked)):
            target = _asked(dice, agreement.contract.targets[asked % len(COUNTINGS)])
            pauses = tuple(Pause(begin=_at(minutes, 60 * a), end=_at(minutes, 60 * b)) for a, b in held)
            began = time.process_time()
            found = reckon(agreement, target, _at(minutes, received), pauses=pauses)
            spent += time.process_time() - began
            clock = agreement.clock_of(target)
            amount = round((target.amount or timedelta(0)).total_seconds())
            right = _right(minutes, clock, amount, target.business_days or 1, received, held)
            # in UTC: Python calls no two times of different zones equal where one is shown twice
            due = (
                None
                if found.due is None
                else round((found.due.astimezone(UTC) - minutes.begin).total_seconds())
            )
            if due != right or found.words.startswith("never") != (right is None):
                wrong.append(f"{clock} {amount} from {_at(minutes, received)}: {found.due}, not {right}")
            asked += 1
            counted[clock] += 1
            paused += bool(held)
            never += right is None
    return Outcome(asked, tuple(wrong), counted, paused, never, spent)


def _right(minutes: OpenMinutes, clock: str, amount: int, days: int, at: int, held: Held) -> int | None:
    """The reading of each way of counting, in minutes."""
    match clock:
        case "coverage" | "24_business_hours":
            return minutes.add(at, amount, held)
        case "elapsed":
            return minutes.into_hours(minutes.elapsed(at, amount, held))
        case "from_next_opening":
            return minutes.into_hours(minutes.elapsed(minutes.next_open(at), amount, held))
        case "around_the_clock":
            return minutes.elapsed(at, amount, held)
        case "end_of_window":
            return minutes.moved(minutes.closing(at), at, held)
        case "end_of_next_business_day":
            return minutes.moved(minutes.end_of_open_day(at, 1), at, held)
        case "business_days":
            return minutes.moved(minutes.end_of_open_day(at, days), at, held)
    raise AssertionError(clock)


def _agreement(dice: random.Random) -> Agreement:
    """A contract with one calendar and every way of counting, at a site with closed days."""
    targets = [
        {"severity": f"s{number}", "step": "respond", **counting} for number, counting in enumerate(COUNTINGS)
    ]
    contract = Contract.model_validate(
        {
            "contract": "dice",
            "title": "Dice",
            "version": "1",
            "source": "dice",
            "severities": [target["severity"] for target in targets],
            "clauses": [{"id": "any", "severity": "s0", "when": "any", "words": "any"}],
            "targets": targets,
            "calendars": {"hours": _week(dice)},
            "decisions": {"minor_reading": dice.choice(READINGS)},
        }
    )
    days = [BEGIN + timedelta(days=dice.randrange(DAYS)) for _ in range(80)]
    holidays = {*days[:50], date(2024, 2, 29)}  # a leap day is closed, too
    overrides = {day: _hours(dice) for day in days[45:]}
    return Agreement(contract, holidays=dict.fromkeys(holidays, "a holiday"), overrides=overrides)


def _asked(dice: random.Random, target: Target) -> Target:
    """That target, with another amount now and then."""
    if target.business_days is not None:
        return target.model_copy(update={"business_days": dice.randint(1, 12)})
    if target.amount is None or dice.random() < 0.3:
        return target
    amount = dice.choice([15, 45, 240, 1440, 2880, 30000, dice.randint(1, 4000)])
    return target.model_copy(update={"amount": timedelta(minutes=amount)})


def _week(dice: random.Random) -> dict[str, Any]:
    week = dice.choice(WEEKS) if dice.random() < 0.5 else {}
    for days in ("mon-sun", dice.choice(["mon-fri", "sat-sun", "fri-mon", "wed"])) if not week else ():
        week = {**week, days: [str(_one(dice)) for _ in range(dice.randint(1, 2))]}
    return {"zone": dice.choice(ZONES), "open": week, "holiday_scope": dice.choice(["shift", "date"])}


def _one(dice: random.Random) -> Hours:
    while True:
        opens, closes = dice.choice(CLOCKS[:-1]), dice.choice(CLOCKS)
        if opens != closes:
            return Hours(open=opens, close=closes)


def _hours(dice: random.Random) -> tuple[Hours, ...]:
    return tuple(_one(dice) for _ in range(dice.randint(0, 2)))


def _receipts(dice: random.Random, minutes: OpenMinutes, number: int) -> Iterator[tuple[int, Held]]:
    """When it was received, in seconds, and while what its clock stood still, in minutes."""
    first, last = (round((each - minutes.begin).total_seconds()) for each in (FIRST, LAST))
    edges = minutes.edges(first // 60, last // 60)
    for _ in range(number):
        at = dice.randrange(first, last)
        if edges and dice.random() < 0.3:  # at an opening or a closing, or the second before or after
            at = dice.choice(edges) * 60 + dice.choice([-1, 0, 1])
        held: list[tuple[int, int]] = []
        if dice.random() < 0.1:
            for _ in range(dice.randint(1, 3)):
                begin = at // 60 + dice.randint(-600, 3000)
                held.append((begin, begin + dice.randint(0, 2500)))
        yield at, held


def _at(minutes: OpenMinutes, seconds: int) -> datetime:
    return minutes.begin + timedelta(seconds=seconds)


def main() -> None:
    """Print the outcome for docs/due.md."""
    cases, seed = (int(text) for text in (*sys.argv[1:], *("100000", "1")[len(sys.argv) - 1 :]))
    outcome = compared(cases, seed)
    print(f"seed {seed}: {outcome.cases} cases, {len(outcome.disagreements)} disagreements")
    print(f"{outcome.paused} with pauses, {outcome.never} never due")
    print(", ".join(f"{clock} {number}" for clock, number in sorted(outcome.counted.items())))
    print(f"{outcome.seconds / outcome.cases * 1e6:.0f} microseconds for a due time with its words")
    for line in outcome.disagreements[:5]:
        print(line)


if __name__ == "__main__":
    main()
