"""Served by survivable processors: how much of a phone system they carry (rules O4, S3, I11). Pure.

The reading of O4: with its main server out, a phone system is not completely out while survivable processors
(ESS, LSP, SLS) serve at least half of its trunks *and* half of its stations. That they serve must be said in
so many words: by a gateway that a survivable controller serves it, or by a count of stations that they are
registered to one. How much they serve tell the trunks in service and the stations present of the group's
other servers; a second server that says neither is no survivable processor, and dissents (O1).

Trunks are measured against the last that the main server told of its groups to the public network, stations
against the site's expected number, else the last count that the main server told. Where the other servers
tell no trunks or no stations, the share of gateways served stands in for them, and the evidence says so; a
gateway that nobody hears of is not served, since nobody says that it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.authority import Word
from agent.failures import Evidence, Failure, Key
from agent.rules.failing import failure
from agent.rules.scene import PhoneSystem, Scene, evidence, listed, plural
from agent.site import System

SURVIVABLE = "survivable processors"


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one kind is served: `served` of `total`; `words`: as the evidence tells it."""

    served: int
    total: int
    words: str


@dataclass(frozen=True, slots=True)
class Survival:
    """What survivable processors serve of a phone system. `moved`: the gateways that say so."""

    shares: tuple[Share, ...]
    moved: tuple[tuple[System, Word], ...]
    evidence: tuple[Evidence, ...]

    def enough(self, percent: int) -> bool:
        """O4: of trunks and of stations at least that many per cent."""
        return all(share.served * 100 >= share.total * percent for share in self.shares)

    @property
    def words(self) -> str:
        """`8 of 23 trunks and 2 of 3 gateways (in place of the stations: not told)`."""
        return listed(dict.fromkeys(share.words for share in self.shares))


def survival(scene: Scene, phones: PhoneSystem) -> Survival | None:
    """What survivable processors serve; None: nobody says that one serves anything."""
    moved = tuple(moved_gateways(scene, phones))
    others = phones.servers[1:]
    stations = [
        (each, word)
        for each in others
        for word in scene.words(each.name, "stations")
        if word.observation.present is not None
    ]
    if not moved and all(word.observation.controller != "survivable" for _, word in stations):
        return None
    trunks = [(each, word) for each in others for word in _public(scene, each)]
    in_service = sum(_in_service(word) for _, word in trunks)
    present = sum(word.observation.present or 0 for _, word in stations)
    shares = (
        _share(phones, len(moved), "trunks", in_service if trunks else None, _trunks_of(scene, phones.main)),
        _share(
            phones, len(moved), "stations", present if stations else None, _stations_of(scene, phones.main)
        ),
    )
    seen = (
        *(evidence(each, word, "served by a survivable controller") for each, word in moved),
        *(evidence(each, word, f"{_in_service(word)} in service") for each, word in trunks),
        *(evidence(each, word, f"{word.observation.present} present") for each, word in stations),
    )
    return Survival(shares, moved, seen)


def moved_gateways(scene: Scene, phones: PhoneSystem) -> Iterator[tuple[System, Word]]:
    """The gateways that say that they serve on a survivable controller."""
    for gateway in phones.gateways:
        for word in scene.words(gateway.name, "location"):
            if word.observation.lost == 0 and word.observation.controller == "survivable":
                yield gateway, word


