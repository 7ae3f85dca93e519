"""A non-editable installation in another directory, without the checkout: what a site has."""

from __future__ import annotations

import asyncio
import shutil
import site as site_packages
import subprocess
import sys
from pathlib import Path

import pytest

from tests.watched import CHECKOUT, until, watched

pytestmark = pytest.mark.xdist_group("installation")  # one worker, so that it is installed once


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the built wheel; its dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    source.mkdir()
    for name in ("agent", "collectors", "config"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(CHECKOUT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", folder, source], check=True)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (wheel,) = folder.glob("trunkwatch-*.whl")
    target = [*pip, "--python", str(venv / "bin" / "python")]
    subprocess.run([*target, "install", "--no-deps", "--no-index", wheel], check=True)
    packages = next((venv / "lib").glob("python3*/site-packages"))
    # A line in a .pth file adds a folder and does not follow that folder's own .pth files: the editable
    # installation of this checkout stays out of sight.
    (packages / "dependencies.pth").write_text("\n".join(site_packages.getsitepackages()) + "\n")
    return venv / "bin" / "trunkwatch"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([installed, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_check_and_poll_work_from_an_installation_in_another_directory(
    installed: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            checked = await asyncio.to_thread(run, installed, tmp_path, "check", "--site", str(site.site))
            assert checked.returncode == 0, checked.stderr
            assert "agility 51401-1" in checked.stdout
            polled = await asyncio.to_thread(
                run, installed, tmp_path, "poll", "cm1", "--site", str(site.site)
            )
            assert polled.returncode == 0, polled.stderr
            assert "trunk-group 1" in polled.stdout

    asyncio.run(story())


def test_the_daemon_of_an_installation_has_its_contract_and_its_page(installed: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            site.program = (str(installed),)
            site.checkout = tmp_path
            await site.start()
            site.lab.fault("half-of-trunks-out")
            half = {("major", "half-capacity", "cm1", "trunks")}
            assert await until(lambda: site.open == half, 10), (site.log, site.stderr)
            assert "23 of 46 trunks out of service" in (await asyncio.to_thread(site.get, "/"))[1]
            assert await site.end() == 0

    asyncio.run(story())


def test_an_installation_has_no_lab_and_says_so(installed: Path, tmp_path: Path) -> None:
    said = run(installed, tmp_path, "lab", "run")
    assert said.returncode == 1
    assert said.stderr.strip() == "the lab exists in a checkout of the sources only; this is an installation"


def test_an_installation_brings_no_tests_and_the_examples_of_files(installed: Path) -> None:
    prefix = installed.parent.parent
    (packages,) = (prefix / "lib").glob("python3*/site-packages")
    assert not (packages / "tests").exists()
    assert (prefix / "share" / "trunkwatch" / "site.example.yaml").is_file()
    assert (prefix / "share" / "trunkwatch" / "web-config.example.yml").is_file()
