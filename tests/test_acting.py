"""What people do to tickets: who may do what, when not, and that no act that was taken is lost.

The rules of clocks that acts meet are in test_rules_clocks.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from agent.acting import CONDITIONS, Person, Refused, Verb, Wanted, act, said
from agent.control import Request, ask
from agent.desk import user_name
from agent.printing import console, show_ticket, show_tickets
from agent.questions import TAKEN, WANTED
from agent.showing import agent_view
from agent.statuspage import due_words, stands_words
from agent.telling import log_line
from agent.tickets import Tickets
from agent.views import ActView, DueView
from collectors.products import find_products
from tests.site_view import NOW, TRUNKS
from tests.site_view import ZONE as SITE_ZONE
from tests.story import CM1, Story, a_site, seen, trunk_group
from tests.watched import Watched, until, watched

ONE, TWO = "TW-000001", "TW-000002"
FAN, FAN_WELL = seen("equipment", "fans", 1), seen("equipment", "fans", 0)


def half_lost() -> Story:
    """Half of the trunks are lost since Wednesday the 18th, 08:00; the ticket is of 08:01."""
    story = Story("2026-11-18 08:00", site=a_site(CM1))
    return story.reads("cm1", trunk_group(1, 23, 46)).passes(60)


def healed() -> Story:
    """The same, and it is resolved at 08:02."""
    return half_lost().reads("cm1", trunk_group(1, 0, 46)).passes(60)


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


# --- the table of conditions --------------------------------------------------------------------------------

ANSWERED = half_lost().does("respond")
WAITING = half_lost().does("hold", waiting_for="customer", by="bo")
ASSIGNED = half_lost().does("assign", to="bo")
BLIND = half_lost().misses("cm1").passes(60).misses("cm1").passes(60).misses("cm1").passes(60)
UPGRADED = Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 5, 46)).passes(60)
UPGRADED.does("respond").reads("cm1", trunk_group(1, 23, 46)).passes(60)
CLOSED = healed().passes(4 * 3600 + 1)
LAST_MOMENT = healed().passes(4 * 3600 - 60)
RATED = healed().does("rate", rating=4)
PART_OUT = half_lost().does("hold", waiting_for="parts").does("resume", part_received=True)
PART_OUT.reads("cm1", trunk_group(1, 0, 46)).passes(86_400)
PART_BACK = half_lost().does("hold", waiting_for="parts").does("resume", part_received=True).does("return")
RATED_AND_AGAIN = healed().does("rate", rating=1).passes(1)
RATED_AND_AGAIN.does("reopen", note="no").does("resolve", note="now")
AGAIN = healed().passes(5 * 3600).reads("cm1", trunk_group(1, 23, 46)).passes(60)
IS_RESOLVED = f"{ONE} is resolved since Wed 2026-11-18 08:02 CST; `trunkwatch tickets reopen` opens it again"
IS_CLOSED = f"{ONE} is closed: it was resolved Wed 2026-11-18 08:02 CST, more than 4h ago; the same failure"


@pytest.mark.parametrize(
    ("story", "wanted", "sentence"),
    [
        # what is said
        (
            half_lost(),
            {"verb": "respond", "ticket": "TW-000999"},
            "no ticket 'TW-000999'; `trunkwatch tickets",
        ),
        (half_lost(), {"verb": "respond", "ticket": ""}, "no ticket ''"),
        (half_lost(), {"verb": "respond", "note": "x" * 500}, None),
        (half_lost(), {"verb": "respond", "note": "x" * 501}, "the note has 501 characters; at most 500 are"),
        (half_lost(), {"verb": "respond", "note": "Füße nicht vergessen"}, None),
        (
            half_lost(),
            {"verb": "respond", "note": "two\nlines"},
            "the note has a control character or",
        ),
        (half_lost(), {"verb": "note", "note": "\x1b[31m"}, "the note has a control character"),
        (half_lost(), {"verb": "note", "note": "right\u202eto left"}, "the note has a control character"),
        (half_lost(), {"verb": "assign", "to": "b\x07"}, "the name has a control character"),
        (half_lost(), {"verb": "assign", "to": "b" * 81}, "the name has 81 characters; at most 80 are kept"),
        # respond
        (half_lost(), {"verb": "respond"}, None),
        (ANSWERED, {"verb": "respond"}, f"{ONE} was answered by ana, Wed 2026-11-18 08:01 CST; nothing was"),
        (UPGRADED, {"verb": "respond"}, None),
        (healed(), {"verb": "respond"}, IS_RESOLVED),
        (CLOSED, {"verb": "respond"}, IS_CLOSED),
        # assign
        (half_lost(), {"verb": "assign", "to": "bo"}, None),
        (half_lost(), {"verb": "assign", "to": "  "}, "expected a name in --to; got nothing"),
        (ASSIGNED, {"verb": "assign", "to": "bo"}, f"{ONE} is assigned to bo already; nothing was changed"),
        (ASSIGNED, {"verb": "assign", "to": "cy"}, None),
        (healed(), {"verb": "assign", "to": "bo"}, IS_RESOLVED),
        # dispatch
        (half_lost(), {"verb": "dispatch"}, None),
        (healed(), {"verb": "dispatch"}, IS_RESOLVED),
        # hold and resume
        (half_lost(), {"verb": "hold", "waiting_for": "parts"}, None),
        (half_lost(), {"verb": "hold"}, "expected --for customer or --for parts; got neither"),
        (
            WAITING,
            {"verb": "hold", "waiting_for": "parts"},
            f"{ONE} is on hold for the customer since Wed 2026-11-18 08:01 CST, by bo; resume it first",
        ),
        (healed(), {"verb": "hold", "waiting_for": "parts"}, IS_RESOLVED),
        (WAITING, {"verb": "resume"}, None),
        (half_lost(), {"verb": "resume"}, f"{ONE} is not on hold; there is nothing to resume"),
        (WAITING, {"verb": "resume", "part_received": True}, f"{ONE} waits for the customer, not for parts;"),
        (
            half_lost().does("hold", waiting_for="parts"),
            {"verb": "resume", "part_received": True},
            None,
        ),
        # return
        (PART_OUT, {"verb": "return"}, None),
        (half_lost(), {"verb": "return"}, f"{ONE} has no part that must go back; nothing was changed"),
        (half_lost().does("hold", waiting_for="parts"), {"verb": "return"}, f"{ONE} has no part that must"),
        (PART_BACK, {"verb": "return"}, f"{ONE} has no part that must go back; nothing was changed"),
        # resolve
        (
            half_lost(),
            {"verb": "resolve", "note": "done"},
            f"{ONE} is seen failing now (23 of 46 trunks out of service); it resolves itself once it is seen",
        ),
        (half_lost(), {"verb": "resolve"}, "expected a note that says why to resolve; got none"),
        (BLIND, {"verb": "resolve", "note": "decommissioned"}, None),
        (half_lost().reads("cm1", trunk_group(1, 0, 46)), {"verb": "resolve", "note": "back"}, None),
        (healed(), {"verb": "resolve", "note": "done"}, IS_RESOLVED),
        (healed().does("reopen", note="still hums"), {"verb": "resolve", "note": "done"}, None),
        # reopen
        (healed(), {"verb": "reopen", "note": "still hums"}, None),
        (healed(), {"verb": "reopen", "note": " "}, "expected a note that says why to reopen; got none"),
        (
            half_lost(),
            {"verb": "reopen", "note": "x"},
            f"{ONE} is not resolved; only a resolved ticket",
        ),
        (LAST_MOMENT, {"verb": "reopen", "note": "x"}, None),
        (CLOSED, {"verb": "reopen", "note": "x"}, IS_CLOSED),
        (AGAIN, {"verb": "reopen", "note": "x"}, IS_CLOSED),
        # reclassify
        (half_lost(), {"verb": "reclassify", "severity": "minor", "note": "spare site"}, None),
        (half_lost(), {"verb": "reclassify", "severity": "minor"}, "expected a note that says why to recl"),
        (
            half_lost(),
            {"verb": "reclassify", "severity": "major", "note": "x"},
            f"{ONE} is major already",
        ),
        (
            half_lost(),
            {"verb": "reclassify", "severity": "P1", "note": "x"},
            "expected one of the severities major, minor of agility 51401-1; got 'P1'",
        ),
        (healed(), {"verb": "reclassify", "severity": "minor", "note": "x"}, IS_RESOLVED),
        # note
        (half_lost(), {"verb": "note", "note": "called"}, None),
        (healed(), {"verb": "note", "note": "called"}, None),
        (half_lost(), {"verb": "note", "note": ""}, "expected a note that says why to note; got none"),
        (CLOSED, {"verb": "note", "note": "called"}, IS_CLOSED),
        # rate: the customer may take longer than the reopen window
        (healed(), {"verb": "rate", "rating": 1}, None),
        (CLOSED, {"verb": "rate", "rating": 5}, None),
        (
            half_lost(),
            {"verb": "rate", "rating": 5},
            f"{ONE} is not resolved; only a resolved ticket is rated",
        ),
        (healed(), {"verb": "rate", "rating": 0}, "expected a rating from 1 (bad) to 5 (good); got 0"),
        (healed(), {"verb": "rate", "rating": 6}, "expected a rating from 1 (bad) to 5 (good); got 6"),
        (healed(), {"verb": "rate"}, "expected a rating from 1 (bad) to 5 (good); got None"),
        (RATED, {"verb": "rate", "rating": 5}, f"{ONE} was rated 4 of 5 by ana; nothing was changed"),
        (RATED_AND_AGAIN, {"verb": "rate", "rating": 5}, None),
        # remind
        (half_lost(), {"verb": "remind", "after": "2h"}, None),
        (ANSWERED, {"verb": "remind", "after": "30 min", "note": "call the carrier"}, None),
        (half_lost(), {"verb": "remind"}, "expected --in, such as --in 2h, or --never; got neither"),
        (half_lost(), {"verb": "remind", "after": "2h", "never": True}, "expected --in or --never; got both"),
        (
            half_lost(),
            {"verb": "remind", "after": "soon"},
            "--in: expected a duration such as 90s, 15 min or",
        ),
        (half_lost(), {"verb": "remind", "after": "0s"}, "--in: expected at least 1m; got 0s"),
        (
            half_lost(),
            {"verb": "remind", "never": True},
            f"{ONE} has no reminder that is still to come; noth",
        ),
        (half_lost().does("remind", after="2h"), {"verb": "remind", "never": True}, None),
        (half_lost().does("remind", after="2h"), {"verb": "remind", "after": "3h"}, None),
        (healed(), {"verb": "remind", "after": "2h"}, IS_RESOLVED),
        (CLOSED, {"verb": "remind", "after": "2h"}, IS_CLOSED),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    story: Story, wanted: dict[str, Any], sentence: str | None
) -> None:
    reason = why_not(story, Wanted(**{"ticket": ONE, **wanted}))
    assert (reason is None) if sentence is None else (reason or "").startswith(sentence)


def why_not(story: Story, wanted: Wanted) -> str | None:
    """Why it is not taken; None: it is, as that person's."""
    known, person = story.knowledge, Person("ana", 1000)
    try:
        body = act(wanted, person, known.tickets, known.incidents, story.terms, story.now)
    except Refused as refusal:
        return str(refusal)
    assert [getattr(body, name) for name in ("ticket", "by", "uid")] == [wanted.ticket, "ana", 1000]
    return None