def in_use(scene: Scene, phones: PhoneSystem, found: Survival, *, main_out: bool) -> Failure | None:
    """O4, I11: redundancy in use, service kept; one failure for all gateways that moved.

    While the main server serves the rest, a gateway that tells of its own spare in use needs no second one.
    """
    told = {key.system for key in own_spares(scene, found)}
    moved = [gateway for gateway, _ in found.moved if main_out or gateway.name not in told]
    if not moved and not main_out:
        return None
    of_all = f"{len(moved)} of {plural(len(phones.gateways), 'gateway')}"
    percent = scene.contract.decisions.survivable_percent
    reason = f"complete-outage: survivable processors serve {found.words}, at least {percent} % of each (O4)"
    key = Key(phones.main.name, "redundancy", SURVIVABLE)
    serve = f"{SURVIVABLE} serve {found.words if main_out else of_all}"
    return failure(
        scene,
        phones.main,
        key,
        facts=("service-kept",),
        rules=("O4", "S3", "M7"),
        summary="; ".join(("redundancy in use, service kept: " + serve, *_split(scene, phones, key))),
        evidence=found.evidence,
        hold=scene.site.holds_of(phones.main).redundancy,
        considered=(reason,) if main_out else (),
    )


def _split(scene: Scene, phones: PhoneSystem, key: Key) -> Iterator[str]:
    """Who of them is on the main server: never moved, or back from a survivable processor (I11)."""
    on_main = [
        gateway.name
        for gateway in phones.gateways
        for word in scene.words(gateway.name, "location")
        if word.observation.lost == 0 and word.observation.controller != "survivable"
    ]
    standing = scene.history.standing.get(key)
    before = {each.system for each in standing.ruling.evidence} if standing else set()
    goes_on = standing is not None and "partial failback" in standing.ruling.summary
    if on_main and (goes_on or not before.isdisjoint(on_main)):
        back = on_main if goes_on else [name for name in on_main if name in before]
        yield f"partial failback: {listed(back)} back on the main server"
    elif on_main:
        yield f"split registration: {listed(on_main)} on the main server"


def own_spares(scene: Scene, found: Survival) -> Iterator[Key]:
    """The parts by which the gateways that moved tell that a spare of their own is in use."""
    for gateway, _ in found.moved:
        for word in scene.words(gateway.name, "redundancy"):
            if word.observation.in_use and not word.observation.lost:
                yield Key(gateway.name, "redundancy", word.observation.component)


def can_tell(scene: Scene, key: Key) -> bool:
    """Whether it is seen that survivable processors serve nothing: who said that they do says otherwise."""
    standing = scene.history.standing.get(key)
    tellers = {each.system for each in standing.ruling.evidence} if standing else set()
    known = {system.name for system in scene.site.systems}
    return all(any(scene.words(name, "location", "trunks", "stations")) for name in tellers & known)


def _share(phones: PhoneSystem, moved: int, what: str, served: int | None, total: int | None) -> Share:
    if served is not None and total:
        return Share(served, total, f"{served} of {total} {what}")
    gateways = len(phones.gateways)
    return Share(
        moved, gateways, f"{moved} of {plural(gateways, 'gateway')} (in place of the {what}: not told)"
    )


def _public(scene: Scene, system: System) -> Iterator[Word]:
    """What is freshly told of the groups to the public network (T1)."""
    internal = {group.number for group in system.trunk_groups if group.use == "internal"}
    for word in scene.words(system.name, "trunks"):
        observation = word.observation
        if observation.use != "internal" and observation.number not in internal and not observation.unread:
            yield word


def _trunks_of(scene: Scene, main: System) -> int | None:
    """How many trunks to the public network the main server has, by what it last told."""
    internal = {group.number for group in main.trunk_groups if group.use == "internal"}
    told = [
        word.known_total
        for word in (*scene.words(main.name, "trunks"), *scene.dark(main.name, "trunks"))
        if word.observation.use != "internal" and word.observation.number not in internal
    ]
    known = [total for total in told if total is not None]
    return sum(known) if known else None


def _stations_of(scene: Scene, main: System) -> int | None:
    """How many stations should be there: as configured, else as the main server last counted them."""
    if main.stations is not None:
        return main.stations.expected
    told = scene.picture.of(main.name).parts.get(("stations", "stations"), {}).values()
    return max((seen.observation.present for seen in told if seen.observation.present), default=None)


def _in_service(word: Word) -> int:
    return (word.observation.total or 0) - (word.observation.lost or 0)
