"""The lab's SSH servers, seen by clients that are not ours: OpenSSH's, asyncssh's and a bare socket."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.lab import model
from tests.lab.keys import kept_keys, known_hosts, own_key, passing_keys
from tests.lab.lab import Lab
from tests.lab.model import AddressTaken, Gateway
from tests.lab.site import write_site
from tests.lab.systems import find_systems
from tests.watched import own_octet

CLAIM = own_octet()  # kept until this process ends
OCTET = CLAIM.__enter__()
SYSTEMS = ("cm1", "gw-east", "gw-west")
GATEWAYS = SYSTEMS[1:]
PATIENCE = 5.0  # seconds; more than anything here takes but what is late on purpose
CLIENT_LIMIT = 2.0  # what the site file of the lab gives an answer

OLD: dict[str, Any] = {
    "kex_algs": "+diffie-hellman-group14-sha1",
    "encryption_algs": "+aes128-cbc",
    "mac_algs": "+hmac-sha1",
    "server_host_key_algs": "+ssh-rsa",
}
OPENSSH_OLD = (
    "-oKexAlgorithms=+diffie-hellman-group14-sha1",
    "-oHostKeyAlgorithms=+ssh-rsa",
    "-oCiphers=+aes128-cbc",
    "-oMACs=+hmac-sha1",
)
TERMINAL_TYPE = "Terminal Type (513, 715, 4410, 4425, VT220, NTT, W2KTT, SUNT): [513] "
PAGER = "--type q to quit or space key to continue-- "

Story = Callable[[Lab], Coroutine[Any, Any, None]]


def with_lab(story: Story, **settings: Any) -> None:
    """Run a story with the SSH servers of a lab."""

    async def run() -> None:
        lab = Lab(octet=OCTET, **{"ssh_port": free_port(), **settings})
        async with AsyncExitStack() as running, asyncio.timeout(60):
            for server in lab.ssh.values():  # their SNMP takes a second to start, and is not asked
                await server.start()
                running.push_async_callback(server.stop)
            await story(lab)

    asyncio.run(run())


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind((f"{model.NET}.{OCTET}.10", 0))
        return int(probe.getsockname()[1])


class Line:
    """A terminal at a system, by asyncssh's client."""

    def __init__(self, process: asyncssh.SSHClientProcess[str], prompt: str) -> None:
        self.process = process
        self.prompt = prompt

    def send(self, text: str) -> None:
        self.process.stdin.write(text)

    async def heard(self, mark: str, patience: float = PATIENCE) -> str:
        """All that comes up to this pattern, it included."""
        text = ""
        async with asyncio.timeout(patience):
            while not re.search(mark, text):
                piece = await self.process.stdout.read(4096)
                assert piece, f"hung up after {text!r}"
                text += piece
        return text

    async def rest(self) -> str:
        """What comes until the other end hangs up."""
        text = ""
        async with asyncio.timeout(PATIENCE):
            try:
                while piece := await self.process.stdout.read(4096):
                    text += piece
            except (asyncssh.Error, ConnectionError):
                pass
        return text

    async def ask(self, what: str, *, patience: float = PATIENCE) -> list[str]:
        """The lines of an answer, without echo and end mark."""
        if self.prompt == "t":
            self.send(what + "\rt\r")
            said = await self.heard(r"(?:^|\n)t\n$", patience)
            return said.split("\n")[:-2]
        self.send(what + "\r")
        said = await self.heard(re.escape(self.prompt) + "$", patience)
        return said.removesuffix(self.prompt).split("\r\n")[1:-1]


def connect(lab: Lab, system: str, password: str | None = model.SSH_PASSWORD, **more: Any) -> Any:
    customer = lab.customer
    settings: dict[str, Any] = {"known_hosts": None, "config": None, "client_keys": None, "agent_path": None}
    settings |= {"username": model.USER, "password": password, "login_timeout": PATIENCE}
    settings |= OLD if system == "gw-west" else {}
    return asyncssh.connect(customer.address(customer.system(system)), customer.ssh_port, **(settings | more))


@asynccontextmanager
async def line_to(lab: Lab, system: str) -> AsyncIterator[Line]:
    """A terminal where a command can be given."""
    async with connect(lab, system) as connection, await shell(connection) as process:
        it = lab.customer.system(system)
        if isinstance(it, Gateway):
            line = Line(process, f"{it.model}-{it.number:03d}(super)# ")
            await line.heard(re.escape(line.prompt))
        else:
            line = Line(process, "t")
            await line.heard(re.escape(TERMINAL_TYPE))
            line.send("ossi4\r")
            await line.heard(r"\nt\n")
        yield line


