"""What the SAT of a Communication Manager answers, as fields and records: the SAT's face of the customer.

Where the fields and texts come from:

* Verified, in published working code: the FIDs in `_ALARMS` but on-board and those marked below, 800bff00,
  0001ff00 to 0005ff00 of `status trunk`, 6800ff00, 6d00ff00, 6d03ff00 and 6d04ff00, those of
  `status media-gateways`, 0003ff00 (the year). The order of the values of `display alarms` (zeros: not
  resolved), `display time`, `list trunk-group` and `status trunk`; the member states `in-service/idle`,
  `in-service/active` and `out-of-service`; the shapes of ports; `29 0| 0| 1|up`; the invalid entry.
* Inferred: 0003ff00 as on-board; that `status media-gateways` also gives its empty slots; abbreviated words.
* Synthetic, because nobody has published an answer: every other FID, `dn` for a lost link, the columns of
  `list registered-ip-stations` beyond these four, the set types and addresses of its phones, and the words of
  a daylight-saving hour. `list trunk-group` has more columns on a real system.

Input forms are not simulated: values that come with a command are not looked at. It knows no OSSI records
and no sockets: `ossi.py` writes them, `ssh_server.py` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from tests.lab.communication_manager import member_state
from tests.lab.model import Customer, TrunkGroup
from tests.lab.played import Records, SatForm, field_numbers
from tests.lab.systems import find_systems


@dataclass(frozen=True, slots=True)
class Fields:
    """The answer to a command: FIDs, and records that are each as long. No record: an empty list."""

    fids: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]

    def only(self, fids: tuple[str, ...]) -> Fields:
        """These fields in this order; one that the command does not have is empty."""
        places = [self.fids.index(fid) if fid in self.fids else None for fid in fids]
        picked = (tuple("" if at is None else record[at] for at in places) for record in self.records)
        return Fields(fids, tuple(picked))


def answer(customer: Customer, command: str, fids: tuple[str, ...], now: datetime) -> Fields | str:
    """What the SAT answers: fields, or the sentence by which it refuses. No `fids`: those of the screen."""
    words = command.split()
    for words_of_it, form in commands().items():
        if len(words) < len(words_of_it) or not all(map(str.startswith, words_of_it, words)):
            continue
        rest = words[len(words_of_it) :]
        if rest and not form.more:
            return invalid(rest[0])
        told = form.tell(customer, rest, now)
        if isinstance(told, str):
            return told
        answered = Fields(form.fids, tuple(told))
        return answered.only(fids) if fids else answered
    return invalid(_first_wrong(words))


@cache
def commands() -> Mapping[tuple[str, ...], SatForm]:
    """Every command that it knows: the phone system's own, and those about each system beside it."""
    of_systems = (played.sat for played in find_systems().values())
    return {form: told for forms in (_COMMANDS, *of_systems) for form, told in forms.items()}


def invalid(word: str) -> str:
    """How the SAT refuses a word."""
    return f'"{word}" is an invalid entry; please press HELP'


def _first_wrong(words: list[str]) -> str:
    known = [form for form in commands() if words and form[0].startswith(words[0])]
    return words[1] if known and len(words) > 1 else " ".join(words[:1])


# port, maintenance name, on-board, alternate name, type; service state and the two ack (synthetic);
# month, day, hour, minute; and of the resolution (synthetic)
_ALARMS = field_numbers(
    *("0001", "0002", "0003", "0004", "0005", "0009", "000a", "000b"),
    *("000e", "0006", "0007", "0008", "000f", "0010", "0011", "0012"),
)
# day of the week (synthetic), month, day (inferred), year; hour, minute, second (inferred); the last two
# synthetic
_TIME = field_numbers("0004", "0001", "0002", "0003", "0005", "0006", "0007", "0008", "0009")
_GROUPS = field_numbers(
    "800b", "800c", "800d", "800e", "800f"
)  # number; TAC, type, name, members (synthetic)
_MEMBERS = field_numbers("0001", "0002", "0003", "0004", "0005")
_STATIONS = field_numbers("6800", "6d00", "6d03", "6d04")
_SLOTS = tuple(f"{6 * 0x1000 + 0xC0F + slot // 8:04x}ff{slot + 1:02x}" for slot in range(40))
# major, minor, warnings; trunks, stations; links down, up; logins
_GATEWAYS = (*field_numbers("6c02", "6c03", "6c04", "6c08", "6c09", "6c0a", "6c0b", "6c0c"), *_SLOTS)


