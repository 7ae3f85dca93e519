"""docs/contracts.md, held to the schema and the shipped contracts: its keys, defaults and worked examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from agent.calendar_spec import CalendarSpec
from agent.contract import ChangeTarget, Clause, Clock, Contract, Decisions, Level, Target, Term, Test
from agent.failures import Responsibility
from agent.loading import load_contract
from agent.shipped import shipped
from agent.views import moment
from agent.yaml_marks import read_tree
from tests.story import ZONE, an_agreement
from tests.watched import CHECKOUT

PAGE = (CHECKOUT / "docs/contracts.md").read_text(encoding="utf-8")
Row = dict[str, str]


def tables(text: str) -> Iterator[list[Row]]:
    """Every table of a text, as rows by the heads of their columns."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        head, _, *rows = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        )
        yield [dict(zip(head, row, strict=True)) for row in rows]


def section(title: str) -> str:
    """The text below that heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def names(rows: list[Row]) -> list[str]:
    """What stands in the first column."""
    return [next(iter(row.values())).strip("`") for row in rows]


def test_every_key_of_a_contract_file_is_told_once() -> None:
    told = [names(rows) for rows in tables(section("What stands in a file"))]
    models: tuple[tuple[type[Any], ...], ...] = (
        (Contract,),
        (Term,),
        (Level,),
        (Clause,),
        (Target, ChangeTarget),
        (CalendarSpec,),
    )
    real = [{key for model in group for key in model.model_fields} for group in models]
    assert [set(keys) for keys in told] == real
    assert all(len(keys) == len(set(keys)) for keys in told)


@pytest.mark.parametrize(
    ("title", "words"),
    [("Facts", get_args(Test)), ("Clocks", get_args(Clock)), ("Whose fault", get_args(Responsibility))],
)
def test_every_word_of_the_schema_is_told_and_no_other(title: str, words: tuple[str, ...]) -> None:
    (rows,) = tables(section(title))
    assert sorted(names(rows)) == sorted(words)


def test_the_decisions_are_all_told_with_the_defaults_of_the_schema_and_of_agility() -> None:
    (rows,) = tables(section("Decisions"))
    assert names(rows) == list(Decisions.model_fields)
    as_told = {row["key"].strip("`"): row["default"] for row in rows}
    in_file = read_tree(shipped("contracts/agility.yaml")).root.get("decisions")
    assert in_file is not None
    assert as_told == {
        key: json.dumps(value) if isinstance(value, bool) else str(value)
        for key, value in in_file.plain().items()
    }
    plain = load_contract("agility").contract.decisions.model_dump(exclude={"coverage_hours"})
    assert plain == Decisions().model_dump(exclude={"coverage_hours"})


def test_agility_gives_the_rule_of_each_decision_beside_it() -> None:
    (rows,) = tables(section("Decisions"))
    text = shipped("contracts/agility.yaml").read_text(encoding="utf-8")
    for row in rows:
        line = re.search(rf"^  {row['key'].strip('`')}: .*# (.*)$", text, re.MULTILINE)
        assert line is not None, row["key"]
        assert row["rule"] == "-" or line[1].startswith(row["rule"]), row["key"]


EXAMPLES = [
    (name, row)
    for name in ("agility", "avaya-essential", "avaya-preferred", "intervision")
    for rows in tables(section(name))
    for row in rows
]


def test_each_shipped_contract_has_its_worked_example() -> None:
    folder = shipped("contracts/agility.yaml").parent
    assert {name for name, _ in EXAMPLES} == {path.stem for path in folder.glob("*.yaml")}


@pytest.mark.parametrize(("name", "row"), EXAMPLES, ids=[f"{name}-{row['due']}" for name, row in EXAMPLES])
def test_the_figures_of_a_worked_example_are_right(name: str, row: Row) -> None:
    key, _, value = row["decided"].strip("`").partition(": ")
    decisions: dict[str, Any] = {key: value} if key else {}
    agreement = an_agreement(name, **decisions)
    contract = agreement.contract
    received = datetime.fromisoformat(row["received"][4:20]).replace(tzinfo=ZONE)
    assert moment(received) == row["received"]

    clause = contract.holding(re.findall(r"`(.*?)`", row["facts"]))[0]
    assert (clause.id, contract.title_of(clause.severity)) == (row["clause"].strip("`"), row["severity"])
    if clause.outcome != "ticket":
        assert (row["due"], row["arithmetic"]) == ("-", f"a {clause.outcome}")
        return
    step = row["step"]
    target = contract.target(clause.severity, step)  # type: ignore[arg-type]  # a word of the page
    assert target is not None
    due = agreement.due_by(target, received)
    assert due is not None
    assert moment(due.astimezone(ZONE)) == row["due"]
    parts = re.findall(r"(\d+) (h|min)\b", row["arithmetic"])
    spent = sum((timedelta(**{_UNIT[unit]: int(n)}) for n, unit in parts), timedelta())
    assert spent == (target.amount or timedelta())


_UNIT = {"h": "hours", "min": "minutes"}
