"""Attendant consoles and the auto attendant (rules A1, A2), as stories with the contract's words."""

from __future__ import annotations

from typing import Any

import pytest

from agent.rules.numbers import number_states
from agent.site import Site
from collectors.base import Observation
from tests.story import CM1, GW_EAST, Story, a_site, seen, works

OUT_WORDS = "attendant console … completely out of service"
AUTO_WORDS = "primary telephone number auto attendant completely out of service"
MINOR_WORDS = "Minor failures are defined as any failure not included in the definition of a major failure"
VOICEMAIL: dict[str, Any] = {
    **CM1,
    "name": "vm1",
    "function": "voicemail",
    "address": "127.0.0.40",
}
HELP_DESK = {"zone": "America/Chicago", "open": {"mon-fri": ["08:00-17:00"]}}


def console(number: int, out: bool, **more: Any) -> Observation:
    return seen("attendant", f"attendant {number}", int(out), **more)


def a_number(**needs: Any) -> list[dict[str, Any]]:
    return [{"number": "+1 817 555 0100", "needs": needs}]


def watching(*consoles: Observation, minutes: int = 3, site: Site | None = None, **start: Any) -> Story:
    return Story(site=site or a_site(CM1), **start).polls(minutes, ("cm1", (works(), *consoles)))


def test_a1_all_consoles_out_is_major_in_the_contracts_words() -> None:
    story = watching(console(1, True), console(2, True))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause, ticket.clause_text) == ("major", "attendant-out", OUT_WORDS)
    assert (ticket.summary, ticket.role) == ("2 of 2 attendant consoles out of service", "attendant")
    assert "A1" in ticket.rules
    assert len(ticket.evidence) == 2
    assert story.log == ["17:01:00 opened TW-000001 major"]  # after the hold of a minute


def test_a1_one_of_two_is_minor_and_the_second_turns_the_same_ticket_major() -> None:
    story = watching(console(1, True), console(2, False))
    assert [(t.severity, t.clause_text) for t in story.tickets] == [("minor", MINOR_WORDS)]
    story.reads("cm1", works(), console(1, True), console(2, True))
    assert story.log == ["17:01:00 opened TW-000001 minor", "17:03:00 updated TW-000001 major"]  # up at once
    story.reads("cm1", works(), console(1, False), console(2, False)).passes(60)
    assert [t.state for t in story.tickets] == ["resolved"]


def test_a1_the_consoles_of_two_phone_systems_are_judged_apart() -> None:
    cm2 = {**CM1, "name": "cm2", "address": "127.0.0.11", "group": "b"}
    story = Story(site=a_site({**CM1, "group": "a"}, cm2))
    story.polls(3, ("cm1", (works(), console(1, True))), ("cm2", (works(), console(1, False))))
    assert story.told == ["major open cm1 attendant-out 1 of 1 attendant console out of service"]


def test_a1_consoles_that_two_servers_of_one_phone_system_tell_are_one_failure() -> None:
    cm2 = {**CM1, "name": "cm2", "address": "127.0.0.11"}
    story = Story(site=a_site(CM1, cm2))
    told = ("cm1", (works(), console(1, False))), ("cm2", (works(), console(2, True)))
    assert story.polls(3, *told).told == ["minor open cm1 not-major 1 of 2 attendant consoles out of service"]
    story.polls(3, ("cm1", (works(), console(1, False))), ("cm2", (works(), console(2, False))))
    assert [t.state for t in story.tickets] == ["resolved"]


def test_a1_night_service_is_not_out() -> None:
    assert watching(console(1, False, detail="in-service/night"), console(2, False)).told == []


def test_a1_a_console_that_cannot_be_read_is_not_out_and_the_ticket_says_what_it_could_be() -> None:
    unread = Observation(role="attendant", component="attendant 2", unread=True)
    story = watching(console(1, False), console(2, False), minutes=1)
    story.polls(3, ("cm1", (works(), console(1, True), unread)))
    assert [(t.severity, t.summary) for t in story.tickets] == [
        ("minor", "1 of 2 attendant consoles out of service, could be major: 1 unread")
    ]


def test_a1_a_major_is_not_lowered_because_a_console_can_no_longer_be_read() -> None:
    unread = Observation(role="attendant", component="attendant 2", unread=True)
    story = watching(console(1, True), console(2, True))
    story.polls(5, ("cm1", (works(), console(1, True), unread)))
    assert [(t.severity, t.state) for t in story.tickets] == [("major", "open")]


def test_a1_all_consoles_named_for_one_number_count_as_all() -> None:
    site = a_site(CM1, primary_numbers=a_number(any_of=["attendant 1", "attendant 2", "trunk-group 1"]))
    story = watching(console(1, True), console(2, True), console(3, False), site=site)
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.clause, ticket.clause_text) == ("major", "attendant-out", OUT_WORDS)
    assert ticket.summary == "2 of 3 attendant consoles out of service, all of those of +1 817 555 0100"


def test_a1_a_number_that_names_any_console_lives_while_one_is_in_service() -> None:
    site = a_site(CM1, primary_numbers=a_number(all_of=["attendant"]))
    story = watching(console(1, True), console(2, False), site=site)
    assert [(t.severity, t.primary_numbers) for t in story.tickets] == [("minor", ())]
    story.reads("cm1", works(), console(1, True), console(2, True))
    (ticket,) = story.tickets
    assert (ticket.clause, ticket.primary_numbers) == ("attendant-out", ("+1 817 555 0100",))
    assert ticket.summary.endswith("; primary number +1 817 555 0100 cannot be reached")


