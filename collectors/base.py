"""What a collector and the agent say to each other: questions, answers, readings, and three silences.

It holds the vocabulary only. It opens no socket and decides nothing.

Three silences stay three values from the socket to the ticket:

* *nothing wrong*: an observation with `lost == 0`, or a part that a `complete` role no longer names;
* *not asked or not told*: no observation at all (`Answers` gives `None`, never zero);
* *could not be read*: a reading with an `error`, or an observation with `unread=True`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, Self

ProtocolName = Literal["snmp", "ssh", "sat", "sip", "trap"]
Source = Literal["poll", "trap"]
ErrorKind = Literal["unreachable", "refused", "unreadable"]
Side = Literal["near", "far", "power", "network", "unknown"]
Use = Literal["public", "internal", "unknown"]
VendorSeverity = Literal["major", "minor", "warning", "cleared"]
Controller = Literal["main", "survivable", "none"]
Role = Literal[
    "service",
    "trunks",
    "stations",
    "attendant",
    "auto_attendant",
    "integration",
    "location",
    "restart",
    "redundancy",
    "equipment",
    "environment",
    "capacity",
    "alarm",
    "access",
]

QUOTE = 80  # characters of an answer that an error may quote


class PollError(Exception):
    """A poll that could not be read to its end. Names the question; quotes at most 80 characters.

    Unreachable  no answer in time, or none that belongs to the question
    Refused      credentials, host key or a locked account
    BadAnswer    answered, and could not be read
    """

    kind: ClassVar[ErrorKind]

    def __init__(self, question: str, detail: str) -> None:
        self.question = question
        self.detail = detail[:QUOTE]
        super().__init__(f"{question}: {self.detail}")


class Unreachable(PollError):
    """Nobody answered in time. Says nothing about the parts of the system."""

    kind = "unreachable"


class Refused(PollError):
    """The system answered that these credentials will not do."""

    kind = "refused"


class BadAnswer(PollError):
    """The system answered, and the answer cannot be read. Never 'nothing wrong', never 'none'."""

    kind = "unreadable"


@dataclass(frozen=True, slots=True)
class RestartEvent:
    """One restart of a system. `source`: record, boots, trap or uptime (rule R4's order of trust)."""

    at: datetime
    level: str
    planned: bool
    source: Literal["record", "boots", "trap", "uptime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Of this component, `lost` of `total` units are out of use, in this role.

    `lost` and `total` are None where the role has figures of its own (stations, restart) or where the
    part is known and could not be read (`unread`). `planned` units are in neither figure; `degraded`
    ones are in `total` and not in `lost` (T3). `component` is a stable name: no measured value in it.
    """

    role: Role
    component: str
    lost: int | None = None
    total: int | None = None
    planned: int = 0
    degraded: int = 0
    unread: bool = False
    apart: bool = False  # no other protocol's list can name this part: only its own takes it back
    side: Side = "unknown"
    use: Use | None = None  # trunks
    kind: str | None = None  # integration, equipment, alarm: see the role
    to: str | None = None  # integration: the other end
    controller: Controller | None = None  # location, stations
    number: int | None = None  # location, as the phone system numbers its gateway; trunks, the group
    address: str | None = None  # location: the gateway's address as the phone system lists it
    present: int | None = None  # stations
    administered: int | None = None
    expected: int | None = None
    by_kind: Mapping[str, int] | None = None
    in_use: bool | None = None  # redundancy
    used: int | None = None  # capacity
    limit: int | None = None
    room: bool | None = None  # environment
    vendor_severity: VendorSeverity | None = None
    oid: str | None = None  # alarm: of an unknown trap
    location: str | None = None
    since: datetime | None = None
    events: tuple[RestartEvent, ...] = ()
    detail: str = ""

    def not_read(self, why: str) -> Self:
        """The same part without figures: it is known, and could not be read (T5)."""
        detail = ": ".join(filter(None, (self.detail, why)))[:120]
        return replace(
            self, unread=True, lost=None, total=None, used=None, limit=None, in_use=None, detail=detail
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """One Prometheus metric that a product fills: `avaya_…`, base units. `system` is added to its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"

    def told(self, value: float | None, *labels: str, per: float = 1) -> tuple[Sample, ...]:
        """One sample, or none where the device told no value: missing is never zero.

        `per`: how many of the device's units make one of the metric's (100 for per cent or hundredths).
        """
        return () if value is None else (Sample(self, value / per, labels),)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric; `labels` stand in the order of `metric.labels`."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a product's `read` made of the answers. `complete`: roles that it listed whole."""

    observations: tuple[Observation, ...] = ()
    samples: tuple[Sample, ...] = ()
    complete: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a poll, for the person who asks `trunkwatch poll`: seconds, and what came of it."""

    text: str
    seconds: float
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one poll or one trap says about one system at one time (the JSON line of `readings export`)."""

    at: datetime
    system: str
    source: Source = "poll"
    protocol: ProtocolName
    error: ErrorKind | None = None
    error_text: str | None = None
    complete: tuple[Role, ...] = ()
    observations: tuple[Observation, ...] = ()
    samples: tuple[Sample, ...] = ()
    questions: tuple[Question, ...] = ()
    seconds: float = 0.0


# --- SNMP -------------------------------------------------------------------------------------------------

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


# --- products ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pacing:
    """How hard a device may be asked; each figure can be changed per system in the site file.

    rows: rows of a table per GETBULK. pause: between two questions. timeout: until a question counts as
    unanswered. tries: how often a question is sent in all. interval: from poll to poll. most_rows: a table
    with more does not end (a property of the product, not a wish: no site sets it).
    """

    rows: int
    pause: timedelta
    timeout: timedelta
    tries: int
    interval: timedelta
    most_rows: int = 10_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a collector relies on, and how well it is known (the README's table shows these)."""

    what: str
    source: str
    known: Literal["verified", "inferred", "synthetic"]


@dataclass(frozen=True, slots=True)
class Poll:
    """One way to ask a product: `ask` talks, `read` is pure.

    `read(answers, at)`: `at` is the time of the poll, in the zone of the system's location (devices that
    tell local time without a zone or year are read by it).
    """

    ask: Callable[[Any], Awaitable[Any]]
    read: Callable[[Any, datetime], Findings]
    pacing: Pacing


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """All that the agent knows of a product. A product file ends in one of these, named PRODUCT."""

    name: str
    title: str
    function: Literal["phone_system", "voicemail", "contact_centre", "border", "network", "other"]
    polls: Mapping[ProtocolName, Poll]
    authority: tuple[ProtocolName, ...]  # whose word counts where two fresh protocols disagree
    metrics: tuple[Metric, ...]
    facts: tuple[Fact, ...]
    not_seen: tuple[str, ...] = ()  # what this product cannot be asked, in the words of the README


SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_UPTIME = "1.3.6.1.2.1.1.3.0"  # TimeTicks of the agent; wraps after 497 days (SNMPv2-MIB)
