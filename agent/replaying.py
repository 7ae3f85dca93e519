"""Runs readings through the core on their own times, as the daemon would have judged them (I10). Pure.

Between two readings time passes: what ends in between ends at its own instant. What is seen at an instant
comes before what ends at it, and nothing happens after the last reading. Decisions are entries, as in a
journal, and nobody answers a ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from agent.alike import alike
from agent.entries import Body, Entry
from agent.gaps import ends_gap
from agent.knowledge import Knowledge
from agent.showing import Terms
from agent.watch import Watch
from collectors.base import ProtocolName, Reading

LOOK_AGAIN = timedelta(seconds=30)  # as the daemon does, where nothing else calls for it
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
    readings: Iterable[Reading], terms: Terms, watches: Mapping[str, Watch], *, every_time: bool = False
) -> Replayed:
    """What the core decides about these readings, taken in the order of their times.

    `every_time`: judge with every reading, whether it saw anything new or not; slower, and the same.
    """
    run = _Run(terms, watches, every_time)
    count, began, ended = 0, None, None
    for at, same_time in groupby(sorted(readings, key=attrgetter("at")), key=attrgetter("at")):
        if began is None:
            began = at
            run.write((terms.agreement.written(),), at)
        run.pass_until(at)
        for reading in same_time:
            run.hear(reading)
            count += 1
        run.arrive(at)
        ended = at
    return Replayed(run.knowledge, tuple(run.entries), count, began, ended)


class _Run:
    def __init__(self, terms: Terms, watches: Mapping[str, Watch], every_time: bool) -> None:
        self.knowledge = Knowledge()
        self.entries: list[Entry] = []
        self._terms = terms
        self._watches = watches
        self._every_time = every_time
        self._last: dict[tuple[str, ProtocolName], Reading] = {}
        self._news = False
        self._wake: datetime | None = None
        self._judged: datetime | None = None

    def pass_until(self, at: datetime) -> None:
        """Let time pass: every instant before `at` at which something ends."""
        while self._wake is not None and self._wake < at:
            self._judge(self._wake)

    def hear(self, reading: Reading) -> None:
        """Take a reading; it is judged when the last one of its instant is taken."""
        watch = self._watches[reading.system]
        if not self._news:
            self._news = self._is_news(reading, watch)
        self._last[reading.system, reading.protocol] = reading
        self.knowledge, facts = self.knowledge.hear(reading, watch)
        self.write(facts, reading.at)

    def arrive(self, at: datetime) -> None:
        """Judge at `at`, unless the readings of that instant said again what is known and nothing ends."""
        due = self._wake is not None and self._wake <= at
        if self._news or due or self._judged is None or at - self._judged >= LOOK_AGAIN:
            self._judge(at)

    def write(self, bodies: Iterable[Body], at: datetime) -> None:
        """Decide it: an entry each."""
        for body in bodies:
            entry = Entry(len(self.entries) + 1, at, body)
            self.entries.append(entry)
            self.knowledge = self.knowledge.apply(entry)

    def _is_news(self, reading: Reading, watch: Watch) -> bool:
        """Whether it may change a judgement by more than the age of what it says.

        What is lost is counted from poll to poll, and a miss is as well: these are news each time. So is each
        look at what may flap.
        """
        last = self._last.get((reading.system, reading.protocol))
        return (
            self._every_time
            or last is None
            or reading.error is not None
            or last.error is not None
            or (reading.complete, reading.source) != (last.complete, last.source)
            or not alike(reading.observations, last.observations)
            or any(each.lost for each in reading.observations)
            or reading.system in self.knowledge.incidents.awaited
            or self.knowledge.flaps.follows(reading.system, reading.protocol)
            or ends_gap(self.knowledge.picture.of(reading.system), watch, reading)
        )

    def _judge(self, now: datetime) -> None:
        for _ in range(_ROUNDS):
            bodies, self.knowledge, wake, _ = self.knowledge.judge(
                self._terms.site, self._terms.contract, self._watches, now
            )
            self.write(bodies, now)
            if not bodies:
                break
        self._news, self._judged = False, now
        self._wake = wake if wake is None or wake > now else now + LOOK_AGAIN
