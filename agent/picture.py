"""The picture: the latest that is known of every system, and how well it can be seen. Pure.

A reading replaces what its own protocol said of what it names, removes what it listed whole and no longer
names, and says nothing about the rest. A reading with an error changes the ways of access only: an
unreachable system says nothing about its parts, so they stay as last told and are marked unseen by the
access, never by a zero. Which of several protocols is believed is `agent.authority`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from collectors.base import ErrorKind, Observation, ProtocolName, Reading, Role, Sample

PartKey = tuple[Role, str]
BY_ROLE = "parts by role"  # of what was worked out, all that no repeat changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One way to a system. `missed` polls in a row went unread, the first of them at `missed_since`.

    `good_since`: since when every poll was read; None while the last one was not.
    """

    protocol: ProtocolName
    at: datetime
    seconds: float
    error: ErrorKind | None = None
    error_text: str | None = None
    last_good: datetime | None = None
    missed: int = 0
    missed_since: datetime | None = None
    good_since: datetime | None = None
    samples: tuple[Sample, ...] = ()  # of the last good reading


@dataclass(frozen=True, slots=True)
class Seen:
    """One part as one protocol last told it. `lost_polls`: how many polls in a row told it lost.

    `known_total`, `known_lost`: the last figures that were read of it: while it is unread, its total still
    counts (rule T5), and what was lost is not well because nobody can read it. `lost_since`: when the first
    of those polls was that told it lost; None while it is not. `out_since`: the same of the polls that told
    nothing of it in use, lost or taken out on purpose: what took the last of a way is known by it (P5).
    `carried`: how many of the units taken out on purpose were lost before, and were not seen in service since
    (T4); `untraced`: how many were already taken out when it was first read, so that nobody knows.
    """

    observation: Observation
    at: datetime
    protocol: ProtocolName
    lost_polls: int = 0
    known_total: int | None = None
    known_lost: int | None = None
    lost_since: datetime | None = None
    out_since: datetime | None = None
    known_planned: int = 0
    carried: int = 0
    untraced: int = 0


@dataclass(frozen=True, slots=True)
class SystemPicture:
    """What is known of one system. `listed`: by role, when which protocol last listed it whole.

    A part that is not in the picture is gone only if its role was listed whole; else nobody told of it yet.
    `unanswered`: ways that were tried, did not answer and need not (`agent.heard`); no other list has them.
    `worked_out`: what `agent.authority` made of this very picture, so that it is made once.
    """

    accesses: Mapping[ProtocolName, Access] = field(default_factory=dict)
    parts: Mapping[PartKey, Mapping[ProtocolName, Seen]] = field(default_factory=dict)
    listed: Mapping[Role, Mapping[ProtocolName, datetime]] = field(default_factory=dict)
    unanswered: frozenset[ProtocolName] = frozenset()
    worked_out: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def seen(self) -> bool:
        """Some way of access answered its last poll."""
        told = self.accesses
        return any(told[name].error is None for name in told if name != "trap")

    @property
    def silent(self) -> bool:
        """Every way that was tried failed, none refused, and at least one said nothing at all (O8)."""
        if self.seen:
            return False
        errors = [access.error for access in self.polled]
        return bool(errors) and None not in errors and "refused" not in errors and "unreachable" in errors

    @property
    def polled(self) -> tuple[Access, ...]:
        """The ways by which it is asked: a trap comes unasked, so its last one says nothing of now."""
        told = self.accesses
        return tuple(told.values() if "trap" not in told else (told[name] for name in told if name != "trap"))

    def answers(self, protocol: ProtocolName) -> bool:
        """Whether that protocol answered its last poll."""
        access = self.accesses.get(protocol)
        return access is not None and access.error is None


