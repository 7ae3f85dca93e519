"""Options of a system against what its product takes: every wrong one is named with its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.option_checks import option_mistakes
from agent.site import System
from agent.yaml_marks import read_tree
from collectors.base import Option, Product
from tests.story import CM1

OPTIONS = (
    Option("duplex", "flag", "whether it is a pair"),
    Option("links", "number", "how many links it has"),
    Option("release", "text", "its release"),
    Option("services", "words", "what must run", choices=("CVLAN", "TSAPI")),
    Option("mode", "text", "how it runs", choices=("geo", "single")),
    Option("extensions", "words", "who is asked for"),
    Option("disks", "names", "what disks are called"),
)


def a_product(*options: Option) -> Product:
    return Product(
        name="box",
        title="Box",
        function="other",
        polls={},
        authority=(),
        metrics=(),
        facts=(),
        options=options,
    )


def mistakes(folder: Path, given: str, product: Product | None) -> list[str]:
    """What is said of that text under `options`, which begins on line 2."""
    path = folder / "site.yaml"
    path.write_text(f"name: aes1\noptions: {given}\n")
    tree = read_tree(path)
    return [str(each).removeprefix(f"{path}:") for each in option_mistakes(tree, tree.root, product)]


WRONG: Mapping[str, tuple[str, list[str]]] = {
    "an option of nobody": (
        "{duplexx: true}",
        ["2:20: options.duplexx: expected an option of a box (did you mean 'duplex'?); got 'duplexx'"],
    ),
    "a flag in words": ("{duplex: maybe}", ["2:19: options.duplex: expected true or false; got 'maybe'"]),
    "a flag as a number": ("{duplex: 1}", ["2:19: options.duplex: expected true or false; got 1"]),
    "a number in words": (
        "{links: two}",
        ["2:18: options.links: expected a whole number, 0 or more; got 'two'"],
    ),
    "a number below zero": (
        "{links: -1}",
        ["2:18: options.links: expected a whole number, 0 or more; got -1"],
    ),
    "a part of a number": (
        "{links: 1.5}",
        ["2:18: options.links: expected a whole number, 0 or more; got 1.5"],
    ),
    "a number that is true": (
        "{links: true}",
        ["2:18: options.links: expected a whole number, 0 or more; got True"],
    ),
    "a text that is a number": ("{release: 8}", ["2:20: options.release: expected a text; got 8"]),
    "a text that is empty": ('{release: ""}', ["2:20: options.release: expected a text; got ''"]),
    "a text that is a list": ("{release: [a]}", ["2:20: options.release: expected a text; got a list"]),
    "a choice that is none": (
        "{mode: dual}",
        ["2:17: options.mode: expected one of geo, single; got 'dual'"],
    ),
    "words that are one": (
        "{extensions: 4711}",
        ["2:23: options.extensions: expected a list of words; got 4711"],
    ),
    "words that are names": (
        "{extensions: {a: b}}",
        ["2:23: options.extensions: expected a list of words; got a mapping"],
    ),
    "a word that is none of the choices": (
        "{services: [TSAPI, DLG, [CVLAN]]}",
        [
            "2:29: options.services[1]: expected one of CVLAN, TSAPI; got 'DLG'",
            "2:34: options.services[2]: expected one of CVLAN, TSAPI; got a list",
        ],
    ),
    "names that are a list": (
        "{disks: [/var]}",
        ["2:18: options.disks: expected names with a text each; got a list"],
    ),
    "a name with nothing": ("{disks: {/var: }}", ["2:24: options.disks.'/var': expected a text; got None"]),
    "no mapping": ("[duplex]", ["2:10: options: expected options by their names; got a list"]),
    "two at once": (
        "{links: x, mode: x}",
        [
            "2:18: options.links: expected a whole number, 0 or more; got 'x'",
            "2:27: options.mode: expected one of geo, single; got 'x'",
        ],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_option_is_told_with_its_line_in_these_words(name: str, tmp_path: Path) -> None:
    given, wanted = WRONG[name]
    assert mistakes(tmp_path, given, a_product(*OPTIONS)) == wanted


RIGHT = (
    "{duplex: true, links: 0, release: R8, services: [TSAPI], mode: geo, extensions: [4711, a],"
    " disks: {/var: logs, /: 1}}"
)


@pytest.mark.parametrize("given", [RIGHT, "{}", "", "{services: []}"])
def test_what_the_product_takes_is_no_mistake(given: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, given, a_product(*OPTIONS)) == []


def test_a_product_that_takes_none_says_so_and_one_that_nobody_knows_says_nothing(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "{any: 1}", a_product()) == [
        "2:16: options.any: expected no options, as a box takes none; got any"
    ]
    assert mistakes(tmp_path, "{any: 1}", None) == []


def test_a_system_gives_its_options_as_its_product_reads_them() -> None:
    system = System.model_validate(
        {**CM1, "options": {"duplex": True, "links": 2, "services": ["TSAPI", 4711], "disks": {"/": 1}}}
    )
    own = system.own
    assert (own.flag("duplex"), own.number("links", 0), own.text("release", "R8")) == (True, 2, "R8")
    assert (own.words("services"), own.names("disks")) == (("TSAPI", "4711"), {"/": "1"})
    assert not own.flag("other")
