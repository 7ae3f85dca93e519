"""The agent's own network, and the paths to what it watches (rules O3, O8; I5). Pure.

A system that does not answer may be dead, or the agent may be cut off. Where the site lists path probes, a
silence therefore counts as a system's own only once something else has answered since it began; while
nothing does and every probe fails, it is the agent's network. Without probes each silence counts by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.authority import is_young
from agent.failures import Evidence, Failure, Key
from agent.picture import Access
from agent.rules.failing import failure
from agent.rules.scene import Scene, listed, plural
from agent.site import System

NETWORK = Key(None, "access")
ENOUGH_MISSES = 3  # I5: the sooner of three polls and the hold, never before the second missed poll
_JITTER = 0.8  # polls come a little sooner or later than their interval says
_SHOWN = 5  # silent systems named as evidence beside the probes: a large site has hundreds


def probes(scene: Scene) -> tuple[System, ...]:
    """The site's path probes: what its locations list, and every other probe of the network itself."""
    names = {name for location in scene.site.locations for name in location.probes}
    return tuple(
        each
        for each in scene.site.systems
        if each.name in names or (each.product == "probe" and scene.watches[each.name].function == "network")
    )


def judge_network(scene: Scene) -> Failure | None:
    """O3: everything that was asked is silent, and every path probe with it.

    A way that is refused beside a silent one is no answer: a login that was refused is not tried again.
    """
    asking = probes(scene)
    if not asking or any(scene.picture.of(each.name).seen for each in asking):
        return None
    heard = {each.name: ways for each in scene.site.systems if (ways := scene.picture.of(each.name).polled)}
    if not all(each.name in heard and _dead(heard[each.name]) for each in asking):
        return None
    if not all(map(_silent, heard.values())):
        return None
    accesses = [access for told in heard.values() for access in told]
    last_good = max((access.last_good for access in accesses if access.last_good), default=None)
    begun = [access.missed_since or access.at for access in accesses if access.error == "unreachable"]
    # What was dark before the last answer came is no part of this: it began with the first miss after that.
    later = [since for since in begun if last_good is None or since > last_good]
    names = [probe.name for probe in asking]
    others = [each for each in scene.site.systems if each.name in heard and each.name not in names]
    return failure(
        scene,
        None,
        NETWORK,
        rules=("O3",),
        summary="the agent's own network: nothing answers, "
        + (f"neither {plural(len(others), 'system')} nor " if others else "not even ")
        + f"the path probes ({listed(names)})",
        responsibility="monitoring",
        evidence=(access_evidence(each, heard[each.name][0]) for each in (*asking, *others[:_SHOWN])),
        hold=_longest([_hold(scene, probe, way) for probe in asking for way in heard[probe.name]]),
        clears_like=scene.site.holds.reachability,
        since=min(later, default=max(begun)),
    )


def can_tell(scene: Scene) -> bool:
    """Whether the agent's network is seen to be well: something has to answer for that."""
    return any(picture.seen for picture in scene.picture.systems.values())


def _dead(ways: Sequence[Access]) -> bool:
    return all(access.error == "unreachable" for access in ways)


def _silent(ways: Sequence[Access]) -> bool:
    errors = {access.error for access in ways}
    return None not in errors and "unreachable" in errors


def missing(scene: Scene, system: System, access: Access) -> tuple[datetime, timedelta | None]:
    """Since when a failing way counts as lost, and for how long it must (I5); None: not before more is known.

    At a site with path probes a silence waits until something else has answered since it began. What was
    silent while nothing answered begins anew when something does, with its next missed poll (O3, I9).
    """
    since, hold = access.missed_since or access.at, _hold(scene, system, access)
    if hold is None or access.error != "unreachable" or not probes(scene):
        return since, hold
    back = scene.answering_since(since)
    if back is None:
        return since, None
    if back <= since:
        return since, hold
    return back, (scene.site.holds_of(system).reachability if access.at > back else None)


def lasted(scene: Scene, system: System, access: Access) -> bool:
    """Whether a way has been silent for as long as it must be (I5).

    While a ticket says that the system is completely out, two missed polls are enough: it was seen before.
    """
    standing = scene.history.standing.get(Key(system.name, "service"))
    if standing is not None and standing.ruling.states("complete-outage"):
        return access.missed > 1
    since, hold = missing(scene, system, access)
    return hold is not None and scene.now - since >= hold


def proof_of_path(scene: Scene, system: System, since: datetime) -> Evidence | None:
    """Who proves that the path to a system is up (O8): a probe that its location lists, or a neighbour there.

    It must have answered its last poll, lately, and after the silence began at `since`.
    """
    names = [
        name
        for location in scene.site.locations
        if location.name == system.location
        for name in location.probes
    ]
    listed_probes = [each for each in scene.site.systems if each.name in names]
    neighbours = [each for each in scene.site.systems if each.location == system.location]
    for other in (*listed_probes, *neighbours):
        picture, watch = scene.picture.of(other.name), scene.watches[other.name]
        for access in picture.polled:
            if other.name == system.name or access.error is not None or access.at <= since:
                continue
            if is_young(picture, watch, scene.now, access.protocol, access.at):
                return access_evidence(other, access, f"answers: the path to {system.location} is up")
    return None


def access_evidence(system: System, access: Access, text: str = "") -> Evidence:
    """What came of the last poll by that way."""
    said = text or access.error_text or access.error or ""
    return Evidence(said, system.name, "access", access.protocol, access.protocol, access.at)


def _hold(scene: Scene, system: System, access: Access) -> timedelta | None:
    """How long that way must have been silent, as of now; polls out of turn (I7) do not shorten it."""
    if access.missed < 2:
        return None
    hold = scene.site.holds_of(system).reachability
    if access.missed < ENOUGH_MISSES:
        return hold
    return min(hold, (ENOUGH_MISSES - 1) * scene.watches[system.name].interval(access.protocol) * _JITTER)


def _longest(holds: Sequence[timedelta | None]) -> timedelta | None:
    known = [hold for hold in holds if hold is not None]
    return max(known, default=None) if len(known) == len(holds) else None
