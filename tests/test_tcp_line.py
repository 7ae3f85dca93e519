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
