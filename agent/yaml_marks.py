"""Reads a YAML file into values that know their line and column, by YAML 1.2's rules for plain words.

PyYAML's parser cuts the text into events; what it resolves by YAML 1.1 (`no`, `18:00`, `0777`, `2026-01-01`)
never gets that far. It knows no schema. Aliases, anchors, tags and second documents are refused: a site
file is read by people, from the top.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from agent.mistakes import ConfigError, Mistake, Path, dotted

MAX_BYTES = 1 << 20  # some 8,000 systems; PyYAML needs 3 s for it
MAX_DEPTH = 50

Scalar = str | int | float | bool | None

# JSON's numbers: no octal and no leading zero or plus, which file modes and telephone numbers have
_INT = re.compile(r"0|-?[1-9][0-9]{0,99}")
_FLOAT = re.compile(r"-?(?:\.[0-9]{1,99}|(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{0,99})?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}

# U+0085, U+2028 and U+2029 are line breaks to YAML 1.1 and to no editor: line numbers would go wrong
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_UNUSABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
)  # what an escape in double quotes can still make


def resolve(text: str) -> Scalar:
    """The value of a plain (unquoted) word: true, false, null, ~, nothing, decimal numbers; else the text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Node:
    """A value and where it stands. `source`: a scalar as written. No repr: the value may be a secret."""

    path: Path
    line: int
    column: int
    value: Scalar | list[Node] | dict[str, Node]
    source: str = ""
    key_line: int = 0
    key_column: int = 0

    def get(self, key: str) -> Node | None:
        """The value below that key; None if there is none, or if this is no mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def items(self, key: str) -> Iterator[Node]:
        """What the list below that key holds; nothing if there is no list."""
        found = self.get(key)
        if found is not None and isinstance(found.value, list):
            yield from found.value

    def text(self, key: str) -> str | None:
        """The text below that key; a whole number counts as its text."""
        found = self.get(key)
        return None if found is None else found.word

    @property
    def word(self) -> str | None:
        """This value as text, if it is text or a whole number."""
        if isinstance(self.value, str):
            return self.value
        return self.source if type(self.value) is int else None

    def plain(self) -> Any:
        """The value without its marks."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(frozen=True, slots=True, repr=False)
class Tree:
    """A file that could be read, and what of its form was wrong without stopping the reading.

    `repeated`: what stands under a key that its mapping had before, and the line of the first.
    """

    file: str
    root: Node
    mistakes: list[Mistake] = field(default_factory=list)
    repeated: list[tuple[Node, int]] = field(default_factory=list)

    def mistake(self, node: Node, sentence: str, *, child: str | None = None) -> Mistake:
        """A mistake at a value, or at something missing below it."""
        path = node.path if child is None else (*node.path, child)
        return Mistake(self.file, node.line, node.column, dotted(path), sentence)


def read_tree(path: FilePath) -> Tree:
    """Read and mark a YAML file. Raises ConfigError where its form leaves nothing to go on with."""
    text = _read_text(path)
    reader = _Reader(str(path), text)
    return Tree(str(path), reader.document(), reader.mistakes, reader.repeated)


def _read_text(path: FilePath) -> str:
    def refuse(sentence: str, line: int = 0, column: int = 0) -> ConfigError:
        return ConfigError([Mistake(str(path), line, column, "", sentence)])

    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for a writer for ever
            raise refuse("expected a file; got a folder, a pipe or a device")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except PermissionError:
        raise refuse("you may not read it: use sudo, or be a member of its group and log in again") from None
    except OSError as error:
        raise refuse(f"expected a file that can be read; got {error.strerror}") from None
    except ValueError:  # a NUL in the name
        raise refuse("expected the name of a file; got one that no file can have") from None
    if len(raw) > MAX_BYTES:
        raise refuse(f"expected at most {MAX_BYTES >> 10} KiB; got more")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # after a byte order mark `start` counts from behind it
        line, column = _place(error.object[: error.start].decode("utf-8", "replace"))
        raise refuse(
            f"expected text in UTF-8; got the byte 0x{error.object[error.start]:02x}", line, column
        ) from None
    if odd := _UNPRINTABLE.search(text):
        raise refuse(
            f"expected printable text; got the character U+{ord(odd[0]):04X}", *_place(text[: odd.start()])
        )
    return text


