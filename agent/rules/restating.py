"""More is stated of a failure that a rule has found: it is classed anew, or told otherwise. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from agent.contract import Contract, Test
from agent.failures import Failure, Ruling
from agent.rules.scene import classed


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
        several = ("P7",) if len(ruling.clauses) > 2 else ()  # beside the one about any failure
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
