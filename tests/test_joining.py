"""One cause, one ticket: what hangs on what, who waits for whom, and what becomes of the rest (I3, I7-I9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from agent.acting import Refused
from agent.showing import pending_texts
from collectors.base import Observation, ProtocolName
from tests.story import (
    CM1,
    GW_EAST,
    GW_WEST,
    ZONE,
    Story,
    a_site,
    registered,
    seen,
    stations,
    trunk_group,
    works,
)

COUNTED = {**CM1, "stations": {"expected": 150}}
ROUTER = {
    "name": "router-east",
    "product": "probe",
    "function": "network",
    "location": "east",
    "address": "127.0.0.40",
    "tcp": {"port": 22},
}
UPS = {
    "name": "ups-east",
    "product": "media_gateway",
    "function": "other",
    "location": "east",
    "address": "127.0.0.41",
    "snmp": CM1["snmp"],
}
PATHS = [{"name": "main"}, {"name": "east", "probes": ["router-east"]}, {"name": "west"}]
EAST = trunk_group(1, 0, 23, gateway=1)
WEST = trunk_group(2, 0, 8, gateway=2)
SIP = trunk_group(3, 0, 15)
FAN = seen("equipment", "fans", 1)
ON_BATTERY = seen("environment", "mains", 1, side="power")


def lost(group: Observation, members: int | None = None) -> Observation:
    """The group with so many of its members out; None: all of them."""
    return replace(group, lost=group.total if members is None else members)


def has_gateway(number: int, has: bool = True) -> Observation:
    """What the phone system says of a gateway."""
    return seen("location", f"gateway {number:03}", 0 if has else 1, number=number)


def cm1(
    *groups: Observation, phones: int = 150, east: bool = True, west: bool = True
) -> tuple[str, tuple[Observation, ...]]:
    """A reading of the phone system: the groups that are named are as told, the others well."""
    named = {group.component: group for group in (EAST, WEST, SIP, *groups)}
    told = (works(), has_gateway(1, east), has_gateway(2, west), stations(phones), *named.values())
    return "cm1", told


def watched(*more: dict[str, Any], **changes: Any) -> Story:
    """A phone system with two gateways, all well for three minutes."""
    site = a_site(COUNTED, GW_EAST, GW_WEST, *more, **changes)
    story = Story(site=site, ways={"router-east": {"tcp": 60}})
    for _ in range(3):
        all_well(story)
        story.passes(60)
    return story


def all_well(story: Story, *but: str) -> Story:
    """Every system is read and well, but those."""
    for name, told in (cm1(), ("gw-east", (registered(),)), ("gw-west", (registered(),))):
        if name not in but:
            story.reads(name, *told)
    for name, protocol in (("router-east", "tcp"), ("ups-east", "snmp")):
        if name in story.watches and name not in but:
            story.reads(name, protocol=protocol)  # type: ignore[arg-type]  # both are protocols
    return story


def tells(story: Story, reading: tuple[str, tuple[Observation, ...]]) -> Story:
    """That reading comes."""
    system, observations = reading
    return story.reads(system, *observations)


def children(story: Story, ticket: int = 0) -> list[tuple[str | None, str]]:
    """What a ticket holds beside its root: system and component, else role."""
    held = story.tickets[ticket].children
    return [(child.system, child.component or child.role) for child in held if child.state == "failing"]


def cut_east(story: Story, minutes: int, *, phones: int = 110) -> Story:
    """The WAN of east is cut for so long."""
    for _ in range(minutes):
        name, told = cm1(lost(EAST), phones=phones, east=False)
        story.reads(name, *told).misses("gw-east").reads("gw-west", registered())
        if "router-east" in story.watches:
            story.misses("router-east", protocol="tcp")
        story.passes(60)
    return story


# --- a gateway that loses its WAN ---------------------------------------------------------------------------


def test_a_gateway_that_loses_its_wan_takes_trunks_phones_and_sight_along_in_one_ticket() -> None:
    story = cut_east(watched(), 10)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.state) == ("gw-east", "location", "open")
    assert (ticket.severity, ticket.clause) == ("major", "half-capacity")  # 23 of 46 trunks
    assert ticket.responsibility == "vendor"  # the root names the cause, and whose it is
    assert sorted(children(story)) == [
        ("cm1", "stations"),
        ("cm1", "trunk-group 1"),
        ("gw-east", "service"),
    ]
    assert {"T6", "P4", "I3"} <= set(ticket.rules)
    assert (
        "with it: cm1 trunk-group 1: 23 of 23 members lost, 23 of 46 trunks out of service" in ticket.summary
    )
    assert any("phones went when gw-east was lost" in child.why for child in ticket.children)


def test_when_it_is_back_all_of_it_is_over_within_a_minute_or_two_polls() -> None:
    story = cut_east(watched(), 10)
    back = story.now
    for _ in range(3):
        all_well(story).passes(60)
    (ticket,) = story.tickets
    assert ticket.state == "resolved"
    assert ticket.resolved is not None
    assert (ticket.resolved - back).total_seconds() <= 60
    all_well(story).passes(600)
    assert len(story.tickets) == 1


def test_the_path_is_the_root_where_the_site_names_a_probe_for_it() -> None:
    story = cut_east(watched(ROUTER, locations=PATHS), 10)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.clause) == ("router-east", "service", "half-capacity")
    assert ("gw-east", "location") in children(story)
    assert ("gw-east", "service") in children(story)


def test_i4_a_lost_path_to_a_place_that_the_phone_system_has_is_one_minor_ticket_of_monitoring() -> None:
    story = watched(ROUTER, locations=PATHS)
    for _ in range(10):
        tells(story, cm1()).misses("gw-east").reads("gw-west", registered())
        story.misses("router-east", protocol="tcp").passes(60)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.responsibility) == ("minor", "monitoring")
    assert children(story) == [("gw-east", "service")]


def test_the_host_that_a_system_depends_on_explains_its_silence_whatever_else_answers_there() -> None:
    host = {**UPS, "name": "host", "location": "main", "address": "127.0.0.42"}
    server = {**host, "name": "aes1", "address": "127.0.0.43", "depends_on": ["host"]}
    story = Story(site=a_site(COUNTED, server, host))
    for _ in range(3):
        tells(story, cm1()).reads("aes1").reads("host").passes(60)
    for _ in range(6):
        tells(story, cm1()).misses("aes1").misses("host").passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, children(story)) == ("host", [("aes1", "service")])


def test_what_a_silent_parent_said_last_stays_true_as_a_cause() -> None:
    """I3: a UPS tells that its mains are lost, and is dark before its hold is over."""
    gateway = {**GW_EAST, "depends_on": ["ups-east"]}
    story = Story(site=a_site(COUNTED, gateway, GW_WEST, UPS))
    for _ in range(3):
        all_well(story).passes(60)
    all_well(story, "ups-east").reads("ups-east", ON_BATTERY).passes(30)
    for _ in range(10):
        tells(story, cm1(lost(EAST), phones=110, east=False))
        story.misses("gw-east").misses("ups-east").reads("gw-west", registered()).passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.component, ticket.responsibility) == (
        "ups-east",
        "mains",
        "customer_environment",
    )
    assert ticket.severity == "major"
    assert {("gw-east", "location"), ("ups-east", "service")} <= set(children(story))


# --- one class for the whole --------------------------------------------------------------------------------


def test_forty_phones_make_it_minor_and_the_eightieth_makes_it_major_within_the_same_ticket() -> None:
    story = watched()
    for phones, minutes in ((110, 5), (70, 5)):
        for _ in range(minutes):
            tells(story, cm1(phones=phones, east=False)).misses("gw-east")
            story.reads("gw-west", registered()).passes(60)
    (ticket,) = story.tickets
    assert [severity for _, severity in ticket.severities] == ["minor", "major"]
    assert ticket.clause == "half-capacity"
    assert ticket.respond_by is not None  # of the upgrade: its own target


def test_t6_of_two_causes_that_reach_half_together_the_later_one_carries_the_major() -> None:
    story = watched()
    for _ in range(5):  # 8 of 46
        tells(story, cm1(lost(WEST), west=False)).reads("gw-east", registered()).misses("gw-west")
        story.passes(60)
    assert [(t.system, t.severity) for t in story.tickets] == [("gw-west", "minor")]
    for _ in range(5):  # 31 of 46
        tells(story, cm1(lost(WEST), lost(EAST), west=False, east=False))
        story.misses("gw-east").misses("gw-west").passes(60)
    assert [(t.system, t.severity) for t in story.tickets] == [("gw-west", "minor"), ("gw-east", "major")]
    (carrier,) = [child for child in story.tickets[1].children if child.role == "trunks"]
    assert "31 of 46 trunks out of service" in carrier.summary
    assert carrier.considered == ("half-capacity: with what TW-000001 holds, trunk-group 2 (T6)",)


def test_t6_a_member_that_was_lost_for_weeks_does_not_keep_the_major_from_its_cause() -> None:
    story = watched()
    for _ in range(5):
        tells(story, cm1(lost(SIP, 1))).reads("gw-east", registered()).reads("gw-west", registered())
        story.passes(60)
    assert [(t.role, t.severity) for t in story.tickets] == [("trunks", "minor")]
    for _ in range(5):
        tells(story, cm1(lost(SIP, 1), lost(EAST), phones=110, east=False)).misses("gw-east")
        story.reads("gw-west", registered()).passes(60)
    assert [(t.system, t.role, t.severity) for t in story.tickets] == [
        ("cm1", "trunks", "minor"),
        ("gw-east", "location", "major"),
    ]
    assert "1 of 46 trunks" in story.tickets[0].summary


# --- who waits for whom (I7) --------------------------------------------------------------------------------


def test_i7_a_child_that_is_due_waits_for_the_next_reading_of_its_parent() -> None:
    """Trunks of gw-east fail by the phone system's word; the gateway is read half a minute after each."""
    story = watched()
    story.reads("gw-east", registered())
    tells(story.passes(1), cm1(lost(EAST))).passes(60)
    assert story.tickets == []  # due, and gw-east was not read since
    story.reads("gw-east", registered())
    assert [(t.system, t.role) for t in story.tickets] == [("cm1", "trunks")]


