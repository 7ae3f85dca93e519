"""Primary numbers: yes, no, no on purpose, or unknown (P1, P2, P3, P4, P6), by table."""

from __future__ import annotations

from typing import Any

import pytest

from agent.rules.numbers import number_states
from agent.site import Site
from collectors.base import Observation
from tests.story import CM1, GW_EAST, Story, a_site, registered, seen, trunk_group, works

UNREAD = Observation(role="trunks", component="trunk-group 1", number=1, unread=True)
CM_HAS_EAST = seen("location", "media-gateway 1", 0, number=1)
CM_LOST_EAST = seen("location", "media-gateway 1", 1, number=1)


@pytest.mark.parametrize(
    ("needs", "cm1", "gw_east", "state"),
    [
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 22, 23)], None, "yes"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 23, 23)], None, "no"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 0, 0, planned=23)], None, "on_purpose"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 0, 0)], None, "unknown"),
        ({"all_of": ["trunk-group 1"]}, [UNREAD], None, "unknown"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(2, 0, 8)], None, "unknown"),
        ({"all_of": ["trunk-group 1"]}, None, None, "unknown"),
        ({"any_of": ["trunk-group 1", "trunk-group 2"]}, [trunk_group(1, 23, 23)], None, "unknown"),
        (
            {"any_of": ["trunk-group 1", "trunk-group 2"]},
            [trunk_group(1, 23, 23), trunk_group(2, 0, 8)],
            None,
            "yes",
        ),
        (
            {"any_of": ["trunk-group 1", "trunk-group 2"]},
            [trunk_group(1, 23, 23), trunk_group(2, 8, 8)],
            None,
            "no",
        ),
        (
            {"all_of": ["location east", {"any_of": ["trunk-group 1", "cti-link 1"]}]},
            [trunk_group(1, 0, 23)],
            [registered()],
            "yes",
        ),
        ({"all_of": ["location east", "cti-link 1"]}, [], [registered()], "unknown"),
        ({"all_of": ["location east"]}, [], [registered(serves=False)], "no"),
        ({"all_of": ["location east"]}, [CM_HAS_EAST], None, "yes"),
        # A survivable processor may serve a gateway that the main server lost: no proof of a loss.
        ({"all_of": ["location east"]}, [CM_LOST_EAST], None, "unknown"),
        ({"all_of": ["location east"]}, [CM_LOST_EAST], [registered()], "yes"),
        ({"all_of": ["location main"]}, [works()], None, "unknown"),
        ({"all_of": ["system cm1", "system gw-east"]}, [works()], [registered()], "yes"),
        ({"all_of": ["system cm1"]}, [seen("service", "service", 1)], None, "no"),
        ({"any_of": ["voicemail"]}, [works()], None, "unknown"),
    ],
)
def test_p1_p2_a_number_is_yes_no_or_unknown_and_never_yes_for_what_was_not_seen(
    needs: dict[str, Any],
    cm1: list[Observation] | None,
    gw_east: list[Observation] | None,
    state: str,
) -> None:
    site = a_site(CM1, GW_EAST, primary_numbers=[{"number": "+1 817 555 0100", "needs": needs}])
    story = Story(site=site)
    if cm1 is not None:
        story.reads("cm1", *cm1)
    if gw_east is not None:
        story.reads("gw-east", *gw_east)
    assert state_of_number(story) == state
    story.misses("cm1").misses("gw-east")
    assert state_of_number(story) == "unknown"


def state_of_number(story: Story) -> str:
    scene = story.knowledge.scene(story.site, story.contract, story.watches, story.now)
    ((_, state),) = number_states(scene)
    return state


# --- what a lost number makes of the failures that took its ways -------------------------------------------

NUMBER = "+1 817 555 0100"
CTI_WORDS = (
    "The inability to process incoming calls to a primary telephone number due to loss of system "
    "integration (CTI link …)"
)
LOCATION_WORDS = (
    "The inability to process incoming calls to a primary telephone number due to … networked location outage"
)
WAY_IN_WORDS = "The inability to process incoming calls to a primary telephone number …"
MINOR_WORDS = "Minor failures are defined as any failure not included in the definition of a major failure"
AES = {**CM1, "name": "aes1", "function": "other", "address": "127.0.0.50"}
BORDER = {**CM1, "name": "sbc1", "function": "border", "address": "127.0.0.51"}
GW_FIXED = {**GW_EAST, "survivable": False}
WELL = (trunk_group(1, 0, 23), trunk_group(2, 0, 80))
FIRST_OUT = (trunk_group(1, 23, 23), trunk_group(2, 0, 80))


