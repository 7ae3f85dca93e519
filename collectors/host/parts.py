"""The parts of a Linux host, named alike whichever protocol tells of them. It asks nobody.

Roles: capacity `cpu` (used and limit in per cent), `memory` and `disk MOUNT` (in MiB; kind disk), equipment
`process NAME` and `interface NAME`, restart `restarts`. A detail holds no measured value: parts are compared.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from collectors.base import Metric, Observation, Option, Own, RestartEvent

UPTIME = Metric("avaya_uptime_seconds", "Time since the device, or over SNMP its agent, started, in seconds.")
CPU_USED = Metric("avaya_host_cpu_used_ratio", "Share of all processors' time in use, 0 to 1.")
LOAD = Metric("avaya_host_load", "Load average of a Linux host over so long.", ("over",))
MEMORY_SIZE = Metric("avaya_host_memory_bytes", "Memory of a Linux host, in bytes.")
MEMORY_USED = Metric(
    "avaya_host_memory_used_bytes", "Memory that programs could not be given any more, in bytes."
)
DISK_SIZE = Metric("avaya_host_disk_bytes", "Size of a file system, in bytes.", ("mount",))
DISK_USED = Metric("avaya_host_disk_used_bytes", "Bytes of a file system in use.", ("mount",))
PROCESSES = Metric("avaya_host_processes", "Processes that run under a watched name.", ("process",))
METRICS = (UPTIME, CPU_USED, LOAD, MEMORY_SIZE, MEMORY_USED, DISK_SIZE, DISK_USED, PROCESSES)

LOADS = ("1m", "5m", "15m")
MIB = 1024 * 1024
LEAST = 16 * MIB  # bytes: what is smaller is no disk, only seems one

# A file system of ext keeps 5 % for root: at 95 % the programs of all others can write no more.
DISK_FULL = 95  # per cent
DISK_NEARLY = 5  # per cent below that it is nearly full
# Processors that are busy for whole minutes leave no room to answer calls in time; a peak does not last until
# the next poll, and less than this is a machine at work.
CPU_FULL, CPU_NEARLY = 98, 95
# What programs took for good (Java, a database) stands high for years and harms nobody; what the kernel could
# still give them is little at 95 %, and at 98 % it begins to swap and to end processes.
MEMORY_FULL, MEMORY_NEARLY = 98, 95

OPTIONS = (
    Option("disk_percent", "number", f"from how many per cent on a disk is full (default {DISK_FULL})"),
    Option("disks_unused", "words", "mount points of disks that are not looked at"),
    Option("interfaces_unused", "words", "network interfaces that are not looked at (over SNMP)"),
    Option("processes", "words", "names of programs that must run, beside the product's own"),
)

COMM = 15  # characters of a program's name that Linux keeps for its processes
# Who sees one of these, or number 1, sees the processes of all: a host can hide them (hidepid).
ROOTS = frozenset({"systemd", "init", "kthreadd", "kthread"})
# No disks: what the kernel shows as files, and what lies in memory or in a container.
_PSEUDO = ("/dev", "/proc", "/run", "/sys")
_CONTAINERS = ("/var/lib/containers/", "/var/lib/docker/", "/var/lib/kubelet/")
# Made by programs for themselves; such a bridge or tunnel without a user is down and harms nobody.
_VIRTUAL = re.compile(r"lo|(?:docker|br-|cni|dummy|flannel|ifb|sit|tun|tap|veth|virbr|vnet).*")


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system, in bytes. None: not told. `low`: its agent's own limit for it is reached."""

    mount: str
    used: int | None
    size: int | None
    low: bool = False


def is_disk(mount: str, own: Own) -> bool:
    """Whether what is mounted there is looked at."""
    pseudo = any(mount == path or mount.startswith(f"{path}/") for path in _PSEUDO)
    pseudo = pseudo or mount.startswith(_CONTAINERS)
    return bool(mount) and not pseudo and mount not in own.words("disks_unused")


def is_interface(name: str, own: Own) -> bool:
    """Whether a network interface of that name is looked at."""
    virtual = _VIRTUAL.fullmatch(name) is not None
    return bool(name) and not virtual and name not in own.words("interfaces_unused")


def disk(told: Disk, own: Own) -> Observation:
    """A disk within its limit; unread where its size or what is used of it was not told."""
    part = Observation(role="capacity", component=f"disk {told.mount}", kind="disk")
    if told.used is None or told.size is None or not 0 <= told.used <= told.size or not told.size:
        return part.not_read("size or use not told")
    full = min(max(own.number("disk_percent", DISK_FULL), 1), 100)
    part = _filled(
        replace(part, used=told.used // MIB, limit=told.size // MIB), told, full, full - DISK_NEARLY
    )
    if told.low and not part.lost:
        part = replace(part, degraded=1, detail="its agent's own limit is reached")
    return part


def memory(used: int | None, size: int | None) -> Observation:
    """The memory that programs cannot be given any more, in bytes; None: not told."""
    part = Observation(role="capacity", component="memory")
    if used is None or size is None or not 0 <= used <= size or not size:
        return part.not_read("size or use not told")
    told = Disk("", used, size)
    return _filled(replace(part, used=used // MIB, limit=size // MIB), told, MEMORY_FULL, MEMORY_NEARLY)


def cpu(percent: float | None) -> Observation:
    """The processors, all together, by the share of their time in use; None: not told."""
    part = Observation(role="capacity", component="cpu")
    if percent is None or not 0 <= percent <= 100:
        return part.not_read("use not told")
    told = Disk("", int(percent * 100), 100 * 100)
    return _filled(replace(part, used=int(percent), limit=100), told, CPU_FULL, CPU_NEARLY)


def process(name: str, count: int | None, why_not: str = "", *, fault: bool = False) -> Observation:
    """A program that must run. `count`: of its processes; None: nobody could tell, and `why_not`.

    `fault`: its own agent says that they are too few or too many.
    """
    part = Observation(role="equipment", component=f"process {name}")
    if count is None:
        return part.not_read(why_not)
    if not count:
        return replace(part, lost=1, total=1, side="near", detail="does not run")
    detail = "its agent finds too few or too many" if fault else ""
    return replace(part, lost=int(fault), total=1, side="near" if fault else "unknown", detail=detail)


def interface(name: str) -> Observation:
    """A network interface, yet without a word of it."""
    return Observation(role="equipment", component=f"interface {name}")


def started(at: datetime, uptime: float) -> Observation:
    """The restart that a host's uptime (seconds) tells of: when it began, in the zone of `at`."""
    # In UTC: local time has hours that no clock counts.
    began = at.astimezone(UTC) - timedelta(seconds=uptime)
    event = RestartEvent(began.astimezone(at.tzinfo).replace(microsecond=0), "reboot", False, "uptime")
    return Observation(role="restart", component="restarts", events=(event,))


def running(names: Collection[str], program: str) -> int:
    """How many processes run a program, by the names that Linux gives them: the first 15 characters."""
    return sum(name[:COMM] == program[:COMM] for name in names)


def _filled(part: Observation, told: Disk, full: int, nearly: int) -> Observation:
    share = 100 * (told.used or 0) / (told.size or 1)
    lost = share >= full
    return replace(part, lost=int(lost), total=1, degraded=int(not lost and share >= nearly))
