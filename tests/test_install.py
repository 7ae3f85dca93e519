"""A non-editable installation in another directory, without the checkout: what a site has.

With `make install` into a staged tree; tests/test_booted.py installs for good, on a machine of its own.
"""

from __future__ import annotations

import asyncio
import configparser
import os
import re
import shutil
import site as site_packages
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


CONSTRAINTS = sorted((CHECKOUT / "constraints").glob("*.txt"))


def pinned(path: Path) -> dict[str, str]:
    """What a constraints file names, and the version."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    return {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in lines}


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.stem)
def test_a_set_of_versions_has_every_package_that_is_needed_in_a_version_that_is_allowed(path: Path) -> None:
    settings = configparser.ConfigParser()
    settings.read(CHECKOUT / "setup.cfg")
    wanted = settings["options"]["install_requires"].split("\n")
    versions = pinned(path)
    for line in wanted:
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), line


def test_the_set_for_old_gateways_differs_in_the_ssh_library_alone() -> None:
    legacy, default = (pinned(CHECKOUT / "constraints" / f"{name}.txt") for name in ("legacy-ssh", "default"))
    assert {name for name in legacy | default if legacy.get(name) != default.get(name)} <= {
        "paramiko",
        "invoke",
    }
    assert legacy["paramiko"].startswith("3.5.")  # the last that knows DSA host keys


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of `make install DESTDIR=…`, with the packages of the index."""
    tree = tmp_path_factory.mktemp("staged")
    done = make("install", f"DESTDIR={tree}")
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # The Python of these tests: which one a site's make would find has no say here.
    command = ["make", *arguments, f"PYTHON={Path(sys.executable).resolve()}"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_a_staged_installation_is_whole_and_knows_its_place(staged: Path) -> None:
    tops = sorted(str(path.relative_to(staged)) for path in staged.glob("*/*"))
    assert tops == ["etc/logrotate.d", "etc/trunkwatch", "opt/trunkwatch", "usr/local"]
    assert (staged / "usr/local/bin/trunkwatch").readlink() == Path("/opt/trunkwatch/bin/trunkwatch")
    assert (staged / "etc/trunkwatch/credentials").stat().st_mode & 0o777 == 0o700
    release = (staged / "opt/trunkwatch/bin").resolve().parent
    command = (release / "bin/trunkwatch").read_text().splitlines()[0]
    assert command.startswith(f"#!/{release.relative_to(staged)}/bin/python")
    said = subprocess.run(
        [release / "bin/python", "-I", "-m", "agent", "version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("trunkwatch ")
    told = [bytes(staged), bytes(CHECKOUT)]
    traces = [
        path
        for path in staged.rglob("*")
        if path.is_file() and not path.is_symlink() and any(word in path.read_bytes() for word in told)
    ]
    assert traces == []


def test_an_installation_has_the_versions_that_were_pinned_and_no_tool_to_change_them(staged: Path) -> None:
    (packages,) = (staged / "opt/trunkwatch/current/lib").glob("python3*/site-packages")
    has = {canonicalize_name(path.name.split("-")[0]) for path in packages.glob("*.dist-info")}
    assert has == {*pinned(CHECKOUT / "constraints/default.txt"), "trunkwatch"}


def test_an_installation_again_keeps_the_site_file_and_one_release_to_go_back_to(staged: Path) -> None:
    site = staged / "etc/trunkwatch/site.yaml"
    site.write_text("ours\n")
    first = (staged / "opt/trunkwatch/current").readlink()
    (staged / "opt/trunkwatch/releases/broken-off").mkdir()
    assert make("install", f"DESTDIR={staged}").returncode == 0
    second = (staged / "opt/trunkwatch/current").readlink()
    assert second != first
    assert {path.name for path in (staged / "opt/trunkwatch/releases").iterdir()} == {first.name, second.name}
    assert make("uninstall", f"DESTDIR={staged}").returncode == 0
    assert site.read_text() == "ours\n"
    left = {str(path.relative_to(staged)) for path in staged.rglob("*") if path.is_file()}
    assert left == {"etc/trunkwatch/site.yaml", "etc/trunkwatch/site.example.yaml"}


def test_a_wheelhouse_that_is_not_there_is_named_before_anything_is_made(tmp_path: Path) -> None:
    done = make("install", f"DESTDIR={tmp_path}", f"WHEELHOUSE={tmp_path}/none")
    assert done.returncode != 0
    assert f"there is no wheelhouse in {tmp_path}/none: `make wheelhouse` makes one" in done.stderr
    assert os.listdir(tmp_path) == []
