"""Real SSH servers on loopback that misbehave to order (asyncssh), and TCP servers that are none.

They share no code with what they test: the lines under test use paramiko. What they say on their terminals
is synthetic, in the grammar that the sources named in `collectors.sessions` give. They check what they are
told to check and write down all that they hear.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncssh

from collectors.base import Pacing
from collectors.sessions.ssh import HostKey, Login

SECRET, PIN, USER = "Zq7-hunter22", "4711-pin", "trunkwatch"
LOGIN = Login(USER, SECRET)
PROMPT = "G450-001(super)# "

Talk = Callable[["Server", "asyncssh.SSHServerProcess[str]"], Awaitable[None]]
Prompts = Sequence[tuple[str, bool]]
MODERN = {"kex_algs": ["curve25519-sha256@libssh.org"], "encryption_algs": ["aes128-ctr"]}


@dataclass
class Known:
    """Host keys that an operator accepted; whoever asks is told these."""

    keys: tuple[HostKey, ...] = ()

    def key(self, address: str, port: int) -> tuple[HostKey, ...]:
        return self.keys


@dataclass
class Guard:
    """A guard that remembers, and bars once a login was refused."""

    refusals: list[str] = field(default_factory=list)
    acceptances: int = 0
    trusts: bool = False  # the secret was accepted before

    def barred(self) -> str | None:
        return f"not tried again: {self.refusals[0]}" if self.refusals else None

    def refused(self, why: str) -> None:
        self.refusals.append(why)

    def broke_off(self, why: str) -> bool:
        if not self.trusts:
            self.refusals.append(why)
        return not self.trusts

    def accepted(self) -> None:
        self.acceptances += 1


@dataclass
class Server:
    """What a server is to do, and what it heard."""

    talk: Talk
    password: bool = False  # the method of this name
    rounds: Sequence[Prompts] = ((("Password: ", False),),)  # of keyboard-interactive; none: not offered
    right: Sequence[Sequence[str]] = ((SECRET,),)  # the answers to each round
    on_password: Callable[[Server], bool] | None = None  # what happens when the password comes
    port: int = 0
    connections: int = 0
    connected: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    most_open: int = 0
    heard: list[str] = field(default_factory=list)  # on its terminals, line by line
    given: list[str] = field(default_factory=list)  # passwords and answers to prompts
    endings: list[str] = field(default_factory=list)  # how each session ended
    keys: tuple[HostKey, ...] = ()
    processes: list[asyncssh.SSHServerProcess[str]] = field(default_factory=list)

    @property
    def known(self) -> Known:
        return Known(self.keys)


class _Access(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._round = 0
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections += 1
        self._server.connected.append(conn)
        self._server.most_open = max(self._server.most_open, len(self._server.connected))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._server.connected.remove(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return self._server.password

    def validate_password(self, username: str, password: str) -> bool:
        self._server.given.append(password)
        return self._verdict(password == SECRET)

    def kbdint_auth_supported(self) -> bool:
        return bool(self._server.rounds)

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return ("", "", "en", list(self._server.rounds[0]))

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> Any:
        self._server.given.extend(responses)
        if list(responses) != list(self._server.right[self._round]):
            return self._verdict(right=False)
        self._round += 1
        if self._round < len(self._server.rounds):
            return ("", "", "en", list(self._server.rounds[self._round]))
        return self._verdict(right=True)

    def _verdict(self, right: bool) -> bool:
        if self._server.on_password is not None and self._server.on_password(self._server):
            assert self._connection is not None
            self._connection.abort()
        return right


@asynccontextmanager
async def serving(
    server: Server, *, kinds: Sequence[str] = ("ssh-ed25519",), **options: Any
) -> AsyncIterator[Server]:
    """Start it on a free port of 127.0.0.1. `kinds`: of host keys; `options`: asyncssh's."""

    async def terminal(process: asyncssh.SSHServerProcess[str]) -> None:
        server.processes.append(process)
        try:
            await server.talk(server, process)
            server.endings.append("left")
        except (asyncssh.Error, asyncssh.TerminalSizeChanged, ConnectionError, EOFError):
            server.endings.append("lost")
        process.close()

    keys = [asyncssh.generate_private_key(kind) for kind in kinds]
    for key in keys:
        kind, blob = key.export_public_key().decode().split()[:2]
        server.keys += (HostKey(kind, blob),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography warns of the old algorithms that some of these are for
        listener = await asyncssh.listen(
            "127.0.0.1",
            server.port,
            server_factory=lambda: _Access(server),
            server_host_keys=keys,
            process_factory=terminal,
            line_editor=False,
            encoding="latin-1",
            **options,
        )
        server.port = listener.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            listener.close()
            for connection in list(server.connected):
                connection.abort()
            await until(lambda: not server.connected)
            await listener.wait_closed()


@asynccontextmanager
async def tcp(
    behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A TCP server that is no SSH server; yields its port."""
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)


async def lines_of(server: Server, process: asyncssh.SSHServerProcess[str]) -> AsyncIterator[str]:
    """What is typed, line by line (a line ends with CR); each is written down."""
    typed = ""
    while chunk := await process.stdin.read(4096):
        typed += chunk
        while "\r" in typed:
            line, typed = typed.split("\r", 1)
            server.heard.append(line)
            yield line


async def gateway(server: Server, process: asyncssh.SSHServerProcess[str]) -> None:
    """A command line that answers every command at once, and knows `exit`."""
    process.stdout.write(f"\r\nWelcome\r\n\r\n{PROMPT}")
    async for line in lines_of(server, process):
        if line == "exit":
            return
        answer = f"{line}\r\nSystem Name : north\r\nDone!\r\n" if line else "\r\n"
        process.stdout.write(answer + PROMPT)


async def hang(server: Server, process: asyncssh.SSHServerProcess[str]) -> None:
    """Takes the login and never says a word."""
    async for _ in lines_of(server, process):
        pass


async def hang_at_a_command(server: Server, process: asyncssh.SSHServerProcess[str]) -> None:
    """Shows its prompt and never says another word."""
    process.stdout.write(PROMPT)
    await hang(server, process)


def pacing(timeout: float = 5.0) -> Pacing:
    """No pause, and this many seconds for an answer."""
    return Pacing(1, timedelta(), timedelta(seconds=timeout), 1, timedelta(minutes=2))


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition, at most so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0.005)
