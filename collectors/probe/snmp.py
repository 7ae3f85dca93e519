"""A path probe over SNMP: does the agent at the address tell its uptime (sysUpTime)."""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.base import SYS_DESCR, SYS_UPTIME, Answers, Findings, Metric, Pacing, SnmpSession
from collectors.probe.parts import answers_at

UPTIME = Metric("avaya_uptime_seconds", "Time since the device, or over SNMP its agent, started, in seconds.")
METRICS = (UPTIME,)
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 2, timedelta(seconds=30))


async def ask(session: SnmpSession) -> Answers:
    """One question."""
    return await session.get(SYS_UPTIME, SYS_DESCR)


def read(answers: Answers, _at: datetime) -> Findings:
    """The path is up, whatever came; the agent is lost if it has no uptime; BadAnswer for no TimeTicks."""
    uptime, about = answers.uptime(), answers.value(SYS_DESCR)
    words = about.decode("utf-8", "replace") if isinstance(about, bytes) else ""
    part = answers_at("snmp agent", works=uptime is not None, said=" ".join(words.split()))
    return Findings((part,), UPTIME.told(uptime))
