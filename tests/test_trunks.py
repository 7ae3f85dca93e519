"""Half capacity, the trunk half: rules T1-T7 by table and by story."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base import Observation
from tests.story import CM1, Story, a_site, trunk_group, works


def after_hold(*groups: Observation, cm: dict[str, Any] | None = None) -> Story:
    return Story(site=a_site(cm or CM1)).polls(2, ("cm1", (works(), *groups)))


UNREAD = Observation(role="trunks", component="trunk-group 2", number=2, use="public", unread=True)


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        # T6: exactly half is major; one member less is not; no floor.
        ([trunk_group(1, 23, 46)], "major open cm1 half-capacity 23 of 46 trunks out of service"),
        ([trunk_group(1, 22, 46)], "minor open cm1 not-major 22 of 46 trunks out of service"),
        ([trunk_group(1, 1, 2)], "major open cm1 half-capacity 1 of 2 trunks out of service"),
        ([trunk_group(1, 1, 1)], "major open cm1 half-capacity 1 of 1 trunks out of service"),
        # The fraction is over all public groups, not of one.
        (
            [trunk_group(1, 23, 23), trunk_group(2, 0, 24)],
            "minor open cm1 not-major 23 of 47 trunks out of service",
        ),
        # T1: internal groups are on neither side; unknown use counts as public.
        (
            [trunk_group(1, 5, 10), trunk_group(9, 0, 90, use="internal")],
            "major open cm1 half-capacity 5 of 10 trunks out of service",
        ),
        (
            [trunk_group(1, 5, 10), trunk_group(9, 0, 90, use="unknown")],
            "minor open cm1 not-major 5 of 100 trunks out of service",
        ),
        (
            [trunk_group(1, 0, 10), trunk_group(9, 6, 12, use="internal")],
            "minor open cm1 not-major internal trunk-group 9: 6 of 12 members lost",
        ),
        # T3: degraded members carry calls: in the total, not in the lost.
        (
            [trunk_group(1, 10, 40, degraded=20)],
            "minor open cm1 not-major 10 of 40 trunks out of service",
        ),
        # T4: planned members are on neither side.
        (
            [trunk_group(1, 5, 10, planned=13)],
            "major open cm1 half-capacity 5 of 10 trunks out of service",
        ),
        (
            [trunk_group(1, 0, 0, planned=23)],
            "minor open cm1 not-major all 23 trunks taken out on purpose",
        ),
    ],
)
def test_trunks_are_judged_by_the_fraction_of_the_public_network(
    groups: list[Observation], told: str
) -> None:
    assert after_hold(*groups).told == [told]


@pytest.mark.parametrize("groups", [[trunk_group(1, 0, 46)], [trunk_group(1, 0, 23, planned=23)], []])
def test_trunks_that_work_raise_nothing(groups: list[Observation]) -> None:
    assert after_hold(*groups).told == []


def test_a_group_scales_to_its_licensed_channels() -> None:
    """T2: 24 of 24 SIP members are 10 licensed sessions, so 10 of 33."""
    cm = {**CM1, "trunk_groups": [{"number": 3, "channels": 10}]}
    story = after_hold(trunk_group(3, 24, 24), trunk_group(1, 0, 23), cm=cm)
    assert story.told == ["minor open cm1 not-major 10 of 33 trunks out of service"]
    assert "T2" in story.tickets[0].rules


def test_the_site_says_what_a_group_is_for() -> None:
    cm = {**CM1, "trunk_groups": [{"number": 3, "use": "internal"}]}
    story = after_hold(trunk_group(3, 0, 100, use="unknown"), trunk_group(1, 5, 10), cm=cm)
    assert story.told == ["major open cm1 half-capacity 5 of 10 trunks out of service"]
    assert story.tickets[0].left_out == ("trunk-group 3: internal, not to the public network (T1)",)


def test_an_unread_group_keeps_its_last_known_total_and_counts_nothing_as_lost() -> None:
    """T5: major only if the lower bound reaches half; if only the upper one does, the ticket says so."""
    story = Story(site=a_site(CM1)).reads("cm1", trunk_group(1, 0, 23), trunk_group(2, 0, 23))
    story.polls(2, ("cm1", (trunk_group(1, 0, 23), UNREAD)))
    assert story.told == ["minor open cm1 not-major could be major: 1 trunk group unread"]
    assert story.tickets[0].rules == ("T1", "T6", "T5")

    story.polls(6, ("cm1", (trunk_group(1, 1, 23), UNREAD)))  # new words of one class wait five minutes
    assert story.told == [
        "minor open cm1 not-major 1 of 46 trunks out of service, could be major: 1 group unread"
    ]
    story.polls(2, ("cm1", (trunk_group(1, 23, 23), UNREAD)))
    assert story.told == ["major open cm1 half-capacity 23 of 46 trunks out of service"]


def test_a_small_unread_group_that_cannot_make_half_raises_nothing() -> None:
    story = Story(site=a_site(CM1)).reads("cm1", trunk_group(1, 0, 40), trunk_group(2, 0, 8))
    story.polls(3, ("cm1", (trunk_group(1, 0, 40), UNREAD)))
    assert story.told == []


def test_a_carrier_fault_is_the_carriers() -> None:
    story = after_hold(trunk_group(1, 23, 46, side="far"))
    assert (story.tickets[0].responsibility, story.tickets[0].note) == (
        "carrier",
        "not covered: the customer calls the service provider first; "
        "help is billed if the fault proves to be theirs",
    )


def test_major_comes_after_the_hold_and_goes_only_below_45_percent() -> None:
    """T7, with half capacity rising inside an open ticket."""
    story = Story("2026-11-20 17:00", site=a_site(CM1))
    story.polls(3, ("cm1", (trunk_group(1, 10, 46),)), every=30)
    story.polls(3, ("cm1", (trunk_group(1, 23, 46),)), every=30)
    story.polls(4, ("cm1", (trunk_group(1, 21, 46),)), every=30)  # 45.7 %: still major
    story.polls(4, ("cm1", (trunk_group(1, 20, 46),)), every=30)  # 43.5 %: minor after the hold
    assert story.log == [
        "17:01:00 opened TW-000001 minor",
        "17:02:30 updated TW-000001 major",
        "17:06:00 updated TW-000001 minor",
    ]


@given(st.integers(1, 500), st.data())
def test_any_fraction_is_major_exactly_from_half(total: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(1, total))
    story = after_hold(trunk_group(1, lost, total))
    assert [t.severity for t in story.tickets] == ["major" if lost * 2 >= total else "minor"]
