"""Due times: the contract's targets in its own hours (targets, C1, C5), by table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agent.loading import load_contract
from agent.views import moment
from tests.story import CM1, ZONE, Story, a_site, trunk_group

HOLIDAY = {"holidays": [{"date": "2026-11-26", "name": "Thanksgiving"}]}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("severity", "received", "due", "decisions"),
    [
        # 3 business hours: 58 minutes of Friday, 2 h 2 min of Monday.
        ("major", "2026-11-20 17:02", "Mon 2026-11-23 09:02 CST", {}),
        ("major", "2026-11-20 15:00", "Fri 2026-11-20 18:00 CST", {}),
        ("major", "2026-11-21 03:00", "Mon 2026-11-23 10:00 CST", {}),
        ("major", "2026-11-25 16:00", "Fri 2026-11-27 08:00 CST", {}),  # over Thanksgiving
        ("major", "2026-11-20 17:02", "Fri 2026-11-20 20:02 CST", {"coverage_hours": "24x7"}),
        ("major", "2026-11-20 16:30", "Mon 2026-11-23 08:30 CST", {"coverage_hours": "order"}),
        # 24 elapsed hours, moved to the next opening if that is closed.
        ("minor", "2026-11-18 10:00", "Thu 2026-11-19 10:00 CST", {}),
        ("minor", "2026-11-20 10:00", "Mon 2026-11-23 07:00 CST", {}),
        ("minor", "2026-11-18 18:00", "Thu 2026-11-19 18:00 CST", {}),  # due at closing stays at closing
        ("minor", "2026-11-18 18:01", "Fri 2026-11-20 07:00 CST", {}),
        ("minor", "2026-11-20 20:00", "Tue 2026-11-24 07:00 CST", {"minor_reading": "from_next_opening"}),
        ("minor", "2026-11-20 10:00", "Tue 2026-11-24 12:00 CST", {"minor_reading": "24_business_hours"}),
    ],
)
def test_the_respond_target_is_counted_in_the_contracts_hours(
    severity: str, received: str, due: str, decisions: dict[str, Any]
) -> None:
    story = Story(site=a_site(CM1, **HOLIDAY), **decisions)
    found = story.terms.agreement.due(severity, "respond", at(received))
    assert found is not None
    assert moment(found) == due


def test_a_contract_without_a_target_for_a_step_promises_nothing() -> None:
    contract = load_contract("agility")
    assert contract.due("major", "resolve", at("2026-11-20 10:00")) is None


def due_after(*losses: tuple[str, int]) -> str:
    """The respond-by of a ticket whose trunks were lost so at those times of Wednesday the 18th."""
    story = Story(f"2026-11-18 {losses[0][0]}", site=a_site(CM1))
    for clock, lost in losses:
        story.now = at(f"2026-11-18 {clock}")
        story.reads("cm1", trunk_group(1, lost, 46)).passes(60)
    due = story.tickets[0].respond_by
    assert due is not None
    return moment(due)


def test_an_upgrade_opens_the_majors_target_and_the_earlier_due_time_stands() -> None:
    """C1."""
    assert due_after(("08:00", 5)) == "Thu 2026-11-19 08:01 CST"
    assert due_after(("08:00", 5), ("09:00", 23)) == "Wed 2026-11-18 12:01 CST"


def test_a_downgrade_keeps_the_majors_due_time() -> None:
    """C5: even where a minor of that minute would be due sooner, and after a second upgrade."""
    assert due_after(("08:00", 23), ("09:00", 5)) == "Wed 2026-11-18 11:01 CST"
    assert due_after(("08:00", 23), ("09:00", 5), ("10:00", 30)) == "Wed 2026-11-18 11:01 CST"


def test_an_upgrade_never_moves_a_due_time_later() -> None:
    assert due_after(("17:00", 5), ("17:30", 23)) == "Thu 2026-11-19 09:31 CST"
