"""The rules of the house that no other tool checks."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for room in ("agent", "collectors") for path in (CHECKOUT / room).rglob("*.py"))
CLOCKS = {"now", "today", "utcnow", "time", "monotonic", "perf_counter"}


def core() -> Iterator[Path]:
    """The files of the pure core, as the import contract lists them."""
    settings = configparser.ConfigParser()
    settings.read(CHECKOUT / "setup.cfg")
    for module in settings["importlinter:contract:core-is-pure"]["source_modules"].split():
        path = CHECKOUT / module.replace(".", "/")
        yield from path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.parametrize("path", sorted(core()), ids=lambda path: path.name)
def test_the_core_calls_no_clock(path: Path) -> None:
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & CLOCKS


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_file_says_what_it_is_for_and_has_one_job(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"
    assert len(text.splitlines()) <= 400, "a file past 400 lines is asking to be two"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_nothing_imports_the_tests(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split(".")[0] == "tests" for name in names)


def test_every_suppression_carries_its_reason() -> None:
    bare = [
        f"{path.relative_to(CHECKOUT)}:{number}"
        for path in (*SOURCES, *sorted((CHECKOUT / "tests").rglob("*.py")))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for mark in ("# noqa", "# type: ignore")
        if mark in line and path != Path(__file__)
        # codes first, then words: the reason
        if not any(word.isalpha() and word.islower() and len(word) > 2 for word in _after_codes(line, mark))
    ]
    assert bare == []


def _after_codes(line: str, mark: str) -> list[str]:
    rest = line.split(mark, 1)[1].lstrip(":").strip()
    if rest.startswith("["):
        rest = rest.partition("]")[2]
    return rest.replace("(", " ").replace(",", " ").replace(":", " ").split()
