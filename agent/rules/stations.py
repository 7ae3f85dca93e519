"""Stations: how many of those that should be present are not (rules S1-S5, C4). Pure.

Present is what is registered with any controller of the phone system: a phone registers with one at a time,
so the counts of the main one and of the survivable ones that tell theirs are added (S3), and no telling is
counted twice: several servers that speak of the main controller speak of the same phones. While a
survivable controller's count cannot be read, phones may be there: it is minor at most. While the main one's
cannot, nobody can tell.

Expected is configured, told with the reading, or learned (`agent.baseline`). Else it is the administered
number, and that is what licences allow, not who works here: then only a sudden fall is a failure, by what it
took, and never major. An office that empties every evening must not be an outage every evening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.authority import OLD_AFTER
from agent.baseline import BasisKind, Count, hour_of, slot_at
from agent.contract import Test
from agent.failures import Evidence, Failure, Key
from agent.history import Standing
from agent.maintenance import Occurrence
from agent.rules.failing import failure
from agent.rules.parts import gateway_words
from agent.rules.scene import PhoneSystem, Scene, Told, evidence, listed, percent


@dataclass(frozen=True, slots=True)
class Present:
    """The stations of a phone system: `told` by each controller that could be read, `unread` the others."""

    told: tuple[Told, ...]
    unread: tuple[Told, ...]

    @property
    def count(self) -> int:
        """How many are present for certain."""
        return sum(each.word.observation.present or 0 for each in self.told)

    @property
    def at(self) -> datetime:
        """When the latest of it was read."""
        return max(each.word.at for each in self.told)

    @property
    def administered(self) -> int | None:
        """How many are administered; None: not told."""
        known = [told.word.observation.administered for told in self.told]
        return max((number for number in known if number is not None), default=None)


@dataclass(frozen=True, slots=True)
class Basis:
    """How many stations to expect (None: nobody knows), and who says so, in words."""

    kind: BasisKind
    expected: int | None
    words: str


def judge_stations(scene: Scene) -> Iterator[Failure]:
    """At most one failure per phone system, and per other system, that tells a station count."""
    found = (stations_of(scene, whole) for whole in scene.wholes)
    return (each for each in found if each is not None)


def stations_of(scene: Scene, whole: PhoneSystem) -> Failure | None:
    """The failure of one phone system's stations."""
    present = present_in(scene, whole)
    return None if present is None else _Judge(scene, whole, present).failure()


def station_counts(scene: Scene) -> Iterator[Count]:
    """What each phone system's stations teach now (S1)."""
    found = (count_of(scene, whole) for whole in scene.wholes)
    return (each for each in found if each is not None)


def count_of(scene: Scene, whole: PhoneSystem) -> Count | None:
    """What one phone system's stations teach now; None: nobody can tell how many are present."""
    if scene.hours is None or (present := present_in(scene, whole)) is None:
        return None
    zone = scene.site.zone_of(whole.main)
    pace = max(scene.watches[each.system.name].interval(each.word.protocol) for each in present.told)
    return Count(
        system=whole.main.name,
        systems=frozenset(system.name for system in whole.systems),
        at=present.at,
        present=present.count,
        hour=hour_of(present.at, zone),
        slot=slot_at(present.at, zone, scene.hours),
        lasts=OLD_AFTER * pace,
        teaches=not present.unread and not any(map(scene.window_over, present.told)),
    )


def present_in(scene: Scene, whole: PhoneSystem) -> Present | None:
    """The stations that are present in a phone system; None: nobody can tell."""
    told = scene.told(whole, "stations")
    readable = tuple(each for each in told if each.word.observation.present is not None)
    unread = tuple(each for each in told if each.word.observation.unread)
    if not readable or any(each.word.observation.controller != "survivable" for each in unread):
        return None
    return Present(readable, unread)


