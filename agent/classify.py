"""What the whole picture means under the contract, at one instant. Pure: the time is an argument.

It states every failure that stands now; whether one has lasted long enough to be told is `agent.incidents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import cast

from agent.authority import Word, listed_whole
from agent.calendars import Calendar
from agent.contract import Contract
from agent.failures import Failure, Judgement, Key
from agent.filling import Filling, is_foretold
from agent.history import History
from agent.picture import Picture
from agent.rules import network, survival
from agent.rules.alarms import judge_alarms, last_trap
from agent.rules.attendants import are_expected, judge_attendants
from agent.rules.causes import Causes
from agent.rules.failing import retold
from agent.rules.links import End, ends_of, link_of
from agent.rules.number_loss import judge_numbers
from agent.rules.outage import judge_systems
from agent.rules.parts import gateway_words, judge_parts
from agent.rules.restarts import judge_restarts
from agent.rules.scene import PhoneSystem, Scene
from agent.rules.stations import judge_stations, present_in, station_counts
from agent.rules.trunks import judge_trunks
from agent.rules.windows import changes_of_windows, judge_windows
from agent.site import Site
from agent.watch import Watch
from collectors.base import Role

_RULES = (judge_stations, judge_attendants, judge_alarms, judge_parts, judge_restarts)
_A_WEEK = timedelta(days=8)
_NOTHING_FILLS = Filling()


def classify(
    picture: Picture,
    history: History,
    site: Site,
    contract: Contract,
    watches: Mapping[str, Watch],
    now: datetime,
    *,
    asked_about: Iterable[Key] = (),
    began: Mapping[Key, datetime] | None = None,
    holidays: Mapping[date, str] | None = None,
    hours: Calendar | None = None,
    peaks: Mapping[Key, int] | None = None,
    filling: Filling = _NOTHING_FILLS,
) -> Judgement:
    """Every failure that stands at `now`, and which of the keys asked about cannot be told.

    `watches`: how each system of the site is watched. `asked_about`: the keys that are open or pending.
    `began`: since when each pending failure was seen. `holidays`: days on which no console is expected.
    `hours`: the coverage hours, without which no station count teaches and none is learned (S1). `peaks`: the
    highest station counts before pending failures began (S2). `filling`: how disks have filled so far.
    """
    scene = scene_of(
        picture,
        history,
        site,
        contract,
        watches,
        now,
        began=began,
        holidays=holidays,
        hours=hours,
        peaks=peaks,
        filling=filling,
    )
    wholes = judge_systems(scene)
    parts = [failure for rule in _RULES for failure in rule(scene) if failure.key not in wholes.waiting]
    trunks = judge_trunks(scene, Causes(scene, (*wholes.failures, *parts)))
    parts = [*(failure for failure in trunks if failure.key not in wholes.waiting), *parts]
    found = _with_causes(scene, judge_numbers(scene, (*wholes.failures, *parts)))
    failures = tuple(_beside_accepted(scene, each) for each in judge_windows(scene, found))
    standing = {failure.key for failure in failures}
    named = {system.name for system in site.systems}
    rest = [key for key in asked_about if key not in standing]
    gone = frozenset(key for key in rest if key.system is not None and key.system not in named)
    rest = [key for key in rest if key not in gone]
    over = {key: why for key in rest if key not in wholes.waiting and (why := _why_over(scene, key))}
    blind = frozenset(
        key for key in rest if key not in over and (key in wholes.waiting or not _can_tell(scene, key))
    )
    wake = min((at for at in _changes(scene) if at > now), default=None)
    return Judgement(failures, blind, gone, tuple(station_counts(scene)), over, wake)


def scene_of(
    picture: Picture,
    history: History,
    site: Site,
    contract: Contract,
    watches: Mapping[str, Watch],
    now: datetime,
    *,
    began: Mapping[Key, datetime] | None = None,
    holidays: Mapping[date, str] | None = None,
    hours: Calendar | None = None,
    peaks: Mapping[Key, int] | None = None,
    filling: Filling = _NOTHING_FILLS,
) -> Scene:
    """What the rules look at, with the hours in which consoles are expected (A1).

    The help desk's hours of a single date are not the consoles': only its holidays count for both.
    """
    attended = site.attended.to_calendar(holidays or {}) if site.attended is not None else None
    return Scene(
        picture, history, site, contract, watches, now, hours, peaks or {}, attended, began or {}, filling
    )


def _with_causes(scene: Scene, failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """The failures, each with what explains it; and what silent systems said before that explains one."""
    if not failures:
        return ()
    dark = tuple(Causes(scene, failures).dark())
    causes = Causes(scene, (*failures, *dark))
    told = tuple(map(causes.told, failures))
    named = {cause.key for each in told for cause in each.causes}
    return (*told, *(causes.told(each) for each in dark if each.key in named))


def _beside_accepted(scene: Scene, failed: Failure) -> Failure:
    """The failure with what fails beside it and is accepted (M4), as left out."""
    aside = tuple(
        f"{seen.component}: accepted until {condition.until}, {condition.reason} (M4)"
        for system, seen, condition in scene.set_aside
        if (system, seen.role) == (failed.key.system, failed.key.role)
    )
    if not aside:
        return failed
    return retold(failed, lambda was: replace(was, left_out=(*was.left_out, *aside)))


def _why_over(scene: Scene, key: Key) -> str:
    """Why a failure stands no longer although nothing was seen well; empty: it was, or nobody can tell."""
    if key.role == "attendant" and not are_expected(scene) and _consoles_are_out(scene):
        return "outside the attended hours: no console is expected (A1)"
    if key.role == "alarm" and last_trap(scene, key) is not None:
        hours = scene.contract.decisions.unknown_trap_stands.total_seconds() / 3600
        return f"no other such trap for {hours:g} hours (I17)"
    if key.role == "service" and _need_not_answer(scene, key):
        return "no way to it has to answer"
    ends = [end for end in ends_of(scene, key) if end.key != key]
    if any(end.fails and link_of(scene, end.system, end.word).key != key for end in ends):
        return "the link is told by the name of its other end"
    for system, seen, condition in scene.set_aside:
        if any(end.key == Key(system, seen.role, seen.component) for end in ends) or key in (
            Key(system, seen.role, seen.component),
            Key(system, seen.role),
        ):
            return f"accepted until {condition.until}: {condition.reason} (M4)"
    return ""


def _need_not_answer(scene: Scene, key: Key) -> bool:
    """Whether only the sight of a system was lost, and by now each way to it is one that need not answer."""
    picture, standing = scene.picture.of(key.system or ""), scene.history.standing.get(key)
    if standing is None or not picture.unanswered or picture.accesses:
        return False
    return all(each.role == "access" for each in standing.ruling.evidence)


def _consoles_are_out(scene: Scene) -> bool:
    return any(
        word.observation.lost for each in scene.site.systems for word in scene.words(each.name, "attendant")
    )


def _changes(scene: Scene) -> Iterator[datetime]:
    """The instants at which the clock alone changes what fails (I10)."""
    yield from changes_of_windows(scene)
    if scene.attended is not None:
        for opens, closes in scene.attended.spans(scene.now, scene.now + _A_WEEK):
            yield from (opens, closes)
            if opens > scene.now:
                break
    for condition in scene.site.accepted:
        day = condition.until + timedelta(days=1)
        yield scene.site.moment(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - the site's own midnight


def _can_tell(scene: Scene, key: Key) -> bool:
    """Whether the failure's absence is something that was seen, and not merely not looked at."""
    if key.system is None:
        return key != network.NETWORK or network.can_tell(scene)
    if key.component == survival.SURVIVABLE:
        return survival.can_tell(scene, key)
    if _role(key) in ("trunks", "stations", "attendant"):
        return _can_tell_of_the_whole(scene, key)
    # Asked by every way at least once: after a start, what one protocol said may stand in no picture yet.
    if not scene.asked(key.system):
        return False
    if ends := ends_of(scene, key):
        return all(scene.asked(end.system.name) for end in ends) and _can_tell_of_link(scene, key, ends)
    picture = scene.picture.of(key.system)
    if key.role == "location" and key.component is None:
        words = gateway_words(scene, scene.site.system(key.system))
        return any(word.observation.lost is not None for _, word in words)
    if key.role == "service":  # an access that works is seen at once
        if picture.unanswered and not picture.accesses:
            return False  # it has no other way than those that need not answer
        told = scene.statements(key.system)
        read = any(not word.observation.unread for word in told)
        return read or not any(word.known_lost for word in told)
    if not picture.seen or key.role == "restart":  # restarts are counted by the history, not seen
        return picture.seen
    role = cast(Role, _role(key))
    fresh = [word for word in scene.words(key.system, role) if _is_about(key, word)]
    dark = [word for word in scene.dark(key.system, role) if _is_about(key, word)]
    # After a start of the agent the picture is empty: a part that nobody has named is not well for that.
    if not fresh and (dark or not listed_whole(picture, _role(key), _only_by(scene, key))):
        return False
    standing = scene.history.standing.get(key)
    if fresh and standing is not None and is_foretold(standing.ruling):
        # After a start nobody knows how it fills, and nobody does while it cannot be read.
        known = scene.disk(key.system, key.component or "") is not None
        return known and not any(word.observation.unread for word in fresh)
    # A part that cannot be read is not well: unless it was well when it was last read, nobody can tell.
    return not any(word.observation.unread and word.known_lost != 0 for word in (*fresh, *dark))


