"""Whatever fails in whatever order: nothing is lost or told twice, and nothing stays open for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.failures import Key
from agent.incidents import Incidents
from agent.site import Site, Storm
from agent.tickets import Tickets
from collectors.base import Observation, ProtocolName
from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, registered, seen, stations, trunk_group, works

Kind = Literal["wan-east", "wan-west", "carrier", "fan", "cm-down", "path-east", "agent", "phones"]
KINDS: tuple[Kind, ...] = (
    "wan-east",
    "wan-west",
    "carrier",
    "fan",
    "cm-down",
    "path-east",
    "agent",
    "phones",
)
PROBE = {"product": "probe", "function": "network", "tcp": {"port": 22}}
SYSTEMS: tuple[dict[str, Any], ...] = (
    {**CM1, "stations": {"expected": 150}},
    GW_EAST,
    GW_WEST,
    {**PROBE, "name": "router", "location": "main", "address": "127.0.0.2"},
    {**PROBE, "name": "router-east", "location": "east", "address": "127.0.0.40"},
)
SITE = a_site(
    *SYSTEMS,
    locations=[
        {"name": "main", "probes": ["router"]},
        {"name": "east", "probes": ["router-east"]},
        {"name": "west"},
    ],
)
STORMY = SITE.model_copy(update={"storm": Storm(tickets=1, within=timedelta(hours=1))})
WAYS: dict[str, dict[ProtocolName, float]] = {"router": {"tcp": 60}, "router-east": {"tcp": 60}}
NAMES = tuple(str(system["name"]) for system in SYSTEMS)


@dataclass(frozen=True)
class Fault:
    """What fails from one minute on until before another."""

    kind: Kind
    begins: int
    ends: int


def world(faults: Iterable[Fault], minute: int) -> dict[str, tuple[Observation, ...] | None]:
    """What each system would answer in that minute; None: nothing."""
    now = {fault.kind for fault in faults if fault.begins <= minute < fault.ends}
    cut = {place for place in ("east", "west") if f"wan-{place}" in now}
    alone = cut | ({"east", "west"} if "cm-down" in now else set())
    groups = (
        trunk_group(1, 23 if "east" in alone else 0, 23, gateway=1),
        trunk_group(2, 8 if "west" in alone else 0, 8, gateway=2),
        trunk_group(3, 15 if "carrier" in now else 0, 15, side="far"),
    )
    phones = 150 - 40 * ("east" in cut) - 30 * ("west" in cut) - 60 * ("phones" in now)
    listed = tuple(
        seen("location", f"gateway {number:03}", 1 if place in cut else 0, number=number)
        for number, place in ((1, "east"), (2, "west"))
    )
    told: dict[str, tuple[Observation, ...] | None] = {
        "cm1": None if "cm-down" in now else (works(), *groups, *listed, stations(phones)),
        "gw-east": None
        if cut & {"east"} or "path-east" in now
        else (registered("east" not in alone), seen("equipment", "fans", 1 if "fan" in now else 0)),
        "gw-west": None if "west" in cut else (registered("west" not in alone),),
        "router": (),
        "router-east": None if cut & {"east"} or "path-east" in now else (),
    }
    return dict.fromkeys(told) if "agent" in now else told


def minute_of(story: Story, faults: Iterable[Fault], minute: int, order: Iterable[str]) -> None:
    """One poll of each system, ten seconds apart, in that order."""
    answers = world(faults, minute)
    for name in order:
        protocol: ProtocolName = "tcp" if name in WAYS else "snmp"
        told = answers[name]
        if told is None:
            story.misses(name, protocol=protocol)
        else:
            story.reads(name, *told, protocol=protocol)
        story.passes(10)
    story.passes(60 - 10 * len(NAMES))


def held_by(story: Story) -> dict[Key, list[str]]:
    """Which open tickets hold each failure, by the journal alone."""
    found: dict[Key, list[str]] = {}
    for ticket in Tickets.fold(story.entries).open:
        found.setdefault(ticket.key, []).append(ticket.id)
        for child in ticket.ruling.children:
            if not child.well:
                found.setdefault(child.key, []).append(ticket.id)
    return found


faults = st.lists(
    st.builds(
        lambda kind, begins, lasts: Fault(kind, begins, begins + lasts),
        st.sampled_from(KINDS),
        st.integers(3, 20),
        st.integers(1, 15),
    ),
    max_size=4,
)
sites = st.sampled_from((SITE, STORMY))
orders = st.lists(st.permutations(NAMES), min_size=45, max_size=45)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(site=sites, faults=faults, orders=orders)
def test_what_outlasts_its_hold_is_in_exactly_one_ticket_or_pending_at_every_instant(
    site: Site, faults: list[Fault], orders: list[list[str]]
) -> None:
    story = Story(site=site, ways=WAYS)
    for minute, order in enumerate(orders):
        minute_of(story, faults, minute, order)
        held = held_by(story)
        assert all(len(tickets) == 1 for tickets in held.values()), held
        assert set(held) == set(story.knowledge.incidents.open)
        judged = story.knowledge._judged_by(
            story.knowledge.picture, site, story.contract, story.watches, story.now
        )
        for failure in judged.failures:
            assert failure.key in held or failure.key in story.knowledge.incidents.pending, failure
        for key, waiting in story.knowledge.incidents.pending.items():
            if key in judged.blind:
                continue  # a hold runs only while its part is seen
            # What waits has not lasted, or waits for its parents for at most as long as it may.
            late = waiting.asked is not None and story.now - waiting.asked <= timedelta(seconds=150)
            assert late or waiting.needs is None or waiting.held < waiting.needs, waiting


@FEW
@given(site=sites, faults=faults, orders=orders)
def test_nothing_stays_open_when_nothing_of_it_fails(
    site: Site, faults: list[Fault], orders: list[list[str]]
) -> None:
    story = Story(site=site, ways=WAYS)
    for minute, order in enumerate(orders):
        minute_of(story, faults, minute, order)
    # Every fault is over for ten minutes; a way into the site was never lost for longer than that.
    assert [ticket for ticket in story.tickets if ticket.state == "open"] == []
    assert not story.knowledge.incidents.pending


@FEW
@given(site=sites, faults=faults, orders=orders, killed=st.integers(0, 44))
def test_a_kill_at_any_time_forgets_no_ticket_and_tells_none_twice(
    site: Site, faults: list[Fault], orders: list[list[str]], killed: int
) -> None:
    story = Story(site=site, ways=WAYS)
    for minute, order in enumerate(orders):
        if minute == killed:
            before = story.knowledge.incidents
            story.agent_is_killed()
            after = story.knowledge.incidents
            assert _told(after) == _told(before)
            assert after.tickets == before.tickets
        minute_of(story, faults, minute, order)
        assert all(len(tickets) == 1 for tickets in held_by(story).values())
    assert [ticket for ticket in story.tickets if ticket.state == "open"] == []


def _told(incidents: Incidents) -> dict[Key, tuple[str, Key | None]]:
    return {key: (told.ticket, told.root) for key, told in incidents.open.items()}


one_fault = st.builds(
    lambda kind, lasts: Fault(kind, 5, 5 + lasts), st.sampled_from(KINDS), st.integers(6, 15)
)


@FEW
@given(fault=one_fault, one=orders, other=orders)
def test_the_order_of_the_polls_makes_no_other_tickets(
    fault: Fault, one: list[list[str]], other: list[list[str]]
) -> None:
    assert _tickets(fault, one) == _tickets(fault, other)


def _tickets(fault: Fault, orders: list[list[str]]) -> list[tuple[object, ...]]:
    story = Story(site=SITE, ways=WAYS)
    for minute, order in enumerate(orders[: fault.ends]):
        minute_of(story, (fault,), minute, order)
    return [
        (
            ticket.system,
            ticket.role,
            ticket.severity,
            ticket.clause,
            sorted((child.system or "", child.component or child.role) for child in ticket.children),
        )
        for ticket in story.tickets
    ]


def test_a_probe_is_waited_for_while_its_silence_may_still_be_the_agents_own_network() -> None:
    orders = [list(NAMES)] * 45
    orders[5] = ["cm1", "gw-east", "gw-west", "router", "router-east"]
    orders[6] = ["router-east", "gw-west", "router", "cm1", "gw-east"]  # missed twice before anything answers
    found = _tickets(Fault("wan-east", 5, 14), orders)
    assert [(each[0], each[1], each[2]) for each in found] == [("router-east", "service", "major")]


def test_each_of_these_faults_is_one_ticket() -> None:
    orders = [list(NAMES)] * 45
    found = {kind: _tickets(Fault(kind, 5, 20), orders) for kind in KINDS}
    assert {kind: [(each[0], each[1], each[2]) for each in tickets] for kind, tickets in found.items()} == {
        "wan-east": [("router-east", "service", "major")],
        "wan-west": [("gw-west", "location", "minor")],
        "carrier": [("cm1", "trunks", "minor")],
        "fan": [("gw-east", "equipment", "minor")],
        "cm-down": [("cm1", "service", "major")],
        "path-east": [("router-east", "service", "minor")],
        "agent": [(None, "access", "minor")],
        "phones": [("cm1", "stations", "minor")],
    }
