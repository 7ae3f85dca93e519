"""A Debian that really boots, in a container with nothing but its own loopback: for the tests of the service.

The root file system is made once by mmdebstrap and kept in a cache (TRUNKWATCH_CACHE, or below ~/.cache);
each `booted()` unpacks it anew. It needs root, and installs nothing of Trunkwatch: what it brings is the
sources.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.watched import CHECKOUT

SUITE = os.environ.get("TRUNKWATCH_SUITE", "bookworm")
SOURCES = Path("/usr/src/trunkwatch")  # in the container: the checkout, as an engineer copies it there
PROGRAMS = ("mmdebstrap", "systemd-nspawn", "nsenter", "setpriv", "tar")
BASE = ("systemd", "systemd-sysv", "dbus", "procps")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_SOURCES = (
    ".venv",
    ".lab",
    ".git",
    "dist",
    "build",
    "*.egg-info",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
)


class NotBooted(Exception):
    """The machine did not come up; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that was run: its exit status, and what it wrote."""

    command: str
    status: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status == 0


def missing() -> str:
    """What this machine lacks to boot another one, as a sentence; empty if nothing."""
    if os.geteuid() != 0:
        return "booting a container needs root"
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(lacking)} not installed: apt install mmdebstrap systemd-container" if lacking else ""


class Booted:
    """The running machine. `root`: its file system, seen from outside."""

    def __init__(self, root: Path, leader: int, said: Path) -> None:
        self.root = root
        self.said = said
        self._leader = leader

    def run(self, command: str, *, user: str = "root", folder: Path = SOURCES, timeout: float = 120) -> Done:
        """Run a line of shell inside. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        inside = [
            "nsenter",
            "--target",
            str(self._leader),
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--root",
        ]
        home = "/root" if user == "root" else f"/home/{user}"
        clean = ["env", "-i", f"PATH={_PATH}", f"HOME={home}", "LANG=C.UTF-8", "TERM=dumb", "COLUMNS=200"]
        become = [] if user == "root" else ["runuser", "-u", user, "--"]
        there = ["sh", "-c", f"cd {folder} 2>/dev/null || cd /\n{command}"]
        done = subprocess.run(
            [*inside, *clean, *become, *there],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(command, done.returncode, done.stdout, done.stderr)

    def must(self, command: str, *, user: str = "root", timeout: float = 120) -> str:
        """What a command printed that has to succeed. Raises AssertionError with all that it said."""
        done = self.run(command, user=user, timeout=timeout)
        assert done.ok, f"{command}: status {done.status}\n{done.out}{done.err}"
        return done.out

    def until(self, command: str, seconds: float) -> bool:
        """Ask until the command succeeds; whether it did within that time."""
        end = time.monotonic() + seconds
        while not (ok := self.run(command).ok) and time.monotonic() < end:
            time.sleep(0.1)
        return ok

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of root's inside."""
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text, encoding="utf-8")
        there.chmod(mode)

    def journal(self, *arguments: str) -> list[str]:
        """Lines of the machine's own journal, the messages alone."""
        self.run("journalctl --sync")
        return self.must(f"journalctl --no-pager --output=cat {' '.join(arguments)}").splitlines()


@contextmanager
def booted(packages: tuple[str, ...], *, suite: str = SUITE) -> Iterator[Booted]:
    """A machine with these Debian packages and the sources in SOURCES, for the block. Raises NotBooted."""
    tar = _file_system(suite, tuple(sorted({*BASE, *packages})))
    with tempfile.TemporaryDirectory(prefix="tw-booted-", ignore_cleanup_errors=True) as name:
        root = Path(name) / "root"
        root.mkdir()
        subprocess.run(["tar", "-C", root, "-xf", tar, "--exclude=./dev/*"], check=True)
        shutil.copytree(
            CHECKOUT,
            root / SOURCES.relative_to("/"),
            ignore=shutil.ignore_patterns(*_NOT_SOURCES),
            symlinks=True,
        )
        said = Path(name) / "console"
        with said.open("wb") as console:
            nspawn = subprocess.Popen(
                [
                    # Killed with us, however we end: nobody else would stop it.
                    *("setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--boot"),
                    *(f"--directory={root}", "--register=no", "--keep-unit", "--private-network"),
                    *("--console=pipe", "--hostname=fresh"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield _up(root, nspawn, said)
        finally:
            _down(nspawn)


def _up(root: Path, nspawn: subprocess.Popen[bytes], said: Path) -> Booted:
    end = time.monotonic() + 60
    while time.monotonic() < end and nspawn.poll() is None:
        for leader in _children(nspawn.pid):
            machine = Booted(root, leader, said)
            state = machine.run("systemctl is-system-running").out.strip()
            if state in ("running", "degraded"):
                return machine
        time.sleep(0.1)
    raise NotBooted(said.read_text(errors="replace")[-4000:])


def _down(nspawn: subprocess.Popen[bytes]) -> None:
    """Pull the plug: the kernel ends everything inside with its first process."""
    for leader in _children(nspawn.pid):
        os.kill(leader, signal.SIGKILL)
    try:
        nspawn.wait(20)
    except subprocess.TimeoutExpired:
        nspawn.kill()
        nspawn.wait()


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _file_system(suite: str, packages: tuple[str, ...]) -> Path:
    """The tar of a Debian with these packages: made if it is not in the cache, by one of us at a time."""
    cache = Path(os.environ.get("TRUNKWATCH_CACHE") or Path.home() / ".cache" / "trunkwatch-test")
    cache.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    tar = cache / f"{suite}-{digest}.tar"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            new = tar.with_name(f"new-{tar.name}")
            subprocess.run(
                ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", suite, new],
                check=True,
                stdin=subprocess.DEVNULL,
            )
            new.replace(tar)
    return tar
