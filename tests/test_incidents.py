"""Failures over time: holds, clears, blindness, restarts of the agent and of what it watches (I5, I6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import Observation
from tests.story import CM1, Story, a_site, on_hold, registered, seen, trunk_group, works

FAN = seen("equipment", "fans", 1)
FAN_WELL = seen("equipment", "fans", 0)


def test_a_failure_that_lasts_less_than_its_hold_is_never_told() -> None:
    story = Story()
    story.reads("gw-west", FAN).passes(119).reads("gw-west", FAN_WELL).passes(600)
    assert story.told == []


def test_a_hold_ends_at_its_own_instant_and_not_with_the_next_poll() -> None:
    story = Story().reads("gw-west", FAN).passes(600)
    assert story.log == ["17:02:00 opened TW-000001 minor"]
    assert story.tickets[0].began == story.tickets[0].received - timedelta(minutes=2)


def test_it_clears_after_staying_away_for_the_shorter_of_its_hold_and_a_minute() -> None:
    story = Story().reads("gw-west", FAN).passes(180)
    story.reads("gw-west", FAN_WELL).passes(30).reads("gw-west", FAN).passes(60)  # back within the minute
    story.reads("gw-west", FAN_WELL).passes(600)
    assert story.log == ["17:02:00 opened TW-000001 minor", "17:05:30 resolved TW-000001"]


def test_an_unseen_part_neither_raises_nor_clears() -> None:
    """Three silences: while the system cannot be read, its parts stay as they were told."""
    story = Story().reads("gw-west", FAN).passes(180)
    for _ in range(5):
        story.misses("gw-west", "unreadable").passes(60)
    assert [(t.summary, t.state) for t in story.tickets] == [
        ("fans out of use", "open"),
        ("not seen: gives answers that cannot be read (snmp)", "open"),
    ]
    story.reads("gw-west", FAN_WELL).passes(120)
    assert [t.state for t in story.tickets] == ["resolved", "resolved"]


@pytest.mark.parametrize(
    ("lost", "unread"),
    [
        (FAN, Observation(role="equipment", component="fans", unread=True)),
        (
            trunk_group(2, 2, 8),
            Observation(role="trunks", component="trunk-group 2", number=2, use="public", unread=True),
        ),
        (
            trunk_group(10, 6, 12, use="internal"),
            Observation(role="trunks", component="trunk-group 10", number=10, use="internal", unread=True),
        ),
        (
            seen("service", "service", 1),
            Observation(role="service", component="service", unread=True),
        ),
    ],
)
def test_a_part_that_can_no_longer_be_read_is_not_well(lost: Observation, unread: Observation) -> None:
    story = Story(site=a_site(CM1)).reads("cm1", lost, trunk_group(1, 0, 40)).passes(180)
    assert len(story.tickets) == 1
    story.polls(5, ("cm1", (unread, trunk_group(1, 0, 40))))
    assert [ticket.state for ticket in story.tickets] == ["open"]


@pytest.mark.parametrize(
    "failing",
    [
        FAN,
        Observation(role="alarm", component="UDS1-BD 01A11", vendor_severity="major", lost=1, total=1),
        trunk_group(1, 23, 46),
        trunk_group(10, 6, 12, use="internal"),
    ],
)
def test_after_a_start_a_part_that_nobody_has_named_yet_is_not_well(failing: Observation) -> None:
    """The picture is empty then: only a role that was listed whole, or the part itself, can clear it."""
    story = Story(site=a_site(CM1)).reads("cm1").reads("cm1", failing).passes(180).agent_is_killed()
    story.polls(5, ("cm1", (works(),)))
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.reads("cm1", works(), complete=(failing.role,)).passes(120)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_sight_that_is_back_resolves_its_ticket_although_the_service_was_never_told() -> None:
    unread = Observation(role="service", component="service", unread=True)
    story = Story().reads("cm1", unread)
    for _ in range(3):
        story.misses("cm1").passes(60)
    story.agent_is_killed().polls(3, ("cm1", (unread,)))
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_a_hold_runs_only_while_the_part_is_seen() -> None:
    story = Story().reads("gw-west", FAN).passes(60).misses("gw-west").passes(60)
    story.reads("gw-west", FAN).passes(59)
    assert story.told == []
    story.passes(1)
    assert story.told == ["minor open gw-west not-major fans out of use"]


def test_a_part_that_a_complete_role_no_longer_names_is_gone() -> None:
    alarm = Observation(role="alarm", component="UDS1-BD 01A11", vendor_severity="major", lost=1, total=1)
    story = Story().reads("cm1").reads("cm1", alarm, complete=("alarm",)).passes(120)
    assert story.told == ["minor open cm1 not-major alarm on UDS1-BD 01A11"]
    story.reads("cm1").passes(120)  # a reading that did not list alarms says nothing about them
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.reads("cm1", complete=("alarm",)).passes(120)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


@settings(deadline=None)  # how busy the machine is, is not asked
@given(st.lists(st.sampled_from(["fails", "well", "silent", "killed"]), min_size=1, max_size=30))
def test_whatever_happens_a_lasting_failure_is_one_open_ticket_and_a_healed_one_none(
    steps: list[str],
) -> None:
    """No order of faults, silences and kills of the agent loses a ticket, doubles one or leaves one open."""
    story = Story(site=on_hold(a_site(), equipment=30, reachability=30))
    for step in steps:
        if step == "killed":
            story.agent_is_killed()
        elif step == "silent":
            story.misses("gw-west").passes(20)
        else:
            story.reads("gw-west", FAN if step == "fails" else FAN_WELL).passes(20)
        keys = [(t.role, t.component) for t in story.tickets if t.state == "open"]
        assert len(keys) == len(set(keys))
    story.polls(4, ("gw-west", (FAN,)), every=20)
    assert [t.role for t in story.tickets if t.state == "open"] == ["equipment"]
    story.polls(4, ("gw-west", (FAN_WELL,)), every=20)
    if any(t.state == "open" for t in story.tickets):  # what flapped stays open for half an hour (I12)
        story.polls(90, ("gw-west", (FAN_WELL,)), every=20)
    assert [t.role for t in story.tickets if t.state == "open"] == []
    assert [t.id for t in story.tickets] == [f"TW-{n:06d}" for n in range(1, len(story.tickets) + 1)]


def test_a_kill_of_the_agent_keeps_tickets_and_begins_holds_anew() -> None:
    story = Story().reads("gw-west", FAN).passes(180).reads("cm1", trunk_group(1, 23, 46)).passes(30)
    story.agent_is_killed().passes(300)  # nothing is decided for a system that was not read again
    assert [t.state for t in story.tickets] == ["open"]
    story.reads("gw-west", FAN).reads("cm1", trunk_group(1, 23, 46)).passes(90)
    assert story.told == [
        "minor open gw-west not-major fans out of use",
        "major open cm1 half-capacity 23 of 46 trunks out of service",
    ]


def test_a_clock_that_steps_back_takes_no_hold_away_and_raises_nothing_early() -> None:
    story = Story().reads("gw-west", FAN).passes(100)
    story.now -= timedelta(hours=1)
    story.reads("gw-west", FAN).passes(19)
    assert story.told == []
    story.reads("gw-west", FAN).passes(121)
    assert story.told == ["minor open gw-west not-major fans out of use"]


# --- locations ---------------------------------------------------------------------------------------------


def test_a_lost_location_is_one_failure_told_by_the_gateway_and_by_the_phone_system() -> None:
    unregistered = seen("location", "media-gateway 2", 1, number=2)
    story = Story()
    for _ in range(3):
        story.reads("cm1", works(), unregistered).reads("gw-west", registered(serves=False)).passes(60)
    assert story.told == ["minor open gw-west not-major location west: its gateway serves on no controller"]
    assert len(story.tickets[0].evidence) == 2


def test_a_gateway_that_serves_elsewhere_is_no_lost_location() -> None:
    """S3, I11: unregistered at the main server, registered at a survivable one."""
    unregistered = seen("location", "media-gateway 2", 1, number=2)
    story = Story()
    for _ in range(3):
        story.reads("cm1", works(), unregistered).reads("gw-west", registered()).passes(60)
    assert story.told == []


def test_tickets_of_a_system_that_left_the_site_file_are_resolved_and_say_why() -> None:
    story = Story().reads("gw-west", FAN).passes(180)
    story.site = a_site(CM1)
    story.watches.pop("gw-west")
    story.knowledge = story.knowledge.forget(["gw-west"])
    story.passes(1)
    assert [(t.state, t.summary) for t in story.tickets] == [("resolved", "fans out of use")]
    assert getattr(story.entries[-1].body, "reason", "") == "its system left the site file"
