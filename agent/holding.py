"""How long a failure must last or stay away before it is told (rules I5, I6, I9, T7): one by itself. Pure.

What it has to do with others, and what is told of it, is `agent.deciding`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter

from agent.contract import Contract
from agent.entries import Resolved, Updated
from agent.failures import Failure, Ruling
from agent.incidents import Open, Pending

TEXT_EVERY = timedelta(minutes=5)  # figures may move with every poll; an operator's log should not
# What is told anew where the class stays.
_TOLD = attrgetter("summary", "responsibility", "facts", "flapping")


def hold_on(
    before: Pending | None, failure: Failure, now: datetime, together: Pending | None = None
) -> Pending:
    """A failure that is no ticket, seen again: for how long it has lasted.

    `together`: the failure of all parts, which this was a part of before its own cause was known.
    """
    freed = before.freed if before is not None else None
    if freed is not None and before is not None:  # its hold began when the ticket of its cause ended (I9)
        began, held = before.began, now - freed
    elif failure.since is not None:  # counted from the first missed answer, not from the first judgement
        began = min(failure.since, now)
        held = now - began
    elif before is None:
        began, held = now, timedelta(0)
    else:
        began, held = before.began, before.held + _passed(before, now)
    half = timedelta(0) if failure.ruling.states("half-capacity") else None
    was = before if before is not None and before.half is not None else together
    if half is not None and was is not None and was.half is not None:
        half = was.half + _passed(was, now)
    ruling = failure.ruling
    waits = (before.asked, before.waits_for) if before is not None else (None, ())
    caused = before is not None and before.caused
    return Pending(began, held, now, failure.hold, ruling.summary, half, ruling.peak, freed, *waits, caused)


def raises_at(failure: Failure, waiting: Pending, now: datetime) -> datetime | None:
    """When it raises if it goes on: at its hold's end, not inside a window (C4); None: nobody knows yet."""
    if waiting.needs is None:
        return None
    return max(now + waiting.needs - waiting.held, failure.not_before or now)


def _passed(before: Pending, now: datetime) -> timedelta:
    return max(now - before.last, timedelta(0))  # a clock that steps back takes nothing away


def as_lasted(failure: Failure, waited: Pending) -> Failure:
    """The failure in the class that it has had for long enough: half capacity has a hold of its own (T7)."""
    if failure.lesser is None or failure.settles is None or (waited.half or timedelta(0)) >= failure.settles:
        return failure
    return replace(failure, ruling=failure.lesser)


def looked_at(
    told: Open,
    failure: Failure | None,
    blind: bool,
    contract: Contract,
    now: datetime,
    over: str | None,
    stays: timedelta | None,
) -> tuple[Open, Updated | Resolved | None, datetime | None]:
    """An open incident seen again: its clocks moved on, what to tell of it, when to look again.

    `over`: why it stands no longer, where that is not for having been seen well. `stays`: how long it must be
    well; None: for longer than is known yet (I12).
    """
    if failure is None:
        if blind or told.by_hand:
            return replace(told, well_since=None, failing=False), None, None
        since = min(told.well_since or now, now)
        after = replace(told, well_since=since, other_class_since=None, failing=False)
        if stays is not None and now - since >= stays:
            return after, Resolved(ticket=told.ticket, reason=over or _well_for(now - since)), None
        return after, None, since + stays if stays is not None else None

    seen_again = replace(told, well_since=None, failing=True)
    if failure.hold is None:  # a first missed poll: nothing is known that would change what was told
        return seen_again, None, None
    now_ruled, was_ruled = failure.ruling, told.ruling
    update = Updated(ticket=told.ticket, ruling=now_ruled)
    if (now_ruled.severity, now_ruled.clause) != (was_ruled.severity, was_ruled.clause):
        since = min(told.other_class_since or now, now)
        rises = contract.worse(now_ruled.severity, was_ruled.severity)
        waits = timedelta(0) if rises else told.clear_hold  # I6
        if failure.settles is not None and _half_changed(now_ruled, was_ruled):
            waits = failure.settles  # T7: its own hold, both ways
        if set(now_ruled.primary_numbers) - set(was_ruled.primary_numbers) and rises:
            waits = timedelta(0)  # for a number that it takes now it goes up at once all the same
        after = replace(seen_again, other_class_since=since)
        if now - since >= waits:
            return after, update, None
        return after, None, since + waits
    after = replace(seen_again, other_class_since=None)
    if _TOLD(now_ruled) != _TOLD(was_ruled):
        told_at = min(told.told_at, now)  # an entry of a clock that was ahead must not silence us till then
        if now - told_at >= TEXT_EVERY:
            return after, update, None
        return replace(after, told_at=told_at), None, told_at + TEXT_EVERY
    return after, None, None


def _half_changed(one: Ruling, other: Ruling) -> bool:
    return one.states("half-capacity") != other.states("half-capacity")


def _well_for(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"seen well for {seconds:.0f} s" if seconds >= 1 else "seen well"


def clears_like(failure: Failure) -> timedelta:
    """The hold that the failure's clearing follows (I6)."""
    return failure.clears_like or failure.hold or timedelta(0)
