"""A person can be reminded of an open ticket; what was answered stays answered."""

from __future__ import annotations

from datetime import timedelta

from agent.deadlines import Deadlines
from agent.entries import ClockSet, Reminded
from agent.knowledge import Knowledge
from agent.printing import show_ticket
from agent.telling import log_line
from agent.tickets import Tickets
from tests.story import CM1, ZONE, Story, a_site, trunk_group
from tests.test_acting import screen

HOUR = 3600.0


def half_lost() -> Story:
    """A major, raised on Wednesday at 08:01."""
    return Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 23, 46)).passes(60)


def reminders(story: Story) -> list[str]:
    """What the alert log says of each, with its time."""
    tickets, found = Tickets(), []
    for entry in story.entries:
        tickets = tickets.apply(entry)
        line = log_line(entry, tickets, story.terms)
        if isinstance(entry.body, Reminded) and line is not None:
            found.append(f"{line.at:%H:%M:%S} {line.verb} {line.severity} {line.text}")
    return found


def test_it_is_told_once_at_its_own_instant_and_leaves_the_answer_alone() -> None:
    story = half_lost().responds("TW-000001").does("remind", after="2h", note="has the carrier called?")
    before = story.tickets[0]
    story.passes(12 * HOUR)
    assert reminders(story) == [
        "10:01:00 WARN major 23 of 46 trunks out of service: reminder of ana: has the carrier called?;"
        " still open, answered by ana"
    ]
    after = story.tickets[0]
    assert (after.responded, after.responded_by, after.respond_by, after.status) == (
        before.responded,
        "ana",
        before.respond_by,
        "answered",
    )
    assert (before.remind_at is None, after.remind_at) == (False, None)


def test_a_ticket_that_nobody_answered_is_reminded_of_too() -> None:
    story = half_lost().does("remind", after="30 min").passes(HOUR)
    assert reminders(story) == [
        "08:31:00 WARN major 23 of 46 trunks out of service: reminder of ana; still open, not answered"
    ]


def test_the_last_one_counts_and_it_can_be_taken_back() -> None:
    story = half_lost().does("remind", after="1h").does("remind", after="3h", by="bo").passes(2 * HOUR)
    assert reminders(story) == []
    story.passes(2 * HOUR)
    assert [text.split(" ", 1)[0] for text in reminders(story)] == ["11:01:00"]
    story.does("remind", after="1h").does("remind", never=True).passes(12 * HOUR)
    assert len(reminders(story)) == 1


def test_a_resolved_ticket_is_reminded_of_no_more_nor_is_its_next_round() -> None:
    story = half_lost().does("remind", after="2h").reads("cm1", trunk_group(1, 0, 46)).passes(60)
    story.reads("cm1", trunk_group(1, 23, 46)).passes(12 * HOUR)
    assert [(ticket.state, ticket.reopened) for ticket in story.tickets] == [("open", 1)]
    assert reminders(story) == []


def test_what_fell_due_while_the_agent_was_away_is_told_when_it_is_back() -> None:
    story = half_lost().does("remind", after="2h")
    story.now += timedelta(hours=5)
    story.agent_is_killed().passes(0).agent_is_killed().passes(HOUR)
    assert [text.split(" ", 1)[0] for text in reminders(story)] == ["13:01:00"]


def test_the_journal_tells_the_same_as_what_was_kept() -> None:
    story = half_lost().does("remind", after="2h", note="x").passes(60)
    assert Knowledge.fold(story.entries).deadlines.reminders == story.knowledge.deadlines.reminders
    assert Deadlines.fold(story.entries, story.knowledge.tickets).reminders.keys() == {"TW-000001"}
    story.passes(3 * HOUR)
    assert Knowledge.fold(story.entries).deadlines.reminders == story.knowledge.deadlines.reminders == {}


def test_it_stays_as_far_away_as_it_was_when_the_clock_is_set() -> None:
    """The clock that it was set by was an hour ahead."""
    story = half_lost().does("remind", after="2h").passes(60)
    was = story.tickets[0].remind_at
    assert was is not None
    story.writes(ClockSet(step=-timedelta(hours=1), wrong_since=story.now - timedelta(hours=1)))
    assert story.tickets[0].remind_at == was - timedelta(hours=1)


def test_the_ticket_shows_when_it_is_to_come() -> None:
    story = half_lost().does("remind", after="2h", note="has the carrier called?")
    shown = screen(show_ticket(story.tickets[0], ZONE), width=120)
    assert "reminder     Wed 2026-11-18 10:01 CST, by ana: has the carrier called?" in shown
    assert "reminder of ana: has" in screen(show_ticket(story.passes(3 * HOUR).tickets[0], ZONE), width=120)
