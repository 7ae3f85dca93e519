"""Warnings before a target is missed, and the word that it was: each at its own second, each told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.acts import Assigned, Held, PartReturned, Reclassified, Responded, Resumed
from agent.alertlog import line
from agent.contract import HoldReason
from agent.entries import Opened, Resolved, Warned
from agent.knowledge import Knowledge
from agent.telling import log_line
from agent.tickets import Tickets
from agent.views import in_words, soon
from tests.promised import THREE_STEPS, at, does, lines, three_steps, told, under, until
from tests.story import CM1, Story, a_site, trunk_group, with_contract

TICKET = "TW-000001"
WHO: dict[str, Any] = {"ticket": TICKET, "by": "ana", "uid": 1000}


def half_out(start: str, **decisions: Any) -> Story:
    """Half of the trunks are lost at that time; the major is raised a minute later."""
    return Story(start, site=a_site(CM1), **decisions).reads("cm1", trunk_group(1, 23, 46)).passes(60)


def one_out(start: str, **decisions: Any) -> Story:
    """The same of a few of them: a minor."""
    return Story(start, site=a_site(CM1), **decisions).reads("cm1", trunk_group(1, 5, 46)).passes(60)


def out(story: Story, until_: str, lost: int = 23) -> Story:
    """The trunks stay lost, and are read every ten minutes until then."""
    while story.now < at(until_):
        story.passes(min(600.0, (at(until_) - story.now).total_seconds())).reads(
            "cm1", trunk_group(1, lost, 46)
        )
    return story


# --- when -------------------------------------------------------------------------------------------------


def test_a_warning_comes_at_three_quarters_of_the_open_time_and_the_breach_right_after_the_due_time() -> None:
    # 3 business hours from Friday 17:02: 58 minutes of Friday, the rest of Monday.
    story = half_out("2026-11-20 17:01")
    assert story.tickets[0].respond_by == at("2026-11-23 09:02")
    until(story, "2026-11-23 08:17")
    assert told(story) == [f"Mon 08:17:00 warned {TICKET} major respond"]  # 58 + 77 minutes of 180
    until(story, "2026-11-23 09:02")
    assert len(told(story)) == 1  # met exactly at its due instant would be met
    story.passes(1)
    assert told(story)[1:] == [f"Mon 09:02:00 breached {TICKET} major respond"]
    until(story, "2026-11-30 12:00")
    assert len(told(story)) == 2


def test_time_alone_tells_it_at_its_own_instant() -> None:
    story = half_out("2026-11-18 09:59")
    until(story, "2026-11-18 12:14:59")
    assert told(story) == []
    assert story.wake == at("2026-11-18 12:15")
    story.passes(1)
    assert told(story) == [f"Wed 12:15:00 warned {TICKET} major respond"]
    assert story.wake == at("2026-11-18 13:00") + timedelta(microseconds=1)


@pytest.mark.parametrize(("percent", "warned"), [(50, "11:30:00"), (90, "12:42:00"), (1, "10:01:48")])
def test_the_site_decides_the_share_of_the_target(percent: int, warned: str) -> None:
    story = until(half_out("2026-11-18 09:59", warn_percent=percent), "2026-11-18 13:00")
    assert told(story) == [f"Wed {warned} warned {TICKET} major respond"]


@pytest.mark.parametrize(
    ("received", "reading", "warned", "due"),
    [
        ("2026-11-18 10:00", "elapsed", "Thu 04:00:00", "Thu 10:00:00"),  # 18 of 24 hours
        ("2026-11-20 10:00", "elapsed", "Sat 04:00:00", "Mon 07:00:00"),
        ("2026-11-21 07:00", "elapsed", "Sun 01:00:00", "Mon 07:00:00"),  # closed all the while
        ("2026-11-21 07:00", "from_next_opening", "Tue 01:00:00", "Tue 07:00:00"),
        ("2026-11-20 10:00", "24_business_hours", "Mon 17:00:00", "Tue 12:00:00"),
    ],
)
def test_the_share_is_counted_by_the_targets_own_clock(
    received: str, reading: str, warned: str, due: str
) -> None:
    story = Story(site=a_site(CM1), minor_reading=reading)
    story.now = at(received) - timedelta(minutes=1)
    until(story.reads("cm1", trunk_group(1, 5, 46)).passes(60), "2026-11-27 08:00")
    assert told(story) == [
        f"{warned} warned {TICKET} minor respond",
        f"{due} breached {TICKET} minor respond",
    ]


def test_a_target_that_ends_with_a_window_is_warned_by_its_open_time() -> None:
    contract = {**THREE_STEPS, "targets": [*THREE_STEPS["targets"]]}
    contract["targets"][3] = {"severity": "p3", "step": "respond", "clock": "end_of_window"}
    story = under(Story("2026-11-20 14:59", site=a_site(CM1)), three_steps(contract))
    until(story.reads("cm1", trunk_group(1, 5, 46)).passes(60), "2026-11-21 08:00")
    assert told(story) == [
        f"Fri 16:30:00 warned {TICKET} p3 respond",
        f"Fri 17:00:00 breached {TICKET} p3 respond",
    ]


def test_a_target_around_the_clock_is_warned_around_the_clock() -> None:
    story = under(Story("2026-11-21 02:00", site=a_site(CM1)), three_steps())
    until(story.reads("cm1", trunk_group(1, 23, 46)).passes(60), "2026-11-21 06:02")
    assert told(story) == [
        f"Sat 02:14:30 warned {TICKET} p1 respond",
        f"Sat 02:19:00 breached {TICKET} p1 respond",
        f"Sat 02:23:30 warned {TICKET} p1 assign",
        f"Sat 02:31:00 breached {TICKET} p1 assign",
        f"Sat 05:01:00 warned {TICKET} p1 resolve",
        f"Sat 06:01:00 breached {TICKET} p1 resolve",
    ]


# --- what ends it -----------------------------------------------------------------------------------------


def test_an_answer_in_time_ends_it_and_a_late_one_does_not_take_the_breach_back() -> None:
    story = until(half_out("2026-11-18 09:59"), "2026-11-18 13:00")
    story.responds(TICKET)  # at the very instant
    until(story, "2026-11-19 12:00")
    assert told(story) == [f"Wed 12:15:00 warned {TICKET} major respond"]
    late = until(half_out("2026-11-18 09:59"), "2026-11-18 13:10").responds(TICKET)
    assert len(told(until(late, "2026-11-20 12:00"))) == 2


def test_a_failure_that_is_gone_before_is_not_told() -> None:
    story = half_out("2026-11-18 09:59").reads("cm1", trunk_group(1, 0, 46)).passes(120)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]
    assert told(until(story, "2026-11-20 12:00")) == []


def test_an_upgrade_opens_a_target_of_its_own_and_both_are_told() -> None:
    """C1."""
    story = out(one_out("2026-11-18 07:59"), "2026-11-18 09:00", lost=5)
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert story.tickets[0].severity == "major"
    until(out(story, "2026-11-18 13:00"), "2026-11-19 09:00")
    assert told(story) == [
        f"Wed 11:16:00 warned {TICKET} major respond",
        f"Wed 12:01:00 breached {TICKET} major respond",
        f"Thu 02:00:00 warned {TICKET} minor respond",
        f"Thu 08:00:00 breached {TICKET} minor respond",
    ]


def test_a_class_that_a_person_lowers_keeps_its_due_time_and_is_told_once() -> None:
    """C5."""
    story = half_out("2026-11-18 09:59")
    does(story, Reclassified(severity="minor", note="no callers", **WHO))
    until(story, "2026-11-19 18:00")
    assert told(story) == [
        f"Wed 12:15:00 warned {TICKET} major respond",
        f"Wed 13:00:00 breached {TICKET} major respond",
    ]


def test_a_pause_moves_the_due_time_and_may_warn_again() -> None:
    story = under(Story("2026-11-16 07:59", site=a_site(CM1)), three_steps())
    story.reads("cm1", trunk_group(1, 5, 46)).passes(60)
    does(story, Responded(**WHO), Assigned(to="ben", **WHO))
    out(story, "2026-11-19 17:00", lost=5)
    assert told(story) == [f"Thu 17:00:00 warned {TICKET} p3 resolve"]  # 36 of 48 business hours
    does(story, Held(waiting_for="parts", **WHO))
    out(story, "2026-11-24 08:00", lost=5)
    assert len(told(story)) == 1  # while it waits nothing is due
    does(story, Resumed(part_received=False, **WHO))
    out(story, "2026-11-25 11:01", lost=5)
    assert told(story)[1:] == [
        f"Tue 08:00:00 warned {TICKET} p3 resolve",
        f"Wed 11:00:00 breached {TICKET} p3 resolve",
    ]


def test_a_part_must_go_back_though_the_failure_is_gone() -> None:
    story = under(Story("2026-11-16 07:59", site=a_site(CM1)), three_steps())
    story.reads("cm1", trunk_group(1, 5, 46)).passes(60)
    does(story, Responded(**WHO), Assigned(to="ben", **WHO), Held(waiting_for="parts", **WHO))
    out(story, "2026-11-17 10:00", lost=5)
    does(story, Resumed(part_received=True, **WHO))
    story.reads("cm1", trunk_group(1, 0, 46)).passes(120)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]
    until(story, "2026-12-01 09:00")
    assert told(story) == [f"Fri 10:45:00 warned {TICKET} p3 return"]
    until(does(story, PartReturned(**WHO)), "2026-12-10 09:00")
    assert len(told(story)) == 1
    assert lines(story, "WARN") == [
        "WARN 5 of 46 trunks out of service: return due in 4 d 6 h (Tue 17:00)",
    ]


# --- once, also over a restart ----------------------------------------------------------------------------


def test_after_a_restart_nothing_is_told_twice_and_what_fell_due_meanwhile_once() -> None:
    story = until(half_out("2026-11-18 09:59"), "2026-11-18 12:20")
    story.agent_is_killed()._judge()
    assert told(story) == [f"Wed 12:15:00 warned {TICKET} major respond"]
    story.agent_is_killed()
    story.now = at("2026-11-18 15:00")
    until(story._judge(), "2026-11-18 16:00")
    assert told(story)[1:] == [f"Wed 15:00:00 breached {TICKET} major respond"]
    story.agent_is_killed()._judge()
    assert len(told(story)) == 2


def test_a_breach_while_nobody_watched_is_told_without_a_warning_that_comes_too_late() -> None:
    story = half_out("2026-11-18 09:59").agent_is_killed()
    story.now = at("2026-11-18 15:00")
    assert told(story._judge()) == [f"Wed 15:00:00 breached {TICKET} major respond"]


def test_a_ticket_keeps_the_due_times_of_its_own_contract() -> None:
    """C3."""
    story = half_out("2026-11-20 17:01")
    with_contract(story, coverage_hours="24x7", warn_percent=10)
    until(story, "2026-11-23 10:00")
    assert told(story)[0] == f"Mon 08:17:00 warned {TICKET} major respond"


def test_missed_targets_are_counted_by_severity_and_step() -> None:
    story = until(half_out("2026-11-18 09:59"), "2026-11-18 14:00")
    assert story.knowledge.deadlines.breaches == {("major", "respond"): 1}
    assert Knowledge.fold(story.entries).deadlines == story.knowledge.deadlines


def test_tickets_of_long_ago_are_no_longer_carried_and_their_breaches_still_count() -> None:
    story = until(half_out("2026-08-05 09:59"), "2026-08-05 14:00")
    story.reads("cm1", trunk_group(1, 0, 46)).passes(120)
    until(story, "2026-11-18 10:00").reads("cm1", trunk_group(1, 23, 46)).passes(60)
    deadlines = story.knowledge.deadlines
    assert list(deadlines.by_ticket) == ["TW-000002"]
    assert list(deadlines.told) == []
    assert deadlines.breaches == {("major", "respond"): 1}
    assert Knowledge.fold(story.entries).deadlines.by_ticket == deadlines.by_ticket


# --- the lines --------------------------------------------------------------------------------------------


def test_the_log_says_in_how_long_and_then_since_when() -> None:
    story = until(half_out("2026-11-20 17:02"), "2026-11-23 10:00")
    assert lines(story, "WARN", "BREACH") == [
        "WARN 23 of 46 trunks out of service: respond due in 45 min (Mon 09:03)",
        "BREACH 23 of 46 trunks out of service: not responded, was due Mon 2026-11-23 09:03 CST",
    ]
    (warned,) = [
        log_line(entry, Tickets.fold(story.entries), story.terms)
        for entry in story.entries
        if isinstance(entry.body, Warned) and not entry.body.breached
    ]
    assert warned is not None
    assert line(warned) == (
        f"2026-11-23 08:18:00-06:00 MAJOR WARN    {TICKET} cm1 half-capacity"
        ' "23 of 46 trunks out of service: respond due in 45 min (Mon 09:03)"'
        ' respond-by="Mon 2026-11-23 09:03 CST" responsibility=vendor'
    )


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=45, seconds=59), "45 min"),
        (timedelta(hours=1, minutes=12), "1 h 12 min"),
        (timedelta(days=2, hours=16, minutes=5), "2 d 16 h"),
    ],
)
def test_a_length_of_time_in_a_sentence(length: timedelta, words: str) -> None:
    assert in_words(length) == words


def test_a_time_to_come_has_its_date_where_the_day_of_the_week_would_not_do() -> None:
    assert soon(at("2026-11-23 09:03"), at("2026-11-20 17:00")) == "Mon 09:03"
    assert soon(at("2026-11-30 09:03"), at("2026-11-20 17:00")) == "Mon 2026-11-30 09:03 CST"


# --- whatever happens -------------------------------------------------------------------------------------

ACTS = ("respond", "assign", "hold customer", "hold parts", "resume", "part", "back", "well", "bad", "worse")


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from((*ACTS, "kill", "wait")), st.integers(1, 40 * 3600)), max_size=14
    )
)
def test_nothing_is_told_twice_and_no_warning_comes_after_the_breach(steps: list[tuple[str, int]]) -> None:
    story = under(Story("2026-11-16 07:59", site=a_site(CM1)), three_steps())
    story.reads("cm1", trunk_group(1, 5, 46)).passes(60)
    for what, seconds in steps:
        story.passes(seconds)
        ticket = story.tickets[-1].id
        who: dict[str, Any] = {"ticket": ticket, "by": "ana", "uid": 1000}
        reason: HoldReason = "customer" if what.endswith("customer") else "parts"
        match what.split()[0]:
            case "respond":
                does(story, Responded(**who))
            case "assign":
                does(story, Assigned(to="ben", **who))
            case "hold":
                does(story, Held(waiting_for=reason, **who))
            case "resume" | "part":
                does(story, Resumed(part_received=what == "part", **who))
            case "back":
                does(story, PartReturned(**who))
            case "well" | "bad" | "worse":
                lost = {"well": 0, "bad": 5, "worse": 30}[what]
                story.reads("cm1", trunk_group(1, lost, 46)).passes(90)
            case "kill":
                story.agent_is_killed()._judge()
    said: set[tuple[object, ...]] = set()
    for entry in story.entries:
        if isinstance(body := entry.body, Warned):
            promise = body.ticket, body.severity, body.step, body.due
            assert (*promise, body.breached) not in said
            assert body.breached or (*promise, True) not in said
            assert body.breached == (entry.at > body.due)
            said.add((*promise, body.breached))
    assert Knowledge.fold(story.entries).deadlines.breaches == story.knowledge.deadlines.breaches
    assert any(isinstance(entry.body, Opened) for entry in story.entries)
    assert all(entry.body.reason for entry in story.entries if isinstance(entry.body, Resolved))
