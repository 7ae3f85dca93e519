"""SNMP version 3: users, keys, reboots, new engine ids; against pysnmp agents with fixed engine ids."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto.rfc1902 import OctetString

from collectors.base import SYS_DESCR, SYS_UPTIME, Pacing, PollError, Refused, Unreachable
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from tests.crafted import until

FIRST, SECOND = "80004fb8056c61620001", "80004fb8056c61620002"
AUTHENTIC = "authentic1"
AUTH = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
PRIVACY = {
    "DES": config.USM_PRIV_CBC56_DES,
    "AES-128": config.USM_PRIV_CFB128_AES,
    "AES-256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
}


@pytest.fixture(autouse=True)
def boots_of_this_test_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pysnmp keeps how often an engine id booted below the temporary directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


class Counted(udp.UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp ships no types
    """The transport of an agent, with the number of datagrams that it received."""

    received = 0

    def datagram_received(self, datagram: bytes, source: Any) -> None:
        self.received += 1
        super().datagram_received(datagram, source)


@asynccontextmanager
async def agent(
    port: int = 0,
    *,
    engine_id: str = FIRST,
    boots: int = 1,
    auth: str = "SHA-256",
    privacy: str = "AES-128",
    password: str = AUTHENTIC,
) -> AsyncIterator[tuple[int, Counted]]:
    """An agent that knows the user `monitor`, and the number of datagrams that it received."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", port))
    listening.setblocking(False)
    tempfile.tempdir = tempfile.mkdtemp()  # or pysnmp would find, and leave open, its file of boots
    engine = SnmpEngine(OctetString(hexValue=engine_id))
    (counter,) = engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineBoots")
    counter.syntax = counter.syntax.clone(boots)
    transport = Counted()
    config.add_transport(engine, udp.DOMAIN_NAME, transport.open_server_mode(sock=listening))
    config.add_v3_user(engine, "monitor", AUTH[auth], password, PRIVACY[privacy], "private-1")
    config.add_vacm_user(engine, 3, "monitor", "authPriv", (1, 3, 6))
    answering = context.SnmpContext(engine)
    cmdrsp.GetCommandResponder(engine, answering)
    try:
        yield listening.getsockname()[1], transport
    finally:
        engine.close_dispatcher()
        # asyncio closes it in its own time, and the next agent needs the port
        await until(lambda: listening.fileno() == -1)


def make_line(port: int, *, tries: int = 2, timeout: float = 1.0, **changed: str) -> SnmpLine:
    seconds = timedelta(seconds=1)
    return SnmpLine(
        address="127.0.0.1",
        port=port,
        credentials=Credentials(
            version="3",
            **{
                "user": "monitor",
                "auth_protocol": "SHA-256",
                "auth_password": AUTHENTIC,
                "privacy_protocol": "AES-128",
                "privacy_password": "private-1",
                **changed,
            },
        ),
        pacing=Pacing(10, 0 * seconds, timeout * seconds, tries, 60 * seconds),
        lanes=Lanes(),
    )


async def answers(line: SnmpLine) -> bool:
    """Whether the device tells what it is asked."""
    told = await line.get(SYS_DESCR, SYS_UPTIME)
    return isinstance(told.value(SYS_DESCR), bytes) and isinstance(told.value(SYS_UPTIME), int)


@pytest.mark.parametrize(
    ("auth", "privacy"), [("SHA-256", "AES-128"), ("SHA-512", "AES-256"), ("MD5", "DES")]
)
def test_authentication_and_privacy_of_every_age_are_understood(auth: str, privacy: str) -> None:
    async def scenario() -> None:
        async with agent(auth=auth, privacy=privacy) as (port, _):
            line = make_line(port, auth_protocol=auth, privacy_protocol=privacy)
            assert await answers(line)
            await line.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"user": "nobody"}, "unknown user"),
        ({"auth_password": "not-this-1"}, "wrong authentication password or protocol"),
        ({"auth_protocol": "SHA-512"}, "wrong authentication password or protocol"),
        ({"privacy_password": "not-this-1"}, "wrong privacy password or protocol"),
    ],
)
def test_wrong_credentials_are_refused_and_not_unreachable(changed: dict[str, Any], words: str) -> None:
    async def scenario() -> None:
        async with agent() as (port, transport):
            line = make_line(port, **changed)
            with pytest.raises(Refused, match=words) as caught:
                await answers(line)
            assert "not-this" not in str(caught.value)
            assert transport.received <= 3  # no storm of attempts: a device may lock the user
            await line.close()

    asyncio.run(scenario())


