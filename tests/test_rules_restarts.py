"""Restarts: which of them count, which are one, and when they are continual (R1-R4, O5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import Observation, ProtocolName, RestartEvent
from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, works

CONTINUAL = "Continual system (phone system and voice mail) restarts are considered major failures."
MINOR = "Minor failures are defined as any failure not included in the definition of a major failure"
VM1 = {**CM1, "name": "vm1", "product": "other", "function": "voicemail", "address": "127.0.0.60"}
AES1 = {**VM1, "name": "aes1", "function": "contact_centre", "address": "127.0.0.70"}
PART = {**GW_EAST, "part_of": "phone_system"}


def restart(
    at: datetime, source: Any = "record", *, level: str = "reboot", planned: bool = False
) -> Observation:
    """One restart, as a device tells it."""
    event = RestartEvent(at, level, planned, source)
    return Observation(role="restart", component="restarts", events=(event,))


def ago(story: Story, seconds: float, **more: Any) -> Observation:
    """A restart that an uptime tells, so many seconds before now."""
    return restart(story.now - timedelta(seconds=seconds), "uptime", **more)


def restarted(system: dict[str, Any], *minutes: float, start: str = "2026-11-20 17:00", **site: Any) -> Story:
    """That system met at `start`, and restarting so many minutes later, told by records a few seconds on."""
    story = Story(start, site=a_site(system, **site)).reads(system["name"])
    begun = story.now + timedelta(minutes=1)
    for minute in minutes:
        at = begun + timedelta(minutes=minute)
        story.passes((at - story.now).total_seconds() + 10).reads(system["name"], restart(at))
    return story


def severities(story: Story) -> list[str]:
    """Of the only ticket: every class that it had."""
    (ticket,) = story.tickets
    return [severity for _, severity in ticket.severities]


# --- continual (R1, R2) ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "classes"),
    [
        (CM1, ["minor", "major"]),
        (VM1, ["minor", "major"]),
        (PART, ["minor", "major"]),
        (GW_EAST, ["minor"]),  # a gateway counts only where the site says so
        (AES1, ["minor"]),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_r1_only_a_phone_systems_and_a_voicemails_restarts_are_continual(
    system: dict[str, Any], classes: list[str]
) -> None:
    story = restarted(system, 0, 20, 40)
    (ticket,) = story.tickets
    assert severities(story) == classes
    assert ticket.clause_text == (CONTINUAL if "major" in classes else MINOR)
    assert ticket.role == "restart"
    if classes == ["minor"]:
        assert "(R1)" in ticket.considered[0]
    else:
        assert ticket.rules[:2] == ("R1", "R2")


def test_r1_a_phone_systems_servers_and_the_gateways_that_are_part_of_it_are_counted_together() -> None:
    story = Story(site=a_site(CM1, PART)).reads("cm1", works()).reads("gw-east").passes(60)
    for system in ("cm1", "gw-east", "cm1"):
        story.reads(system, restart(story.now - timedelta(seconds=5))).passes(600)
    assert [(t.system, t.severity) for t in story.tickets] == [("cm1", "major"), ("gw-east", "minor")]
    assert "continual, 3 restarts of cm1, gw-east within 20 min" in story.tickets[0].summary

    # One power cut restarts both: that is one restart of the phone system, whoever tells it.
    story = Story(site=a_site(CM1, PART)).reads("cm1", works()).reads("gw-east").passes(60)
    for _ in range(2):
        story.reads("cm1", restart(story.now - timedelta(seconds=90)))
        story.reads("gw-east", restart(story.now - timedelta(seconds=5))).passes(1200)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}


@pytest.mark.parametrize(
    ("minutes", "classes"),
    [
        ((0, 30, 60), ["minor", "major"]),  # 60:00 apart, inclusive
        ((0, 30, 60 + 1 / 60), ["minor"]),
        ((0, 50, 100, 150), ["minor"]),
        ((0, 50, 100, 150, 200), ["minor", "major"]),  # five in 24 hours
    ],
)
def test_r2_three_restarts_in_an_hour_or_five_in_a_day_are_continual(
    minutes: tuple[float, ...], classes: list[str]
) -> None:
    story = restarted(CM1, *minutes)
    assert severities(story) == classes
    assert story.tickets[0].clause_text == (CONTINUAL if "major" in classes else MINOR)


@pytest.mark.parametrize(("last", "continual"), [(24 * 60.0, True), (24 * 60 + 1 / 60, False)])
def test_r2_five_in_a_day_are_counted_over_the_tickets_that_ended_between(
    last: float, continual: bool
) -> None:
    story = restarted(CM1, 0, 300, 600, 900, last)
    assert [ticket.state for ticket in story.tickets] == ["resolved"] * 4 + ["open"]
    assert story.tickets[-1].severity == ("major" if continual else "minor")


def test_r2_a_restart_stands_until_an_hour_without_another_and_does_not_fall_back_from_major() -> None:
    story = restarted(CM1, 0, 20, 40)
    assert story.tickets[0].severity == "major"
    story.passes(59 * 60).reads("cm1", works())
    at = story.now - timedelta(seconds=30)
    story.reads("cm1", restart(at)).passes(50 * 60)  # no three in an hour any more
    assert severities(story) == ["minor", "major"]
    story.reads("cm1", works()).passes(600 + 60)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.state) == ("major", "resolved")
    assert ticket.resolved is not None
    assert ticket.resolved - at == timedelta(minutes=60)  # at its own instant, unasked


def test_r2_a_decision_of_the_site_changes_how_many_are_continual() -> None:
    story = Story(site=a_site(CM1), restarts_many=2, restarts_within="10 min").reads("cm1").passes(60)
    for _ in range(2):
        story.reads("cm1", restart(story.now - timedelta(seconds=5))).passes(600)
    assert severities(story) == ["minor", "major"]


# --- which count (R3, O5) ----------------------------------------------------------------------------------


def test_r3_every_level_counts_and_those_that_craft_demanded_do_not() -> None:
    story = Story(site=a_site(CM1)).reads("cm1").passes(60)
    for level, planned in (("WARM", False), ("REBOOT", True), ("COLD2", False), ("REBOOT", False)):
        at = story.now - timedelta(seconds=5)
        story.reads("cm1", restart(at, level=level, planned=planned)).passes(600)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause_text) == ("major", CONTINUAL)
    assert [text.split(" at ")[0] for text in ticket.evidence] == [
        "cm1 restarts: WARM",
        "cm1 restarts: COLD2",
        "cm1 restarts: REBOOT",
    ]


def test_r3_a_restart_inside_a_maintenance_window_does_not_count_and_its_own_time_decides() -> None:
    window = {"name": "upgrade", "begins": "2026-11-20T17:10-06:00", "ends": "2026-11-20T17:30-06:00"}
    site = a_site(CM1, windows=[window | {"systems": ["cm1"]}])
    story = Story(site=site).reads("cm1").passes(29 * 60)
    story.reads("cm1", restart(story.now - timedelta(minutes=15))).passes(60)  # 17:14, told at 17:29
    assert story.told == []
    story.passes(60).reads("cm1", restart(datetime.fromisoformat("2026-11-20T17:29:59-06:00")))
    assert story.told == []  # told after the window's end
    story.reads("cm1", restart(datetime.fromisoformat("2026-11-20T17:09:59-06:00")))
    story.passes(60).reads("cm1", restart(datetime.fromisoformat("2026-11-20T17:30:00-06:00"))).passes(300)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause_text) == ("minor", MINOR)
    assert ticket.summary == "restarted 2 times, last at 17:30"


def test_o5_an_interchange_of_a_duplicated_pair_is_no_restart() -> None:
    story = Story(site=a_site(CM1)).reads("cm1").passes(60)
    for _ in range(4):
        story.reads("cm1", restart(story.now - timedelta(seconds=5), level="interchange")).passes(600)
    assert story.told == []


# --- which are one (R4) ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apart", "second", "count"),
    [
        (30, "uptime", "restarted, last"),  # one source repeats itself within seconds
        (31, "uptime", "restarted 2 times"),
        (359, "record", "restarted, last"),  # another one, within 5 minutes and the interval of a minute
        (360, "record", "restarted 2 times"),
    ],
)
def test_r4_tellings_of_different_sources_close_to_each_other_are_one_restart(
    apart: int, second: str, count: str
) -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(1200)
    first = story.now - timedelta(seconds=600)
    story.reads("gw-west", restart(first, "uptime"))
    story.reads("gw-west", restart(first + timedelta(seconds=apart), second)).passes(600)
    assert story.tickets[0].summary.startswith(count)
    assert story.tickets[0].clause_text == MINOR


@pytest.mark.parametrize(("apart", "count"), [(359, "restarted, last"), (360, "restarted 2 times")])
def test_r4_an_uptime_that_two_protocols_tell_by_clocks_of_their_own_is_one_restart(
    apart: int, count: str
) -> None:
    ways: Mapping[str, Mapping[ProtocolName, float]] = {"gw-west": {"snmp": 60, "ssh": 60}}
    story = Story(site=a_site(GW_WEST), ways=ways).reads("gw-west").passes(1200)
    first = story.now - timedelta(seconds=600)
    story.reads("gw-west", restart(first, "uptime"), protocol="snmp")
    story.reads("gw-west", restart(first + timedelta(seconds=apart), "uptime"), protocol="ssh").passes(600)
    assert story.tickets[0].summary.startswith(count)


def test_r4_records_tell_more_restarts_than_the_uptime_that_came_first() -> None:
    """An uptime says "at least one"; the records that come later say that there were three."""
    story = Story(site=a_site(CM1)).reads("cm1").passes(1200)
    last = story.now - timedelta(seconds=30)
    story.reads("cm1", restart(last, "uptime"))
    assert story.tickets[0].summary.startswith("restarted, last")
    events = tuple(RestartEvent(last - timedelta(minutes=ago), "WARM", False, "record") for ago in (4, 2, 0))
    story.reads("cm1", Observation(role="restart", component="restarts", events=events)).passes(60)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause_text) == ("major", CONTINUAL)
    assert "continual, 3 restarts within 4 min" in ticket.summary


def test_r4_two_records_of_one_minute_are_two_restarts_however_often_they_are_read() -> None:
    story = Story(site=a_site(CM1)).reads("cm1").passes(1200)
    at = story.now.replace(second=0) - timedelta(minutes=1)
    events = tuple(RestartEvent(at + timedelta(seconds=n), "WARM", False, "record") for n in (0, 1))
    for _ in range(3):
        story.reads("cm1", Observation(role="restart", component="restarts", events=events)).passes(60)
    assert story.tickets[0].summary.startswith("restarted 2 times")


def test_r4_a_counter_that_wraps_after_497_days_is_no_restart() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west", ago(Story(), 200 * 86400))
    story.now += timedelta(seconds=2**32 / 100 - 200 * 86400)
    assert story.reads("gw-west", ago(story, 5)).passes(60).told == []
    story.passes(86400)
    assert story.reads("gw-west", ago(story, 5)).passes(60).told != []


@settings(deadline=None)
@given(
    minutes=st.lists(st.integers(0, 600), min_size=1, max_size=12, unique=True).map(sorted),
    echoes=st.lists(st.integers(-5, 5), min_size=12, max_size=12),
)
def test_r4_a_second_source_that_is_a_little_off_changes_no_count(
    minutes: list[int], echoes: list[int]
) -> None:
    """Records tell the restarts; the uptime echoes each, up to five minutes off."""

    def counted(*, echo: bool) -> str:
        story = Story(site=a_site(CM1)).reads("cm1").passes(60)
        begun = story.now
        events = [RestartEvent(begun + timedelta(minutes=each), "WARM", False, "record") for each in minutes]
        if echo:
            events += [
                RestartEvent(event.at + timedelta(minutes=off), "reboot", False, "uptime")
                for event, off in zip(events, echoes, strict=False)
            ]
        story.passes((events[len(minutes) - 1].at - begun).total_seconds() + 360)
        story.reads("cm1", Observation(role="restart", component="restarts", events=tuple(events)))
        (ticket,) = story.tickets
        return f"{ticket.severity} {ticket.summary}"

    assert counted(echo=True) == counted(echo=False)


# --- what is remembered ------------------------------------------------------------------------------------


def test_a_restart_is_minor_and_stands_for_an_hour() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west", ago(Story(), 90 * 86400)).passes(60)
    for minute in range(0, 70, 10):
        story.reads("gw-west", ago(story, 5 + minute * 60)).passes(600)
    assert [f"{t.severity} {t.role} {t.state}" for t in story.tickets] == ["minor restart resolved"]
    kinds = [entry.body.kind for entry in story.entries]  # told once, however often it is read
    assert kinds == ["agreement_taken", "first_seen", "restart_seen", "restart_seen", "opened", "resolved"]


def test_a_restart_before_the_first_contact_is_no_failure() -> None:
    story = Story(site=a_site(GW_WEST))
    assert story.reads("gw-west", ago(story, 600)).passes(60).told == []


def test_a_planned_restart_raises_nothing() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(60)
    assert story.reads("gw-west", ago(story, 5, planned=True)).passes(60).told == []


def test_a_restart_is_remembered_over_a_kill_of_the_agent() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(60)
    story.reads("gw-west", ago(story, 5)).passes(600).agent_is_killed()
    story.reads("gw-west", ago(story, 605)).passes(600)
    assert [ticket.state for ticket in story.tickets] == ["open"]


def test_a_restart_of_more_than_a_day_ago_is_not_news() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(3 * 86400)
    story.reads("gw-west", restart(story.now - timedelta(hours=24)))
    assert [entry.body.kind for entry in story.entries] == ["agreement_taken", "first_seen"]
    story.reads("gw-west", restart(story.now - timedelta(hours=24) + timedelta(seconds=1)))
    assert [entry.body.kind for entry in story.entries] == ["agreement_taken", "first_seen", "restart_seen"]


def test_restarts_are_kept_for_a_day_and_the_last_one_for_ever() -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(60)
    for hours in (0, 23, 30):
        story.passes(3600 * hours).reads("gw-west", restart(story.now - timedelta(seconds=5)))
    assert len(story.knowledge.history.restarts["gw-west"]) == 2  # the first is past its day
    story.passes(40 * 3600).reads("gw-west", restart(story.now - timedelta(seconds=5)))
    assert len(story.knowledge.history.restarts["gw-west"]) == 2  # the one before it is kept, however old
