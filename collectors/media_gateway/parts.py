"""The parts of a branch gateway, named alike whichever protocol tells of them.

It asks nothing and reads no answer of a protocol.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collectors.base import Metric, Observation, RestartEvent

UPTIME = Metric("avaya_uptime_seconds", "Time since the device, or over SNMP its agent, started, in seconds.")
CHANNELS = Metric("avaya_dsp_channels", "Voice channels that a VoIP engine has.", ("engine",))
IN_USE = Metric("avaya_dsp_channels_used", "Voice channels of a VoIP engine in use.", ("engine",))
TEMPERATURE = Metric("avaya_temperature_celsius", "Temperature at a sensor of the device.", ("sensor",))
FAULTS = Metric("avaya_module_faults", "Faults that a media module shows.", ("slot",))
METRICS = (UPTIME, CHANNELS, IN_USE, TEMPERATURE, FAULTS)

FANS, PSU_FAN = "fans", "psu fan"


def registration(number: int | None) -> Observation:
    """Whether the gateway serves, yet without a word of it. `number`: the gateway's own, where it has one."""
    return Observation(role="location", component="registration", number=number)


def standby_controller() -> Observation:
    """The controllers that stand by for the primary one."""
    return Observation(role="redundancy", component="backup controller", lost=0, total=1)


def module(slot: int, words: str = "") -> Observation:
    """A media module."""
    return Observation(role="equipment", component=f"module V{slot}", detail=words[:120])


def engine(slot: int) -> Observation:
    """A VoIP engine by its number in cmgVoipSlot: 101 is the first DSP of a G430 or G450."""
    return Observation(role="equipment", component=f"voip engine {slot}")


def core(slot: int, number: int) -> Observation:
    """One core of a VoIP engine."""
    return Observation(role="equipment", component=f"dsp {slot}/{number}")


def resource(component: str, full: bool | None, used: int | None, limit: int | None) -> Observation:
    """A resource within its limit; unread where one of the figures, or whether it is full, was not told."""
    part = Observation(role="capacity", component=component, used=used, limit=limit)
    if full is None or used is None or limit is None:
        return part.not_read("use, limit or threshold not told")
    return replace(part, lost=int(full), total=1)


def started(at: datetime, uptime: float) -> Observation:
    """The restart that an uptime (seconds) tells of: when the gateway began, in the zone of `at`."""
    # In UTC: local time has hours that no clock counts.
    began = at.astimezone(UTC) - timedelta(seconds=uptime)
    event = RestartEvent(began.astimezone(at.tzinfo).replace(microsecond=0), "reboot", False, "uptime")
    return Observation(role="restart", component="restarts", events=(event,))
