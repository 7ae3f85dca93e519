"""The faces of the lab agree: what SNMP tells of the customer, its SAT and its command lines tell too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import SatAnswer, Told
from collectors.products import find_products
from tests.lab import gateway_cli, model, sat
from tests.lab.cells import Oid, oid
from tests.lab.faces import face
from tests.lab.faults import COMMON, FAULTS, SetFault
from tests.lab.model import Customer, Gateway

NOW = datetime(2026, 11, 20, 23, 2, tzinfo=UTC)
G3 = "1.3.6.1.4.1.6889.2.8.1"
CMG = "1.3.6.1.4.1.6889.2.9.1"
AIMED = [(fault.name, system) for fault in COMMON.values() for system in fault.systems]
EAST_CUT, WEST_CUT = (("wan-cut", "gw-east"),), (("wan-cut", "gw-west"),)


def broken(*aimed: tuple[str, str], now: datetime = NOW) -> Customer:
    """The customer with these faults, set one after the other."""
    faults = [SetFault(FAULTS[name], system, now) for name, system in aimed]
    return reduce(lambda customer, fault: fault.apply(customer), faults, model.customer(now))


def column(answers: Mapping[Oid, Any], dotted: str) -> dict[Oid, Any]:
    head = oid(dotted)
    return {key[len(head) :]: value for key, value in answers.items() if key[: len(head)] == head}


def asked(customer: Customer, command: str, *fids: str) -> list[tuple[str, ...]]:
    answered = sat.answer(customer, command, fids, NOW)
    assert isinstance(answered, sat.Fields), answered
    return list(answered.records)


def shown(customer: Customer, gateway: Gateway, command: str) -> str:
    return "\n".join(gateway_cli.answer(customer, gateway, command, NOW))


# --- the phone system -------------------------------------------------------------------------------------


def phone_system_by_snmp(customer: Customer) -> dict[str, Any]:
    answers = face(customer, customer.cm, NOW)
    numbers = column(answers, f"{G3}.32.6.1.1")
    states = column(answers, f"{G3}.14.1.1.3")
    registered = column(answers, f"{G3}.104.6.1.16")
    alarms = [column(answers, f"{G3}.4.6.1.{n}").values() for n in (1, 3, 4, 5, 6, 7, 9, 10, 11, 12)]
    return {
        "groups": {
            (number, *(column(answers, f"{G3}.32.6.1.{n}")[at] for n in (2, 3, 8, 10)))
            for at, number in numbers.items()
        },
        "members": Counter((group, state) for (group, _), state in states.items()),
        "connected": sorted(text for text in column(answers, f"{G3}.14.1.1.5").values() if text),
        "phones": answers[oid(f"{G3}.2.35.0")],
        "gateways": {number: said == "y" for (number,), said in registered.items()},
        "links": (answers[oid(f"{G3}.106.10.0")], answers[oid(f"{G3}.106.11.0")]),
        "alarms": sorted(zip(*alarms, strict=True)),
    }


def phone_system_by_sat(customer: Customer) -> dict[str, Any]:
    groups = asked(customer, "list trunk-group")
    members = {int(group[0]): asked(customer, f"status trunk {group[0]}") for group in groups}
    (summary,) = asked(customer, "status media-gateways")
    links = dict(link.split(" ", 1) for link in summary[8:] if link)
    alarms = asked(customer, "display alarms")
    return {
        "groups": {
            (int(number), kind, name, int(size), int(tac)) for number, tac, kind, name, size in groups
        },
        "members": Counter((group, row[2]) for group, rows in members.items() for row in rows),
        "connected": sorted(row[4] for rows in members.values() for row in rows if row[4]),
        "phones": len(asked(customer, "list registered-ip-stations")),
        "gateways": {int(number): text.split("|")[-1] == "up" for number, text in links.items()},
        "links": (int(summary[5]), int(summary[6])),
        "alarms": sorted((*row[:6], *row[8:12]) for row in alarms),
    }


@pytest.mark.parametrize(("name", "system"), AIMED)
def test_the_sat_tells_of_each_fault_what_snmp_tells(name: str, system: str) -> None:
    customer = broken((name, system))
    assert phone_system_by_sat(customer) == phone_system_by_snmp(customer)


@settings(deadline=None)
@given(st.lists(st.sampled_from(AIMED), unique=True), st.integers(0, 500))
def test_whatever_is_broken_the_sat_tells_of_it_what_snmp_tells(
    aimed: list[tuple[str, str]], days: int
) -> None:
    customer = broken(*aimed, now=NOW + timedelta(days=days))
    assert phone_system_by_sat(customer) == phone_system_by_snmp(customer)


def test_a_well_phone_system_tells_its_sat_of_46_public_members_and_150_phones() -> None:
    told = phone_system_by_sat(broken())
    assert told["members"].total() - 12 == 46
    assert {state for _, state in told["members"]} == {"in-service/idle", "in-service/active"}
    assert (told["phones"], told["gateways"], told["links"]) == (150, {1: True, 2: True}, (0, 2))


@pytest.mark.parametrize(
    ("aimed", "lost", "phones"),
    [
        (("half-of-trunks-out", "cm1"), {1: 23}, 150),
        (("trunk-group-out", "cm1"), {2: 8}, 150),
        (("gateway-unregistered", "gw-east"), {1: 23}, 110),
        (("gateway-unregistered", "gw-west"), {2: 8}, 120),
        (("wan-cut", "gw-east"), {1: 23}, 110),
        (("wan-cut", "gw-west"), {2: 8}, 120),
        (("phones-lost", "cm1"), {}, 70),
    ],
)
def test_what_is_lost_is_counted_on_the_sat(
    aimed: tuple[str, str], lost: dict[int, int], phones: int
) -> None:
    told = phone_system_by_sat(broken(aimed))
    assert {group: n for (group, state), n in told["members"].items() if state == "out-of-service"} == lost
    assert told["phones"] == phones


@pytest.mark.parametrize("aimed", [(), WEST_CUT, EAST_CUT])
def test_a_member_has_a_port_in_the_gateway_that_takes_it_along(aimed: tuple[tuple[str, str], ...]) -> None:
    customer = broken(*aimed)
    gateways = {gateway.name: gateway for gateway in customer.gateways}
    for group in customer.cm.trunk_groups:
        ports = [row[1] for row in asked(customer, f"status trunk {group.number}")]
        assert len(set(ports)) == group.members
        if group.gateway is None:
            assert all(re.fullmatch(r"T\d{5}", port) for port in ports)
        else:
            gateway = gateways[group.gateway]
            (module,) = [module for module in gateway.modules if module.slot == 1]
            assert {port[:5] for port in ports} == {f"{gateway.number:03d}V1"}
            assert max(int(port[5:]) for port in ports) <= module.channels


@pytest.mark.parametrize("aimed", [(), WEST_CUT, (*WEST_CUT, *EAST_CUT)])
def test_the_agent_reads_on_the_sat_which_gateway_a_group_is_in(aimed: tuple[tuple[str, str], ...]) -> None:
    customer = broken(*aimed)
    commands = ["display alarms", "list trunk-group", "status media-gateways", "list registered-ip-stations"]
    commands += [f"status trunk {group.number}" for group in customer.cm.trunk_groups]
    told: dict[str, SatAnswer] = {}
    for command in commands:
        answered = sat.answer(customer, command, (), NOW)
        assert isinstance(answered, sat.Fields), answered
        told[command] = SatAnswer(command, answered.fids, answered.records)
    found = find_products()["communication_manager"].polls["sat"].read(Told(told), NOW)
    groups = {part.number: part.gateway for part in found.observations if part.role == "trunks"}
    assert groups == {1: 1, 2: 2, 3: None, 10: None}
    assert not any(part.gateway for part in found.observations if part.role == "alarm")


def test_an_alarm_has_its_time_in_the_customers_zone_and_is_not_resolved() -> None:
    rows = asked(broken(("alarm-major", "cm1")), "display alarms")
    (major,) = [row for row in rows if row[4] == "MAJOR"]
    assert major[:4] == ("01A0300", "UDS1-BD", "y", "")
    assert major[8:] == ("11", "20", "17", "02", "00", "00", "00", "00")  # 23:02 UTC


def test_the_time_of_the_phone_system_is_that_of_the_customer() -> None:
    assert asked(broken(), "display time") == [
        ("Friday", "November", "20", "2026", "17", "2", "0", "Standard", "0")
    ]


def test_fields_come_in_the_order_asked_and_unknown_ones_are_empty() -> None:
    customer = broken()
    answered = sat.answer(customer, "status trunk 2", ("0003ff00", "0001ff00", "beefff00", "0003ff00"), NOW)
    assert isinstance(answered, sat.Fields)
    assert answered.fids == ("0003ff00", "0001ff00", "beefff00", "0003ff00")
    assert answered.records[0] == ("in-service/active", "0002/0001", "", "in-service/active")


def test_every_record_of_every_command_has_a_value_for_every_field() -> None:
    every = model.customer(NOW, systems=None)
    for form, told in sat.commands().items():
        answered = sat.answer(every, " ".join(form) + (" 1" if told.more else ""), (), NOW)
        assert isinstance(answered, sat.Fields)
        assert len(set(answered.fids)) == len(answered.fids)
        # There is no survivable processor.
        assert answered.records or form == ("list", "survivable-processor")
        assert all(len(record) == len(answered.fids) for record in answered.records)


def test_words_may_be_shortened_as_on_the_sat() -> None:
    customer = broken()
    for short, long in (
        ("disp alarm", "display alarms"),
        ("sta media-g", "status media-gateways"),
        ("li tru", "list trunk-group"),
    ):
        assert asked(customer, short) == asked(customer, long)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("frobnicate", '"frobnicate" is an invalid entry; please press HELP'),
        ("list nonsense", '"nonsense" is an invalid entry; please press HELP'),
        ("display alarms please", '"please" is an invalid entry; please press HELP'),
        ("status trunk one", '"one" is an invalid entry; please press HELP'),
        ("status trunk 99", "Group not assigned"),
    ],
)
def test_the_sat_refuses_in_a_sentence(command: str, refusal: str) -> None:
    assert sat.answer(broken(), command, (), NOW) == refusal


# --- the gateways -----------------------------------------------------------------------------------------


def gateway_by_snmp(customer: Customer, gateway: Gateway) -> dict[str, Any]:
    answers: dict[Oid, Any] = {**face(customer, gateway, NOW)}
    cores = column(answers, f"{CMG}.4.6.1.5.101").items()
    operating = column(answers, "1.3.6.1.4.1.6889.2.1.99.5.1.1.1")
    names = column(answers, "1.3.6.1.2.1.47.1.1.1.1.7")
    return {
        "registered": answers[oid(f"{CMG}.3.1.0")] == 1,
        "model": answers[oid(f"{CMG}.1.2.0")],
        "serial": answers[oid(f"{CMG}.1.4.0")],
        "faulty cores": [core for (core,), status in cores if status == 3],
        "cores": len(cores),
        "channels": (answers[oid(f"{CMG}.4.5.1.7.101")], answers[oid(f"{CMG}.4.5.1.6.101")]),
        "modules": {
            slot: answers[oid(f"{CMG}.1.11.1.1.2.{slot}")] for (slot,) in column(answers, f"{CMG}.1.11.1.1.1")
        },
        "CPU": answers[oid("1.3.6.1.2.1.99.1.1.1.4.31")],
        "hot": answers[oid(f"{CMG}.1.10.12.0")][0] == 0x08,
        "ambient": answers[oid("1.3.6.1.2.1.99.1.1.1.4.32")],
        "failed": sorted(names[index] for index, state in operating.items() if state == 2),
    }


KINDS = {"E1T1": 5, "Analog": 4, "DCP": 3}


def gateway_by_cli(customer: Customer, gateway: Gateway) -> dict[str, Any]:
    system, faults = shown(customer, gateway, "show system"), shown(customer, gateway, "show faults")
    voip, heat = shown(customer, gateway, "show voip-dsp"), shown(customer, gateway, "show temp")
    cores = re.findall(r"^ +(\d+) +\d+ of \d+ +Release +(.+)$", voip, re.MULTILINE)
    ((used, total),) = re.findall(r"^In Use +: (\d+) of (\d+) channels", voip, re.MULTILINE)
    modules = re.findall(r"^v(\d+) +(\w+) ", shown(customer, gateway, "show mg list_config"), re.MULTILINE)
    return {
        "registered": "No controller found" not in faults,
        "model": re.findall(r"^Model +: (.*)$", system, re.MULTILINE)[0],
        "serial": re.findall(r"^Serial No +: (.*)$", system, re.MULTILINE)[0],
        "faulty cores": [int(core) for core, state in cores if state == "Faulty"],
        "cores": len(cores),
        "channels": (int(used), int(total)),
        "modules": {int(slot): KINDS[kind] for slot, kind in modules if kind != "Mainboard"},
        "CPU": int(re.findall(r"^CPU +: (\d+)C", heat, re.MULTILINE)[0]),
        "hot": "CPU temperature" in faults,
        "ambient": int(re.findall(r"^Temperature : (\d+)C", heat, re.MULTILINE)[0]),
        "failed": sorted(re.findall(r"\+ (.*) failure,", faults)),
    }


@pytest.mark.parametrize(("name", "system"), AIMED)
def test_a_command_line_tells_of_each_fault_what_snmp_tells(name: str, system: str) -> None:
    customer = broken((name, system))
    for gateway in customer.gateways:
        assert gateway_by_cli(customer, gateway) == gateway_by_snmp(customer, gateway)


@settings(deadline=None)
@given(st.lists(st.sampled_from(AIMED), unique=True))
def test_whatever_is_broken_a_command_line_tells_of_it_what_snmp_tells(aimed: list[tuple[str, str]]) -> None:
    customer = broken(*aimed)
    for gateway in customer.gateways:
        assert gateway_by_cli(customer, gateway) == gateway_by_snmp(customer, gateway)


def test_a_lost_controller_is_told_in_the_words_and_form_of_a_real_gateway() -> None:
    customer = broken(("cm-down", "cm1"))
    (west,) = [gateway for gateway in customer.gateways if gateway.name == "gw-west"]
    assert shown(customer, west, "show faults").splitlines()[2:] == [
        "-- MGP Faults --",
        "\t+ No controller found, 11/20-17:02:00.00",
    ]


def test_a_well_gateway_has_no_fault_messages_and_a_failed_supply_is_one() -> None:
    well, failed = broken(), broken(("psu-fault", "gw-east"))
    assert shown(well, well.gateways[0], "show faults").splitlines()[2:] == ["No Fault Messages"]
    assert shown(failed, failed.gateways[0], "show faults").splitlines()[2:] == [
        "-- Hardware Faults --",
        "\t+ PSU 2 failure, 11/20-17:02:00.00",
    ]
    assert shown(failed, failed.gateways[1], "show faults").splitlines()[2:] == ["No Fault Messages"]


def test_the_prompt_has_the_number_that_the_phone_system_gives_the_gateway() -> None:
    assert [gateway_cli.prompt(gateway) for gateway in broken().gateways] == [
        "G450-001(super)# ",
        "G430-002(super)# ",
    ]
