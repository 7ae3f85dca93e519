"""What must hold of every file, whatever is in it: refused or taken, never a crash, never a secret shown."""

from __future__ import annotations

import copy
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import ConfigError, Mistake, load_contract_file, load_model, load_site
from agent.contract import Contract
from agent.fields import Model, SecretRef
from agent.site import Site
from agent.yaml_marks import resolve

SECRET = "Zq7-hunter22"  # resembles no key and no word of any sentence


class Anything(Model):
    a: Any = None


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "site.yaml"


SITE: dict[str, Any] = {
    "site": "Riverside",
    "zone": "America/Chicago",
    "locations": [{"name": "north"}],
    "systems": [
        {
            "name": "cm1",
            "product": "communication_manager",
            "location": "north",
            "address": "192.0.2.10",
            "snmp": {
                "version": 3,
                "user": "trunkwatch",
                "auth": {"protocol": "SHA-256", "password": {"credential": "a"}},
                "privacy": {"protocol": "AES-128", "password": {"file": "b"}},
            },
        },
        {
            "name": "gw1",
            "product": "media_gateway",
            "location": "north",
            "address": "192.0.2.11",
            "snmp": {"version": "2c", "community": {"env": "C"}},
        },
    ],
    "primary_numbers": [{"number": "+1 817 555 0100", "needs": {"all_of": ["trunk-group 1"]}}],
}


def mistakes_of(load: Callable[[Path], object], file: Path) -> tuple[Mistake, ...]:
    try:
        load(file)
    except ConfigError as error:
        return error.mistakes
    return ()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    for key, child in value.items() if isinstance(value, dict) else []:
        found += places(child, (*path, key))
    for number, child in enumerate(value) if isinstance(value, list) else []:
        found += places(child, (*path, number))
    return found


def put(site: Any, path: tuple[Any, ...], value: Any) -> None:
    for part in path[:-1]:
        site = site[part]
    site[path[-1]] = value


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
TOKENS = [
    "a",
    "b",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "  ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&x ",
    "*x",
    "!t ",
    "|",
    ">",
]
TOKENS += [
    '"',
    "'",
    "\\",
    "#",
    "\t",
    "---\n",
    "...\n",
    "%",
    "@",
    "<<: ",
    "site",
    "systems",
    "1",
    "~",
    "\r",
    "é",
]
yaml_like = st.lists(st.sampled_from(TOKENS), max_size=30).map("".join)


@settings(max_examples=300, deadline=None)
@given(content=st.text().map(str.encode) | st.binary() | yaml_like.map(str.encode))
def test_any_bytes_are_refused_as_a_mistake_and_in_no_other_way(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for load in (load_site, load_contract_file):
        for mistake in mistakes_of(load, file):
            assert str(mistake).isprintable()
            assert mistake.sentence.startswith("expected ")
            assert "; got " in mistake.sentence


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(places(SITE)), value=json_like)
def test_any_value_at_any_key_is_taken_or_told_with_its_line(
    file: Path, path: tuple[Any, ...], value: Any
) -> None:
    site = copy.deepcopy(SITE)
    put(site, path, value)
    file.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False))
    for mistake in mistakes_of(load_site, file):
        assert mistake.line >= 1
        assert mistake.column >= 1
        assert len(mistake.sentence.partition("; got ")[2]) <= 110


CONTRACT: dict[str, Any] = {
    "contract": "agility",
    "title": "Agility",
    "version": "1",
    "source": "a paper",
    "term": {"begins": "2026-01-01", "ends": "2026-12-31"},
    "severities": ["major", "minor"],
    "levels": {"major": {"title": "Major", "open_by": "phone"}},
    "clauses": [
        {"id": "half", "severity": "major", "when": "half-capacity", "words": "half"},
        {"id": "rest", "severity": "minor", "when": ["vendor-major", "any"], "words": "the rest"},
    ],
    "targets": [
        {"severity": "major", "step": "respond", "amount": "3h", "clock": "coverage", "calendar": "days"},
        {"severity": "minor", "step": "respond", "channel": "web", "clock": "end_of_window"},
        {"severity": "minor", "step": "respond", "channel": "phone", "clock": "end_of_window"},
    ],
    "change_targets": [{"type": "urgent", "step": "respond", "amount": "1h"}],
    "calendars": {"days": {"zone": "America/Chicago", "open": {"mon-fri": ["07:00-18:00"]}}},
    "local_calendars": ["days"],
    "dispatch_hours": "days",
    "asset_coverage": {"8x5": "days"},
    "decisions": {"coverage_hours": "days"},
}


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(places(CONTRACT)), value=json_like)
def test_any_value_at_any_key_of_a_contract_is_taken_or_told_with_its_line(
    file: Path, path: tuple[Any, ...], value: Any
) -> None:
    contract = copy.deepcopy(CONTRACT)
    put(contract, path, value)
    file.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False))
    for mistake in mistakes_of(load_contract_file, file):
        assert mistake.line >= 1
        assert mistake.column >= 1
        assert mistake.sentence.startswith("expected ")
        assert len(mistake.sentence.partition("; got ")[2]) <= 110


