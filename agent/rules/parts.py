"""Everything else: one failure per component, minor by "any failure not included" (rules I1, M1, M3, M7).

A vendor's own severity is evidence, never the class. Locations are told by the gateway and by the phone
system alike; both are one failure.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.authority import Word
from agent.failures import Failure, Key
from agent.rules.scene import Scene, evidence, failure, hold_of
from agent.site import System
from collectors.base import Observation, Role

_ONE_EACH: tuple[Role, ...] = (
    "attendant",
    "auto_attendant",
    "integration",
    "redundancy",
    "equipment",
    "environment",
    "capacity",
    "alarm",
)


def judge_parts(scene: Scene) -> Iterator[Failure]:
    """One failure per failing component of the roles that no rule of their own covers, and per location."""
    for system in scene.site.systems:
        for word in scene.words(system.name, *_ONE_EACH):
            if _failing(word.observation):
                yield _part(scene, system, word)
        if system.gateway_number is not None and (lost := _location(scene, system)) is not None:
            yield lost


def gateway_words(scene: Scene, gateway: System) -> list[tuple[System, Word]]:
    """What is freshly said of a gateway's registration: by itself, and by the phone system (P4)."""
    own = [(gateway, word) for word in scene.words(gateway.name, "location")]
    return [*own, *scene.listed_gateways.get(gateway.gateway_number or 0, ())]


def _failing(observation: Observation) -> bool:
    if observation.role == "alarm":  # M3: warnings are kept and counted, M2: events are logged
        return observation.vendor_severity not in ("warning", "cleared") and observation.kind != "event"
    return bool(observation.lost) or bool(observation.in_use)


def _part(scene: Scene, system: System, word: Word) -> Failure:
    observation = word.observation
    summary, text = _words(observation)
    return failure(
        scene,
        system,
        Key(system.name, observation.role, observation.component),
        rules=("M1", "M7") if observation.role == "alarm" else ("M7",),
        summary=summary,
        evidence=(evidence(system, word, text),),
        hold=hold_of(scene.site.holds, observation),
        location=observation.location,
        lost=observation.lost,
        total=observation.total,
    )


def _words(observation: Observation) -> tuple[str, str]:
    name = observation.component
    if observation.role == "alarm":
        since = f" since {observation.since:%Y-%m-%d %H:%M}" if observation.since else ""
        return f"alarm on {name}", f"vendor severity {observation.vendor_severity}{since}"
    if observation.in_use and not observation.lost:
        return f"{name} in use, service kept", "in use"
    if observation.used is not None and observation.limit is not None:
        figure = f"{observation.used} of {observation.limit} used"
        return f"{name} at its limit: new calls may fail", figure
    figure = f"{observation.lost} of {observation.total} out of use"
    what = "out of use"
    if observation.role == "environment":
        what = "lost" if observation.side == "power" else "outside its limits"
    return f"{name} {what}", figure


def _location(scene: Scene, gateway: System) -> Failure | None:
    words = gateway_words(scene, gateway)
    lost = [(system, word) for system, word in words if word.observation.lost]
    # A gateway that serves somewhere is no lost location, whatever the main server says of it (S3, I11).
    serving = any(system is gateway and word.observation.lost == 0 for system, word in words)
    if not lost or serving:
        return None
    return failure(
        scene,
        gateway,
        Key(gateway.name, "location"),
        rules=("P4", "M7"),
        summary=f"location {gateway.location}: its gateway serves on no controller",
        evidence=(
            evidence(system, word, "serves on no controller" if system is gateway else "not registered")
            for system, word in lost
        ),
        hold=scene.site.holds.location,
    )
