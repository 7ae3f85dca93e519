"""One login attempt over SSH: what is answered, what is not, what the guard is told; and no secret shows."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncssh
import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_PARTIALLY_SUCCESSFUL, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.server import InteractiveQuery

from collectors.base import BadAnswer, PollError, Refused, Unreachable
from collectors.sessions.cli import CliLine
from collectors.sessions.login import CHALLENGE, LOCKED, MAY_COUNT, Conversation, Login, Stopped
from collectors.sessions.ssh import Entrance, HostKey
from collectors.sessions.ssh_auth import REFUSED
from tests.ssh_servers import (
    LOGIN,
    PIN,
    PROMPT,
    SECRET,
    USER,
    Guard,
    Prompts,
    Server,
    gateway,
    lines_of,
    pacing,
    serving,
    until,
)
from tests.sshd import sshd_running

SYSTEM = "show system"
PASSWORD_PROMPT: Prompts = (("Password: ", False),)
PIN_PROMPT: Prompts = (("Pin: ", False),)
WITH_PIN = Login(USER, SECRET, PIN)


def make_line(server: Server, guard: Guard, login: Login = LOGIN, timeout: float = 5.0) -> CliLine:
    return CliLine(
        Entrance(
            address="127.0.0.1",
            port=server.port,
            login=login,
            pacing=pacing(timeout),
            known_hosts=server.known,
            guard=guard,
        )
    )


def attempt(server: Server, login: Login = LOGIN, timeout: float = 5.0) -> tuple[PollError | None, Guard]:
    """Ask this server, and again if it refused; returns the error of the first, and the guard."""

    async def scenario() -> tuple[PollError | None, Guard]:
        guard = Guard()
        async with serving(server):
            line = make_line(server, guard, login, timeout)
            error: PollError | None = None
            try:
                await line.show(SYSTEM)
            except PollError as caught:
                error = caught
            if guard.refusals:
                connections = server.connections
                with pytest.raises(Refused, match="not tried again"):
                    await line.show(SYSTEM)
                assert server.connections == connections  # not even a connection
            await line.close()
        assert len(guard.refusals) <= 1
        assert guard.acceptances == (error is None)
        return error, guard

    return asyncio.run(scenario())


# -- what is answered


def test_a_password_is_taken_by_the_method_of_this_name() -> None:
    server = Server(gateway, password=True, rounds=())
    assert attempt(server)[0] is None
    assert server.given == [SECRET]


def test_a_password_is_given_to_a_prompt() -> None:
    server = Server(gateway)
    assert attempt(server)[0] is None
    assert server.given == [SECRET]


def test_prompts_are_preferred_because_they_show_a_challenge_before_anything_is_sent() -> None:
    server = Server(gateway, password=True, rounds=((("Challenge: 1234-5678\nResponse: ", False),),))
    error, guard = attempt(server)
    assert isinstance(error, Refused)
    assert error.detail == CHALLENGE
    assert server.given == []
    assert guard.refusals == [CHALLENGE]


@pytest.mark.parametrize(
    ("rounds", "right"),
    [
        ((PASSWORD_PROMPT, PIN_PROMPT), ((SECRET,), (PIN,))),
        (((*PASSWORD_PROMPT, *PIN_PROMPT),), ((SECRET, PIN),)),
        (((), PASSWORD_PROMPT, (), PIN_PROMPT, ()), ((), (SECRET,), (), (PIN,), ())),
        (((("login: ", True), *PASSWORD_PROMPT),), ((USER, SECRET),)),
        (((("trunkwatch@cm1's password: ", False),),), ((SECRET,),)),
        (((("(trunkwatch@cm1) Password for trunkwatch: ", False),),), ((SECRET,),)),
    ],
)
def test_prompts_of_any_number_of_rounds_are_answered_by_their_text(
    rounds: Sequence[Prompts], right: Sequence[Sequence[str]]
) -> None:
    server = Server(gateway, rounds=rounds, right=right)
    assert attempt(server, WITH_PIN)[0] is None
    assert server.given == [answer for answers in right for answer in answers]


# -- what is not


@pytest.mark.parametrize(
    ("rounds", "sentence"),
    [
        ((PIN_PROMPT,), "the login asks for a PIN, and none is given for it"),
        (
            ((("New password: ", False),),),
            "the login asks what is not known here: 'New password:'",
        ),
        (((("Account locked due to 5 failed logins\nPassword: ", False),),), LOCKED),
        (((("Enter your token: ", False),),), "the login asks what is not known here: 'Enter your token:'"),
        (((*PASSWORD_PROMPT, ("Colour? ", True)),), "the login asks what is not known here: 'Colour?'"),
        ((PASSWORD_PROMPT, PASSWORD_PROMPT), "the password was asked for a second time: it was refused"),
    ],
)
def test_what_is_not_known_is_not_answered_and_not_tried_again(
    rounds: Sequence[Prompts], sentence: str
) -> None:
    server = Server(gateway, rounds=rounds, right=((SECRET,), (SECRET,)))
    error, guard = attempt(server)
    assert isinstance(error, Refused)
    assert error.detail == sentence
    assert guard.refusals == [sentence]
    assert server.given == ([SECRET] if "second" in sentence else [])


@pytest.mark.parametrize("password", [True, False])
def test_a_wrong_password_is_sent_once_and_never_again(password: bool) -> None:
    rounds = () if password else (PASSWORD_PROMPT,)
    server = Server(gateway, password=password, rounds=rounds, right=(("another",),))
    error, guard = attempt(server, Login(USER, "a wrong one"))
    assert isinstance(error, Refused)
    assert error.detail == REFUSED
    assert guard.refusals == [REFUSED]
    assert server.given == ["a wrong one"]


def test_a_wrong_password_is_not_tried_by_the_other_method() -> None:
    server = Server(gateway, password=True, right=(("another",),))
    error, _ = attempt(server, Login(USER, "a wrong one"))
    assert isinstance(error, Refused)
    assert server.given == ["a wrong one"]


def test_a_server_that_takes_keys_only_is_refused_with_nothing_sent() -> None:
    class Keys(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return False

        def kbdint_auth_supported(self) -> bool:
            return False

    async def scenario() -> PollError:
        key = asyncssh.generate_private_key("ssh-ed25519")
        kind, blob = key.export_public_key().decode().split()[:2]
        listener = await asyncssh.listen("127.0.0.1", 0, server_factory=Keys, server_host_keys=[key])
        server = Server(gateway, port=listener.sockets[0].getsockname()[1], keys=(HostKey(kind, blob),))
        guard = Guard()
        with pytest.raises(Refused) as caught:
            await make_line(server, guard).show(SYSTEM)
        assert len(guard.refusals) == 1
        listener.close()
        await listener.wait_closed()
        return caught.value

    assert asyncio.run(scenario()).detail == (
        "the login takes publickey only, and what is known here is a password"
    )


# -- what breaks


@pytest.mark.parametrize("password", [True, False])
def test_a_server_that_hangs_up_after_the_password_may_have_counted_it(password: bool) -> None:
    server = Server(
        gateway,
        password=password,
        rounds=() if password else (PASSWORD_PROMPT,),
        on_password=lambda _: True,
    )
    error, guard = attempt(server)
    assert isinstance(error, Refused)
    assert error.detail == MAY_COUNT
    assert guard.refusals == [MAY_COUNT]
    assert server.given == [SECRET]


def test_a_server_that_hangs_up_before_the_password_was_asked_for_counted_nothing() -> None:
    class Leaves(paramiko.ServerInterface):
        def check_auth_none(self, username: str) -> int:
            raise EOFError

        def get_allowed_auths(self, username: str) -> str:
            return "password"

    with paramiko_server(Leaves()) as server:
        guard = Guard()
        with pytest.raises(BadAnswer, match="hung up before the login was tried"):
            asyncio.run(make_line(server, guard).show(SYSTEM))
        assert guard.refusals == []


def test_a_server_that_is_silent_before_the_login_is_unreachable_and_counted_nothing() -> None:
    class Silent(paramiko.ServerInterface):
        def get_allowed_auths(self, username: str) -> str:
            return "password"

        def check_auth_none(self, username: str) -> int:
            time.sleep(1.5)
            return AUTH_FAILED

    with paramiko_server(Silent()) as server:
        guard = Guard()
        with pytest.raises(Unreachable, match="stopped answering before the login"):
            asyncio.run(make_line(server, guard, timeout=0.5).show(SYSTEM))
        assert guard.refusals == []


class Silent(paramiko.ServerInterface):
    """Takes the password, and is silent for longer than anybody waits."""

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        time.sleep(1.5)
        return AUTH_SUCCESSFUL


def test_a_server_that_is_silent_after_a_password_that_it_took_before_does_not_answer_and_no_more() -> None:
    with paramiko_server(Silent()) as server:
        guard = Guard(trusts=True)
        with pytest.raises(Unreachable, match="which this system has accepted before"):
            asyncio.run(make_line(server, guard, timeout=0.5).show(SYSTEM))
        assert guard.refusals == []


def test_a_server_that_is_silent_after_the_password_may_have_counted_it() -> None:
    with paramiko_server(Silent()) as server:
        guard = Guard()
        with pytest.raises(Refused, match="may count as a failed one"):
            asyncio.run(make_line(server, guard, timeout=0.5).show(SYSTEM))
        assert guard.refusals == [MAY_COUNT]


def test_a_line_that_we_close_during_a_login_was_not_refused() -> None:
    asked = threading.Event()

    class Slow(paramiko.ServerInterface):
        def get_allowed_auths(self, username: str) -> str:
            return "password"

        def check_auth_password(self, username: str, password: str) -> int:
            asked.set()
            time.sleep(1)
            return AUTH_SUCCESSFUL

    async def scenario(server: Server) -> None:
        guard = Guard()
        line = make_line(server, guard, timeout=30)
        question = asyncio.create_task(line.show(SYSTEM))
        await until(asked.is_set)
        began = time.monotonic()
        await line.close()
        assert time.monotonic() - began < 2
        with pytest.raises(Unreachable):
            await question
        assert guard.refusals == []

    with paramiko_server(Slow()) as server:
        asyncio.run(scenario(server))


def test_a_server_that_wants_password_and_prompts_gets_both() -> None:
    class Both(paramiko.ServerInterface):
        def __init__(self) -> None:
            self.given: list[str] = []

        def get_allowed_auths(self, username: str) -> str:
            return "keyboard-interactive" if self.given else "password"

        def check_auth_password(self, username: str, password: str) -> int:
            self.given.append(password)
            return AUTH_PARTIALLY_SUCCESSFUL

        def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:
            return InteractiveQuery("", "", ("Pin: ", False))

        def check_auth_interactive_response(self, responses: Sequence[str]) -> int:
            self.given.extend(responses)
            return AUTH_SUCCESSFUL

    both = Both()
    with paramiko_server(both) as server:
        guard = Guard()
        with pytest.raises(BadAnswer, match="gets no terminal"):  # this server gives none
            asyncio.run(make_line(server, guard, WITH_PIN).show(SYSTEM))
        assert both.given == [SECRET, PIN]
        assert (guard.acceptances, guard.refusals) == (1, [])


def test_a_server_that_never_answers_about_a_terminal_is_cut_off_from_outside() -> None:
    leave = threading.Event()

    class Hangs(paramiko.ServerInterface):
        def get_allowed_auths(self, username: str) -> str:
            return "password"

        def check_auth_password(self, username: str, password: str) -> int:
            return AUTH_SUCCESSFUL

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return OPEN_SUCCEEDED

        def check_channel_pty_request(self, *_: object) -> bool:
            leave.wait(20)
            return False

    with paramiko_server(Hangs()) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="the login is accepted, and then nothing comes"):
            asyncio.run(make_line(server, Guard(), timeout=0.6).show(SYSTEM))
        assert time.monotonic() - began < 10
        leave.set()


@contextmanager
def paramiko_server(interface: paramiko.ServerInterface) -> Iterator[Server]:
    """A paramiko server: for what asyncssh's cannot be told to do."""
    key = paramiko.RSAKey.generate(2048)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        transports = []

        def serve() -> None:
            try:
                while True:
                    transport = paramiko.Transport(listener.accept()[0])
                    transports.append(transport)
                    transport.add_server_key(key)
                    transport.start_server(event=threading.Event(), server=interface)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            keys = (HostKey(key.get_name(), key.get_base64()),)
            yield Server(gateway, port=listener.getsockname()[1], keys=keys)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for transport in transports:
                transport.close()
                transport.join(5)


