"""What must hold between the parts of a site file: names, dependencies, addresses, protocols, needs.

The checks read the marked file and not the models, so that one mistake hides no other. They pass over what
the schema refuses anyway, and they read no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from ipaddress import ip_address
from itertools import pairwise
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, TypeAdapter, ValidationError

from agent.fields import Instant, Zone, parse_duration, shown
from agent.known_checks import known_mistakes
from agent.mistakes import Mistake, expected_one
from agent.name_checks import name_mistakes
from agent.option_checks import option_mistakes
from agent.protocols import Sat, Snmp, Ssh
from agent.repeating import Repeats, trouble
from agent.site import System
from agent.yaml_marks import Node, Tree
from collectors.base import Product, ProtocolName

PROTOCOLS = tuple(name for name in get_args(ProtocolName) if name in System.model_fields)
"""The protocols that have a section in a system of the site file, by the name of their key."""

_PORTS = {
    name: str(model.model_fields["port"].default)
    for name, model in (("snmp", Snmp), ("ssh", Ssh), ("sat", Sat))
}
# The contract's SAS: "reserved for the exclusive use of Avaya associates"; and root, whose use loses support.
_RESERVED = frozenset({"craft", "inads", "init", "sroot", "rasaccess", "root"})
_PARTNER = "dadmin"
_INSTANT: TypeAdapter[Any] = TypeAdapter(Instant)
_REPEATS: TypeAdapter[str] = TypeAdapter(Repeats)
_ZONE: TypeAdapter[Any] = TypeAdapter(Zone, config=ConfigDict(arbitrary_types_allowed=True))
_NUMBERED = re.compile(r"(?:trunk-group|cti-link) [1-9][0-9]{0,5}")
# Which consoles there are, only the phone system knows: of one that it does not tell the state is unknown.
_CONSOLE = re.compile(r"attendant \S(?:[^\x00-\x1f\x7f]{0,118}\S)?")
_BARE = frozenset({"attendant", "auto-attendant", "voicemail"})
_PARTS = (
    "a part: trunk-group N, cti-link N, location NAME, system NAME, attendant, attendant NAME, "
    "auto-attendant or voicemail"
)


def site_mistakes(
    tree: Tree, products: Mapping[str, Product], today: date, *, any_product: bool = False
) -> Iterator[Mistake]:
    """Every mistake between the parts of a site file, in no particular order.

    `today`: the day on which it is loaded. `any_product`: of systems that nobody will ask: a product need not
    be known.
    """
    root = tree.root
    systems = [node for node in root.items("systems") if isinstance(node.value, dict)]
    locations = list(root.items("locations"))
    probes = [node for node in systems if node.text("product") == "probe"]
    names = {
        "location": [name for node in locations if (name := node.text("name"))],
        "system": [name for node in systems if (name := node.text("name"))],
    }
    yield from _once(tree, "name", locations + systems)
    yield from _once(tree, "gateway_number", systems)
    yield from _holidays(tree)
    yield from _once(tree, "date", list(root.items("overrides")))
    yield from _windows(tree)
    yield from known_mistakes(tree, names, today)
    yield from _once(tree, "number", list(root.items("primary_numbers")))
    yield from _once(tree, "product", list(root.items("product_holds")))
    for held in root.items("product_holds"):
        named = held.get("product")
        if named is not None and named.word is not None and named.word not in products and not any_product:
            yield tree.mistake(named, expected_one("a product", named.word, sorted(products)))
    for system in systems:
        yield from _place(tree, system, names["location"])
        yield from _product(tree, system, products, any_product)
        yield from _once(tree, "number", list(system.items("trunk_groups")))
        if (snmp := system.get("snmp")) is not None:
            yield from _snmp(tree, snmp)
        for protocol in ("ssh", "sat"):
            if (section := system.get(protocol)) is not None:
                yield from _login(tree, section)
        yield from _parts_of(tree, system, products)
        yield from option_mistakes(tree, system, products.get(system.text("product") or ""))
    yield from name_mistakes(tree, systems)
    yield from _ports(tree, systems)
    yield from _probes(tree, locations, names["system"], [node.text("name") or "" for node in probes])
    yield from _dependencies(tree, locations + systems)
    for number in root.items("primary_numbers"):
        if (needs := number.get("needs")) is not None:
            yield from _needs(tree, needs, names)


def _once(tree: Tree, key: str, nodes: list[Node]) -> Iterator[Mistake]:
    """No two of them have the same under that key."""
    lines: dict[str, int] = {}
    for node in nodes:
        found = node.get(key)
        if found is None or found.word is None:
            continue
        if found.word in lines:
            sentence = (
                f"expected a {key} of its own; got {shown(found.value)}, as on line {lines[found.word]}"
            )
            yield tree.mistake(found, sentence)
        lines.setdefault(found.word, found.line)


def _holidays(tree: Tree) -> Iterator[Mistake]:
    """Each date once, and each name once; by name and by date is no mistake: it is one closed day."""
    nodes = list(tree.root.items("holidays"))
    yield from _once(tree, "date", nodes)
    lines: dict[tuple[str, str, str], int] = {}
    for node in nodes:
        if (name := node.get("name")) is None or name.word is None:
            continue
        if node.get("date") is not None:
            for key in ("observed", "country"):
                if (unfit := node.get(key)) is not None:
                    sentence = f"expected no {key} with a date, which stays where it is; got one"
                    yield tree.mistake(unfit, sentence)
            continue
        same = name.word.casefold(), node.text("country") or "US", node.text("observed") or "nearest"
        if same in lines:
            sentence = f"expected a name of its own; got {shown(name.value)}, as on line {lines[same]}"
            yield tree.mistake(name, sentence)
        lines.setdefault(same, name.line)


def _windows(tree: Tree) -> Iterator[Mistake]:
    """A maintenance window ends after it begins, by the site's clock where it gives no offset.

    One that comes back does so at its first time too, and is over by then. Its name is its own: by that it is
    ended and shown.
    """
    nodes = list(tree.root.items("windows"))
    yield from _once(tree, "name", nodes)
    for node in nodes:
        begins, ends = (_instant(tree, node.get(key)) for key in ("begins", "ends"))
        if begins is not None and ends is not None and ends <= begins:
            got = f"{node.text('begins')} to {node.text('ends')}"
            yield tree.mistake(
                node.get("ends") or node, f"expected a window that ends after it begins; got {got}"
            )
        elif begins is not None and ends is not None:
            yield from _repeats(tree, node, begins, ends)


def _repeats(tree: Tree, window: Node, begins: datetime, ends: datetime) -> Iterator[Mistake]:
    rule, lasts = window.get("repeats"), window.text("lasts")
    if rule is None or rule.word is None:
        return
    try:
        zone: ZoneInfo = _ZONE.validate_python(tree.root.text("zone"))
        _REPEATS.validate_python(rule.word)
        more = parse_duration(lasts) if lasts is not None else timedelta(0)
    except (ValidationError, ValueError):
        return  # the schema says so
    first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (begins, ends))
    if (sentence := trouble(rule.word, first, last - first + more, zone)) is not None:
        yield tree.mistake(rule, sentence)


def _instant(tree: Tree, node: Node | None) -> datetime | None:
    """The time at a node in UTC; None where the schema refuses it or the site's zone."""
    try:
        at: datetime = _INSTANT.validate_python(node.value if node is not None else None)
        zone: ZoneInfo = _ZONE.validate_python(tree.root.text("zone"))
    except ValidationError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def _place(tree: Tree, system: Node, locations: list[str]) -> Iterator[Mistake]:
    where = system.get("location")
    if where is not None and where.word is not None and locations and where.word not in locations:
        yield tree.mistake(where, expected_one("a location of this site", where.word, locations))


