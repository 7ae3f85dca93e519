"""What a phone system tells of its links, consoles and survivable processors, from the SAT to the ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from collectors.base import Findings, Observation, SatAnswer
from collectors.communication_manager import sat_links
from collectors.products import find_products
from tests.recordings import FOLDER, Recording, load, replay
from tests.story import CM1, Story, a_site

CM = find_products()["communication_manager"]
HEALTHY = load(FOLDER / "communication_manager" / "sat-healthy.yaml")
CTI, SPARES = sat_links.CTI_LINKS, sat_links.SURVIVABLE


def read(case: Recording) -> Findings:
    findings = replay(case, CM)
    assert isinstance(findings, Findings), findings
    return findings


def with_text(command: str, old: str, new: str) -> Recording:
    """The healthy switch with other words in the answer to one command."""
    text = HEALTHY.commands[command]
    assert old in text
    return replace(HEALTHY, commands={**HEALTHY.commands, command: text.replace(old, new)})


def part(case: Recording, component: str) -> Observation:
    return next(each for each in read(case).observations if each.component == component)


def a_story(*cases: Recording, minutes: int = 10, **changes: Any) -> Story:
    """The SAT answers so for some minutes, one case after the other."""
    story = Story(site=a_site(CM1, **changes), ways={"cm1": {"sat": 60}})
    for case in cases:
        findings = read(case)
        for _ in range(minutes):
            story.reads("cm1", *findings.observations, complete=findings.complete, protocol="sat").passes(60)
    return story


DOWN = with_text(CTI, "2\t7\tno\taes1\testablished", "2\t7\tno\taes1\tdown")
BUSY = with_text(CTI, "2\t7\tno\taes1\testablished", "2\t7\tyes\taes1\tdown")
STRANGE = with_text(CTI, "2\t7\tno\taes1\testablished", "2\t7\tno\taes1\tresting")


# --- CTI links --------------------------------------------------------------------------------------------


def test_a_cti_link_that_is_down_is_one_failure_and_ends_with_it() -> None:
    story = a_story(DOWN, HEALTHY)
    assert [line.partition(" cm1")[0] for line in story.told] == ["minor resolved"]
    assert "cti-link 2" in story.told[0]


def test_a_cti_link_that_takes_the_last_way_of_a_primary_number_is_major() -> None:
    numbers = [{"number": "+1 817 555 0100", "needs": {"all_of": ["cti-link 2"]}}]
    story = a_story(DOWN, primary_numbers=numbers)
    assert [(ticket.severity, ticket.clause) for ticket in story.tickets] == [("major", "primary-number-cti")]


def test_a_cti_link_that_was_busied_out_raises_nothing() -> None:
    assert a_story(BUSY).told == []
    assert part(BUSY, "cti-link 2").planned == 1


def test_a_cti_link_that_cannot_be_read_keeps_its_ticket_and_one_that_is_gone_does_not() -> None:
    assert [ticket.state for ticket in a_story(DOWN, STRANGE).tickets] == ["open"]
    lines = DOWN.commands[CTI].splitlines()
    one = [*lines[: lines.index("n")], "t"]
    gone = replace(DOWN, commands={**DOWN.commands, CTI: "\n".join(one)})
    assert [ticket.state for ticket in a_story(DOWN, gone).tickets] == ["resolved"]


def test_a_switch_that_refuses_the_command_after_a_link_was_down_says_nothing_of_it() -> None:
    refused = f'c{CTI}\ne1 00000000 0 "aesvcs" is an invalid entry; please press HELP\nt\n'
    commands = {name: text for name, text in DOWN.commands.items() if name != sat_links.AES_LINKS}
    case = replace(DOWN, commands={**commands, CTI: refused})
    assert "integration" not in read(case).complete
    assert [ticket.state for ticket in a_story(DOWN, case).tickets] == ["open"]


def test_only_the_words_that_there_is_none_take_the_last_link_back() -> None:
    commands = {name: text for name, text in DOWN.commands.items() if name != sat_links.AES_LINKS}
    none = f"c{CTI}\nNo data in the system to list\nt\n"
    fields_alone = f"c{CTI}\nf00000001\t00000002\nt\n"
    for answer, state in ((none, "resolved"), (fields_alone, "open")):
        case = replace(DOWN, commands={**commands, CTI: answer})
        assert [ticket.state for ticket in a_story(DOWN, case).tickets] == [state]


def test_a_server_without_a_link_is_no_longer_said_to_have_one() -> None:
    none = f"c{sat_links.AES_LINKS}\nNo data in the system to list\nt\n"
    case = replace(DOWN, commands={**DOWN.commands, sat_links.AES_LINKS: none})
    assert "integration" in read(case).complete
    assert "aes-link aes1" in {each.component for each in read(DOWN).observations}
    assert "aes-link aes1" not in {each.component for each in read(case).observations}


@pytest.mark.parametrize("command", [CTI, sat_links.AES_LINKS, SPARES])
@pytest.mark.parametrize(
    "text", ["?", "c{}\nf00000001\nd1\t2\nt", "c{}\nf00000001\nd1", "c{}\nwords\nt", "t"]
)
def test_a_strange_answer_on_links_leaves_everything_else_read(command: str, text: str) -> None:
    case = replace(DOWN, commands={**DOWN.commands, command: text.format(command)})
    if command == CTI:  # then nobody asks for more
        case = replace(case, commands={k: v for k, v in case.commands.items() if k != sat_links.AES_LINKS})
    before, after = read(DOWN), read(case)
    assert {each.role for each in after.observations} >= {"trunks", "location", "stations"}
    assert set(before.complete) - set(after.complete) <= {"integration", "redundancy"}
    assert ("integration" in after.complete) == (command == SPARES)


@pytest.mark.parametrize(
    ("row", "lost", "unread"),
    [
        (("1", "7", "no", "aes1", "ESTABLISHED", "1", "1"), 0, False),
        (("01", "", "n", "", "down", "", ""), 1, False),
        (("1", "7", "no", "aes1", "", "1", "1"), None, True),
        (("1", "7", "", "aes1", "down", "1", "1"), None, True),
        (("1", "7", "no", "down", "established", "1", "1"), None, True),
        (("1", "7", "no", "extra", "aes1", "established", "1"), None, True),
        (("1", "7", "no", "two words", "down", "1", "1"), None, True),
    ],
)
def test_a_row_is_believed_only_in_the_shape_of_its_screen(
    row: tuple[str, ...], lost: int | None, unread: bool
) -> None:
    (link,), whole = sat_links.cti_links(SatAnswer(CTI, ("00000000",) * len(row), (row,)))
    assert (link.component, link.lost, link.unread, whole) == ("cti-link 1", lost, unread, True)


@pytest.mark.parametrize("first", ["", "0", "link 1", "1.5", "\u0661", "1000"])
def test_a_row_without_a_plain_number_leaves_the_whole_list_untold(first: str) -> None:
    good = ("1", "7", "no", "aes1", "established", "1", "1")
    rows = (good, (first, *good[1:]))
    assert sat_links.cti_links(SatAnswer(CTI, ("00000000",) * 7, rows)) == ([], False)


def test_one_link_told_twice_and_not_alike_is_unread() -> None:
    up = ("1", "7", "no", "aes1", "established", "1", "1")
    rows = (up, up, ("1", "7", "no", "aes1", "down", "1", "1"))
    (link,), _ = sat_links.cti_links(SatAnswer(CTI, ("00000000",) * 7, rows))
    assert link.unread


# --- consoles, channels to a CMS, survivable processors -----------------------------------------------------


def _one(value: str) -> SatAnswer:
    return SatAnswer("status x", ("00000000", "00000001"), (("1", value),))


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("in-service/night service", 0),
        ("In-Service/Idle", 0),
        ("in-service", 0),
        ("out-of-service", 1),
        ("out-of-service/far", 1),
        ("in-service-ish", None),
        ("disconnected", None),
        ("", None),
    ],
)
def test_a_console_is_in_service_only_in_the_words_of_its_screen(said: str, lost: int | None) -> None:
    assert sat_links.attendant(1, _one(said)).lost == lost


@pytest.mark.parametrize(
    ("said", "lost", "planned"),
    [
        ("data transfer", 0, 0),
        ("Operational", 0, 0),
        ("in service", 0, 0),
        ("translation  pumpup", 1, 0),
        ("The link has gone down", 1, 0),
        ("out-of-service", 1, 0),
        ("busied out (switch)", 0, 1),
        ("resting", None, 0),
    ],
)
def test_a_channel_to_a_cms_is_judged_by_its_words(said: str, lost: int | None, planned: int) -> None:
    channel = sat_links.cms_channel(1, _one(said))
    assert (channel.lost, channel.planned) == (lost, planned)


def test_all_consoles_out_is_major_and_one_of_them_minor() -> None:
    case = load(FOLDER / "communication_manager" / "sat-options.yaml")
    one_out = replace(case, options={**case.options, "attendants": ["1", "2"]})
    one_out = replace(
        one_out,
        commands={
            name: text
            for name, text in case.commands.items()
            if not name.startswith("status attendant") or name[-1] in "12"
        },
    )
    night = one_out.commands["status attendant 1"].replace("in-service/night service", "out-of-service")
    all_out = replace(one_out, commands={**one_out.commands, "status attendant 1": night})
    for told, severity in ((one_out, "minor"), (all_out, "major")):
        consoles = [each for each in read(told).observations if each.role == "attendant"]
        story = Story(site=a_site(CM1), ways={"cm1": {"sat": 60}})
        for _ in range(5):
            story.reads("cm1", *consoles, protocol="sat").passes(60)
        assert [ticket.severity for ticket in story.tickets] == [severity]


def test_a_channel_that_only_snmp_tells_of_neither_opens_nor_fills_a_ticket() -> None:
    findings = read(load(FOLDER / "communication_manager" / "failing.yaml"))
    channels = [each for each in findings.observations if each.kind == "cms"]
    assert [each.component for each in channels] == [
        "processor-channel 1",
        "processor-channel 2",
        "processor-channel 4",
    ]
    story = Story(site=a_site(CM1))
    for _ in range(30):
        story.reads("cm1", *channels).passes(60)
    assert story.told == []


def test_a_survivable_processor_that_is_not_registered_is_a_spare_lost() -> None:
    away = with_text(SPARES, "LSP\ty", "LSP\tn")
    assert a_story(away).told == ["minor open cm1 not-major survivable lsp-east out of use"]
    assert a_story(away, HEALTHY).tickets[0].state == "resolved"
