"""Runs readings through the core on their own times, as the daemon would have judged them (I10). Pure.

Between two readings time passes: what ends in between ends at its own instant. What is seen at an instant
comes before what ends at it, and nothing happens after the last reading. Decisions are entries, as in a
journal, and nobody answers a ticket.

Most readings say what the one before them said. They move nothing but times, so they are counted and no more,
until something is to be judged; which those are is `agent.steady`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.entries import Body, Entry
from agent.knowledge import Knowledge
from agent.picture import Repeat
from agent.reading_log import ReadingLog, number_of, time_of
from agent.showing import Terms
from agent.steady import NEVER, Course, Way
from agent.watch import Watch
from collectors.base import Reading

_SOON = timedelta(seconds=30)  # when a judgement calls for itself at once: a mistake of ours
_ROUNDS = 10  # what was told can itself call for more; more often than this would be a mistake of ours


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it. `began`, `ended`: the first and the last reading; None: there was none."""

    knowledge: Knowledge
    entries: tuple[Entry, ...] = ()
    readings: int = 0
    began: datetime | None = None
    ended: datetime | None = None


def replay(
    readings: Iterable[Reading] | ReadingLog,
    terms: Terms,
    watches: Mapping[str, Watch],
    *,
    every_time: bool = False,
) -> Replayed:
    """What the core decides about these readings, taken in the order of their times.

    Those of systems that are not watched are passed over. `every_time`: hear and judge each reading, whether
    it says anything new or not; much slower, and the same.
    """
    log = readings if isinstance(readings, ReadingLog) else ReadingLog.of(readings)
    return _Run(log, terms, watches, every_time=every_time).through()


