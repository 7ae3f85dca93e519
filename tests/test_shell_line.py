"""Programs over SSH: against servers that misbehave to order, and against OpenSSH's sshd."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import paramiko
import pytest
from asyncssh import SSHServerProcess
from paramiko.common import AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED

from collectors.base import BadAnswer, PollError, Product, Refused, ShellAnswer, Unreachable
from collectors.products import find_products
from collectors.sessions.login import Login
from collectors.sessions.read_only import VENDOR, shell_command
from collectors.sessions.shell import ShellLine
from collectors.sessions.ssh import Entrance
from tests.ssh_servers import LOGIN, USER, Guard, Server, gateway, pacing, serving, until
from tests.sshd import sshd_running
from tests.test_ssh_login import paramiko_server

UPTIME, UNAME, MISSING = "cat /proc/uptime", "uname -s", "ntpq -pn"
COMMANDS = (UPTIME, UNAME, MISSING, "cat /proc/no-such-file")
Process = SSHServerProcess[str]
Program = Callable[[Process], Awaitable[None]]


def make_line(
    server: Server, *, timeout: float = 5.0, login: Login = LOGIN, guard: Guard | None = None
) -> ShellLine:
    entrance = Entrance(
        address="127.0.0.1",
        port=server.port,
        login=login,
        pacing=pacing(timeout),
        known_hosts=server.known,
        guard=guard or Guard(),
    )
    return ShellLine(entrance, COMMANDS)


def host(program: Program) -> Server:
    """A server on which every command is this program."""

    async def talk(server: Server, process: Process) -> None:
        server.heard.append(process.command or "")
        assert process.get_terminal_type() is None
        await program(process)

    return Server(talk)


async def well(process: Process) -> None:
    process.stdout.write(f"{process.command}: 1.5 2.5\n")
    process.exit(0)


def asked(program: Program, command: str = UPTIME, *, timeout: float = 5.0) -> ShellAnswer:
    """The answer of a server whose every command is this program."""

    async def scenario() -> ShellAnswer:
        async with serving(host(program)) as server:
            line = make_line(server, timeout=timeout)
            try:
                return await line.run(command)
            finally:
                await line.close()
                await until(lambda: not server.connected)

    return asyncio.run(scenario())


# -- sessions


def test_programs_run_one_after_the_other_on_one_connection() -> None:
    async def scenario() -> None:
        async with serving(host(well)) as server:
            guard = Guard()
            line = make_line(server, guard=guard)
            first = await line.run(UPTIME)
            assert first == ShellAnswer(UPTIME, f"{UPTIME}: 1.5 2.5\n", 0)
            assert [question.outcome.split(" (")[0] for question in line.questions] == [
                "logged in, no terminal",
                "1 lines",
            ]
            line.begin()
            threads = threading.active_count()
            for _ in range(30):
                await line.run(UNAME)
            assert threading.active_count() == threads
            assert sorted(question.seconds for question in line.questions)[15] < 0.1
            await asyncio.gather(*(line.run(UPTIME) for _ in range(5)))
            assert server.heard == [UPTIME, *[UNAME] * 30, *[UPTIME] * 5]
            assert (server.connections, guard.acceptances, guard.refusals) == (1, 1, [])
            await line.close()
            await until(lambda: not server.connected)

    asyncio.run(scenario())


def test_an_idle_session_is_tested_and_a_dead_one_replaced() -> None:
    async def scenario() -> None:
        async with serving(host(well)) as server:
            line = make_line(server)
            line.probe_after = 0.0
            await line.run(UPTIME)
            await line.run(UPTIME)
            assert (server.connections, server.heard) == (1, [UPTIME] * 2)
            server.connected[0].abort()
            await until(lambda: not server.connected)
            await line.run(UPTIME)
            assert server.connections == 2
            await line.close()

    asyncio.run(scenario())


def test_a_session_nobody_asks_is_hung_up() -> None:
    async def scenario() -> None:
        async with serving(host(well)) as server:
            line = make_line(server)
            line.idle = 0.05
            await line.run(UPTIME)
            await until(lambda: not server.connected)
            await line.close()

    asyncio.run(scenario())


def test_a_refused_login_bars_the_next_one() -> None:
    async def scenario() -> None:
        async with serving(host(well)) as server:
            line = make_line(server, login=Login(USER, "a wrong one"))
            for _ in range(2):
                with pytest.raises(Refused):
                    await line.run(UPTIME)
            assert server.connections == 1
            await line.close()

    asyncio.run(scenario())


def test_an_unknown_host_key_is_refused_before_any_login() -> None:
    async def scenario() -> None:
        async with serving(host(well)) as server:
            line = make_line(Server(gateway, port=server.port))
            with pytest.raises(Refused, match="unknown host key"):
                await line.run(UPTIME)
            assert server.given == []
            await line.close()

    asyncio.run(scenario())


def test_closing_a_line_whose_program_hangs_takes_less_than_two_seconds() -> None:
    async def scenario() -> None:
        async with serving(host(hangs)) as server:
            line = make_line(server, timeout=30)
            question = asyncio.create_task(line.run(UPTIME))
            await until(lambda: bool(server.heard))
            began = time.monotonic()
            await line.close()
            assert time.monotonic() - began < 2
            with pytest.raises(Unreachable, match="closed"):
                await question

    asyncio.run(scenario())


# -- what programs do


def test_a_program_that_is_not_there_or_fails_is_an_answer() -> None:
    async def missing(process: Process) -> None:
        process.stderr.write(f"bash: {process.command}: command not found\n" + "x" * 500)
        process.exit(127)

    answer = asked(missing, MISSING)
    assert (answer.status, answer.text, len(answer.errors)) == (127, "", 200)
    assert answer.errors.startswith("bash: ntpq -pn: command not found")


def test_both_outputs_are_taken_however_much_it_is() -> None:
    async def talks(process: Process) -> None:
        for _ in range(64):
            process.stderr.write("e" * 65536)
            await process.stderr.drain()
        for _ in range(64):
            process.stdout.write("o" * 65536)
            await process.stdout.drain()
        process.exit(3)

    answer = asked(talks, timeout=20)
    assert (answer.status, len(answer.text), answer.errors) == (3, 64 * 65536, "e" * 200)


def test_words_in_no_known_encoding_are_kept_as_far_as_they_are() -> None:
    async def latin(process: Process) -> None:
        process.stdout.write("caf\xe9\n")  # the server writes latin-1
        process.exit(0)

    assert asked(latin).text == "caf\ufffd\n"


async def hangs(process: Process) -> None:
    await process.stdin.read()
    await asyncio.sleep(60)


async def drips(process: Process) -> None:
    while True:
        process.stdout.write("more\n")
        await asyncio.sleep(0.05)


async def floods(process: Process) -> None:
    while True:
        process.stdout.write("x" * 65536)
        await process.stdout.drain()


async def complains(process: Process) -> None:
    while True:
        process.stderr.write("x" * 65536)
        await process.stderr.drain()


async def is_killed(process: Process) -> None:
    process.stdout.write("half an ans")
    process.exit_with_signal("KILL")


async def breaks_off(process: Process) -> None:
    process.stdout.write("half an ans")
    await process.stdout.drain()
    await asyncio.sleep(0.2)
    process.channel.get_connection().abort()


async def closes(process: Process) -> None:
    process.stdout.write("all of it\n")
    process.close()


@pytest.mark.parametrize(
    ("program", "kind", "sentence"),
    [
        (hangs, Unreachable, "no answer in 0.6 s"),
        (drips, BadAnswer, "not at its end within 0.6 s"),
        (complains, Unreachable, "no answer in 0.6 s"),
        (is_killed, BadAnswer, "the program was ended before its end"),
        (breaks_off, BadAnswer, "the system hung up in the middle of the answer"),
        (closes, BadAnswer, "the program was ended before its end"),
    ],
)
def test_a_program_without_an_end_is_no_answer_in_time(
    program: Program, kind: type[PollError], sentence: str
) -> None:
    began = time.monotonic()
    with pytest.raises(PollError) as caught:
        asked(program, timeout=0.6)
    assert type(caught.value) is kind
    assert str(caught.value) == f"{UPTIME}: {sentence}"
    assert time.monotonic() - began < 3.5


def test_an_answer_that_does_not_end_is_cut_off() -> None:
    with pytest.raises(BadAnswer, match="the answer does not end"):
        asked(floods, timeout=30)


def test_a_hung_program_costs_its_session_and_the_next_question_finds_another() -> None:
    async def scenario() -> None:
        server = host(hangs)
        async with serving(server):
            line = make_line(server, timeout=0.4)
            with pytest.raises(Unreachable):
                await line.run(UPTIME)
            server.talk = host(well).talk
            assert (await line.run(UPTIME)).status == 0
            assert (server.connections, server.most_open) == (2, 1)
            await line.close()

    asyncio.run(scenario())


class _Host(paramiko.ServerInterface):
    """A server that gives a channel, or none, and takes a command, or does not, or never says."""

    def __init__(self, channel: int, takes: bool | None) -> None:
        self._channel = channel
        self._takes = takes
        self.over = threading.Event()

    def check_auth_none(self, username: str) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return self._channel

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self._takes is None:
            self.over.wait(20)
        return bool(self._takes)


@pytest.mark.parametrize(
    ("channel", "takes", "kind", "sentence"),
    [
        (
            OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
            True,
            BadAnswer,
            "the login is accepted, and gets no channel for a program",
        ),
        (OPEN_SUCCEEDED, False, BadAnswer, "the login is accepted, and may run no programs"),
        (OPEN_SUCCEEDED, None, Unreachable, "no answer in 0.6 s"),
    ],
)
def test_a_server_that_runs_no_programs_is_told_so_in_time(
    channel: int, takes: bool | None, kind: type[PollError], sentence: str
) -> None:
    interface = _Host(channel, takes)

    async def scenario(server: Server) -> None:
        line = make_line(server, timeout=0.6)
        began = time.monotonic()
        with pytest.raises(kind) as caught:
            await line.run(UPTIME)
        assert caught.value.detail == sentence
        assert time.monotonic() - began < 2.5
        await line.close()

    with paramiko_server(interface) as server:
        try:
            asyncio.run(scenario(server))
        finally:
            interface.over.set()


# -- another witness


def test_the_server_that_the_world_runs_runs_programs() -> None:
    async def scenario(server: Server) -> None:
        line = make_line(server, timeout=15)
        uptime = await line.run(UPTIME)
        assert uptime.status == 0
        assert float(uptime.text.split()[0]) > 0
        assert (await line.run(UNAME)).text == "Linux\n"
        absent = await line.run("cat /proc/no-such-file")
        assert (absent.status, absent.text) == (1, "")
        assert "no-such-file" in absent.errors
        await line.close()

    with sshd_running() as server:
        asyncio.run(scenario(server))


def test_an_account_that_may_run_nothing_is_told_as_it_answers() -> None:
    async def scenario(server: Server) -> None:
        line = make_line(server, timeout=15)
        answer = await line.run(UPTIME)
        assert (answer.status, answer.text) == (1, "This account is not available\n")
        await line.close()

    with sshd_running(script="#!/bin/sh\necho This account is not available\nexit 1\n") as server:
        asyncio.run(scenario(server))


# -- what may be run


@pytest.mark.parametrize("product", find_products().values(), ids=lambda product: product.name)
def test_every_program_that_a_product_runs_only_shows_something(product: Product) -> None:
    for poll in product.polls.values():
        for command in poll.commands:
            assert shell_command(command) == command


@pytest.mark.parametrize(
    "command",
    [
        "cat /proc/loadavg",
        "cat /proc/net/tcp /proc/net/tcp6",
        "chronyc -n tracking",
        "/usr/sbin/ntpq -pn",
        "date -u +%s",
        "df -P -k -l",
        "head -n 1 /proc/stat",
        "ls -l /cms/maint/backup",
        "ps -e -o comm=",
        "stat -c %Y /cms/maint/backup/back.log",
        "tail -n 20 /var/log/messages",
        "uname -r",
        "uptime",
        *VENDOR,
    ],
)
def test_reading_programs_are_taken(command: str) -> None:
    assert shell_command(command) == command


@pytest.mark.parametrize(
    "command",
    [
        "",
        " ",
        "cat",
        " cat /proc/stat",
        "cat  /proc/stat",
        "cat /proc/stat ",
        "cat /proc/stat\n",
        "cat /proc/stat;reboot",
        "cat /proc/stat | sh",
        "cat /proc/stat > /tmp/x",
        "cat /proc/$HOME",
        "cat /proc/`id`",
        "cat /proc/*",
        "cat /proc/'x'",
        "cat ../etc/shadow",
        "cat /proc/../etc/shadow",
        "cat /proc/..",
        "cat /etc/shadow",
        "cat /dev/sda",
        "cat -",
        "chronyc -n makestep",
        "chronyc tracking",
        "date -s 10:00",
        "date 01010000",
        "df -P -k; reboot",
        "tail -f /var/log/messages",
        "tail -n 5 -f /var/log/messages",
        "ps -e -o comm= &",
        "ntpq -c writevar",
        "sudo cat /proc/stat",
        "su - root",
        "sh -c reboot",
        "bash",
        "reboot",
        "/sbin/reboot",
        "/usr/local/bin/cat /proc/stat",
        "/home/x/cat /proc/stat",
        "cmssvc",
        "/cms/bin/cmsadm",
        "almclear",
        "start -a",
        "stop -af",
        "initTM -f",
        "traceSM",
        "service mvap restart",
        "systemctl restart sshd",
        "/opt/mvap/bin/mvap.sh stop",
        "/opt/mvap/bin/mvap.sh info ",
        "env LC_ALL=C df",
        "uname\t-r",
        "uname -r\x00",
        "cat /proc/" + "x" * 200,
    ],
)
def test_everything_else_is_refused_before_a_byte_is_sent(command: str) -> None:
    with pytest.raises(ValueError, match="only shows something"):
        shell_command(command)
    entrance = Entrance(
        address="127.0.0.1",
        port=1,
        login=LOGIN,
        pacing=pacing(),
        known_hosts=Server(gateway).known,
        guard=Guard(),
    )
    with pytest.raises(ValueError, match="only shows something"):
        ShellLine(entrance, (command,))


def test_a_command_that_the_poll_does_not_name_is_refused() -> None:
    line = make_line(Server(gateway, port=1))
    with pytest.raises(ValueError, match="not among the commands"):
        asyncio.run(line.run("uptime"))
    assert line.questions == []
