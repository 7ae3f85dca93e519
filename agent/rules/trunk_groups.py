"""One trunk group as it counts, several added up, and the words for both (rules T1, T2, T4, T5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from agent.failures import Evidence, Key
from agent.history import Standing
from agent.maintenance import Occurrence
from agent.rules.scene import PhoneSystem, Scene, Told, evidence
from agent.site import TrunkGroup


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
    window: Occurrence | None = None

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


def group_of(scene: Scene, whole: PhoneSystem, told: Told, key: Key) -> Group:
    """A group as it is told now. `key`: of the failure whose ticket knows what was lost before (T4)."""
    word = told.word
    observation = word.observation
    known = whole.trunk_group(told.system, observation.number)
    use = _use(scene, known) or observation.use or "unknown"
    carried = word.carried
    if observation.unread or observation.total is None:
        # T5: an unread group keeps its last total and counts nothing as lost.
        lost, total, planned = 0, (word.known_total or 0) + carried, 0
    else:
        # T4: after a start of the agent the open ticket knows what was lost before it was busied out.
        if word.untraced:
            before = lost_before(scene.history.standing.get(key), observation.component)
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


def _use(scene: Scene, known: TrunkGroup | None) -> str | None:
    """What the site says that it is for; one to a system of the site is internal, but for the border (T1)."""
    if known is None or known.use is not None or known.to is None:
        return known.use if known is not None else None
    return None if scene.watches[known.to].function == "border" else "internal"


def lost_before(standing: Standing | None, component: str) -> int:
    """How many of a group's members the open ticket counts as lost."""
    evidence = standing.ruling.evidence if standing is not None else ()
    return next((each.lost or 0 for each in evidence if each.component == component), 0)


def taken_out(group: Group) -> bool:
    """Whether some of it is, or was, taken out on purpose."""
    return bool(group.planned or group.told.word.observation.planned)


def group_evidence(group: Group) -> Evidence:
    """What was seen of it, in words and figures."""
    system, word = group.told.system, group.told.word
    if group.unread:
        known = f", last known {figure(group.total * group.scale)} members" if group.total else ""
        return evidence(system, word, ("not seen" if word.dark else "could not be read") + known)
    parts = [f"{figure(group.lost * group.scale)} of {figure(group.total * group.scale)} lost"]
    if group.degraded:
        parts.append(f"{group.degraded} degraded")
    if group.planned:
        parts.append(f"{group.planned} taken out on purpose")
    if carried := word.observation.planned - group.planned:
        parts.append(f"{carried} lost before taken out")
    return evidence(system, word, ", ".join(parts), figures=(group.lost, group.total))


def figure(units: Fraction) -> str:
    """A number of members for a person; with channels it need not be whole (T2)."""
    return str(units.numerator) if units.denominator == 1 else f"{float(units):.1f}"