def test_only_one_ticket_of_a_failure_is_open() -> None:
    """Where a clock was set back, an older ticket of the failure may still be within its window."""
    story = AGAIN.agent_is_killed()
    now = story.knowledge.tickets.by_id[ONE].resolved
    assert now is not None
    wanted = Wanted(verb="reopen", ticket=ONE, note="x")
    with pytest.raises(Refused, match=f"{ONE} was the same failure as {TWO}, which is open"):
        act(wanted, Person("ana", 1), story.knowledge.tickets, story.knowledge.incidents, story.terms, now)


LIFE: list[tuple[dict[str, Any], str, str]] = [
    ({"verb": "respond", "note": "on my way"}, "is answered", "RESPOND {}: answered by ana: on my way"),
    ({"verb": "assign", "to": "bo"}, "is assigned to bo", "UPDATE {}: assigned to bo by ana"),
    ({"verb": "dispatch", "note": "van 2"}, "is dispatched", "UPDATE {}: dispatched by ana: van 2"),
    ({"verb": "hold", "waiting_for": "parts"}, "is on hold for parts", "UPDATE {}: on hold for parts by ana"),
    (
        {"verb": "resume", "part_received": True},
        "is resumed with its part",
        "UPDATE {}: resumed with its part by ana",
    ),
    (
        {"verb": "reclassify", "severity": "minor", "note": "spare"},
        "is reclassified as minor",
        "UPDATE {}: reclassified as minor by ana: spare",
    ),
    (
        {"verb": "note", "note": 'the "old" board'},
        "has your note",
        'UPDATE {}: noted by ana: the "old" board',
    ),
    (
        {"verb": "remind", "after": "90 min", "note": "has it come?"},
        "is to be reminded of in 1h 30m",
        "UPDATE {}: to be reminded of in 1h 30m by ana: has it come?",
    ),
    (
        {"verb": "remind", "never": True},
        "is to be reminded of no more",
        "UPDATE {}: to be reminded of no more by ana",
    ),
]


