"""The pages behind TLS and passwords, on a real server: who gets in, what a change and an attack do."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import logging
import os
import shutil
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bcrypt
import pytest
import yaml
from starlette.types import Message, Receive, Scope, Send

from agent.mistakes import ConfigError
from agent.passwords import Passwords
from agent.web import listen_on, serve_on
from agent.web_config import Rate, WebConfig
from agent.web_file import WebFile
from agent.web_guard import Bucket, Guard, credentials
from tests.certificates import Authority
from tests.site_view import RICH
from tests.watched import free_port

PATHS = ("/", "/metrics", "/healthz", "/readyz", "/api/status", "/api/tickets", "/nothing")


def hashed(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")


class Place:
    """A folder with an authority, a certificate and a web-config.yml that a test writes anew at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority("made for a test")
        self.authority.write_to(folder / "ca.crt")
        self.serial = self.renew()
        self.path = folder / "web-config.yml"
        self.tls: dict[str, Any] = {"cert_file": "agent.crt", "key_file": "agent.key"}

    def renew(self, *, days: float = 20) -> int:
        """Another certificate in the place of the first; its serial number."""
        return self.authority.issue(self.folder / "agent.crt", self.folder / "agent.key", days=days)

    def write(self, **sections: Any) -> None:
        """The file, put in its place at once."""
        new = self.path.with_suffix(".new")
        new.touch(0o640)
        new.write_text(yaml.safe_dump(sections))
        new.replace(self.path)

    def client(self, ca: Authority | None = None) -> ssl.SSLContext:
        """What a client of it trusts."""
        return ssl.create_default_context(cadata=(ca or self.authority).pem)

    def with_certificate(self, authority: Authority) -> ssl.SSLContext:
        """A client with a certificate of that authority."""
        context = self.client()
        certificate, key = self.folder / "client.crt", self.folder / "client.key"
        authority.issue(certificate, key, "a client")
        context.load_cert_chain(certificate, key)
        return context


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@contextlib.asynccontextmanager
async def serving(place: Place) -> AsyncIterator[int]:
    stop = asyncio.Event()
    listener = listen_on("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    task = asyncio.create_task(serve_on(listener, lambda: RICH, stop, WebFile(place.path)))
    try:
        yield port
    finally:
        stop.set()
        await asyncio.wait_for(task, 6)


def with_server(place: Place, story: Callable[[int], Any]) -> Any:
    async def run() -> Any:
        async with serving(place) as port:
            return await asyncio.to_thread(story, port)

    return asyncio.run(run())


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def connected(port: int, tls: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    if tls is not None:
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=10)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(
    port: int, path: str, tls: ssl.SSLContext | None = None, login: str = "", method: str = "GET"
) -> Answer:
    with contextlib.closing(connected(port, tls)) as connection:
        return ask_on(connection, path, login, method)


def ask_on(connection: http.client.HTTPConnection, path: str, login: str = "", method: str = "GET") -> Answer:
    connection.request(method, path, headers={"Authorization": login} if login else {})
    answer = connection.getresponse()
    return Answer(answer.status, answer.headers, answer.read())


RIGHT = basic("prometheus", "made-up")


def test_every_path_asks_for_user_and_password_and_refuses_all_but_the_right_ones(place: Place) -> None:
    place.write(basic_auth_users={"prometheus": hashed(b"made-up")}, tls_server_config=place.tls)

    def story(port: int) -> None:
        tls = place.client()
        for path in PATHS:
            for login in (
                "",
                basic("prometheus", "wrong"),
                basic("nobody", "made-up"),
                RIGHT[:-3],
                "Bearer x",
            ):
                for method in ("GET", "HEAD", "POST"):
                    refused = ask(port, path, tls, login, method)
                    assert refused.status == 401, (path, login)
                    assert refused.headers["www-authenticate"] == 'Basic realm="trunkwatch", charset="UTF-8"'
                    assert refused.headers["x-content-type-options"] == "nosniff"
                    assert b"avaya" not in refused.body
            expected = {"/nothing": 404, "/readyz": 503}.get(path, 200)
            assert ask(port, path, tls, RIGHT).status == expected

    with_server(place, story)


def test_without_tls_passwords_are_asked_for_too(place: Place) -> None:
    place.write(basic_auth_users={"prometheus": hashed(b"made-up")})

    def story(port: int) -> None:
        assert ask(port, "/metrics").status == 401
        assert ask(port, "/metrics", login=RIGHT).status == 200

    with_server(place, story)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([RIGHT], ("prometheus", b"made-up")),
        (["bAsIc   " + RIGHT[6:] + " "], ("prometheus", b"made-up")),
        ([basic("a", "b:c")], ("a", b"b:c")),
        ([basic("", "")], ("", b"")),
        ([RIGHT, RIGHT], None),
        ([], None),
        (["Basic"], None),
        (["Basic !!!!"], None),
        (["Basic " + base64.b64encode(b"no colon").decode()], None),
        (["Basic " + base64.b64encode(b"\xff:x").decode()], None),
        (["Basic grün"], None),
    ],
)
def test_credentials_are_read_from_one_basic_header_only(headers: list[str], found: object) -> None:
    assert credentials(headers) == found