def _product(
    tree: Tree, system: Node, products: Mapping[str, Product], any_product: bool
) -> Iterator[Mistake]:
    sections = [
        name for name in PROTOCOLS if (node := system.get(name)) is not None and node.value is not None
    ]
    name = system.get("product")
    product = products.get(name.word or "") if name is not None else None
    if name is not None and name.word is not None and product is None and not any_product:
        yield tree.mistake(name, expected_one("a product", name.word, sorted(products)))
    askable = [protocol for protocol in PROTOCOLS if product is None or protocol in product.polls]
    if not sections and not any_product:
        yield tree.mistake(system, f"expected a protocol to ask it by ({', '.join(askable)}); got none")
    for section in sections:
        if product is not None and section not in askable:
            ways = ", ".join(askable) or "nothing yet"
            sentence = f"expected what a {product.name} can be asked by ({ways}); got {section}"
            yield tree.mistake(system.get(section) or system, sentence)
    number = system.get("gateway_number")
    if (
        number is not None
        and number.value is not None
        and product is not None
        and product.name != "media_gateway"
    ):
        yield tree.mistake(
            number, f"expected a gateway number on a media_gateway only; got one on a {product.name}"
        )


def _parts_of(tree: Tree, system: Node, products: Mapping[str, Product]) -> Iterator[Mistake]:
    """What only some systems can be part of: the voicemail (O6), and the phone system by a restart (R1)."""
    product = products.get(system.text("product") or "")
    function = system.text("function") or (product.function if product is not None else None)
    voicemail = system.get("voicemail")
    if voicemail is not None and voicemail.value is not None and function not in (None, "voicemail"):
        yield tree.mistake(
            voicemail, f"expected voicemail on a system of function voicemail only; got one of {function}"
        )
    part_of = system.get("part_of")
    if (
        part_of is not None
        and part_of.value is not None
        and product is not None
        and product.name != "media_gateway"
    ):
        yield tree.mistake(part_of, f"expected part_of on a media_gateway only; got one on a {product.name}")


