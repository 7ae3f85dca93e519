"""Everything that a start needs, loaded by one function: `check`, `run`, a reload and every command use it.

It reads files and finds every mistake in them; it starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.config import ConfigError, Secrets, load_model, load_site, read_secrets
from agent.contract import Contract, Decisions
from agent.lines import pacing_of, protocols_of
from agent.mistakes import Mistake, expected_one
from agent.sentences import validate
from agent.shipped import shipped
from agent.site import Function, Site, System
from agent.yaml_marks import Tree, read_tree
from collectors.base import Pacing, Product, ProtocolName
from collectors.products import find_products

__all__ = ["ConfigError", "Setup", "load_contract", "load_setup"]


@dataclass(frozen=True, slots=True)
class Setup:
    """A site that can be watched: its file, its contract with the site's decisions, the products it names."""

    path: Path
    site: Site
    contract: Contract
    products: Mapping[str, Product]
    functions: Mapping[str, Function]
    secrets: Secrets  # its repr shows none

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self._below(self.site.directories.state) / "journal.db"

    @property
    def control_socket(self) -> Path:
        """The daemon's local socket."""
        return self._below(self.site.directories.run) / "control.sock"

    @property
    def alert_log(self) -> Path:
        """The log that operators tail."""
        return self._below(self.site.directories.log) / self.site.sinks.alert_log.path

    def ways(self, system: System) -> tuple[tuple[ProtocolName, Pacing], ...]:
        """The ways by which that system is asked, and how hard."""
        product = self.products[system.product]
        return tuple((name, pacing_of(system, product, name)) for name in protocols_of(system, product))

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


def load_setup(path: Path, *, secrets: bool = True) -> Setup:
    """Load and check a site file and all that it names. Raises ConfigError with every mistake at once.

    `secrets`: False for who asks no device, such as an operator who may read the log and no credential.
    """
    site = load_site(path)
    found = read_secrets(site, path) if secrets else Secrets()
    products = find_products()
    functions: dict[str, Function] = {
        system.name: system.function or products[system.product].function for system in site.systems
    }
    return Setup(path.resolve(), site, _contract(site, path), products, functions, found)


def load_contract(name: str) -> Contract:
    """A contract that is shipped, as it stands. Raises ConfigError."""
    return load_model(shipped(f"contracts/{name}.yaml"), Contract)


def _contract(site: Site, path: Path) -> Contract:
    """The site's contract with the decisions in which the site departs from it."""
    tree = read_tree(path)
    chosen = tree.root.get("contract")
    try:
        contract = load_contract(site.contract.name)
    except ConfigError:
        if chosen is None or (place := chosen.get("name")) is None:
            raise
        known = sorted(file.stem for file in shipped("contracts/agility.yaml").parent.glob("*.yaml"))
        wrong = tree.mistake(place, expected_one("a contract that is shipped", site.contract.name, known))
        raise ConfigError([wrong]) from None
    decided = chosen.get("decisions") if chosen is not None else None
    if decided is None:
        return contract
    decisions, wrongs = validate(Tree(tree.file, decided), Decisions)
    if decisions is None:
        raise ConfigError(wrongs)
    own = {key: getattr(decisions, key) for key in decisions.model_fields_set}
    place = decided.get("coverage_hours")
    if place is not None and own["coverage_hours"] not in contract.calendars:
        known = sorted(contract.calendars)
        sentence = expected_one(
            f"a calendar of the contract {contract.contract}", own["coverage_hours"], known
        )
        raise ConfigError([tree.mistake(place, sentence)])
    return contract.model_copy(update={"decisions": contract.decisions.model_copy(update=own)})
