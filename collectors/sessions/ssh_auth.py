"""One attempt to log in over SSH, and what the guard is told of it. It retries nothing.

A login that was refused, or that broke off after a secret had been sent, is told to the guard: whether a
broken one counted is not known, and Avaya's logins lock after a few. `login` knows the answers to prompts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

import paramiko
from paramiko.auth_handler import AuthOnlyHandler

from collectors.base import SENTENCE, BadAnswer, Refused, Unreachable
from collectors.sessions.login import MAY_COUNT, UNANSWERED, Conversation, Login, LoginGuard, Stopped
from collectors.sessions.ssh_heard import few
from collectors.sessions.workers import SLICE, Late, Limit

METHODS = ("keyboard-interactive", "password")  # prompts first: they show a challenge before anything is sent
REFUSED = "the login was refused: wrong user, password or PIN, or a locked login"


if TYPE_CHECKING:  # the stubs do not know the class
    from paramiko import Transport as _Base
else:
    from paramiko import ServiceRequestingTransport as _Base


class PatientTransport(_Base):
    """paramiko's transport that asks for the login service once, as RFC 4252 has it (its usual one asks again
    for every method, and some servers hang up on that), with two of its mistakes mended.
    """

    service_timeout = 30.0  # seconds
    _service_userauth_accepted: bool  # of paramiko, as is the next
    _send_message: Callable[[paramiko.Message], None]

    def ensure_session(self) -> None:
        """Ask for the login service. paramiko's own waits for ever where the server has gone."""
        if self._service_userauth_accepted:
            return
        message = paramiko.Message()
        message.add_byte(bytes([5]))  # SSH_MSG_SERVICE_REQUEST
        message.add_string("ssh-userauth")
        self._send_message(message)
        until, nobody = time.monotonic() + self.service_timeout, threading.Event()
        while not self._service_userauth_accepted:
            if not self.is_active():
                raise EOFError
            if time.monotonic() > until:
                raise paramiko.SSHException("timeout")
            nobody.wait(0.005)  # not time.sleep: under libfaketime, which tests the clock, that fails
        self.auth_handler = self.get_auth_handler()

    def get_auth_handler(self) -> AuthOnlyHandler:
        """The mended one."""
        return _PromptAuth(self)


class _PromptAuth(AuthOnlyHandler):
    """paramiko's own makes the event for an answer after it has sent the request: a quick one is missed."""

    _event: threading.Event | None = None

    @property
    def auth_event(self) -> threading.Event | None:
        return self._event

    @auth_event.setter
    def auth_event(self, event: threading.Event | None) -> None:
        """Made too late: the one that is there stays."""

    def send_auth_request(
        self,
        username: str,
        method: str,
        finish_message: Callable[[paramiko.Message], None] | None = None,
    ) -> list[str]:
        self._event = threading.Event()
        return super().send_auth_request(username, method, finish_message or _nothing_more)


def log_in(name: str, transport: PatientTransport, login: Login, guard: LoginGuard, limit: Limit) -> None:
    """One attempt. Raises Refused, Unreachable or BadAnswer; tells the guard what came of it, once.

    `name`: of the connection, for errors.
    """
    attempt = _Attempt(name, transport, login, guard, limit)
    try:
        attempt.authenticate()
    except Stopped as stop:
        attempt.refused(str(stop))
    except paramiko.AuthenticationException as error:
        if transport.is_active() and "timeout" not in str(error):
            attempt.refused(REFUSED)
        attempt.broken()
    except (Late, paramiko.SSHException, OSError, EOFError):
        attempt.broken()
    guard.accepted()


class _Attempt:
    def __init__(
        self, name: str, transport: PatientTransport, login: Login, guard: LoginGuard, limit: Limit
    ) -> None:
        self._name = name
        self._transport = transport
        self._login = login
        self._guard = guard
        self._limit = limit
        self._conversation = Conversation(login)

    def authenticate(self) -> None:
        """Ask what the server takes as proof, and give it, each way once."""
        methods, tried = self._offered(), list[str]()
        while methods:
            usable = [method for method in METHODS if method in methods and method not in tried]
            if not usable:
                raise Stopped(f"the login takes {few(methods)} only, and what is known here is a password")
            tried.append(usable[0])
            try:
                methods = self._prove(usable[0])
            except paramiko.AuthenticationException:
                # Where no secret was asked for nothing was tried, and another way is still open.
                if self._conversation.sent or not self._transport.is_active() or len(usable) == 1:
                    raise

    def refused(self, why: str) -> NoReturn:
        """Remember it, and say so."""
        self._guard.refused(why)
        raise Refused(self._name, why, most=SENTENCE) from None

    def broken(self) -> NoReturn:
        """It came to no end: whose fault that is, and whether it may have counted."""
        if self._limit.unwanted:
            self._limit.left()  # we broke it off ourselves
        if self._conversation.sent:
            if self._guard.broke_off(MAY_COUNT):
                raise Refused(self._name, MAY_COUNT, most=SENTENCE) from None
            raise Unreachable(self._name, UNANSWERED, most=SENTENCE) from None
        if self._transport.is_active():
            raise Unreachable(self._name, "stopped answering before the login") from None
        raise BadAnswer(self._name, "hung up before the login was tried") from None

    def _offered(self) -> Sequence[str]:
        """What the server takes as proof; nothing if it wants none."""
        self._transport.service_timeout = self._transport.auth_timeout = self._limit.left()
        try:
            self._transport.auth_none(self._login.user)
        except paramiko.BadAuthenticationType as offered:
            return offered.allowed_types
        except paramiko.AuthenticationException:
            if not self._transport.is_active() or self._limit.left() < SLICE:
                raise
            return METHODS
        return ()

    def _prove(self, method: str) -> Sequence[str]:
        """What the server wants besides; nothing if it is content."""
        transport, user = self._transport, self._login.user
        transport.auth_timeout = self._limit.left()
        if method == "password":
            return transport.auth_password(user, self._conversation.password(), fallback=False)
        return transport.auth_interactive(user, self._conversation.answers)


def _nothing_more(_: paramiko.Message) -> None:
    """A request that is whole as it is."""
