"""A Linux host on which a product runs: what is true of it, what its SNMP agent and its programs say.

Where the figures and texts come from:

* OIDs, types, enumerations and units: HOST-RESOURCES-MIB, UCD-SNMP-MIB, IF-MIB; their layout is what net-snmp
  5.9 fills in on Linux (rows of memory pools before those of disks, units of 1024 and 4096 bytes).
* The form of what `df`, `ps`, `uptime`, `chronyc` and the files below /proc say is that of these programs on
  Debian 12 and RHEL 8.
* Synthetic: every size, load and number, and which programs run on a product's host; that its agent shows
  these tables at all is inferred, nobody has published a walk of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from tests.lab.cells import Face, Gauge, ObjectId, Oid, Ticks, Value, rows, scalars, system_group
from tests.lab.model import Customer, System
from tests.lab.played import Change, Door, Here, Ran
from tests.lab.terminal import Screen

_HR = "1.3.6.1.2.1.25"
_UCD = "1.3.6.1.4.1.2021"
_IF = "1.3.6.1.2.1.2.2.1"
_NET_SNMP_LINUX = "1.3.6.1.4.1.8072.3.2.10"
_RAM, _VIRTUAL, _FIXED, _OTHER = (f"{_HR}.2.1.{n}" for n in (2, 3, 4, 1))
_PROCESSORS = 8
_SWAP = 4096  # MiB
_UNIT = 4096  # bytes to an allocation unit of a disk
_KERNEL = "4.18.0-553.el8_10.x86_64"


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system. `size`, `used`: in MiB."""

    mount: str
    device: str
    size: int
    used: int


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface that is switched on."""

    name: str
    up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(System):
    """A Linux host. `running` False: it is dead, its agent included.

    `cpu`: per cent of all its processors. `memory`, `memory_used`: in MiB, of `programs` alone. `programs`:
    the product's own, by the names of their processes; `stopped`: those of them that do not run. `clock`:
    seconds that it is ahead of its time server; None: it has lost it.
    """

    running: bool = True
    cpu: int = 7
    memory: int = 8192
    memory_used: int = 3120
    disks: tuple[Disk, ...] = (
        Disk("/", "/dev/mapper/vg-root", 20_480, 8_240),
        Disk("/var", "/dev/mapper/vg-var", 40_960, 11_310),
    )
    interfaces: tuple[Interface, ...] = (Interface("eth0"),)
    programs: tuple[str, ...] = ()
    of_the_system: tuple[str, ...] = ("systemd", "sshd", "chronyd", "crond", "rsyslogd", "snmpd")
    stopped: frozenset[str] = frozenset()
    clock: float | None = 0.000213
    switched: frozenset[str] = frozenset()  # what else is wrong with it, in the words of its own file

    @property
    def mute(self) -> bool:
        """Out of reach, or dead."""
        return not (self.reachable and self.running)

    @property
    def processes(self) -> tuple[str, ...]:
        """The names of all that runs."""
        return (*self.of_the_system, *(name for name in self.programs if name not in self.stopped))


Program = Callable[[Here], str]
_NO_MORE: Mapping[str, Program] = MappingProxyType({})


def face(_customer: Customer, host: Host, now: datetime) -> Face:
    """What its SNMP agent answers, whatever product runs on it."""
    running = Ticks(int((now - host.started).total_seconds() * 100) % 2**32)
    return {
        **system_group(host, f"Linux {host.name} {_KERNEL} (simulated)", _NET_SNMP_LINUX, now),
        **scalars(f"{_HR}.1", {1: running, 5: Gauge(1), 6: Gauge(len(host.processes))}),
        **_storages(host),
        **rows(
            f"{_HR}.3.3.1", (1, 2), {(196608 + n,): (ObjectId("0.0"), host.cpu) for n in range(_PROCESSORS)}
        ),
        **_processes(host),
        **_memory(host),
        **_file_systems(host),
        # laIndex, laNames, laLoad, laConfig, laLoadInt
        **rows(
            f"{_UCD}.10.1",
            (1, 2, 3, 5),
            {(n,): (n, f"Load-{m}", _load(host), int(100 * float(_load(host)))) for n, m in _LOADS},
        ),
        **scalars(f"{_UCD}.11", {9: host.cpu - 2, 10: 2, 11: 100 - host.cpu}),
        **_interfaces(host),
    }


_LOADS = ((1, 1), (2, 5), (3, 15))


def _load(host: Host) -> str:
    return f"{_PROCESSORS * host.cpu / 100:.2f}"


def _buffers(host: Host) -> tuple[int, int]:
    """Buffers and cache in MiB: an eighth and the half of what programs leave."""
    free = host.memory - host.memory_used
    return free // 8, free // 2


def _storages(host: Host) -> Face:
    buffers, cached = _buffers(host)
    taken = host.memory_used + buffers + cached
    cells: dict[Oid, tuple[Value, ...]] = {
        (1,): (1, ObjectId(_RAM), "Physical memory", 1024, host.memory * 1024, taken * 1024),
        (3,): (3, ObjectId(_VIRTUAL), "Virtual memory", 1024, (host.memory + _SWAP) * 1024, taken * 1024),
        (6,): (6, ObjectId(_OTHER), "Memory buffers", 1024, host.memory * 1024, buffers * 1024),
        (7,): (7, ObjectId(_OTHER), "Cached memory", 1024, cached * 1024, cached * 1024),
    }
    mounts: dict[Oid, tuple[Value, ...]] = {}
    for number, disk in enumerate(host.disks, start=31):
        size, used = (mib * 1024 * 1024 // _UNIT for mib in (disk.size, disk.used))
        cells[(number,)] = (number, ObjectId(_FIXED), disk.mount, _UNIT, size, used)
        mounts[(number - 30,)] = (number - 30, disk.mount, 1)  # readWrite
    # Index, Type, Descr, AllocationUnits, Size, Used; hrFS: Index, MountPoint, Access
    return {
        **rows(f"{_HR}.2.3.1", range(1, 7), cells),
        **rows(f"{_HR}.3.8.1", (1, 2, 5), mounts),
    }


def _processes(host: Host) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {
        (pid,): (pid, name[:15], f"/usr/sbin/{name}", 2) for pid, name in _numbered(host)
    }
    # Index, Name, Path, Status
    return rows(f"{_HR}.4.2.1", (1, 2, 4, 7), cells)


def _numbered(host: Host) -> list[tuple[int, str]]:
    return [(1 + 97 * place, name) for place, name in enumerate(host.processes)]


def _memory(host: Host) -> Face:
    buffers, cached = _buffers(host)
    free = host.memory - host.memory_used - buffers - cached
    # memTotalSwap, AvailSwap, TotalReal, AvailReal, TotalFree, Buffer, Cached, in kB
    kilobytes = {3: _SWAP, 4: _SWAP, 5: host.memory, 6: free, 11: free + _SWAP, 14: buffers, 15: cached}
    return scalars(f"{_UCD}.4", {n: mib * 1024 for n, mib in kilobytes.items()})


def _file_systems(host: Host) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {}
    for number, disk in enumerate(host.disks, start=1):
        kilobytes = (disk.size * 1024, (disk.size - disk.used) * 1024, disk.used * 1024)
        percent = 100 * disk.used // disk.size
        cells[(number,)] = (number, disk.mount, disk.device, *kilobytes, percent, 0, "")
    # Index, Path, Device, Total, Avail, Used, Percent, ErrorFlag, ErrorMsg
    return rows(f"{_UCD}.9.1", (1, 2, 3, 6, 7, 8, 9, 100, 101), cells)


def _interfaces(host: Host) -> Face:
    named = [("lo", True), *((each.name, each.up) for each in host.interfaces)]
    cells: dict[Oid, tuple[Value, ...]] = {}
    names: dict[Oid, tuple[Value, ...]] = {}
    for number, (name, up) in enumerate(named, start=1):
        kind = 24 if name == "lo" else 6  # softwareLoopback, ethernetCsmacd
        cells[(number,)] = (number, name, kind, 1, 1 if up else 2)
        names[(number,)] = (name,)
    # Index, Descr, Type, AdminStatus, OperStatus; ifName
    return {
        **rows(_IF, (1, 2, 3, 7, 8), cells),
        **rows("1.3.6.1.2.1.31.1.1.1", (1,), names),
    }


# --- over SSH ---------------------------------------------------------------------------------------------


def door(*, key: str = "ssh-ed25519", more: Mapping[str, Program] = _NO_MORE) -> Door:
    """The way in by SSH, for a login that may only look. `more`: what the product's own programs say."""

    def run(here: Here, command: str) -> Ran:
        if not isinstance(here.system, Host):
            raise TypeError(f"{here.system.name} is no Linux host")
        if (own := more.get(command)) is not None:
            return Ran(own(here))
        if (tell := _PROGRAMS.get(command)) is not None:
            return Ran(tell(here.system, here.now))
        name = command.split(maxsplit=1)[0] if command.split() else command
        return Ran(status=127, errors=f"bash: {name}: command not found\n")

    async def talk(screen: Screen, here: Here) -> bool:
        prompt = f"[trunkwatch@{here.system.name} ~]$ "
        await screen.say(prompt)
        while (typed := (await screen.line(echo=True)).strip()) not in ("exit", "logout"):
            ran = run(here, typed) if typed else Ran()
            await screen.answer((ran.text + ran.errors).replace("\n", "\r\n") + prompt)
        return True

    return Door(title="SSH, a login shell and single programs", key=key, talk=talk, run=run)


