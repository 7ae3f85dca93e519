"""Links between systems: one link with two ends, the names that systems have for each other (I1, O6, P3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.rules.layout import layout_of
from agent.site import Accepted, MaintenanceWindow
from agent.watch import Watch
from collectors.base import Observation
from tests.story import CM1, GW_EAST, SNMP, Story, a_site, seen, trunk_group, works

AES1: dict[str, Any] = {
    "name": "aes1",
    "product": "other",
    "function": "other",
    "location": "main",
    "address": "127.0.0.60",
    "known_as": ["AES1", "aes1.example.org"],
    "snmp": SNMP,
}
CMS1: dict[str, Any] = {
    **AES1,
    "name": "cms1",
    "function": "contact_centre",
    "address": "127.0.0.61",
    "known_as": ["CMS"],
}
MAIL1: dict[str, Any] = {
    **AES1,
    "name": "mail1",
    "function": "voicemail",
    "address": "127.0.0.62",
    "known_as": ["MM-MAS"],
}
CM: dict[str, Any] = {**CM1, "known_as": ["CM1-PROCR"], "trunk_groups": [{"number": 20, "to": "mail1"}]}
SITE = a_site(CM, AES1, CMS1, MAIL1)
CTI_NUMBER = [{"number": "+1 817 555 0100", "needs": {"all_of": ["cti-link 1"]}}]


def at_cm(lost: int, total: int = 1, to: str = "AES1") -> Observation:
    return seen("integration", "aes-link AES1", lost, total, kind="aes", to=to)


def at_aes(lost: int, total: int = 1, to: str = "CM1-PROCR") -> Observation:
    return seen("integration", "switch-connection CM1", lost, total, kind="aes", to=to)


def cti(lost: int, number: int = 1) -> Observation:
    return seen("integration", f"cti-link {number}", lost, kind="cti", number=number, to="AES1")


def minutes(
    story: Story, times: int, cm: tuple[Observation, ...] | None, aes: tuple[Observation, ...] | None
) -> Story:
    """So many polls of both, half a minute apart; None: it does not answer."""
    for _ in range(times):
        for name, told in (("cm1", cm), ("aes1", aes)):
            if told is None:
                story.misses(name)
            else:
                story.reads(name, works(), *told, complete=("integration",))
            story.passes(30)
    return story


def keys(story: Story) -> list[str]:
    """The open failures, children among them."""
    return sorted(str(key) for key in story.knowledge.history.standing)


# --- the names that systems have for each other -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("aes1", "aes1"),
        ("AES1", "aes1"),
        ("AES1.EXAMPLE.ORG", "aes1"),
        ("127.0.0.60", "aes1"),
        ("cm1-procr", "cm1"),
        ("127.0.0.7", None),  # two have it
        ("aes", None),
        ("", None),
        (None, None),
    ],
)
def test_a_system_goes_by_its_name_what_it_is_known_as_and_its_address(
    name: str | None, system: str | None
) -> None:
    twins = [{**AES1, "name": each, "known_as": [], "address": "127.0.0.7"} for each in ("x1", "x2")]
    site = a_site(CM, AES1, MAIL1, *twins)
    called = layout_of(site, {each.name: Watch("other") for each in site.systems}).called(name)
    assert (called.name if called is not None else None) == system


@pytest.mark.parametrize("to", ["aes1", "AES1", "127.0.0.60"])
def test_a_link_hangs_on_the_system_at_its_end_whatever_that_is_called(to: str) -> None:
    story = Story(site=SITE)
    minutes(story, 2, (at_cm(0, to=to),), ())
    minutes(story, 4, (at_cm(1, to=to),), None)
    assert story.told == [
        "minor open aes1 not-major not seen: does not answer (snmp); with it: cm1 aes-link AES1 out of use"
    ]
    assert "aes-link AES1 leads to aes1, which is silent" in str(story.tickets[0].children)


# --- one link, two ends -----------------------------------------------------------------------------------


def test_a_link_that_both_ends_call_lost_is_one_failure_with_the_evidence_of_both() -> None:
    story = Story(site=SITE)
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    minutes(story, 3, (at_cm(1),), (at_aes(1),))
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.severity) == ("aes1", "integration", "minor")
    assert ticket.summary == "switch-connection CM1 out of use"
    assert [each.split(":")[0] for each in ticket.evidence] == [
        "cm1 aes-link AES1",
        "aes1 switch-connection CM1",
    ]
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    assert [each.state for each in story.tickets] == ["resolved"]


@pytest.mark.parametrize("by", ["cm1", "aes1"])
def test_a_link_that_one_end_calls_lost_fails_and_the_words_say_who_disagrees(by: str) -> None:
    story = Story(site=SITE)
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    minutes(story, 3, (at_cm(by == "cm1"),), (at_aes(by == "aes1"),))
    other = "aes1" if by == "cm1" else "cm1"
    assert story.told == [
        "minor open aes1 not-major switch-connection CM1 out of use by the word of "
        f"{by}, while {other} says that it is in service"
    ]
    assert "in service" in str(story.tickets[0].evidence)
    minutes(story, 3, (at_cm(0),), (at_aes(0),))
    assert [each.state for each in story.tickets] == ["resolved"]


def test_a_link_clears_by_the_end_that_can_be_heard_when_the_other_cannot() -> None:
    """No end that can be heard says lost, and one says fine."""
    story = Story(site=SITE)
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    minutes(story, 3, (at_cm(1),), (at_aes(1),))
    minutes(story, 4, (at_cm(0).not_read("no such field"),), None)
    assert [each.state for each in story.tickets if each.role == "integration"] == ["open"]
    minutes(story, 3, (at_cm(0),), None)
    assert [each.state for each in story.tickets if each.role == "integration"] == ["resolved"]


def test_a_link_is_not_well_while_no_end_of_it_can_be_heard() -> None:
    story = Story(site=SITE)
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    minutes(story, 3, (at_cm(1),), (at_aes(1),))
    minutes(story, 8, None, None)
    assert [each.state for each in story.tickets if each.role == "integration"] == ["open"]


@pytest.mark.parametrize("first", ["cm1", "aes1"])
@pytest.mark.parametrize("heard", ["cm1", "aes1"])
def test_a_link_keeps_its_ticket_whichever_end_is_heard_after_a_start_of_the_agent(
    first: str, heard: str
) -> None:
    story = Story(site=SITE)
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    minutes(story, 3, (at_cm(first == "cm1"),), (at_aes(first == "aes1"),))
    assert len(story.tickets) == 1
    story.agent_is_killed()
    minutes(story, 4, (at_cm(1),) if heard == "cm1" else None, (at_aes(1),) if heard == "aes1" else None)
    assert [each.id for each in story.tickets if each.role == "integration"] == ["TW-000001"]
    assert keys(story).count("aes1/integration/switch-connection CM1") == 1
    minutes(story, 4, (at_cm(0),), (at_aes(0),))
    assert {each.state for each in story.tickets} == {"resolved"}


def test_an_end_that_is_only_heard_later_joins_the_ticket_of_the_other() -> None:
    story = Story(site=SITE)
    minutes(story, 3, (at_cm(1),), ())
    assert keys(story) == ["cm1/integration/aes-link AES1"]
    minutes(story, 3, (at_cm(1),), (at_aes(1),))
    assert [each.id for each in story.tickets] == ["TW-000001"]
    assert len(story.tickets[0].evidence) == 1  # the text of a ticket follows its class
    minutes(story, 1, (at_cm(0),), (at_aes(1),))
    assert [each.state for each in story.tickets] == ["open"]
    minutes(story, 3, (at_cm(0),), (at_aes(0),))
    assert [each.state for each in story.tickets] == ["resolved"]


def test_several_links_of_one_kind_stay_apart_and_hang_on_the_other_end() -> None:
    """Nobody can say which of them the other end means."""
    channels = [seen("integration", f"processor-channel {n}", 1, kind="cms", to="CMS") for n in (1, 2)]
    whole = seen("integration", "cms-link CM1", 1, kind="cms", to="cm1")
    story = Story(site=SITE).reads("cm1", works()).reads("cms1", works())
    for _ in range(18):
        story.reads("cm1", works(), *channels).reads("cms1", works(), whole).passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role) == ("cms1", "integration")
    assert keys(story) == [
        "cm1/integration/processor-channel 1",
        "cm1/integration/processor-channel 2",
        "cms1/integration/cms-link CM1",
    ]


def test_links_of_two_kinds_between_two_systems_are_two() -> None:
    story = Story(site=SITE)
    other = seen("integration", "sip-entity CM1", 1, kind="sip", to="cm1")
    minutes(story, 3, (at_cm(1),), (other,))
    assert keys(story) == ["aes1/integration/sip-entity CM1", "cm1/integration/aes-link AES1"]


def test_a_window_over_one_end_of_a_link_covers_the_link() -> None:
    window = MaintenanceWindow.model_validate(
        {
            "name": "cm-work",
            "begins": "2026-11-20 16:00",
            "ends": "2026-11-20 19:00",
            "systems": ["cm1"],
        }
    )
    story = Story(site=SITE.model_copy(update={"windows": (window,)}))
    minutes(story, 2, (at_cm(0),), (at_aes(0),))
    minutes(story, 5, (at_cm(1),), (at_aes(1),))
    assert story.tickets == []
    minutes(story, 120, (at_cm(1),), (at_aes(1),))
    assert [each.received.hour for each in story.tickets] == [19]


def test_a_link_that_is_accepted_at_one_end_raises_nothing() -> None:
    accepted = Accepted(
        system="cm1", component="aes-link AES1", reason="being replaced", until=date(2027, 1, 1)
    )
    story = Story(site=SITE.model_copy(update={"accepted": (accepted,)}))
    minutes(story, 5, (at_cm(1),), (at_aes(1),))
    assert story.tickets == []


# --- what a link hangs on ---------------------------------------------------------------------------------


def test_p3_a_silent_aes_and_its_links_down_at_the_phone_system_are_one_ticket() -> None:
    """The CTI link that a number needs makes it major; its root says who is silent."""
    story = Story(site=SITE.model_copy(update={"primary_numbers": _numbers(CTI_NUMBER)}))
    minutes(story, 2, (at_cm(0), cti(0), cti(0, 2)), (at_aes(0),))
    minutes(story, 5, (at_cm(1), cti(1), cti(1, 2)), None)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.severity, ticket.clause) == (
        "aes1",
        "service",
        "major",
        "primary-number-cti",
    )
    assert ticket.summary.startswith(
        "not seen: does not answer (snmp); with it: cm1 cti-link 1 out of use; "
        "primary number +1 817 555 0100 cannot be reached"
    )
    assert {"P3", "O7"} <= set(ticket.rules)
    minutes(story, 4, (at_cm(0), cti(0), cti(0, 2)), (at_aes(0),))
    assert [each.state for each in story.tickets] == ["resolved"]


def _numbers(numbers: list[dict[str, Any]]) -> Any:
    return a_site(CM, AES1, primary_numbers=numbers).primary_numbers


def test_p3_with_an_alternative_left_the_loss_of_a_cti_link_is_minor() -> None:
    needs = [{"number": "1", "needs": {"any_of": ["cti-link 1", "trunk-group 1"]}}]
    story = Story(site=SITE.model_copy(update={"primary_numbers": _numbers(needs)}))
    minutes(story, 5, (cti(1), trunk_group(1, 0, 4)), ())
    assert [(each.severity, each.summary) for each in story.tickets] == [("minor", "cti-link 1 out of use")]


def test_cti_links_run_over_the_link_to_their_server() -> None:
    """The way between the two is cut, and both say so: one ticket, whose root is that link."""
    story = Story(site=SITE.model_copy(update={"primary_numbers": _numbers(CTI_NUMBER)}))
    minutes(story, 2, (at_cm(0), cti(0), cti(0, 2)), (at_aes(0),))
    minutes(story, 4, (at_cm(1), cti(1), cti(1, 2)), (at_aes(1),))
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.severity) == ("aes1", "integration", "major")
    assert "cti-link 2 runs over switch-connection CM1" in str(ticket.children)


def test_a_phone_system_that_lists_only_links_which_are_up_proves_nothing_by_what_it_said_before() -> None:
    """It may list none at all, which is no whole list: what it said of the link once is no word of now."""
    story = Story(site=SITE.model_copy(update={"primary_numbers": _numbers(CTI_NUMBER)}))
    minutes(story, 2, (at_cm(0), cti(0)), (at_aes(0),))
    for _ in range(8):
        story.reads("cm1", works(), cti(1)).reads("aes1", works(), at_aes(1)).passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.role, ticket.severity) == ("aes1", "integration", "major")
    assert ticket.summary.startswith("switch-connection CM1 out of use; with it: cm1 cti-link 1 out of use")
    for _ in range(8):
        story.reads("cm1", works(), cti(1)).misses("aes1").passes(60)
    assert story.tickets[0].state == "open"
    minutes(story, 4, (at_cm(0), cti(0)), (at_aes(0),))
    assert {each.state for each in story.tickets} == {"resolved"}


@pytest.mark.parametrize(("later", "tickets"), [(0, 1), (4, 1), (8, 2)])
def test_a_cti_link_goes_with_a_service_of_its_server_that_stopped_in_the_same_minutes(
    later: int, tickets: int
) -> None:
    """Nobody tells which service a CTI link is for: so it is a guess, and does for minutes only."""
    story = Story(site=SITE.model_copy(update={"primary_numbers": _numbers(CTI_NUMBER)}))
    stopped = seen("equipment", "tsapi service", 1)
    minutes(story, 2, (at_cm(0), cti(0)), (at_aes(0), replace(stopped, lost=0)))
    minutes(story, later, (at_cm(0), cti(0)), (at_aes(0), stopped))
    minutes(story, 5, (at_cm(0), cti(1)), (at_aes(0), stopped))
    assert len(story.tickets) == tickets
    (major,) = [each for each in story.tickets if each.severity == "major"]
    assert major.clause == "primary-number-cti"
    assert (major.system, major.role) == (("aes1", "equipment") if tickets == 1 else ("cm1", "integration"))


def test_cti_links_do_not_hang_on_a_link_of_which_some_is_left() -> None:
    story = Story(site=SITE)
    minutes(story, 1, (at_cm(0, 2), cti(0)), (at_aes(0, 2),))
    minutes(story, 4, (at_cm(1, 2), cti(1)), (at_aes(1, 2),))
    assert keys(story) == ["aes1/integration/switch-connection CM1", "cm1/integration/cti-link 1"]
    assert len(story.tickets) == 2


def test_p3_ends_of_a_cti_link_that_contradict_each_other_raise_no_major() -> None:
    """The number's state is unknown (P2); the link is a failure all the same."""
    story = Story(site=SITE.model_copy(update={"primary_numbers": _numbers(CTI_NUMBER)}))
    well = seen("integration", "cti-link 1", 0, kind="cti", number=1, to="CM1-PROCR")
    minutes(story, 4, (cti(1),), (well,))
    (ticket,) = story.tickets
    assert (ticket.severity, ticket.primary_numbers) == ("minor", ())
    assert ticket.summary == (
        "cti-link 1 out of use by the word of cm1, while aes1 says that it is in service"
    )