def test_a_rebooted_agent_is_asked_once_more_within_the_same_question() -> None:
    async def scenario() -> None:
        async with agent() as (port, _):
            line = make_line(port)
            assert await answers(line)
        async with agent(port, boots=2) as (_, transport):
            assert await answers(line)
            assert transport.received == 2
            assert await answers(line)
            assert transport.received == 3
        await line.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("tries", [1, 2])
def test_an_agent_with_a_new_engine_id_is_known_again_within_the_same_question(tries: int) -> None:
    async def scenario() -> None:
        before = len(os.listdir("/proc/self/fd"))
        async with agent() as (port, _):
            line = make_line(port, tries=tries, timeout=10)  # long: new keys take a while on a busy machine
            assert await answers(line)
        async with agent(port, engine_id=SECOND):
            began = asyncio.get_running_loop().time()
            assert await answers(line)
            assert asyncio.get_running_loop().time() - began < 9, "it was not noticed before the timeout"
            assert await answers(line)
        await line.close()
        assert len(os.listdir("/proc/self/fd")) == before

    asyncio.run(scenario())


def test_a_password_changed_under_a_running_line_is_refused_at_the_second_refusal() -> None:
    async def scenario() -> None:
        async with agent() as (port, _):
            line = make_line(port)
            assert await answers(line)
        async with agent(port, boots=2, password="changed-12"):
            for _ in range(2):
                with pytest.raises(Refused):
                    await answers(line)
        async with agent(port, boots=3):
            assert await answers(line)
        await line.close()

    asyncio.run(scenario())


def test_an_agent_that_was_away_is_known_again() -> None:
    async def scenario() -> None:
        async with agent() as (port, _):
            line = make_line(port, timeout=0.2)
            assert await answers(line)
        with pytest.raises(Unreachable):
            await answers(line)
        async with agent(port, engine_id=SECOND):
            assert await answers(line)
        await line.close()

    asyncio.run(scenario())


def test_equal_user_names_with_different_passwords_do_not_disturb_each_other() -> None:
    async def scenario() -> None:
        async with agent() as (one, _), agent(engine_id=SECOND, password="another-12") as (other, _):
            lines = make_line(one), make_line(other, auth_password="another-12")
            for _ in range(2):
                assert await asyncio.gather(*map(answers, lines)) == [True, True]
            crossed = make_line(other)
            with pytest.raises(Refused):
                await answers(crossed)
            assert await asyncio.gather(*map(answers, lines)) == [True, True]
            for line in (*lines, crossed):
                await line.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("datagram", [b"\x16\x03\x01 no SNMP", bytes.fromhex("3082010002010330")])
def test_garbage_in_place_of_a_version_3_message_is_an_unreadable_answer(datagram: bytes) -> None:
    class Garbage(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, _: bytes, source: Any) -> None:
            self.transport.sendto(datagram, source)

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        escaped: list[object] = []
        loop.set_exception_handler(lambda _, context: escaped.append(context))
        transport, _ = await loop.create_datagram_endpoint(Garbage, local_addr=("127.0.0.1", 0))
        line = make_line(transport.get_extra_info("sockname")[1], timeout=0.2)
        with pytest.raises(PollError, match=f"unreadable answer {datagram.hex()}") as caught:
            await answers(line)
        assert caught.value.kind == "unreadable"
        await line.close()
        transport.close()
        assert escaped == []

    asyncio.run(scenario())


def test_a_cancelled_question_leaves_a_version_3_line_usable() -> None:
    async def scenario() -> None:
        async with agent() as (port, _):
            line = make_line(port)
            assert await answers(line)
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001):
                        await answers(line)
                assert await answers(line)
            await line.close()

    asyncio.run(scenario())