def test_the_alert_log_and_the_ticket_tell_each_act_with_its_person() -> None:
    story = half_lost()
    for wanted, sentence, line in LIFE:
        story.passes(60).does(**wanted)
        body = story.entries[-1].body
        assert said(Wanted(ticket=ONE, **wanted), body, story.now) == f"{ONE} {sentence}, by ana"
        told = log_line(story.entries[-1], Tickets.fold(story.entries), story.terms)
        assert told is not None
        assert f"{told.verb} {told.text}" == line.format("23 of 46 trunks out of service")
        assert (told.respond_by is None) == (told.verb == "RESPOND")
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).does("rate", rating=2, by="cy")
    told = log_line(story.entries[-1], Tickets.fold(story.entries), story.terms)
    assert told is not None
    assert (told.verb, told.respond_by, told.after) == ("UPDATE", None, None)
    (ticket,) = story.tickets
    assert [(each.what, each.by) for each in ticket.acts] == [
        ("received as major", ""),
        ("answered", "ana"),
        ("assigned to bo", "ana"),
        ("dispatched", "ana"),
        ("on hold for parts", "ana"),
        ("resumed with its part", "ana"),
        ("reclassified as minor", "ana"),
        ("noted", "ana"),
        ("to be reminded of in 1h 30m", "ana"),
        ("to be reminded of no more", "ana"),
        ("resolved", ""),
        ("rated 2 of 5", "cy"),
    ]
    assert story.agent_is_killed().tickets == [ticket]


