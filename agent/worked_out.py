"""What is believed of the parts of a system, worked out once for as long as it holds. Pure.

Most systems say nothing new most times, and of most parts nobody asks more than whether they fail: so words
are made by role, when somebody asks, and remembered beside the picture that they were made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.authority import OLD_AFTER, Word, ails, heard_of, is_exhausted, pace_of, words_on
from agent.picture import BY_ROLE, PartKey, Seen, SystemPicture
from agent.watch import Watch
from collectors.base import Observation, ProtocolName, Role


@dataclass(frozen=True, slots=True)
class _WorkedOut:
    """Words, and the time in which no age changes them."""

    watch: Watch
    since: datetime
    until: datetime | None
    words: tuple[Word, ...]

    def hold(self, watch: Watch, now: datetime) -> bool:
        same = self.watch is watch or self.watch == watch
        return same and self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a picture by role, each role in the picture's order; `ailing`: those that may fail."""

    by_role: Mapping[str, tuple[PartKey, ...]]
    ailing: tuple[PartKey, ...]


_NO_PARTS: tuple[PartKey, ...] = ()


def words(picture: SystemPicture, watch: Watch, now: datetime) -> tuple[Word, ...]:
    """The word on every part of one system, one per part, dark ones among them. Not for role service (O2)."""
    return _once("words", lambda: [key for key in picture.parts if key[0] != "service"], picture, watch, now)


def words_in(role: Role, picture: SystemPicture, watch: Watch, now: datetime) -> tuple[Word, ...]:
    """Those of one role."""
    keys = _parts(picture).by_role.get(role)
    return () if keys is None or role == "service" else _once(role, lambda: keys, picture, watch, now)


def ailing(picture: SystemPicture, watch: Watch, now: datetime) -> tuple[Word, ...]:
    """Those of every part of which somebody says that it is not as it should be.

    Something of it is lost, degraded, used up, a spare in use, or on a survivable controller.
    """
    keys = _parts(picture).ailing
    return _once("ailing", lambda: keys, picture, watch, now) if keys else ()


def tells_of(role: Role, picture: SystemPicture) -> bool:
    """Whether anybody ever told of a part in that role."""
    return role in _parts(picture).by_role


def parts_in(role: Role, picture: SystemPicture) -> Iterator[Mapping[ProtocolName, Seen]]:
    """What each protocol said of each part in that role, whoever is believed."""
    return (picture.parts[key] for key in _parts(picture).by_role.get(role, _NO_PARTS))


def statements(picture: SystemPicture, watch: Watch, now: datetime) -> tuple[Word, ...]:
    """What each protocol says of the system's service, by itself (O2): nobody's authority settles that."""
    if not tells_of("service", picture):
        return ()
    known: _WorkedOut | None = picture.worked_out.get("statements")
    if known is None or not known.hold(watch, now):
        found = heard_of(parts_in("service", picture), picture, watch, now)
        known = picture.worked_out["statements"] = _WorkedOut(watch, now, _until(picture, watch, now), found)
    return known.words


def _parts(picture: SystemPicture) -> _Parts:
    known: _Parts | None = picture.worked_out.get(BY_ROLE)
    if known is None:
        by_role: dict[str, list[PartKey]] = {}
        may_fail = []
        for key, told in picture.parts.items():
            by_role.setdefault(key[0], []).append(key)
            if key[0] != "service" and any(_may_fail(seen.observation) for seen in told.values()):
                may_fail.append(key)
        found = {role: tuple(keys) for role, keys in by_role.items()}
        known = picture.worked_out[BY_ROLE] = _Parts(found, tuple(may_fail))
    return known


def _may_fail(observation: Observation) -> bool:
    return ails(observation) or is_exhausted(observation) or observation.controller == "survivable"


def _once(
    name: str,
    keys: Callable[[], Iterable[PartKey]],
    picture: SystemPicture,
    watch: Watch,
    now: datetime,
) -> tuple[Word, ...]:
    """What was worked out of this picture before, while it holds: most systems say nothing new most times."""
    known: _WorkedOut | None = picture.worked_out.get(name)
    if known is None or not known.hold(watch, now):
        found = words_on(keys(), picture, watch, now)
        known = picture.worked_out[name] = _WorkedOut(watch, now, _until(picture, watch, now), found)
    return known.words


def _until(picture: SystemPicture, watch: Watch, now: datetime) -> datetime | None:
    return min((at for at in ages(picture, watch) if at > now), default=None)


def ages(picture: SystemPicture, watch: Watch, *, left_behind: bool = False) -> Iterable[datetime]:
    """When each word, and each list, yields to younger ones.

    `left_behind`: only of those that are older than the last reading of their protocol.
    """
    if len(picture.accesses) + len(picture.unanswered) < 2:
        return ()  # there are no others
    known: set[tuple[ProtocolName, datetime]] | None = picture.worked_out.get("ages")
    if known is None:
        parts, listed = picture.parts.values(), picture.listed.values()
        known = {(name, seen.at) for by_protocol in parts for name, seen in by_protocol.items()}
        known |= {(name, at) for by_protocol in listed for name, at in by_protocol.items()}
        picture.worked_out["ages"] = known
    return [
        at + OLD_AFTER * pace_of(picture, watch, name)
        for name, at in known
        if not left_behind or at != picture.accesses[name].at
    ]
