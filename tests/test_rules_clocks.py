"""Rules C1, C2, C3 and C5 on a false clock: what a round promises, and which ticket a failure is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.acting import Refused
from agent.agreement import Agreement, decided
from agent.contract import Contract, Step
from agent.entries import ClockSet, Entry, JournalRebuilt, NumbersSkipped, Opened, Reopened, Resolved
from agent.incidents import PAST_KEPT, Incidents
from agent.knowledge import Knowledge
from agent.loading import load_contract
from agent.promises import Promise
from agent.rounds import Act, Class, Round, Wait
from agent.telling import log_line
from agent.tickets import Tickets
from agent.views import TicketView, moment
from tests.story import CM1, GW_WEST, ZONE, Story, a_site, on_hold, seen, stations, trunk_group, with_contract

ONE, TWO = "TW-000001", "TW-000002"
CM2 = {**CM1, "name": "cm2", "address": "127.0.0.11", "group": "north"}
FAN, FAN_WELL = seen("equipment", "fans", 1), seen("equipment", "fans", 0)


def at(text: str) -> datetime:
    """A time of November 2026: `18 09:00`, Wednesday the 18th."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE)


def due(ticket: TicketView) -> str | None:
    return moment(ticket.respond_by) if ticket.respond_by else None


def story_of(*steps: tuple[str, int | str]) -> Story:
    """At those times of November 2026 so many of 46 trunks are lost, or somebody answers."""
    story = Story(f"2026-11-{steps[0][0]}", site=a_site(CM1))
    for when, step in steps:
        story.now = at(when)
        if isinstance(step, int):
            story.reads("cm1", trunk_group(1, step, 46)).passes(60)
        else:
            story.responds(ONE, by=step)
    return story


def told(story: Story) -> list[str]:
    """The alert log's verbs and texts."""
    lines = []
    for number, entry in enumerate(story.entries, start=1):
        line = log_line(entry, Tickets.fold(story.entries[:number]), story.terms)
        if line is not None:
            lines.append(f"{line.verb} {line.ticket} {line.text}")
    return lines


# --- contracts of the tests' own ----------------------------------------------------------------------------


def changed(targets: Iterable[dict[str, Any]] = (), words: str | None = None, **decisions: Any) -> Agreement:
    """The Agility contract with further targets, other words for half capacity, other decisions."""
    raw = json.loads(load_contract("agility").source)
    raw["targets"] = [*targets, *raw["targets"]]
    for clause in raw["clauses"]:
        if words is not None and clause["id"] == "half-capacity":
            clause["words"] = words
    source = json.dumps(raw)
    return decided(Contract.model_validate_json(source), source, json.dumps({"decisions": decisions}))


def under(story: Story, agreement: Agreement) -> Story:
    """The story from here on under that agreement."""
    story.terms = replace(story.terms, agreement=agreement)
    story.contract = agreement.contract
    return story.takes_agreement()


WHOLE = changed(
    [
        {"severity": "major", "step": "assign", "amount": "1h", "clock": "coverage"},
        {"severity": "major", "step": "resolve", "amount": "6h", "clock": "coverage", "pauses": ["customer"]},
        {"severity": "minor", "step": "resolve", "amount": "24h", "clock": "coverage", "pauses": ["parts"]},
        {"severity": "major", "step": "return", "business_days": 10, "clock": "coverage"},
        {"severity": "minor", "step": "return", "business_days": 10, "clock": "coverage"},
    ]
)
MAJOR = "within 3 business hours."


# --- C1 -----------------------------------------------------------------------------------------------------


def test_c1_receipt_is_when_the_ticket_is_raised() -> None:
    story = story_of(("18 08:00", 23))
    (ticket,) = story.tickets
    assert (ticket.began, ticket.received) == (at("18 08:00"), at("18 08:01"))
    assert due(ticket) == "Wed 2026-11-18 11:01 CST"
    assert ticket.clause_text == "50% of trunks or stations"
    target = story.contract.target("major", "respond")
    assert target is not None
    assert target.words.endswith(MAJOR)


