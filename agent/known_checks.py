"""What a site file says of what is planned and accepted: windows and conditions must name what is there.

It finds mistakes, and what is right and may still surprise somebody. It knows no clock: whoever loads says
what day it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from pydantic import TypeAdapter, ValidationError

from agent.fields import Day
from agent.mistakes import Mistake, expected_one
from agent.site import Accepted
from agent.yaml_marks import Node, Tree

LONGEST = timedelta(days=366)
"""For how long a condition may be accepted: 12 months (rule M4)."""

_DAY: TypeAdapter[date] = TypeAdapter(Day)


def known_mistakes(tree: Tree, names: Mapping[str, list[str]], today: date) -> Iterator[Mistake]:
    """Windows and accepted conditions of systems and places that are none, or accepted for too long."""
    for window in tree.root.items("windows"):
        for key, kind in (("systems", "system"), ("locations", "location")):
            for named in window.items(key):
                yield from _named(tree, named, kind, names)
    for condition in tree.root.items("accepted"):
        if (named_system := condition.get("system")) is not None:
            yield from _named(tree, named_system, "system", names)
        until = condition.get("until")
        if until is not None and (day := _day(until)) is not None and day - today > LONGEST:
            sentence = f"expected a day at most 12 months ahead, by {today + LONGEST}; got {day}"
            yield tree.mistake(until, sentence)


def accepted_warnings(accepted: Iterable[Accepted], today: date) -> Iterator[str]:
    """A sentence for each condition whose time is over."""
    for each in accepted:
        if each.until < today:
            yield (
                f"{each.component} on {each.system} was accepted until {each.until}: it raises tickets "
                "again, accept it anew or take it out"
            )


def _named(tree: Tree, node: Node, kind: str, names: Mapping[str, list[str]]) -> Iterator[Mistake]:
    if node.word is not None and node.word not in names[kind]:
        yield tree.mistake(node, expected_one(f"a {kind} of this site", node.word, names[kind]))


def _day(node: Node) -> date | None:
    """The day at a node; None where the schema refuses it."""
    try:
        return _DAY.validate_python(node.value)
    except ValidationError:
        return None
