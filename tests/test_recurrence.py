"""How often a failure came back in seven days is said: tickets and reopenings of the same root (I13, C2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.entries import ClockSet, Entry
from agent.explaining import explain
from agent.knowledge import Knowledge
from agent.printing import show_tickets
from agent.printing_questions import show_explanation
from agent.questions import TICKETS
from agent.replay_view import replay_view
from agent.replaying import replay
from agent.statuspage import stands_words
from agent.telling import log_line
from agent.tickets import Tickets
from agent.views import ordinal
from collectors.base import Reading
from tests.story import GW_WEST, ZONE, Story, a_site, seen
from tests.test_acting import screen

FAN = seen("equipment", "fans", 1)
FAN_WELL = seen("equipment", "fans", 0)
BOARD = seen("equipment", "board 1", 1)


def fails_for_five_minutes(story: Story, then: timedelta = timedelta(0)) -> Story:
    """It is raised, and resolved; after that so much time passes."""
    story.polls(5, ("gw-west", (FAN,))).polls(3, ("gw-west", (FAN_WELL,)))
    story.now += then
    return story


def of_a_week(*gaps: timedelta) -> Story:
    """It fails once, and once more after each of these gaps."""
    story = Story("2026-11-16 08:00", site=a_site(GW_WEST))
    for gap in (*gaps, timedelta(0)):
        fails_for_five_minutes(story, gap)
    return story


def texts(story: Story) -> list[str]:
    tickets, found = Tickets(), []
    for entry in story.entries:
        tickets = tickets.apply(entry)
        line = log_line(entry, tickets, story.terms)
        if line is not None and line.verb in ("OPEN", "REOPEN"):
            found.append(f"{line.verb} {line.text.split('; ')[-1]}")
    return found


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_tickets_and_reopenings_count_alike() -> None:
    story = of_a_week(HOUR, DAY, HOUR)
    assert [(t.id, t.reopened, t.times_this_week) for t in story.tickets] == [
        ("TW-000001", 1, 2),
        ("TW-000002", 1, 4),
    ]
    assert texts(story) == [
        "OPEN fans out of use",
        "REOPEN fans out of use",  # that it is the second time is said by the verb
        "OPEN third time this week",
        "REOPEN fourth time this week",
    ]


def test_what_lies_more_than_seven_days_back_counts_no_more() -> None:
    story = of_a_week(3 * DAY, 3 * DAY, 3 * DAY, 8 * DAY)
    assert [ticket.times_this_week for ticket in story.tickets] == [1, 2, 3, 3, 1]


def test_the_count_of_a_round_stays_what_it_was_when_it_began() -> None:
    story = of_a_week(DAY, DAY)
    story.now += 30 * DAY
    assert [ticket.recurs for ticket in story.tickets] == ["", "", "third time this week"]


def test_another_failure_of_the_same_system_is_counted_for_itself() -> None:
    story = of_a_week(HOUR, HOUR)
    story.polls(5, ("gw-west", (FAN_WELL, BOARD)))
    assert (story.tickets[-1].component, story.tickets[-1].times_this_week) == ("board 1", 1)


def test_the_journal_tells_the_same_after_a_kill() -> None:
    story = of_a_week(HOUR, DAY, HOUR, DAY)
    assert Knowledge.fold(story.entries).tickets == story.knowledge.tickets


def test_receipts_of_a_wrong_clock_move_with_the_ticket_that_counts_them() -> None:
    """All that a clock stamped that was ten days ahead lies as far apart as before."""
    story = of_a_week(DAY, DAY)
    set_back = ClockSet(step=-10 * DAY, wrong_since=story.entries[0].at - HOUR)
    tickets = Tickets.fold((*story.entries, Entry(len(story.entries) + 1, story.now, set_back)))
    assert [ticket.times_this_week for ticket in tickets.by_id.values()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("number", "words"),
    [(3, "third"), (10, "tenth"), (11, "11th"), (13, "13th"), (21, "21st"), (22, "22nd"), (112, "112th")],
)
def test_it_is_counted_in_words(number: int, words: str) -> None:
    assert ordinal(number) == words


def test_it_is_said_wherever_the_ticket_is_shown() -> None:
    story = of_a_week(HOUR, DAY)
    ticket = story.tickets[-1]
    why = explain(story.knowledge.tickets.by_id[ticket.id], story.terms, story.now)
    assert "; third time this week" in screen(show_tickets([ticket], ZONE), width=200)
    assert "recurs" in screen(show_explanation(why, ZONE), width=200)
    assert stands_words(ticket).endswith(" · third time this week")
    assert TICKETS.dump_python((ticket,), mode="json")[0]["times_this_week"] == 3


def test_a_replay_says_it_as_a_number() -> None:
    story = Story("2026-11-16 08:00", site=a_site(GW_WEST))
    readings = [
        Reading(at=at, system="gw-west", protocol="snmp", observations=(FAN if minute < 5 else FAN_WELL,))
        for day in range(3)
        for minute in range(60)
        if (at := story.now + day * DAY + timedelta(minutes=minute))
    ]
    view = replay_view(replay(readings, story.terms, story.watches), story.terms, story.watches)
    assert [ticket.times_this_week for ticket in view.tickets] == [1, 2, 3]
