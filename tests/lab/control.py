"""How `lab fault`, `lab clear` and `lab status` reach the running lab: one JSON line each way on a socket."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.lab.faults import UnknownFault

if TYPE_CHECKING:  # the SNMP engine that comes with it takes half a second: `lab fault` need not wait for it
    from tests.lab.lab import Lab
    from tests.lab.model import System

_PATIENCE = 5.0  # seconds


class NoLab(Exception):
    """No lab is running in this place."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a lab."""

    do: Literal["fault", "clear", "status"]
    name: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What it said, and the exit code that the asking command ends with."""

    text: str
    code: int = 0


def carry_out(lab: Lab, order: Order) -> Reply:
    """Do what is asked."""
    try:
        match order:
            case Order("fault", str(name), system):
                return Reply(lab.fault(name, system))
            case Order("clear", name):
                return Reply(lab.clear(name))
            case Order("status"):
                return Reply(describe(lab))
            case _:
                return Reply("That is no order for a lab.", 2)
    except UnknownFault as mistake:
        return Reply(str(mistake), 2)


def describe(lab: Lab) -> str:
    """The running lab in a few lines: its systems and the faults that are set."""
    customer = lab.customer
    systems = [
        line
        for system in customer.systems
        for line in (
            f"{system.name:<8} {system.title:<25} UDP {customer.address(system)}:{customer.port}  "
            f"SNMP {system.version}",
            *_ssh(lab, system),
        )
    ]
    faults = [f"{fault}, since {fault.at.astimezone(customer.zone):%H:%M:%S}" for fault in lab.faults]
    return "\n".join((f"The lab runs as process {os.getpid()}.", *systems, *(faults or ["No fault is set."])))


def _ssh(lab: Lab, system: System) -> Iterator[str]:
    if (server := lab.ssh.get(system.name)) is not None:
        counts, address = server.counts, lab.customer.address(system)
        yield (
            f"{'':<34} TCP {address}:{lab.customer.ssh_port}  SSH, {counts.logins} logins, "
            f"{counts.refusals} refused, {counts.open} sessions open"
        )


@asynccontextmanager
async def listening(lab: Lab, path: Path) -> AsyncIterator[None]:
    """Take orders at this socket while the block runs. The caller holds the place: an old socket is stale."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                line = await reader.readline()
                try:
                    reply = carry_out(lab, Order(**json.loads(line)))
                except (TypeError, ValueError):
                    reply = Reply("That is no order for a lab.", 2)
                writer.write(json.dumps(asdict(reply)).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError):
            pass  # whoever asked is gone
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, sock=_listen(path))
    try:
        yield
    finally:
        server.close()
        _remove(path)


def _listen(path: Path) -> socket.socket:
    _remove(path)
    line = socket.socket(socket.AF_UNIX)
    line.bind(os.fspath(path))
    path.chmod(0o600)
    return line


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def ask(path: Path, order: Order) -> Reply:
    """Ask the lab at this socket. Raises NoLab."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_PATIENCE)
            line.connect(os.fspath(path))
            line.sendall(json.dumps(asdict(order)).encode() + b"\n")
            with line.makefile("rb") as answer:
                return Reply(**json.loads(answer.readline()))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NoLab(
            "No lab is running here: start one with `make run`, or without the daemon `trunkwatch lab serve`."
        ) from None
    except (OSError, ValueError) as problem:
        raise NoLab(f"The lab at {path} does not answer ({problem}): stop and start it again.") from None
