"""The whole of a system: loss of sight, complete outage, and what outweighs silence (O1, O2, I2, I5)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.rules.numbers import number_states
from agent.rules.scene import Scene
from collectors.base import ErrorKind, Observation, ProtocolName
from tests.story import CM1, Story, a_site, on_hold, registered, seen, works

DOWN = seen("service", "call processing", 1)
BOTH: Mapping[str, Mapping[ProtocolName, float]] = {"cm1": {"sat": 60, "snmp": 60}}


def test_a_silent_phone_system_with_a_registered_gateway_is_a_loss_of_sight() -> None:
    """O1: silence never outweighs a positive sign."""
    story = Story().reads("cm1", works()).reads("gw-east", registered())
    for _ in range(6):
        story.misses("cm1").reads("gw-east", registered()).passes(60)
    assert story.told == ["minor open cm1 not-major not seen: does not answer (snmp)"]
    assert story.tickets[0].responsibility == "monitoring"


def test_silence_and_gateways_without_a_controller_are_a_complete_outage() -> None:
    """O2: two independent sources agree."""
    story = Story().reads("cm1", works()).reads("gw-east", registered())
    for _ in range(3):
        story.misses("cm1").reads("gw-east", registered(serves=False)).passes(60)
    outage = next(ticket for ticket in story.tickets if ticket.system == "cm1")
    assert (outage.severity, outage.clause, outage.system, outage.component) == (
        "major",
        "complete-outage",
        "cm1",
        None,
    )
    assert outage.clause_text.startswith("a complete system")
    assert any("serves on no controller" in text for text in outage.evidence)
    assert any("unreachable" in text for text in outage.evidence)


def test_one_missed_poll_is_no_source_even_while_a_gateway_is_unregistered() -> None:
    story = Story().reads("cm1", works()).reads("gw-east", registered(serves=False))
    story.misses("cm1").passes(1)
    assert all(ticket.clause != "complete-outage" for ticket in story.tickets)


def test_the_systems_own_word_alone_is_believed_after_three_polls() -> None:
    story = Story().polls(2, ("cm1", (DOWN,)), every=30)
    assert story.told == []
    story.polls(1, ("cm1", (DOWN,)), every=0)
    assert story.told == [
        "major open cm1 complete-outage phone system completely out of service (single source)"
    ]


def test_the_systems_own_word_and_its_gateways_agree_at_once() -> None:
    story = Story().reads("gw-east", registered(serves=False)).reads("cm1", DOWN)
    assert "major open cm1 complete-outage phone system completely out of service" in story.told


def test_a_system_that_says_it_is_down_while_a_gateway_is_registered_is_minor() -> None:
    story = Story()
    for _ in range(4):
        story.reads("cm1", DOWN).reads("gw-west", registered()).passes(60)
    assert story.told == [
        "minor open cm1 not-major says that it is down, while others say that it works",
    ]


def test_loss_of_sight_that_becomes_a_complete_outage_stays_one_ticket() -> None:
    """I2: one failure of that system, whose class follows the evidence, up and down."""
    story = Story().reads("cm1", works()).reads("gw-east", registered())
    for serves in (True, True, True, True, False, False):
        story.misses("cm1").reads("gw-east", registered(serves)).passes(60)
    assert [ticket.id for ticket in story.tickets if ticket.role == "service"] == ["TW-000001"]
    assert [severity for _, severity in story.tickets[0].severities] == ["minor", "major"]

    story.reads("gw-east", registered())
    for _ in range(3):
        story.misses("cm1").reads("gw-east", registered()).passes(60)
    assert [severity for _, severity in story.tickets[0].severities] == ["minor", "major", "minor"]
    story.polls(3, ("cm1", (works(),)), ("gw-east", (registered(),)))
    assert story.tickets[0].state == "resolved"


@pytest.mark.parametrize(
    ("error", "summary", "whose"),
    [
        ("unreachable", "not seen: does not answer (snmp)", "monitoring"),
        ("unreadable", "not seen: gives answers that cannot be read (snmp)", "monitoring"),
        ("refused", "not seen: does not let us in (snmp)", "customer"),
    ],
)
def test_loss_of_sight_says_which_of_the_silences_it_is(error: ErrorKind, summary: str, whose: str) -> None:
    story = Story().reads("gw-west", registered())
    for _ in range(3):
        story.misses("gw-west", error).passes(60)
    assert [(t.severity, t.summary, t.responsibility) for t in story.tickets] == [("minor", summary, whose)]


@pytest.mark.parametrize(
    ("every", "raised"),
    [
        (60, "17:01:30"),  # 90 s from the first missed poll, when the second one is already missed
        (10, "17:00:20"),  # the third poll comes sooner
        (300, "17:05:00"),  # never before the second missed poll
    ],
)
def test_reachability_is_held_for_three_polls_or_90_seconds(every: float, raised: str) -> None:
    story = Story()
    for _ in range(4):
        story.misses("gw-west").passes(every)
    assert story.log == [f"{raised} opened TW-000001 minor"]


def test_an_outage_that_heals_stays_one_major_until_it_is_seen_well() -> None:
    """I6: neither resolved by the first good poll nor called a loss of sight on the way."""
    story = (
        Story(site=on_hold(a_site(), reachability=60)).reads("cm1", works()).reads("gw-east", registered())
    )
    for _ in range(4):
        story.misses("cm1").reads("gw-east", registered(serves=False)).passes(30)
    story.reads("gw-east", registered()).passes(10).reads("cm1", works()).passes(30)
    outage = next(ticket for ticket in story.tickets if ticket.system == "cm1")
    assert (outage.severity, outage.state) == ("major", "open")
    story.passes(30)
    outage = next(ticket for ticket in story.tickets if ticket.system == "cm1")
    assert (outage.severity, outage.state) == ("major", "resolved")


def test_one_missed_poll_between_good_ones_raises_nothing() -> None:
    story = Story()
    for _ in range(5):
        story.misses("gw-west").passes(60).reads("gw-west", registered()).passes(60)
    assert story.told == []


def test_a_phone_system_that_was_never_seen_can_be_completely_out() -> None:
    """The agent starts while all is dead: there was no good reading of the server yet."""
    story = Story()
    for _ in range(3):
        story.misses("cm1").reads("gw-west", registered(serves=False)).passes(60)
    assert "complete-outage" in [ticket.clause for ticket in story.tickets if ticket.system == "cm1"]


def test_gateways_are_never_completely_out_by_themselves() -> None:
    story = Story()
    for _ in range(4):
        story.misses("gw-east").reads("gw-west", registered(serves=False)).passes(60)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}


def test_a_refusal_is_a_sign_of_life_and_no_silence() -> None:
    """O8: silence is a source only where nobody refused."""
    story = Story().reads("cm1", works())
    for _ in range(4):
        story.misses("cm1", "refused").reads("gw-west", registered(serves=False)).passes(60)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}


def test_unreadable_alone_is_neither_sign() -> None:
    story = Story().reads("cm1", works())
    for _ in range(4):
        story.misses("cm1", "unreadable").reads("gw-west", registered(serves=False)).passes(60)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}


def test_a_system_that_answers_by_one_way_is_seen_and_the_other_way_is_said() -> None:
    story = Story(ways={"cm1": {"sat": 60, "snmp": 60}}).reads("cm1", works())
    for _ in range(3):
        story.misses("cm1", protocol="sat").reads("cm1", works()).passes(60)
    assert story.told == ["minor open cm1 not-major seen by snmp only: does not answer (sat)"]
    assert story.knowledge.picture.of("cm1").seen


def test_a_service_that_could_not_be_read_is_no_sign_at_all() -> None:
    unread = Observation(role="service", component="service", unread=True)
    story = Story()
    for _ in range(4):
        story.reads("cm1", unread).reads("gw-west", registered(serves=False)).passes(60)
    assert {ticket.clause for ticket in story.tickets} == {"not-major"}


def test_both_signs_are_told_where_they_disagree() -> None:
    story = Story()
    for _ in range(4):
        story.reads("cm1", DOWN).reads("gw-west", registered()).passes(60)
    evidence = " ".join(story.tickets[0].evidence)
    assert "says that it is down" in evidence
    assert "gw-west registration: serves on a controller" in evidence


# --- two protocols (O2, O8) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_snmp", "by_sat", "serves", "told"),
    [
        # One says down, the other works: minor until a second source agrees.
        (DOWN, works(), None, "minor not-major says that it is down, while others say that it works"),
        (works(), DOWN, None, "minor not-major says that it is down, while others say that it works"),
        (DOWN, works(), False, "major complete-outage phone system completely out of service"),
        (DOWN, works(), True, "minor not-major says that it is down, while others say that it works"),
        # Two independent sources agree, at once; one that works does not outweigh them.
        (DOWN, DOWN, None, "major complete-outage phone system completely out of service"),
        (DOWN, DOWN, True, "major complete-outage phone system completely out of service"),
        (works(), works(), False, ""),
        (works(), DOWN, False, "major complete-outage phone system completely out of service"),
    ],
)
def test_each_protocols_word_on_the_service_is_a_sign_of_its_own(
    by_snmp: Observation, by_sat: Observation, serves: bool | None, told: str
) -> None:
    story = Story(ways=BOTH)
    for _ in range(4):
        if serves is not None:
            story.reads("gw-east", registered(serves))
        story.reads("cm1", by_snmp).reads("cm1", by_sat, protocol="sat").passes(60)
    whole = [f"{t.severity} {t.clause} {t.summary}" for t in story.tickets if t.role == "service"]
    assert whole == ([told] if told else [])


def test_as_many_sources_that_say_works_as_say_down_are_no_outage() -> None:
    ways: Mapping[str, Mapping[ProtocolName, float]] = {"cm1": {"sat": 60, "snmp": 60, "sip": 60}}
    story = Story(ways=ways)
    for _ in range(4):
        story.reads("gw-east", registered()).reads("cm1", works(), protocol="sip")
        story.reads("cm1", DOWN).reads("cm1", DOWN, protocol="sat").passes(60)
    assert [ticket.severity for ticket in story.tickets] == ["minor"]


def test_a_sat_that_answers_is_a_sign_of_life_although_it_says_nothing_of_the_service() -> None:
    story = Story(ways=BOTH)
    for _ in range(4):
        story.reads("cm1", DOWN).reads("cm1", protocol="sat").passes(60)
    assert story.told == [
        "minor open cm1 not-major says that it is down, while others say that it works",
    ]
    assert any("the SAT answers (sat, " in text for text in story.tickets[0].evidence)


def test_the_shell_and_the_agent_of_one_server_are_one_source() -> None:
    ways: Mapping[str, Mapping[ProtocolName, float]] = {"cm1": {"snmp": 60, "ssh": 60}}
    story = Story(ways=ways).reads("cm1", DOWN).reads("cm1", DOWN, protocol="ssh")
    assert story.told == []


def test_three_polls_of_the_sats_own_word_are_enough_while_snmp_is_silent() -> None:
    story = Story(ways=BOTH)
    for _ in range(3):
        story.misses("cm1").reads("cm1", DOWN, protocol="sat").passes(30)
    assert story.told == [
        "major open cm1 complete-outage phone system completely out of service (single source)"
    ]


@pytest.mark.parametrize(
    ("by_snmp", "by_sat", "serves", "told"),
    [
        ("unreachable", "unreachable", False, "major complete-outage"),
        ("unreachable", "unreachable", True, "minor not-major"),
        ("unreachable", "unreadable", False, "major complete-outage"),  # counts with the silent (O8)
        ("unreadable", "unreadable", False, "minor not-major"),
        ("unreachable", "refused", False, "minor not-major"),  # something answers: no silence
    ],
)
def test_the_silence_of_all_protocols_is_one_source(
    by_snmp: ErrorKind, by_sat: ErrorKind, serves: bool, told: str
) -> None:
    story = Story(ways=BOTH).reads("cm1", works()).reads("cm1", protocol="sat")
    for _ in range(4):
        story.misses("cm1", by_snmp).misses("cm1", by_sat, protocol="sat")
        story.reads("gw-east", registered(serves)).passes(60)
    assert [f"{t.severity} {t.clause}" for t in story.tickets if t.system == "cm1"] == [told]


def test_a_protocol_that_was_not_tried_yet_is_not_silent() -> None:
    story = Story(ways=BOTH)
    for _ in range(4):
        story.misses("cm1").reads("gw-east", registered(serves=False)).passes(60)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}


def test_the_loss_of_one_way_and_then_of_both_is_one_ticket_that_says_which() -> None:
    story = Story(ways=BOTH)
    for _ in range(4):
        story.reads("cm1", works()).misses("cm1", "refused", protocol="sat").passes(60)
    assert story.told == ["minor open cm1 not-major seen by snmp only: does not let us in (sat)"]
    assert story.tickets[0].responsibility == "customer"
    # One missed poll of the other changes no word, however long the last one was told ago.
    story.passes(600).misses("cm1").passes(30).reads("cm1", works()).passes(400)
    assert [entry.body.kind for entry in story.entries if entry.body.kind == "updated"] == []
    for _ in range(6):
        story.misses("cm1").misses("cm1", "refused", protocol="sat").passes(60)
    assert story.told == [
        "minor open cm1 not-major not seen: does not let us in (sat) and does not answer (snmp)"
    ]
    for _ in range(3):
        story.reads("cm1", works()).reads("cm1", protocol="sat").passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


@pytest.mark.parametrize(("by_sat", "state"), [(works(), "yes"), (DOWN, "unknown")])
def test_a_number_that_hangs_on_a_system_whose_protocols_disagree_is_unknown(
    by_sat: Observation, state: str
) -> None:
    number = {"number": "+1 817 555 0100", "needs": {"all_of": ["system cm1"]}}
    story = Story(site=a_site(CM1, primary_numbers=[number]), ways=BOTH)
    story.reads("cm1", works()).reads("cm1", by_sat, protocol="sat")
    known = story.knowledge
    scene = Scene(known.picture, known.history, story.site, story.contract, story.watches, story.now)
    assert [found for _, found in number_states(scene)] == [state]
