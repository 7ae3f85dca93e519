"""What changes again and again is one open ticket that says so, and no stream of them (I12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.entries import Opened, Reopened, Resolved, Updated
from agent.explaining import explain
from agent.flapping import LOOKS, Flaps
from agent.replay_view import replay_view
from agent.replaying import replay
from agent.telling import log_line
from agent.tickets import Tickets
from collectors.base import Observation, Reading
from tests.story import CM1, Story, a_site, on_hold, seen, trunk_group, works

FAN = seen("equipment", "fans", 1)
FAN_WELL = seen("equipment", "fans", 0)
ALARM = Observation(role="alarm", component="UDS1-BD 01A11", vendor_severity="major", lost=1, total=1)


def looks_at(story: Story, states: str, every: float = 60) -> Story:
    """Looks at the fans of gw-west: F they fail, w they are well, m the poll is missed."""
    for state in states:
        if state == "m":
            story.misses("gw-west").passes(every)
        else:
            story.reads("gw-west", FAN if state == "F" else FAN_WELL).passes(every)
    return story


def kinds(story: Story) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in story.log]


def test_what_never_lasts_its_hold_is_a_ticket_once_it_has_changed_six_times() -> None:
    story = looks_at(Story(), "FwFwFw")
    assert story.told == []
    looks_at(story, "F")
    assert story.log == ["17:06:00 opened TW-000001 minor"]
    (ticket,) = story.tickets
    assert ticket.flapping == "changed 6 times in the last 7 looks"
    assert "I12" in ticket.rules


def test_what_lasts_each_time_stays_one_ticket_instead_of_a_stream() -> None:
    story = looks_at(Story(), "FFFwww" * 8)
    openings = [entry.body for entry in story.entries if isinstance(entry.body, Opened | Reopened)]
    assert len(openings) == 4  # with the fourth it has changed six times, and is not over any more
    assert [ticket.state for ticket in story.tickets] == ["open"]
    assert story.tickets[0].flapping == "changed 6 times in the last 19 looks"


def test_it_is_over_when_it_changes_less_often_and_was_well_for_half_an_hour() -> None:
    story = looks_at(Story(), "FwFwFwFw")
    began_well = story.now - timedelta(seconds=60)
    looks_at(story, "w" * 28)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    looks_at(story, "w")
    resolved = story.entries[-1]
    assert isinstance(resolved.body, Resolved)
    assert resolved.at - began_well == timedelta(minutes=30)
    assert resolved.body.reason == "seen well for 1800 s"


def test_half_an_hour_begins_anew_when_it_fails_again() -> None:
    story = looks_at(Story(), "FwFwFwFw" + "w" * 28 + "F" + "w" * 29)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    looks_at(story, "ww")
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_half_an_hour_alone_is_not_enough_while_a_quarter_of_the_looks_changed() -> None:
    """Polled every five minutes, twenty looks take more than an hour."""
    story = looks_at(Story(gaps=False), "FwFwFwF" + "w" * 8, every=300)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    looks_at(story, "w" * 10, every=300)  # five of the last twenty were changes until here
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_five_changes_of_twenty_are_not_enough_to_begin() -> None:
    story = looks_at(Story(), "FwFwF" + "w" * 15)
    assert story.told == []
    assert story.knowledge.flaps.changes(next(iter(story.knowledge.flaps.keys))) == 5


def test_what_failed_once_is_no_longer_looked_at_after_twenty_well_looks() -> None:
    story = looks_at(Story(), "F" + "w" * LOOKS)
    assert story.knowledge.flaps == Flaps()


def test_a_judgement_without_a_new_reading_is_no_look() -> None:
    story = looks_at(Story(), "FwF")
    before = story.knowledge.flaps
    for _ in range(20):
        story.passes(1)
    assert story.knowledge.flaps == before


def test_what_was_not_seen_is_no_state() -> None:
    story = looks_at(Story(), "FmwmFmwmFmw")
    assert [looks.states for looks in story.knowledge.flaps.looks.values() if len(looks.states) > 1] == [
        (True, False, True, False, True, False)
    ]
    assert story.told == []


def test_single_missed_polls_are_no_flapping_and_repeated_double_ones_are() -> None:
    story = looks_at(Story(), "mw" * 10)
    assert story.told == []
    looks_at(story, "mmw" * 4)
    assert [(ticket.role, ticket.flapping) for ticket in story.tickets] == [
        ("service", "changed 6 times in the last 7 looks")
    ]


def test_a_window_makes_nothing_flap() -> None:
    window = {
        "name": "power-work",
        "begins": "2026-11-20 17:00",
        "ends": "2026-11-20 17:30",
        "systems": ["gw-west"],
    }
    story = looks_at(Story(site=a_site(windows=[window])), "Fw" * 14)
    assert story.knowledge.flaps == Flaps()
    looks_at(story, "wwwF")
    assert story.told == []


def test_a_kill_of_the_agent_leaves_it_open_until_it_was_well_for_half_an_hour() -> None:
    story = looks_at(Story(), "FwFwFwF").agent_is_killed()
    looks_at(story, "w" * 29)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    looks_at(story, "ww")
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_its_hold_for_clearing_is_its_own_again_when_it_comes_back() -> None:
    story = looks_at(Story(), "FwFwFwF" + "w" * 32 + "FFF" + "ww")
    assert kinds(story) == [
        "opened TW-000001 minor",
        "resolved TW-000001",
        "reopened TW-000001 minor",
        "resolved TW-000001",
    ]
    assert story.tickets[0].flapping == ""


def test_the_count_is_told_anew_every_half_hour_and_not_with_every_poll() -> None:
    story = looks_at(Story(), "Fw" * 60)
    updates = [entry for entry in story.entries if isinstance(entry.body, Updated)]
    assert [update.body.ruling.flapping for update in updates if isinstance(update.body, Updated)] == [
        "changed 19 times in the last 20 looks"
    ]
    assert story.tickets[0].flapping == "changed 19 times in the last 20 looks"


def test_an_open_ticket_that_begins_to_flap_says_so() -> None:
    """As any other text, at most every five minutes."""
    story = looks_at(looks_at(Story(), "FFF"), "wF" * 5, every=30)
    assert kinds(story) == ["opened TW-000001 minor", "updated TW-000001 minor"]
    tickets = Tickets.fold(story.entries)
    lines = [line for entry in story.entries if (line := log_line(entry, tickets, story.terms))]
    assert lines[-1].text == "fans out of use; flapping: changed 8 times in the last 11 looks"


def test_it_is_explained() -> None:
    story = looks_at(Story(), "FwFwFwF")
    why = explain(story.knowledge.tickets.by_id["TW-000001"], story.terms, story.now)
    assert ("I12", "what changes again and again is one ticket that says so") in [
        (rule.id, rule.words) for rule in why.rules
    ]
    assert why.ticket.flaps == "flapping: changed 6 times in the last 7 looks"


def test_the_figures_are_the_contracts() -> None:
    assert looks_at(Story(flapping_percent=100), "Fw" * 30).told == []
    assert len(looks_at(Story(flapping_percent=10), "FwF").told) == 1
    brief = Story(flapping_over_percent=50, flapping_well_for=timedelta(minutes=5))
    assert [t.state for t in looks_at(brief, "FwFwFwF" + "w" * 6).tickets] == ["resolved"]


def test_a_person_may_resolve_it_while_it_is_well() -> None:
    story = looks_at(Story(), "FwFwFwFw").does("resolve", note="unplugged")
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_looks_that_follow_fast_upon_each_other_are_one() -> None:
    """A lab that reads every other second, and a repair in steps."""
    story = looks_at(Story(site=on_hold(a_site(), equipment=2)), "FFwwww" * 6, every=2)
    assert [(ticket.state, ticket.flapping) for ticket in story.tickets] == [("resolved", "")]
    assert max(looks.changes for looks in story.knowledge.flaps.looks.values()) <= 3


def test_a_state_that_was_passed_over_counts_where_it_lasted() -> None:
    """An alarm whose trap is taken back after five seconds, every ten minutes."""
    story = Story(site=a_site(CM1)).reads("cm1", works(), complete=("alarm",)).passes(60)
    for _ in range(5):  # the first of them is found at installation, and raises nothing
        for alarm in (ALARM, replace(ALARM, lost=0)):
            story.hears(
                Reading(at=story.now, system="cm1", protocol="trap", source="trap", observations=(alarm,))
            ).passes(5)
        story.passes(590)
    assert [(t.state, t.flapping) for t in story.tickets] == [("open", "changed 6 times in the last 7 looks")]


@pytest.mark.parametrize("order", [("snmp", "sat"), ("sat", "snmp")])
def test_a_fast_protocol_does_not_thin_out_what_a_slow_one_tells(order: tuple[str, ...]) -> None:
    """The trunk group is told by sat every five minutes, the system is read by snmp every minute."""
    story = Story(site=a_site(CM1), ways={"cm1": {"sat": 300, "snmp": 60}})
    for state in (8, 0) * 4:
        for protocol in order:
            if protocol == "sat":
                story.reads("cm1", trunk_group(1, state, 46), protocol="sat")
        for _ in range(5):
            story.reads("cm1", works()).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    assert story.tickets[0].flapping.startswith("changed ")


def test_a_trap_that_comes_and_is_cleared_by_the_next_listing_flaps() -> None:
    story = Story(site=a_site(CM1)).reads("cm1", works(), complete=("alarm",)).passes(60)
    for _ in range(5):
        story.hears(
            Reading(at=story.now, system="cm1", protocol="trap", observations=(ALARM,), source="trap")
        ).passes(60)
        story.reads("cm1", works(), complete=("alarm",)).passes(60)
    assert [(t.state, bool(t.flapping)) for t in story.tickets] == [("open", True)]
    for _ in range(120):  # its looks are an hour old then, and it is well
        story.reads("cm1", works(), complete=("alarm",)).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_two_gateways_that_take_turns_are_one_failure_that_is_looked_at_once_a_minute() -> None:
    story = Story()
    for one, other in ((4, 0), (0, 0)) * 4:
        story.reads("gw-east", trunk_group(1, one, 8)).passes(20)
        story.reads("gw-west", trunk_group(2, other, 8)).passes(20)
        story.reads("cm1", works()).passes(20)
    (looks,) = story.knowledge.flaps.looks.values()
    assert looks.states == (True, False) * 4
    assert looks.way == ("gw-east", "snmp")


def readings_of(states: str, every: float) -> list[Reading]:
    start = Story().now
    return [
        Reading(
            at=start + timedelta(seconds=every * number),
            system="gw-west",
            protocol="snmp",
            observations=(FAN if state == "F" else FAN_WELL,),
        )
        for number, state in enumerate(states)
    ]


@settings(deadline=None, max_examples=50)  # how busy the machine is, is not asked
@given(st.text(alphabet="Fw", min_size=10, max_size=60), st.sampled_from([10, 20, 60]))
def test_a_replay_sees_the_same_looks_whether_it_judges_every_reading_or_not(states: str, every: int) -> None:
    story = Story()
    readings = readings_of(states, every)
    all_of_them = replay(readings, story.terms, story.watches, every_time=True)
    assert replay(readings, story.terms, story.watches).entries == all_of_them.entries


def test_a_replay_says_which_tickets_flapped() -> None:
    story = Story()
    came = replay(readings_of("FwFwFwFw" + "w" * 40, 60), story.terms, story.watches)
    (ticket,) = replay_view(came, story.terms, story.watches).tickets
    assert (ticket.flapping, ticket.state) == (True, "resolved")


@settings(deadline=None, max_examples=60)  # how busy the machine is, is not asked
@given(st.lists(st.sampled_from("Fwmk"), min_size=10, max_size=50))
def test_whatever_it_does_it_is_at_most_one_open_ticket_and_none_after_it_was_well_for_long(
    states: list[str],
) -> None:
    story = Story(site=on_hold(a_site(), equipment=60))
    for state in states:
        story.agent_is_killed() if state == "k" else looks_at(story, state)
        opened = [ticket.role for ticket in story.tickets if ticket.state == "open"]
        assert len(opened) == len(set(opened))
        for looks in story.knowledge.flaps.looks.values():
            assert 0 < len(looks.states) <= LOOKS
            assert looks.changes < len(looks.states)
    looks_at(story, "w" * 52)
    assert [ticket.state for ticket in story.tickets if ticket.state == "open"] == []
    assert story.knowledge.flaps == Flaps()
