"""Restarts: each is a minor failure for an hour, continual ones are major (rules R1-R4, O5). Pure.

What counts is decided here and anew each time, by each restart's own time: what was demanded, what fell into
a maintenance window, an interchange of a duplicated pair and what was there before the first contact do not.
The history remembers every source's word; which of them mean one restart is decided here too (R4).

The clause speaks of a system as a whole: restarts of a phone system's servers, and of gateways that the site
calls part of it, are counted together, as are those of a voicemail's servers. The ticket whose own restart
made them continual bears the major.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.contract import Decisions
from agent.failures import Evidence, Failure, Key
from agent.history import TRUST
from agent.maintenance import window_over
from agent.rules.failing import failure
from agent.rules.scene import Scene, is_gateway
from agent.site import System
from collectors.base import RestartEvent

APART = timedelta(minutes=5)  # R4: beside one interval, tellings of different sources that mean one restart
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Restart:
    """One restart that counts, as its most trusted source told it."""

    system: System
    event: RestartEvent

    @property
    def at(self) -> datetime:
        """When it was."""
        return self.event.at


def judge_restarts(scene: Scene) -> Iterator[Failure]:
    """R2: one failure per system that restarted, until it has not for as long as the decision says."""
    counted = {system.name: _of_system(scene, system) for system in scene.site.systems}
    closing: dict[str, Sequence[Restart]] = {}  # by system: the restarts that its latest one made continual
    if not any(counted.values()):
        return
    for together in _together(scene):
        everyone = [restart for each in together for restart in counted[each.name]]
        closing |= dict(_continual(scene, _one_each(scene, everyone)))
    for system in scene.site.systems:
        standing = _standing(scene, counted[system.name])
        if standing:
            run = closing.get(system.name, ())
            yield _failure(scene, system, standing, run if run and run[-1].at >= standing[0].at else ())


def _of_system(scene: Scene, system: System) -> list[Restart]:
    """The restarts of a system that count, each once, in the order of their times (R3, R4)."""
    first = scene.history.first_seen.get(system.name)
    if first is None or system.name not in scene.history.restarts:
        return []
    key = Key(system.name, "restart", "restarts")
    found = [
        Restart(system, event)
        for event in scene.history.restarts.get(system.name, ())
        if not event.planned
        and event.at > first
        and "interchange" not in event.level.casefold()  # O5
        and window_over(scene.windows.near, key, system.location, event.at) is None
    ]
    return _one_each(scene, found)


def _one_each(scene: Scene, restarts: Sequence[Restart]) -> list[Restart]:
    """Without what another source has told already (R4): the most trusted word of each, servers first."""
    kept: list[Restart] = []
    ranked = sorted(restarts, key=lambda each: (TRUST[each.event.source], is_gateway(each.system), each.at))
    for restart in ranked:
        if not any(_one(scene, restart, other) for other in kept):
            kept.append(restart)
    return sorted(kept, key=lambda each: each.at)


def _one(scene: Scene, one: Restart, other: Restart) -> bool:
    """Whether two tellings mean one restart: of different sources, and close to each other."""
    if _source(one) == _source(other):
        return False
    intervals = [
        scene.watches[each.system.name].interval(each.event.by) for each in (one, other) if each.event.by
    ]
    return abs(one.at - other.at) < APART + max(intervals, default=timedelta(0))


def _source(restart: Restart) -> tuple[str, str, str | None]:
    return restart.system.name, restart.event.source, restart.event.by


def _together(scene: Scene) -> Iterator[list[System]]:
    """R1: the systems whose restarts can be continual, as the clause takes them together."""
    for phones in scene.phone_systems:
        yield [each for each in phones.systems if not is_gateway(each) or each.part_of == "phone_system"]
    yield from (list(servers) for servers in scene.voicemail_systems)


def _continual(scene: Scene, restarts: Sequence[Restart]) -> Iterator[tuple[str, Sequence[Restart]]]:
    """Each restart that made them continual, by its system, with the run that it closed."""
    decisions = scene.contract.decisions
    for place, last in enumerate(restarts):
        for many, within in _limits(decisions):
            run = restarts[max(0, place + 1 - many) : place + 1]
            if len(run) == many and last.at - run[0].at <= within:
                yield last.system.name, run
                break


def _limits(decisions: Decisions) -> tuple[tuple[int, timedelta], ...]:
    return (decisions.restarts_many, decisions.restarts_within), (decisions.restarts_many_in_a_day, DAY)


def _standing(scene: Scene, restarts: Sequence[Restart]) -> list[Restart]:
    """The restarts of which each came while the one before still stood, up to now; none if none stands."""
    stands = scene.contract.decisions.restart_stands
    standing: list[Restart] = []
    after = scene.now
    for restart in reversed(restarts):
        if after - restart.at >= stands:
            break
        standing.insert(0, restart)
        after = restart.at
    return standing


def _failure(scene: Scene, system: System, standing: Sequence[Restart], run: Sequence[Restart]) -> Failure:
    zone = scene.site.zone_of(system)
    last = standing[-1]
    count = "restarted" if len(standing) == 1 else f"restarted {len(standing)} times"
    summary = f"{count}, last at {last.at.astimezone(zone):%H:%M}"
    if run:
        others = {each.system.name for each in run} - {system.name}
        whose = f" of {', '.join([system.name, *sorted(others)])}" if others else ""
        summary += f": continual, {len(run)} restarts{whose} within {_span(run[-1].at - run[0].at)}"
    return failure(
        scene,
        system,
        Key(system.name, "restart"),
        facts=("continual-restarts",) if run else (),
        rules=(*(("R1",) if run else ()), "R2", "R3", "R4", "M7"),
        summary=summary,
        evidence=(_evidence(scene, each) for each in run or standing[-1:]),
        hold=timedelta(0),
        since=last.at,
        until=last.at + scene.contract.decisions.restart_stands,
        considered=() if run else _why_not(scene, system),
    )


def _span(span: timedelta) -> str:
    minutes = math.ceil(span.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{math.ceil(minutes / 60)} h"


def _evidence(scene: Scene, restart: Restart) -> Evidence:
    zone = scene.site.zone_of(restart.system)
    text = f"restarts: {restart.event.level} at {restart.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    source = restart.event.source
    return Evidence(f"{text} (by {source})", restart.system.name, "restart", "restarts", source, restart.at)


def _why_not(scene: Scene, system: System) -> tuple[str, ...]:
    function = scene.watches[system.name].function
    if function not in ("phone_system", "voicemail"):
        reason = "only a phone system's and a voicemail's restarts count (R1)"
    elif function == "phone_system" and is_gateway(system) and system.part_of is None:
        reason = "the site does not call this gateway part of the phone system (R1)"
    else:
        many, day = (f"{many} within {_span(within)}" for many, within in _limits(scene.contract.decisions))
        reason = f"fewer than {many} or {day} (R2)"
    return (f"continual-restarts: {reason}",)