@dataclass(frozen=True, slots=True)
class Repeat:
    """What one way said again: `reading` is the last of `times` in a row that say the same (`agent.alike`).

    `to_the_letter`: no figure of them is another. Each came later than the one before it.
    """

    reading: Reading
    times: int = 1
    to_the_letter: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """The latest of every system, by name."""

    systems: Mapping[str, SystemPicture] = field(default_factory=dict)

    def of(self, system: str) -> SystemPicture:
        """What is known of that system: an empty picture if it was never asked."""
        return self.systems.get(system, _NOTHING)

    def apply(self, reading: Reading) -> Picture:
        """The picture after this reading.

        Those of one system and protocol come in order, so one that seems older than what is known was read
        by a clock that was set back in between: it is the newest all the same.
        """
        before = self.of(reading.system)
        access = before.accesses.get(reading.protocol)
        accesses = {**before.accesses, reading.protocol: _access(access, reading)}
        after = replace(before, accesses=accesses)
        if reading.error is not None:
            _keep_parts_by_role(before, after)
        else:
            after = replace(
                after, parts=_parts(before.parts, reading), listed=_listed(before.listed, reading)
            )
        return Picture({**self.systems, reading.system: after})

    def again(self, repeats: Iterable[Repeat]) -> Picture:
        """The picture after readings that each said the same as the one before it of its way.

        It is the one that `apply` makes of them one by one. What they say of parts is looked at when somebody
        asks for a part: most times nobody does before it is said once more.
        """
        systems = dict(self.systems)
        for repeat in repeats:
            system = repeat.reading.system
            systems[system] = _again(systems[system], repeat)
        return Picture(systems)

    def after_gap(self, system: str) -> Picture:
        """The picture when that system is read again after a gap: what was missed before it is no series."""
        seen = self.of(system)
        accesses = {
            name: replace(access, missed=0, missed_since=None) for name, access in seen.accesses.items()
        }
        return Picture({**self.systems, system: replace(seen, accesses=accesses)})

    def clock_set(self, step: timedelta) -> Picture:
        """The picture after the agent's clock was set by `step`: all was seen as long ago as before."""
        return Picture({name: _clock_set(seen, step) for name, seen in self.systems.items()})


_NOTHING = SystemPicture()


def _clock_set(seen: SystemPicture, step: timedelta) -> SystemPicture:
    return replace(
        seen,
        accesses={
            name: replace(
                access,
                at=access.at + step,
                last_good=access.last_good and access.last_good + step,
                missed_since=access.missed_since and access.missed_since + step,
                good_since=access.good_since and access.good_since + step,
            )
            for name, access in seen.accesses.items()
        },
        parts={
            key: {
                name: replace(
                    word,
                    at=word.at + step,
                    lost_since=word.lost_since and word.lost_since + step,
                    out_since=word.out_since and word.out_since + step,
                )
                for name, word in told.items()
            }
            for key, told in seen.parts.items()
        },
        listed={role: {name: at + step for name, at in told.items()} for role, told in seen.listed.items()},
    )


class _PartsAgain(Mapping[PartKey, Mapping[ProtocolName, Seen]]):
    """The parts of a system after repeats: each is made when it is asked for."""

    __slots__ = ("_before", "_made", "_repeats", "_said")

    def __init__(
        self,
        before: Mapping[PartKey, Mapping[ProtocolName, Seen]],
        repeats: Mapping[ProtocolName, tuple[Repeat, datetime]],
    ) -> None:
        self._before = before
        self._repeats = repeats  # each with the time of the reading that it repeats
        self._made: dict[PartKey, Mapping[ProtocolName, Seen]] = {}
        self._said: dict[ProtocolName, Mapping[PartKey, Observation]] = {}

    @classmethod
    def of(
        cls, before: Mapping[PartKey, Mapping[ProtocolName, Seen]], repeat: Repeat, since: datetime
    ) -> _PartsAgain:
        """These parts after one more repeat, of what was read at `since`."""
        protocol = repeat.reading.protocol
        if not isinstance(before, cls):
            return cls(before, {protocol: (repeat, since)})
        if (earlier := before._repeats.get(protocol)) is not None:
            last, since = earlier
            same = repeat.to_the_letter and last.to_the_letter
            repeat = Repeat(repeat.reading, last.times + repeat.times, same)
        return cls(before._before, {**before._repeats, protocol: (repeat, since)})

    def __getitem__(self, key: PartKey) -> Mapping[ProtocolName, Seen]:
        made = self._made.get(key)
        if made is None:
            told = self._before[key]
            made = self._made[key] = {name: self._seen(name, seen) for name, seen in told.items()}
        return made

    def __iter__(self) -> Iterator[PartKey]:
        return iter(self._before)

    def __len__(self) -> int:
        return len(self._before)

    def __contains__(self, key: object) -> bool:
        return key in self._before

    def _now(self, name: ProtocolName) -> Mapping[PartKey, Observation]:
        if name not in self._said:
            told = self._repeats[name][0].reading.observations
            self._said[name] = {(each.role, each.component): each for each in told}
        return self._said[name]

    def _seen(self, name: ProtocolName, seen: Seen) -> Seen:
        found = self._repeats.get(name)
        if found is None or seen.at != found[1]:  # an older word: the reading that is repeated had it not
            return seen
        repeat = found[0]
        observation = seen.observation
        if not repeat.to_the_letter:
            part = observation.role, observation.component
            observation = self._now(name).get(part, observation)
        return Seen(
            observation,
            repeat.reading.at,
            name,
            seen.lost_polls + repeat.times if observation.lost else 0,
            seen.known_total,
            seen.known_lost,
            seen.lost_since,
            seen.out_since,
            seen.known_planned,
            seen.carried,
            seen.untraced,
        )


