"""Everything else: one failure per component, minor by "any failure not included" (rules I1, M6, M7).

A link that both of its ends tell of is one component (`links`): it fails if one of them says so.

Locations are told by the gateway and by the phone system alike; both are one failure. A gateway that the
phone system lost and the site file does not know is a failure all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from agent.authority import Word, ails, is_exhausted
from agent.failures import Failure, Key
from agent.filling import FILLS_UP, SOON, in_about
from agent.rules.failing import failure
from agent.rules.links import Link, link_of
from agent.rules.scene import Scene, evidence, is_gateway, listed
from agent.site import Holds, System
from collectors.base import Observation, Role

_ONE_EACH: tuple[Role, ...] = (
    "auto_attendant",
    "integration",
    "redundancy",
    "equipment",
    "environment",
    "capacity",
)
# What runs out without a call being refused, by what the part is called; everything else carries calls (M6).
_NO_CALLS = ("disk", "cpu", "processor", "memory", "cdr", "buffer")


def judge_parts(scene: Scene) -> Iterator[Failure]:
    """One failure per failing component of the roles that no rule of their own covers, and per location."""
    links: dict[Key, Link] = {}
    for system in scene.site.systems:
        for word in scene.ailing(system.name, *_ONE_EACH):
            if word.observation.role == "integration" and ails(word.observation):
                link = link_of(scene, system, word)
                links.setdefault(link.key, link)
            elif _failing(word.observation):
                yield part_failure(scene, system, word)
        if is_gateway(system):
            if (lost := _location(scene, system)) is not None:
                yield lost
        else:
            yield from _gateways_of_nobody(scene, system)
    yield from _filling(scene)
    for link in links.values():
        if not any(scene.accepted(end.system.name, end.word.observation) for end in link.ends):
            yield link_failure(scene, link)


def gateway_words(scene: Scene, gateway: System) -> list[tuple[System, Word]]:
    """What is freshly said of a gateway's registration: by itself, and by the phone system (P4)."""
    own = [(gateway, word) for word in scene.words(gateway.name, "location")]
    return [*own, *scene.listed_gateways.get(gateway.gateway_number or 0, ())]


def _failing(observation: Observation) -> bool:
    return ails(observation) or (observation.role == "capacity" and is_exhausted(observation))


def part_failure(scene: Scene, system: System, word: Word) -> Failure:
    """The failure of one part by itself."""
    observation = word.observation
    summary, text = _words(observation)
    series = scene.disk(system.name, observation.component) if observation.kind == "disk" else None
    if series is not None and series.left is not None and not is_exhausted(observation):
        summary += f", {in_about(series.left)}"
    holds = scene.site.holds_of(system)
    only_degraded = observation.degraded and not observation.lost
    return failure(
        scene,
        system,
        Key(system.name, observation.role, observation.component),
        rules=("M6", "M7") if observation.role == "capacity" else ("M7",),
        summary=summary,
        evidence=(evidence(system, word, text),),
        hold=holds.degraded if only_degraded else hold_of(holds, observation),
        location=observation.location,
        lost=observation.lost,
        total=observation.total,
    )


def link_failure(scene: Scene, link: Link) -> Failure:
    """The failure of a link between two systems, by the words of all who tell of it: it needs both ends."""
    failing = [end for end in link.ends if end.fails]
    others = [end for end in link.ends if not end.fails]
    told = failing[0].word.observation
    if len(link.ends) == 1 and link.key == failing[0].key:
        return part_failure(scene, failing[0].system, failing[0].word)
    system = scene.site.system(link.key.system or "")
    summary, _ = _words(replace(told, component=link.key.component or told.component))
    against = [end.system.name for end in others if end.heard]
    if against:
        said = "says" if len(against) == 1 else "say"
        teller = listed(end.system.name for end in failing)
        summary += f" by the word of {teller}, while {listed(against)} {said} that it is in service"
    holds = scene.site.holds_of(system)
    only_degraded = not any(end.word.observation.lost for end in failing)
    return failure(
        scene,
        system,
        link.key,
        rules=("I1", "M7"),
        summary=summary,
        evidence=(
            *(evidence(end.system, end.word, _words(end.word.observation)[1]) for end in failing),
            *(evidence(end.system, end.word, "in service" if end.heard else "not seen") for end in others),
        ),
        hold=holds.degraded if only_degraded else hold_of(holds, told),
        location=told.location,
        lost=told.lost,
        total=told.total,
    )


