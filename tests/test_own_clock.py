"""The agent's own clock, unsynchronised or set: a failure like any other, and what hangs on it survives."""

from __future__ import annotations

import asyncio
import contextlib
import io
import struct
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from agent.acts import Held, Resumed
from agent.attainment import attainment
from agent.clock import Clock
from agent.clock_sync import (
    PATIENCE,
    STA_UNSYNC,
    TIME_ERROR,
    TIMEX,
    by_kernel,
    by_timedated,
    said,
    synchronised,
)
from agent.clock_watch import ClockWatch
from agent.entries import AgentStarted, ClockSet
from agent.knowledge import Knowledge
from agent.own_clock import clock_entry
from agent.printing import show_ticket
from tests.promised import at, does, three_steps, told, under, until
from tests.story import CM1, ZONE, Story, a_site, trunk_group

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def kernel_says(story: Story, synchronised: bool | None) -> Story:
    """What the kernel says of the clock, now."""
    story.knowledge = story.knowledge.looks_at_clock(synchronised, story.now)
    return story._judge()


def is_set(
    story: Story, step: timedelta, *, started: datetime | None = None, last: datetime | None = None
) -> Story:
    """Somebody sets the clock, and the daemon writes it down.

    `started`: this run, by the clock of before; `last`: the last word of the runs before it.
    """
    story.now += step
    story.knowledge = story.knowledge.clock_set(step)
    story._write((clock_entry(step, story.now, started or story.now, last),))
    return story._judge()


def half_out(story: Story) -> Story:
    return story.reads("cm1", trunk_group(1, 23, 46)).passes(60)


# --- not synchronised -------------------------------------------------------------------------------------


def test_a_clock_that_stays_unsynchronised_for_ten_minutes_is_a_minor_failure_of_monitoring() -> None:
    story = kernel_says(Story(site=a_site(CM1)), synchronised=False).passes(599)
    assert story.told == []
    story.passes(1)
    assert story.told == ["minor open None not-major the agent's clock is not synchronised"]
    (ticket,) = story.tickets
    assert (ticket.role, ticket.component, ticket.responsibility) == ("access", "clock", "monitoring")
    assert "any failure not included in the definition of a major failure" in ticket.clause_text
    assert ticket.evidence == ("agent clock: not synchronised (kernel, 17:00:00)",)
    assert ticket.clock_note == ""  # it need not say so of itself


def test_it_is_over_when_the_kernel_says_so_for_a_minute() -> None:
    story = kernel_says(Story(site=a_site(CM1)), synchronised=False).passes(600)
    kernel_says(story, synchronised=True).passes(59)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.passes(1)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_a_short_loss_of_synchronisation_raises_nothing() -> None:
    story = kernel_says(Story(site=a_site(CM1)), synchronised=False).passes(300)
    kernel_says(story, synchronised=True).passes(60)
    kernel_says(story, synchronised=False).passes(400)
    assert story.told == []


def test_a_kernel_that_cannot_be_asked_raises_and_clears_nothing() -> None:
    story = kernel_says(Story(site=a_site(CM1)), None).passes(3600)
    assert story.told == []
    kernel_says(story, synchronised=False).passes(600)
    kernel_says(story, None).passes(3600)
    assert [ticket.state for ticket in story.tickets] == ["open"]


def test_a_restart_tells_it_once_and_keeps_it_until_the_kernel_was_asked() -> None:
    story = kernel_says(Story(site=a_site(CM1)), synchronised=False).passes(600)
    story.agent_is_killed().passes(600)
    kernel_says(story, synchronised=False).passes(3600)
    assert story.told == ["minor open None not-major the agent's clock is not synchronised"]


def test_a_site_that_does_not_mind_is_told_nothing() -> None:
    story = Story(site=a_site(CM1, clock_synchronised=False))
    half_out(kernel_says(story, synchronised=False).passes(3600))
    assert story.told == ["major open cm1 half-capacity 23 of 46 trunks out of service"]
    assert story.tickets[0].clock_note == ""


# --- set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "words"), [(3600, "+3600 s"), (-90, "-90 s"), (5, "+5 s")])
def test_a_step_is_told_at_once_and_stands_for_an_hour(step: float, words: str) -> None:
    story = is_set(Story(site=a_site(CM1)).passes(60), timedelta(seconds=step))
    assert story.told == [f"minor open None not-major the agent's clock was set {words}"]
    assert story.passes(3599).tickets[0].resolved is None
    assert story.passes(1).tickets[0].resolved == story.now


