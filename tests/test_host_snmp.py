"""What any Linux host tells over SNMP: against net-snmp's snmpd on this machine, and made-up answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.base import SYS_UPTIME, Answers, BadAnswer, Findings, Observation, Own, Value
from collectors.host import parts, snmp
from collectors.sessions.snmp import Credentials
from tests.test_snmp_net_snmp import free_port, make_line, snmpd

AT = datetime(2026, 11, 20, 17, 2, tzinfo=UTC)
SNMPD = {"snmpd": "the agent"}  # the one process that surely runs


def ask(home: Path, *lines: str, community: str = "public", own: Own | None = None) -> Findings:
    """What is read of this machine by an snmpd with these further lines of configuration."""
    port = free_port()

    async def scenario() -> Answers:
        line = make_line(port, Credentials(version="2c", community=community))
        try:
            return await snmp.ask(line)
        finally:
            await line.close()

    with snmpd(home, port, *lines):
        answers = asyncio.run(scenario())
    return snmp.read(answers, datetime.now(UTC), own or Own(), SNMPD)


def by_name(findings: Findings) -> dict[str, Observation]:
    return {part.component: part for part in findings.observations}


def values(findings: Findings) -> dict[tuple[str, ...], float]:
    return {(sample.metric.name, *sample.labels): sample.value for sample in findings.samples}


def test_this_machine_is_read_as_it_says_itself(tmp_path: Path) -> None:
    findings = ask(tmp_path, own=Own({"processes": ("no-such-program",)}))
    named, told = by_name(findings), values(findings)
    root = os.statvfs("/")
    assert named["disk /"].limit == pytest.approx(root.f_blocks * root.f_frsize // parts.MIB, abs=1)
    assert named["disk /"].kind == "disk"
    used = root.f_blocks - root.f_bfree
    assert told["avaya_host_disk_used_bytes", "/"] == pytest.approx(used * root.f_frsize, rel=0.05)
    total = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    assert told[("avaya_host_memory_bytes",)] == total * 1024
    assert not named["memory"].unread
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    (event,) = named["restarts"].events
    assert event.source == "uptime"
    assert abs(event.at - (datetime.now(UTC) - timedelta(seconds=uptime))) < timedelta(seconds=15)
    assert named["process the agent"].lost == 0
    assert named["process no-such-program"].lost == 1
    assert told["avaya_host_processes", "no-such-program"] == 0
    assert told["avaya_host_load", "15m"] >= 0
    up = {
        name
        for name in os.listdir("/sys/class/net")
        if int(Path(f"/sys/class/net/{name}/flags").read_text(), 16) & 1 and parts.is_interface(name, Own())
    }
    shown = {name for name, part in named.items() if name.startswith("interface ") and part.total}
    assert shown == {f"interface {name}" for name in up}
    assert not [name for name in named if name.startswith(("disk /dev", "disk /sys", "disk /proc"))]
    assert [(name, part) for name, part in named.items() if part.unread] == []


def test_what_the_site_leaves_out_is_left_out(tmp_path: Path) -> None:
    names = tuple(os.listdir("/sys/class/net"))
    own = Own({"disks_unused": ("/",), "interfaces_unused": names})
    named = by_name(ask(tmp_path, own=own))
    assert "disk /" not in named
    assert not [name for name in named if name.startswith("interface ")]


def test_the_agents_own_limits_count(tmp_path: Path) -> None:
    findings = ask(tmp_path, "disk / 100%", "proc snmpd 1 0", "proc no-such-program", "proc sh 999999 999998")
    named = by_name(findings)
    assert (named["disk /"].lost, named["disk /"].degraded) == (0, 1)
    assert named["process no-such-program"].lost == 1
    assert named["process no-such-program"].detail == "does not run"
    assert named["process sh"].lost == 1


def test_a_disk_is_full_from_the_share_on_that_the_site_says(tmp_path: Path) -> None:
    named = by_name(ask(tmp_path, own=Own({"disk_percent": 1})))
    assert named["disk /"].lost == 1


def test_an_agent_that_shows_no_processes_leaves_them_unread(tmp_path: Path) -> None:
    hidden = (
        "view most included .1",
        "view most excluded .1.3.6.1.2.1.25.4",
        "rocommunity narrow 127.0.0.1 -V most",
    )
    findings = ask(tmp_path, *hidden, community="narrow", own=Own({"processes": ("sshd",)}))
    named = by_name(findings)
    assert named["process the agent"].unread
    assert named["process sshd"].unread
    assert ("avaya_host_processes", "sshd") not in values(findings)
    assert not named["disk /"].unread
    by_agent = by_name(ask(tmp_path, *hidden, "proc snmpd", "proc sshd-none", community="narrow"))
    assert by_agent["process the agent"].lost == 0
    assert by_agent["process sshd-none"].lost == 1


def test_an_agent_that_shows_itself_alone_tells_nothing_of_its_host(tmp_path: Path) -> None:
    hidden = ("view self included .1.3.6.1.2.1.1", "rocommunity narrow 127.0.0.1 -V self")
    findings = ask(tmp_path, *hidden, community="narrow")
    assert [(part.component, part.unread) for part in findings.observations] == [("process the agent", True)]
    assert findings.samples == ()
    assert findings.complete == ()


# -- answers as agents of other ages and hosts in trouble give them


def answers(tables: Mapping[str, Mapping[int, Value]], **scalars: Value) -> Answers:
    """Answers with only these tables (columns by name in `snmp`) and scalars; all else is not told."""
    known = {name: getattr(snmp, name) for name in dir(snmp) if name.isupper()} | {"SYS_UPTIME": SYS_UPTIME}
    asked = {oid for oid in known.values() if isinstance(oid, str)} | {SYS_UPTIME}
    told: dict[str, Value] = {known[name]: value for name, value in scalars.items()}
    for name, cells in tables.items():
        told |= {f"{known[name]}.{index}": value for index, value in cells.items()}
    return Answers(frozenset(asked), told)


def read(given: Answers, processes: Mapping[str, str] | None = None) -> dict[str, Observation]:
    return by_name(snmp.read(given, AT, Own(), processes or {}))


FIXED = snmp.FIXED_DISK


@pytest.mark.parametrize(
    ("used", "lost", "degraded"), [(89, 0, 0), (90, 0, 1), (94, 0, 1), (95, 1, 0), (100, 1, 0)]
)
def test_a_disk_is_nearly_full_and_then_full(used: int, lost: int, degraded: int) -> None:
    given = answers(
        {
            "STORAGE_TYPE": {31: FIXED},
            "STORAGE_NAME": {31: b"/var"},
            "STORAGE_UNIT": {31: parts.MIB},
            "STORAGE_SIZE": {31: 100},
            "STORAGE_USED": {31: used},
        }
    )
    part = read(given)["disk /var"]
    assert (part.lost, part.degraded, part.used, part.limit) == (lost, degraded, used, 100)


@pytest.mark.parametrize("missing", ["STORAGE_UNIT", "STORAGE_SIZE", "STORAGE_USED"])
def test_a_disk_whose_figures_are_not_told_is_unread(missing: str) -> None:
    columns: dict[str, dict[int, Value]] = {
        "STORAGE_TYPE": {31: FIXED},
        "STORAGE_NAME": {31: b"/var"},
        "STORAGE_UNIT": {31: parts.MIB},
        "STORAGE_SIZE": {31: 100},
        "STORAGE_USED": {31: 10},
    }
    given = answers({name: cells for name, cells in columns.items() if name != missing})
    assert read(given)["disk /var"].unread


def test_media_that_nobody_writes_to_are_no_disks() -> None:
    given = answers(
        {
            "STORAGE_TYPE": {31: FIXED, 32: FIXED, 33: FIXED, 34: "1.3.6.1.2.1.25.2.1.7"},
            "STORAGE_NAME": {31: b"/mnt/iso", 32: b"/dev/shm", 33: b"/cgroup", 34: b"/media/cdrom"},
            "STORAGE_UNIT": dict.fromkeys((31, 32, 33, 34), 4096),
            "STORAGE_SIZE": {31: 2**20, 32: 2**20, 33: 0, 34: 2**20},
            "STORAGE_USED": {31: 2**20, 32: 2**20, 33: 0, 34: 2**20},
            "FS_MOUNT": {1: b"/mnt/iso"},
            "FS_ACCESS": {1: 2},
        }
    )
    assert read(given) == {}


@pytest.mark.parametrize(
    ("mount", "shown"),
    [
        ("/", True),
        ("/device", True),
        ("/var/lib/docker", True),
        ("/var/lib/docker/overlay2/0a/merged", False),
        ("/run/user/1000", False),
        ("/dev", False),
        ("", False),
        ("/mnt/old", False),
    ],
)
def test_what_counts_as_a_disk(mount: str, shown: bool) -> None:
    assert parts.is_disk(mount, Own({"disks_unused": ("/mnt/old",)})) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [("eth0", True), ("lom1", True), ("bond0.5", True), ("lo", False), ("veth12", False), ("eth9", False)],
)
def test_what_counts_as_an_interface(name: str, shown: bool) -> None:
    assert parts.is_interface(name, Own({"interfaces_unused": ("eth9",)})) == shown


def test_a_windows_host_has_drives_and_no_cache() -> None:
    given = answers(
        {
            "STORAGE_TYPE": {1: FIXED, 2: "1.3.6.1.2.1.25.2.1.2"},
            "STORAGE_NAME": {1: b"C:\\ Label:System  Serial Number 4a2b3c4d", 2: b"Physical Memory"},
            "STORAGE_UNIT": {1: 4096, 2: 65536},
            "STORAGE_SIZE": {1: 10**7, 2: 30_000},
            "STORAGE_USED": {1: 96 * 10**5, 2: 12_000},
            "INTERFACE_TEXT": {1: b"WAN Miniport (IP)"},
            "INTERFACE_ADMIN": {1: 1},
            "INTERFACE_STATE": {1: 2},
            "RUN_NAME": {4: b"System", 880: b"svchost.exe"},
        },
        SYS_DESCR=b"Hardware: x86 Family 6 - Software: Windows Version 5.2 (Build 3790)",
        PROCESS_COUNT=2,
    )
    named = read(given, {"MMServer.exe": "messaging"})
    assert named.keys() == {"disk C:\\", "memory", "process messaging"}
    assert (named["disk C:\\"].lost, named["memory"].used, named["memory"].limit) == (1, 750, 1875)
    assert named["process messaging"].lost == 1


def test_memory_is_what_programs_hold_whichever_way_it_is_told() -> None:
    newer = answers({}, MEMORY_TOTAL=1000_000, MEMORY_FREE=10_000, MEMORY_AVAILABLE=400_000)
    older = answers(
        {}, MEMORY_TOTAL=1000_000, MEMORY_FREE=10_000, MEMORY_BUFFER=90_000, MEMORY_CACHED=300_000
    )
    by_pools = answers(
        {
            "STORAGE_NAME": {1: b"Physical memory", 6: b"Memory buffers", 7: b"Cached memory"},
            "STORAGE_UNIT": {1: 1024, 6: 1024, 7: 1024},
            "STORAGE_SIZE": {1: 1000_000, 6: 1000_000, 7: 300_000},
            "STORAGE_USED": {1: 990_000, 6: 90_000, 7: 300_000},
        }
    )
    for given in (newer, older, by_pools):
        part = read(given)["memory"]
        assert (part.lost, part.degraded, part.used, part.limit) == (0, 0, 585, 976)
    assert read(answers({}, MEMORY_TOTAL=1000_000, MEMORY_FREE=10_000))["memory"].unread
    assert "memory" not in read(answers({}))


@pytest.mark.parametrize(
    ("loads", "lost", "degraded"), [((100, 0), 0, 0), ((96, 95), 0, 1), ((100, 98), 1, 0)]
)
def test_the_processors_are_one_resource(loads: tuple[int, int], lost: int, degraded: int) -> None:
    part = read(answers({"CPU_LOAD": dict(enumerate(loads, 196608))}))["cpu"]
    assert (part.lost, part.degraded, part.limit) == (lost, degraded, 100)


def test_processors_by_their_idle_time_and_out_of_range() -> None:
    assert read(answers({}, CPU_IDLE=70))["cpu"].used == 30
    assert read(answers({}, CPU_IDLE=700))["cpu"].unread
    assert read(answers({"CPU_LOAD": {1: 50, 2: -3}}))["cpu"].unread


@pytest.mark.parametrize(
    ("admin", "state", "shown"),
    [
        (1, 1, (0, 1, 0, False)),
        (1, 2, (1, 1, 0, False)),
        (1, 6, (1, 1, 0, False)),
        (1, 7, (1, 1, 0, False)),
        (2, 2, (0, 0, 1, False)),
        (1, 4, (None, None, 0, True)),
        (None, 1, (None, None, 0, True)),
        (1, None, (None, None, 0, True)),
    ],
)
def test_an_interface_is_lost_where_it_should_be_up_and_is_not(
    admin: int | None, state: int | None, shown: tuple[object, ...]
) -> None:
    columns: dict[str, dict[int, Value]] = {
        "INTERFACE_TEXT": {2: b"Intel 82545EM"},
        "INTERFACE_NAME": {2: b"eth0"},
        "INTERFACE_ADMIN": {} if admin is None else {2: admin},
        "INTERFACE_STATE": {} if state is None else {2: state},
    }
    part = read(answers(columns))["interface eth0"]
    assert (part.lost, part.total, part.planned, part.unread) == shown


def test_a_process_is_lost_only_where_the_list_is_whole() -> None:
    names = {n: f"program-{n}".encode() for n in range(2, 41)} | {1: b"init"}
    whole = answers({"RUN_NAME": names}, PROCESS_COUNT=42)
    cut = answers({"RUN_NAME": names}, PROCESS_COUNT=80)
    uncounted = answers({"RUN_NAME": names})
    hidden = answers({"RUN_NAME": dict.fromkeys(range(100, 142), b"snmpd")}, PROCESS_COUNT=42)  # hidepid
    assert read(whole, {"absent": "gone"})["process gone"].lost == 1
    assert read(cut, {"absent": "gone"})["process gone"].unread
    assert read(uncounted, {"absent": "gone"})["process gone"].unread
    assert read(hidden, {"absent": "gone"})["process gone"].unread
    assert read(cut, {"program-7": "seven"})["process seven"].lost == 0
    assert read(answers({}, PROCESS_COUNT=42), {"absent": "gone"})["process gone"].unread


def test_a_long_name_of_a_program_is_cut_as_linux_does() -> None:
    names: dict[int, Value] = {1: b"AsaiLinkManager", 2: b"a-very-long-nam"}
    given = answers({"RUN_NAME": names}, PROCESS_COUNT=2)
    assert read(given, {"a-very-long-name-of-one": "long"})["process long"].lost == 0


def test_an_uptime_that_wrapped_is_no_restart() -> None:
    day = 86400 * 100
    began = read(answers({}, HOST_UPTIME=3 * day, SYS_UPTIME=400 * day))["restarts"].events[0].at
    assert began == (AT - timedelta(days=3, seconds=snmp.WRAP)).replace(microsecond=0)
    assert "restarts" not in read(answers({}, SYS_UPTIME=400 * day))  # the agent's own time alone


def test_capacity_is_listed_whole_only_where_all_of_it_was_told() -> None:
    tables: dict[str, dict[int, Value]] = {
        "CPU_LOAD": {1: 3},
        "STORAGE_TYPE": {31: FIXED},
        "STORAGE_NAME": {31: b"/"},
        "STORAGE_UNIT": {31: 4096},
        "STORAGE_SIZE": {31: 10**6},
        "STORAGE_USED": {31: 10**5},
    }
    memory: dict[str, Value] = {"MEMORY_TOTAL": 1000_000, "MEMORY_AVAILABLE": 500_000}
    assert snmp.read(answers(tables, **memory), AT, Own(), {}).complete == ("capacity",)
    for name in ("CPU_LOAD", "STORAGE_SIZE", "STORAGE_USED", "STORAGE_UNIT"):
        less = {column: cells for column, cells in tables.items() if column != name}
        assert snmp.read(answers(less, **memory), AT, Own(), {}).complete == ()
    assert snmp.read(answers(tables), AT, Own(), {}).complete == ()


def test_an_answer_of_the_wrong_kind_is_unreadable() -> None:
    with pytest.raises(BadAnswer):
        read(answers({"CPU_LOAD": {1: b"five"}}))
    with pytest.raises(BadAnswer):
        read(answers({}, MEMORY_TOTAL=-4, MEMORY_AVAILABLE=5))


# --- what is odd, and what is slow -------------------------------------------------------------------------


class Asked:
    """A session that tells nothing and keeps what was asked for, in its order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, *oids: str) -> Answers:
        self.asked += oids
        return Answers(frozenset(oids))

    async def walk(self, *columns: str) -> Answers:
        self.asked += columns
        return Answers(frozenset(columns))