def test_the_phone_system_that_is_out_takes_the_link_along() -> None:
    story = Story(site=a_site(CM, GW_EAST, AES1))
    down = seen("service", "call processing", 1)
    for _ in range(5):
        story.reads("cm1", down, at_cm(1)).reads("aes1", works(), at_aes(1)).passes(60)
    roots = {each.system for each in story.tickets if each.state == "open"}
    assert "cm1" in roots
    (outage,) = [each for each in story.tickets if each.system == "cm1"]
    assert (outage.clause, outage.role) == ("complete-outage", "service")


# --- trunk groups that lead to a system (T1, O6, A2) ------------------------------------------------------


def mail_trunks(lost: int, total: int = 8) -> Observation:
    return trunk_group(20, lost, total, use=None)


def test_t1_a_trunk_group_that_leads_to_a_system_is_internal() -> None:
    story = Story(site=SITE)
    for _ in range(3):
        story.reads("cm1", works(), trunk_group(1, 0, 8), mail_trunks(4)).reads("mail1", works()).passes(60)
    assert story.told == ["minor open cm1 not-major internal trunk-group 20: 4 of 8 members lost"]


def test_o6_a_trunk_group_that_leads_to_the_voicemail_is_its_link() -> None:
    """All of it lost: voicemail is completely out, in one ticket with the group."""
    story = Story(site=SITE)
    for _ in range(3):
        story.reads("cm1", works(), trunk_group(1, 0, 8), mail_trunks(0)).reads("mail1", works()).passes(60)
    for _ in range(3):
        story.reads("cm1", works(), trunk_group(1, 0, 8), mail_trunks(8)).reads("mail1", works()).passes(60)
    (ticket,) = story.tickets
    assert (ticket.system, ticket.severity, ticket.clause) == ("mail1", "major", "complete-outage")
    assert ticket.summary == (
        "voicemail completely out of service: every link to the phone system lost; "
        "with it: cm1 internal trunk-group 20: 8 of 8 members lost"
    )
    assert "O6" in ticket.rules
    for _ in range(3):
        story.reads("cm1", works(), trunk_group(1, 0, 8), mail_trunks(0)).reads("mail1", works()).passes(60)
    assert [each.state for each in story.tickets] == ["resolved"]


