"""The lab: one model behind three real SNMP agents, faults that leave nothing behind, and its commands.

Its SSH servers are in test_lab_ssh.py, and that its faces agree in test_lab_faces.py.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC192_SHA256,
    USM_PRIV_CFB128_AES,
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    bulk_cmd,
    get_cmd,
    is_end_of_mib,
)

from agent.site import Site
from collectors.products import find_products
from tests.lab import model
from tests.lab.cells import Face, Oid, oid
from tests.lab.faces import face
from tests.lab.faults import COMMON, FAULTS, SetFault, UnknownFault, find
from tests.lab.lab import Lab
from tests.lab.model import AddressTaken, Customer, Gateway
from tests.lab.place import CHECKOUT, Place
from tests.lab.site import write_site
from tests.watched import own_octet

NOW = datetime(2026, 11, 20, 23, 2, tzinfo=UTC)
CLAIM = own_octet()  # kept until this process ends
OCTET = CLAIM.__enter__()

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
G3 = "1.3.6.1.4.1.6889.2.8.1"
STATE = f"{G3}.14.1.1.3"
CMG = "1.3.6.1.4.1.6889.2.9.1"
BOOTS = "1.3.6.1.6.3.10.2.1.2.0"
MODULE_TITLE = f"{CMG}.1.11.1.1.3"

AIMED = [(fault.name, system) for fault in COMMON.values() for system in fault.systems]


# --- the model and its faces ------------------------------------------------------------------------------


def well() -> Customer:
    return model.customer(NOW, octet=OCTET)


def broken(name: str, system: str | None = None) -> Customer:
    fault, target = find(name, system)
    return SetFault(fault, target, NOW).apply(well())


def faces(customer: Customer) -> dict[str, Face]:
    return {system.name: face(customer, system, NOW) for system in customer.systems}


def told(customer: Customer, system: str, what: str) -> Any:
    return faces(customer)[system][oid(what)]


def column(answers: Face, dotted: str) -> dict[Oid, Any]:
    head = oid(dotted)
    return {key[len(head) :]: value for key, value in answers.items() if key[: len(head)] == head}


def out_of_service(customer: Customer) -> dict[int, int]:
    """Trunk members by group whose state text begins with `out`."""
    lost: dict[int, int] = {}
    for (group, _member), state in column(faces(customer)["cm1"], STATE).items():
        if state.startswith("out"):
            lost[group] = lost.get(group, 0) + 1
    return lost


def phones(customer: Customer) -> tuple[int, int]:
    """Registered and unregistered, as the phone system counts them."""
    return told(customer, "cm1", f"{G3}.2.35.0"), told(customer, "cm1", f"{G3}.133.5.0")


def test_group_1_is_exactly_half_of_the_46_public_trunk_members() -> None:
    groups = [group for group, _ in column(faces(well())["cm1"], STATE)]
    public = [group for group in groups if group != 10]
    assert (len(public), public.count(1), groups.count(10)) == (46, 23, 12)


def test_a_well_customer_has_no_lost_trunk_150_phones_of_158_and_one_warning() -> None:
    assert out_of_service(well()) == {}
    assert phones(well()) == (150, 8)
    levels = column(faces(well())["cm1"], f"{G3}.4.6.1.6")
    assert list(levels.values()) == ["WARNING"]
    assert [told(well(), "cm1", f"{G3}.6.{n}.0") for n in (5, 6, 7)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("gateway", "number", "lost", "registered", "other"),
    [("gw-east", 1, {1: 23}, 110, "gw-west"), ("gw-west", 2, {2: 8}, 120, "gw-east")],
)
def test_a_gateway_that_loses_the_phone_system_takes_its_trunks_and_phones_out_of_its_answers(
    gateway: str, number: int, lost: dict[int, int], registered: int, other: str
) -> None:
    down = broken("gateway-unregistered", gateway)
    assert out_of_service(down) == lost
    assert phones(down) == (registered, 158 - registered)
    assert len(column(faces(down)["cm1"], f"{G3}.133.6.1.1")) == 158 - registered
    assert told(down, "cm1", f"{G3}.104.6.1.16.{number}") == "n"
    assert told(down, "cm1", f"{G3}.104.6.1.16.{3 - number}") == "y"
    assert [told(down, "cm1", f"{G3}.106.{n}.0") for n in (10, 11)] == [1, 1]
    assert [told(down, gateway, f"{CMG}.3.{n}.0") for n in (1, 2, 3)] == [2, "0.0.0.0", 2]
    assert [told(down, other, f"{CMG}.3.{n}.0") for n in (1, 3)] == [1, 1]


def test_a_dead_phone_system_is_silent_and_leaves_both_gateways_without_a_controller() -> None:
    down = broken("cm-down")
    assert down.trouble(down.cm) is model.Trouble.SILENT
    for gateway in ("gw-east", "gw-west"):
        assert [told(down, gateway, f"{CMG}.3.{n}.0") for n in (1, 3)] == [2, 2]


def test_a_phone_system_that_is_only_out_of_reach_still_serves_its_gateways() -> None:
    unseen = broken("cm-unreachable")
    assert unseen.trouble(unseen.cm) is model.Trouble.SILENT
    for gateway in ("gw-east", "gw-west"):
        assert told(unseen, gateway, f"{CMG}.3.1.0") == 1


def test_a_gateway_that_is_only_out_of_reach_stays_registered_with_all_it_has() -> None:
    unseen = broken("gateway-unreachable")
    assert faces(unseen)["cm1"] == faces(well())["cm1"]


@pytest.mark.parametrize("gateway", ["gw-east", "gw-west"])
def test_a_cut_wan_takes_the_gateway_from_us_and_from_the_phone_system(gateway: str) -> None:
    cut, lost = broken("wan-cut", gateway), broken("gateway-unregistered", gateway)
    assert cut.trouble(cut.system(gateway)) is model.Trouble.SILENT
    assert cut.ssh_trouble(cut.system(gateway)) is model.SshTrouble.SILENT
    assert faces(cut)["cm1"] == faces(lost)["cm1"]  # its registration, its trunks, its phones
    others = [system for system in cut.systems if system.name != gateway]
    assert not any(cut.trouble(system) or cut.ssh_trouble(system) for system in others)


def test_half_of_the_trunks_out_is_23_and_a_trunk_group_out_is_8() -> None:
    assert out_of_service(broken("half-of-trunks-out")) == {1: 23}
    assert out_of_service(broken("trunk-group-out")) == {2: 8}


@pytest.mark.parametrize(("system", "missing"), [("gw-east", 40), ("gw-west", 30), ("cm1", 80)])
def test_lost_phones_are_those_of_one_location(system: str, missing: int) -> None:
    assert phones(broken("phones-lost", system)) == (150 - missing, 8 + missing)


def test_a_major_vendor_alarm_stands_in_the_list_and_in_the_count() -> None:
    alarmed = broken("alarm-major")
    assert sorted(column(faces(alarmed)["cm1"], f"{G3}.4.6.1.6").values()) == ["MAJOR", "WARNING"]
    assert told(alarmed, "cm1", f"{G3}.6.5.0") == 1
    assert told(alarmed, "cm1", f"{G3}.4.5.0") == 2


def test_gateway_hardware_faults_show_in_value_and_in_mask() -> None:
    dsp = broken("dsp-fault", "gw-east")
    assert list(column(faces(dsp)["gw-east"], f"{CMG}.4.6.1.5.101").values()) == [3, 2, 2, 2]
    assert told(dsp, "gw-east", f"{CMG}.4.5.1.14.101") == b"\x02\x00"
    hot = broken("temperature-high", "gw-east")
    limit = told(hot, "gw-east", "1.3.6.1.4.1.6889.2.1.99.1.1.2.31")
    assert told(hot, "gw-east", "1.3.6.1.2.1.99.1.1.1.4.31") > limit
    assert told(hot, "gw-east", f"{CMG}.1.10.12.0")[0] == 0x08
    supply = broken("psu-fault")
    assert column(faces(supply)["gw-east"], "1.3.6.1.4.1.6889.2.1.99.5.1.1.1") == {
        (11,): 1,
        (12,): 2,
        (21,): 1,
    }


@pytest.mark.parametrize(("name", "system"), AIMED)
def test_every_fault_changes_something_and_clearing_it_leaves_the_well_answers(
    name: str, system: str
) -> None:
    lab = Lab(octet=OCTET, now=lambda: NOW)
    before, answers = lab.customer, faces(lab.customer)
    lab.fault(name, system)
    assert lab.customer != before
    lab.clear(name if FAULTS[name].lasting else None)
    assert lab.faults == ()
    if FAULTS[name].lasting:
        assert lab.customer == before
        assert faces(lab.customer) == answers
    else:
        changed = {
            key for key, value in faces(lab.customer)[system].items() if answers[system].get(key) != value
        }
        history = oid(f"{G3}.38")
        clocks = {oid(SYS_UPTIME), oid(BOOTS), oid("1.3.6.1.6.3.10.2.1.3.0")}
        assert {key for key in changed if key[: len(history)] != history} <= clocks


def test_faults_on_one_system_heal_apart() -> None:
    lab = Lab(octet=OCTET, now=lambda: NOW)
    lab.fault("temperature-high", "gw-east")
    hot = lab.customer
    lab.fault("dsp-fault", "gw-east")
    lab.fault("silent", "gw-east")
    assert "silent gw-east" in lab.clear("silent")
    lab.clear("dsp-fault")
    assert lab.customer == hot
    assert lab.clear() == "Cleared temperature-high gw-east."
    assert lab.clear() == "Nothing was set."


def test_a_fault_set_twice_is_one_fault() -> None:
    lab = Lab(octet=OCTET, now=lambda: NOW)
    lab.fault("silent")
    assert lab.fault("silent") == "silent gw-west is set already."
    assert len(lab.faults) == 1


def test_an_unknown_fault_names_the_nearest_one_and_an_unfit_system_the_fitting_ones() -> None:
    with pytest.raises(UnknownFault, match="did you mean trunk-group-out"):
        find("trunk-grp-out")
    with pytest.raises(UnknownFault, match="it fits gw-east, gw-west"):
        find("gateway-unregistered", "cm1")


def test_a_lab_that_is_started_again_does_not_look_like_restarted_systems() -> None:
    later = NOW.replace(day=21)
    assert model.customer(later, octet=OCTET).cm.started == well().cm.started
    assert well().cm.started < NOW


def test_no_answer_is_the_beginning_of_another_one() -> None:
    for answers in faces(well()).values():
        order = sorted(answers)
        assert all(after[: len(before)] != before for before, after in pairwise(order))


# --- on the wire ------------------------------------------------------------------------------------------


def free_port(octet: int = OCTET) -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind((f"{model.NET}.{octet}.10", 0))
        return int(probe.getsockname()[1])


def free_ssh_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((f"{model.NET}.{OCTET}.10", 0))
        return int(probe.getsockname()[1])


def with_lab(story: Callable[[Lab, Client], Any]) -> None:
    """Run a story with a started lab and a client that keeps its sessions."""

    async def run() -> None:
        lab = Lab(octet=OCTET, port=free_port(), ssh_port=free_ssh_port())
        await lab.start()
        client = Client(lab)
        try:
            await story(lab, client)
        finally:
            client.engine.close_dispatcher()
            await lab.stop()
            await asyncio.sleep(0)

    asyncio.run(run())


class Client:
    """A plain pysnmp client."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.engine = SnmpEngine()

    def access(self, system: str) -> Any:
        if self.lab.customer.system(system).version == "2c":
            return CommunityData(model.COMMUNITY)
        return UsmUserData(
            model.USER,
            model.AUTH_PASSWORD,
            model.PRIVACY_PASSWORD,
            authProtocol=USM_AUTH_HMAC192_SHA256,
            privProtocol=USM_PRIV_CFB128_AES,
        )

    async def target(self, system: str, patience: float) -> Any:
        customer = self.lab.customer
        address = customer.address(customer.system(system))
        return await UdpTransportTarget.create((address, customer.port), timeout=patience, retries=0)

    async def get(
        self, system: str, *what: str, access: Any = None, patience: float = 2.0
    ) -> tuple[str, int, list[Any]]:
        """Error indication, error-status, values."""
        indication, status, _, varbinds = await get_cmd(
            self.engine,
            access or self.access(system),
            await self.target(system, patience),
            ContextData(),
            *(ObjectType(ObjectIdentity(each)) for each in what),
            lookupMib=False,
        )
        return type(indication).__name__ if indication else "", int(status), [v for _, v in varbinds]

    async def walk(self, system: str, head: str, most: int = 5000) -> list[tuple[Oid, Any]]:
        """GETBULK from `head` until its subtree or the view ends, or `most` rows are there."""
        rows: list[tuple[Oid, Any]] = []
        at, target = oid(head), await self.target(system, 2.0)
        while len(rows) < most:
            indication, status, _, varbinds = await bulk_cmd(
                self.engine,
                self.access(system),
                target,
                ContextData(),
                0,
                40,
                ObjectType(ObjectIdentity(at)),
                lookupMib=False,
            )
            assert not indication, indication
            assert not status
            for name, value in varbinds:
                if is_end_of_mib([(name, value)]) or tuple(name)[: len(oid(head))] != oid(head):
                    return rows
                rows.append((tuple(name), value))
            at = rows[-1][0]
        return rows


