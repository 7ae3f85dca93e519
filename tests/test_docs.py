"""The documentation, held to the program: what it says of commands, metrics, products and the log is so.

    python -m tests.test_docs      renews the tables that are made from the product files

It judges no prose.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse_metrics
from typer.testing import CliRunner

from agent.alertlog import LogLine, Verb, json_line, line
from agent.cli import app
from agent.failures import Responsibility
from agent.metrics import render
from agent.telling import log_line
from collectors.products import facts_markdown, find_products
from tests.lab.__main__ import _parser as lab_parser
from tests.lab.faults import FAULTS
from tests.site_view import RICH
from tests.trees import tree_with
from tests.watched import CHECKOUT

README, METRICS, ALERT_LOG = (
    CHECKOUT / "README.md",
    CHECKOUT / "docs/metrics.md",
    CHECKOUT / "docs/alert-log.md",
)
PAGES = [README, *(CHECKOUT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "tests/lab/README.md"))]
PAGES += sorted((CHECKOUT / "docs").rglob("*.md"))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"^`((?:collectors|tests)/\S+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return [text for name, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if name == kind]


def told(page: Path) -> Iterator[tuple[str, str]]:
    """Every command of the page's console blocks, with the output that is printed below it."""
    for block in blocks(page, "console"):
        command, *rest = re.split(r"^\$ ", block, flags=re.MULTILINE)
        assert not command.strip(), f"{page}: a console block begins with '$ '"
        for each in rest:
            asked, _, output = each.partition("\n")
            yield asked.partition("   #")[0].strip(), output


# --- tables that are made from the product files ----------------------------------------------------------


def metrics_table() -> str:
    """Every metric of every product; two products may share one, and mean the same by it."""
    tellers: dict[str, list[str]] = {}
    metrics = {}
    for product in sorted(find_products().values(), key=lambda product: product.name):
        for metric in product.metrics:
            tellers.setdefault(metric.name, []).append(product.name)
            metrics[metric.name] = metric
    rows = ["| metric | type | labels | meaning | told by |", "|---|---|---|---|---|"]
    for name, metric in sorted(metrics.items()):
        labels = ", ".join(f"`{label}`" for label in ("system", *metric.labels))
        by = ", ".join(f"`{product}`" for product in tellers[name])
        rows.append(f"| `{name}` | {metric.kind} | {labels} | {metric.help} | {by} |")
    return "\n".join(rows)


MADE: Mapping[tuple[Path, str], Callable[[], str]] = {
    (README, "products"): lambda: facts_markdown(find_products().values()).strip(),
    (METRICS, "metrics"): metrics_table,
}


def _made(text: str, name: str) -> re.Match[str]:
    found = re.search(rf"(<!-- {name}: begin[^\n]*-->\n)(.*?)(<!-- {name}: end -->)", text, re.DOTALL)
    assert found is not None, f"no markers {name}"
    return found


def renew() -> None:
    """Write the made tables anew."""
    for (page, name), make in MADE.items():
        text = page.read_text(encoding="utf-8")
        place = _made(text, name)
        whole = f"{place[1]}\n{make()}\n\n{place[3]}"
        page.write_text(text[: place.start()] + whole + text[place.end() :], encoding="utf-8")


@pytest.mark.parametrize(("page", "name"), MADE, ids=lambda value: value if isinstance(value, str) else "")
def test_a_table_made_from_the_product_files_is_theirs(page: Path, name: str) -> None:
    shown = _made(page.read_text(encoding="utf-8"), name)[2].strip()
    assert shown == MADE[page, name](), "renew it: .venv/bin/python -m tests.test_docs"


# --- metrics ----------------------------------------------------------------------------------------------


OF_THE_AGENT = {"avaya_up", "avaya_disk_full_timestamp_seconds"}  # of all that tells of devices


