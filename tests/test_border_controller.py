"""A border controller and a Session Manager as a site file has them, asked by everything that is real here.

From the site file to the reading: snmpd, SIPp, a TLS server and an SSH server answer on loopback.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from agent.cli import app
from agent.loading import load_setup
from collectors.base import Observation, Own, SipTransport, TcpAnswer
from collectors.products import find_products
from collectors.session_border_controller import tcp as ssh_port
from tests import sip_servers
from tests.sip_servers import free_port, sipp
from tests.sshd import sshd_running
from tests.test_snmp_net_snmp import free_port as free_snmp_port
from tests.test_snmp_net_snmp import snmpd
from tests.tls_servers import NOW, context_of, self_made, serving

SITE = """\
site: Riverside
zone: America/Chicago
locations: [{{name: central}}]
systems:
  - name: sbc1
    product: session_border_controller
    location: central
    address: 127.0.0.1
    options: {{processes: [no-such-program]}}
    snmp: {{version: 2c, port: {snmp}, community: {{env: TRUNKWATCH_TEST_COMMUNITY}}}}
    sip: {{port: {sip}, transport: {transport}, domain: sip.example.org, timeout: 3s}}
    tls: {{ports: [{tls}, {old}, {closed}], name: sbc1.example.org, timeout: 3s}}
    tcp: {{port: {tcp}, timeout: 3s}}