class _Run:
    def __init__(
        self, log: ReadingLog, terms: Terms, watches: Mapping[str, Watch], *, every_time: bool
    ) -> None:
        self.knowledge = Knowledge()
        self.entries: list[Entry] = []
        self._log = log
        self._terms = terms
        self._watches = watches
        self._every_time = every_time
        self._course = Course(watches)
        self._news = False
        self._ends = NEVER  # when something ends by the last judgement
        self._wake = NEVER  # that, or when a way should have been read again
        self._judged = 0
        self._before = 0  # the instant of the readings before those that are taken now

    def through(self) -> Replayed:
        """Take them all."""
        log = self._log
        ats, seconds, which = log.ats, log.seconds, log.which
        ways = [self._course.way(each) for each in log.contents]
        course, pass_over = self._course, not self._every_time
        count, began, now = 0, None, 0
        for place in log.in_order():
            content = which[place]
            way = ways[content]
            if way is None:
                continue
            at = ats[place]
            if at != now:
                if began is None:
                    began = at
                    self._write((self._terms.agreement.written(),), at)
                else:
                    self._arrive(now)
                self._before = now
                if self._wake < at:
                    self._pass_until(at)
                now = at
            count += 1
            took = seconds[place]
            if (
                pass_over
                and content == way.content
                and way.at > course.mark
                and 0 < at - way.at < way.quick
                and took <= way.pace
                and at < way.point_due
            ):
                way.at = at
                way.took = took
                way.times += 1
            else:
                self._take(way, content, at, took)
        if began is None:
            return Replayed(self.knowledge)
        self._arrive(now)
        self._before = now
        self._run_up(now + 1)
        self._catch_up()
        return Replayed(self.knowledge, tuple(self.entries), count, time_of(began), time_of(now))

    def _arrive(self, at: int) -> None:
        """Judge at `at`, when its last reading is taken, if one of them is news or something ends then."""
        if self._news or (self._wake <= at and self._is_due(at)):
            self._judge(at)

    def _pass_until(self, at: int) -> None:
        """Let time pass: every instant before `at` at which something ends."""
        while (instant := self._wake) < at:
            if self._is_due(instant):
                self._judge(instant)

    def _is_due(self, instant: int) -> bool:
        """Whether anything ends by then, now that is known what was read since that was reckoned."""
        self._wake = min(self._ends, self._course.next_age(self._judged))
        return self._wake <= instant

    def _take(self, way: Way, content: int, at: int, took: float) -> None:
        """Take a reading that is not the very one before it."""
        reading = self._log.contents[content]
        repeats = not self._every_time and self._course.is_repeat(way, reading, at, took)
        if not (repeats and self._passed_over(way, content, at, took)):
            self._hear(way, content, at, took)
        elif not self._is_look(way, at):  # after it was passed over: what is judged counts its look itself
            self._news = True

    def _passed_over(self, way: Way, content: int, at: int, took: float) -> bool:
        """Count a repeat, and weigh by itself how many stations it tells; False: it must be judged."""
        reading = self._log.contents[content]
        if not way.counts:
            way.again(content, reading, at, took)
            return True
        self._tell_again(way)
        repeat = Repeat(replace(reading, at=time_of(at), seconds=took), 1, to_the_letter=False)
        terms = self._terms
        after = self.knowledge.counts(repeat, terms.site, terms.contract, self._watches)
        if after is None:
            return False
        self.knowledge = after
        way.heard(content, reading, at, took)
        if (ends := after.history.hour_ends(time_of(self._judged))) is not None:
            self._ends = min(self._ends, number_of(ends))
            self._wake = min(self._wake, self._ends)
        return True

    def _is_look(self, way: Way, at: int) -> bool:
        """Count a repeat as one more look at what may flap (I12); False: that may change a judgement."""
        if not way.followed:
            return True
        flaps = self.knowledge.flaps.again(way.system, way.protocol, time_of(at))
        if flaps is None:
            return False
        self.knowledge = replace(self.knowledge, flaps=flaps)
        if not flaps.follows(way.system, way.protocol):
            way.followed, way.quick = False, 0 if way.counts else way.trusted
        return True

    def _hear(self, way: Way, content: int, at: int, took: float) -> None:
        self._run_up(at)
        self._catch_up()
        reading = replace(self._log.contents[content], at=time_of(at), seconds=took)
        self.knowledge, facts = self.knowledge.hear(reading, self._watches[reading.system])
        self._write(facts, at)
        accesses = self.knowledge.picture.of(reading.system).accesses
        due = self.knowledge.filling.due(reading)
        news = self._course.hear(
            way,
            content,
            reading,
            at,
            accesses,
            told=bool(facts),
            point_due=NEVER if due is None else number_of(due),
        )
        self._news = self._news or news or self._every_time

    def _catch_up(self) -> None:
        """Let the knowledge have all that was only counted."""
        repeats = [way.told_again(self._log) for way in self._course.ways if way.times]
        if repeats:
            self.knowledge = self.knowledge.again(repeats)

    def _tell_again(self, way: Way) -> None:
        if way.times:
            self.knowledge = self.knowledge.again((way.told_again(self._log),))

    def _write(self, bodies: Iterable[Body], at: int) -> None:
        """Decide it: an entry each."""
        for body in bodies:
            entry = Entry(len(self.entries) + 1, time_of(at), body)
            self.entries.append(entry)
            self.knowledge = self.knowledge.apply(entry)

    def _run_up(self, at: int) -> None:
        """Before anything becomes otherwise at `at`: what is held has gone on up to the readings before."""
        if self.knowledge.incidents.pending and self._judged < self._before < at and not self._news:
            self._look(self._before)

    def _judge(self, at: int) -> None:
        self._run_up(at)
        self._look(at)

    def _look(self, at: int) -> None:
        self._catch_up()
        now, terms = time_of(at), self._terms
        for _ in range(_ROUNDS):
            bodies, self.knowledge, wake, _ = self.knowledge.judge(
                terms.site, terms.contract, self._watches, now, moving=False
            )
            self._write(bodies, at)
            if not bodies:
                break
        self._course.heed(self.knowledge.incidents.awaited, self.knowledge.flaps.follows)
        self._news, self._judged = False, at
        self._ends = NEVER if wake is None else number_of(wake if wake > now else now + _SOON)
        self._wake = min(self._ends, self._course.next_age(at))
