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
from agent.config import ConfigError
from agent.loading import Setup, load_contract, load_setup
from agent.mistakes import Mistake
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


def load_bench(site: Path, contract: str | None = None, *, year: int | None = None) -> Bench:
    """The site of that file; `contract`: a shipped one or a file's path, in the place of the site's own.

    `year`: about which holidays by name become dates; None: this one. Raises ConfigError with every mistake.
    """
    setup = load_setup(site, with_secrets=False, any_product=True, year=year)
    unknown = tuple(
        f"{system.name}: this version knows no product {system.product}; it is judged as"
        f" {setup.watches[system.name].function}"
        for system in setup.site.systems
        if system.product not in setup.products
    )
    bench = Bench(setup, unknown)
    return bench if contract is None else _under(bench, contract)


def load_other(path: Path, bench: Bench, contract: str | None = None, *, year: int | None = None) -> Bench:
    """The same with a changed file: a contract's or a site's, as its keys tell. Raises ConfigError."""
    keys = read_tree(path).root
    if keys.get("clauses") is not None or keys.get("targets") is not None:
        return _under(bench, str(path.absolute()))
    if keys.get("site") is None and keys.get("systems") is None:
        sentence = "expected a contract file (with clauses) or a site file (with systems); got neither"
        raise ConfigError([Mistake(str(path), 1, 1, "", sentence)])
    return load_bench(path, contract, year=year)


def _ways(system: System, product: Product | None, told: set[ProtocolName]) -> tuple[Way, ...]:
    order = [*(product.authority if product else ()), *get_args(ProtocolName)]
    return tuple(
        Way(name, _interval(system, product, name), must_answer=name not in system.need_not_answer)
        for name in dict.fromkeys(order)
        if name in told
    )


def _interval(system: System, product: Product | None, protocol: ProtocolName) -> timedelta:
    section = getattr(system, protocol, None)
    if section is not None and section.interval is not None:
        interval: timedelta = section.interval
        return interval
    poll = product.polls.get(protocol) if product else None
    return poll.pacing.interval if poll else UNPACED


def _under(bench: Bench, named: str) -> Bench:
    """The same site under another contract: a shipped one by its name, or that of a file.

    What a site decides, it decides on its own contract: a changed version of that has the same decisions in
    it, another contract is taken as it stands. The days that are closed are the site's.
    """
    found, own = load_contract(named), bench.setup.agreement
    choice = json.loads(own.decided)
    notes = bench.notes
    if found.contract.contract != own.contract.contract:
        choice = {key: value for key, value in choice.items() if key in ("zone", "zones")}
    hours = (choice.get("decisions") or {}).get("coverage_hours")
    if hours is not None and hours not in found.contract.calendars:
        del choice["decisions"]["coverage_hours"]
        notes = (*notes, f"{named} has no hours {hours}, which the site decides: its own are used")
    agreement = decided(
        found.contract, found.source, json.dumps(choice), holidays=own.holidays, overrides=own.overrides
    )
    return Bench(replace(bench.setup, agreement=agreement), notes)
