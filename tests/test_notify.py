"""What the service manager hears, on a real datagram socket (in tests/test_booted.py a real systemd)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.notify import Supervisor
from agent.schedule import Schedule, Task
from tests.watched import CHECKOUT, until, watched


class Ear:
    """A socket that hears what a supervisor is told."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def heard(self) -> list[dict[str, str]]:
        """Every message since the last look, oldest first."""
        messages: list[dict[str, str]] = []
        while True:
            try:
                text = self.socket.recv(65536).decode()
            except BlockingIOError:
                return messages
            messages.append(dict(field.split("=", 1) for field in text.split("\n")))


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    ear = Ear(str(tmp_path / "n") if request.param == "path" else f"@trunkwatch-test-{os.getpid()}")
    with ear.socket:
        yield ear


def supervisor(ear: Ear, **more: str) -> Supervisor:
    return Supervisor({"NOTIFY_SOCKET": ear.address, **more})


def well() -> str:
    return "all is well"


def test_ready_reload_and_stop_are_told_in_their_words(ear: Ear) -> None:
    one = supervisor(ear)
    one.ready("3 of 3 systems seen")
    before = time.monotonic_ns() // 1000
    with pytest.raises(ZeroDivisionError), one.reloading(well):
        raise ZeroDivisionError
    one.stopping()
    ready, reloading, again, stopping = ear.heard()
    assert ready == {"READY": "1", "STATUS": "3 of 3 systems seen"}
    assert reloading["RELOADING"] == "1"
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert again == {"READY": "1", "STATUS": "all is well"}  # however it ended: else systemd waits for ever
    assert stopping["STOPPING"] == "1"


def test_a_status_of_two_lines_cannot_bring_a_word_of_its_own(ear: Ear) -> None:
    supervisor(ear).ready("well\nSTOPPING=1")
    assert ear.heard() == [{"READY": "1", "STATUS": "well STOPPING=1"}]


def test_the_watchdog_is_fed_at_half_its_time_and_only_while_something_moves(ear: Ear) -> None:
    moves = True

    async def story() -> None:
        nonlocal moves
        one = supervisor(ear, WATCHDOG_USEC="200000", WATCHDOG_PID=str(os.getpid()))
        assert one.beat == 0.1
        feeding = asyncio.create_task(one.feed(lambda: moves, well))
        beats, began = 0, time.monotonic()
        while beats < 4:
            await asyncio.sleep(0.01)
            beats += sum("WATCHDOG" in message for message in ear.heard())
        assert (
            time.monotonic() - began > 0.29
        )  # the first at once; a slow machine may make them late, not early
        moves = False
        await asyncio.sleep(0.05)
        ear.heard()  # a beat that was under way
        said: list[dict[str, str]] = []
        while len(said) < 3:
            await asyncio.sleep(0.01)
            said += ear.heard()
        assert said == [{"STATUS": "all is well"}] * len(said)  # it still speaks, and feeds no more
        feeding.cancel()

    asyncio.run(story())


def test_a_watchdog_of_another_process_or_of_nobody_is_not_fed(ear: Ear) -> None:
    for more in ({}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}):
        assert supervisor(ear, **more).beat is None

    async def story() -> None:
        feeding = asyncio.create_task(supervisor(ear).feed(lambda: True, well))
        await asyncio.sleep(0)
        feeding.cancel()

    asyncio.run(story())
    assert ear.heard() == [{"STATUS": "all is well"}]


def test_without_a_socket_nothing_is_said_and_a_deaf_one_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        nobody = Supervisor({"WATCHDOG_USEC": "4000000"})
        nobody.ready("well")
        assert (nobody.beat, caplog.messages) == (None, [])
        gone = str(tmp_path / "gone")
        Supervisor({"NOTIFY_SOCKET": gone}).ready("well")
    assert caplog.messages == [
        f"the service manager at {gone} cannot be told READY=1: [Errno 2] No such file or directory"
    ]


def test_a_schedule_that_waits_for_one_slow_system_moves_and_one_past_every_deadline_does_not() -> None:
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    async def story() -> None:
        task = Task(
            system="cm1",
            protocol="snmp",
            interval=timedelta(seconds=1),
            deadline=timedelta(seconds=60),
            poll=hang,
        )
        schedule = Schedule([task])
        schedule.start()
        await asked.wait()
        now = time.monotonic()
        assert not schedule.progress(now + 50)[0]  # which /healthz says
        assert schedule.moving(now + 50)
        assert not schedule.moving(now + 70)
        await schedule.stop()
        assert not schedule.moving(time.monotonic())

    asyncio.run(story())


def test_a_daemon_tells_that_it_is_ready_how_it_is_and_that_it_stops(tmp_path: Path) -> None:
    ear = Ear(str(tmp_path / "notify"))

    async def story() -> None:
        async with watched(start=False) as site:
            site.program = (
                "env",
                f"NOTIFY_SOCKET={ear.address}",
                "WATCHDOG_USEC=1000000",
                sys.executable,
                "-m",
                "agent",
            )
            site.checkout = CHECKOUT
            await site.start()
            heard: list[dict[str, str]] = []

            def hears(word: str, value: str) -> bool:
                heard.extend(ear.heard())
                return any(message.get(word) == value for message in heard)

            assert await until(lambda: hears("STATUS", "4 of 4 systems seen, 0 open tickets"), 10), heard
            assert await until(lambda: hears("WATCHDOG", "1"), 5), heard
            assert heard[0]["READY"] == "1"
            assert await site.end() == 0
            assert hears("STOPPING", "1"), heard
            # A stop may take seconds, and the watchdog is fed meanwhile; that it is ready is said no more.
            stopping = next(place for place, message in enumerate(heard) if "STOPPING" in message)
            assert not any("READY" in message for message in heard[stopping:])

    with ear.socket:
        asyncio.run(story())
