"""Options that are lists of numbers: what a site file may give, and what a product gets of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.option_checks import option_mistakes
from agent.yaml_marks import read_tree
from collectors.base import Own
from collectors.products import find_products
from tests.recordings import FOLDER, RecordedTerminal, load
from tests.story import CM1, a_site

CM = find_products()["communication_manager"]


def mistakes(folder: Path, given: str) -> list[str]:
    path = folder / "site.yaml"
    path.write_text(f"name: cm1\noptions: {{attendants: {given}}}\n")
    tree = read_tree(path)
    return [str(each).removeprefix(f"{path}:") for each in option_mistakes(tree, tree.root, CM)]


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ("[0]", "2:24: options.attendants[0]: expected a whole number, 1 or more; got 0"),
        ("[1, one]", "2:27: options.attendants[1]: expected a whole number, 1 or more; got 'one'"),
        ("[true]", "2:24: options.attendants[0]: expected a whole number, 1 or more; got True"),
        ("1", "2:23: options.attendants: expected a list of whole numbers; got 1"),
        ("[[1]]", "2:24: options.attendants[0]: expected a whole number, 1 or more; got a list"),
    ],
)
def test_what_is_no_list_of_numbers_is_named_with_its_line(tmp_path: Path, given: str, got: str) -> None:
    assert mistakes(tmp_path, given) == [got]


def test_a_list_of_numbers_is_taken(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "[2, 1]") == []
    assert mistakes(tmp_path, "[]") == []


def test_a_product_gets_each_number_once_in_their_order() -> None:
    assert Own({"attendants": ("10", "2", "2")}).numbers("attendants") == (2, 10)
    assert Own().numbers("attendants") == ()


def test_what_the_site_file_lists_is_asked_for_and_nothing_else() -> None:
    site = a_site({**CM1, "options": {"attendants": [2, 1], "cms_channels": [7]}})
    session = RecordedTerminal(load(FOLDER / "communication_manager" / "sat-options.yaml"))

    async def ask() -> None:
        await CM.polls_of(site.system("cm1").own)["sat"].ask(session)

    asyncio.run(ask())
    asked = {command for command in session.asked if command.split()[-1].isdigit()}
    assert asked == {"status attendant 1", "status attendant 2", "status processor-channels 7"}
