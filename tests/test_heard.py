"""Ways that need not answer: their silence says nothing, their answer is one like any other (O1, O8, I2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.entries import SightBack, SightLost
from agent.gaps import ends_gap, gap_begins, in_gap
from agent.metrics import render
from agent.showing import agent_view
from agent.statuspage import access_words, headline, sight_words
from agent.views import AgentView
from collectors.base import Observation, ProtocolName, Reading
from collectors.products import find_products
from tests.story import CM1, GW_EAST, SNMP, Story, a_site, registered, seen, works

EDGE: dict[str, Any] = {
    "name": "edge1",
    "product": "probe",
    "function": "border",
    "location": "main",
    "address": "127.0.0.70",
    "snmp": SNMP,
}
ROUTER: dict[str, Any] = {**EDGE, "name": "router", "function": "network", "address": "127.0.0.71"} | {
    "snmp": None,
    "tcp": {"port": 22},
}
BOTH: Mapping[ProtocolName, float] = {"snmp": 60, "sip": 60}
ONLY: Mapping[ProtocolName, float] = {"sip": 60}
MAIN: dict[str, Any] = {"locations": [{"name": "main", "probes": ["router"]}, {"name": "east"}]}
SIP: frozenset[ProtocolName] = frozenset({"sip"})
LISTENER = seen("equipment", "sip listener", 0)


def watched(ways: Mapping[ProtocolName, float] = BOTH, *, peer: bool = False) -> Story:
    """A border element beside a phone system; by SIP it need not answer, unless the agent is its peer."""
    return Story(
        site=a_site({**CM1}, EDGE, ROUTER, **MAIN),
        ways={"edge1": ways, "router": {"tcp": 60}},
        optional=frozenset() if peer else SIP,
    )


def minutes(story: Story, times: int, *, snmp: bool | None = True, sip: bool = False) -> Story:
    """So many rounds; `snmp` None: the system is asked by SIP alone."""
    for _ in range(times):
        story.reads("router", protocol="tcp").reads("cm1", works())
        if snmp is not None:
            story.reads("edge1", works()) if snmp else story.misses("edge1")
        if sip:
            story.reads("edge1", LISTENER, protocol="sip")
        else:
            story.misses("edge1", protocol="sip")
        story.passes(60)
    return story


def sights(story: Story) -> list[str]:
    """What was told of systems that went out of sight, and came back."""
    return [each.body.kind for each in story.entries if isinstance(each.body, SightLost | SightBack)]


def view_of(story: Story) -> AgentView:
    """The agent as its pages show it."""
    return agent_view(
        story.terms,
        story.knowledge,
        products=find_products(),
        watches=story.watches,
        started=story.now - timedelta(hours=1),
        now=story.now,
        version="1",
        healthy=(True, ""),
        ready=(True, ""),
    )


@pytest.mark.parametrize("answered", [False, True])
def test_a_way_that_need_not_answer_is_no_loss_of_sight(answered: bool) -> None:
    """Silent from the start, or after having answered: nobody is told anything."""
    story = watched()
    minutes(story, 2, sip=answered)
    minutes(story, 8)
    assert (story.tickets, sights(story), story.knowledge.incidents.pending) == ([], [], {})


def test_a_peer_that_falls_silent_is_a_loss_of_sight_and_minor() -> None:
    story = watched(peer=True)
    minutes(story, 2, sip=True)
    minutes(story, 4)
    assert story.told == ["minor open edge1 not-major seen by snmp only: does not answer (sip)"]
    assert "O7" in story.tickets[0].rules


def test_o8_a_system_is_silent_by_the_ways_that_must_answer() -> None:
    story = watched()
    minutes(story, 2)
    minutes(story, 4, snmp=False)
    assert story.told == ["minor open edge1 not-major not seen: does not answer (snmp)"]
    assert sights(story) == ["sight_lost"]
    minutes(story, 3)
    assert [each.state for each in story.tickets] == ["resolved"]
    assert sights(story) == ["sight_lost", "sight_back"]


def test_o1_an_answer_by_a_way_that_need_not_give_one_is_a_sign_of_life() -> None:
    """It is seen, and nothing counts as unmonitored."""
    story = watched()
    minutes(story, 4, snmp=False, sip=True)
    assert story.told == ["minor open edge1 not-major seen by sip only: does not answer (snmp)"]
    assert sights(story) == []
    minutes(story, 1, snmp=False)
    assert story.told == ["minor open edge1 not-major seen by sip only: does not answer (snmp)"]
    assert sights(story) == ["sight_lost"]


def test_a_system_that_has_no_other_way_is_unknown_while_it_is_silent() -> None:
    story = watched(ONLY)
    minutes(story, 6, snmp=None)
    assert (story.tickets, sights(story)) == ([], [])
    view = view_of(story)
    (edge,) = [each for each in view.systems if each.name == "edge1"]
    assert edge.sight(view.now) == "unknown"
    assert access_words(edge.accesses[0], view) == "does not answer, and need not"
    assert headline(view).title == "No failure found"
    assert "Not known, as it need not answer and does not: edge1." in headline(view).detail
    assert sight_words(edge, view) == "not known"
    page = render(view).decode()
    assert 'avaya_up{protocol="snmp",system="cm1"} 1.0' in page
    assert 'avaya_up{protocol="sip",system="edge1"}' not in page
    assert 'trunkwatch_unmonitored_seconds_total{system="edge1"} 0.0' in page
    minutes(story, 1, snmp=None, sip=True)
    assert view_of(story).systems[1].sight(story.now) == "seen"


def test_what_such_a_way_told_is_not_well_because_it_fell_silent() -> None:
    story = watched(ONLY)
    for _ in range(4):
        story.reads("router", protocol="tcp").reads("cm1", works())
        story.reads("edge1", seen("equipment", "sip listener", 1), protocol="sip").passes(60)
    assert story.told == ["minor open edge1 not-major sip listener out of use"]
    minutes(story, 6, snmp=None)
    assert [each.state for each in story.tickets] == ["open"]
    story.agent_is_killed()
    minutes(story, 6, snmp=None)
    assert [each.state for each in story.tickets] == ["open"]
    minutes(story, 4, snmp=None, sip=True)
    assert [each.state for each in story.tickets] == ["resolved"]


def test_o8_such_a_way_proves_a_path_only_when_it_answers() -> None:
    """The path to a silent phone system: by SIP of its neighbour."""
    for answers in (True, False):
        story = Story(site=a_site(CM1, EDGE), ways={"edge1": ONLY}, optional=SIP)
        story.reads("cm1", works())
        for _ in range(5):
            story.misses("cm1")
            if answers:
                story.reads("edge1", LISTENER, protocol="sip")
            else:
                story.misses("edge1", protocol="sip")
            story.passes(60)
        (ticket,) = story.tickets
        assert (ticket.clause == "complete-outage") is answers


def test_o3_the_agents_own_network_is_judged_without_such_a_way() -> None:
    story = watched()
    minutes(story, 2)
    for _ in range(5):
        story.misses("router", protocol="tcp").misses("cm1").misses("edge1").misses("edge1", protocol="sip")
        story.passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.rules) == (None, ("O3",))


def test_i7_nobody_waits_for_a_way_that_need_not_answer() -> None:
    """A parent that has only such a way does not hold back what hangs on it."""
    edge = {**EDGE, "name": "edge1"}
    story = Story(
        site=a_site({**CM1, "trunk_groups": [{"number": 1, "depends_on": ["edge1"]}]}, edge),
        ways={"edge1": ONLY},
        optional=SIP,
    )
    group = seen("trunks", "trunk-group 1", 4, 8, number=1, use="public")
    story.misses("edge1", protocol="sip").reads("cm1", works(), group).passes(60)
    story.misses("edge1", protocol="sip").reads("cm1", works(), group).passes(1)
    assert [(each.role, each.received.minute) for each in story.tickets] == [("trunks", 1)]


Answer = Literal["well", "ill", "none"]


@given(st.lists(st.tuples(st.sampled_from(("cm1", "gw-east")), st.sampled_from(("well", "ill", "none")))))
@settings(max_examples=60, deadline=None)
def test_silence_of_such_a_way_changes_nothing_whatever_else_happens(
    polls: Sequence[tuple[str, Answer]],
) -> None:
    def told(*, sip: bool) -> list[str]:
        ways: Mapping[ProtocolName, float] = {"snmp": 60, "sip": 60} if sip else {"snmp": 60}
        site = a_site(CM1, GW_EAST)
        story = Story(site=site, ways={"cm1": ways, "gw-east": ways}, optional=SIP)
        for name, answer in polls:
            part: tuple[Observation, ...] = (seen("equipment", "fan", int(answer == "ill")),)
            part += (works(),) if name == "cm1" else (registered(),)
            if sip:
                story.misses(name, protocol="sip")
            story.misses(name) if answer == "none" else story.reads(name, *part)
            story.passes(40)
        return [*story.told, *story.log, *sights(story)]

    assert told(sip=True) == told(sip=False)


# --- what is asked seldom -----------------------------------------------------------------------------------

SELDOM: Mapping[ProtocolName, float] = {"snmp": 60, "ssh": 300, "tls": 3600}
MAIL: dict[str, Any] = {**EDGE, "name": "mail1", "function": "voicemail", "address": "127.0.0.72"}
CERTIFICATE = seen("equipment", "certificate 443", 0)


def seldom(story: Story, seconds: int, *, alive: bool, tls: bool = True) -> Story:
    """The voicemail by SNMP, SSH and TLS, each at its pace, for so long."""
    for second in range(0, seconds, 60):
        story.reads("router", protocol="tcp").reads("cm1", works())
        story.reads("mail1", works()) if alive else story.misses("mail1")
        if second % 300 == 0:
            (story.reads if alive else story.misses)("mail1", protocol="ssh")
        if second % 3600 == 0 and tls:
            if alive:
                story.reads("mail1", CERTIFICATE, protocol="tls")
            else:
                story.misses("mail1", protocol="tls")
        story.passes(60)
    return story


def the_mail() -> Story:
    return Story(
        site=a_site(CM1, MAIL, ROUTER, **MAIN), ways={"mail1": SELDOM, "router": {"tcp": 60}}, gaps=True
    )


def test_o8_an_answer_of_half_an_hour_ago_does_not_speak_against_a_silence_of_now() -> None:
    story = seldom(the_mail(), 600, alive=True)
    died = story.now
    seldom(story, 660, alive=False, tls=False)
    (ticket,) = story.tickets
    assert ticket.summary == (
        "voicemail completely out of service: no server answers calls (by silence alone)"
    )
    assert (ticket.received - died).total_seconds() <= 420  # the second missed poll by SSH
    assert sights(story) == ["sight_lost"]
    assert "certificate" not in str(ticket.evidence)
    seldom(story, 600, alive=True)
    assert [each.state for each in story.tickets] == ["resolved"]


def test_o1_an_answer_after_the_silence_began_is_a_sign_of_life_however_seldom_it_is_asked() -> None:
    story = seldom(the_mail(), 600, alive=True)
    seldom(story, 420, alive=False, tls=False)
    story.reads("mail1", CERTIFICATE, protocol="tls").passes(120)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause) == ("minor", "not-major")
    assert sights(story) == ["sight_lost", "sight_back"]


def test_o3_the_agents_own_network_is_known_before_what_is_asked_seldom_is_asked_again() -> None:
    story = seldom(the_mail(), 600, alive=True)
    for minute in range(8):
        story.misses("router", protocol="tcp").misses("cm1").misses("mail1")
        if minute % 5 == 0:
            story.misses("mail1", protocol="ssh")
        story.passes(60)
    assert [(each.system, each.rules) for each in story.tickets] == [(None, ("O3",))]


def test_i10_it_is_a_gap_when_nobody_asks_but_by_what_is_asked_seldom() -> None:
    """After five intervals of the slowest of the others; a certificate that is looked at ends it not."""
    story = seldom(the_mail(), 300, alive=True)
    picture, watch = story.knowledge.picture.of("mail1"), story.watches["mail1"]
    begins = picture.accesses["ssh"].at + timedelta(minutes=25)
    assert gap_begins(picture, watch) == begins
    assert not in_gap(picture, watch, begins)
    late = begins + timedelta(minutes=1)
    assert in_gap(picture, watch, late)
    assert not ends_gap(picture, watch, Reading(at=late, system="mail1", protocol="tls"))
    assert ends_gap(picture, watch, Reading(at=late, system="mail1", protocol="snmp"))


# --- what is asked seldom, and misses ----------------------------------------------------------------------


@pytest.mark.parametrize("missed_before", [False, True])
def test_a_first_miss_of_what_is_asked_seldom_says_nothing_beside_a_long_silence(missed_before: bool) -> None:
    story = Story(
        site=a_site(CM1, ROUTER, **MAIN),
        ways={"cm1": {"snmp": 60, "tls": 3600}, "router": {"tcp": 60}},
    )
    for minute in range(100):
        story.reads("router", protocol="tcp")
        story.reads("cm1", works()) if minute < 30 else story.misses("cm1")
        if minute == 0:
            story.reads("cm1", seen("equipment", "certificate 443", 0), protocol="tls")
        if minute in (20 if missed_before else 60, 80):
            story.misses("cm1", protocol="tls")
        story.passes(60)
    assert [(ticket.severity, ticket.clause) for ticket in story.tickets] == [("major", "complete-outage")]
    assert not [line for line in story.log if " updated " in line]


def test_a_loss_of_sight_is_over_when_no_way_has_to_answer_any_more() -> None:
    story = Story(site=a_site(CM1, EDGE), ways={"edge1": ONLY})
    for _ in range(6):
        story.reads("cm1", works()).misses("edge1", protocol="sip").passes(60)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    watch = story.watches["edge1"]
    ways = tuple(replace(way, must_answer=False) for way in watch.ways)
    story.watches = {**story.watches, "edge1": replace(watch, ways=ways)}  # the site file says `peer: false`
    for _ in range(6):
        story.reads("cm1", works()).misses("edge1", protocol="sip").passes(60)
    (ticket,) = story.tickets
    assert ticket.state == "resolved"