# -- secrets


def test_no_secret_shows_in_errors_logs_traces_or_representations(caplog: pytest.LogCaptureFixture) -> None:
    async def echoes(server: Server, process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write(f"you said {SECRET} and {PIN} ")  # a prompt that nobody knows
        async for _ in lines_of(server, process):
            pass

    rounds = (PASSWORD_PROMPT, PIN_PROMPT)
    servers = (
        Server(gateway, rounds=rounds, right=((SECRET,), (PIN,))),
        Server(gateway, rounds=rounds, right=((SECRET,), ("another",))),
        Server(gateway, password=True, rounds=(), on_password=lambda _: True),
        Server(gateway, rounds=((("Challenge 1: ", False),),)),
        Server(gateway, rounds=(PASSWORD_PROMPT, ((f"{SECRET}? ", True),)), right=((SECRET,), ("x",))),
        Server(echoes),
    )
    shown: list[str] = [repr(WITH_PIN), str(WITH_PIN), f"{WITH_PIN}", repr(Conversation(WITH_PIN))]
    logger = logging.getLogger("paramiko")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.DEBUG)

    async def scenario(server: Server) -> None:
        async with serving(server):
            line = make_line(server, Guard(), WITH_PIN, timeout=0.7)
            try:
                await line.show(SYSTEM)
            except PollError as error:
                shown.extend((str(error), repr(error), repr(error.__cause__), repr(error.__context__)))
            shown.extend((repr(line), repr(vars(line)), repr(line.questions)))
            await line.close()

    try:
        for server in servers:
            asyncio.run(scenario(server))
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(logging.NOTSET)
    assert (
        "userauth is OK" in caplog.text or "auth may begin" in caplog.text
    )  # its DEBUG words are among them
    shown.append(caplog.text)
    assert any("waits at what is not known here: 'you said *** and ***'" in text for text in shown)
    assert not [text for text in shown if SECRET in text or PIN in text]


