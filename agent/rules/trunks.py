"""Trunks: how much of the way to the public network is lost (rules T1-T7, C4). Pure.

All servers, gateways and survivable processors of a group are one phone system: its trunks are one fraction,
each group counted once. A system that is no phone system is told by itself and never half capacity (O7).

What is inside a maintenance window is on neither side. If something fails only with it, that is found in
the window: it waits for the window's end. Open tickets go on: what one already counts as lost still counts,
with no more lost than before the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from agent.contract import Test
from agent.failures import Evidence, Failure, Key, Responsibility
from agent.history import Standing
from agent.rules.failing import failure
from agent.rules.scene import PhoneSystem, Scene, Told, evidence, percent, plural
from agent.site import MaintenanceWindow, TrunkGroup


@dataclass(frozen=True, slots=True)
class Group:
    """One trunk group as it counts: `lost` and `total` in members, `scale` to its channels (T2).

    `planned`: taken out on purpose and in neither figure; those that were lost before are in both (T4).
    `working`: members that carry calls, whatever counts of them. `window`: the one that it is inside of.
    """

    told: Told
    public: bool
    lost: int
    total: int
    planned: int
    degraded: int
    scale: Fraction = Fraction(1)
    window: MaintenanceWindow | None = None

    @property
    def unread(self) -> bool:
        """Known to exist, and could not be read (T5)."""
        return self.told.word.observation.unread

    @property
    def component(self) -> str:
        """Its name."""
        return self.told.word.observation.component

    @property
    def ails(self) -> bool:
        """Whether it belongs to the evidence."""
        return bool(self.lost or self.unread or self.degraded)


@dataclass(frozen=True, slots=True)
class Figures:
    """Groups added up, in channels where a group has them. `unread`: how many of the total are unread."""

    lost: Fraction
    total: Fraction
    unread: Fraction
    degraded: Fraction
    planned: int

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Figures:
        """The sum of these groups."""
        listed = list(groups)
        return cls(
            lost=sum((group.lost * group.scale for group in listed), Fraction()),
            total=sum((group.total * group.scale for group in listed), Fraction()),
            unread=sum((group.total * group.scale for group in listed if group.unread), Fraction()),
            degraded=sum((group.degraded * group.scale for group in listed), Fraction()),
            planned=sum(group.planned for group in listed),
        )


def judge_trunks(scene: Scene) -> Iterator[Failure]:
    """One failure for all trunks of each phone system, and one per internal group that lost members (T1)."""
    for whole in scene.wholes:
        told = scene.told(whole, "trunks")
        # What only a protocol told that is dark now keeps its total (T5): else the rest would weigh more.
        if all(each.word.dark for each in told) or not any(map(_is_notable, told)):
            continue
        key = Key(whole.main.name, "trunks")
        groups = [_group(scene, whole, each, key) for each in told]
        if (found := _public(scene, whole, key, groups)) is not None:
            yield found
        for group in groups:
            if not group.public and group.lost:
                yield _internal(scene, whole, group)


def _is_notable(told: Told) -> bool:
    """Whether it may be part of a failure: one that works whole is none, and counts only beside others."""
    observation = told.word.observation
    in_part = observation.lost or observation.degraded or observation.planned or told.word.carried
    return bool(in_part) or observation.unread or observation.total is None


def _group(scene: Scene, whole: PhoneSystem, told: Told, key: Key) -> Group:
    word = told.word
    observation = word.observation
    known = _known(whole, told)
    use = (known.use if known else None) or observation.use or "unknown"
    carried = word.carried
    if observation.unread or observation.total is None:
        # T5: an unread group keeps its last total and counts nothing as lost.
        lost, total, planned = 0, (word.known_total or 0) + carried, 0
    else:
        # T4: after a start of the agent the open ticket knows what was lost before it was busied out.
        if word.untraced:
            before = _lost_before(scene.history.standing.get(key), observation.component)
            carried += min(word.untraced, max(0, before - (observation.lost or 0) - carried))
        lost, total = (observation.lost or 0) + carried, observation.total + carried
        planned = observation.planned - carried
    # T2: so many calls at a time and no more, however many members there are.
    scale = Fraction(known.channels, total) if known and known.channels and total else Fraction(1)
    return Group(
        told,
        public=use != "internal",  # unknown use counts as public (T1)
        lost=lost,
        total=total,
        planned=planned,
        degraded=observation.degraded,
        scale=scale,
        window=scene.window_over(told),
    )


def _known(whole: PhoneSystem, told: Told) -> TrunkGroup | None:
    """What the site file says of the group: at the system that tells it, else at any of the phone system."""
    number = told.word.observation.number
    return next(
        (
            group
            for system in (told.system, *whole.systems)
            for group in system.trunk_groups
            if group.number == number
        ),
        None,
    )


def _lost_before(standing: Standing | None, component: str) -> int:
    """How many of a group's members the open ticket counts as lost."""
    evidence = standing.ruling.evidence if standing is not None else ()
    return next((each.lost or 0 for each in evidence if each.component == component), 0)