def test_a_part_goes_back_also_from_a_round_that_is_over() -> None:
    story = half_lost().does("hold", waiting_for="parts").does("resume", part_received=True)
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).does("reopen", note="again")
    assert "return by " in screen(show_ticket(story.tickets[0], story.site.zone))
    story.does("return", note="UPS")
    assert "return by " not in screen(show_ticket(story.tickets[0], story.site.zone))
    first, second = story.knowledge.tickets.by_id[ONE].rounds
    assert (first.part_returned, second.part_returned) == (story.now, None)
    told = log_line(story.entries[-1], story.knowledge.tickets, story.terms)
    assert told is not None
    assert f"{told.verb} {told.text}" == "UPDATE 23 of 46 trunks out of service: part returned by ana: UPS"


def test_every_act_has_its_conditions() -> None:
    assert set(CONDITIONS) == set(get_args(Verb))


def test_where_a_ticket_stands_is_a_word() -> None:
    story = half_lost()
    words = [story.tickets[0].status]
    for wanted, _, _ in LIFE[:5]:
        words.append(story.does(**wanted).tickets[0].status)
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60)
    words += [story.tickets[0].status, story.passes(4 * 3600).tickets[0].status]
    assert words == [
        "received",
        "answered",
        "assigned",
        "dispatched",
        "on hold for parts",
        "dispatched",
        "resolved",
        "resolved",
    ]
    assert story.passes(1).tickets[0].status == "closed"