def _again(before: SystemPicture, repeat: Repeat) -> SystemPicture:
    reading, accesses = repeat.reading, before.accesses
    access = accesses[reading.protocol]
    if reading.error is not None:
        missed = replace(_access(access, reading), missed=access.missed + repeat.times)
        after = SystemPicture({**accesses, reading.protocol: missed}, before.parts, before.listed)
    else:
        after = SystemPicture(
            {**accesses, reading.protocol: _access(access, reading)},
            _PartsAgain.of(before.parts, repeat, access.at),
            _listed(before.listed, reading),
        )
    _keep_parts_by_role(before, after)
    return after


def _keep_parts_by_role(before: SystemPicture, after: SystemPicture) -> None:
    """No part came or went, and none is better or worse."""
    if BY_ROLE in before.worked_out:
        after.worked_out[BY_ROLE] = before.worked_out[BY_ROLE]


def _access(before: Access | None, reading: Reading) -> Access:
    if reading.error is None:
        return Access(
            protocol=reading.protocol,
            at=reading.at,
            seconds=reading.seconds,
            last_good=reading.at,
            good_since=(before.good_since if before else None) or reading.at,
            samples=reading.samples,
        )
    last = before or Access(protocol=reading.protocol, at=reading.at, seconds=0.0)
    return replace(
        last,
        at=reading.at,
        seconds=reading.seconds,
        error=reading.error,
        error_text=reading.error_text,
        missed=last.missed + 1,
        missed_since=last.missed_since or reading.at,
        good_since=None,
    )


def _parts(
    before: Mapping[PartKey, Mapping[ProtocolName, Seen]], reading: Reading
) -> Mapping[PartKey, Mapping[ProtocolName, Seen]]:
    named = {(o.role, o.component) for o in reading.observations}
    parts = dict(before)
    for key, told in before.items():
        if key[0] in reading.complete and key not in named and reading.protocol in told:
            left = {name: seen for name, seen in told.items() if name != reading.protocol}
            if left:
                parts[key] = left
            else:
                del parts[key]
    for observation in reading.observations:
        key = (observation.role, observation.component)
        told = parts.get(key, {})
        last = told.get(reading.protocol)
        read = observation.lost is not None and observation.total is not None
        carried, untraced = _carried(last, observation) if observation.role == "trunks" else (0, 0)
        seen = Seen(
            observation,
            reading.at,
            reading.protocol,
            lost_polls=(last.lost_polls if last else 0) + 1 if observation.lost else 0,
            known_total=observation.total if last is None else _either(observation.total, last.known_total),
            known_lost=observation.lost if last is None else _either(observation.lost, last.known_lost),
            lost_since=((last.lost_since if last else None) or reading.at) if observation.lost else None,
            out_since=_out_since(observation, last, reading.at),
            known_planned=observation.planned if read or last is None else last.known_planned,
            carried=carried,
            untraced=untraced,
        )
        parts[key] = {**told, reading.protocol: seen}
    return parts


def _out_since(observation: Observation, last: Seen | None, at: datetime) -> datetime | None:
    since = last.out_since if last else None
    if observation.lost is None or observation.total is None:
        return since  # unread: nobody says that it works again
    out = observation.lost >= observation.total and bool(observation.lost or observation.planned)
    return (since or at) if out else None


def _carried(last: Seen | None, now: Observation) -> tuple[int, int]:
    """How many units stay lost though taken out on purpose now, and of how many nobody knows (T4).

    Only figures are told, never which unit is which: units newly taken out that did not leave the service
    came out of the lost ones. Units that came back into service out of the planned ones are seen.
    """
    if now.lost is None or now.total is None:
        return (last.carried, last.untraced) if last else (0, 0)
    if last is None or last.known_total is None or last.known_lost is None:
        return 0, now.planned
    gained = (now.total - now.lost) - (last.known_total - last.known_lost)  # units in service
    taken_out = now.planned - last.known_planned
    from_lost = min(max(0, taken_out - max(0, -gained)), last.known_lost)
    back = max(0, min(gained, -taken_out))
    carried = min(max(0, last.carried - back) + from_lost, now.planned)
    untraced = min(max(0, last.untraced - max(0, back - last.carried)), now.planned - carried)
    return carried, untraced


def _listed(
    before: Mapping[Role, Mapping[ProtocolName, datetime]], reading: Reading
) -> Mapping[Role, Mapping[ProtocolName, datetime]]:
    return {
        **before,
        **{role: {**before.get(role, {}), reading.protocol: reading.at} for role in reading.complete},
    }


def _either(now: int | None, before: int | None) -> int | None:
    return before if now is None else now
