"""All that the core knows at one moment, and how a reading, an entry and the passing of time change it. Pure.

The daemon drives it with the wall clock and a journal; tests and replays drive it with a false clock and a
list. Nothing in here knows which.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from agent.classify import classify, scene_of
from agent.contract import Contract
from agent.deadlines import Deadlines
from agent.deciding import PATIENCE, decide
from agent.entries import Body, Entry, Opened, Reopened
from agent.failures import Failure, Judgement, Key
from agent.filling import Filling
from agent.flapping import Flaps, steadied
from agent.gaps import ends_gap, in_gap, outside_gaps
from agent.heard import heard_only
from agent.history import COUNTS_KEPT, History, clock_set
from agent.incidents import Incidents
from agent.instants import next_instant
from agent.own_clock import KEY as CLOCK
from agent.own_clock import OwnClock
from agent.picture import Picture, Repeat
from agent.rules.alarms import found_gone
from agent.rules.scene import Scene
from agent.rules.stations import count_of, stations_of
from agent.rules.windows import told_of_windows
from agent.sight import Sight
from agent.site import Site
from agent.tickets import Tickets
from agent.watch import Watch
from agent.worked_out import tells_of
from collectors.base import Reading

_HANGS_ON_COUNTS = ("stations", "service", "redundancy")
_SPOILS_COUNTS = ("stations", "service", "location", "restart")


class Verdicts(NamedTuple):
    """What must be told now, what is known after (before any of it is told), when to look again.

    `asks`: the systems that should be asked at once (I7).
    """

    bodies: tuple[Body, ...]
    knowledge: Knowledge
    wake: datetime | None
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Picture, history, incidents and tickets, and what hangs on time: they change together or not at all."""

    picture: Picture = field(default_factory=Picture)
    history: History = field(default_factory=History)
    incidents: Incidents = field(default_factory=Incidents)
    tickets: Tickets = field(default_factory=Tickets)
    deadlines: Deadlines = field(default_factory=Deadlines)
    sight: Sight = field(default_factory=Sight)
    own: OwnClock = field(default_factory=OwnClock)
    flaps: Flaps = field(default_factory=Flaps)
    filling: Filling = field(default_factory=Filling)

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Knowledge:
        """What a journal tells: tickets, open incidents, history. Nothing is seen yet."""
        told = tuple(entries)
        tickets = Tickets.fold(told)
        return cls(
            Picture(),
            History.fold(told),
            Incidents.fold(told),
            tickets,
            Deadlines.fold(told, tickets),
            Sight.fold(told),
            OwnClock.fold(told),
        )

    def apply(self, entry: Entry) -> Knowledge:
        """After an entry that the journal has taken."""
        tickets = self.tickets.apply(entry)
        return Knowledge(
            self.picture,
            self.history.apply(entry),
            self.incidents.apply(entry),
            tickets,
            self.deadlines.apply(entry, tickets),
            self.sight.apply(entry),
            self.own.apply(entry),
            self.flaps,
            self.filling,
        )

    def hear(self, reading: Reading, watch: Watch | None = None) -> tuple[Knowledge, tuple[Body, ...]]:
        """After a reading, and the facts in it that the journal must keep.

        `watch`: how its system is watched. Where it is the first one after a gap, misses are counted anew
        and holds go on from here: nobody saw what was in between (I10).
        """
        picture, incidents = self.picture, self.incidents
        if watch is not None and ends_gap(picture.of(reading.system), watch, reading):
            picture = picture.after_gap(reading.system)
            incidents = incidents.after_gap(reading.system, reading.at)
        told: set[str] = set()
        if self.history.is_first_contact(reading):
            others = picture.of(reading.system).parts.items()
            told = {name for (role, name), by in others if role == "alarm" and set(by) - {reading.protocol}}
        history, facts = self.history.learn(reading, self._counts_kept(), told)
        after = replace(
            self,
            picture=picture.apply(reading),
            history=history,
            incidents=incidents,
            filling=self.filling.learn(reading),
        )
        return after, facts

    def again(self, repeats: Iterable[Repeat]) -> Knowledge:
        """After readings that each said the same as the one before it of its way (`agent.alike`).

        They call for no entry and change no judgement. Station counts are no part of them: see `counts`.
        """
        return replace(self, picture=self.picture.again(repeats))

    def counts(
        self, repeat: Repeat, site: Site, contract: Contract, watches: Mapping[str, Watch]
    ) -> Knowledge | None:
        """After a reading that says nothing new but how many stations are present; None: it must be judged.

        It need not be while that makes no failure, and none stands that hangs on how many there are.
        """
        reading = repeat.reading
        history = self.history.counts(reading, self._counts_kept())
        after = replace(self, picture=self.picture.again((repeat,)), history=history)
        agreement = self.tickets.agreement
        scene = scene_of(
            heard_only(after.picture, watches),
            history,
            site,
            contract,
            watches,
            reading.at,
            holidays=self._holidays,
            hours=agreement.hours() if agreement is not None else None,
        )
        whole = scene.whole_of(reading.system)
        tellers = (each.name for each in whole.systems if tells_of("stations", after.picture.of(each.name)))
        if any(in_gap(after.picture.of(name), watches[name], reading.at) for name in tellers):
            return None
        names = {each.name for each in whole.servers}
        if any(key.system in names and key.role in _HANGS_ON_COUNTS for key in self.incidents.keys):
            return None
        key = Key(whole.main.name, "stations")
        if self._keeps_another(key, contract, reading.at) or stations_of(scene, whole) is not None:
            return None
        count = count_of(scene, whole)
        taught = history.heed(count, _troubled(self.incidents)) if count is not None else None
        return None if taught is None else replace(after, history=taught)

    def _counts_kept(self) -> timedelta:
        """How long station counts are needed: S2 looks back that far."""
        if self.tickets.agreement is None:
            return COUNTS_KEPT
        decisions = self.tickets.agreement.contract.decisions
        return max(COUNTS_KEPT, decisions.station_peak_within, decisions.station_fall_within)

    def looks_at_clock(self, synchronised: bool | None, now: datetime) -> Knowledge:
        """After a look at the agent's own clock; None: the kernel does not tell."""
        return replace(self, own=self.own.seen(synchronised, now))

    def judge(
        self,
        site: Site,
        contract: Contract,
        watches: Mapping[str, Watch],
        now: datetime,
        *,
        gaps: bool = True,
        patience: timedelta = PATIENCE,
        quiet: bool = False,
        moving: bool = True,
    ) -> Verdicts:
        """What the whole picture calls for at `now`.

        `contract`: the one in force. A failure whose ticket keeps another one is judged by that (C3). Of a
        system in a gap nothing is decided (I10); `gaps` False: silence is no gap, for stories that tell only
        the polls that matter. `patience`: for how long the next reading of what may explain a failure is
        waited for (I7). `quiet`: nothing is raised or cleared yet, as the agent was down and has not asked
        every system since. `moving` False: the wake leaves out what each reading moves on (`instants`).
        """
        heard = heard_only(self.picture, watches)
        asked = outside_gaps(self.picture, watches, now) if gaps else self.picture
        seen = heard if asked is self.picture else heard_only(asked, watches)

        def judged_by(one: Contract) -> Judgement:
            return self._judged_by(seen, site, one, watches, now)

        judgement, kept = judged_by(contract), self._kept(contract, now)
        for other in {id(each): each for each in kept.values()}.values():
            theirs = frozenset(key for key, each in kept.items() if each is other)
            judgement = judgement.but_of(theirs, judged_by(other))
        wrong = self.own.failure(site, contract, now)
        judgement = self._with_clock(judgement, wrong)
        flaps = self.flaps.count(judgement, seen, now)
        judgement = steadied(judgement, self.incidents, flaps, contract, now, kept)
        undecided = {each.key.system for each in judgement.failures if _is_undecided(each)}
        decision = decide(
            self.incidents,
            judgement,
            contract,
            now,
            kept,
            answered=partial(_has_answered, heard, undecided),
            patience=patience,
            storm=site.storm,
            quiet=quiet,
        )
        note = wrong.ruling.summary if wrong is not None else ""
        warned, due = self.deadlines.due(now)
        history, samples = self.history.teach(judgement.counts, _troubled(decision.incidents), now)
        # What was missed was so before a failure is taken as gone at this very moment.
        scene = self.scene(site, contract, watches, now)
        bodies = (
            *found_gone(scene),
            *told_of_windows(scene, judgement.failures),
            *self.sight.changes(heard, site, watches),
            *warned,
            *(_noted(body, note) for body in decision.bodies),
            *samples,
        )
        ages = next_instant(self.picture, history, site, contract, watches, now, gaps=gaps, moving=moving)
        wakes = (decision.wake, due, self.own.wake(now), ages)
        wake = min((each for each in wakes if each is not None), default=None)
        known = replace(self, incidents=decision.incidents, history=history, flaps=flaps)
        return Verdicts(bodies, known, wake, decision.asks)

    def _judged_by(
        self,
        seen: Picture,
        site: Site,
        contract: Contract,
        watches: Mapping[str, Watch],
        now: datetime,
    ) -> Judgement:
        return classify(
            seen,
            self.history,
            site,
            contract,
            watches,
            now,
            asked_about=dict.fromkeys((*self.incidents.keys, *self.flaps.keys)),
            began={key: waiting.began for key, waiting in self.incidents.pending.items()},
            holidays=self._holidays,
            hours=self.tickets.agreement.hours() if self.tickets.agreement is not None else None,
            peaks=self.incidents.peaks,
            filling=self.filling,
        )

    def scene(self, site: Site, contract: Contract, watches: Mapping[str, Watch], now: datetime) -> Scene:
        """What is known at `now`, for those who look at it without judging."""
        began = {key: waiting.began for key, waiting in self.incidents.pending.items()}
        seen = heard_only(self.picture, watches)
        return scene_of(
            seen,
            self.history,
            site,
            contract,
            watches,
            now,
            began=began,
            holidays=self._holidays,
            filling=self.filling,
        )

    @property
    def _holidays(self) -> Mapping[date, str]:
        agreement = self.tickets.agreement
        return agreement.holidays if agreement is not None else {}

    def _kept(self, contract: Contract, now: datetime) -> Mapping[Key, Contract]:
        """The failures whose ticket is not closed and was classified by another contract, with that one (C3).

        A resolved ticket closes when its failure would be a new one (C2).
        """
        past = {key: last.ticket for key, last in self.incidents.past.items() if last.reopens(now)}
        mine = past | {key: told.ticket for key, told in self.incidents.open.items()}
        same: dict[int, bool] = {}
        kept = {}
        for key, ticket in mine.items():
            agreement = found.agreement if (found := self.tickets.by_id.get(ticket)) else None
            if agreement is None:
                continue
            if id(agreement) not in same:  # a whole contract is compared once, not for each ticket
                same[id(agreement)] = agreement.contract == contract
            if not same[id(agreement)]:
                kept[key] = agreement.contract
        return kept

    def _keeps_another(self, key: Key, contract: Contract, now: datetime) -> bool:
        """Whether that failure, which is no ticket now, would be one again that keeps another contract."""
        last = self.incidents.past.get(key)
        found = self.tickets.by_id.get(last.ticket) if last is not None and last.reopens(now) else None
        agreement = found.agreement if found is not None else None
        return agreement is not None and agreement.contract != contract

    def _with_clock(self, judgement: Judgement, wrong: Failure | None) -> Judgement:
        """The judgement with what is wrong with the agent's own clock."""
        if wrong is not None:
            return replace(judgement, failures=(*judgement.failures, wrong))
        told = self.incidents.open.get(CLOCK)
        if not self.own.blind(told.ruling if told else None):
            return judgement
        return replace(judgement, blind=judgement.blind | {CLOCK})

    def clock_set(self, step: timedelta) -> Knowledge:
        """After the agent's own wall clock was set by `step`: what it remembers lies as far back as before.

        Only instants that were read off that clock move: not what devices told by theirs, nor the journal.
        """
        if not step:
            return self
        return replace(
            self,
            picture=self.picture.clock_set(step),
            history=self.history.clock_set(step),
            incidents=self.incidents.clock_set(step),
            own=self.own.clock_set(step),
            flaps=self.flaps.clock_set(step),
            filling=self.filling.clock_set(step),
        )

    def forget(self, systems: Iterable[str]) -> Knowledge:
        """Without what was seen of these systems: they left the site file, or are others now."""
        gone = set(systems)
        kept = {name: seen for name, seen in self.picture.systems.items() if name not in gone}
        return replace(self, picture=Picture(kept), filling=self.filling.forget(gone))


