"""A Linux host over SNMP: processors, memory, disks, processes, interfaces, restarts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from collectors.base import Answers, Fact, Findings, Metric, Option, Own, Pacing, SnmpSession


async def ask(session: SnmpSession) -> Answers:
    """What the host's agent tells; what it has not is not told."""
    raise NotImplementedError


def read(answers: Answers, at: datetime, own: Own, processes: Mapping[str, str]) -> Findings:
    """What the answers say. `processes`: the name of a part by the name of the program that must run."""
    raise NotImplementedError


METRICS: tuple[Metric, ...] = ()
FACTS: tuple[Fact, ...] = ()
OPTIONS: tuple[Option, ...] = ()
PACING = Pacing(20, timedelta(milliseconds=50), timedelta(seconds=5), 2, timedelta(minutes=1))
