"""A Linux host over SSH, by a login that may only look: the same parts as over SNMP, the clock among them.

The programs are chosen so that what they say depends neither on the language of the host nor on its release.
Interfaces are not among the parts: nothing plain says which of them should be up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from collectors.base import (
    BadAnswer,
    Fact,
    Findings,
    Metric,
    Observation,
    Own,
    Pacing,
    Sample,
    ShellAnswer,
    ShellSession,
    Told,
)
from collectors.host import clock, parts
from collectors.host.parts import Disk

# The processors' times are counts since the start: what they do now is the difference of two looks.
CPU_FIRST, CPU_LAST = "head -n 1 /proc/stat", "cat /proc/stat"
UPTIME, LOAD, MEMORY = "cat /proc/uptime", "cat /proc/loadavg", "cat /proc/meminfo"
MOUNTS, DISKS, PROCESSES = "cat /proc/mounts", "df -P -k -l", "ps -e -o comm="
COMMANDS: tuple[str, ...] = (
    CPU_FIRST,
    UPTIME,
    LOAD,
    MEMORY,
    MOUNTS,
    DISKS,
    PROCESSES,
    clock.CHRONY,
    clock.NTPQ,
    CPU_LAST,
)
METRICS: tuple[Metric, ...] = (clock.OFFSET,)  # beside those of `collectors.host.parts`

MISSING = 127  # exit status: there is no such program
_UPTIME = re.compile(r"(\d+\.\d\d) \d+\.\d\d")
_LOAD = re.compile(r"(\d+\.\d\d) (\d+\.\d\d) (\d+\.\d\d) \d+/\d+ \d+")
_KB = re.compile(r"([A-Za-z]+): +(\d+) kB")
_TIMES = re.compile(r"cpu {1,2}(\d+(?: \d+){7,})")
_PROCESSOR = re.compile(r"(cpu\d+)(?: \d+){8,}")
_LEAST_TICKS = 20  # of all processors: less is no measure
_IDLE = slice(3, 5)  # idle and waiting for a disk
_GUEST = 8  # from here on times that are in the first ones as well
_DF = re.compile(r"(\S.*?) +(\d+) +(\d+) +(-?\d+) +\d+% +(/.*)")
_READ_ONLY = re.compile(r"\S+ (\S+) \S+ (?:ro|ro,\S+) \d+ \d+")
_IN_MEMORY = re.compile(r"\S+ (\S+) (?:tmpfs|ramfs|devtmpfs|overlay|squashfs|iso9660) \S+ \d+ \d+")
_OCTAL = re.compile(r"\\([0-7]{3})")


async def ask(session: ShellSession, *more: str) -> Told[ShellAnswer]:
    """What the host's programs say; `more`: a product's own commands, after the shared ones.

    The uptime is asked last: it is counted back from the end of the poll, and a slow one must move no
    restart.
    """
    told: Told[ShellAnswer] = Told()
    for command in (CPU_FIRST, LOAD, MEMORY, MOUNTS, DISKS, PROCESSES, clock.CHRONY):
        told |= await session.run(command)
    if told[clock.CHRONY].status != 0:
        told |= await session.run(clock.NTPQ)
    for command in (*more, CPU_LAST, UPTIME):
        told |= await session.run(command)
    return told


def read(told: Told[ShellAnswer], at: datetime, own: Own, processes: Mapping[str, str]) -> Findings:
    """What the answers say of the host. `processes`: the name of a part by that of its program.

    No role is listed whole: a list of disks that lost a line looks like any other. Raises BadAnswer if
    nothing of it was said as a Linux host does.
    """
    uptime = only(_UPTIME, told[UPTIME].text)
    sizes = _sizes(told[MEMORY].text)
    if uptime is None and not sizes:
        said = told[UPTIME].errors or told[UPTIME].text.strip()
        raise BadAnswer(UPTIME, f"answers not as a Linux host: {said[:40]!r}")
    share = _cpu(told[CPU_FIRST].text, told[CPU_LAST].text)
    loads = only(_LOAD, told[LOAD].text)
    processors = set(filter(None, map(_processor, told[CPU_LAST].text.splitlines())))
    used, size = _memory(sizes)
    busy = None
    if share is not None and loads is not None and processors:
        # A moment's look counts as far as the load of five minutes says that it lasted.
        busy = min(share, 100 * float(loads[2]) / len(processors))
    observations = [parts.cpu(busy), parts.memory(used, size)]
    samples: list[Sample] = [*parts.CPU_USED.told(share, per=100)]
    if not observations[1].unread:
        samples += (*parts.MEMORY_SIZE.told(size), *parts.MEMORY_USED.told(used))
    for disk in _disks(told, own):
        part = parts.disk(disk, own)
        observations.append(part)
        if not part.unread:
            samples += parts.DISK_SIZE.told(disk.size, disk.mount)
            samples += parts.DISK_USED.told(disk.used, disk.mount)
    for over, load in zip(parts.LOADS, loads.groups() if loads else (), strict=False):
        samples += parts.LOAD.told(float(load), over)
    for part, count in _processes(told[PROCESSES], own, processes):
        observations.append(part)
        samples += parts.PROCESSES.told(count, part.component.partition(" ")[2])
    timepiece, offset = clock.clock(told[clock.CHRONY], told.answers.get(clock.NTPQ), at)
    observations += [] if timepiece is None else [timepiece]
    samples += clock.OFFSET.told(offset)
    if uptime is None:
        observations.append(Observation(role="restart", component="restarts", unread=True))
    else:
        observations.append(parts.started(at, float(uptime[1])))
        samples += parts.UPTIME.told(float(uptime[1]))
    return Findings(tuple(observations), tuple(samples))


def only(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The one line that is of this form, whatever a login's own files print before it; None: not one."""
    found = [match for line in text.splitlines() if (match := pattern.fullmatch(line)) is not None]
    return found[0] if len(found) == 1 else None