def test_a_plain_client_walks_every_system_in_strictly_increasing_order_and_finds_the_whole_face() -> None:
    async def story(lab: Lab, client: Client) -> None:
        for system in lab.customer.systems:
            rows = [name for name, _ in await client.walk(system.name, "1.3")]
            assert all(before < after for before, after in pairwise(rows))
            assert rows == sorted(face(lab.customer, system, NOW))

    with_lab(story)


def test_types_on_the_wire_are_those_of_the_mibs() -> None:
    async def story(_lab: Lab, client: Client) -> None:
        _, _, values = await client.get(
            "gw-west", SYS_DESCR, "1.3.6.1.2.1.1.2.0", SYS_UPTIME, f"{CMG}.3.1.0", f"{CMG}.3.2.0"
        )
        kinds = [type(value).__name__ for value in values]
        assert kinds == ["OctetString", "ObjectIdentifier", "TimeTicks", "Integer", "IpAddress"]
        _, _, values = await client.get("cm1", f"{G3}.6.7.0")
        assert type(values[0]).__name__ == "Gauge32"

    with_lab(story)


def test_what_a_system_does_not_have_is_told_apart_from_what_it_has_no_row_of() -> None:
    async def story(_lab: Lab, client: Client) -> None:
        _, status, values = await client.get("gw-west", f"{CMG}.99.1.0", f"{MODULE_TITLE}.7", SYS_DESCR)
        assert status == 0
        assert [type(value).__name__ for value in values] == ["NoSuchObject", "NoSuchInstance", "OctetString"]

    with_lab(story)