def test_a_restart_within_the_hour_does_not_clear_a_step_early() -> None:
    story = is_set(Story(site=a_site(CM1)), HOUR).passes(1200)
    story.agent_is_killed().passes(2399)
    assert story.tickets[0].state == "open"
    story.passes(1)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_a_correction_of_a_moment_is_written_down_and_raises_nothing() -> None:
    story = is_set(Story(site=a_site(CM1)), timedelta(seconds=2)).passes(60)
    assert story.told == []
    assert [entry.body.kind for entry in story.entries][-1] == "clock_set"


def test_a_clock_that_is_wrong_and_then_set_is_one_ticket_until_both_are_over() -> None:
    story = kernel_says(Story(site=a_site(CM1)), synchronised=False).passes(600)
    is_set(story, HOUR).passes(600)
    assert story.told == [
        "minor open None not-major the agent's clock is not synchronised and was set +3600 s"
    ]
    kernel_says(story, synchronised=True).passes(3000)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


# --- the tickets of that time -----------------------------------------------------------------------------


def test_tickets_that_are_raised_meanwhile_say_so_and_no_others() -> None:
    story = Story(site=a_site(CM1), reopen_within=timedelta(0))
    half_out(story).reads("cm1", trunk_group(1, 0, 46)).passes(120)
    half_out(kernel_says(story, synchronised=False)).reads("cm1", trunk_group(1, 0, 46)).passes(120)
    kernel_says(story, synchronised=True)
    half_out(is_set(story, HOUR)).reads("cm1", trunk_group(1, 0, 46)).passes(3600)
    half_out(story)
    notes = [ticket.clock_note for ticket in story.tickets if ticket.system == "cm1"]
    assert notes == [
        "",
        "the agent's clock is not synchronised",
        "the agent's clock was set +3600 s",
        "",
    ]
    shown = Console(file=io.StringIO(), width=120, record=True)
    shown.print(show_ticket(story.tickets[1], ZONE))
    assert "the agent's clock is not synchronised" in shown.export_text()


def test_a_ticket_that_is_reopened_meanwhile_says_so_from_then_on() -> None:
    story = half_out(Story(site=a_site(CM1))).reads("cm1", trunk_group(1, 0, 46)).passes(120)
    half_out(kernel_says(story, synchronised=False))
    (ticket,) = [each for each in story.tickets if each.system == "cm1"]
    assert (ticket.reopened, ticket.clock_note) == (1, "the agent's clock is not synchronised")


def test_a_clock_that_is_set_back_takes_the_due_time_with_it() -> None:
    """It was an hour ahead when the ticket came: so much later is it due by the right clock."""
    story = half_out(Story("2026-11-18 10:59", site=a_site(CM1)))
    assert story.tickets[0].respond_by == at("2026-11-18 14:00")
    is_set(story.passes(600), -HOUR)
    assert story.tickets[0].received == at("2026-11-18 10:00")
    assert story.tickets[0].respond_by == at("2026-11-18 13:00")
    until(story, "2026-11-18 13:30")
    assert told(story) == [
        "Wed 12:15:00 warned TW-000001 major respond",
        "Wed 13:00:00 breached TW-000001 major respond",
    ]
    assert Knowledge.fold(story.entries).tickets == story.knowledge.tickets


def test_a_ticket_of_a_clock_that_began_in_1970_is_due_by_the_right_one() -> None:
    story = half_out(Story("2026-11-17 09:59", site=a_site(CM1)))  # of the run before, by a right clock
    story.agent_is_killed()
    story.now = started = datetime.fromisoformat("1970-01-02T00:00:30+00:00").astimezone(ZONE)
    story._write((AgentStarted(version="1", contract="agility"),))
    story.reads("cm1", trunk_group(1, 23, 46)).misses("cm1").passes(60).misses("cm1").passes(60)
    story.misses("cm1").passes(60)
    assert [ticket.received.year for ticket in story.tickets] == [2026, 1970]
    is_set(story, at("2026-11-18 11:00") - story.now, started=started, last=at("2026-11-17 10:00"))
    new = story.tickets[1]
    assert new.received == at("2026-11-18 10:58:30")
    assert story.tickets[0].received == at("2026-11-17 10:00")  # as it was
    until(story, "2026-11-18 12:00")
    # Of the old one 3 business hours passed long ago; the new one is not even warned of.
    assert told(story) == ["Wed 11:00:00 breached TW-000001 major respond"]
    figures = attainment(
        "2026-11",
        story.knowledge.tickets,
        story.knowledge.sight,
        zone=ZONE,
        systems=("cm1",),
        now=story.now,
        running=True,
    )
    by_severity = {
        row.severity: (row.rounds, row.breached, row.open, row.over)
        for row in figures.rows
        if row.step == "respond"
    }
    # The clock itself was a minor ticket for an hour of that day, too.
    assert by_severity == {"major": (1, 1, 0, 0), "minor": (2, 0, 1, 1)}
    assert any("the agent's clock was set" in note for note in figures.notes)


