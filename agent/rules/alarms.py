"""Alarms that devices hold or send: minor each, and its level is evidence only (rules M1-M4, I17). Pure.

Events and vendor warnings raise nothing; warnings are counted. What stood at the first contact waits to be
adopted. A trap of unknown meaning is one failure for all of its kind, until none came for a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.authority import Word, listed_whole
from agent.entries import FoundGone
from agent.failures import Evidence, Failure, Key
from agent.found import is_warning, stands
from agent.picture import Seen
from agent.rules.failing import failure
from agent.rules.scene import Scene, evidence
from agent.site import System
from agent.worked_out import parts_in, tells_of

_NO_HOLD = timedelta(0)  # of what a trap tells (I5)


def judge_alarms(scene: Scene) -> Iterator[Failure]:
    """One failure per alarm that was not found at installation, and one per kind of unknown trap."""
    standing = {key.system for key, each in scene.history.standing.items() if "I17" in each.ruling.rules}
    for system in scene.site.systems:
        if system.name not in standing and not tells_of("alarm", scene.picture.of(system.name)):
            continue
        for word in scene.words(system.name, "alarm"):
            if stands(word.observation) and not _is_found(scene, system, word):
                yield _alarm(scene, system, word)
        yield from _unknown_traps(scene, system)


def warnings(scene: Scene, system: str) -> int | None:
    """How many vendor warnings stand on that system (M3); None: it told nothing of alarms, or is not seen."""
    told = list(scene.words(system, "alarm"))
    picture = scene.picture.of(system)
    if not picture.seen or not (told or listed_whole(picture, "alarm")):
        return None
    return sum(is_warning(word.observation) for word in told)


def found_gone(scene: Scene) -> Iterator[FoundGone]:
    """The alarms of the lists that are gone, or that their device calls worse now: those count."""
    named = {system.name for system in scene.site.systems}
    for name, listed in scene.history.found.items():
        if name not in named:
            continue
        words = {word.observation.component: word for word in scene.every_word(name, "alarm")}
        for component, found in listed.items():
            word = words.get(component)
            if word is not None and (word.dark or word.observation.unread):
                continue
            if word is None:
                by = () if found.protocol is None else (found.protocol,)
                gone = scene.asked(name) and listed_whole(scene.picture.of(name), "alarm", by)
            else:
                observation = word.observation
                gone = not (stands(observation) or is_warning(observation)) or found.has_risen(observation)
            if gone:
                yield FoundGone(system=name, component=component)


def last_trap(scene: Scene, key: Key) -> datetime | None:
    """When the last unknown trap of that kind came; None: the failure is no such trap."""
    standing = scene.history.standing.get(key)
    told = [each.at for each in _traps(scene, key.system or "").get(key.component or "", ())]
    if standing is not None and "I17" in standing.ruling.rules:
        told += [each.at for each in standing.ruling.evidence]
    return max(told, default=None)


def _unknown_trap_keys(scene: Scene, system: System) -> Iterator[Key]:
    """The kinds of unknown traps that came of a system, and those that a ticket stands for."""
    keys = [Key(system.name, "alarm", oid) for oid in _traps(scene, system.name)]
    told = [
        key
        for key, each in scene.history.standing.items()
        if key.system == system.name and "I17" in each.ruling.rules
    ]
    yield from dict.fromkeys((*keys, *told))


def _is_found(scene: Scene, system: System, word: Word) -> bool:
    found = scene.history.found.get(system.name, {}).get(word.observation.component)
    return found is not None and not found.has_risen(word.observation)


def _alarm(scene: Scene, system: System, word: Word) -> Failure:
    observation = word.observation
    since = f" since {observation.since:%Y-%m-%d %H:%M}" if observation.since else ""
    level = observation.vendor_severity or "not told"
    return failure(
        scene,
        system,
        Key(system.name, "alarm", observation.component),
        rules=("M1", "M7"),
        summary=f"alarm on {observation.component}",
        evidence=(evidence(system, word, f"vendor severity {level}{since}"),),
        hold=_NO_HOLD if word.protocol == "trap" else scene.site.holds_of(system).alarm,
        location=observation.location,
        lost=observation.lost,
        total=observation.total,
    )


def _unknown_traps(scene: Scene, system: System) -> Iterator[Failure]:
    """They stand on from the journal alone: a start of the agent empties the picture."""
    for key in _unknown_trap_keys(scene, system):
        last = last_trap(scene, key)
        if last is None or _is_aged(scene, last):
            continue
        standing = scene.history.standing.get(key)
        told = _traps(scene, system.name).get(key.component or "", [])
        zone = scene.site.zone_of(system)
        yield failure(
            scene,
            system,
            key,
            rules=("M2", "I17", "M7"),
            # To the hour: the journal must know when the last one came, and not of each.
            summary=f"unknown trap {key.component}, last {last.astimezone(zone):%Y-%m-%d %H}h",
            evidence=[_trap_evidence(system, each) for each in told]
            or (standing.ruling.evidence if standing else ()),
            hold=_NO_HOLD,
            until=last + scene.contract.decisions.unknown_trap_stands,
        )


def _is_aged(scene: Scene, last: datetime) -> bool:
    return scene.now - last >= scene.contract.decisions.unknown_trap_stands


def _trap_evidence(system: System, seen: Seen) -> Evidence:
    observation = seen.observation
    return Evidence(
        text=": ".join(filter(None, (observation.component, observation.detail))),
        system=system.name,
        role="alarm",
        component=observation.component,
        protocol=seen.protocol,
        at=seen.at,
        source="trap" if seen.protocol == "trap" else "poll",
    )


def _traps(scene: Scene, system: str) -> dict[str, list[Seen]]:
    """The unknown traps in the picture by OID. No list takes one back (I17): nobody's authority is asked."""
    found: dict[str, list[Seen]] = {}
    for told in parts_in("alarm", scene.picture.of(system)):
        for seen in told.values():
            observation = seen.observation
            if observation.kind == "unknown" and scene.accepted(system, observation) is None:
                found.setdefault(observation.oid or observation.component, []).append(seen)
    return found