def test_no_password_is_logged_whatever_becomes_of_it(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place.write(basic_auth_users={"prometheus": hashed(b"made-up")})

    def story(port: int) -> None:
        for login in (RIGHT, basic("secret-user", "secret-word"), "Basic secret-noise"):
            ask(port, "/metrics", login=login)

    with_server(place, story)
    for secret in ("made-up", "secret", RIGHT[6:], basic("secret-user", "secret-word")[6:]):
        assert secret not in caplog.text


def test_the_headers_of_the_file_are_on_every_answer(place: Place) -> None:
    headers = {"Strict-Transport-Security": "max-age=60", "Content-Security-Policy": "default-src 'self'"}
    place.write(http_server_config={"headers": headers}, basic_auth_users={"a": hashed(b"made-up")})

    def story(port: int) -> None:
        for path, login in (("/", ""), ("/", basic("a", "made-up")), ("/nothing", basic("a", "made-up"))):
            answer = ask(port, path, login=login)
            assert answer.headers.get_all("strict-transport-security") == ["max-age=60"]
            assert answer.headers.get_all("content-security-policy") == ["default-src 'self'"]
            assert answer.headers["referrer-policy"] == "no-referrer"

    with_server(place, story)


def test_a_rate_is_kept_by_all_clients_together(place: Place) -> None:
    place.write(rate_limit={"interval": "1h", "burst": 3})

    def story(port: int) -> None:
        assert [ask(port, "/healthz").status for _ in range(5)] == [200, 200, 200, 429, 429]
        place.write(rate_limit={"interval": "1h", "burst": 1})
        assert [ask(port, "/healthz").status for _ in range(2)] == [200, 429]
        place.write(rate_limit={"interval": "0"})
        assert ask(port, "/healthz").status == 200

    with_server(place, story)


def test_a_bucket_gains_one_every_interval_and_never_more_than_it_holds() -> None:
    bucket = Bucket(Rate(timedelta(seconds=2), 2), 100.0)
    asked = [(100, True), (100, True), (101.9, False), (102, True), (103, False), (200, True), (200, True)]
    asked += [(200, False), (150, False), (152, True)]
    assert [(at, bucket.take(at)) for at, _ in asked] == asked


# --- what a change does -----------------------------------------------------------------------------------


@contextlib.contextmanager
def encrypted(
    port: int, tls: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> Iterator[ssl.SSLSocket]:
    """A connection whose handshake is done."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        tls.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as client,
    ):
        yield client


def serial(port: int, tls: ssl.SSLContext) -> int:
    """The serial number of the certificate that a new connection gets."""
    with encrypted(port, tls) as client:
        certificate = client.getpeercert()
        assert certificate is not None
        return int(str(certificate["serialNumber"]), 16)


def test_a_renewed_certificate_is_shown_to_the_next_connection_and_kept_ones_go_on(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="trunkwatch.web")
    place.serial = place.renew(days=-1)
    place.write(tls_server_config=place.tls)

    def story(port: int) -> None:
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
            serial(port, place.client())
        careless = place.client()
        careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
        with contextlib.closing(connected(port, careless)) as kept:
            assert ask_on(kept, "/healthz").status == 200
            renewed = place.renew()
            assert renewed != place.serial
            assert serial(port, place.client()) == renewed
            assert ask_on(kept, "/healthz").status == 200

    with_server(place, story)
    assert "took the changed web config: no passwords, certificate valid until" in caplog.text


def test_a_broken_version_keeps_the_old_one_in_force_and_is_said_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    users = {"prometheus": hashed(b"made-up")}
    place.write(tls_server_config=place.tls, basic_auth_users=users)
    other = Authority("another")

    def refused(port: int, words: str) -> None:
        caplog.clear()
        for _ in range(3):
            assert ask(port, "/healthz", place.client(), RIGHT).status == 200
            assert serial(port, place.client()) == place.serial
        assert [record.levelname for record in caplog.records] == ["ERROR"], caplog.text
        assert "the old one stays in force" in caplog.text
        assert words in caplog.text

    def story(port: int) -> None:
        key = (place.folder / "agent.key").read_bytes()
        other.issue(place.folder / "other.crt", place.folder / "agent.key")
        refused(port, "key_file: expected the key of the certificate in cert_file")
        (place.folder / "agent.key").unlink()
        refused(port, "No such file or directory")
        (place.folder / "agent.key").touch(0o600)
        (place.folder / "agent.key").write_bytes(key)
        place.write(tls_server_config=place.tls, basic_auth_users={"prometheus": "made-up"})
        refused(port, f"{place.path}:2:15: basic_auth_users.prometheus: expected a bcrypt hash")
        place.write(tls_server_config=place.tls | {"cert_file": "later.crt"}, basic_auth_users=users)
        refused(port, "later.crt: No such file or directory")
        shutil.copy(place.folder / "agent.crt", place.folder / "later.crt")  # the file itself does not change
        caplog.clear()
        caplog.set_level(logging.INFO, logger="trunkwatch.web")
        assert ask(port, "/healthz", place.client(), RIGHT).status == 200
        assert "took the changed web config: passwords for 1 user, certificate valid until" in caplog.text

    with_server(place, story)


def test_no_change_opens_a_door_without_a_restart(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    users = {"prometheus": hashed(b"made-up")}
    clients = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.crt"}
    place.write(tls_server_config=place.tls | clients, basic_auth_users=users)

    def story(port: int) -> None:
        known = place.with_certificate(place.authority)
        place.path.write_text("")  # half of a save
        assert ask(port, "/healthz", known).status == 401
        for sections, words in (
            ({"basic_auth_users": users}, "tls_server_config: expected this section, as HTTPS ends with a"),
            ({"tls_server_config": place.tls | clients}, "basic_auth_users: expected a user, as asking for"),
            (
                {"tls_server_config": place.tls, "basic_auth_users": users},
                "client_auth_type: expected RequireAndVerifyClientCert, as that ends with a restart only",
            ),
        ):
            place.write(**sections)
            caplog.clear()
            assert ask(port, "/healthz", known).status == 401
            with pytest.raises((ssl.SSLError, OSError)):
                ask(port, "/healthz", place.client())
            assert words in caplog.text

    with_server(place, story)
    place.write(basic_auth_users=users)

    def plain(port: int) -> None:
        place.write(tls_server_config=place.tls, basic_auth_users=users)
        assert ask(port, "/healthz", login=RIGHT).status == 200
        assert (
            "tls_server_config: expected no such section, as HTTPS begins with a restart only" in caplog.text
        )

    with_server(place, plain)


def test_a_changed_password_and_a_removed_user_end_at_once_on_kept_connections_too(place: Place) -> None:
    both = {"prometheus": hashed(b"made-up"), "operator": hashed(b"made-up")}
    place.write(tls_server_config=place.tls, basic_auth_users=both)

    def story(port: int) -> None:
        with contextlib.closing(connected(port, place.client())) as kept:
            for user in both:
                assert ask_on(kept, "/metrics", basic(user, "made-up")).status == 200
            place.write(tls_server_config=place.tls, basic_auth_users={"prometheus": hashed(b"new")})
            for user in both:
                assert ask_on(kept, "/metrics", basic(user, "made-up")).status == 401
            assert ask_on(kept, "/metrics", basic("prometheus", "new")).status == 200

    with_server(place, story)


def test_a_user_who_is_removed_while_his_password_is_checked_is_refused() -> None:
    users = {"prometheus": hashed(b"made-up")}
    versions = iter([WebConfig(users=users), WebConfig(users={"operator": hashed(b"made-up")})])
    sent: list[Message] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the page was reached")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        passwords = Passwords()
        scope = {"type": "http", "method": "GET", "headers": [(b"authorization", RIGHT.encode())]}
        await Guard(page, {}, lambda: next(versions), passwords)(scope, receive, send)
        await passwords.close()

    asyncio.run(run())
    assert sent[0]["status"] == 401


def test_nothing_but_http_gets_past(place: Place) -> None:
    place.write(basic_auth_users={"prometheus": hashed(b"made-up")})

    def story(port: int) -> None:
        for path in PATHS:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                upgrade += f"Sec-WebSocket-Key: {'A' * 22}==\r\n"
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n".encode())
                assert client.recv(1000).startswith(b"HTTP/1.1 403 ")

    with_server(place, story)


def test_the_first_user_shuts_pages_that_were_open(place: Place) -> None:
    place.write(tls_server_config=place.tls)

    def story(port: int) -> None:
        assert ask(port, "/metrics", place.client()).status == 200
        place.write(tls_server_config=place.tls, basic_auth_users={"prometheus": hashed(b"made-up")})
        assert ask(port, "/metrics", place.client()).status == 401

    with_server(place, story)


def test_a_client_certificate_is_demanded_and_another_ca_takes_the_place_of_the_first(place: Place) -> None:
    first, second = Authority("first"), Authority("second")
    first.write_to(place.folder / "clients.crt")
    clients = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "clients.crt"}
    place.write(tls_server_config=place.tls | clients)

    def refused(port: int, tls: ssl.SSLContext) -> bool:
        try:
            ask(port, "/metrics", tls)
        except (ssl.SSLError, OSError):
            return True
        return False

    def story(port: int) -> None:
        one, two = place.with_certificate(first), place.with_certificate(second)
        assert ask(port, "/metrics", one).status == 200
        assert refused(port, two)
        assert refused(port, place.client())
        session = resumable(port, one)
        assert resumes(port, one, session)
        second.write_to(place.folder / "clients.crt")
        assert ask(port, "/metrics", two).status == 200
        assert refused(port, one)
        assert not resumes(port, one, session)

    with_server(place, story)


def resumable(port: int, tls: ssl.SSLContext) -> ssl.SSLSession:
    """A session that a client could take up again."""
    with encrypted(port, tls) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        session = client.session
        assert session is not None
        assert session.has_ticket
        return session


def resumes(port: int, tls: ssl.SSLContext, session: ssl.SSLSession) -> bool:
    with contextlib.suppress(ssl.SSLError, OSError), encrypted(port, tls, session) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        return client.recv(100) != b"" and bool(client.session_reused)
    return False


def test_old_versions_of_tls_and_plain_http_get_no_page(place: Place) -> None:
    place.write(tls_server_config=place.tls | {"min_version": "TLS13"})

    def story(port: int) -> None:
        old = place.client()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            ask(port, "/healthz", old)
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(port, "/healthz")
        assert ask(port, "/healthz", place.client()).status == 200

    with_server(place, story)


def test_the_chosen_cipher_and_http_1_1_are_what_a_client_gets(place: Place) -> None:
    suites = ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"]
    place.write(tls_server_config=place.tls | {"max_version": "TLS12", "cipher_suites": suites})

    def story(port: int) -> None:
        tls = place.client()
        tls.set_alpn_protocols(["h2", "http/1.1"])
        with encrypted(port, tls) as client:
            assert client.cipher() == ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2", 256)
            assert client.selected_alpn_protocol() == "http/1.1"

    with_server(place, story)


# --- what an attack does ----------------------------------------------------------------------------------


def established(port: int) -> int:
    """The connections to that port which the kernel still holds open on the server's side."""
    local = f"0100007F:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1] == local and row[3] == "01" for row in rows)


@contextlib.contextmanager
def attackers(port: int, tls: ssl.SSLContext) -> Iterator[None]:
    """250 connections that are opened and left alone: nothing of theirs is read or answered any more."""
    halves = [
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Half: ",
        b"GET / HT",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo",
        b"GET / HTTP/1.1\r\nAuthorization: Basic ",
    ]
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        for number in range(250):
            plain = socket.create_connection(("127.0.0.1", port), timeout=20)
            client = stack.enter_context(tls.wrap_socket(plain, server_hostname="127.0.0.1"))
            if number >= 200:
                client.sendall(halves[number % len(halves)])
        yield


def test_450_idle_and_half_sent_connections_are_closed_while_scrapes_go_on(place: Place) -> None:
    place.write(tls_server_config=place.tls, basic_auth_users={"prometheus": hashed(b"made-up")})

    def story(port: int) -> None:
        tls, took = place.client(), list[float]()

        def scrape() -> None:
            asked = time.monotonic()
            assert ask(port, "/metrics", tls, RIGHT).status == 200
            took.append(time.monotonic() - asked)

        scrape()
        with attackers(port, tls):
            opened = time.monotonic()
            assert established(port) > 200
            while (left := established(port)) and time.monotonic() - opened < 10:
                scrape()
            assert left == 0, f"{left} of 450 are open after 10 s"
            assert len(took) > 20
            slowest = sorted(took)[int(len(took) * 0.99)]
            assert slowest < 2, f"p99 {slowest:.3f} s of {len(took)}"
            scrape()

    with_server(place, story)


def test_a_flood_of_wrong_passwords_does_not_keep_a_scraper_waiting(place: Place) -> None:
    dear = bcrypt.hashpw(b"made-up", bcrypt.gensalt(10)).decode()
    place.write(tls_server_config=place.tls, basic_auth_users={"prometheus": dear})

    async def run() -> None:
        async with serving(place) as port:
            tls, loop = place.client(), asyncio.get_running_loop()
            assert (await asyncio.to_thread(ask, port, "/metrics", tls, RIGHT)).status == 200
            logins = [basic("prometheus", f"wrong {number}") for number in range(60)]
            flood = [loop.run_in_executor(pool, ask, port, "/", tls, login) for login in logins]
            took = []
            for _ in range(10):
                asked = time.monotonic()
                assert (await asyncio.to_thread(ask, port, "/metrics", tls, RIGHT)).status == 200
                took.append(time.monotonic() - asked)
            statuses = {answer.status for answer in await asyncio.gather(*flood)}
            assert statuses == {401, 429}
            assert max(took) < 2, took

    with ThreadPoolExecutor(30) as pool:
        asyncio.run(run())


def test_a_stop_does_not_wait_for_tls_clients_that_say_nothing(place: Place) -> None:
    place.write(tls_server_config=place.tls)

    async def run() -> float:
        with contextlib.ExitStack() as stack:
            async with serving(place) as port:

                def silent() -> None:
                    stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    for first in (b"", b"GET / HT"):
                        plain = socket.create_connection(("127.0.0.1", port))
                        client = stack.enter_context(
                            place.client().wrap_socket(plain, server_hostname="127.0.0.1")
                        )
                        client.sendall(first) if first else None
                    assert ask(port, "/healthz", place.client()).status == 200

                await asyncio.to_thread(silent)
                stopped = time.monotonic()
            return time.monotonic() - stopped

    assert asyncio.run(run()) < 5


def test_a_connection_that_is_torn_down_in_its_handshake_leaves_no_noise(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.write(tls_server_config=place.tls)

    def story(port: int) -> None:
        for first in (b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n", os.urandom(200)):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(first)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()  # with a reset
        assert ask(port, "/healthz", place.client()).status == 200

    with_server(place, story)
    assert not caplog.records, caplog.text


# --- a real Prometheus ------------------------------------------------------------------------------------


def test_a_real_prometheus_scrapes_with_tls_password_and_certificate(place: Place) -> None:
    prometheus = shutil.which("prometheus") or pytest.skip(
        "prometheus is not installed: apt install prometheus"
    )
    clients = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.crt"}
    place.write(tls_server_config=place.tls | clients, basic_auth_users={"prometheus": hashed(b"made-up")})
    place.with_certificate(place.authority)
    (place.folder / "password").write_text("made-up")

    def up(port: int, job: str) -> str:
        with contextlib.suppress(OSError):
            answer = ask(port, f"/api/v1/query?query={quote(f'up{{job={json.dumps(job)}}}')}")
            for row in json.loads(answer.body)["data"]["result"] if answer.status == 200 else []:
                return str(row["value"][1])
        return ""

    def story(port: int) -> None:
        right = {
            "scheme": "https",
            "tls_config": {
                "ca_file": str(place.folder / "ca.crt"),
                "cert_file": str(place.folder / "client.crt"),
                "key_file": str(place.folder / "client.key"),
            },
            "basic_auth": {"username": "prometheus", "password_file": str(place.folder / "password")},
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
        }
        jobs = [
            right | {"job_name": "right"},
            right | {"job_name": "wrong", "basic_auth": {"username": "prometheus", "password": "wrong"}},
            right | {"job_name": "stranger", "tls_config": {"ca_file": str(place.folder / "ca.crt")}},
        ]
        pace = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        config = place.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({"global": pace, "scrape_configs": jobs}))
        own = free_port()
        command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={place.folder / 'tsdb'}"]
        command.append(f"--web.listen-address=127.0.0.1:{own}")
        with (place.folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
            try:
                deadline = time.monotonic() + 30
                while [up(own, job) for job in ("right", "wrong", "stranger")] != ["1", "0", "0"]:
                    assert time.monotonic() < deadline, (place.folder / "log").read_text()
                    time.sleep(0.1)
            finally:
                process.terminate()

    with_server(place, story)


def test_a_start_with_a_wrong_file_is_refused_with_every_mistake(place: Place) -> None:
    place.write(tls_server_config=place.tls | {"min_version": "TLS10"}, basic_auth_users={"a": "b"})
    with pytest.raises(ConfigError) as refused:
        WebFile(place.path)
    assert len(refused.value.mistakes) == 2