def test_an_act_on_a_ticket_that_the_journal_lost_changes_nothing() -> None:
    story = Story(site=a_site(CM1)).responds("TW-000009")
    assert story.tickets == []


def test_a_clock_that_steps_back_makes_no_answer_count_for_a_later_upgrade() -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 5, 46)).passes(60)
    story.now = story.now.replace(hour=8, minute=50)
    story.responds(ONE)
    story.now = story.now.replace(hour=8, minute=30)
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert story.tickets[0].responded is None
    assert [by for _, by, _ in story.tickets[0].responses] == ["ana"]


def test_the_next_due_time_is_that_of_the_tickets_without_an_answer() -> None:
    story = half_lost()
    assert [due.severity for due in next_due(story)] == ["major"]
    story.responds(ONE)
    assert next_due(story) == ()


# --- what is shown ------------------------------------------------------------------------------------------


def screen(*shown: Any, width: int = 80) -> str:
    """What a terminal of that width shows."""
    terminal = console()
    terminal.width = width
    with terminal.capture() as captured:
        for each in shown:
            terminal.print(each)
    return captured.get()


def test_the_lists_and_the_page_show_who_answered_and_when() -> None:
    answered = replace(
        TRUNKS,
        responded=NOW,
        responded_by="ana",
        acts=(ActView(at=NOW, what="answered", by="ana", note="[b]on my way"),),
    )
    assert "answered Fri 2026-11-20 17:05 CST by ana" in screen(
        show_tickets([answered], SITE_ZONE), width=200
    )
    whole = screen(show_ticket(answered, SITE_ZONE))
    assert re.search(r"done +Fri 2026-11-20 17:05 CST answered by ana: \[b\]on my way", whole)
    assert due_words(answered, NOW) == "answered 17:05:10 by ana"
    assert "answered" not in due_words(TRUNKS, NOW)


def test_a_ticket_with_a_long_life_is_told_on_one_screen() -> None:
    story = half_lost()
    for number in range(6):
        story.does("respond", note=f"round {number}").does("assign", to="bo")
        story.polls(11, ("cm1", (trunk_group(1, 0, 46),)))
        story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    story.does("reclassify", severity="minor", note="spare site")
    (ticket,) = story.tickets
    shown = screen(show_ticket(ticket, story.site.zone), width=100)
    assert len(shown.splitlines()) <= 40
    assert max(map(len, shown.splitlines())) <= 100
    for line in (
        r"TW-000001  MINOR  open, reopened  cm1: 23 of 46 trunks out of service",
        r"contract +agility 51401-1, counted in schedule-b",
        r"respond by +Wed 2026-11-18 12:13 CST \(major\)",
        r"classes +major Wed 2026-11-18 09:13 CST, minor Wed 2026-11-18 09:13 CST",
        r"rounds +\(2 before; --json has all\)",
        r"6: major, Wed 2026-11-18 09:01 CST, for 1m: seen well for 60 s",
        r"Wed 2026-11-18 09:13 CST reclassified as minor by ana: spare site",
    ):
        assert re.search(line, shown), shown
    assert len(ticket.rounds) == 7
    assert len(ticket.acts) == 2 + 6 * 4