def numbered(*systems: dict[str, Any], **needs: Any) -> Site:
    return a_site(*(systems or (CM1, GW_EAST)), primary_numbers=[{"number": NUMBER, "needs": needs}])


def cti(number: int, lost: bool) -> Observation:
    return seen("integration", f"cti-link {number}", int(lost), kind="cti")


def test_p1_a_way_counts_as_an_alternative_only_if_it_is_listed() -> None:
    alone = Story(site=numbered(all_of=["trunk-group 1"])).polls(3, ("cm1", FIRST_OUT))
    (ticket,) = alone.tickets
    assert (ticket.severity, ticket.clause, ticket.clause_text) == (
        "major",
        "primary-number-way-in",
        WAY_IN_WORDS,
    )
    assert ticket.primary_numbers == (NUMBER,)
    assert ticket.summary == f"23 of 103 trunks out of service; primary number {NUMBER} cannot be reached"
    assert {"P1", "P5"} <= set(ticket.rules)
    other = Story(site=numbered(any_of=["trunk-group 1", "trunk-group 2"])).polls(3, ("cm1", FIRST_OUT))
    assert [(t.severity, t.clause_text, t.primary_numbers) for t in other.tickets] == [
        ("minor", MINOR_WORDS, ())
    ]


def test_p1_needs_within_needs() -> None:
    ways = {"all_of": ["cti-link 1", {"any_of": ["trunk-group 1", "trunk-group 2"]}]}
    story = Story(site=numbered(**ways))
    story.polls(3, ("cm1", (*FIRST_OUT, cti(1, False))))
    assert [t.severity for t in story.tickets] == ["minor"]
    story.reads("cm1", trunk_group(1, 23, 23), trunk_group(2, 80, 80), cti(1, False))
    assert state_of_number(story) == "no"


def test_p2_an_alternative_that_is_not_seen_makes_the_number_unknown_and_raises_nothing() -> None:
    story = Story(site=numbered(any_of=["trunk-group 1", "trunk-group 9"]))
    story.polls(3, ("cm1", FIRST_OUT))
    assert state_of_number(story) == "unknown"
    assert [(t.severity, t.clause_text) for t in story.tickets] == [("minor", MINOR_WORDS)]


def test_p3_a_cti_link_is_lost_by_its_own_state_and_never_by_silence() -> None:
    story = Story(site=numbered(CM1, AES, all_of=["cti-link 1"]))
    story.reads("aes1", cti(1, False)).reads("cm1", works()).passes(60)
    for _ in range(5):
        story.misses("aes1").reads("cm1", works()).passes(60)
    assert state_of_number(story) == "unknown"
    assert [(t.role, t.severity, t.clause_text) for t in story.tickets] == [("service", "minor", MINOR_WORDS)]
    story.polls(3, ("aes1", (cti(1, True),)), ("cm1", (works(),)))
    major = next(t for t in story.tickets if t.severity == "major")
    assert (major.system, major.clause, major.clause_text) == ("aes1", "primary-number-cti", CTI_WORDS)
    assert "P3" in major.rules


def test_p3_ends_that_contradict_each_other_prove_nothing() -> None:
    story = Story(site=numbered(CM1, AES, all_of=["cti-link 1"]))
    story.polls(3, ("aes1", (cti(1, True),)), ("cm1", (cti(1, False),)))
    assert state_of_number(story) == "unknown"
    assert [t.severity for t in story.tickets] == ["minor"]


def test_p3_with_an_alternative_left_it_is_minor() -> None:
    story = Story(site=numbered(any_of=["cti-link 1", "trunk-group 1"]))
    story.polls(3, ("cm1", (cti(1, True), *WELL)))
    assert [(t.severity, t.clause_text) for t in story.tickets] == [("minor", MINOR_WORDS)]


def test_p4_a_location_is_lost_when_its_gateway_says_so() -> None:
    story = Story(site=numbered(all_of=["location east"]))
    story.polls(3, ("cm1", (works(), CM_LOST_EAST)), ("gw-east", (registered(serves=False),)))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause, ticket.clause_text) == (
        "major",
        "primary-number-location",
        LOCATION_WORDS,
    )
    assert (ticket.location, ticket.primary_numbers) == ("east", (NUMBER,))
    assert "P4" in ticket.rules