def test_o6_a_silent_voicemail_whose_trunk_group_works_is_a_loss_of_sight() -> None:
    story = Story(site=SITE).reads("mail1", works())
    for _ in range(5):
        story.reads("cm1", works(), mail_trunks(0)).misses("mail1").passes(60)
    assert story.told == ["minor open mail1 not-major not seen: does not answer (snmp)"]
    assert story.tickets[0].considered == ("complete-outage: cm1 says that trunk-group 20 is in service",)


def test_o6_of_two_links_one_that_works_keeps_the_voicemail() -> None:
    story = Story(site=SITE)
    well = seen("integration", "signalling-group 9", 0, kind="voicemail", to="MM-MAS")
    for _ in range(3):
        story.reads("cm1", works(), mail_trunks(8), well).reads("mail1", works()).passes(60)
    assert story.told == ["minor open cm1 not-major internal trunk-group 20: 8 of 8 members lost"]


def test_a2_an_auto_attendant_is_out_with_the_trunk_group_to_the_voicemail() -> None:
    numbers = [{"number": "1", "needs": {"any_of": ["auto-attendant", "trunk-group 1"]}}]
    site = SITE.model_copy(update={"primary_numbers": _numbers(numbers)})
    story = Story(site=site)
    for _ in range(4):
        story.reads("cm1", works(), trunk_group(1, 0, 8), mail_trunks(8)).reads("mail1", works()).passes(60)
    (ticket,) = story.tickets
    assert ticket.severity == "major"
    assert {"complete-outage", "auto-attendant-out"} <= set(ticket.clauses)
    assert "auto attendant of 1 out of service (inferred)" in ticket.summary


