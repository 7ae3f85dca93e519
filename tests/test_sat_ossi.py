"""OSSI and what may be sent: read whole or not at all, and nothing but what only shows something."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from collectors.base import BadAnswer, SatAnswer
from collectors.sessions import ossi
from collectors.sessions.ossi import parse
from collectors.sessions.read_only import GATEWAY, gateway_command, sat_command, sat_fields

LIST = "list extension"
# pbxd's own tests (uw-it-ist/pbxd): one record, three of them, none
ONE = "f0005ff00\t0006ff00\t0007ff00\nd12\t34\t56\nt\n"
THREE = "f0001ff00\nd12345\nn\nd21000\nn\nd31000\nt\n"
NONE = "f0001ff00\nt\n"
# a record of display alarms (w1n555), 5 + 5 + 5 + 1 values; the fields and the second record are synthetic
ALARM = (
    "cdisplay alarms\r\n"
    "f0001ff00\t0002ff00\t0003ff00\t0004ff00\t0005ff00\r\nf0006ff00\t0007ff00\t0008ff00\t0009ff00\t000aff00\r\n"
    "f000bff00\t000cff00\t000dff00\t000eff00\t000fff00\r\nf0010ff00\r\n"
    "d014V517\tDIG-LINE\tn\t22329\tWARNING\r\ndRDY\t\t\t10\t17\r\nd15\t07\t00\t00\t00\r\nd00\r\nn\r\n"
    "d015V101\tt\td\tn\te\r\ndOUT\t\t\t1\t2\r\nd\t\t\t\t\r\nd\r\nt\r\n"
)
CHANGING = [
    "monitor",
    "test",
    "busyout",
    "release",
    "clear",
    "save",
    "add",
    "change",
    "remove",
    "duplicate",
    "reset",
    "set",
    "go",
    "enable",
    "disable",
    "recycle",
    "cancel",
    "mark",
    "netstat",
    "ping",
    "refresh",
    "resume",
    "upload",
    "download",
    "erase",
    "backup",
]
WHOLE = ((LIST, ONE), (LIST, THREE), (LIST, NONE), ("display alarms", ALARM))


def test_records_are_read_by_their_field_block() -> None:
    assert parse(LIST, ONE) == SatAnswer(LIST, ("0005ff00", "0006ff00", "0007ff00"), (("12", "34", "56"),))
    assert parse(LIST, THREE).records == (("12345",), ("21000",), ("31000",))
    assert parse(LIST, NONE) == SatAnswer(LIST, ("0001ff00",))
    alarms = parse("display alarms", ALARM)
    assert len(alarms.fids) == 16
    assert alarms.records[0] == (
        *["014V517", "DIG-LINE", "n", "22329", "WARNING", "RDY"],
        "",
        "",
        "10",
        "17",
        "15",
        "07",
        *["00"] * 4,
    )
    assert alarms.records[1][1:5] == ("t", "d", "n", "e")
    assert alarms.records[1][10:] == ("",) * 6


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(end: str) -> None:
    assert len(parse("display alarms", ALARM.replace("\r\n", end)).records) == 2


def test_a_field_may_stand_twice() -> None:
    answer = parse(LIST, "f0001ff00\t0001FF00\nd1\t2\nt")
    assert (answer.fids, answer.records) == (("0001ff00", "0001ff00"), (("1", "2"),))


def test_an_echo_must_be_of_the_same_command_and_may_be_missing() -> None:
    for echo in ("clist extension\n", "c list extension\n", "clist  extension \r\n", ""):
        assert len(parse(LIST, echo + THREE).records) == 3
    with pytest.raises(BadAnswer, match="answered another command: 'list station'"):
        parse(LIST, "clist station\n" + THREE)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            "eERROR 00000000 nnn unknown is an invalid entry; please press HELP",  # pbxd's tests
            "unknown is an invalid entry; please press HELP",
        ),
        ("e1 0001ff00 4 Group not assigned", "Group not assigned"),
        ('"xxx" is an invalid entry; please press HELP', '"xxx" is an invalid entry; please press HELP'),
        ("Group not assigned", "Group not assigned"),
        ("All maintenance resources busy; try again", "All maintenance resources busy; try again"),
        ("e1 All maintenance resources busy", "All maintenance resources busy"),
    ],
)
def test_what_the_sat_says_in_words_is_the_error(said: str, error: str) -> None:
    for text in (f"c{LIST}\n{said}\nt\n", f"c{LIST}\nf0001ff00\n{said}\nt\n"):
        assert parse(LIST, text) == SatAnswer(LIST, error=error)


@pytest.mark.parametrize(
    "said", ["No records match the specified query options", "e1 00000000 0 No data in the system to list"]
)
def test_a_list_that_the_sat_says_is_empty_is_empty_and_no_error(said: str) -> None:
    assert parse(LIST, f"c{LIST}\n{said}\nt\n") == SatAnswer(LIST)
    assert parse(LIST, f"c{LIST}\nf0001ff00\n{said}\nt\n") == SatAnswer(LIST, ("0001ff00",))


@pytest.mark.parametrize(
    "pages",
    [
        "f0001ff00\t0002ff00\nf0003ff00\nd1\t2\nmore?[y]\nd00\nt",  # as w1n555 saw it
        "f0001ff00\t0002ff00\nf0003ff00\nd1\t2\nt\nmore?[y]\nd00\nt",  # an end between two pages
        "f0001ff00\t0002ff00\nf0003ff00\nd1\t2\nmore?[y] y\r\nd00\nt",
        "f0001ff00\t0002ff00\nf0003ff00\nd1\t2\nmore?[y]\ny\nd00\nt",
        "f0001ff00\t0002ff00\nf0003ff00\nmore?[y]d1\t2\nd00\nmore?[y]\nt",
    ],
)
def test_pages_are_one_answer(pages: str) -> None:
    assert parse(LIST, pages).records == (("1", "2", "00"),)


@pytest.mark.parametrize("between", ["n\nmore?[y]\n", "more?[y]\n", "t\nmore?[y]\nn\n", "more?[y]\nn\n"])
def test_a_page_may_end_between_two_records(between: str) -> None:
    assert parse(LIST, f"f0001ff00\nd1\n{between}d2\nt").records == (("1",), ("2",))


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "the answer is cut off"),
        ("clist extension\nf0001ff00\nd1\n", "the answer is cut off"),
        ("clist extension\nt\n", "neither fields nor an error"),
        ("f0001ff00\nd1\t2\nt", "values that do not fit the fields"),
        ("f0001ff00\nd1\nd2\nt", "values that do not fit the fields"),
        ("f0001ff00\t0002ff00\nd1\nt", "values that do not fit the fields"),
        ("f0001ff00\nf0002ff00\nd1\nt", "record 1 is not whole"),
        ("d1\nt", "values that do not fit the fields"),
        ("f0001ff00\nd1\nn\nt", "another record was announced and is missing"),
        ("f0001ff00\nn\nd1\nt", "record 1 is not whole"),
        ("f0001ff00\nd1\nt\nn\nd2\nt", "an end in the middle of the answer"),
        ("f0001ff00\nd1\nf0001ff00\nd1\nt", "fields after the first record"),
        ("f0001f\nd1\nt", "not the numbers of fields"),
        ("f0001ff00\nd1\nWelcome\nt", "not a line of OSSI: 'Welcome'"),
        (f"{ossi.IDLE}\nt", "not a line of OSSI"),
        ("f0001ff00\nd1\ne1 0001ff00 4 Group not assigned\nt", "records and an error"),
        ("f0001ff00\nd1\nNo records match the specified query options\nt", "records, and the words"),
        ("e1\nt", "an error without words"),
        ("f0001ff00\nd1\0\nt", "a NUL"),
    ],
)
def test_what_is_not_one_whole_answer_is_bad(text: str, detail: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        parse(LIST, text)
    assert caught.value.question == LIST
    assert caught.value.detail.startswith(detail)


@pytest.mark.parametrize(("command", "text"), WHOLE)
def test_an_answer_cut_off_anywhere_is_never_a_shorter_answer(command: str, text: str) -> None:
    whole = parse(command, text)
    for length in range(len(text)):
        try:
            assert parse(command, text[:length]) == whole  # but for the end of its last line
            assert not text[length:].strip()
        except BadAnswer:
            pass


VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=6).filter(
    lambda value: "more?[y]" not in value
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """An answer as text, and its records."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    count = draw(st.integers(0, 4))
    blocks = [
        "f" + "\t".join(f"{line:04x}ff{field:02x}" for field in range(size))
        for line, size in enumerate(shape)
    ]
    records, lines = [], list(blocks)
    for number in range(count):
        lines += ["n"] if number else []
        record: list[str] = []
        for size in shape:
            values = [draw(VALUES) for _ in range(size)]
            record += values
            lines.append("d" + "\t".join(values))
        records.append(tuple(record))
    echo = draw(st.sampled_from(["", f"c{LIST}\n"]))
    return echo + "\n".join((*lines, "t")) + "\n", tuple(records)


