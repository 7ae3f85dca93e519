"""The login that a terminal asks for itself, behind that of SSH: the same rules and guard, one attempt.

It decides what is sent and tells the guard what came of it; the dialogue of the terminal does the sending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from collectors.base import SENTENCE, Refused
from collectors.sessions.login import MAY_COUNT, Conversation, Login, LoginGuard, Stopped
from collectors.sessions.ssh_terminal import HungUp
from collectors.sessions.workers import Late

_ASKS = re.compile(r"(?:^|[\r\n])[^\r\n]*\b(?:pin|password|response|login|user ?name) *: ?\Z", re.IGNORECASE)
_REFUSES = re.compile(
    r"(?:^|[\r\n])[ \t]*(?:login incorrect|permission denied|access denied|authentication failed)",
    re.IGNORECASE,
)


class TerminalLogin:
    """One attempt. `name`: of the connection, for errors; `what`: refuses it, in the words of the error."""

    def __init__(self, name: str, what: str, login: Login, guard: LoginGuard) -> None:
        self._name = name
        self._what = what
        self._guard = guard
        self._conversation = Conversation(login)
        self._open = False  # a secret was sent, and nothing that tells what came of it has been seen

    def asks(self, text: str) -> bool:
        """Whether the text ends in a prompt for something of the login."""
        return _ASKS.search(text) is not None

    def answer(self, text: str) -> str:
        """What to send. Raises Refused for what is not to be answered, with nothing sent."""
        try:
            # the whole text goes along, as a challenge stands above its prompt
            (answer,) = self._conversation.answers(text, "", [(last_line(text), False)])
        except Stopped as stop:
            self._refuse(str(stop))
        self._open = self._conversation.sent
        return answer

    def check(self, text: str) -> None:
        """Raise Refused if the text says so. Such words in a greeting, before any secret, say nothing."""
        if self._open and _REFUSES.search(text):
            self._refuse(f"{self._what} refused the login: wrong password or PIN, or a locked login")

    def settled(self) -> None:
        """It was accepted: what comes after a login has come."""
        self._open = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around the whole attempt: one that breaks off after a secret was sent may have counted."""
        try:
            yield
        except (Late, HungUp):
            if self._open and self._guard.broke_off(MAY_COUNT):
                raise Refused(self._name, MAY_COUNT, most=SENTENCE) from None
            raise

    def _refuse(self, why: str) -> NoReturn:
        self._guard.refused(why)
        raise Refused(self._name, why, most=SENTENCE) from None


def last_line(text: str) -> str:
    """The last line that is not blank, its end of 60 characters."""
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    return lines[-1][-60:] if lines else ""
