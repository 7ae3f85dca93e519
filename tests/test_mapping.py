"""What stands on a ticket beside its class: whose fault, what is hit, another contract's level, whom to call.

Each line of the mapping from Agility to the manufacturer's levels has its case.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.agreement import Agreement, decided
from agent.loading import load_contract
from agent.printing import console, show_ticket
from agent.questions import TICKETS
from agent.views import TicketView, moment
from collectors.base import Observation
from tests.story import (
    CM1,
    GW_EAST,
    GW_WEST,
    ZONE,
    Story,
    a_site,
    an_agreement,
    on_hold,
    registered,
    seen,
    stations,
    trunk_group,
    works,
)

ALARM: dict[str, Any] = {"role": "alarm", "lost": 1, "total": 1}
MAJOR_BOARD = Observation(component="MG-DSP 001V4", vendor_severity="major", **ALARM)
MINOR_BOARD = Observation(component="MG-DSP 001V4", vendor_severity="minor", **ALARM)
DS1_FAR = Observation(component="DS1 001V2", vendor_severity="major", side="far", **ALARM)


def mapped(story: Story, other: str = "avaya-preferred", **decisions: Any) -> Story:
    """The story, with the levels of that contract beside its own."""
    story.terms = replace(story.terms, mapped=an_agreement(other, **decisions))
    return story


def after(*observations: Observation, story: Story | None = None, system: str = "cm1") -> Story:
    """These were seen for long enough to be told."""
    told = story or Story(site=a_site(CM1))
    return told.reads(system).polls(4, (system, observations))  # the first contact finds no alarm (M4)


def the_ticket(story: Story) -> TicketView:
    (ticket,) = story.tickets
    return ticket


# --- another contract's level -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen_so", "own", "clause", "title", "outcome"),
    [
        ((trunk_group(1, 23, 46),), "half-capacity", "outage", "Outage", "ticket"),
        ((MAJOR_BOARD,), "not-major", "major-alarm", "Severe Business Impact", "ticket"),
        ((MINOR_BOARD,), "not-major", "minor-alarm", "Business Impact", "ticket"),
        ((DS1_FAR,), "not-major", "off-board", "Business Impact", "notification"),
        ((trunk_group(1, 5, 46, side="far"),), "not-major", "off-board", "Business Impact", "notification"),
        ((trunk_group(1, 23, 46, side="far"),), "half-capacity", "outage", "Outage", "ticket"),
        ((seen("redundancy", "standby", 1),), "not-major", "workaround", "Non-Service Impact", "ticket"),
        ((seen("equipment", "fan 1", 1),), "not-major", "business-impact", "Business Impact", "ticket"),
    ],
)
def test_a_ticket_carries_the_level_of_the_other_contract(
    seen_so: tuple[Observation, ...], own: str, clause: str, title: str, outcome: str
) -> None:
    ticket = the_ticket(mapped(after(*seen_so)))
    assert ticket.clause == own
    assert ticket.mapped is not None
    assert (ticket.mapped.clause, ticket.mapped.title, ticket.mapped.outcome) == (clause, title, outcome)
    assert (ticket.mapped.respond_by is None) == (outcome == "notification")
    assert ticket.mapped.contract == "avaya-preferred SAS-3.14-1"


def test_m1_the_vendors_major_on_one_board_is_minor_here_and_severe_there() -> None:
    ticket = the_ticket(mapped(after(MAJOR_BOARD)))
    assert (ticket.severity, ticket.rules) == ("minor", ("M1", "M7"))
    assert ticket.clause_text == (
        "Minor failures are defined as any failure not included in the definition of a major failure"
    )
    assert "vendor severity major" in ticket.evidence[0]
    assert ticket.mapped is not None
    assert ticket.mapped.severity == "severe-business-impact"


def test_a_complete_outage_and_the_other_majors_are_outage_and_severe() -> None:
    """The facts are those that the rules state; which rules, is not asked."""
    story = mapped(Story(site=a_site(CM1)).polls(4, ("cm1", (seen("service", "call processing", 1),))))
    assert the_ticket(story).clause == "complete-outage"
    level = the_ticket(story).mapped
    assert level is not None
    assert level.severity == "outage"


@pytest.mark.parametrize(
    ("other", "decisions", "due"),
    [
        ("avaya-preferred", {}, "Fri 2026-11-20 17:16 CST"),
        ("avaya-preferred", {"channel": "phone"}, "Fri 2026-11-20 18:01 CST"),
        ("avaya-essential", {}, "Fri 2026-11-20 18:01 CST"),
        ("intervision", {}, "Fri 2026-11-20 17:31 CST"),
    ],
)
def test_the_other_level_has_its_own_due_time_by_its_channel(
    other: str, decisions: dict[str, Any], due: str
) -> None:
    ticket = the_ticket(mapped(after(trunk_group(1, 23, 46)), other, **decisions))
    assert ticket.respond_by is not None
    assert moment(ticket.respond_by) == "Mon 2026-11-23 09:01 CST"
    assert ticket.mapped is not None
    assert ticket.mapped.respond_by is not None
    assert moment(ticket.mapped.respond_by) == due


def test_the_other_level_follows_the_vendors_word() -> None:
    """I16: a rewritten level is evidence anew, though the class stays."""
    story = mapped(after(MINOR_BOARD))
    story.polls(7, ("cm1", (MAJOR_BOARD,)))
    level = the_ticket(story).mapped
    assert level is not None
    assert level.clause == "major-alarm"
    assert the_ticket(story).severity == "minor"


def test_a_site_in_another_zone_is_answered_in_its_own_hours() -> None:
    story = Story("2026-11-20 17:30", site=a_site(CM1, GW_EAST))
    story.terms = replace(story.terms, mapped=in_denver("avaya-preferred"))
    after(seen("equipment", "fan 1", 1), story=story, system="gw-east")
    level = the_ticket(story).mapped
    assert level is not None
    assert level.respond_by is not None
    assert moment(level.respond_by) == "Fri 2026-11-20 18:00 CST"  # 17:00 in Denver


def test_a_ticket_keeps_the_hours_of_its_place_in_the_journal() -> None:
    story = Story("2026-11-20 17:30", site=a_site(CM1, GW_EAST))
    story.terms = replace(story.terms, agreement=in_denver("avaya-preferred"))
    story.contract = story.terms.contract
    after(seen("equipment", "fan 1", 1), story=story.takes_agreement(), system="gw-east")
    story.agent_is_killed()
    (ticket,) = story.knowledge.tickets.by_id.values()
    assert ticket.agreement is not None
    due = ticket.due("respond", ticket.agreement)
    assert due is not None
    assert moment(due) == "Fri 2026-11-20 17:00 MST"
    assert the_ticket(story).respond_by == due


def in_denver(name: str) -> Agreement:
    """A contract whose location east is an hour behind."""
    shipped = load_contract(name)
    zones = json.dumps({"zone": "America/Chicago", "zones": {"east": "America/Denver"}})
    return decided(shipped.contract, shipped.source, zones)


# --- emergency calls --------------------------------------------------------------------------------------


def test_emergency_calling_is_affected_where_a_marked_trunk_group_is_hit() -> None:
    site = a_site({**CM1, "trunk_groups": [{"number": 7, "emergency": True}]})
    story = mapped(after(trunk_group(1, 2, 46), trunk_group(7, 0, 4), story=Story(site=site)))
    assert "emergency" not in the_ticket(story).summary
    story = mapped(after(trunk_group(1, 0, 46), trunk_group(7, 4, 4), story=Story(site=site)))
    ticket = the_ticket(story)
    assert ticket.summary == "4 of 50 trunks out of service; emergency calling affected"
    assert ticket.severity == "minor"
    assert ticket.mapped is not None
    assert (ticket.mapped.clause, ticket.mapped.severity) == ("risk-to-life", "outage")


def test_emergency_calling_is_affected_where_a_marked_location_is_lost() -> None:
    places = [{"name": "main"}, {"name": "east", "emergency": True}, {"name": "west"}]
    story = mapped(Story(site=a_site(CM1, GW_EAST, GW_WEST, locations=places)))
    story.polls(4, ("gw-east", (registered(serves=False),)), ("gw-west", (registered(serves=False),)))
    told = {ticket.location: ticket for ticket in story.tickets if ticket.role == "location"}
    assert told["east"].summary.endswith("; emergency calling affected")
    assert "emergency" not in told["west"].summary
    level = told["east"].mapped
    assert level is not None
    assert level.severity == "outage"


def test_a_fan_at_a_marked_location_affects_no_emergency_call() -> None:
    places = [{"name": "main", "emergency": True}]
    story = after(seen("equipment", "fan 1", 1), story=Story(site=a_site(CM1, locations=places)))
    assert the_ticket(story).summary == "fan 1 out of use"


# --- whose fault ------------------------------------------------------------------------------------------

COVERED = {**CM1, "coverage": "24x7"}
PROBE = {"name": "sw-main", "product": "probe", "function": "network", "location": "main"} | {
    "address": "127.0.0.40"
}


@pytest.mark.parametrize(
    ("observation", "responsibility", "note"),
    [
        (seen("equipment", "board 1", 1), "vendor", "covered"),
        (seen("equipment", "PSU 1", 1, side="near"), "vendor", "covered"),
        (seen("environment", "Ambient", 1, room=False), "vendor", "covered"),
        (seen("environment", "Room", 1, room=True), "customer_environment", "not covered: room or power"),
        (seen("environment", "mains", 1, side="power"), "customer_environment", "not covered: room or power"),
        (seen("equipment", "PSU 1", 1, side="power"), "customer_environment", "not covered: room or power"),
        (
            seen("integration", "link 1", 1, side="network"),
            "customer_network",
            "not covered: the customer's own network",
        ),
        (
            DS1_FAR,
            "carrier",
            "not covered: the customer calls the service provider first; "
            "help is billed if the fault proves to be theirs",
        ),
        (trunk_group(9, 1, 9, use="internal", side="far"), "vendor", "covered"),
    ],
)
def test_whose_fault_it_is_is_told_from_the_part(
    observation: Observation, responsibility: str, note: str
) -> None:
    story = Story(site=on_hold(a_site(CM1), room=60, environment=60))
    ticket = the_ticket(after(observation, story=story))
    assert (ticket.responsibility, ticket.note) == (responsibility, note)


@pytest.mark.parametrize(
    ("cm1", "east", "responsibility", "note", "coverage"),
    [
        (CM1, GW_EAST, "vendor", "covered", ""),  # the site did not list its order
        (COVERED, GW_EAST, "not_covered", "not covered: asset not on the order", ""),
        (COVERED, {**GW_EAST, "coverage": "8x5"}, "vendor", "covered", "8x5"),
    ],
)
def test_an_asset_that_is_not_on_the_order_is_not_covered(
    cm1: dict[str, Any], east: dict[str, Any], responsibility: str, note: str, coverage: str
) -> None:
    story = after(seen("equipment", "fan 1", 1), story=Story(site=a_site(cm1, east)), system="gw-east")
    ticket = the_ticket(story)
    assert (ticket.responsibility, ticket.note, ticket.coverage) == (responsibility, note, coverage)


def test_what_is_the_carriers_stays_so_on_an_asset_that_is_not_on_the_order() -> None:
    site = a_site(CM1, {**GW_EAST, "coverage": "8x5"})
    assert the_ticket(after(DS1_FAR, story=Story(site=site))).responsibility == "carrier"
    assert the_ticket(after(MAJOR_BOARD, story=Story(site=site))).responsibility == "not_covered"


def test_a_loss_of_sight_is_nobodys_equipment() -> None:
    site = a_site(CM1, {**GW_EAST, "coverage": "8x5"})
    story = Story(site=site).reads("cm1", works()).reads("gw-east", registered())
    for _ in range(4):
        story.reads("gw-east", registered()).misses("cm1").passes(60)
    assert the_ticket(story).responsibility == "monitoring"


def test_m5_a_dead_customer_switch_that_takes_half_of_the_phones_is_major_and_not_covered() -> None:
    places = [{"name": "main", "depends_on": ["sw-main"]}]
    cm1 = {**COVERED, "stations": {"expected": 100}}
    story = Story(site=a_site(cm1, PROBE, locations=places))
    story.reads("sw-main", seen("service", "path", 0)).reads("cm1", stations(100)).passes(60)
    for _ in range(4):
        story.misses("sw-main").reads("cm1", works(), stations(100)).passes(30)
    for _ in range(3):
        story.misses("sw-main").reads("cm1", works(), stations(45)).passes(60)
    ticket = next(each for each in story.tickets if each.role == "stations")
    assert (ticket.severity, ticket.clause) == ("major", "half-capacity")
    assert ticket.clause_text == "50% of trunks or stations"
    assert ticket.responsibility == "customer_network"
    assert ticket.note == "not covered: the customer's own network (sw-main is down)"


def test_m5_phones_that_are_lost_with_a_switch_that_is_well_are_the_vendors() -> None:
    places = [{"name": "main", "depends_on": ["sw-main"]}]
    story = Story(site=a_site({**COVERED, "stations": {"expected": 100}}, PROBE, locations=places))
    story.reads("cm1", stations(100)).passes(60)
    for _ in range(5):
        story.reads("sw-main", seen("service", "path", 0)).reads("cm1", works(), stations(45)).passes(60)
    ticket = the_ticket(story)
    assert (ticket.severity, ticket.responsibility) == ("major", "vendor")


def test_m5_phones_that_the_system_itself_says_the_network_took_are_not_covered() -> None:
    story = Story(site=a_site({**CM1, "stations": {"expected": 100}})).reads("cm1", stations(100)).passes(60)
    story.polls(3, ("cm1", (replace(stations(45), side="network"),)))
    ticket = the_ticket(story)
    assert (ticket.severity, ticket.responsibility) == ("major", "customer_network")


# --- what is hit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("systems", "system", "observation", "scope"),
    [
        ((CM1,), "cm1", trunk_group(1, 9, 46), "system cm1 at main"),
        ((CM1, GW_EAST, GW_WEST), "cm1", trunk_group(1, 9, 46), "phone system at main, east, west"),
        ((CM1, GW_EAST), "gw-east", registered(serves=False), "location east"),
        ((CM1, GW_EAST), "gw-east", seen("equipment", "dialer", 1), "dialer of gw-east at east"),
        ((CM1,), "cm1", seen("equipment", "board 3", 1, location="east"), "board 3 of cm1 at east"),
    ],
)
def test_a_ticket_says_what_of_the_site_is_hit(
    systems: tuple[dict[str, Any], ...], system: str, observation: Observation, scope: str
) -> None:
    ticket = the_ticket(after(observation, story=Story(site=a_site(*systems)), system=system))
    assert ticket.scope == scope


# --- whom to call, and the term ---------------------------------------------------------------------------

NUMBERS = {
    "sold_to": "0005551234",
    "vendor_phone": "+1 817 555 0142",
    "carrier_phone": "+1 800 555 0199",
}


def a_major(start: str = "2026-11-18 10:00", *, side: Any = "near", **choice: str) -> Story:
    story = Story(start, site=a_site(CM1, contract=choice))
    return after(trunk_group(1, 23, 46, side=side), story=story)


def test_a_major_prints_the_numbers_to_call() -> None:
    assert the_ticket(a_major(**NUMBERS)).calls == ("vendor: +1 817 555 0142", "Sold To number: 0005551234")
    assert the_ticket(a_major(side="far", **NUMBERS)).calls == (
        "carrier first: +1 800 555 0199",
        "vendor: +1 817 555 0142",
        "Sold To number: 0005551234",
    )


def test_a_major_outside_coverage_hours_says_how_long_the_contract_lets_it_wait() -> None:
    assert the_ticket(a_major("2026-11-21 03:00", **NUMBERS)).calls[0] == (
        "outside coverage hours: waits for the opening Mon 2026-11-23 07:00 CST by this contract; call"
    )


def test_a_site_that_gives_no_number_is_told_so() -> None:
    assert the_ticket(a_major(side="far")).calls == (
        "carrier first: the site file gives none (contract: carrier_phone)",
        "vendor: the site file gives none (contract: vendor_phone)",
        "Sold To number: the site file gives none (contract: sold_to)",
    )


def test_nobody_is_called_for_a_minor_or_for_what_is_over() -> None:
    story = Story(site=a_site(CM1, contract=NUMBERS)).polls(3, ("cm1", (trunk_group(1, 5, 46),)))
    assert the_ticket(story).calls == ()
    story = a_major(**NUMBERS).polls(4, ("cm1", (trunk_group(1, 0, 46),)))
    assert (the_ticket(story).state, the_ticket(story).calls) == ("resolved", ())


def test_a_priority_two_is_opened_by_calling() -> None:
    """InterVision: an electronic ticket alone does not open it, whatever the hour."""
    story = Story("2026-11-21 03:00", site=a_site(CM1, contract=NUMBERS))
    story.terms = replace(story.terms, agreement=an_agreement("intervision"))
    story.contract = story.terms.contract
    after(trunk_group(1, 23, 46), story=story.takes_agreement())
    ticket = the_ticket(story)
    assert (ticket.severity, ticket.clause) == ("p2", "severely-degraded")
    assert ticket.calls == (
        "an electronic ticket alone does not open it: call",
        "vendor: +1 817 555 0142",
        "Sold To number: 0005551234",
    )


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("2026-11-18 23:00", ""),
        ("2026-11-19 00:00", "contract lapsed on 2026-11-18"),
        ("2026-10-31 23:00", "contract begins on 2026-11-01 only"),
        ("2026-11-01 00:00", ""),
    ],
)
def test_a_ticket_received_outside_the_term_says_so_and_goes_on(start: str, words: str) -> None:
    story = Story(start, site=a_site(CM1))
    shipped = load_contract("agility")
    term = json.dumps({"term": {"begins": "2026-11-01", "ends": "2026-11-18"}})
    story.terms = replace(story.terms, agreement=decided(shipped.contract, shipped.source, term))
    ticket = the_ticket(after(trunk_group(1, 23, 46), story=story.takes_agreement()))
    assert (ticket.lapsed, ticket.outside_term) == (bool(words), words)
    assert ticket.respond_by is not None


def test_the_screen_of_a_ticket_has_all_of_it() -> None:
    story = mapped(a_major("2026-11-21 03:00", side="far", **NUMBERS))
    over_the_socket = TICKETS.validate_json(TICKETS.dump_json((the_ticket(story),)))
    screen = console()
    with screen.capture() as capture:
        screen.print(show_ticket(over_the_socket[0], ZONE))
    lines = [" ".join(line.split()) for line in capture.get().splitlines()]
    assert (
        "call outside coverage hours: waits for the opening Mon 2026-11-23 07:00 CST by this contract; call"
        in (lines)
    )
    assert "scope system cm1 at main" in lines
    (terms,) = (line for line in lines if line.startswith("contract agility 51401-1"))
    assert "schedule-b" in terms
    assert (
        "elsewhere Outage under avaya-preferred SAS-3.14-1 (outage): respond by Sat 2026-11-21 03:16 CST"
        in lines
    )
