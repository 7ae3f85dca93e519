"""A Linux host over SNMP: processors, memory, disks, processes, interfaces, restarts.

What net-snmp's agent tells with HOST-RESOURCES, UCD-SNMP and IF-MIB. An agent may show any part of it, and
what it does not have is not told: no part is made of it, and a process that must run is unread then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.base import (
    SYS_DESCR,
    SYS_OBJECT_ID,
    SYS_UPTIME,
    Answers,
    Fact,
    Findings,
    Metric,
    Observation,
    Own,
    Pacing,
    Role,
    Row,
    Sample,
    SnmpSession,
)
from collectors.host import parts
from collectors.host.parts import OPTIONS, Disk

__all__ = ["FACTS", "METRICS", "OPTIONS", "PACING", "ask", "read", "tells"]

HR, UCD, IF = "1.3.6.1.2.1.25", "1.3.6.1.4.1.2021", "1.3.6.1.2.1"
HOST_UPTIME, PROCESS_COUNT = f"{HR}.1.1.0", f"{HR}.1.6.0"
STORAGES = STORAGE_TYPE, STORAGE_NAME, STORAGE_UNIT, STORAGE_SIZE, STORAGE_USED = [
    f"{HR}.2.3.1.{n}" for n in (2, 3, 4, 5, 6)
]
CPU_LOAD, RUN_NAME = f"{HR}.3.3.1.2", f"{HR}.4.2.1.2"
FILE_SYSTEMS = FS_MOUNT, FS_ACCESS = [f"{HR}.3.8.1.{n}" for n in (2, 5)]
MEMORY_TOTAL, MEMORY_FREE, MEMORY_BUFFER, MEMORY_CACHED, MEMORY_AVAILABLE = [  # kB
    f"{UCD}.4.{n}.0" for n in (5, 6, 14, 15, 27)
]
CPU_IDLE = f"{UCD}.11.11.0"
DISKS = DISK_PATH, DISK_TOTAL, DISK_FREE, DISK_USED, DISK_LOW = [f"{UCD}.9.1.{n}" for n in (2, 6, 7, 8, 100)]
LOAD_HUNDREDTHS = f"{UCD}.10.1.5"
COUNTED = COUNTED_NAME, COUNTED_COUNT, COUNTED_FAULT = [f"{UCD}.2.1.{n}" for n in (2, 5, 100)]
INTERFACES = INTERFACE_TEXT, INTERFACE_ADMIN, INTERFACE_STATE = [f"{IF}.2.2.1.{n}" for n in (2, 7, 8)]
INTERFACE_NAME = f"{IF}.31.1.1.1.1"

FIXED_DISK, READ_ONLY = f"{HR}.2.1.4", 2
UP, DOWN, NOT_PRESENT, LOWER_DOWN, DORMANT = 1, 2, 6, 7, 5
STATES = {DOWN: "down", NOT_PRESENT: "not present", LOWER_DOWN: "what it lies on is down", DORMANT: "dormant"}
WRAP = 2**32 / 100  # seconds after which TimeTicks begin again
_DRIVE = re.compile(r"([A-Z]:\\).*")  # of Windows: behind it stand label and serial number
SLACK = 60.0  # seconds between two questions of one poll, at most

INTERFACE_UP = Metric("avaya_host_interface_up", "Whether a network interface is up, 0 or 1.", ("interface",))
METRICS = (*parts.METRICS, INTERFACE_UP)


async def ask(session: SnmpSession, *, names: bool = True) -> Answers:
    """What the host's agent tells; what it has not is not told.

    `names`: those of all processes too, by far the longest table; who minds no process leaves them out. The
    uptime is asked last: it is counted back from the end of the poll, and a slow one must move no restart.
    """
    answers = await session.get(SYS_DESCR, SYS_OBJECT_ID, PROCESS_COUNT, CPU_IDLE)
    answers |= await session.get(MEMORY_TOTAL, MEMORY_FREE, MEMORY_BUFFER, MEMORY_CACHED, MEMORY_AVAILABLE)
    for columns in (STORAGES, FILE_SYSTEMS, [CPU_LOAD], DISKS, [LOAD_HUNDREDTHS], COUNTED, INTERFACES):
        answers |= await session.walk(*columns)
    answers |= await session.walk(INTERFACE_NAME)
    if names:
        answers |= await session.walk(RUN_NAME)
    return answers | await session.get(SYS_UPTIME, HOST_UPTIME)


def _name(row: Row, column: str) -> str | None:
    """A name that somebody else gave, in whatever letters: one that is cut or odd must not cost the poll."""
    octets = row.octets(column)
    return None if octets is None else octets.rstrip(b"\0").decode("utf-8", "replace").strip()


def tells(answers: Answers) -> bool:
    """Whether the agent tells anything of its host."""
    told = any(answers.value(oid) is not None for oid in (HOST_UPTIME, MEMORY_TOTAL))
    return told or any(True for _ in answers.rows(STORAGE_NAME)) or any(True for _ in answers.rows(DISK_PATH))


def read(answers: Answers, at: datetime, own: Own, processes: Mapping[str, str]) -> Findings:
    """What the answers say. `processes`: the name of a part by the name of the program that must run.

    `complete` is capacity where processors, memory and disks were all told: whoever adds capacity of their
    own over another protocol must leave that out. Raises BadAnswer for answers of the wrong kind.
    """
    observations: list[Observation] = []
    samples: list[Sample] = []
    share = _cpu(answers)
    if share is not None:
        observations.append(parts.cpu(share))
        samples += parts.CPU_USED.told(share if 0 <= share <= 100 else None, per=100)
    used, size = _memory(answers)
    if size is not None:
        memory = parts.memory(used, size)
        observations.append(memory)
        if not memory.unread:
            samples += (*parts.MEMORY_SIZE.told(size), *parts.MEMORY_USED.told(used))
    disks, whole = _disks(answers, own)
    for disk in disks:
        part = parts.disk(disk, own)
        observations.append(part)
        if not part.unread:
            samples += parts.DISK_SIZE.told(disk.size, disk.mount)
            samples += parts.DISK_USED.told(disk.used, disk.mount)
    for (n,), row in answers.rows(LOAD_HUNDREDTHS, parts=1):
        load = row.integer(LOAD_HUNDREDTHS)
        if 1 <= n <= len(parts.LOADS) and load is not None and load >= 0:
            samples += parts.LOAD.told(load, parts.LOADS[n - 1], per=100)
    for part, count in _processes(answers, own, processes):
        observations.append(part)
        samples += parts.PROCESSES.told(count, part.component.partition(" ")[2])
    for part in _interfaces(answers, own):
        observations.append(part)
        if part.total:
            samples += INTERFACE_UP.told(1 - (part.lost or 0), part.component.partition(" ")[2])
    observations += _restart(answers, at)
    samples += parts.UPTIME.told(_uptime(answers))
    complete: tuple[Role, ...] = ("capacity",) if whole and share is not None and size is not None else ()
    return Findings(tuple(observations), tuple(samples), complete)


def _cpu(answers: Answers) -> float | None:
    """Per cent of all processors' time; None: not told; -1: told, and no share."""
    loads = [row.integer(CPU_LOAD) for _, row in answers.rows(CPU_LOAD)]
    if loads:
        told = [load for load in loads if load is not None]
        return sum(told) / len(told) if all(0 <= load <= 100 for load in told) else -1
    idle = answers.integer(CPU_IDLE)
    return None if idle is None else float(100 - idle) if 0 <= idle <= 100 else -1