def _public(scene: Scene, whole: PhoneSystem, key: Key, groups: list[Group]) -> Failure | None:
    public = [group for group in groups if group.public]
    inside = [group for group in public if group.window is not None]
    judge = _Judge(scene, whole, key, groups)
    if not inside:
        return judge.failure(public)

    standing = scene.history.standing.get(key)
    counted = [group for group in public if group.window is None] + _still_lost(inside, standing)
    found, with_them = judge.failure(counted), judge.failure(public)
    if with_them is None or standing is not None:
        return found
    if found is None:
        ends = [scene.site.moment(group.window.ends) for group in inside if group.window and group.ails]
        return replace(with_them, not_before=min(ends, default=None))
    # A hold that ran for what is inside the window has not run for the rest.
    began = [each.told.word.lost_since for each in counted if each.told.word.lost_since is not None]
    return replace(found, since=min(began, default=None))


def _still_lost(inside: Iterable[Group], standing: Standing | None) -> list[Group]:
    before = ((group, _lost_before(standing, group.component)) for group in inside)
    return [replace(group, lost=min(group.lost, lost)) for group, lost in before if group.lost and lost]


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges one phone system's trunks, with all of their groups or some. `groups`: all that are told."""

    scene: Scene
    whole: PhoneSystem
    key: Key
    groups: list[Group]

    def failure(self, counted: list[Group]) -> Failure | None:
        """What these groups of it add up to; None: nothing fails."""
        scene, sums = self.scene, Figures.of(counted)
        unread = [group for group in counted if group.unread]
        rules = ["T1", "T6"] + (["T2"] if any(group.scale != 1 for group in counted) else [])
        failing = [group for group in counted if group.ails]
        half = bool(sums.lost) and self._half(sums)
        could_be = bool(unread) and not half and self._reaches(sums.lost + sums.unread, sums.total)

        hold = scene.site.holds.trunks
        if sums.lost:
            summary = f"{_figure(sums.lost)} of {_figure(sums.total)} trunks out of service"
            if could_be:
                summary += f", could be major: {plural(len(unread), 'group')} unread"
        elif could_be and not all(group.told.word.dark for group in unread):
            summary = f"could be major: {plural(len(unread), 'trunk group')} unread"
        elif sums.planned and not sums.total and not self._working_elsewhere(counted):
            failing = [group for group in counted if group.planned]
            summary = f"all {sums.planned} trunks taken out on purpose"
        elif sums.degraded:
            rules.append("T3")
            hold = scene.site.holds.degraded
            figures = f"{_figure(sums.degraded)} of {_figure(sums.total)}"
            summary = f"{figures} trunks in a maintenance state that still carries calls"
        else:
            return None
        rules += ["T5"] if could_be else []
        rules += ["T4"] if any(_taken_out(group) for group in counted) else []
        rules += ["T7"] if self._stood else []
        rules += ["C4"] if any(group.window for group in self.groups) else []
        facts: list[Test] = ["half-capacity"] if half else []
        return failure(
            scene,
            self.whole.main,
            self.key,
            facts=facts,
            rules=rules,
            summary=summary,
            responsibility=_whose(failing),
            evidence=(_evidence(group) for group in failing),
            hold=hold,
            lost=int(sums.lost) if sums.lost.denominator == 1 else None,
            total=int(sums.total) if sums.total.denominator == 1 else None,
            left_out=_left_out(self.groups, counted),
            considered=() if half else (self._why_not(sums, len(unread) if could_be else 0),),
            settles=scene.site.holds.trunks,
        )

    @property
    def _stood(self) -> bool:
        standing = self.scene.history.standing.get(self.key)
        return standing is not None and standing.ruling.states("half-capacity")

    @property
    def _mark(self) -> int:
        """Per cent from which it is half capacity; T7: once it is, it stays so down to the lower mark."""
        decisions = self.scene.contract.decisions
        return decisions.half_capacity_down_percent if self._stood else decisions.half_capacity_percent

    def _half(self, sums: Figures) -> bool:
        """T6: exactly half is."""
        return (
            self.scene.is_phone_system(self.whole.main)
            and sums.total > 0
            and sums.lost * 100 >= sums.total * self._mark
        )

    def _reaches(self, lost: Fraction, total: Fraction) -> bool:
        return total > 0 and lost * 100 >= total * self.scene.contract.decisions.half_capacity_percent

    def _working_elsewhere(self, counted: Sequence[Group]) -> bool:
        rest = (group for group in self.groups if group.public and group not in counted)
        return any(group.total > group.lost for group in rest)

    def _why_not(self, sums: Figures, unread: int) -> str:
        """Why it is not half capacity, for a person who asks."""
        if not self.scene.is_phone_system(self.whole.main):
            return f"half-capacity: {self.whole.main.name} by itself is no phone system (O7)"
        if not sums.total:
            return "half-capacity: not evaluated, all that could carry calls is taken out on purpose (T4)"
        share = f"half-capacity: {_figure(sums.lost)} of {_figure(sums.total)}"
        share += f" is {percent(sums.lost, sums.total)}, below {self._mark} %"
        if not unread:
            return share
        most = percent(sums.lost + sums.unread, sums.total)
        return f"{share}; with {plural(unread, 'group')} unread it could be {most} (T5)"