def test_a_machine_that_stood_still_moves_no_ticket() -> None:
    """Its clock jumps forward like one that was behind: what was stamped before may well be right."""
    story = half_out(Story("2026-11-18 09:59", site=a_site(CM1)))
    is_set(story, timedelta(hours=5), started=at("2026-11-18 09:00"), last=at("2026-11-18 08:00"))
    assert story.tickets[0].received == at("2026-11-18 10:00")
    assert told(story) == ["Wed 15:00:00 breached TW-000001 major respond"]


@pytest.mark.parametrize(
    ("step", "started", "last", "wrong_since"),
    [
        (-HOUR, "09:00", "08:00", "12:00"),  # ahead: what it stamped after the new now
        (HOUR, "09:00", "08:00", None),  # a machine that stood still looks the same
        (HOUR, "07:00", "08:00", "07:00"),  # it began before the journal's last word: behind all the while
        (HOUR, "07:00", None, None),  # a first run has nothing to be behind of
    ],
)
def test_which_instants_a_step_puts_right(
    step: timedelta, started: str, last: str | None, wrong_since: str | None
) -> None:
    def day(clock: str | None) -> datetime | None:
        return at(f"2026-11-18 {clock}") if clock else None

    began = day(started)
    assert began is not None
    entry = clock_entry(step, at("2026-11-18 12:00"), began, day(last))
    assert entry == ClockSet(step=step, wrong_since=day(wrong_since))


def test_a_wait_that_ends_before_it_began_by_a_clock_that_was_set_back_holds_nothing_up() -> None:
    story = half_out(under(Story("2026-11-18 09:59", site=a_site(CM1)), three_steps()))
    who: dict[str, Any] = {"ticket": "TW-000001", "by": "ana", "uid": 1000}
    does(story, Held(waiting_for="customer", **who))
    story.now -= 2 * HOUR  # and no entry tells of it: the daemon was down
    does(story, Resumed(part_received=False, **who))
    assert [step.due for step in story.tickets[0].rounds[0].steps if step.step == "resolve"] == [
        at("2026-11-18 14:00")
    ]


# --- the edge ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status", "right"),
    [(0, 0x2001, True), (0, STA_UNSYNC, False), (TIME_ERROR, 0, False), (1, 0x0010, True)],
)
def test_what_the_kernel_says(state: int, status: int, right: bool) -> None:
    assert said(state, struct.pack(TIMEX, 0, 0, 0, 0, 0, status)) is right


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="adjtimex is Linux's own")
def test_the_kernel_of_this_machine_can_be_asked() -> None:
    assert by_kernel() in (True, False, None)
    assert synchronised() == (by_timedated() if by_kernel() is None else by_kernel())


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("echo yes", True),
        ("echo no", False),
        ("echo", None),
        ("echo maybe", None),
        ("echo yes; exit 1", None),
        ("exec sleep 60", None),
    ],
)
def test_where_the_kernel_may_not_be_asked_timedated_is(script: str, answer: bool | None) -> None:
    assert by_timedated(("/bin/sh", "-c", script)) is answer


def test_a_machine_without_timedated_does_not_tell() -> None:
    assert by_timedated(("/nonexistent/timedatectl",)) is None


class Hands:
    """Two clocks that a test sets."""

    wall, monotonic = 1_800_000_000.0, 500.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.monotonic)


def test_the_daemon_writes_down_each_step_once_with_what_it_puts_right() -> None:
    hands = Hands()
    clock = hands.clock()
    last = clock.now() + timedelta(days=365)
    watch = ClockWatch(clock, last)
    started = watch.started
    assert watch.entries() == ()
    hands.wall += 86400 * 366
    clock.look()
    hands.wall -= 30
    clock.look()
    first, second = watch.entries()
    assert first == ClockSet(step=timedelta(days=366), wrong_since=started)
    assert second == ClockSet(step=timedelta(seconds=-30), wrong_since=clock.now())
    assert watch.entries() == ()
    assert watch.started == started + timedelta(days=366, seconds=-30)


@pytest.mark.parametrize("minds", [True, False])
def test_the_kernel_is_asked_where_the_site_minds(minds: bool) -> None:
    watch = ClockWatch(Hands().clock(), None)

    async def for_a_while() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5 + PATIENCE * (by_kernel() is None)):
                await watch.run(lambda: minds)

    asyncio.run(for_a_while())
    assert watch.synchronised == (synchronised() if minds else None)
