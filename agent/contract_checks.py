"""What must hold between the parts of a contract file: severities, clauses, targets, calendars.

The checks read the marked file and not the models, so that one mistake hides no other, and pass over what the
schema refuses anyway. A contract in a journal was checked when it was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from agent.contract import Channel
from agent.fields import shown
from agent.mistakes import Mistake, expected_one
from agent.yaml_marks import Node, Tree


def contract_mistakes(tree: Tree) -> Iterator[Mistake]:
    """Every mistake between the parts of a contract file, in no particular order."""
    root = tree.root
    severities = list(root.items("severities"))
    known = list(dict.fromkeys(node.word for node in severities if node.word is not None))
    clauses, targets = list(root.items("clauses")), list(root.items("targets"))
    yield from _own(tree, "a severity of its own", ((node, node.word) for node in severities))
    yield from _own(tree, "an id of its own", ((node.get("id"), node.text("id")) for node in clauses))
    for node in (*(clause.get("severity") for clause in clauses), *(t.get("severity") for t in targets)):
        yield from _named(tree, node, "a severity of this contract", known)
    levels = root.get("levels")
    for name, node in (levels.value if levels and isinstance(levels.value, dict) else {}).items():
        if name not in known:
            yield tree.mistake(node, expected_one("the name of a severity of this contract", name, known))
    yield from _catch_all(tree, clauses)
    yield from _targets(tree, targets)
    for severity in severities:
        yield from _promised(tree, severity, targets)
    yield from _changes(tree, list(root.items("change_targets")))
    yield from _calendars(tree, targets)


def _own(tree: Tree, what: str, found: Iterable[tuple[Node | None, str | None]]) -> Iterator[Mistake]:
    """No two of them are the same."""
    lines: dict[str, int] = {}
    for node, name in found:
        if node is None or name is None:
            continue
        if name in lines:
            yield tree.mistake(node, f"expected {what}; got {shown(name)}, as on line {lines[name]}")
        lines.setdefault(name, node.line)


def _named(tree: Tree, node: Node | None, what: str, known: list[str]) -> Iterator[Mistake]:
    if node is not None and node.word is not None and node.word not in known:
        yield tree.mistake(node, expected_one(what, node.word, known))


def _catch_all(tree: Tree, clauses: list[Node]) -> Iterator[Mistake]:
    """M7: no failure is dropped; and no clause stands where another has already decided."""
    place = tree.root.get("clauses")
    if place is None or not clauses:
        return
    catching = [clause for clause in clauses if "any" in _facts(clause)]
    if not catching:
        sentence = "expected a clause with when: any, so that no failure is dropped; got none"
        yield tree.mistake(place, sentence)
    elif catching[0] is not clauses[-1]:
        node = catching[0].get("when") or catching[0]
        sentence = "expected the clause of any failure behind all others; got one that hides those below it"
        yield tree.mistake(node, sentence)


def _facts(clause: Node) -> list[str | None]:
    when = clause.get("when")
    return [] if when is None else [when.word, *(fact.word for fact in clause.items("when"))]


def _targets(tree: Tree, targets: list[Node]) -> Iterator[Mistake]:
    """One target per severity, step and channel; one without a channel is for all of them."""
    taken: dict[tuple[str, str, str], Node] = {}
    for target in targets:
        severity, step = target.text("severity"), target.text("step")
        if severity is None or step is None:
            continue
        for channel in _channels(target):
            other = taken.setdefault((severity, step, channel), target)
            if other is not target:
                by = f" by {channel}" if target.text("channel") or other.text("channel") else ""
                sentence = f"expected one target to {step} for {shown(severity)}{by}"
                yield tree.mistake(target, f"{sentence}; got another, as on line {other.line}")
                break


def _channels(target: Node) -> tuple[str, ...]:
    channel = target.text("channel")
    return get_args(Channel) if channel is None else (channel,)


def _promised(tree: Tree, severity: Node, targets: list[Node]) -> Iterator[Mistake]:
    if severity.word is None:
        return
    answered = [t for t in targets if (t.text("severity"), t.text("step")) == (severity.word, "respond")]
    by = {channel for target in answered for channel in _channels(target)}
    missing = [channel for channel in get_args(Channel) if channel not in by]
    if not answered:
        sentence = f"expected a target to respond for {shown(severity.word)} below targets; got none"
        yield tree.mistake(severity, sentence)
    elif missing:
        sentence = f"expected a target to respond for {shown(severity.word)} by {' and by '.join(missing)}"
        yield tree.mistake(severity, f"{sentence} too; got none")


def _changes(tree: Tree, targets: list[Node]) -> Iterator[Mistake]:
    taken: dict[tuple[str | None, str | None], int] = {}
    for target in targets:
        named = target.text("type"), target.text("step")
        if None not in named and named in taken:
            sentence = f"expected one target to {named[1]} for {shown(named[0])} changes"
            yield tree.mistake(target, f"{sentence}; got another, as on line {taken[named]}")
        taken.setdefault(named, target.line)


def _calendars(tree: Tree, targets: list[Node]) -> Iterator[Mistake]:
    """Every name of a calendar is one of this file."""
    root = tree.root
    calendars = root.get("calendars")
    if calendars is None or not isinstance(calendars.value, dict):
        return
    bought, decisions = root.get("asset_coverage"), root.get("decisions")
    named = [
        *(target.get("calendar") for target in (*targets, *root.items("change_targets"))),
        *root.items("local_calendars"),
        root.get("dispatch_hours"),
        *(bought.value.values() if bought is not None and isinstance(bought.value, dict) else ()),
        decisions.get("coverage_hours") if decisions is not None else None,
    ]
    for node in named:
        yield from _named(tree, node, "a calendar of this contract", list(calendars.value))
