"""The systems beside the phone system and its gateways: their faces agree, and both ends of a link tell it.

What the agent makes of them is in test_end_to_end.py.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import asyncssh
import pytest
from cryptography import x509

from collectors.base import Findings, Own, Pacing, SatAnswer, ShellAnswer, Told
from collectors.host import shell
from collectors.products import find_products
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from tests.lab import model, sat
from tests.lab.cells import Face, Oid, oid, text_index
from tests.lab.faces import face
from tests.lab.faults import FAULTS, SetFault, UnknownFault
from tests.lab.lab import Lab
from tests.lab.linux_host import Host
from tests.lab.model import Customer
from tests.lab.played import Moment
from tests.lab.sip_server import SIP_PORT, SIPS_PORT
from tests.lab.systems import find_systems
from tests.watched import own_octet

NOW = datetime(2026, 11, 20, 23, 2, tzinfo=UTC)
CLAIM = own_octet()  # kept until this process ends
OCTET = CLAIM.__enter__()
OTHERS = sorted(find_systems().keys() - {*model.BRANCHES})
HOSTS = sorted(name for name in OTHERS if (door := find_systems()[name].ssh) and door.run is not None)
AES = "1.3.6.1.4.1.6889.2.27.2.1"


def customer(*faults: str) -> Customer:
    """All of the customer, with these faults where they are usually set."""
    every = (SetFault(FAULTS[name], FAULTS[name].systems[0], NOW) for name in faults)
    return reduce(lambda whole, fault: fault.apply(whole), every, model.customer(NOW, systems=None))


def told(whole: Customer, system: str, dotted: str, *index: int) -> Any:
    return face(whole, whole.system(system), NOW)[(*oid(dotted), *index)]


def asked(whole: Customer, command: str) -> tuple[tuple[str, ...], ...]:
    answered = sat.answer(whole, command, (), NOW)
    assert isinstance(answered, sat.Fields), answered
    return answered.records


def test_a_system_is_played_by_its_file_alone() -> None:
    systems = model.customer(NOW, systems=None).systems
    assert {system.name for system in systems} == find_systems().keys()
    assert len({system.host for system in systems}) == len(systems)
    assert {played.product for played in find_systems().values()} <= find_products().keys()
    assert [system.name for system in model.customer(NOW).systems] == [*model.BRANCHES]


def test_a_fault_of_a_system_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownFault, match="there is no aes1 here"):
        Lab(octet=OCTET).fault("aes-down")


def test_every_fault_leaves_the_whole_customer_as_it_was() -> None:
    lab = Lab(octet=OCTET, now=lambda: NOW, systems=None)
    before = lab.customer
    for fault in (fault for fault in FAULTS.values() if fault.lasting):
        for system in fault.systems:
            lab.fault(fault.name, system)
            assert lab.customer != before, fault.name
            lab.clear()
            assert lab.customer == before


# --- links, and who tells of them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "states", "links", "connection"),
    [
        ("", ["established", "established"], 1, 2),
        ("cti-link-down", ["down", "established"], 1, 2),
        ("aes-service-stopped", ["down", "established"], 1, 2),
        ("aes-switch-connection-lost", ["down", "down"], 0, 1),
        ("aes-down", ["down", "down"], 0, 1),
        ("cm-down", ["down", "down"], 0, 1),
    ],
)
def test_both_ends_tell_of_the_cti_links(fault: str, states: list[str], links: int, connection: int) -> None:
    whole = customer(*filter(None, [fault]))
    assert [row[4] for row in asked(whole, "status aesvcs cti-link")] == states
    assert len(asked(whole, "status aesvcs link")) == links
    assert told(whole, "aes1", f"{AES}.1.7.1.4", *text_index("CMMAIN")) == connection
    assert told(whole, "aes1", f"{AES}.1.6.1.5", 1) == connection


def test_a_stopped_service_and_a_licence_error_stand_in_their_own_places() -> None:
    stopped, expired = customer("aes-service-stopped"), customer("aes-licence-error")
    assert [told(stopped, "aes1", f"{AES}.3.{n}.0") for n in (2, 3, 8, 21)] == [3, 4, 0, 0]
    assert [told(expired, "aes1", f"{AES}.3.{n}.0") for n in (2, 3, 8, 21)] == [2, 3, 14, 8]
    assert [told(stopped, "aes1", f"{AES}.5.{n}.0") for n in (2, 3)] == [2, 3]


@pytest.mark.parametrize(("fault", "up"), [("", True), ("cms-link-down", False), ("cms-down", False)])
def test_both_ends_tell_of_the_link_to_the_cms(fault: str, up: bool) -> None:
    whole = customer(*filter(None, [fault]))
    ((_, session, *_rest),) = asked(whole, "status processor-channels 1")
    assert session == ("data transfer" if up else "out of order")
    connections = program(whole, "cms1", "cat /proc/net/tcp")
    assert (" 01 " in connections) is up
    channels = "1.3.6.1.4.1.6889.2.8.1.144.6.1"
    assert [told(whole, "cm1", f"{channels}.{n}", 1) for n in (2, 3, 8)] == ["y", "mis", "cms-main"]


def test_consoles_are_told_one_by_one() -> None:
    for fault, states in (
        (None, ["in-service/active"] * 2),
        ("one-attendant-out", ["out-of-service", "in-service/active"]),
        ("attendant-out", ["out-of-service"] * 2),
    ):
        whole = customer(*([fault] if fault else []))
        assert [asked(whole, f"status attendant {n}")[0][1] for n in (1, 2)] == states
    assert sat.answer(whole, "status attendant 3", (), NOW) == "Attendant console not assigned"
    assert sat.answer(whole, "status attendant x", (), NOW) == '"x" is an invalid entry; please press HELP'


def test_voicemail_is_lost_by_its_trunks_and_tells_a_stopped_service_itself() -> None:
    for fault in ("voicemail-stopped", "voicemail-links-lost"):
        whole = customer(fault)
        assert {row[2] for row in asked(whole, "status trunk 10")} == {"out-of-service"}
        assert {row[2] for row in asked(whole, "status trunk 1")} != {"out-of-service"}
        level = told(whole, "mas1", "1.3.6.1.4.1.6889.2.3.3.4.0")
        assert level == (3 if fault == "voicemail-stopped" else 0)


def test_a_customer_without_these_systems_tells_of_none() -> None:
    small = model.customer(NOW)
    assert asked(small, "status aesvcs cti-link") == asked(small, "status aesvcs link") == ()
    assert sat.answer(small, "status processor-channels 1", (), NOW) == "Processor channel not assigned"
    assert not [key for key in face(small, small.cm, NOW) if key[:12] == oid("1.3.6.1.4.1.6889.2.8.1.144")]


def test_three_restarts_at_once_are_three_records_of_one_minute_to_come() -> None:
    whole = customer("cm-restarting")
    records = column(face(whole, whole.cm, NOW), "1.3.6.1.4.1.6889.2.8.1.38.6.1.6")
    new = [index for index, level in records.items() if level == "COLD-2"]
    assert new == [(11, 20, 17, 3, n) for n in (1, 2, 3)]  # 23:02 UTC, and a minute more


def column(answers: Face, dotted: str) -> dict[Oid, Any]:
    head = oid(dotted)
    return {key[len(head) :]: value for key, value in answers.items() if key[: len(head)] == head}


def with_lab(story: Callable[[Lab], Any]) -> None:
    async def run() -> None:
        lab = Lab(octet=OCTET, systems=None)
        await lab.start()
        try:
            await story(lab)
        finally:
            await lab.stop()

    asyncio.run(run())


# --- hosts ------------------------------------------------------------------------------------------------


def program(whole: Customer, system: str, command: str, now: datetime = NOW) -> str:
    door = find_systems()[system].ssh
    assert door is not None
    assert door.run is not None
    ran = door.run(Moment(system, lambda: whole, lambda: now), command)
    assert (ran.status, ran.errors) == (0, "")
    return ran.text


async def by_snmp(lab: Lab, system: str) -> dict[str, tuple[Any, ...]]:
    whole = lab.customer
    product = find_products()[find_systems()[system].product]
    poll = product.polls_of(Own({"processes": _programs(whole, system)}))["snmp"]
    line = SnmpLine(
        address=whole.address(whole.system(system)),
        port=whole.port,
        credentials=Credentials(version="2c", community=model.COMMUNITY),
        pacing=Pacing(20, timedelta(0), timedelta(seconds=2), 2, timedelta(minutes=1)),
        lanes=Lanes(),
    )
    try:
        return _parts(poll.read(await poll.ask(line), NOW))
    finally:
        await line.close()


def by_ssh(whole: Customer, system: str) -> dict[str, tuple[Any, ...]]:
    answers: dict[str, ShellAnswer] = {}
    for command in shell.COMMANDS:
        if command.startswith("/usr/sbin/ntpq"):
            continue
        later = NOW + timedelta(seconds=1 if command == shell.CPU_LAST else 0)
        answers[command] = ShellAnswer(command, program(whole, system, command, later))
    found = shell.read(Told(answers), NOW, Own({"processes": _programs(whole, system)}), {})
    return _parts(found)


def _programs(whole: Customer, system: str) -> tuple[str, ...]:
    host = whole.system(system)
    assert isinstance(host, Host)
    return host.programs


def _parts(found: Findings) -> dict[str, tuple[Any, ...]]:
    """What both protocols tell of a host, by the names of its parts."""
    return {
        part.component: (part.unread, part.lost, part.used, part.limit, part.detail)
        for part in found.observations
        if part.component.partition(" ")[0] in ("cpu", "memory", "disk", "process")
        and part.component != "dmcc memory"
    }


def test_a_host_tells_over_ssh_what_its_agent_tells_over_snmp() -> None:
    async def story(lab: Lab) -> None:
        for system in HOSTS:
            parts = by_ssh(lab.customer, system)
            assert parts == await by_snmp(lab, system)
            assert {name.partition(" ")[0] for name in parts} == {"cpu", "memory", "disk", "process"}
            assert not any(unread or lost for unread, lost, *_ in parts.values())
        lab.fault("cms-disk-full")
        parts = by_ssh(lab.customer, "cms1")
        assert parts == await by_snmp(lab, "cms1")
        assert [name for name, (unread, lost, *_) in parts.items() if unread or lost] == ["disk /cms"]

    with_lab(story)


# --- on the wire ------------------------------------------------------------------------------------------


def test_a_host_runs_single_programs_over_ssh_and_says_what_it_has_not() -> None:
    async def story(lab: Lab) -> None:
        address = lab.customer.address(lab.customer.system("aes1"))
        async with asyncssh.connect(
            address,
            lab.customer.ssh_port,
            username=model.USER,
            password=model.SSH_PASSWORD,
            known_hosts=None,
        ) as connection:
            told = await connection.run("/opt/mvap/bin/swversion")
            assert (told.exit_status, told.stderr) == (0, "")
            assert str(told.stdout).startswith("Version: 8.1.3")
            missing = await connection.run("reboot now")
            assert (missing.exit_status, missing.stdout) == (127, "")
            assert missing.stderr == "bash: reboot: command not found\n"
        assert lab.ssh["aes1"].counts.commands == 2

    with_lab(story)


OPTIONS = (
    "OPTIONS sip:{host} SIP/2.0\r\n"
    "Via: SIP/2.0/{over} 127.0.0.1;branch=z9hG4bK7;rport\r\n"
    "From: <sip:lab@127.0.0.1>;tag=1\r\nTo: <sip:{host}>\r\n"
    "Call-ID: 7@lab\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


async def options(host: str, over: str) -> str:
    """The answer to one OPTIONS. Raises TimeoutError."""
    question = OPTIONS.format(host=host, over=over).encode()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(2):
        if over == "UDP":
            heard: asyncio.Future[bytes] = loop.create_future()

            class Ear(asyncio.DatagramProtocol):
                def datagram_received(self, data: bytes, addr: Any) -> None:
                    heard.set_result(data)

            mouth, _ = await loop.create_datagram_endpoint(Ear, remote_addr=(host, SIP_PORT))
            try:
                mouth.sendto(question)
                return (await heard).decode()
            finally:
                mouth.close()
        port, context = (SIPS_PORT, _anybody()) if over == "TLS" else (SIP_PORT, None)
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        try:
            writer.write(question)
            return (await reader.readuntil(b"\r\n\r\n")).decode()
        finally:
            writer.close()


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.parametrize("over", ["UDP", "TCP", "TLS"])
def test_a_sip_port_answers_options_and_a_dead_system_says_nothing_on_it(over: str) -> None:
    async def story(lab: Lab) -> None:
        host = lab.customer.address(lab.customer.system("sbce1"))
        said = await options(host, over)
        head, *lines = said.split("\r\n")
        assert head == "SIP/2.0 200 OK"
        assert {"CSeq: 1 OPTIONS", "Call-ID: 7@lab", f"To: <sip:{host}>;tag=lab"} <= {*lines}
        lab.fault("sbce-down")
        with pytest.raises(TimeoutError):
            await options(host, over)
        lab.clear()
        assert (await options(host, over)).startswith("SIP/2.0 200 OK")

    with_lab(story)


async def ends(host: str) -> datetime:
    """The end of the certificate that is shown there."""
    _, writer = await asyncio.open_connection(host, SIPS_PORT, ssl=_anybody())
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        made = x509.load_der_x509_certificate(shown)
        assert made.not_valid_before_utc < datetime.now(UTC)
        return made.not_valid_after_utc
    finally:
        writer.close()


def test_a_certificate_that_is_about_to_end_is_shown_to_who_comes_next() -> None:
    async def story(lab: Lab) -> None:
        host = lab.customer.address(lab.customer.system("sbce1"))
        now = datetime.now(UTC)
        assert await ends(host) - now > timedelta(days=365)
        lab.fault("sbce-certificate-expiring")
        assert timedelta(days=9) < await ends(host) - now < timedelta(days=11)
        lab.clear()
        assert await ends(host) - now > timedelta(days=365)

    with_lab(story)


def test_the_cm_reads_back_what_the_lab_tells_of_links_and_consoles() -> None:
    whole = customer("cti-link-down", "one-attendant-out", "cms-link-down")
    commands = ["display alarms", "list trunk-group", "status media-gateways", "list registered-ip-stations"]
    commands += [f"status trunk {group.number}" for group in whole.cm.trunk_groups]
    commands += ["status aesvcs cti-link", "status aesvcs link", "list survivable-processor"]
    commands += ["status attendant 1", "status attendant 2", "status processor-channels 1"]
    answers: dict[str, SatAnswer] = {}
    for command in commands:
        answered = sat.answer(whole, command, (), NOW)
        assert isinstance(answered, sat.Fields), answered
        answers[command] = SatAnswer(command, answered.fids, answered.records)
    found = find_products()["communication_manager"].polls["sat"].read(Told(answers), NOW)
    lost = {
        part.component: (part.lost, part.to)
        for part in found.observations
        if part.role in ("integration", "attendant")
    }
    assert lost == {
        "cti-link 1": (1, "aesserver1"),
        "cti-link 2": (0, "aesserver1"),
        "aes-link aesserver1": (0, "aesserver1"),
        "processor-channel 1": (1, None),
        "attendant 1": (1, None),
        "attendant 2": (0, None),
    }