async def shell(connection: asyncssh.SSHClientConnection) -> asyncssh.SSHClientProcess[str]:
    return await connection.create_process(term_type="vt100", encoding="latin-1")


async def until(holds: Callable[[], bool]) -> bool:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what the server counts has no event
            await asyncio.sleep(0.01)
    return True


# --- the OpenSSH client -----------------------------------------------------------------------------------


async def openssh(
    lab: Lab, folder: Path, system: str, typed: str, *options: str, password: str = model.SSH_PASSWORD
) -> tuple[int, str, str]:
    """Status, output and complaints of a session of OpenSSH's client that trusts the site's known_hosts."""
    program = shutil.which("ssh") or pytest.skip("ssh is not installed: apt install openssh-client")
    write_site(folder, octet=OCTET, port=lab.customer.port, ssh_port=lab.customer.ssh_port)
    teller = folder / "askpass"
    teller.write_text(f"#!/bin/sh\necho {password}\n")
    teller.chmod(0o700)
    options = (*(OPENSSH_OLD if system == "gw-west" and not options else ()), *options)
    process = await asyncio.create_subprocess_exec(
        *(program, "-F", "none", "-tt", "-p", str(lab.customer.ssh_port), "-l", model.USER),
        *(f"-oUserKnownHostsFile={folder / 'state' / 'known_hosts'}", "-oStrictHostKeyChecking=yes"),
        *("-oNumberOfPasswordPrompts=1", "-oGlobalKnownHostsFile=none", "-oUpdateHostKeys=no", *options),
        lab.customer.address(lab.customer.system(system)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SSH_ASKPASS": str(teller), "SSH_ASKPASS_REQUIRE": "force", "SSH_AUTH_SOCK": ""},
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate(typed.encode())
    return process.returncode or 0, out.decode("latin-1"), err.decode()


def with_kept_lab(folder: Path, story: Story) -> None:
    with_lab(story, keys=kept_keys(folder / "keys"))


def test_openssh_talks_to_the_sat_and_logs_off(tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        typed = "ossi4\rt\rclist trunk-group\rf800bff00\rt\rc logoff \rt\ry\r"
        status, out, err = await openssh(lab, tmp_path, "cm1", typed)
        assert status == 0, err
        assert TERMINAL_TYPE in out
        assert "\nTerminator received but no command active\nt\n" in out
        assert "f800bff00\nd1\nn\nd2\nn\nd3\nn\nd10\nt\n" in out
        assert out.index("Proceed With Logoff") < out.index("Connection closed")
        counts = lab.ssh["cm1"].counts
        assert (counts.logins, counts.open, counts.most, counts.logoffs) == (1, 0, 1, 1)

    with_kept_lab(tmp_path, story)


@pytest.mark.parametrize("system", GATEWAYS)
def test_openssh_talks_to_a_gateway_and_leaves(system: str, tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        status, out, err = await openssh(lab, tmp_path, system, "show faults\rexit\r")
        assert status == 0, err
        assert "(super)# show faults\r\nCURRENTLY ACTIVE FAULTS\r\n" in out
        assert "\r\nNo Fault Messages\r\n" in out
        assert (lab.ssh[system].counts.logins, lab.ssh[system].counts.open) == (1, 0)

    with_kept_lab(tmp_path, story)


def test_openssh_of_today_does_not_come_to_terms_with_the_old_gateway(tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        status, _, err = await openssh(lab, tmp_path, "gw-west", "", "-oKexAlgorithms=curve25519-sha256")
        assert (status, "no matching key exchange method found" in err) == (255, True)
        status, _, err = await openssh(lab, tmp_path, "gw-west", "", *OPENSSH_OLD[:1], *OPENSSH_OLD[2:])
        assert (status, "Their offer: ssh-rsa" in err) == (255, True)

    with_kept_lab(tmp_path, story)


def test_openssh_warns_of_a_changed_host_key_and_of_nothing_once_it_is_back(tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        for system in SYSTEMS:
            lab.fault("ssh-key-changed", system)
            status, _, err = await openssh(lab, tmp_path, system, "")
            assert (status, "REMOTE HOST IDENTIFICATION HAS CHANGED" in err) == (255, True), err
            assert lab.ssh[system].counts.logins == 0
        lab.clear()
        assert (await openssh(lab, tmp_path, "gw-east", "exit\r"))[0] == 0

    with_kept_lab(tmp_path, story)


@pytest.mark.parametrize("system", SYSTEMS)
def test_openssh_is_refused_with_another_password(system: str, tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        status, _, err = await openssh(lab, tmp_path, system, "", password="wrong")
        assert (status, "Permission denied" in err) == (255, True), err
        assert (lab.ssh[system].counts.logins, lab.ssh[system].counts.refusals) == (0, 1)

    with_kept_lab(tmp_path, story)


# --- logins and keys --------------------------------------------------------------------------------------


def test_each_system_offers_its_own_kind_of_login_and_of_algorithms() -> None:
    async def story(lab: Lab) -> None:
        for system, key, cipher in (
            ("cm1", "ecdsa-sha2-nistp256", None),
            ("gw-east", "ssh-ed25519", None),
            ("gw-west", "ssh-rsa", "aes128-cbc"),
        ):
            async with connect(lab, system) as connection:
                assert connection.get_server_host_key().get_algorithm() == key
                used = connection.get_extra_info("send_cipher")
                assert used == cipher if cipher else not used.endswith("-cbc")
            only = {"preferred_auth": "password" if system == "cm1" else "keyboard-interactive"}
            with pytest.raises(asyncssh.PermissionDenied):
                await connect(lab, system, **only)

    with_lab(story)


def test_the_phone_system_asks_for_a_password_by_its_name() -> None:
    prompts: list[str] = []

    class Asked(asyncssh.SSHClient):
        def kbdint_auth_requested(self) -> str:
            return ""

        def kbdint_challenge_received(
            self, _name: str, _text: str, _language: str, asked: Any
        ) -> list[str] | None:
            prompts.extend(prompt for prompt, _ in asked)
            return [model.SSH_PASSWORD for _ in asked]

    async def story(lab: Lab) -> None:
        async with connect(lab, "cm1", client_factory=Asked, password=None):
            pass

    with_lab(story)
    assert prompts == ["Password: "]


def test_host_keys_are_made_once_for_their_owner_alone_and_known_to_the_site(tmp_path: Path) -> None:
    first = kept_keys(tmp_path / "keys")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}
    passing_keys.cache_clear()  # as in a process to come
    second = kept_keys(tmp_path / "keys")
    assert {name: key.public_data for name, key in first.items()} == {
        name: key.public_data for name, key in second.items()
    }
    doors = sum(played.ssh is not None for played in find_systems().values())
    assert len({key.public_data for key in first.values()}) == 2 * doors  # its own and another
    write_site(tmp_path, octet=OCTET, ssh_port=4321)
    stored = (tmp_path / "state" / "known_hosts").read_text(encoding="ascii")
    customer = model.customer(model.utc_now(), octet=OCTET, ssh_port=4321)
    assert stored == known_hosts(customer, first)
    assert stored.splitlines()[1].startswith(f"[{model.NET}.{OCTET}.20]:4321 ssh-ed25519 AAAA")


def test_a_lab_that_is_started_again_in_its_folder_shows_the_host_keys_of_before(tmp_path: Path) -> None:
    port = free_port()
    stored = known_hosts(Lab(octet=OCTET, ssh_port=port).customer, kept_keys(tmp_path))

    async def story(lab: Lab) -> None:
        for system in SYSTEMS:
            async with connect(lab, system, known_hosts=asyncssh.import_known_hosts(stored)):
                pass

    for _ in range(2):
        passing_keys.cache_clear()  # as in a process to come
        with_lab(story, ssh_port=port, keys=kept_keys(tmp_path))


def test_keys_that_are_kept_nowhere_are_the_same_within_a_process() -> None:
    lab = Lab(octet=OCTET)
    assert own_key(passing_keys(), lab.customer.cm) is own_key(passing_keys(), lab.customer.cm)


def test_a_taken_ssh_address_is_one_sentence_and_leaves_nothing_open() -> None:
    async def story(lab: Lab) -> None:
        port = free_port(socket.SOCK_DGRAM)
        with pytest.raises(AddressTaken, match=rf"TCP {model.NET}\.{OCTET}\.10:\d+, .* cm1.* --ssh-port\."):
            await Lab(octet=OCTET, port=port, ssh_port=lab.customer.ssh_port).start()
        again = Lab(octet=OCTET, port=port, ssh_port=free_port())  # the first one's agents let go
        await again.start()
        await again.stop()

    with_lab(story)


# --- the SAT ----------------------------------------------------------------------------------------------


def test_the_sat_takes_three_terminal_types_and_says_t_when_it_is_up() -> None:
    async def story(lab: Lab) -> None:
        for kind in ("ossi4", "ossi", "ossi3"):
            async with connect(lab, "cm1") as connection, await shell(connection) as process:
                line = Line(process, "t")
                await line.heard(re.escape(TERMINAL_TYPE))
                line.send(f"sat\r{kind}\r")
                said = await line.heard(r"\nt\n")
                assert '"sat" is an invalid terminal' in said
                assert said.count(TERMINAL_TYPE) == 1

    with_lab(story)


def test_an_answer_has_at_most_five_fields_a_line_and_records_between_n() -> None:
    async def story(lab: Lab) -> None:
        lab.fault("alarm-major")
        async with line_to(lab, "cm1") as line:
            echo, *lines = await line.ask("cdisplay alarms")
            assert echo == "cdisplay alarms"
            assert [each[0] for each in lines] == list("ffffddddndddd")
            assert [each.count("\t") for each in lines if each[0] != "n"] == [4, 4, 4, 0] * 3
            assert lines[5].split("\t") == ["dIN", "", "", "07", "28"]

    with_lab(story)


def test_asked_fields_come_as_asked_over_several_lines_and_an_empty_list_is_fields_and_t() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "cm1") as line:
            lines = await line.ask("cstatus trunk 2\rf0003ff00\t0001ff00\rfbeefff00")
            assert lines[1] == "f0003ff00\t0001ff00\tbeefff00"
            assert lines[2] == "din-service/active\t0002/0001\t"
            for system in SYSTEMS:
                lab.fault("phones-lost", system)
            assert await line.ask("c list registered-ip-stations") == [
                "clist registered-ip-stations",
                "f6800ff00\t6d00ff00\t6d03ff00\t6d04ff00",
            ]

    with_lab(story)


def test_a_lone_t_a_wrong_command_and_an_unknown_record_are_answered_as_on_the_sat() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "cm1") as line:
            line.send("\rt\r")
            assert await line.heard(r"t\n$") == "Terminator received but no command active\nt\n"
            assert (await line.ask("clist nonsense"))[1:] == [
                'e1 00000000 0000 "nonsense" is an invalid entry; please press HELP'
            ]
            assert (await line.ask("clist trunk-group\rzwhatever\rf800bff00"))[1:3] == ["f800bff00", "d1"]
            line.send("t\r")  # what was asked is not asked again
            assert "no command active" in await line.heard(r"\nt\n$")

    with_lab(story)


def test_a_logoff_can_be_thought_better_of_and_newterm_asks_for_the_type_again() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "cm1") as line:
            line.send("clogoff\rt\r")
            await line.heard("Proceed With Logoff")
            line.send("n\r")
            await line.heard(r"t\n$")
            line.send("cnewterm\rt\r")
            await line.heard(re.escape(TERMINAL_TYPE))
            line.send("ossi\r")
            await line.heard(r"\nt\n$")
            assert lab.ssh["cm1"].counts.logoffs == 0
            line.send("clogoff\rt\ry\r")
            assert (await line.rest()).endswith("Connection closed\n")
        assert lab.ssh["cm1"].counts.logoffs == 1

    with_lab(story)


def test_open_sessions_and_the_most_at_once_are_counted() -> None:
    async def story(lab: Lab) -> None:
        counts = lab.ssh["cm1"].counts
        async with line_to(lab, "cm1"):
            async with line_to(lab, "cm1"):
                assert (counts.open, counts.most, counts.logins) == (2, 2, 2)
            assert await until(lambda: counts.open == 1)
        assert await until(lambda: counts.open == 0)
        assert (counts.most, counts.logoffs) == (2, 0)

    with_lab(story)


# --- a gateway's command line -----------------------------------------------------------------------------


def test_a_long_answer_has_pages_that_go_on_by_space_or_enter_and_end_by_q() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "gw-east") as line:
            for key, more in ((" ", True), ("\r", True), ("q", False)):
                line.send("show system\r")
                page = await line.heard(PAGER)
                assert page.count("\r\n") == 1 + 23  # the echo, and a screen of 24 less the pager
                line.send(key)
                rest = await line.heard(re.escape(line.prompt))
                assert rest.startswith("\r\x1b[K")
                assert ("FAN Tray" in rest) == more

    with_lab(story)


def test_a_short_answer_has_no_pager_and_an_empty_line_only_a_prompt() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "gw-west") as line:
            assert (await line.ask("show temp"))[2] == "Temperature : 29C (84F)"
            assert await line.ask("") == []
            assert await line.ask("show nonsense") == ["% Invalid command: show nonsense"]

    with_lab(story)


def test_a_fault_is_in_the_next_answer_and_its_end_too() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "gw-east") as line:
            lab.fault("gateway-unregistered")
            assert any("No controller found" in each for each in await line.ask("show faults"))
            lab.clear()
            assert "No Fault Messages" in await line.ask("show faults")

    with_lab(story)