def _alarms(customer: Customer, _rest: list[str], _now: datetime) -> Records:
    for alarm in customer.cm.alarms:
        at = alarm.at.astimezone(customer.zone)
        yield (
            alarm.port,
            alarm.maintenance_name,
            "y" if alarm.on_board else "n",
            alarm.alternate_name,
            alarm.level,
            "OUT" if alarm.out else "IN",
            "",
            "",
            *(f"{part:02d}" for part in (at.month, at.day, at.hour, at.minute)),
            *("00",) * 4,
        )


def _time(customer: Customer, _rest: list[str], now: datetime) -> Records:
    here = now.astimezone(customer.zone)
    kind = "Daylight" if here.dst() else "Standard"
    yield (
        f"{here:%A}",
        f"{here:%B}",
        str(here.day),
        str(here.year),
        *(str(part) for part in (here.hour, here.minute, here.second)),
        kind,
        "0",
    )


def _groups(customer: Customer, _rest: list[str], _now: datetime) -> Records:
    for group in customer.cm.trunk_groups:
        yield str(group.number), str(700 + group.number), group.type, group.name, str(group.members)


def _members(customer: Customer, rest: list[str], _now: datetime) -> Records | str:
    number = rest[0] if rest else ""
    if not number.isascii() or not number.isdigit():
        return invalid(number or "trunk")
    for group in customer.cm.trunk_groups:
        if group.number == int(number):
            return _member_rows(customer, group)
    return "Group not assigned"


def _member_rows(customer: Customer, group: TrunkGroup) -> Records:
    working = customer.trunks_in_service(group)
    for member in range(1, group.members + 1):
        state, connected = member_state(group, member, working=working)
        yield f"{group.number:04d}/{member:04d}", _port(customer, group, member), state, "no", connected


def _port(customer: Customer, group: TrunkGroup, member: int) -> str:
    """A port of the gateway's first module, or one of an IP trunk."""
    for gateway in customer.gateways:
        if gateway.name == group.gateway:
            return f"{gateway.number:03d}V1{member:02d}"
    return f"T{group.number * 100 + member:05d}"


def _stations(customer: Customer, _rest: list[str], _now: datetime) -> Records:
    regions = {gateway.location: gateway.number for gateway in customer.gateways}
    for location in customer.locations:
        region = regions.get(location.name, len(regions) + 1)
        for place in range(customer.present(location)):
            extension = str(location.first + place)
            yield extension, "9640", f"10.47.{region}.{10 + place}", str(region)


def _gateways(customer: Customer, _rest: list[str], _now: datetime) -> Records:
    up = [customer.registered(gateway) for gateway in customer.gateways]
    links = [
        f"{gateway.number} 0| 0| 0|{'up' if registered else 'dn'}"
        for gateway, registered in zip(customer.gateways, up, strict=True)
    ]
    counted = ("0",) * 5  # no alarm of a gateway is simulated
    yield (
        *counted,
        str(up.count(False)),
        str(up.count(True)),
        "1",
        *links,
        *("",) * (len(_SLOTS) - len(links)),
    )


_COMMANDS: dict[tuple[str, ...], SatForm] = {
    ("display", "alarms"): SatForm(_ALARMS, _alarms),
    ("display", "time"): SatForm(_TIME, _time),
    ("list", "trunk-group"): SatForm(_GROUPS, _groups),
    ("list", "registered-ip-stations"): SatForm(_STATIONS, _stations),
    ("status", "trunk"): SatForm(_MEMBERS, _members, more=True),
    ("status", "media-gateways"): SatForm(_GATEWAYS, _gateways),
}
