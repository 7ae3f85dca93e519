"""The control socket: how the command line asks the running daemon. One line of JSON each way, then goodbye.

The group on the socket file (mode 0660) is the whole access check. This module carries questions and answers
and knows none of them; what a question means is the business of the `answer` that the server is given.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import socket
import stat
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

LONGEST_REQUEST = 64 * 1024  # bytes of a request line
LONGEST_ANSWER = 64 * 1024 * 1024  # bytes of an answer line: what a client is ready to hold
CLIENTS = 32  # connections at a time
_SUN_PATH = 107  # bytes of a socket's path that Linux takes (unix(7): 108 with the closing zero)

_STOPPING = "the daemon is stopping; ask again when it runs"

_log = logging.getLogger(__name__)


class ControlError(Exception):
    """The daemon could not be asked, or cannot listen. One sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Request:
    """A question by name, and what it is about."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    question: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the daemon says: a `body` of plain JSON values, or the `error` as one sentence."""

    ok: bool
    body: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by the kernel's word (SO_PEERCRED); 65534 for everyone where the service has PrivateUsers."""

    uid: int
    gid: int
    pid: int


_REQUEST = TypeAdapter(Request)
_ANSWER = TypeAdapter(Answer)


class ControlServer:
    """Listens at `path` and lets `answer` answer, each client in a task of its own.

    `deadline`: seconds that a client may take to send its line, and again to take the answer.
    `longest`: seconds that an answer may take to be found. When all places are taken, the client that has
    kept silent for longest makes room; who is being answered keeps its place.
    """

    def __init__(
        self,
        path: Path,
        answer: Callable[[Request, Caller], Awaitable[Answer]],
        *,
        deadline: float = 5.0,
        longest: float = 300.0,
    ) -> None:
        self._path = path
        self._answer = answer
        self._deadline = deadline
        self._longest = longest
        self._server: asyncio.Server | None = None
        self._file: tuple[int, int] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._silent: dict[asyncio.Task[None], None] = {}  # who has not asked yet, oldest first

    async def start(self) -> None:
        """Listen. A socket that a killed daemon left is replaced.

        Raises ControlError: another daemon listens there, the path is too long or taken by something else,
        or the folder cannot be used.
        """
        listener = _listen(self._path)
        try:
            status = self._path.stat()
            self._server = await asyncio.start_unix_server(
                self._serve,
                sock=listener,
                limit=LONGEST_REQUEST - 1,
                backlog=128,  # the newline counts too
            )
        except BaseException:
            listener.close()
            raise
        self._file = (status.st_dev, status.st_ino)

    async def stop(self) -> None:
        """Stop listening, tell the clients that wait, and remove the socket. Stopping again does nothing."""
        server, self._server = self._server, None
        if server is None:
            return
        # The file goes first: who finds none knows that no daemon runs.
        with suppress(OSError):
            status = self._path.lstat()
            if (status.st_dev, status.st_ino) == self._file:  # not one that a successor has put there
                self._path.unlink()
        server.close()
        clients = tuple(self._clients)
        for client in clients:
            client.cancel(_STOPPING)
        await asyncio.gather(*clients, return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: a coroutine runs in a task
        if not self._make_room():
            writer.write(_refusal("the daemon is answering too many clients; ask again in a moment"))
            writer.close()
            return
        self._clients.add(task)
        self._silent[task] = None
        # So that drain() returns when the kernel has all of it: nothing lingers beyond the deadline.
        writer.transport.set_write_buffer_limits(0)
        try:
            line = await self._heard(task, reader, writer)
            async with asyncio.timeout(self._deadline):
                writer.write(line)
                await writer.drain()
        except asyncio.CancelledError as reason:
            # From stop() or _make_room(), and nobody else waits for this task: it may end in peace.
            writer.write(_refusal(str(reason) or _STOPPING))
        except (OSError, TimeoutError):
            _log.debug("a client of the control socket did not stay to take its answer")
        finally:
            self._silent.pop(task, None)
            self._clients.discard(task)
            if writer.transport.get_write_buffer_size():  # what is not taken by now never will be
                writer.transport.abort()
            writer.close()

    def _make_room(self) -> bool:
        """Leave a place for one more client, at the cost of the one that has kept silent for longest."""
        if len(self._clients) < CLIENTS:
            return True
        oldest = next(iter(self._silent), None)
        if oldest is None:
            return False
        # At once, not when its task gets to run: several clients may come in one turn of the loop.
        del self._silent[oldest]
        oldest.cancel("too many clients wait for the daemon and this one asked nothing; ask again")
        return True

    async def _heard(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """The answer line to what this client asks; empty if it left without asking."""
        try:
            async with asyncio.timeout(self._deadline):
                line = await reader.readuntil(b"\n")
            request = _REQUEST.validate_json(line)
        except TimeoutError:
            return _refusal(f"no request came within {self._deadline:g} s; send one line of JSON")
        except asyncio.IncompleteReadError as error:
            return _refusal("the request does not end in a newline") if error.partial else b""
        except asyncio.LimitOverrunError:
            return _refusal(f"the request is longer than {LONGEST_REQUEST // 1024} KiB")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            return _refusal(f"the daemon does not understand the request: {where}: {first['msg']}")
        self._silent.pop(task, None)
        return await self._answered(request, _caller(writer.get_extra_info("socket")))

    async def _answered(self, request: Request, caller: Caller) -> bytes:
        name = request.question[:80]
        limit = asyncio.timeout(self._longest)
        try:
            async with limit:
                line = _line(await self._answer(request, caller))
        except Exception:  # noqa: BLE001 - whatever fails in one answer, the operators keep their socket
            if limit.expired():
                _log.error("no answer to %r was found within %g s", name, self._longest)
                return _refusal(f"the daemon found no answer to {name} within {self._longest:g} s")
            _log.exception("the question %r could not be answered", name)
            return _refusal(f"the daemon failed at {name}; its log says why")
        if len(line) > LONGEST_ANSWER:
            return _refusal(f"the answer to {name} is too long; ask for less at once")
        return line


def ask(path: Path, request: Request, timeout: float = 60.0) -> Answer | None:
    """Ask the daemon at `path`; None when none listens there. Blocks at most `timeout` seconds.

    Raises ControlError: not allowed, no answer in time, or an answer that cannot be read.
    """
    _check_length(path)
    line = _REQUEST.dump_json(request) + b"\n"
    if len(line) > LONGEST_REQUEST:
        raise ControlError(
            f"this question is longer than {LONGEST_REQUEST // 1024} KiB; ask for less at once"
        )
    deadline = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            _connect(client, path, deadline)
            with suppress(BrokenPipeError, ConnectionResetError):  # it would not hear us out, and may say why
                client.settimeout(_left(deadline))
                client.sendall(line)
            heard = _read_line(client, deadline)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except PermissionError:
            raise ControlError(
                f"you are not in the group trunkwatch, which may ask the daemon at {path};"
                " let an administrator add you, log in again, or use sudo"
            ) from None
        except TimeoutError:
            raise ControlError(
                f"the daemon at {path} did not answer within {timeout:g} s; look at its log"
            ) from None
        except OSError as error:
            raise ControlError(
                f"the daemon at {path} cannot be asked: {error.strerror}; look at its log"
            ) from None
    if not heard.endswith(b"\n"):
        raise ControlError(f"the daemon at {path} went away before it answered; ask again")
    try:
        return _ANSWER.validate_json(heard)
    except ValidationError:
        raise ControlError(
            f"what listens at {path} gave an answer that cannot be read; is it another version of Trunkwatch?"
        ) from None


def _connect(client: socket.socket, path: Path, deadline: float) -> None:
    while True:
        client.settimeout(_left(deadline))
        try:
            client.connect(os.fspath(path))
        except BlockingIOError:  # its queue is full; Linux does not let one wait for a place with a deadline
            time.sleep(0.02)
        else:
            return


def _read_line(client: socket.socket, deadline: float) -> bytes:
    heard = bytearray()
    while len(heard) <= LONGEST_ANSWER:
        client.settimeout(_left(deadline))
        try:
            block = client.recv(1 << 16)
        except ConnectionResetError:  # it closed with some of our line unread
            break
        heard += block
        if not block or b"\n" in block:
            break
    line, newline, _ = bytes(heard).partition(b"\n")
    return line + newline


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _refusal(error: str) -> bytes:
    return _line(Answer(False, error=error))


def _line(answer: Answer) -> bytes:
    """One line of JSON. Raises TypeError or ValueError for a body that is none."""
    fields = {"ok": answer.ok, "body": answer.body, "error": answer.error}
    return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _caller(connection: Any) -> Caller:
    pid, uid, gid = struct.unpack(
        "iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    )
    return Caller(uid=uid, gid=gid, pid=pid)


def _check_length(path: Path) -> None:
    length = len(os.fsencode(path))
    if length > _SUN_PATH:
        raise ControlError(
            f"the path of the control socket has {length} bytes and at most {_SUN_PATH} are possible:"
            f" choose a shorter directories.run than {path.parent}"
        )


def _listen(path: Path) -> socket.socket:
    """A socket bound to `path`, which owner and group alone may connect to from its first moment."""
    _check_length(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        _remove_stale(path)
        os.fchmod(listener.fileno(), 0o660)  # Linux gives the file this mode, less the umask
        listener.bind(os.fspath(path))
        path.chmod(0o660)
    except OSError as error:
        listener.close()
        if isinstance(error, FileNotFoundError):
            raise ControlError(
                f"the folder {path.parent} of the control socket does not exist; create it"
            ) from None
        if error.errno == errno.EADDRINUSE:
            raise _live(path) from None
        raise ControlError(
            f"the control socket {path} cannot be made: {error.strerror};"
            " its folder must belong to the user who runs the daemon"
        ) from None
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(f"{path} is in the way of the control socket and is no socket; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except (FileNotFoundError, BlockingIOError):  # gone this moment; or alive, its queue full
            pass
    if path.exists():
        raise _live(path)


def _live(path: Path) -> ControlError:
    return ControlError(
        f"another daemon listens at {path}; stop that one first,"
        " or give this site a directories.run of its own"
    )
