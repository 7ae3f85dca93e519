"""Why a ticket is what it is: told from the journal alone, after a restart as before it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from agent.cli import app
from agent.contract import Decisions
from agent.explaining import Explanation, explain
from agent.journal import Journal
from agent.rules.words import RULE_DECISIONS, RULE_WORDS
from agent.tickets import Tickets
from tests.story import (
    CM1,
    GW_EAST,
    Story,
    a_site,
    registered,
    seen,
    stations,
    trunk_group,
    works,
)
from tests.test_replay import SITE
from tests.watched import CHECKOUT

FAN, FAN_WELL = seen("equipment", "fans", 1), seen("equipment", "fans", 0)


def half() -> Story:
    groups = (trunk_group(1, 23, 23, side="far"), trunk_group(2, 0, 23), trunk_group(9, 0, 8, use="internal"))
    return Story("2026-11-20 17:02").polls(3, ("cm1", (works(), *groups)))


def grown() -> Story:
    story = Story("2026-11-20 16:00").polls(5, ("cm1", (works(), trunk_group(1, 8, 46))))
    return story.polls(5, ("cm1", (works(), trunk_group(1, 40, 46))))


def answered() -> Story:
    return (
        half()
        .responds("TW-000001", note="carrier called")
        .polls(2, ("cm1", (works(), trunk_group(1, 0, 46))))
    )


def reopened() -> Story:
    story = Story().polls(4, ("gw-east", (FAN,))).polls(4, ("gw-east", (FAN_WELL,)))
    return story.polls(4, ("gw-east", (FAN,)))


def out() -> Story:
    down = seen("service", "call processing", 1)
    return Story().polls(
        6, ("cm1", (down,)), ("gw-east", (registered(False),)), ("gw-west", (registered(False),))
    )


def unseen() -> Story:
    story = Story().reads("cm1", works()).reads("gw-east", registered())
    for _ in range(4):
        story.passes(60).reads("gw-east", registered()).misses("cm1")
    return story


def decided() -> Story:
    return Story(half_capacity_percent=60, minor_reading="24_business_hours").polls(
        3, ("cm1", (works(), trunk_group(1, 25, 46)))
    )


def expected_stations() -> Story:
    site = a_site({**CM1, "stations": {"expected": 200}}, GW_EAST)
    story = Story(site=site).polls(5, ("cm1", (works(), stations(198))))
    return story.polls(5, ("cm1", (works(), stations(60))))


def covered() -> Story:
    window = {
        "name": "work",
        "begins": "2026-11-20 17:00",
        "ends": "2026-11-20 17:30",
        "systems": ["gw-east"],
    }
    site = a_site(CM1, GW_EAST, windows=[window | {"type": "client_performed", "reference": "CHG-7"}])
    return Story(site=site).polls(40, ("gw-east", (FAN,)))


SCENARIOS: list[Callable[[], Story]] = [
    half,
    grown,
    answered,
    reopened,
    out,
    unseen,
    decided,
    expected_stations,
    covered,
]


def explained(story: Story, ticket: str = "TW-000001") -> Explanation:
    """By a process that has nothing but the journal."""
    return explain(Tickets.fold(story.entries).by_id[ticket], story.terms, story.now)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_every_ticket_is_explained_from_the_journal_alone_after_a_restart(
    scenario: Callable[[], Story],
) -> None:
    story = scenario()
    assert story.tickets
    for ticket in story.tickets:
        why = explained(story, ticket.id)
        assert why == explain(story.knowledge.tickets.by_id[ticket.id], story.terms, story.now)
        assert why.ticket.clause_text
        assert why.rules
        assert all(rule.words for rule in why.rules)
        assert why.evidence
        assert why.contract == "agility 51401-1"
        assert why.hours == "schedule-b (mon-fri 07:00-18:00, America/Chicago)"
        assert all(due.how and due.why_opened and due.words for due in why.due_times)
        assert any(due.step == "respond" for due in why.due_times)


def test_how_the_due_time_came_about_is_told_with_the_arithmetic() -> None:
    why = explained(half())
    (due,) = [each for each in why.due_times if each.step == "respond"]
    assert (due.severity, due.verdict, due.why_opened) == ("major", "open", "receipt")
    assert due.due is not None
    assert due.due.isoformat() == "2026-11-23T09:03:00-06:00"
    assert due.how.startswith("3 h of open hours: 57 min Friday, 2 h 3 min Monday")


def test_an_upgrade_opens_a_target_of_its_own_and_says_so() -> None:
    due = {each.severity: each for each in explained(grown()).due_times if each.step == "respond"}
    assert due["minor"].why_opened == "receipt"
    assert due["major"].why_opened == "it became major (C1)"


def test_each_round_has_its_own_due_times() -> None:
    why = explained(reopened())
    assert [each.round for each in why.due_times if each.step == "respond"] == [1, 2]
    assert [each.verdict for each in why.due_times if each.step == "respond"] == [
        "over before it was due",
        "open",
    ]


def test_what_was_seen_is_told_with_figures_source_and_time() -> None:
    why = explained(half())
    assert [(e.component, e.lost, e.total, e.source, e.protocol) for e in why.evidence] == [
        ("trunk-group 1", 23, 23, "poll", "snmp")
    ]
    assert any("trunk-group 9" in text and "(T1)" in text for text in why.left_out)
    assert why.responsibility.startswith("carrier: not covered")


def test_decisions_that_counted_and_are_no_defaults_are_told() -> None:
    found = {each.name: (each.value, each.default) for each in explained(decided()).decisions}
    assert found == {"half_capacity_percent": ("60", "50"), "minor_reading": ("24_business_hours", "elapsed")}
    assert explained(half()).decisions == ()


def test_every_rule_that_the_code_names_has_its_words() -> None:
    named = set()
    for file in (CHECKOUT / "agent").rglob("*.py"):
        if file.name != "words.py":
            named |= set(re.findall(r'"([TSOARPMCI][0-9]{1,2})"', file.read_text(encoding="utf-8")))
    assert len(named) > 30
    assert named <= set(RULE_WORDS)
    for letter, count in {"T": 7, "S": 5, "O": 8, "A": 2, "R": 4, "P": 7, "M": 7, "C": 5, "I": 18}.items():
        assert {f"{letter}{n}" for n in range(1, count + 1)} <= set(RULE_WORDS)
    assert all(len(words) <= 100 for words in RULE_WORDS.values())
    assert {name for names in RULE_DECISIONS.values() for name in names} <= set(Decisions.model_fields)


# --- the command ------------------------------------------------------------------------------------------


def site_with_journal(folder: Path, story: Story) -> Path:
    """A site file, and the story's journal where the daemon would have it."""
    site = folder / "site.yaml"
    places = {"state": "state", "log": "log", "run": str(folder / "run")}
    site.write_text(yaml.safe_dump(SITE | {"directories": places}), encoding="utf-8")
    (folder / "state").mkdir()

    async def write() -> None:
        journal = Journal.open(folder / "state" / "journal.db")
        for entry in story.entries:
            await journal.append((entry.body,), entry.at)
        await journal.close()

    asyncio.run(write())
    return site