# --- faults on the wire -----------------------------------------------------------------------------------


def first_words(lab: Lab, system: str, patience: float = 1.0) -> bytes | None:
    """What a bare connection is told first; None if it is told nothing, or there is no connection."""
    address = lab.customer.address(lab.customer.system(system)), lab.customer.ssh_port
    try:
        with socket.create_connection(address, patience) as line:
            return line.recv(4096)
    except TimeoutError:
        return None


async def asks(line: Line) -> list[str]:
    """Any question that this system can be asked."""
    return await line.ask("clist trunk-group" if line.prompt == "t" else "show temp")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_changed_password_refuses_ours_takes_the_new_one_and_ends_what_is_open(system: str) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, system) as line:
            lab.fault("ssh-refused", system)
            await line.rest()
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(lab, system)
        async with connect(lab, system, model.OTHER_SSH_PASSWORD):
            pass
        lab.clear()
        async with line_to(lab, system) as line:
            assert await asks(line)

    with_lab(story)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_locked_login_refuses_every_password_and_says_that_it_is_locked(system: str) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, system) as line:
            lab.fault("ssh-locked", system)
            await line.rest()
        for password in (model.SSH_PASSWORD, model.OTHER_SSH_PASSWORD):
            with pytest.raises(asyncssh.DisconnectError, match="Account locked"):
                await connect(lab, system, password)
        assert lab.ssh[system].counts.refusals == 2

    with_lab(story)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_changed_host_key_ends_what_is_open_and_is_another_key_of_the_same_kind(system: str) -> None:
    async def story(lab: Lab) -> None:
        trusted = asyncssh.import_known_hosts(known_hosts(lab.customer, passing_keys()))
        async with connect(lab, system, known_hosts=trusted) as connection:
            before = connection.get_server_host_key()
            lab.fault("ssh-key-changed", system)
            async with asyncio.timeout(PATIENCE):
                await connection.wait_closed()
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await connect(lab, system, known_hosts=trusted)
        async with connect(lab, system) as connection:
            after = connection.get_server_host_key()
            assert after.get_algorithm() == before.get_algorithm()
            assert after.public_data != before.public_data
        lab.clear()
        async with connect(lab, system, known_hosts=trusted):
            pass

    with_lab(story)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_slow_system_answers_after_the_clients_limit(system: str) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, system) as line:
            lab.fault("ssh-slow", system)
            began = time.monotonic()
            assert await asks(line)
            assert time.monotonic() - began > CLIENT_LIMIT
            lab.clear()
            began = time.monotonic()
            assert await asks(line)
            assert time.monotonic() - began < CLIENT_LIMIT

    with_lab(story)