@given(answers())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read(answer: tuple[str, tuple[tuple[str, ...], ...]]) -> None:
    assert parse(LIST, answer[0]).records == answer[1]


@given(st.text(max_size=200))
@example("t\nmore?[y]\nt")
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_answer_or_a_bad_answer(text: str) -> None:
    try:
        answer = parse(LIST, text)
    except BadAnswer:
        return
    assert all(len(record) == len(answer.fids) for record in answer.records)


@given(answers(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_single_wrong_character_never_makes_a_shorter_list(
    answer: tuple[str, tuple[tuple[str, ...], ...]], data: st.DataObject
) -> None:
    text, records = answer
    place = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.sampled_from(["", "\n", "\r", "\t", "d", "n", "t", "f", "e", "c", " ", "0", "é"]))
    spoilt = text[:place] + new + text[place + data.draw(st.integers(0, 1)) :]
    assert_not_shorter(spoilt, records)


def test_ten_thousand_spoilt_answers_are_bad_or_whole() -> None:
    dice = random.Random(20261126)  # noqa: S311 - for variety, not for secrecy
    counts = {"bad": 0, "whole": 0}
    for _ in range(10_000):
        command, text = dice.choice(WHOLE)
        records = parse(command, text).records
        place = dice.randrange(len(text))
        spoilt = dice.choice(
            (
                text[:place],
                text[:place] + text[place + 1 :],
                text[:place] + dice.choice("\n\r\tdntfec 0x") + text[place + 1 :],
                text[:place] + dice.choice("\n\r\tdntfec 0x") + text[place:],
            )
        )
        counts["whole" if assert_not_shorter(spoilt, records, command) else "bad"] += 1
    assert counts["bad"] > 5000
    assert counts["whole"] > 1000


def assert_not_shorter(text: str, records: tuple[tuple[str, ...], ...], command: str = LIST) -> bool:
    """Whether it was read; then it has all records, or says that it has none because of an error."""
    try:
        answer = parse(command, text)
    except BadAnswer:
        return False
    assert len(answer.records) >= len(records) or answer.error, text
    return True


# -- what is sent


def test_a_request_asks_for_at_most_five_fields_a_line() -> None:
    assert ossi.request("list station") == "clist station\rt\r"
    fids = [f"{number:04x}ff00" for number in range(7)]
    assert ossi.request("list station", fids) == (
        "clist station\rf0000ff00\t0001ff00\t0002ff00\t0003ff00\t0004ff00\rf0005ff00\t0006ff00\rt\r"
    )


def test_the_echo_of_a_terminal_is_taken_off_whole_or_not_at_all() -> None:
    sent = ossi.request("list station", ["0001ff00"])
    echo = "clist station\r\nf0001ff00\r\nt\r\n"
    assert ossi.without_echo(sent, echo + NONE) == NONE
    for length in range(len(echo) - 1):
        assert ossi.without_echo(sent, echo[:length]) is None
    with pytest.raises(BadAnswer, match="the terminal echoed 'clist statiom'"):
        ossi.without_echo(sent, echo.replace("station", "statiom") + NONE)


@pytest.mark.parametrize(
    ("tail", "ended"),
    [
        ("d1\nt\n", True),
        ("d1\r\nt\r\n", True),
        ("t\n", True),
        ("d1\nt", None),
        ("t", None),
        ("d1\tt", False),
        ("d1\nto", False),
        ("", False),
        ("dt\n", False),
    ],
)
def test_an_answer_ends_with_its_line_t(tail: str, ended: bool | None) -> None:
    assert ossi.ended(tail) is ended


@pytest.mark.parametrize(
    "command",
    [
        "display alarms",
        "list trunk-group",
        "status trunk 1",
        "status trunk 1/3",
        "list extension count 10",
        "status media-gateways",
        "list measurements outage-trunk last-hour",
    ],
)
def test_commands_that_show_something_may_be_sent(command: str) -> None:
    assert sat_command(command) == command


@pytest.mark.parametrize(
    "command",
    [
        *(f"{verb} trunk 1" for verb in CHANGING),
        "list",
        "display",
        "status ",
        "li trunk-group",
        "disp alarms",
        "sta trunk 1",
        "List trunk-group",
        " list trunk-group",
        "list  trunk-group",
        "list trunk-group ",
        "list trunk-group\n",
        "list trunk-group\rt\rcclear alarms",
        "list trunk-group\tall",
        "list trunk-group;reset",
        "list station schedule",
        "list station sch",
        "list station print",
        "list station p",
        "list trace station 1",
        "list tra station 1",
        "display alarms print",
        "list station " + "1" * 200,
        "list stati\u00f6n",
        "list \u0661",
        "",
    ],
)
def test_everything_else_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match="not a command that only shows something"):
        sat_command(command)