def test_a1_consoles_are_expected_in_the_attended_hours_only() -> None:
    site = a_site(CM1, attended=HELP_DESK)
    night = watching(console(1, True), minutes=60, site=site, start="2026-11-19 20:00")
    assert night.told == []
    night.passes(11 * 3600)  # 08:00, and no reading has come since: the clock alone makes it a failure
    assert night.tickets == []
    night.passes(60)
    assert night.log == ["08:01:00 opened TW-000001 major"]


def test_a1_outside_the_attended_hours_no_failure_stands_and_the_ticket_says_so() -> None:
    site = a_site(CM1, attended=HELP_DESK)
    story = watching(console(1, True), minutes=5, site=site, start="2026-11-20 16:50")
    assert [t.severity for t in story.tickets] == ["major"]
    story.passes(600)
    assert story.log[-1] == "17:01:00 resolved TW-000001"
    assert getattr(story.entries[-1].body, "reason", "") == (
        "outside the attended hours: no console is expected (A1)"
    )


def test_a1_on_a_holiday_of_the_site_no_console_is_expected() -> None:
    holiday = [{"date": "2026-11-20", "name": "a day off"}]
    site = a_site(CM1, attended=HELP_DESK, holidays=holiday)
    assert watching(console(1, True), site=site, start="2026-11-20 10:00").told == []


def test_a1_consoles_taken_out_on_purpose_are_minor_at_most() -> None:
    planned = Observation(role="attendant", component="attendant 1", lost=0, total=0, planned=1)
    story = watching(planned, minutes=8)
    assert [(t.severity, t.summary) for t in story.tickets] == [
        ("minor", "all 1 attendant console taken out on purpose")
    ]


# --- A2 ----------------------------------------------------------------------------------------------------

LINK_1 = "voicemail link 1"
LINK_2 = "voicemail link 2"


def link(name: str, lost: bool) -> Observation:
    return seen("integration", name, int(lost), kind="voicemail")


def auto_site(**needs: Any) -> Site:
    return a_site(CM1, GW_EAST, primary_numbers=a_number(**(needs or {"all_of": ["auto-attendant"]})))


def test_a2_every_link_to_the_voicemail_lost_takes_the_auto_attendant_and_is_labelled_inferred() -> None:
    story = Story(site=auto_site())
    story.polls(3, ("cm1", (works(), link(LINK_1, True), link(LINK_2, False))))
    assert [(t.severity, t.component) for t in story.tickets] == [("minor", LINK_1)]
    story.polls(3, ("cm1", (works(), link(LINK_1, True), link(LINK_2, True))))
    major = next(t for t in story.tickets if "auto-attendant-out" in t.clauses)
    assert (major.severity, major.state) == ("major", "open")
    assert AUTO_WORDS in (major.clause_text, story.contract.clause("auto-attendant-out").words)  # type: ignore[union-attr]  # the shipped contract has it
    assert "auto attendant of +1 817 555 0100 out of service (inferred)" in major.summary
    assert "A2" in major.rules
    assert major.primary_numbers == ("+1 817 555 0100",)


def test_a2_out_is_major_alternatives_or_not() -> None:
    story = Story(site=auto_site(any_of=["auto-attendant", "attendant"]))
    story.polls(3, ("cm1", (works(), link(LINK_1, True), console(1, False))))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.primary_numbers) == ("major", ())  # the number itself can be reached
    assert (ticket.clause, ticket.clause_text) == ("auto-attendant-out", AUTO_WORDS)


def test_a2_that_of_no_primary_number_is_minor() -> None:
    story = Story(site=a_site(CM1)).polls(3, ("cm1", (works(), link(LINK_1, True))))
    assert [(t.severity, t.clause_text) for t in story.tickets] == [("minor", MINOR_WORDS)]


def test_a2_the_voicemail_service_that_says_it_is_down_takes_it_too() -> None:
    site = a_site(CM1, VOICEMAIL, primary_numbers=a_number(all_of=["auto-attendant"]))
    story = Story(site=site)
    story.polls(6, ("cm1", (works(), link(LINK_1, False))), ("vm1", (seen("service", "service", 1),)))
    (ticket,) = story.tickets
    assert (ticket.system, ticket.severity) == ("vm1", "major")
    assert "auto-attendant-out" in ticket.clauses


@pytest.mark.parametrize(
    ("voicemail", "links", "state"),
    [
        (None, [], "unknown"),  # no part known
        (None, [False], "yes"),
        (None, [True, False], "yes"),
        (None, [True, True], "no"),
        (0, [], "yes"),
        (1, [], "no"),
        (1, [False], "no"),
        (0, [True], "no"),
        ("silent", [False], "unknown"),
    ],
)
def test_a2_is_inferred_from_its_parts(voicemail: Any, links: list[bool], state: str) -> None:
    systems = [CM1] if voicemail is None else [CM1, VOICEMAIL]
    story = Story(site=a_site(*systems, primary_numbers=a_number(all_of=["auto-attendant"])))
    story.reads("cm1", works(), *(link(f"voicemail link {n}", lost) for n, lost in enumerate(links)))
    if voicemail == "silent":
        story.misses("vm1")
    elif voicemail is not None:
        story.reads("vm1", seen("service", "service", voicemail))
    assert number_state(story) == state


def number_state(story: Story) -> str:
    scene = story.knowledge.scene(story.site, story.contract, story.watches, story.now)
    ((_, state),) = number_states(scene)
    return state
