"""`lab serve` and `lab run`: the lab in the foreground, alone or with the daemon that watches it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cryptography.utils import CryptographyDeprecationWarning

from tests.lab import model
from tests.lab.control import listening
from tests.lab.daemon import Daemon
from tests.lab.feed import follow, watch_readiness
from tests.lab.keys import kept_keys
from tests.lab.lab import Lab
from tests.lab.place import CHECKOUT, WEB_PORT, CannotRun, Place
from tests.lab.show import Show
from tests.lab.site import write_site


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a lab is to run. The defaults are those of `make run`; tests choose all of them."""

    place: Place = field(default_factory=Place)
    octet: int = model.OCTET
    port: int = model.PORT
    web_port: int = WEB_PORT
    ssh_port: int = model.SSH_PORT


def serve(setting: Setting) -> int:
    """The simulated systems alone, until a signal; gives the exit code. Raises CannotRun or AddressTaken."""
    with setting.place.held():
        return asyncio.run(_serve(setting))


def run(setting: Setting, command: Sequence[str] | None = None) -> int:
    """The simulated systems and the daemon, until a signal; gives the exit code.

    Raises CannotRun or AddressTaken. `command` starts the daemon; without it, the agent of this checkout.
    """
    with setting.place.held():
        _check_web_port(setting.web_port)
        return asyncio.run(_run(setting, command or _daemon_command(setting.place)))


def _daemon_command(place: Place) -> list[str]:
    site = place.site
    if site.is_relative_to(CHECKOUT):
        site = site.relative_to(CHECKOUT)
    return [sys.executable, "-m", "agent", "run", "--site", str(site)]


def _check_web_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise CannotRun(
                f"TCP 127.0.0.1:{port}, for the status page, cannot be used ({problem.strerror}): see "
                f"what has it with `ss -ltnp 'sport = :{port}'` and stop it, or use another: --web-port."
            ) from None


@asynccontextmanager
async def _running(setting: Setting) -> AsyncIterator[tuple[Lab, Show]]:
    """The lab, its view and its control socket."""
    show: Show | None = None

    def tell(said: str) -> None:
        if show is not None:
            show.tell("CLEAR" if said.startswith("Cleared") else "FAULT", said)

    # cryptography would announce, on our screen, the end of a key exchange that the lab has on purpose
    warnings.filterwarnings("ignore", "Diffie-Hellman over finite fields", CryptographyDeprecationWarning)
    lab = Lab(
        octet=setting.octet,
        port=setting.port,
        ssh_port=setting.ssh_port,
        systems=None,
        keys=kept_keys(setting.place.keys),
        tell=tell,
    )
    show = Show(lab.customer, model.utc_now)
    await lab.start()
    try:
        async with listening(lab, setting.place.socket):
            yield lab, show
    finally:
        await lab.stop()


def _on_signal() -> asyncio.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _serve(setting: Setting) -> int:
    stop = _on_signal()
    async with _running(setting) as (lab, show):
        show.systems(lab.customer)
        show.to_try(setting.place, daemon=False)
        await stop.wait()
    return 0


async def _run(setting: Setting, command: Sequence[str]) -> int:
    place, stop = setting.place, _on_signal()
    write_site(
        place.folder,
        web_port=setting.web_port,
        octet=setting.octet,
        port=setting.port,
        ssh_port=setting.ssh_port,
        run=place.run,
        systems=None,
    )
    async with _running(setting) as (lab, show):
        show.systems(lab.customer)
        show.addresses(place, setting.web_port)
        show.to_try(place, daemon=True)
        watchers = [
            asyncio.create_task(follow(place.log / "alert.log", show.alert)),
            asyncio.create_task(watch_readiness(setting.web_port, show.tell)),
        ]
        try:
            code = await Daemon(command, place.log / "daemon.log", show.tell).keep(stop)
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
        if code == 0:
            show.tell("STOP", "Stopped: the daemon and the simulated systems.")
    return code