def test_a_fault_is_answered_by_the_next_question_and_its_end_too() -> None:
    async def story(lab: Lab, client: Client) -> None:
        assert (await client.get("cm1", f"{G3}.2.35.0"))[2] == [150]
        lab.fault("gateway-unregistered")
        assert (await client.get("cm1", f"{G3}.2.35.0"))[2] == [110]
        assert (await client.get("gw-east", f"{CMG}.3.1.0"))[2] == [2]
        lab.clear()
        assert (await client.get("cm1", f"{G3}.2.35.0"))[2] == [150]

    with_lab(story)


@pytest.mark.parametrize("system", ["cm1", "gw-east"])
def test_a_forgotten_user_is_refused_and_a_forgotten_community_meets_silence(system: str) -> None:
    async def story(lab: Lab, client: Client) -> None:
        assert (await client.get(system, SYS_DESCR))[0] == ""
        lab.fault("credentials-refused", system)
        refused = {"cm1": "RequestTimedOut", "gw-east": "UnknownUserName"}[system]
        assert (await client.get(system, SYS_DESCR, patience=0.3))[0] == refused
        lab.clear()
        assert (await client.get(system, SYS_DESCR))[0] == ""

    with_lab(story)


def test_a_v3_system_answers_neither_a_wrong_password_nor_a_question_without_one() -> None:
    async def story(_lab: Lab, client: Client) -> None:
        for access in (
            UsmUserData(model.USER, "a-wrong-password", authProtocol=USM_AUTH_HMAC192_SHA256),
            UsmUserData(model.USER),  # noqa: S509 - it must be refused for that
            CommunityData(model.COMMUNITY),
        ):
            client.engine = SnmpEngine()
            indication, status, _ = await client.get("gw-east", SYS_DESCR, access=access, patience=0.3)
            client.engine.close_dispatcher()
            assert indication or status

    with_lab(story)


