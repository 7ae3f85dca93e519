"""The look at certificates, on real TLS servers: Python's, OpenSSL's own, and what is no TLS server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import BadAnswer, Certificate, Pacing, TlsAnswer, Unreachable
from collectors.sessions.tls import TlsLine
from collectors.sessions.tls_certificate import certificate_of
from collectors.sessions.tls_wire import certificate_in
from tests import sip_servers
from tests.lab.router import Hole
from tests.sip_servers import free_port
from tests.tls_servers import NOW, context_of, self_made, serving

DNS, IP = x509.DNSName, x509.IPAddress


def line(*ports: int, name: str | None = None, timeout: float = 5.0, address: str = "127.0.0.1") -> TlsLine:
    pacing = Pacing(1, timedelta(0), timedelta(seconds=timeout), 1, timedelta(hours=1))
    return TlsLine(address=address, ports=ports, name=name, warn=timedelta(days=21), pacing=pacing)


def looked(to: TlsLine) -> tuple[TlsAnswer, ...]:
    return asyncio.run(to.look())


def test_a_port_shows_its_certificate_and_the_site_s_wishes_stand_beside_it(tmp_path: Path) -> None:
    made = self_made(tmp_path, names=[DNS("SBC.example.org"), IP(ip_address("192.0.2.7")), DNS("*.local")])
    with serving(context_of(made)) as port:
        to = line(port, name="SBC.Example.org")
        (answer,) = looked(to)
    told = answer.certificate
    assert told is not None
    assert told.names == ("sbc.example.org", "*.local", "192.0.2.7")
    assert told.subject == told.issuer == "O=Riverside,CN=sbc.example.org"
    assert (told.begins, told.ends) == (NOW - timedelta(days=30), NOW + timedelta(days=300))
    assert (answer.port, answer.expected, answer.warn) == (port, "sbc.example.org", timedelta(days=21))
    assert answer.said == ""
    assert 0 < answer.seconds < 5
    assert [(each.text, each.outcome) for each in to.questions] == [
        (f"TLS handshake with port {port}", told.subject)
    ]
    to.begin()
    assert to.questions == []


@pytest.mark.parametrize(
    ("common", "names", "told"),
    [
        ("sbc.example.org", [], ("sbc.example.org",)),
        ("192.0.2.7", [], ("192.0.2.7",)),
        ("2001:DB8::7", [], ("2001:db8::7",)),
        ("ignored.example", [IP(ip_address("2001:db8::7"))], ("2001:db8::7",)),
        ("Kept.example", [x509.RFC822Name("a@example.org")], ("kept.example",)),
        (None, [], ()),
    ],
)
def test_a_certificate_s_names_are_those_of_its_extension_or_else_its_common_name(
    tmp_path: Path, common: str | None, names: list[x509.GeneralName], told: tuple[str, ...]
) -> None:
    with serving(context_of(self_made(tmp_path, common=common, names=names))) as port:
        (answer,) = looked(line(port))
    assert answer.certificate is not None
    assert answer.certificate.names == told


@pytest.mark.parametrize(("begins", "ends"), [(-40, -1), (-1, 2), (5, 9)])
def test_what_holds_no_more_or_not_yet_is_shown_all_the_same(tmp_path: Path, begins: int, ends: int) -> None:
    moments = NOW + timedelta(days=begins), NOW + timedelta(days=ends)
    with serving(context_of(self_made(tmp_path, begins=moments[0], ends=moments[1]))) as port:
        (answer,) = looked(line(port))
    assert answer.certificate is not None
    assert (answer.certificate.begins, answer.certificate.ends) == moments


def test_a_certificate_without_an_end_is_read(tmp_path: Path) -> None:
    ends = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with serving(context_of(self_made(tmp_path, ends=ends))) as port:
        (answer,) = looked(line(port))
    assert answer.certificate is not None
    assert answer.certificate.ends == ends


def test_the_expected_name_is_told_to_the_server_and_an_address_is_not(tmp_path: Path) -> None:
    told: list[str | None] = []
    context = context_of(self_made(tmp_path))
    context.sni_callback = lambda _sock, name, _context: told.append(name)
    with serving(context) as port:
        for name in ("sbc.example.org", "192.0.2.7", None):
            looked(line(port, name=name))
    assert told == ["sbc.example.org", None, None]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_certificate_of_ours_has_shown_its_own(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    context = context_of(self_made(tmp_path))
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(context) as port:
        (answer,) = looked(line(port))
    assert answer.certificate is not None
    assert answer.certificate.names == ("sbc.example.org",)


def test_ipv6_is_looked_at_too(tmp_path: Path) -> None:
    try:
        free_port("::1")
    except OSError as problem:
        pytest.skip(f"this machine has no IPv6 loopback: {problem}")
    with serving(context_of(self_made(tmp_path)), "::1") as port:
        (answer,) = looked(line(port, address="::1"))
    assert answer.certificate is not None


# --- ports that show none ---------------------------------------------------------------------------------


def test_each_port_is_told_apart_in_the_order_of_the_site_file(tmp_path: Path) -> None:
    closed = free_port()
    with (
        sip_servers.tcp(lambda sock: sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as ssh,
        sip_servers.tcp(lambda sock: None) as hanging_up,
        sip_servers.tcp(
            lambda sock: [sock.recv(9) for _ in iter(lambda: sock.recv(999), b"")].clear()
        ) as mute,
        serving(context_of(self_made(tmp_path))) as good,
    ):
        to = line(ssh, closed, hanging_up, mute, good, timeout=0.6)
        answers = looked(to)
    assert [each.port for each in answers] == [ssh, closed, hanging_up, mute, good]
    assert [each.said for each in answers] == [
        "no TLS: wrong version number",
        "closed",
        "hung up in the TLS handshake",
        "takes connections, and ends no TLS handshake within 0.6 s",
        "",
    ]
    assert [each.certificate is None for each in answers] == [True] * 4 + [False]
    assert [each.text.split()[-1] for each in to.questions] == [str(each.port) for each in answers]


def test_many_silent_ports_beside_one_that_answers_take_their_timeouts_side_by_side(tmp_path: Path) -> None:
    with ExitStack() as stack:
        holes = [stack.enter_context(dropping()) for _ in range(7)]
        good = stack.enter_context(serving(context_of(self_made(tmp_path))))
        begun = time.monotonic()
        answers = looked(line(*holes, good, timeout=0.5))
        assert time.monotonic() - begun < 3  # one after the other they would be 3.5 s
    assert [each.said for each in answers] == ["no answer within 0.5 s"] * 7 + [""]


def test_a_device_of_which_no_port_answers_is_unreachable() -> None:
    with (
        dropping() as one,
        dropping() as two,
        pytest.raises(Unreachable, match=rf"ports {one}, {two}: no answer within 0\.4 s"),
    ):
        looked(line(one, two, timeout=0.4))
    with pytest.raises(Unreachable, match="Network is unreachable"):
        looked(line(443, address="224.0.0.1"))


def test_a_device_that_refuses_every_port_is_there() -> None:
    assert [each.said for each in looked(line(free_port()))] == ["closed"]


def test_what_this_machine_cannot_ask_says_nothing_about_the_device() -> None:
    with pytest.raises(BadAnswer, match="TLS handshake with port 443: this machine: "):
        looked(line(443, address="fe80::1"))


def test_a_look_that_is_cancelled_leaves_no_socket_behind() -> None:
    async def story(port: int) -> None:
        task = asyncio.create_task(line(port, timeout=60).look())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with dropping() as port:
        asyncio.run(story(port))  # a socket left open would be a ResourceWarning, an error here


@contextmanager
def dropping() -> Iterator[int]:
    """A port whose connections are dropped, as a lost path does."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        with closing(Hole(sock.getsockname())):
            yield sock.getsockname()[1]


