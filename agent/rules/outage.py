"""The whole of a system: its service and the ways of seeing it are one failure (I2; rules O1-O8). Pure.

A complete outage is one of the function, not of a server: several servers, gateways and survivable processors
are one phone system, several mail servers one voicemail. It is told on the server that bears it; while it
holds, the other servers' own silence is evidence of it and no failure by itself. Silence never outweighs a
sign of life, so a silent system without proof is a loss of sight, which is minor.

How signs are weighed stands in `signs`, the agent's own network in `network`, what makes a voicemail useless
in `voicemail`, what survivable processors carry in `survival`.

O5: a duplicated pair is one system at its active address; its lost half is the product's redundancy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from agent.failures import Failure, Key
from agent.rules.failing import failure
from agent.rules.network import access_evidence, judge_network, missing
from agent.rules.scene import PhoneSystem, Scene, evidence, listed
from agent.rules.signs import SILENCE, Sign, Verdict, Whole, evidence_of, judged, own_signs, service_of
from agent.rules.survival import Survival, in_use, own_spares, survival
from agent.rules.voicemail import judge_voicemail
from agent.site import System

_ALONE = "is neither phone system nor voicemail, so alone it is minor (O7)"


@dataclass(frozen=True, slots=True)
class Systems:
    """What fails of the systems as wholes. `waiting`: keys that neither raise nor clear meanwhile."""

    failures: tuple[Failure, ...]
    waiting: frozenset[Key] = frozenset()


def judge_systems(scene: Scene) -> Systems:
    """At most one failure per system as a whole: complete outage, service down, or loss of sight.

    Beside them the agent's own network (O3), and survivable processors in use (O4).
    """
    if (network := judge_network(scene)) is not None:
        return Systems((network,), frozenset(map(service_of, scene.site.systems)))
    signs = {system.name: list(own_signs(scene, system)) for system in scene.site.systems}
    wholes: dict[str, Whole] = {}
    for phones in scene.phone_systems:
        if phones.servers:
            whole = Whole() if _is_well(scene, phones, signs) else _phone_system(scene, phones, signs)
            wholes |= dict.fromkeys((each.name for each in phones.systems), whole)
    for servers in scene.voicemail_systems:
        wholes |= dict.fromkeys((each.name for each in servers), judge_voicemail(scene, servers, signs))
    waiting = frozenset(key for whole in wholes.values() for key in whole.waiting)
    found = {failure.key: failure for whole in wholes.values() for failure in whole.failures}
    for system in scene.site.systems:
        key = service_of(system)
        if key not in found and key not in waiting:
            own = _by_itself(scene, system, signs[system.name], wholes.get(system.name))
            found |= {key: own} if own is not None else {}
    order = {system.name: place for place, system in enumerate(scene.site.systems)}
    return Systems(tuple(sorted(found.values(), key=lambda each: order[each.key.system or ""])), waiting)


def _phone_system(scene: Scene, phones: PhoneSystem, signs: Mapping[str, Sequence[Sign]]) -> Whole:
    main, *others = phones.servers
    mine = [*signs[main.name], *_gateway_signs(scene, phones)]
    working = [sign for each in others for sign in _net(signs[each.name]) if sign.works]
    all_silent = all(signs[each.name] and not any(s.works for s in signs[each.name]) for each in others)
    verdict = judged(scene, main, mine, all_silent=all_silent)
    kept = survival(scene, phones)
    alive = tuple(sign for sign in (*mine, *working) if sign.works)
    if verdict.out and kept is None and working:  # O1: one working server dissents for the whole
        verdict = replace(verdict, out=False, why_not=listed(dict.fromkeys(sign.said for sign in working)))
    if not verdict.out:
        spare = in_use(scene, phones, kept, main_out=False) if kept is not None else None
        return Whole((spare,) if spare else (), alive=alive, why_not=verdict.why_not)
    if kept is not None and kept.enough(scene.contract.decisions.survivable_percent):
        spare = in_use(scene, phones, kept, main_out=True)
        serves = f"survivable processors serve {kept.words} (O4)"
        return Whole((spare,) if spare else (), frozenset(own_spares(scene, kept)), alive, serves)
    of_others = [sign for each in others for sign in signs[each.name]]
    outage = _outage(scene, main, verdict, [*mine, *of_others], kept)
    return Whole((outage,), frozenset(map(service_of, others)), alive)


def _is_well(scene: Scene, phones: PhoneSystem, signs: Mapping[str, Sequence[Sign]]) -> bool:
    """Whether nobody says otherwise: then nothing fails here, and nobody asks who says so."""
    return all(
        all(sign.works for sign in signs[each.name])
        and all(access.error is None for access in scene.picture.of(each.name).accesses.values())
        for each in phones.systems
    ) and not any(word for each in phones.gateways for word in scene.ailing(each.name, "location"))


def _net(signs: Sequence[Sign]) -> Sequence[Sign]:
    """A server's signs if it works on the whole: as many sources say so as say that it is down (O2)."""
    works = {sign.source for sign in signs if sign.works}
    down = {sign.source for sign in signs if not sign.works} - works - {SILENCE}
    return signs if len(works) >= len(down) else ()


