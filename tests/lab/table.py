"""A face as pysnmp reads it: GET and GETNEXT over a sorted table, and the troubles of its answers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from pysnmp.proto import rfc1902, rfc1905
from pysnmp.smi.error import GenError
from pysnmp.smi.instrum import AbstractMibInstrumController

from tests.lab.cells import Face, Gauge, Ip, ObjectId, Oid, Ticks, Value
from tests.lab.model import Trouble

Cell = tuple[Any, Any]  # a pysnmp ObjectName and its value


class Table(AbstractMibInstrumController):  # type: ignore[misc]  # pysnmp ships no types
    """Answers from a face: sorted once, converted cell by cell when first asked for."""

    def __init__(self, fresh: Callable[[], Face], trouble: Callable[[], Trouble | None]) -> None:
        self._fresh = fresh
        self._trouble = trouble
        self._face: Face = {}
        self._order: list[Oid] = []
        self._cells: dict[Oid, tuple[Value, Cell]] = {}

    def read_variables(self, *varbinds: Any, **context: Any) -> list[Cell]:
        """GET."""
        self._begin(varbinds, context)
        return [self._cell(tuple(name)) or (name, self._absent(tuple(name))) for name, _ in varbinds]

    def read_next_variables(self, *varbinds: Any, **context: Any) -> list[Cell]:
        """GETNEXT, and each row of a GETBULK."""
        self._begin(varbinds, context)
        return [self._next(tuple(name)) or (name, rfc1905.endOfMibView) for name, _ in varbinds]

    def _begin(self, varbinds: tuple[Any, ...], context: dict[str, Any]) -> None:
        if varbinds:  # one check stands for all: nobody may see a part of a system only
            context["acFun"]("read", varbinds[0], **context)
        if self._trouble() is Trouble.ERROR_STATUS:
            raise GenError(idx=0)
        current = self._fresh()
        if current is not self._face:
            if current.keys() != self._face.keys():
                self._order = sorted(current)
            self._face = current

    def _cell(self, oid: Oid) -> Cell | None:
        if oid not in self._face:
            return None
        value = self._face[oid]
        known = self._cells.get(oid)
        if known is None or known[0] != value or type(known[0]) is not type(value):
            known = self._cells[oid] = value, (rfc1902.ObjectName(oid), _encode(value))
        return known[1]

    def _absent(self, oid: Oid) -> Any:
        """noSuchInstance where the column has other rows, noSuchObject where there is nothing of the kind."""
        at = bisect_left(self._order, oid[:-1])
        there = at < len(self._order) and self._order[at][: len(oid) - 1] == oid[:-1]
        return rfc1905.noSuchInstance if there and oid[-1] != 0 else rfc1905.noSuchObject

    def _next(self, oid: Oid) -> Cell | None:
        trouble = self._trouble()
        if trouble is Trouble.REPEATING_TABLE and oid[-1] != 0 and (same := self._cell(oid)):
            return same
        at = bisect_right(self._order, oid)
        if trouble is Trouble.ENDLESS_TABLE and (row := self._invented(oid, at)):
            return row
        return self._cell(self._order[at]) if at < len(self._order) else None

    def _invented(self, oid: Oid, at: int) -> Cell | None:
        """A further row where a column of a table ends, with the value of its last real row."""
        if at == 0:
            return None
        last = self._order[at - 1]
        column = last[:-1]
        following = self._order[at] if at < len(self._order) else ()
        if last[-1] == 0 or oid[: len(column)] != column or following[: len(column)] == column:
            return None
        cell = self._cell(last)
        return None if cell is None else (rfc1902.ObjectName((*column, oid[-1] + 1)), cell[1])


def _encode(value: Value) -> Any:
    match value:
        case Gauge():
            return rfc1902.Gauge32(int(value))
        case Ticks():
            return rfc1902.TimeTicks(int(value))
        case ObjectId():
            return rfc1902.ObjectIdentifier(str(value))
        case Ip():
            return rfc1902.IpAddress(str(value))
        case int():
            return rfc1902.Integer32(value)
        case str():
            return rfc1902.OctetString(value.encode())
        case bytes():
            return rfc1902.OctetString(value)
