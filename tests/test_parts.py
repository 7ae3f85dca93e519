"""Everything that no rule of its own covers: whose fault it is, and in which words (M7, M5), by table."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from collectors.base import Observation, RestartEvent
from tests.story import GW_WEST, Story, a_site, registered, seen, works


def told_of(observation: Observation) -> tuple[str, str, tuple[str, ...]]:
    """Summary, responsibility and rules of the ticket that this part comes to."""
    story = Story(site=a_site(GW_WEST)).reads("gw-west", observation).passes(3600)
    (ticket,) = story.tickets
    assert ticket.severity == "minor"
    return ticket.summary, ticket.responsibility, ticket.rules


@pytest.mark.parametrize(
    ("observation", "summary", "responsibility"),
    [
        (seen("equipment", "fans", 1), "fans out of use", "vendor"),
        (seen("equipment", "PSU 1", 1, side="power"), "PSU 1 out of use", "customer_environment"),
        (seen("equipment", "port 3", 1, side="network"), "port 3 out of use", "customer_network"),
        (seen("equipment", "DS1 V2", 1, side="far"), "DS1 V2 out of use", "carrier"),
        (seen("environment", "cpu sensor", 1, room=False), "cpu sensor outside its limits", "vendor"),
        (seen("environment", "rack", 1, room=True), "rack outside its limits", "customer_environment"),
        (seen("environment", "mains", 1, side="power"), "mains lost", "customer_environment"),
        (
            seen("redundancy", "local survivability", 0, in_use=True),
            "local survivability in use, service kept",
            "vendor",
        ),
        (seen("redundancy", "standby", 1, in_use=True), "standby out of use", "vendor"),
    ],
)
def test_a_part_is_minor_in_words_that_say_what_it_means_and_whose_it_is(
    observation: Observation, summary: str, responsibility: str
) -> None:
    assert told_of(observation) == (summary, responsibility, ("M7",))


def test_both_witnesses_of_a_lost_location_are_told_in_their_own_words() -> None:
    listed = seen("location", "media-gateway 2", 1, number=2)
    story = Story()
    for _ in range(3):
        story.reads("cm1", works(), listed).reads("gw-west", registered(serves=False)).passes(60)
    evidence = " ".join(story.tickets[0].evidence)
    assert "gw-west registration: serves on no controller" in evidence
    assert "cm1 media-gateway 2: not registered" in evidence


# --- restarts, by where they are learned -------------------------------------------------------------------


def restart(at: datetime, source: Any = "record") -> Observation:
    return Observation(
        role="restart", component="restarts", events=(RestartEvent(at, "reboot", False, source),)
    )


@pytest.mark.parametrize(
    ("apart", "second", "count"),
    [
        (30, "uptime", "restarted, last"),  # one source repeats itself within seconds
        (31, "uptime", "restarted 2 times"),
        (300, "record", "restarted, last"),  # another source may learn of it minutes later (R4)
        (301, "record", "restarted 2 times"),
    ],
)
def test_two_tellings_of_one_restart_are_one(apart: int, second: str, count: str) -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(1200)
    first = story.now - timedelta(seconds=600)
    story.reads("gw-west", restart(first, "uptime"))
    story.reads("gw-west", restart(first + timedelta(seconds=apart), second)).passes(600)
    assert story.tickets[0].summary.startswith(count)


@pytest.mark.parametrize(("apart", "count"), [(300, "restarted, last"), (301, "restarted 2 times")])
def test_an_uptime_that_two_protocols_tell_by_clocks_of_their_own_is_one_restart(
    apart: int, count: str
) -> None:
    story = Story(site=a_site(GW_WEST)).reads("gw-west").passes(1200)
    first = story.now - timedelta(seconds=600)
    story.reads("gw-west", restart(first, "uptime"), protocol="snmp")
    story.reads("gw-west", restart(first + timedelta(seconds=apart), "uptime"), protocol="ssh").passes(600)
    assert story.tickets[0].summary.startswith(count)


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
