"""The TCP line and the path probe on real sockets: taken, refused, dropped, and what cannot be asked."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.poller import Poller, poll_once
from collectors.base import BadAnswer, Pacing, Reading, TcpAnswer, Unreachable
from collectors.probe import PRODUCT
from collectors.sessions.tcp import TcpLine
from tests.lab.router import Hole
from tests.sip_servers import tcp

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)


def line(address: str, port: int, timeout: float = 5.0) -> TcpLine:
    pacing = Pacing(1, timedelta(0), timedelta(seconds=timeout), 1, timedelta(seconds=30))
    return TcpLine(address=address, port=port, pacing=pacing)


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A socket that listens with the shortest queue there is."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((address, 0))
        sock.listen(0)
        yield sock


@contextmanager
def closed() -> Iterator[int]:
    """A port of loopback that is ours and on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def connected(to: TcpLine) -> TcpAnswer:
    return asyncio.run(to.connect())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_listens_takes_the_connection_and_is_told_nothing(address: str) -> None:
    try:
        with listening(address) as sock:
            asked = line(address, sock.getsockname()[1])
            answer = connected(asked)
            taken, _ = sock.accept()
            with closing(taken):
                taken.settimeout(5)
                assert taken.recv(100) == b""  # hung up, and not a byte before
    except OSError as problem:
        if address == "::1":
            pytest.skip(f"this machine has no IPv6 loopback: {problem}")
        raise
    assert answer.opened
    assert 0 < answer.seconds < 5
    assert [(each.text, each.outcome) for each in asked.questions] == [
        (f"connect to TCP port {asked._port}", "taken")
    ]
    asked.begin()
    assert asked.questions == []


def test_a_refused_connection_is_an_answer() -> None:
    with closed() as port:
        asked = line("127.0.0.1", port)
        assert connected(asked).opened is False
    assert [each.outcome for each in asked.questions] == ["refused"]


def test_a_path_that_drops_everything_is_unreachable_after_the_timeout() -> None:
    with listening() as sock, closing(Hole(sock.getsockname())):
        asked = line("127.0.0.1", sock.getsockname()[1], timeout=0.3)
        begun = time.monotonic()
        with pytest.raises(Unreachable, match=r"connect to TCP port \d+: no answer within 0\.3 s"):
            connected(asked)
        assert 0.3 <= time.monotonic() - begun < 5
    assert [each.outcome for each in asked.questions] == ["no answer within 0.3 s"]


def test_a_network_that_is_not_there_is_unreachable_at_once() -> None:
    # Linux answers a connect to a multicast address so (tcp_v4_connect: ENETUNREACH).
    with pytest.raises(Unreachable, match="Network is unreachable"):
        connected(line("224.0.0.1", 22))


def test_what_this_machine_cannot_ask_says_nothing_about_the_device() -> None:
    # A link-local address without its link is EINVAL; without IPv6 the family is not supported.
    with pytest.raises(BadAnswer, match="this machine: "):
        connected(line("fe80::1", 22))


def test_a_connect_that_is_cancelled_leaves_no_socket_behind() -> None:
    async def story(port: int) -> None:
        task = asyncio.create_task(line("127.0.0.1", port, timeout=60).connect())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with listening() as sock, closing(Hole(sock.getsockname())):
        asyncio.run(
            story(sock.getsockname()[1])
        )  # a socket left open would be a ResourceWarning, an error here


# --- what the other end says first ------------------------------------------------------------------------


@contextmanager
def saying(*pieces: bytes, then_wait: bool = False) -> Iterator[int]:
    """A port that says this to the one connection that it takes, and hangs up or waits until we do."""
    heard: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(0.01)
        if then_wait:
            heard.append(sock.recv(100))

    with tcp(talk) as port:
        yield port
    assert heard in ([], [b""])  # nothing was sent to it


def greeted(port: int, timeout: float = 5.0) -> TcpAnswer:
    return asyncio.run(line("127.0.0.1", port, timeout).greeting())


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((b"SSH-2.0-OpenSSH_9.2\r\nmore",), "SSH-2.0-OpenSSH_9.2"),
        ((b"SSH-", b"2.0-Op", b"enSSH\r", b"\n"), "SSH-2.0-OpenSSH"),
        ((b"220 mail\xff\x1b[2J ready\n",), "220 mail\ufffd [2J ready"),
        ((b"\r\nSSH-2.0-late\r\n",), None),  # only the first line counts
        ((b"y" * 1000 + b"\n",), "y" * 255),
        ((b"SSH-2.0-cut",), "SSH-2.0-cut"),
        ((), None),
    ],
)
def test_a_greeting_is_the_first_line_and_no_more(pieces: tuple[bytes, ...], said: str | None) -> None:
    with saying(*pieces) as port:
        answer = greeted(port)
    assert (answer.opened, answer.greeting) == (True, said)
    assert 0 < answer.seconds < 5


def test_a_port_that_waits_for_us_to_speak_has_no_greeting() -> None:
    with saying(then_wait=True) as port:
        asked = line("127.0.0.1", port, timeout=0.3)
        answer = asyncio.run(asked.greeting())
    assert (answer.opened, answer.greeting) == (True, None)
    assert answer.seconds < 0.3  # of the connection, not of the wait
    assert [(each.text, each.outcome) for each in asked.questions] == [
        (f"greeting of TCP port {port}", "taken")
    ]


def test_a_refused_connection_has_no_greeting_and_a_dropped_one_is_unreachable() -> None:
    with closed() as port:
        answer = greeted(port)
    assert (answer.opened, answer.greeting) == (False, None)
    with (
        listening() as sock,
        closing(Hole(sock.getsockname())),
        pytest.raises(Unreachable, match=r"greeting of TCP port \d+: no answer within 0\.3 s"),
    ):
        greeted(sock.getsockname()[1], 0.3)
    with pytest.raises(BadAnswer, match="this machine: "):
        asyncio.run(line("fe80::1", 22).greeting())


# --- the probe, as it is polled ----------------------------------------------------------------------------


def polled(to: TcpLine) -> Reading:
    poller = Poller("router", "tcp", PRODUCT.polls["tcp"], to, ZoneInfo("America/Chicago"), lambda: NOW)
    return asyncio.run(poll_once(poller))


def test_a_probe_whose_port_is_closed_is_seen_and_says_so() -> None:
    with closed() as port:
        reading = polled(line("127.0.0.1", port))
    assert reading.error is None
    part, access = reading.observations
    assert (part.component, part.lost, part.side) == ("tcp port", 1, "network")
    assert part.detail == "refused: the path is up and the port is closed"
    assert (access.role, access.lost) == ("access", 0)


def test_a_probe_that_is_dropped_is_unreachable_and_says_nothing_of_its_port() -> None:
    with listening() as sock, closing(Hole(sock.getsockname())):
        reading = polled(line("127.0.0.1", sock.getsockname()[1], timeout=0.2))
    assert reading.error == "unreachable"
    assert [(each.role, each.lost) for each in reading.observations] == [("access", 1)]
    assert reading.samples == ()
