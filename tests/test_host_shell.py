"""What any Linux host tells over SSH: against OpenSSH's sshd on this machine, and made-up answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.base import BadAnswer, Findings, Observation, Own, ShellAnswer, Told
from collectors.host import clock, parts, shell
from collectors.sessions.shell import ShellLine
from collectors.sessions.ssh import Entrance
from tests.ssh_servers import LOGIN, Guard, pacing
from tests.sshd import sshd_running

AT = datetime(2026, 11, 20, 17, 2, tzinfo=UTC)


def by_name(findings: Findings) -> dict[str, Observation]:
    return {part.component: part for part in findings.observations}


def values(findings: Findings) -> dict[tuple[str, ...], float]:
    return {(sample.metric.name, *sample.labels): sample.value for sample in findings.samples}


def test_this_machine_is_read_as_it_says_itself() -> None:
    async def asked() -> Told[ShellAnswer]:
        line = ShellLine(
            Entrance(
                address="127.0.0.1",
                port=server.port,
                login=LOGIN,
                pacing=pacing(15),
                known_hosts=server.known,
                guard=Guard(),
            ),
            shell.COMMANDS,
        )
        try:
            return await shell.ask(line)
        finally:
            await line.close()

    with sshd_running() as server:
        told = asyncio.run(asked())
    own = Own({"processes": ("sshd", "no-such-program")})
    findings = shell.read(told, datetime.now(UTC), own, {"sh": "a shell"})
    named, figures = by_name(findings), values(findings)
    root = os.statvfs("/")
    size = (root.f_blocks - root.f_bfree + root.f_bavail) * root.f_frsize
    assert named["disk /"].limit == pytest.approx(size // parts.MIB, rel=0.01)
    assert figures["avaya_host_disk_bytes", "/"] == pytest.approx(size, rel=0.01)
    assert not [name for name in named if name.startswith(("disk /dev", "disk /sys", "disk /proc"))]
    total = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    assert figures[("avaya_host_memory_bytes",)] == total * 1024
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    (event,) = named["restarts"].events
    assert abs(event.at - (datetime.now(UTC) - timedelta(seconds=uptime))) < timedelta(seconds=15)
    assert not named["process sshd"].lost
    # In a container a login may see no process that could not be its own: then nobody can tell.
    seen = told[shell.PROCESSES].text.split("\n")
    assert named["process no-such-program"].unread == ({"systemd", "init", "kthreadd"}.isdisjoint(seen))
    assert figures["avaya_host_load", "1m"] >= 0
    assert not named["memory"].unread
    assert findings.complete == ()
    # Whatever keeps the clock here, each way of not knowing is another than being well.
    timepiece = named.get("clock")
    assert timepiece is None or timepiece.unread or timepiece.lost is not None


# -- answers of other hosts

STAT_1, STAT_2 = (
    "cpu  1000 0 500 8000 100 0 10 0 0 0\n",
    "cpu  1060 0 520 8110 110 0 10 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n",
)
MEMINFO = "MemTotal:        1000000 kB\nMemFree:           10000 kB\nMemAvailable:     400000 kB\n"
TRACKING = """\
Reference ID    : C0000201 (192.0.2.1)
Stratum         : 3
Ref time (UTC)  : Fri Nov 20 16:50:29 2026
System time     : 0.250000000 seconds slow of NTP time
Last offset     : -0.000001632 seconds
Leap status     : Normal
"""
HEAD = """\
     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
