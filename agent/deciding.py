"""What must be told now of the failures that stand (rules I5, I6, C2). Pure.

`decide` compares what is with what was told; it knows no edges. A lost reading, a restart of the agent or a
changed contract therefore repair themselves on the next pass.

A failure that stands again is its old ticket within the reopen window, and a new one later (C2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from agent.contract import Contract
from agent.entries import Body, Opened, Reopened, Resolved, Updated
from agent.failures import Failure, Judgement, Key, Ruling
from agent.incidents import Incidents, Open, Past, Pending, ticket_id

TEXT_EVERY = timedelta(minutes=5)  # figures may move with every poll; an operator's log should not
_TOLD = attrgetter("summary", "responsibility", "facts")  # what is told anew where the class stays


@dataclass(frozen=True, slots=True)
class Decision:
    """What must be told now, the incidents with their clocks moved on, and when to look again unasked."""

    bodies: tuple[Body, ...]
    incidents: Incidents
    wake: datetime | None


def decide(
    incidents: Incidents,
    judgement: Judgement,
    contract: Contract,
    now: datetime,
    kept: Mapping[Key, Contract] | None = None,
) -> Decision:
    """Compare what fails now with what was told. `wake`: the next instant at which a hold ends.

    `contract`: the one in force; `kept`: of the failures whose tickets keep another one (C3).
    """
    kept = kept or {}
    failing = {failure.key: failure for failure in judgement.failures}
    bodies: list[Body] = []
    wakes = [failure.until for failure in judgement.failures if failure.until and failure.until > now]
    wakes += [judgement.wake] if judgement.wake is not None else []
    open_now: dict[Key, Open] = {}
    for key, told in incidents.open.items():
        if key in judgement.gone and not told.by_hand:
            open_now[key] = told
            bodies.append(Resolved(ticket=told.ticket, reason="its system left the site file"))
            continue
        after, body, wake = _look_again(
            told,
            failing.get(key),
            key in judgement.blind,
            kept.get(key, contract),
            now,
            judgement.over.get(key),
        )
        open_now[key] = after
        bodies += [body] if body else []
        wakes += [wake] if wake else []

    pending: dict[Key, Pending] = {}
    number = incidents.tickets
    for key, failure in failing.items():
        if key in incidents.open:
            continue
        waiting = _hold_on(incidents.pending.get(key), failure, now)
        waiting = replace(waiting, window=failure.window, not_before=failure.not_before)
        pending[key] = waiting
        due = _raises_at(failure, waiting, now)
        if due is None:
            continue
        if due > now:
            wakes.append(due)
            continue
        last, lasted = incidents.past.get(key), _as_lasted(failure, waiting)
        if last is not None and last.reopens(now):
            bodies.append(_reopened(last.ticket, lasted, waiting.began))
        else:
            number += 1
            bodies.append(_opened(ticket_id(number), lasted, waiting.began, contract, last))
    for key in judgement.blind:  # a hold runs only while its part is seen: it waits, and is not forgotten
        if (waited := incidents.pending.get(key)) is not None:
            pending[key] = replace(waited, last=now)
    return Decision(
        tuple(bodies), replace(incidents, open=open_now, pending=pending), min(wakes, default=None)
    )


def _hold_on(before: Pending | None, failure: Failure, now: datetime) -> Pending:
    if failure.since is not None:  # counted from the first missed answer, not from the first judgement
        began = min(failure.since, now)
        held = now - began
    elif before is None:
        began, held = now, timedelta(0)
    else:
        began, held = before.began, before.held + _passed(before, now)
    half = timedelta(0) if failure.ruling.states("half-capacity") else None
    if half is not None and before is not None and before.half is not None:
        half = before.half + _passed(before, now)
    ruling = failure.ruling
    return Pending(began, held, now, failure.hold, ruling.summary, half, ruling.peak)


def _raises_at(failure: Failure, waiting: Pending, now: datetime) -> datetime | None:
    """When it raises if it goes on: at its hold's end, not inside a window (C4); None: nobody knows yet."""
    if waiting.needs is None:
        return None
    return max(now + waiting.needs - waiting.held, failure.not_before or now)


def _passed(before: Pending, now: datetime) -> timedelta:
    return max(now - before.last, timedelta(0))  # a clock that steps back takes nothing away


def _as_lasted(failure: Failure, waited: Pending) -> Failure:
    """The failure in the class that it has had for long enough: half capacity has a hold of its own (T7)."""
    if failure.lesser is None or failure.settles is None or (waited.half or timedelta(0)) >= failure.settles:
        return failure
    return replace(failure, ruling=failure.lesser)


def _look_again(
    told: Open, failure: Failure | None, blind: bool, contract: Contract, now: datetime, over: str | None
) -> tuple[Open, Body | None, datetime | None]:
    """An open incident seen again: its clocks moved on, what to tell of it, when to look again.

    `over`: why it stands no longer, where that is not for having been seen well.
    """
    if failure is None:
        if blind or told.by_hand:
            return replace(told, well_since=None, failing=False), None, None
        since = min(told.well_since or now, now)
        after = replace(told, well_since=since, other_class_since=None, failing=False)
        if now - since >= told.clear_hold:
            return after, Resolved(ticket=told.ticket, reason=over or _well_for(now - since)), None
        return after, None, since + told.clear_hold

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


def _opened(ticket: str, failure: Failure, began: datetime, contract: Contract, last: Past | None) -> Opened:
    return Opened(
        ticket=ticket,
        key=failure.key,
        location=failure.location,
        ruling=failure.ruling,
        began=began,
        contract=contract.label,
        hold=_clears_like(failure),
        follows=last.ticket if last else None,
    )


def _reopened(ticket: str, failure: Failure, began: datetime) -> Reopened:
    return Reopened(
        ticket=ticket, key=failure.key, ruling=failure.ruling, began=began, hold=_clears_like(failure)
    )


def _clears_like(failure: Failure) -> timedelta:
    return failure.clears_like or failure.hold or timedelta(0)


def _well_for(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"seen well for {seconds:.0f} s" if seconds >= 1 else "seen well"
