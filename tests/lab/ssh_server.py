"""A real SSH server at the address of one simulated system: who may come in, by which algorithms, to what.

It speaks SSH and counts; what is said after the login is in the system's `Door`: to who opens a terminal, and
to who runs one program (an `exec` request), as hosts take it. Synthetic: which
algorithms a system offers (a modern set, and one of about 2010), the text of a locked account.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncssh

from tests.lab import model
from tests.lab.doorway import Doorway
from tests.lab.keys import Keys, other_key, own_key
from tests.lab.model import Customer, SshTrouble, System
from tests.lab.played import Door
from tests.lab.terminal import NOISE, Gone, Screen, Terminal
from tests.lab.wire import Wire

_GARBAGE = bytes(range(255, 193, -1)) + b"\r\n"
_LOCKED = "Account locked due to 5 failed logins"
_AT_THE_DOOR = (
    SshTrouble.GARBAGE,
    SshTrouble.KEY_CHANGED,
    SshTrouble.REFUSED,
    SshTrouble.LOCKED,
    SshTrouble.NO_PORT,
)
_OLD = {
    "kex_algs": ["diffie-hellman-group14-sha1"],
    "encryption_algs": ["aes128-cbc"],
    "mac_algs": ["hmac-sha1"],
}


@dataclass(slots=True)
class Counts:
    """What an SSH server has seen: logins and refused ones, sessions open now and most at once, logoffs.

    `commands`: those of sessions for one program.
    """

    logins: int = 0
    refusals: int = 0
    open: int = 0
    most: int = 0
    logoffs: int = 0
    commands: int = 0


class SshServer:
    """The SSH server of one system. It looks at the customer anew for each connection and each answer."""

    def __init__(
        self,
        name: str,
        door: Door,
        customer: Callable[[], Customer],
        now: Callable[[], datetime],
        keys: Keys,
    ) -> None:
        self.name = name
        self.door = door
        self.counts = Counts()
        self._customer = customer
        self._time = now
        self._keys = keys
        self._before = self._state
        self._wires: dict[Wire, asyncio.Task[None]] = {}
        self._doorway = Doorway(name, self._accept)

    @property
    def customer(self) -> Customer:
        """The customer as it is now."""
        return self._customer()

    @property
    def now(self) -> datetime:
        """The time."""
        return self._time()

    @property
    def system(self) -> System:
        """The system as it is now."""
        return self._customer().system(self.name)

    @property
    def trouble(self) -> SshTrouble | None:
        """What is wrong with its SSH now."""
        return self._customer().ssh_trouble(self.system)

    @property
    def _state(self) -> tuple[SshTrouble | None, int]:
        return self.trouble, self.system.boots

    async def start(self) -> None:
        """Take connections from now on. Raises AddressTaken."""
        customer = self._customer()
        self._doorway.start(customer.address(self.system), customer.ssh_port, shut=self.system.mute)

    def refresh(self) -> None:
        """Let what has changed act on the connections that are open."""
        self._doorway.keep(shut=self.system.mute)
        before, boots = self._before
        self._before = now, boots_now = self._state
        wires = tuple(self._wires)
        if boots != boots_now or (now is not before and {now, before} & {*_AT_THE_DOOR}):
            for wire in wires:
                wire.drop()
        elif now is SshTrouble.SILENT:
            for wire in wires:
                wire.muted = True
        for wire in wires:
            if wire.muted and now is not SshTrouble.SILENT:  # a system that is back knows nothing of it
                wire.drop()

    async def stop(self) -> None:
        """Give the address back and drop every connection."""
        await self._doorway.stop()
        tasks = list(self._wires.values())
        for wire in tuple(self._wires):
            wire.drop()
        if tasks:
            await asyncio.wait(tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._wires[wire] = task
        try:
            match self.trouble:
                case SshTrouble.SILENT:
                    wire.muted = True
                    await wire.keep()
                case SshTrouble.GARBAGE:
                    await wire.keep(_GARBAGE)
                case _:
                    await wire.relay(lambda sock: self._serve(wire, sock))
        finally:
            del self._wires[wire]

    async def _serve(self, wire: Wire, sock: socket.socket) -> None:
        changed = self.trouble is SshTrouble.KEY_CHANGED
        key = (other_key if changed else own_key)(self._keys, self.system)
        (pair,) = asyncssh.load_keypairs(key)
        if self.door.old:
            pair.host_key_algorithms = (b"ssh-rsa",)
        with suppress(asyncssh.Error, OSError):
            connection = await asyncssh.run_server(
                sock,
                server_factory=lambda: _Door(self),
                server_host_keys=[pair],
                process_factory=lambda process: self._session(wire, process),
                encoding="latin-1",
                line_editor=False,
                gss_host=None,
                agent_forwarding=False,
                x11_forwarding=False,
                public_key_auth=False,
                host_based_auth=False,
                **(_OLD if self.door.old else {}),
            )
            await connection.wait_closed()

    async def _session(self, wire: Wire, terminal: Terminal) -> None:
        self.counts.open += 1
        self.counts.most = max(self.counts.most, self.counts.open)
        screen, status = Screen(terminal, lambda: self.trouble, wire.drop), 0
        try:
            if terminal.command is not None and self.door.run is not None:
                status = await self._run(screen, terminal)
            elif await self.door.talk(screen, self):
                self.counts.logoffs += 1
        except (Gone, asyncssh.Error, OSError):
            pass  # whoever was there is gone
        finally:
            self.counts.open -= 1
            terminal.exit(status)

    async def _run(self, screen: Screen, terminal: Terminal) -> int:
        """What one program says; gives its exit status. Raises terminal.Gone."""
        if self.door.run is None or terminal.command is None:
            raise RuntimeError(f"{self.name} runs no single program")
        self.counts.commands += 1
        ran = self.door.run(self, terminal.command)
        babbles = screen.trouble is SshTrouble.BABBLE
        text = "".join(f"{NOISE}\n" for _ in ran.text.splitlines()) if babbles else ran.text
        await screen.answer(text)
        terminal.stderr.write(ran.errors)
        return ran.status


class _Door(asyncssh.SSHServer):
    """Who comes in: one user, by password or by keyboard-interactive, as the system asks."""

    def __init__(self, server: SshServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def auth_completed(self) -> None:
        self._server.counts.logins += 1

    def password_auth_supported(self) -> bool:
        return self._server.door.asks == "password"

    def kbdint_auth_supported(self) -> bool:
        return not self.password_auth_supported()

    def validate_password(self, username: str, password: str) -> bool:
        return self._admits(username, password)

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        said = _LOCKED if self._server.trouble is SshTrouble.LOCKED else ""
        return "", said, "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return self._admits(username, *responses)

    def _admits(self, user: str, *secrets: str) -> bool:
        trouble = self._server.trouble
        right = model.OTHER_SSH_PASSWORD if trouble is SshTrouble.REFUSED else model.SSH_PASSWORD
        if trouble is not SshTrouble.LOCKED and user == model.USER and secrets == (right,):
            return True
        self._server.counts.refusals += 1
        if trouble is SshTrouble.LOCKED and self._connection is not None:
            self._connection.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, _LOCKED)
        return False