@pytest.mark.parametrize(
    ("steps", "answered_by", "by"),
    [
        ([("18 08:00", 5)], None, "Thu 2026-11-19 08:01 CST"),
        ([("18 08:00", 5), ("18 08:30", "ana")], "ana", "Thu 2026-11-19 08:01 CST"),
        ([("18 08:00", 23), ("18 08:30", "ana")], "ana", "Wed 2026-11-18 11:01 CST"),
        # An upgrade opens the major's target from that moment; an answer before it does not count for it.
        ([("18 08:00", 5), ("18 08:30", "ana"), ("18 09:00", 23)], None, "Wed 2026-11-18 12:01 CST"),
        (
            [("18 08:00", 5), ("18 08:30", "ana"), ("18 09:00", 23), ("18 09:30", "bo")],
            "bo",
            "Wed 2026-11-18 12:01 CST",
        ),
        # Without an answer the earlier due time stands beside it.
        ([("18 08:00", 5), ("18 09:00", 23)], None, "Wed 2026-11-18 12:01 CST"),
        ([("17 15:00", 5), ("18 13:30", 23)], None, "Wed 2026-11-18 15:01 CST"),
        ([("18 17:00", 5), ("18 17:01", "ana"), ("18 17:30", 23)], None, "Thu 2026-11-19 09:31 CST"),
        # A downgrade opens nothing, nor does a second rise to what it was before.
        ([("18 08:00", 23), ("18 08:30", "ana"), ("18 09:00", 5)], "ana", "Wed 2026-11-18 11:01 CST"),
        (
            [("18 08:00", 23), ("18 08:30", "ana"), ("18 09:00", 5), ("18 10:00", 30)],
            "ana",
            "Wed 2026-11-18 11:01 CST",
        ),
        (
            [("18 08:00", 23), ("18 09:00", 5), ("18 09:30", "ana"), ("18 10:00", 30)],
            "ana",
            "Wed 2026-11-18 11:01 CST",
        ),
    ],
)
def test_c1_an_answer_counts_for_the_class_then_in_force(
    steps: list[tuple[str, int | str]], answered_by: str | None, by: str
) -> None:
    story = story_of(*steps)
    (ticket,) = story.tickets
    assert (ticket.responded_by, due(ticket)) == (answered_by, by)
    story.agent_is_killed()
    assert story.tickets == [ticket]


def test_c1_an_upgrade_leaves_the_earlier_target_standing() -> None:
    story = story_of(("18 08:00", 5), ("18 09:00", 23))
    (only,) = story.tickets[0].rounds
    assert [(step.severity, moment(step.due)) for step in only.steps if step.due] == [
        ("minor", "Thu 2026-11-19 08:01 CST"),
        ("major", "Wed 2026-11-18 12:01 CST"),
    ]


def a_round(*classes: tuple[str, str], **more: Any) -> Round:
    """A round that had those classes from those times of Wednesday the 18th."""
    given = tuple(Class(at(f"18 {clock}"), severity) for clock, severity in classes)
    return Round(received=given[0].at, began=given[0].at, classes=given, **more)


def done_at(clock: str, classes: int, to: str = "") -> Act:
    return Act(at(f"18 {clock}"), "ana", "", classes, to)


def summed(promises: Iterable[Promise], now: str = "18 23:59") -> list[str]:
    """`major 11:00 met 10:00` for each promise."""
    return [
        " ".join(
            [
                promise.severity,
                f"{promise.due:%H:%M}" if promise.due else "paused" if promise.paused else "never",
                f"met {promise.met:%H:%M}" if promise.met else "open",
                *(["missed"] if promise.breached(at(now)) else []),
            ]
        )
        for promise in promises
    ]


MINOR_THEN_MAJOR = (("08:00", "minor"), ("09:00", "major"))


