"""Files that come with the program are found in a checkout and in an installation, and nowhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.config import ConfigError
from agent.shipped import shipped

ROOT = Path(__file__).parent.parent


def test_a_checkout_has_its_own_files() -> None:
    assert shipped("site.example.yaml") == ROOT / "config" / "site.example.yaml"
    assert shipped("contracts/agility.yaml").is_file()


def test_a_file_that_is_nowhere_is_told_with_the_places_looked_at() -> None:
    with pytest.raises(ConfigError) as error:
        shipped("contracts/none.yaml")
    assert str(error.value) == (
        f"expected a shipped file contracts/none.yaml in {ROOT / 'config'} "
        f"and {Path(sys.prefix) / 'share' / 'trunkwatch'}; got none"
    )


@pytest.mark.parametrize(
    "outside", ["../setup.cfg", "/etc/hostname", "contracts/../../setup.cfg", "contracts"]
)
def test_nothing_outside_and_no_folder_is_shipped(outside: str) -> None:
    with pytest.raises(ConfigError):
        shipped(outside)


def test_an_installation_has_them_under_share_whatever_folder_config_lies_beside_it(tmp_path: Path) -> None:
    packages, prefix = tmp_path / "packages", tmp_path / "prefix"
    shutil.copytree(ROOT / "agent", packages / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    (packages / "config").mkdir()
    (packages / "config" / "site.example.yaml").write_text("somebody else's")
    (prefix / "share" / "trunkwatch").mkdir(parents=True)
    (prefix / "share" / "trunkwatch" / "site.example.yaml").write_text("ours")
    ask = (
        "import sys; sys.prefix = sys.argv[1]; "
        "from agent.shipped import shipped; print(shipped('site.example.yaml'))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", ask, str(prefix)],
        env={**os.environ, "PYTHONPATH": str(packages)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert Path(answer.stdout.strip()).read_text() == "ours"
