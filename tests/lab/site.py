"""The site file of the simulated customer, with its credentials: what an operator would have written.

Polls every two seconds and holds of two or three: a fault shows within ten seconds.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from collectors.products import find_products
from tests.lab import model
from tests.lab.keys import kept_keys, known_hosts
from tests.lab.model import Customer, utc_now
from tests.lab.place import KEYS, WEB_PORT
from tests.lab.systems import find_systems

_HOLDS = {
    "reachability": "4s",
    "trunks": "2s",
    "stations": "2s",
    "location": "2s",
    "attendant": "2s",
    "integration": "2s",
    "cdr_cms": "3s",
    "sync": "3s",
    "equipment": "2s",
    "redundancy": "2s",
    "capacity": "3s",
    "environment": "3s",
    "room": "3s",
    "degraded": "3s",
    "alarm": "2s",
}


def write_site(
    folder: Path,
    *,
    web_port: int = WEB_PORT,
    octet: int = model.OCTET,
    port: int = model.PORT,
    ssh_port: int = model.SSH_PORT,
    run: Path | None = None,
    systems: Collection[str] | None = model.BRANCHES,
) -> Path:
    """Write `site.yaml`, `credentials/` and `state/known_hosts` below this folder; gives the site's path.

    `octet` and the ports must be those of the Lab, and its host keys those kept in `keys/` below this folder;
    known_hosts is what `trunkwatch enroll` would have stored of them. `systems`: which of the customer's
    there are; None: all. `run`: the folder of the daemon's control socket, if `run` below this folder would
    be too long a path for one. Credentials are for their owner's eyes only (0600).
    """
    customer = model.customer(utc_now(), octet=octet, port=port, ssh_port=ssh_port, systems=systems)
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, secret in (
        ("community", model.COMMUNITY),
        ("auth-password", model.AUTH_PASSWORD),
        ("privacy-password", model.PRIVACY_PASSWORD),
        ("ssh-password", model.SSH_PASSWORD),
    ):
        _write_private(credentials / name, secret + "\n")
    site = {
        "site": "Simulated customer",
        "zone": "America/Chicago",
        # A restart stands for an hour by the contract; nobody who tries the lab wants to wait for that.
        "contract": {
            "name": "agility",
            "decisions": {"restart_stands": "15s"},
            "vendor_phone": "+1 800 555 0100",
            "sold_to": "0001234567",
        },
        "locations": [
            {"name": "main", "title": "Headquarters", "probes": [customer.router.name]},
            {"name": "east", "title": "East office"},
            {"name": "west", "title": "West office"},
        ],
        "systems": _systems(customer, credentials),
        "primary_numbers": [
            number for system in customer.systems for number in find_systems()[system.name].numbers
        ],
        "holidays": [
            {"date": "2026-11-26", "name": "Thanksgiving Day"},
            {"date": "2026-12-25", "name": "Christmas Day"},
        ],
        "holds": _HOLDS,
        "clock_synchronised": False,  # nobody keeps the time of most machines that the lab runs on
        "web": {"listen": "127.0.0.1", "port": web_port},
        "directories": {"state": "state", "log": "log", "run": str(run or folder / "run")},
    }
    state = folder / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    _write_private(state / "known_hosts", known_hosts(customer, kept_keys(folder / KEYS)))
    path = folder / "site.yaml"
    head = "# Written anew by each `trunkwatch lab run`: changes made here do not last.\n"
    _write_private(path, head + yaml.safe_dump(site, sort_keys=False, allow_unicode=True, width=110))
    return path


def _systems(customer: Customer, credentials: Path) -> list[dict[str, Any]]:
    def secret(name: str) -> dict[str, str]:
        return {"file": str(credentials.resolve() / name)}

    def snmp(version: str) -> dict[str, Any]:
        access: dict[str, Any] = {"version": version, "port": customer.port}
        if version == "3":
            access |= {
                "user": model.USER,
                "auth": {"protocol": "SHA-256", "password": secret("auth-password")},
                "privacy": {"protocol": "AES-128", "password": secret("privacy-password")},
            }
        else:
            access["community"] = secret("community")
        return access | {"pause": "5ms", "timeout": "500ms", "tries": 2, "interval": "2s"}

    def terminal() -> dict[str, Any]:
        access = {"port": customer.ssh_port, "user": model.USER, "password": secret("ssh-password")}
        return access | {"pause": "5ms", "timeout": "2s", "interval": "2s"}

    products = find_products()
    systems = []
    for system in customer.systems:
        played = find_systems()[system.name]
        entry: dict[str, Any] = {
            "name": system.name,
            "product": played.product,
            "location": system.location,
            "address": customer.address(system),
            "description": f"{system.title}, simulated",
            **played.site(customer, system),
        }
        if played.snmp is not None:
            entry["snmp"] = snmp(system.version)
        # A section that the product has no way for would be refused.
        if played.ssh is not None and played.ssh.section in products[played.product].polls:
            entry[played.ssh.section] = terminal()
        systems.append(entry)
    router = customer.router
    systems.append(
        {
            "name": router.name,
            "product": "probe",
            "location": router.location,
            "address": customer.address(router),
            "description": f"{router.title}, simulated",
            "tcp": {"port": customer.ssh_port, "timeout": "1s", "interval": "2s"},
        }
    )
    return systems


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whatever the umask and whatever it was before."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
