"""The host keys of the simulated systems: made once, kept in the lab's folder, known to the site's agent.

Each system has two: its own, and the one that it shows when its key has changed. It speaks to nobody.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import asyncssh

from tests.lab.model import Customer, System
from tests.lab.systems import find_systems

Keys = Mapping[str, asyncssh.SSHKey]  # by system; its other key under `NAME.other`

_OTHER = ".other"


def _kinds() -> dict[str, str]:
    return {name: played.ssh.key for name, played in find_systems().items() if played.ssh is not None}


def own_key(keys: Keys, system: System) -> asyncssh.SSHKey:
    """The host key of a system."""
    return keys[system.name]


def other_key(keys: Keys, system: System) -> asyncssh.SSHKey:
    """The one that it has when its key has changed."""
    return keys[system.name + _OTHER]


@cache
def passing_keys() -> Keys:
    """Keys that are kept nowhere; the same for as long as this process lives."""
    return {
        name + tail: asyncssh.generate_private_key(kind)
        for name, kind in _kinds().items()
        for tail in ("", _OTHER)
    }


def kept_keys(folder: Path) -> Keys:
    """The keys of this folder (0600). One that is not there yet becomes this process's own."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name + tail: _kept(folder / (name + tail)) for name in _kinds() for tail in ("", _OTHER)}


def known_hosts(customer: Customer, keys: Keys) -> str:
    """The customer's keys as lines of an OpenSSH known_hosts file."""
    lines = []
    for system in customer.systems:
        if system.name not in keys:
            continue
        kind, key, *_ = own_key(keys, system).export_public_key().decode("ascii").split()
        lines.append(f"[{customer.address(system)}]:{customer.ssh_port} {kind} {key}\n")
    return "".join(lines)


def _kept(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(passing_keys()[path.name].export_private_key())
        new.replace(path)
    return asyncssh.read_private_key(path)
