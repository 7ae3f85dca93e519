"""The simulated systems: each file of this folder plays one or two of them, and is found by being here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what a system is made of imports the model, which asks here for the systems
    from tests.lab.played import Played


@cache
def find_systems() -> Mapping[str, Played]:
    """What every file of this folder plays, by the name of the system."""
    files = sorted(module.name for module in pkgutil.iter_modules(__path__))
    played = (each for name in files for each in importlib.import_module(f"{__name__}.{name}").PLAYED)
    return {each.name: each for each in played}
