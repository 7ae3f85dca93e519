"""Whether two polls of one system saw the same, but for what moves with each and means nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from operator import attrgetter

from agent.authority import is_exhausted
from agent.history import SAME_SOURCE
from collectors.base import Observation, Reading, RestartEvent

_STEADY: timedelta = SAME_SOURCE  # an uptime tells the same restart anew with each poll, some seconds off
_NAMES = [field.name for field in fields(Observation)]
_BUT_USED = attrgetter(*(name for name in _NAMES if name not in ("used", "detail")))
_BUT_PRESENT = attrgetter(*(name for name in _NAMES if name not in ("present", "by_kind")))


def alike(now: Sequence[Observation], before: Sequence[Observation]) -> bool:
    """Whether these say the same, but for how much of a resource is used within its limit, and uptimes."""
    return len(now) == len(before) and all(
        one is other or one == other or _is_as_full(one, other) or _is_retold(one, other)
        for one, other in zip(now, before, strict=True)
    )


def repeated(now: Sequence[Observation], before: Sequence[Observation], *, counts: bool = False) -> bool:
    """Whether these say the same, but for how much of a resource is used; `counts`: and how many stations."""
    return now is before or (
        len(now) == len(before)
        and all(
            one is other or one == other or _is_as_full(one, other) or (counts and _is_count(one, other))
            for one, other in zip(now, before, strict=True)
        )
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


def _is_retold(one: Observation, other: Observation) -> bool:
    return retold(one.events, other.events) and replace(one, events=other.events) == other


def _is_as_full(one: Observation, other: Observation) -> bool:
    """Whether both are one resource within its limit."""
    return (
        one.role == other.role == "capacity"
        and one.lost == other.lost == 0
        and not (is_exhausted(one) or is_exhausted(other))
        and (one.used is None) == (other.used is None)
        and _BUT_USED(one) == _BUT_USED(other)
    )


def _is_count(one: Observation, other: Observation) -> bool:
    """Whether both are counts of the same stations."""
    return (
        one.role == other.role == "stations"
        and one.present is not None
        and other.present is not None
        and (one.by_kind or {}).keys() == (other.by_kind or {}).keys()
        and _BUT_PRESENT(one) == _BUT_PRESENT(other)
    )
