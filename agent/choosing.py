"""Which contract a question is about, with whose closed days: what `due` and `calendar show` have in common.

A question may name a contract, a site, both or neither. It reads files and ends the command (2) where what
was named is not there; it answers nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from agent.agreement import Agreement, decided
from agent.asking import end
from agent.loading import ConfigError, Setup, load_contract, load_setup
from agent.mistakes import expected_one

NO_SITE = "No site was named (--site): no holidays and no other hours are counted."

ContractOption = Annotated[
    str | None,
    typer.Option(
        "--contract",
        help="A contract that is shipped, or a contract file. Default: the site's, else agility.",
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The contract as it is in force, and the site whose closed days are in it; None: no site."""

    agreement: Agreement
    setup: Setup | None


def choose(
    contract: str | None, site: Path | None, *, year: int, coverage_hours: str | None = None
) -> Chosen:
    """What was named. `year`: about which holidays by name become dates. Ends the command (2) with why not.

    A site's decisions are those on its own contract, and on a changed version of it; another one is taken as
    it stands.
    """
    try:
        setup = (
            load_setup(site, with_secrets=False, any_product=True, year=year) if site is not None else None
        )
        agreement = _agreement(contract, setup)
    except ConfigError as error:
        end(str(error), 2)
    if coverage_hours is not None:
        agreement = _counted_by(agreement, coverage_hours)
    return Chosen(agreement, setup)


def _agreement(contract: str | None, setup: Setup | None) -> Agreement:
    if setup is None:
        return load_contract(contract or "agility")
    own = setup.agreement
    if contract is None:
        return own
    found = load_contract(contract)
    for known in (own, setup.mapped):
        if known is not None and known.source == found.source:
            return known
    choice = json.loads(own.decided)
    if found.contract.contract != own.contract.contract:
        choice = {key: choice[key] for key in ("zone", "zones")}
    return decided(
        found.contract, found.source, json.dumps(choice), holidays=own.holidays, overrides=own.overrides
    )


def _counted_by(agreement: Agreement, coverage_hours: str) -> Agreement:
    contract = agreement.contract
    if coverage_hours not in contract.calendars:
        known = list(contract.calendars)
        end(expected_one(f"a calendar of the contract {contract.contract}", coverage_hours, known), 2)
    decisions = contract.decisions.model_copy(update={"coverage_hours": coverage_hours})
    return replace(agreement, contract=contract.model_copy(update={"decisions": decisions}))
