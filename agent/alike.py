"""Whether two polls of one system saw the same, but for what moves with each and means nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from agent.authority import is_exhausted
from agent.history import SAME_SOURCE
from collectors.base import Observation, Reading, RestartEvent

_STEADY: timedelta = SAME_SOURCE  # an uptime tells the same restart anew with each poll, some seconds off


def alike(now: Sequence[Observation], before: Sequence[Observation]) -> bool:
    """Whether these say the same, but for how much of a resource is used within its limit, and uptimes."""
    return now is before or (
        len(now) == len(before)
        and all(
            one is other or one == other or _as_good(one, other)
            for one, other in zip(now, before, strict=True)
        )
    )


def counted(now: Sequence[Observation], before: Sequence[Observation]) -> bool:
    """Whether these are alike, but for how many stations are present."""
    return len(now) == len(before) and all(
        one is other or one == other or _as_good(one, other) or _is_count(one, other)
        for one, other in zip(now, before, strict=True)
    )


def same_frame(one: Reading, other: Reading) -> bool:
    """Whether both came to the same, whatever they saw of the parts."""
    return (one.error, one.complete, one.source) == (other.error, other.complete, other.source)


def retold(now: Sequence[RestartEvent], before: Sequence[RestartEvent]) -> bool:
    """Whether these are the same restarts, reckoned from an uptime once more."""
    return len(now) == len(before) and all(
        one.source == other.source == "uptime"
        and (one.level, one.planned, one.by) == (other.level, other.planned, other.by)
        and abs(one.at - other.at) < _STEADY
        for one, other in zip(now, before, strict=True)
    )


def _as_good(one: Observation, other: Observation) -> bool:
    if one.role == other.role == "capacity":
        well = one.lost == 0 and other.lost == 0 and not (is_exhausted(one) or is_exhausted(other))
        return well and replace(one, used=other.used, detail=other.detail) == other
    if one.role == "restart" and retold(one.events, other.events):
        return replace(one, events=other.events) == other
    return False


def _is_count(one: Observation, other: Observation) -> bool:
    if one.role != "stations" or one.present is None or other.present is None:
        return False
    same_kinds = (one.by_kind or {}).keys() == (other.by_kind or {}).keys()
    return same_kinds and replace(one, present=other.present, by_kind=other.by_kind) == other