def _cpu(first: str, last: str) -> float | None:
    """Per cent of all processors' time between two looks; None: not told, or nothing happened between."""
    looks = [only(_TIMES, text) for text in (first, last)]
    times = [[int(part) for part in look[1].split()] for look in looks if look is not None]
    if len(times) < len(looks) or len(times[0]) != len(times[1]):
        return None
    before, after = times
    passed = [then - now for now, then in zip(before, after, strict=True)][:_GUEST]
    total, idle = sum(passed), sum(passed[_IDLE])
    # The time that waits for disks may go back a little (proc(5)); nothing else does.
    if total < _LEAST_TICKS or not 0 <= idle <= total:
        return None
    return 100 * (total - idle) / total


def _processor(line: str) -> str | None:
    match = _PROCESSOR.fullmatch(line)
    return None if match is None else match[1]


def _sizes(text: str) -> dict[str, int]:
    """Bytes by name; what is told twice is not told."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for match in filter(None, map(_KB.fullmatch, text.splitlines())):
        twice |= {match[1]} & found.keys()
        found[match[1]] = 1024 * int(match[2])
    return {name: size for name, size in found.items() if name not in twice}


def _memory(sizes: Mapping[str, int]) -> tuple[int | None, int | None]:
    """What programs hold, and of how much. Kernels before 3.14 do not say what could be given back."""
    total, available = sizes.get("MemTotal"), sizes.get("MemAvailable")
    if total is None:
        return None, None
    if available is not None:
        return total - available, total
    spare = [sizes.get(name) for name in ("MemFree", "Buffers", "Cached")]
    known = [size for size in spare if size is not None]
    return (max(0, total - sum(known)), total) if len(known) == len(spare) else (None, total)


def _disks(told: Told[ShellAnswer], own: Own) -> Iterator[Disk]:
    mounts = told[MOUNTS].text.splitlines()
    left_out = {
        _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), match[1])
        for line in mounts
        for match in (_READ_ONLY.fullmatch(line), _IN_MEMORY.fullmatch(line))
        if match is not None
    }
    seen: set[str] = set()
    for match in filter(None, map(_DF.fullmatch, told[DISKS].text.splitlines())):
        blocks, used, free = (1024 * int(match[n]) for n in (2, 3, 4))
        mount = match[5]
        if mount in seen or mount in left_out or blocks < parts.LEAST or not parts.is_disk(mount, own):
            continue
        seen.add(mount)
        yield Disk(mount, used, used + max(0, free))  # without what is kept for root


def _processes(
    answer: ShellAnswer, own: Own, processes: Mapping[str, str]
) -> Iterator[tuple[Observation, int | None]]:
    names = [line.strip() for line in answer.text.splitlines()]
    # The program that lists them is itself among them. What has ended and waits for its parent is no process.
    whole = answer.status == 0 and "ps" in names and not parts.ROOTS.isdisjoint(names)
    alive = [name for name in names if not name.endswith("<defunct>")]
    wanted = {**processes, **{name: name for name in own.words("processes") if name not in processes}}
    for program, name in wanted.items():
        count = parts.running(alive, program) if whole else None
        yield parts.process(name, count, "the list of processes was not told whole"), count


FACTS: tuple[Fact, ...] = (
    Fact("SSH: /proc: uptime, load, memory, processors, mounts", "Linux, proc(5), read here", "verified"),
    Fact("SSH: df -P -k -l and ps -e -o comm=, in any language", "POSIX; run here over sshd", "verified"),
    Fact("SSH: chronyc tracking: leap status, reference, offset", "chrony 4.3, run here", "verified"),
    Fact("SSH: ntpq -pn: the server in use, its offset in ms", "ntpq's manual, its output shown", "verified"),
    Fact("SSH: a host without MemAvailable: free, buffers and cache can be had", "proc(5)", "inferred"),
    Fact("SSH: chrony without a measurement for 6 h is not synchronised", "it asks every 17 min", "inferred"),
    Fact("SSH: a login that may only look can run these programs", "they need no rights", "inferred"),
)
# Rows and tries mean nothing; pause, time-out, interval. ntpq by itself waits 10 s for a daemon that is hung.
PACING = Pacing(1, timedelta(milliseconds=100), timedelta(seconds=15), 1, timedelta(minutes=5))
