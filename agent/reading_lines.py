"""Readings as JSON lines: what `trunkwatch readings export` writes and `trunkwatch replay` reads.

A line says when first, and then what was seen. What was seen repeats from poll to poll, so whoever keeps or
reads many lines handles that part (`content`) once, and of one that differs only what does. Samples and
questions are no part of a line. It opens no file, and what a reading means is judged elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from agent.fields import shown
from agent.mistakes import dotted, expected_one, near
from agent.reading_log import EPOCH, ReadingLog, number_of
from agent.sentences import expectation
from collectors.base import Observation, Reading, RestartEvent

_READING = TypeAdapter(Reading)
_OBSERVATIONS = TypeAdapter(tuple[Observation, ...])
_OBSERVATION = TypeAdapter(Observation)
_HEAD = re.compile(r'\{"at": ?"([0-9T:.+-]+Z?)", ?(?:"seconds": ?([0-9]+(?:\.[0-9]+)?), ?)?(?="system": ?")')
_OBSERVED = '"observations":'
_SPELLINGS = (("[", '{"role":', "},"), (" [", '{"role": ', "}, "))  # as `written` does, and as most others do
_KEPT = 1000  # frames that a reader remembers: a site has one or two a way
_PARTS_KEPT = 100_000  # parts that it remembers, of some hundred bytes each
_LONGEST = 1_000_000  # characters of a line: a phone system with all its alarms has a tenth of that
_YEARS = range(1970, 2200)
_SLOWEST = 86400  # seconds that a poll may have taken
_COUNTS = ("lost", "total", "planned", "degraded", "present", "administered", "expected", "used", "limit")
_COUNTS_OF = attrgetter(*_COUNTS)
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
    """Reads the lines of one file into a log. `systems`: those that the site has; None: any may be named."""

    def __init__(self, file: str, log: ReadingLog, systems: Sequence[str] | None = None) -> None:
        self._file = file
        self._log = log
        self._systems = systems
        self._contents = Contents(log)

    def take(self, number: int, text: str) -> None:
        """Put the reading of that line into the log. Raises LinesError with every mistake of it."""
        head = _HEAD.match(text)
        if head is not None:
            place = self._contents.place(text[head.end() :])
            if place is not None and (at := _moment(head[1])) is not None:
                seconds = float(head[2] or 0)
                if seconds <= _SLOWEST:
                    self._log.add(number_of(at), seconds, place)
                    return
        reading = self._parsed(number, text)
        place = self._log.content(reading)
        self._log.add(number_of(reading.at), reading.seconds, place)
        if head is not None and (_moment(head[1]), float(head[2] or 0)) == (reading.at, reading.seconds):
            self._contents.learn(text[head.end() :], place)

    def content(self, what: str) -> int:
        """The place of what a reading says, without when that was. Raises LinesError with every mistake."""
        place = self._contents.place(what)
        if place is None:
            place = self._log.content(self._parsed(0, line(EPOCH, 0, what)))
            self._contents.learn(what, place)
        return place

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
    file: str, lines: Iterable[str], log: ReadingLog, systems: Sequence[str] | None = None
) -> list[LineMistake]:
    """Put the readings of a file's lines into the log, and give every mistake. Empty ones are passed over."""
    reader = LineReader(file, log, systems)
    wrong: list[LineMistake] = []
    for number, text in enumerate(lines, 1):
        if not (told := text.strip()):
            continue
        try:
            reader.take(number, told)
        except LinesError as error:
            wrong += error.mistakes
    return wrong


class _Frame:
    """All that a way says but for the parts: what it said last, and the parts of such a reading by number."""

    __slots__ = ("last", "parts", "place", "reading")

    def __init__(self, reading: Reading, last: str, place: int) -> None:
        self.reading = reading
        self.last = last
        self.place = place
        self.parts: dict[int, tuple[list[str], tuple[Observation, ...]]] = {}