@pytest.mark.parametrize(("gateway", "severity"), [(GW_EAST, "minor"), (GW_FIXED, "major")])
def test_p4_the_phone_systems_word_is_proof_only_where_nothing_else_can_serve_the_place(
    gateway: dict[str, Any], severity: str
) -> None:
    story = Story(site=numbered(CM1, gateway, all_of=["location east"]))
    story.reads("gw-east", registered())
    for _ in range(4):
        story.reads("cm1", works(), CM_LOST_EAST).misses("gw-east").passes(60)
    lost = next(t for t in story.tickets if t.role == "location")
    assert lost.severity == severity
    assert lost.clause_text == (LOCATION_WORDS if severity == "major" else MINOR_WORDS)


def test_p4_a_gateway_on_a_survivable_processor_is_no_lost_location() -> None:
    story = Story(site=numbered(CM1, GW_FIXED, all_of=["location east"]))
    story.polls(3, ("cm1", (works(), CM_LOST_EAST)), ("gw-east", (registered(),)))
    assert state_of_number(story) == "yes"
    assert story.told == []


def test_p5_the_border_that_says_it_is_down_is_a_lost_way_in() -> None:
    story = Story(site=numbered(CM1, BORDER, all_of=["system sbc1"]))
    story.polls(3, ("cm1", (works(),)), ("sbc1", (seen("service", "service", 1),)))
    assert [(t.system, t.severity, t.clause_text) for t in story.tickets] == [("sbc1", "major", WAY_IN_WORDS)]


def test_p5_the_reading_of_a_lost_way_in_can_be_switched_off() -> None:
    story = Story(site=numbered(all_of=["trunk-group 1"]), primary_number_way_in=False)
    story.polls(3, ("cm1", FIRST_OUT))
    assert [(t.severity, t.clause_text, t.primary_numbers) for t in story.tickets] == [
        ("minor", MINOR_WORDS, (NUMBER,))
    ]


def two_failures() -> Story:
    """Trunk group 1 fails, and a CTI link an hour later: each a way of the number, and none is left."""
    story = Story(site=numbered(CM1, any_of=["trunk-group 1", "cti-link 1"]))
    story.polls(60, ("cm1", (*FIRST_OUT, cti(1, False))))
    return story.polls(7, ("cm1", (*FIRST_OUT, cti(1, True))))


def test_p5_of_two_failures_the_one_that_took_the_last_way_is_major_and_the_older_one_points_to_it() -> None:
    older, newer = two_failures().tickets
    assert (older.role, older.severity, older.primary_numbers) == ("trunks", "minor", ())
    assert older.summary == (
        f"23 of 103 trunks out of service; it took a way of primary number {NUMBER}, see TW-000002"
    )
    assert (newer.severity, newer.clause_text, newer.primary_numbers) == ("major", CTI_WORDS, (NUMBER,))
    assert newer.considered == (f"primary number {NUMBER}: trunk-group 1 had failed as well, see TW-000001",)


def test_p5_the_group_that_lost_its_last_member_later_took_the_last_way() -> None:
    """It lost a first member long before the other failure, and carried calls till now."""
    story = Story(site=numbered(any_of=["trunk-group 1", "cti-link 1"]))
    story.polls(10, ("cm1", (trunk_group(1, 1, 23), trunk_group(2, 0, 80), cti(1, False))))
    story.polls(10, ("cm1", (trunk_group(1, 1, 23), trunk_group(2, 0, 80), cti(1, True))))
    story.polls(3, ("cm1", (*FIRST_OUT, cti(1, True))))
    assert {t.role: (t.severity, t.primary_numbers) for t in story.tickets} == {
        "trunks": ("major", (NUMBER,)),
        "integration": ("minor", ()),
    }


def test_p5_what_was_told_once_stays_although_the_picture_begins_anew() -> None:
    story = two_failures().agent_is_killed()
    # The first reading after the start tells both at one instant: the journal knows which came last.
    story.polls(3, ("cm1", (*FIRST_OUT, cti(1, True))))
    assert [(t.severity, t.primary_numbers) for t in story.tickets] == [("minor", ()), ("major", (NUMBER,))]


