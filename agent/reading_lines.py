"""Readings as JSON lines: what `trunkwatch readings export` writes and `trunkwatch replay` reads.

A line says when first, and then what was seen. What was seen repeats from poll to poll, so whoever keeps or
reads many lines handles that part (`content`) once. Samples and questions are no part of a line. It opens no
file, and what a reading means is judged elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from agent.fields import shown
from agent.mistakes import dotted, expected_one, near
from agent.sentences import expectation
from collectors.base import Observation, Reading, RestartEvent

_READING = TypeAdapter(Reading)
_OBSERVATIONS = TypeAdapter(tuple[Observation, ...])
_HEAD = re.compile(
    r'\{"at": ?"([0-9T:.+-]+Z?)", ?(?:"seconds": ?([0-9]+(?:\.[0-9]+)?), ?)?("system": ?".*\})', re.DOTALL
)
_KEPT = 1000  # contents that a reader remembers; a site has one or two a system
_LONGEST = 1_000_000  # characters of a line: a phone system with all its alarms has a tenth of that
_YEARS = range(1970, 2200)
_SLOWEST = 86400  # seconds that a poll may have taken
_COUNTS = ("lost", "total", "planned", "degraded", "present", "administered", "expected", "used", "limit")
_LEFT_OUT = ("samples", "questions")  # `trunkwatch poll --json` shows them; a line may have them
_KEYS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (Reading, Observation, RestartEvent)
}


@dataclass(frozen=True, slots=True)
class LineMistake:
    """One mistake of one line (0: of the file); `key`: which value, empty for the line as a whole."""

    file: str
    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.sentence) if part)


class LinesError(Exception):
    """Lines that cannot be taken. `mistakes` has every one, in the order of the files; str() one a line."""

    def __init__(self, mistakes: Iterable[LineMistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def content(reading: Reading) -> str:
    """The line of a reading without when it was seen and how long that took: equal if it saw the same."""
    told: dict[str, Any] = {
        "system": reading.system,
        "source": reading.source,
        "protocol": reading.protocol,
        "error": reading.error,
    }
    if reading.error_text is not None:
        told["error_text"] = reading.error_text
    head = json.dumps(told | {"complete": reading.complete}, ensure_ascii=False, separators=(",", ":"))
    seen = _OBSERVATIONS.dump_json(reading.observations, exclude_defaults=True).decode()
    return f'{head[1:-1]},"observations":{seen}}}'


def line(at: datetime, seconds: float, what: str) -> str:
    """The line of a reading of that content. `seconds`: how long the poll took; 0: not known."""
    took = f'"seconds":{round(seconds, 3):g},' if seconds >= 0.0005 else ""
    return f'{{"at":"{at.isoformat()}",{took}{what}'


def written(reading: Reading) -> str:
    """The whole line of a reading."""
    return line(reading.at, reading.seconds, content(reading))


class LineReader:
    """Reads the lines of one file. `systems`: those that the site has; None: any may be named."""

    def __init__(self, file: str, systems: Sequence[str] | None = None) -> None:
        self._file = file
        self._systems = systems
        self._known: dict[str, Reading] = {}

    def read(self, number: int, text: str) -> Reading:
        """The reading of that line. Raises LinesError with every mistake of it."""
        head = _HEAD.fullmatch(text)
        if head is not None and (known := self._known.get(head[3])) is not None:
            at = _moment(head[1])
            if at is not None:
                return replace(known, at=at, seconds=float(head[2] or 0))
        reading = self._parsed(number, text)
        if head is not None and _moment(head[1]) == reading.at:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[head[3]] = reading
        return reading

    def _parsed(self, number: int, text: str) -> Reading:
        if len(text) > _LONGEST:
            raise self._refusal(number, [("", f"expected at most {_LONGEST} characters; got {len(text)}")])
        try:
            reading = _READING.validate_json(text, strict=True)
        except ValidationError as error:
            raise self._refusal(number, _wrongs(text, error)) from None
        if wrong := [*_further(reading, self._systems)]:
            raise self._refusal(number, wrong)
        # A trap is told by no poll, whatever it is written in.
        trap = reading.source == "trap" or reading.protocol == "trap"
        return replace(
            reading,
            at=reading.at.astimezone(UTC),
            source="trap" if trap else reading.source,
            protocol="trap" if trap else reading.protocol,
            samples=(),
            questions=(),
        )

    def _refusal(self, number: int, wrong: Iterable[tuple[str, str]]) -> LinesError:
        return LinesError(LineMistake(self._file, number, key, sentence) for key, sentence in wrong)


def read_lines(
    file: str, lines: Iterable[str], systems: Sequence[str] | None = None
) -> tuple[list[Reading], list[LineMistake]]:
    """The readings of a file's lines, in their order, and every mistake; empty lines are passed over."""
    reader = LineReader(file, systems)
    readings: list[Reading] = []
    wrong: list[LineMistake] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            readings.append(reader.read(number, text.strip()))
        except LinesError as error:
            wrong += error.mistakes
    return readings, wrong


