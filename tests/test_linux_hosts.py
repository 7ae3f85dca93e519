"""Linux hosts as a site file has them, from the file to the reading: a real snmpd and a real sshd answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.known_hosts import KnownHostsFile
from agent.loading import load_setup
from collectors.base import Answers, BadAnswer, Findings, Own, Value
from collectors.host.parts import ROOTS
from collectors.modular_messaging import PRODUCT as MODULAR_MESSAGING
from collectors.modular_messaging import snmp as oam
from collectors.products import find_products
from tests.recordings import FOLDER, answers_of, load
from tests.ssh_servers import SECRET, USER
from tests.sshd import sshd_running
from tests.test_snmp_net_snmp import free_port, snmpd

PRODUCTS = ("call_management", "linux_host", "modular_messaging")
SITE = """\
site: Riverside
zone: America/Chicago
locations: [{{name: central}}]
systems:
  - name: host1
    product: {product}
    location: central
    address: 127.0.0.1
    options: {{processes: [snmpd, no-such-program], disk_percent: 1{more}}}
    snmp: {{version: 2c, port: {snmp}, community: {{env: TRUNKWATCH_TEST_COMMUNITY}}}}
    ssh: {{port: {ssh}, user: {user}, password: {{env: TRUNKWATCH_TEST_PASSWORD}}, timeout: 15s}}
directories: {{state: state, log: log, run: run}}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A site file in a folder of its own, and the ports of what answers."""

    home: Path
    snmp: int
    ssh: int

    def write(self, product: str, more: str = "") -> Path:
        path = self.home / "site.yaml"
        path.write_text(SITE.format(product=product, more=more, snmp=self.snmp, ssh=self.ssh, user=USER))
        return path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A host that answers over SNMP and SSH, whose host key was accepted."""
    monkeypatch.setenv("TRUNKWATCH_TEST_COMMUNITY", "riverside-7")
    monkeypatch.setenv("TRUNKWATCH_TEST_PASSWORD", SECRET)
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(snmpd(tmp_path, port, "rocommunity riverside-7 127.0.0.1"))
        server = stack.enter_context(sshd_running())
        made = Site(tmp_path, port, server.port)
        (tmp_path / "state").mkdir()
        setup = load_setup(made.write("linux_host"))
        KnownHostsFile(setup.known_hosts).store("127.0.0.1", server.port, server.keys[0])
        yield made


def polled(path: Path) -> dict[str, dict[str, dict[str, object]]]:
    """What `trunkwatch poll` without a daemon tells: parts by protocol."""
    done = CliRunner().invoke(app, ["poll", "host1", "--json", "--site", str(path)])
    assert done.exit_code == 0, done.output
    readings = [json.loads(line) for line in done.stdout.splitlines()]
    assert [reading.get("error_text") for reading in readings] == [None] * len(readings)
    return {
        reading["protocol"]: {part["component"]: part for part in reading["observations"]}
        for reading in readings
    }


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_host_is_read_by_both_ways_alike(product: str, site: Site) -> None:
    told = polled(site.write(product))
    assert list(told) == ["snmp", "ssh"]
    for way, parts in told.items():
        if way == "snmp" or not ROOTS.isdisjoint(everybody()):  # else the list could be of one's own alone
            assert parts["process no-such-program"]["lost"] == 1
            assert parts["process snmpd"]["lost"] == 0
        assert parts["disk /"]["lost"] == 1  # full from 1 per cent on, as the site says
        assert parts["memory"]["lost"] == 0
    assert _began(told["snmp"]) == pytest.approx(_began(told["ssh"]), abs=3)
    for name in told["snmp"].keys() & told["ssh"].keys() - {"restarts"}:
        seen, also = told["snmp"][name], told["ssh"][name]
        assert (seen["role"], seen.get("kind")) == (also["role"], also.get("kind"))


