"""What the whole picture means under the contract, at one instant. Pure: the time is an argument.

It states every failure that stands now; whether one has lasted long enough to be told is `agent.incidents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from agent.contract import Contract
from agent.failures import Judgement, Key
from agent.history import History
from agent.picture import Picture, Seen, SystemPicture
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
        words = gateway_words(scene, scene.site.system(key.system))
        return any(seen.observation.lost is not None for _, seen in words)
    if key.role == "service":  # asked at least once: an access that works is seen at once
        return bool(picture.accesses) and not any(
            seen.observation.unread and seen.known_lost for seen in picture.fresh("service")
        )
    if not picture.seen or key.role == "restart":  # restarts are counted by the history, not seen
        return picture.seen
    parts = list(_parts(picture, key))
    # After a start of the agent the picture is empty: a part that nobody has named is not well for that.
    named = bool(parts) or _role(key) in picture.whole
    # A part that cannot be read is not well: unless it was well when it was last read, nobody can tell.
    return named and not any(seen.observation.unread and seen.known_lost != 0 for seen in parts)


def _parts(picture: SystemPicture, key: Key) -> Iterator[Seen]:
    """What the failure is about: all parts of its role, or the one that it names."""
    for seen in picture.fresh():
        observation = seen.observation
        if observation.role != _role(key):
            continue
        if key.component is None or key.component == observation.component:
            yield seen


def _role(key: Key) -> str:
    # An internal trunk group fails as an integration (T1), and is still told as trunks.
    return "trunks" if (key.component or "").startswith("trunk-group ") else key.role
