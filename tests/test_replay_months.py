"""A replay passes over what says nothing new, and decides what it would if it judged each reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.flapping import Flaps
from agent.reading_lines import content, line, read_lines
from agent.reading_log import ReadingLog, time_of
from agent.replaying import Replayed, replay
from agent.showing import Terms
from agent.site import Site
from agent.watch import Watch, Way
from collectors.base import ErrorKind, Observation, ProtocolName, Reading, RestartEvent
from tests.a_month import Month
from tests.story import CM1, GW_EAST, GW_WEST, SNMP, a_site, an_agreement, seen, trunk_group, works

START = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
PROBE: dict[str, Any] = {
    "name": "probe",
    "product": "probe",
    "function": "network",
    "location": "main",
    "address": "127.0.0.9",
    "snmp": SNMP,
}
MAIL: dict[str, Any] = {**PROBE, "name": "mail", "product": "some_mail", "function": "voicemail"}
SITE = a_site(
    CM1,
    GW_EAST,
    GW_WEST,
    PROBE,
    MAIL,
    locations=[{"name": "main", "probes": ["probe"]}, {"name": "east"}, {"name": "west"}],
    attended={"zone": "America/Chicago", "open": {"mon-fri": ["07:00-18:00"]}},
    windows=[
        {"name": "work", "begins": "2026-11-20 07:00", "ends": "2026-11-20 07:20", "systems": ["gw-west"]}
    ],
    accepted=[{"system": "mail", "component": "fans", "until": "2026-11-20", "reason": "it is old"}],
)
# A second server that serves in the place of the first, a configured number of phones, and no path probes.
PAIR = a_site(
    {**CM1, "stations": {"expected": 90}},
    {**CM1, "name": "ess", "address": "127.0.0.11", "location": "east"},
    GW_EAST,
    MAIL,
    primary_numbers=[{"number": "+1 555 0100", "needs": {"any_of": ["trunk-group 1", "location east"]}}],
)
# Links that two systems tell of, a way that need not answer, trunks to the voicemail, disks.
LINKED = a_site(
    {**CM1, "known_as": ["CM"], "trunk_groups": [{"number": 20, "to": "mail"}]},
    {**MAIL, "name": "aes", "function": "other", "address": "127.0.0.12", "known_as": ["AES"]},
    {**MAIL, "name": "edge", "function": "border", "address": "127.0.0.13"},
    {**MAIL, "address": "127.0.0.14"},
    PROBE,
    locations=[{"name": "main", "probes": ["probe"]}],
    primary_numbers=[{"number": "+1 555 0100", "needs": {"all_of": ["cti-link 1", "auto-attendant"]}}],
)
WAYS: dict[str, dict[ProtocolName, float]] = {
    "cm1": {"sat": 120, "snmp": 60},
    "ess": {"snmp": 60},
    "gw-east": {"snmp": 60, "ssh": 60},
    "gw-west": {"snmp": 60},
    "probe": {"tcp": 30},
    "mail": {"snmp": 300},
    "aes": {"ssh": 120, "snmp": 60},
    "edge": {"snmp": 60, "sip": 60, "tls": 1800},
}
WATCHES = {
    name: Watch(
        system.function or "other",
        tuple(Way(each, timedelta(seconds=pace), must_answer=each != "sip") for each, pace in ways.items()),
    )
    for name, ways in WAYS.items()
    for system in (*SITE.systems, *PAIR.systems, *LINKED.systems)
    if system.name == name
}
TERMS = Terms(SITE, an_agreement("agility"))


def decided(replayed: Replayed) -> list[tuple[datetime, Any]]:
    """Every decision with its instant."""
    return [(entry.at, entry.body) for entry in replayed.entries]


def same(readings: list[Reading], terms: Terms, watches: Mapping[str, Watch]) -> Replayed:
    """What is decided with what says nothing new passed over, which must be all that is decided anyway."""
    fast = replay(readings, terms, watches)
    slow = replay(readings, terms, watches, every_time=True)
    assert decided(fast) == decided(slow)
    # Looks at what has long been the same are passed over (I12): they alone need not be alike.
    assert replace(fast.knowledge, flaps=Flaps()) == replace(slow.knowledge, flaps=Flaps())
    assert (fast.readings, fast.began, fast.ended) == (slow.readings, slow.began, slow.ended)
    return fast


class Teller:
    """One way to a system, and what it says of it: random, but most times the same once more."""

    def __init__(self, system: str, protocol: ProtocolName) -> None:
        self.system, self.protocol = system, protocol
        self.lost: dict[str, int] = {}
        self.present, self.used = 100, 3
        self.disk, self.grows = 1000, 0
        self.complete: tuple[Any, ...] = ("alarm",)
        self.restarted = START - timedelta(days=3)
        self.error: ErrorKind | None = None
        self.only = 9

    def becomes(self, what: str, number: int, at: datetime) -> None:
        """Something is otherwise from now on."""
        match what:
            case "well":
                self.lost, self.error, self.only, self.present = {}, None, 9, 100
            case "silent":
                self.error = "unreachable"
            case "refused" | "unreadable":
                self.error = what
            case "answers":
                self.error = None
            case "present":
                self.present = number * 9
            case "used":
                self.used = number * 2
            case "grows":
                self.grows = number
            case "restart":
                self.restarted = at - timedelta(seconds=number * 7)
            case "whole":
                self.complete = ("alarm", "equipment", "trunks")[: number % 4]
            case "fewer":
                self.only = number
            case _:
                self.lost[what] = number

    def reads(self, at: datetime, took: float) -> Reading:
        """What it says at that time."""
        more: dict[str, Any] = {"at": at, "system": self.system, "protocol": self.protocol, "seconds": took}
        if self.error is not None:
            return Reading(error=self.error, error_text=f"{self.error}: x", **more)
        self.disk += self.grows
        return Reading(complete=self.complete, observations=tuple(self._parts())[: self.only], **more)

    def _parts(self) -> Iterator[Observation]:
        lost = self.lost.get
        yield seen("equipment", "fans", min(lost("fans", 0), 1))
        if self.system in ("cm1", "ess", "mail"):
            yield replace(works(), lost=min(lost("service", 0), 1))
        if self.system.startswith("gw"):
            controller = "survivable" if lost("survivable", 0) > 3 else "main"
            yield seen("location", "registration", min(lost("location", 0), 1), controller=controller)
        yield seen("capacity", "dsp", 0, used=self.used, limit=20, detail=f"{self.used} calls")
        yield replace(
            seen("restart", "restarts", 0), events=(RestartEvent(self.restarted, "boot", False, "uptime"),)
        )
        if self.system in ("aes", "edge"):
            yield seen("capacity", "disk /var", 0, kind="disk", used=self.disk, limit=2000)
            yield seen("equipment", "sip listener", min(lost("link", 0), 1))
        if self.system in ("cm1", "aes"):
            name, to = ("aes-link AES", "AES") if self.system == "cm1" else ("switch-connection CM", "cm")
            yield seen("integration", name, min(lost("link", 0), 1), kind="aes", to=to)
        if self.system == "cm1":
            yield seen("integration", "cti-link 1", min(lost("cti", 0), 1), kind="cti", number=1, to="AES")
            yield trunk_group(20, lost("mail", 0), 10, use=None)
        if lost("alarm", 0):
            yield seen("alarm", "BOARD 1", 1, vendor_severity="minor")
        if self.system in ("cm1", "ess"):
            controller = "main" if self.system == "cm1" else "survivable"
            yield trunk_group(1, lost("trunks", 0), 10, planned=lost("planned", 0))
            phones = seen("stations", "stations", 0, present=self.present, controller=controller)
            yield replace(phones, lost=None, total=None, administered=200)
            yield seen("attendant", "attendant 1", min(lost("attendant", 0), 1))
            yield seen("integration", "cdr-link 1", min(lost("cdr", 0), 1), kind="cdr")


def tellers_of(site: Site) -> list[tuple[str, ProtocolName]]:
    """Every way to its systems."""
    return [(system.name, protocol) for system in site.systems for protocol in WAYS[system.name]]


WHAT = (
    *("well", "well", "silent", "answers", "refused", "unreadable", "present", "used", "restart", "whole"),
    *("fewer", "fans", "service", "location", "survivable", "alarm", "trunks", "planned", "attendant"),
    *("cdr", "link", "link", "cti", "mail", "grows"),
)
TURNS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(WHAT),
        st.integers(0, 10),
        st.sampled_from([30, 61, 100, 180, 400, 900]),
        st.sampled_from([0.0, 0.0, 0.0, 4.0, 90.0]),
    ),
    min_size=1,
    max_size=14,
)


def course(
    site: Site, turns: list[tuple[int, str, int, int, float]], jitter: int, pause: int | None
) -> list[Reading]:
    """Every way polled at its pace, and at each turn one of them says something else from then on.

    `jitter`: by how many seconds polls come late. `pause`: the turn after which nobody asks for an hour.
    """
    tellers = [Teller(*each) for each in tellers_of(site)]
    due = [number * 3.7 for number in range(len(tellers))]
    readings: list[Reading] = []
    now, polls, took = 0.0, 0, 0.0
    for turn, (place, what, number, lasts, takes) in enumerate(turns):
        end = now + lasts
        while (first := min(due)) < end:
            one = due.index(first)
            polls += 1
            late = jitter * (polls * 7919 % 5) / 5
            at = START + timedelta(seconds=round(first, 3))
            readings.append(tellers[one].reads(at, took))
            due[one] = first + WAYS[tellers[one].system][tellers[one].protocol] + late
        now, took = end, takes
        teller = tellers[place % len(tellers)]
        teller.becomes(what, number, START + timedelta(seconds=now))
        if number == 7:  # a trap says it as well
            trap = replace(teller.reads(START + timedelta(seconds=now), 0.0), protocol="trap")
            readings.append(replace(trap, source="trap", complete=(), error=None, error_text=None))
        if turn == pause:
            due = [each + 3600 for each in due]
            now += 3600
    return readings


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([SITE, PAIR, LINKED, LINKED]),
    TURNS,
    st.sampled_from([0, 0, 20, 100]),
    st.none() | st.integers(0, 13),
)
def test_what_says_nothing_new_changes_no_decision(
    site: Site, turns: list[tuple[int, str, int, int, float]], jitter: int, pause: int | None
) -> None:
    """Two protocols, a silent system, traps, a gap, a window, late and slow polls, in every order."""
    watches = {system.name: WATCHES[system.name] for system in site.systems}
    same(course(site, turns, jitter, pause), Terms(site, TERMS.agreement), watches)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6))
def test_a_site_with_many_faults_is_decided_as_if_each_reading_was_judged(seed: int) -> None:
    month = Month(seed=seed, systems=10, days=0.05, faults_a_day=100)
    same(list(month.readings()), Terms(month.site, TERMS.agreement), month.watches)


def test_readings_out_of_order_are_taken_in_the_order_of_their_times() -> None:
    month = Month(systems=8, days=0.05, faults_a_day=100)
    readings, terms = list(month.readings()), Terms(month.site, TERMS.agreement)
    mixed = readings[1::2] + readings[::2]
    assert decided(replay(mixed, terms, month.watches)) == decided(replay(readings, terms, month.watches))


def test_a_log_gives_back_what_it_was_told_and_keeps_what_is_said_again_once() -> None:
    readings = list(Month(systems=8, days=0.05, faults_a_day=100).readings())
    log = ReadingLog.of(readings)
    assert list(log) == readings
    assert (len(log), log.first()) == (len(readings), readings[0].at)
    assert len(log.contents) < len(readings) / 2


def test_a_day_of_sixty_systems_is_read_and_replayed_in_seconds() -> None:
    """In a fifth of that on an idle core; seconds of work, so that others' work does not count."""
    month = Month(days=1.0)
    log = ReadingLog.of(month.readings())
    texts = [content(each) for each in log.contents]
    lines = (
        line(time_of(at), seconds, texts[which])
        for at, seconds, which in zip(log.ats, log.seconds, log.which, strict=True)
    )
    found, began = ReadingLog(), process_time()
    assert not read_lines("a day", lines, found, list(month.watches))
    read = process_time()
    replayed = replay(found, Terms(month.site, TERMS.agreement), month.watches)
    judged = process_time()
    assert replayed.readings == len(log) == 86_400
    assert len(replayed.knowledge.tickets.by_id) > 3
    assert read - began < 5
    assert judged - read < 8
