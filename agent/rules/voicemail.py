"""Voicemail is completely out when no caller can leave a message (rule O6). Pure.

That is when all answering servers are out, or the message store where nothing answers without it, or every
link to the phone system is lost, by the phone system's own word. Which system is which part says the site
file; a server that it says nothing of is both. Whether a server is out is weighed as for a phone system
(`signs`), with its links as a source of their own. Less than that is each server's own failure, and minor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from agent.authority import Word
from agent.rules.failing import failure
from agent.rules.links import voicemail_links
from agent.rules.scene import Scene, evidence, is_gateway, listed
from agent.rules.signs import Sign, Verdict, Whole, evidence_of, judged, service_of, told_out
from agent.site import System


def judge_voicemail(scene: Scene, servers: Sequence[System], signs: Mapping[str, Sequence[Sign]]) -> Whole:
    """What the voicemail of these servers comes to."""
    links = list(_links(scene, servers))
    weighed = {each.name: [*signs[each.name], *_link_signs(scene, each, servers, links)] for each in servers}
    verdicts = {each.name: judged(scene, each, weighed[each.name]) for each in servers}
    alive = tuple(dict.fromkeys(sign for told in weighed.values() for sign in told if sign.works))
    bearer = _bearer(scene, servers, verdicts, links)
    cause = _out(servers, verdicts)
    cut = bool(links) and all(_lost(word) for _, word in links)
    if not cause and not cut:
        # Links that nobody can be asked about have not come back (T5's reading of what is unread).
        unknown = any(_lost(word) is None for _, word in links)
        back = any(_lost(word) is False for _, word in links)
        held = {service_of(bearer)} if told_out(scene, bearer) and unknown and not back else set()
        return Whole((), frozenset(held), alive, _why_not(servers, verdicts))
    how = {verdicts[each.name].how for each in servers if verdicts[each.name].out}
    marked = f" ({listed(sorted(how))})" if cause and "" not in how else ""
    rules = dict.fromkeys(rule for each in servers for rule in verdicts[each.name].rules)
    seen = dict.fromkeys(
        (
            *evidence_of(sign for told in weighed.values() for sign in told),
            *(proof for each in servers for proof in verdicts[each.name].proof),
            *(evidence(system, word, "lost") for system, word in links if cut),
        )
    )
    outage = failure(
        scene,
        bearer,
        service_of(bearer),
        facts=("complete-outage",),
        rules=("O6", *(rules if cause else ())),
        summary=f"voicemail completely out of service: {cause or _CUT}{marked}",
        evidence=seen,
        # The servers' own outage was held already (I5); links that are lost for a moment are not.
        hold=timedelta(0) if cause else scene.site.holds.integration,
        clears_like=scene.site.holds.reachability,
        lost=None if cause else len(links),
        total=None if cause else len(links),
    )
    return Whole((outage,), frozenset(service_of(each) for each in servers if each is not bearer), alive)


_CUT = "every link to the phone system lost"


def _out(servers: Sequence[System], verdicts: Mapping[str, Verdict]) -> str:
    """Why no caller can leave a message, by what the servers themselves come to; empty: one can."""
    answering = [each for each in servers if _part(each) != "store"]
    stores = [each for each in servers if _part(each) != "answering"]
    if answering and all(verdicts[each.name].out for each in answering):
        return "no server answers calls"
    offline = any(each.voicemail is not None and each.voicemail.offline_answering for each in servers)
    if stores and all(verdicts[each.name].out for each in stores) and not offline:
        return "the message store is out, and nothing answers without it"
    return ""


def _part(system: System) -> str:
    return "all" if system.voicemail is None else system.voicemail.part


def _bearer(
    scene: Scene,
    servers: Sequence[System],
    verdicts: Mapping[str, Verdict],
    links: Sequence[tuple[System, Word]],
) -> System:
    """Whose name the outage bears: the one that already does, else the first that is out.

    Where links alone are lost: that of the server that the first of them leads to.
    """
    told = (each for each in servers if told_out(scene, each))
    out = (each for each in servers if verdicts[each.name].out)
    ends = (scene.far_end(teller, word.observation) for teller, word in links)
    linked = (each for each in ends if each in servers)
    return next(told, None) or next(out, None) or next(linked, None) or servers[0]


def _why_not(servers: Sequence[System], verdicts: Mapping[str, Verdict]) -> str:
    return "; ".join(
        dict.fromkeys(verdict.why_not for each in servers if not (verdict := verdicts[each.name]).out)
    )


def _links(scene: Scene, servers: Sequence[System]) -> Iterator[tuple[System, Word]]:
    """The links to voicemail that the phone system's servers tell of; in a site with groups, their own."""
    phones = [each for each in scene.systems_for("phone_system") if not is_gateway(each)]
    same = tuple(each for each in phones if each.group == servers[0].group)
    others = {each.name for each in scene.systems_for("voicemail")} - {each.name for each in servers}
    for system, word in voicemail_links(scene, same or tuple(phones)):
        far = scene.far_end(system, word.observation)
        if far is None or far.name not in others:  # those of another voicemail are not cut for this one
            yield system, word


def _lost(word: Word) -> bool | None:
    """Whether the whole link is lost; None: nobody can tell."""
    observation = word.observation
    if word.dark or observation.unread or observation.lost is None or observation.total is None:
        return None
    lost, total = observation.lost + word.carried, observation.total + word.carried  # T4
    return total <= lost if total else None


def _link_signs(
    scene: Scene, system: System, servers: Sequence[System], links: Sequence[tuple[System, Word]]
) -> Iterator[Sign]:
    """What the phone system says of the links that lead to this server, as far as it names their far end."""
    ends = [(teller, word, scene.far_end(teller, word.observation)) for teller, word in links]
    mine = [(teller, word) for teller, word, far in ends if far is not None and far.name == system.name]
    names = {each.name for each in servers}
    for teller, word in mine or [(t, w) for t, w, far in ends if far is None or far.name not in names]:
        lost = _lost(word)
        if lost is None:
            continue
        text = "lost" if lost else "in service"
        said = f"{teller.name} says that {word.observation.component} is {text}"
        yield Sign(not lost, "links", evidence(teller, word, text), said)