@pytest.mark.parametrize(
    ("step", "shown", "expected"),
    [
        ("respond", a_round(("08:00", "major")), ["major 11:00 open missed"]),
        ("respond", a_round(("08:00", "major"), responses=(done_at("10:00", 1),)), ["major 11:00 met 10:00"]),
        # Met exactly when it is due is met; a moment later is late, and stays so.
        ("respond", a_round(("08:00", "major"), responses=(done_at("11:00", 1),)), ["major 11:00 met 11:00"]),
        (
            "respond",
            a_round(("08:00", "major"), responses=(done_at("11:00:01", 1),)),
            ["major 11:00 met 11:00 missed"],
        ),
        # The first answer that counts for a class meets it; a later one changes nothing.
        (
            "respond",
            a_round(*MINOR_THEN_MAJOR, responses=(done_at("08:30", 1), done_at("12:30", 2))),
            ["minor 08:00 met 08:30", "major 12:00 met 12:30 missed"],
        ),
        (
            "respond",
            a_round(*MINOR_THEN_MAJOR, responses=(done_at("10:00", 2), done_at("11:00", 2))),
            ["minor 08:00 met 10:00", "major 12:00 met 10:00"],
        ),
        # Only majors are promised somebody within the hour.
        ("assign", a_round(("08:00", "minor")), []),
        (
            "assign",
            a_round(("08:00", "major"), assignments=(done_at("08:59", 1, "bo"), done_at("12:00", 1, "cy"))),
            ["major 09:00 met 08:59"],
        ),
        # Given to somebody as a minor is not yet given to somebody as a major.
        (
            "assign",
            a_round(*MINOR_THEN_MAJOR, assignments=(done_at("08:30", 1, "bo"),)),
            ["major 10:00 open missed"],
        ),
        ("resolve", a_round(("08:00", "major"), resolved=at("18 14:00")), ["major 14:00 met 14:00"]),
        ("resolve", a_round(("08:00", "major"), resolved=at("18 14:01")), ["major 14:00 met 14:01 missed"]),
        # What was resolved is resolved for each class that the round had.
        (
            "resolve",
            a_round(*MINOR_THEN_MAJOR, resolved=at("18 15:00")),
            ["minor 10:00 met 15:00", "major 15:00 met 15:00"],
        ),
        ("return", a_round(("08:00", "major")), []),
        ("return", a_round(*MINOR_THEN_MAJOR, part_received=at("18 12:00")), ["major 18:00 open"]),
    ],
)
def test_c1_what_a_round_promises_and_what_met_it(step: Step, shown: Round, expected: list[str]) -> None:
    assert summed(shown.promises(step, WHOLE)) == expected


def wait(begin: str, end: str | None, waiting_for: Any = "customer") -> Wait:
    return Wait(at(f"18 {begin}"), waiting_for, "ana", "", at(f"18 {end}") if end else None)


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ((), "major 14:00 open missed"),
        ((wait("09:00", "10:30"),), "major 15:30 open missed"),
        ((wait("09:00", "10:30"), wait("11:00", "11:15")), "major 15:45 open missed"),
        ((wait("09:00", "10:30", "parts"),), "major 14:00 open missed"),  # this contract names the customer
        ((wait("09:00", None),), "major paused open"),
        ((wait("09:00", None, "parts"),), "major 14:00 open missed"),
        ((wait("14:00", None),), "major 14:00 open missed"),  # what fell due before stays due
        ((wait("09:00", "08:00"),), "major 14:00 open missed"),  # a clock that was set back meanwhile
    ],
)
def test_c1_a_hold_stops_the_clocks_that_the_contract_names(waits: tuple[Wait, ...], expected: str) -> None:
    shown = a_round(("08:00", "major"), waits=waits)
    assert summed(shown.promises("resolve", WHOLE)) == [expected]
    assert summed(shown.promises("respond", WHOLE)) == ["major 11:00 open missed"]


