"""Programs over SSH: each on a channel of its own, without a terminal, to its end and its exit status.

Everything here runs in the thread of a session and keeps within its limit, which paramiko's own waiting for a
request to be taken and for an exit status does not. Both outputs are taken as they come: a program whose
words nobody takes stands still.
"""

from __future__ import annotations

import threading
from contextlib import suppress

import paramiko

from collectors.base import BadAnswer, ShellAnswer
from collectors.sessions.ssh_terminal import Flood, HungUp
from collectors.sessions.workers import Limit

MOST_OUTPUT = 8 * 1024 * 1024  # bytes of one answer; the list of a busy server's connections takes 2 million
MOST_ERRORS = 200  # characters
_AT_ONCE = 64 * 1024


class Programs:
    """What can be run on one connection, one at a time. For one thread.

    `text`: what the program in progress, or the last one, said so far.
    """

    def __init__(self, name: str, transport: paramiko.Transport) -> None:
        self._name = name
        self._transport = transport
        self._output = bytearray()
        self._errors = bytearray()

    @property
    def text(self) -> str:
        """What the last program said."""
        return self._output.decode("utf-8", "replace")

    @property
    def hung_up(self) -> bool:
        """Whether the connection has ended."""
        return not self._transport.is_active()

    def pending(self) -> bool:
        """Whether something is there that nobody took: never, as every program has its own channel."""
        return False

    def run(self, command: str, limit: Limit) -> ShellAnswer:
        """Run it to its end. Raises BadAnswer, Late, HungUp, Flood."""
        self._output.clear()
        self._errors.clear()
        channel = self._channel(command, limit)
        try:
            with suppress(OSError, EOFError):
                channel.shutdown_write()  # nobody types
            while not (channel.eof_received or channel.closed) or not channel.status_event.is_set():
                if self._hear(channel, limit):
                    channel.status_event.wait(limit.slice())
            while channel.recv_ready() or channel.recv_stderr_ready():
                self._hear(channel, limit)
            if channel.exit_status < 0:  # none was told
                if self.hung_up:
                    raise HungUp
                raise BadAnswer(command, "the program was ended before its end")
            errors = self._errors.decode("utf-8", "replace").strip()[:MOST_ERRORS]
            return ShellAnswer(command, self.text, channel.exit_status, errors)
        finally:
            channel.close()

    def probe(self, limit: Limit) -> None:
        """Prove that the other end still listens: it gives a channel. Raises BadAnswer, Late, HungUp."""
        self._output.clear()
        self._open(self._name, limit).close()

    def _channel(self, command: str, limit: Limit) -> paramiko.Channel:
        channel = self._open(command, limit)
        channel.event = _Bounded(limit)
        try:
            channel.exec_command(command)
        except (paramiko.SSHException, OSError, EOFError) as error:
            channel.close()
            limit.left()
            if self.hung_up:
                raise HungUp from error
            raise BadAnswer(command, "the login is accepted, and may run no programs") from error
        except BaseException:
            channel.close()
            raise
        return channel

    def _open(self, question: str, limit: Limit) -> paramiko.Channel:
        try:
            return self._transport.open_session(timeout=limit.left())
        except (paramiko.SSHException, OSError, EOFError) as error:
            limit.left()
            if self.hung_up:
                raise HungUp from error
            raise BadAnswer(question, "the login is accepted, and gets no channel for a program") from error

    def _hear(self, channel: paramiko.Channel, limit: Limit) -> bool:
        """Take what comes next within a moment. True: no more output will come."""
        while channel.recv_stderr_ready():
            heard = channel.recv_stderr(_AT_ONCE)
            self._errors += heard[: 4 * MOST_ERRORS - len(self._errors)]
            limit.left()
        channel.settimeout(limit.slice())
        try:
            heard = channel.recv(_AT_ONCE)
        except TimeoutError:
            return False
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise HungUp from error
        self._output += heard
        if len(self._output) > MOST_OUTPUT:
            self._output.clear()
            raise Flood
        return not heard


class _Bounded(threading.Event):
    """paramiko waits without an end until a server takes a request; this wait keeps the limit."""

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self._limit = limit

    def wait(self, timeout: float | None = None) -> bool:
        while not super().wait(self._limit.slice() if timeout is None else timeout):
            if timeout is not None:
                return False
        return True
