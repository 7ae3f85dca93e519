"""Signs of a function's life, and what they come to together (rules O1, O2, O8). Pure.

A sign is what one independent source says: it works, or it is down. What several protocols say of a server by
its own word is one source; who answers for call processing itself (SAT, SIP), a trap and the gateways are
others. Silence is the absence of the system's own word, so the two are never two sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.authority import is_young
from agent.failures import Evidence, Failure, Key
from agent.rules.network import access_evidence, lasted, proof_of_path
from agent.rules.scene import Scene, evidence, listed
from agent.site import System
from agent.worked_out import parts_in
from collectors.base import ProtocolName

# Who answers there is call processing itself (O2): a source of its own, and a sign of life by answering.
ANSWERING: tuple[ProtocolName, ...] = ("sat", "sip")
_INDEPENDENT: tuple[ProtocolName, ...] = (*ANSWERING, "trap")
SILENCE, STATEMENT = "silence", "statement"
BY_SILENCE, SINGLE = "by silence alone", "single source"  # what a ticket is marked with
_O2, _O8 = ("O1", "O2"), ("O1", "O2", "O8")


@dataclass(frozen=True, slots=True)
class Sign:
    """What one independent source says about a function: it works, or it is down. `said`: as a sentence."""

    works: bool
    source: str
    evidence: Evidence
    said: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a function is completely out. `how`: by what alone, where one source was enough.

    `rules`: those that decided it. `why_not`: why it is not, as a sentence. `proof`: of the path, by silence.
    """

    out: bool
    how: str = ""
    rules: tuple[str, ...] = _O2
    why_not: str = ""
    proof: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """What a function comes to, all its systems taken together.

    `waiting`: keys that neither raise nor clear, because this is above them. `alive`: who says that it works.
    `why_not`: why it is not completely out, as a sentence.
    """

    failures: tuple[Failure, ...] = ()
    waiting: frozenset[Key] = frozenset()
    alive: tuple[Sign, ...] = ()
    why_not: str = ""


def service_of(system: System) -> Key:
    """The failure that is about the whole of a system (I2)."""
    return Key(system.name, "service")


def told_out(scene: Scene, system: System) -> bool:
    """Whether an open ticket says that its function is completely out."""
    standing = scene.history.standing.get(service_of(system))
    return standing is not None and standing.ruling.states("complete-outage")


def own_signs(scene: Scene, system: System) -> Iterator[Sign]:
    """What a system says of itself, by each protocol; or that by none it says anything (O8)."""
    picture = scene.picture.of(system.name)
    told = scene.statements(system.name)
    if not told and picture.accesses.keys().isdisjoint(_INDEPENDENT) and picture.seen:
        return  # it says nothing of itself, and is not silent
    if "trap" in picture.accesses:
        yield from _trapped(scene, system)
    for word in told:
        observation = word.observation
        if observation.unread or observation.lost is None or word.protocol == "trap":
            continue  # neither sign (O8); a trap is no word of now
        text = "says that it is down" if observation.lost else "says that it works"
        source = word.protocol if word.protocol in _INDEPENDENT else STATEMENT
        said = f"{system.name} {text} ({word.protocol})"
        yield Sign(not observation.lost, source, evidence(system, word, text), said)
    spoken = {word.protocol for word in told}
    for access in picture.polled:
        if access.protocol in ANSWERING and access.protocol not in spoken and access.error is None:
            watch = scene.watches[system.name]
            if is_young(picture, watch, scene.now, access.protocol, access.at):
                text = f"the {access.protocol.upper()} answers"
                said = f"{text} on {system.name}"
                yield Sign(True, access.protocol, access_evidence(system, access, text), said)
    if not picture.silent or not scene.asked(system.name):
        return  # O8 speaks of all protocols: one that was not tried yet is not silent
    if all(lasted(scene, system, access) for access in picture.polled):
        for access in picture.polled:
            said = f"{system.name} does not answer ({access.protocol})"
            yield Sign(False, SILENCE, access_evidence(system, access), said)