def test_c1_holds_and_parts_through_a_whole_life() -> None:
    story = under(Story("2026-11-18 08:00", site=a_site(CM1)), WHOLE)
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    story.passes(3600).does("hold", waiting_for="customer", note="gate is locked")
    assert story.tickets[0].status == "on hold for the customer"
    resolve = next(step for step in story.tickets[0].rounds[-1].steps if step.step == "resolve")
    assert (resolve.due, resolve.paused) == (None, True)
    story.passes(1800).does("resume").does("hold", waiting_for="parts")
    story.passes(3600).does("resume", part_received=True, note="board came")
    steps = {step.step: step for step in story.tickets[0].rounds[-1].steps}
    assert steps["resolve"].due == at("18 14:31")
    # "within 10 business days" of the 18th, Thanksgiving not observed by this site: Wednesday, December 2nd.
    assert steps["return"].due == datetime(2026, 12, 2, 18, tzinfo=ZONE)
    assert story.tickets[0].rounds[-1].part_received == at("18 10:31")
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60)
    assert story.tickets[0].rounds[-1].steps[-1].step == "return"
    before = story.tickets
    assert story.agent_is_killed().tickets == before


def test_c1_a_part_goes_back_within_ten_business_days_without_the_holiday() -> None:
    holidays = {at("26 00:00").date(): "Thanksgiving Day"}
    observed = decided(WHOLE.contract, WHOLE.source, "{}", holidays=holidays)
    shown = a_round(("08:00", "minor"), part_received=at("18 12:00"))
    (back,) = shown.promises("return", observed)
    assert back.due == datetime(2026, 12, 3, 18, tzinfo=ZONE)


def test_c1_a_reclassification_keeps_both_classes_and_opens_the_worse_target() -> None:
    story = story_of(("18 08:00", 5))
    story.now = at("18 09:00")
    story.does("respond").does("reclassify", severity="major", note="the police line is on it")
    (ticket,) = story.tickets
    assert [severity for _, severity in ticket.severities] == ["minor", "major"]
    assert (ticket.severity, ticket.responded_by, due(ticket)) == ("major", None, "Wed 2026-11-18 12:00 CST")
    story.passes(600).reads("cm1", trunk_group(1, 6, 46)).passes(60)  # other figures leave a person's word
    assert story.tickets[0].severity == "major"
    assert story.tickets[0].summary == "6 of 46 trunks out of service"
    story.reads("cm1", trunk_group(1, 30, 46)).passes(60).reads("cm1", trunk_group(1, 5, 46)).passes(120)
    assert [severity for _, severity in story.tickets[0].severities] == ["minor", "major", "minor"]


# --- C2 -----------------------------------------------------------------------------------------------------


def came_back(after: timedelta, story: Story | None = None) -> Story:
    """Half of the trunks are lost and found, and lost again so that it is raised `after` it was over."""
    story = story or Story("2026-11-18 08:00", site=a_site(CM1))
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60)
    resolved = story.knowledge.tickets.by_id[ONE].resolved
    assert resolved is not None
    raised = (resolved.astimezone(UTC) + after - timedelta(seconds=60)).astimezone(ZONE)
    story.now = raised
    return story.reads("cm1", trunk_group(1, 23, 46)).passes(60)


def test_c2_within_the_reopen_window_the_same_failure_is_a_new_round() -> None:
    story = came_back(timedelta(hours=1))
    assert story.log == [
        "08:01:00 opened TW-000001 major",
        "08:02:00 resolved TW-000001",
        "09:02:00 reopened TW-000001 major",
    ]
    (ticket,) = story.tickets
    assert (ticket.state, ticket.status, ticket.reopened) == ("open", "reopened", 1)
    assert (ticket.received, ticket.began) == (at("18 09:02"), at("18 09:01"))
    assert due(ticket) == "Wed 2026-11-18 12:02 CST"
    assert ticket.clause_text == "50% of trunks or stations"
    assert [(each.received, each.resolved) for each in ticket.rounds] == [
        (at("18 08:01"), at("18 08:02")),
        (at("18 09:02"), None),
    ]
    assert told(story)[-1] == "REOPEN TW-000001 23 of 46 trunks out of service"


