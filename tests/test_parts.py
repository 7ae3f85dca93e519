"""Everything that no rule of its own covers: whose fault it is, and in which words (M7, M5), by table."""

from __future__ import annotations

import pytest

from collectors.base import Observation
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
