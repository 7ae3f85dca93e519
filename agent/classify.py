"""What the whole picture means under the contract, at one instant. Pure: the time is an argument.

It states every failure that stands now; whether one has lasted long enough to be told is `agent.incidents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from agent.contract import Contract
from agent.failures import Judgement, Key
from agent.history import History
from agent.picture import Picture
from agent.rules.outage import judge_systems
from agent.rules.parts import gateway_words, judge_parts
from agent.rules.scene import Scene
from agent.rules.stations import judge_stations
from agent.rules.trunks import judge_trunks
from agent.site import Function, Site

_RULES = (judge_systems, judge_trunks, judge_stations, judge_parts)


def classify(
    picture: Picture,
    history: History,
    site: Site,
    contract: Contract,
    functions: Mapping[str, Function],
    now: datetime,
    *,
    asked_about: Iterable[Key] = (),
) -> Judgement:
    """Every failure that stands at `now`, and which of the keys asked about cannot be told.

    `functions`: what each system of the site is for. `asked_about`: the keys that are open or pending.
    """
    scene = Scene(picture, history, site, contract, dict(functions), now)
    failures = tuple(failure for rule in _RULES for failure in rule(scene))
    standing = {failure.key for failure in failures}
    named = {system.name for system in site.systems}
    rest = [key for key in asked_about if key not in standing]
    gone = frozenset(key for key in rest if key.system is not None and key.system not in named)
    return Judgement(
        failures, frozenset(key for key in rest if key not in gone and not _can_tell(scene, key)), gone
    )


def _can_tell(scene: Scene, key: Key) -> bool:
    """Whether the failure's absence is something that was seen, and not merely not looked at."""
    if key.system is None:
        return True
    picture = scene.picture.of(key.system)
    if key.role == "location":
        return bool(gateway_words(scene, scene.site.system(key.system)))
    if key.role == "service":
        return bool(picture.accesses)  # asked at least once: an access that works is seen at once
    return picture.seen
