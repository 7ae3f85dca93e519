"""The state of one simulated customer: what is true of its phone system, gateways, trunks and phones.

It answers nobody: the faces (`communication_manager.py`, `media_gateway.py`, `sat.py`, `gateway_cli.py`) turn
this state into answers, `faults.py` changes it, `agent.py` and `ssh_server.py` put it on the wire. What it is
made of when all is well, and every system beside the phone system and its gateways, is in `systems/`. All
is frozen: a fault is a function from one customer to another, so to clear it is to leave that function out.
What follows from something else (a gateway that is down takes its trunk members and its phones along) is
computed here and stored nowhere.

All names, counts, versions and dates are made up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from tests.lab.systems import find_systems

NET = "127.47"  # of 127.0.0.0/8, all of which is this machine: no address needs to be set up
OCTET = 16  # third octet of `make run`'s customer; tests take others, so that both can run at once
PORT = 16161  # UDP, unprivileged, and the same for every system: they differ by address
SSH_PORT = 15022  # TCP, likewise

COMMUNITY = "lab-reads"
USER = "trunkwatch"
AUTH_PASSWORD = "lab-auth-password"
PRIVACY_PASSWORD = "lab-privacy-password"
SSH_PASSWORD = "lab-ssh-password"
OTHER_SSH_PASSWORD = "lab-other-password"  # what it was changed to where ours is no longer right

_PERIOD = timedelta(days=400)  # below the 497 days after which sysUpTime wraps


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


class AddressTaken(OSError):
    """Somebody else has an address and port of a system. The text is a sentence for the operator."""


class Trouble(StrEnum):
    """What an SNMP agent does to its answers: the first four to the datagram, the others to what is in it."""

    SILENT = "silent"
    SLOW = "slow"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    ERROR_STATUS = "error-status"
    ENDLESS_TABLE = "endless-table"
    REPEATING_TABLE = "repeating-table"


class SshTrouble(StrEnum):
    """What an SSH server does: the first two to the wire, four to who comes, the others to its answers."""

    SILENT = "silent"
    GARBAGE = "garbage"
    KEY_CHANGED = "key-changed"
    REFUSED = "refused"
    LOCKED = "locked"
    NO_PORT = "no-port"
    SLOW = "slow"
    BABBLE = "babble"
    CUT = "cut"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What every simulated system has. `host`: last octet of its address. `boots`: of its SNMP engine.

    `trouble`, `ssh_trouble`: what is wrong with the one way of access. `reachable` False: nothing comes
    through, whatever the way. `since`: when what is wrong with the system began.
    """

    name: str
    title: str
    location: str
    host: int
    version: Literal["2c", "3"] = "2c"
    started: datetime
    boots: int = 7
    trouble: Trouble | None = None
    ssh_trouble: SshTrouble | None = None
    reachable: bool = True
    since: datetime | None = None
    knows_us: bool = True  # False: the SNMP user or the community was taken out of its configuration

    @property
    def mute(self) -> bool:
        """Whether it says nothing at all, whatever the way."""
        return not self.reachable


@dataclass(frozen=True, slots=True)
class TrunkGroup:
    """A trunk group as Communication Manager lists it. `gateway`: the system that its ports are in."""

    number: int
    name: str
    type: str
    members: int
    gateway: str | None = None
    out: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """One row of CM's active alarms. `level`: WARNING, MINOR or MAJOR, as seen on real systems."""

    port: str
    maintenance_name: str
    alternate_name: str
    level: str
    on_board: bool
    out: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Restart:
    """One row of CM's restart history."""

    at: datetime
    level: str
    demanded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSystem(System):
    """A Communication Manager. `serving` False: it is dead, its agent included.

    `consoles`: its attendants'. `out`: what of consoles and links it finds lost by itself, by name.
    """

    serving: bool = True
    consoles: tuple[int, ...] = (1, 2)
    out: frozenset[str] = frozenset()
    trunk_groups: tuple[TrunkGroup, ...]
    alarms: tuple[Alarm, ...]
    restarts: tuple[Restart, ...]
    station_limit: int = 500

    @property
    def mute(self) -> bool:
        """Out of reach, or dead."""
        return not (self.reachable and self.serving)


@dataclass(frozen=True, slots=True)
class Module:
    """One media module; `type` is cmgModuleType (5: E1/T1, 4: analog, 3: DCP)."""

    slot: int
    type: int
    title: str
    ports: int
    channels: int


@dataclass(frozen=True, slots=True)
class Part:
    """A field-replaceable unit of the chassis: `index` is its entPhysicalIndex."""

    index: int
    name: str
    kind: Literal["power supply", "fan"]
    faulty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(System):
    """A branch gateway. `reaches_controller` False: it has lost every call controller."""

    number: int
    model: Literal["G450", "G430"]
    modules: tuple[Module, ...]
    dsp_cores: int
    core_channels: int = 20
    faulty_core: int | None = None
    parts: tuple[Part, ...]
    hot: bool = False
    clock_slot: int | None = None
    reaches_controller: bool = True


