"""Maintenance windows as they are shown: change records with what the contract promises for them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

from agent.agreement import Agreement
from agent.contract import ChangeTarget, ChangeType, Step, Target
from agent.maintenance import Occurrence, Windows, at_time, of_person
from agent.showing import Terms
from agent.site import MaintenanceWindow
from agent.views import span
from agent.window_entries import Risk, WindowAdded
from agent.window_words import covers_text, dashed

State = Literal["open", "waiting", "coming", "over", "ended", "taken back"]

AHEAD = timedelta(days=400)
_NEXT = 3  # times to come that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStepView:
    """What the contract promises for a step of a change. `due` None: when it was asked for is not known."""

    step: Step
    within: str
    due: datetime | None
    goal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """One maintenance window. `begins`, `ends`: of the time that is open, else the next one, else the last.

    `state`: open; waiting, for a first failure; coming; over; ended, by a person; taken back, before it
    began. `origin`: the site file, or a person (`added`: when, `by`: who). `next`: when it comes back.
    `failing`: what overran it, as `system/role/component`. `steps`: what the contract promises for such a
    change; `promised` says where it promises nothing.
    """

    name: str
    state: State
    origin: Literal["site file", "added"]
    begins: datetime
    ends: datetime
    lasts: timedelta | None = None
    repeats: str = ""
    next: tuple[datetime, ...] = ()
    covers: str
    systems: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    type: ChangeType
    risk: Risk
    reference: str = ""
    who: str = ""
    why: str = ""
    added: datetime | None = None
    by: str = ""
    ended: datetime | None = None
    ended_by: str = ""
    note: str = ""
    failing: tuple[str, ...] = ()
    steps: tuple[ChangeStepView, ...] = ()
    promised: str = ""


def window_views(windows: Windows, terms: Terms, now: datetime) -> tuple[WindowView, ...]:
    """Every maintenance window: those of the site file, then those that people added."""
    site = terms.site
    return (
        *(_of_site(each, windows, terms, now) for each in site.windows),
        *(_of_person(each.window, each.at, windows, terms, now) for each in windows.added.values()),
    )


def _of_site(window: MaintenanceWindow, windows: Windows, terms: Terms, now: datetime) -> WindowView:
    site = terms.site
    edges = (now, site.moment(window.begins), site.moment(window.ends))
    low, high = (min(edges), max(edges)) if window.repeats is None else (now, now)
    times = list(windows.times_of(window.name, site, low - AHEAD, high + AHEAD))
    if not times:  # taken back, or of a rule that is long over
        begins, ends = (site.moment(each).astimezone(UTC) for each in (window.begins, window.ends))
        times = [replace(at_time(window, window.name, begins, ends), lasts=None)]
    return _view(times, windows, terms, now, origin="site file", repeats=window.repeats or "")


def _of_person(
    window: WindowAdded, at: datetime, windows: Windows, terms: Terms, now: datetime
) -> WindowView:
    one = of_person(window)
    times = list(windows.times_of(one.name, terms.site, one.begins - AHEAD, one.ends + AHEAD))
    back = not times
    return _view(times or [one], windows, terms, now, origin="added", added=at, by=window.by, taken_back=back)


def _view(
    times: list[Occurrence],
    windows: Windows,
    terms: Terms,
    now: datetime,
    *,
    origin: Literal["site file", "added"],
    repeats: str = "",
    added: datetime | None = None,
    by: str = "",
    taken_back: bool = False,
) -> WindowView:
    zone, agreement = terms.site.zone, terms.agreement
    coming = sorted((each for each in times if each.begins > now), key=lambda each: each.begins)
    over = [each for each in times if each.ends <= now]
    one = next((each for each in times if each.within(now)), None)
    one = one or (coming[0] if coming else max(over, key=lambda each: each.ends))
    ended, begun = windows.ended.get(one.time), windows.begun.get(one.time)
    state: State = "over"
    if taken_back:
        state = "taken back"
    elif one.begins > now:
        state = "coming"
    elif one.within(now):
        state = "open" if one.lasts is None else "waiting"
    elif ended is not None:
        state = "ended"
    steps = tuple(_steps(one.type, agreement, terms, added))
    return WindowView(
        name=one.name,
        state=state,
        origin=origin,
        begins=one.begins.astimezone(zone),
        ends=one.ends.astimezone(zone),
        lasts=one.lasts,
        repeats=repeats,
        next=tuple(each.begins.astimezone(zone) for each in islice(coming, _NEXT) if each is not one),
        covers=covers_text(one),
        systems=one.systems,
        locations=one.locations,
        components=one.components,
        roles=one.roles,
        type=one.type,
        risk=one.risk,
        reference=one.reference,
        who=one.who,
        why=one.why,
        added=added.astimezone(zone) if added is not None else None,
        by=by,
        ended=ended[0].astimezone(zone) if ended is not None else None,
        ended_by=ended[1].by if ended is not None else "",
        note=ended[1].note if ended is not None else "",
        failing=tuple(map(str, begun.failing)) if begun is not None else (),
        steps=steps,
        promised=""
        if steps
        else f"{agreement.contract.label} sets no targets for {dashed(one.type)} changes",
    )


def _steps(
    kind: ChangeType, agreement: Agreement, terms: Terms, asked: datetime | None
) -> Iterator[ChangeStepView]:
    for target in agreement.contract.change_targets:
        if target.type != kind:
            continue
        due = agreement.due_by(_as_target(target), asked) if asked is not None else None
        yield ChangeStepView(
            step=target.step,
            within=_within(target),
            due=due.astimezone(terms.site.zone) if due is not None else None,
            goal=target.goal,
        )


def _as_target(target: ChangeTarget) -> Target:
    return Target(
        severity="change",
        step=target.step,
        amount=target.amount,
        business_days=target.business_days,
        clock=target.clock,
        calendar=target.calendar,
        goal=target.goal,
    )


def _within(target: ChangeTarget) -> str:
    if target.business_days is not None:
        return f"{target.business_days} business day{'s' * (target.business_days > 1)}"
    length = span(target.amount or timedelta(0))
    return length if target.clock == "around_the_clock" else f"{length} of open hours"
