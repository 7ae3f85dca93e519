"""Everything that a start needs, loaded by one function: `check`, `run`, a reload and every command use it.

It reads files and finds every mistake in them; it starts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from agent.agreement import Agreement, decided
from agent.calendar_warnings import edge_warnings, running_out
from agent.closed_days import ClosedDays, closed_days
from agent.config import ConfigError, Secrets, load_contract_file, load_site, read_secrets
from agent.contract import Contract, Decisions
from agent.known_checks import accepted_warnings
from agent.mistakes import Mistake, expected_one
from agent.pacing import ways_of
from agent.sentences import validate
from agent.shipped import shipped
from agent.showing import Terms
from agent.site import Site, System
from agent.watch import Watch, Way
from agent.web_config import WebConfig, load_web_config
from agent.yaml_marks import Node, Tree, read_tree
from collectors.base import Pacing, Product, ProtocolName
from collectors.products import find_products

__all__ = ["ConfigError", "Setup", "load_contract", "load_setup", "shipped_contracts"]


@dataclass(frozen=True, slots=True)
class Setup:
    """A site that can be watched: its file, its contract with the site's decisions, the products it names."""

    path: Path
    site: Site
    agreement: Agreement
    mapped: Agreement | None
    closed: ClosedDays
    products: Mapping[str, Product]
    watches: Mapping[str, Watch]
    secrets: Secrets  # its repr shows none
    web: WebConfig  # as it was when this was loaded; the daemon sees by itself when it changes

    @property
    def contract(self) -> Contract:
        """The contract with the site's decisions."""
        return self.agreement.contract

    @property
    def terms(self) -> Terms:
        """What tickets are read by."""
        return Terms(self.site, self.agreement, self.mapped)

    def warnings(self, today: date) -> tuple[str, ...]:
        """What is right and may still surprise somebody: a sentence each."""
        calendars = {name: self.agreement.hours(name) for name in self.contract.calendars}
        if self.site.attended is not None:
            calendars["attended"] = self.site.attended.to_calendar(self.closed.holidays)
        return (
            *edge_warnings(calendars, today.year),
            *running_out(self.closed.dated_until, today),
            *accepted_warnings(self.site.accepted, today),
        )

    def same_lines(self, after: Setup, system: str) -> bool:
        """Whether the lines to a system that is the same in both site files may stay open."""
        zones = [setup.site.zone_of(setup.site.system(system)) for setup in (self, after)]
        return zones[0] == zones[1] and self.secrets.of(system) == after.secrets.of(system)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self._below(self.site.directories.state) / "journal.db"

    @property
    def readings(self) -> Path:
        """The file of kept readings."""
        return self._below(self.site.directories.state) / "readings.db"

    @property
    def known_hosts(self) -> Path:
        """The host keys that a person has accepted."""
        return self._below(self.site.directories.state) / "known_hosts"

    @property
    def logins(self) -> Path:
        """What logins were refused, so that none is tried twice."""
        return self._below(self.site.directories.state) / "logins.json"

    @property
    def control_socket(self) -> Path:
        """The daemon's local socket."""
        return self._below(self.site.directories.run) / "control.sock"

    @property
    def alert_log(self) -> Path:
        """The log that operators tail."""
        return self._below(self.site.directories.log) / self.site.sinks.alert_log.path

    @property
    def web_config(self) -> Path | None:
        """The file that says how the pages are protected."""
        name = self.site.web.config
        return None if name is None else self._below(name)

    def ways(self, system: System) -> tuple[tuple[ProtocolName, Pacing], ...]:
        """The ways by which that system is asked, and how hard."""
        return ways_of(system, self.products[system.product])

    def make_directories(self) -> None:
        """Make the directories of journal, log and socket where they are missing (0750).

        Raises ConfigError with every one that cannot be made.
        """
        wrong = []
        for key, folder in (
            ("state", self.journal.parent),
            ("log", self.alert_log.parent),
            ("run", self.control_socket.parent),
        ):
            try:
                folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            except OSError as error:
                sentence = (
                    f"expected a directory that is there or can be made; got {folder}: {error.strerror}"
                )
                wrong.append(Mistake(str(self.path), 0, 0, f"directories.{key}", sentence))
        if wrong:
            raise ConfigError(wrong)

    def _below(self, folder: str) -> Path:
        return (self.path.parent / folder).resolve()


def load_setup(
    path: Path, *, with_secrets: bool = True, any_product: bool = False, year: int | None = None
) -> Setup:
    """Load and check a site file and all that it names. Raises ConfigError with every mistake at once.

    Who only asks the daemon needs no secrets, and need not be allowed to read them. `any_product`: for who
    asks no device; a product that is not known is there without ways. `year`: about which holidays by name
    become dates (`agent.closed_days`); None: this one, so each start and reload renews them.
    """
    site = load_site(path, any_product=any_product)
    secrets = read_secrets(site, path) if with_secrets else Secrets()
    web = _web(site, path) if with_secrets else WebConfig()
    products = find_products()
    watches = {system.name: _watch(system, products.get(system.product)) for system in site.systems}
    tree = read_tree(path)
    closed = closed_days(site, tree, year or datetime.now(site.zone).year)
    agreement, mapped = _agreement(site, tree, closed), _mapped(site, tree, closed)
    if site.contract.calendars:
        known = [*agreement.contract.calendars, *(mapped.contract.calendars if mapped else ())]
        _check_calendars(tree, known)
    return Setup(path.resolve(), site, agreement, mapped, closed, products, watches, secrets, web)


