"""Any Linux server over SNMP: its host, and no more."""

from __future__ import annotations

from datetime import datetime

from collectors.base import Answers, BadAnswer, Findings, Own, SnmpSession
from collectors.host import snmp as host

METRICS, PACING = host.METRICS, host.PACING
NOTHING = Own()


async def ask(session: SnmpSession, own: Own = NOTHING) -> Answers:
    """What the host's agent tells; of its processes only where the site minds some."""
    return await host.ask(session, names=bool(own.words("processes")))


def read(answers: Answers, at: datetime, own: Own = NOTHING) -> Findings:
    """What the answers say. Raises BadAnswer if the agent tells nothing of its host."""
    if not host.tells(answers):
        raise BadAnswer("HOST-RESOURCES-MIB", "answers SNMP, and tells nothing of its host")
    return host.read(answers, at, own, {})