def _probes(tree: Tree, locations: list[Node], systems: list[str], probes: list[str]) -> Iterator[Mistake]:
    """A location's probes are systems of this site, of product probe."""
    for probe in (probe for location in locations for probe in location.items("probes")):
        if probe.word is None or probe.word in probes:
            continue
        sentence = expected_one("a system of this site, of product probe", probe.word, probes)
        if probe.word in systems:
            sentence = f"expected a system of product probe; got {probe.word}, which is of another"
        yield tree.mistake(probe, sentence)


def _snmp(tree: Tree, snmp: Node) -> Iterator[Mistake]:
    def has(key: str) -> bool:
        node = snmp.get(key)
        return node is not None and node.value is not None

    version = snmp.text("version")
    if version in ("1", "2c"):
        if not has("community"):
            yield tree.mistake(
                snmp,
                f"expected a community, as version {version} has nothing else; got nothing",
                child="community",
            )
        unfit = [key for key in ("user", "auth", "privacy") if has(key)]
    elif version == "3":
        if not has("user"):
            yield tree.mistake(snmp, "expected a user, as version 3 asks for one; got nothing", child="user")
        unfit = ["community"] if has("community") else []
    else:
        return
    for key in unfit:
        node = snmp.get(key) or snmp
        yield tree.mistake(node, f"expected no {key} with version {version}; got one (not shown)")
    if version == "3" and has("privacy") and not has("auth"):
        sentence = "expected auth, as there is no privacy without it; got nothing"
        yield tree.mistake(snmp, sentence, child="auth")


def _login(tree: Tree, section: Node) -> Iterator[Mistake]:
    """A customer's own login (SAS): Avaya's are refused, and the partner's without Avaya's word."""
    user = section.get("user")
    if user is None:
        return
    name = (user.word or "").strip().casefold()
    if name in _RESERVED:
        whose = "the superuser's" if name == "root" else "reserved for Avaya's own people"
        yield tree.mistake(
            user, f"expected a customer login that may only look; got {name}, which is {whose}"
        )
    elif name == _PARTNER and not _is_true(section.get("partner_authorised")):
        yield tree.mistake(
            user,
            f"expected a customer login that may only look; got {name}, the partner's "
            "(partner_authorised: true, if Avaya has allowed it in writing)",
        )