def test_c2_an_answer_of_the_round_before_does_not_count() -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    story.does("respond").does("assign", to="bo").does("hold", waiting_for="parts")
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    (ticket,) = story.tickets
    assert (ticket.responded, ticket.assigned_to, ticket.status) == (None, "", "reopened")
    first, second = ticket.rounds
    assert [(step.severity, step.met) for step in first.steps] == [("major", at("18 08:01"))]
    assert [(step.severity, step.met) for step in second.steps] == [("major", None)]


@pytest.mark.parametrize(
    ("after", "decisions", "reopened"),
    [
        (timedelta(hours=4), {}, True),
        (timedelta(hours=4, seconds=1), {}, False),
        (timedelta(minutes=30), {"reopen_within": timedelta(minutes=30)}, True),
        (timedelta(minutes=31), {"reopen_within": timedelta(minutes=30)}, False),
        (timedelta(days=40), {}, False),
    ],
)
@pytest.mark.parametrize("killed", [False, True])
def test_c2_exactly_the_window_is_within_it(
    after: timedelta, decisions: dict[str, Any], reopened: bool, killed: bool
) -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1), **decisions)
    if killed:
        story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
        story.reads("cm1", trunk_group(1, 0, 46)).passes(60).agent_is_killed()
        story.now += after - timedelta(seconds=60)
        story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    else:
        came_back(after, story)
    assert [ticket.id for ticket in story.tickets] == ([ONE] if reopened else [ONE, TWO])


def test_c2_the_window_is_counted_in_hours_that_pass() -> None:
    """The night in which the clocks go back has 25 of them."""
    story = came_back(timedelta(hours=4), Story("2026-10-31 23:00", site=a_site(CM1)))
    assert f"{story.now:%H:%M}" == "02:02"
    assert [ticket.id for ticket in story.tickets] == [ONE]


def test_c2_later_it_is_a_new_ticket_that_says_so() -> None:
    story = came_back(timedelta(hours=5))
    first, second = story.tickets
    assert (first.status, first.reopened, second.reopened) == ("closed", 0, 0)
    assert (second.follows, second.again) == (ONE, "again, after TW-000001 of Wed 2026-11-18 08:01 CST")
    assert told(story)[-1] == (
        "OPEN TW-000002 23 of 46 trunks out of service; again, after TW-000001 of Wed 2026-11-18 08:01 CST"
    )
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert [(ticket.id, ticket.reopened) for ticket in story.tickets] == [(ONE, 0), (TWO, 1)]


def test_c2_the_length_of_a_round_is_its_own() -> None:
    story = came_back(timedelta(hours=1)).passes(240)
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60)
    line = log_line(story.entries[-1], story.knowledge.tickets, story.terms)
    assert line is not None
    assert (line.verb, line.after) == ("RESOLVE", timedelta(minutes=5))


def test_c2_another_failure_of_the_same_system_is_another_ticket() -> None:
    story = came_back(timedelta(hours=1))
    story.reads("cm1", trunk_group(1, 23, 46), seen("equipment", "board 1", 1)).passes(180)
    assert [ticket.id for ticket in story.tickets] == [ONE, TWO]


def test_c2_reopening_takes_no_number_and_a_gap_stays_a_gap() -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1, GW_WEST))
    story._write((NumbersSkipped(first=1, last=6),))
    story.reads("gw-west", FAN).passes(120).reads("gw-west", FAN_WELL).passes(60)
    story._write((JournalRebuilt(file="x", reason="y", kept=3, lost=2, unproven=0),))
    story.agent_is_killed()
    story.reads("gw-west", FAN).passes(120).reads("cm1", trunk_group(1, 5, 46)).passes(60)
    assert [(ticket.id, ticket.reopened) for ticket in story.tickets] == [("TW-000007", 1), ("TW-000010", 0)]


