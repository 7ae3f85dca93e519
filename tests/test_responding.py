"""Answering a ticket: whose answer it is, what it meets and what not (C1), and that no taken one is lost."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import resource
import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.control import Request, ask
from agent.printing import console, show_ticket, show_tickets
from agent.responding import user_name, why_not
from agent.showing import agent_view, ticket_view
from agent.statuspage import due_words
from agent.telling import log_line
from agent.tickets import Tickets
from agent.views import DueView, TicketView, moment
from collectors.products import find_products
from tests.site_view import FAN, NOW, TRUNKS
from tests.site_view import ZONE as SITE_ZONE
from tests.story import CM1, ZONE, Story, a_site, trunk_group
from tests.watched import Watched, until, watched

ONE = "TW-000001"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-18 {clock}").replace(tzinfo=ZONE)


def story_of(*steps: tuple[str, int | str]) -> Story:
    """At those times of Wednesday the 18th so many of 46 trunks are lost, or somebody answers."""
    story = Story(f"2026-11-18 {steps[0][0]}", site=a_site(CM1))
    for clock, step in steps:
        story.now = at(clock)
        if isinstance(step, int):
            story.reads("cm1", trunk_group(1, step, 46)).passes(60)
        else:
            story.responds(ONE, by=step)
    return story


def next_due(story: Story) -> tuple[DueView, ...]:
    view = agent_view(
        story.terms,
        story.knowledge,
        products=find_products(),
        watches=story.watches,
        started=story.now,
        now=story.now,
        version="",
        healthy=(True, ""),
        ready=(True, ""),
    )
    return view.next_due


@pytest.mark.parametrize(
    ("steps", "answered_by", "due", "counted"),
    [
        ([("08:00", 5)], None, "Thu 2026-11-19 08:01 CST", 1),
        ([("08:00", 5), ("08:30", "ana")], "ana", "Thu 2026-11-19 08:01 CST", 0),
        ([("08:00", 23), ("08:30", "ana")], "ana", "Wed 2026-11-18 11:01 CST", 0),
        # An upgrade opens the major's target from that moment; the minor's is met and no longer counts.
        ([("08:00", 5), ("08:30", "ana"), ("09:00", 23)], None, "Wed 2026-11-18 12:01 CST", 1),
        (
            [("08:00", 5), ("08:30", "ana"), ("09:00", 23), ("09:30", "bo")],
            "bo",
            "Wed 2026-11-18 12:01 CST",
            0,
        ),
        # Without an answer the earlier due time stands.
        ([("08:00", 5), ("09:00", 23)], None, "Wed 2026-11-18 12:01 CST", 1),
        ([("17:00", 5), ("17:01", "ana"), ("17:30", 23)], None, "Thu 2026-11-19 09:31 CST", 1),
        # A downgrade opens nothing, nor does a second rise to what it was before.
        ([("08:00", 23), ("08:30", "ana"), ("09:00", 5)], "ana", "Wed 2026-11-18 11:01 CST", 0),
        (
            [("08:00", 23), ("08:30", "ana"), ("09:00", 5), ("10:00", 30)],
            "ana",
            "Wed 2026-11-18 11:01 CST",
            0,
        ),
        (
            [("08:00", 23), ("09:00", 5), ("09:30", "ana"), ("10:00", 30)],
            "ana",
            "Wed 2026-11-18 11:01 CST",
            0,
        ),
    ],
)
def test_an_answer_counts_for_the_class_in_force(
    steps: list[tuple[str, int | str]], answered_by: str | None, due: str, counted: int
) -> None:
    """C1."""
    story = story_of(*steps)
    (ticket,) = story.tickets
    assert ticket.responded_by == answered_by
    assert ticket.respond_by is not None
    assert moment(ticket.respond_by) == due
    assert len(next_due(story)) == counted
    story.agent_is_killed()
    assert story.tickets == [ticket]


def test_a_clock_that_steps_back_makes_no_answer_count_for_a_later_upgrade() -> None:
    story = story_of(("08:00", 5), ("08:50", "ana"), ("08:30", 23))
    assert story.tickets[0].responded is None
    assert [by for _, by, _ in story.tickets[0].responses] == ["ana"]


def test_an_answer_to_a_ticket_that_the_journal_lost_changes_nothing() -> None:
    story = Story(site=a_site(CM1)).responds("TW-000009")
    assert story.tickets == []


def test_the_next_due_time_is_that_of_the_tickets_without_an_answer() -> None:
    story = story_of(("08:00", 23))
    assert [due.severity for due in next_due(story)] == ["major"]
    story.responds(ONE)
    assert next_due(story) == ()


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("", "23 of 46 trunks out of service: answered by ana"),
        ("on my way", "23 of 46 trunks out of service: answered by ana: on my way"),
    ],
)
def test_the_alert_log_tells_who_answered(note: str, text: str) -> None:
    story = story_of(("08:00", 23))
    story.now = at("08:31")
    story.responds(ONE, note=note)
    told = log_line(story.entries[-1], Tickets.fold(story.entries), story.terms)
    assert told is not None
    assert (told.verb, told.ticket, told.severity, told.text) == ("RESPOND", ONE, "major", text)
    assert told.after is not None
    assert told.after.total_seconds() == 30 * 60


ANSWERED = replace(TRUNKS, responded=NOW, responded_by="ana", responses=((NOW, "ana", "[b]on my way"),))
TABLE: tuple[TicketView, ...] = (
    TRUNKS,
    replace(ANSWERED, id="TW-000124"),
    replace(FAN, id="TW-000125", state="resolved", resolved=NOW),
)


@pytest.mark.parametrize(
    ("ticket", "note", "sentence"),
    [
        ("TW-000123", "on my way", None),
        ("TW-000123", "", None),
        ("TW-000123", "Füße nicht vergessen", None),
        ("TW-000123", "x" * 500, None),
        ("TW-000123", "x" * 501, "the note has 501 characters; at most 500 are kept"),
        ("TW-000123", "two\nlines", "the note has a control character or a line break; say it in one line"),
        ("TW-000123", "\x1b[31m", "the note has a control character"),
        ("TW-000123", "right\u202eto left", "the note has a control character"),
        ("TW-000124", "", "TW-000124 was answered by ana, Fri 2026-11-20 17:05 CST; nothing was changed"),
        ("TW-000125", "", "TW-000125 is resolved since Fri 2026-11-20 17:05 CST; there is nothing to answer"),
        ("TW-000999", "", "no ticket 'TW-000999'; `trunkwatch tickets list --all` lists every one"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_sentence(
    ticket: str, note: str, sentence: str | None
) -> None:
    reason = why_not(ticket, note, TABLE)
    assert (reason is None) if sentence is None else (reason or "").startswith(sentence)


def test_the_lists_and_the_page_show_who_answered_and_when() -> None:
    with console().capture() as shown:
        pass
    screen = console()
    with screen.capture() as shown:
        screen.print(show_tickets([ANSWERED], SITE_ZONE))
        screen.print(show_ticket(ANSWERED, SITE_ZONE))
    assert "answered Fri 2026-11-20 17:05 CST by ana" in shown.get()
    assert re.search(r"answered +Fri 2026-11-20 17:05 CST by ana: \[b\]on my way", shown.get())
    assert due_words(ANSWERED, NOW) == "answered 17:05:10 by ana"
    assert "answered" not in due_words(TRUNKS, NOW)


def test_a_user_without_a_name_is_its_number() -> None:
    assert user_name(os.getuid()) == pwd.getpwuid(os.getuid()).pw_name
    assert user_name(4_000_000_000) == "uid 4000000000"


def test_an_answer_is_the_callers_is_on_the_disk_and_is_taken_once() -> None:
    async def story() -> None:
        me = pwd.getpwuid(os.getuid()).pw_name
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            one = await half(site)
            assert (
                "trunkwatch_next_due_timestamp_seconds{" in (await asyncio.to_thread(site.get, "/metrics"))[1]
            )
            assert await respond(site, "TW-000009") == (
                2, "no ticket 'TW-000009'; `trunkwatch tickets list --all` lists every one"
            )  # fmt: skip
            assert (await respond(site, one, "two\nlines"))[0] == 2
            assert (await respond(site, one, "x" * 501))[0] == 2

            status, said = await respond(site, one, "on my way")
            assert (status, said) == (0, f"{one} is answered, by {me}")
            await site.end(signal.SIGKILL)  # at once: what was said to be taken must be there
            await site.start()
            ticket = await asyncio.to_thread(shown, site, one)
            assert (ticket["responded_by"], ticket["response_note"]) == (me, "on my way")
            status, said = await respond(site, one)
            assert status == 2
            assert said.startswith(f"{one} was answered by {me}, ")
            assert "trunkwatch_next_due_timestamp_seconds{" not in site.get("/metrics")[1]
            assert await until(lambda: any(" RESPOND " in line for line in site.log), 10)
            (line,) = {line for line in site.log if " RESPOND " in line}
            assert (
                f'{one} cm1 half-capacity "23 of 46 trunks out of service: answered by {me}: on my way"'
                in line
            )
            _, out, _ = await site.command("tickets", "show", one, "--json")
            assert json.loads(out)[0]["responses"][0][1:] == [me, "on my way"]

            site.lab.clear()
            assert await until(lambda: site.open == set(), 15), site.log
            status, said = await respond(site, one)
            assert status == 2
            assert "there is nothing to answer" in said
            await site.end()
            assert await respond(site, one) == (
                1, "no daemon runs, and only a daemon can take an answer; start it and try again"
            )  # fmt: skip

    asyncio.run(story())


async def half(site: Watched) -> str:
    """The id of the ticket about the trunks, once there is one."""

    def found() -> list[str]:
        return [ticket["id"] for ticket in site.tickets if ticket["clause"] == "half-capacity"]

    (one,) = await until(found, 20)
    return str(one)


def shown(site: Watched, one: str) -> dict[str, Any]:
    return next(ticket for ticket in site.tickets if ticket["id"] == one)


async def respond(site: Watched, ticket: str, note: str = "") -> tuple[int, str]:
    status, out, err = await site.command("tickets", "respond", ticket, *(["--note", note] if note else []))
    assert bool(out) != bool(err)
    return status, (out or err).strip()


def test_a_client_cannot_claim_a_name_and_of_many_answers_one_is_taken() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            one = await half(site)
            socket = Path(site.settings["directories"]["run"], "control.sock")
            forged = Request("respond", {"ticket": one, "note": "", "by": "mallory", "uid": "0"})
            answers = await asyncio.gather(*(asyncio.to_thread(ask, socket, forged) for _ in range(8)))
            assert sum(answer is not None and answer.ok for answer in answers) == 1
            ticket = await asyncio.to_thread(shown, site, one)
            assert ticket["responded_by"] == pwd.getpwuid(os.getuid()).pw_name
            assert len(ticket["responses"]) == 1

    asyncio.run(story())


def test_an_answer_is_refused_while_it_cannot_be_made_durable() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            one = await half(site)
            assert site.process is not None
            _, hard = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (16_000, hard))
            status, said = await respond(site, one)
            assert status == 1
            assert re.match(rf"the answer to {one} was not taken: journal \S+ cannot be written: ", said)
            ticket = await asyncio.to_thread(shown, site, one)
            assert ticket["responded"] is None
            assert site.get("/readyz")[0] == 503
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            assert await until(lambda: site.get("/readyz")[0] == 200, 45), site.stderr
            assert (await respond(site, one))[0] == 0

    asyncio.run(story())


def test_a_view_of_a_ticket_without_answers_says_so() -> None:
    story = story_of(("08:00", 23))
    view = ticket_view(story.knowledge.tickets.by_id[ONE], story.terms)
    assert (view.responded, view.responded_by, view.response_note, view.responses) == (None, None, "", ())
