"""Stations: how many of those that should be present are not (rules S2, S4, S5; learning, S1, is to come).

The basis is the number configured for the system; without one it is a fall that the agent saw itself, and
then it is never more than minor: an office that empties every evening must not be a major every evening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from agent.authority import Word
from agent.contract import Test
from agent.failures import Failure, Key
from agent.history import COUNTS_KEPT, Standing
from agent.rules.scene import Scene, evidence, failure
from agent.site import System


@dataclass(frozen=True, slots=True)
class Basis:
    """How many stations should be present, and whether anybody said so."""

    expected: int
    configured: bool
    words: str


def judge_stations(scene: Scene) -> Iterator[Failure]:
    """At most one failure per system that tells a station count."""
    for system in scene.site.systems:
        for word in scene.words(system.name, "stations"):
            if (failure := _judge(scene, system, word)) is not None:
                yield failure


def _judge(scene: Scene, system: System, word: Word) -> Failure | None:
    present = word.observation.present
    key = Key(system.name, "stations")
    standing = scene.history.standing.get(key)
    if present is None or (basis := _basis(scene, system, word, standing)) is None:
        return None
    lost = max(0, basis.expected - present)
    decisions = scene.contract.decisions
    if lost == 0 or lost * 100 < basis.expected * decisions.station_begins_percent:
        return None

    facts: list[Test] = []
    rules = ["S4", "S5"] if basis.configured else ["S2", "S4"]
    if _half(scene, system, basis, word, standing=standing):
        facts.append("half-capacity")
        rules.append("S2")
    return failure(
        scene,
        system,
        key,
        facts=facts,
        rules=rules,
        summary=f"{lost} of {basis.expected} stations missing",
        evidence=(evidence(system, word, f"{present} present, {basis.expected} expected: {basis.words}"),),
        hold=scene.site.holds.stations,
        lost=lost,
        total=basis.expected,
    )


def _basis(scene: Scene, system: System, word: Word, standing: Standing | None) -> Basis | None:
    if system.stations is not None:
        return Basis(system.stations.expected, configured=True, words="configured for the site")
    if standing is not None and standing.ruling.total is not None:
        return Basis(standing.ruling.total, configured=False, words="present before this failure began")
    within: timedelta = scene.contract.decisions.station_fall_within
    highest = scene.history.highest(system.name, word.by, word.at - within - scene.site.holds.stations)
    if highest is None:
        return None
    minutes = within.total_seconds() / 60
    return Basis(highest, configured=False, words=f"present within the last {minutes:g} minutes")


def _half(scene: Scene, system: System, basis: Basis, word: Word, *, standing: Standing | None) -> bool:
    present = word.observation.present or 0
    lost = basis.expected - present
    decisions = scene.contract.decisions
    if not basis.configured or basis.expected < decisions.station_floor:
        return False
    if standing is not None and standing.ruling.states("half-capacity"):
        # T7's way down; the fall gates raising only
        return lost * 100 >= basis.expected * decisions.half_capacity_down_percent
    if lost * 100 < basis.expected * decisions.half_capacity_percent:
        return False
    highest = scene.history.highest(system.name, word.by, scene.now - COUNTS_KEPT) or present
    return (highest - present) * 100 >= highest * decisions.station_fall_percent