def _can_tell_of_link(scene: Scene, key: Key, ends: Sequence[End]) -> bool:
    """The same of a link. An end that called it well all along proves nothing while the other is silent.

    An end that its system lists no more says nothing either way.
    """
    standing = scene.history.standing.get(key)
    evidence = standing.ruling.evidence if standing is not None else ()
    complained = {(each.system, each.component) for each in evidence if each.lost != 0}
    told = [end for end in ends if (end.system.name, end.word.observation.component) in complained]
    if told:
        return any(end.heard for end in told)
    whole = listed_whole(scene.picture.of(key.system or ""), "integration")
    return any(end.heard for end in ends) or whole


def _can_tell_of_the_whole(scene: Scene, key: Key) -> bool:
    """The same of the trunks, stations or consoles of a phone system, which any of its systems may tell."""
    whole = scene.whole_of(key.system or "")
    if not all(scene.asked(system.name) for system in whole.systems if scene.watches[system.name].ways):
        return False
    role = cast(Role, _role(key))
    if role == "stations":
        return present_in(scene, whole) is not None or _lists_whole(scene, whole, key)
    told = [each for each in scene.told(whole, role) if _is_about(key, each.word)]
    if any(each.word.observation.unread and each.word.known_lost != 0 for each in told):
        return False
    # What the ticket is about must be told of, or listed whole without it, by a system that is still there.
    fresh = {each.word.observation.component for each in told if not each.word.dark}
    named = {system.name for system in whole.systems}
    standing = scene.history.standing.get(key)
    for evidence in standing.ruling.evidence if standing else ():
        untold = evidence.system in named and evidence.component not in fresh
        if untold and not listed_whole(scene.picture.of(evidence.system), role, _only_by(scene, key)):
            return False
    return bool(fresh) or (not told and _lists_whole(scene, whole, key))


def _lists_whole(scene: Scene, whole: PhoneSystem, key: Key) -> bool:
    return any(listed_whole(scene.picture.of(system.name), _role(key)) for system in whole.systems)


def _is_about(key: Key, word: Word) -> bool:
    """What the failure is about: all parts of its role, or the one that it names."""
    return word.observation.role == _role(key) and key.component in (None, word.observation.component)


def _only_by(scene: Scene, key: Key) -> Iterable[str]:
    """The protocols that alone can tell that the part is gone; none: any that lists its role can."""
    standing = scene.history.standing.get(key)
    told = standing.ruling.evidence if standing else ()
    return [evidence.protocol for evidence in told if evidence.apart and evidence.component == key.component]


def _role(key: Key) -> str:
    # An internal trunk group fails as an integration (T1), and is still told as trunks.
    return "trunks" if (key.component or "").startswith("trunk-group ") else key.role