def everybody() -> set[str]:
    """The names of all processes of this machine, or of this container, in which no kernel thread is seen."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):  # it ended meanwhile
            found.add(path.read_text().strip())
    return found


def _began(parts: Mapping[str, dict[str, object]]) -> float:
    events = parts["restarts"]["events"]
    assert isinstance(events, list)
    (event,) = events
    hours, minutes, seconds = event["at"].split("T")[1].split("-")[0].split("+")[0].split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def test_a_link_of_a_cms_is_a_connection_that_stands(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as far, socket.create_connection(far.getsockname()) as near:
        end = far.getsockname()[1]
        links = f'{{cm1: "127.0.0.1:{end}", cm2: "127.0.0.1:{near.getsockname()[1]}", cm3: "127.0.0.1:1"}}'
        parts = polled(site.write("call_management", f", backup_hours: 26, links: {links}"))["ssh"]
        assert parts["cms-link cm1"]["lost"] == 0
        assert parts["cms-link cm2"]["lost"] == 0  # seen from the other end
        assert parts["cms-link cm3"]["lost"] == 1
        assert parts["backup"]["unread"]  # there is no such log here
    gone = polled(site.write("call_management", f', links: {{cm1: "127.0.0.1:{end}"}}'))["ssh"]
    assert gone["cms-link cm1"]["lost"] == 1


def test_a_voicemail_without_its_mib_is_never_called_well(site: Site) -> None:
    told = polled(site.write("modular_messaging"))
    assert told["snmp"]["voicemail"]["unread"]
    assert "voicemail" not in told["ssh"]


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_options_of_a_site_reach_every_way(name: str) -> None:
    product = find_products()[name]
    polls = product.polls_of(Own({"processes": ("cron",)}))
    assert polls.keys() == product.polls.keys() == set(product.authority)
    for protocol, poll in polls.items():
        assert (poll.read is product.polls[protocol].read) == (protocol == "tls")
        assert poll.commands == product.polls[protocol].commands


# -- the counts of the OAM MIB and their witness


@pytest.mark.parametrize(
    ("counts", "level", "stands", "unread", "whole"),
    [
        ((0, 0, 0), 0, [], [], True),
        ((2, 1, 3), 3, ["major", "minor", "warning"], [], True),
        ((0, 0, 4), 1, ["warning"], [], True),
        ((0, 0, 0), 2, ["minor"], [], True),  # the worse of the two words
        ((1, 0, 0), 0, ["major"], [], True),
        ((None, None, None), 0, [], [], True),
        ((None, None, None), 2, ["minor"], ["warning"], False),
        ((0, None, 0), 3, ["major"], ["minor"], False),
        ((0, None, 0), None, [], ["minor"], False),
        ((None, 0, 0), 1, ["warning"], [], True),
    ],
)
def test_alarms_stand_by_their_count_or_by_the_level(
    counts: tuple[int | None, ...], level: int | None, stands: list[str], unread: list[str], whole: bool
) -> None:
    findings = read(dict(zip((oam.MAJOR, oam.MINOR, oam.WARNING, oam.LEVEL), (*counts, level), strict=True)))
    alarms = [part for part in findings.observations if part.role == "alarm"]
    assert [part.vendor_severity for part in alarms if part.lost] == stands
    assert [part.vendor_severity for part in alarms if part.unread] == unread
    assert {part.kind for part in alarms} <= {"failure"}
    assert ("alarm" in findings.complete) == whole
    assert not [part for part in findings.observations if part.role == "service"]


@pytest.mark.parametrize("level", [4, -1])
def test_a_level_that_is_none_is_unreadable(level: int) -> None:
    with pytest.raises(BadAnswer, match="expected a level"):
        read({oam.LEVEL: level})


def read(changed: Mapping[str, int | None]) -> Findings:
    told = answers_of(load(FOLDER / "modular_messaging" / "healthy.yaml"), MODULAR_MESSAGING)
    values: dict[str, Value] = {oid: value for oid, value in told.values.items() if oid not in changed}
    values |= {oid: value for oid, value in changed.items() if value is not None}
    case = load(FOLDER / "modular_messaging" / "healthy.yaml")
    return oam.read(Answers(told.asked, values), case.at)
