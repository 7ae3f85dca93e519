"""The version of this installation, as its package states it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("trunkwatch")
except PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0+unknown"