def test_c2_what_a_person_reopened_stays_open_until_a_person_resolves_it() -> None:
    story = Story("2026-11-18 08:00", site=a_site(GW_WEST)).reads("gw-west", FAN).passes(120)
    story.reads("gw-west", FAN_WELL).passes(60).does("reopen", note="the customer still hears it")
    assert due(story.tickets[0]) == "Thu 2026-11-19 08:03 CST"
    for _ in range(3):
        story.polls(5, ("gw-west", (FAN_WELL,)))
        story.agent_is_killed()
    assert [(ticket.status, ticket.reopened) for ticket in story.tickets] == [("reopened", 1)]
    story.polls(3, ("gw-west", (FAN,)))  # it fails again, and is still the same ticket
    with pytest.raises(Refused, match="is seen failing now"):
        story.does("resolve", note="replaced")
    story.polls(3, ("gw-west", (FAN_WELL,))).does("resolve", note="replaced", by="bo")
    (ticket,) = story.tickets
    assert (ticket.state, ticket.rounds[-1].resolved_by, ticket.rounds[-1].reason) == (
        "resolved",
        "bo",
        "replaced",
    )
    assert told(story)[-2:] == [
        "REOPEN TW-000001 fans out of use: reopened by ana: the customer still hears it",
        "RESOLVE TW-000001 fans out of use: resolved by bo: replaced",
    ]


def test_c2_what_a_person_resolved_unseen_is_reopened_when_it_is_seen_failing() -> None:
    story = Story("2026-11-18 08:00", site=a_site(GW_WEST)).reads("gw-west", FAN).passes(120)
    for _ in range(3):
        story.misses("gw-west").passes(60)
    story.does("resolve", note="the customer pulled the gateway out")
    assert story.tickets[0].state == "resolved"
    story.polls(4, ("gw-west", (FAN,)))
    assert [(ticket.id, ticket.reopened) for ticket in story.tickets if ticket.role == "equipment"] == [
        (ONE, 1)
    ]


def test_c2_a_ticket_whose_opening_the_journal_lost_is_open_again_for_all_to_see() -> None:
    whole = came_back(timedelta(hours=1))
    left = [entry for entry in whole.entries if entry.body.kind in ("agreement_taken", "reopened")]
    whole.entries = left
    whole.agent_is_killed()
    (ticket,) = whole.tickets
    assert (ticket.id, ticket.state, ticket.contract) == (ONE, "open", "agility 51401-1")
    assert whole.knowledge.incidents.tickets == 1


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(("wrong", "reopened"), [(True, [1]), (False, [0, 0])])
def test_c2_what_a_wrong_clock_stamped_is_as_old_as_it_is(
    wrong: bool, reopened: list[int], killed: bool
) -> None:
    """A clock set forward by six hours: was it wrong before, or did the machine stand still for so long?"""
    story = Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    begun = story.entries[0].at
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).clock_is_set(6 * 3600)
    story._write((ClockSet(step=timedelta(hours=6), wrong_since=begun if wrong else None),))
    if killed:
        story.agent_is_killed()
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert [ticket.reopened for ticket in story.tickets if ticket.role == "trunks"] == reopened
    closed = [ticket.status for ticket in story.tickets if ticket.role == "trunks"] == ["closed", "received"]
    assert closed is not wrong


def test_c2_what_is_remembered_of_closed_tickets_is_bounded_and_no_reopening_is_lost() -> None:
    story = Story("2026-11-18 08:00", site=a_site(GW_WEST)).reads("gw-west", FAN).passes(120)
    opened = story.entries[-1].body
    assert isinstance(opened, Opened)

    def fold(apart: timedelta) -> Incidents:
        incidents = Incidents()
        for number in range(1, PAST_KEPT + 100):
            name, when = f"TW-{number:06d}", story.now + number * apart
            one = replace(opened, ticket=name, key=replace(opened.key, component=f"fan {number}"))
            incidents = incidents.apply(Entry(0, when, one))
            incidents = incidents.apply(Entry(0, when, Resolved(ticket=name, reason="")))
        return incidents

    assert len(fold(timedelta(minutes=1)).past) == PAST_KEPT
    assert len(fold(timedelta(seconds=1)).past) == PAST_KEPT + 99


# --- C3 -----------------------------------------------------------------------------------------------------


