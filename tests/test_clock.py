"""The agent's clock is set, and what the core remembers follows: no hold jumps, no restart is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import Clock
from agent.knowledge import restamped
from agent.picture import Picture
from collectors.base import Observation, ProtocolName, Reading, RestartEvent, Role
from tests.story import CM1, GW_WEST, ZONE, Story, a_site, registered, seen, stations, trunk_group, works

FAN = seen("equipment", "fans", 1)
FAN_WELL = seen("equipment", "fans", 0)
HOUR = 3600
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR, 56 * 365 * 86400], ids=["forward", "back", "from 1970"])


def a_start(step: float) -> str:
    """A start from which that step leads somewhere near the day of the other stories."""
    return "1970-01-01 00:10" if step > 10 * HOUR else "2026-11-20 17:00"


def up_for(story: Story, seconds: float) -> Observation:
    """What a gateway's uptime says: it began so long ago, by the agent's clock."""
    began = (story.now - timedelta(seconds=seconds)).replace(microsecond=0)
    return Observation(
        role="restart", component="restarts", events=(RestartEvent(began, "reboot", False, "uptime"),)
    )


# --- the clock itself --------------------------------------------------------------------------------------


class Hands:
    """Two clocks that a test sets."""

    wall, monotonic = 1_800_000_000.0, 500.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.monotonic)

    def pass_by(self, seconds: float, slewed: float = 0.0) -> None:
        self.wall += seconds + slewed
        self.monotonic += seconds


@pytest.mark.parametrize("step", [3600.0, -3600.0, 0.6, -0.6])
def test_a_step_is_told_once_to_all_who_listen_and_said_in_the_log(
    step: float, caplog: pytest.LogCaptureFixture
) -> None:
    hands = Hands()
    clock = hands.clock()
    told: list[float] = []
    clock.listen(lambda by: told.append(round(by.total_seconds(), 3)))
    hands.pass_by(30)
    clock.look()
    hands.wall += step
    assert clock.now() == datetime.fromtimestamp(hands.wall, ZONE)
    hands.pass_by(30)
    clock.look()
    assert told == [step]
    assert clock.set_by.total_seconds() == pytest.approx(step)
    assert [record.getMessage() for record in caplog.records] == [
        f"the agent's clock was set {step:+.1f} s; all that it remembers follows"
    ]


def test_small_corrections_are_no_steps_however_many() -> None:
    hands = Hands()
    clock = hands.clock()
    for _ in range(100):
        hands.pass_by(0.5, slewed=0.4)
        clock.look()
    assert clock.set_by == timedelta(0)


def test_clocks_that_were_read_while_the_process_was_held_up_are_read_again() -> None:
    hands = Hands()
    delays = iter([0.0, 0.0, 0.0, 2.0, 0.0])  # of the readings of the wall clock: the fourth takes long

    def wall() -> float:
        hands.pass_by(next(delays, 0.0))
        return hands.wall

    clock = Clock(wall, lambda: hands.monotonic)
    for _ in range(5):
        clock.look()
    assert clock.set_by == timedelta(0)


def test_who_no_longer_listens_is_not_told() -> None:
    hands = Hands()
    clock = hands.clock()
    told: list[timedelta] = []
    clock.listen(told.append)
    clock.unlisten(told.append)
    hands.wall += 3600
    clock.look()
    assert told == []


# --- what is remembered ------------------------------------------------------------------------------------


@STEPS
def test_while_all_is_well_a_step_raises_nothing(step: float) -> None:
    story = Story(a_start(step))
    up = 5 * 86400.0
    for minute in range(10):
        if minute == 5:
            story.clock_is_set(step)
        story.reads("cm1", works(), trunk_group(1, 0, 23), stations(150))
        story.reads("gw-west", registered(), up_for(story, up), FAN_WELL).passes(60)
        up += 60
    assert story.told == []
    assert [entry.body.kind for entry in story.entries].count("restart_seen") == 1


@STEPS
def test_a_hold_lasts_as_long_as_it_would_have(step: float) -> None:
    story = Story(a_start(step)).reads("gw-west", FAN).passes(60).clock_is_set(step)
    story.reads("gw-west", FAN).passes(59)
    assert story.told == []
    story.passes(1)
    assert story.told == ["minor open gw-west not-major fans out of use"]
    assert story.tickets[0].received - story.tickets[0].began == timedelta(minutes=2)


@STEPS
def test_a_failure_is_taken_as_healed_after_as_long_as_it_would_have(step: float) -> None:
    story = Story(a_start(step)).reads("gw-west", FAN).passes(180).reads("gw-west", FAN_WELL).passes(30)
    story.clock_is_set(step).reads("gw-west", FAN_WELL).passes(29)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.passes(1)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


@STEPS
def test_the_way_down_from_major_takes_as_long_as_it_would_have(step: float) -> None:
    story = Story(a_start(step), site=a_site(CM1)).polls(2, ("cm1", (trunk_group(1, 23, 46),)))
    story.reads("cm1", trunk_group(1, 10, 46)).passes(30).clock_is_set(step)
    story.reads("cm1", trunk_group(1, 10, 46)).passes(29)
    assert story.tickets[0].severity == "major"
    story.passes(1)
    assert story.tickets[0].severity == "minor"


@STEPS
def test_one_missed_poll_before_a_step_is_still_one_missed_poll_ago(step: float) -> None:
    story = Story(a_start(step)).reads("gw-west", registered()).passes(60).misses("gw-west").passes(30)
    story.clock_is_set(step).passes(30).misses("gw-west").passes(29)
    assert story.told == []
    story.passes(1)  # 90 s from the first missed one, and two are missed
    assert story.told == ["minor open gw-west not-major not seen: does not answer (snmp)"]


@STEPS
@pytest.mark.parametrize("complete", [(), ("trunks",)])
def test_the_word_of_a_protocol_is_as_old_as_before(step: float, complete: tuple[Role, ...]) -> None:
    """The SAT's word decides until it is two intervals old, whatever the clock did meanwhile."""
    story = Story(a_start(step), site=a_site(CM1), ways={"cm1": {"sat": 60, "snmp": 60}})
    by_sat = [] if complete else [trunk_group(1, 0, 23)]
    story.reads("cm1", works()).reads("cm1", *by_sat, protocol="sat", complete=complete).clock_is_set(step)
    story.passes(119).reads("cm1", works(), trunk_group(1, 23, 23))
    assert not story.knowledge.incidents.pending
    story.passes(1)
    assert story.knowledge.incidents.pending