def test_a_secret_is_given_once_in_a_conversation() -> None:
    conversation = Conversation(WITH_PIN)
    assert not conversation.sent
    assert conversation.answers("", "", []) == []
    assert not conversation.sent
    assert conversation.answers("", "", [("Password:", False), ("Pin:", False)]) == [SECRET, PIN]
    assert conversation.sent
    for again in ("Password:", "Pin:"):
        with pytest.raises(Stopped, match="second time"):
            conversation.answers("", "", [(again, False)])


def test_a_greeting_that_warns_of_locking_and_challenges_nobody_stops_no_login() -> None:
    warning = "Your account will be locked after 3 failures. Staff may challenge your use of this system."
    assert Conversation(LOGIN).answers("", warning, PASSWORD_PROMPT) == [SECRET]


@pytest.mark.parametrize(
    "prompt",
    [
        "New password:",
        "Retype new password:",
        "Current password:",
        "Old Password:",
        "Password expired. New password:",
        "Enter the password of your bank:",
        "Password",
        "password: is that right? ",
        "Pinnacle:",
        "",
        "\x00",
    ],
)
def test_no_secret_is_given_to_a_prompt_that_only_looks_like_one(prompt: str) -> None:
    conversation = Conversation(WITH_PIN)
    with pytest.raises(Stopped):
        conversation.answers("", "", [(prompt, False)])
    assert not conversation.sent


# -- another witness


@pytest.fixture(params=["KbdInteractiveAuthentication", "PasswordAuthentication"])
def sshd(request: pytest.FixtureRequest) -> Iterator[Server]:
    """OpenSSH's sshd with one way to log in, whose account has a gateway's command line for a shell."""
    shell = f"#!/bin/sh\nprintf '{PROMPT}'\n"
    shell += "while read -r line; do case $line in exit) exit;; esac;"
    shell += f" printf 'System Name : by sshd\\r\\n{PROMPT}'; done\n"
    with sshd_running(request.param, shell) as server:
        yield server


def test_the_server_that_the_world_runs_takes_the_login_and_refuses_a_wrong_one(sshd: Server) -> None:
    async def scenario() -> None:
        guard = Guard()
        line = make_line(sshd, guard, timeout=10)
        assert (await line.show(SYSTEM)).text.endswith("System Name : by sshd")
        await line.close()
        assert (guard.acceptances, guard.refusals) == (1, [])
        wrong = make_line(sshd, guard, Login(USER, "a wrong one"), timeout=15)
        with pytest.raises(Refused):
            await wrong.show(SYSTEM)
        assert guard.refusals == [REFUSED]

    asyncio.run(scenario())
