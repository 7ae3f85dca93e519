"""`mss1` and `mas1`: Modular Messaging, the store of the messages (MSS) and the server that answers (MAS).

Where the figures come from: the numbers of alarms and their level, the OAM MIB in Avaya's pages of Modular
Messaging 2 (the suffix .0 is inferred). A real MAS runs on Windows: its agent tells HOST-RESOURCES and
nothing of UCD-SNMP, and there is no SSH. The names of programs are synthetic, and so is that an answering
server whose service is stopped tells a major alarm.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.lab import linux_host
from tests.lab.cells import Face, Oid, oid, scalars, system_group
from tests.lab.linux_host import Disk, Host, Interface, dead, on_host, stops
from tests.lab.model import Customer, System
from tests.lab.played import Fault, Played

_OAM = "1.3.6.1.4.1.6889.2.3.3"
_NORMAL, _MAJOR = 0, 3
_ANSWERS = "mmservice.exe"
_GROUP = 10  # the trunk group that leads to it
_UCD, _IF_NAMES, _STORAGES, _FILE_SYSTEMS = map(
    oid, ("1.3.6.1.4.1.2021", "1.3.6.1.2.1.31", "1.3.6.1.2.1.25.2.3.1", "1.3.6.1.2.1.25.3.8")
)


def _store(started: datetime) -> Host:
    return Host(
        name="mss1",
        title="Messaging store (MSS)",
        location="main",
        host=70,
        started=started,
        disks=(
            Disk("/", "/dev/md1", 20_480, 5_980),
            Disk("/msg", "/dev/md3", 102_400, 31_220),
        ),
        programs=("slapd", "imapd", "master", "postmaster"),
    )


def _answering(started: datetime) -> Host:
    return Host(
        name="mas1",
        title="Messaging server (MAS)",
        location="main",
        host=71,
        started=started,
        disks=(Disk("C:\\ Label:System  Serial Number 5c47f1d2", "C:", 81_920, 30_480),),
        interfaces=(Interface("Intel(R) PRO/1000 MT Network Connection"),),
        programs=(_ANSWERS, "mmfaxsender.exe", "mmcs.exe"),
        of_the_system=("System", "smss.exe", "lsass.exe", "svchost.exe", "snmp.exe"),
    )


def _face(customer: Customer, host: Host, now: datetime) -> Face:
    majors = len(host.stopped)
    return {
        **linux_host.face(customer, host, now),
        **scalars(_OAM, {1: majors, 2: 0, 3: 0, 4: _MAJOR if majors else _NORMAL}),
    }


def _windows(customer: Customer, host: Host, now: datetime) -> Face:
    """What a Windows agent tells: no UCD-SNMP, no names of interfaces, no pools of buffers and cache."""
    told = _face(customer, host, now)
    left = {key: value for key, value in told.items() if not _is_of_linux(key)}
    said = "Hardware: x86 Family 6 - Software: Windows Version 5.2 (simulated)"
    return left | system_group(host, said, "1.3.6.1.4.1.311.1.1.3.1.2", now)


def _is_of_linux(key: Oid) -> bool:
    pool = key[: len(_STORAGES)] == _STORAGES and key[-1] in (6, 7)
    return pool or any(key[: len(head)] == head for head in (_UCD, _IF_NAMES, _FILE_SYSTEMS))


def _of_the_store(_customer: Customer, _host: Host) -> dict[str, Any]:
    return {"coverage": "8x5", "voicemail": {"part": "store"}}


def _of_answering(_customer: Customer, _host: Host) -> dict[str, Any]:
    return {
        "coverage": "8x5",
        "voicemail": {"part": "answering"},
        "depends_on": ["cm1"],
        "options": {"processes": [_ANSWERS]},
    }


def _links_lost(customer: Customer, _system: System, _at: datetime) -> Customer:
    groups = tuple(replace(g, out=g.out or g.number == _GROUP) for g in customer.cm.trunk_groups)
    return customer.put(replace(customer.cm, trunk_groups=groups))


def _stopped(customer: Customer, system: System, at: datetime) -> Customer:
    return on_host(stops(_ANSWERS))(_links_lost(customer, system, at), system, at)


_FAULTS = (
    Fault(
        "voicemail-stopped",
        ("mas1",),
        "The service that answers callers is stopped, and the trunks that lead to it go out of service.",
        "no caller can leave a message: major, one ticket with the program and the alarm of it",
        _stopped,
    ),
    Fault(
        "voicemail-links-lost",
        ("mas1",),
        "All trunk members from the phone system to the voicemail go out of service.",
        "no caller reaches it: major",
        _links_lost,
    ),
    Fault(
        "voicemail-store-down",
        ("mss1",),
        "The store of the voicemail is dead: silent whatever the way.",
        "no message can be kept: major",
        on_host(dead),
    ),
)

PLAYED = (
    Played(
        name="mss1",
        product="modular_messaging",
        make=_store,
        snmp=_face,
        ssh=linux_host.door(),
        site=_of_the_store,
        faults=_FAULTS[2:],
    ),
    Played(
        name="mas1",
        product="modular_messaging",
        make=_answering,
        snmp=_windows,
        site=_of_answering,
        numbers=(
            {
                "number": "+1 817 555 0400",
                "name": "After hours",
                "needs": {"all_of": ["auto-attendant"], "any_of": ["trunk-group 1", "trunk-group 3"]},
            },
        ),
        faults=_FAULTS[:2],
    ),
)
