"""What a site says of one system that only its product understands: `options` in the site file.

A product states which options it takes (`Option`); the agent checks what a site file gives against that,
names each mistake with its line, and hands the values on (`Own`). Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OptionValue = bool | int | str | tuple[str, ...] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Option:
    """One setting that a product takes.

    `kind`: flag (true or false), number (a whole one, 0 or more), text, words (a list of texts), numbers (a
    list of whole ones, 1 or more) or names (texts by text). `choices`: the only texts or words that it may
    have; none: any. `means`: for the operator, a sentence without a full stop.
    """

    name: str
    kind: Literal["flag", "number", "text", "words", "numbers", "names"]
    means: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Own:
    """The options of one system, as its site file gives them. What is not given has the product's default."""

    values: Mapping[str, OptionValue] = field(default_factory=dict)

    def flag(self, name: str, default: bool = False) -> bool:
        """A setting that is true or false."""
        value = self.values.get(name, default)
        assert isinstance(value, bool)  # noqa: S101 - for the type checker: the site file was checked
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.values.get(name, default)
        assert isinstance(value, int)  # noqa: S101 - for the type checker: the site file was checked
        return value

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        value = self.values.get(name, default)
        assert isinstance(value, str)  # noqa: S101 - for the type checker: the site file was checked
        return value

    def words(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        value = self.values.get(name, default)
        assert isinstance(value, tuple)  # noqa: S101 - for the type checker: the site file was checked
        return value

    def numbers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers, each once, in the order of their size."""
        return tuple(sorted({int(word) for word in self.words(name)}))

    def names(self, name: str) -> Mapping[str, str]:
        """Texts by text."""
        value = self.values.get(name, {})
        assert isinstance(value, Mapping)  # noqa: S101 - for the type checker: the site file was checked
        return value