def test_i7_it_does_not_wait_for_ever() -> None:
    story = tells(watched(), cm1(lost(EAST)))
    began = story.now
    story.passes(400)
    (ticket,) = story.tickets
    assert (ticket.received - began).total_seconds() == 60 + 150


def test_i7_a_parent_that_is_silent_one_way_has_not_answered_before_the_other_way_is_heard() -> None:
    """Its command line still says that it serves, from before; the phone system has lost it already."""
    ways: Mapping[ProtocolName, float] = {"snmp": 60, "ssh": 60}
    story = Story(site=a_site(COUNTED, GW_EAST, GW_WEST), ways={"gw-east": ways})
    for _ in range(3):
        all_well(story).reads("gw-east", registered(), protocol="ssh").passes(60)
    all_well(story).reads("gw-east", registered(), protocol="ssh").passes(1)
    for seconds in (60, 10):  # over the hold of trunks and phones
        tells(story, cm1(lost(EAST), phones=110, east=False)).misses("gw-east").passes(seconds)
    assert story.tickets == []
    story.misses("gw-east", protocol="ssh")
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.clause) == ("gw-east", "location", "half-capacity")
    assert {("cm1", "stations"), ("cm1", "trunk-group 1")} <= set(children(story))


def test_i7_a_cause_that_is_seen_while_its_child_is_due_raises_with_it_whatever_its_own_hold() -> None:
    story = watched()
    story.reads("gw-east", registered()).passes(1)
    tells(story, cm1(lost(EAST))).passes(61)
    story.reads("gw-east", registered(serves=False))  # the first that is heard of it
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role) == ("gw-east", "location")
    assert children(story) == [("cm1", "trunk-group 1")]
    assert (ticket.received - ticket.began).total_seconds() == 0