# --- OpenSSL's own server, with what only old systems still have ------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        ("-tls1_3",),
        ("-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"),
        ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_2", "-Verify", "1"),  # wants a certificate of ours, and has none of it
    ],
    ids=" ".join,
)
def test_what_this_openssl_can_still_speak_is_looked_at(tmp_path: Path, how: tuple[str, ...]) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    made = tmp_path / "old.pem"
    options = ["-newkey", "rsa:1024", "-sha1", "-nodes", "-days", "9", "-subj", "/CN=Old.example"]
    command = [program, "req", "-x509", *options, "-keyout", str(made), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    port = free_port()
    command = [program, "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", "-key", str(made)]
    command += ["-cert", str(tmp_path / "cert.pem"), *how]
    if "SECLEVEL" not in "".join(how):
        command += ["-cipher", "ALL:@SECLEVEL=0"]  # of a certificate with a short key and SHA-1
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as it:
        try:
            answer = _patiently(port)
        finally:
            it.kill()
    assert answer.certificate is not None, answer.said
    assert answer.certificate.names == ("old.example",)


def _patiently(port: int) -> TlsAnswer:
    """The look, as soon as the program listens."""
    ends = time.monotonic() + 10
    while True:
        (answer,) = looked(line(port))
        if answer.said != "closed" or time.monotonic() > ends:
            return answer
        time.sleep(0.05)


# --- a handshake and a certificate taken apart ------------------------------------------------------------


def record(content: bytes) -> bytes:
    return b"\x16\x03\x03" + len(content).to_bytes(2, "big") + content


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_a_certificate_is_found_however_the_handshake_is_cut_into_records(cuts: list[int]) -> None:
    shown = b"DER" * 20
    certificates = len(shown).to_bytes(3, "big") + shown
    told = message(2, b"hello") + message(11, len(certificates).to_bytes(3, "big") + certificates)
    told += message(14, b"")
    places = sorted({0, *(min(cut, len(told)) for cut in cuts), len(told)})
    records = b"".join(record(told[a:b]) for a, b in zip(places, [*places[1:], len(told)], strict=True))
    assert certificate_in(records) == shown
    assert certificate_in(b"\x15\x03\x03\x00\x02\x01\x70" + records) == shown  # after a warning
    assert certificate_in(records[:60]) is None


@given(octets=st.binary(max_size=200) | st.binary(max_size=200).map(record))
def test_whatever_comes_in_a_handshake_is_a_certificate_or_none(octets: bytes) -> None:
    found = certificate_in(octets)
    assert found is None or found in octets


def read_or_not(octets: bytes) -> Certificate | None:
    """The certificate, None where it cannot be read; any other exception is a defect."""
    try:
        return certificate_of(octets)
    except ValueError:
        return None


@given(octets=st.binary(max_size=300))
def test_what_is_no_certificate_cannot_be_read(octets: bytes) -> None:
    assert read_or_not(octets) is None


@pytest.fixture(scope="module")
def der(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    names = [DNS("sbc.example.org"), IP(ip_address("192.0.2.7")), DNS("*.local")]
    made = self_made(tmp_path_factory.mktemp("certificates"), names=names)
    return x509.load_pem_x509_certificate(made.read_bytes()).public_bytes(Encoding.DER)


@settings(max_examples=400)
@given(changes=st.dictionaries(st.integers(0, 300), st.integers(0, 255), max_size=4))
def test_a_damaged_certificate_is_read_or_not(der: bytes, changes: dict[int, int]) -> None:
    octets = bytearray(der)
    for place, octet in changes.items():
        octets[place % len(octets)] = octet
    told = read_or_not(bytes(octets))
    assert told is None or all(name.isprintable() for name in (told.subject, told.issuer, *told.names))


def test_a_certificate_of_a_version_that_never_was_cannot_be_read(der: bytes) -> None:
    spoilt = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
    assert spoilt != der
    assert read_or_not(spoilt) is None


def test_names_that_nobody_can_read_leave_the_common_name(der: bytes) -> None:
    spoilt = der.replace(b"\x82\x0fsbc.example.org", b"\x87\x0fsbc.example.org")  # an address of 15 octets
    assert spoilt != der
    assert certificate_of(spoilt).names == ("sbc.example.org",)
