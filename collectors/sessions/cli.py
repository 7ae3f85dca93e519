"""The line to one gateway's command line: exact `show` commands become answers.

Here is what is answered while a command runs: the pager by a space, a question whether to continue always by
N. Sessions are the business of `ssh`, the cleaning of the text that of `cli_text`.
"""

from __future__ import annotations

from collectors.base import BadAnswer, CliAnswer
from collectors.sessions import cli_text
from collectors.sessions.login import Login, LoginGuard
from collectors.sessions.read_only import gateway_command
from collectors.sessions.ssh import BETWEEN, TRIES, Entrance, SshLine
from collectors.sessions.ssh_terminal import Terminal
from collectors.sessions.terminal_login import TerminalLogin
from collectors.sessions.workers import Limit

MOST_PAGES = 2000  # a pager that never ends is no answer


class CliDialogue:
    """The dialogue of one session with a gateway. `name`: of the connection, for errors."""

    def __init__(self, name: str, login: Login, guard: LoginGuard) -> None:
        self._asked = TerminalLogin(name, "the gateway", login, guard)
        self._terminal: Terminal
        self._prompt = ""

    def enter(self, terminal: Terminal, limit: Limit) -> str:
        """From the first words to the prompt. Raises Refused, Late, HungUp."""
        self._terminal = terminal
        with self._asked.attempt():
            while True:
                text = cli_text.plain(terminal.text)
                if (found := cli_text.PROMPT.search(text)) is not None:
                    self._prompt = found["prompt"]
                    terminal.take()
                    return f"prompt {self._prompt}"
                self._asked.check(text)
                if self._asked.asks(text):
                    terminal.take()
                    terminal.send(f"{self._asked.answer(text)}\r", limit)
                elif cli_text.ENTER.search(terminal.tail):
                    terminal.take()
                    terminal.send("\r", limit)
                terminal.wait(limit)

    def probe(self, limit: Limit) -> None:
        """An empty line is answered with the prompt. Raises Late, HungUp."""
        terminal = self._terminal
        terminal.take()
        terminal.send("\r", limit)
        while not self._at_prompt():
            terminal.wait(limit)
        terminal.take()

    def show(self, command: str, limit: Limit) -> CliAnswer:
        """The answer to one command; asked again a few times where the gateway is busy with another."""
        for tried in range(TRIES):
            if tried:
                limit.pause(BETWEEN)
            raw = self._exchange(command, limit.part(limit.seconds))
            if not cli_text.BUSY.search(raw):
                answer = cli_text.clean(command, raw)
                self._terminal.take()
                return answer
        raise BadAnswer(command, f"the gateway is busy with another command, {TRIES} times")

    def leave(self, limit: Limit) -> None:
        """Log off and wait until the gateway hangs up. Raises Late, HungUp."""
        self._terminal.take()
        self._terminal.send("exit\r", limit)
        while True:
            self._terminal.wait(limit)

    def _exchange(self, command: str, limit: Limit) -> str:
        terminal = self._terminal
        terminal.take()
        terminal.send(f"{command}\r", limit)
        seen, pages = 0, 0
        while not self._at_prompt():
            terminal.wait(limit)
            text = terminal.text
            for key, question in ((" ", cli_text.PAGER), ("\r", cli_text.ENTER), ("N\r", cli_text.CONFIRM)):
                # answered where the gateway waits for it: at the end of what it said, and once
                found = list(question.finditer(text, seen))
                if found and not text[found[-1].end() :].strip():
                    seen, pages = len(text), pages + 1
                    terminal.send(key, limit)
            if pages > MOST_PAGES:
                raise BadAnswer(command, f"more than {MOST_PAGES} pages")
        return terminal.text

    def _at_prompt(self) -> bool:
        found = cli_text.PROMPT.search(cli_text.plain(self._terminal.tail))
        return found is not None and found["prompt"] == self._prompt


class CliLine(SshLine[CliDialogue]):
    """The `CliSession` of one gateway: one session, one command at a time, each within `pacing.timeout`.

    Old gateways take two SSH users: the one session is kept while the gateway is polled, and logged off as
    `SshLine` says. A gateway that is busy with another command is asked three times in all.
    """

    def __init__(self, entrance: Entrance) -> None:
        super().__init__(entrance, lambda name: CliDialogue(name, entrance.login, entrance.guard))

    async def show(self, command: str) -> CliAnswer:
        """Carry out one `show` command to its end; see `CliSession`."""
        gateway_command(command)
        return await self._ask(
            command, lambda gateway, limit: gateway.show(command, limit), self._timeout, _outcome
        )


def _outcome(answer: CliAnswer) -> str:
    return f"{answer.text.count(chr(10)) + 1} lines"
