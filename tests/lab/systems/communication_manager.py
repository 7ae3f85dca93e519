"""`cm1`: the customer's phone system, a Communication Manager with its SNMP agent and its SAT.

Its two attendant consoles show on the SAT only. `in-service/…` and the screen of `status attendant` are of
its manual of 1999, `out-of-service` is that of trunks and stations; the numbers of its fields are synthetic.
Those of `list survivable-processor` are known; this customer has none, and how an empty list looks is
synthetic.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.lab import communication_manager, ossi, sat
from tests.lab.model import Alarm, Customer, PhoneSystem, Restart, System, TrunkGroup
from tests.lab.played import Change, Door, Fault, Here, Played, Records, SatForm, field_numbers
from tests.lab.terminal import Screen


def _make(started: datetime) -> PhoneSystem:
    return PhoneSystem(
        name="cm1",
        title="Communication Manager",
        location="main",
        host=10,
        started=started,
        trunk_groups=(
            TrunkGroup(1, "PSTN EAST", "isdn", 23, gateway="gw-east"),
            TrunkGroup(2, "PSTN WEST", "co", 8, gateway="gw-west"),
            TrunkGroup(3, "SIP CARRIER", "sip", 15),
            TrunkGroup(10, "VOICEMAIL", "tie", 12),
        ),
        alarms=(Alarm("01A0718", "DIG-LINE", "1207", "WARNING", False, False, started + timedelta(hours=9)),),
        restarts=(Restart(started, "REBOOT", True),),
    )


async def _talk(screen: Screen, here: Here) -> bool:
    return await ossi.converse(screen, lambda told, fids: sat.answer(here.customer, told, fids, here.now))


def _site(customer: Customer, cm: PhoneSystem) -> dict[str, Any]:
    others = {system.name for system in customer.others}
    voicemail: dict[str, Any] = {"number": 10, "name": "VOICEMAIL", "use": "internal"}
    told: dict[str, Any] = {
        "coverage": "24x7",
        "trunk_groups": [voicemail | ({"to": "mas1"} if "mas1" in others else {})],
        "stations": {"expected": sum(place.registered for place in customer.locations)},
    }
    if others:  # the small customer has no console that anybody watches
        told["known_as"] = ["CMMAIN"]
        told["options"] = {"attendants": [*cm.consoles]} | ({"cms_channels": [1]} if "cms1" in others else {})
    return told


def _attendant(customer: Customer, rest: list[str], _now: datetime) -> Records | str:
    number = rest[0] if rest else ""
    if not number.isascii() or not number.isdigit():
        return sat.invalid(number or "attendant")
    if int(number) not in customer.cm.consoles:
        return "Attendant console not assigned"
    return _console(int(number), out=f"attendant {number}" in customer.cm.out)


def _console(number: int, *, out: bool) -> Records:
    yield str(number), "out-of-service" if out else "in-service/active", f"01C110{number}", "no", ""


def _survivable(_customer: Customer, _rest: list[str], _now: datetime) -> Records:
    yield from ()


def _consoles_out(*numbers: int) -> Change:
    def change(customer: Customer, _cm: System, _at: datetime) -> Customer:
        out = customer.cm.out | {f"attendant {number}" for number in numbers}
        return customer.put(replace(customer.cm, out=out))

    return change


def _again_and_again(customer: Customer, _cm: System, at: datetime) -> Customer:
    """Three restarts at once, none of them demanded.

    Records tell the minute: the one that begins next, as if the phone system's clock were a little fast. A
    minute that began before the watcher came would be a restart of before its time.
    """
    cm = customer.cm
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    restarts = (Restart(minute, "COLD-2", False),) * 3
    return customer.put(
        replace(cm, started=at, boots=cm.boots + len(restarts), restarts=(*cm.restarts, *restarts))
    )


_FAULTS = (
    Fault(
        "attendant-out",
        ("cm1",),
        "Both attendant consoles go out of service.",
        "no attendant answers: major",
        _consoles_out(1, 2),
    ),
    Fault(
        "one-attendant-out",
        ("cm1",),
        "Attendant console 1 goes out of service; console 2 answers.",
        "minor: one of two",
        _consoles_out(1),
    ),
    Fault(
        "cm-restarting",
        ("cm1",),
        "The phone system restarts three times within a minute.",
        "continual restarts: major; it is over at once, there is nothing to clear",
        _again_and_again,
        lasting=False,
    ),
)


PLAYED = (
    Played(
        name="cm1",
        product="communication_manager",
        make=_make,
        snmp=communication_manager.face,
        ssh=Door(
            title="SSH, its SAT",
            section="sat",
            asks="keyboard-interactive",
            key="ecdsa-sha2-nistp256",
            talk=_talk,
        ),
        sat={
            ("status", "attendant"): SatForm(
                field_numbers("0001", "0002", "0003", "0004", "0005"), _attendant, more=True
            ),
            # Name, address, translations updated, type, registered, active: the fields are known
            ("list", "survivable-processor"): SatForm(
                field_numbers("7400", "7401", "7403", "7405", "7407", "7408"), _survivable
            ),
        },
        site=_site,
        numbers=(
            {
                "number": "+1 817 555 0100",
                "name": "Main line",
                "needs": {"any_of": ["trunk-group 1", "trunk-group 3"]},
            },
        ),
        faults=_FAULTS,
    ),
)
