"""What changes again and again: one open ticket that says so, instead of a stream (rule I12). Pure.

Of the last 20 states of a failure's key 30 % changed: it flaps. It is over when fewer than 25 % did and it
has been seen well for 30 minutes (decisions of the contract). Until then its open ticket is not resolved, and
one that never lasts its hold is a ticket all the same.

A state is one look: a new reading by one way, the one whose evidence was the newest when the failure was last
seen to begin. Of a system that is read by two protocols, or a failure that several systems tell of, readings
by the other ways count only where they change the state: what a slow protocol tells is not thinned out by a
fast one. No look is what could not tell: a key that is blind, a first missed poll, what a window covers, what
ended without having been seen well, what a silent system was last told of.

Looks that are closer together than APART are one, the first: whoever reads every second sees a repair in
steps, which is no flapping. A state that was passed over so counts with the next look, where it lasted.

The looks are in memory only. That an open ticket flaps stands in its ruling, and so in the journal: after a
restart it stays open until it has been well for the 30 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from agent.contract import Contract, Decisions
from agent.failures import Failure, Judgement, Key, Ruling
from agent.incidents import Incidents, Open
from agent.picture import Picture

LOOKS = 20  # states that are remembered of a key
APART = timedelta(seconds=25)  # looks that are closer together are one: polls of half a minute may come early
QUIET = timedelta(hours=1)  # without a look for so long, the changes are of the past: traps that came no more
COUNT_EVERY = timedelta(minutes=30)  # how often an open ticket tells a new count

_RULE = "I12"

Way = tuple[str, str]  # system, protocol


@dataclass(frozen=True, slots=True)
class Looks:
    """The last states of a key, the newest last: whether it failed.

    `way`, `at`: by which reading it is looked at, and when the last one of them was. `counted`: when the last
    state was added. `failed`, `since`: the state now, and since when; it may not have been added yet.
    `counts`: whether one more reading that changes no judgement is a look of the same; None: it is not even
    taken note of.
    """

    states: tuple[bool, ...]
    way: Way
    at: datetime
    counted: datetime
    failed: bool
    since: datetime
    counts: bool | None = True

    @property
    def changes(self) -> int:
        """How often a state was another than the one before it."""
        return sum(one != other for one, other in pairwise(self.states))

    @property
    def is_open(self) -> bool:
        """Whether one more look of the same makes a difference: not once all of them were the same."""
        return len(self.states) < LOOKS or self.changes > 0 or self.failed != self.states[-1]

    @property
    def last(self) -> datetime:
        """When it was last looked at."""
        return max(self.at, self.since)

    def after(self, failed: bool | None, way: Way, at: datetime, now: datetime) -> Looks:
        """After one more look at `now`; None: it could not tell."""
        if failed is None:
            return replace(self, way=way, at=at)
        states, counted, since = self.states, self.counted, self.since
        if failed != self.failed:
            if self.failed != states[-1] and now - since >= APART:
                states = (*states, self.failed)  # it was passed over, and lasted
            since = now
        if now - counted >= APART:
            states, counted = (*states, failed), now
        return Looks(states[-LOOKS:], way, at, counted, failed, since)

    def again(self, at: datetime) -> Looks:
        """After a reading by its way that says the same, and changes no judgement."""
        if self.counts is None:
            return self
        after = self.after(self.failed if self.counts else None, self.way, at, at)
        return replace(after, counts=self.counts)

    @property
    def is_kept(self) -> bool:
        """Whether it failed at one of the last looks, as far as there were any."""
        return any(self.states) or len(self.states) < LOOKS


@dataclass(frozen=True, slots=True)
class Flaps:
    """The looks at every key that failed at one of its last 20."""

    looks: Mapping[Key, Looks] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that a judgement must be asked about, so that it says which of them are blind."""
        return tuple(self.looks)

    def changes(self, key: Key) -> int:
        """How often that key changed in its last 20 looks."""
        looks = self.looks.get(key)
        return looks.changes if looks is not None else 0

    def is_flapping(self, key: Key, decisions: Decisions) -> bool:
        """Whether it changed often enough to begin to flap."""
        return self.changes(key) * 100 >= decisions.flapping_percent * LOOKS

    def goes_on(self, key: Key, decisions: Decisions) -> bool:
        """Whether it changes too often for it to be over."""
        return self.changes(key) * 100 >= decisions.flapping_over_percent * LOOKS

    def follows(self, system: str, protocol: str) -> bool:
        """Whether a reading of that way may be a look that counts: at what has not been the same for long."""
        return any(looks.way == (system, protocol) and looks.is_open for looks in self.looks.values())

    def count(self, judgement: Judgement, picture: Picture, now: datetime) -> Flaps:
        """With one more state of each key whose way was read since the last look at it.

        `judgement`: it must have been asked about `keys`. The same picture counts once, however often it is
        judged.
        """
        failing = {failure.key: failure for failure in judgement.failures}
        after: dict[Key, Looks] = {}
        for key, looks in self.looks.items():
            if key in judgement.gone:
                continue
            failure = failing.get(key)
            if failure is not None:
                after[key] = replace(_looked(looks, failure, picture, now), counts=_tells(failure))
                continue
            unseen = key in judgement.blind or key in judgement.over
            seen = looks if unseen else _looked_well(looks, picture, now)
            if now - seen.last < QUIET and seen.is_kept:
                after[key] = replace(seen, counts=None if unseen else True)
        for key, failure in failing.items():
            if key not in after and (begun := _begun(failure, picture, now)) is not None:
                after[key] = begun
        return self if after == self.looks else Flaps(after)

    def again(self, system: str, protocol: str, at: datetime) -> Flaps | None:
        """After a reading by that way that changes no judgement; None: what flaps may be otherwise by it."""
        after: dict[Key, Looks] = {}
        for key, looks in self.looks.items():
            one = looks.again(at) if looks.way == (system, protocol) else looks
            grows = len(one.states) != len(looks.states)  # of how many looks, what flaps tells as well
            if one.changes != looks.changes or (grows and one.changes > 2):
                return None
            if one.failed or one.is_kept:
                after[key] = one
        return Flaps(after)

    def clock_set(self, step: timedelta) -> Flaps:
        """After the agent's clock was set by `step`: all was seen as long ago as before."""
        return Flaps(
            {
                key: replace(
                    looks, at=looks.at + step, counted=looks.counted + step, since=looks.since + step
                )
                for key, looks in self.looks.items()
            }
        )


