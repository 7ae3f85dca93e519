"""The whole of a system: its service and the ways of seeing it are one failure (I2; rules O1, O2).

Silence never outweighs a sign of life: while any gateway is registered, a silent phone system is a loss of
sight, which is minor. A complete outage needs two independent sources, or the system's own word three times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from agent.failures import Evidence, Failure, Key
from agent.picture import Access
from agent.rules.scene import Scene, evidence, failure, listed
from agent.site import System

ENOUGH_MISSES = 3  # I5: the sooner of three polls and the hold, never before the second missed poll


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
        if scene.functions[system.name] == "phone_system" and (serves or _speaks_for_service(scene, system)):
            found = _outage(scene, system, [*own, *shared])
        found = found or _service_down(scene, system, own, shared) or _loss_of_sight(scene, system)
        if found is not None:
            yield found


def _speaks_for_service(scene: Scene, system: System) -> bool:
    # A phone system that was never seen has told no service yet; a gateway never tells one.
    return system.gateway_number is None and not scene.picture.of(system.name).parts


def _signs(scene: Scene, system: System) -> Iterator[Sign]:
    picture = scene.picture.of(system.name)
    for seen in picture.fresh("service"):
        observation = seen.observation
        if observation.unread or observation.lost is None:
            continue  # neither sign (O8)
        text = "says that it is down" if observation.lost else "says that it works"
        yield Sign(not observation.lost, "statement", evidence(system, seen, text))
    if system.gateway_number is not None:
        for seen in picture.fresh("location"):
            if seen.observation.lost is None:
                continue
            text = "serves on no controller" if seen.observation.lost else "serves on a controller"
            yield Sign(not seen.observation.lost, "gateways", evidence(system, seen, text))
    if picture.silent and all(_lasted(scene, access) for access in picture.accesses.values()):
        for access in picture.accesses.values():
            yield Sign(False, "silence", _access_evidence(system, access))


def _outage(scene: Scene, system: System, signs: list[Sign]) -> Failure | None:
    clause = scene.contract.clause_for("complete-outage")
    if clause is None or any(sign.works for sign in signs):
        return None
    # O8: silence is the absence of the system's own word, so the two can never be counted as two sources.
    sources = {"statement" if sign.source == "silence" else sign.source for sign in signs}
    if len(sources) < 2 and not _said_often_enough(scene, system, signs):
        return None
    single = len(sources) < 2
    return failure(
        scene,
        system,
        Key(system.name, "service"),
        clause=clause,
        rules=("O1", "O2"),
        summary="phone system completely out of service" + (" (single source)" if single else ""),
        evidence=(sign.evidence for sign in signs),
        hold=timedelta(0),  # a confirmed complete outage is not held (I5); its silence already was
        clears_like=scene.site.holds.reachability,
    )


def _said_often_enough(scene: Scene, system: System, signs: list[Sign]) -> bool:
    if {sign.source for sign in signs} != {"statement"}:
        return False
    told = scene.picture.of(system.name).fresh("service")
    return any(seen.lost_polls >= scene.contract.decisions.statement_polls for seen in told)


def _service_down(scene: Scene, system: System, own: list[Sign], shared: list[Sign]) -> Failure | None:
    down = [sign for sign in own if sign.source == "statement" and not sign.works]
    if not down:
        return None
    phone_system = scene.functions[system.name] == "phone_system"
    dissent = [sign for sign in shared if sign.works and phone_system]
    return failure(
        scene,
        system,
        Key(system.name, "service"),
        rules=("O2", "M7"),
        summary="says that it is down" + (", while others say that it works" if dissent else ""),
        evidence=(sign.evidence for sign in [*down, *dissent]),
        hold=scene.site.holds.reachability,
    )


def _loss_of_sight(scene: Scene, system: System) -> Failure | None:
    picture = scene.picture.of(system.name)
    lost = [access for access in picture.accesses.values() if access.error is not None]
    if not lost:
        return None
    refused = any(access.error == "refused" for access in lost)
    words = {
        "refused": "refuses our credentials",
        "unreadable": "gives answers that cannot be read",
        "unreachable": "does not answer",
    }
    summary = listed(f"{words[str(access.error)]} ({access.protocol})" for access in lost)
    holds = [hold for access in lost if (hold := _hold(scene, access)) is not None]
    return failure(
        scene,
        system,
        Key(system.name, "service"),
        rules=("O1", "I2"),
        summary=f"not seen: {summary}",
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


def _access_evidence(system: System, access: Access) -> Evidence:
    text = access.error_text or access.error or ""
    return Evidence(text, system.name, "access", access.protocol, access.protocol, access.at)