# --- whatever happens -------------------------------------------------------------------------------------

Word = Literal["lost", "well", "unread", "silent", "gone"]
WORDS: tuple[Word, ...] = ("lost", "lost", "well", "well", "unread", "silent", "gone")


def says(story: Story, name: str, word: Word) -> None:
    part = at_cm(int(word == "lost")) if name == "cm1" else at_aes(int(word == "lost"))
    if word == "silent":
        story.misses(name)
    elif word == "gone":
        story.reads(name, works(), complete=("integration",))
    else:
        told = part.not_read("not permitted") if word == "unread" else part
        story.reads(name, works(), told, complete=("integration",))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(1, 4), st.booleans(), st.booleans()
        ),
        max_size=8,
    )
)
def test_a_link_is_never_two_tickets_and_none_stays_open_once_both_ends_say_that_it_is_well(
    turns: list[tuple[Word, Word, int, bool, bool]],
) -> None:
    """Ends that contradict each other, fall silent, or are not told; restarts of the agent; in any order."""
    story, listed = Story(site=SITE), True  # what a ticket says of an end that is listed no more, it forgets
    for cm, aes, times, cm_first, killed in turns:
        listed = listed and "gone" not in (cm, aes)
        if killed:
            story.agent_is_killed()
            story.quiet = True
        for _ in range(times):
            first, second = ("cm1", "aes1") if cm_first else ("aes1", "cm1")
            says(story, first, cm if cm_first else aes)
            story.passes(5)
            says(story, second, aes if cm_first else cm)
            story.quiet = False
            story.passes(55)
            links = [each for each in story.knowledge.history.standing if each.role == "integration"]
            assert len(links) <= 1 or not listed
    minutes(story, 45, (at_cm(0),), (at_aes(0),))  # what flapped must be well for longer (I12)
    assert {each.state for each in story.tickets} <= {"resolved"}
    assert not story.knowledge.history.standing


