"""One SSH connection by paramiko's Transport, driven step by step: each failure is told as what it is.

Everything here runs in the thread of a session, within a limit, and is ended by `abort` from any other
thread. Which host key is known is decided elsewhere; what is said on the terminal is no concern of this
module. Besides it only `ssh_auth`, `ssh_terminal` and `ssh_programs` know paramiko.

paramiko 3.5.1 and 4.0 both do. From 5.0 on it refuses the SHA-1 algorithms of Communication Manager 6 and of
old gateways; from 4.0 on the DSA host keys of gateways that are older still.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from collectors.base import SENTENCE, BadAnswer, PollError, Unreachable
from collectors.sessions.host_keys import HostKey
from collectors.sessions.login import Login, LoginGuard
from collectors.sessions.ssh_auth import PatientTransport, log_in
from collectors.sessions.ssh_heard import Heard, few
from collectors.sessions.ssh_programs import Programs
from collectors.sessions.ssh_terminal import Terminal
from collectors.sessions.workers import Late, Limit

KEEPALIVE = 30  # seconds
GIVE_UP = 90_000  # ms until the kernel gives up a connection whose other end acknowledges nothing
RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")  # three ways to sign with one kind of key

DSA_ONLY = "offers DSA host keys only: install with the constraint set constraints/legacy-ssh.txt"

# paramiko logs each failed handshake with a traceback, on stderr if nobody listens. What failed is told by
# the errors below; whoever wants paramiko's own words adds a handler to its logger.
_log = logging.getLogger("paramiko")
_log.addHandler(logging.NullHandler())
_log.propagate = False


class _Tapped(socket.socket):
    """A socket that lets `heard` witness what comes in until the handshake is done."""

    heard: Heard | None = None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        received = super().recv(size, flags)
        if self.heard is not None and received and not self.heard.add(received):
            return b""
        return received


class Connection:
    """One connection: `dial`, `shake_hands`, `log_in`, `terminal` or `programs`, in this order; then `close`,
    in any case.
    """

    def __init__(self, address: str, port: int) -> None:
        self.name = f"ssh {address}:{port}"
        self._address = address
        self._port = port
        self._socket: _Tapped | None = None
        self._transport: PatientTransport | None = None
        self._key_exchange = ""

    def abort(self) -> None:
        """Cut the connection from any thread: whatever waits for it fails at once. Never blocks."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release socket and threads."""
        self.abort()  # closing alone leaves the connection up for as long as paramiko's thread waits on it
        if self._transport is not None:
            self._transport.close()
        if self._socket is not None:
            self._socket.close()

    @property
    def alive(self) -> bool:
        """Whether nobody has hung up, as far as it is known."""
        return self._transport is not None and self._transport.is_active()

    @property
    def algorithms(self) -> str:
        """What was agreed on: key exchange, host key, cipher."""
        transport = self._transport
        agreed = (
            self._key_exchange,
            getattr(transport, "host_key_type", None),
            getattr(transport, "remote_cipher", None),
        )
        return ", ".join(str(name) for name in agreed if name)

    def dial(self, limit: Limit) -> None:
        """Open the TCP connection. Raises Unreachable."""
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        line = self._socket = _Tapped(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 40 ms a question are lost
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE // 3)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GIVE_UP)
        line.setblocking(False)
        failure = line.connect_ex((self._address, self._port))
        if failure == errno.EINPROGRESS:
            poll = select.poll()
            poll.register(line, select.POLLOUT)
            try:
                while not poll.poll(limit.slice() * 1000):
                    pass
            except Late:
                raise Unreachable(self.name, f"no answer in {limit.seconds:g} s") from None
            failure = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure == errno.ECONNREFUSED:
            raise Unreachable(self.name, f"port {self._port} is closed: SSH is off there, or on another port")
        if failure in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            raise Unreachable(self.name, "this machine has no route to it")
        if failure == errno.ETIMEDOUT:
            raise Unreachable(self.name, "no answer")
        if failure:
            raise Unreachable(self.name, f"this machine cannot connect: {socket_error(failure)}")
        line.setblocking(True)

    def shake_hands(self, types: Sequence[str], limit: Limit) -> HostKey:
        """Agree on algorithms; returns the server's proven key. `types`: of host keys, the best first."""
        if self._socket is None:
            raise RuntimeError("dial comes before shake_hands")
        heard = self._socket.heard = Heard()
        transport = self._transport = PatientTransport(self._socket)
        transport.banner_timeout = transport.handshake_timeout = limit.seconds + 1  # the limit ends it before
        options = transport.get_security_options()
        options.key_types = _in_order(types, options.key_types)
        done = threading.Event()
        transport.start_client(event=done)
        try:
            while not done.wait(limit.slice()) and transport.is_active():
                pass
        except Late:
            raise self._silence(heard, limit) from None
        limit.left()  # where we ended it ourselves, the server is not to blame
        if not transport.is_active():
            raise self._mishap(heard, transport.get_exception())
        self._socket.heard = None
        offer = heard.offer()
        if offer is not None:  # the first of ours that is among theirs (RFC 4253 section 7.1)
            self._key_exchange = next((name for name in options.kex if name in offer.key_exchanges), "")
        transport.set_keepalive(KEEPALIVE)
        key = transport.get_remote_server_key()
        return HostKey(key.get_name(), key.get_base64())

    def log_in(self, login: Login, guard: LoginGuard, limit: Limit) -> None:
        """One attempt to log in; see `ssh_auth.log_in`."""
        log_in(self.name, self._opened(), login, guard, limit)

    def terminal(self, limit: Limit) -> Terminal:
        """A shell on a terminal. Raises BadAnswer if the server gives none."""
        try:
            channel = self._opened().open_session(timeout=limit.left())
            channel.set_combine_stderr(True)
            channel.get_pty(term="vt100", width=160, height=50)
            channel.invoke_shell()
        except (paramiko.SSHException, OSError, EOFError) as error:
            limit.left()
            raise BadAnswer(self.name, "the login is accepted and gets no terminal") from error
        return Terminal(channel)

    def programs(self) -> Programs:
        """Programs without a terminal; whether the server runs any, the first of them shows."""
        return Programs(self.name, self._opened())

    def _opened(self) -> PatientTransport:
        if self._transport is None:
            raise RuntimeError("a connection is dialled, and hands are shaken, before it is used")
        return self._transport

    def _silence(self, heard: Heard, limit: Limit) -> PollError:
        if heard.nothing:
            return Unreachable(self.name, f"takes the connection and says nothing in {limit.seconds:g} s")
        if heard.banner:
            return Unreachable(self.name, "its SSH banner came, and then nothing in time")
        if heard.could_be_ssh:
            return BadAnswer(self.name, f"its SSH banner was not whole in {limit.seconds:g} s")
        return BadAnswer(self.name, f"no SSH server: it says {heard.quote()}")

    def _mishap(self, heard: Heard, error: Exception | None) -> PollError:
        if isinstance(error, IncompatiblePeer):
            return BadAnswer(self.name, _disagreement(str(error), heard), most=SENTENCE)
        if heard.nothing:
            return BadAnswer(self.name, "hung up without a word: too many sessions, or not from this machine")
        if not heard.banner:
            if heard.could_be_ssh:
                return BadAnswer(self.name, "hung up in the middle of its SSH banner")
            return BadAnswer(self.name, f"no SSH server: it says {heard.quote()}")
        if error is None or isinstance(error, EOFError | OSError):
            return BadAnswer(self.name, "hung up in the middle of the SSH handshake")
        return BadAnswer(self.name, f"the SSH handshake failed: {error}")


def socket_error(number: int) -> str:
    """The system's word for an error number."""
    return OSError(number, "").strerror or errno.errorcode.get(number, str(number))


def _in_order(types: Sequence[str], possible: Sequence[str]) -> tuple[str, ...]:
    """All types that paramiko knows, those of the known keys first."""
    liked = [name for kind in types for name in (RSA if kind == "ssh-rsa" else (kind,)) if name in possible]
    return tuple(dict.fromkeys((*liked, *possible)))


def _disagreement(words: str, heard: Heard) -> str:
    offer = heard.offer()
    if offer is None:
        return f"no common SSH algorithms ({words})"
    kinds: dict[str, tuple[str, Any]] = {
        "kex algorithm": ("key exchange", offer.key_exchanges),
        "host key": ("host key", offer.host_keys),
        "ciphers": ("cipher", offer.ciphers),
        "macs": ("message authentication", offer.macs),
    }
    name, names = next((kinds[kind] for kind in kinds if kind in words), ("algorithm", ()))
    if name == "host key" and names == ("ssh-dss",):
        return DSA_ONLY
    return f"no common SSH {name}; it offers {few(names)}"