def _memory(answers: Answers) -> tuple[int | None, int | None]:
    """Bytes that programs hold, and of how many; None: not told.

    Buffers and cache are given back when programs need them; agents from 5.9 on reckon that themselves.
    """
    total, free, buffers, cached, available = (
        answers.count(oid)
        for oid in (MEMORY_TOTAL, MEMORY_FREE, MEMORY_BUFFER, MEMORY_CACHED, MEMORY_AVAILABLE)
    )
    if total is not None and available is not None:
        return 1024 * (total - available), 1024 * total
    if total is not None and free is not None and buffers is not None and cached is not None:
        return 1024 * max(0, total - free - buffers - cached), 1024 * total
    pools = {
        (_name(row, STORAGE_NAME) or "").lower(): (
            _bytes(row.integer(STORAGE_UNIT), row.integer(STORAGE_SIZE)),
            _bytes(row.integer(STORAGE_UNIT), row.integer(STORAGE_USED)),
        )
        for _, row in answers.rows(*STORAGES)
    }
    size, used = pools.get("physical memory") or pools.get("real memory") or (None, None)
    if size is None and total is not None:
        return None, 1024 * total  # known, and not to be reckoned
    spare = [pools.get(name, (None, None))[1] for name in ("memory buffers", "cached memory")]
    known = [bytes_ for bytes_ in spare if bytes_ is not None]
    if not known and _is_windows(answers):  # there what is in use is in use
        return used, size
    return None if used is None or len(known) < len(spare) else max(0, used - sum(known)), size


