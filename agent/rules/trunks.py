"""Trunks: how much of the way to the public network is lost (rules T1-T7, C4). Pure.

All servers, gateways and survivable processors of a group are one phone system: its trunks are one fraction,
each group counted once. A system that is no phone system is told by itself and never half capacity (O7).

A group whose own cause fails is a failure by itself, for the ticket of its cause to take (I1); the others are
what is left of the one failure. Half capacity is judged over the sum of them all, and the one that began last
carries it (T6).

What is inside a maintenance window is on neither side. If something fails only with it, that is found in
the window: it waits for the window's end. Open tickets go on: what one already counts as lost still counts,
with no more lost than before the window.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from agent.contract import Test
from agent.failures import Cause, Failure, Key, Responsibility
from agent.history import Standing
from agent.rules.causes import Causes
from agent.rules.failing import failure
from agent.rules.scene import PhoneSystem, Scene, Told, percent, plural
from agent.rules.trunk_groups import Figures, Group, figure, group_evidence, group_of, lost_before, taken_out


def judge_trunks(scene: Scene, causes: Causes) -> Iterator[Failure]:
    """One failure for all trunks of each phone system, and one per internal group that lost members (T1).

    `causes`: of the failures that were judged before; what they explain is told group by group.
    """
    for whole in scene.wholes:
        told = scene.told(whole, "trunks")
        # What only a protocol told that is dark now keeps its total (T5): else the rest would weigh more.
        if all(each.word.dark for each in told) or not any(map(_is_notable, told)):
            continue
        key = Key(whole.main.name, "trunks")
        groups = [group_of(scene, whole, each, key) for each in told]
        yield from _public(scene, whole, key, groups, causes)
        for group in groups:
            if not group.public and group.lost:
                yield _internal(scene, whole, group)


def _is_notable(told: Told) -> bool:
    """Whether it may be part of a failure: one that works whole is none, and counts only beside others."""
    observation = told.word.observation
    in_part = observation.lost or observation.degraded or observation.planned or told.word.carried
    return bool(in_part) or observation.unread or observation.total is None


def _public(
    scene: Scene, whole: PhoneSystem, key: Key, groups: list[Group], causes: Causes
) -> Iterator[Failure]:
    public = [group for group in groups if group.public]
    inside = [group for group in public if group.window is not None]
    standing = scene.history.standing.get(key)
    apart = {
        group.component: explains
        for group in public
        if group.lost
        and not lost_before(standing, group.component)  # a ticket once raised keeps what it has (I8)
        and (explains := causes.of_part(group.told.system, group.told.word.observation))
    }
    split = _Split.of(scene, key, public, apart)
    judge = _Judge(scene, whole, key, groups, split)
    for group in public:
        if group.component in apart:
            yield judge.apart(group, public, apart[group.component])
    if not inside:
        rest = judge.failure(public)
        yield from (rest,) if rest is not None else ()
        return

    counted = [group for group in public if group.window is None] + _still_lost(inside, standing)
    found, with_them = judge.failure(counted), judge.failure(public)
    if with_them is None or standing is not None:
        yield from (found,) if found is not None else ()
        return
    if found is None:
        ends = [scene.site.moment(group.window.ends) for group in inside if group.window and group.ails]
        yield replace(with_them, not_before=min(ends, default=None))
        return
    # A hold that ran for what is inside the window has not run for the rest.
    began = [each.told.word.lost_since for each in counted if each.told.word.lost_since is not None]
    yield replace(found, since=min(began, default=None))


@dataclass(frozen=True, slots=True)
class _Split:
    """Which groups are failures by themselves. `carrier`: whose failure carries half capacity (T6).

    None: what is left of the one failure does.
    """

    apart: frozenset[str]
    carrier: str | None

    @classmethod
    def of(cls, scene: Scene, key: Key, public: Sequence[Group], apart: Collection[str]) -> _Split:
        """The newest carries it, and goes on carrying it while it stands."""
        failing = [group for group in public if group.lost]
        stood = {each.component for each in _halves(scene, key)}
        here = [group for group in failing if group.component not in apart]
        if not apart or (here and None in stood):
            return cls(frozenset(apart), None)
        kept = [group for group in failing if group.component in apart and group.component in stood]
        newest = max(kept or failing, key=lambda group: group.told.word.lost_since or scene.now)
        return cls(frozenset(apart), newest.component if newest.component in apart else None)


def _halves(scene: Scene, key: Key) -> list[Key]:
    """The failures of these trunks that are told as half capacity."""
    return [
        other
        for other, standing in scene.history.standing.items()
        if (other.system, other.role) == (key.system, key.role) and standing.ruling.states("half-capacity")
    ]


def _still_lost(inside: Iterable[Group], standing: Standing | None) -> list[Group]:
    before = ((group, lost_before(standing, group.component)) for group in inside)
    return [replace(group, lost=min(group.lost, lost)) for group, lost in before if group.lost and lost]


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges one phone system's trunks, with all of their groups or some. `groups`: all that are told."""

    scene: Scene
    whole: PhoneSystem
    key: Key
    groups: list[Group]
    split: _Split

    def apart(self, group: Group, public: Sequence[Group], causes: Iterable[Cause]) -> Failure:
        """A group that is a failure by itself, because its cause is known."""
        sums = Figures.of(public)
        carries = self.split.carrier == group.component
        half = carries and self._half(sums)
        lost, total = group.lost * group.scale, group.total * group.scale
        summary = f"{group.component}: {figure(lost)} of {figure(total)} members lost"
        if carries:
            summary += f", {figure(sums.lost)} of {figure(sums.total)} trunks out of service"
        facts: list[Test] = ["half-capacity"] if half else []
        found = failure(
            self.scene,
            self.whole.main,
            Key(self.whole.main.name, "trunks", group.component),
            facts=facts,
            rules=("T1", "I1", "I3", *(("T6",) if carries else ()), *(("T7",) if self._stood else ())),
            summary=summary,
            responsibility=_whose([group]),
            evidence=(group_evidence(group),),
            hold=self.scene.site.holds_of(self.whole.main).trunks,
            since=group.told.word.lost_since,
            lost=group.lost,
            total=group.total,
            considered=self._together(group) if half else (self._why_not(sums, 0),) if carries else (),
            settles=self.scene.site.holds_of(self.whole.main).trunks,
            not_before=self.scene.site.moment(group.window.ends) if group.window is not None else None,
        )
        return replace(found, causes=tuple(causes))

    def _together(self, group: Group) -> tuple[str, ...]:
        """Where the others stand that half capacity is judged over (T6)."""
        standing = self.scene.history.standing
        others = [Key(self.key.system, "trunks", name) for name in sorted(self.split.apart)]
        return tuple(
            f"half-capacity: with what {standing[key].ticket} holds, {key.component or 'other trunks'} (T6)"
            for key in (self.key, *others)
            if key in standing and key.component != group.component
        )

    def failure(self, whole: list[Group]) -> Failure | None:
        """What these groups of it add up to, without those that are apart; None: nothing fails."""
        scene, together = self.scene, Figures.of(whole)
        counted = [replace(each, lost=0) if each.component in self.split.apart else each for each in whole]
        sums = Figures.of(counted)
        unread = [group for group in counted if group.unread]
        rules = ["T1", "T6"] + (["T2"] if any(group.scale != 1 for group in counted) else [])
        failing = [group for group in counted if group.ails]
        half = bool(sums.lost) and self.split.carrier is None and self._half(together)
        could_be = bool(unread) and not half and self._reaches(together.lost + sums.unread, sums.total)

        holds = scene.site.holds_of(self.whole.main)
        hold = holds.trunks
        if sums.lost:
            summary = f"{figure(sums.lost)} of {figure(sums.total)} trunks out of service"
            if together.lost > sums.lost:
                summary += f" ({figure(together.lost)} with those of other causes)"
            if could_be:
                summary += f", could be major: {plural(len(unread), 'group')} unread"
        elif could_be and not all(group.told.word.dark for group in unread):
            summary = f"could be major: {plural(len(unread), 'trunk group')} unread"
        elif sums.planned and not sums.total and not self._working_elsewhere(counted):
            failing = [group for group in counted if group.planned]
            summary = f"all {sums.planned} trunks taken out on purpose"
        elif sums.degraded:
            rules.append("T3")
            hold = holds.degraded
            figures = f"{figure(sums.degraded)} of {figure(sums.total)}"
            summary = f"{figures} trunks in a maintenance state that still carries calls"
        else:
            return None
        rules += ["T5"] if could_be else []
        rules += ["T4"] if any(taken_out(group) for group in counted) else []
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
            evidence=(group_evidence(group) for group in failing),
            hold=hold,
            lost=int(sums.lost) if sums.lost.denominator == 1 else None,
            total=int(sums.total) if sums.total.denominator == 1 else None,
            left_out=(*_left_out(self.groups, counted), *self._with_causes),
            considered=() if half else (self._why_not(together, len(unread) if could_be else 0),),
            settles=holds.trunks,
        )

    @property
    def _with_causes(self) -> Iterator[str]:
        for component in sorted(self.split.apart):
            yield f"{component}: told with its cause (I1)"

    @property
    def _stood(self) -> bool:
        return bool(_halves(self.scene, self.key))

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
        if self._half(sums):
            newest = f"carried by the failure that began last, {self.split.carrier or 'of the others'}"
            return (
                f"half-capacity: {figure(sums.lost)} of {figure(sums.total)} with all causes, {newest} (T6)"
            )
        if not sums.total:
            return "half-capacity: not evaluated, all that could carry calls is taken out on purpose (T4)"
        share = f"half-capacity: {figure(sums.lost)} of {figure(sums.total)}"
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
        evidence=(group_evidence(group),),
        hold=scene.site.holds_of(whole.main).integration,
        lost=group.lost,
        total=group.total,
    )
    ends: datetime | None = scene.site.moment(group.window.ends) if group.window is not None else None
    return replace(found, not_before=ends)


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
