"""The commands about a system's SSH: `enroll` accepts its host key, `retry-login` allows one more login.

A person decides here; both ask the running daemon, and work without it on the same files.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from agent.asking import SiteOption, ask_daemon, end, setup_of
from agent.control import Request
from agent.enrolling import SHOWN, Shown, accept, look, terminals_of
from agent.known_hosts import KnownHostsError, KnownHostsFile
from agent.loading import Setup
from agent.logins import Logins
from agent.questions import WAYS, no_such_system
from agent.site import System
from collectors.base import PollError


def enroll(
    system: str,
    site: SiteOption = None,
    fingerprint: Annotated[
        list[str] | None,
        typer.Option(help="Store without asking the key that has this fingerprint (SHA256:…), and no other."),
    ] = None,
) -> None:
    """Show the SSH host key of a system, and store it if you say so. No login is tried."""
    setup = setup_of(site)
    shown = _look(setup, _terminal_system(setup, system))
    chosen = [key for key in shown if _say(key, fingerprint or ())]
    for key in chosen:
        _accept(setup, key)
        print(f"Stored. {key.system} ({key.protocol}) is known by {key.fingerprint}.")
    if not all(key in chosen or key.stored for key in shown):
        end("not every host key was stored: the agent does not log in where it knows none", 1)


def retry_login(system: str, site: SiteOption = None) -> None:
    """Let the agent try a login once more that was refused. Ask first whether the account is locked."""
    setup = setup_of(site)
    found = _terminal_system(setup, system)
    answer = ask_daemon(setup, Request(question="retry_login", arguments={"system": system}))
    if answer is not None:
        allowed = WAYS.validate_python(answer.body)
    else:
        logins = Logins(setup.logins, lambda: datetime.now(UTC))
        allowed = tuple(name for name, _ in terminals_of(found) if logins.allow(system, name))
    if allowed:
        print(f"{system} ({', '.join(allowed)}): the login is tried once more with the next poll.")
    else:
        print(f"{system}: no login of it was refused; nothing was in its way.")


def _terminal_system(setup: Setup, name: str) -> System:
    names = tuple(each.name for each in setup.site.systems)
    if name not in names:
        end(no_such_system(name, names), 2)
    system = setup.site.system(name)
    if not terminals_of(system):
        end(f"{name} is not asked over SSH: the site file gives it no ssh and no sat section", 2)
    return system


def _look(setup: Setup, system: System) -> tuple[Shown, ...]:
    answer = ask_daemon(setup, Request(question="host_keys", arguments={"system": system.name}))
    if answer is not None:
        return SHOWN.validate_python(answer.body)
    try:
        return asyncio.run(look(system, KnownHostsFile(setup.known_hosts)))
    except PollError as error:
        end(str(error), 1)


def _say(key: Shown, fingerprints: Sequence[str]) -> bool:
    """Show the key; whether it shall be stored."""
    print(f"{key.system} ({key.protocol}) at {key.address} port {key.port} shows the host key")
    print(f"  {key.fingerprint} ({key.type})")
    if key.stored:
        print("This key is stored already.")
        return False
    if key.accepted:
        print(f"ANOTHER KEY IS STORED: {', '.join(key.accepted)}")
        print("Unless somebody has replaced the system or its key, do not store the new one.")
    if fingerprints:
        if key.fingerprint not in fingerprints:
            print("It is none of those that --fingerprint names: not stored.")
        return key.fingerprint in fingerprints
    if not sys.stdin.isatty():
        print(
            "Not stored: compare it with what the system's own console shows, and name it by --fingerprint."
        )
        return False
    return typer.confirm("Is this what the system's own console shows? Store it?")


def _accept(setup: Setup, key: Shown) -> None:
    arguments = {
        "system": key.system,
        "protocol": key.protocol,
        "type": key.type,
        "base64": key.base64,
    }
    if ask_daemon(setup, Request(question="enroll", arguments=arguments)) is None:
        try:
            accept(key, KnownHostsFile(setup.known_hosts))
        except KnownHostsError as error:
            end(str(error), 1)
