"""`gw-east` and `gw-west`: the customer's branch gateways, a G450 of today and a G430 of about 2010."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.lab import cli_dialogue, gateway_cli, media_gateway
from tests.lab.model import Customer, Gateway, Module, Part
from tests.lab.played import Door, Here, Played
from tests.lab.terminal import Screen


def _east(started: datetime) -> Gateway:
    return Gateway(
        name="gw-east",
        title="G450 east",
        location="east",
        host=20,
        version="3",
        started=started + timedelta(hours=1),
        number=1,
        model="G450",
        modules=(
            Module(1, 5, "E1/T1 media module", 1, 24),
            Module(2, 4, "Analog media module", 8, 8),
        ),
        dsp_cores=4,
        parts=(
            Part(11, "PSU 1", "power supply"),
            Part(12, "PSU 2", "power supply"),
            Part(21, "Fan tray", "fan"),
        ),
        clock_slot=1,
    )


def _west(started: datetime) -> Gateway:
    return Gateway(
        name="gw-west",
        title="G430 west",
        location="west",
        host=30,
        started=started + timedelta(hours=2),
        number=2,
        model="G430",
        modules=(Module(1, 4, "Analog media module", 8, 8), Module(2, 3, "DCP media module", 8, 8)),
        dsp_cores=1,
        parts=(Part(11, "PSU 1", "power supply"), Part(21, "Fan tray", "fan")),
    )


async def _talk(screen: Screen, here: Here) -> bool:
    def answer(command: str) -> tuple[str, ...]:
        return gateway_cli.answer(here.customer, _gateway(here), command, here.now)

    await cli_dialogue.converse(screen, gateway_cli.prompt(_gateway(here)), answer)
    return False


def _gateway(here: Here) -> Gateway:
    if not isinstance(here.system, Gateway):
        raise TypeError(f"{here.system.name} is no gateway")
    return here.system


def _site(_customer: Customer, gateway: Gateway) -> dict[str, Any]:
    return {"coverage": "8x5", "gateway_number": gateway.number}


PLAYED = (
    Played(
        name="gw-east",
        product="media_gateway",
        make=_east,
        snmp=media_gateway.face,
        ssh=Door(title="SSH, its command line", talk=_talk),
        site=_site,
    ),
    Played(
        name="gw-west",
        product="media_gateway",
        make=_west,
        snmp=media_gateway.face,
        ssh=Door(title="SSH, its command line", talk=_talk, key="ssh-rsa", old=True),
        site=_site,
        numbers=(
            {
                "number": "+1 817 555 0200",
                "name": "West office",
                "needs": {"all_of": ["location west"], "any_of": ["trunk-group 1", "trunk-group 2"]},
            },
        ),
    ),
)