def _place(before: str) -> tuple[int, int]:
    lines = re.split(r"\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


class _Reader:
    """One pass over PyYAML's events. Its sentences name no key: without a schema, any may be a secret."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []
        self.repeated: list[tuple[Node, int]] = []
        self._loader = yaml.SafeLoader(text)

    def document(self) -> Node:
        self._next()  # the start of the stream
        start = self._next()
        if isinstance(start, yaml.StreamEndEvent):
            raise self._stop(1, 1, "expected keys and values; got an empty file")
        if start.version or start.tags:
            self._note(start.start_mark, "expected no line that begins with '%'; got one")
        root = self._node(self._next(), (), None)
        self._next()  # the end of the document
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._stop(*_mark(after.start_mark), "expected one document; got a second one")
        return root

    def _node(self, event: Any, path: Path, key: Any) -> Node:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        value: Scalar | list[Node] | dict[str, Node] = None
        source = ""
        if isinstance(event, yaml.AliasEvent):
            # what it stands for is unknown here, so anything said of the rest could be wrong
            raise self._stop(*place, "expected the value itself; got an alias (*)")
        if event.anchor is not None:
            self._note(event.start_mark, "expected no anchor (&), as nothing may refer to it; got one")
        if event.tag is not None:
            self._note(event.start_mark, "expected no tag (!); got one")
        if len(path) > MAX_DEPTH:
            raise self._stop(*place, f"expected at most {MAX_DEPTH} levels of lists and keys; got more")
        if isinstance(event, yaml.ScalarEvent):
            source = event.value
            value = resolve(source) if not event.style and event.tag is None else source
            if _UNUSABLE.search(source):
                self._note(event.start_mark, "expected text without control characters; got one")
                value, source = None, ""
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(path)
        else:
            value = self._mapping(path)
        key_place = place if key is None else _mark(key.start_mark)
        return Node(path, *place, value, source, *key_place)

    def _list(self, path: Path) -> list[Node]:
        nodes: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            nodes.append(self._node(event, (*path, len(nodes)), None))
        return nodes

    def _mapping(self, path: Path) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name = self._key(key, path)
            node = self._node(self._next(), (*path, name or ""), key)
            if name is None:
                continue
            if first := nodes.get(name):
                self.repeated.append((node, first.key_line))
            else:
                nodes[name] = node
        return nodes

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, (*path, ""), None)  # read past it
            self._note(event.start_mark, "expected a word as a key; got a list or keys")
            return None
        if event.anchor is not None or event.tag is not None:
            self._note(event.start_mark, "expected a word as a key; got one with an anchor or a tag")
            return None
        if not event.value or _UNUSABLE.search(event.value):
            self._note(event.start_mark, "expected a word as a key; got none")
            return None
        return str(event.value)

    def _next(self) -> Any:
        try:
            return self._loader.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        except yaml.MarkedYAMLError as error:
            raise self._stop(*_mark(_where(error)), _syntax(error)) from None
        except (OverflowError, ValueError):  # PyYAML gives "\UFFFFFFFF" to chr()
            place = _mark(self._loader.get_mark())
            raise self._stop(*place, "expected the code of a character; got a larger number") from None

    def _note(self, mark: Any, sentence: str) -> None:
        self.mistakes.append(Mistake(self.file, *_mark(mark), "", sentence))

    def _stop(self, line: int, column: int, sentence: str) -> ConfigError:
        return ConfigError([*self.mistakes, Mistake(self.file, line, column, "", sentence)])


def _mark(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


_QUOTE_NEVER_CLOSED = "found unexpected end of stream"

_SYNTAX = (
    # the beginning of PyYAML's words, ours
    ("found character '\\t'", "expected spaces; got a tab"),
    (
        "mapping values are not allowed",
        "expected one 'key: value' on a line (quote text with a colon); got a second colon",
    ),
    ("sequence entries are not allowed", "expected the list on lines of its own; got '-' behind a key"),
    ("could not find expected ':'", "expected 'key: value'; got a line without a colon"),
    ("expected <block end>", "expected the indentation of the lines above; got another"),
    ("expected ',' or ']'", "expected ',' or ']'; got something else"),
    ("expected ',' or '}'", "expected ',' or '}'; got something else"),
    (_QUOTE_NEVER_CLOSED, "expected the quote that closes this text; got the end of the file"),
    (
        "found unexpected document separator",
        "expected the quote that closes this text; got the end of the document",
    ),
    ("found undefined tag handle", "expected no tag (!); got one"),
    ("expected '<document start>'", "expected one document; got more behind its end"),
    ("found character '@'", "expected quotes around text that begins with '@'; got none"),
    ("found character '`'", "expected quotes around text that begins with '`'; got none"),
    ("found character '%'", "expected quotes around text that begins with '%'; got none"),
)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    for beginning, sentence in _SYNTAX:
        if problem.startswith(beginning):
            return sentence
    # PyYAML may quote the file, and that may be a secret: only its own <words> and single characters stay
    problem = re.sub(r"'(?!<)[^']{2,}'", "some text", problem)
    return f"expected YAML; got a mistake in it ({problem})"


def _where(error: yaml.MarkedYAMLError) -> Any:
    if error.problem == _QUOTE_NEVER_CLOSED and error.context_mark is not None:
        return error.context_mark  # where the quote was opened says more than where the file ends
    return error.problem_mark or error.context_mark