def _filling(scene: Scene) -> Iterator[Failure]:
    """The disks that will be full within a day at the rate at which they fill, and are near no limit yet."""
    for name, component in scene.filling.names:
        series = scene.disk(name, component)
        if series is None or series.left is None or series.left > SOON:
            continue
        system = scene.site.system(name)
        for word in scene.words(name, "capacity"):
            observation = word.observation
            if observation.component != component or observation.unread or _failing(observation):
                continue
            if scene.accepted(name, replace(observation, degraded=1)) is None:
                yield failure(
                    scene,
                    system,
                    Key(name, "capacity", component),
                    rules=("M6", "M7"),
                    summary=f"{component} {FILLS_UP}: {in_about(series.left)}",
                    evidence=(evidence(system, word, f"{observation.used} of {observation.limit} used"),),
                    hold=scene.site.holds_of(system).capacity,
                    location=observation.location,
                )


def hold_of(holds: Holds, observation: Observation) -> timedelta:
    """How long a failing part must last before it raises (I5), by its role and kind."""
    match observation.role:
        case "integration" if observation.kind in ("cdr", "cms"):
            return holds.cdr_cms
        case "equipment" if observation.kind == "sync":
            return holds.sync
        case "environment":
            if observation.side == "power":
                return holds.alarm  # mains, told by a poll
            return holds.room if observation.room else holds.environment
        case _:
            by_role = {
                "trunks": holds.trunks,
                "stations": holds.stations,
                "location": holds.location,
                "attendant": holds.attendant,
                "integration": holds.integration,
                "equipment": holds.equipment,
                "redundancy": holds.redundancy,
                "capacity": holds.capacity,
                "alarm": holds.alarm,
            }
            return by_role.get(observation.role, holds.reachability)


def _words(observation: Observation) -> tuple[str, str]:
    name = observation.component
    if observation.in_use and not observation.lost:
        return f"{name} in use, service kept", "in use"
    if observation.used is not None and observation.limit is not None:
        figure = f"{observation.used} of {observation.limit} used"
        if not is_exhausted(observation):
            return f"{name} near its limit", figure
        calls = "" if any(each in name.lower() for each in _NO_CALLS) else ": new calls fail"
        return f"{name} at its limit{calls}", figure
    if name.startswith("certificate "):  # its detail says why, and when
        return (
            (f"{name} is not valid", "not valid") if observation.lost else (f"{name} ends soon", "ends soon")
        )
    if observation.degraded and not observation.lost:
        return f"{name} degraded", f"{observation.degraded} of {observation.total} degraded"
    figure = f"{observation.lost} of {observation.total} out of use"
    what = "out of use"
    if observation.role == "environment":
        what = "lost" if observation.side == "power" else "outside its limits"
    return f"{name} {what}", figure


def _location(scene: Scene, gateway: System) -> Failure | None:
    listed = gateway.gateway_number in scene.lost_gateways
    if not listed and not any(scene.ailing(gateway.name, "location")):
        return None
    words = gateway_words(scene, gateway)
    lost = [(system, word) for system, word in words if word.observation.lost]
    if not lost:
        return None
    # A gateway that serves somewhere is no lost location, whatever the main server says of it (S3, I11).
    if any(system is gateway and word.observation.lost == 0 for system, word in words):
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
        hold=scene.site.holds_of(gateway).location,
    )


def _gateways_of_nobody(scene: Scene, system: System) -> Iterator[Failure]:
    """The locations that a server tells lost and that no gateway of the site file stands for (M7)."""
    for word in scene.ailing(system.name, "location"):
        observation = word.observation
        if observation.lost and (observation.number is None or observation.number not in scene.gateways):
            yield part_failure(scene, system, word)
