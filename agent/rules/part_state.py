"""Whether a part that an incoming call needs is there, and how the parts of a way join (P1, P2, P6). Pure.

A state is carried by the part that decides it: of parts that are all needed the first one to fail, of
alternatives the last one. So whoever asks for the state of a whole number learns what took its last way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from agent.authority import Word
from agent.rules.scene import Scene
from agent.site import System

State = Literal["yes", "no", "unknown", "on_purpose"]
"""`on_purpose`: no, because a person took it out of use (P6)."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PartState:
    """The state of a part. `need`: as the site file names it. `since`: when nothing of it was left.

    `told`: what was said of it, with the system that said it.
    """

    need: str
    state: State
    since: datetime | None = None
    told: tuple[tuple[System, Word], ...] = ()

    @property
    def dead(self) -> bool:
        """Whether no call gets through here."""
        return self.state in ("no", "on_purpose")

    @property
    def parts(self) -> frozenset[tuple[str, str, str]]:
        """What was told of, as evidence names it: system, role and component."""
        return frozenset(
            (system.name, word.observation.role, word.observation.component) for system, word in self.told
        )


def all_of(states: Iterable[PartState], need: str = "") -> PartState:
    """All are needed: no if one is, which the first to fail decides; yes only if each is."""
    found = list(states)
    if dead := [each for each in found if each.dead]:  # together: a failure before what was on purpose
        return min(dead, key=lambda each: (each.since or _LONG_AGO, each.state != "no"))
    return _first(found, "unknown") or _first(found, "yes") or PartState(need, "unknown")


def any_of(states: Iterable[PartState], need: str = "") -> PartState:
    """One is enough: no only if none is left, which the last to fail decides."""
    found = list(states)
    alive = _first(found, "yes") or _first(found, "unknown")
    if alive is not None or not found:
        return alive or PartState(need, "unknown")
    return max(found, key=lambda each: (each.since or _LONG_AGO, each.state == "no"))


def state_of(scene: Scene, need: str, system: System, word: Word) -> PartState:
    """The state of one part by what is believed of it."""
    observation = word.observation
    told = ((system, word),)
    if observation.unread or observation.lost is None or observation.total is None:
        return PartState(need, "unknown", told=told)
    if observation.total > observation.lost:
        return PartState(need, "yes", told=told)
    since = word.out_since or word.at
    # Planned members are in neither figure and carry no call (P6); what was lost before stays lost (T4).
    if not observation.lost + word.carried:
        return PartState(need, "on_purpose" if observation.planned else "unknown", since, told)
    window = scene.window(system, observation)
    on_purpose = window is not None and since >= scene.site.moment(window.begins)
    return PartState(need, "on_purpose" if on_purpose else "no", since, told)


def _first(states: Iterable[PartState], state: State) -> PartState | None:
    return next((each for each in states if each.state == state), None)
