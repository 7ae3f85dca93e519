"""What the site file says under `options`, against what the system's product takes.

The checks read the marked file, as those of `agent.site_checks` do.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.fields import shown
from agent.mistakes import Mistake, expected_one
from agent.yaml_marks import Node, Tree
from collectors.base import Option, Product

_FORMS = {
    "flag": "true or false",
    "number": "a whole number, 0 or more",
    "text": "a text",
    "words": "a list of words",
    "numbers": "a list of whole numbers",
    "names": "names with a text each",
}


def option_mistakes(tree: Tree, system: Node, product: Product | None) -> Iterator[Mistake]:
    """Every option that the product does not take, or not like that; nothing of an unknown product's."""
    given = system.get("options")
    if given is None or given.value is None or product is None:
        return
    if not isinstance(given.value, dict):
        yield tree.mistake(given, f"expected options by their names; got {_got(given)}")
        return
    taken = {option.name: option for option in product.options}
    for name, node in given.value.items():
        if name not in taken:
            sentence = f"expected no options, as a {product.name} takes none; got {name}"
            if taken:
                sentence = expected_one(f"an option of a {product.name}", name, sorted(taken))
            yield tree.mistake(node, sentence)
        else:
            yield from _mistakes(tree, node, taken[name])


def _mistakes(tree: Tree, node: Node, option: Option) -> Iterator[Mistake]:
    parts = {"words": list, "numbers": list, "names": dict}.get(option.kind)
    if parts is None:
        if not _fits(node, option):
            yield tree.mistake(node, f"expected {_form(option)}; got {_got(node)}")
    elif not isinstance(node.value, parts):
        yield tree.mistake(node, f"expected {_form(option)}; got {_got(node)}")
    else:
        for each in node.value.values() if isinstance(node.value, dict) else node.value:
            if not isinstance(each, Node) or not _is_text(each, option):
                yield tree.mistake(each, f"expected {_each(option)}; got {_got(each)}")


def _fits(node: Node, option: Option) -> bool:
    match option.kind:
        case "flag":
            return isinstance(node.value, bool)
        case "number":
            return type(node.value) is int and node.value >= 0
        case _:
            return isinstance(node.value, str) and _is_text(node, option)


def _is_text(node: Node, option: Option) -> bool:
    if option.kind == "numbers":
        return type(node.value) is int and node.value > 0
    return bool(node.word) and (not option.choices or node.word in option.choices)


def _form(option: Option) -> str:
    if option.choices and option.kind == "text":
        return f"one of {', '.join(option.choices)}"
    return _FORMS[option.kind]


def _each(option: Option) -> str:
    if option.kind == "numbers":
        return "a whole number, 1 or more"
    return f"one of {', '.join(option.choices)}" if option.choices else "a text"


def _got(node: Node) -> str:
    if isinstance(node.value, dict | list):
        return "a mapping" if isinstance(node.value, dict) else "a list"
    return shown(node.value)
