"""One picture from several protocols: which word on a part counts, and what the others say. Pure.

The picture keeps what each protocol said. Which of it is believed is worked out here, anew for every
judgement, so that it depends on what was said and how long ago, never on the order in which it came:

* Only a protocol that answered its last poll has a say. Words older than two of their intervals yield to
  younger ones; where all are old, the newest counts.
* A protocol that listed a role whole says of every part that it does not name: it is gone. Not so of a part
  that no other protocol's list can name (`Observation.apart`).
* A word without figures yields to one with figures. If those agree, the newest is told; if not, the first in
  the order of authority decides and the rest is said beside it.
* Figures come from one word. What that word leaves open is filled from the others: what the part is (its use,
  its number, its gateway) from whoever told it, what state it is in only from those that agree.

Nothing is ever added up over protocols. What the words mean is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from agent.picture import PartKey, Seen, SystemPicture
from agent.watch import Watch
from collectors.base import Observation, ProtocolName

OLD_AFTER = 2  # intervals: a word of that age yields to a younger one

_FIGURES = attrgetter("lost", "total", "planned", "degraded")
_STATES = attrgetter("present", "in_use", "vendor_severity", "controller")  # compared where both have them
_ABOUT_THE_PART = ("use", "kind", "to", "number", "gateway", "address", "location", "room", "oid")
_ABOUT_ITS_STATE = (
    "in_use",
    "vendor_severity",
    "controller",
    "side",
    "since",
    "administered",
    "by_kind",
    "expected",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What is believed of one part. `at`, `protocol`: of the reading that it is told from.

    `by`: every protocol that says so. `against`: what the others say, each as a few words for a person.
    `lost_polls`, `known_total`, `known_lost`, `lost_since`, `out_since`, `carried`, `untraced`: as `Seen` has
    them. `dark`: nobody who can be heard tells of the part; it is unread then, and stays as it was last told.
    """

    observation: Observation
    at: datetime
    protocol: ProtocolName
    by: tuple[ProtocolName, ...]
    against: tuple[str, ...] = ()
    lost_polls: int = 0
    known_total: int | None = None
    known_lost: int | None = None
    lost_since: datetime | None = None
    out_since: datetime | None = None
    carried: int = 0
    untraced: int = 0
    dark: bool = False


def words_on(
    keys: Iterable[PartKey], picture: SystemPicture, watch: Watch, now: datetime
) -> tuple[Word, ...]:
    """The word on each of these parts of one system, dark ones among them; none on what is gone."""
    answering = {name for name in picture.accesses if picture.answers(name)}
    found: list[Word] = []
    for key in keys:
        told = picture.parts[key]
        if len(told) == 1:  # most parts of most sites: one protocol tells of them, and no other lists them
            (seen,) = told.values()
            if seen.protocol in answering and picture.listed.get(key[0], {}).keys() <= {seen.protocol}:
                found.append(_as_told(seen))
                continue
        word = _word(_Said(picture, watch, now, key), told)
        if word is not None:
            found.append(word)
    return tuple(found)


def heard_of(
    parts: Iterable[Mapping[ProtocolName, Seen]], picture: SystemPicture, watch: Watch, now: datetime
) -> tuple[Word, ...]:
    """What each protocol that answers says of these parts, by itself; of old words only the newest."""
    told = [seen for by_protocol in parts for name, seen in by_protocol.items() if picture.answers(name)]
    young = [seen for seen in told if is_young(picture, watch, now, seen.protocol, seen.at)]
    if not young and told:
        young = [max(told, key=lambda seen: seen.at)]
    return tuple(_as_told(seen) for seen in sorted(young, key=lambda seen: watch.rank(seen.protocol)))


def is_young(
    picture: SystemPicture, watch: Watch, now: datetime, protocol: ProtocolName, at: datetime
) -> bool:
    """Whether a word of that time is younger than two intervals of its protocol."""
    return now - at < OLD_AFTER * pace_of(picture, watch, protocol)


