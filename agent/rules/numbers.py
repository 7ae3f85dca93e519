"""Primary numbers: whether an incoming call finds a way (rules P1, P2, P4, P6). Pure.

It states yes, no or unknown and raises nothing yet: an unseen part makes a number unknown, never yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from agent.authority import Word
from agent.rules.parts import gateway_words
from agent.rules.scene import Scene
from agent.site import Needs, PrimaryNumber

State = Literal["yes", "no", "unknown"]


def number_states(scene: Scene) -> tuple[tuple[PrimaryNumber, State], ...]:
    """Every primary number of the site, and whether a call to it finds a way."""
    return tuple((number, _needs(scene, number.needs)) for number in scene.site.primary_numbers)


def _needs(scene: Scene, needs: Needs) -> State:
    ways = []
    if needs.all_of:
        ways.append(_all(_part(scene, part) for part in needs.all_of))
    if needs.any_of:
        ways.append(_any(_part(scene, part) for part in needs.any_of))
    return _all(ways) if ways else "unknown"


def _all(states: Iterable[State]) -> State:
    found = set(states)
    return "no" if "no" in found else "unknown" if "unknown" in found else "yes"


def _any(states: Iterable[State]) -> State:
    found = set(states)
    return "yes" if "yes" in found else "unknown" if "unknown" in found else "no"


def _part(scene: Scene, part: str | Needs) -> State:
    if isinstance(part, Needs):
        return _needs(scene, part)
    kind, _, name = part.partition(" ")
    match kind:
        case "trunk-group":
            return _any(_trunks(word) for word in _groups(scene, int(name)))
        case "location":
            return _location(scene, name)
        case "system":
            return _system(scene, name)
        case _:  # links, attendants, auto attendant, voicemail: no collector tells of them yet
            return "unknown"


def _groups(scene: Scene, number: int) -> list[Word | None]:
    told: list[Word | None] = [
        word
        for system in scene.systems_for("phone_system")
        for word in scene.words(system.name, "trunks")
        if word.observation.number == number
    ]
    return told or [None]


def _trunks(word: Word | None) -> State:
    if word is None or word.observation.unread or word.observation.total is None:
        return "unknown"
    # Planned members are in neither figure and carry no call (P6): a group of none but these is no way.
    return "yes" if word.observation.total > (word.observation.lost or 0) else "no"


def _location(scene: Scene, name: str) -> State:
    gateways = [s for s in scene.site.systems if s.location == name and s.gateway_number is not None]
    return _any(_gateway(scene, gateway.name) for gateway in gateways) if gateways else "unknown"


def _gateway(scene: Scene, name: str) -> State:
    gateway = scene.site.system(name)
    words = [
        (system, word) for system, word in gateway_words(scene, gateway) if word.observation.lost is not None
    ]
    own = [word for system, word in words if system is gateway]
    if own:
        return "no" if own[0].observation.lost else "yes"
    # P4: that the main server does not have it is no proof while a survivable processor may serve it.
    return "yes" if any(not word.observation.lost for _, word in words) else "unknown"


def _system(scene: Scene, name: str) -> State:
    if scene.site.system(name).gateway_number is not None:
        return _gateway(scene, name)
    told = {word.observation.lost for word in scene.statements(name)} - {None}
    # Protocols that contradict each other leave it open: nobody's authority settles a service (O2).
    return "unknown" if len(told) != 1 else "no" if told.pop() else "yes"
