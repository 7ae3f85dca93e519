"""Due times: the contract's targets in its own hours (targets, C1, C5), by table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from agent.entries import Body, Entry
from agent.loading import load_contract
from agent.views import moment
from tests.story import CM1, ZONE, Story, a_site, seen, trunk_group

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


OLD = """
{"kind": "agent_started", "version": "0.1.0", "contract": "agility 51401-1"}
{"kind": "first_seen", "system": "cm1"}
{"kind": "opened", "ticket": "TW-000001", "key": {"system": "cm1", "role": "trunks"}, "location": "main", "ruling": {"severity": "major", "clause": "half-capacity", "clauses": ["half-capacity", "not-major"], "rules": ["T1", "T6"], "summary": "23 of 46 trunks out of service", "responsibility": "vendor", "note": "covered", "evidence": [{"text": "trunk-group 1: 23 of 46 lost", "system": "cm1", "role": "trunks", "component": "trunk-group 1", "protocol": "snmp", "at": "2026-11-18T14:00:00Z"}], "lost": 23, "total": 46}, "began": "2026-11-18T14:00:00Z", "contract": "agility 51401-1"}
{"kind": "responded", "ticket": "TW-000001", "by": "ana", "uid": 1000, "note": "on my way"}
{"kind": "resolved", "ticket": "TW-000001", "reason": "seen well for 60 s"}
{"kind": "opened", "ticket": "TW-000002", "key": {"system": "gw-west", "role": "equipment", "component": "fans"}, "location": "west", "ruling": {"severity": "minor", "clause": "not-major", "clauses": ["not-major"], "rules": ["M7"], "summary": "fans out of use", "responsibility": "vendor", "note": "covered", "evidence": []}, "began": "2026-11-18T14:04:00Z", "contract": "agility 51401-1", "hold": "PT2M"}
"""  # noqa: E501 (entries as version 0.1.0 wrote them, one a line)


def test_a_journal_of_an_earlier_version_still_folds_and_goes_on() -> None:
    """No agreement was kept then, no facts and nothing that people do but their answers."""
    story = Story("2026-11-18 08:10")
    story.entries = [
        Entry(number, at(f"2026-11-18 08:0{number}"), TypeAdapter(Body).validate_json(text))
        for number, text in enumerate(OLD.strip().splitlines(), start=1)
    ]
    story.agent_is_killed()
    first, second = story.tickets
    assert (first.status, first.responded_by, first.clause_text) == (
        "resolved",
        "ana",
        "50% of trunks or stations",
    )
    assert (second.state, second.respond_by) == ("open", at("2026-11-19 08:06"))
    story.takes_agreement().does("assign", "TW-000002", to="bo")
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    story.reads("gw-west", seen("equipment", "fans", 0)).passes(60)
    assert [(ticket.state, ticket.reopened) for ticket in story.tickets] == [("open", 1), ("resolved", 0)]
    assert story.tickets[0].respond_by == at("2026-11-18 11:11")
