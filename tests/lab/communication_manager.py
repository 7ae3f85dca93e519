"""The face of a Communication Manager up to 6.3: G3-AVAYA-MIB, as OIDs and values.

Where the figures and texts come from:

* OIDs, types, enumerations and sizes: G3-AVAYA-MIB 6.3.
* Seen on real systems: `in-service/idle`, `in-service/active`, the alarm levels, a port such as `01A0718`,
  the four occupancies, plain integer indexes of the trunk members.
* Inferred: string indexes are length-prefixed, sysObjectID is avaya-aura-cm.
* Synthetic, because nobody has published an answer: the service-state text of a member that is out (that it
  begins with `out` is known), `no` for not maintenance-busy, trunk group types and directions as the
  administration screen shows them, every name and version, and the ages of the caches: this agent always
  answers from a fresh one.

Left out, because their content is not known: g3stamediaGatewayStatus1..80, g3healthActiveSPE and its
neighbours, the alarm columns that the MIB calls placeholders, ConnPort2 to 9, and g3regipstat, which real
systems do not fill. The alarms that a real system raises for a lost gateway or trunk are not simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.lab.cells import Face, Gauge, Oid, Value, rows, scalars, system_group, text_index
from tests.lab.model import Customer, Location, PhoneSystem, TrunkGroup
from tests.lab.systems import find_systems

_G3 = "1.3.6.1.4.1.6889.2.8.1"
_CURRENT = 3  # Tretrieve
_VALID = 200  # Tintvl: timeticks for which a cache counts as valid


def face(customer: Customer, cm: PhoneSystem, now: datetime) -> Face:
    """Everything that this Communication Manager answers at that time."""
    return {
        **system_group(
            cm,
            "Avaya Aura Communication Manager (simulated by the Trunkwatch lab)",
            "1.3.6.1.4.1.6889.1.8.1.58",
            now,
        ),
        **scalars(f"{_G3}.1", {1: 5, 11: 2, 13: 1}),  # g3connect: up, alarm forwarding ok, static
        **_vintage(customer, cm, now),
        **_alarms(customer, cm, now),
        **_health(cm, now),
        **_trunk_members(customer, cm),
        **_trunk_groups(cm, now),
        **_restarts(customer, cm, now),
        **_gateways(customer, cm, now),
        **_gateway_totals(customer, now),
        **_unregistered(customer, now),
        **{oid: value for told in _of_others(customer, now) for oid, value in told.items()},
    }


def _of_others(customer: Customer, now: datetime) -> Iterator[Face]:
    """What it tells because other systems are there."""
    for system in customer.others:
        if (told := find_systems()[system.name].on_cm) is not None:
            yield told(customer, now)


def _group(number: int, now: datetime, count: int | None = None) -> Face:
    """The head of a G3 group: Tage, Tintvl, Tdelay, Tretrieve and, for tables, Tcount."""
    head: dict[int, Value] = {1: int(now.timestamp() * 100) % _VALID, 2: _VALID, 3: 0, 4: _CURRENT}
    if count is not None:
        head[5] = Gauge(count)
    return scalars(f"{_G3}.{number}", head)


def _vintage(customer: Customer, cm: PhoneSystem, now: datetime) -> Face:
    registered = customer.registered_stations()
    return {
        **_group(2, now),
        **scalars(
            f"{_G3}.2",
            {
                5: "R016x.03.0.124.0",  # SpeArelease, in the form that the MIB's example has
                35: registered,
                36: cm.station_limit - registered,
                37: cm.station_limit,
            },
        ),
    }


def _alarms(customer: Customer, cm: PhoneSystem, now: datetime) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {}
    for alarm in cm.alarms:
        number = 1 + sum(index[:-1] == text_index(alarm.port) for index in cells)
        at = alarm.at.astimezone(customer.zone)
        cells[(*text_index(alarm.port), number)] = (
            alarm.port,
            number,
            alarm.maintenance_name,
            "y" if alarm.on_board else "n",
            alarm.alternate_name,
            alarm.level,
            "OUT" if alarm.out else "IN",
            "n",
            *(f"{part:02d}" for part in (at.month, at.day, at.hour, at.minute)),
            *("00",) * 4,  # when resolved: never, in a list of active alarms
        )
    return {**_group(4, now, len(cells)), **rows(f"{_G3}.4.6.1", range(1, 17), cells)}


def _health(cm: PhoneSystem, now: datetime) -> Face:
    level = [alarm.level for alarm in cm.alarms]
    return {
        **_group(6, now),
        **scalars(
            f"{_G3}.6",
            {
                5: Gauge(level.count("MAJOR")),
                6: Gauge(level.count("MINOR")),
                7: Gauge(level.count("WARNING")),
                8: Gauge(0),  # busied out: trunks, stations, others
                9: Gauge(0),
                10: Gauge(0),
                11: Gauge(0),  # occupancy: static, call processing, system management, idle
                12: Gauge(0),
                13: Gauge(3),
                14: Gauge(97),
                17: "n",  # duplicated: processor, port network connectivity
                18: "n",
                21: Gauge(1),
            },
        ),
    }


def _trunk_members(customer: Customer, cm: PhoneSystem) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {}
    for group in cm.trunk_groups:
        working = customer.trunks_in_service(group)
        for member in range(1, group.members + 1):
            state, port = member_state(group, member, working=working)
            cells[group.number, member] = (group.number, member, state, "no", port)
    return rows(f"{_G3}.14.1.1", range(1, 6), cells)


def member_state(group: TrunkGroup, member: int, *, working: bool) -> tuple[str, str]:
    """State and connected port of a member; every fifth of a working public group is in a call."""
    if not working:
        return "out-of-service", ""
    if group.type != "tie" and member % 5 == 1:
        return "in-service/active", f"S{group.number * 100 + member:05d}"
    return "in-service/idle", ""


def _trunk_groups(cm: PhoneSystem, now: datetime) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {
        (group.number,): (group.number, group.type, group.name, "two-way", group.members, 700 + group.number)
        for group in cm.trunk_groups
    }
    # Number, Type, Name, Direction, Size, TAC
    return {**_group(32, now, len(cells)), **rows(f"{_G3}.32.6.1", (1, 2, 3, 4, 8, 10), cells)}


def _restarts(customer: Customer, cm: PhoneSystem, now: datetime) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {}
    for restart in cm.restarts:
        at = restart.at.astimezone(customer.zone)
        minute = (at.month, at.day, at.hour, at.minute)
        number = 1 + sum(index[:-1] == minute for index in cells)
        cells[(*minute, number)] = (
            *minute,
            f"{at:%m/%d %H:%M}",
            restart.level,
            "A",
            "Y" if restart.demanded else "N",
            "N",
            "N",
            "00:03:00",
            "Craft Request" if restart.demanded else "Software Request",
            number,
        )
    return {**_group(38, now, len(cells)), **rows(f"{_G3}.38.6.1", range(1, 14), cells)}


def _gateways(customer: Customer, cm: PhoneSystem, now: datetime) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {}
    for gateway in customer.gateways:
        registered = customer.registered(gateway)
        cells[(gateway.number,)] = (
            gateway.number,
            gateway.name,
            f"26LB{gateway.number:08d}",
            customer.address(gateway),
            f"02:00:00:00:00:{gateway.host:02x}",
            gateway.number,
            "y" if registered else "n",
            gateway.model.lower(),
            "38.20.1",
            customer.address(cm) if registered else "",
            "y",
            "none",
        )
    # Number, Name, Identifier, IPAddress, MACAddress, Region; Registered, Type, FWVintage, NearEndIP,
    # Encrypt, RecoveryRule
    columns = (1, 2, 3, 4, 5, 6, 16, 17, 18, 20, 21, 30)
    return {**_group(104, now, len(cells)), **rows(f"{_G3}.104.6.1", columns, cells)}


def _gateway_totals(customer: Customer, now: datetime) -> Face:
    up = sum(customer.registered(gateway) for gateway in customer.gateways)
    totals: dict[int, Value] = {5: 0, 6: 0, 7: 0, 8: 0, 9: 0, 10: len(customer.gateways) - up, 11: up, 12: 1}
    return {**_group(106, now), **scalars(f"{_G3}.106", totals)}


def _unregistered(customer: Customer, now: datetime) -> Face:
    cells = {
        text_index(extension): (extension, f"S{int(extension):05d}", "n")
        for location in customer.locations
        for extension in _missing(customer, location)
    }
    return {**_group(133, now, len(cells)), **rows(f"{_G3}.133.6.1", range(1, 4), cells)}


def _missing(customer: Customer, location: Location) -> Iterator[str]:
    """The extensions of a location that are not registered: always the last ones."""
    first = location.first + customer.present(location)
    return (str(extension) for extension in range(first, location.first + location.administered))