def asked(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(word) for word in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_explains_on_one_screen(tmp_path: Path) -> None:
    site = site_with_journal(tmp_path, half())
    status, shown, complaint = asked("explain", "TW-000001", "--site", site)
    assert (status, complaint) == (0, "no daemon runs: this is what the journal says\n")
    for words in (
        "half-capacity: “50% of trunks or stations”",
        f"T6: {RULE_WORDS['T6']}",
        "trunk-group 1: 23 of 23 lost [23/23] (snmp, 2026-11-20 17:0",
        "trunk-group 9: internal, not to the public network (T1)",
        "carrier: not covered",
        "3 h of open hours: 57 min Friday, 2 h 3 min Monday",
        "agility 51401-1, hours schedule-b",
    ):
        assert words in shown
    assert len(shown.splitlines()) < 40


def test_the_command_gives_json_of_the_same(tmp_path: Path) -> None:
    story = half()
    status, shown, _ = asked("explain", "TW-000001", "--json", "--site", site_with_journal(tmp_path, story))
    assert status == 0
    told: dict[str, Any] = json.loads(shown)
    assert told["ticket"]["id"] == "TW-000001"
    assert [rule["id"] for rule in told["rules"]] == ["T1", "T6"]
    assert told["due_times"][0]["due"] == "2026-11-23T09:03:00-06:00"


def test_an_unknown_ticket_is_one_sentence(tmp_path: Path) -> None:
    site = site_with_journal(tmp_path, half())
    status, shown, complaint = asked("explain", "TW-000009", "--site", site)
    assert (status, shown) == (2, "")
    assert "no ticket 'TW-000009'" in complaint


def test_without_a_journal_it_says_so(tmp_path: Path) -> None:
    site = site_with_journal(tmp_path, half())
    (tmp_path / "state" / "journal.db").unlink()
    status, _, complaint = asked("explain", "TW-000001", "--site", site)
    assert (status, "there is no journal" in complaint) == (1, True)


def test_without_a_ticket_it_tells_what_is_pending_which_a_daemon_alone_knows(tmp_path: Path) -> None:
    status, shown, complaint = asked("explain", "--site", site_with_journal(tmp_path, half()))
    assert (status, shown) == (1, "")
    assert complaint == "no daemon runs: what is held and no ticket yet is known to a daemon alone\n"
