"""What a replay is judged by: a site file, a contract in the place of its own, and how systems were watched.

A replay asks no device: it needs no secret, and a product that this version does not know is none in its way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

from agent.agreement import decided
from agent.config import ConfigError, load_model
from agent.contract import Contract
from agent.loading import Setup, load_setup
from agent.mistakes import Mistake, expected_one
from agent.shipped import shipped
from agent.showing import Terms
from agent.site import System
from agent.watch import Watch, Way
from agent.yaml_marks import read_tree
from collectors.base import Product, ProtocolName, Reading

UNPACED = timedelta(seconds=60)  # the interval of a way that neither the site nor its product paces


@dataclass(frozen=True, slots=True)
class Bench:
    """What readings are judged by. `notes`: what a person should know of it."""

    setup: Setup
    notes: tuple[str, ...] = ()

    @property
    def terms(self) -> Terms:
        """What tickets are read by."""
        return self.setup.terms

    @property
    def systems(self) -> tuple[str, ...]:
        """The names of the site's systems."""
        return tuple(system.name for system in self.setup.site.systems)

    def watches(self, readings: Iterable[Reading]) -> Mapping[str, Watch]:
        """How each system was watched: by the protocols that told of it, at the pace of site or product."""
        told: dict[str, set[ProtocolName]] = {}
        for reading in readings:
            if reading.source == "poll":
                told.setdefault(reading.system, set()).add(reading.protocol)
        return {
            system.name: Watch(
                self.setup.watches[system.name].function,
                _ways(system, self.setup.products.get(system.product), told.get(system.name, set())),
            )
            for system in self.setup.site.systems
        }


def load_bench(site: Path, contract: str | None = None) -> Bench:
    """The site of that file; `contract`: a shipped one or a file's path, in the place of the site's own.

    Raises ConfigError with every mistake.
    """
    setup = load_setup(site, with_secrets=False, any_product=True)
    unknown = tuple(
        f"{system.name}: this version knows no product {system.product}; it is judged as"
        f" {setup.watches[system.name].function}"
        for system in setup.site.systems
        if system.product not in setup.products
    )
    bench = Bench(setup, unknown)
    return bench if contract is None else _under(bench, *_contract(contract))


def load_other(path: Path, bench: Bench, contract: str | None = None) -> Bench:
    """The same with a changed file: a contract's or a site's, as its keys tell. Raises ConfigError."""
    keys = read_tree(path).root
    if keys.get("clauses") is not None or keys.get("targets") is not None:
        return _under(bench, *_contract_file(path))
    if keys.get("site") is None and keys.get("systems") is None:
        sentence = "expected a contract file (with clauses) or a site file (with systems); got neither"
        raise ConfigError([Mistake(str(path), 1, 1, "", sentence)])
    return load_bench(path, contract)


def _ways(system: System, product: Product | None, told: set[ProtocolName]) -> tuple[Way, ...]:
    order = [*(product.authority if product else ()), *get_args(ProtocolName)]
    return tuple(Way(name, _interval(system, product, name)) for name in dict.fromkeys(order) if name in told)


def _interval(system: System, product: Product | None, protocol: ProtocolName) -> timedelta:
    section = getattr(system, protocol, None)
    if section is not None and section.interval is not None:
        interval: timedelta = section.interval
        return interval
    poll = product.polls.get(protocol) if product else None
    return poll.pacing.interval if poll else UNPACED


def _contract(named: str) -> tuple[Contract, str]:
    """A contract by its shipped name, or by the path of its file."""
    if "/" in named or named.endswith((".yaml", ".yml")):
        return _contract_file(Path(named))
    folder = shipped("contracts/agility.yaml").parent
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if named not in known:
        sentence = expected_one("a contract that is shipped, or the path of one", named, known)
        raise ConfigError([Mistake("", 0, 0, "--contract", sentence)])
    return _contract_file(folder / f"{named}.yaml")


def _contract_file(path: Path) -> tuple[Contract, str]:
    return load_model(path, Contract), json.dumps(read_tree(path).root.plain())


def _under(bench: Bench, contract: Contract, source: str) -> Bench:
    """The same site under another contract; its own decisions hold there too, where they can."""
    own, notes = dict(bench.setup.site.contract.decisions), bench.notes
    hours = own.get("coverage_hours")
    if hours is not None and hours not in contract.calendars:
        del own["coverage_hours"]
        notes = (*notes, f"the site's coverage hours {hours} are none of {contract.label}: its own are used")
    term = bench.setup.site.contract.term
    choice = {
        "decisions": own,
        "term": {"begins": str(term.begins), "ends": str(term.ends)} if term else None,
    }
    before = bench.setup.agreement
    agreement = decided(
        contract, source, json.dumps(choice), holidays=before.holidays, overrides=before.overrides
    )
    return Bench(replace(bench.setup, agreement=agreement), notes)