directories: {{state: state, log: log, run: run}}
"""


@pytest.fixture(params=["udp", "tcp"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, dict[str, int]]]:
    """A site file of one border controller that answers in every way, and its ports."""
    transport: SipTransport = request.param
    monkeypatch.setenv("TRUNKWATCH_TEST_COMMUNITY", "riverside-7")
    good = self_made(tmp_path, names=[x509.DNSName("*.example.org")])
    old = self_made(tmp_path, common="old.example.org", ends=NOW - timedelta(days=1))
    ports = {"closed": free_port(), "snmp": free_snmp_port()}
    with ExitStack() as stack:
        stack.enter_context(snmpd(tmp_path, ports["snmp"], "rocommunity riverside-7 127.0.0.1"))
        ports["sip"] = stack.enter_context(sipp(tmp_path, "200 OK", transport))
        ports["tls"] = stack.enter_context(serving(context_of(good)))
        ports["old"] = stack.enter_context(serving(context_of(old)))
        ports["tcp"] = stack.enter_context(sshd_running()).port
        path = tmp_path / "site.yaml"
        path.write_text(SITE.format(transport=transport, **ports))
        yield path, ports


def polled(path: Path, system: str) -> tuple[int, dict[str, dict[str, object]]]:
    """The exit status of `trunkwatch poll` without a daemon, and its readings by protocol."""
    done = CliRunner().invoke(app, ["poll", system, "--json", "--site", str(path)])
    assert done.exit_code in (0, 1), done.output
    readings = [json.loads(line) for line in done.stdout.splitlines()]
    return done.exit_code, {reading["protocol"]: reading for reading in readings}


def parts(reading: Mapping[str, object]) -> dict[str, dict[str, object]]:
    told = reading["observations"]
    assert isinstance(told, list)
    return {part["component"]: part for part in told}


def test_one_that_answers_is_read_by_every_way_of_its_site_file(site: tuple[Path, dict[str, int]]) -> None:
    path, ports = site
    status, readings = polled(path, "sbc1")
    assert list(readings) == ["snmp", "sip", "tls", "tcp"]
    assert [reading.get("error_text") for reading in readings.values()] == [None] * 4
    assert status == 0

    host = parts(readings["snmp"])
    assert {"memory", "disk /", "restarts"} <= host.keys()
    assert host["process no-such-program"]["lost"] == 1  # the option of the site file came through

    listener = parts(readings["sip"])["sip listener"]
    assert (listener["role"], listener["lost"]) == ("equipment", 0)
    assert listener["detail"] == "answers 200 OK, Avaya-SBCE-of-a-test"

    certificates = parts(readings["tls"])
    assert certificates[f"certificate {ports['tls']}"]["lost"] == 0
    expired = certificates[f"certificate {ports['old']}"]
    assert expired["lost"] == 1
    assert "expired" in str(expired["detail"])
    assert "not for sbc1.example.org but for old.example.org" in str(expired["detail"])
    assert certificates[f"certificate {ports['closed']}"]["unread"]
    assert f"certificate {ports['closed']}" not in str(readings["tls"]["samples"])

    ssh = parts(readings["tcp"])["ssh listener"]
    assert ssh["lost"] == 0
    assert str(ssh["detail"]).startswith("SSH-2.0-OpenSSH")


def test_one_that_is_gone_is_unreachable_by_each_way_that_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKWATCH_TEST_COMMUNITY", "riverside-7")
    names = ("snmp", "sip", "tls", "old", "closed", "tcp")
    ports = {name: free_port() for name in names}
    path = tmp_path / "site.yaml"
    short = SITE.format(transport="udp", **ports).replace(
        "version: 2c", "version: 2c, timeout: 200ms, tries: 1"
    )
    path.write_text(short)
    status, readings = polled(path, "sbc1")
    assert status == 1
    assert readings["snmp"]["error"] == readings["sip"]["error"] == "unreachable"
    assert parts(readings["tcp"])["ssh listener"]["lost"] == 1  # a refused connection is an answer
    assert all(part["unread"] for name, part in parts(readings["tls"]).items() if name != "tls")


def test_a_sip_port_over_tls_is_asked_and_its_certificate_told_apart(tmp_path: Path) -> None:
    made = context_of(self_made(tmp_path, ends=NOW + timedelta(days=10)))

    def talk(line: socket.socket) -> None:
        line.sendall(sip_servers.answer(sip_servers.request_of(line), "503 Service Unavailable"))

    with sip_servers.tcp(talk, tls=made) as sip, serving(made) as tls:
        path = tmp_path / "site.yaml"
        path.write_text(
            "site: Riverside\nzone: America/Chicago\nlocations: [{name: central}]\nsystems:\n"
            "  - name: sm1\n    product: session_manager\n    location: central\n    address: 127.0.0.1\n"
            f"    sip: {{port: {sip}, transport: tls}}\n    tls: {{ports: [{tls}], warn: 14d}}\n"
            "directories: {state: state, log: log, run: run}\n"
        )
        status, readings = polled(path, "sm1")
    assert status == 0
    assert parts(readings["sip"])["sip listener"]["detail"] == "answers 503 Service Unavailable"
    certificate = parts(readings["tls"])[f"certificate {tls}"]
    assert (certificate["lost"], certificate["degraded"]) == (0, 1)


def test_a_sip_port_that_need_not_answer_is_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    site = (
        "site: Riverside\nzone: America/Chicago\nlocations: [{name: central}]\nsystems:\n"
        "  - {name: a, product: session_manager, location: central, address: 192.0.2.1, sip: {}}\n"
        "  - {name: b, product: session_manager, location: central, address: 192.0.2.2, sip: {peer: true}}\n"
    )
    path.write_text(site)
    watches = load_setup(path).watches
    assert [watches[name].ways[0].must_answer for name in ("a", "b")] == [False, True]


@pytest.mark.parametrize(
    ("answer", "lost", "unread"),
    [
        (TcpAnswer(0.1, True, "SSH-2.0-OpenSSH_7.4"), 0, False),
        (TcpAnswer(0.1, True, "SSH-1.99-old"), 0, False),
        (TcpAnswer(0.1, False), 1, False),
        (TcpAnswer(0.1, True), None, True),
        (TcpAnswer(0.1, True, "220 mail ready"), None, True),
        (TcpAnswer(0.1, True, "y" * 255), None, True),
    ],
)
def test_an_ssh_port_is_lost_only_where_it_is_closed(
    answer: TcpAnswer, lost: int | None, unread: bool
) -> None:
    (part,) = ssh_port.read(answer, datetime.now(UTC)).observations
    assert isinstance(part, Observation)
    assert (part.role, part.component, part.lost, part.unread) == ("equipment", "ssh listener", lost, unread)
    assert len(part.detail) <= 120


@pytest.mark.parametrize("name", ["session_border_controller", "session_manager"])
def test_the_processes_that_a_site_minds_reach_every_way_that_can_see_them(name: str) -> None:
    product = find_products()[name]
    polls = product.polls_of(Own({"processes": ("ssyndi",)}))
    assert polls.keys() == product.polls.keys() == set(product.authority)
    for protocol, poll in polls.items():
        assert (poll.read is product.polls[protocol].read) == (protocol not in ("snmp", "ssh"))
