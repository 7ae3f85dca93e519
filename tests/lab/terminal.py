"""A terminal at the far end of an SSH channel: lines in, answers out, and what a trouble does to answers.

It knows no command: `ossi.py` and `cli_dialogue.py` talk over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncssh

from tests.lab.model import SshTrouble

LATE = 3.0  # seconds; the lab's client gives an answer 2 s
NOISE = "\x00\x1b[7m#%\xb6\xff{\x7f\xfe~\x80}"  # what a babbling system says in place of what it should

Terminal = asyncssh.SSHServerProcess[str]


class Gone(Exception):
    """The other end has hung up."""


class Screen:
    """One terminal. `trouble` says what is wrong now; `cut` drops the connection under it."""

    def __init__(
        self, terminal: Terminal, trouble: Callable[[], SshTrouble | None], cut: Callable[[], None]
    ) -> None:
        self._terminal = terminal
        self._trouble = trouble
        self._cut = cut
        self._after_cr = False

    @property
    def trouble(self) -> SshTrouble | None:
        """What is wrong with the system's SSH just now."""
        return self._trouble()

    async def key(self) -> str:
        """One character. Raises Gone."""
        try:
            character = await self._terminal.stdin.read(1)
        except (asyncssh.BreakReceived, asyncssh.SignalReceived):
            return "\x03"
        except asyncssh.TerminalSizeChanged:
            return await self.key()
        except asyncssh.Error:
            raise Gone from None
        if not character:
            raise Gone
        if character == "\n" and self._after_cr:  # CR LF is one line end
            self._after_cr = False
            return await self.key()
        self._after_cr = character == "\r"
        return character

    async def line(self, *, echo: bool) -> str:
        """What is typed up to a line end, CR or LF. Raises Gone."""
        typed = ""
        while (character := await self.key()) not in ("\r", "\n"):
            typed = typed[:-1] if character in ("\b", "\x7f") else typed + character
            if echo:
                self.write(character)
        if echo:
            self.write("\r\n")
        return typed

    def write(self, text: str) -> None:
        """Show it at once, whatever the trouble. What is said to nobody is lost."""
        if not self._terminal.is_closing():
            self._terminal.stdout.write(text)

    async def say(self, text: str) -> None:
        """Show it, late if the trouble says so."""
        if self.trouble is SshTrouble.SLOW:
            await asyncio.sleep(LATE)
        self.write(text)

    async def answer(self, text: str) -> None:
        """Say it, or half of it and then nothing ever if the trouble is such. Raises Gone."""
        if self.trouble is not SshTrouble.CUT:
            await self.say(text)
            return
        self.write(text[: len(text) // 2])
        await self._terminal.stdout.drain()
        await asyncio.sleep(0.05)  # what was written is to arrive before the end does
        self._cut()
        raise Gone