class Contents:
    """What lines said so far: what is said again is known by its text, and so is each of its parts."""

    def __init__(self, log: ReadingLog) -> None:
        self._log = log
        self._frames: dict[str, _Frame] = {}
        self._parts: dict[str, Observation] = {}

    def place(self, what: str) -> int | None:
        """Its place in the log; None: it must be parsed and checked as a whole."""
        cut = what.find(_OBSERVED)
        frame = self._frames.get(what[:cut])
        if frame is None:
            return None
        rest = what[cut + len(_OBSERVED) :]
        if rest == frame.last:
            return frame.place
        pieces = _pieces(rest)
        if pieces is None or (observations := self._observations(frame, pieces)) is None:
            return None
        frame.last = rest
        frame.place = self._log.content(replace(frame.reading, observations=observations))
        return frame.place

    def learn(self, what: str, place: int) -> None:
        """Remember what was parsed, unless it is spelled in a way that nobody writes."""
        cut, reading = what.find(_OBSERVED), self._log.contents[place]
        if cut < 0 or not what.endswith("]}") or '"seconds":' in what[:cut]:
            return
        if len(self._frames) >= _KEPT:
            self._frames.clear()
        rest = what[cut + len(_OBSERVED) :]
        frame = self._frames[what[:cut]] = _Frame(reading, rest, place)
        if (pieces := _pieces(rest)) is not None and len(pieces) == len(reading.observations):
            frame.parts[len(pieces)] = pieces, reading.observations

    def _observations(self, frame: _Frame, pieces: list[str]) -> tuple[Observation, ...] | None:
        texts, known = frame.parts.get(len(pieces), ((), ()))
        found = list(known)
        for index, piece in enumerate(pieces):
            if index < len(texts) and piece == texts[index]:
                continue
            part = self._part(piece)
            if part is None:
                return None
            found[index : index + 1] = (part,)
        observations = tuple(found)
        frame.parts[len(pieces)] = pieces, observations
        return observations

    def _part(self, piece: str) -> Observation | None:
        known = self._parts.get(piece)
        if known is None:
            try:
                known = _OBSERVATION.validate_json(f'{{"role":{piece}}}', strict=True)
            except ValidationError:
                return None
            if any(_wrong_in(known, "")):
                return None
            if len(self._parts) >= _PARTS_KEPT:
                self._parts.clear()
            self._parts[piece] = known
        return known


def _pieces(rest: str) -> list[str] | None:
    """The texts of the parts, each without its first key and its last brace; None: it is spelled otherwise.

    No text within a part looks like the seam of two: a quotation mark in it stands behind a backslash.
    """
    for opens, first, seam in _SPELLINGS:
        if rest == f"{opens}]}}":
            return []
        if rest.startswith(opens + first) and rest.endswith("}]}"):
            return rest[len(opens) + len(first) : -3].split(seam + first)
    return None


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
    yield from _wrong_time("at", reading.at)
    for index, each in enumerate(reading.observations):
        yield from _wrong_in(each, f"observations[{index}].")
    if not 0 <= reading.seconds <= _SLOWEST:
        yield "seconds", f"expected seconds from 0 to {_SLOWEST}; got {reading.seconds:g}"


def _wrong_in(observation: Observation, place: str) -> Iterator[tuple[str, str]]:
    for name, value in zip(_COUNTS, _COUNTS_OF(observation), strict=True):
        if value is not None and value < 0:
            yield f"{place}{name}", f"expected 0 or more; got {value}"
    if observation.since is not None:
        yield from _wrong_time(f"{place}since", observation.since)
    for index, event in enumerate(observation.events):
        yield from _wrong_time(f"{place}events[{index}].at", event.at)


def _wrong_time(key: str, at: datetime) -> Iterator[tuple[str, str]]:
    if at.tzinfo is None:
        yield key, f"expected a time with its offset from UTC; got {at.isoformat()}"
    elif at.year not in _YEARS:
        yield key, f"expected a year from {_YEARS[0]} to {_YEARS[-1]}; got {at.isoformat()}"


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