def _bytes(unit: int | None, count: int | None) -> int | None:
    return None if unit is None or count is None or unit <= 0 or count < 0 else unit * count


def _disks(answers: Answers, own: Own) -> tuple[list[Disk], bool]:
    """The disks by their mount points, and whether the agent listed them all and said all of each."""
    read_only = {
        _name(row, FS_MOUNT) for _, row in answers.rows(*FILE_SYSTEMS) if row.integer(FS_ACCESS) == READ_ONLY
    }
    low = {_name(row, DISK_PATH): row.integer(DISK_LOW) == 1 for _, row in answers.rows(*DISKS)}
    found: dict[str, Disk] = {}
    whole = False
    for (n,), row in answers.rows(*STORAGES, parts=1):
        kind, mount = row.values.get(STORAGE_TYPE), _name(row, STORAGE_NAME)
        if kind not in (None, FIXED_DISK):
            continue
        if kind is None and not (mount or "").startswith("/"):
            continue  # a pool of memory, or nothing that could be told from one
        size, used = (_bytes(row.integer(STORAGE_UNIT), row.integer(c)) for c in (STORAGE_SIZE, STORAGE_USED))
        mount = _DRIVE.sub(r"\1", mount) if mount else f"number {n}"
        if parts.is_disk(mount, own) and mount not in read_only and _has_room(size):
            found[mount] = Disk(mount, used, size, low.get(mount, False))
        whole = True
    for _, row in answers.rows(*DISKS):
        mount, total, free = _name(row, DISK_PATH), row.integer(DISK_TOTAL), row.integer(DISK_FREE)
        used = row.integer(DISK_USED)
        if mount is None or mount in found or mount in read_only or not parts.is_disk(mount, own):
            continue
        size = None if total is None or free is None or used is None else _bytes(1024, used + free)
        if _has_room(_bytes(1024, total)):
            found[mount] = Disk(mount, _bytes(1024, used), size, low[mount])
    return list(found.values()), whole and all(None not in (each.used, each.size) for each in found.values())


def _is_windows(answers: Answers) -> bool:
    about = answers.value(SYS_DESCR)
    return isinstance(about, bytes) and b"Windows" in about


def _has_room(size: int | None) -> bool:
    """Whether it is a disk by its size, as far as that is told."""
    return size is None or size >= parts.LEAST