def pace_of(picture: SystemPicture, watch: Watch, protocol: ProtocolName) -> timedelta:
    """How often a protocol is heard of: its interval, or what its answer takes where that is longer."""
    pace = watch.interval(protocol)
    access = picture.accesses.get(protocol)
    if access is not None and access.error is None:  # a device that answers slowly is asked as much later
        pace = max(pace, timedelta(seconds=access.seconds))
    return pace


@dataclass(frozen=True, slots=True)
class _Said:
    """Where a word is looked for: one part of one system at one time."""

    picture: SystemPicture
    watch: Watch
    now: datetime
    key: PartKey

    def young(self, protocol: ProtocolName, at: datetime) -> bool:
        return is_young(self.picture, self.watch, self.now, protocol, at)

    def ranked(self, protocols: Iterable[ProtocolName]) -> list[ProtocolName]:
        return sorted(protocols, key=self.watch.rank)

    def gone(self, told: Mapping[ProtocolName, Seen]) -> dict[ProtocolName, datetime]:
        """Who answers and has listed the role without this part, and when."""
        listed = self.picture.listed.get(self.key[0], {})
        found = {name: at for name, at in listed.items() if name not in told and self.picture.answers(name)}
        return {} if any(seen.observation.apart for seen in told.values()) else found


def _word(said: _Said, told: Mapping[ProtocolName, Seen]) -> Word | None:
    """The word on a part; None: it is gone."""
    heard = {name: seen for name, seen in told.items() if said.picture.answers(name)}
    gone = said.gone(told)
    if len(told) == len(heard) == 1 and not gone:  # nobody else has a say: most parts of most sites
        return _as_told(*heard.values())
    if not heard:
        last = max(told.values(), key=lambda seen: seen.at)
        return None if any(at >= last.at for at in gone.values()) else _dark(said, told)

    times = {name: seen.at for name, seen in heard.items()} | gone
    counts = [name for name in said.ranked(times) if said.young(name, times[name])]
    if not counts:
        counts = [max(said.ranked(times), key=lambda name: times[name])]
    named = [heard[name] for name in counts if name in heard]
    silent = [name for name in counts if name in gone]
    # A whole list removes what it does not name, but not what a higher authority freshly names.
    believed = _believed(said, told, named, silent) if counts[0] in heard else None
    return _dark(said, told) if _withheld(said, told, counts[0], believed) else believed


def _as_told(seen: Seen) -> Word:
    return Word(
        observation=seen.observation,
        at=seen.at,
        protocol=seen.protocol,
        by=(seen.protocol,),
        lost_polls=seen.lost_polls,
        known_total=seen.known_total,
        known_lost=seen.known_lost,
        lost_since=seen.lost_since,
        out_since=seen.out_since,
        carried=seen.carried,
        untraced=seen.untraced,
    )


def _believed(
    said: _Said, told: Mapping[ProtocolName, Seen], named: Sequence[Seen], silent: Iterable[ProtocolName]
) -> Word:
    """The word among these, which stand in the order of authority."""
    everything = [told[name] for name in said.ranked(told)]
    figured = [seen for seen in named if _has_figures(seen, everything)]
    pool = figured or named
    first = pool[0]
    agreeing = [seen for seen in pool if _agree(first.observation, seen.observation)]
    newest = max(agreeing, key=lambda seen: seen.at)
    filled = _filled(first.observation, agreeing, everything)
    if newest.observation.detail not in ("", filled.detail):
        filled = replace(filled, detail=newest.observation.detail)
    if not figured and filled.present is not None:
        filled = replace(filled, unread=True, present=None, detail="only some kinds are counted")
    known = next((seen for seen in (first, *everything) if seen.known_total is not None), first)
    longest = max(
        agreeing, key=lambda seen: (seen.carried, -seen.untraced)
    )  # who has looked for longer knows
    return Word(
        observation=filled,
        at=newest.at,
        protocol=newest.protocol,
        by=tuple(seen.protocol for seen in agreeing),
        against=(
            *(f"{seen.protocol} says {_figures(seen.observation)}" for seen in pool if seen not in agreeing),
            *(f"{name} does not list it" for name in silent),
        ),
        lost_polls=newest.lost_polls,
        lost_since=min((seen.lost_since for seen in agreeing if seen.lost_since), default=None),
        out_since=min((seen.out_since for seen in agreeing if seen.out_since), default=None),
        known_total=known.known_total,
        known_lost=known.known_lost,
        carried=longest.carried,
        untraced=longest.untraced,
    )