@pytest.mark.parametrize("system", SYSTEMS)
def test_garbage_stands_where_the_banner_should(system: str) -> None:
    async def story(lab: Lab) -> None:
        assert (await asyncio.to_thread(first_words, lab, system) or b"").startswith(b"SSH-2.0-")
        async with line_to(lab, system) as line:
            lab.fault("ssh-garbage", system)
            await line.rest()
        told = await asyncio.to_thread(first_words, lab, system)
        assert told is not None
        assert (len(told), b"SSH-" in told) == (64, False)
        lab.clear()
        async with line_to(lab, system) as line:
            assert await asks(line)

    with_lab(story)


def test_a_babbling_sat_ends_its_answers_but_their_fields_fit_nothing() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "cm1") as line:
            lab.fault("ssh-babble", "cm1")
            _, *lines = await line.ask("clist trunk-group")
            fields = [fid for each in lines if each[0] == "f" for fid in each[1:].split("\t")]
            assert not all(re.fullmatch("[0-9a-f]{8}", fid) for fid in fields)
            assert {each.count("\t") + 1 for each in lines if each[0] == "d"} != {len(fields)}

    with_lab(story)


def test_a_babbling_command_line_says_nothing_that_belongs_to_its_answer() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "gw-east") as line:
            good = await line.ask("show temp")
            lab.fault("ssh-babble")
            assert set(await line.ask("show temp")).isdisjoint(good)
            lab.clear()
            assert await line.ask("show temp") == good

    with_lab(story)


