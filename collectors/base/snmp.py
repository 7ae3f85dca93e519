"""What SNMP questions and answers are to a collector: scalars, tables, and an open line to one agent.

It opens no socket; `collectors.sessions.snmp` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from collectors.base.readings import BadAnswer

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_UPTIME = "1.3.6.1.2.1.1.3.0"  # TimeTicks of the agent; wraps after 497 days (SNMPv2-MIB)

Value = int | bytes | str
"""INTEGER, Counter, Gauge, TimeTicks -> int; OCTET STRING -> bytes; OBJECT IDENTIFIER, IpAddress -> str."""

Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """SNMP answers by OID (dotted, no leading dot), and what was asked.

    An OID that was asked and is not in `values` was answered with noSuchObject or noSuchInstance (a column:
    an empty table): *not told*. Asking for one that no question covered is a mistake of the collector and
    raises KeyError. Answers of several questions are joined with `|`.
    """

    asked: frozenset[str] = frozenset()
    values: Mapping[str, Value] = field(default_factory=dict)

    def __or__(self, other: Self) -> Self:
        return type(self)(self.asked | other.asked, {**self.values, **other.values})

    def value(self, oid: str) -> Value | None:
        """The value of a scalar that was asked for; None where the device has none."""
        if oid not in self.asked:
            raise KeyError(f"{oid} was never asked")
        return self.values.get(oid)

    def integer(self, oid: str) -> int | None:
        """An integer scalar. Raises BadAnswer if the device gave something else."""
        return _integer(oid, self.value(oid))

    def count(self, oid: str) -> int | None:
        """An integer scalar that counts something. Raises BadAnswer also if it is below zero."""
        value = self.integer(oid)
        if value is not None and value < 0:
            raise BadAnswer(oid, f"expected a count, got {value}")
        return value

    def uptime(self) -> float | None:
        """Seconds since the agent started, by sysUpTime (hundredths, modulo 2^32: wraps after 497 days)."""
        ticks = self.count(SYS_UPTIME)
        if ticks is not None and ticks >= 2**32:
            raise BadAnswer(SYS_UPTIME, f"expected TimeTicks, got {ticks}")
        return None if ticks is None else ticks / 100

    def text(self, oid: str) -> str | None:
        """A DisplayString scalar without surrounding blanks. Raises BadAnswer if it is not text."""
        return _text(oid, self.value(oid))

    def octets(self, oid: str) -> bytes | None:
        """An OCTET STRING scalar as it came. Raises BadAnswer if the device gave something else."""
        return _octets(oid, self.value(oid))

    def rows(self, *columns: str, parts: int | None = None) -> Iterator[tuple[Index, Row]]:
        """The rows of a walked table, in the order of their index; every column must have been asked.

        A row has those of the columns that the device gave for it; the others read as None. `parts`: how
        many numbers the index has, where that is fixed; raises BadAnswer for a row with another count.
        """
        for column in columns:
            if column not in self.asked:
                raise KeyError(f"column {column} was never asked")
        found: dict[Index, dict[str, Value]] = {}
        for column in columns:
            head = column + "."
            for oid, value in self.values.items():
                if oid.startswith(head):
                    index = tuple(int(part) for part in oid[len(head) :].split("."))
                    found.setdefault(index, {})[column] = value
        for index in sorted(found):
            if parts is not None and len(index) != parts:
                raise BadAnswer(columns[0], f"expected rows of {parts} index parts, got {index}")
            yield index, Row(index, found[index])


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the same three readings as a scalar's, by column."""

    index: Index
    values: Mapping[str, Value]

    def integer(self, column: str) -> int | None:
        """An integer cell, None where the row has none."""
        return _integer(self._oid(column), self.values.get(column))

    def text(self, column: str) -> str | None:
        """A DisplayString cell, None where the row has none."""
        return _text(self._oid(column), self.values.get(column))

    def octets(self, column: str) -> bytes | None:
        """An OCTET STRING cell, None where the row has none."""
        return _octets(self._oid(column), self.values.get(column))

    def _oid(self, column: str) -> str:
        return f"{column}.{'.'.join(map(str, self.index))}"


def _integer(oid: str, value: Value | None) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise BadAnswer(oid, f"expected an integer, got {value!r}")


def _octets(oid: str, value: Value | None) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    raise BadAnswer(oid, f"expected octets, got {value!r}")


def _text(oid: str, value: Value | None) -> str | None:
    octets = _octets(oid, value)
    if octets is None:
        return None
    try:
        return octets.rstrip(b"\0").decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BadAnswer(oid, f"expected text, got {octets!r}") from None


class SnmpSession(Protocol):
    """An open line to one device's SNMP agent. Both calls raise Unreachable, Refused or BadAnswer."""

    async def get(self, *oids: str) -> Answers:
        """Ask for scalars (with their .0)."""
        ...

    async def walk(self, *columns: str) -> Answers:
        """Ask for columns of one table, side by side, to their end."""
        ...