def _dark(said: _Said, told: Mapping[ProtocolName, Seen]) -> Word:
    """A part that nobody who can be heard tells of: known, and not to be read."""
    everything = [told[name] for name in said.ranked(told)]
    first = everything[0]
    filled = _filled(first.observation, [first], everything).not_read("")
    return Word(
        observation=replace(filled, planned=0, degraded=0, present=None),
        at=first.at,
        protocol=first.protocol,
        by=(),
        known_total=first.known_total,
        known_lost=first.known_lost,
        carried=first.carried,
        untraced=first.untraced,
        dark=True,
    )


def _withheld(
    said: _Said, told: Mapping[ProtocolName, Seen], decides: ProtocolName, believed: Word | None
) -> bool:
    """Whether a higher authority called the part failing a moment ago, and has only just fallen silent.

    One missed poll of it must not clear what it saw: for two of its intervals nobody can tell. A failure
    that the lower one sees is not held back.
    """
    if believed is not None and ails(believed.observation):
        return False
    return any(
        said.watch.rank(name) < said.watch.rank(decides)
        and not said.picture.answers(name)
        and ails(seen.observation)
        and said.young(name, seen.at)
        for name, seen in told.items()
    )


def ails(observation: Observation) -> bool:
    """Whether something of the part is lost, degraded, or a spare that is in use."""
    return bool(observation.lost or observation.degraded or observation.in_use)


def is_exhausted(observation: Observation) -> bool:
    """Whether all of a resource is used."""
    used, limit = observation.used, observation.limit
    return used is not None and limit is not None and used >= limit > 0


def _has_figures(seen: Seen, everything: Iterable[Seen]) -> bool:
    observation = seen.observation
    if observation.unread:
        return False
    if observation.present is not None:
        # A count of some kinds of stations is no count of them all: the others did not go away.
        kinds = set(observation.by_kind or ())
        wider = (set(other.observation.by_kind or ()) for other in everything)
        return not kinds or not any(kinds < other for other in wider)
    return observation.lost is not None or observation.in_use is not None


def _agree(one: Observation, other: Observation) -> bool:
    if _FIGURES(one) != _FIGURES(other):
        return False
    pairs = zip(_STATES(one), _STATES(other), strict=True)
    return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)


def _filled(observation: Observation, agreeing: Sequence[Seen], everything: Sequence[Seen]) -> Observation:
    """Each field that is no figure as the first in authority told it; both lists stand in that order."""
    filled: dict[str, Any] = {}
    for names, told in ((_ABOUT_THE_PART, everything), (_ABOUT_ITS_STATE, agreeing)):
        values_of = attrgetter(*names)
        for seen in reversed(told):  # who stands before overwrites
            told_of = zip(names, values_of(seen.observation), strict=True)
            filled |= {name: value for name, value in told_of if value is not None and value != "unknown"}
    changed = {name: value for name, value in filled.items() if getattr(observation, name) != value}
    return replace(observation, **changed) if changed else observation


def _figures(observation: Observation) -> str:
    """What a word against says, as short as it can be: `0 of 23`."""
    if observation.present is not None:
        return f"{observation.present} present"
    parts = [f"{observation.lost} of {observation.total}"]
    if observation.degraded:
        parts.append(f"{observation.degraded} degraded")
    if observation.planned:
        parts.append(f"{observation.planned} taken out on purpose")
    if observation.in_use is not None:
        parts.append("in use" if observation.in_use else "not in use")
    if observation.vendor_severity is not None:
        parts.append(f"severity {observation.vendor_severity}")
    if observation.controller is not None:
        parts.append(f"controller {observation.controller}")
    return ", ".join(parts)


def listed_whole(picture: SystemPicture, role: str, by: Iterable[str] = ()) -> bool:
    """Whether a protocol that answers has listed the role whole; `by`: one of these, if any is given."""
    only = set(by)
    return any(
        picture.answers(name) and (not only or name in only)
        for listed, told in picture.listed.items()
        for name in told
        if listed == role
    )
