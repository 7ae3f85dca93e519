"""Loads the files that operators write: YAML to frozen models, every mistake at once as file:line:column.

`load_model` is for any of them; `load_site` and `load_contract_file` add what must hold between the parts.
None reads a secret: `read_secrets` does, for `check` and for the start alike. Nothing here decides what a key
means.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from agent.contract import Contract
from agent.contract_checks import contract_mistakes
from agent.mistakes import ConfigError, Mistake
from agent.secret_refs import SecretError, Secrets, read_secret, read_secrets
from agent.sentences import validate
from agent.site import Site
from agent.site_checks import site_mistakes
from agent.yaml_marks import Tree, read_tree
from collectors.products import find_products

__all__ = [
    "ConfigError",
    "Mistake",
    "SecretError",
    "Secrets",
    "load_contract_file",
    "load_model",
    "load_site",
    "read_secret",
    "read_secrets",
]

M = TypeVar("M", bound=BaseModel)


def load_model(path: Path, model: type[M]) -> M:
    """The model that a YAML file describes. Raises ConfigError with every mistake at once."""
    return _taken(read_tree(path), model, [])


def load_site(path: Path, *, any_product: bool = False) -> Site:
    """The site that a file describes, checked against itself and the products that there are.

    Raises ConfigError with every mistake, in the order of the file. Secrets are not read: `read_secrets`.
    `any_product`: systems need be of no known product, nor be asked by anything.
    """
    tree = read_tree(path)
    today = datetime.now(UTC).date()
    return _taken(tree, Site, list(site_mistakes(tree, find_products(), today, any_product=any_product)))


def load_contract_file(path: Path) -> tuple[Contract, str]:
    """The contract that a file describes, and what is in the file, as JSON.

    Raises ConfigError with every mistake, in the order of the file.
    """
    tree = read_tree(path)
    return _taken(tree, Contract, list(contract_mistakes(tree))), json.dumps(tree.root.plain())


def _taken(tree: Tree, model: type[M], further: list[Mistake]) -> M:
    value, wrong = validate(tree, model)
    if value is None or further:
        raise ConfigError([*wrong, *further])
    return value