def _processes(
    answers: Answers, own: Own, processes: Mapping[str, str]
) -> Iterator[tuple[Observation, int | None]]:
    """The programs that must run by the product, the site and the agent's own settings."""
    listed = answers.rows(RUN_NAME) if RUN_NAME in answers.asked else ()
    by_number = {index: _name(row, RUN_NAME) or "" for index, row in listed}
    names = list(by_number.values())
    count = answers.count(PROCESS_COUNT)
    # The agent counts them as well, a little earlier: a list that is much shorter is not whole.
    whole = count is not None and len(names) >= max(1, 0.9 * count - 2)
    whole = whole and ((1,) in by_number or _is_windows(answers) or not parts.ROOTS.isdisjoint(names))
    counted = {
        _name(row, COUNTED_NAME) or "": (row.integer(COUNTED_COUNT), row.integer(COUNTED_FAULT))
        for _, row in answers.rows(*COUNTED)
    }
    wanted = {**processes, **{name: name for name in own.words("processes") if name not in processes}}
    for program, name in wanted.items():
        found: int | None = parts.running(names, program)
        if not found and not whole:
            found = counted.get(program, (None, None))[0]
        if found is not None and found < 0:
            found = None
        yield parts.process(name, found, "the list of processes was not told whole"), found
    for program, (found, fault) in counted.items():
        if program and program not in wanted and program not in wanted.values():
            if found is None or found < 0 or fault not in (0, 1):
                yield parts.process(program, None, "number or fault not told"), None
            else:  # the agent's own limits: none of a program may be right
                part = parts.process(program, found or 1 - fault, fault=fault == 1)
                yield part, found


def _interfaces(answers: Answers, own: Own) -> Iterator[Observation]:
    if _is_windows(answers):
        return  # it lists dozens that nobody plugged in
    names = {n: _name(row, INTERFACE_NAME) for (n,), row in answers.rows(INTERFACE_NAME, parts=1)}
    seen: set[str] = set()
    for (n,), row in answers.rows(*INTERFACES, parts=1):
        name = names.get(n) or _name(row, INTERFACE_TEXT) or f"number {n}"
        if not parts.is_interface(name, own):
            continue
        part = parts.interface(name if name not in seen else f"{name} {n}")
        seen.add(name)
        admin, state = row.integer(INTERFACE_ADMIN), row.integer(INTERFACE_STATE)
        if admin == DOWN:
            yield replace(part, lost=0, total=0, planned=1, detail="switched off")
        elif admin == UP and state == UP:
            yield replace(part, lost=0, total=1)
        elif admin == UP and state in STATES:
            yield replace(part, lost=1, total=1, side="network", detail=STATES[state])
        else:
            yield part.not_read("state not told")


def _uptime(answers: Answers) -> float | None:
    """Seconds since the host began, by hrSystemUptime; the agent's own time shows how often that wrapped."""
    ticks, agent = answers.count(HOST_UPTIME), answers.uptime()
    if ticks is None or ticks >= 2**32:
        return None
    uptime = ticks / 100
    while agent is not None and uptime + SLACK < agent:  # no agent is older than its host
        uptime += WRAP
    return uptime


def _restart(answers: Answers, at: datetime) -> Iterator[Observation]:
    uptime = _uptime(answers)
    if uptime is not None:  # the agent's own uptime is not its host's: snmpd is restarted by itself
        yield parts.started(at, uptime)


FACTS: tuple[Fact, ...] = (
    Fact("SNMP: use of processors, disks and memory; names of processes", "HOST-RESOURCES-MIB", "verified"),
    Fact("SNMP: memory, disks and processes that the agent watches, load", "UCD-SNMP-MIB", "verified"),
    Fact("SNMP: interfaces, switched on and up", "IF-MIB", "verified"),
    Fact("SNMP: layout and names as Linux fills them", "net-snmp 5.9 on Linux, asked here", "verified"),
    Fact("SNMP: the host's uptime, not its agent's, tells of its restarts", "HOST-RESOURCES-MIB", "verified"),
    Fact("SNMP: a Windows host: drives by their letters, memory without cache", "its agent", "inferred"),
    Fact("SNMP: its agent is net-snmp's, and shows these tables", "Linux hosts of this kind", "inferred"),
)
# Rows, pause, time-out, tries, interval, most rows (a big server runs a few thousand processes).
PACING = Pacing(20, timedelta(milliseconds=50), timedelta(seconds=5), 2, timedelta(minutes=1), 10_000)
