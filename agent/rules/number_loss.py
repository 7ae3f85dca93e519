"""What a primary number that is lost makes of the failures that took its ways (rules A2, P3-P7). Pure.

It judges no part itself: it looks at the failures that the other rules found, and states of each which
primary numbers cannot be reached for it, and by which clause. Of two failures that took a number's ways one
after the other it is the later one, and stays that one while its part fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.contract import Test
from agent.failures import Failure, Key
from agent.rules.attendants import auto_attendant, each_need
from agent.rules.failing import restated
from agent.rules.numbers import leaves, reach
from agent.rules.part_state import PartState
from agent.rules.parts import part_failure
from agent.rules.scene import Scene, is_gateway, listed
from agent.site import PrimaryNumber, Site

AUTO_ATTENDANT = "auto-attendant"


@dataclass(slots=True)
class _More:
    """What is to be stated of one failure."""

    facts: list[Test] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    adds: list[str] = field(default_factory=list)
    considered: list[str] = field(default_factory=list)


def judge_numbers(scene: Scene, failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """The failures, each with the primary numbers that it takes."""
    found = {each.key: each for each in failures}
    more: dict[Key, _More] = {}
    _auto_attendant(scene, found, more)
    for number in scene.site.primary_numbers:
        _number(scene, number, found, more)
    return tuple(_stated(scene, each, more.get(key)) for key, each in found.items())


def _number(scene: Scene, number: PrimaryNumber, found: dict[Key, Failure], more: dict[Key, _More]) -> None:
    whole = reach(scene, number.needs)
    dead = [leaf for leaf in leaves(scene, number.needs) if leaf.dead]
    if whole.state == "yes" or not dead:
        return
    key = _told_before(scene, found, dead, lambda ruling: number.number in ruling.primary_numbers)
    if key is None and whole.state == "no":  # unknown raises nothing (P2), what is on purpose neither (P6)
        key = _failure_of(scene, whole, found)
    if key is None:
        return
    taken = next((leaf for leaf in (whole, *dead) if leaf.parts & _parts(found[key])), whole)
    states = more.setdefault(key, _More())
    states.lost.append(number.number)
    states.rules += _rules(taken, scene.site)
    if (fact := _fact(taken, scene.site)) is not None:
        states.facts.append(fact)
    _point(scene, number, key, dead, found, more)


def _point(
    scene: Scene,
    number: PrimaryNumber,
    key: Key,
    dead: Iterable[PartState],
    found: Mapping[Key, Failure],
    more: dict[Key, _More],
) -> None:
    """The failures that took its other ways name the ticket of the last one, and it names them (P5)."""
    standing = scene.history.standing
    for leaf in dead:
        for other in _candidates(leaf, found) if leaf.state == "no" else ():
            if other == key or leaf.parts <= _parts(found[key]):
                continue
            if key in standing:
                more.setdefault(other, _More()).adds.append(
                    f"it took a way of primary number {number.number}, see {standing[key].ticket}"
                )
            where = standing[other].ticket if other in standing else str(other)
            more.setdefault(key, _More()).considered.append(
                f"primary number {number.number}: {leaf.need} had failed as well, see {where}"
            )
            break


def _auto_attendant(scene: Scene, found: dict[Key, Failure], more: dict[Key, _More]) -> None:
    """The auto attendant of a primary number that is out is major by itself, alternatives or not (A2)."""
    wanted = [n.number for n in scene.site.primary_numbers if AUTO_ATTENDANT in each_need(n.needs)]
    if not wanted:
        return
    state = auto_attendant(scene)
    key = None
    if state.state != "yes":
        key = _told_before(scene, found, None, lambda ruling: "auto-attendant-out" in ruling.facts)
    if key is None and state.state == "no":
        key = _failure_of(scene, state, found)
    if key is None:
        return
    states = more.setdefault(key, _More())
    states.facts.append("auto-attendant-out")
    states.rules.append("A2")
    inferred = (
        "" if any(word.observation.role == "auto_attendant" for _, word in state.told) else " (inferred)"
    )
    states.adds.append(f"auto attendant of {listed(wanted)} out of service{inferred}")


def _told_before(
    scene: Scene,
    found: Mapping[Key, Failure],
    dead: Iterable[PartState] | None,
    said: Callable[..., bool],
) -> Key | None:
    """The failure of which it was told already, and whose part still fails: it keeps it.

    `dead`: the parts that fail; None: any part of it.
    """
    for key, standing in scene.history.standing.items():
        if key not in found or not said(standing.ruling):
            continue
        if dead is None or any(leaf.parts & _parts(found[key]) for leaf in dead):
            return key
    return None


def _failure_of(scene: Scene, leaf: PartState, found: dict[Key, Failure]) -> Key | None:
    """The failure that the part belongs to; where no rule made one, it is made here (M7)."""
    for key in _candidates(leaf, found):
        return key
    for system, word in leaf.told:
        if word.observation.lost:
            made = part_failure(scene, system, word)
            found[made.key] = made
            return made.key
    return None


def _candidates(leaf: PartState, found: Mapping[Key, Failure]) -> Iterator[Key]:
    """The failures that show the part as evidence: a complete outage first, then the part's own."""

    def place(key: Key) -> tuple[bool, bool]:
        own = any((key.system, key.role) == (system, role) for system, role, _ in leaf.parts)
        return not found[key].ruling.states("complete-outage"), not own

    yield from sorted((key for key, each in found.items() if leaf.parts & _parts(each)), key=place)


def _parts(failed: Failure) -> frozenset[tuple[str, str, str]]:
    return frozenset((each.system, each.role, each.component) for each in failed.ruling.evidence)


def _fact(leaf: PartState, site: Site) -> Test | None:
    """The clause by the cause (P5); attendants, auto attendant and voicemail have clauses of their own."""
    kind, _, name = leaf.need.partition(" ")
    match kind:
        case "cti-link":
            return "primary-number-cti"
        case "location":
            return "primary-number-location"
        case "system" if is_gateway(site.system(name)):
            return "primary-number-location"
        case "trunk-group" | "system":
            return "primary-number-way-in"
        case _:
            return None


def _rules(leaf: PartState, site: Site) -> tuple[str, ...]:
    by_fact: dict[Test | None, tuple[str, ...]] = {
        "primary-number-cti": ("P1", "P3", "P5"),
        "primary-number-location": ("P1", "P4", "P5"),
    }
    return by_fact.get(_fact(leaf, site), ("P1", "P5"))


def _stated(scene: Scene, failed: Failure, more: _More | None) -> Failure:
    if more is None:
        return failed
    adds = list(dict.fromkeys(more.adds))
    if more.lost:
        numbers = "primary number" if len(more.lost) == 1 else "primary numbers"
        adds.append(f"{numbers} {listed(more.lost)} cannot be reached")
    return restated(
        scene.contract,
        failed,
        facts=more.facts,
        rules=more.rules,
        considered=more.considered,
        primary_numbers=more.lost,
        adds="; ".join(adds),
    )
