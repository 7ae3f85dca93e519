"""Whether two polls of one system saw the same, but for what moves with each and means nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from agent.history import SAME_SOURCE
from collectors.base import Observation, RestartEvent

_STEADY: timedelta = SAME_SOURCE  # an uptime tells the same restart anew with each poll, some seconds off


def alike(now: Sequence[Observation], before: Sequence[Observation]) -> bool:
    """Whether these say the same, but for how much of a resource is used within its limit, and uptimes."""
    if now is before:
        return True
    return len(now) == len(before) and all(
        one == other or _as_good(one, other) for one, other in zip(now, before, strict=True)
    )


def retold(now: Sequence[RestartEvent], before: Sequence[RestartEvent]) -> bool:
    """Whether these are the same restarts, reckoned from an uptime once more."""
    return len(now) == len(before) and all(
        one.source == other.source == "uptime"
        and (one.level, one.planned, one.by) == (other.level, other.planned, other.by)
        and abs(one.at - other.at) < _STEADY
        for one, other in zip(now, before, strict=True)
    )


def _as_good(one: Observation, other: Observation) -> bool:
    if one.role == "capacity":
        well = one.lost == 0 and other.lost == 0
        return well and replace(one, used=other.used, detail=other.detail) == other
    if one.role == "restart" and retold(one.events, other.events):
        return replace(one, events=other.events) == other
    return False
