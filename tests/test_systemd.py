"""The unit file as systemd itself reads it (the installed service has tests of its own to come)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.watched import CHECKOUT


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze") or pytest.skip(
        "systemd-analyze is not installed: apt install systemd"
    )
    unit = (CHECKOUT / "systemd" / "trunkwatch.service").read_text()
    # Its program is not installed here, and `verify` would rightly complain about that alone.
    copy = tmp_path / "trunkwatch.service"
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE))
    found = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
