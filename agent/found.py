"""The alarms that stood when a system was first seen: listed apart, without clocks, until adopted (M4). Pure.

Which alarms those are is a fold over the journal; that one is gone, or counts now, is seen by the judgement
and is an entry. What an alarm means beside that is `agent.rules.alarms`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.acts import FoundAdopted
from agent.entries import Entry, FoundAlarm, FoundAtInstallation, FoundGone
from collectors.base import Observation, ProtocolName, Reading

_RANK = {"major": 3, "minor": 2, "warning": 1}
_UNKNOWN_LEVEL = 2  # as the collectors rank it: no mere warning

FoundBySystem = Mapping[str, Mapping[str, "Found"]]
"""By system and component."""


@dataclass(frozen=True, slots=True)
class Found:
    """One of those alarms, when it was found, and by which protocol."""

    alarm: FoundAlarm
    at: datetime
    protocol: ProtocolName | None

    def has_risen(self, observation: Observation) -> bool:
        """Whether the device calls it worse than it did when it was found."""
        return _rank(observation.vendor_severity) > _rank(self.alarm.vendor_severity)


def stands(observation: Observation) -> bool:
    """Whether an alarm is a failure by its kind (M2) and no mere warning (M3)."""
    return (
        observation.role == "alarm"
        and not observation.unread
        and observation.lost != 0
        and observation.kind not in ("clear", "event", "unknown")
        and observation.vendor_severity not in ("warning", "cleared")
    )


def is_warning(observation: Observation) -> bool:
    """Whether it is a vendor's warning that stands (M3)."""
    return (
        observation.role == "alarm"
        and observation.vendor_severity == "warning"
        and observation.lost != 0
        and observation.kind not in ("clear", "event", "unknown")
    )


def found_in(reading: Reading, known: Collection[str]) -> FoundAtInstallation | None:
    """The alarms of a first contact, without those that are known by other ways; None: there are none."""
    alarms = tuple(
        FoundAlarm(component=each.component, vendor_severity=each.vendor_severity or "", detail=each.detail)
        for each in reading.observations
        if stands(each) and each.component not in known
    )
    if not alarms:
        return None
    return FoundAtInstallation(system=reading.system, alarms=alarms, protocol=reading.protocol)


def found_after(found: FoundBySystem, entry: Entry) -> FoundBySystem:
    """The lists after this entry."""
    body = entry.body
    match body:
        case FoundAtInstallation():
            new = {each.component: Found(each, entry.at, body.protocol) for each in body.alarms}
            return {**found, body.system: {**found.get(body.system, {}), **new}}
        case FoundGone() | FoundAdopted():
            listed = found.get(body.system, {})
            gone = set(listed) if body.component is None else {body.component}
            left = {name: each for name, each in listed.items() if name not in gone}
            return {**found, body.system: left}
        case _:
            return found


def _rank(level: str | None) -> int:
    return _RANK.get(level or "", _UNKNOWN_LEVEL)