def _moment(text: str) -> datetime | None:
    """The time, in UTC; None for what is none, or has no offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None and at.year in _YEARS else None


def _further(reading: Reading, systems: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """What the kinds of the values do not say: offsets of times, counts below zero, names of the site."""
    if systems is not None and reading.system not in systems:
        yield "system", expected_one("a system of the site file", reading.system, systems)
    times: list[tuple[str, datetime | None]] = [("at", reading.at)]
    for index, each in enumerate(reading.observations):
        place = f"observations[{index}]"
        times.append((f"{place}.since", each.since))
        times += [(f"{place}.events[{place_of}].at", event.at) for place_of, event in enumerate(each.events)]
        for name in _COUNTS:
            value = getattr(each, name)
            if value is not None and value < 0:
                yield f"{place}.{name}", f"expected 0 or more; got {value}"
    for key, at in times:
        if at is None:
            continue
        if at.tzinfo is None:
            yield key, f"expected a time with its offset from UTC; got {at.isoformat()}"
        elif at.year not in _YEARS:
            yield key, f"expected a year from {_YEARS[0]} to {_YEARS[-1]}; got {at.isoformat()}"
    if not 0 <= reading.seconds <= _SLOWEST:
        yield "seconds", f"expected seconds from 0 to {_SLOWEST}; got {reading.seconds:g}"


def _wrongs(text: str, error: ValidationError) -> Iterator[tuple[str, str]]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        yield "", f"expected a reading as one JSON object; got {shown(text)}"
        return
    for each in error.errors(include_url=False, include_input=False):
        yield _sentence(values, each)


def _sentence(values: Any, error: ErrorDetails) -> tuple[str, str]:
    path = error["loc"]
    key = dotted(path)
    if error["type"] == "missing":
        return key, "expected this key, which must be given; got nothing"
    if error["type"] == "unexpected_keyword_argument":
        known = _keys_at(path)
        meant = near(str(path[-1]), known)
        wanted = f"a known key (did you mean {meant!r}?)" if meant else f"one of {', '.join(known)}"
        return key, f"expected {wanted}; got {shown(str(path[-1]))}"
    return key, f"expected {expectation(error)}; got {_got(values, path)}"


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    kind = RestartEvent if "events" in path else Observation if "observations" in path else Reading
    return [name for name in _KEYS[kind] if name not in _LEFT_OUT]


def _got(values: Any, path: tuple[int | str, ...]) -> str:
    for part in path:
        try:
            values = values[part]
        except (LookupError, TypeError):
            break
    match values:
        case None:
            return "nothing"
        case dict():
            return "keys and values"
        case list():
            return "a list"
        case str():
            return shown(values)
        case _:
            return json.dumps(values)[:40]