def _internal(scene: Scene, whole: PhoneSystem, group: Group) -> Failure:
    found = failure(
        scene,
        whole.main,
        Key(whole.main.name, "integration", group.component),
        rules=("T1", "M7"),
        summary=f"internal {group.component}: {group.lost} of {group.total} members lost",
        evidence=(_evidence(group),),
        hold=scene.site.holds.integration,
        lost=group.lost,
        total=group.total,
    )
    ends: datetime | None = scene.site.moment(group.window.ends) if group.window is not None else None
    return replace(found, not_before=ends)


def _taken_out(group: Group) -> bool:
    return bool(group.planned or group.told.word.observation.planned)


def _evidence(group: Group) -> Evidence:
    system, word = group.told.system, group.told.word
    if group.unread:
        known = f", last known {_figure(group.total * group.scale)} members" if group.total else ""
        return evidence(system, word, ("not seen" if word.dark else "could not be read") + known)
    parts = [f"{_figure(group.lost * group.scale)} of {_figure(group.total * group.scale)} lost"]
    if group.degraded:
        parts.append(f"{group.degraded} degraded")
    if group.planned:
        parts.append(f"{group.planned} taken out on purpose")
    if carried := word.observation.planned - group.planned:
        parts.append(f"{carried} lost before taken out")
    return evidence(system, word, ", ".join(parts), figures=(group.lost, group.total))


def _left_out(groups: Iterable[Group], counted: Sequence[Group]) -> Iterator[str]:
    told = {group.component for group in counted}
    for group in groups:
        if not group.public:
            yield f"{group.component}: internal, not to the public network (T1)"
        elif group.component not in told and group.window is not None:
            yield f"{group.component}: inside the maintenance window {group.window.name} (C4)"
        elif group.planned:
            yield f"{group.component}: {plural(group.planned, 'member')} taken out on purpose (T4)"


def _whose(failing: list[Group]) -> Responsibility:
    sides = {group.told.word.observation.side for group in failing if group.lost}
    return "carrier" if sides == {"far"} else "vendor"


def _figure(units: Fraction) -> str:
    return str(units.numerator) if units.denominator == 1 else f"{float(units):.1f}"