def test_i8_a_ticket_keeps_its_failure_and_a_cause_that_is_found_later_is_another_and_names_it() -> None:
    story = watched()
    story.polls(
        4, cm1(lost(EAST)), ("gw-east", (registered(),)), ("gw-west", (registered(),))
    )  # no cause to be seen
    assert [(t.id, t.role) for t in story.tickets] == [("TW-000001", "trunks")]
    cut_east(story, 5)
    assert [(t.id, t.system, t.role) for t in story.tickets] == [
        ("TW-000001", "cm1", "trunks"),
        ("TW-000002", "gw-east", "location"),
    ]
    assert ("cm1", "trunk-group 1") not in children(story, 1)
    assert story.tickets[1].related == () or "TW-000001" in story.tickets[1].related[0]


def test_i9_what_still_fails_when_its_cause_is_gone_is_held_from_then_and_shows_its_first_beginning() -> None:
    story = cut_east(watched(), 5)
    first = story.tickets[0].children[0].began
    for _ in range(6):  # the gateway is back, its trunks are not
        tells(story, cm1(lost(EAST), phones=150))
        story.reads("gw-east", registered()).reads("gw-west", registered()).passes(60)
    root, child = story.tickets
    assert (root.state, child.state) == ("resolved", "open")
    assert (child.system, child.role, child.severity) == ("cm1", "trunks", "major")
    assert root.resolved is not None
    assert (child.received - root.resolved).total_seconds() == 60
    assert child.began <= first


