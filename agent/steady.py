"""Which readings of a replay move nothing but times: they say again what their way said before. Pure.

A judgement looks at what was said, and at times: how old a word is, and which of two came first. So a reading
that says the same needs no judgement of its own, as long as

* its way was read within two of its intervals before: no word of it was old, and none is young again; where
  nobody asks how old its word is, within five of them, which is no gap yet;
* its way was read since the last silence began or ended: nobody waits for who answers after that;
* what it says does not count from poll to poll: a first missed poll, or a service that says it is down;
* no disk that it tells of is to be looked at anew, as each is once an hour.

When the clock alone makes a difference is told by `agent.instants`, but for what each reading moves on: here
is known when each way should have been read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from agent.alike import alike, repeated, same_frame
from agent.authority import OLD_AFTER
from agent.gaps import INTERVALS
from agent.picture import Access, Repeat
from agent.reading_log import ReadingLog, number_of, time_of
from agent.rules.signs import ANSWERING
from agent.watch import Watch
from collectors.base import ProtocolName, Reading

NEVER = 2**62
_MICROSECOND = timedelta(microseconds=1)
_NEW = 3  # missed polls in a row that are each news: they are counted up to there (I5)


@dataclass(slots=True, eq=False)
class Way:
    """One way to a system, and what it said last. Instants and spans are microseconds, `pace` seconds.

    `content`: the place of what it said in the log; `reading`: the same. `steady`: what it says does not
    count up. `trusted`: within this time a reading that says the same is a repeat; 0: none is. `quick`: the
    same where it is counted and no more. `times`: how many repeats the knowledge has not been told of;
    `letter`: whether they say the same to the letter. `counts`: it tells how many stations are present.
    `heeded`: its next reading is waited for (I7), so it is no repeat. `followed`: each of its readings is a
    look at what may flap (I12). `point_due`: from when on its next reading is a point of how a disk fills
    (`agent.filling`), and no repeat.
    """

    system: str
    protocol: ProtocolName
    pace: float
    content: int = -1
    reading: Reading | None = None
    at: int = 0
    took: float = 0.0
    steady: bool = False
    trusted: int = 0
    quick: int = 0
    times: int = 0
    letter: bool = True
    counts: bool = False
    missed: int = 0
    missed_since: int = 0
    old_after: int = 0
    gap_after: int = 0
    heeded: bool = False
    followed: bool = False
    point_due: int = NEVER

    def again(self, content: int, reading: Reading, at: int, took: float) -> None:
        """It said the same, not to the letter."""
        self.letter = self.letter and content == self.content
        self.content, self.reading, self.at, self.took = content, reading, at, took
        self.times += 1

    def heard(self, content: int, reading: Reading, at: int, took: float) -> None:
        """The knowledge was told of that one."""
        self.content, self.reading, self.at, self.took = content, reading, at, took

    def told_again(self, log: ReadingLog) -> Repeat:
        """The repeats that the knowledge was not told of; it is now."""
        last = replace(log.contents[self.content], at=time_of(self.at), seconds=self.took)
        repeat = Repeat(last, self.times, self.letter)
        self.times, self.letter = 0, True
        return repeat


@dataclass(slots=True)
class Course:
    """All ways that tell something in a log. `mark`: a way that was not read after it says news."""

    watches: Mapping[str, Watch]
    ways: list[Way] = field(default_factory=list)
    mark: int = -1
    _by_name: dict[tuple[str, ProtocolName], Way] = field(default_factory=dict)
    _ways_to: dict[str, int] = field(default_factory=dict)
    _back: int = -1  # when a way last answered that had not before

    def way(self, reading: Reading) -> Way | None:
        """The way by which that was read; None: its system is not watched."""
        name = reading.system, reading.protocol
        if (known := self._by_name.get(name)) is not None:
            return known
        if (watch := self.watches.get(reading.system)) is None:
            return None
        pace = watch.interval(reading.protocol).total_seconds()
        way = self._by_name[name] = Way(reading.system, reading.protocol, pace)
        self.ways.append(way)
        self._ways_to[way.system] = self._ways_to.get(way.system, 0) + 1
        return way

    def is_repeat(self, way: Way, reading: Reading, at: int, took: float) -> bool:
        """Whether it says again what its way said before, but perhaps how many stations there are."""
        last = way.reading
        if last is None or way.at <= self.mark or not 0 < at - way.at < way.trusted or took > way.pace:
            return False
        if at >= way.point_due:
            return False
        return same_frame(reading, last) and repeated(
            reading.observations, last.observations, counts=way.counts
        )

    def hear(
        self,
        way: Way,
        content: int,
        reading: Reading,
        at: int,
        accesses: Mapping[ProtocolName, Access],
        *,
        told: bool,
        point_due: int,
    ) -> bool:
        """Take a reading that the knowledge was told of; whether it must be judged.

        `accesses`: the ways to its system as they are now. `told`: it called for entries. `point_due`: when
        its way tells of a disk's filling next.
        """
        last = way.reading
        only_retold = (
            last is not None
            and not told
            and not way.counts
            and at < way.point_due
            and way.at > self.mark
            and 0 < at - way.at < way.trusted
            and same_frame(reading, last)
            and alike(reading.observations, last.observations)
        )
        self._count(way, accesses, at)
        twice = at <= way.at and last is not None
        way.heard(content, reading, at, reading.seconds)
        way.point_due = point_due
        way.counts = any(each.role == "stations" for each in reading.observations)
        pace = round(way.pace * 1e6)
        slow = round(max(way.pace, reading.seconds) * 1e6)
        way.old_after = OLD_AFTER * (pace if reading.error is not None else slow)
        way.gap_after = INTERVALS * slow + 1
        way.steady = not (twice or slow > pace or _counts_up(way, reading))
        if told or reading.source == "trap":
            for other in self._beside(way):
                other.steady = False
            way.steady = False
        self._set_mark()
        self._trust()
        return way.heeded or way.followed or not only_retold

    def heed(self, systems: Collection[str], follows: Callable[[str, ProtocolName], bool]) -> None:
        """Which readings count, by the last judgement: of these systems, and of ways that are followed."""
        for (system, protocol), way in self._by_name.items():
            way.heeded, way.followed = system in systems, follows(system, protocol)
        self._trust()

    def next_age(self, after: int) -> int:
        """The first instant after that at which a way should have been read again."""
        found = NEVER
        for way in self.ways:
            if way.content < 0 or not way.pace:
                continue
            due = way.at + (way.gap_after if self._is_ageless(way) else way.old_after)
            if due <= after:
                due = way.at + way.gap_after
            if after < due < found:
                found = due
        return found

    def _count(self, way: Way, accesses: Mapping[ProtocolName, Access], at: int) -> None:
        """Take over what the picture counts: after a gap it begins anew, by each way."""
        if way.reading is None or (way.missed and not accesses[way.protocol].missed):
            self._back = at
        for each in (way, *self._beside(way)):
            access = accesses.get(each.protocol)
            if access is None or access.missed == each.missed:
                continue
            each.missed = access.missed
            each.missed_since = number_of(access.missed_since) if access.missed_since is not None else 0
            each.steady = False

    def _set_mark(self) -> None:
        silent = [way.missed_since for way in self.ways if way.missed > 1]
        self.mark = max(self._back, *silent) if silent else -1

    def _trust(self) -> None:
        for way in self.ways:
            span = way.gap_after - 1 if self._is_ageless(way) else way.old_after
            way.trusted = span if way.steady and not way.heeded else 0
            way.quick = 0 if way.counts or way.followed else way.trusted

    def _is_ageless(self, way: Way) -> bool:
        """Whether nobody asks how old its word is: none other tells of its system, none is silent.

        That a SAT or SIP answers is a sign of life, which ages (O2); silence needs a young proof (O8).
        """
        return self.mark < 0 and self._ways_to[way.system] == 1 and way.protocol not in ANSWERING

    def _beside(self, way: Way) -> Iterator[Way]:
        return (other for other in self.ways if other.system == way.system and other is not way)


def _counts_up(way: Way, reading: Reading) -> bool:
    if reading.error is not None:
        return way.missed <= _NEW
    return any(each.role == "service" and each.lost for each in reading.observations)
