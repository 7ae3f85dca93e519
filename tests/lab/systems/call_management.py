"""`cms1`: a Call Management System (CMS), and its link to the phone system as that tells it.

Where the figures and texts come from:

* The application `mis` of a processor channel, its destination node, enabled y or n: G3-AVAYA-MIB 6.3.
* `data transfer` and `operational`, `out of order` and `The link has gone down`: words of the CMS's own
  window Connection Status. That `status processor-channels` says such words, its fields and their numbers:
  synthetic, nobody has published an answer.
* What the host says is that of any Linux host, its list of TCP connections too; where logs lie is inferred;
  the names of its programs are synthetic.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.lab import linux_host
from tests.lab.cells import Face, Gauge, Oid, Value, rows, scalars
from tests.lab.linux_host import Disk, Host, dead, fills, on_host, suffers
from tests.lab.model import Customer
from tests.lab.played import Fault, Here, Played, Records, SatForm, field_numbers

NODE = "cms-main"  # what the phone system calls the CMS
CHANNEL = 1
_CM_PORT = 5001  # of the processor channel, at the phone system

_CHANNELS = "1.3.6.1.4.1.6889.2.8.1.144"
_CUT = "link to the switch lost"


def _make(started: datetime) -> Host:
    return Host(
        name="cms1",
        title="Call Management System",
        location="main",
        host=50,
        started=started,
        memory=16_384,
        memory_used=7_230,
        disks=(
            Disk("/", "/dev/mapper/vg-root", 40_960, 13_720),
            Disk("/cms", "/dev/mapper/vg-cms", 122_880, 51_400),
        ),
        programs=("spi", "archiver", "tbl_driver", "oninit", "acd1_spi"),
    )


def _here(customer: Customer) -> Host | None:
    return next((each for each in customer.others if each.name == "cms1" and isinstance(each, Host)), None)


def _connected(customer: Customer, cms: Host) -> bool:
    """Whether the link stands: it takes both ends."""
    return cms.running and _CUT not in cms.switched and customer.cm.serving


def _on_cm(customer: Customer, now: datetime) -> Face:
    """g3commproc: the channels that the phone system has, one of them to the CMS."""
    # ProcChan, Enable, Application, Mode, InterfaceLink, DestNode, DestPort
    cells: dict[Oid, tuple[Value, ...]] = {(CHANNEL,): (CHANNEL, "y", "mis", "s", "p", NODE, "0")}
    head: dict[int, Value] = {1: int(now.timestamp() * 100) % 200, 2: 200, 3: 0, 4: 3, 5: Gauge(len(cells))}
    return {**scalars(_CHANNELS, head), **rows(f"{_CHANNELS}.6.1", (1, 2, 3, 5, 6, 8, 11), cells)}


def _status(customer: Customer, rest: list[str], _now: datetime) -> Records | str:
    cms = _here(customer)
    if cms is None or rest != [str(CHANNEL)]:
        return "Processor channel not assigned"
    return _channel(up=_connected(customer, cms))


def _channel(*, up: bool) -> Records:
    yield (
        str(CHANNEL),
        "data transfer" if up else "out of order",
        "TCP connected" if up else "TCP idle",
        "p",
        "",
    )


def _tcp(here: Here) -> str:
    """The host's TCP connections as the kernel lists them: who waits for logins, and the link."""
    cms = here.system
    waits = f"00000000:{here.customer.ssh_port:04X} 00000000:0000 0A"
    rows = [waits]
    if isinstance(cms, Host) and _connected(here.customer, cms):
        ends = (here.customer.address(cms), 40_222), (here.customer.address(here.customer.cm), _CM_PORT)
        rows.append(" ".join(f"{_end(*end)}" for end in ends) + " 01")
    tail = "00000000:00000000 00:00000000 00000000     0        0 31337 1 0000000000000000 100 0 0 10 0"
    return _TCP_HEAD + "".join(f"{n:4d}: {row} {tail}\n" for n, row in enumerate(rows))


_TCP_HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
)


def _end(address: str, port: int) -> str:
    """An end as the kernel writes it: the bytes of the address the other way round."""
    return f"{bytes(map(int, reversed(address.split('.')))).hex().upper()}:{port:04X}"


def _tcp6(_here: Here) -> str:
    return "  sl  local_address                         remote_address                        st tx_queue\n"


def _night(here: Here) -> str:
    """When the last night's backup and archiving ended."""
    return f"{int(here.now.timestamp()) - 6 * 3600}\n"


_PROGRAMS = {
    "cat /proc/net/tcp": _tcp,
    "cat /proc/net/tcp6": _tcp6,
    "date -u +%s": lambda here: f"{int(here.now.timestamp())}\n",
    "stat -c %Y /cms/maint/backup/back.log": _night,
    "stat -c %Y /cms/dc/archive/arch.log": _night,
}


def _site(customer: Customer, _cms: Host) -> dict[str, Any]:
    links = {"cm1": f"{customer.address(customer.cm)}:{_CM_PORT}"}
    return {
        "coverage": "24x7",
        "known_as": [NODE],
        "depends_on": ["cm1"],
        "options": {"links": links, "backup_hours": 26, "archive_hours": 26},
    }


_FAULTS = (
    Fault(
        "cms-link-down",
        ("cms1",),
        "The link between the CMS and the phone system is lost; both ends tell it.",
        "reports stand still: minor",
        on_host(suffers(_CUT)),
    ),
    Fault(
        "cms-disk-full",
        ("cms1",),
        "The disk of the CMS's records is full.",
        "minor, before the records are lost",
        on_host(fills("/cms", 100)),
    ),
    Fault(
        "cms-down",
        ("cms1",),
        "The CMS is dead: silent whatever the way, and the phone system has lost its link to it.",
        "minor: calls go on",
        on_host(dead),
    ),
)

PLAYED = (
    Played(
        name="cms1",
        product="call_management",
        make=_make,
        snmp=linux_host.face,
        ssh=linux_host.door(more=_PROGRAMS),
        sat={
            ("status", "processor-channels"): SatForm(
                field_numbers("0001", "0002", "0003", "0004", "0005"), _status, more=True
            )
        },
        on_cm=_on_cm,
        site=_site,
        faults=_FAULTS,
    ),
)
