"""The SNMP values that a face is made of, free of any SNMP library, and the helpers that lay them out.

A plain int is an INTEGER, str and bytes are OCTET STRINGs; the four classes here are the other types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tests.lab.model import System

Oid = tuple[int, ...]


class Gauge(int):
    """A Gauge32."""


class Ticks(int):
    """TimeTicks: hundredths of a second."""


class ObjectId(str):
    """An OBJECT IDENTIFIER, dotted."""

    __slots__ = ()


class Ip(str):
    """An IpAddress, dotted."""

    __slots__ = ()


Value = int | str | bytes
Face = dict[Oid, Value]


def oid(dotted: str) -> Oid:
    """`1.3.6.1` as numbers."""
    return tuple(int(part) for part in dotted.split("."))


def text_index(text: str) -> Oid:
    """A string as a table's index: its length, then its octets (RFC 2578 section 7.7, not IMPLIED)."""
    return (len(text), *text.encode())


def scalars(base: str, values: Mapping[int, Value]) -> Face:
    """`base.N.0` for each N."""
    return {(*oid(base), number, 0): value for number, value in values.items()}


def rows(entry: str, columns: Sequence[int], cells: Mapping[Oid, Sequence[Value]]) -> Face:
    """`entry.column.index` for each row: the cells of a row stand in the order of `columns`."""
    head = oid(entry)
    return {
        (*head, column, *index): value
        for index, row in cells.items()
        for column, value in zip(columns, row, strict=True)
    }


def system_group(system: System, description: str, object_id: str, now: datetime) -> Face:
    """SNMPv2-MIB's sysDescr, sysObjectID, sysUpTime and sysName; SNMP-FRAMEWORK-MIB's boots and time."""
    running = (now - system.started).total_seconds()
    return {
        **scalars(
            "1.3.6.1.2.1.1",
            {
                1: description,
                2: ObjectId(object_id),
                3: Ticks(int(running * 100) % 2**32),
                5: system.name,
            },
        ),
        **scalars("1.3.6.1.6.3.10.2.1", {2: system.boots, 3: int(running)}),
    }
