"""An SSH line against real servers on loopback: what goes wrong before a question can be asked, and after."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable

import paramiko
import pytest
from asyncssh import SSHServerProcess

from collectors.base import BadAnswer, PollError, Refused, Unreachable
from collectors.sessions.cli import CliLine
from collectors.sessions.ssh import Entrance, HostKey, LoginGuard, host_key_of
from tests.ssh_servers import (
    LOGIN,
    MODERN,
    PROMPT,
    Guard,
    Known,
    Server,
    Talk,
    gateway,
    hang,
    hang_at_a_command,
    lines_of,
    pacing,
    serving,
    tcp,
    until,
)

SYSTEM = "show system"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def make_line(port: int, known: Known, guard: LoginGuard | None = None, *, timeout: float = 5.0) -> CliLine:
    return CliLine(
        Entrance(
            address="127.0.0.1",
            port=port,
            login=LOGIN,
            pacing=pacing(timeout),
            known_hosts=known,
            guard=Guard() if guard is None else guard,
        )
    )


async def failing(port: int, seconds: float = 0.5) -> PollError:
    """The error of a first question to this port, whose host key nobody knows."""
    line = make_line(port, Known(), timeout=seconds)
    with pytest.raises(PollError) as caught:
        await line.show(SYSTEM)
    await line.close()
    assert [question.text for question in line.questions] == [f"ssh 127.0.0.1:{port}"]
    assert line.questions[0].outcome == caught.value.detail
    return caught.value


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    await reader.read()


async def http_and_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    await reader.read(10)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"SSH-2.0-" + b"x" * 1000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def half_a_banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-Open")
    await reader.read(10)


async def banner_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await reader.read()
    await asyncio.sleep(60)


async def banner_and_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await reader.read(10)


async def banner_and_rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" + bytes(range(256)) * 8)
    await reader.read()


async def old_protocol(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-1.5-Cisco\r\n")
    await reader.read()


@pytest.mark.parametrize(
    ("behave", "kind", "sentence"),
    [
        (silent, Unreachable, "takes the connection and says nothing in 0.5 s"),
        (closes, BadAnswer, "hung up without a word: too many sessions, or not from this machine"),
        (http, BadAnswer, "no SSH server: it says 'HTTP/1.0 400 Bad Request"),
        (http_and_closes, BadAnswer, "no SSH server: it says 'HTTP/1.0 400 Bad Request"),
        (flood, BadAnswer, "no SSH server: it says 'xxxxxxxx"),
        (drip, BadAnswer, "its SSH banner was not whole in 0.5 s"),
        (half_a_banner, BadAnswer, "hung up in the middle of its SSH banner"),
        (banner_only, Unreachable, "its SSH banner came, and then nothing in time"),
        (banner_and_closes, BadAnswer, "hung up in the middle of the SSH handshake"),
        (banner_and_rubbish, BadAnswer, "the SSH handshake failed: "),
        (old_protocol, BadAnswer, "no common SSH algorithms (Incompatible version (1.5 instead of 2.0))"),
    ],
)
def test_each_way_of_being_no_ssh_server_has_its_own_sentence_in_time(
    behave: Behaviour, kind: type[PollError], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> tuple[PollError, float]:
        async with tcp(behave) as port:
            began = time.monotonic()
            error = await failing(port)
            return error, time.monotonic() - began

    error, seconds = asyncio.run(scenario())
    assert type(error) is kind
    assert error.detail.startswith(sentence)
    assert seconds < 2.5
    assert capfd.readouterr().err == ""


def test_a_closed_port_is_unreachable_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = asyncio.run(failing(port))
    assert isinstance(error, Unreachable)
    assert error.detail == f"port {port} is closed: SSH is off there, or on another port"


def test_a_server_that_takes_no_more_connections_is_unreachable_in_time() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):  # the queue holds one more than it says
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        error = asyncio.run(failing(full.getsockname()[1]))
    assert isinstance(error, Unreachable)
    assert error.detail == "no answer in 0.5 s"


def test_an_address_without_a_route_is_unreachable() -> None:
    line = CliLine(
        Entrance(
            address="255.255.255.255",
            port=22,
            login=LOGIN,
            pacing=pacing(0.5),
            known_hosts=Known(),
            guard=Guard(),
        )
    )
    with pytest.raises(Unreachable, match="no route"):
        asyncio.run(line.show(SYSTEM))


# -- host keys


def test_an_unknown_host_key_is_refused_before_any_login_with_what_to_do() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            error = await failing(server.port, seconds=5)
            assert isinstance(error, Refused)
            assert error.detail == (
                f"unknown host key {server.keys[0].fingerprint}; "
                "`trunkwatch enroll SYSTEM` shows and stores it"
            )
            assert server.given == []

    asyncio.run(scenario())


def test_a_changed_host_key_is_refused_before_any_login_with_both_fingerprints() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as before, serving(Server(gateway)) as server:
            line = make_line(server.port, before.known)
            with pytest.raises(Refused) as caught:
                await line.show(SYSTEM)
            was, now = before.keys[0].fingerprint, server.keys[0].fingerprint
            assert caught.value.detail.startswith(f"its host key changed from {was} to {now}; ")
            assert "trunkwatch enroll SYSTEM" in caught.value.detail
            assert server.given == []
            await line.close()

    asyncio.run(scenario())


def test_a_server_with_several_keys_proves_the_one_that_is_known() -> None:
    kinds = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")

    async def scenario() -> None:
        async with serving(Server(gateway), kinds=kinds) as server:
            for key in server.keys:
                line = make_line(server.port, Known((key,)))
                assert (await line.show(SYSTEM)).text == "System Name : north"
                await line.close()

    asyncio.run(scenario())


def test_the_key_of_a_server_is_shown_for_enrolling_without_a_login() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            key = await host_key_of("127.0.0.1", server.port, 5)
            assert key == server.keys[0]
            assert len(key.fingerprint) == len("SHA256:") + 43
            assert server.given == []
            await until(lambda: not server.connected)

    asyncio.run(scenario())


def test_enrolling_tells_silence_from_rubbish_in_time() -> None:
    async def scenario() -> None:
        for behave, kind in ((silent, Unreachable), (http, BadAnswer)):
            async with tcp(behave) as port:
                with pytest.raises(kind):
                    await host_key_of("127.0.0.1", port, 0.3)

    asyncio.run(scenario())


def test_a_fingerprint_is_the_one_that_openssh_shows() -> None:
    # ssh-keygen -lf of this key, OpenSSH 9.2
    key = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIIHK9lgQD2HkHA2WBEgi0mKhcXoGyUJLHJOhFr1HpT2P")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", "-"],
        input=f"{key.type} {key.base64}",
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    assert shown.split()[1] == key.fingerprint


# -- algorithms of section 7: what servers of each age offer


G14 = "diffie-hellman-group14-sha1"
AGES = {
    "A": ({"kex_algs": ["diffie-hellman-group1-sha1"], "encryption_algs": ["3des-cbc"]}, "ssh-rsa"),
    "B": ({"kex_algs": [G14], "encryption_algs": ["aes128-cbc"]}, "ssh-rsa"),
    "D": (
        {"kex_algs": ["diffie-hellman-group-exchange-sha256", G14], "encryption_algs": ["aes128-ctr"]},
        "ssh-rsa",
    ),
    "E": ({"kex_algs": ["curve25519-sha256@libssh.org"], "encryption_algs": ["aes256-ctr"]}, "ssh-rsa"),
    "F": ({"kex_algs": [G14], "encryption_algs": ["aes128-ctr"]}, "ssh-rsa"),
    "H": (
        {
            "kex_algs": ["curve25519-sha256@libssh.org"],
            "encryption_algs": ["3des-cbc"],
            "mac_algs": ["hmac-md5"],
        },
        "ssh-ed25519",
    ),
}


@pytest.mark.parametrize("age", AGES)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_servers_of_every_age_but_the_oldest_are_spoken_to(age: str) -> None:
    options, kind = AGES[age]
    signed = ["ssh-rsa"] if age in "ABD" else []

    async def scenario() -> str:
        extra = {"signature_algs": signed} if signed else {}
        async with serving(Server(gateway), kinds=(kind,), **options, **extra) as server:
            line = make_line(server.port, server.known, timeout=10)
            await line.show(SYSTEM)
            await line.close()
            return line.questions[0].outcome

    outcome = asyncio.run(scenario())
    assert str(options["encryption_algs"][0]) in outcome
    assert any(name in outcome for name in options["kex_algs"])


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_gateway_with_a_dsa_key_alone_needs_the_legacy_constraint_set() -> None:
    async def scenario() -> str:
        options = {"kex_algs": [G14], "encryption_algs": ["3des-cbc"]}
        async with serving(Server(gateway), kinds=("ssh-dss",), **options) as server:
            line = make_line(server.port, server.known, timeout=10)
            try:
                return (await line.show(SYSTEM)).text
            except BadAnswer as error:
                return error.detail
            finally:
                await line.close()

    said = asyncio.run(scenario())
    if paramiko.__version__ < "4":
        assert said == "System Name : north"
    else:
        assert said == (
            "offers DSA host keys only: install with the constraint set constraints/legacy-ssh.txt"
        )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kex_algs": ["rsa2048-sha256"]}, "no common SSH key exchange; it offers rsa2048-sha256"),
        (
            {**MODERN, "encryption_algs": ["chacha20-poly1305@openssh.com"]},
            "no common SSH cipher; it offers chacha20-poly1305@openssh.com",
        ),
        (
            {**MODERN, "mac_algs": ["umac-64@openssh.com"]},
            "no common SSH message authentication; it offers umac-64@openssh.com",
        ),
    ],
)
def test_algorithms_without_a_match_are_named(options: dict[str, list[str]], sentence: str) -> None:
    async def scenario() -> PollError:
        async with serving(Server(gateway), **options) as server:
            return await failing(server.port, seconds=5)

    error = asyncio.run(scenario())
    assert isinstance(error, BadAnswer)
    assert error.detail.startswith(sentence)


# -- sessions


def test_a_session_is_kept_between_polls_and_a_question_takes_no_time() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            guard = Guard()
            line = make_line(server.port, server.known, guard)
            await line.show(SYSTEM)
            line.begin()
            for _ in range(20):
                await line.show(SYSTEM)
            assert sorted(question.seconds for question in line.questions)[10] < 0.02  # Nagle costs 0.04
            assert [question.outcome for question in line.questions] == ["1 lines"] * 20
            assert (server.connections, guard.acceptances, guard.refusals) == (1, 1, [])
            await line.close()
            await until(lambda: not server.connected)
            assert server.heard[-1] == "exit"
            assert server.endings == ["left"]

    asyncio.run(scenario())


def test_a_closed_line_opens_again_with_the_next_question() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            line = make_line(server.port, server.known)
            for _ in range(3):
                await line.show(SYSTEM)
                await line.close()
                await line.close()
            assert (server.connections, server.most_open) == (3, 1)

    asyncio.run(scenario())


@pytest.mark.parametrize("how", ["shell", "connection"])
def test_a_session_that_the_system_ended_meanwhile_is_no_error(how: str) -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            line = make_line(server.port, server.known)
            await line.show(SYSTEM)
            if how == "shell":
                server.processes[0].exit(0)
                await server.processes[0].wait_closed()
            else:
                server.processes[0].channel.get_connection().abort()
                await until(lambda: not server.connected)
            await line.show(SYSTEM)
            assert server.connections == 2
            await line.close()

    asyncio.run(scenario())


def test_a_hung_system_is_unreachable_and_the_next_question_finds_a_new_session() -> None:
    async def scenario() -> None:
        server = Server(hang_at_a_command)
        async with serving(server):
            line = make_line(server.port, server.known, timeout=0.3)
            with pytest.raises(Unreachable) as caught:
                await line.show(SYSTEM)
            assert str(caught.value) == f"{SYSTEM}: no answer in 0.3 s"
            server.talk = gateway
            await line.show(SYSTEM)
            assert server.heard[:2] == [SYSTEM, "exit"]  # it was logged off all the same
            assert (server.connections, server.most_open) == (2, 1)
            await line.close()

    asyncio.run(scenario())


def test_an_idle_session_is_tested_before_the_next_question() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            line = make_line(server.port, server.known, timeout=0.3)
            line.probe_after = 0.0
            await line.show(SYSTEM)
            await line.show(SYSTEM)
            assert server.heard == [SYSTEM, "", SYSTEM]
            await line.close()

    asyncio.run(scenario())


def test_a_session_that_does_not_pass_its_test_is_replaced() -> None:
    async def once(server: Server, process: SSHServerProcess[str]) -> None:
        process.stdout.write(PROMPT)
        async for line in lines_of(server, process):
            if line == SYSTEM:
                process.stdout.write(f"{line}\r\nSystem Name : north\r\n{PROMPT}")

    async def scenario() -> None:
        async with serving(Server(once)) as server:
            line = make_line(server.port, server.known, timeout=0.3)
            line.probe_after = 0.0
            await line.show(SYSTEM)
            await line.show(SYSTEM)
            assert server.heard == [SYSTEM, "", "exit", SYSTEM]
            assert server.connections == 2
            await line.close()

    asyncio.run(scenario())


def test_a_session_nobody_asks_is_logged_off() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            line = make_line(server.port, server.known)
            line.idle = 0.05
            await line.show(SYSTEM)
            await until(lambda: not server.connected)
            assert server.heard == [SYSTEM, "exit"]
            await line.close()

    asyncio.run(scenario())


def test_a_cancelled_poll_ends_the_session_because_its_answer_would_come_later() -> None:
    async def late(server: Server, process: SSHServerProcess[str]) -> None:
        process.stdout.write(PROMPT)
        async for line in lines_of(server, process):
            if line == "exit":
                return
            if server.connections == 1:
                await asyncio.sleep(0.2)
            process.stdout.write(f"{line}\r\nof session {server.connections}\r\n{PROMPT}")

    async def scenario() -> None:
        async with serving(Server(late)) as server:
            line = make_line(server.port, server.known)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await line.show(SYSTEM)
            assert line.questions[-1].outcome == "given up"
            assert (await line.show("show faults")).text == "of session 2"
            assert server.most_open == 1
            await line.close()

    asyncio.run(scenario())


def test_two_questions_at_once_on_one_line_are_asked_one_after_the_other() -> None:
    async def scenario() -> None:
        async with serving(Server(gateway)) as server:
            line = make_line(server.port, server.known)
            await asyncio.gather(*(line.show(SYSTEM) for _ in range(5)))
            assert server.connections == 1
            assert server.heard == [SYSTEM] * 5
            await line.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("talk", [hang, hang_at_a_command])
def test_closing_a_line_that_hangs_takes_less_than_two_seconds(talk: Talk) -> None:
    async def scenario() -> None:
        async with serving(Server(talk)) as server:
            line = make_line(server.port, server.known, timeout=30)
            question = asyncio.create_task(line.show(SYSTEM))
            await until(lambda: bool(server.processes) and (talk is hang or bool(server.heard)))
            began = time.monotonic()
            await line.close()
            assert time.monotonic() - began < 2
            with pytest.raises(Unreachable, match="closed"):
                await question

    asyncio.run(scenario())


@pytest.mark.parametrize("behave", [silent, banner_only, drip])
def test_closing_a_line_in_the_middle_of_a_handshake_takes_no_time(behave: Behaviour) -> None:
    async def scenario() -> None:
        async with tcp(behave) as port:
            guard = Guard()
            line = make_line(port, Known(), guard, timeout=30)
            question = asyncio.create_task(line.show(SYSTEM))
            await asyncio.sleep(0.2)  # into the handshake
            began = time.monotonic()
            await line.close()
            assert time.monotonic() - began < 1
            with pytest.raises(Unreachable, match="closed"):
                await question
            assert guard.refusals == []

    asyncio.run(scenario())


def test_a_process_with_a_hung_system_ends_at_once() -> None:
    program = """
