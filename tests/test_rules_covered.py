"""Every numbered rule of reading has its scenario: a test that bears the rule's number in its name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

RULES = {"t": 7, "s": 5, "o": 8, "a": 2, "r": 4, "p": 7, "m": 7, "c": 5}
NAMES = [f"{letter}{number}" for letter, last in RULES.items() for number in range(1, last + 1)]


def scenarios() -> set[str]:
    """The names of all tests of this folder."""
    return {
        node.name
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("rule", NAMES)
def test_each_rule_has_its_scenario(rule: str) -> None:
    assert [name for name in sorted(scenarios()) if f"_{rule}_" in name and name.startswith("test_")]
