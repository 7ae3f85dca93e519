"""`sbce1`: a Session Border Controller for Enterprise (SBCE): a Linux host with SIP ports and a certificate.

No MIB and no answer of one was ever published: what it says is that of any Linux host and of RFC 3261. The
names of its programs are synthetic but `ssyndi`, which working scripts look for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.lab import linux_host
from tests.lab.linux_host import Disk, Host, Interface, dead, on_host, suffers
from tests.lab.model import Customer, System
from tests.lab.played import Fault, Played
from tests.lab.sip_server import SIP_PORT, SIPS_PORT, far_end, sip_ports

_ENDING = "certificate about to end"
_LEFT = timedelta(days=10)


def _make(started: datetime) -> Host:
    return Host(
        name="sbce1",
        title="Session Border Controller",
        location="main",
        host=60,
        started=started,
        disks=(
            Disk("/", "/dev/sda2", 20_480, 7_010),
            Disk("/archive", "/dev/sda5", 81_920, 20_470),
        ),
        interfaces=(Interface("M1"), Interface("A1"), Interface("B1")),
        programs=("ssyndi", "postmaster", "java"),
    )


def _ends(customer: Customer, system: System, now: datetime) -> datetime:
    if isinstance(system, Host) and _ENDING in system.switched:
        return (system.since or now) + _LEFT
    return far_end(customer, system, now)


def _site(customer: Customer, _sbce: Host) -> dict[str, Any]:
    return {
        "coverage": "preferred",
        "tcp": {"port": customer.ssh_port, "timeout": "1s", "interval": "2s"},  # nobody logs in there
        "sip": {"port": SIP_PORT, "peer": True, "timeout": "1s", "interval": "2s"},
        "tls": {"ports": [SIPS_PORT], "name": "sbce1.lab", "timeout": "2s", "interval": "2s"},
    }


_FAULTS = (
    Fault(
        "sbce-down",
        ("sbce1",),
        "The session border controller is dead: silent whatever the way.",
        "minor by itself",
        on_host(dead),
    ),
    Fault(
        "sbce-certificate-expiring",
        ("sbce1",),
        "The certificate of its SIP over TLS ends in ten days.",
        "minor, while there is time to renew it",
        on_host(suffers(_ENDING)),
    ),
)

PLAYED = (
    Played(
        name="sbce1",
        product="session_border_controller",
        make=_make,
        snmp=linux_host.face,
        ssh=linux_host.door(key="ecdsa-sha2-nistp256"),
        ports=sip_ports("Avaya-SBC (simulated)", _ends),
        site=_site,
        faults=_FAULTS,
    ),
)