def _has_answered(picture: Picture, undecided: Container[str | None], system: str, asked: datetime) -> bool:
    """Whether one way to that system was read well since, or every one of them is known to fail (I7).

    One missed poll says nothing yet, nor that one way is lost while another is still to be heard; one that
    need not answer is not waited for. `undecided`: the systems whose silence may still be the agent's own
    network (O3).
    """
    seen = picture.of(system)
    ways = seen.polled
    if any(way.error is None and way.at - timedelta(seconds=way.seconds) >= asked for way in ways):
        return True
    if not ways and seen.unanswered:
        return True
    return bool(ways) and all(way.missed > 1 for way in ways) and system not in undecided


def _troubled(incidents: Incidents) -> frozenset[str]:
    """The systems whose station counts teach nothing now, for what fails or may fail there (S1)."""
    return frozenset(
        key.system for key in incidents.keys if key.system is not None and key.role in _SPOILS_COUNTS
    )


def restamped(reading: Reading, step: timedelta) -> Reading:
    """A reading of before the clock was set by `step`, as that clock would have stamped it."""
    if not step:
        return reading
    return replace(
        reading,
        at=reading.at + step,
        observations=tuple(
            replace(each, events=tuple(clock_set(event, step) for event in each.events))
            for each in reading.observations
        ),
    )


def _noted(body: Body, note: str) -> Body:
    """What is raised says what was wrong with the agent's clock then, but for the clock's own ticket."""
    if not note or not isinstance(body, Opened | Reopened) or body.key == CLOCK:
        return body
    return replace(body, clock_note=note)


def _is_undecided(failure: Failure) -> bool:
    """Whether a system was missed, and it is not known yet for how long that must last."""
    return failure.key.role == "service" and failure.hold is None