def test_the_evidence_names_both_ends_whichever_was_told_first() -> None:
    for first, second in (("cm1", "aes1"), ("aes1", "cm1")):
        story = Story(site=SITE)
        for _ in range(4):
            for name in (first, second):
                says(story, name, "lost")
                story.passes(5)
            story.passes(50)
        (ruling,) = [each.ruling for each in story.knowledge.history.standing.values()]
        assert {each.system for each in ruling.evidence} == {"cm1", "aes1"}
        story.agent_is_killed()  # the journal knows both names of the link: what is heard of it is no other
        for _ in range(4):
            story.misses("cm1").passes(30)
            says(story, "aes1", "lost")
            story.passes(30)
        assert len([key for key in story.knowledge.history.standing if key.role == "integration"]) == 1


# --- what an end that is not heard proves ------------------------------------------------------------------


def test_a_link_does_not_clear_because_the_end_that_called_it_lost_fell_silent() -> None:
    story = minutes(Story(site=SITE), 4, (at_cm(0),), (at_aes(1),))
    before = story.log
    minutes(story, 1, (at_cm(0),), None)
    minutes(story, 4, (at_cm(0),), (at_aes(1),))
    assert story.log == before
    assert keys(story) == ["aes1/integration/switch-connection CM1"]


def test_a_link_that_its_system_lists_no_more_is_over_whoever_listed_it_once() -> None:
    story = minutes(Story(site=SITE), 2, (at_cm(0),), (at_aes(0),))
    for lists in (at_aes(1),), ():
        for _ in range(6):  # the phone system lists what is up, and not all of it
            story.reads("cm1", works()).reads("aes1", works(), *lists, complete=("integration",)).passes(60)
    assert [told.partition(" ")[2].split()[0] for told in story.told] == ["resolved"]


