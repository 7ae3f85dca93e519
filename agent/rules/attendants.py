"""Attendant consoles, and the auto attendant and voicemail by their parts (rules A1, A2). Pure.

Consoles are expected in the site's `attended` hours only: outside them none is missed, and no failure stands.
Nobody tells of an auto attendant: it works while the voicemail service behind it does and a link leads there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.authority import Word
from agent.contract import Test
from agent.failures import Failure, Key
from agent.rules.failing import failure
from agent.rules.links import link_of, voicemail_links
from agent.rules.part_state import PartState, all_of, any_of, state_of
from agent.rules.scene import PhoneSystem, Scene, Told, evidence, plural
from agent.site import Needs, PrimaryNumber, System


def judge_attendants(scene: Scene) -> Iterator[Failure]:
    """At most one failure per phone system: all consoles out, or some (A1)."""
    for phones in scene.wholes:
        if (found := _consoles(scene, phones)) is not None:
            yield found


def are_expected(scene: Scene) -> bool:
    """Whether consoles should be staffed now (A1)."""
    return scene.attended is None or scene.attended.is_open(scene.now)


def _consoles(scene: Scene, phones: PhoneSystem) -> Failure | None:
    told = scene.told(phones, "attendant")
    if not told or not are_expected(scene):
        return None
    # C4: what a window covers leaves both sides, unless nothing else fails: then it is told at its end.
    outside = [each for each in told if scene.window_over(each) is None]
    counted = outside if any(_ails(each) for each in outside) else told
    lost = sum(each.word.observation.lost or 0 for each in counted)
    total = sum(map(_total, counted))
    unread = sum(_total(each) for each in counted if each.word.observation.lost is None)
    planned = sum(each.word.observation.planned for each in counted)
    failing = [each for each in counted if _ails(each)]
    key = Key(phones.main.name, "attendant")

    facts: list[Test] = []
    rules = ["A1"]
    if lost:
        standing = scene.history.standing.get(key)
        was_out = standing is not None and standing.ruling.states("attendant-out")
        # T5's lower bound: a console that cannot be read is not out; nor is it well for that.
        if lost + (unread if was_out else 0) >= total:
            facts.append("attendant-out")
        summary = f"{lost} of {plural(total, 'attendant console')} out of service"
        for number in scene.site.primary_numbers:
            if not facts and _all_named_are_out(number, counted):
                facts.append("attendant-out")
                summary += f", all of those of {number.number}"
        if not facts and lost + unread >= total:
            summary += f", could be major: {unread} unread"
    elif planned and not total:
        rules.append("P6")
        failing = [each for each in counted if each.word.observation.planned]
        summary = f"all {plural(planned, 'attendant console')} taken out on purpose"
    elif failing:
        summary = f"{plural(len(failing), 'attendant console')} degraded"
    else:
        return None
    holds = scene.site.holds_of(phones.main)
    return failure(
        scene,
        phones.main,
        key,
        facts=facts,
        rules=(*rules, *(() if facts else ("M7",))),
        summary=summary,
        evidence=(evidence(each.system, each.word, _figure(each)) for each in failing),
        hold=holds.attendant if lost else holds.degraded,
        lost=lost,
        total=total,
        left_out=(
            f"{each.word.observation.component}: in a maintenance window (C4)"
            for each in told
            if each not in counted
        ),
    )


def _total(told: Told) -> int:
    total = told.word.observation.total
    return (total if total is not None else told.word.known_total) or 0


def _ails(told: Told) -> bool:
    return bool(told.word.observation.lost or told.word.observation.degraded)


def _figure(told: Told) -> str:
    observation = told.word.observation
    if observation.planned and not observation.lost:
        return "taken out on purpose"
    return f"{observation.lost} of {observation.total} out of service"


def _all_named_are_out(number: PrimaryNumber, told: Iterable[Told]) -> bool:
    """Whether the number names consoles, and each of them is out: they count as all (A1)."""
    named = [
        [each.word.observation for each in told if is_named(need, each.word)]
        for need in each_need(number.needs)
        if need.startswith("attendant ")
    ]
    return bool(named) and all(
        seen and all(each.lost and each.lost == each.total for each in seen) for seen in named
    )


def is_named(need: str, word: Word) -> bool:
    """Whether `attendant NAME` speaks of that console: by its whole name, or by what follows `attendant`."""
    return word.observation.component in (need, need.partition(" ")[2])


def each_need(needs: Needs) -> Iterator[str]:
    """Every part that is named, however deep."""
    for part in (*needs.all_of, *needs.any_of):
        if isinstance(part, Needs):
            yield from each_need(part)
        else:
            yield part


def consoles(scene: Scene, need: str) -> PartState:
    """The state of one console (`attendant NAME`), or of all of them: one in service is enough."""
    told = [each for phones in scene.wholes for each in scene.told(phones, "attendant")]
    if need != "attendant":
        told = [each for each in told if is_named(need, each.word)]
    found = [state_of(scene, need, each.system, each.word) for each in told]
    if not are_expected(scene):  # nobody has to sit there: who does is found, and who does not is not missed
        found = [_not_missed(each) for each in found]
    return any_of(found, need)


def _not_missed(state: PartState) -> PartState:
    return PartState(state.need, "on_purpose", state.since, state.told) if state.state == "no" else state


def voicemail(scene: Scene, need: str) -> PartState:
    """Whether a caller reaches the voicemail: what answers, its store and a link, as far as known (A2)."""
    systems = scene.systems_for("voicemail")
    plans = {system.name: system.voicemail for system in systems}
    answers = [s for s in systems if (plan := plans[s.name]) is None or plan.part != "store"]
    stores = [s for s in systems if (plan := plans[s.name]) is not None and plan.part != "answering"]
    offline = any(plan is not None and plan.offline_answering for plan in plans.values())
    needed = [any_of((service(scene, need, each) for each in answers), need)] if answers else []
    if stores and not offline:
        needed.append(any_of((service(scene, need, each) for each in stores), need))
    links: dict[Key, list[PartState]] = {}
    for system, word in voicemail_links(scene, scene.site.systems):
        links.setdefault(link_of(scene, system, word).key, []).append(state_of(scene, need, system, word))
    if links:
        needed.append(any_of((_link(ends, need) for ends in links.values()), need))
    return all_of(needed, need)


def _link(ends: Sequence[PartState], need: str) -> PartState:
    """A link by the words of its ends, of those that can be heard: it needs them all."""
    return all_of([each for each in ends if each.state != "unknown"] or ends, need)


def auto_attendant(scene: Scene, need: str = "auto-attendant") -> PartState:
    """The auto attendant, inferred (A2); where a system tells of one in so many words, that counts too."""
    told = [
        state_of(scene, need, system, word)
        for system in scene.site.systems
        for word in scene.words(system.name, "auto_attendant")
    ]
    behind = voicemail(scene, need)
    if not told:
        return behind
    if behind.state == "unknown" and not behind.told:  # no part known
        return any_of(told, need)
    return all_of((any_of(told, need), behind), need)


def service(scene: Scene, need: str, system: System) -> PartState:
    """What a system says of its own service; protocols that contradict each other leave it open (O2)."""
    told = [word for word in scene.statements(system.name) if word.observation.lost is not None]
    states = [state_of(scene, need, system, word) for word in told]
    if not states or len({each.dead for each in states}) != 1:
        return PartState(need, "unknown", told=tuple((system, word) for word in told))
    return states[0]
