"""Recordings: the questions and raw answers of one poll, and what the product must make of them.

`replay` puts a recording behind the session protocol of `collectors.base` and polls it. A question that the
recording does not know fails the test, as does an answer that nobody asked for: a device that has nothing
to say must be recorded as `absent` (a scalar) or `empty` (a column). Nothing here talks to a network.

Answers are written `TYPE VALUE`: integer, text, hex, oid, address. In place of an answer a question can end
in `silent`, `refused` or `error-status WORD`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from collectors.base import (
    Answers,
    BadAnswer,
    Findings,
    Observation,
    PollError,
    Product,
    Refused,
    RestartEvent,
    Sample,
    Unreachable,
    Value,
)

FOLDER = Path(__file__).parent / "recordings"
FACTS = ("verified", "synthetic")


@dataclass(frozen=True, slots=True)
class Recording:
    """One case. `expect` is what `told` renders, or `error` alone."""

    path: Path
    product: str
    protocol: str
    facts: str
    note: str
    at: datetime
    scalars: Mapping[str, str]
    columns: Mapping[str, str | Mapping[str, str]]
    expect: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The case: healthy, failing, unreadable, dead …"""
        return self.path.stem


def load(path: Path) -> Recording:
    """Read one recording. Every scalar of the YAML is text, so no value is guessed at. Raises ValueError."""
    with path.open(encoding="utf-8") as file:
        told = yaml.load(file, Loader=yaml.BaseLoader)  # noqa: S506 - the loader that makes text of everything
    known = {"product", "protocol", "facts", "note", "at", "scalars", "columns", "expect"}
    if not isinstance(told, dict) or told.keys() - known or told.get("facts") not in FACTS:
        raise ValueError(f"{path}: expected {sorted(known)} with facts of {FACTS}")
    return Recording(
        path=path,
        product=told["product"],
        protocol=told["protocol"],
        facts=told["facts"],
        note=told["note"],
        at=datetime.fromisoformat(told["at"]),
        scalars=told.get("scalars") or {},
        columns=told.get("columns") or {},
        expect=told["expect"],
    )


def recordings(product: str) -> list[Recording]:
    """All recordings of that product, by file name."""
    return [load(path) for path in sorted((FOLDER / product).glob("*.yaml"))]


def parse(text: str) -> Value | None:
    """`integer 5`, `text in-service/idle`, `hex 80 00`, `oid 1.3.6`, `address 10.0.0.1`, `absent`."""
    kind, _, rest = text.partition(" ")
    match kind:
        case "integer":
            return int(rest)
        case "text":
            return rest.encode()
        case "hex":
            return bytes.fromhex(rest)
        case "oid" | "address":
            return rest
        case "absent" if not rest:
            return None
    raise ValueError(f"expected a recorded answer such as 'integer 5'; got {text!r}")


@dataclass(slots=True)
class RecordedSession:
    """An SNMP session that answers from a recording, as `collectors.base.SnmpSession` says.

    `asked`: what was asked for so far, scalars and columns.
    """

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def get(self, *oids: str) -> Answers:
        """The scalars as recorded."""
        values: dict[str, Value] = {}
        for oid in oids:
            self.asked.add(oid)
            if oid not in self.recording.scalars:
                raise AssertionError(f"{self.recording.path}: scalar {oid} was asked for and is not recorded")
            self._ends(oid, self.recording.scalars[oid])
            value = parse(self.recording.scalars[oid])
            if value is not None:
                values[oid] = value
        return Answers(frozenset(oids), values)

    async def walk(self, *columns: str) -> Answers:
        """Every instance below the columns as recorded."""
        values: dict[str, Value] = {}
        for column in columns:
            self.asked.add(column)
            cells = self.recording.columns.get(column)
            if cells is None:
                raise AssertionError(
                    f"{self.recording.path}: column {column} was asked for and is not recorded"
                )
            if isinstance(cells, str):
                self._ends(column, cells)
                if cells != "empty":
                    raise ValueError(f"{self.recording.path}: expected cells or 'empty'; got {cells!r}")
                continue
            for index, text in cells.items():
                value = parse(text)
                if value is None:
                    raise ValueError(f"{self.recording.path}: leave {column}.{index} out if it is absent")
                values[f"{column}.{index}"] = value
        return Answers(frozenset(columns), values)

    def unasked(self) -> set[str]:
        """What is recorded and nobody asked for."""
        return (self.recording.scalars.keys() | self.recording.columns.keys()) - self.asked

    def _ends(self, oid: str, text: str) -> None:
        match text.partition(" "):
            case ("silent", _, _):
                raise Unreachable(oid, "no answer")
            case ("refused", _, _):
                raise Refused(oid, "these credentials will not do")
            case ("error-status", _, status):
                raise BadAnswer(oid, f"error-status {status}")


def answers_of(recording: Recording, product: Product) -> Answers:
    """What the product gets to read when it asks this recording. Raises PollError as a device would."""
    return asyncio.run(_asked(product, RecordedSession(recording)))


async def _asked(product: Product, session: RecordedSession) -> Answers:
    answers: Answers = await product.polls["snmp"].ask(session)
    return answers


def replay(recording: Recording, product: Product) -> Findings | PollError:
    """Poll the recording. AssertionError if what was asked and what is recorded differ."""
    session = RecordedSession(recording)
    try:
        answers = asyncio.run(_asked(product, session))
        outcome: Findings | PollError = product.polls["snmp"].read(answers, recording.at)
    except PollError as error:
        outcome = error
    if session.unasked():
        raise AssertionError(f"{recording.path}: recorded, never asked for: {sorted(session.unasked())}")
    return outcome


# --- findings as a recording writes them ------------------------------------------------------------------


def told(outcome: Findings | PollError) -> dict[str, Any]:
    """Findings or an error in the words of `expect`: every value is text, defaults are left out."""
    if isinstance(outcome, PollError):
        return {"error": outcome.kind, "detail": str(outcome)}
    return {
        "complete": list(outcome.complete),
        "observations": [_observation(observation) for observation in outcome.observations],
        "samples": dict(_sample(sample) for sample in outcome.samples),
    }


def _observation(observation: Observation) -> dict[str, Any]:
    default = Observation(role=observation.role, component=observation.component)
    shown: dict[str, Any] = {"role": observation.role, "component": observation.component}
    for column in fields(Observation):
        value = getattr(observation, column.name)
        if value != getattr(default, column.name):
            shown[column.name] = _text(value)
    return shown


def _text(value: object) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case RestartEvent(at=at, level=level, planned=planned, source=source):
            return f"{at.isoformat()} {level} {'planned ' if planned else ''}by {source}"
        case tuple():
            return [_text(item) for item in value]
        case Mapping():
            return {str(key): _text(item) for key, item in value.items()}
    return str(value)


def _sample(sample: Sample) -> tuple[str, str]:
    pairs = zip(sample.metric.labels, sample.labels, strict=True)
    labels = ",".join(f'{name}="{value}"' for name, value in pairs)
    return sample.metric.name + (f"{{{labels}}}" if labels else ""), f"{sample.value:g}"