def steadied(
    judgement: Judgement,
    incidents: Incidents,
    flaps: Flaps,
    contract: Contract,
    now: datetime,
    kept: Mapping[Key, Contract],
) -> Judgement:
    """The judgement with what flaps marked so, raised without its hold, and held open while it flaps.

    `contract`: the one in force; `kept`: of the failures whose tickets keep another one (C3).
    """
    failures = tuple(
        _marked(each, incidents.open.get(each.key), flaps, kept.get(each.key, contract).decisions, now)
        for each in judgement.failures
    )
    stays: dict[Key, timedelta | None] = {}
    wakes = [judgement.wake] if judgement.wake is not None else []
    for key, told in incidents.open.items():
        decisions = kept.get(key, contract).decisions
        if told.ruling.flapping and told.told_at + COUNT_EVERY > now:  # a new count is told then
            wakes.append(told.told_at + COUNT_EVERY)
        if key in judgement.over or not (told.ruling.flapping or flaps.is_flapping(key, decisions)):
            continue
        looks = flaps.looks.get(key)
        if looks is None or not flaps.goes_on(key, decisions):
            stays[key] = decisions.flapping_well_for
            continue
        stays[key] = None
        if looks.last + QUIET > now:
            wakes.append(looks.last + QUIET)
    return replace(judgement, failures=failures, stays=stays, wake=min(wakes, default=None))


def _marked(
    failure: Failure, told: Open | None, flaps: Flaps, decisions: Decisions, now: datetime
) -> Failure:
    said = told.ruling.flapping if told is not None else ""
    flaps_now = flaps.is_flapping(failure.key, decisions)
    if not (said or flaps_now):
        return failure
    counts_again = told is not None and now - told.told_at >= COUNT_EVERY
    if not said or (counts_again and flaps.goes_on(failure.key, decisions)):
        said = _words(flaps.looks[failure.key])

    def mark(was: Ruling) -> Ruling:
        return replace(was, flapping=said, rules=tuple(dict.fromkeys((*was.rules, _RULE))))

    marked = replace(failure, ruling=mark(failure.ruling), lesser=failure.lesser and mark(failure.lesser))
    if not flaps_now or failure.hold is None:
        return marked
    return replace(marked, hold=timedelta(0), clears_like=failure.clears_like or failure.hold)


def _words(looks: Looks) -> str:
    return f"changed {looks.changes} times in the last {len(looks.states)} looks"


def _looked(looks: Looks, failure: Failure, picture: Picture, now: datetime) -> Looks:
    """After a pass that finds it failing. It may have begun again by another way than before."""
    begins = not looks.failed
    way = looks.way
    if begins or _read(picture, way) is None:
        way = _way(failure) or way
    at = _read(picture, way) or looks.at
    if not begins and (way, at) == (looks.way, looks.at):
        return looks
    return looks.after(True if _tells(failure) else None, way, at, now)


def _looked_well(looks: Looks, picture: Picture, now: datetime) -> Looks:
    at = _read(picture, looks.way) or looks.at
    if at == looks.at and not looks.failed:
        return looks
    return looks.after(False, looks.way, at, now)


def _begun(failure: Failure, picture: Picture, now: datetime) -> Looks | None:
    way = _way(failure)
    at = _read(picture, way) if way is not None else None
    if way is None or at is None or not _tells(failure):
        return None
    return Looks((True,), way, at, counted=now, failed=True, since=now)


def _tells(failure: Failure) -> bool:
    return failure.hold is not None and failure.not_before is None and not failure.only_as_cause


def _way(failure: Failure) -> Way | None:
    """By which system and protocol its newest evidence came; of equally new ones the first."""
    newest = max(failure.ruling.evidence, key=lambda each: each.at, default=None)
    return (newest.system, newest.protocol) if newest is not None else None


def _read(picture: Picture, way: Way) -> datetime | None:
    system, protocol = way
    return next((each.at for name, each in picture.of(system).accesses.items() if name == protocol), None)
