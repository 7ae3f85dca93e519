"""Primary numbers: yes, no or unknown (P1, P2, P4, P6), by table."""

from __future__ import annotations

from typing import Any

import pytest

from agent.rules.numbers import number_states
from agent.rules.scene import Scene
from collectors.base import Observation
from tests.story import CM1, GW_EAST, Story, a_site, registered, seen, trunk_group, works

UNREAD = Observation(role="trunks", component="trunk-group 1", number=1, unread=True)
CM_HAS_EAST = seen("location", "media-gateway 1", 0, number=1)
CM_LOST_EAST = seen("location", "media-gateway 1", 1, number=1)


@pytest.mark.parametrize(
    ("needs", "cm1", "gw_east", "state"),
    [
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 22, 23)], None, "yes"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 23, 23)], None, "no"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(1, 0, 0, planned=23)], None, "no"),
        ({"all_of": ["trunk-group 1"]}, [UNREAD], None, "unknown"),
        ({"all_of": ["trunk-group 1"]}, [trunk_group(2, 0, 8)], None, "unknown"),
        ({"all_of": ["trunk-group 1"]}, None, None, "unknown"),
        ({"any_of": ["trunk-group 1", "trunk-group 2"]}, [trunk_group(1, 23, 23)], None, "unknown"),
        (
            {"any_of": ["trunk-group 1", "trunk-group 2"]},
            [trunk_group(1, 23, 23), trunk_group(2, 0, 8)],
            None,
            "yes",
        ),
        (
            {"any_of": ["trunk-group 1", "trunk-group 2"]},
            [trunk_group(1, 23, 23), trunk_group(2, 8, 8)],
            None,
            "no",
        ),
        (
            {"all_of": ["location east", {"any_of": ["trunk-group 1", "cti-link 1"]}]},
            [trunk_group(1, 0, 23)],
            [registered()],
            "yes",
        ),
        ({"all_of": ["location east", "cti-link 1"]}, [], [registered()], "unknown"),
        ({"all_of": ["location east"]}, [], [registered(serves=False)], "no"),
        ({"all_of": ["location east"]}, [CM_HAS_EAST], None, "yes"),
        # A survivable processor may serve a gateway that the main server lost: no proof of a loss.
        ({"all_of": ["location east"]}, [CM_LOST_EAST], None, "unknown"),
        ({"all_of": ["location east"]}, [CM_LOST_EAST], [registered()], "yes"),
        ({"all_of": ["location main"]}, [works()], None, "unknown"),
        ({"all_of": ["system cm1", "system gw-east"]}, [works()], [registered()], "yes"),
        ({"all_of": ["system cm1"]}, [seen("service", "service", 1)], None, "no"),
        ({"any_of": ["voicemail"]}, [works()], None, "unknown"),
    ],
)
def test_a_number_is_yes_no_or_unknown_and_never_yes_for_what_was_not_seen(
    needs: dict[str, Any],
    cm1: list[Observation] | None,
    gw_east: list[Observation] | None,
    state: str,
) -> None:
    site = a_site(CM1, GW_EAST, primary_numbers=[{"number": "+1 817 555 0100", "needs": needs}])
    story = Story(site=site)
    if cm1 is not None:
        story.reads("cm1", *cm1)
    if gw_east is not None:
        story.reads("gw-east", *gw_east)
    known = story.knowledge
    scene = Scene(known.picture, known.history, site, story.contract, story.watches, story.now)
    assert [found for _, found in number_states(scene)] == [state]
    story.misses("cm1").misses("gw-east")
    known = story.knowledge
    scene = Scene(known.picture, known.history, site, story.contract, story.watches, story.now)
    assert [found for _, found in number_states(scene)] == ["unknown"]
