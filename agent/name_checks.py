"""What a site file says of how systems call each other, and where trunk groups lead: each name is one system.

The checks read the marked file, as those of `agent.site_checks` do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.fields import shown
from agent.mistakes import Mistake, expected_one
from agent.yaml_marks import Node, Tree


def name_mistakes(tree: Tree, systems: Sequence[Node]) -> Iterator[Mistake]:
    """Names that may be another system's, and trunk groups that lead nowhere."""
    yield from _known_as(tree, systems)
    names = [name for system in systems if (name := system.text("name"))]
    for system in systems:
        for group in system.items("trunk_groups"):
            yield from _leads(tree, system, group, names)


def _known_as(tree: Tree, systems: Sequence[Node]) -> Iterator[Mistake]:
    """What a system is known as, no other one is, in whatever case it is written."""
    owners: dict[str, tuple[Node, Node]] = {}
    for system in systems:
        for node in (system.get("name"), system.get("address")):
            if node is not None and node.word:
                owners.setdefault(node.word.casefold(), (system, node))
    for system in systems:
        for alias in system.items("known_as"):
            if not alias.word:
                continue
            owner, node = owners.setdefault(alias.word.casefold(), (system, alias))
            if owner is not system:
                whose = f"that of {owner.text('name') or 'another'} on line {node.line}"
                yield tree.mistake(
                    alias, f"expected a name that no other system has; got {shown(alias.value)}, {whose}"
                )


def _leads(tree: Tree, system: Node, group: Node, names: list[str]) -> Iterator[Mistake]:
    """Where a trunk group leads is another system of the site."""
    to = group.get("to")
    if to is None or to.word is None:
        return
    if to.word not in names:
        yield tree.mistake(to, expected_one("a system of this site", to.word, names))
    elif to.word == system.text("name"):
        yield tree.mistake(to, f"expected the system at the other end; got {to.word}, whose trunks they are")
