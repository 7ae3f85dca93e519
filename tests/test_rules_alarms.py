"""Alarms, exhausted capacity, and that nothing is dropped (rules M2-M4, M6, M7; I17), as stories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.acts import FoundAdopted
from agent.classify import classify
from agent.entries import FoundAtInstallation
from agent.failures import Judgement
from agent.rules.alarms import warnings
from collectors.base import Observation, Reading, Role
from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, seen, trunk_group, works

MINOR_WORDS = "Minor failures are defined as any failure not included in the definition of a major failure"
BOARD = "UDS1-BD 01A11"
LISTED: tuple[Role, ...] = ("alarm",)


def alarm(component: str = BOARD, level: Any = "major", kind: str = "failure", **more: Any) -> Observation:
    return Observation(
        role="alarm", component=component, vendor_severity=level, kind=kind, lost=1, total=1, **more
    )


def met() -> Story:
    """A site that was seen without an alarm: what comes is news."""
    return Story(site=a_site(CM1)).reads("cm1", works(), complete=LISTED).passes(60)


# --- M2 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "level", "raised"),
    [
        ("failure", "major", True),
        ("failure", "minor", True),
        ("failure", None, True),
        ("clear", "major", False),
        ("event", "major", False),
        ("failure", "cleared", False),
    ],
)
def test_m2_failures_are_ticketed_and_events_and_clears_never(kind: str, level: Any, raised: bool) -> None:
    story = met().reads("cm1", alarm(kind=kind, level=level)).passes(120)
    assert [(t.severity, t.clause_text, t.summary) for t in story.tickets] == [
        ("minor", MINOR_WORDS, f"alarm on {BOARD}")
    ] * raised


def test_m1_m2_the_vendors_level_is_evidence_and_never_the_class() -> None:
    story = met().reads("cm1", alarm()).passes(120)
    assert story.tickets[0].evidence[0].startswith(f"cm1 {BOARD}: vendor severity major (snmp, ")
    assert story.tickets[0].rules == ("M1", "M7")


def a_trap(story: Story, oid: str = "1.3.6.1.4.1.6889.9.9", component: str = "trap") -> Reading:
    told = Observation(role="alarm", component=component, kind="unknown", oid=oid, lost=1, total=1)
    return Reading(at=story.now, system="cm1", source="trap", protocol="trap", observations=(told,))


def test_m2_an_unknown_trap_is_one_ticket_for_its_oid_and_system_once() -> None:
    story = met()
    for _ in range(5):
        story.hears(a_trap(story)).passes(300)
    story.hears(a_trap(story, component="another sender of it")).passes(300)
    story.hears(a_trap(story, oid="1.3.6.1.4.1.6889.1.1")).passes(1)
    assert [(t.component, t.severity, t.clause_text) for t in story.tickets] == [
        ("1.3.6.1.4.1.6889.9.9", "minor", MINOR_WORDS),
        ("1.3.6.1.4.1.6889.1.1", "minor", MINOR_WORDS),
    ]
    assert "I17" in story.tickets[0].rules
    assert story.log[0] == "17:01:00 opened TW-000001 minor"  # told by a trap: no hold


@pytest.mark.parametrize("killed", [False, True])
def test_m2_an_unknown_trap_ages_a_day_after_the_last_one_also_over_a_kill(killed: bool) -> None:
    story = met()
    story.hears(a_trap(story)).passes(3600 * 20).hears(a_trap(story))
    if killed:
        story.agent_is_killed()
    story.reads("cm1", works(), complete=LISTED)  # no list takes an unknown trap back
    story.passes(86400 - 1)
    assert [t.state for t in story.tickets] == ["open"]
    story.passes(1)
    assert [t.state for t in story.tickets] == ["resolved"]
    assert getattr(story.entries[-1].body, "reason", "") == "no other such trap for 24 hours (I17)"
    assert story.entries[-1].at - story.entries[-2].at == timedelta(days=1)


# --- M3 ----------------------------------------------------------------------------------------------------


def counted(story: Story) -> int | None:
    scene = story.knowledge.scene(story.site, story.contract, story.watches, story.now)
    return warnings(scene, "cm1")


def test_m3_warnings_are_counted_and_raise_nothing() -> None:
    story = met()
    assert counted(story) == 0
    story.reads("cm1", alarm(level="warning"), alarm("DIG-LINE 014V517", "warning"), complete=LISTED)
    assert counted(story.passes(3600)) == 2
    assert story.told == []
    story.reads("cm1", complete=LISTED)
    assert counted(story) == 0


def test_m3_a_system_that_is_not_seen_or_tells_no_alarms_has_no_count() -> None:
    assert counted(Story(site=a_site(CM1))) is None
    assert counted(Story(site=a_site(CM1)).reads("cm1", works())) is None
    assert counted(met().misses("cm1")) is None


def test_m3_a_warning_opens_a_ticket_when_its_device_raises_its_level() -> None:
    story = met().reads("cm1", alarm(level="warning")).passes(600)
    story.reads("cm1", alarm(level="minor")).passes(60)
    assert [(t.severity, t.clause_text) for t in story.tickets] == [("minor", MINOR_WORDS)]


# --- M4 ----------------------------------------------------------------------------------------------------


def kinds(story: Story) -> list[str]:
    return [entry.body.kind for entry in story.entries if entry.body.kind.startswith("found")]


def found_first(*alarms: Observation) -> Story:
    return Story(site=a_site(CM1)).reads("cm1", works(), *alarms, complete=LISTED).passes(600)


def test_m4_alarms_of_the_first_contact_are_listed_and_raise_nothing() -> None:
    story = found_first(alarm(), alarm("DIG-LINE 014V517", "warning"))
    story.polls(3, ("cm1", (works(), alarm())))
    assert story.told == []
    (found,) = (e.body for e in story.entries if isinstance(e.body, FoundAtInstallation))
    assert [(each.component, each.vendor_severity) for each in found.alarms] == [(BOARD, "major")]
    assert list(story.knowledge.history.found["cm1"]) == [BOARD]
    story.reads("cm1", alarm(), alarm("another", "minor")).passes(60)  # what comes later is news
    assert [(t.component, t.clause_text) for t in story.tickets] == [("another", MINOR_WORDS)]


def test_m4_the_second_protocol_has_a_first_contact_of_its_own() -> None:
    story = Story(site=a_site(CM1), ways={"cm1": {"sat": 60, "snmp": 60}})
    story.reads("cm1", works(), alarm(), complete=LISTED).passes(5)
    both = (alarm(), alarm("of the SAT alone", "minor"))
    story.reads("cm1", *both, complete=LISTED, protocol="sat").passes(600)
    assert story.told == []
    assert list(story.knowledge.history.found["cm1"]) == [BOARD, "of the SAT alone"]


def test_m4_what_one_protocol_reported_under_our_watch_is_not_found_by_the_other_one() -> None:
    """The SAT answers a day late: the alarm that SNMP has told of meanwhile counts."""
    story = Story(site=a_site(CM1), ways={"cm1": {"sat": 60, "snmp": 60}})
    story.reads("cm1", works(), complete=LISTED).misses("cm1", protocol="sat").passes(60)
    story.reads("cm1", works(), alarm()).reads("cm1", alarm(), complete=LISTED, protocol="sat").passes(60)
    assert [t.component for t in story.tickets if t.role == "alarm"] == [BOARD]
    assert kinds(story) == []


def test_m4_a_trap_is_news_also_when_it_is_the_first_that_is_heard_of_a_system() -> None:
    story = Story(site=a_site(CM1))
    trap = Reading(at=story.now, system="cm1", source="trap", protocol="trap", observations=(alarm(),))
    assert story.hears(trap).passes(1).told == [f"minor open cm1 not-major alarm on {BOARD}"]


def test_m4_one_that_is_gone_leaves_the_list_and_counts_when_it_comes_back() -> None:
    story = found_first(alarm()).reads("cm1", works())  # a reading that lists no alarms takes none off
    assert kinds(story) == ["found_at_installation"]
    story.reads("cm1", works(), complete=LISTED)
    assert kinds(story) == ["found_at_installation", "found_gone"]
    story.reads("cm1", alarm()).passes(60)
    assert [t.summary for t in story.tickets] == [f"alarm on {BOARD}"]


def test_m4_one_whose_level_rises_counts_from_then_on() -> None:
    story = found_first(alarm(level="minor")).reads("cm1", alarm(level="major")).passes(60)
    assert kinds(story) == ["found_at_installation", "found_gone"]
    assert [(t.severity, t.summary) for t in story.tickets] == [("minor", f"alarm on {BOARD}")]
    story.reads("cm1", alarm(level="minor")).passes(60)
    assert [t.state for t in story.tickets] == ["open"]


def test_m4_the_list_outlives_a_kill_of_the_agent() -> None:
    story = found_first(alarm()).agent_is_killed().polls(3, ("cm1", (works(), alarm())))
    assert story.told == []
    story.agent_is_killed().misses("cm1").reads("cm1", works(), alarm(), alarm("new", "minor")).passes(60)
    assert [t.component for t in story.tickets] == ["new"]  # the first reading of a run is no first contact


def test_m4_only_the_protocol_that_told_it_can_say_that_it_is_gone() -> None:
    story = Story(site=a_site(CM1), ways={"cm1": {"sat": 60, "snmp": 60}})
    story.reads("cm1", works(), complete=LISTED).reads("cm1", alarm(), complete=LISTED, protocol="sat")
    story.agent_is_killed().misses("cm1", protocol="sat")
    story.reads("cm1", works(), complete=LISTED).passes(60)
    assert kinds(story) == ["found_at_installation"]


def test_m4_an_adopted_one_counts() -> None:
    story = found_first(alarm(), alarm("other", "minor"))
    story.writes(FoundAdopted(system="cm1", component=BOARD, by="ana", uid=1000, note="a real fault"))
    story.passes(120)
    assert [(t.component, t.clause_text) for t in story.tickets] == [(BOARD, MINOR_WORDS)]
    story.writes(FoundAdopted(system="cm1", component=None, by="ana", uid=1000))
    assert [t.component for t in story.passes(120).tickets] == [BOARD, "other"]


ACCEPTED = {"system": "cm1", "component": BOARD, "reason": "taken out in 2019", "until": "2026-11-20"}


def test_m4_an_accepted_condition_raises_nothing_until_its_day_is_over() -> None:
    story = Story(site=a_site(CM1, accepted=[ACCEPTED])).reads("cm1", complete=LISTED)
    story.reads("cm1", alarm()).passes(3600)
    assert story.told == []
    story.passes(7 * 3600)  # midnight of the site
    assert story.log == ["00:01:00 opened TW-000001 minor"]


def test_m4_an_open_ticket_of_what_is_accepted_later_ends_and_says_why() -> None:
    story = met().reads("cm1", alarm()).passes(60)
    story.site = a_site(CM1, accepted=[ACCEPTED])
    story.passes(0).passes(60)
    assert [t.state for t in story.tickets] == ["resolved"]
    assert getattr(story.entries[-1].body, "reason", "") == (
        "accepted until 2026-11-20: taken out in 2019 (M4)"
    )


def test_m4_an_accepted_group_is_in_neither_figure_while_it_fails_and_is_told_as_left_out() -> None:
    accepted = [{**ACCEPTED, "component": "trunk-group 1"}]
    story = Story(site=a_site(CM1, accepted=accepted))
    story.polls(3, ("cm1", (works(), trunk_group(1, 23, 23), trunk_group(2, 1, 40))))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.summary) == ("minor", "1 of 40 trunks out of service")
    assert "trunk-group 1: accepted until 2026-11-20, taken out in 2019 (M4)" in ticket.left_out


# --- M6 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observation", "summary"),
    [
        (seen("capacity", "dsp channels 101", 1, used=80, limit=80), "at its limit: new calls fail"),
        (
            Observation(role="capacity", component="sip sessions", used=76, limit=76),
            "at its limit: new calls fail",
        ),
        (seen("capacity", "licences", 1, used=150, limit=160), "near its limit"),
        (seen("capacity", "disk", 1, used=100, limit=100), "at its limit"),
        (seen("capacity", "cdr buffer", 1), "out of use"),
    ],
)
def test_m6_exhausted_capacity_is_minor_and_never_a_lost_trunk(
    observation: Observation, summary: str
) -> None:
    story = Story(site=a_site(CM1)).polls(10, ("cm1", (works(), trunk_group(1, 0, 23), observation)))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.role, ticket.clause_text) == ("minor", "capacity", MINOR_WORDS)
    assert ticket.summary == f"{observation.component} {summary}"
    assert "M6" in ticket.rules


# --- M7 ----------------------------------------------------------------------------------------------------

FAILING: dict[str, Callable[[str], Observation]] = {
    "trunks": lambda name: trunk_group(int(name), 1, 23),
    "internal trunks": lambda name: trunk_group(100 + int(name), 1, 23, use="internal"),
    "degraded trunks": lambda name: trunk_group(200 + int(name), 0, 23, degraded=1),
    "attendant": lambda name: seen("attendant", f"attendant {name}", 1),
    "auto_attendant": lambda name: seen("auto_attendant", f"auto attendant {name}", 1),
    "integration": lambda name: seen("integration", f"link {name}", 1, 2, kind="sip"),
    "degraded link": lambda name: seen("integration", f"half a link {name}", 0, 2, degraded=1),
    "location": lambda name: seen("location", f"media-gateway {name}", 1, number=int(name)),
    "unnumbered location": lambda name: seen("location", f"branch {name}", 1),
    "redundancy": lambda name: seen("redundancy", f"standby {name}", 1),
    "spare in use": lambda name: seen("redundancy", f"spare {name}", 0, in_use=True),
    "equipment": lambda name: seen("equipment", f"board {name}", 1),
    "environment": lambda name: seen("environment", f"sensor {name}", 1),
    "capacity": lambda name: Observation(role="capacity", component=f"pool {name}", used=9, limit=9),
    "alarm": lambda name: alarm(f"alarm {name}", "minor"),
    "unknown trap": lambda name: alarm(f"trap {name}", None, "unknown", oid=f"1.3.{name}"),
    "service": lambda name: seen("service", f"service {name}", 1),
}
PART = st.tuples(
    st.sampled_from(sorted(FAILING)), st.sampled_from(["1", "2", "7"]), st.sampled_from(["cm1", "gw-east"])
)


@settings(deadline=None)
@given(st.sets(PART, min_size=1, max_size=8))
def test_m7_no_failing_part_of_any_role_is_dropped(parts: set[tuple[str, str, str]]) -> None:
    """Each failing part stands on some failure as evidence, whatever fails beside it and whoever tells it."""
    story = Story(site=a_site(CM1, GW_EAST, GW_WEST)).reads("cm1").reads("gw-east").reads("gw-west")
    told = {(system, FAILING[what](name)) for what, name, system in parts}
    for system in ("cm1", "gw-east"):
        story.reads(system, *(each for teller, each in told if teller == system))
    shown = {
        (each.role, each.component) for failed in judged(story).failures for each in failed.ruling.evidence
    }
    assert {(each.role, each.component) for _, each in told} <= shown


def judged(story: Story) -> Judgement:
    known = story.knowledge
    return classify(known.picture, known.history, story.site, story.contract, story.watches, story.now)


def test_m7_a_failure_that_no_clause_covers_is_minor_in_the_contracts_words() -> None:
    story = Story(site=a_site(CM1)).polls(5, ("cm1", (works(), seen("equipment", "fans", 1))))
    assert [(t.severity, t.clause, t.clause_text) for t in story.tickets] == [
        ("minor", "not-major", MINOR_WORDS)
    ]


def test_m7_a_gateway_that_the_site_file_does_not_know_is_told_and_clears() -> None:
    lost = seen("location", "media-gateway 9", 1, number=9)
    story = Story(site=a_site(CM1)).polls(3, ("cm1", (works(), lost)))
    assert story.told == ["minor open cm1 not-major media-gateway 9 out of use"]
    story.polls(3, ("cm1", (works(), replace(lost, lost=0))))
    assert [t.state for t in story.tickets] == ["resolved"]
