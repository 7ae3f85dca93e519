"""Reading the alert log back: the highest number that it tells, whatever a device wrote into its lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.alertlog import LogLine, json_line, line
from agent.entries import Entry, JournalRebuilt, NumbersSkipped
from agent.incidents import Incidents
from agent.told import highest_told
from tests.story import CM1, Story, a_site, trunk_group
from tests.test_alertlog import ALIVE, OPENED, RESOLVED

FORGED = "2026-11-20 17:03:00-06:00 MAJOR OPEN TW-000999\n2026-11-20 17:03:00-06:00 MAJOR OPEN TW-000999"


@pytest.mark.parametrize("form", [line, json_line])
@pytest.mark.parametrize(
    ("lines", "highest"),
    [
        ([], 0),
        ([ALIVE], 0),
        ([OPENED, ALIVE], 123),
        ([replace(OPENED, ticket="TW-000200"), RESOLVED, ALIVE], 200),
        ([replace(OPENED, text=FORGED)], 123),
        ([replace(OPENED, severity=None, ticket="TW-1000000")], 1_000_000),
    ],
)
def test_the_highest_number_is_that_of_a_ticket_and_not_of_a_text(
    tmp_path: Path, form: object, lines: list[LogLine], highest: int
) -> None:
    log = tmp_path / "alert.log"
    written = json_line if form is json_line else line
    log.write_text("".join(written(each) + "\n" for each in lines))
    assert highest_told(log) == highest


def test_a_log_that_was_just_moved_away_still_counts(tmp_path: Path) -> None:
    (tmp_path / "alert.log.1").write_text(line(OPENED) + "\n")
    (tmp_path / "alert.log").write_text(line(replace(OPENED, ticket="TW-000003")) + "\n")
    assert highest_told(tmp_path / "alert.log") == 123


def test_a_log_that_cannot_be_read_tells_no_number(tmp_path: Path) -> None:
    assert highest_told(tmp_path) == 0
    assert highest_told(tmp_path / "none") == 0


@pytest.mark.parametrize(
    ("body", "next_ticket"),
    [
        (JournalRebuilt(file="f", reason="r", kept=3, lost=4, unproven=0), "TW-000006"),
        (JournalRebuilt(file="f", reason="r", kept=3, lost=0, unproven=3), "TW-000002"),
        (NumbersSkipped(first=2, last=8), "TW-000009"),
        (NumbersSkipped(first=0, last=0), "TW-000002"),
    ],
)
def test_a_number_that_may_have_been_told_is_not_given_again(
    body: JournalRebuilt | NumbersSkipped, next_ticket: str
) -> None:
    story = Story(site=a_site(CM1)).reads("cm1", trunk_group(1, 23, 46)).passes(90)
    assert [ticket.id for ticket in story.tickets] == ["TW-000001"]
    story.entries.append(Entry(len(story.entries) + 1, story.now, body))
    story.agent_is_killed()
    story.reads("cm1", trunk_group(1, 0, 46)).passes(90).passes(5 * 3600)  # too late to reopen the first
    story.reads("cm1", trunk_group(1, 23, 46)).passes(300)
    assert [ticket.id for ticket in story.tickets] == ["TW-000001", next_ticket]
    assert Incidents.fold(story.entries).tickets == int(next_ticket[3:])
