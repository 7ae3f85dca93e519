"""Maintenance windows and change records (rules C4, I15), as stories on the false clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, registered, seen, trunk_group, works

MINOR_WORDS = "Minor failures are defined as any failure not included in the definition of a major failure"
FAN = seen("equipment", "fans", 1)
FAN_WELL = seen("equipment", "fans", 0)
CONSOLES = (seen("attendant", "attendant 1", 1), seen("attendant", "attendant 2", 0))


def window(**changes: Any) -> dict[str, Any]:
    """Work on the west gateway from 17:30 to 18:00."""
    named = {"name": "work", "begins": "2026-11-20 17:30", "ends": "2026-11-20 18:00", "systems": ["gw-west"]}
    return {**named, **changes}


def working(*windows: dict[str, Any], start: str = "2026-11-20 17:35", **site: Any) -> Story:
    return Story(
        start=start, site=a_site(CM1, GW_EAST, GW_WEST, windows=list(windows or (window(),)), **site)
    )


def failing(story: Story, minutes: int) -> Story:
    return story.polls(minutes, ("gw-west", (FAN,)))


def test_c4_found_inside_a_window_it_is_raised_at_its_end_with_that_receipt() -> None:
    story = failing(working(), 20)
    assert story.told == []
    failing(story, 10)
    (ticket,) = story.tickets
    assert story.log == ["18:00:00 opened TW-000001 minor"]
    assert (f"{ticket.began:%H:%M}", f"{ticket.received:%H:%M}") == ("17:35", "18:00")
    assert (ticket.severity, ticket.clause_text) == ("minor", MINOR_WORDS)
    assert ticket.responsibility == "vendor"
    assert "C4" in ticket.rules


def test_c4_its_end_is_met_at_its_own_instant_without_a_reading() -> None:
    story = failing(working(), 5)
    assert story.passes(7200).log == ["18:00:00 opened TW-000001 minor"]


def test_c4_what_heals_inside_a_window_is_never_told() -> None:
    story = failing(working(), 20).polls(20, ("gw-west", (FAN_WELL,)))
    assert story.told == []


def test_c4_pending_when_the_window_begins_it_is_held_on() -> None:
    story = failing(working(start="2026-11-20 17:29"), 20)
    assert story.told == []
    assert failing(story, 20).log == ["18:00:00 opened TW-000001 minor"]
    assert "C4" not in story.tickets[0].rules  # it did not begin inside


def test_c4_a_hold_that_ends_after_the_window_ends_at_its_own_instant() -> None:
    story = failing(working(start="2026-11-20 17:59"), 5)
    assert story.log == ["18:01:00 opened TW-000001 minor"]


def test_c4_an_open_ticket_goes_on_and_its_clear_is_not_held_back() -> None:
    story = failing(working(start="2026-11-20 17:20"), 20)
    assert story.log == ["17:22:00 opened TW-000001 minor"]
    story.polls(3, ("gw-west", (FAN_WELL,)))
    assert story.log[-1] == "17:41:00 resolved TW-000001"


def test_c4_of_overlapping_windows_the_last_end_counts() -> None:
    later = window(name="more", begins="2026-11-20 17:45", ends="2026-11-20 18:30")
    assert failing(working(window(), later), 120).log == ["18:30:00 opened TW-000001 minor"]


@pytest.mark.parametrize(
    ("names", "held"),
    [
        ({"systems": []}, True),  # the whole site
        ({"systems": [], "locations": ["west"]}, True),
        ({"systems": ["gw-west"], "roles": ["equipment"]}, True),
        ({"systems": ["gw-west"], "components": ["fans"]}, True),
        ({"systems": ["gw-east"]}, False),
        ({"systems": [], "locations": ["east"]}, False),
        ({"systems": ["gw-west"], "roles": ["alarm"]}, False),
        ({"systems": ["gw-west"], "components": ["PSU 1"]}, False),
        ({"systems": ["gw-west"], "locations": ["east"]}, False),  # it must match all that is named
    ],
)
def test_c4_a_window_covers_what_it_names(names: dict[str, Any], held: bool) -> None:
    story = failing(working(window(**names)), 10)
    assert len(story.tickets) == (0 if held else 1)


CHANGE = window(type="client_performed", reference="CHG-0042")


def test_c4_what_outlasts_the_customers_own_change_is_a_customer_change_with_its_reference() -> None:
    story = failing(working(CHANGE), 40)
    (ticket,) = story.tickets
    assert ticket.responsibility == "customer_change"
    assert ticket.note == "not covered: found after the customer's change CHG-0042"
    assert story.log == ["18:00:00 opened TW-000001 minor"]
    failing(story.agent_is_killed(), 10)  # the journal knows whose it was
    assert [(t.responsibility, t.note) for t in story.tickets] == [(ticket.responsibility, ticket.note)]
    assert len(story.log) == 1


def test_c4_what_began_before_or_after_the_customers_change_is_not_its_doing() -> None:
    before = failing(working(CHANGE, start="2026-11-20 17:29"), 40)
    assert [t.responsibility for t in before.tickets] == ["vendor"]
    after = failing(working(CHANGE, start="2026-11-20 18:00"), 40)
    assert [t.responsibility for t in after.tickets] == ["vendor"]


def test_c4_a_ticket_of_before_the_change_stays_whose_it_was() -> None:
    story = failing(working(CHANGE, start="2026-11-20 17:20"), 60)
    assert [t.responsibility for t in story.tickets] == ["vendor"]


def test_c4_half_of_the_trunks_lost_in_the_customers_change_is_major_and_not_covered() -> None:
    story = working({**CHANGE, "systems": ["cm1"]})
    story.polls(40, ("cm1", (works(), trunk_group(1, 23, 46))))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause_text) == ("major", "50% of trunks or stations")
    assert ticket.responsibility == "customer_change"  # M5: severity is by effect, responsibility apart
    assert story.log[0].startswith("18:00:00 opened")


def test_c4_a_lost_sight_of_a_system_in_a_window_waits_too() -> None:
    story = working().reads("gw-west", registered())
    for _ in range(20):
        story.misses("gw-west").passes(60)
    assert story.told == []
    for _ in range(6):
        story.misses("gw-west").passes(60)
    assert story.log == ["18:00:00 opened TW-000001 minor"]


def test_c4_a_failure_with_one_part_outside_the_window_is_not_held_back() -> None:
    """One console is worked on, and the other one fails by itself: it is all that is left of both sides."""
    story = working(window(systems=["cm1"], components=["attendant 2"]))
    story.polls(3, ("cm1", (works(), *CONSOLES)))
    (ticket,) = story.tickets
    assert (ticket.clause, ticket.summary) == ("attendant-out", "1 of 1 attendant console out of service")
    assert ticket.left_out == ("attendant 2: in a maintenance window (C4)",)


def test_c4_a_failure_whose_parts_are_all_in_the_window_is_held_back() -> None:
    story = working(window(systems=["cm1"], components=["attendant 1"]))
    story.polls(40, ("cm1", (works(), *CONSOLES)))
    assert story.log == ["18:00:00 opened TW-000001 minor"]


def test_c4_what_the_named_thing_explains_elsewhere_waits_while_that_fails() -> None:
    """I15: the gateway's place hangs on the system that is worked on, by the site file."""
    east = {**GW_EAST, "depends_on": ["gw-west"]}
    site = a_site(CM1, east, GW_WEST, windows=[window()])
    story = Story(start="2026-11-20 17:35", site=site)
    story.polls(10, ("gw-west", (registered(serves=False),)), ("gw-east", (registered(serves=False),)))
    assert story.told == []
    # What it hangs on is well, and it is not: its hold begins then.
    well = ("cm1", (works(),)), ("gw-west", (registered(),))
    story.polls(3, *well, ("gw-east", (registered(serves=False),)))
    assert [(t.system, t.role) for t in story.tickets] == [("gw-east", "location")]


def test_c4_a_part_at_the_place_of_the_gateway_that_is_worked_on_waits_with_it() -> None:
    lines = trunk_group(7, 8, 8, location="west")
    well = trunk_group(1, 0, 40)
    story = working()
    story.polls(10, ("gw-west", (registered(serves=False),)), ("cm1", (works(), lines, well)))
    assert story.told == []
    elsewhere = working()
    elsewhere.polls(10, ("gw-west", (registered(),)), ("cm1", (works(), lines, well)))
    assert [t.role for t in elsewhere.tickets] == ["trunks"]