def test_p5_a_way_that_comes_back_lowers_the_ticket_and_names_the_number_no_longer() -> None:
    story = two_failures()
    story.polls(3, ("cm1", (*WELL, cti(1, True))))
    assert [(t.state, t.severity, t.primary_numbers) for t in story.tickets] == [
        ("resolved", "minor", ()),
        ("open", "minor", ()),
    ]


def test_p5_an_alternative_that_is_no_longer_seen_does_not_lower_it() -> None:
    story = two_failures()
    story.polls(5, ("cm1", (UNREAD, trunk_group(2, 0, 80), cti(1, True))))
    assert state_of_number(story) == "unknown"
    assert [(t.severity, t.primary_numbers) for t in story.tickets][1] == ("major", (NUMBER,))


def test_p5_a_ticket_turns_major_at_once_when_it_takes_a_number() -> None:
    story = Story(site=numbered(all_of=["trunk-group 1"]))
    story.polls(5, ("cm1", (trunk_group(1, 3, 23), trunk_group(2, 0, 80))))
    story.reads("cm1", *FIRST_OUT)
    assert story.log == ["17:01:00 opened TW-000001 minor", "17:05:00 updated TW-000001 major"]


def test_p6_what_was_taken_out_on_purpose_is_no_on_purpose_and_raises_nothing() -> None:
    busied = (trunk_group(1, 0, 0, planned=23), trunk_group(2, 0, 80))
    story = Story(site=numbered(all_of=["trunk-group 1"])).polls(10, ("cm1", busied))
    assert state_of_number(story) == "on_purpose"
    assert story.told == []


def test_p6_is_minor_at_most() -> None:
    story = Story(site=numbered(all_of=["trunk-group 1"]))
    story.polls(10, ("cm1", (trunk_group(1, 0, 0, planned=23),)))
    assert [(t.severity, t.clause_text, t.primary_numbers) for t in story.tickets] == [
        ("minor", MINOR_WORDS, ())
    ]


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        # Planned members are unavailable (T4): what fails then takes the last way.
        ((0, 0, 23, 0), (0, 0, 23, 80), "no"),
        # The last way was taken on purpose, while the other one was down.
        ((0, 23, 0, 80), (0, 0, 23, 80), "on_purpose"),
    ],
)
def test_p6_who_took_the_last_way_tells_whether_it_was_on_purpose(
    first: tuple[int, ...], second: tuple[int, ...], state: str
) -> None:
    story = Story(site=numbered(any_of=["trunk-group 1", "trunk-group 2"]))
    for _, total, planned, lost in (first, second):
        story.reads("cm1", trunk_group(1, 0, total, planned=planned), trunk_group(2, lost, 80)).passes(60)
    assert state_of_number(story) == state


def test_p6_a_part_that_fails_inside_a_window_over_it_is_out_on_purpose() -> None:
    window = {
        "name": "work",
        "begins": "2026-11-20 17:00",
        "ends": "2026-11-20 18:00",
        "components": ["trunk-group 1"],
    }
    needs = [{"number": NUMBER, "needs": {"all_of": ["trunk-group 1"]}}]
    story = Story(start="2026-11-20 17:10", site=a_site(CM1, primary_numbers=needs, windows=[window]))
    story.polls(3, ("cm1", FIRST_OUT))
    assert state_of_number(story) == "on_purpose"
    assert story.told == []
    story.polls(60, ("cm1", FIRST_OUT))
    (ticket,) = story.tickets
    assert (ticket.clause_text, ticket.primary_numbers) == (WAY_IN_WORDS, (NUMBER,))
    assert story.log[0].startswith("18:00:00 opened")


def test_p7_of_several_clauses_the_first_in_the_contracts_order_is_the_tickets() -> None:
    story = Story(site=numbered(all_of=["trunk-group 1"])).polls(3, ("cm1", (trunk_group(1, 23, 23),)))
    (ticket,) = story.tickets
    assert ticket.clauses == ("half-capacity", "primary-number-way-in")
    assert (ticket.clause, ticket.clause_text) == ("half-capacity", "50% of trunks or stations")
    assert "P7" in ticket.rules


def test_p7_a_complete_outage_lists_the_number_that_it_takes() -> None:
    story = Story(site=numbered(CM1, all_of=["system cm1"]))
    story.polls(4, ("cm1", (seen("service", "service", 1),)))
    (ticket,) = story.tickets
    assert ticket.clauses == ("complete-outage", "primary-number-way-in")
    assert ticket.clause_text.endswith("completely out of service")
    assert ticket.primary_numbers == (NUMBER,)
