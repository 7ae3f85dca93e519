"""Finds the files that come with the program: contracts, templates, the example of a site file.

In a checkout they are in `config/` beside the packages; an installation has them in `share/trunkwatch/`.
It reads none of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.mistakes import ConfigError, Mistake

_CHECKOUT = Path(__file__).resolve().parent.parent


def shipped(relative: str) -> Path:
    """The path of a file under `config/`, such as `contracts/agility.yaml`. Raises ConfigError if none.

    The checkout goes first: a developer's `pip install -e .` puts no files under `share/`.
    """
    folders = [Path(sys.prefix) / "share" / "trunkwatch"]
    # a folder named config beside an installed package would be somebody else's
    if (_CHECKOUT / "pyproject.toml").is_file():
        folders.insert(0, _CHECKOUT / "config")
    for folder in folders:
        found = (folder / relative).resolve()
        if found.is_file() and found.is_relative_to(folder.resolve()):
            return found
    looked = " and ".join(map(str, folders))
    raise ConfigError([Mistake("", 0, 0, "", f"expected a shipped file {relative} in {looked}; got none")])