def test_c3_an_open_ticket_keeps_the_contract_that_it_was_classified_by() -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1, CM2)).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    before = story.tickets
    with_contract(story, half_capacity_percent=60, half_capacity_down_percent=55, coverage_hours="order")
    story.polls(3, ("cm1", (trunk_group(1, 23, 46),)), ("cm2", (trunk_group(1, 23, 46),)))
    old, new = story.tickets
    assert [old] == before
    assert (old.severity, due(old), old.coverage_hours) == ("major", "Wed 2026-11-18 11:01 CST", "schedule-b")
    assert (new.severity, due(new), new.coverage_hours) == ("minor", "Thu 2026-11-19 08:02 CST", "order")
    # Its class goes on following the evidence, by its own contract: 45 % is the way down.
    story.polls(3, ("cm1", (trunk_group(1, 22, 46),)), ("cm2", (trunk_group(1, 23, 46),)))
    assert story.tickets[0].severity == "major"
    story.polls(3, ("cm1", (trunk_group(1, 20, 46),)), ("cm2", (trunk_group(1, 23, 46),)))
    assert story.tickets[0].severity == "minor"
    assert due(story.tickets[0]) == "Wed 2026-11-18 11:01 CST"


def test_c3_its_words_and_its_reopening_are_those_of_its_contract() -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    under(story, changed(words="a whole half", half_capacity_percent=60, reopen_within="30 min"))
    story.passes(60)
    assert story.tickets[0].clause_text == "50% of trunks or stations"
    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).agent_is_killed()
    story.passes(3 * 3600).reads("cm1", trunk_group(1, 23, 46)).passes(60)  # later than the new window
    assert story.told == ["major open cm1 half-capacity 23 of 46 trunks out of service"]
    assert story.tickets[0].clause_text == "50% of trunks or stations"
    assert story.tickets[0].reopened == 1

    story.reads("cm1", trunk_group(1, 0, 46)).passes(60).passes(5 * 3600)
    story.reads("cm1", trunk_group(1, 23, 46)).passes(60)
    assert (story.tickets[1].severity, story.tickets[1].follows) == ("minor", ONE)
    story.reads("cm1", trunk_group(1, 30, 46)).passes(60)
    assert (story.tickets[1].severity, story.tickets[1].clause_text) == ("major", "a whole half")


def test_c3_a_file_taken_back_is_the_contract_of_before() -> None:
    story = Story("2026-11-18 08:00", site=a_site(CM1)).reads("cm1", trunk_group(1, 23, 46)).passes(60)
    with_contract(story, half_capacity_percent=60).passes(60)
    with_contract(story).passes(60)
    assert story.knowledge._kept(story.contract, story.now) == {}
    assert [ticket.severity for ticket in story.tickets] == ["major"]


def test_c3_what_the_new_contract_no_longer_calls_a_failure_stays_one_until_it_closes() -> None:
    story = Story("2026-11-18 08:00", site=a_site({**CM1, "stations": {"expected": 100}}))
    story.reads("cm1", stations(100)).passes(60).polls(3, ("cm1", (stations(80),)))
    with_contract(story, station_begins_percent=30)
    story.polls(5, ("cm1", (stations(80),)))
    assert story.told == ["minor open cm1 not-major 20 of 100 stations missing"]
    story.polls(2, ("cm1", (stations(100),))).polls(5, ("cm1", (stations(80),)))
    assert [(ticket.state, ticket.reopened) for ticket in story.tickets] == [("open", 1)]
    story.polls(2, ("cm1", (stations(100),))).passes(5 * 3600).polls(5, ("cm1", (stations(80),)))
    assert [ticket.status for ticket in story.tickets] == ["closed"]


# --- C5 -----------------------------------------------------------------------------------------------------


