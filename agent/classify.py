"""What the whole picture means under the contract, at one instant. Pure: the time is an argument.

It states every failure that stands now; whether one has lasted long enough to be told is `agent.incidents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from agent.authority import Word, listed_whole
from agent.contract import Contract
from agent.failures import Judgement, Key
from agent.history import History
from agent.picture import Picture
from agent.rules import network, survival
from agent.rules.outage import judge_systems
from agent.rules.parts import gateway_words, judge_parts
from agent.rules.restarts import judge_restarts
from agent.rules.scene import Scene
from agent.rules.stations import judge_stations
from agent.rules.trunks import judge_trunks
from agent.site import Site
from agent.watch import Watch

_RULES = (judge_trunks, judge_stations, judge_parts, judge_restarts)


def classify(
    picture: Picture,
    history: History,
    site: Site,
    contract: Contract,
    watches: Mapping[str, Watch],
    now: datetime,
    *,
    asked_about: Iterable[Key] = (),
) -> Judgement:
    """Every failure that stands at `now`, and which of the keys asked about cannot be told.

    `watches`: how each system of the site is watched. `asked_about`: the keys that are open or pending.
    """
    scene = Scene(picture, history, site, contract, watches, now)
    wholes = judge_systems(scene)
    parts = (failure for rule in _RULES for failure in rule(scene) if failure.key not in wholes.waiting)
    failures = (*wholes.failures, *parts)
    standing = {failure.key for failure in failures}
    named = {system.name for system in site.systems}
    rest = [key for key in asked_about if key not in standing]
    gone = frozenset(key for key in rest if key.system is not None and key.system not in named)
    return Judgement(
        failures,
        frozenset(
            key for key in rest if key not in gone and (key in wholes.waiting or not _can_tell(scene, key))
        ),
        gone,
    )


def _can_tell(scene: Scene, key: Key) -> bool:
    """Whether the failure's absence is something that was seen, and not merely not looked at."""
    if key.system is None:
        return key != network.NETWORK or network.can_tell(scene)
    if key.component == survival.SURVIVABLE:
        return survival.can_tell(scene, key)
    # Asked by every way at least once: after a start, what one protocol said may stand in no picture yet.
    if not scene.asked(key.system):
        return False
    picture = scene.picture.of(key.system)
    if key.role == "location":
        words = gateway_words(scene, scene.site.system(key.system))
        return any(word.observation.lost is not None for _, word in words)
    if key.role == "service":  # an access that works is seen at once
        told = scene.statements(key.system)
        read = any(not word.observation.unread for word in told)
        return read or not any(word.known_lost for word in told)
    if not picture.seen or key.role == "restart":  # restarts are counted by the history, not seen
        return picture.seen
    fresh = [word for word in scene.words(key.system) if _is_about(key, word)]
    dark = [word for word in scene.dark(key.system) if _is_about(key, word)]
    # After a start of the agent the picture is empty: a part that nobody has named is not well for that.
    if not fresh and (dark or not listed_whole(picture, _role(key), _only_by(scene, key))):
        return False
    # A part that cannot be read is not well: unless it was well when it was last read, nobody can tell.
    return not any(word.observation.unread and word.known_lost != 0 for word in (*fresh, *dark))


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