@pytest.mark.parametrize("fault", ["silent", "gateway-unreachable", "wan-cut", "slow"])
@pytest.mark.parametrize("system", ["gw-west", "gw-east"])
def test_a_silent_or_slow_system_does_not_answer_in_time(fault: str, system: str) -> None:
    async def story(lab: Lab, client: Client) -> None:
        assert (await client.get(system, SYS_DESCR))[0] == ""
        lab.fault(fault, system)
        assert (await client.get(system, SYS_DESCR, patience=0.3))[0] == "RequestTimedOut"
        lab.clear()
        assert (await client.get(system, SYS_DESCR))[0] == ""

    with_lab(story)


def sent_back(customer: Customer, patience: float = 3.0) -> tuple[bytes, float]:
    """What gw-west sends back to a GET of sysDescr, as it is, and after how many seconds."""
    community = model.COMMUNITY.encode()
    pdu = bytes.fromhex("a019020107020100020100300e300c06082b060102010101000500")
    body = b"\x02\x01\x01\x04" + bytes([len(community)]) + community + pdu
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as line:
        line.settimeout(patience)
        began = time.monotonic()
        line.sendto(b"\x30" + bytes([len(body)]) + body, (f"{model.NET}.{customer.octet}.30", customer.port))
        return line.recv(65535), time.monotonic() - began


