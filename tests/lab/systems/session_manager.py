"""`sm1`: a Session Manager: a Linux host with SIP ports and a certificate.

It has no object to ask for over SNMP, only notifications; what `statapp` says nobody has published. So it
says what any Linux host says, and RFC 3261. The names of its programs are synthetic.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.lab import linux_host
from tests.lab.linux_host import Disk, Host
from tests.lab.model import Customer
from tests.lab.played import Played
from tests.lab.sip_server import SIP_PORT, SIPS_PORT, far_end, sip_ports


def _make(started: datetime) -> Host:
    return Host(
        name="sm1",
        title="Session Manager",
        location="main",
        host=80,
        started=started,
        memory=12_288,
        memory_used=6_980,
        disks=(
            Disk("/", "/dev/mapper/vg-root", 20_480, 6_120),
            Disk("/var", "/dev/mapper/vg-var", 61_440, 14_900),
        ),
        programs=("asset", "java", "postmaster", "cassandra"),
    )


def _site(_customer: Customer, _sm: Host) -> dict[str, Any]:
    return {
        "coverage": "preferred",
        "sip": {"port": SIP_PORT, "transport": "tcp", "peer": True, "timeout": "1s", "interval": "2s"},
        "tls": {"ports": [SIPS_PORT], "name": "sm1.lab", "timeout": "2s", "interval": "2s"},
    }


PLAYED = (
    Played(
        name="sm1",
        product="session_manager",
        make=_make,
        snmp=linux_host.face,
        ssh=linux_host.door(key="ecdsa-sha2-nistp256"),
        ports=sip_ports("AVAYA-SM (simulated)", far_end),
        site=_site,
    ),
)