def _gateway_signs(scene: Scene, phones: PhoneSystem) -> Iterator[Sign]:
    """What the gateways say by their registration; a survivable controller serves what has lost the main."""
    for gateway in phones.gateways:
        for word in scene.words(gateway.name, "location"):
            if word.observation.lost is None:
                continue
            works = not word.observation.lost and word.observation.controller != "survivable"
            if works:
                text, said = "serves on a controller", "still says that it is registered"
            elif word.observation.lost:
                text = said = "serves on no controller"
            else:
                text = said = "serves on a survivable controller"
            yield Sign(works, "gateways", evidence(gateway, word, text), f"{gateway.name} {said}")


def _outage(
    scene: Scene, main: System, verdict: Verdict, signs: Sequence[Sign], kept: Survival | None
) -> Failure:
    marks = [verdict.how] if verdict.how else []
    marks += [f"survivable processors serve only {kept.words}"] if kept else []
    return failure(
        scene,
        main,
        service_of(main),
        facts=("complete-outage",),
        rules=(*verdict.rules, *(("O4",) if kept else ())),
        summary="phone system completely out of service" + (f" ({'; '.join(marks)})" if marks else ""),
        evidence=(*evidence_of(signs), *verdict.proof, *(kept.evidence if kept else ())),
        hold=timedelta(0),  # a confirmed complete outage is not held (I5); its silence already was
        clears_like=scene.site.holds_of(main).reachability,
    )


def _by_itself(scene: Scene, system: System, own: Sequence[Sign], whole: Whole | None) -> Failure | None:
    """What is wrong with one system as a whole, where its function is not completely out."""
    accesses = scene.picture.of(system.name).accesses.values()
    if all(sign.works for sign in own) and all(access.error is None for access in accesses):
        return None
    function = scene.watches[system.name].function
    extra: tuple[str, ...] = ("O6",) if function == "voicemail" else ()
    why_not = whole.why_not if whole is not None else ""
    if whole is None and function != "phone_system":  # gateways without a server to watch have no whole
        extra, why_not = ("O7",), f"{system.name} ({function.replace('_', ' ')}) {_ALONE}"
    considered = (f"complete-outage: {why_not}",) if why_not else ()
    against = whole.alive if whole is not None else ()
    return _service_down(scene, system, own, against, extra, considered) or _loss_of_sight(
        scene, system, extra, considered
    )


def _service_down(
    scene: Scene,
    system: System,
    own: Sequence[Sign],
    against: Sequence[Sign],
    extra: tuple[str, ...],
    considered: tuple[str, ...],
) -> Failure | None:
    down = [sign for sign in own if sign.source != SILENCE and not sign.works]
    if not down:
        return None
    dissent = list(dict.fromkeys(sign for sign in (*own, *against) if sign.works))
    return failure(
        scene,
        system,
        service_of(system),
        rules=("O2", *extra, "M7"),
        summary="says that it is down" + (", while others say that it works" if dissent else ""),
        evidence=evidence_of([*down, *dissent]),
        hold=scene.site.holds_of(system).reachability,
        considered=considered,
    )


_WORDS = {
    "refused": "does not let us in",
    "unreadable": "gives answers that cannot be read",
    "unreachable": "does not answer",
}


def _loss_of_sight(
    scene: Scene, system: System, extra: tuple[str, ...], considered: tuple[str, ...]
) -> Failure | None:
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
    spans = [missing(scene, system, access) for access in lost]
    refused = any(access.error == "refused" for access in lost)
    return failure(
        scene,
        system,
        service_of(system),
        rules=("O1", "I2", *extra),
        summary=f"{summary}: {reasons}",
        responsibility="customer" if refused else "monitoring",
        evidence=(access_evidence(system, access) for access in lost),
        hold=min((hold for _, hold in spans if hold is not None), default=None),
        clears_like=scene.site.holds_of(system).reachability,
        since=min(since for since, _ in spans),
        considered=considered,
    )
