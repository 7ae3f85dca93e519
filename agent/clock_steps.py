"""Moves the instants in a value that a wrong clock stamped. Pure; which ones they are, `ClockSet` says.

It knows no tickets: whoever remembers instants of the journal hands over what is to be moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

_T = TypeVar("_T")


def every_instant(value: _T, move: Callable[[datetime], datetime]) -> _T:
    """The value with `move` done to every datetime in its tuples and dataclasses."""
    return cast(_T, _each(value, move))


def _each(value: Any, move: Callable[[datetime], datetime]) -> Any:
    if isinstance(value, datetime):
        return move(value)
    if isinstance(value, tuple):
        return tuple(_each(one, move) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _each(getattr(value, each.name), move) for each in fields(value)})
    return value