@given(st.text(max_size=40) | st.from_regex(r"\A[a-z]{2,9} [a-z0-9 /\r\n\t-]{0,20}\Z"))
@settings(max_examples=200, deadline=None)
def test_whatever_may_be_sent_is_one_line_of_a_showing_verb(command: str) -> None:
    try:
        sent = sat_command(command)
    except ValueError:
        return
    assert sent.split(" ")[0] in ("list", "display", "status")
    assert sent.isascii()
    assert sent.isprintable()
    assert "\r" not in ossi.request(sent)[1:-3]


@given(
    st.text(max_size=40)
    | st.builds(str.__add__, st.sampled_from(GATEWAY), st.sampled_from([" ", "\n", "\r", " 1", "\rreset"]))
    | st.sampled_from(GATEWAY).map(str.upper)
    | st.sampled_from(GATEWAY).map(lambda one: one[:-1])
)
@example("show fault")
def test_a_gateway_is_asked_five_commands_and_nothing_else(command: str) -> None:
    assume(command not in GATEWAY)
    with pytest.raises(ValueError, match="not a command that a gateway is asked"):
        gateway_command(command)
    assert [gateway_command(one) for one in GATEWAY] == list(GATEWAY)


@pytest.mark.parametrize("fid", ["", "0001ff0", "0001FF00", "0001ff00\r", "0001ff00\t", "all", "zzzzzzzz"])
def test_what_is_no_field_is_refused(fid: str) -> None:
    with pytest.raises(ValueError, match="not the number of a SAT field"):
        sat_fields(("0001ff00", fid))
