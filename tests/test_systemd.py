"""The units as systemd itself reads them; tests/test_booted.py has them run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.watched import CHECKOUT

UNITS = sorted(path for path in (CHECKOUT / "systemd").iterdir() if path.suffix in (".service", ".timer"))


@pytest.fixture
def analyze() -> str:
    """systemd's own judge of units."""
    return shutil.which("systemd-analyze") or pytest.skip(
        "systemd-analyze is not installed: apt install systemd"
    )


def test_systemd_finds_nothing_wrong_with_the_units(analyze: str, tmp_path: Path) -> None:
    copies = []
    for unit in UNITS:
        # Our program is not installed here, and `verify` would rightly complain about that alone.
        text = re.sub(r"^(Exec\w+)=/opt/\S+", r"\1=/bin/true", unit.read_text(), flags=re.MULTILINE)
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(text)
    found = subprocess.run([analyze, "verify", *copies], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert len(copies) == 3


def test_the_service_is_exposed_to_at_most_1_3_and_still_knows_who_asks(analyze: str) -> None:
    unit = CHECKOUT / "systemd" / "trunkwatch.service"
    # The mark of the overall figure, ten times: a later systemd that weighs more may say more than 1.2.
    said = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", "--threshold=13", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout
    assert not re.search(r"^(PrivateUsers|DynamicUser|IPAddressDeny)=", unit.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_an_installation_brings_every_unit_and_takes_each_away(unit: Path) -> None:
    steps = (CHECKOUT / "systemd" / "install.sh").read_text().split("\ndo_install()")
    assert all(unit.name in step for step in steps)
