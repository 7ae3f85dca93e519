"""The whole of a system: loss of sight, complete outage, and what outweighs silence (O1-O8, I2, I5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.rules.numbers import number_states
from agent.rules.scene import Scene
from collectors.base import ErrorKind, Observation, ProtocolName
from tests.story import (
    CM1,
    GW_EAST,
    GW_WEST,
    SNMP,
    Story,
    a_site,
    on_hold,
    registered,
    seen,
    trunk_group,
    works,
)

DOWN = seen("service", "call processing", 1)
BOTH: Mapping[str, Mapping[ProtocolName, float]] = {"cm1": {"sat": 60, "snmp": 60}}
OUTAGE = "a complete system (phone system outage, or voicemail system) … completely out of service"
MINOR = "Minor failures are defined as any failure not included in the definition of a major failure"


def another(name: str, function: str = "phone_system", **more: Any) -> dict[str, Any]:
    """A further system, at an address of its own."""
    made = {"name": name, "product": "other", "function": function, "location": "main", "snmp": SNMP}
    return made | {"address": f"127.0.1.{1 + sum(map(ord, name)) % 250}"} | more


CM2 = another("cm2", product="communication_manager")
ROUTER = another("router", "network", product="probe", snmp=None, tcp={"port": 22})
PROBED: dict[str, Any] = {
    "locations": [{"name": "main", "probes": ["router"]}, {"name": "east"}, {"name": "west"}]
}
BY_TCP: Mapping[str, Mapping[ProtocolName, float]] = {"router": {"tcp": 30}}


def probed(*systems: dict[str, Any], **ways: Mapping[ProtocolName, float]) -> Story:
    """A site whose location main lists the path probe `router`, asked every 30 s."""
    site = a_site(*(systems or (CM1, GW_EAST, GW_WEST)), ROUTER, **PROBED)
    return Story(site=site, ways={**BY_TCP, **ways})


def ticket_of(story: Story, system: str | None, role: str = "service") -> Any:
    """The only ticket of that system and role."""
    (found,) = [ticket for ticket in story.tickets if (ticket.system, ticket.role) == (system, role)]
    return found


def survivable() -> Observation:
    """A gateway's word that a survivable controller serves it."""
    return seen("location", "registration", 0, controller="survivable")


def test_o1_a_silent_phone_system_with_a_registered_gateway_is_a_loss_of_sight() -> None:
    """O1: silence never outweighs a positive sign."""
    story = Story().reads("cm1", works()).reads("gw-east", registered())
    for _ in range(6):
        story.misses("cm1").reads("gw-east", registered()).passes(60)
    assert story.told == ["minor open cm1 not-major not seen: does not answer (snmp)"]
    (ticket,) = story.tickets
    assert (ticket.responsibility, ticket.clause_text) == ("monitoring", MINOR)
    assert ticket.considered == ("complete-outage: gw-east still says that it is registered",)


def test_o2_silence_and_gateways_without_a_controller_are_a_complete_outage() -> None:
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
    assert outage.clause_text == OUTAGE
    assert any("serves on no controller" in text for text in outage.evidence)
    assert any("unreachable" in text for text in outage.evidence)


def test_one_missed_poll_is_no_source_even_while_a_gateway_is_unregistered() -> None:
    story = Story().reads("cm1", works()).reads("gw-east", registered(serves=False))
    story.misses("cm1").passes(1)
    assert all(ticket.clause != "complete-outage" for ticket in story.tickets)


def test_o2_the_systems_own_word_alone_is_believed_after_three_polls() -> None:
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
    story = Story(ways={"gw-west": {"snmp": every}})
    for _ in range(4):
        story.misses("gw-west").passes(every)
    assert story.log == [f"{raised} opened TW-000001 minor"]


def test_polls_out_of_turn_do_not_make_a_silence_last_longer_than_it_did() -> None:
    """I7 asks at once what may explain a failure: three misses within seconds are no three polls."""
    story = Story()
    for _ in range(5):
        story.misses("gw-west").passes(2)
    assert story.tickets == []
    story.passes(80)
    assert story.log == ["17:01:30 opened TW-000001 minor"]


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


