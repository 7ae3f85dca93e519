"""What is said on the way to a SAT, in it and out of it, over OSSI. Runs in the thread of a session.

Sources: DEFINITY.pm of benroy73/pbxd-perl (login, synchronising, logging off), konnect2 (terminal types, the
way through the Linux shell), w1n555's PROTOCOL.md (port 5022, the pager of ossit). What an answer says is
read by `ossi`; when a session is opened or dropped is decided by the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from collectors.base import SENTENCE, BadAnswer, Refused, SatAnswer
from collectors.sessions import ossi
from collectors.sessions.login import Login, LoginGuard
from collectors.sessions.ssh import BETWEEN, TRIES
from collectors.sessions.ssh_terminal import Terminal
from collectors.sessions.terminal_login import TerminalLogin, last_line
from collectors.sessions.workers import Limit

QUIET = 0.2  # seconds of silence after which an unended last line is the last line
PAGE_QUIET = 0.6  # the same for ossit, where an end may stand between two pages (w1n555: 0.4 to 0.8 s)
PROMPT_QUIET = 0.3  # seconds of silence after which a system has said all that it greets with

Prompt = Literal["no port", "terminal type", "shell terminal", "login", "ready", "shell", "nothing known"]

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[78=>])")
_PROMPTS: tuple[tuple[Prompt, re.Pattern[str]], ...] = (
    ("no port", re.compile(r"Login resources unavailable")),
    ("terminal type", re.compile(r"Terminal Type \(.+\): \[.+\] ?\Z", re.DOTALL)),
    ("shell terminal", re.compile(r"terminal type.*=> ?\Z", re.I)),
    ("ready", re.compile(r"(?:^|[\r\n])t[ \t]*[\r\n]*\Z")),
    ("shell", re.compile(r"(?:^|[\r\n])[^\r\n]*[$#>%] ?\Z")),
)
_IDLE = re.compile(re.escape(ossi.IDLE) + r"[ \t]*[\r\n]+t[ \t]*[\r\n]*\Z")
_LEAVING = re.compile(r"Proceed With Logoff", re.I)


class NoPort(Refused):
    """All SAT ports of the system are in use."""


class SatDialogue:
    """The dialogue of one SAT session. `name`: of the connection, for errors."""

    def __init__(self, name: str, login: Login, guard: LoginGuard, terminals: Sequence[str]) -> None:
        self._name = name
        self._login = login
        self._asked = TerminalLogin(name, "the SAT", login, guard)
        self._terminals = list(terminals)
        self._terminal: Terminal
        self._kind = ""  # the terminal type that was accepted
        self._echoes = False
        self._through_shell = False

    def enter(self, terminal: Terminal, limit: Limit) -> str:
        """From the first prompt to OSSI, in step. Raises Refused, BadAnswer, Late, HungUp."""
        self._terminal = terminal
        with self._asked.attempt():
            while (prompt := self._next_prompt(limit)) != "ready":
                self._reply(prompt, _plain(terminal.take()), limit)
        self._synchronise("\rt\r", limit)
        while terminal.wait(limit, PROMPT_QUIET):
            pass  # whatever else it says to that must not stand before the first answer
        self._echoes = self._synchronise("t\r", limit).lstrip().startswith("t")
        return f"terminal type {self._kind}"

    def probe(self, limit: Limit) -> None:
        """A lone `t` costs the system nothing and proves that it listens. Raises Late, HungUp."""
        self._synchronise("t\r", limit)

    def ask(self, command: str, fids: Sequence[str], limit: Limit) -> SatAnswer:
        """The answer to one command; asked again a few times where the system is busy with another."""
        for tried in range(TRIES):
            if tried:
                limit.pause(BETWEEN)
            raw = self._exchange(command, ossi.request(command, fids), limit.part(limit.seconds))
            answer = ossi.parse(command, raw)
            if answer.error is None or not answer.error.startswith(ossi.BUSY):
                self._terminal.take()
                return answer
        raise BadAnswer(command, f"busy, {TRIES} times: {answer.error}")

    def leave(self, limit: Limit) -> None:
        """Log off, out of the shell too, and wait until the system hangs up. Raises Late, HungUp."""
        terminal = self._terminal
        terminal.take()
        terminal.send("c logoff \rt\r", limit)
        while True:
            terminal.wait(limit)
            if _LEAVING.search(terminal.tail):
                terminal.take()
                terminal.send("y\r", limit)
            elif self._through_shell and self._prompt() == "shell":
                terminal.take()
                terminal.send("exit\r", limit)

    def _next_prompt(self, limit: Limit) -> Prompt:
        while True:
            self._asked.check(_plain(self._terminal.tail))
            prompt = self._prompt()
            if prompt == "shell":
                if not self._terminal.wait(limit, PROMPT_QUIET):
                    return prompt
            elif prompt == "nothing known" or (prompt == "ready" and not self._kind):
                self._terminal.wait(limit)
            else:
                return prompt

    def _prompt(self) -> Prompt:
        tail = _plain(self._terminal.tail)
        if self._asked.asks(tail):
            return "login"
        return next((name for name, looks in _PROMPTS if looks.search(tail)), "nothing known")

    def _reply(self, prompt: Prompt, said: str, limit: Limit) -> None:
        terminal = self._terminal
        if prompt == "no port":
            raise NoPort(self._name, "no free SAT port: all of them are in use", most=SENTENCE)
        if prompt == "login":
            terminal.send(f"{self._asked.answer(said)}\r", limit)
            return
        self._asked.settled()
        if prompt == "terminal type":
            if not self._terminals:
                raise BadAnswer(self._name, "the SAT takes none of the terminal types that are known here")
            self._kind = self._terminals.pop(0)
            terminal.send(f"{self._kind}\r", limit)
        elif prompt == "shell terminal":
            terminal.send("vt100\r", limit)
        elif prompt == "shell":
            if self._through_shell:
                raise BadAnswer(self._name, f"the shell gives no SAT: {last_line(self._login.hide(said))!r}")
            self._through_shell = True
            terminal.send("sat\r", limit)

    def _synchronise(self, send: str, limit: Limit) -> str:
        """Send a terminator that ends nothing; returns what came up to the words that say so."""
        terminal = self._terminal
        terminal.take()
        terminal.send(send, limit)
        while not _IDLE.search(terminal.tail):
            terminal.wait(limit)
        return terminal.take()

    def _exchange(self, command: str, request: str, limit: Limit) -> str:
        """Send one request; returns the raw text of its answer."""
        terminal = self._terminal
        terminal.take()
        terminal.send(request, limit)
        paged = self._kind.startswith("ossi") and "t" in self._kind[4:]
        quiet = PAGE_QUIET if paged else QUIET
        fresh = ""
        if self._echoes:
            while (rest := ossi.without_echo(request, terminal.text)) is None:
                terminal.wait(limit)
            fresh = rest
        start = terminal.size - len(fresh)
        while True:
            if pages := len(ossi.MORE.findall(fresh)):
                terminal.send("y\r" * pages, limit)
            end = ossi.ended(terminal.tail) if terminal.size > start else False
            if end and not paged:
                break
            more = terminal.wait(limit, None if end is False else quiet)
            if not more:
                break
            fresh = fresh[1 - len(ossi.MORE_WORDS) :] + more  # a pager may come in two pieces
        raw = terminal.text[start:]
        if paged and self._synchronise("t\r", limit).replace(ossi.IDLE, "").replace("t", "").strip():
            # silence after an end may be a system that is slow with its next page; this proves that it is not
            raise BadAnswer(command, "the answer went on after its end")
        return raw


def _plain(text: str) -> str:
    return _ANSI.sub("", text)
