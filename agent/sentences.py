"""Turns what pydantic refuses into sentences with a line and a column; no secret gets into one.

One table maps pydantic's kinds of error to what was expected. It reads no file and checks nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent.fields import SHOWN, shown
from agent.mistakes import Mistake, Path, dotted, near
from agent.schema import (
    branches_at,
    is_hidden,
    is_in_secret,
    is_model,
    is_secret,
    kinds_of_fields,
    shown_path,
)
from agent.yaml_marks import Node, Tree

M = TypeVar("M", bound=BaseModel)

_NOT_SHOWN = "(not shown)"

_STRUCTURES = {
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "dataclass_type": "keys and values",
    "dict_type": "keys and values",
    "mapping_type": "keys and values",
    "frozen_dict_type": "keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
}
_DATE = "a date such as 2026-12-25"
_TIME = "a time of day such as 18:00"
_INSTANT = "a time such as 2026-11-20T17:03:00-06:00"
_EXPECTED = _STRUCTURES | {
    # pydantic's kind of error, what was expected; {names} come from the error's context
    "string_type": "text",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "string_not_ascii": "plain ASCII text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "nothing",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} in the list",
    "too_long": "at most {max_length} in the list",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "{discriminator} to be one of {expected_tags}",
    "union_tag_not_found": "the key {discriminator}",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": "a time with its offset from UTC",
    "timezone_naive": "a time without an offset from UTC",
    "time_delta_type": "a duration such as 90s",
    "time_delta_parsing": "a duration such as 90s",
    "missing": "this key, which must be given",
}


def validate(tree: Tree, model: type[M]) -> tuple[M | None, list[Mistake]]:
    """The model made of a file, or None and every mistake that pydantic finds.

    Strict, or the text 0777 would become the number 777 and 1 become true. As JSON, since strictness would
    else refuse dates and tuples; it still does below a validator of ours that has looked at a list, so what
    counts is what the lax reading finds and what strictness says of single values.
    """
    text = json.dumps(tree.root.plain())
    mistakes = [*tree.mistakes, *_repeated(tree, model)]
    value, strict = _read(model, text, strict=True)
    if value is None:
        value, lax = _read(model, text, strict=False)
        coerced = {_find(tree.root, error).path for error in strict if _is_coerced(tree.root, error)}
        details = [error for error in lax if _find(tree.root, error).path not in coerced]
        details += [error for error in strict if _find(tree.root, error).path in coerced]
        mistakes += _mistakes(tree, model, details)
    return (None if mistakes else value), mistakes


def _repeated(tree: Tree, model: type[BaseModel]) -> Iterator[Mistake]:
    for node, line in tree.repeated:
        key = dotted(shown_path(model, node.path))
        sentence = f"expected this key once; got it again after line {line}"
        yield Mistake(tree.file, node.key_line, node.key_column, key, sentence)


def _read(model: type[M], text: str, *, strict: bool) -> tuple[M | None, list[ErrorDetails]]:
    try:
        return model.model_validate_json(text, strict=strict), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False)


def _is_coerced(root: Node, error: ErrorDetails) -> bool:
    """Whether the lax reading would take a value of one kind for another (text for a number, say)."""
    node = _find(root, error)
    if isinstance(node.value, list | dict):
        return False
    numbers = error["type"] in ("int_type", "float_type", "bool_type")
    times = error["type"] in ("date_type", "time_type", "datetime_type", "time_delta_type")
    return numbers or (times and not isinstance(node.value, str))


def _mistakes(tree: Tree, model: type[BaseModel], details: list[ErrorDetails]) -> Iterator[Mistake]:
    found = [(_find(tree.root, error), error) for error in details]
    deep = {node.path[:depth] for node, _ in found for depth in range(len(node.path))}
    deep |= {node.path for node, error in found if error["type"] in ("missing", "extra_forbidden")}
    expected: dict[Path, list[str]] = {}
    nodes: dict[Path, Node] = {}
    for node, error in found:
        kind = error["type"]
        if kind == "missing":
            child = str(error["loc"][-1])
            yield tree.mistake(node, f"expected {_EXPECTED[kind]}; got nothing", child=child)
        elif kind == "extra_forbidden":
            yield _unknown_key(tree, model, node)
        elif node.path in deep and (kind.endswith("_type") or kind == "too_short"):
            pass  # the other branch of a union was meant, or items are missing because they are wrong
        elif kind in ("value_error", "assertion_error"):
            yield tree.mistake(node, _own_words(error, node, is_hidden(model, node.path), model))
        else:
            nodes[node.path] = node
            expected.setdefault(node.path, []).append(_expected(error, node))
    for path, branches in expected.items():
        hidden = is_hidden(model, path)
        yield tree.mistake(
            nodes[path], f"expected {' or '.join(dict.fromkeys(branches))}; got {_got(nodes[path], hidden)}"
        )


def _find(root: Node, error: ErrorDetails) -> Node:
    """The value that an error is about. pydantic puts the names of union branches between keys: left out."""
    node = root
    for part in error["loc"]:
        if isinstance(node.value, dict) and isinstance(part, str):
            node = node.value.get(part, node)
        elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return node


def _expected(error: ErrorDetails, node: Node) -> str:
    kind = error["type"]
    if kind == "string_type" and isinstance(node.value, int | float):
        return "text in quotes"
    return expectation(error)


def expectation(error: ErrorDetails) -> str:
    """What pydantic would have taken, in our words: a whole number, one of …"""
    kind = error["type"]
    if form := _EXPECTED.get(kind):
        return form.format_map(error.get("ctx", {}))
    message = error["msg"].removeprefix("Input should be ")
    return message[:1].lower() + message[1:]


def _got(node: Node, hidden: bool) -> str:
    match node.value:
        case None:
            return "nothing"
        case dict():
            return "keys and values"
        case []:
            return "an empty list"
        case list():
            return "a list"
        case str() if hidden:
            return f"text {_NOT_SHOWN}"
        case _ if hidden:
            return _NOT_SHOWN
        case str():
            return shown(node.value)
        case _:
            return node.source if len(node.source) <= SHOWN else node.source[: SHOWN - 1] + "…"


def _own_words(error: ErrorDetails, node: Node, hidden: bool, model: type[BaseModel]) -> str:
    """The sentence of a validator of ours; what it got is cut, and dropped where a secret may be."""
    words = " ".join(str(error.get("ctx", {}).get("error", error["msg"])).split())
    if any(is_secret(branch) for branch in branches_at(model, node.path)):
        return words  # agent.fields says there what a secret may be told of
    expected, semicolon, got = words.partition("; got ")
    if not semicolon or not words.startswith("expected "):
        expected, got = f"expected another value{'' if hidden else f' ({words})'}", _got(node, hidden)
    if hidden:
        got = _NOT_SHOWN
    return f"{expected}; got {got if len(got) <= SHOWN else got[: SHOWN - 1] + '…'}"


def _unknown_key(tree: Tree, model: type[BaseModel], node: Node) -> Mistake:
    above, key = node.path[:-1], str(node.path[-1])
    models = [branch for branch in branches_at(model, above) if is_model(branch)]
    known = list(dict.fromkeys(name for branch in models for name in branch.model_fields))
    meant = near(key, known)
    wanted = f"a known key (did you mean {meant!r}?)" if meant else f"one of {', '.join(known)}"
    path, got = node.path, shown(key)
    # {hunter2} is a mapping whose key is the secret
    beside = any(is_secret(kind) for kind in kinds_of_fields(models, required=meant is not None))
    if beside or is_in_secret(model, above):
        path, got = above, f"another key {_NOT_SHOWN}"
    return Mistake(tree.file, node.key_line, node.key_column, dotted(path), f"expected {wanted}; got {got}")
