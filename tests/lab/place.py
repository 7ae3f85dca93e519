"""Where a running lab keeps its files, and the lock that lets only one lab run in a place.

The lock is the kernel's (flock on the pid file): whatever way a lab ends, kill -9 included, it is free again,
so a pid or socket that was left behind is no obstacle.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = "keys"
WEB_PORT = 9847  # of the daemon: status page and metrics
_SUN_PATH = 107  # characters that the address of a unix socket may have (unix(7): 108 with the final zero)
_LONGEST = "control.sock"  # of the sockets in the run folder


class CannotRun(Exception):
    """The lab cannot run, and the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """The lab's folder: `.lab` in the checkout, or wherever a test wants it."""

    folder: Path = CHECKOUT / ".lab"

    @property
    def run(self) -> Path:
        """The folder of the sockets: in the lab's own, unless that path is too long for a socket."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / _LONGEST)) <= _SUN_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        above = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"  # noqa: S108 - make() refuses a folder of others
        return Path(above) / f"trunkwatch-lab-{os.getuid()}-{digest}"

    @property
    def socket(self) -> Path:
        """Where `fault` and `clear` reach the lab."""
        return self.run / "lab.sock"

    @property
    def pid_file(self) -> Path:
        """The lock, and who holds it."""
        return self.folder / "lab.pid"

    @property
    def site(self) -> Path:
        """The site file of the simulated customer."""
        return self.folder / "site.yaml"

    @property
    def keys(self) -> Path:
        """The folder of the systems' host keys: the same whenever a lab is started here."""
        return self.folder / KEYS

    @property
    def log(self) -> Path:
        """The folder of the alert log and of what the daemon says on stderr."""
        return self.folder / "log"

    def make(self) -> None:
        """Create the folders, for this user alone. Raises CannotRun."""
        try:
            for folder in (self.folder, self.run, self.log):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.run.stat().st_uid != os.getuid():
                raise CannotRun(f"{self.run} belongs to somebody else: remove it, or set XDG_RUNTIME_DIR.")
        except OSError as problem:
            raise CannotRun(f"The lab cannot make its folders: {problem}.") from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this place for as long as the block runs. Raises CannotRun if another lab has it."""
        self.make()
        with self.pid_file.open("a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                pid = lock.read().strip() or "unknown"
                raise CannotRun(
                    f"A lab runs here already, process {pid}: use it (`trunkwatch lab status`), "
                    f"or stop it with Ctrl-C there or `kill {pid}`."
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield
            lock.truncate(0)