@pytest.mark.parametrize("names", [True, False])
def test_the_uptime_is_asked_last_as_a_restart_is_counted_back_from_the_end_of_the_poll(names: bool) -> None:
    session = Asked()
    asyncio.run(snmp.ask(session, names=names))
    assert session.asked[-2:] == [SYS_UPTIME, snmp.HOST_UPTIME]
    assert session.asked.count(SYS_UPTIME) == 1


def test_a_name_that_is_cut_within_a_letter_or_in_a_code_page_costs_no_other_part() -> None:
    odd: dict[str, Value] = {f"{snmp.RUN_NAME}.1": b"systemd", f"{snmp.RUN_NAME}.7": b"xxxxxxxxxxxxxx\xc3"}
    odd |= {f"{snmp.STORAGE_NAME}.4": b"/B\xfcro", f"{snmp.STORAGE_TYPE}.4": snmp.FIXED_DISK}
    odd |= {f"{column}.4": 65_536 for column in (snmp.STORAGE_UNIT, snmp.STORAGE_SIZE)}
    odd |= {f"{snmp.STORAGE_USED}.4": 1}
    session = Asked()
    asyncio.run(snmp.ask(session))
    read = snmp.read(Answers(frozenset(session.asked), odd), AT, Own(), {"systemd": "init"})
    assert [part.lost for part in read.observations if part.component.startswith("disk /B")] == [0]
    assert "process init" in by_name(read)
