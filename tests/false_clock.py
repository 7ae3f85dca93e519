"""A wall clock that a test sets under a running process, by libfaketime."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


class FalseClock:
    """The wall clock of one process, as libfaketime reads it from a file."""

    def __init__(self, folder: Path) -> None:
        shutil.which("faketime") or pytest.skip("faketime is not installed: apt install faketime")
        (library, *_) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        self._file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }
        self.set(0)

    def set(self, seconds: int) -> None:
        """Make it wrong by so many seconds, for all who read from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+}\n")
        new.rename(self._file)  # nobody may read half a line