def _is_true(node: Node | None) -> bool:
    return node is not None and node.value is True


def _ports(tree: Tree, systems: list[Node]) -> Iterator[Mistake]:
    """No two systems at one address and port: one would be judged by the other's answers."""
    taken: dict[tuple[str, str, str], Node] = {}
    for system in systems:
        try:
            address = str(ip_address(system.text("address") or ""))
        except ValueError:
            continue
        for protocol in PROTOCOLS:
            section = system.get(protocol)
            if section is None or not isinstance(section.value, dict):
                continue
            port = section.text("port") or _port_of(protocol, section)
            if not port:
                continue  # the schema asks for one
            other = taken.setdefault((protocol, address, port), system)
            if other is not system:
                node = section.get("port") or system.get("address") or system
                sentence = (
                    f"expected an address and {protocol} port of its own; "
                    f"got {address} port {port}, as {other.text('name') or 'another'} has"
                )
                yield tree.mistake(node, sentence)


def _port_of(protocol: str, section: Node) -> str:
    """The port that is asked where the section names none; empty: there is no such."""
    if protocol == "sip":
        return "5061" if section.text("transport") == "tls" else "5060"
    return _PORTS.get(protocol, "")


def _dependencies(tree: Tree, nodes: list[Node]) -> Iterator[Mistake]:
    """What systems, locations and trunk groups depend on exists, and nothing depends on itself."""
    known = list(dict.fromkeys(name for node in nodes if (name := node.text("name"))))
    names = set(known)
    marks: dict[tuple[str, str], Node] = {}
    for node in nodes:
        for upon in node.items("depends_on"):
            if upon.word in names:
                marks.setdefault((node.text("name") or "", upon.word), upon)
    groups = [group for node in nodes for group in node.items("trunk_groups")]  # nothing depends on these
    for upon in (upon for node in nodes + groups for upon in node.items("depends_on")):
        if upon.word is not None and upon.word not in names:
            yield tree.mistake(upon, expected_one("a system or location of this site", upon.word, known))
    yield from _circles(tree, marks)


def _circles(tree: Tree, marks: dict[tuple[str, str], Node]) -> Iterator[Mistake]:
    """Each circle once, at the line that closes it."""
    for _ in range(10):  # more circles than that are one tangle
        graph: dict[str, list[str]] = {}
        for name, upon in marks:
            graph.setdefault(name, []).append(upon)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            around = list(reversed(error.args[1]))
        else:
            return
        edges = list(pairwise(around))
        last = max(edges, key=lambda edge: (marks[edge].line, marks[edge].column))
        at = edges.index(last) + 1
        circle = [name for name, _ in edges[at:] + edges[:at]]
        sentence = f"expected dependencies without a circle; got {' -> '.join([*circle, circle[0]])}"
        yield tree.mistake(marks.pop(last), sentence)


def _needs(tree: Tree, needs: Node, names: Mapping[str, list[str]]) -> Iterator[Mistake]:
    if not isinstance(needs.value, dict):
        return
    # a key that is neither is refused by the schema, which also says what was meant
    if needs.value.keys() <= {"all_of", "any_of"} and not any(way.value for way in needs.value.values()):
        yield tree.mistake(needs, "expected at least one part under all_of or any_of; got none")
    for part in (part for key in ("all_of", "any_of") for part in needs.items(key)):
        if isinstance(part.value, dict):
            yield from _needs(tree, part, names)
        elif isinstance(part.value, str):
            kind, _, name = part.value.partition(" ")
            if kind in names:
                if name not in names[kind]:
                    yield tree.mistake(part, expected_one(f"a {kind} of this site", name, names[kind]))
            elif (
                part.value not in _BARE
                and not _CONSOLE.fullmatch(part.value)
                and not _NUMBERED.fullmatch(part.value)
            ):
                yield tree.mistake(part, f"expected {_PARTS}; got {shown(part.value)}")
