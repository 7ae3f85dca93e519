"""When nobody watched: a system unseen by every way, and the agent while it does not run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.entries import (
    AgentAlive,
    AgentStarted,
    AgentStopped,
    Body,
    ClockSet,
    Entry,
    FirstSeen,
    SightBack,
    SightLost,
)
from agent.showing import Terms
from agent.sight import Sight, Stretch, length
from collectors.base import ErrorKind
from tests.promised import at, kinds, lines
from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, an_agreement, trunk_group, works

BOTH: dict[str, Any] = {"cm1": {"sat": 60, "snmp": 60}}
STARTED = AgentStarted(version="1", contract="agility")
SIGHT = ("sight_lost", "sight_back")


def by_two_ways(start: str = "2026-11-20 17:00") -> Story:
    return Story(start, site=a_site(CM1), ways=BOTH)


def journal(*told: tuple[str, Body]) -> list[Entry]:
    return [Entry(number, at(when), body) for number, (when, body) in enumerate(told, start=1)]


def unmonitored(sight: Sight, system: str | None, begin: str, end: str, *, running: bool = True) -> float:
    """The minutes of it between two moments, the second of them now."""
    found = sight.stretches(system, at(end), running=running)
    return length(found, at(begin), at(end)) / timedelta(minutes=1)


# --- a system ---------------------------------------------------------------------------------------------


def test_a_system_is_unseen_when_every_way_missed_its_last_two_polls() -> None:
    story = by_two_ways().reads("cm1", works(), protocol="sat").reads("cm1", works()).passes(60)
    story.misses("cm1", protocol="sat").misses("cm1").passes(60)
    story.misses("cm1", protocol="sat")
    assert kinds(story, *SIGHT) == []
    story.misses("cm1")
    assert kinds(story, *SIGHT) == ["17:02:00 sight_lost"]
    (lost,) = [entry.body for entry in story.entries if isinstance(entry.body, SightLost)]
    assert lost.since == at("2026-11-20 17:01")  # the first poll that nothing answered


def test_one_way_that_answers_is_sight_however_long_the_other_is_lost() -> None:
    story = by_two_ways()
    for _ in range(10):
        story.reads("cm1", works(), protocol="sat").misses("cm1").passes(60)
    assert kinds(story, *SIGHT) == []
    assert [ticket.severity for ticket in story.tickets] == ["minor"]  # the ticket about that way


def test_a_way_that_was_never_asked_is_no_way_that_missed() -> None:
    story = by_two_ways()
    for _ in range(10):
        story.misses("cm1").passes(60)
    assert kinds(story, *SIGHT) == []


@pytest.mark.parametrize("error", ["unreachable", "refused", "unreadable"])
def test_whatever_keeps_us_from_seeing_it_is_blindness(error: ErrorKind) -> None:
    story = Story(site=a_site(CM1)).misses("cm1", error).passes(60).misses("cm1", error)
    assert kinds(story, *SIGHT) == ["17:01:00 sight_lost"]


def test_sight_is_back_with_the_first_way_that_answers_and_each_is_told_once() -> None:
    story = by_two_ways()
    for _ in range(5):
        story.misses("cm1", protocol="sat").misses("cm1").passes(60)
    story.misses("cm1", protocol="sat").reads("cm1", works()).passes(60)
    story.misses("cm1", protocol="sat").reads("cm1", works()).passes(600)
    assert kinds(story, *SIGHT) == ["17:01:00 sight_lost", "17:05:00 sight_back"]
    assert lines(story, "UNSEEN", "SEEN") == [
        "UNSEEN not seen since Fri 2026-11-20 17:00 CST",
        "SEEN seen again",
    ]


def test_the_lines_stand_beside_the_ticket_about_the_ways_of_access() -> None:
    story = Story(site=a_site(CM1))
    for _ in range(4):
        story.misses("cm1").passes(60)
    assert story.told == ["minor open cm1 not-major not seen: does not answer (snmp)"]
    assert lines(story, "UNSEEN", "OPEN") == [
        "UNSEEN not seen since Fri 2026-11-20 17:00 CST",
        "OPEN not seen: does not answer (snmp)",
    ]


def test_a_restart_of_the_agent_tells_none_of_it_again() -> None:
    story = Story(site=a_site(CM1)).misses("cm1").passes(60).misses("cm1").passes(60)
    story.agent_is_killed().misses("cm1").passes(60).misses("cm1").passes(60)
    assert kinds(story, *SIGHT) == ["17:01:00 sight_lost"]
    story.agent_is_killed().reads("cm1", works())
    assert kinds(story, *SIGHT) == ["17:01:00 sight_lost", "17:04:00 sight_back"]
    assert story.knowledge.sight.unmonitored("cm1", story.now) == timedelta(minutes=4)


def test_a_system_that_leaves_the_site_file_is_missed_no_longer() -> None:
    story = Story(site=a_site(CM1, GW_EAST)).reads("cm1", trunk_group(1, 0, 23))
    story.misses("gw-east").passes(60).misses("gw-east").passes(60)
    story.site = a_site(CM1)
    story.terms = Terms(story.site, an_agreement("agility"))
    story.passes(30)
    assert lines(story, "UNSEEN", "SEEN")[-1] == "SEEN no longer watched: it left the site file"
    story.passes(3600)
    assert story.knowledge.sight.unmonitored("gw-east", story.now) == timedelta(minutes=2, seconds=30)


def test_every_system_is_told_for_itself() -> None:
    story = Story(site=a_site(CM1, GW_EAST, GW_WEST))
    for _ in range(3):
        story.reads("cm1", works()).misses("gw-east").misses("gw-west").passes(60)
    assert sorted(story.knowledge.sight.unseen) == ["gw-east", "gw-west"]


# --- the agent itself -------------------------------------------------------------------------------------


def test_a_stop_is_known_to_the_second_and_a_kill_to_its_last_sign_of_life() -> None:
    sight = Sight.fold(
        journal(
            ("2026-11-20 08:00", STARTED),
            ("2026-11-20 09:00", AgentAlive()),
            ("2026-11-20 09:20", AgentStopped()),
            ("2026-11-20 09:30", STARTED),
            ("2026-11-20 10:30", AgentAlive()),
            ("2026-11-20 11:15", STARTED),  # killed at some time since
        )
    )
    assert sight.down == (
        Stretch(at("2026-11-20 09:20"), at("2026-11-20 09:30")),
        Stretch(at("2026-11-20 10:30"), at("2026-11-20 11:15"), at_most=True),
    )
    assert unmonitored(sight, None, "2026-11-20 00:00", "2026-11-20 12:00") == 55
    assert unmonitored(sight, None, "2026-11-20 11:00", "2026-11-20 12:00") == 15  # of that hour alone


def test_any_entry_is_a_sign_of_life() -> None:
    sight = Sight.fold(
        journal(
            ("2026-11-20 08:00", STARTED),
            ("2026-11-20 08:50", SightLost(system="cm1", since=at("2026-11-20 08:49"))),
            ("2026-11-20 09:00", STARTED),
        )
    )
    assert unmonitored(sight, None, "2026-11-20 00:00", "2026-11-20 12:00") == 10


def test_while_it_is_stopped_the_time_runs_on() -> None:
    sight = Sight.fold(journal(("2026-11-20 08:00", STARTED), ("2026-11-20 09:00", AgentStopped())))
    assert unmonitored(sight, None, "2026-11-20 08:00", "2026-11-20 09:07", running=False) == 7
    assert unmonitored(sight, None, "2026-11-20 08:00", "2026-11-20 09:07", running=True) == 0


def test_blindness_and_absence_at_once_count_once() -> None:
    sight = Sight.fold(
        journal(
            ("2026-11-20 08:00", STARTED),
            ("2026-11-20 08:31", SightLost(system="cm1", since=at("2026-11-20 08:30"))),
            ("2026-11-20 09:00", AgentStopped()),
            ("2026-11-20 09:10", STARTED),
            ("2026-11-20 09:20", SightBack(system="cm1")),
            ("2026-11-20 09:30", AgentStopped()),
            ("2026-11-20 09:35", STARTED),
        )
    )
    assert unmonitored(sight, "cm1", "2026-11-20 00:00", "2026-11-20 12:00") == 55
    assert sight.unmonitored("cm1", at("2026-11-20 12:00")) == timedelta(minutes=55)
    assert unmonitored(sight, None, "2026-11-20 00:00", "2026-11-20 12:00") == 15


def test_a_start_in_1970_is_no_absence_until_the_clock_is_set() -> None:
    booted = datetime.fromisoformat("1970-01-01T00:00:10+00:00")
    step = at("2026-11-20 10:00") - booted - timedelta(minutes=5)
    entries = [
        *journal(("2026-11-20 08:00", STARTED), ("2026-11-20 09:00", AgentStopped())),
        Entry(3, booted, STARTED),
        Entry(4, booted + timedelta(minutes=2), SightLost(system="cm1", since=booted + timedelta(minutes=1))),
    ]
    assert Sight.fold(entries).down == ()
    entries.append(Entry(5, at("2026-11-20 10:00"), ClockSet(step=step, wrong_since=booted)))
    sight = Sight.fold(entries)
    assert unmonitored(sight, None, "2026-11-20 08:00", "2026-11-20 10:00") == 55
    assert sight.unseen == {"cm1": at("2026-11-20 09:56")}
    assert sight.unmonitored("cm1", at("2026-11-20 10:00")) == timedelta(minutes=4)


def test_a_clock_that_is_set_back_makes_no_time_negative() -> None:
    entries = journal(
        ("2026-11-20 08:00", STARTED),
        ("2026-11-20 11:02", SightLost(system="cm1", since=at("2026-11-20 11:01"))),
    )
    back = ClockSet(step=timedelta(hours=-1), wrong_since=at("2026-11-20 10:03"))
    sight = Sight.fold([*entries, Entry(3, at("2026-11-20 10:03"), back)])
    assert sight.unseen == {"cm1": at("2026-11-20 10:01")}
    assert sight.unmonitored("cm1", at("2026-11-20 10:05")) == timedelta(minutes=4)


# --- whatever happens -------------------------------------------------------------------------------------

WHAT = ("start", "stop", "alive", "lost", "back")


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WHAT), st.integers(1, 90)), max_size=25))
def test_the_running_total_is_what_the_minutes_add_up_to(steps: list[tuple[str, int]]) -> None:
    begin = at("2026-11-20 00:00")
    entries = [Entry(1, begin, STARTED), Entry(2, begin, FirstSeen(system="cm1"))]
    minute, running, lost_at, told = 0, True, -1, [0, 0]
    dark: set[int] = set()  # the minutes in which nobody watched, counted one by one
    for what, passed in steps:
        minute += passed
        body: Body = AgentAlive()
        if what == "start":  # after a stop or a kill, nobody watched since the last word
            body, running = STARTED, True
            dark |= set(range(told[-1], minute))
        elif not running:
            continue
        elif what == "stop":
            body, running = AgentStopped(), False
        elif what == "lost" and lost_at < 0:
            body, lost_at = SightLost(system="cm1", since=begin + timedelta(minutes=minute)), minute
        elif what == "back" and lost_at >= 0:
            body = SightBack(system="cm1")
            dark |= set(range(lost_at, minute))
            lost_at = -1
        entries.append(Entry(len(entries) + 1, begin + timedelta(minutes=minute), body))
        told.append(minute)
    now = begin + timedelta(minutes=minute)
    sight = Sight.fold(entries)
    if lost_at >= 0:
        dark |= set(range(lost_at, minute))
    if running:
        assert sight.unmonitored("cm1", now) == timedelta(minutes=len(dark))
    else:
        dark |= set(range(told[-1], minute))
    found = sight.stretches("cm1", now, running=running)
    assert length(found, begin, now) == timedelta(minutes=len(dark))
    later, part = begin + timedelta(minutes=60), [each for each in dark if each >= 60]
    assert length(found, later, max(now, later)) == timedelta(minutes=len(part))
