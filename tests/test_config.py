"""Files that operators write: what is wrong with each is said at once, in its exact words."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from agent.config import ConfigError, Mistake, load_model, load_site
from agent.fields import Model
from agent.mistakes import expected_one
from agent.shipped import shipped
from agent.site import Directories, Holds, Sinks, Site, Web
from agent.yaml_marks import MAX_BYTES, Node, read_tree
from collectors.products import find_products

WRONG = sorted((Path(__file__).parent / "config").glob("*.yaml"))
EXAMPLE = shipped("site.example.yaml")


class Anything(Model):
    a: Any = None
    b: Any = None


def refusal(path: Path, model: type[BaseModel] = Anything) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load_model(path, model)
    return refused.value


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "site.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# A product more changes no file of these: what is offered instead depends on which there are.
NO_SUCH_PRODUCT = expected_one("a product", "fax machine", sorted(find_products()))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_every_mistake_of_a_wrong_site_file_is_told_in_these_words(path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_site(path)
    said = [str(mistake).removeprefix(f"{path}:") for mistake in refused.value.mistakes]
    wanted = path.with_suffix(".txt").read_text().replace("{no such product}", NO_SUCH_PRODUCT)
    assert said == wanted.splitlines()


def test_ten_mistakes_of_every_kind_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigError) as refused:
        load_site(Path(__file__).parent / "config" / "ten.yaml")
    assert len(refused.value.mistakes) == 10
    lines = [mistake.line for mistake in refused.value.mistakes]
    assert lines == sorted(lines)
    assert len(str(refused.value).splitlines()) == 10


FORM: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "1:1: expected keys and values; got an empty file"),
    "only a comment": ("# nothing\n", "1:1: expected keys and values; got an empty file"),
    "a word": ("site", "1:1: expected keys and values; got 'site'"),
    "a list": ("- a", "1:1: expected keys and values; got a list"),
    "two documents": ("a: 1\n---\na: 2\n", "2:1: expected one document; got a second one"),
    "more after the end": ("a: 1\n...\nb\n", "3:1: expected one document; got more behind its end"),
    "an alias": ("a: &x 1\nb: *x\n", "2:4: expected the value itself; got an alias (*)"),
    "an anchor": ("a: &x 1", "1:4: expected no anchor (&), as nothing may refer to it; got one"),
    "a tag": ("a: !!str 1", "1:4: expected no tag (!); got one"),
    "a tag of nobody": ("a: !x!y 1", "1:4: expected no tag (!); got one"),
    "a directive": ("%YAML 1.1\n---\na: 1", "1:1: expected no line that begins with '%'; got one"),
    "a tab before a key": ("a:\n\tb: 1", "2:1: expected spaces; got a tab"),
    "a tab behind a colon": ("a:\t1", "1:3: expected spaces; got a tab"),
    "two colons": (
        "a: b: 1",
        "1:5: expected one 'key: value' on a line (quote text with a colon); got a second colon",
    ),
    "no colon": ("a: 1\nb\n", "3:1: expected 'key: value'; got a line without a colon"),
    "bad indentation": ("a:\n  b: 1\n c: 2", "3:2: expected the indentation of the lines above; got another"),
    "a list behind a key": ("a: - b", "1:4: expected the list on lines of its own; got '-' behind a key"),
    "an open quote": (
        'b: 1\na: "x\n',
        "2:4: expected the quote that closes this text; got the end of the file",
    ),
    "an open bracket": ("a: [1, 2", "1:9: expected ',' or ']'; got something else"),
    "an open brace": ("a: {b: 1", "1:9: expected ',' or '}'; got something else"),
    "an at sign": ("a: @x", "1:4: expected quotes around text that begins with '@'; got none"),
    "a per cent sign": ("a: %x", "1:4: expected quotes around text that begins with '%'; got none"),
    "an unknown escape": (
        'a: "\\q"',
        "1:6: expected YAML; got a mistake in it (found unknown escape character 'q')",
    ),
    "half a character": ('a: "\\ud800"', "1:4: expected text without control characters; got one"),
    "a bell": ('a: "\\a"', "1:4: expected text without control characters; got one"),
    "no character": (
        'a: "\\UFFFFFFFF"',
        "1:7: expected the code of a character; got a larger number",
    ),
    "a list as a key": ("? [a]\n: 1", "1:3: expected a word as a key; got a list or keys"),
    "an empty key": ('"": 1', "1:1: expected a word as a key; got none"),
    "a merge": (
        "a: &x {b: 1}\nb: {<<: *x}",
        "2:9: expected the value itself; got an alias (*)",
    ),
    "Latin-1": (b"a: 1\nb: caf\xe9\n", "2:7: expected text in UTF-8; got the byte 0xe9"),
    "UTF-16": ("a: 1".encode("utf-16"), "1:1: expected text in UTF-8; got the byte 0xff"),
    "a NUL": ("a: 1\nb: \0", "2:4: expected printable text; got the character U+0000"),
    "a line separator": ("a: 1\u2028b: 2", "1:5: expected printable text; got the character U+2028"),
    "too deep": ("a: " + "[" * 1000, "1:54: expected at most 50 levels of lists and keys; got more"),
    "too deep in blocks": ("- " * 1000, "1:103: expected at most 50 levels of lists and keys; got more"),
}


@pytest.mark.parametrize("case", FORM)
def test_a_file_that_is_no_plain_yaml_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    content, sentence = FORM[case]
    path = written(tmp_path, content)
    assert str(refusal(path).mistakes[-1]) == f"{path}:{sentence}"


def test_a_byte_order_mark_is_no_mistake_and_moves_no_column(tmp_path: Path) -> None:
    assert load_model(written(tmp_path, b"\xef\xbb\xbfa: 1\n"), Anything).a == 1
    path = written(tmp_path, b"\xef\xbb\xbfaa: 1\nb: \xff\n")
    assert str(refusal(path)) == f"{path}:2:4: expected text in UTF-8; got the byte 0xff"


def test_a_file_that_cannot_be_read_is_told_with_the_reason(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert (
        str(refusal(missing)) == f"{missing}: expected a file that can be read; got No such file or directory"
    )
    assert str(refusal(tmp_path)) == f"{tmp_path}: expected a file; got a folder, a pipe or a device"
    assert "no file can have" in str(refusal(Path("a\0b")))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert str(refusal(pipe)) == f"{pipe}: expected a file; got a folder, a pipe or a device"
    large = written(tmp_path, b"#" * (MAX_BYTES + 1))
    assert str(refusal(large)) == f"{large}: expected at most 1024 KiB; got more"


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "a: " + "{" * 900_000])
def test_deep_nesting_neither_crashes_nor_holds_up_the_start(deep: str, tmp_path: Path) -> None:
    begun = time.process_time()
    assert "expected at most 50 levels" in str(refusal(written(tmp_path, deep)))
    assert time.process_time() - begun < 10


def test_a_value_in_a_sentence_is_cut_and_stays_on_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'site: x\nzone: "' + "long\\n" * 1000 + '"\n')
    zone = next(mistake for mistake in refusal(path, Site).mistakes if mistake.key == "zone")
    got = zone.sentence.partition("; got ")[2]
    assert got.startswith("'long\\nlong")
    assert len(got) == 40
    assert got.endswith("…")


# YAML 1.1 reads these as 1080, 480, false, true, nothing, 511, 15, 31, 1, 1000, infinity, dates, a merge
YAML_1_1 = ["18:00", "8:00", "no", "off", "y", "NO", "True", "Null", "0777", "0o17", "0x1F", "+1", "1_000"]
YAML_1_1 += [".inf", ".nan", "1e999", "2026-12-25", "2026-12-25T18:00:00Z", "=", "<<"]


def test_words_that_yaml_1_1_would_turn_into_something_else_stay_text(tmp_path: Path) -> None:
    for word in YAML_1_1:
        assert load_model(written(tmp_path, f"a: {word}\n"), Anything).a == word


def test_a_number_or_word_in_quotes_is_text(tmp_path: Path) -> None:
    for quoted in ('"1"', "'true'", '"null"', "'1.5'"):
        assert load_model(written(tmp_path, f"a: {quoted}\n"), Anything).a == quoted[1:-1]


def test_the_example_is_a_site_without_mistakes_of_three_places() -> None:
    site = load_site(EXAMPLE)
    assert [location.name for location in site.locations] == ["central", "north", "east"]
    assert {system.product for system in site.systems} == find_products().keys()
    dated = [holiday.date for holiday in site.holidays if holiday.date is not None]
    assert {day.year for day in dated} == {2026, 2027}
    assert all(day.weekday() < 5 for day in dated)


def test_what_the_example_calls_a_default_is_one() -> None:
    site = load_site(EXAMPLE)
    assert (site.holds, site.sinks, site.web, site.directories) == (Holds(), Sinks(), Web(), Directories())


def branches(annotation: Any) -> list[Any]:
    """The models and types that a value may be of, however they are wrapped."""
    if get_origin(annotation) is Annotated:
        return branches(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType, tuple, dict):
        return [kind for inner in get_args(annotation) for kind in branches(inner)]
    return [annotation]


def used_keys(node: Node, model: type[BaseModel], used: dict[type[BaseModel], set[str]]) -> None:
    if isinstance(node.value, list):
        for item in node.value:
            used_keys(item, model, used)
    elif isinstance(node.value, dict):
        used.setdefault(model, set()).update(node.value)
        for name, child in node.value.items():
            for kind in branches(model.model_fields[name].annotation) if name in model.model_fields else []:
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    used_keys(child, kind, used)


def all_models(model: type[BaseModel], found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model not in found:
        found.add(model)
        for field in model.model_fields.values():
            for kind in branches(field.annotation):
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    all_models(kind, found)
    return found


def test_every_key_of_the_schema_is_shown_in_the_example() -> None:
    used: dict[type[BaseModel], set[str]] = {}
    used_keys(read_tree(EXAMPLE).root, Site, used)
    forgotten = {
        f"{model.__name__}.{key}"
        for model in all_models(Site, set())
        for key in model.model_fields
        if key not in used.get(model, set())
    }
    assert forgotten == set()


def test_a_mistake_without_a_line_speaks_of_the_file_as_a_whole() -> None:
    assert str(Mistake("site.yaml", 0, 0, "", "expected a; got b")) == "site.yaml: expected a; got b"
    assert (
        str(Mistake("site.yaml", 3, 7, "a.b", "expected a; got b")) == "site.yaml:3:7: a.b: expected a; got b"
    )