@pytest.mark.parametrize("fault", ["ssh-silent", "silent"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_silent_system_says_nothing_to_who_comes_and_nothing_to_who_is_there(
    system: str, fault: str
) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, system) as line:
            lab.fault(fault, system)
            with pytest.raises(TimeoutError):
                await line.ask("t", patience=0.5)
            assert await asyncio.to_thread(first_words, lab, system, 0.5) is None
            lab.clear()
            await line.rest()  # a system that is back knows nothing of the session
        async with line_to(lab, system) as line:
            assert await asks(line)

    with_lab(story)


def test_a_dead_phone_system_is_silent_over_ssh_and_its_gateways_say_since_when() -> None:
    async def story(lab: Lab) -> None:
        lab.fault("cm-down")
        assert await asyncio.to_thread(first_words, lab, "cm1", 0.5) is None
        for system in GATEWAYS:
            async with line_to(lab, system) as line:
                assert any("+ No controller found, " in each for each in await line.ask("show faults"))

    with_lab(story)


@pytest.mark.parametrize("fault", ["snmp-silent", "credentials-refused", "garbage", "error-status"])
def test_a_fault_of_snmp_alone_leaves_ssh_as_it_was(fault: str) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "gw-east") as line:
            good = await line.ask("show faults")
            lab.fault(fault, "gw-east")
            assert lab.customer.trouble(lab.customer.system("gw-east")) or fault == "credentials-refused"
            assert await line.ask("show faults") == good

    with_lab(story)


