"""The SAT line against a SAT on loopback that misbehaves to order.

The SAT speaks OSSI as the sources named in `collectors.sessions.ossi` describe it; what it says is synthetic.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from asyncssh import SSHServerProcess

from collectors.base import BadAnswer, PollError, Refused, SatAnswer, Told, Unreachable
from collectors.sessions import sat_dialogue
from collectors.sessions.login import CHALLENGE, MAY_COUNT, Login
from collectors.sessions.ossi import IDLE
from collectors.sessions.sat import SatLine
from collectors.sessions.ssh import Entrance
from tests.ssh_servers import LOGIN, PIN, SECRET, USER, Guard, Server, lines_of, pacing, serving, until

LIST, ALARMS = "list trunk-group", "display alarms"
TYPE = "System: Large       Software Version: R018x.00.0.822.0\r\n\r\nTerminal Type (513, 715, 4410): [513] "
THREE = "f0001ff00\r\nd1\r\nn\r\nd2\r\nn\r\nd3\r\nt\r\n"
Process = SSHServerProcess[str]


@dataclass
class Sat:
    """A SAT. `answers`: by command, or one for all; a list is given one after the other."""

    answers: dict[str, str | list[str]] = field(default_factory=dict)
    takes: Sequence[str] = ("ossi4",)  # terminal types
    behind: str = ""  # a prompt of the Linux shell, where the SAT is behind one
    asks: Sequence[tuple[str, str]] = ()  # of a SAT behind a shell: prompts and right answers
    echoes: bool = False
    record: bool = True  # it echoes the command record
    free: bool = True  # it has a free port
    fault: Callable[[str, Process], bool] | None = None  # called with each command; True: it was dealt with
    late: str = ""  # what a lone `t` finds it still saying
    commands: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)

    async def talk(self, server: Server, process: Process) -> None:
        typed = lines_of(server, process)
        if self.behind and not await self._shell(typed, process):
            return
        if not self.free:
            process.stdout.write("Login resources unavailable\r\n")
            return
        await self._terminal_type(typed, process)
        await self._ossi(typed, process)
        if self.behind:
            process.stdout.write(self.behind)
            async for line in typed:
                if line == "exit":
                    return

    async def _shell(self, typed: AsyncIterator[str], process: Process) -> bool:
        say = process.stdout.write
        say("Enter your terminal type (i.e., xterm, vt100, etc.) [vt100]=> ")
        await anext(typed)
        say(f"\r\nMessage of the day $ 5\r\n{self.behind}")
        assert await anext(typed) == "sat"
        say("sat\r\n")
        for prompt, right in self.asks:
            say(prompt)
            if await anext(typed) != right:
                say("\r\nLogin incorrect\r\n")
                return False
            say("\r\n")
        return True

    async def _terminal_type(self, typed: AsyncIterator[str], process: Process) -> None:
        process.stdout.write(TYPE)
        async for line in typed:
            self.offered.append(line)
            process.stdout.write(f"{line}\r\n\r\n")
            if line in self.takes:
                process.stdout.write("t\r\n")
                return
            process.stdout.write(TYPE)

    async def _ossi(self, typed: AsyncIterator[str], process: Process) -> None:
        say, command = process.stdout.write, ""
        async for line in typed:
            if self.echoes:
                say(f"{line}\r\n")
            if line.startswith("c"):
                command = line[1:].strip()
            elif line != "t":
                continue
            elif not command:
                say(self.late or f"{IDLE}\r\nt\r\n")
            elif command == "logoff":
                say("Active major alarm detected; be sure to resolve it\r\nProceed with Logoff? [n] ")
                if await anext(typed) == "y":
                    return
            else:
                self.commands.append(command)
                if self.fault is None or not self.fault(command, process):
                    answer = self.answers.get(command, THREE)
                    text = answer if isinstance(answer, str) else answer.pop(0)
                    say((f"c{command}\r\n" if self.record else "") + text)
                command = ""


@asynccontextmanager
async def talking(
    sat: Sat, *, login: Login = LOGIN, guard: Guard | None = None, seconds: float = 5.0, terminals: str = ""
) -> AsyncIterator[tuple[SatLine, Server]]:
    """A line to this SAT."""
    async with serving(Server(sat.talk)) as server:
        line = SatLine(
            Entrance(
                address="127.0.0.1",
                port=server.port,
                login=login,
                pacing=pacing(seconds),
                known_hosts=server.known,
                guard=Guard() if guard is None else guard,
            ),
            **({"terminals": tuple(terminals.split())} if terminals else {}),
        )
        line.list_seconds = 0.0  # as long as any other command
        try:
            yield line, server
        finally:
            await line.close()


def answered(sat: Sat, command: str = LIST, **more: object) -> SatAnswer:
    """What one question to this SAT is answered with."""

    async def scenario() -> SatAnswer:
        async with talking(sat, **more) as (line, _):  # type: ignore[arg-type]  # keywords handed through
            return await line.ask(command)

    return asyncio.run(scenario())


def failed(sat: Sat, command: str = LIST, **more: object) -> PollError:
    """The error of one question to this SAT."""
    with pytest.raises(PollError) as caught:
        answered(sat, command, **more)
    return caught.value


# -- getting in and out


def test_a_poll_is_some_commands_on_one_session_that_is_logged_off_at_the_end() -> None:
    sat = Sat(answers={ALARMS: "f0001ff00\r\nt\r\n"})

    async def scenario() -> None:
        async with talking(sat) as (line, server):
            for _ in range(2):
                line.begin()
                told: Told[SatAnswer] = Told()
                for command in (LIST, ALARMS):
                    told = told | await line.ask(command)
                assert told[LIST].records == (("1",), ("2",), ("3",))
                assert told[ALARMS].records == ()
            assert [(question.text, question.outcome) for question in line.questions] == [
                (LIST, "3 records"),
                (ALARMS, "0 records"),
            ]
            assert all(question.seconds < 0.5 for question in line.questions)
            assert server.connections == 1
        assert server.heard[-3:] == ["c logoff ", "t", "y"]
        assert server.endings == ["left"]

    asyncio.run(scenario())


def test_fields_that_are_asked_for_are_sent() -> None:
    async def scenario() -> None:
        async with talking(Sat()) as (line, server):
            await line.ask(LIST, "0001ff00", "800bff00")
            at = server.heard.index(f"c{LIST}")
            assert server.heard[at : at + 3] == [f"c{LIST}", "f0001ff00\t800bff00", "t"]

    asyncio.run(scenario())


def test_the_first_terminal_type_that_is_taken_is_used() -> None:
    sat = Sat(takes=("ossi3", "ossit"))

    async def scenario() -> None:
        async with talking(sat) as (line, _):
            await line.ask(LIST)
            assert sat.offered == ["ossi4", "ossi", "ossi3"]
            assert line.questions[0].outcome.startswith("logged in, terminal type ossi3 (curve25519")

    asyncio.run(scenario())


def test_a_sat_that_takes_no_terminal_type_is_a_bad_answer() -> None:
    error = failed(Sat(takes=()), terminals="ossi4 ossi")
    assert isinstance(error, BadAnswer)
    assert error.detail == "the SAT takes none of the terminal types that are known here"


@pytest.mark.parametrize(
    ("asks", "login"),
    [
        ((), LOGIN),
        ((("Pin: ", PIN),), Login(USER, SECRET, PIN)),
        ((("Password: ", SECRET), ("Pin: ", PIN)), Login(USER, SECRET, PIN)),
        ((("login: ", USER), ("Password: ", SECRET)), LOGIN),
    ],
)
def test_the_sat_is_found_through_the_linux_shell(asks: Sequence[tuple[str, str]], login: Login) -> None:
    sat = Sat(behind="\r\ndadmin@cm1> ", asks=asks)

    async def scenario() -> None:
        async with talking(sat, login=login) as (line, server):
            assert len((await line.ask(LIST)).records) == 3
        assert server.heard[-2:] == ["y", "exit"]
        assert server.endings == ["left"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("asks", "sentence"),
    [
        ((("Pin: ", "another"),), "the SAT refused the login: wrong password or PIN, or a locked login"),
        ((("Challenge: 123-456\r\nResponse: ", ""),), CHALLENGE),
        ((("New password: ", ""),), "the login asks what is not known here: 'New password:'"),
        (
            (("Password: ", SECRET), ("Password: ", "")),
            "the password was asked for a second time: it was refused",
        ),
    ],
)
def test_a_refusal_behind_the_shell_is_the_last_attempt(
    asks: Sequence[tuple[str, str]], sentence: str
) -> None:
    sat, guard = Sat(behind="\r\ndadmin@cm1> ", asks=asks), Guard()

    async def scenario() -> None:
        async with talking(sat, login=Login(USER, SECRET, PIN), guard=guard) as (line, server):
            with pytest.raises(Refused) as caught:
                await line.ask(LIST)
            assert caught.value.detail == sentence
            with pytest.raises(Refused, match="not tried again"):
                await line.ask(LIST)
            assert server.connections == 1
        assert "c logoff " not in server.heard  # it would have been taken for an answer to the prompt

    asyncio.run(scenario())
    assert guard.refusals == [sentence]


def test_a_sat_that_hangs_up_after_the_pin_may_have_counted_it() -> None:
    async def hangs_up(server: Server, process: Process) -> None:
        process.stdout.write("Access denied to all but staff.\r\nPin: ")  # a greeting, no refusal
        assert await anext(lines_of(server, process)) == PIN

    async def scenario() -> None:
        guard = Guard()
        async with talking(Sat(), login=Login(USER, SECRET, PIN), guard=guard) as (line, server):
            server.talk = hangs_up
            with pytest.raises(Refused) as caught:
                await line.ask(LIST)
            assert caught.value.detail == MAY_COUNT
            assert guard.refusals == [MAY_COUNT]

    asyncio.run(scenario())


def test_a_shell_without_a_sat_is_a_bad_answer_that_quotes_it() -> None:
    async def no_sat(server: Server, process: Process) -> None:
        process.stdout.write("cust@cm1> ")
        async for line in lines_of(server, process):
            process.stdout.write(f"{line}\r\nsat: command not found\r\ncust@cm1> ")

    async def scenario() -> None:
        async with talking(Sat()) as (line, server):
            server.talk = no_sat
            with pytest.raises(BadAnswer, match="the shell gives no SAT"):
                await line.ask(LIST)

    asyncio.run(scenario())


def test_without_a_free_port_the_sat_is_left_alone_for_minutes() -> None:
    async def scenario() -> None:
        guard = Guard()
        async with talking(Sat(free=False), guard=guard) as (line, server):
            with pytest.raises(Refused, match="no free SAT port: all of them are in use"):
                await line.ask(LIST)
            with pytest.raises(Refused, match=r"no free SAT port; not asked for one for 1[78]\d s more"):
                await line.ask(LIST)
            assert server.connections == 1
            assert guard.refusals == []  # the login is well

    asyncio.run(scenario())


def test_without_a_free_port_the_sat_is_asked_again_after_a_while() -> None:
    sat = Sat(free=False)

    async def scenario() -> None:
        async with talking(sat) as (line, _):
            line.no_port_seconds = 0.05
            with pytest.raises(Refused):
                await line.ask(LIST)
            sat.free = True
            await asyncio.sleep(0.06)
            assert len((await line.ask(LIST)).records) == 3

    asyncio.run(scenario())


# -- answers


@pytest.mark.parametrize(
    ("sat", "terminals"),
    [
        (Sat(), ""),
        (Sat(record=False), ""),
        (Sat(echoes=True), ""),
        (Sat(echoes=True, record=False), ""),
        (Sat(takes=("ossit",)), ""),
        (Sat(takes=("ossit",), echoes=True), "ossit"),
        (Sat(answers={LIST: THREE.rstrip()}), ""),  # its last line does not end
    ],
)
def test_echoes_of_the_command_and_of_the_terminal_are_no_part_of_an_answer(sat: Sat, terminals: str) -> None:
    assert answered(sat, terminals=terminals).records == (("1",), ("2",), ("3",))


def test_an_empty_list_of_a_terminal_that_echoes_is_told_from_its_echo() -> None:
    late = "f0001ff00\r\nd1\r\nt\r\n"

    def slow(command: str, process: Process) -> bool:
        asyncio.get_running_loop().call_later(0.5, process.stdout.write, f"c{command}\r\n{late}")
        return True

    async def scenario() -> None:
        async with talking(Sat(echoes=True, fault=slow)) as (line, _):
            # what the terminal echoes reads like an empty list with this field
            assert (await line.ask(LIST, "0001ff00")).records == (("1",),)

    asyncio.run(scenario())


def test_an_answer_in_small_pieces_is_read_whole() -> None:
    text = "cdisplay alarms\r\n" + THREE

    def pieces(command: str, process: Process) -> bool:
        loop = asyncio.get_running_loop()
        for place, letter in enumerate(text):
            loop.call_later(0.004 * place, process.stdout.write, letter)
        return True

    assert len(answered(Sat(fault=pieces), ALARMS).records) == 3


def test_pages_of_ossit_are_asked_for_until_the_last() -> None:
    def pages(command: str, process: Process) -> bool:
        process.stdout.write(f"c{command}\r\nf0001ff00\r\nd1\r\nt\r\nmore?[y]")
        asyncio.get_running_loop().call_later(
            0.3, process.stdout.write, "\r\nn\r\nd2\r\nmore?[y]\r\nn\r\nd3\r\nt\r\n"
        )
        return True

    async def scenario() -> None:
        async with talking(Sat(takes=("ossit",), fault=pages)) as (line, server):
            assert len((await line.ask(LIST)).records) == 3
            assert server.heard.count("y") == 2

    asyncio.run(scenario())


def test_a_page_of_ossit_that_comes_too_late_is_a_bad_answer_and_no_shorter_list() -> None:
    sat = Sat(takes=("ossit",))

    def first_page(command: str, process: Process) -> bool:
        process.stdout.write(f"c{command}\r\nf0001ff00\r\nd1\r\nt\r\n")
        sat.late = "more?[y]"
        return True

    sat.fault = first_page
    error = failed(sat, seconds=2)
    assert isinstance(error, BadAnswer)
    assert error.detail == "not at its end within 2 s"


def test_what_the_sat_says_in_words_is_an_answer_and_the_session_goes_on() -> None:
    sat = Sat(
        answers={
            "status trunk 99": "e1 00000000 0 Group not assigned\r\nt\r\n",
            ALARMS: "No records match the specified query options\r\nt\r\n",
        }
    )

    async def scenario() -> None:
        async with talking(sat) as (line, server):
            assert (await line.ask("status trunk 99")).error == "Group not assigned"
            assert await line.ask(ALARMS) == SatAnswer(ALARMS)
            assert len((await line.ask(LIST)).records) == 3
            assert server.connections == 1
            assert line.questions[1].outcome == "Group not assigned"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "busy", ["All maintenance resources busy; try again", "Transient command conflict detected"]
)
def test_a_sat_that_is_busy_is_asked_three_times(busy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sat_dialogue, "BETWEEN", 0.02)
    say = f"e1 00000000 0 {busy}\r\nt\r\n"
    sat = Sat(answers={LIST: [say, say, THREE]})
    assert len(answered(sat).records) == 3
    assert sat.commands == [LIST] * 3
    sat = Sat(answers={LIST: [say, say, say, THREE]})
    error = failed(sat)
    assert isinstance(error, BadAnswer)
    assert error.detail.startswith(f"busy, 3 times: {busy}")
    assert sat.commands == [LIST] * 3


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ("f0001ff00\r\nd1\r\nn\r\nt\r\n", "another record was announced and is missing"),
        ("f0001ff00\r\nd1\t2\r\nt\r\n", "values that do not fit the fields"),
        ("t\r\n", "neither fields nor an error"),
        ("f0001ff00\r\nd1\r\nn\r\nd2", "not at its end within 1 s"),
    ],
)
def test_what_is_no_whole_answer_is_bad_and_the_next_question_finds_a_new_session(
    answer: str, detail: str
) -> None:
    sat = Sat(answers={LIST: [answer, THREE]})

    async def scenario() -> None:
        async with talking(sat, seconds=1) as (line, server):
            with pytest.raises(BadAnswer) as caught:
                await line.ask(LIST)
            assert caught.value.detail.startswith(detail)
            assert len((await line.ask(LIST)).records) == 3
            assert (server.connections, server.most_open) == (2, 1)
            assert "c logoff " in server.heard

    asyncio.run(scenario())


def test_the_answer_to_another_command_is_bad() -> None:
    def other(command: str, process: Process) -> bool:
        process.stdout.write("clist station\r\n" + THREE)
        return True

    error = failed(Sat(fault=other))
    assert isinstance(error, BadAnswer)
    assert error.detail == "answered another command: 'list station'"


def test_a_connection_that_breaks_in_an_answer_is_a_bad_answer() -> None:
    def breaks(command: str, process: Process) -> bool:
        process.stdout.write(f"c{command}\r\nf0001ff00\r\nd1\r\n")
        asyncio.get_running_loop().call_later(0.1, process.channel.get_connection().abort)
        return True

    error = failed(Sat(fault=breaks))
    assert isinstance(error, BadAnswer)
    assert error.detail == "the system hung up in the middle of the answer"


def test_a_connection_that_breaks_before_an_answer_is_unreachable() -> None:
    def breaks(command: str, process: Process) -> bool:
        process.channel.get_connection().abort()
        return True

    error = failed(Sat(fault=breaks))
    assert isinstance(error, Unreachable)
    assert error.detail == "the system hung up"


def test_an_answer_that_does_not_end_is_a_bad_answer_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.sessions.ssh_terminal.MOST_TEXT", 100_000)

    def endless(command: str, process: Process) -> bool:
        process.stdout.write(f"c{command}\r\nf0001ff00\r\n" + "d1\r\nn\r\n" * 50_000)
        return True

    error = failed(Sat(fault=endless))
    assert isinstance(error, BadAnswer)
    assert error.detail == "the answer does not end"


def test_a_list_of_forty_thousand_records_takes_seconds() -> None:
    rows = "\r\nn\r\n".join(f"d{number}\tname {number}\t\t1\t043V612" for number in range(40_000))
    text = f"f8005ff00\t8003ff00\t8004ff00\t0001ff00\t0002ff00\r\n{rows}\r\nt\r\n"
    began = time.monotonic()
    answer = answered(Sat(answers={LIST: text}), seconds=60)
    assert len(answer.records) == 40_000
    assert answer.records[-1][:2] == ("39999", "name 39999")
    assert time.monotonic() - began < 20


def test_a_command_has_its_own_limit_and_a_list_a_longer_one() -> None:
    def slow(command: str, process: Process) -> bool:
        asyncio.get_running_loop().call_later(1.4, process.stdout.write, f"c{command}\r\n{THREE}")
        return True

    async def scenario() -> None:
        async with talking(Sat(fault=slow), seconds=0.8) as (line, server):
            line.list_seconds = 5.0
            assert len((await line.ask(LIST)).records) == 3
            with pytest.raises(Unreachable, match=r"no answer in 0\.8 s"):
                await line.ask(ALARMS)
            await until(lambda: "c logoff " in server.heard)

    asyncio.run(scenario())


def test_an_idle_session_proves_with_a_lone_t_that_it_listens() -> None:
    async def scenario() -> None:
        async with talking(Sat()) as (line, server):
            line.probe_after = 0.0
            await line.ask(LIST)
            before = len(server.heard)
            await line.ask(LIST)
            assert server.heard[before:] == ["t", f"c{LIST}", "t"]
            assert server.connections == 1

    asyncio.run(scenario())


def test_what_was_said_between_two_questions_is_no_part_of_an_answer() -> None:
    async def scenario() -> None:
        async with talking(Sat()) as (line, server):
            await line.ask(LIST)
            server.processes[0].stdout.write("f0009ff00\r\nd9\r\nt\r\n")  # the tail of something
            await asyncio.sleep(0.1)
            assert len((await line.ask(LIST)).records) == 3
            assert server.connections == 1

    asyncio.run(scenario())


def test_a_command_that_is_not_allowed_opens_no_connection() -> None:
    async def scenario() -> None:
        async with talking(Sat()) as (line, server):
            for command in ("busyout trunk 1", "clear alarms", f"{LIST}\rt"):
                with pytest.raises(ValueError, match="only shows"):
                    await line.ask(command)
            with pytest.raises(ValueError, match="field"):
                await line.ask(LIST, "all")
            assert server.connections == 0

    asyncio.run(scenario())


def test_a_prompt_that_nobody_knows_is_quoted() -> None:
    async def strange(server: Server, process: Process) -> None:
        process.stdout.write("Welcome\r\nPress any key to go on: ")
        async for _ in lines_of(server, process):
            pass

    async def scenario() -> None:
        async with talking(Sat(), seconds=0.5) as (line, server):
            server.talk = strange
            with pytest.raises(BadAnswer) as caught:
                await line.ask(LIST)
            assert caught.value.detail == "waits at what is not known here: 'Press any key to go on:'"

    asyncio.run(scenario())


def test_pacing_puts_its_pause_between_two_questions() -> None:
    async def scenario() -> None:
        async with talking(Sat()) as (line, _):
            line._pause = replace(pacing()).timeout.total_seconds() / 25
            await line.ask(LIST)
            began = time.monotonic()
            await line.ask(LIST)
            assert time.monotonic() - began >= 0.2

    asyncio.run(scenario())