@given(st.lists(st.tuples(st.sampled_from(["snmp", "sat"]), st.booleans(), st.booleans()), max_size=6))
def test_a_picture_whose_clock_was_set_is_the_one_that_the_right_clock_would_have_seen(
    polls: list[tuple[ProtocolName, bool, bool]],
) -> None:
    step = timedelta(hours=1)
    story = Story()
    wrong, right = Picture(), Picture()
    for number, (protocol, good, whole) in enumerate(polls):
        reading = Reading(
            at=story.now + timedelta(minutes=number),
            system="cm1",
            protocol=protocol,
            error=None if good else "unreachable",
            observations=(trunk_group(1, number, 23),) if good else (),
            complete=("trunks",) if good and whole else (),
        )
        wrong, right = wrong.apply(reading), right.apply(restamped(reading, step))
    assert wrong.clock_set(step) == right


@STEPS
def test_a_text_that_moves_is_told_every_five_minutes_of_the_time_that_passed(step: float) -> None:
    story = Story(a_start(step), site=a_site(CM1)).polls(2, ("cm1", (trunk_group(1, 5, 46),)))
    story.clock_is_set(step).reads("cm1", trunk_group(1, 6, 46)).passes(239)
    assert [ticket.summary for ticket in story.tickets] == ["5 of 46 trunks out of service"]
    story.passes(1)
    assert [ticket.summary for ticket in story.tickets] == ["6 of 46 trunks out of service"]


@STEPS
def test_a_fall_of_the_stations_is_measured_over_the_time_that_passed(step: float) -> None:
    cm1 = {**CM1, "stations": {"expected": 150}}
    story = Story(a_start(step), site=a_site(cm1)).polls(3, ("cm1", (stations(150),)))
    story.clock_is_set(step).polls(3, ("cm1", (stations(70),)))
    assert story.told == ["major open cm1 half-capacity 80 of 150 stations missing"]


@STEPS
def test_a_restart_of_after_the_step_is_told_and_stands_for_its_hour(step: float) -> None:
    story = Story(a_start(step), site=a_site(GW_WEST))
    story.reads("gw-west", up_for(story, 86400 * 90)).passes(600).clock_is_set(step)
    story.reads("gw-west", up_for(story, 20)).passes(1800).clock_is_set(-300)
    story.reads("gw-west", up_for(story, 1820)).passes(1600)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.passes(400).reads("gw-west", up_for(story, 3820)).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]
    assert [entry.body.kind for entry in story.entries].count("restart_seen") == 2


@STEPS
def test_a_restart_of_today_is_not_told_again_when_the_clock_is_set(step: float) -> None:
    story = Story(a_start(step), site=a_site(GW_WEST)).reads("gw-west").passes(600)
    story.reads("gw-west", up_for(story, 20)).passes(600).clock_is_set(step)
    story.reads("gw-west", up_for(story, 620)).passes(60).clock_is_set(-step)
    story.reads("gw-west", up_for(story, 680)).passes(60)
    assert [entry.body.kind for entry in story.entries].count("restart_seen") == 1