@settings(max_examples=60, deadline=None)
@given(
    rounds=st.lists(
        st.tuples(
            st.sampled_from(["good", "unreachable", "unreadable", "refused"]),
            st.sampled_from(["good", "unreachable", "unreadable", "refused"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_o1_no_silence_outweighs_a_gateway_that_is_registered(rounds: list[tuple[Any, Any, bool]]) -> None:
    """Whatever becomes of the server's two ways and of the path probe, it is never a complete outage."""
    story = probed(CM1, GW_EAST, cm1={"sat": 60, "snmp": 60})
    for by_snmp, by_sat, probe in rounds:
        story.reads("gw-east", registered())
        for protocol, error in (("snmp", by_snmp), ("sat", by_sat)):
            if error == "good":
                story.reads("cm1", protocol=protocol)  # type: ignore[arg-type]  # a word of ProtocolName
            else:
                story.misses("cm1", error, protocol)  # type: ignore[arg-type]  # a word of ProtocolName
        story.reads("router", protocol="tcp") if probe else story.misses("router", protocol="tcp")
        story.passes(60)
    assert {severity for ticket in story.tickets for _, severity in ticket.severities} <= {"minor"}


# --- several servers, one phone system (O1) ----------------------------------------------------------------


def test_o1_one_working_server_dissents_for_the_whole_phone_system() -> None:
    story = Story(site=a_site(CM1, CM2, GW_EAST)).reads("cm1", works()).reads("cm2", works())
    for _ in range(5):
        story.reads("cm1", DOWN).reads("cm2", works()).reads("gw-east", registered(serves=False)).passes(60)
    ticket = ticket_of(story, "cm1")
    own, _, with_it = ticket.summary.partition("; with it: ")
    assert (ticket.severity, own) == ("minor", "says that it is down, while others say that it works")
    assert with_it == "gw-east location east: its gateway serves on no controller"
    assert ticket.considered == ("complete-outage: cm2 says that it works (snmp)",)


def test_o1_a_phone_system_of_two_servers_is_one_failure_of_its_main_server() -> None:
    """While it holds the other's silence is its evidence, and neither raised nor cleared by itself."""
    story = Story(site=a_site(CM1, CM2, GW_EAST)).reads("cm1", works())
    for _ in range(3):  # the spare server has a ticket of its own, of before
        story.reads("cm1", works()).misses("cm2").reads("gw-east", registered()).passes(60)
    assert ticket_of(story, "cm2").severity == "minor"
    for _ in range(4):
        story.misses("cm1").misses("cm2").reads("gw-east", registered(serves=False)).passes(60)
    assert ticket_of(story, "cm1").clause_text == OUTAGE
    assert any("cm2 unreachable" in text for text in ticket_of(story, "cm1").evidence)
    assert [(t.system, t.severity, t.state) for t in story.tickets if t.role == "service"] == [
        ("cm2", "minor", "open"),
        ("cm1", "major", "open"),
    ]
    for _ in range(4):
        story.reads("cm1", works()).misses("cm2").reads("gw-east", registered()).passes(60)
    assert (ticket_of(story, "cm1").state, ticket_of(story, "cm2").state) == ("resolved", "open")


def test_the_spare_server_that_falls_silent_in_an_outage_gets_its_ticket_when_the_main_one_is_back() -> None:
    story = Story(site=a_site(CM1, CM2, GW_EAST)).reads("cm1", works()).reads("cm2", works())
    for _ in range(5):
        story.misses("cm1").misses("cm2").reads("gw-east", registered(serves=False)).passes(60)
    assert [t.system for t in story.tickets if t.role == "service"] == ["cm1"]
    story.reads("cm1", works()).misses("cm2").reads("gw-east", registered()).passes(60)
    assert ticket_of(story, "cm2").summary == "not seen: does not answer (snmp)"


def test_two_phone_systems_of_one_site_do_not_speak_for_each_other() -> None:
    site = a_site({**CM1, "group": "a"}, {**GW_EAST, "group": "a"}, {**CM2, "group": "b"})
    story = Story(site=site).reads("cm1", works()).reads("cm2", works())
    for _ in range(4):
        story.misses("cm1").reads("gw-east", registered(serves=False)).reads("cm2", works()).passes(60)
    assert ticket_of(story, "cm1").clause == "complete-outage"


def test_o2_what_was_told_to_be_out_stays_so_while_nobody_says_that_it_works() -> None:
    """The gateways go dark too: that is no sign of life."""
    story = Story().reads("cm1", works()).reads("gw-east", registered())
    for _ in range(4):
        story.misses("cm1").reads("gw-east", registered(serves=False)).passes(60)
    for _ in range(10):
        story.misses("cm1").misses("gw-east").passes(60)
    assert [severity for _, severity in ticket_of(story, "cm1").severities] == ["major"]


def test_o2_a_trap_is_a_source_of_its_own_until_a_later_poll_says_that_it_works() -> None:
    story = Story(site=a_site(CM1)).reads("cm1", works()).passes(60)
    story.reads("cm1", DOWN, protocol="trap").passes(30)
    assert story.told == []
    story.reads("cm1", DOWN)
    assert ticket_of(story, "cm1").summary == "phone system completely out of service"
    story.reads("cm1", works()).passes(61)
    assert ticket_of(story, "cm1").state == "resolved"


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
    own = {t.id: t.summary.partition("; with it: ")[0] for t in story.tickets if t.role == "service"}
    whole = [f"{t.severity} {t.clause} {own[t.id]}" for t in story.tickets if t.role == "service"]
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


# --- the path (O8) -----------------------------------------------------------------------------------------


def dark(story: Story, *systems: str, minutes: int, probe: bool | None) -> Story:
    """These systems fall silent for so long; the router answers every 30 s, or does not, or is not asked."""
    for _ in range(minutes):
        for system in systems:
            story.misses(system)
        for _ in range(2):
            if probe is not None:
                story.reads("router", protocol="tcp") if probe else story.misses("router", protocol="tcp")
            story.passes(30)
    return story


def test_o8_silence_alone_is_a_complete_outage_once_the_path_is_proved_up() -> None:
    story = probed(CM1).reads("cm1", works()).passes(60)
    dark(story, "cm1", minutes=3, probe=True)
    ticket = ticket_of(story, "cm1")
    assert story.told == [
        "major open cm1 complete-outage phone system completely out of service (by silence alone)"
    ]
    assert (ticket.clause_text, ticket.rules) == (OUTAGE, ("O1", "O2", "O8"))
    assert f"{ticket.received:%H:%M:%S}" == "17:02:30"  # the reachability hold, from the first missed answer
    assert any("router answers: the path to main is up (tcp" in text for text in ticket.evidence)


def test_o8_without_proof_of_the_path_silence_alone_is_a_loss_of_sight() -> None:
    story = Story(site=a_site(CM1)).reads("cm1", works()).passes(60)
    dark(story, "cm1", minutes=20, probe=None)
    assert story.told == ["minor open cm1 not-major not seen: does not answer (snmp)"]
    assert story.tickets[0].considered == (
        "complete-outage: silence alone, and nothing proves the path to main",
    )


def test_o8_a_neighbour_that_answers_proves_the_path_and_a_system_elsewhere_does_not() -> None:
    for location, clause in (("main", "complete-outage"), ("east", "not-major")):
        site = a_site(CM1, another("aes1", "contact_centre", location=location))
        story = Story(site=site).reads("cm1", works()).passes(60)
        for _ in range(4):
            story.misses("cm1").reads("aes1").passes(60)
        assert ticket_of(story, "cm1").clause == clause


def test_o8_an_answer_of_before_the_silence_proves_nothing() -> None:
    """The agent's own network goes a moment after the probe was asked, and the server is asked often."""
    story = probed(CM1, cm1={"snmp": 10}).reads("cm1", works()).reads("router", protocol="tcp").passes(5)
    for _ in range(3):
        story.misses("cm1").passes(5)
    assert story.told == []


def test_o8_an_unreadable_way_counts_with_the_silent_one_and_a_refused_one_does_not() -> None:
    for error, clause in (("unreadable", "complete-outage"), ("refused", "not-major")):
        story = probed(CM1, cm1={"sat": 60, "snmp": 60}).reads("cm1", works()).reads("cm1", protocol="sat")
        for _ in range(4):
            story.passes(30).misses("cm1").misses("cm1", error, protocol="sat")  # type: ignore[arg-type]  # a word of ErrorKind
            story.passes(30).reads("router", protocol="tcp")
        assert ticket_of(story, "cm1").clause == clause, error


def test_o8_two_servers_are_out_by_silence_alone_only_if_both_are_silent() -> None:
    for spare_answers, clause in ((False, "complete-outage"), (True, "not-major")):
        story = probed(CM1, CM2).reads("cm1", works()).reads("cm2").passes(60)
        for _ in range(4):
            story.misses("cm1")
            story.reads("cm2") if spare_answers else story.misses("cm2")
            story.reads("router", protocol="tcp").passes(60)
        assert ticket_of(story, "cm1").clause == clause


# --- the agent's own network (O3) --------------------------------------------------------------------------


def test_o3_everything_silent_at_once_with_the_probes_is_one_ticket_of_the_agents_own_network() -> None:
    story = probed()
    for name in ("cm1", "gw-east", "gw-west"):
        story.reads(name, works() if name == "cm1" else registered())
    story.reads("router", protocol="tcp").passes(60)
    for _ in range(6):
        for name in ("cm1", "gw-east", "gw-west"):
            story.misses(name)
        for _ in range(2):
            story.misses("router", protocol="tcp").passes(30)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.component, ticket.location) == (None, None, None)
    assert (ticket.role, ticket.severity, ticket.responsibility) == ("access", "minor", "monitoring")
    assert (ticket.clause_text, ticket.rules) == (MINOR, ("O3",))
    assert ticket.summary == (
        "the agent's own network: nothing answers, neither 3 systems nor the path probes (router)"
    )
    assert f"{ticket.began:%H:%M:%S} {ticket.received:%H:%M:%S}" == "17:01:00 17:02:00"  # third probe


def test_o3_the_single_systems_do_not_win_the_race_when_polls_are_spread_over_the_interval() -> None:
    """The first system's own hold ends before the last one was even asked again."""
    site = a_site(CM1, GW_EAST, GW_WEST, ROUTER, **PROBED)
    story = Story(site=site, ways={**BY_TCP, "cm1": {"snmp": 10}, "gw-west": {"snmp": 300}})
    story.reads("cm1", works()).reads("gw-east", registered()).reads("gw-west", registered())
    story.reads("router", protocol="tcp").passes(5)
    for second in range(5, 400, 5):  # the network goes now
        if second % 10 == 5:
            story.misses("cm1")
        if second % 60 == 30:
            story.misses("gw-east")
        if second % 30 == 20:
            story.misses("router", protocol="tcp")
        if second == 300:
            story.misses("gw-west")
        story.passes(5)
        assert [ticket.system for ticket in story.tickets] in ([], [None]), second
    assert [ticket.system for ticket in story.tickets] == [None]


def test_o3_what_is_still_dark_when_something_answers_again_gets_its_own_ticket() -> None:
    story = probed(CM1, GW_EAST).reads("cm1", works()).reads("gw-east", registered())
    story.reads("router", protocol="tcp").passes(60)
    for _ in range(6):
        story.misses("cm1").misses("gw-east").misses("router", protocol="tcp").passes(60)
    assert [ticket.system for ticket in story.tickets] == [None]
    story.passes(5).reads("router", protocol="tcp").passes(10)
    story.reads("cm1", works()).passes(20)
    assert [ticket.system for ticket in story.tickets] == [None]  # the gateway has not been asked again yet
    back = story.now
    for _ in range(4):
        story.misses("gw-east").reads("cm1", works()).reads("router", protocol="tcp").passes(60)
    assert [(t.system, t.state) for t in story.tickets] == [(None, "resolved"), ("gw-east", "open")]
    assert (ticket_of(story, "gw-east").received - back).total_seconds() <= 90


def test_o3_tickets_of_before_are_neither_cleared_nor_told_twice_and_what_was_pending_waits() -> None:
    story = probed(CM1, GW_EAST, GW_WEST).reads("cm1", works()).reads("gw-east", registered())
    for _ in range(4):  # one gateway was dark already
        story.misses("gw-west").reads("cm1", works()).reads("gw-east", registered())
        story.reads("router", protocol="tcp").passes(60)
    assert [ticket.system for ticket in story.tickets] == ["gw-west"]
    for _ in range(5):
        story.misses("gw-west").misses("cm1").misses("gw-east").misses("router", protocol="tcp").passes(60)
    assert [(t.system, t.state) for t in story.tickets] == [("gw-west", "open"), (None, "open")]
    # It began with the first answer that was missed after all was well, not with the gateway's own silence.
    assert f"{ticket_of(story, None, 'access').began:%H:%M:%S}" == "17:04:00"
    for _ in range(4):
        story.misses("gw-west").reads("cm1", works()).reads("gw-east", registered())
        story.reads("router", protocol="tcp").passes(60)
    assert [(t.system, t.state) for t in story.tickets] == [("gw-west", "open"), (None, "resolved")]


def test_o3_needs_a_probe_and_every_probe_silent() -> None:
    without = Story().reads("cm1", works()).reads("gw-east", registered()).reads("gw-west", registered())
    answered = probed().reads("cm1", works()).reads("gw-east", registered()).reads("gw-west", registered())
    for _ in range(4):
        for story in (without, answered):
            for name in ("cm1", "gw-east", "gw-west"):
                story.misses(name)
        answered.passes(30).reads("router", protocol="tcp").passes(30)
        without.passes(60)
    for story in (without, answered):
        assert {t.system for t in story.tickets} == {"cm1", "gw-east", "gw-west"}


def test_o3_a_login_that_is_refused_and_not_tried_again_is_no_answer() -> None:
    story = probed(CM1, cm1={"sat": 60, "snmp": 60}).reads("cm1", works())
    story.misses("cm1", "refused", protocol="sat").reads("router", protocol="tcp").passes(60)
    for _ in range(4):
        story.misses("cm1").misses("cm1", "refused", protocol="sat").misses("router", protocol="tcp").passes(
            60
        )
    assert [ticket.system for ticket in story.tickets if ticket.role == "access"] == [None]


def test_o3_an_outage_that_stood_before_stays_one_major_through_it_and_after() -> None:
    story = probed(CM1, GW_EAST).reads("cm1", works()).reads("gw-east", registered())
    for serves, answers in ((False, True),) * 4 + ((False, False),) * 5 + ((False, True),) * 5:
        story.misses("cm1")
        story.reads("gw-east", registered(serves)) if answers else story.misses("gw-east")
        story.reads("router", protocol="tcp") if answers else story.misses("router", protocol="tcp")
        story.passes(60)
    outage = ticket_of(story, "cm1")
    assert ([severity for _, severity in outage.severities], outage.state) == (["major"], "open")


def test_o3_a_start_of_the_agent_in_the_dark_does_not_clear_the_ticket_of_its_network() -> None:
    story = probed(CM1).reads("cm1", works()).reads("router", protocol="tcp").passes(60)
    for _ in range(4):
        story.misses("cm1").misses("router", protocol="tcp").passes(30)
    story.agent_is_killed().passes(300)
    for _ in range(4):
        story.misses("cm1").misses("router", protocol="tcp").passes(60)
    assert [(t.system, t.state) for t in story.tickets] == [(None, "open")]
    story.reads("router", protocol="tcp").passes(60)
    assert [(t.system, t.state) for t in story.tickets] == [(None, "resolved")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    offsets=st.lists(st.integers(0, 11), min_size=4, max_size=4),
    paces=st.lists(st.sampled_from([2, 4, 6, 12]), min_size=4, max_size=4),
    cut=st.integers(12, 30),
)
def test_o3_however_polls_are_spread_a_cut_network_is_one_ticket(
    offsets: list[int], paces: list[int], cut: int
) -> None:
    """Polls of 10 to 60 s, begun anywhere; all of them fail from one moment on for six minutes, then none."""
    names = ("cm1", "gw-east", "gw-west", "router")
    pace = dict(zip(names, paces, strict=True))
    site = a_site(CM1, GW_EAST, GW_WEST, ROUTER, **PROBED)
    ways: dict[str, Mapping[ProtocolName, float]] = {
        name: {"tcp" if name == "router" else "snmp": 5.0 * every} for name, every in pace.items()
    }
    story = Story(site=site, ways=ways)
    good = {"cm1": (works(),), "gw-east": (registered(),), "gw-west": (registered(),), "router": ()}
    for tick in range(cut + 72 + 48):
        for name, offset in zip(names, offsets, strict=True):
            if tick % pace[name] == offset % pace[name]:
                protocol: ProtocolName = "tcp" if name == "router" else "snmp"
                if cut <= tick < cut + 72:
                    story.misses(name, protocol=protocol)
                else:
                    story.reads(name, *good[name], protocol=protocol)
        story.passes(5)
    assert [(ticket.system, ticket.state) for ticket in story.tickets] == [(None, "resolved")]


# --- survivable processors (O4) ----------------------------------------------------------------------------


def test_o4_survivable_processors_that_serve_half_keep_the_service_and_are_minor() -> None:
    story = Story().reads("cm1", works()).reads("gw-east", registered()).reads("gw-west", registered())
    for _ in range(5):
        story.misses("cm1").reads("gw-east", survivable()).reads("gw-west", registered(serves=False))
        story.passes(60)
    spare = ticket_of(story, "cm1", "redundancy")
    assert (spare.severity, spare.clause_text, spare.component) == ("minor", MINOR, "survivable processors")
    assert spare.summary.startswith("redundancy in use, service kept: survivable processors serve 1 of 2")
    assert "in place of the stations: not told" in spare.summary
    assert "O4" in spare.rules
    (main,) = [child for child in spare.children if (child.system, child.role) == ("cm1", "service")]
    assert any("survivable processors serve" in text for text in main.considered)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}


def test_o4_survivable_processors_that_serve_less_than_half_are_a_complete_outage() -> None:
    third = {**GW_EAST, "name": "gw-south", "address": "127.0.0.50", "gateway_number": 3}
    story = Story(site=a_site(CM1, GW_EAST, GW_WEST, third)).reads("cm1", works())
    for _ in range(5):
        story.misses("cm1").reads("gw-east", survivable()).reads("gw-west", registered(serves=False))
        story.misses("gw-south").passes(60)  # nobody says that it is served
    outage = ticket_of(story, "cm1")
    assert (outage.clause, outage.clause_text) == ("complete-outage", OUTAGE)
    assert "survivable processors serve only 1 of 3 gateways" in outage.summary
    assert "O4" in outage.rules


@pytest.mark.parametrize(
    ("trunks", "phones", "clause"),
    [
        (23, 75, "not-major"),  # exactly half of each is enough
        (22, 150, "complete-outage"),  # of trunks and of stations: not one for the other
        (46, 74, "complete-outage"),
    ],
)
def test_o4_trunks_and_stations_of_survivable_servers_are_told_and_half_of_each_is_needed(
    trunks: int, phones: int, clause: str
) -> None:
    cm1 = {**CM1, "stations": {"expected": 150}, "trunk_groups": [{"number": 9, "use": "internal"}]}
    story = Story(site=a_site(cm1, CM2, GW_EAST)).reads("cm1", works(), trunk_group(1, 0, 46))
    story.reads("cm2", works()).passes(60)
    served = Observation(role="stations", component="stations", present=phones, controller="survivable")
    for _ in range(4):
        story.misses("cm1").reads("gw-east", survivable())
        story.reads("cm2", works(), trunk_group(1, 46 - trunks, 46), served).passes(60)
    ticket = next(each for each in story.tickets if each.role in ("service", "redundancy"))
    assert ticket.clause == clause
    held = (text for child in ticket.children for text in child.considered)
    words = " ".join((*ticket.considered, *held, ticket.summary))
    assert f"{trunks} of 46 trunks and {phones} of 150 stations" in words


def test_o4_a_gateway_on_a_survivable_controller_while_the_main_server_works_is_redundancy_in_use() -> None:
    """S3, I11: and where the gateway says itself that its spare is in use, that is the ticket."""
    story = Story()
    for _ in range(4):
        story.reads("cm1", works()).reads("gw-east", registered()).reads("gw-west", survivable()).passes(60)
    assert story.told == [
        "minor open cm1 not-major redundancy in use, service kept: "
        "survivable processors serve 1 of 2 gateways; split registration: gw-east on the main server"
    ]
    for _ in range(3):
        story.reads("cm1", works()).reads("gw-east", registered()).reads("gw-west", registered()).passes(60)
    assert story.tickets[0].state == "resolved"

    spare = seen("redundancy", "local survivability", 0, in_use=True)
    own = Story()
    for _ in range(4):
        own.reads("cm1", works()).reads("gw-west", survivable(), spare).passes(60)
    assert [ticket.system for ticket in own.tickets] == ["gw-west"]


def test_o4_redundancy_in_use_is_not_cleared_by_a_gateway_that_falls_silent() -> None:
    story = Story()
    for _ in range(4):
        story.reads("cm1", works()).reads("gw-west", survivable()).passes(60)
    for _ in range(4):
        story.reads("cm1", works()).misses("gw-west").passes(60)
    assert ticket_of(story, "cm1", "redundancy").state == "open"


# --- a duplicated pair (O5) --------------------------------------------------------------------------------


def test_o5_a_duplicated_pair_is_judged_at_its_active_address_and_a_lost_half_is_redundancy() -> None:
    story = Story(site=a_site(CM1)).polls(
        4, ("cm1", (works(), seen("redundancy", "standby server", 1))), every=60
    )
    (ticket,) = story.tickets
    assert (ticket.role, ticket.severity, ticket.clause_text) == ("redundancy", "minor", MINOR)


# --- voicemail (O6) ----------------------------------------------------------------------------------------


def mail(name: str, part: str, **more: Any) -> dict[str, Any]:
    return another(name, "voicemail", voicemail={"part": part, **more})


def link(lost: int, name: str = "signalling-group 5", **more: Any) -> Observation:
    return seen("integration", name, lost, kind="voicemail", **more)


def test_o6_voicemail_is_out_when_all_its_answering_servers_are() -> None:
    site = a_site(CM1, mail("mas1", "answering"), mail("mas2", "answering"), mail("mss", "store"))
    story = Story(site=site)
    for _ in range(4):
        story.reads("mas1", DOWN).reads("mas2", works()).reads("mss", works()).passes(60)
    assert story.told == [
        "minor open mas1 not-major says that it is down, while others say that it works",
    ]
    assert "mas2 says that it works (snmp)" in story.tickets[0].considered[0]
    for _ in range(4):
        story.reads("mas1", DOWN).reads("mas2", DOWN).reads("mss", works()).passes(60)
    outage = ticket_of(story, "mas1")
    assert (outage.severity, outage.clause_text) == ("major", OUTAGE)
    assert outage.summary == "voicemail completely out of service: no server answers calls (single source)"
    assert outage.rules == ("O6", "O1", "O2")
    assert any("mas2 call processing: says that it is down" in text for text in outage.evidence)
    assert ticket_of(story, "mas2").severity == "minor"  # raised before its third poll; it stays as it is
    for _ in range(3):
        story.reads("mas1", DOWN).reads("mas2", works()).reads("mss", works()).passes(60)
    assert [(t.system, t.severity, t.state) for t in story.tickets] == [
        ("mas1", "minor", "open"),
        ("mas2", "minor", "resolved"),
    ]


@pytest.mark.parametrize(("offline", "clause"), [(False, "complete-outage"), (True, "not-major")])
def test_o6_the_store_takes_the_voicemail_with_it_unless_servers_answer_without_it(
    offline: bool, clause: str
) -> None:
    site = a_site(CM1, mail("mas1", "answering", offline_answering=offline), mail("mss", "store"))
    story = Story(site=site)
    for _ in range(4):
        story.reads("mas1", works()).reads("mss", DOWN).passes(60)
    assert ticket_of(story, "mss").clause == clause
    assert len(story.tickets) == 1


def test_o6_voicemail_is_out_when_every_link_to_the_phone_system_is_lost() -> None:
    site = a_site(CM1, another("vm1", "voicemail"))
    story = Story(site=site)
    for _ in range(3):
        story.reads("cm1", works(), link(1), link(0, "signalling-group 6")).reads("vm1", works()).passes(60)
    assert [ticket.role for ticket in story.tickets] == ["integration"]
    began = story.now
    for _ in range(3):
        story.reads("cm1", works(), link(1), link(1, "signalling-group 6")).reads("vm1", works()).passes(60)
    outage = ticket_of(story, "vm1")
    assert outage.clause_text == OUTAGE
    assert outage.summary == (
        "voicemail completely out of service: every link to the phone system lost; "
        "with it: cm1 signalling-group 6 out of use"  # the other one was a ticket before
    )
    assert (outage.received - began).total_seconds() == 60  # the hold of integration links
    # The phone system falls silent: nobody can say that the links are back.
    for _ in range(5):
        story.misses("cm1").reads("vm1", works()).passes(60)
    assert ticket_of(story, "vm1").state == "open"
    for _ in range(3):
        story.reads("cm1", works(), link(0), link(0, "signalling-group 6")).reads("vm1", works()).passes(60)
    assert ticket_of(story, "vm1").state == "resolved"


def test_o6_a_silent_voicemail_whose_link_works_is_a_loss_of_sight() -> None:
    story = probed(CM1, another("vm1", "voicemail"))
    for _ in range(5):
        story.reads("cm1", works(), link(0)).misses("vm1").reads("router", protocol="tcp").passes(60)
    assert story.told == ["minor open vm1 not-major not seen: does not answer (snmp)"]
    assert story.tickets[0].considered == ("complete-outage: cm1 says that signalling-group 5 is in service",)


def test_o6_a_silent_voicemail_with_a_proved_path_and_no_link_known_is_out_by_silence_alone() -> None:
    story = probed(another("vm1", "voicemail")).reads("vm1", works()).passes(60)
    for _ in range(4):
        story.misses("vm1").reads("router", protocol="tcp").passes(60)
    assert ticket_of(story, "vm1").summary == (
        "voicemail completely out of service: no server answers calls (by silence alone)"
    )


# --- systems that are neither (O7) -------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["contact_centre", "border", "network", "other"])
def test_o7_what_is_neither_phone_system_nor_voicemail_is_minor_by_itself(function: str) -> None:
    story = probed(another("aes1", function))
    for _ in range(4):
        story.reads("aes1", DOWN).reads("router", protocol="tcp").passes(60)
    (down,) = story.tickets
    assert (down.severity, down.clause_text, down.summary) == ("minor", MINOR, "says that it is down")
    silent = probed(another("aes1", function)).reads("aes1", works())
    for _ in range(5):
        silent.misses("aes1").reads("router", protocol="tcp").passes(60)
    for ticket in (down, *silent.tickets):
        assert (ticket.severity, "O7" in ticket.rules) == ("minor", True)
        assert "neither phone system nor voicemail" in ticket.considered[0]
