"""A login on a Linux host that runs single programs and reads what they say; no dialogue."""

from __future__ import annotations

from collectors.base import Question, ShellAnswer
from collectors.sessions.ssh import Entrance


class ShellLine:
    """The `ShellSession` of one host. `commands`: all that it may ever run."""

    def __init__(self, entrance: Entrance, commands: tuple[str, ...]) -> None:
        self.questions: list[Question] = []
        self._entrance = entrance
        self._commands = commands

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Hang up."""

    async def run(self, command: str) -> ShellAnswer:
        """Run one of the commands."""
        raise NotImplementedError