"""
WELL: dict[str, str | ShellAnswer] = {
    shell.CPU_FIRST: STAT_1,
    shell.UPTIME: "172800.50 300000.00\n",
    shell.LOAD: "0.10 0.60 0.30 1/88 8606\n",
    shell.MEMORY: MEMINFO,
    shell.MOUNTS: "/dev/sda1 / ext4 rw,relatime 0 0\n/dev/sr0 /mnt/iso iso9660 ro,relatime 0 0\n",
    shell.DISKS: "Dateisystem  1024-Bl\u00f6cke Benutzt Verf\u00fcgbar Kapazit\u00e4t Eingeh\u00e4ngt auf\n"
    "/dev/sda1  10000000 4000000 5500000      43% /\n"
    "/dev/sr0     700000  700000       0     100% /mnt/iso\n"
    "/dev/mapper/vg data 20000000 19000000 500000 98% /var/my data\n",
    shell.PROCESSES: "systemd\nsshd\nps\ncron <defunct>\n",
    clock.CHRONY: TRACKING,
    shell.CPU_LAST: STAT_2,
}


def told_by(changed: Mapping[str, str | ShellAnswer] | None = None) -> Told[ShellAnswer]:
    return Told(
        {
            command: answer if isinstance(answer, ShellAnswer) else ShellAnswer(command, answer)
            for command, answer in (WELL | dict(changed or {})).items()
        }
    )


def read(
    changed: Mapping[str, str | ShellAnswer] | None = None, processes: Mapping[str, str] | None = None
) -> dict[str, Observation]:
    return by_name(shell.read(told_by(changed), AT, Own(), processes or {}))


def test_a_host_that_is_well_but_for_a_full_disk() -> None:
    named = read()
    assert named.keys() == {"cpu", "memory", "disk /", "disk /var/my data", "clock", "restarts"}
    assert (named["cpu"].used, named["cpu"].lost) == (40, 0)  # 80 of 200 ticks
    assert (named["memory"].used, named["memory"].limit) == (585, 976)
    assert (named["disk /"].used, named["disk /"].limit, named["disk /"].lost) == (3906, 9277, 0)
    assert named["disk /var/my data"].lost == 1
    assert (named["clock"].lost, named["clock"].degraded, named["clock"].kind) == (0, 0, "sync")
    assert named["restarts"].events[0].at == datetime(2026, 11, 18, 17, 1, 59, tzinfo=UTC)
    figures = values(shell.read(told_by(), AT, Own(), {}))
    assert figures[("avaya_host_clock_offset_seconds",)] == -0.25
    assert figures[("avaya_host_cpu_used_ratio",)] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("", STAT_2),
        (STAT_1, ""),
        (STAT_1, STAT_1),  # nothing happened between
        (STAT_2, STAT_1),  # counted backwards
        ("cpu  1000 0 500 8000\n", "cpu  1060 0 520 8110\n"),
        (STAT_1, "cpu  1060 0 520 8110 110 0 10 0\n"),
        ("CPU  1000 0 500 8000 100 0 10 0 0 0\n", STAT_2),
    ],
)
def test_the_processors_are_unread_without_two_sound_looks(first: str, last: str) -> None:
    assert read({shell.CPU_FIRST: first, shell.CPU_LAST: last})["cpu"].unread


def test_processors_that_are_busy_for_a_moment_are_not_at_their_limit() -> None:
    busy = "cpu  1200 0 500 8000 100 0 10 0 0 0\n" + STAT_2.partition("\n")[2]
    assert (read({shell.CPU_LAST: busy})["cpu"].used, read({shell.CPU_LAST: busy})["cpu"].lost) == (60, 0)
    full = {shell.CPU_LAST: busy, shell.LOAD: "3.00 2.50 0.30 1/88 8606\n"}
    assert (read(full)["cpu"].used, read(full)["cpu"].lost) == (100, 1)
    assert read(full | {shell.LOAD: "busy\n"})["cpu"].unread


def test_memory_of_an_old_kernel_and_memory_that_is_not_told() -> None:
    old = "MemTotal: 1000000 kB\nMemFree: 10000 kB\nBuffers: 90000 kB\nCached: 300000 kB\n"
    assert read({shell.MEMORY: old})["memory"].used == 585
    assert read({shell.MEMORY: "MemTotal: 1000000 kB\nMemFree: 10000 kB\n"})["memory"].unread
    assert read({shell.MEMORY: f"{MEMINFO}MemTotal: 2 kB\n"})["memory"].unread
    assert read({shell.MEMORY: "MemTotal: 10 kB\nMemAvailable: 20 kB\n"})["memory"].unread
    assert read({shell.MEMORY: ""})["memory"].unread


def test_processes_are_lost_only_by_a_list_that_is_one() -> None:
    wanted = {"sshd": "ssh", "cron": "cron", "a-very-long-name-of-a-program": "long"}
    named = read(processes=wanted)
    assert named["process ssh"].lost == 0
    assert named["process cron"].lost == 1  # it ended, and its parent did not look
    assert named["process long"].lost == 1
    assert read({shell.PROCESSES: "init\na-very-long-nam\nps\n"}, wanted)["process long"].lost == 0
    for broken in ("", "systemd\nsshd\n", "sshd\nps\n", ShellAnswer(shell.PROCESSES, "systemd\nps\n", 1)):
        assert read({shell.PROCESSES: broken}, wanted)["process cron"].unread
        assert read({shell.PROCESSES: broken}, wanted)["process ssh"].unread


def test_what_a_login_prints_by_itself_is_passed_over() -> None:
    noise = {command: f"Authorised users only.\n\n{text}" for command, text in WELL.items()}
    assert read(noise) == read()


def test_an_uptime_that_is_not_told_leaves_the_restarts_unread() -> None:
    assert read({shell.UPTIME: "yes\n"})["restarts"].unread


def test_a_host_that_answers_nothing_of_the_kind_is_unreadable() -> None:
    refusal = "Password change required but no TTY available."
    nothing = {command: ShellAnswer(command, "", 1, refusal) for command in WELL}
    with pytest.raises(BadAnswer, match="answers not as a Linux host: 'Password change required"):
        read(nothing)


# -- the clock

GONE = ShellAnswer(clock.CHRONY, "", 127, "command not found")
SILENT = ShellAnswer(clock.CHRONY, "506 Cannot talk to daemon\n", 1)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", (0, 0, False)),
        ("0.250000000 seconds slow", "1.250000000 seconds fast", (0, 1, False)),
        ("Normal", "Insert second", (0, 0, False)),
        ("Normal", "Not synchronised", (1, 0, False)),
        ("C0000201 (192.0.2.1)", "7F7F0101 ()", (1, 0, False)),
        ("C0000201 (192.0.2.1)", "127.127.1.1 ()", (1, 0, False)),
        ("C0000201 (192.0.2.1)", "1.2.3.4 (a.b.c)", (0, 0, False)),
        ("Nov 20 16:50", "Nov 20 10:50", (1, 0, False)),
        ("Nov 20 16:50:29 2026", "Nov 20 16:50", (None, 0, True)),
        ("Leap status     : Normal\n", "", (None, 0, True)),
        ("Normal", "Fine", (None, 0, True)),
        ("slow of NTP time", "", (None, 0, True)),
        ("Reference ID    : C0000201 (192.0.2.1)\n", "", (None, 0, True)),
    ],
)
def test_the_clock_by_chrony(old: str, new: str, shown: tuple[int | None, int, bool]) -> None:
    part = read({clock.CHRONY: TRACKING.replace(old, new)})["clock"]
    assert (part.lost, part.degraded, part.unread) == shown


def test_a_clock_that_no_server_ever_set() -> None:
    # chronyd 4.3 without a source, asked here
    text = (
        "Reference ID    : 00000000 ()\nStratum         : 0\n"
        "Ref time (UTC)  : Thu Jan 01 00:00:00 1970\n"
        "System time     : 0.000000000 seconds fast of NTP time\n"
        "Leap status     : Not synchronised\n"
    )
    assert read({clock.CHRONY: text})["clock"].lost == 1


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ("*192.0.2.1  .GPS.  1 u  33  64  377  0.123  -0.456  0.010\n", (0, 0, False)),
        ("*192.0.2.1  .GPS.  1 u  33  64  377  0.123  1456.0  0.010\n", (0, 1, False)),
        (" 192.0.2.1  .INIT. 16 u  -  64  0  0.000  0.000  0000.00\n", (1, 0, False)),
        ("*127.127.1.0 .LOCL. 5 l 23h 64 377 0.000 0.000 0.000\n", (1, 0, False)),
        ("*192.0.2.1  .GPS.  1 u  33  64  377\n", (None, 0, True)),
        ("", (None, 0, True)),
        ("what\n", (None, 0, True)),
    ],
)
def test_the_clock_by_ntpq(rows: str, shown: tuple[int | None, int, bool]) -> None:
    for chrony in (GONE, SILENT):
        part = read({clock.CHRONY: chrony, clock.NTPQ: HEAD + rows})["clock"]
        assert (part.lost, part.degraded, part.unread) == shown


def test_an_offset_by_ntpq_has_the_sign_of_chrony() -> None:
    rows = "*192.0.2.1  .GPS.  1 u  33  64  377  0.123  250.0  0.010\n"  # the server is ahead
    findings = shell.read(told_by({clock.CHRONY: GONE, clock.NTPQ: HEAD + rows}), AT, Own(), {})
    assert values(findings)[("avaya_host_clock_offset_seconds",)] == -0.25


def test_a_clock_that_nobody_keeps_is_not_told_and_one_that_nobody_tells_is_unread() -> None:
    gone = ShellAnswer(clock.NTPQ, "", 127, "No such file or directory")
    refused = ShellAnswer(clock.NTPQ, "", 1, "ntpq: read: Connection refused")
    none = ShellAnswer(clock.NTPQ, "", 0, "No association ID's returned")
    assert "clock" not in read({clock.CHRONY: GONE, clock.NTPQ: gone})
    assert read({clock.CHRONY: SILENT, clock.NTPQ: gone})["clock"].unread
    assert read({clock.CHRONY: GONE, clock.NTPQ: refused})["clock"].unread
    assert read({clock.CHRONY: GONE, clock.NTPQ: none})["clock"].lost == 1


def test_the_uptime_is_asked_last_as_a_restart_is_counted_back_from_the_end_of_the_poll() -> None:
    class Asked:
        def __init__(self) -> None:
            self.commands: list[str] = []

        async def run(self, command: str) -> ShellAnswer:
            self.commands.append(command)
            return ShellAnswer(command, "", 127)

    session = Asked()
    asyncio.run(shell.ask(session, "date -u +%s"))
    assert session.commands[-1] == shell.UPTIME
    assert session.commands.count(shell.UPTIME) == 1