def _df(host: Host, _now: datetime) -> str:
    lines = ["Filesystem              1024-blocks      Used Available Capacity Mounted on"]
    for disk in host.disks:
        size, used = disk.size * 1024, disk.used * 1024
        percent = -(-100 * disk.used // disk.size)
        lines.append(f"{disk.device:<23} {size:11d} {used:9d} {size - used:9d} {percent:7d}% {disk.mount}")
    lines.append(f"{'tmpfs':<23} {407892:11d} {1024:9d} {406868:9d} {1:7d}% /run/user/1000")
    return _lines(lines)


def _mounts(host: Host, _now: datetime) -> str:
    lines = [f"{disk.device} {disk.mount} xfs rw,relatime,attr2,inode64,noquota 0 0" for disk in host.disks]
    return _lines([*lines, "tmpfs /run/user/1000 tmpfs rw,nosuid,nodev,relatime,size=407892k 0 0"])


def _meminfo(host: Host, _now: datetime) -> str:
    buffers, cached = _buffers(host)
    told = {
        "MemTotal": host.memory,
        "MemFree": host.memory - host.memory_used - buffers - cached,
        "MemAvailable": host.memory - host.memory_used,
        "Buffers": buffers,
        "Cached": cached,
        "SwapCached": 0,
        "SwapTotal": _SWAP,
        "SwapFree": _SWAP,
    }
    return _lines(f"{name + ':':<16}{mib * 1024:8d} kB" for name, mib in told.items())


def _ps(host: Host, _now: datetime) -> str:
    return _lines([*(name[:15] for name in host.processes), "ps"])


def _uptime(host: Host, now: datetime) -> str:
    seconds = (now - host.started).total_seconds()
    return f"{seconds:.2f} {_PROCESSORS * seconds * (1 - host.cpu / 100):.2f}\n"


def _stat(host: Host, now: datetime) -> str:
    """The times of the processors since the start, in ticks of 10 ms: of programs, of the system, idle."""
    ticks = int((now - host.started).total_seconds() * 100)
    used = ticks * host.cpu // 100
    each = f"{used - used // 4} 0 {used // 4} {ticks - used} 0 0 0 0 0 0"
    whole = " ".join(str(_PROCESSORS * int(part)) for part in each.split())
    return _lines([f"cpu  {whole}", *(f"cpu{n} {each}" for n in range(_PROCESSORS)), "ctxt 115315"])


def _loadavg(host: Host, _now: datetime) -> str:
    load = _load(host)
    return f"{load} {load} {load} 1/{20 * len(host.processes)} 31337\n"


def _chronyc(host: Host, now: datetime) -> str:
    off = host.clock or 0.0
    heard = now - timedelta(seconds=now.timestamp() % 1024)
    lines = (
        ("Reference ID", "0A2F0001 (10.47.0.1)" if host.clock is not None else "00000000 ()"),
        ("Stratum", "4" if host.clock is not None else "0"),
        ("Ref time (UTC)", f"{heard.astimezone(UTC):%a %b %d %H:%M:%S %Y}"),
        ("System time", f"{abs(off):.9f} seconds {'slow' if off < 0 else 'fast'} of NTP time"),
        ("Last offset", f"{off:+.9f} seconds"),
        ("RMS offset", f"{abs(off):.9f} seconds"),
        ("Frequency", "7.021 ppm slow"),
        ("Residual freq", "+0.001 ppm"),
        ("Skew", "0.047 ppm"),
        ("Root delay", "0.012345678 seconds"),
        ("Root dispersion", "0.001234567 seconds"),
        ("Update interval", "1024.5 seconds"),
        ("Leap status", "Normal" if host.clock is not None else "Not synchronised"),
    )
    return _lines(f"{name:<16}: {value}" for name, value in lines)


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


_PROGRAMS: dict[str, Callable[[Host, datetime], str]] = {
    "head -n 1 /proc/stat": lambda host, now: _stat(host, now).partition("\n")[0] + "\n",
    "cat /proc/stat": _stat,
    "cat /proc/uptime": _uptime,
    "cat /proc/loadavg": _loadavg,
    "cat /proc/meminfo": _meminfo,
    "cat /proc/mounts": _mounts,
    "df -P -k -l": _df,
    "ps -e -o comm=": _ps,
    "chronyc -n tracking": _chronyc,
}


# --- faults -----------------------------------------------------------------------------------------------


def on_host(change: Callable[[Host], Host]) -> Change:
    """A change of one host, since when it is so."""

    def on(customer: Customer, system: System, at: datetime) -> Customer:
        if not isinstance(system, Host):
            raise TypeError(f"{system.name} is no Linux host")
        return customer.put(replace(change(system), since=system.since or at))

    return on


def dead(host: Host) -> Host:
    """The host, dead."""
    return replace(host, running=False)


def stops(*programs: str) -> Callable[[Host], Host]:
    """A host on which these programs do not run."""
    return lambda host: replace(host, stopped=host.stopped | {*programs})


def fills(mount: str, percent: int) -> Callable[[Host], Host]:
    """A host whose disk is as full as this."""

    def full(host: Host) -> Host:
        disks = tuple(
            replace(disk, used=disk.size * percent // 100) if disk.mount == mount else disk
            for disk in host.disks
        )
        return replace(host, disks=disks)

    return full


def suffers(what: str) -> Callable[[Host], Host]:
    """A host with something wrong that only its own file knows what to make of."""
    return lambda host: replace(host, switched=host.switched | {what})
