"""The host of a Session Manager over SNMP: as of any Linux host. Of SIP its agent tells nothing."""

from __future__ import annotations

from datetime import datetime

from collectors.base import Answers, Findings, Own, SnmpSession
from collectors.host import snmp

PROCESSES: dict[str, str] = {}  # nobody has published which must run; a site names those that it minds
NO_OPTIONS = Own()


async def ask(session: SnmpSession) -> Answers:
    """What the host's agent tells."""
    return await snmp.ask(session)


def read(answers: Answers, at: datetime, own: Own = NO_OPTIONS) -> Findings:
    """Processors, memory, disks, interfaces, restarts, and the processes that the site names."""
    return snmp.read(answers, at, own, PROCESSES)
