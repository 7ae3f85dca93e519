"""What a collector and the agent say to each other: questions, answers, readings, and three silences.

It holds the vocabulary only. It opens no socket and decides nothing.

Three silences stay three values from the socket to the ticket:

* *nothing wrong*: an observation with `lost == 0`, or a part that a `complete` role no longer names;
* *not asked or not told*: no observation at all (`Answers` gives `None`, never zero);
* *could not be read*: a reading with an `error`, or an observation with `unread=True`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Literal, Self

ProtocolName = Literal["snmp", "ssh", "sat", "sip", "tls", "tcp", "trap"]
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
SENTENCE = 300  # characters of a sentence of our own


class PollError(Exception):
    """A poll that could not be read to its end. Names the question; quotes at most 80 characters.

    `most`: how much of `detail` is kept; more than 80 only for a sentence of our own that quotes no device.

    Unreachable  no answer in time, or none that belongs to the question
    Refused      credentials, host key or a locked account
    BadAnswer    answered, and could not be read
    """

    kind: ClassVar[ErrorKind]

    def __init__(self, question: str, detail: str, *, most: int = QUOTE) -> None:
        self.question = question
        self.detail = detail[:most]
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
    """One restart of a system. `source`: record, boots, trap or uptime (rule R4's order of trust).

    `by`: the protocol that told it, where known: two of them tell of one uptime by clocks of their own.
    """

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}

    at: datetime
    level: str
    planned: bool
    source: Literal["record", "boots", "trap", "uptime"]
    by: ProtocolName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Of this component, `lost` of `total` units are out of use, in this role.

    `lost` and `total` are None where the role has figures of its own (stations, restart) or where the
    part is known and could not be read (`unread`). `planned` units are in neither figure; `degraded`
    ones are in `total` and not in `lost` (T3). `component` is a stable name: no measured value in it.
    """

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}  # for who reads lines of them

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
    gateway: int | None = None  # trunks, alarm: the one gateway that its ports are in, by that number
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

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}

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
