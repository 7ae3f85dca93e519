"""Primary numbers: whether an incoming call finds a way (rules P1, P2, P3, P4, P6). Pure.

It states yes, no, no on purpose, or unknown: an unseen part makes a number unknown, never yes. What a number
that is lost makes of the failures is `agent.rules.number_loss`.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.authority import Word
from agent.rules.attendants import auto_attendant, consoles, service, voicemail
from agent.rules.part_state import PartState, State, all_of, any_of, state_of
from agent.rules.parts import gateway_words
from agent.rules.scene import Scene, is_gateway
from agent.site import Needs, PrimaryNumber, System

__all__ = ["State", "leaves", "number_states", "reach"]


def number_states(scene: Scene) -> tuple[tuple[PrimaryNumber, State], ...]:
    """Every primary number of the site, and whether a call to it finds a way."""
    return tuple((number, reach(scene, number.needs).state) for number in scene.site.primary_numbers)


def reach(scene: Scene, needs: Needs) -> PartState:
    """Whether these needs are met, as the state of the part that decides it."""
    ways = []
    if needs.all_of:
        ways.append(all_of(_part(scene, part) for part in needs.all_of))
    if needs.any_of:
        ways.append(any_of(_part(scene, part) for part in needs.any_of))
    return all_of(ways)


def leaves(scene: Scene, needs: Needs) -> Iterator[PartState]:
    """The state of every part that is named, however deep."""
    for part in (*needs.all_of, *needs.any_of):
        if isinstance(part, Needs):
            yield from leaves(scene, part)
        else:
            yield _part(scene, part)


def _part(scene: Scene, part: str | Needs) -> PartState:
    if isinstance(part, Needs):
        return reach(scene, part)
    kind, _, name = part.partition(" ")
    match kind:
        case "trunk-group":
            return _trunk_group(scene, part, int(name))
        case "cti-link":
            return _cti_link(scene, part, int(name))
        case "location":
            return _location(scene, part, name)
        case "system":
            return _system(scene, part, scene.site.system(name))
        case "attendant":
            return consoles(scene, part)
        case "auto-attendant":
            return auto_attendant(scene, part)
        case _:
            return voicemail(scene, part)


def _trunk_group(scene: Scene, part: str, number: int) -> PartState:
    found = [
        state_of(scene, part, system, word)
        for system in scene.systems_for("phone_system")
        for word in scene.words(system.name, "trunks")
        if word.observation.number == number or word.observation.component == part
    ]
    return any_of(found, part)


def _cti_link(scene: Scene, part: str, number: int) -> PartState:
    """By the word of whoever holds an end of it (P3); ends that contradict each other leave it open."""
    found = [
        state_of(scene, part, system, word)
        for system in scene.site.systems
        for word in scene.words(system.name, "integration")
        if word.observation.component == part
        or (word.observation.kind == "cti" and word.observation.number == number)
    ]
    if len({each.dead for each in found}) > 1:
        return PartState(part, "unknown", told=tuple(told for each in found for told in each.told))
    return any_of(found, part)


def _location(scene: Scene, part: str, name: str) -> PartState:
    gateways = [s for s in scene.site.systems if s.location == name and is_gateway(s)]
    return any_of((_gateway(scene, part, gateway) for gateway in gateways), part)


def _gateway(scene: Scene, part: str, gateway: System) -> PartState:
    words = [(s, word) for s, word in gateway_words(scene, gateway) if word.observation.lost is not None]
    own = [word for system, word in words if system is gateway]
    if own:
        return state_of(scene, part, gateway, own[0])
    listed = [_listed(scene, part, gateway, system, word) for system, word in words]
    # P4: that the main server does not have it is no proof while a survivable processor may serve it.
    served = [each for each in listed if not each.dead]
    if listed and gateway.survivable and not served:
        return PartState(part, "unknown", told=tuple(words))
    return any_of(listed, part)


def _listed(scene: Scene, part: str, gateway: System, system: System, word: Word) -> PartState:
    """What a server says of the gateway; a window over the gateway covers that too."""
    state = state_of(scene, part, system, word)
    covered = state_of(scene, part, gateway, word)
    return covered if covered.state == "on_purpose" else state


def _system(scene: Scene, part: str, system: System) -> PartState:
    return _gateway(scene, part, system) if is_gateway(system) else service(scene, part, system)
