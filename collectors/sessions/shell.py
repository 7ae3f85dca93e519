"""The line to one Linux host: programs that only show something, each run to its end; no dialogue.

Which they are says the product, whether they may be run `read_only`; sessions are the business of `ssh`.
"""

from __future__ import annotations

from collectors.base import ShellAnswer
from collectors.sessions.read_only import shell_command
from collectors.sessions.ssh import Entrance, SshLine
from collectors.sessions.ssh_programs import Programs
from collectors.sessions.ssh_wire import Connection
from collectors.sessions.workers import Limit

MISSING = 127  # the exit status of a shell that finds no such program


class ShellDialogue:
    """The programs of one session: nothing is said before them or after."""

    def __init__(self) -> None:
        self._programs: Programs

    def enter(self, programs: Programs, limit: Limit) -> str:
        """Nothing to be said: whether the login may run programs, the first of them shows."""
        limit.left()
        self._programs = programs
        return "no terminal"

    def probe(self, limit: Limit) -> None:
        """Another program could be run. Raises BadAnswer, Late, HungUp."""
        self._programs.probe(limit)

    def run(self, command: str, limit: Limit) -> ShellAnswer:
        """Run one to its end. Raises BadAnswer, Late, HungUp, Flood."""
        return self._programs.run(command, limit)

    def leave(self, limit: Limit) -> None:
        """Nothing to log off from: hanging up is all."""


class ShellLine(SshLine[ShellDialogue]):
    """The `ShellSession` of one host: one login, kept as `SshLine` says, one program at a time.

    A program has `pacing.timeout` until it must have ended; one that has not costs the session. What is not
    there (exit status 127) or fails is an answer like any other. `commands`: all that it may ever run; each
    must be one that only shows something. Raises ValueError where one of them is not.
    """

    tries = 1

    def __init__(self, entrance: Entrance, commands: tuple[str, ...]) -> None:
        super().__init__(entrance, lambda _: ShellDialogue())
        self._commands = frozenset(map(shell_command, commands))

    async def run(self, command: str) -> ShellAnswer:
        """Run one of the commands; see `ShellSession`."""
        if command not in self._commands:
            raise ValueError(f"not among the commands of the poll: {command[:120]!r}")
        shell_command(command)
        return await self._ask(command, lambda host, limit: host.run(command, limit), self._timeout, _outcome)

    def _voice(self, connection: Connection, limit: Limit) -> Programs:
        return connection.programs()


def _outcome(answer: ShellAnswer) -> str:
    if answer.status == MISSING:
        return "no such program"
    lines = f"{answer.text.count(chr(10))} lines"
    return lines if answer.status == 0 else f"exit status {answer.status}, {lines}"