import asyncio, sys
from tests.ssh_servers import *
from tests.test_ssh_line import make_line
async def main():
    async with serving(Server(hang_at_a_command)) as server:
        line = make_line(server.port, server.known, timeout=60)
        question = asyncio.create_task(line.show("show system"))
        await until(lambda: bool(server.heard))
        print("asked", flush=True)
        sys.stdin.readline()
        sys.exit(0)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"asked\n"
        began = time.monotonic()
        process.stdin.write(b"\n")
        process.stdin.close()
        process.wait(10)
        assert time.monotonic() - began < 3
        assert b"Exception in thread" not in process.stderr.read()


def test_two_hundred_failed_connections_leave_neither_threads_nor_sockets_behind() -> None:
    async def scenario() -> None:
        async with tcp(closes) as port:
            line = make_line(port, Known())
            for attempt in range(201):
                with pytest.raises(BadAnswer):
                    await line.show(SYSTEM)
                if attempt == 0:
                    await until(lambda: threading.active_count() <= threads_before + 1)
                    before = len(os.listdir("/proc/self/fd"))
            await until(
                lambda: (
                    threading.active_count() <= threads_before and len(os.listdir("/proc/self/fd")) <= before
                )
            )
            await line.close()

    threads_before = threading.active_count()
    asyncio.run(scenario())


def test_sixty_systems_at_once_half_of_them_hung_do_not_wait_for_each_other() -> None:
    async def scenario() -> float:
        async with serving(Server(gateway)) as well, serving(Server(hang)) as hung:
            lines = [make_line(server.port, server.known, timeout=20) for server in (hung, well) * 30]
            questions = [asyncio.create_task(line.show(SYSTEM)) for line in lines]
            began = time.monotonic()
            await asyncio.gather(*questions[1::2])
            live = time.monotonic() - began
            assert not any(question.done() for question in questions[::2])
            await asyncio.gather(*(line.close() for line in lines))
            await asyncio.gather(*questions, return_exceptions=True)
            return live

    assert asyncio.run(scenario()) < 10  # the hung ones have 20 s
