"""What a terminal says to a collector: the answers of a SAT (over OSSI), a gateway's command line, a shell.

It opens no line; `collectors.sessions` does, and refuses every command that could change anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar


@dataclass(frozen=True, slots=True)
class SatAnswer:
    """The answer to one SAT command over OSSI.

    `fids`: eight hexadecimal digits each, in the order of the answer; one may stand there twice. `records`:
    their values, each record as long as `fids`; empty values are legal. No record: the list is empty, and the
    system said so. `error`: why it would not carry the command out, in its own words (`"x" is an invalid
    entry`); then there are no records, and what was asked for is *not told*.
    """

    command: str
    fids: tuple[str, ...] = ()
    records: tuple[tuple[str, ...], ...] = ()
    error: str | None = None

    def column(self, fid: str) -> int | None:
        """Where in a record the first field of that number stands; None if the system does not give it."""
        return self.fids.index(fid) if fid in self.fids else None


@dataclass(frozen=True, slots=True)
class CliAnswer:
    """The answer to one command of a gateway's command line, without echo, pager and prompt.

    `prompt`: as the gateway shows it (`G450-001(super)#`); its number is that of the gateway.
    """

    command: str
    prompt: str
    text: str


@dataclass(frozen=True, slots=True)
class ShellAnswer:
    """What one program on a Linux host said. `status`: its exit status; 127: there is no such program.

    `text`: its standard output. `errors`: its standard error, at most the first 200 characters.
    """

    command: str
    text: str
    status: int = 0
    errors: str = ""


A = TypeVar("A", SatAnswer, CliAnswer, ShellAnswer)


@dataclass(frozen=True, slots=True)
class Told(Generic[A]):
    """The answers of one poll by command. Asking for one that was never asked raises KeyError."""

    answers: Mapping[str, A] = field(default_factory=dict)

    def __or__(self, answer: A) -> Self:
        return type(self)({**self.answers, answer.command: answer})

    def __getitem__(self, command: str) -> A:
        return self.answers[command]

    def __contains__(self, command: object) -> bool:
        return command in self.answers

    def __iter__(self) -> Iterator[str]:
        return iter(self.answers)


class SatSession(Protocol):
    """An open SAT of one Communication Manager. Raises Unreachable, Refused or BadAnswer."""

    async def ask(self, command: str, *fids: str) -> SatAnswer:
        """Carry out one `display`, `list` or `status` command.

        `fids`: the fields wanted; none: those of its screen. A command that is busy is asked again a few
        times. Raises ValueError for a command that is not allowed.
        """
        ...


class CliSession(Protocol):
    """An open command line of one gateway. Raises Unreachable, Refused or BadAnswer."""

    async def show(self, command: str) -> CliAnswer:
        """Carry out one `show` command to its end. Raises ValueError for a command that is not allowed."""
        ...


class ShellSession(Protocol):
    """A login on one Linux host that runs single programs. Raises Unreachable, Refused or BadAnswer."""

    async def run(self, command: str) -> ShellAnswer:
        """Run one of the commands that the product states. Raises ValueError for any other."""
        ...
