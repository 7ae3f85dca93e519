"""A gateway's command line: raw text becomes an answer, and a line to a gateway that misbehaves to order.

The samples are those of sszokoly/monitorBGW and its playgrounds, with other names; where the pager cuts them
is synthetic.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from asyncssh import SSHServerProcess
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import BadAnswer, CliAnswer, Refused
from collectors.sessions import cli, cli_text
from collectors.sessions.cli import CliLine
from collectors.sessions.cli_text import clean
from collectors.sessions.ssh import Entrance
from tests.ssh_servers import LOGIN, PROMPT, SECRET, Guard, Server, lines_of, pacing, serving

SYSTEM, FAULTS = "show system", "show faults"
PAGER, ERASED = "--type q to quit or space key to continue-- ", "\r\x1b[K"
TEXT = """\
System Name             : cityhall
System Location         : CityHall
Uptime (d,h:m:s)        : 108,18:21:26
Serial No               : 22TN00000000
Model                   : G450
Mainboard FW Vintage    : 42.32.0
PSU #1                  : AC 400W
FAN Tray                : Present"""
Process = SSHServerProcess[str]


def raw(text: str = TEXT, command: str = SYSTEM, prompt: str = PROMPT) -> str:
    """As the terminal gives it."""
    return f"{command}\r\n" + text.replace("\n", "\r\n") + f"\r\n{prompt}"


def test_echo_and_prompt_are_no_part_of_an_answer() -> None:
    assert clean(SYSTEM, raw()) == CliAnswer(SYSTEM, "G450-001(super)#", TEXT)


@pytest.mark.parametrize(
    "prompt",
    [
        "AvayaG450A-001(super)# ",
        "G430-5-005(super)#",
        "AvayaG450-001(ss)#",
        "G450-???(super)# ",
        "gw(read-only)> ",
    ],
)
def test_prompts_of_every_known_shape_end_an_answer(prompt: str) -> None:
    assert clean(SYSTEM, raw(prompt=prompt)) == CliAnswer(SYSTEM, prompt.strip(), TEXT)


@pytest.mark.parametrize("erased", [ERASED, "\r" + " " * 44 + "\r", "", "\r\x1b[2K"])
def test_pages_are_one_text(erased: str) -> None:
    lines = TEXT.split("\n")
    paged = (
        "\n".join(lines[:3])
        + "\n"
        + PAGER
        + erased
        + "\n".join(lines[3:6])
        + "\n"
        + PAGER
        + erased
        + "\n".join(lines[6:])
    )
    assert clean(SYSTEM, raw(paged)).text == TEXT


@pytest.mark.parametrize("place", range(0, len(TEXT), 13))
def test_a_row_that_the_pager_split_is_joined(place: int) -> None:
    assert clean(SYSTEM, raw(TEXT[:place] + PAGER + ERASED + TEXT[place:])).text == TEXT


def test_closing_words_are_no_part_of_an_answer() -> None:
    said = TEXT + "\n\nDone!\nNote that field 3 is of the chassis\n"
    assert clean(SYSTEM, raw(said)).text == TEXT
    assert clean(SYSTEM, raw(TEXT + "\nPress Enter to continue.\n")).text == TEXT


def test_blank_lines_and_columns_stay() -> None:
    text = "Port   Name\n------ ----\n10/5   NO NAME\n\n10/6   NO NAME"
    assert clean(SYSTEM, raw(f"\n{text}\n\n")).text == text


def test_the_echo_may_be_missing_or_stand_behind_the_prompt() -> None:
    assert clean(SYSTEM, PROMPT + raw()).text == TEXT
    assert clean(SYSTEM, raw().removeprefix(f"{SYSTEM}\r\n")).text == TEXT


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (raw().removesuffix(PROMPT), "the answer is cut off: no prompt at its end"),
        ("", "the answer is cut off: no prompt at its end"),
        (raw(command=FAULTS), "answered another command: 'show faults'"),
        (raw("Processing another command please wait ..."), "the gateway is busy with another command"),
        (raw("do you want to continue (Y/N)? N"), "the gateway asked whether to continue, and was told no"),
        (raw(""), "the gateway answered nothing"),
        (raw("System \x1b\x00\x7f{"), "not text: 'show system\\nSystem \\x1b\\x00\\x7f{\\n'"),
        (raw("Done!"), "the gateway answered nothing"),
        (PROMPT, "the gateway answered nothing"),
    ],
)
def test_what_is_not_one_whole_answer_is_bad(text: str, detail: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        clean(SYSTEM, text)
    assert (caught.value.question, caught.value.detail) == (SYSTEM, detail)


@given(st.integers(0, len(raw()) - len(PROMPT)))
def test_an_answer_cut_off_anywhere_is_bad(length: int) -> None:
    with pytest.raises(BadAnswer):
        clean(SYSTEM, raw()[:length])


@given(st.text(max_size=200), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_answer_or_a_bad_answer(text: str, ended: bool) -> None:
    try:
        answer = clean(SYSTEM, text + ("\r\n" + PROMPT if ended else ""))
    except BadAnswer:
        return
    assert answer.text.strip()
    assert "\r" not in answer.text


# -- the line


class Gateway:
    """A gateway. `says`: what it writes for a command, up to each key that it waits for, and which key."""

    def __init__(self, *says: list[tuple[str, str]]) -> None:
        self.says = list(says)
        self.keys: list[str] = []
        self.commands: list[str] = []

    async def talk(self, server: Server, process: Process) -> None:
        process.stdout.write(f"\r\nWelcome to G450\r\n\r\n{PROMPT}")
        typed = ""
        while chunk := await process.stdin.read(1):
            typed += chunk
            if chunk != "\r":
                continue
            line, typed = typed.strip(), ""
            if line == "exit":
                return
            self.commands.append(line)
            for text, key in self.says.pop(0) if self.says else [(raw().removesuffix(PROMPT), "")]:
                process.stdout.write(text)
                if key:
                    given = await process.stdin.read(1)
                    self.keys.append(given)
            process.stdout.write(PROMPT)


@asynccontextmanager
async def talking(
    talk: Callable[[Server, Process], object], seconds: float = 5.0, guard: Guard | None = None
) -> AsyncIterator[tuple[CliLine, Server]]:
    """A line to this gateway."""
    async with serving(Server(talk)) as server:  # type: ignore[arg-type]  # a coroutine function all the same
        line = CliLine(
            Entrance(
                address="127.0.0.1",
                port=server.port,
                login=LOGIN,
                pacing=pacing(seconds),
                known_hosts=server.known,
                guard=Guard() if guard is None else guard,
            )
        )
        try:
            yield line, server
        finally:
            await line.close()


def test_a_poll_is_some_commands_on_one_session_that_is_left_at_the_end() -> None:
    gateway = Gateway()

    async def scenario() -> None:
        async with talking(gateway.talk) as (line, server):
            for _ in range(2):
                line.begin()
                assert await line.show(SYSTEM) == CliAnswer(SYSTEM, "G450-001(super)#", TEXT)
            assert [(question.text, question.outcome) for question in line.questions] == [(SYSTEM, "8 lines")]
            assert server.connections == 1
        assert server.endings == ["left"]

    asyncio.run(scenario())
    assert gateway.commands == [SYSTEM] * 2


def test_the_pager_is_answered_with_a_space_as_often_as_it_asks() -> None:
    lines = TEXT.split("\n")
    echo = f"{SYSTEM}\r\n"
    gateway = Gateway(
        [
            (echo + "\r\n".join(lines[:2]) + "\r\n" + PAGER, " "),
            (ERASED + "\r\n".join(lines[2:5]) + lines[5][:9] + PAGER, " "),
            (ERASED + "x", ""),
            ("\r\n", ""),
        ],
        [(echo + PAGER, " ")] * 50 + [("System Name : north\r\n", "")],
    )

    async def scenario() -> None:
        async with talking(gateway.talk) as (line, _):
            assert (await line.show(SYSTEM)).text.split("\n")[:4] == lines[:4]
            assert (await line.show(SYSTEM)).text.endswith("System Name : north")

    asyncio.run(scenario())
    assert gateway.keys == [" "] * 52


def test_enter_is_pressed_where_the_gateway_waits_for_it() -> None:
    gateway = Gateway([(f"{SYSTEM}\r\nSystem Name : north\r\nPress Enter to continue.", "\r"), ("\r\n", "")])

    async def scenario() -> None:
        async with talking(gateway.talk) as (line, _):
            assert (await line.show(SYSTEM)).text == "System Name : north"

    asyncio.run(scenario())
    assert gateway.keys == ["\r"]


def test_a_gateway_that_asks_whether_to_continue_is_always_told_no() -> None:
    gateway = Gateway(
        [(f"{SYSTEM}\r\nThis may take long, do you want to continue (Y/N)? ", "N"), ("\r\n", "")]
    )

    async def scenario() -> None:
        async with talking(gateway.talk) as (line, server):
            with pytest.raises(BadAnswer, match="was told no"):
                await line.show(SYSTEM)
            await line.show(SYSTEM)
            assert server.connections == 2

    asyncio.run(scenario())
    assert gateway.keys == ["N"]


def test_a_busy_gateway_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "BETWEEN", 0.02)
    busy = [(f"{SYSTEM}\r\nProcessing another command please wait ...\r\n", "")]
    gateway = Gateway(busy, busy, [(raw().removesuffix(PROMPT), "")], busy, busy, busy)

    async def scenario() -> None:
        async with talking(gateway.talk) as (line, _):
            assert (await line.show(SYSTEM)).text == TEXT
            with pytest.raises(BadAnswer, match="busy with another command, 3 times"):
                await line.show(SYSTEM)

    asyncio.run(scenario())
    assert gateway.commands == [SYSTEM] * 6


def test_a_pager_that_never_ends_is_a_bad_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "MOST_PAGES", 20)
    gateway = Gateway([(f"{SYSTEM}\r\n", ""), *[(PAGER, " ")] * 100])

    async def scenario() -> None:
        async with talking(gateway.talk) as (line, _):
            with pytest.raises(BadAnswer, match="more than 20 pages"):
                await line.show(SYSTEM)

    asyncio.run(scenario())


def test_an_answer_that_stops_in_the_middle_is_a_bad_answer() -> None:
    async def stops(server: Server, process: Process) -> None:
        process.stdout.write(PROMPT)
        async for line in lines_of(server, process):
            process.stdout.write(f"{line}\r\nSystem Name :")

    async def scenario() -> None:
        async with talking(stops, seconds=0.4) as (line, server):
            with pytest.raises(BadAnswer, match=r"not at its end within 0\.4 s"):
                await line.show(SYSTEM)
            await line.close()
            assert server.heard == [SYSTEM, "exit"]

    asyncio.run(scenario())


def test_a_login_that_the_gateway_asks_for_on_its_terminal_obeys_the_guard_too() -> None:
    async def asks(server: Server, process: Process) -> None:
        process.stdout.write("Login: ")
        typed = lines_of(server, process)
        await anext(typed)
        process.stdout.write("\r\nPassword: ")
        right = await anext(typed) == server.right[0][0]
        process.stdout.write(f"\r\n{PROMPT}" if right else "\r\nLogin incorrect\r\nLogin: ")
        async for line in typed:
            if line == "exit":
                return
            process.stdout.write(raw(command=line))

    async def scenario() -> None:
        guard = Guard()
        async with talking(asks, guard=guard) as (line, server):
            assert (await line.show(SYSTEM)).text == TEXT
            assert server.heard[:2] == [LOGIN.user, SECRET]
            await line.close()
        assert guard.refusals == []

    async def refused() -> None:
        guard = Guard()

        async def wrong(server: Server, process: Process) -> None:
            process.stdout.write("Password: ")
            async for _ in lines_of(server, process):
                process.stdout.write("\r\nLogin incorrect\r\nPassword: ")

        async with talking(wrong, guard=guard) as (line, server):
            with pytest.raises(Refused):
                await line.show(SYSTEM)
            assert len(guard.refusals) == 1
            assert server.heard.count(SECRET) == 1

    asyncio.run(scenario())
    asyncio.run(refused())


def test_a_command_that_is_not_allowed_opens_no_connection() -> None:
    async def scenario() -> None:
        async with talking(Gateway().talk) as (line, server):
            for command in ("reset", "show running-config", "show system\rreset", "show  system", "copy x y"):
                with pytest.raises(ValueError, match="not a command that a gateway is asked"):
                    await line.show(command)
            assert server.connections == 0

    asyncio.run(scenario())


def test_what_a_pager_and_a_question_look_like_is_known() -> None:
    assert cli_text.PAGER.search(PAGER)
    assert cli_text.CONFIRM.search("do you want to continue (Y/N)?")
    assert not cli_text.PROMPT.search("Temperature (super)# 3")
