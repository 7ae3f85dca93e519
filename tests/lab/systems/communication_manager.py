"""`cm1`: the customer's phone system, a Communication Manager with its SNMP agent and its SAT."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.lab import communication_manager, ossi, sat
from tests.lab.model import Alarm, Customer, PhoneSystem, Restart, TrunkGroup
from tests.lab.played import Door, Here, Played
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


def _site(customer: Customer, _cm: PhoneSystem) -> dict[str, Any]:
    return {
        "coverage": "24x7",
        "trunk_groups": [{"number": 10, "name": "VOICEMAIL", "use": "internal"}],
        "stations": {"expected": sum(place.registered for place in customer.locations)},
    }


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
        site=_site,
        numbers=(
            {
                "number": "+1 817 555 0100",
                "name": "Main line",
                "needs": {"any_of": ["trunk-group 1", "trunk-group 3"]},
            },
        ),
    ),
)