# --- trunk groups on purpose, and to the border ------------------------------------------------------------


def test_busying_out_the_dead_trunks_to_the_voicemail_is_no_sign_of_life() -> None:
    story = Story(site=SITE)
    busied_out = trunk_group(20, 0, 0, use=None, planned=8)
    for group, times in ((mail_trunks(0), 3), (mail_trunks(8), 4), (busied_out, 6)):
        for _ in range(times):
            story.reads("cm1", works(), trunk_group(1, 0, 8), group).reads("mail1", works()).passes(60)
    (ticket,) = story.tickets
    assert (ticket.state, ticket.severity, ticket.clause) == ("open", "major", "complete-outage")


@pytest.mark.parametrize(
    ("function", "use", "severity"),
    [("border", None, "major"), ("other", None, "minor"), ("other", "public", "major")],
)
def test_t1_a_trunk_group_to_the_border_is_public_as_its_far_end_is_the_carrier(
    function: str, use: str | None, severity: str
) -> None:
    group = {"number": 1, "to": "sbc1", "use": use}
    edge = {**AES1, "name": "sbc1", "function": function, "known_as": []}
    story = Story(site=a_site({**CM1, "trunk_groups": [group]}, edge))
    for _ in range(5):
        story.reads("cm1", works(), trunk_group(1, 46, 46, use=None)).reads("sbc1", works()).passes(60)
    assert [ticket.severity for ticket in story.tickets] == [severity]
