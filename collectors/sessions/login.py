"""Logging in: who logs in, whether it may be tried, and what a prompt may be answered with. It sends nothing.

A password is given to a password prompt and to nothing else, and once: Avaya's logins lock after a few
failures, and a monitor that tries again every minute locks out its own customer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

CHALLENGE = "this is a service login that asks for a challenge; use a customer login"
LOCKED = "the system says that this login is locked; unlock it there"
MAY_COUNT = "the login broke off after the password was sent; it may count as a failed one"
UNANSWERED = "the login broke off after the password was sent, which this system has accepted before"

_CHALLENGE = re.compile(r"\bchallenge\b[^.\r\n]*:|\bresponse\s*:\s*$", re.IGNORECASE)
_LOCKED = re.compile(r"\b(?:account|login|user)(?: \S+)? (?:is |has been |was )?locked\b", re.IGNORECASE)
_PIN = re.compile(r"(?:^|\s)pin\s*:\s*$", re.IGNORECASE)
_USER = re.compile(r"(?:^|\s)(?:login|user ?name)\s*:\s*$", re.IGNORECASE)
# `Password:`, `trunkwatch@cm1's password:`, `(trunkwatch@cm1) Password for trunkwatch:`; not `New password:`
_PASSWORD = re.compile(r"^(?:\(\S+\) )?(?:\S+'s )?password(?: for \S+)?\s*:\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in. `pin`: for logins that have one besides the password."""

    user: str
    password: str = field(repr=False)
    pin: str | None = field(default=None, repr=False)

    def hide(self, text: str) -> str:
        """The text without the secrets, should a device have echoed one."""
        for secret in (self.password, self.pin):
            if secret:
                text = text.replace(secret, "***")
        return text


class LoginGuard(Protocol):
    """Who remembers, beyond a restart, that a login was refused. Asked from the thread of the session.

    One refused login is the last until its secret is changed or an operator lets it be tried again.
    """

    def barred(self) -> str | None:
        """A sentence why no login may be tried, or None. Asked before the connection is opened."""
        ...

    def refused(self, why: str) -> None:
        """The login was refused. At most one of these three is called for an attempt, and once."""
        ...

    def broke_off(self, why: str) -> bool:
        """A secret was sent and nobody answered. True: it may have counted as refused, and bars the next."""
        ...

    def accepted(self) -> None:
        """The login was accepted."""
        ...


class Stopped(Exception):
    """A prompt that is not answered, and why; nothing was sent in reply to it."""


class Conversation:
    """One attempt to log in: answers prompts by their text, each secret once. `sent`: one has gone out."""

    def __init__(self, login: Login) -> None:
        self.sent = False
        self._login = login
        self._given: set[str] = set()

    def password(self) -> str:
        """The password, for a method that has no prompt. Raises Stopped if it was given before."""
        return self._secret("password", self._login.password)

    def answers(self, title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        """The answers to one round of keyboard-interactive prompts. Raises Stopped before any is sent."""
        if any(_CHALLENGE.search(text) for text in (title, instructions)):
            raise Stopped(CHALLENGE)
        if any(_LOCKED.search(text) for text in (title, instructions, *(prompt for prompt, _ in prompts))):
            raise Stopped(LOCKED)
        sent = self.sent
        try:
            return [self.answer(prompt) for prompt, _ in prompts]
        except Stopped:
            self.sent = sent  # the whole round stays unanswered
            raise

    def answer(self, prompt: str) -> str:
        """The answer to one prompt. Raises Stopped for one that is not to be answered."""
        text = prompt.strip()
        if _CHALLENGE.search(text):
            raise Stopped(CHALLENGE)
        if _PASSWORD.search(text):
            return self.password()
        if _PIN.search(text):
            if self._login.pin is None:
                raise Stopped("the login asks for a PIN, and none is given for it")
            return self._secret("PIN", self._login.pin)
        if _USER.search(text):
            return self._login.user
        raise Stopped(f"the login asks what is not known here: {self._login.hide(text)[:40]!r}")

    def _secret(self, name: str, secret: str) -> str:
        if name in self._given:
            raise Stopped(f"the {name} was asked for a second time: it was refused")
        self._given.add(name)
        self.sent = True
        return secret
