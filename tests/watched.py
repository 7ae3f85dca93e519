"""A lab and a real daemon watching it, for tests from end to end: a child process, a real port, real files.

The lab's agents live in the test's own event loop, so nothing here may block it: whoever waits for the daemon
in the loop would keep the lab from answering it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from tests.lab import model
from tests.lab.keys import kept_keys
from tests.lab.lab import Lab
from tests.lab.place import KEYS
from tests.lab.site import write_site

CHECKOUT = Path(__file__).resolve().parent.parent
Told = set[tuple[str, str, str | None, str]]  # severity, clause, system, role


def free_port() -> int:
    """A TCP port that nobody has on loopback just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def own_octet() -> Iterator[int]:
    """A net 127.47.OCTET.x that is ours for the block, whoever else runs these tests on this machine.

    The claim is a socket on an address of the net that no system of the lab has. The kernel gives it to one
    process only and takes it back however that process ends, so tests side by side need no other agreement.
    """
    for octet in range(100, 250):
        with udp_socket() as claim, udp_socket() as system, socket.socket() as ssh:
            ssh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may linger
            try:
                claim.bind((f"{model.NET}.{octet}.1", model.PORT))
                system.bind((f"{model.NET}.{octet}.10", model.PORT))  # a lab that somebody runs by hand?
                ssh.bind((f"{model.NET}.{octet}.10", model.SSH_PORT))
            except OSError:
                continue
            system.close()
            ssh.close()
            yield octet
            return
    raise AssertionError("every net of the lab is in use")


def udp_socket() -> socket.socket:
    """An unbound one."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


async def until(what: Callable[[], Any], seconds: float) -> Any:
    """Ask, off the loop, until the answer is true; the last answer, to assert on, if it never is."""
    end = time.monotonic() + seconds
    while not (answer := await asyncio.to_thread(what)) and time.monotonic() < end:  # noqa: ASYNC110 - no event of another process can be awaited
        await asyncio.sleep(0.1)
    return answer


class Watched:
    """A site file, its lab, and the daemon on it. Start, kill and start the daemon again at will."""

    def __init__(self, lab: Lab, folder: Path, site: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.site = site
        self.settings = yaml.safe_load(site.read_text())
        self.checkout = CHECKOUT  # whose sources run
        self.program: tuple[str, ...] = (sys.executable, "-m", "agent")
        self.environment: dict[str, str] = {}  # of the daemon, beside that of the test
        self.process: asyncio.subprocess.Process | None = None
        self.scheme = "http"
        self.opener = urllib.request.build_opener()  # a test of TLS or passwords puts its own here

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"{self.scheme}://127.0.0.1:{self.settings['web']['port']}"

    async def start(self, *, ready: float = 20, status: int = 200) -> None:
        """Start the daemon and wait until /readyz says so: each system answered or timed out once."""
        with (self.folder / "stderr").open("ab") as stderr:
            self.process = await asyncio.create_subprocess_exec(
                *self.program,
                "run",
                "--site",
                str(self.site),
                cwd=self.checkout,
                env={**os.environ, **self.environment},
                stderr=stderr,
            )
        assert await until(lambda: self.get("/readyz")[0] == status, ready), self.stderr

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send that signal and wait for the end; the exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(15):
            return await self.process.wait()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of one of its pages; 0 while nobody listens."""
        try:
            with self.opener.open(self.url + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    @property
    def tickets(self) -> list[dict[str, Any]]:
        """Every ticket that its pages show."""
        status, body = self.get("/api/tickets")
        return list(json.loads(body)["tickets"]) if status == 200 else []

    @property
    def open(self) -> Told:
        """What is open: severity, clause, system, role."""
        return {
            (t["severity"], t["clause"], t["system"], t["role"]) for t in self.tickets if t["state"] == "open"
        }

    @property
    def log(self) -> list[str]:
        """The lines of the alert log."""
        path = self.folder / self.settings["directories"]["log"] / "alert.log"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def stderr(self) -> str:
        """What the daemon said."""
        return (self.folder / "stderr").read_text()

    @property
    def command_line(self) -> str:
        """What the list of processes shows of the daemon."""
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}/cmdline").read_text()

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command line on this site: status, output, complaints."""
        process = await asyncio.create_subprocess_exec(
            *self.program,
            *arguments,
            "--site",
            str(self.site),
            cwd=self.checkout,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


@asynccontextmanager
async def watched(
    *, start: bool = True, systems: Collection[str] | None = model.BRANCHES, **changes: Any
) -> AsyncIterator[Watched]:
    """A healthy lab and a ready daemon. `systems`: of the lab, None for all; `changes`: keys of its site."""
    with own_octet() as octet, tempfile.TemporaryDirectory(prefix="tw-") as name:
        folder = Path(name)
        site = write_site(folder, web_port=free_port(), octet=octet, systems=systems)
        if changes:
            site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | changes))
            state = folder / yaml.safe_load(site.read_text())["directories"]["state"]
            with suppress(OSError, shutil.SameFileError):  # some tests name a place where nothing can be made
                state.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "state" / "known_hosts", state)
        lab = Lab(octet=octet, systems=systems, keys=kept_keys(folder / KEYS))
        await lab.start()
        one = Watched(lab, folder, site)
        try:
            if start:
                await one.start()
            yield one
        finally:
            if one.process is not None:
                await one.end(signal.SIGKILL)
            await lab.stop()