def test_i9_what_waited_for_a_cause_in_a_window_is_held_anew_when_that_is_well() -> None:
    """Phones take a minute to come back after the gateway does: that is no failure of theirs."""
    window = {
        "name": "work",
        "begins": "2026-11-20 17:00",
        "ends": "2026-11-20 18:00",
        "systems": ["gw-east"],
    }
    story = cut_east(watched(windows=[window]), 5)
    assert story.tickets == []
    tells(story, cm1(phones=110)).reads("gw-east", registered()).reads("gw-west", registered()).passes(50)
    assert story.tickets == []
    all_well(story).passes(600)
    assert story.tickets == []


# --- a phone system that is down, and its spare -------------------------------------------------------------


def test_a_dead_phone_system_takes_its_gateways_along() -> None:
    story = watched()
    for _ in range(6):
        story.misses("cm1").reads("gw-east", registered(serves=False))
        story.reads("gw-west", registered(serves=False)).passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.clause) == ("cm1", "complete-outage")
    assert sorted(children(story)) == [("gw-east", "location"), ("gw-west", "location")]


def test_i11_gateways_that_move_to_a_survivable_processor_are_one_incident_with_them_as_children() -> None:
    moved = replace(registered(), controller="survivable")
    story = watched()
    for _ in range(6):
        story.misses("cm1").reads("gw-east", moved).reads("gw-west", moved).passes(60)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.role) == ("minor", "redundancy")
    assert ticket.summary.startswith("redundancy in use, service kept")
    assert children(story) == [("cm1", "service")]


def test_i11_a_partial_failback_says_who_is_back() -> None:
    moved = replace(registered(), controller="survivable")
    story = watched()
    for _ in range(4):
        tells(story, cm1()).reads("gw-east", moved).reads("gw-west", moved).passes(60)
    assert [ticket.summary for ticket in story.tickets] == [
        "redundancy in use, service kept: survivable processors serve 2 of 2 gateways"
    ]
    for _ in range(20):
        tells(story, cm1()).reads("gw-east", registered()).reads("gw-west", moved).passes(60)
    assert sum(line.split()[1] == "updated" for line in story.log) == 1
    (ticket,) = story.tickets
    assert ticket.summary.endswith("1 of 2 gateways; partial failback: gw-east back on the main server")


# --- the same device tells it twice -------------------------------------------------------------------------


def test_an_alarm_of_the_same_minutes_as_a_fault_of_the_same_device_is_the_same_ticket() -> None:
    story = watched()
    fault = (
        seen("equipment", "PSU 2", 1),
        Observation(role="alarm", component="power supply fault", vendor_severity="major", lost=1, total=1),
    )
    story.polls(5, cm1(), ("gw-east", (registered(), *fault)), ("gw-west", (registered(),)))
    (ticket,) = story.tickets
    assert (ticket.role, ticket.component) == ("equipment", "PSU 2")
    assert children(story) == [("gw-east", "power supply fault")]


def test_an_alarm_that_comes_an_hour_after_a_fault_is_a_ticket_of_its_own() -> None:
    story = watched()
    fan = seen("equipment", "PSU 2", 1)
    alarm = Observation(role="alarm", component="fan", vendor_severity="major", lost=1, total=1)
    story.polls(60, cm1(), ("gw-east", (registered(), fan)), ("gw-west", (registered(),)))
    story.polls(5, cm1(), ("gw-east", (registered(), fan, alarm)), ("gw-west", (registered(),)))
    assert [(t.role, t.component) for t in story.tickets] == [("equipment", "PSU 2"), ("alarm", "fan")]


# --- after a restart of the agent ---------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [1, 2, 3, 5])
def test_a_kill_at_any_time_gives_the_same_ticket_with_the_same_children(minutes: int) -> None:
    story = cut_east(watched(), minutes)
    story.agent_is_killed()
    cut_east(story, 10 - minutes)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.clause) == ("gw-east", "location", "half-capacity")
    assert sorted(children(story)) == [
        ("cm1", "stations"),
        ("cm1", "trunk-group 1"),
        ("gw-east", "service"),
    ]


# --- storms (I14) -------------------------------------------------------------------------------------------