def test_a_pause_of_the_agents_machine_is_no_restart_of_what_it_watches() -> None:
    """The monotonic clock stood still, so it looks like a step; the gateway ran on meanwhile."""
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(600)
    story.reads("gw-west", up_for(story, 20)).passes(600).clock_is_set(1800)
    story.reads("gw-west", up_for(story, 620 + 1800)).passes(60)
    assert [entry.body.kind for entry in story.entries].count("restart_seen") == 1


def records(*moments: datetime) -> Observation:
    """A list of restarts as Communication Manager keeps it, by its own clock."""
    events = tuple(RestartEvent(at, "reload", False, "record") for at in moments)
    return Observation(role="restart", component="restarts", events=events)


def test_restarts_of_before_the_first_contact_are_none_of_ours_whatever_the_clock_said_then() -> None:
    before = datetime(2026, 11, 20, 16, 30, tzinfo=ZONE)
    woken = Story("1970-01-01 00:00", site=a_site(CM1)).reads("cm1", works()).passes(60)
    woken.clock_is_set((datetime(2026, 11, 20, 17, 0, tzinfo=ZONE) - woken.now).total_seconds())
    woken.reads("cm1", works(), records(before)).passes(60)
    assert woken.told == []

    back = Story("2026-11-20 17:00", site=a_site(CM1)).reads("cm1", works(), records(before)).passes(60)
    back.clock_is_set(-HOUR).reads("cm1", works(), records(before)).passes(60)
    assert back.told == []

    # After the step, and by a clock that is right: that one counts.
    woken.reads("cm1", works(), records(before, woken.now - timedelta(seconds=30))).passes(60)
    assert [ticket.role for ticket in woken.tickets] == ["restart"]


def test_an_agent_that_boots_in_1970_with_the_journal_of_another_day_keeps_its_first_sights() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west", up_for(Story(), 86400)).passes(60).agent_is_killed()
    right = story.now + timedelta(hours=1)
    story.now = datetime(1970, 1, 1, tzinfo=ZONE)
    story.reads("gw-west", FAN_WELL).passes(60)
    story.clock_is_set((right - story.now).total_seconds())
    story.reads("gw-west", up_for(story, 5)).passes(60)
    assert [ticket.role for ticket in story.tickets] == ["restart"]


def test_a_text_that_changed_is_told_although_the_last_one_was_told_by_a_clock_that_was_ahead() -> None:
    story = Story(site=a_site(CM1)).polls(2, ("cm1", (trunk_group(1, 5, 46),))).agent_is_killed()
    story.now -= timedelta(hours=1)
    story.polls(7, ("cm1", (trunk_group(1, 6, 46),)))
    assert story.told == ["minor open cm1 not-major 6 of 46 trunks out of service"]


# --- around the step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_reading_that_was_stamped_before_the_step_and_is_heard_after_it(step: float) -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(600)
    story.reads("gw-west", up_for(story, 20)).passes(60)
    reading = Reading(at=story.now, system="gw-west", protocol="snmp", observations=(up_for(story, 80), FAN))
    story.clock_is_set(step).hears(restamped(reading, timedelta(seconds=step))).passes(119)
    assert [ticket.role for ticket in story.tickets] == ["restart"]
    story.passes(1)
    assert [ticket.role for ticket in story.tickets] == ["restart", "equipment"]
    assert [entry.body.kind for entry in story.entries].count("restart_seen") == 1


def test_a_restamped_reading_moves_only_what_was_read_off_our_clock() -> None:
    moment = datetime(2026, 11, 20, 16, 0, tzinfo=ZONE)
    alarm = replace(seen("alarm", "UDS1-BD 01A11", 1), since=moment)
    reading = Reading(
        at=moment, system="cm1", protocol="snmp", observations=(alarm, records(moment), up_for(Story(), 60))
    )
    moved = restamped(reading, timedelta(hours=1))
    assert moved.at == moment + timedelta(hours=1)
    assert moved.observations[:2] == reading.observations[:2]
    began = reading.observations[2].events[0].at
    assert moved.observations[2].events[0].at == began + timedelta(hours=1)


def test_a_reading_that_seems_older_than_the_last_is_heard() -> None:
    """The clock was set back and nobody noticed yet: who polls one system in turn tells the newest last."""
    story = Story(site=a_site(GW_WEST)).reads("gw-west", FAN).passes(180)
    story.now -= timedelta(hours=1)
    story.reads("gw-west", FAN_WELL).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]
