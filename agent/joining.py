"""Which failures are one ticket: a cause with what it explains (rules I3, I7, I8, T6). Pure.

The root of a ticket names the cause; its class comes from all that stands in it. What explains what, the
rules say (`agent.rules.causes`); when something is told, `agent.deciding` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast, get_args

from agent.contract import Contract, Test
from agent.failures import Cause, Child, Failure, Key, Ruling, classed

_TESTS = frozenset(get_args(Test))
# What is so of the child alone: the whole is no matter of the carrier's because one part of it is, and the
# service is not kept because a spare is in use.
_NOT_OF_THE_WHOLE: frozenset[Test] = frozenset({"off-board", "service-kept"})
_NAMED = 2  # children whose words stand in the summary; the rest are counted

Began = Callable[[Key], datetime | None]
Answered = Callable[[str, datetime], bool]
"""Whether that system has answered a question of that instant, or is known not to."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a failure to its cause: `key` hangs on `cause`."""

    key: Key
    cause: Cause


@dataclass(frozen=True, slots=True)
class Causality:
    """What explains what now. `failures`: all that fails. `roots`: of what is a ticket, or in one, its root.

    `began`: since when a failure stands; None: it does not.
    """

    failures: Mapping[Key, Failure]
    roots: Mapping[Key, Key]
    began: Began

    def way(self, key: Key) -> tuple[Step, ...]:
        """From a failure to the highest cause of it, step by step; none: nothing explains it.

        It ends at a failure that is a ticket or in one: its root is the ticket's then.
        """
        steps: list[Step] = []
        seen = {key}
        while (failure := self.failures.get(key)) is not None:
            cause = next((each for each in failure.causes if self._explains(key, each, seen)), None)
            if cause is None:
                break
            steps.append(Step(key, cause))
            if cause.key in self.roots:
                break
            key = cause.key
            seen.add(key)
        return tuple(steps)

    def root(self, way: Sequence[Step]) -> Key:
        """The root at the end of that way."""
        last = way[-1].cause.key
        return self.roots.get(last, last)

    def _explains(self, key: Key, cause: Cause, seen: Iterable[Key]) -> bool:
        if cause.key in seen or self.roots.get(cause.key) == key:
            return False
        failure = self.failures.get(cause.key)
        if cause.key not in self.roots and (failure is None or failure.hold is None):
            return False  # one missed poll says nothing yet
        if cause.within is None:
            return True
        one, other = self.began(key), self.began(cause.key)
        return one is not None and other is not None and abs(one - other) <= cause.within


def whole(contract: Contract, own: Ruling, children: Sequence[Child], related: Sequence[str] = ()) -> Ruling:
    """The ruling of a ticket: its root's own, in the class that all which stands in it calls for."""
    if not children:
        return replace(own, related=tuple(related))
    standing = [child for child in children if not child.well]
    facts = list(_facts(own))
    rules = [*own.rules, *(("I3",) if standing else ())]
    for child in standing:
        more = [fact for fact in _facts(child.ruling) if fact not in _NOT_OF_THE_WHOLE and fact not in facts]
        facts += more
        rules += child.ruling.rules if more else ()
    ruling = own
    if facts != list(_facts(own)):
        ruling = classed(contract, tuple(facts), own)
        rules += ("P7",) if len(ruling.clauses) > 1 else ()
    numbers = (number for each in (own, *(c.ruling for c in standing)) for number in each.primary_numbers)
    return replace(
        ruling,
        rules=tuple(dict.fromkeys(rules)),
        summary=_summary(own, standing),
        primary_numbers=tuple(dict.fromkeys(numbers)),
        own=own,
        children=tuple(children),
        related=tuple(related),
    )


def child_name(key: Key) -> str:
    """What is within a ticket, for a person: `cm1 trunk-group 1`, `gw-east location`."""
    return " ".join(filter(None, (key.system, key.component or key.role)))


def own_ruling(ruling: Ruling) -> Ruling:
    """The ruling of a ticket's root, without its children."""
    return replace(ruling.own or ruling, children=(), own=None, related=())


def class_of(ruling: Ruling) -> tuple[str, str, tuple[str, ...]]:
    """What must be told at once when it changes."""
    return ruling.severity, ruling.clause, ruling.primary_numbers


def _facts(ruling: Ruling) -> tuple[Test, ...]:
    """The facts that were stated; of a ruling older than facts, the clauses that bear their names."""
    known = ruling.facts or tuple(clause for clause in ruling.clauses if clause in _TESTS)
    return cast(tuple[Test, ...], known)


def _summary(own: Ruling, standing: Sequence[Child]) -> str:
    if not standing:
        return own.summary
    # What takes the class up is named first.
    order = sorted(standing, key=lambda child: not (set(_facts(child.ruling)) - set(_facts(own))))
    told = [f"{child.key.system or 'site'} {child.ruling.summary}" for child in order[:_NAMED]]
    told += [f"{len(order) - _NAMED} more"] if len(order) > _NAMED else []
    return f"{own.summary}; with it: {', '.join(told)}"