def _trapped(scene: Scene, system: System) -> Iterator[Sign]:
    """A trap that says that the service is down: for a day, or until a later poll says that it works."""
    works = [word.at for word in scene.statements(system.name) if word.observation.lost == 0]
    for told in parts_in("service", scene.picture.of(system.name)):
        seen = told.get("trap")
        if seen is None or not seen.observation.lost or any(at > seen.at for at in works):
            continue
        if scene.now - seen.at < scene.contract.decisions.unknown_trap_stands:
            said = f"{system.name} sent a trap that it is down"
            component = seen.observation.component
            text = f"{component}: says that it is down"
            found = Evidence(text, system.name, "service", component, "trap", seen.at, source="trap")
            yield Sign(False, "trap", found, said)


def judged(scene: Scene, system: System, signs: Sequence[Sign], *, all_silent: bool = True) -> Verdict:
    """Whether these signs say that the function of a system is completely out.

    Down by two sources; or by its own word as often as the contract's decision says; or by silence alone,
    if the path to it is proved up and `all_silent` (its fellow servers too) holds. Where some say that it
    works, silence does not count (O1), and more sources must say that it is down (O2). What a ticket says to
    be out stays so while it is silent or says that it is down, and nobody says that it works.
    """
    works = [sign for sign in signs if sign.works]
    alive = {sign.source for sign in works}
    # A source that says both (one gateway of two is registered) does not say that the service is down.
    down = {sign.source for sign in signs if not sign.works} - alive - {SILENCE}
    if works:
        dissent = listed(dict.fromkeys(sign.said for sign in works))
        return Verdict(len(down) > len(alive), why_not=dissent)
    silent = any(sign.source == SILENCE for sign in signs)
    if len(down | ({STATEMENT} if silent else set())) > 1:
        return Verdict(out=True)
    if told_out(scene, system) and (silent or down):
        told = scene.history.standing[service_of(system)].ruling
        how = next((mark for mark in (BY_SILENCE, SINGLE) if mark in told.summary), "")
        return Verdict(out=True, how=how, rules=_O8 if how == BY_SILENCE else _O2)
    if silent and not down:
        return _by_silence(scene, system, all_silent=all_silent)
    if not silent and _said_often_enough(scene, system, down):
        return Verdict(out=True, how=SINGLE)
    return Verdict(out=False, why_not=_too_little(scene, system, signs))


def evidence_of(signs: Iterable[Sign]) -> tuple[Evidence, ...]:
    """What they saw."""
    return tuple(sign.evidence for sign in signs)


def _by_silence(scene: Scene, system: System, *, all_silent: bool) -> Verdict:
    ways = scene.picture.of(system.name).polled
    since = min(access.missed_since or access.at for access in ways)
    proof = proof_of_path(scene, system, since)
    if proof is None:
        return Verdict(out=False, why_not=f"silence alone, and nothing proves the path to {system.location}")
    if not all_silent:
        return Verdict(out=False, why_not="silence alone, and another server of it is not silent")
    return Verdict(out=True, how=BY_SILENCE, rules=_O8, proof=(proof,))


def _said_often_enough(scene: Scene, system: System, down: set[str]) -> bool:
    own = {STATEMENT, *ANSWERING}
    if len(down) != 1 or not down <= own:
        return False
    told = scene.statements(system.name)
    return any(word.lost_polls >= scene.contract.decisions.statement_polls for word in told)


def _too_little(scene: Scene, system: System, signs: Sequence[Sign]) -> str:
    down = list(dict.fromkeys(sign.said for sign in signs if not sign.works))
    if down:
        polls = scene.contract.decisions.statement_polls
        return f"only one source so far: {listed(down)}; it takes two, or {polls} polls of its own word"
    errors = {access.error for access in scene.picture.of(system.name).polled}
    if "refused" in errors:
        return f"{system.name} refuses to let us in, which is no silence"
    return "nobody says that it is down"
