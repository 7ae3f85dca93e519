"""A failure as every rule states one: classed by the contract, with whose fault it is and what it hits. Pure.

More can be stated of it later, by rules that look at the failures of others: then it is classed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from agent.contract import Contract, Test
from agent.failures import Evidence, Failure, Key, Responsibility, Ruling, classed
from agent.rules.blame import blame
from agent.rules.facts import EMERGENCY, further_facts, scope
from agent.rules.scene import Scene
from agent.site import System

_OF_THE_WHOLE = frozenset({"trunks", "stations", "attendant"})  # one failure for a phone system (I1)


def failure(
    scene: Scene,
    system: System | None,
    key: Key,
    *,
    summary: str,
    rules: Iterable[str],
    evidence: Iterable[Evidence],
    hold: timedelta | None,
    clears_like: timedelta | None = None,
    facts: Iterable[Test] = (),
    responsibility: Responsibility | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    location: str | None = None,
    lost: int | None = None,
    total: int | None = None,
    left_out: Iterable[str] = (),
    considered: Iterable[str] = (),
    peak: int | None = None,
    settles: timedelta | None = None,
    not_before: datetime | None = None,
) -> Failure:
    """A failure, classed by the clauses of the contract that hold for its `facts` (P7); M7 if none does.

    `system` None: its root is none of the site's systems. `responsibility`: where the rule knows whose fault
    it is; None: as its parts tell (`agent.rules.blame`). `settles`: how long half capacity must last, or be
    away, before the class follows it (T7).
    """
    seen, place = tuple(evidence), location or (system.location if system else "")
    failing = scene.observed(seen)
    whose = blame(
        scene.site,
        system,
        scene.watches[system.name].function if system else "other",
        key,
        failing,
        location=place,
        down=scene.network_down,
        said=responsibility,
    )
    stated = tuple(dict.fromkeys(facts))
    stated += tuple(
        further_facts(
            scene.site,
            system,
            key,
            failing,
            stated=stated,
            location=place,
            responsibility=whose.responsibility,
        )
    )
    of_all = key.component is None and (key.role in _OF_THE_WHOLE or "complete-outage" in stated)
    ruling = classed(
        scene.contract,
        stated,
        Ruling(
            severity="",
            clause="",
            clauses=(),
            rules=tuple(dict.fromkeys(rules)),
            summary=f"{summary}; {EMERGENCY}" if "emergency" in stated else summary,
            responsibility=whose.responsibility,
            note=whose.note,
            evidence=seen,
            lost=lost,
            total=total,
            left_out=tuple(left_out),
            considered=tuple(considered),
            scope=scope(key, system, place, scene.places(system) if of_all else ()) if system else "",
            coverage=(system.coverage if system else None) or "",
            peak=peak,
        ),
    )
    lesser = None
    if settles is not None and "half-capacity" in stated:
        waits = f"half-capacity: holds, and has not lasted {settles.total_seconds():g} s yet (T7)"
        without = replace(ruling, considered=(*ruling.considered, waits))
        lesser = classed(scene.contract, tuple(fact for fact in stated if fact != "half-capacity"), without)
    return Failure(
        key=key,
        ruling=ruling,
        hold=hold,
        clears_like=clears_like,
        since=since,
        until=until,
        location=place or None,
        not_before=not_before,
        settles=settles,
        lesser=lesser,
    )


def restated(
    contract: Contract,
    failed: Failure,
    *,
    facts: Iterable[Test] = (),
    rules: Iterable[str] = (),
    considered: Iterable[str] = (),
    primary_numbers: Iterable[str] = (),
    adds: str = "",
) -> Failure:
    """The failure with more stated of it, and classed anew by that. `adds`: the end of its summary."""
    more_facts, more_rules = tuple(facts), tuple(rules)
    more_considered, more_numbers = tuple(considered), tuple(primary_numbers)

    def more(was: Ruling) -> Ruling:
        stated = cast(tuple[Test, ...], _and(was.facts, more_facts))
        ruling = classed(contract, stated, was)
        several = ("P7",) if len(ruling.clauses) > 1 else ()
        return replace(
            ruling,
            rules=_and(was.rules, (*more_rules, *several)),
            summary=f"{was.summary}; {adds}" if adds else was.summary,
            considered=_and(was.considered, more_considered),
            primary_numbers=_and(was.primary_numbers, more_numbers),
        )

    return retold(failed, more)


def retold(failed: Failure, change: Callable[[Ruling], Ruling]) -> Failure:
    """The failure with its ruling changed, and the lesser one that stands until half capacity has lasted."""
    lesser = None if failed.lesser is None else change(failed.lesser)
    return replace(failed, ruling=change(failed.ruling), lesser=lesser)


def _and(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
