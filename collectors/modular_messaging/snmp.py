"""Modular Messaging and its relatives over SNMP: how many alarms stand on each level, and the host.

The OAM MIB counts alarms and names none, so the alarms of a level are one part. No object of it says whether
calls are answered or messages kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from collectors.base import (
    Answers,
    BadAnswer,
    Findings,
    Metric,
    Observation,
    Own,
    Role,
    Sample,
    SnmpSession,
    VendorSeverity,
)
from collectors.host import snmp as host

OAM = "1.3.6.1.4.1.6889.2.3.3"
# msgSysMajAlarms, msgSysMinAlarms, msgSysWrnAlarms (0 to 255 each) and msgSysAlarmsCurrLvl
MAJOR, MINOR, WARNING, LEVEL = (f"{OAM}.{n}.0" for n in (1, 2, 3, 4))
COUNTS: tuple[tuple[str, VendorSeverity, int], ...] = (  # and what the level is while these are the worst
    (MAJOR, "major", 3),
    (MINOR, "minor", 2),
    (WARNING, "warning", 1),
)
NORMAL, WORST = 0, 3
NOTHING = Own()

ALARM_COUNT = Metric("avaya_alarms", "Alarms that the device itself holds, by its own level.", ("level",))
METRICS = (*host.METRICS, ALARM_COUNT)
PACING = host.PACING


async def ask(session: SnmpSession, own: Own = NOTHING) -> Answers:
    """The four objects of the OAM MIB, then the host; of its processes only where the site minds some."""
    answers = await session.get(MAJOR, MINOR, WARNING, LEVEL)
    return answers | await host.ask(session, names=bool(own.words("processes")))


def read(answers: Answers, at: datetime, own: Own = NOTHING) -> Findings:
    """What the answers say. Raises BadAnswer if the agent tells neither of alarms nor of its host."""
    own_mib = any(answers.value(oid) is not None for oid in (MAJOR, MINOR, WARNING, LEVEL))
    if not own_mib and not host.tells(answers):
        raise BadAnswer("OAM MIB and HOST-RESOURCES-MIB", "answers SNMP, and tells nothing of either")
    told = host.read(answers, at, own, {})
    if not own_mib:
        service = Observation(
            role="service", component="voicemail", unread=True, detail="the host alone is told"
        )
        return replace(told, observations=(service, *told.observations))
    alarms = list(_alarms(answers))
    complete: tuple[Role, ...] = () if any(alarm.unread for alarm in alarms) else ("alarm",)
    return Findings(
        (*alarms, *told.observations),
        (*_samples(answers), *told.samples),
        (*complete, *told.complete),
    )


def _alarms(answers: Answers) -> Iterator[Observation]:
    """One part for each level on which alarms stand, by their count or, worse than that, by the level.

    The level repeats the worst count, so it is no part of its own: it is the witness of the counts. What it
    says and they do not, stands all the same; a count that was not told is none where the level is lower.
    """
    worst = answers.integer(LEVEL)
    if worst is not None and not NORMAL <= worst <= WORST:
        raise BadAnswer(LEVEL, f"expected a level of 0 to 3, got {worst}")
    for oid, severity, level in COUNTS:
        count = answers.count(oid)
        part = Observation(role="alarm", component=f"{severity} alarms", kind="failure")
        part = replace(part, vendor_severity=severity)
        if count or worst == level:
            detail = "" if count else "the level says so, the count does not"
            yield replace(part, lost=1, total=1, detail=detail)
        elif count is None and (worst is None or worst > level):
            yield part.not_read("their number was not told")


def _samples(answers: Answers) -> Iterator[Sample]:
    for oid, severity, _ in COUNTS:
        yield from ALARM_COUNT.told(answers.count(oid), severity)
