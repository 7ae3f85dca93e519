"""Trunkwatch as a site has it: installed by the commands of docs/install.md on a booted machine.

The commands are taken out of the page and run as they stand there, so the page cannot go stale. What a person
would type into an editor comes from here, and the devices are the lab's: its site file and its secrets.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncssh
import yaml

from tests.booted import SOURCES, Booted, Done, booted
from tests.lab import model
from tests.lab.site import write_site
from tests.watched import CHECKOUT

PAGE = CHECKOUT / "docs" / "install.md"
SITE = "/etc/trunkwatch/site.yaml"
TO_FIRST_START = (  # the sections of the page that lead there, in its order
    "Packages",
    "From the wheelhouse",
    "The site file",
    "Credentials",
    "Check",
)
# The container has no network. tests/test_install.py installs in this way, into a staged tree.
ELSEWHERE = ("With a network", "Without a network")
AS_ALICE = "As an operator"
ASKS = "Host keys"  # whose commands ask a person
LAB_PACKAGES = "/srv/lab"  # what the lab needs and an installation has not
_EDITOR = """#!/bin/sh
# What a person would type: the lab's site file and secrets lie ready.
exec cp "/root/typed/$(basename "$1")" "$1"
"""


def sections() -> dict[str, list[str]]:
    """The commands of the page by the heading above them, both in the page's order."""
    found: dict[str, list[str]] = {}
    heading, block = "", ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            block = "" if block else line[3:] or "text"
        elif not block and (head := re.match(r"#+ (.*)", line)):
            heading = head[1]
        elif block == "console":
            assert line.startswith("$ "), f"{PAGE.name}: a console block of commands alone; got {line!r}"
            found.setdefault(heading, []).append(line[2:])
    return found


def lab_site(**changes: Any) -> str:
    """The lab's site file as a site would write it: credentials by name, the usual directories."""
    with TemporaryDirectory() as folder:
        site = yaml.safe_load(write_site(Path(folder)).read_text(encoding="utf-8"))
    del site["directories"]
    # What is broken and mended every few seconds flaps, and would be a ticket for half an hour.
    site["contract"]["decisions"]["flapping_percent"] = 100
    return yaml.safe_dump(_by_name(site) | changes, sort_keys=False)


def _by_name(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"file"}:
            return {"credential": Path(value["file"]).name}
        return {key: _by_name(each) for key, each in value.items()}
    return [_by_name(each) for each in value] if isinstance(value, list) else value


class Site:
    """The machine with Trunkwatch and lab on it."""

    def __init__(self, machine: Booted) -> None:
        self.machine = machine
        self.must = machine.must
        self.run = machine.run
        self.until = machine.until

    def follow(self, *headings: str) -> list[Done]:
        """Do what the page says below these headings. Raises AssertionError at the first that fails."""
        done = []
        for heading in headings:
            user = "alice" if heading == AS_ALICE else "root"
            for command in sections()[heading]:
                did = self.run(_typed(command) if heading == ASKS else command, user=user)
                assert did.ok, f"{PAGE.name}, {heading}: {command}: status {did.status}\n{did.out}{did.err}"
                done.append(did)
        return done

    def start_lab(self) -> None:
        """Simulate the site's devices, on the machine's own loopback."""
        # The real path: an upgrade leaves a release alone from which something runs.
        python = self.must("readlink -f /opt/trunkwatch/current").strip() + "/bin/python"
        self.must(
            f"systemd-run --quiet --unit=lab --working-directory={SOURCES} "
            f"--setenv=PYTHONDONTWRITEBYTECODE=1 --setenv=PYTHONPATH={LAB_PACKAGES} "
            f"{python} -m tests.lab serve --folder /run/lab"
        )
        assert self.until("test -S /run/lab/run/lab.sock", 20), self.machine.journal("--unit=lab")

    def lab(self, order: str) -> str:
        """Tell the lab `fault NAME`, `clear` or the like; what it says."""
        python = "$(readlink -f /opt/trunkwatch/current)/bin/python"
        folder = f"--folder /run/lab {order.partition(' ')[2]}"
        environment = f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={LAB_PACKAGES}"
        return self.must(f"{environment} {python} -m tests.lab {order.partition(' ')[0]} {folder}")

    def ready(self, seconds: float = 30) -> bool:
        """Wait until each system answered or timed out once."""
        return self.until("curl --silent --fail http://127.0.0.1:9847/readyz", seconds)

    def tickets(self, *, user: str = "root", every: bool = False) -> list[dict[str, Any]]:
        """The tickets, by the command line."""
        said = self.must(f"trunkwatch tickets list --json {'--all' if every else ''}", user=user)
        return list(json.loads(said))

    def told(self) -> set[tuple[str, str, str, str]]:
        """What is open, by severity, clause, system and role."""
        return {(t["severity"], t["clause"], t["system"], t["role"]) for t in self.tickets()}

    def shows(self, wanted: set[tuple[str, str, str, str]], seconds: float = 30) -> bool:
        """Wait until exactly that is open."""
        end = time.monotonic() + seconds
        while self.told() != wanted:
            if time.monotonic() > end:
                return False
            time.sleep(0.3)
        return True

    def property(self, name: str, unit: str = "trunkwatch") -> str:
        """What systemd knows of a unit."""
        return self.must(f"systemctl show --property={name} --value {unit}").strip()


@contextmanager
def installed() -> Iterator[Site]:
    """A machine on which the page was followed up to `trunkwatch check`, with the lab running."""
    packages = next(line for line in sections()["Packages"] if line.startswith("apt install "))
    with booted(tuple(word for word in packages.split()[2:] if not word.startswith("-"))) as machine:
        site = Site(machine)
        gather(machine)
        machine.put("/usr/local/bin/editor", _EDITOR, 0o755)
        machine.put("/root/typed/site.yaml", lab_site())
        for name, secret in (
            ("community", model.COMMUNITY),
            ("auth-password", model.AUTH_PASSWORD),
            ("privacy-password", model.PRIVACY_PASSWORD),
            ("ssh-password", model.SSH_PASSWORD),
        ):
            machine.put(f"/root/typed/{name}", f"{secret}\n")
        shutil.copytree(Path(asyncssh.__file__).parent, machine.root / LAB_PACKAGES.lstrip("/") / "asyncssh")
        site.must("useradd --create-home alice && useradd --create-home bob")
        site.follow(*TO_FIRST_START)
        site.start_lab()
        yield site


def _typed(command: str) -> str:
    """The command on a terminal of its own, where a person says yes."""
    return f"echo y | script --quiet --return --command {shlex.quote(command)} /dev/null"


def gather(machine: Booted) -> None:
    """`make wheelhouse` out here, where there is a network, in the folder that the machine has."""
    version = machine.must("python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")'").strip()
    for command in sections()["Without a network"]:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=machine.root / SOURCES.relative_to("/"),
            env=os.environ | {"FOR": version},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