def test_i14_more_than_twenty_new_tickets_in_ten_minutes_fold_into_one_and_none_is_lost() -> None:
    story = watched()
    fans = tuple(seen("equipment", f"fan {n}", 1) for n in range(30))
    story.polls(5, cm1(), ("gw-east", (registered(),)), ("gw-west", (registered(), *fans)))
    assert len(story.tickets) == 21
    assert story.tickets[-1].summary.startswith("storm: more than 20 new tickets in 10 minutes")
    assert len(children(story, -1)) == 10
    well = tuple(replace(fan, lost=0) for fan in fans)
    story.polls(5, cm1(), ("gw-east", (registered(),)), ("gw-west", (registered(), *well)))
    assert {ticket.state for ticket in story.tickets} == {"resolved"}


def test_i14_what_a_cause_takes_along_comes_to_the_storm_with_it() -> None:
    story = watched()
    fans = tuple(seen("equipment", f"fan {n}", 1) for n in range(25))
    broken = "gw-west", (registered(), *fans)
    story.polls(3, cm1(), ("gw-east", (registered(),)), broken)
    assert len(story.tickets) == 21
    for _ in range(4):
        tells(story, cm1(lost(EAST), phones=110, east=False)).misses("gw-east")
        tells(story, broken).passes(60)
    assert len(story.tickets) == 21
    storm = story.tickets[-1]
    assert {("cm1", "trunk-group 1"), ("cm1", "stations"), ("gw-east", "location")} <= set(
        children(story, -1)
    )
    assert (storm.severity, storm.clause) == ("major", "half-capacity")  # the worst of them


def test_i14_a_failure_of_a_storm_can_be_broken_out_and_the_storm_goes_on_without_it() -> None:
    story = watched()
    fans = tuple(seen("equipment", f"fan {n}", 1) for n in range(30))
    readings = cm1(), ("gw-east", (registered(),)), ("gw-west", (registered(), *fans))
    story.polls(5, *readings)
    storm = story.tickets[-1]
    first = storm.children[0]
    with pytest.raises(Refused, match="expected what TW-000021 holds"):
        story.does("break-out", storm.id, part="gw-west fan 99")
    story.does("break-out", storm.id, part=first.name, note="it is another matter")
    own = story.tickets[-1]
    assert (own.component, own.state, own.acts[0].by) == (first.component, "open", "ana")
    assert first.name not in [child.name for child in story.tickets[-2].children]
    story.polls(5, *readings)
    assert len(story.tickets) == 22
    well = tuple(replace(fan, lost=0) for fan in fans)
    story.polls(5, cm1(), ("gw-east", (registered(),)), ("gw-west", (registered(), *well)))
    assert {ticket.state for ticket in story.tickets} == {"resolved"}


# --- what cannot be seen, and an agent that was down --------------------------------------------------------


def test_a_ticket_of_a_system_that_is_not_seen_stays_as_it_is_and_says_so() -> None:
    story = watched()
    story.polls(4, cm1(), ("gw-east", (registered(), FAN)), ("gw-west", (registered(),)))
    for _ in range(5):
        tells(story, cm1()).misses("gw-east").reads("gw-west", registered()).passes(60)
    fan, sight = story.tickets
    assert (fan.role, fan.state, f"{fan.unseen_since:%H:%M}") == ("equipment", "open", "17:07")
    assert (sight.role, sight.unseen_since) == ("service", None)


def test_what_another_system_tells_of_one_that_is_not_seen_is_seen() -> None:
    story = cut_east(watched(), 5)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.unseen_since) == ("gw-east", None)  # the phone system tells of it


def test_after_the_agent_was_down_nothing_is_raised_or_cleared_before_every_system_was_asked() -> None:
    story = cut_east(watched(), 5)
    before = list(story.entries)
    story.agent_is_killed()
    story.quiet = True
    all_well(story, "gw-west").passes(600)
    assert {entry.body.kind for entry in story.entries[len(before) :]} <= {"sight_back"}
    story.quiet = False
    for _ in range(3):
        all_well(story).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_what_is_pending_says_for_whom_it_waits() -> None:
    story = watched()
    story.reads("gw-east", registered()).passes(1)
    tells(story, cm1(lost(EAST))).passes(60)
    assert pending_texts(story.knowledge.incidents, ZONE) == (
        "cm1: 23 of 46 trunks out of service; seen failing for 60 s of 60 s, until gw-east is read",
    )