@settings(max_examples=200, deadline=None)
@given(value=json_like)
def test_every_json_document_reads_as_what_it_says(file: Path, value: Any) -> None:
    text = json.dumps({"a": value}, ensure_ascii=False)
    # JSON's own escapes of characters that no line of a configuration file should hold
    if not text.isprintable() or "\\" in text or '""' in text or "Infinity" in text:
        return
    file.write_text(text)
    assert load_model(file, Anything).a == value


@given(number=st.integers(min_value=-(10**99), max_value=10**99))
def test_whole_numbers_round_trip(number: int) -> None:
    assert resolve(str(number)) == number
    assert isinstance(resolve(str(number)), int)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_numbers_round_trip(number: float) -> None:
    assert resolve(repr(number)) == number
    assert isinstance(resolve(repr(number)), float)


@given(word=st.text(min_size=1))
def test_a_plain_word_is_a_number_a_truth_nothing_or_itself(word: str) -> None:
    value = resolve(word)
    if isinstance(value, bool) or value is None:
        assert word in ("true", "false", "null", "~")
    elif isinstance(value, int | float):
        assert type(value)(word) == value  # an int is exact where a float is not
        assert word.isascii()
    else:
        assert value == word


SECRET_PLACES = [
    path for path in places(SITE) if {"auth", "privacy", "community"} & set(path) or path[-1] == "snmp"
]
SHAPES: list[Any] = [
    SECRET,
    [SECRET],
    {SECRET: None},
    {SECRET: SECRET},
    {"credential": [SECRET]},
    {"credential": SECRET + "!"},
    {"env": {SECRET: 1}, "file": "a"},
    {"password": SECRET},
    {"pasword": SECRET, "protocol": SECRET},
    {"community": SECRET, "comunity": SECRET, "version": "2c"},
    {"version": "2c", "user": "x", "community": {"env": {SECRET: {SECRET: SECRET}}}},
    {"password": {"secret": SECRET}, SECRET: 1},
]


# a text under credential, file or env is where a secret is to be found, and no mistake
CASES = [
    (p, s) for p in SECRET_PLACES for s in SHAPES if s is not SECRET or p[-1] not in SecretRef.model_fields
]


@pytest.mark.parametrize(("path", "shape"), CASES, ids=str)
def test_a_secret_written_into_the_file_is_never_shown(file: Path, path: tuple[Any, ...], shape: Any) -> None:
    site = copy.deepcopy(SITE)
    put(site, path, shape)
    file.write_text(yaml.safe_dump(site, sort_keys=False))
    with pytest.raises(ConfigError) as refused:
        load_site(file)
    error = refused.value
    told = [str(error), repr(error), repr(error.mistakes), repr(error.__context__), repr(error.__cause__)]
    told += traceback.format_exception(error)
    assert not [text for text in told if SECRET in text]


BROKEN = [
    "community: &{secret} x",
    "community: *{secret}",
    "community: !{secret} x",
    "community: !{secret}!y x",
    "community: {{{secret}: 1, {secret}: 2}}",
    "community: '{secret}",
    'community: "{secret}\\q"',
    "community: {secret}: x",
    "community: {secret}\n   x: y",
    "community:\n\t{secret}",
    "community: @{secret}",
    "community: [{secret}",
    "community: |{secret}\n  x",
    "auth: {{{secret}: 1, {secret}: 2}}",
    "{secret}",
    "password: {{? [{secret}] : 1}}",
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_secret_in_a_line_that_is_no_yaml_is_never_shown(file: Path, line: str) -> None:
    file.write_text("systems:\n- name: a\n  snmp:\n    version: 2c\n    " + line.format(secret=SECRET) + "\n")
    for model in (Site, Contract):
        with pytest.raises(ConfigError) as refused:
            load_model(file, model)
        told = str(refused.value) + repr(refused.value) + "".join(traceback.format_exception(refused.value))
        assert SECRET not in told