def test_c5_a_downgrade_keeps_the_majors_due_time() -> None:
    story = story_of(("18 08:00", 23), ("18 09:00", 5))
    (ticket,) = story.tickets
    assert (ticket.severity, due(ticket)) == ("minor", "Wed 2026-11-18 11:01 CST")
    assert ticket.clause_text.startswith("Minor failures are defined as any failure not included")
    story.now = at("18 10:00")
    story.reads("cm1", trunk_group(1, 30, 46)).passes(60)
    assert due(story.tickets[0]) == "Wed 2026-11-18 11:01 CST"


def test_c5_also_where_a_minor_of_that_minute_would_be_due_sooner() -> None:
    quick = changed([{"severity": "minor", "step": "respond", "amount": "30 min", "clock": "coverage"}])
    story = under(Story("2026-11-18 08:00", site=a_site(CM1)), quick)
    story.reads("cm1", trunk_group(1, 23, 46)).passes(1860)
    story.reads("cm1", trunk_group(1, 5, 46)).passes(60)
    (ticket,) = story.tickets
    assert (ticket.severity, due(ticket)) == ("minor", "Wed 2026-11-18 11:01 CST")
    assert quick.due("minor", "respond", ticket.severities[-1][0]) == at("18 09:02")


def test_c5_a_persons_downgrade_keeps_it_too() -> None:
    story = story_of(("18 08:00", 23)).does("reclassify", severity="minor", note="nobody works on Wednesdays")
    assert (story.tickets[0].severity, due(story.tickets[0])) == ("minor", "Wed 2026-11-18 11:01 CST")


# --- whatever happens, the journal tells the same -----------------------------------------------------------

HAPPENS = ("fails", "well", "silent", "killed", "hours", "decided")
STEPS = st.sampled_from((*HAPPENS, "respond", "hold", "resume", "resolve", "reopen"))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=25), st.integers(min_value=0, max_value=10_000))
def test_c2_a_kill_at_any_entry_changes_nothing_that_is_told(steps: list[str], kill: int) -> None:
    """What is known after any part of the journal, and the rest of it, is what is known after the whole."""
    story = Story("2026-11-18 08:00", site=on_hold(a_site(GW_WEST), equipment=30, reachability=30))
    percent = 50
    for step in steps:
        match step:
            case "fails" | "well":
                story.reads("gw-west", FAN if step == "fails" else FAN_WELL).passes(40)
            case "silent":
                story.misses("gw-west").passes(20)
            case "killed":
                story.agent_is_killed()
            case "hours":
                story.passes(3 * 3600)
            case "decided":
                percent = 110 - percent
                with_contract(story, half_capacity_percent=percent)
            case verb:
                more = {"waiting_for": "parts"} if verb == "hold" else {"note": "why"}
                for ticket in reversed(story.tickets):
                    try:
                        story.does(verb, ticket.id, **more)  # type: ignore[arg-type]  # one of the verbs
                    except Refused:
                        continue
                    break
        _agree(story, kill)
    keys = [(t.role, t.component) for t in story.tickets if t.state == "open"]
    assert len(keys) == len(set(keys))
    assert [t.id for t in story.tickets] == [f"TW-{n:06d}" for n in range(1, len(story.tickets) + 1)]


def _agree(story: Story, kill: int) -> None:
    cut = kill % (len(story.entries) + 1)
    whole, again = Knowledge.fold(story.entries), Knowledge.fold(story.entries[:cut])
    for entry in story.entries[cut:]:
        again = again.apply(entry)
    assert again.tickets == whole.tickets == story.knowledge.tickets
    assert again.incidents.past == whole.incidents.past == story.knowledge.incidents.past
    assert again.history.standing == whole.history.standing == story.knowledge.history.standing
    opened = [
        {key: each.ticket for key, each in k.incidents.open.items()} for k in (again, whole, story.knowledge)
    ]
    assert opened[0] == opened[1] == opened[2]
    assert {one.ticket for one in whole.history.standing.values()} == set(opened[0].values())
    assert set(opened[0].values()) == {ticket.id for ticket in whole.tickets.open}
    assert sum(isinstance(entry.body, Reopened) for entry in story.entries) == sum(
        len(ticket.rounds) - 1 for ticket in whole.tickets.by_id.values()
    )