@dataclass(frozen=True, slots=True)
class Location:
    """A place with IP phones. `first`: the lowest of its extensions, which run on without a gap."""

    name: str
    title: str
    first: int
    administered: int
    registered: int
    phones_lost: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """All of the customer at one moment. `octet` and the ports (UDP, TCP) say where its systems are.

    `router`: what a path probe connects to; it has no face, and is none of `systems`.
    """

    cm: PhoneSystem
    gateways: tuple[Gateway, ...]
    others: tuple[System, ...]
    router: System
    locations: tuple[Location, ...]
    octet: int
    port: int
    ssh_port: int
    zone: ZoneInfo

    @property
    def systems(self) -> tuple[System, ...]:
        """Every system, the phone system first."""
        return (self.cm, *self.gateways, *self.others)

    def system(self, name: str) -> System:
        """The system of that name. Raises KeyError."""
        for system in self.systems:
            if system.name == name:
                return system
        raise KeyError(name)

    def location(self, name: str) -> Location:
        """The location of that name. Raises KeyError."""
        for location in self.locations:
            if location.name == name:
                return location
        raise KeyError(name)

    def address(self, system: System) -> str:
        """The address of a system, of the loopback net."""
        return f"{NET}.{self.octet}.{system.host}"

    def trouble(self, system: System) -> Trouble | None:
        """What a system does to its answers over SNMP."""
        return Trouble.SILENT if system.mute else system.trouble

    def ssh_trouble(self, system: System) -> SshTrouble | None:
        """What a system does to who comes by SSH."""
        return SshTrouble.SILENT if system.mute else system.ssh_trouble

    def registered(self, gateway: Gateway) -> bool:
        """Whether the phone system serves this gateway: it takes both ends."""
        return self.cm.serving and gateway.reaches_controller

    def trunks_in_service(self, group: TrunkGroup) -> bool:
        """Whether the members of a group work: out if the group is, or if the gateway of its ports is."""
        gateway = next((g for g in self.gateways if g.name == group.gateway), None)
        return not group.out and (gateway is None or self.registered(gateway))

    def present(self, location: Location) -> int:
        """Phones of a location that are registered: none if its gateway has lost the phone system."""
        cut_off = any(g.location == location.name and not self.registered(g) for g in self.gateways)
        return 0 if location.phones_lost or cut_off else location.registered

    def registered_stations(self) -> int:
        """Phones that the phone system has registered."""
        return sum(self.present(location) for location in self.locations)

    def put(self, part: System | Location) -> Customer:
        """The customer with this system or location in the place of the one of the same name."""
        if isinstance(part, PhoneSystem):
            return replace(self, cm=part)
        if isinstance(part, Gateway):
            return replace(self, gateways=tuple(part if g.name == part.name else g for g in self.gateways))
        if isinstance(part, Location):
            return replace(
                self, locations=tuple(part if old.name == part.name else old for old in self.locations)
            )
        return replace(self, others=tuple(part if old.name == part.name else old for old in self.others))


BRANCHES = ("cm1", "gw-east", "gw-west")
"""The small customer that most tests watch: the phone system and its gateways."""


def customer(
    now: datetime,
    *,
    octet: int = OCTET,
    port: int = PORT,
    ssh_port: int = SSH_PORT,
    systems: Collection[str] | None = BRANCHES,
) -> Customer:
    """The customer when all is well: 46 public trunk members (23 of them in group 1), 150 phones of 158.

    `systems`: which of its systems there are, cm1 always among them; None: all. `now` sets only since when
    they run: the start of a fixed period of 400 days, so that a lab that is stopped and started again does
    not look like a customer whose every system has restarted.
    """
    era = datetime(2020, 1, 1, tzinfo=UTC)
    started = era + (now - era) // _PERIOD * _PERIOD
    wanted = [each for name, each in find_systems().items() if systems is None or name in systems]
    made = sorted((each.make(started) for each in wanted), key=lambda system: system.host)
    (cm,) = (system for system in made if isinstance(system, PhoneSystem))
    return Customer(
        cm=cm,
        gateways=tuple(system for system in made if isinstance(system, Gateway)),
        others=tuple(system for system in made if not isinstance(system, PhoneSystem | Gateway)),
        router=System(name="router", title="Router main", location="main", host=2, started=started),
        locations=(
            Location("main", "Headquarters", 2001, 84, 80),
            Location("east", "East office", 3001, 42, 40),
            Location("west", "West office", 4001, 32, 30),
        ),
        octet=octet,
        port=port,
        ssh_port=ssh_port,
        zone=ZoneInfo("America/Chicago"),
    )