def test_a_fault_of_ssh_alone_leaves_snmp_as_it_was() -> None:
    lab = Lab(octet=OCTET)
    for name in ("ssh-silent", "ssh-refused", "ssh-cut", "ssh-garbage"):
        lab.fault(name)
        assert lab.customer.trouble(lab.customer.system("gw-east")) is None


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_cut_answer_breaks_off_in_the_middle_with_its_connection(system: str) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, system) as line:
            whole = "\n".join(await asks(line))
            lab.fault("ssh-cut", system)
            line.send("clist trunk-group\rt\r" if system == "cm1" else "show temp\r")
            half = (await line.rest()).replace("\r", "").removeprefix("show temp\n")
            assert half
            assert whole.startswith(half[:-1])
            assert len(half) < len(whole)
        lab.clear()
        async with line_to(lab, system) as line:
            assert "\n".join(await asks(line)) == whole

    with_lab(story)


def test_a_sat_without_a_free_port_says_so_after_the_login_and_hangs_up() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "cm1") as line:
            lab.fault("sat-no-port")
            await line.rest()
        async with connect(lab, "cm1") as connection, await shell(connection) as process:
            assert await Line(process, "t").rest() == "Login resources unavailable\r\n"
        assert lab.ssh["cm1"].counts.logins == 2

    with_lab(story)


def test_a_busy_sat_and_a_busy_command_line_say_so_and_stay() -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, "cm1") as sat, line_to(lab, "gw-east") as cli:
            lab.fault("sat-busy")
            lab.fault("cli-busy")
            assert (await sat.ask("clist trunk-group"))[1:] == [
                "e1 00000000 0000 All maintenance resources busy"
            ]
            assert await cli.ask("show temp") == ["Processing another command please wait ..."]
            lab.clear()
            assert len(await sat.ask("clist trunk-group")) == 1 + 1 + 7
            assert (await cli.ask("show temp"))[0] == "Ambient"

    with_lab(story)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_restart_ends_the_sessions_and_the_next_one_is_well(system: str) -> None:
    async def story(lab: Lab) -> None:
        async with line_to(lab, system) as line:
            lab.fault("rebooted", system)
            await line.rest()
        assert await until(lambda: lab.ssh[system].counts.open == 0)
        async with line_to(lab, system) as line:
            assert await asks(line)

    with_lab(story)
