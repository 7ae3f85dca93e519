"""Trunks: how much of the way to the public network is lost (rules T1-T7). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from agent.authority import Word
from agent.contract import Test
from agent.failures import Evidence, Failure, Key, Responsibility
from agent.rules.scene import Scene, evidence, failure, plural
from agent.site import System, TrunkGroup


@dataclass(frozen=True, slots=True)
class Group:
    """One trunk group as it counts: units already scaled to its channels (T2)."""

    word: Word
    public: bool
    lost: Fraction
    total: Fraction
    planned: int
    degraded: int

    @property
    def unread(self) -> bool:
        """Known to exist, and could not be read (T5)."""
        return self.word.observation.unread


def judge_trunks(scene: Scene) -> Iterator[Failure]:
    """One failure for all trunks of each phone system, and one per internal group that lost members (T1)."""
    for system in scene.site.systems:
        groups = [_group(system, word) for word in scene.words(system.name, "trunks")]
        if not groups:
            continue
        # What only a protocol told that is dark now keeps its total (T5): else the rest would weigh more.
        groups += [_group(system, word) for word in scene.dark(system.name, "trunks")]
        if (failure := _public(scene, system, groups)) is not None:
            yield failure
        for group in groups:
            if not group.public and group.lost:
                yield _internal(scene, system, group)


def _group(system: System, word: Word) -> Group:
    observation = word.observation
    told = next((g for g in system.trunk_groups if g.number == observation.number), None)
    use = (told.use if told else None) or observation.use or "unknown"
    total = observation.total if observation.total is not None else word.known_total
    lost = observation.lost or 0
    scale = _scale(told, total)
    # T5: an unread group keeps its last total and counts nothing as lost. Unknown use counts as public.
    return Group(
        word,
        public=use != "internal",
        lost=lost * scale,
        total=(total or 0) * scale,
        planned=observation.planned,
        degraded=observation.degraded,
    )


def _scale(told: TrunkGroup | None, total: int | None) -> Fraction:
    return Fraction(told.channels, total) if told and told.channels and total else Fraction(1)


def _public(scene: Scene, system: System, groups: list[Group]) -> Failure | None:
    public = [group for group in groups if group.public]
    lost = sum((group.lost for group in public), Fraction())
    total = sum((group.total for group in public), Fraction())
    unread = [group for group in public if group.unread]
    unread_total = sum((group.total for group in unread), Fraction())
    planned = sum(group.planned for group in public)
    degraded = sum(group.degraded for group in public)
    key = Key(system.name, "trunks")
    rules = ["T1", "T6"]
    if any(group.total != (group.word.observation.total or group.word.known_total or 0) for group in public):
        rules.append("T2")
    failing = [group for group in public if group.lost or group.unread or group.degraded]

    facts: list[Test] = []
    hold = scene.site.holds.trunks
    if lost:
        summary = f"{_figure(lost)} of {_figure(total)} trunks out of service"
        if _holds(scene, key, lost, total):
            facts.append("half-capacity")
        elif unread and _reaches(scene, lost + unread_total, total):
            rules.append("T5")
            summary += f", could be major: {plural(len(unread), 'group')} unread"
    elif not all(group.word.dark for group in unread) and _reaches(scene, unread_total, total):
        rules.append("T5")
        summary = f"could be major: {plural(len(unread), 'trunk group')} unread"
    elif planned and not total:
        rules.append("T4")
        failing = [group for group in public if group.planned]
        summary = f"all {planned} trunks taken out on purpose"
    elif degraded:
        rules.append("T3")
        hold = scene.site.holds.degraded
        summary = f"{degraded} of {_figure(total)} trunks in a maintenance state that still carries calls"
    else:
        return None
    if planned:
        rules.append("T4")
    return failure(
        scene,
        system,
        key,
        facts=facts,
        rules=rules,
        summary=summary,
        responsibility=_whose(failing),
        evidence=(_evidence(system, group) for group in failing),
        hold=hold,
        lost=int(lost) if lost.denominator == 1 else None,
        total=int(total) if total.denominator == 1 else None,
        left_out=_left_out(groups),
    )


def _holds(scene: Scene, key: Key, lost: Fraction, total: Fraction) -> bool:
    """T6: exactly half is major. T7: once it is, it stays so down to the lower mark."""
    standing = scene.history.standing.get(key)
    if standing is not None and standing.ruling.states("half-capacity"):
        return lost * 100 >= total * scene.contract.decisions.half_capacity_down_percent
    return _reaches(scene, lost, total)


def _reaches(scene: Scene, lost: Fraction, total: Fraction) -> bool:
    return total > 0 and lost * 100 >= total * scene.contract.decisions.half_capacity_percent


def _internal(scene: Scene, system: System, group: Group) -> Failure:
    observation = group.word.observation
    return failure(
        scene,
        system,
        Key(system.name, "integration", observation.component),
        rules=("T1", "M7"),
        summary=f"internal {observation.component}: {observation.lost} of {observation.total} members lost",
        evidence=(_evidence(system, group),),
        hold=scene.site.holds.integration,
        lost=observation.lost,
        total=observation.total,
    )


def _evidence(system: System, group: Group) -> Evidence:
    if group.unread:
        known = f", last known {_figure(group.total)} members" if group.total else ""
        return evidence(system, group.word, ("not seen" if group.word.dark else "could not be read") + known)
    parts = [f"{_figure(group.lost)} of {_figure(group.total)} lost"]
    if group.degraded:
        parts.append(f"{group.degraded} degraded")
    if group.planned:
        parts.append(f"{group.planned} taken out on purpose")
    return evidence(system, group.word, ", ".join(parts))


def _left_out(groups: list[Group]) -> Iterator[str]:
    for group in groups:
        name = group.word.observation.component
        if not group.public:
            yield f"{name}: internal, not to the public network (T1)"
        elif group.planned:
            yield f"{name}: {plural(group.planned, 'member')} taken out on purpose (T4)"


def _whose(failing: list[Group]) -> Responsibility:
    sides = {group.word.observation.side for group in failing if group.lost}
    return "carrier" if sides == {"far"} else "vendor"


def _figure(units: Fraction) -> str:
    return str(units.numerator) if units.denominator == 1 else f"{float(units):.1f}"
