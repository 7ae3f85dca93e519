"""The SIP line on real sockets: SIPp that answers, and crafted servers that lose, stray, cut up and lie."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.base import BadAnswer, Pacing, SipAnswer, SipTransport, Unreachable
from collectors.sessions.sip import SipLine
from tests import sip_servers
from tests.certificates import Authority
from tests.lab.router import Hole
from tests.sip_servers import answer, free_port, request_of, sipp


def line(
    port: int,
    transport: SipTransport = "udp",
    timeout: float = 5.0,
    address: str = "127.0.0.1",
    domain: str | None = None,
) -> SipLine:
    pacing = Pacing(1, timedelta(0), timedelta(seconds=timeout), 1, timedelta(minutes=1))
    return SipLine(address=address, port=port, transport=transport, domain=domain, pacing=pacing)


def asked(to: SipLine) -> SipAnswer:
    return asyncio.run(to.options())


# --- SIPp, which shares nothing with us -------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    "said", ["200 OK", "404 Not Found", "483 Too Many Hops", "503 Service Unavailable", "401 Unauthorized"]
)
def test_whatever_a_listener_says_proves_it(tmp_path: Path, said: str, transport: SipTransport) -> None:
    with sipp(tmp_path, said, transport) as port:
        to = line(port, transport)
        told = asked(to)
        again = asked(to)
    assert f"{told.status} {told.reason}" == said
    assert told.server == "Avaya-SBCE-of-a-test"
    assert 0 < told.seconds < 5
    assert again.status == told.status
    assert [(each.text, each.outcome) for each in to.questions] == [
        (f"OPTIONS to port {port} over {transport.upper()}", said)
    ] * 2
    to.begin()
    assert to.questions == []


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_listener_is_asked_over_ipv6_too(tmp_path: Path, transport: SipTransport) -> None:
    try:
        free_port("::1")
    except OSError as problem:
        pytest.skip(f"this machine has no IPv6 loopback: {problem}")
    with sipp(tmp_path, "200 OK", transport, "::1") as port:
        assert asked(line(port, transport, address="::1")).status == 200


# --- UDP --------------------------------------------------------------------------------------------------


def test_a_lost_datagram_is_no_silence_and_the_request_is_repeated_unchanged() -> None:
    with sip_servers.udp(lambda n, octets: [answer(octets)] if n == 3 else []) as (port, heard):
        begun = time.monotonic()
        assert asked(line(port)).status == 200
        assert 1.5 <= time.monotonic() - begun < 4  # after 0.5 s, and a second after that
    assert heard[0] == heard[1] == heard[2]


def test_a_provisional_answer_is_an_answer() -> None:
    with sip_servers.udp(lambda _, octets: [answer(octets, "100 Trying")]) as (port, heard):
        assert asked(line(port)).status == 100
    assert len(heard) == 1


def test_the_domain_stands_in_the_request_and_the_address_is_asked() -> None:
    with sip_servers.udp(lambda _, octets: [answer(octets)]) as (port, heard):
        asked(line(port, domain="sip.example.org"))
    assert heard[0].startswith(f"OPTIONS sip:sip.example.org:{port};transport=udp SIP/2.0\r\n".encode())


def test_strays_are_passed_over() -> None:
    def talk(_: int, octets: bytes) -> list[bytes]:
        other = answer(octets, Via="SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKother")
        return [b"\r\n\r\n", b"no SIP at all", octets, other, answer(octets, Call_ID="x"), answer(octets)]

    with sip_servers.udp(talk) as (port, _):
        assert asked(line(port)).status == 200


def test_answers_to_another_question_alone_are_silence() -> None:
    other = "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKother"
    with (
        sip_servers.udp(lambda _, octets: [answer(octets, Via=other)]) as (port, _),
        pytest.raises(Unreachable, match=r"no answer within 0\.7 s"),
    ):
        asked(line(port, timeout=0.7))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_flood_of_strays_ends_with_the_timeout_and_holds_up_nobody(transport: SipTransport) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    async def story(port: int) -> None:
        beside = asyncio.create_task(others())
        with pytest.raises(Unreachable):
            await line(port, transport, timeout=0.7).options()
        beside.cancel()

    def stray(octets: bytes) -> bytes:
        return answer(octets, Call_ID="another")

    def talk(sock: socket.socket) -> None:
        flood = stray(request_of(sock)) * 200
        while True:
            sock.sendall(flood)  # until we hang up

    with ExitStack() as stack:
        if transport == "udp":
            port, _ = stack.enter_context(sip_servers.udp(lambda _, octets: [stray(octets)] * 2000))
        else:
            port = stack.enter_context(sip_servers.tcp(talk))
        begun = time.monotonic()
        asyncio.run(story(port))
        assert time.monotonic() - begun < 5
    assert turns > 5


def test_a_datagram_of_somebody_else_is_not_heard() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))

        def talk(_: int, octets: bytes) -> list[bytes]:
            via = octets.decode().split("Via: SIP/2.0/UDP 127.0.0.1:")[1]
            other.sendto(answer(octets, "200 Not Mine"), ("127.0.0.1", int(via.split(";")[0])))
            return [answer(octets, "486 Mine")]

        with sip_servers.udp(talk) as (port, _):
            assert asked(line(port)).reason == "Mine"


def test_an_answer_that_is_no_sip_is_quoted() -> None:
    with sip_servers.udp(lambda _, _octets: [b"\x80who is\nthere? " * 50]) as (port, _):
        to = line(port, timeout=0.7)
        with pytest.raises(BadAnswer, match=r"no SIP: '.who is there") as told:
            asked(to)
    assert len(told.value.detail) <= 80
    assert [each.outcome for each in to.questions] == [told.value.detail]


def test_a_huge_answer_over_udp_is_read() -> None:
    with sip_servers.udp(lambda _, octets: [answer(octets, "200 OK", "X: " + "y" * 60_000)]) as (port, _):
        assert asked(line(port)).status == 200


def test_silence_is_unreachable_after_the_timeout() -> None:
    with sip_servers.udp(lambda *_: []) as (port, heard):
        to = line(port, timeout=0.7)
        begun = time.monotonic()
        with pytest.raises(Unreachable, match=r"OPTIONS to port \d+ over UDP: no answer within 0\.7 s"):
            asked(to)
        assert 0.7 <= time.monotonic() - begun < 5
    assert len(heard) == 2
    assert [each.outcome for each in to.questions] == ["no answer within 0.7 s"]


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_port_on_which_nobody_listens_is_unreachable_at_once(transport: SipTransport) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="refused: nothing listens there"):
        asked(line(free_port(transport=transport), transport, timeout=20))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_what_this_machine_cannot_ask_says_nothing_about_the_device(transport: SipTransport) -> None:
    with pytest.raises(BadAnswer, match="this machine: "):
        asked(line(5060, transport, address="fe80::1"))


def test_a_network_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="Network is unreachable"):
        asked(line(5060, "tcp", address="224.0.0.1"))


def test_a_question_that_is_cancelled_leaves_no_socket_behind() -> None:
    async def story(port: int) -> None:
        task = asyncio.create_task(line(port, timeout=60).options())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with sip_servers.udp(lambda *_: []) as (port, _):
        asyncio.run(story(port))  # a socket left open would be a ResourceWarning, an error here


def hanging_up(sock: socket.socket) -> None:
    request_of(sock)


def silent(sock: socket.socket) -> None:
    request_of(sock)
    sock.recv(1)  # until we hang up


# --- TCP --------------------------------------------------------------------------------------------------


def test_an_answer_in_pieces_behind_strays_is_read() -> None:
    def talk(sock: socket.socket) -> None:
        request = request_of(sock)
        stray = answer(request, "200 Other", Call_ID="another", body=b"SIP/2.0 500 no head\r\n\r\n")
        ours = answer(request, "488 Ours", body=b"x" * 100)
        for octet in b"\r\n\r\n" + request + stray + ours[:-90]:  # its body never ends: nobody waits for it
            sock.sendall(bytes([octet]))
        sock.recv(1)

    with sip_servers.tcp(talk) as port:
        assert asked(line(port, "tcp")).reason == "Ours"


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no SIP: 'SSH-2.0-OpenSSH_9.2'"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no SIP: 'HTTP/1.1 400 Bad Request'"),
        (b"SIP/2.0 200 OK\r\nVia: SIP/2", "no whole answer: 'SIP/2.0 200 OK Via: SIP/2'"),
        (b"SIP/2.0 200 OK\r\nContent-Length: 10000000\r\n\r\n", "expected a Content-Length of at most 65535"),
        (b"SIP/2.0 200 OK\r\n" + b"X: y\r\n" * 20_000, "an answer of more than 65535 octets"),
    ],
)
def test_what_a_connection_says_and_is_no_answer_is_quoted(said: bytes, detail: str) -> None:
    def talk(sock: socket.socket) -> None:
        request_of(sock)
        sock.sendall(said)

    with sip_servers.tcp(talk) as port, pytest.raises(BadAnswer) as told:
        asked(line(port, "tcp"))
    assert told.value.detail.startswith(detail)
    assert len(told.value.detail) <= 80


def test_half_an_answer_and_then_silence_is_quoted() -> None:
    def talk(sock: socket.socket) -> None:
        request_of(sock)
        sock.sendall(b"SIP/2.0 200 OK\r\nVia:")
        sock.recv(1)  # until we hang up

    with sip_servers.tcp(talk) as port, pytest.raises(BadAnswer, match=r"no whole answer: 'SIP/2\.0 200"):
        asked(line(port, "tcp", timeout=0.5))


def test_hanging_up_without_a_word_and_saying_nothing_are_no_answer() -> None:
    with sip_servers.tcp(hanging_up) as port, pytest.raises(Unreachable, match="hung up without an answer"):
        asked(line(port, "tcp"))
    with (
        sip_servers.tcp(silent) as port,
        pytest.raises(Unreachable, match=r"no answer within 0\.5 s"),
    ):
        asked(line(port, "tcp", timeout=0.5))


def test_a_path_that_drops_the_connection_is_unreachable() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        with (
            closing(Hole(sock.getsockname())),
            pytest.raises(Unreachable, match=r"no answer within 0\.3 s"),
        ):
            asked(line(sock.getsockname()[1], "tcp", timeout=0.3))


# --- TLS: this SIPp has none, so Python's own server answers ----------------------------------------------


@pytest.fixture
def serving(tmp_path: Path) -> ssl.SSLContext:
    """A TLS server's context with a certificate that nobody can verify."""
    Authority("nobody's").issue(tmp_path / "cert.pem", tmp_path / "key.pem", days=-1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def answers(sock: socket.socket) -> None:
    sock.sendall(answer(request_of(sock)))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_listener_over_tls_answers_whatever_its_certificate(
    serving: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    serving.minimum_version = serving.maximum_version = version
    with sip_servers.tcp(answers, tls=serving) as port:
        to = line(port, "tls")
        assert asked(to).status == 200
    assert to.questions[0].text == f"OPTIONS to port {port} over TLS"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_listener_that_wants_a_certificate_of_ours_is_told_apart_from_silence(
    serving: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    serving.minimum_version = serving.maximum_version = version
    serving.verify_mode = ssl.CERT_REQUIRED
    with (
        sip_servers.tcp(answers, tls=serving) as port,
        pytest.raises(BadAnswer, match=r"TLS: .*(alert|certificate required)"),
    ):
        asked(line(port, "tls"))


def test_a_port_without_tls_is_no_answer_of_tls() -> None:
    with (
        sip_servers.tcp(lambda sock: sock.sendall(b"SIP/2.0 400 Bad Request\r\n\r\n")) as port,
        pytest.raises(BadAnswer, match="TLS: wrong version number"),
    ):
        asked(line(port, "tls"))


def test_a_port_that_hangs_up_in_the_handshake_is_unreachable() -> None:
    with (
        sip_servers.tcp(lambda sock: [sock.recv(9999)].clear()) as port,
        pytest.raises(Unreachable, match="hung up without an answer"),
    ):
        asked(line(port, "tls"))


def test_a_listener_over_tls_that_hangs_up_or_says_nothing_is_unreachable(serving: ssl.SSLContext) -> None:
    with sip_servers.tcp(hanging_up, tls=serving) as port, pytest.raises(Unreachable, match="hung up"):
        asked(line(port, "tls"))
    with (
        sip_servers.tcp(silent, tls=serving) as port,
        pytest.raises(Unreachable, match=r"no answer within 0\.5 s"),
    ):
        asked(line(port, "tls", timeout=0.5))
