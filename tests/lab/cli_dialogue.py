"""A gateway's command line over a terminal: prompt, echo, pager, busy.

Where the wording comes from: prompt, pager, what the pager leaves on the line, and the busy text are in
published working code. Synthetic: 24 lines to a page whatever the terminal's size, and that space, Enter and
`q` are the pager's only keys.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.model import SshTrouble
from tests.lab.terminal import NOISE, Screen

_PAGE = 23  # lines of an answer on a screen of 24, the last of which is the pager's
_PAGER = "--type q to quit or space key to continue-- "
_WIPE = "\r\x1b[K"
_BUSY = "Processing another command please wait ..."
_LEAVE = ("exit", "logout", "quit")

Answer = Callable[[str], tuple[str, ...]]


async def converse(screen: Screen, prompt: str, answer: Answer) -> None:
    """Talk until the other end leaves. Raises terminal.Gone."""
    await screen.say(prompt)
    while (command := (await screen.line(echo=True)).strip()) not in _LEAVE:
        if not command:
            await screen.say(prompt)
            continue
        lines = answer(command)
        if screen.trouble is SshTrouble.BUSY:
            lines = (_BUSY,)
        elif screen.trouble is SshTrouble.BABBLE:
            lines = (NOISE,) * len(lines)
        await _pages(screen, lines, prompt)


async def _pages(screen: Screen, lines: tuple[str, ...], prompt: str) -> None:
    while len(lines) > _PAGE:
        await screen.answer("".join(f"{line}\r\n" for line in lines[:_PAGE]) + _PAGER)
        lines = lines[_PAGE:]
        while (key := await screen.key()) not in (" ", "\r", "\n", "q"):
            pass
        screen.write(_WIPE)
        if key == "q":
            lines = ()
    await screen.answer("".join(f"{line}\r\n" for line in lines) + prompt)
