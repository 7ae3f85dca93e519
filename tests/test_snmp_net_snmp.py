"""The SNMP line against the agent that the world runs: net-snmp's snmpd, started here on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.base import SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, Answers, Pacing, Refused, Unreachable
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine

USERS = (
    ("plain", "MD5", "DES"),
    ("usual", "SHA", "AES-128"),
    ("better", "SHA-256", "AES-128"),
    ("longer", "SHA-384", "AES-192"),
    ("best", "SHA-512", "AES-256"),
)
NOT_THERE, SYS_LOCATION = "1.3.6.1.2.1.1.99.0", "1.3.6.1.2.1.1.6.0"
OR_ID, OR_DESCR, OR_UPTIME = (f"1.3.6.1.2.1.1.9.1.{column}" for column in (2, 3, 4))


@contextmanager
def snmpd(home: Path, port: int, *more: str) -> Iterator[None]:
    """A running snmpd that knows USERS and the community `public`, with more lines of configuration."""
    program = shutil.which("snmpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("snmpd is not installed: apt install snmpd")
    lines = ["rocommunity public 127.0.0.1", "sysLocation the lab", *more]
    for user, auth, privacy in USERS:
        lines.append(f"createUser {user} {auth} authentic1 {privacy.replace('-128', '')} private-1")
        lines.append(f"rouser {user} priv")
    configuration, log = home / "snmpd.conf", home / "log"
    configuration.write_text("\n".join(lines) + "\n")
    log.write_text("")
    command = [program, "-f", "-Lf", str(log), "-C", "-c", str(configuration), "-I", "-smux"]
    environment = {"SNMP_PERSISTENT_DIR": str(home), "MIBS": "", "PATH": os.environ.get("PATH", "")}
    with subprocess.Popen([*command, f"udp:127.0.0.1:{port}"], env=environment) as agent:
        try:
            deadline = time.monotonic() + 10
            while "NET-SNMP version" not in log.read_text():
                assert agent.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "snmpd did not start within 10 s"
                time.sleep(0.02)
            yield
        finally:
            agent.terminate()


def free_port() -> int:
    """A UDP port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The UDP port of a running snmpd."""
    chosen = free_port()
    with snmpd(tmp_path_factory.mktemp("snmpd"), chosen):
        yield chosen


def make_line(port: int, credentials: Credentials, *, timeout: float = 2.0, tries: int = 2) -> SnmpLine:
    seconds = timedelta(seconds=1)
    return SnmpLine(
        address="127.0.0.1",
        port=port,
        credentials=credentials,
        pacing=Pacing(4, 0 * seconds, timeout * seconds, tries, 60 * seconds),
        lanes=Lanes(),
    )


def ask(port: int, credentials: Credentials, *, timeout: float = 2.0) -> tuple[Answers, Answers]:
    async def scenario() -> tuple[Answers, Answers]:
        line = make_line(port, credentials, timeout=timeout)
        try:
            scalars = await line.get(SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, NOT_THERE, SYS_LOCATION)
            return scalars, await line.walk(OR_ID, OR_DESCR, OR_UPTIME)
        finally:
            await line.close()

    return asyncio.run(scenario())


def user(name: str, auth: str, privacy: str, **changed: str) -> Credentials:
    secrets = {"auth_password": "authentic1", "privacy_password": "private-1", **changed}
    return Credentials(version="3", user=name, auth_protocol=auth, privacy_protocol=privacy, **secrets)


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(version="1", community="public"),
        Credentials(version="2c", community="public"),
        *(user(*known) for known in USERS),
    ],
    ids=lambda credentials: (
        f"v{credentials.version} {credentials.auth_protocol} {credentials.privacy_protocol}"
    ),
)
def test_scalars_and_a_table_are_read_in_every_version(port: int, credentials: Credentials) -> None:
    scalars, table = ask(port, credentials)
    assert isinstance(scalars.text(SYS_DESCR), str)
    assert scalars.value(SYS_OBJECT_ID) == "1.3.6.1.4.1.8072.3.2.10"
    assert isinstance(scalars.integer(SYS_UPTIME), int)
    assert scalars.text(SYS_LOCATION) == "the lab"
    assert scalars.value(NOT_THERE) is None
    rows = list(table.rows(OR_ID, OR_DESCR, OR_UPTIME))
    assert len(rows) >= 5
    assert all(row.text(OR_DESCR) and row.integer(OR_UPTIME) is not None for _, row in rows)


def test_an_unknown_user_is_refused(port: int) -> None:
    with pytest.raises(Refused, match="unknown user"):
        ask(port, user("stranger", "SHA-256", "AES-128"))


def test_a_wrong_authentication_password_is_refused(port: int) -> None:
    with pytest.raises(Refused, match="wrong authentication password"):
        ask(port, user("better", "SHA-256", "AES-128", auth_password="not-this-1"))


def test_a_wrong_privacy_password_is_met_with_silence(port: int) -> None:
    with pytest.raises(Unreachable):
        ask(port, user("better", "SHA-256", "AES-128", privacy_password="not-this-1"), timeout=0.3)


def test_a_wrong_community_is_met_with_silence(port: int) -> None:
    with pytest.raises(Unreachable):
        ask(port, Credentials(version="2c", community="private"), timeout=0.2)


@pytest.mark.parametrize(
    "more", [(), ("exactEngineID 0x80001f8803000000000042",)], ids=["reboot", "new engine id"]
)
def test_a_restarted_agent_is_known_again_within_the_first_question(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    chosen = free_port()

    async def scenario() -> None:
        line = make_line(chosen, user("better", "SHA-256", "AES-128"), tries=1)
        with snmpd(tmp_path, chosen):
            assert (await line.get(SYS_DESCR)).text(SYS_DESCR)
        with snmpd(tmp_path, chosen, *more):
            assert (await line.get(SYS_DESCR)).text(SYS_DESCR)
            assert (await line.get(SYS_DESCR)).text(SYS_DESCR)
        await line.close()

    asyncio.run(scenario())
