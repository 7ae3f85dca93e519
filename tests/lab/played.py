"""What a simulated system is made of: one `Played` says all that the lab must know of it.

A file below `systems/` holds these in its `PLAYED`; nothing else need be edited for a system more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tests.lab.cells import Face
from tests.lab.model import Customer, System
from tests.lab.terminal import Screen

Change = Callable[[Customer, System, datetime], Customer]
Records = Iterator[tuple[str, ...]]
Tell = Callable[[Customer, list[str], datetime], Records | str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `systems`: those it may be aimed at, the first one is its default.

    `does` and `expect`, what a watcher should then see, are a sentence and words for the operator. `lasting`
    False: it happens and is over, and changes the healthy customer itself.
    """

    name: str
    systems: tuple[str, ...]
    does: str
    expect: str
    change: Change
    lasting: bool = True


class Here(Protocol):
    """A system at one moment, and the customer that it is part of: what a server looks at anew each time."""

    @property
    def customer(self) -> Customer: ...

    @property
    def system(self) -> System: ...

    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Moment:
    """A `Here` of one system."""

    name: str
    at_present: Callable[[], Customer]
    clock: Callable[[], datetime]

    @property
    def customer(self) -> Customer:
        """The customer as it is now."""
        return self.at_present()

    @property
    def system(self) -> System:
        """The system as it is now."""
        return self.customer.system(self.name)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.clock()


class Server(Protocol):
    """Something that takes what comes to an address of a system."""

    async def start(self) -> None:
        """Answer from now on. Raises AddressTaken."""
        ...

    def refresh(self) -> None:
        """Take over what has changed."""
        ...

    async def stop(self) -> None:
        """Give the address back."""
        ...


@dataclass(frozen=True, slots=True)
class Port:
    """A port beside SNMP's and SSH's: its number, on which transport, what answers, and how that is made.

    `serve` also gets the host keys of all systems, for a server that needs one.
    """

    number: int
    transport: Literal["UDP", "TCP"]
    title: str
    serve: Callable[[Moment, Mapping[str, Any]], Server]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program said to who ran it over SSH, and its exit status."""

    text: str = ""
    status: int = 0
    errors: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a system is entered by SSH, and what is behind.

    `section`: of the site file. `asks`: how it takes a password. `key`: the kind of its host key. `old`: it
    knows only algorithms of about 2010. `talk`: what it says to who opens a terminal; True at the end: who
    was there has logged off. `run`: what it says to a single command; None: it opens the terminal for it.
    """

    title: str
    section: Literal["sat", "ssh"] = "ssh"
    asks: Literal["password", "keyboard-interactive"] = "password"
    key: str = "ssh-ed25519"
    old: bool = False
    talk: Callable[[Screen, Here], Awaitable[bool]]
    run: Callable[[Here, str], Ran] | None = None


@dataclass(frozen=True, slots=True)
class SatForm:
    """A command of the SAT: the fields of its screen, and what tells its records or refuses in a sentence.

    `more`: it may have words after it.
    """

    fids: tuple[str, ...]
    tell: Tell
    more: bool = False


def field_numbers(*numbers: str) -> tuple[str, ...]:
    """Field numbers of the SAT by their first half, which is all where a field stands once."""
    return tuple(f"{number}ff00" for number in numbers)


def _nothing(_customer: Customer, _system: System) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One simulated system.

    `make`: the system when all is well; its argument is since when the customer's systems run. `snmp`: its
    face, OIDs and values at a moment. `sat`, `on_cm`: what the phone system's SAT and its SNMP agent tell
    because this system is there. `site`: what the site file says of it beyond name, product, place and
    access; `numbers`: the primary numbers that need it.
    """

    name: str
    product: str
    make: Callable[[datetime], System]
    snmp: Callable[[Customer, Any, datetime], Face] | None = None
    ssh: Door | None = None
    ports: tuple[Port, ...] = ()
    sat: Mapping[tuple[str, ...], SatForm] = field(default_factory=dict)
    on_cm: Callable[[Customer, datetime], Face] | None = None
    site: Callable[[Customer, Any], dict[str, Any]] = _nothing
    numbers: tuple[dict[str, Any], ...] = ()
    faults: tuple[Fault, ...] = ()
