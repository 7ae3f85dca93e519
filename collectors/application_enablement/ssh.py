"""Application Enablement Services over SSH: its version and its host. Its services are told over SNMP."""

from __future__ import annotations

import re
from datetime import datetime

from collectors.base import Findings, Metric, Own, ShellAnswer, ShellSession, Told
from collectors.host import shell as host

VERSION_COMMAND = "/opt/mvap/bin/swversion"
COMMANDS = (*host.COMMANDS, VERSION_COMMAND)
NO_OPTIONS = Own()
PACING = host.PACING

_VERSION = re.compile(r"Version: ([^ \n]+)")

SOFTWARE = Metric(
    "avaya_software_info", "Always 1; the label tells which version of its software runs.", ("version",)
)
METRICS = (*host.METRICS, SOFTWARE)


async def ask(session: ShellSession) -> Told[ShellAnswer]:
    """The host, then the version."""
    return await host.ask(session, VERSION_COMMAND)


def read(told: Told[ShellAnswer], at: datetime, own: Own = NO_OPTIONS) -> Findings:
    """What the answers say of the host; a version that is not told as it should be is none."""
    found = host.read(told, at, own, {})
    version = _VERSION.search(told[VERSION_COMMAND].text) if VERSION_COMMAND in told else None
    plain = (
        version is not None and len(version[1]) <= 40 and version[1].isascii() and version[1].isprintable()
    )
    samples = SOFTWARE.told(1, version[1]) if version is not None and plain else ()
    return Findings(found.observations, (*found.samples, *samples), found.complete)