def test_wire_faults_are_seen_on_the_wire() -> None:
    async def story(lab: Lab, _client: Client) -> None:
        good, _ = await asyncio.to_thread(sent_back, lab.customer)
        assert b"G430" in good
        lab.fault("truncated")
        assert (await asyncio.to_thread(sent_back, lab.customer))[0] == good[: len(good) // 2]
        lab.clear()
        lab.fault("garbage")
        garbage, _ = await asyncio.to_thread(sent_back, lab.customer)
        assert len(garbage) == 64
        assert garbage[0] != 0x30  # an SNMP message begins with a SEQUENCE
        lab.clear()
        lab.fault("slow")
        late, after = await asyncio.to_thread(sent_back, lab.customer)
        assert late == good
        assert after > 1.0  # the lab's own client gives up after 2 tries of 0.5 s
        lab.clear()
        assert (await asyncio.to_thread(sent_back, lab.customer))[0] == good

    with_lab(story)


@pytest.mark.parametrize("system", ["cm1", "gw-east", "gw-west"])
def test_error_status_is_generr_for_every_question(system: str) -> None:
    async def story(lab: Lab, client: Client) -> None:
        lab.fault("error-status", system)
        assert (await client.get(system, SYS_DESCR))[:2] == ("", 5)
        lab.clear()
        assert (await client.get(system, SYS_DESCR))[:2] == ("", 0)

    with_lab(story)


def test_an_endless_table_goes_on_increasing_and_a_repeating_one_stays() -> None:
    async def story(lab: Lab, client: Client) -> None:
        assert len(await client.walk("gw-west", MODULE_TITLE)) == 2
        lab.fault("endless-table")
        endless = [name for name, _ in await client.walk("gw-west", MODULE_TITLE, most=400)]
        assert len(endless) >= 400
        assert all(before < after for before, after in pairwise(endless))
        lab.clear()
        lab.fault("repeating-table")
        repeated = [name for name, _ in await client.walk("gw-west", MODULE_TITLE, most=100)]
        assert len(set(repeated)) == 1
        lab.clear()
        assert len(await client.walk("gw-west", MODULE_TITLE)) == 2

    with_lab(story)


@pytest.mark.parametrize("system", ["gw-west", "gw-east"])
def test_a_reboot_restarts_the_uptime_and_counts_a_boot_for_a_client_that_kept_its_session(
    system: str,
) -> None:
    async def story(lab: Lab, client: Client) -> None:
        _, _, (uptime, boots) = await client.get(system, SYS_UPTIME, BOOTS)
        lab.fault("rebooted", system)
        for _ in range(2):  # a v3 client learns of the new boot by its first question
            indication, _, values = await client.get(system, SYS_UPTIME, BOOTS)
            if not indication:
                break
        assert int(values[0]) < 1000 < int(uptime)
        assert int(values[1]) == int(boots) + 1

    with_lab(story)


def test_a_rebooted_phone_system_records_the_restart() -> None:
    async def story(lab: Lab, client: Client) -> None:
        assert len(await client.walk("cm1", f"{G3}.38.6.1.6")) == 1
        lab.fault("rebooted", "cm1")
        lab.fault("rebooted", "cm1")
        assert len(await client.walk("cm1", f"{G3}.38.6.1.6")) == 3

    with_lab(story)


def test_a_taken_address_is_one_sentence_and_leaves_nothing_open() -> None:
    async def story(lab: Lab, _client: Client) -> None:
        customer = lab.customer
        with pytest.raises(AddressTaken, match=rf"UDP {model.NET}\.{OCTET}\.10:{customer.port}, .* cm1"):
            await Lab(octet=OCTET, port=customer.port).start()

    with_lab(story)


@pytest.mark.parametrize("program", ["snmpget", "snmpwalk", "snmpbulkwalk"])
@pytest.mark.parametrize("system", ["cm1", "gw-east", "gw-west"])
def test_net_snmp_reads_every_system(program: str, system: str) -> None:
    found = shutil.which(program) or pytest.skip(f"{program} is not installed: apt install snmp")
    v2c = f"-v2c -c {model.COMMUNITY}"
    v3 = f"-v3 -l authPriv -u {model.USER} -a SHA-256 -A {model.AUTH_PASSWORD}"
    v3 += f" -x AES -X {model.PRIVACY_PASSWORD}"

    async def story(lab: Lab, _client: Client) -> None:
        customer = lab.customer
        it = customer.system(system)
        what = SYS_DESCR if program == "snmpget" else "1.3.6.1.4.1.6889"
        process = await asyncio.create_subprocess_exec(
            found,
            *(v3 if it.version == "3" else v2c).split(),
            *("-m", "", "-On", f"{customer.address(it)}:{customer.port}", what),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output
        lines = [line for line in output.decode().splitlines() if line.startswith(".1.3")]
        head = oid(what)
        assert len(lines) == sum(key[: len(head)] == head for key in face(customer, it, NOW))

    with_lab(story)


# --- the site file and the place --------------------------------------------------------------------------


def test_the_site_file_is_a_valid_site_whose_systems_are_those_of_the_model(tmp_path: Path) -> None:
    path = write_site(tmp_path, web_port=1234, octet=OCTET, port=4321, ssh_port=4322)
    site = Site.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    customer = model.customer(NOW, octet=OCTET, port=4321)
    for simulated in customer.systems:
        system = site.system(simulated.name)
        assert str(system.address) == customer.address(simulated)
        assert system.snmp is not None
        assert (system.snmp.port, system.snmp.version) == (4321, simulated.version)
        name = "ssh" if isinstance(simulated, Gateway) else "sat"
        terminal = getattr(system, name)
        spoken = name in find_products()[system.product].polls  # else the site file would be refused
        assert (terminal is not None) == spoken
        if terminal is not None:
            assert (terminal.port, terminal.user) == (4322, model.USER)
        assert system.gateway_number == (simulated.number if isinstance(simulated, Gateway) else None)
    assert site.web.port == 1234
    assert [(group.number, group.use) for group in site.system("cm1").trunk_groups] == [(10, "internal")]


def test_secrets_are_for_their_owner_alone_and_stand_nowhere_in_the_site_file(tmp_path: Path) -> None:
    text = write_site(tmp_path).read_text(encoding="utf-8")
    credentials = list((tmp_path / "credentials").iterdir())
    assert {stat.S_IMODE(each.stat().st_mode) for each in credentials} == {0o600}
    assert len(credentials) == 4
    for each in credentials:
        assert each.read_text(encoding="utf-8").strip() not in text


def test_sockets_move_to_a_short_folder_where_the_labs_own_is_too_long_for_them(tmp_path: Path) -> None:
    assert Place(Path("/srv/x")).socket == Path("/srv/x/run/lab.sock")
    deep = Place(tmp_path / ("d" * 100))
    assert len(os.fsencode(deep.run / "control.sock")) <= 107
    assert deep.run != Place(tmp_path / ("e" * 100)).run


# --- the commands -----------------------------------------------------------------------------------------

STAND_IN = """
import os, signal, sys, time
mode, folder = sys.argv[1:]
open(os.path.join(folder, "daemon.pid"), "w").write(str(os.getpid()))
if mode == "misconfigured":
    print("site.yaml:3:1: zone: expected a time zone", file=sys.stderr)
    sys.exit(2)
if mode == "dying":
    print("out of luck", file=sys.stderr)
    sys.exit(3)
with open(os.path.join(folder, "log", "alert.log"), "a") as log:
    log.write("2026-11-20 17:03:00-06:00 MAJOR OPEN    TW-000001 cm1 half-capacity\\n")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(60)
"""
RUN = """
import sys
from pathlib import Path
from tests.lab.run import Setting, run
from tests.lab.place import CannotRun, Place
folder, octet, port, web, ssh, *command = sys.argv[1:]
try:
    sys.exit(run(Setting(Place(Path(folder)), int(octet), int(port), int(web), int(ssh)), command))
except CannotRun as sentence:
    print(sentence, file=sys.stderr)
    sys.exit(2)
"""


def free_web_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(what: str, holds: Callable[[], Any], patience: float = 15.0) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {patience:.0f} s: {what}")


def lab_command(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    place = ("--folder", str(folder)) if folder else ()
    return subprocess.run(
        [sys.executable, "-m", "tests.lab", *words, *place],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextmanager
def started(*command: str, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is not there any more after the block."""
    with output.open("ab") as file:
        process = subprocess.Popen([sys.executable, *command], cwd=CHECKOUT, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    where = ("--octet", str(OCTET), "--port", str(free_port()), "--ssh-port", str(free_ssh_port()))
    with started(
        "-m", "tests.lab", "serve", "--folder", str(folder), *where, output=folder.parent / "serve.txt"
    ) as process:
        eventually("the lab answers", lambda: lab_command("status", folder=folder).returncode == 0)
        yield process


@contextmanager
def running(folder: Path, mode: str = "well") -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """`lab run` with a stand-in for the daemon; gives the process and what it has shown so far."""
    stand_in, output = folder.parent / "stand_in.py", folder.parent / "run.txt"
    stand_in.write_text(STAND_IN, encoding="utf-8")
    where = (str(folder), str(OCTET), str(free_port()), str(free_web_port()), str(free_ssh_port()))
    daemon = (sys.executable, str(stand_in), mode, str(folder))
    with started("-c", RUN, *where, *daemon, output=output) as process:
        yield process, lambda: output.read_text(encoding="utf-8")


def daemon_pid(folder: Path) -> int:
    path = folder / "daemon.pid"
    return int(eventually("the daemon says its pid", lambda: path.exists() and path.read_text()))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_fault_clear_and_status_reach_the_running_lab(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    with serving(folder) as process:
        said = lab_command("fault", "garbage", "cm1", folder=folder)
        assert (said.returncode, said.stdout.startswith("garbage cm1: ")) == (0, True)
        status = lab_command("status", folder=folder).stdout
        assert str(process.pid) in status
        assert "garbage cm1, since " in status
        assert status.count("SSH, 0 logins, 0 refused, 0 sessions open") == 8  # mas1 has none
        assert lab_command("clear", folder=folder).stdout == "Cleared garbage cm1.\n"
        assert "No fault is set." in lab_command("status", folder=folder).stdout
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_mistakes_are_one_sentence_with_their_exit_code(tmp_path: Path) -> None:
    for words, code, sentence in (
        (("fault", "silnet"), 2, "There is no fault 'silnet': did you mean silent?\n"),
        (("fault", "silent"), 1, "No lab is running here: start one with `make run`"),
        (("clear",), 1, "No lab is running here"),
        (("status",), 1, "No lab is running here"),
    ):
        said = lab_command(*words, folder=tmp_path)
        assert (said.returncode, said.stdout) == (code, "")
        assert said.stderr.startswith(sentence)
        assert said.stderr.count("\n") == 1


def test_a_second_lab_in_one_place_names_the_first_and_one_after_kill_9_simply_runs(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    with serving(folder) as first:
        second = lab_command("serve", "--octet", str(OCTET), folder=folder)
        assert (second.returncode, f"process {first.pid}:" in second.stderr) == (2, True)
        first.kill()
        first.wait()
        with serving(folder) as third:
            assert third.poll() is None


def test_every_fault_is_in_the_table_that_faults_prints() -> None:
    printed = lab_command("faults").stdout
    assert all(f"{name}\t" in printed for name in FAULTS)


def test_run_shows_where_to_look_what_to_try_and_the_feed_and_stops_on_sigint(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    with running(folder) as (process, shown):
        eventually("a line of the alert log", lambda: "MAJOR OPEN    TW-000001" in shown())
        for line in (
            "/metrics",
            str(folder / "log" / "alert.log"),
            "lab fault ",
            "UDP 127.47.",
            "TCP 127.47.",
        ):
            assert line in shown()
        lab_command("fault", "silent", folder=folder)
        eventually("the fault in the feed", lambda: "LAB   FAULT   silent gw-west: " in shown())
        daemon = daemon_pid(folder)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert not alive(daemon)
        assert "\x1b" not in shown()


def test_kill_9_of_the_lab_leaves_no_daemon_behind(tmp_path: Path) -> None:
    with running(tmp_path / "lab") as (process, _shown):
        daemon = daemon_pid(tmp_path / "lab")
        process.kill()
        process.wait()
        eventually("the daemon is gone", lambda: not alive(daemon))


def test_a_daemon_that_was_killed_is_started_again_and_it_is_said(tmp_path: Path) -> None:
    with running(tmp_path / "lab") as (process, shown):
        first = daemon_pid(tmp_path / "lab")
        eventually("it is well", lambda: "TW-000001" in shown())
        os.kill(first, signal.SIGKILL)
        eventually("it is said", lambda: "was killed by signal 9; it is started again" in shown())
        eventually("there is another", lambda: daemon_pid(tmp_path / "lab") != first)
        assert process.poll() is None


def test_a_daemon_that_keeps_dying_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    with running(tmp_path / "lab", "dying") as (process, shown):
        assert process.wait(timeout=30) == 1
        assert shown().count("ended with code 3; it is started again") == 5
        assert "LAB   STOP    out of luck" in shown()


def test_a_daemon_that_refuses_its_configuration_ends_the_run_with_its_message(tmp_path: Path) -> None:
    with running(tmp_path / "lab", "misconfigured") as (process, shown):
        assert process.wait(timeout=30) == 2
        assert "site.yaml:3:1: zone: expected a time zone" in shown()


def test_a_taken_web_port_is_one_sentence(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        web_port = other.getsockname()[1]
        said = lab_command("run", "--octet", str(OCTET), "--web-port", str(web_port), folder=tmp_path / "lab")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"TCP 127.0.0.1:{web_port}, for the status page, cannot be used")
    assert said.stderr.count("\n") == 1