def basis_of(scene: Scene, whole: PhoneSystem, at: datetime, present: Present | None = None) -> Basis:
    """By which number a phone system's stations are judged at that time (S1)."""
    for system in (whole.main, *whole.systems):
        if system.stations is not None:
            return Basis("configured", system.stations.expected, "configured for the site")
    for told in present.told if present is not None else ():
        if (expected := told.word.observation.expected) is not None:
            return Basis("configured", expected, "told with the reading")
    if scene.hours is not None:
        slot = slot_at(at, scene.site.zone_of(whole.main), scene.hours)
        samples = scene.contract.decisions.station_samples
        if (learned := scene.history.expected(whole.main.name, slot, samples)) is not None:
            return Basis("learned", learned, f"learned for {slot}")
    administered = present.administered if present is not None else None
    return Basis("administered", administered, "no number is configured or learned")


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges one phone system's stations."""

    scene: Scene
    whole: PhoneSystem
    present: Present

    @property
    def _key(self) -> Key:
        return Key(self.whole.main.name, "stations")

    @property
    def _standing(self) -> Standing | None:
        return self.scene.history.standing.get(self._key)

    def failure(self) -> Failure | None:
        """The failure that stands; None: enough of them are present, or nobody knows how many should be."""
        scene, present = self.scene, self.present
        basis = basis_of(scene, self.whole, present.at, present)
        by_fall = basis.kind == "administered"
        before = self._peak(by_fall=by_fall)
        expected = before if by_fall else basis.expected
        if expected is None:
            return None
        lost = max(0, expected - present.count)
        # S5; where only a fall is known, what was present before it stands for the number expected.
        if lost == 0 or lost * 100 < expected * scene.contract.decisions.station_begins_percent:
            return None

        window = next(filter(None, map(scene.window_over, present.told)), None)
        why_not = self._why_not(basis, expected, lost, before, window)
        facts: list[Test] = ["half-capacity"] if why_not is None else []
        total = max(basis.expected or 0, expected) if by_fall else expected
        found = failure(
            scene,
            self.whole.main,
            self._key,
            facts=facts,
            rules=self._rules(basis, window, half=why_not is None),
            summary=f"{lost} of {total} stations missing",
            evidence=self._evidence(basis, expected),
            hold=scene.site.holds_of(self.whole.main).stations,
            lost=lost,
            total=total,
            left_out=self._left_out(),
            considered=() if why_not is None else (f"half-capacity: {why_not}",),
            peak=before,
            settles=scene.site.holds_of(self.whole.main).stations,
        )
        return replace(found, not_before=scene.site.moment(window.ends)) if window is not None else found

    def _peak(self, *, by_fall: bool) -> int | None:
        """The highest count before the failure began, or of late while none has (S2); None: not known."""
        standing = self._standing
        if standing is not None and standing.ruling.peak is not None:
            return standing.ruling.peak
        if standing is not None and by_fall:  # told by a journal that keeps no peak
            return standing.ruling.total
        if (pending := self.scene.peaks.get(self._key)) is not None:
            return pending
        decisions = self.scene.contract.decisions
        within: timedelta = decisions.station_fall_within if by_fall else decisions.station_peak_within
        tellers = {each.system.name: each.word.by for each in self.present.told}
        return self.scene.history.highest(tellers, self.present.at - within)

    def _why_not(
        self, basis: Basis, expected: int, lost: int, before: int | None, window: Occurrence | None
    ) -> str | None:
        """Why half of the stations are not lost in the contract's sense; None: they are."""
        decisions = self.scene.contract.decisions
        standing, main = self._standing, self.whole.main
        stood = standing is not None and standing.ruling.states("half-capacity")
        mark = decisions.half_capacity_down_percent if stood else decisions.half_capacity_percent
        if not self.scene.is_phone_system(main):
            return f"{main.name} by itself is no phone system (O7)"
        if basis.kind == "administered":
            return "no number is configured or learned, and a fall alone is never major (S2)"
        if expected < decisions.station_floor:
            return f"{expected} expected, fewer than {decisions.station_floor} (S2)"
        if lost * 100 < expected * mark:
            return f"{lost} of {expected} is {percent(lost, expected)}, below {mark} %"
        if stood:  # the fall gates raising, not staying raised
            return None
        if self.present.unread:
            names = listed(each.system.name for each in self.present.unread)
            return f"phones may be registered with {names}, which cannot be read (S3)"
        if window is not None and standing is not None:
            return f"inside the maintenance window {window.name} (C4)"
        count, highest = self.present.count, max(before or 0, self.present.count)
        if (highest - count) * 100 < highest * decisions.station_fall_percent:
            fell = percent(highest - count, highest) if highest else "0.0 %"
            return (
                f"no fall of {decisions.station_fall_percent} %: {count} present, {highest} at the most"
                f" in the {_minutes(decisions.station_peak_within)} before, {fell} less (S2)"
            )
        return None

    def _rules(self, basis: Basis, window: Occurrence | None, *, half: bool) -> Iterator[str]:
        yield from ("S1", "S2", "S4") if basis.kind == "administered" else ("S1", "S4", "S5")
        if len(self.present.told) > 1 or self.present.unread:
            yield "S3"
        if half:
            yield from ("S2", "T6")
        if self._standing is not None and self._standing.ruling.states("half-capacity"):
            yield "T7"
        if window is not None:
            yield "C4"

    def _evidence(self, basis: Basis, expected: int) -> Iterator[Evidence]:
        if basis.kind == "administered":
            licensed = "" if basis.expected is None else f", {basis.expected} administered"
            words = f"{expected} before{licensed}: {basis.words}"
        else:
            words = f"{expected} expected: {basis.words}"
        several = len(self.present.told) + len(self.present.unread) > 1
        for number, told in enumerate(self.present.told):
            count = f"{told.word.observation.present} present"
            where = f" at the {told.word.observation.controller or 'main'} controller" if several else ""
            yield evidence(told.system, told.word, f"{count}{where}" + (f", {words}" if number == 0 else ""))
        for told in self.present.unread:
            yield evidence(told.system, told.word, "how many are present could not be read")

    def _left_out(self) -> Iterator[str]:
        """S3: stations that hang on a lost gateway's own boards; no observation tells how many those are."""
        kinds = {kind for told in self.present.told for kind in told.word.observation.by_kind or ("ip",)}
        for system in self.whole.systems if kinds == {"ip"} else ():
            if system.gateway_number is None:
                continue
            states = [word.observation.lost for _, word in gateway_words(self.scene, system)]
            if any(states) and 0 not in states:
                yield f"non-IP stations of {system.name}, which is lost: not seen how many there are (S3)"


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g} minutes"