def test_the_page_says_where_a_ticket_stands() -> None:
    assert stands_words(half_lost().tickets[0]) == ""
    assert stands_words(half_lost().does("assign", to="bo").tickets[0]) == " · assigned to bo"
    again = healed().reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert stands_words(again.tickets[0]) == " · reopened"
    assert (
        stands_words(again.does("hold", waiting_for="parts").tickets[0]) == " · on hold for parts · reopened"
    )
    assert stands_words(AGAIN.tickets[1]) == f" · again, after {ONE} of Wed 2026-11-18 08:01 CST"


def test_what_was_missed_and_what_stands_still_is_said() -> None:
    story = half_lost().passes(4 * 3600)
    story.reads("cm1", trunk_group(1, 23, 46))
    shown = screen(show_ticket(story.tickets[0], story.site.zone))
    assert "respond by   Wed 2026-11-18 11:01 CST (major), missed" in shown
    shown = screen(show_ticket(story.does("respond").tickets[0], story.site.zone))
    assert "(major), late Wed 2026-11-18 12:01 CST" in shown
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).does("rate", rating=3)
    story.passes(5 * 3600).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert re.search("rating +3 of 5", screen(show_ticket(story.tickets[0], story.site.zone)))
    again = screen(show_ticket(story.tickets[1], story.site.zone))
    assert re.search(f"again +after {ONE} of Wed 2026-11-18 08:01 CST", again)
    listed = screen(show_tickets(story.tickets, story.site.zone))
    assert max(map(len, listed.splitlines())) <= 80
    assert "after TW-000001" in listed


def test_a_user_without_a_name_is_its_number() -> None:
    assert user_name(os.getuid()) == pwd.getpwuid(os.getuid()).pw_name
    assert user_name(4_000_000_000) == "uid 4000000000"