def _watch(system: System, product: Product | None) -> Watch:
    if product is None:
        return Watch(system.function or "other")
    ways = tuple(
        Way(protocol, pacing.interval, must_answer=protocol not in system.need_not_answer)
        for protocol, pacing in ways_of(system, product)
    )
    return Watch(system.function or product.function, ways)


def load_contract(named: str) -> Agreement:
    """A contract as it stands, without holidays: a shipped one by its name, or the path of a contract file.

    Raises ConfigError with every mistake of the file.
    """
    if "/" in named or named.endswith((".yaml", ".yml")):
        contract, source = load_contract_file(Path(named))
        return Agreement(contract, source=source)
    try:
        contract, source = load_contract_file(shipped(f"contracts/{named}.yaml"))
    except ConfigError:
        known = shipped_contracts()
        if named in known:
            raise
        wanted = "a contract that is shipped, or the path of a contract file"
        raise ConfigError([Mistake("", 0, 0, "", expected_one(wanted, named, known))]) from None
    return Agreement(contract, source=source)


def shipped_contracts() -> list[str]:
    """The names of the contracts that come with the program."""
    return sorted(file.stem for file in shipped("contracts/agility.yaml").parent.glob("*.yaml"))


def _web(site: Site, path: Path) -> WebConfig:
    """What protects the pages: the file that the site names, which must be there."""
    if site.web.config is None:
        return WebConfig()
    file = (path.parent / site.web.config).resolve()
    if not file.exists():
        tree = read_tree(path)
        named = (tree.root.get("web") or tree.root).get("config") or tree.root
        sentence = f"expected a web-config.yml that can be read; got {file}: no such file"
        raise ConfigError([tree.mistake(named, sentence)])
    return load_web_config(file)


def _agreement(site: Site, tree: Tree, closed: ClosedDays) -> Agreement:
    """The site's contract with the decisions in which the site departs from it, and the days it is closed."""
    chosen = tree.root.get("contract")
    contract, source = _shipped_contract(site.contract.name, tree, chosen.get("name") if chosen else None)
    decisions = chosen.get("decisions") if chosen is not None else None
    if decisions is not None:
        own, wrongs = validate(Tree(tree.file, decisions), Decisions)
        if own is None:
            raise ConfigError(wrongs)
        place = decisions.get("coverage_hours")
        if place is not None and own.coverage_hours not in contract.calendars:
            known = sorted(contract.calendars)
            sentence = expected_one(
                f"a calendar of the contract {contract.contract}", str(own.coverage_hours), known
            )
            raise ConfigError([tree.mistake(place, sentence)])
    term = chosen.get("term") if chosen is not None else None
    choice = {
        "decisions": decisions.plain() if decisions is not None else {},
        "term": term.plain() if term is not None else None,
        "calendars": _own_calendars(tree, contract),
        **_zones(site),
    }
    return decided(contract, source, json.dumps(choice), holidays=closed.holidays, overrides=closed.overrides)


def _mapped(site: Site, tree: Tree, closed: ClosedDays) -> Agreement | None:
    """The contract whose level tickets carry as well: of the site's decisions it takes the channel."""
    if site.contract.mapped is None:
        return None
    place = (tree.root.get("contract") or tree.root).get("mapped")
    contract, source = _shipped_contract(site.contract.mapped, tree, place)
    channel = site.contract.decisions.get("channel")
    choice = {
        "decisions": {} if channel is None else {"channel": channel},
        "calendars": _own_calendars(tree, contract),
        **_zones(site),
    }
    return decided(contract, source, json.dumps(choice), holidays=closed.holidays, overrides=closed.overrides)


def _zones(site: Site) -> dict[str, Any]:
    """Where the products are, for the hours that a contract means there."""
    places = {place.name: str(place.zone) for place in site.locations if place.zone is not None}
    return {"zone": str(site.zone), "zones": places}


def _own_calendars(tree: Tree, contract: Contract) -> dict[str, Any]:
    """The hours that the site gives for calendars of that contract, as they stand in its file."""
    given = (tree.root.get("contract") or tree.root).get("calendars")
    own = given.value if given is not None and isinstance(given.value, dict) else {}
    return {name: node.plain() for name, node in own.items() if name in contract.calendars}


def _check_calendars(tree: Tree, known: Iterable[str]) -> None:
    """Each calendar that the site gives is one of its contracts'. Raises ConfigError."""
    given = (tree.root.get("contract") or tree.root).get("calendars")
    own = given.value if given is not None and isinstance(given.value, dict) else {}
    names = list(dict.fromkeys(known))
    wrong = [
        tree.mistake(node, expected_one("the name of a calendar of the contract", name, names))
        for name, node in own.items()
        if name not in names
    ]
    if wrong:
        raise ConfigError(wrong)


def _shipped_contract(name: str, tree: Tree, place: Node | None) -> tuple[Contract, str]:
    try:
        file = shipped(f"contracts/{name}.yaml")
        return load_contract_file(file)
    except ConfigError:
        known = shipped_contracts()
        if place is None or name in known:
            raise
        wrong = tree.mistake(place, expected_one("a contract that is shipped", name, known))
        raise ConfigError([wrong]) from None
