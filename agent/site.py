"""The site: its systems, its locations, what depends on what, its primary numbers. Pure data.

These models are the schema of `site.yaml` (`config/site.example.yaml` shows every key). They know no
contract and read no file; `agent.config` loads them and turns each mistake into file:line:column.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agent.calendar_spec import CalendarSpec, HoursText
from agent.contract import ChangeType, Term
from agent.fields import (
    Address,
    AssetCoverage,
    Day,
    Duration,
    Instant,
    Listen,
    Model,
    Name,
    PositiveDuration,
    SomeText,
    Text,
    Zone,
)
from agent.protocols import Sat, Sip, Snmp, Ssh, Tcp, Tls
from agent.repeating import Repeats
from agent.window_entries import Risk
from collectors.base import Own, ProtocolName, Role

Function = Literal["phone_system", "voicemail", "contact_centre", "border", "network", "other"]


def _frozen(value: Any) -> Any:
    """Lists as tuples, and what they and mappings hold as text; it is checked against the product."""
    if not isinstance(value, dict):
        return {}
    return {
        name: tuple(map(str, each))
        if isinstance(each, list)
        else {key: str(text) for key, text in each.items()}
        if isinstance(each, dict)
        else each
        for name, each in value.items()
    }


Options = Annotated[dict[str, Any], BeforeValidator(_frozen)]


class TrunkGroup(Model):
    """What a person knows of a trunk group and the phone system does not tell (rules T1, T2)."""

    number: int = Field(ge=1)
    name: Text | None = None
    use: Literal["public", "internal"] | None = None
    channels: int | None = Field(default=None, ge=1)
    emergency: bool = False  # calls to the emergency number leave by it
    to: Name | None = None  # the system of this site that it leads to, the voicemail say: then it is a link
    depends_on: tuple[Name, ...] = ()  # systems or locations whose failure explains this group's


class Stations(Model):
    """How many stations should be present (rule S1's configured basis)."""

    expected: int = Field(ge=1)


class Voicemail(Model):
    """What part of the voicemail a system is (rule O6).

    `part`: answering (it takes calls), store (it keeps messages), all (both in one). `offline_answering`: the
    answering servers go on taking messages while the store is out.
    """

    part: Literal["answering", "store", "all"] = "all"
    offline_answering: bool = False


class System(Model):
    """One monitored product instance.

    `known_as`: what other systems call it where they tell of a link to it. `options`: what only its product
    understands, checked against that.
    """

    name: Name
    product: Text
    function: Function | None = None  # default: what the product is for
    location: Name
    address: Address
    description: Text = ""
    known_as: tuple[SomeText, ...] = ()
    group: Name | None = None  # which phone system it belongs to, where a site has two of them
    part_of: Literal["phone_system"] | None = None  # a gateway whose restarts count (R1)
    voicemail: Voicemail | None = None
    coverage: AssetCoverage | None = None  # the on-site window bought for this asset; None: not on the order
    gateway_number: int | None = Field(default=None, ge=1)  # as the phone system numbers it
    survivable: bool = True  # whether a survivable processor may serve a gateway that the main one lost (P4)
    trunk_groups: tuple[TrunkGroup, ...] = ()
    stations: Stations | None = None
    depends_on: tuple[Name, ...] = ()  # systems or locations whose failure explains this one's
    snmp: Snmp | None = None
    ssh: Ssh | None = None
    sat: Sat | None = None
    sip: Sip | None = None
    tls: Tls | None = None
    tcp: Tcp | None = None
    options: Options = Field(default_factory=dict)

    @property
    def need_not_answer(self) -> frozenset[ProtocolName]:
        """The ways whose silence says nothing: a SIP address of which the agent is no administered peer."""
        return frozenset({"sip"}) if self.sip is not None and not self.sip.peer else frozenset()

    @property
    def own(self) -> Own:
        """Its options as its product reads them."""
        return Own(self.options)


class Location(Model):
    """A place: systems are there, phones are there."""

    name: Name
    title: Text = ""
    zone: Zone | None = None  # default: the site's
    depends_on: tuple[Name, ...] = ()
    probes: tuple[Name, ...] = ()  # systems whose answer proves the path to this place (O3, O8, I4)
    emergency: bool = False  # emergency calls depend on this place


class Needs(Model):
    """What an incoming call needs: all of, or any of, over parts of the site (rule P1)."""

    all_of: tuple[str | Needs, ...] = ()
    any_of: tuple[str | Needs, ...] = ()


class PrimaryNumber(Model):
    """A number that callers know the customer by, and what a call to it needs."""

    number: SomeText
    name: Text = ""
    needs: Needs


class Holiday(Model):
    """A day on which the help desk is closed: dated, or by its name in a country's list.

    Of a named one: `observed`: on which day it is kept when it falls on a week's end: nearest (Friday or
    Monday), monday (the next one), none (as it falls). `country`: whose list, also of a part (US-TX).
    """

    date: Day | None = None
    name: SomeText
    observed: Literal["nearest", "monday", "none"] = "nearest"
    country: SomeText = "US"


class Override(Model):
    """Other hours on one date, holiday or not; none: closed."""

    date: Day
    open: tuple[HoursText, ...] = ()
    why: Text = ""


class MaintenanceWindow(Model):
    """A stretch of time in which work is done: what fails in it is found at its end (C4). A change record.

    `repeats`: how it comes back after the first time, by the site's clock. `lasts`: it begins with the first
    failure of what it covers from `begins` to `ends`, and lasts so long; None: it is in force all that time.
    It covers every part that matches all of what is named of systems, locations, components and roles;
    nothing named: the whole site. `type`: client_performed where the customer works.
    """

    name: Name
    begins: Instant
    ends: Instant
    repeats: Repeats | None = None
    lasts: PositiveDuration | None = None
    systems: tuple[Name, ...] = ()
    locations: tuple[Name, ...] = ()
    components: tuple[SomeText, ...] = ()
    roles: tuple[Role, ...] = ()
    type: ChangeType = "scheduled"
    risk: Risk = "low"
    reference: Text = ""
    who: Text = ""
    why: Text = ""


class Accepted(Model):
    """A condition that the customer and the vendor know and live with (M4): it raises nothing until then."""

    system: Name
    component: SomeText
    reason: SomeText
    until: Day


class ContractChoice(Model):
    """Which contract judges this site, and the decisions in which the site departs from its defaults.

    `mapped`: another contract whose level for the same failure a ticket carries as well; of `decisions` it
    takes the channel. `calendars`: hours that a contract leaves to the site, by the contract's name for them.
    """

    name: Name = "agility"
    decisions: dict[str, str | int | bool] = Field(default_factory=dict)
    mapped: Name | None = None
    calendars: dict[Name, CalendarSpec] = Field(default_factory=dict)
    term: Term | None = None
    sold_to: Text = ""
    vendor_phone: Text = ""
    carrier_phone: Text = ""


class AlertLog(Model):
    """The log that operators tail."""

    path: SomeText = "alert.log"  # relative: below directories.log
    format: Literal["text", "json"] = "text"


class Sinks(Model):
    """Where decisions are told, beside the journal and the metrics."""

    alert_log: AlertLog = AlertLog()


class Web(Model):
    """Where /metrics, /healthz, /readyz and the status page are served. Loopback unless said otherwise."""

    listen: Listen = "127.0.0.1"
    port: int = Field(default=9847, ge=1, le=65535)
    config: SomeText | None = None  # TLS and passwords: a web-config.yml; None: plain HTTP, for all


class Directories(Model):
    """Where the agent keeps its files. Relative paths are read from the site file's folder."""

    state: SomeText = "/var/lib/trunkwatch"
    log: SomeText = "/var/log/trunkwatch"
    run: SomeText = "/run/trunkwatch"


class Readings(Model):
    """How long the readings are kept that `trunkwatch readings export` gives."""

    keep: PositiveDuration = timedelta(days=14)
    megabytes: int = Field(default=200, ge=1)


class Holds(Model):
    """How long a failure must last before it raises (rule I5), where the site departs from the rule."""

    reachability: Duration = timedelta(seconds=90)
    trunks: Duration = timedelta(seconds=60)
    stations: Duration = timedelta(seconds=60)
    location: Duration = timedelta(seconds=60)
    attendant: Duration = timedelta(seconds=60)
    integration: Duration = timedelta(seconds=60)
    cdr_cms: Duration = timedelta(minutes=15)
    sync: Duration = timedelta(minutes=10)
    equipment: Duration = timedelta(minutes=2)
    redundancy: Duration = timedelta(minutes=2)
    capacity: Duration = timedelta(minutes=5)
    environment: Duration = timedelta(minutes=5)
    room: Duration = timedelta(minutes=30)
    degraded: Duration = timedelta(minutes=5)
    alarm: Duration = timedelta(seconds=60)


class ProductHolds(Model):
    """The same for the systems of one product: what is not said here is as for the whole site."""

    product: Text
    reachability: Duration | None = None
    trunks: Duration | None = None
    stations: Duration | None = None
    location: Duration | None = None
    attendant: Duration | None = None
    integration: Duration | None = None
    cdr_cms: Duration | None = None
    sync: Duration | None = None
    equipment: Duration | None = None
    redundancy: Duration | None = None
    capacity: Duration | None = None
    environment: Duration | None = None
    room: Duration | None = None
    degraded: Duration | None = None
    alarm: Duration | None = None


class Storm(Model):
    """From how many new tickets within how long on further ones are one ticket (rule I14)."""

    tickets: int = Field(default=20, ge=1)
    within: PositiveDuration = timedelta(minutes=10)


class Site(Model):
    """A whole `site.yaml`."""

    site: SomeText
    zone: Zone
    contract: ContractChoice = ContractChoice()
    locations: tuple[Location, ...] = Field(min_length=1)
    systems: tuple[System, ...] = Field(min_length=1)
    primary_numbers: tuple[PrimaryNumber, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    overrides: tuple[Override, ...] = ()
    attended: CalendarSpec | None = None  # when attendant consoles should be staffed (A1); None: always
    windows: tuple[MaintenanceWindow, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    clock_synchronised: bool = True  # whether the agent's own clock must be; false: it is not looked at
    readings: Readings = Readings()
    holds: Holds = Holds()
    product_holds: tuple[ProductHolds, ...] = ()
    storm: Storm = Storm()
    sinks: Sinks = Sinks()
    web: Web = Web()
    directories: Directories = Directories()

    def system(self, name: str) -> System:
        """The system of that name. Raises KeyError."""
        for system in self.systems:
            if system.name == name:
                return system
        raise KeyError(name)

    def holds_of(self, system: System) -> Holds:
        """How long a failure of that system must last: as its product has it, else as the site."""
        own = next((each for each in self.product_holds if each.product == system.product), None)
        if own is None:
            return self.holds
        said = own.model_dump(exclude_none=True, exclude={"product"})
        return self.holds.model_copy(update=said)

    def moment(self, instant: datetime) -> datetime:
        """A moment of the site file as an aware time."""
        return instant if instant.tzinfo is not None else instant.replace(tzinfo=self.zone)

    def zone_of(self, system: System) -> Zone:
        """The zone of the system's location, else the site's."""
        for location in self.locations:
            if location.name == system.location and location.zone is not None:
                return location.zone
        return self.zone