@pytest.mark.parametrize(
    "arguments",
    [
        {"verb": "respond", "ticket": ONE, "by": "mallory"},
        {"verb": "respond", "ticket": ONE, "uid": "0"},
        {"verb": "delete", "ticket": ONE},
        {"verb": "respond"},
        {"ticket": ONE},
        {"verb": "hold", "ticket": ONE, "waiting_for": "godot"},
        {"verb": "rate", "ticket": ONE, "rating": "good"},
    ],
)
def test_an_act_of_unknown_shape_is_none(arguments: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        WANTED.validate_strings(arguments)


# --- with a daemon ------------------------------------------------------------------------------------------


def test_an_act_is_the_callers_is_on_the_disk_and_is_taken_once() -> None:
    async def story() -> None:
        me = pwd.getpwuid(os.getuid()).pw_name
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            one = await half(site)
            assert (
                "trunkwatch_next_due_timestamp_seconds{" in (await asyncio.to_thread(site.get, "/metrics"))[1]
            )
            assert await does(site, "respond", "TW-000009") == (
                2, "no ticket 'TW-000009'; `trunkwatch tickets list --all` lists every one"
            )  # fmt: skip
            assert (await does(site, "note", one, "two\nlines"))[0] == 2
            assert await does(site, "resolve", one, "--note", "all well") == (
                2,
                f"{one} is seen failing now (23 of 46 trunks out of service);"
                " it resolves itself once it is seen well",
            )
            assert (await does(site, "respond", one, "--note", "on my way")) == (
                0,
                f"{one} is answered, by {me}",
            )
            await site.end(signal.SIGKILL)  # at once: what was said to be taken must be there
            await site.start()
            ticket = await asyncio.to_thread(shown, site, one)
            assert (ticket["responded_by"], ticket["response_note"]) == (me, "on my way")
            status, sentence = await does(site, "respond", one)
            assert status == 2
            assert sentence.startswith(f"{one} was answered by {me}, ")
            assert "trunkwatch_next_due_timestamp_seconds{" not in site.get("/metrics")[1]

            for arguments, sentence in (
                (("assign", one, "--to", "bo"), f"{one} is assigned to bo, by {me}"),
                (("dispatch", one), f"{one} is dispatched, by {me}"),
                (
                    ("hold", one, "--for", "parts", "--note", "a board"),
                    f"{one} is on hold for parts, by {me}",
                ),
                (("resume", one, "--part-received"), f"{one} is resumed with its part, by {me}"),
                (
                    ("reclassify", one, "minor", "--note", "a spare site"),
                    f"{one} is reclassified as minor, by {me}",
                ),
                (("note", one, "called the carrier"), f"{one} has your note, by {me}"),
            ):
                assert await does(site, *arguments) == (0, sentence)
            site.lab.clear()
            assert await until(lambda: site.open == set(), 15), site.log
            assert await does(site, "rate", one, "5") == (0, f"{one} is rated 5 of 5, by {me}")
            assert await does(site, "reopen", one, "--note", "it hums") == (0, f"{one} is reopened, by {me}")
            assert (await does(site, "resolve", one, "--note", "it does not"))[0] == 0
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: site.open != set(), 20)  # the same failure within four hours
            assert await until(
                lambda: any(" REOPEN " in line and ": reopened" not in line for line in site.log), 10
            )
            verbs = [line.split()[3] for line in site.log if f" {one} " in line]
            assert [verb for verb, last in zip(verbs, ["", *verbs], strict=False) if verb != last] == [
                "OPEN", "RESPOND", "UPDATE", "RESOLVE", "UPDATE", "REOPEN", "RESOLVE", "REOPEN"
            ]  # fmt: skip
            assert all(f" by {me}" in line for line in site.log if " UPDATE " in line)

            _, running, _ = await site.command("tickets", "show", one, "--json")
            await site.end()
            _, stopped, _ = await site.command("tickets", "show", one, "--json")
            assert json.loads(running) == json.loads(stopped)
            assert len(json.loads(stopped)[0]["rounds"]) == 3
            assert await does(site, "respond", one) == (
                1, "no daemon runs, and only a daemon can write to a ticket; start it and try again"
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


async def does(site: Watched, *arguments: str) -> tuple[int, str]:
    """A ticket command's status, and the one thing that it said."""
    status, out, err = await site.command("tickets", *arguments)
    assert bool(out) != bool(err)
    return status, (out or err).strip()


def test_a_client_cannot_claim_a_name_and_of_many_answers_one_is_taken() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            one = await half(site)
            socket = Path(site.settings["directories"]["run"], "control.sock")
            forged = Request("act", {"verb": "respond", "ticket": one, "by": "mallory"})
            answer = await asyncio.to_thread(ask, socket, forged)
            assert answer is not None
            assert answer.error == "the daemon does not understand the act: by: Unexpected keyword argument"
            wanted = Request("act", {"verb": "respond", "ticket": one})
            answers = await asyncio.gather(*(asyncio.to_thread(ask, socket, wanted) for _ in range(8)))
            told = [TAKEN.validate_python(answer.body) for answer in answers if answer is not None]
            assert sorted(each.taken for each in told) == [False] * 7 + [True]
            ticket = await asyncio.to_thread(shown, site, one)
            assert ticket["responded_by"] == pwd.getpwuid(os.getuid()).pw_name
            assert len(ticket["responses"]) == 1

    asyncio.run(story())


def test_an_act_is_refused_while_it_cannot_be_made_durable() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            one = await half(site)
            assert site.process is not None
            _, hard = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (16_000, hard))
            status, sentence = await does(site, "respond", one)
            assert status == 1
            assert re.match(rf"nothing was done to {one}: journal \S+ cannot be written: ", sentence)
            ticket = await asyncio.to_thread(shown, site, one)
            assert ticket["responded"] is None
            assert site.get("/readyz")[0] == 503
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            assert await until(lambda: site.get("/readyz")[0] == 200, 45), site.stderr
            assert (await does(site, "respond", one))[0] == 0

    asyncio.run(story())
