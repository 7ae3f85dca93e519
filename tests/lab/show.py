"""How the lab looks on a terminal, and the same content as plain lines where there is none. Prints only."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, repeat
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.lab.faults import FAULTS
from tests.lab.model import Customer, System
from tests.lab.place import CHECKOUT, Place
from tests.lab.systems import find_systems

_ALERT = re.compile(r"(?P<time>\S+ \S+) (?P<severity>[A-Z-]+)\s+(?P<verb>[A-Z]+)\s")
_VERB = {
    "RESOLVE": "green",
    "SEEN": "green",
    "RESPOND": "green",
    "READY": "bold green",
    "CLEAR": "green",
    "WARN": "magenta",
    "BREACH": "bold magenta",
    "ALIVE": "dim",
    "FAULT": "bold cyan",
    "UNREADY": "yellow",
    "DAEMON": "yellow",
    "STOP": "bold red",
}
_SEVERITY = {"MAJOR": "bold red", "MINOR": "yellow"}


def command() -> str:
    """How the command of this checkout is called from its root."""
    own = CHECKOUT / ".venv" / "bin" / "trunkwatch"
    return ".venv/bin/trunkwatch" if own.exists() else "trunkwatch"


def ways(customer: Customer, system: System) -> Iterator[str]:
    """Where a system answers, and what: a line for each of its ports."""
    played, address = find_systems()[system.name], customer.address(system)
    if played.snmp is not None:
        yield f"UDP {address}:{customer.port}  SNMP {system.version}"
    if played.ssh is not None:
        yield f"TCP {address}:{customer.ssh_port}  {played.ssh.title}"
    for port in played.ports:
        yield f"{port.transport} {address}:{port.number}  {port.title}"


class Show:
    """The lab's view. `now` gives the time of its own lines."""

    def __init__(self, customer: Customer, now: Callable[[], datetime], file: TextIO | None = None) -> None:
        self._console = Console(file=file, highlight=False, soft_wrap=True, markup=False, emoji=False)
        self._zone = customer.zone
        self._now = now

    def systems(self, customer: Customer) -> None:
        """The simulated systems and where they answer."""
        self._line("Trunkwatch lab: a simulated customer", "bold")
        for system in customer.systems:
            heads = (f"{system.name:<9} {system.title:<25}", " " * 35)
            for head, way in zip(chain(heads[:1], repeat(heads[1])), ways(customer, system), strict=False):
                self._line(f"  {head} {way}")
        router = customer.router
        at = f"TCP {customer.address(router)}:{customer.ssh_port}  takes connections, for the path probe"
        self._line(f"  {router.name:<9} {router.title:<25} {at}")

    def addresses(self, place: Place, web_port: int) -> None:
        """Where to look, and what to try."""
        url = f"http://127.0.0.1:{web_port}"
        for name, what in (
            ("Status", f"{url}/"),
            ("Metrics", f"{url}/metrics"),
            ("Alert log", str(place.log / "alert.log")),
            ("Daemon", f"{place.log / 'daemon.log'}  (what it says on stderr)"),
        ):
            self._line(f"  {name:<9} {what}", "cyan")
        if place.run.parent != place.folder:
            self._line(f"  Sockets   {place.run}  (the path of the lab's folder is too long for them)")

    def to_try(self, place: Place, *, daemon: bool) -> None:
        """The commands for another terminal."""
        usual = place == Place()
        elsewhere, site = ("", "") if usual else (f" --folder {place.folder}", f" --site {place.site}")
        self._line("In another terminal:")
        called = command()
        for what in (
            "lab faults",
            f"lab fault half-of-trunks-out{elsewhere}",
            *((f"tickets list{site}",) if daemon else ()),
            f"lab clear{elsewhere}",
        ):
            self._line(f"  {called} {what}", "bold")
        self._line("Ctrl-C stops everything.")
        self._line("")

    def alert(self, line: str) -> None:
        """A line of the alert log, as it is."""
        self._line(line, _style(line))

    def tell(self, verb: str, text: str) -> None:
        """Something that the lab itself did or saw, in the columns of the alert log."""
        time = self._now().astimezone(self._zone).isoformat(" ", "seconds")
        head = f"{time} LAB   {verb:<7} "
        self._line(textwrap.indent(text, " " * len(head)).replace(" " * len(head), head, 1), _style(head))

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style))


def _style(line: str) -> str:
    found = _ALERT.match(line)
    if found is None:
        return ""
    return _VERB.get(found["verb"]) or _SEVERITY.get(found["severity"], "")


def print_faults() -> None:
    """The table of faults: name, default system and the others, what it does, what to expect."""
    console = Console()
    if not console.is_terminal:
        for fault in FAULTS.values():
            first, *others = fault.systems
            aim = first + (f" (or {', '.join(others)})" if others else "")
            print(f"{fault.name}\t{aim}\t{fault.does}\t{fault.expect}")
        return
    table = Table("fault", "system", "what it does", "what to expect")
    for fault in FAULTS.values():
        first, *others = fault.systems
        table.add_row(
            Text(fault.name, "bold"),
            Text(first + "".join(f"\n{o}" for o in others)),
            fault.does,
            fault.expect,
        )
    console.print(table)
