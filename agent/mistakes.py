"""Mistakes in files that operators write: where each one is, and the sentence that says what to do. Pure.

It neither reads a file nor knows a schema; `agent.config` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from agent.fields import shown

Path = tuple[str | int, ...]
"""The way from the top of a file to one value: keys and positions in lists, from 0."""

_PLAIN_KEY = re.compile(r"[\w-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. `line` and `column` count from 1; 0 speaks of the file as a whole.

    `file` is empty where the mistake is in no file (a secret that was asked for by itself).
    `sentence` reads `expected …; got …` and never holds a secret.
    """

    file: str
    line: int
    column: int
    key: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.sentence) if part)


class ConfigError(Exception):
    """A file that cannot be taken. `mistakes` has every one, in the order of the file; str() one a line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes), key=lambda m: (m.line, m.column, m.key, m.sentence)))
        super().__init__("\n".join(map(str, self.mistakes)))


def dotted(path: Path) -> str:
    """A path as operators read it: `systems[0].snmp.community`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + (part if _PLAIN_KEY.fullmatch(part) else shown(part))
    return text


def near(word: str, known: Sequence[str]) -> str | None:
    """The known word that was probably meant."""
    if len(word) > 80:  # it resembles nothing, and comparing takes the square of its length
        return None
    return next(iter(get_close_matches(word, known[:500], 1)), None)


def expected_one(what: str, word: str, known: Sequence[str]) -> str:
    """The sentence for a word that is none of the known ones."""
    if meant := near(word, known):
        return f"expected {what} (did you mean {meant!r}?); got {shown(word)}"
    listed = ", ".join(known[:12]) + ", …" * (len(known) > 12)
    among = f"one of {listed}" if len(known) > 1 else listed or "there is none"
    return f"expected {what} ({among}); got {shown(word)}"