def test_every_metric_is_in_its_page_and_no_other() -> None:
    page = METRICS.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z0-9_]+)` \| (?:gauge|counter) \|", page, re.MULTILINE))
    own = {metric.name for product in find_products().values() for metric in product.metrics}
    served = set()
    for family in parse_metrics(render(RICH).decode()):
        names = {sample.name for sample in family.samples} or {family.name}
        served |= {name for name in names if not name.startswith("avaya_") or name in OF_THE_AGENT}
    assert listed == own | served
    mentioned = set(re.findall(r"\b(?:avaya|trunkwatch|process)_[a-z0-9_]+", page))
    assert mentioned <= listed


def test_the_example_rules_and_questions_are_understood_by_prometheus(tmp_path: Path) -> None:
    promtool = shutil.which("promtool") or pytest.skip("promtool is not installed: apt install prometheus")
    rules = next(block for block in blocks(METRICS, "yaml") if block.startswith("groups:"))
    (asked,) = blocks(METRICS, "promql")
    questions = [text for text in asked.splitlines() if not text.startswith("#")]
    group = {"name": "asked", "rules": [{"record": f"q:{n}", "expr": q} for n, q in enumerate(questions)]}
    for name, text in (("rules", rules), ("asked", yaml.safe_dump({"groups": [group]}))):
        (tmp_path / f"{name}.yml").write_text(text)
        done = subprocess.run(
            [promtool, "check", "rules", f"{name}.yml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# --- commands ---------------------------------------------------------------------------------------------


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    for name, below in getattr(command, "commands", {}).items():
        if hasattr(below, "commands"):
            yield from _leaves(below, (*path, name))
        else:
            yield (*path, name), below


COMMANDS = {path: command for path, command in _leaves(typer.main.get_command(app)) if path != ("lab",)}


def _lab_commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = (action.choices for action in lab_parser()._actions if isinstance(action.choices, dict))
    return dict(choices)


def _options(options: list[str]) -> set[str]:
    return {option for option in options if option.startswith("--") and option != "--help"}


def test_every_command_and_option_is_in_the_readme_and_no_other() -> None:
    listed = {}
    for cell in re.findall(r"^\| `trunkwatch ([^`]+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE):
        said = re.sub(r"\[.*?\]", "", cell).split()
        words = tuple(word for word in said if word.islower() and not word.startswith("--"))
        listed[words] = set(re.findall(r"--[a-z-]+", cell))
    real = {
        path: _options([option for parameter in command.params for option in parameter.opts])
        for path, command in COMMANDS.items()
    }
    for name, parser in _lab_commands().items():
        options = [option for action in parser._actions for option in action.option_strings]
        real["lab", name] = _options(options)
    assert listed == real


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"])
    assert done.exit_code == 0
    assert "Usage: " in done.output


def test_every_command_in_a_console_block_is_one() -> None:
    seen = 0
    for page in PAGES:
        for asked, _ in told(page):
            program, *words = shlex.split(asked)
            if program.rpartition("/")[2] != "trunkwatch":
                continue
            seen += 1
            if words[0] == "lab":
                lab_parser().parse_args(words[1:])
                if words[1] == "fault":
                    assert words[2] in FAULTS
                continue
            path = next(path for path in COMMANDS if tuple(words[: len(path)]) == path)
            COMMANDS[path].make_context(asked, words[len(path) :])  # raises for an option that there is not
    assert seen > 5


def test_the_check_of_the_example_says_what_the_readme_shows() -> None:
    ((asked, output),) = [pair for pair in told(README) if "site.example.yaml" in pair[0]]
    known = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    done = subprocess.run(
        [sys.executable, "-m", "agent", *asked.split()[1:]],
        cwd=CHECKOUT,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    shown = [line for line in output.splitlines() if line != "…"]  # which stands for the lines between
    assert shown == [line for line in done.stderr.splitlines() if line in shown]


def test_every_target_of_make_in_a_console_block_is_one() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = {asked.split()[1] for page in PAGES for asked, _ in told(page) if asked.startswith("make ")}
    assert {"run", "test"} <= targets
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


# --- the alert log ----------------------------------------------------------------------------------------

_LOG_LINE = re.compile(
    r"(?P<at>\S+ \S+) (?P<severity>\S+) +(?P<verb>\S+) +(?P<ticket>\S+) +(?P<system>\S+) (?P<clause>\S+)"
    r' "(?P<text>[^"]*)"(?: respond-by="(?P<by>[^"]*)")?(?: after="(?P<after>[^"]*)")?'
    r"(?: responsibility=(?P<responsibility>\S+))?"
)


def _heads(page: Path) -> Iterator[str]:
    """Every line in a block of the page that looks like one of the log (not the lab's own)."""
    for _, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for each in text.splitlines():
            if re.match(r"\d{4}-\d\d-\d\d \S+ \S+ +\S+ ", each) and " LAB " not in each:
                yield each


def test_every_line_of_the_log_in_the_pages_is_as_the_agent_writes_it() -> None:
    lines = [each for page in (README, ALERT_LOG) for each in _heads(page)]
    assert len(lines) > 10
    for each in lines:
        parts = _LOG_LINE.fullmatch(each)
        assert parts is not None, each
        assert parts["verb"] in get_args(Verb)
        assert parts["responsibility"] in (None, *get_args(Responsibility))

        def word(name: str, parts: re.Match[str] = parts) -> str | None:
            return None if parts[name] == "-" else parts[name]

        head = LogLine(
            at=datetime.fromisoformat(parts["at"]),
            verb=parts["verb"],  # type: ignore[arg-type]  # asserted above
            severity=(word("severity") or "").lower() or None,
            ticket=word("ticket"),
            system=word("system"),
            clause=word("clause"),
            text=parts["text"],
        )
        assert each.startswith(line(head)), each


def test_the_json_line_in_the_page_has_the_keys_of_the_agents_own() -> None:
    (shown,) = (block for block in blocks(ALERT_LOG, "json"))
    own = json_line(LogLine(at=datetime.fromisoformat("2026-11-21T18:29:36-06:00"), verb="ALIVE", text=""))
    assert re.findall(r'"(\w+)": ', shown) == re.findall(r'"(\w+)": ', own)


def test_the_page_tells_every_verb_and_which_are_in_use() -> None:
    page = ALERT_LOG.read_text(encoding="utf-8")
    used = set(re.findall(r"^\| `([A-Z]+)` \| ", page, re.MULTILINE))
    reserved = set(re.findall(r"[A-Z]{4,}", page.partition(" reserved")[0].rpartition("\n\n")[2]))
    assert used | reserved == set(get_args(Verb))
    written = Path(log_line.__code__.co_filename).read_text(encoding="utf-8")
    written += (CHECKOUT / "agent/daemon.py").read_text(encoding="utf-8")
    assert {verb for verb in get_args(Verb) if f'"{verb}"' in written} == used


def test_every_grep_and_awk_of_the_page_prints_what_stands_below_it(tmp_path: Path) -> None:
    sample = blocks(ALERT_LOG, "text")[0]
    (tmp_path / "alert.log").write_text(sample, encoding="utf-8")
    examples = list(told(ALERT_LOG))
    assert len(examples) > 4
    for asked, output in examples:
        done = subprocess.run(
            ["sh", "-c", asked],
            cwd=tmp_path,
            env=os.environ | {"LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == output, asked


# --- adding a product, as the README shows it -------------------------------------------------------------


def the_example() -> dict[str, str]:
    """The files of the README's example, by where it says that they go."""
    files = dict(_FILE.findall(README.read_text(encoding="utf-8")))
    assert [name for name in files if name.endswith(".py")] == ["collectors/ups.py"]
    return files


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the files of the README's example put where it says, and nothing else changed."""
    return tree_with(tmp_path_factory.mktemp("extended"), the_example())


def _in(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=tree, capture_output=True, text=True, check=False
    )


def test_a_product_fails_the_tests_until_it_is_recorded(tmp_path: Path) -> None:
    name = "collectors/ups.py"
    tree = tree_with(tmp_path, {name: the_example()[name]})
    done = _in(tree, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_recordings.py", "-k", "ups")
    assert done.returncode != 0
    assert "record tests/recordings/ups/{healthy,failing,unreadable,dead}.yaml" in done.stdout


def test_the_product_of_the_readme_passes_the_tests_of_products(extended: Path) -> None:
    done = _in(extended, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_recordings.py", "-k", "ups")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d\d passed", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("tool", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy", "--strict")])
def test_the_product_of_the_readme_is_as_clean_as_the_others(extended: Path, tool: tuple[str, ...]) -> None:
    done = _in(extended, *tool, "collectors/ups.py")
    assert done.returncode == 0, done.stdout


def test_a_site_file_with_the_product_of_the_readme_is_right(extended: Path) -> None:
    (wanted,) = (block for block in blocks(README, "yaml") if block.startswith("systems:"))
    site = {"site": "Example", "zone": "America/Chicago", "locations": [{"name": "east"}]}
    (extended / "site.yaml").write_text(yaml.safe_dump(site) + wanted, encoding="utf-8")
    secret = extended / "credentials" / "ups-east"
    secret.parent.mkdir()
    secret.touch(0o600)
    secret.write_text("made-up-community\n")
    done = _in(extended, "agent", "check", "--site", "site.yaml")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ups-east +ups +other +east +snmp 192\.0\.2\.200 +60 s", done.stdout, re.MULTILINE)


# --- pages ------------------------------------------------------------------------------------------------


@each_page
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_dependency_has_its_reason() -> None:
    page = (CHECKOUT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    told_of = dict(re.findall(r"^\| ([a-z-]+) \| (\S+) \|", page, re.MULTILINE))
    settings = (CHECKOUT / "setup.cfg").read_text(encoding="utf-8")
    wanted = settings.partition("install_requires =")[2].partition("\n\n")[0]
    real = dict(re.findall(r"^    ([a-z-]+) ?([<>=.,\d]*)$", wanted, re.MULTILINE))
    assert told_of == {"package": "bound"} | {name: bound or "any" for name, bound in real.items()}


def test_the_decisions_are_numbered_dated_and_short() -> None:
    pages = sorted((CHECKOUT / "docs/decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.match(rf"# {int(page.name[:4])}\. .+\n\n\d{{4}}-\d\d-\d\d\. ", text), page.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
        assert len(text.splitlines()) <= 45, page.name


if __name__ == "__main__":
    renew()
