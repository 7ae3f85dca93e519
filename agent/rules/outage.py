"""The whole of a system: its service and the ways of seeing it are one failure (I2; rules O1, O2, O8).

Silence never outweighs a sign of life: while any gateway is registered, a silent phone system is a loss of
sight, which is minor. A complete outage needs two independent sources, or the system's own word three times.
Each protocol's word on the service is a sign of its own; where they contradict each other it is minor, until
more sources say that it is down than say that it works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from agent.authority import is_young
from agent.failures import Evidence, Failure, Key
from agent.picture import Access
from agent.rules.scene import Scene, evidence, failure, listed
from agent.site import System
from collectors.base import ProtocolName

ENOUGH_MISSES = 3  # I5: the sooner of three polls and the hold, never before the second missed poll
# Who answers there is call processing itself (O2): a source of its own, and a sign of life by answering. The
# rest is what the server says of itself, by whichever protocol: one source, "statement".
_INDEPENDENT: tuple[ProtocolName, ...] = ("sat", "sip")


@dataclass(frozen=True, slots=True)
class Sign:
    """What one independent source says about a function: it works, or it is down."""

    works: bool
    source: str
    evidence: Evidence


def judge_systems(scene: Scene) -> Iterator[Failure]:
    """At most one failure per system: complete outage, service down, or loss of sight."""
    signs = {system.name: list(_signs(scene, system)) for system in scene.site.systems}
    shared = [
        sign
        for system in scene.systems_for("phone_system")
        for sign in signs[system.name]
        if sign.source == "gateways"
    ]
    for system in scene.site.systems:
        own = [sign for sign in signs[system.name] if sign.source != "gateways"]
        serves = any(role == "service" for role, _ in scene.picture.of(system.name).parts)
        found = None
        if scene.watches[system.name].function == "phone_system" and (
            serves or _speaks_for_service(scene, system)
        ):
            found = _outage(scene, system, [*own, *shared])
        found = found or _service_down(scene, system, own, shared) or _loss_of_sight(scene, system)
        if found is not None:
            yield found


def _speaks_for_service(scene: Scene, system: System) -> bool:
    # A phone system that was never seen has told no service yet; a gateway never tells one.
    return system.gateway_number is None and not scene.picture.of(system.name).parts


def _signs(scene: Scene, system: System) -> Iterator[Sign]:
    picture = scene.picture.of(system.name)
    told = scene.statements(system.name)
    for word in told:
        observation = word.observation
        if observation.unread or observation.lost is None:
            continue  # neither sign (O8)
        text = "says that it is down" if observation.lost else "says that it works"
        source = word.protocol if word.protocol in _INDEPENDENT else "statement"
        yield Sign(not observation.lost, source, evidence(system, word, text))
    spoken = {word.protocol for word in told}
    for access in picture.accesses.values():
        if access.protocol in _INDEPENDENT and access.protocol not in spoken and access.error is None:
            watch = scene.watches[system.name]
            if is_young(picture, watch, scene.now, access.protocol, access.at):
                text = f"the {access.protocol.upper()} answers"
                yield Sign(True, access.protocol, _access_evidence(system, access, text))
    if system.gateway_number is not None:
        for word in scene.words(system.name, "location"):
            if word.observation.lost is None:
                continue
            text = "serves on no controller" if word.observation.lost else "serves on a controller"
            yield Sign(not word.observation.lost, "gateways", evidence(system, word, text))
    asked = scene.asked(system.name)  # O8 speaks of all protocols: one that was not tried yet is not silent
    if asked and picture.silent and all(_lasted(scene, access) for access in picture.accesses.values()):
        for access in picture.accesses.values():
            yield Sign(False, "silence", _access_evidence(system, access))


def _outage(scene: Scene, system: System, signs: list[Sign]) -> Failure | None:
    works = {sign.source for sign in signs if sign.works}
    # A source that says both (one gateway of two is registered) does not say that the service is down.
    says_down = {sign.source for sign in signs if not sign.works} - works - {"silence"}
    if works:  # O1: silence does not count against them
        agreed, single = len(says_down) > len(works), False
    else:
        # O8: silence is the absence of the system's own word, so the two can never be two sources.
        silent = any(sign.source == "silence" for sign in signs)
        sources = says_down | ({"statement"} if silent else set())
        single = len(sources) == 1
        agreed = len(sources) > 1 or (not silent and _said_often_enough(scene, system, says_down))
    if not agreed:
        return None
    return failure(
        scene,
        system,
        Key(system.name, "service"),
        facts=("complete-outage",),
        rules=("O1", "O2"),
        summary="phone system completely out of service" + (" (single source)" if single else ""),
        evidence=(sign.evidence for sign in signs),
        hold=timedelta(0),  # a confirmed complete outage is not held (I5); its silence already was
        clears_like=scene.site.holds.reachability,
    )


def _said_often_enough(scene: Scene, system: System, says_down: set[str]) -> bool:
    if len(says_down) != 1 or "gateways" in says_down:
        return False
    told = scene.statements(system.name)
    return any(word.lost_polls >= scene.contract.decisions.statement_polls for word in told)


def _service_down(scene: Scene, system: System, own: list[Sign], shared: list[Sign]) -> Failure | None:
    down = [sign for sign in own if sign.source != "silence" and not sign.works]
    if not down:
        return None
    others = shared if scene.watches[system.name].function == "phone_system" else []
    dissent = [sign for sign in (*own, *others) if sign.works]
    return failure(
        scene,
        system,
        Key(system.name, "service"),
        rules=("O2", "M7"),
        summary="says that it is down" + (", while others say that it works" if dissent else ""),
        evidence=(sign.evidence for sign in [*down, *dissent]),
        hold=scene.site.holds.reachability,
    )


_WORDS = {
    "refused": "does not let us in",
    "unreadable": "gives answers that cannot be read",
    "unreachable": "does not answer",
}


def _loss_of_sight(scene: Scene, system: System) -> Failure | None:
    accesses = scene.picture.of(system.name).accesses
    ways = [accesses[way.protocol] for way in scene.watches[system.name].ways if way.protocol in accesses]
    missed = [access for access in ways if access.error is not None]
    # One missed poll says nothing yet (I5): it neither joins a loss of sight nor changes its words.
    lost = [access for access in missed if access.missed > 1] or missed
    if not lost:
        return None
    left = [access.protocol for access in ways if access not in lost]
    summary = f"seen by {listed(left)} only" if left else "not seen"
    reasons = listed(f"{_WORDS[str(access.error)]} ({access.protocol})" for access in lost)
    holds = [hold for access in lost if (hold := _hold(scene, access)) is not None]
    refused = any(access.error == "refused" for access in lost)
    return failure(
        scene,
        system,
        Key(system.name, "service"),
        rules=("O1", "I2"),
        summary=f"{summary}: {reasons}",
        responsibility="customer" if refused else "monitoring",
        evidence=(_access_evidence(system, access) for access in lost),
        hold=min(holds, default=None),
        clears_like=scene.site.holds.reachability,
        since=min(access.missed_since or access.at for access in lost),
    )


def _hold(scene: Scene, access: Access) -> timedelta | None:
    if access.missed < 2:
        return None
    return timedelta(0) if access.missed >= ENOUGH_MISSES else scene.site.holds.reachability


def _lasted(scene: Scene, access: Access) -> bool:
    hold = _hold(scene, access)
    return hold is not None and scene.now - (access.missed_since or access.at) >= hold


def _access_evidence(system: System, access: Access, text: str = "") -> Evidence:
    said = text or access.error_text or access.error or ""
    return Evidence(said, system.name, "access", access.protocol, access.protocol, access.at)
