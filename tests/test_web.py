"""The HTTP side over real sockets: its paths, bad clients, a real Prometheus, a real browser."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.views import AgentView
from agent.web import WebError, listen_on, serve, serve_on
from tests.site_view import CALM, CM, DARK, G430, G450, RICH


@contextlib.asynccontextmanager
async def serving(view: Callable[[], AgentView]) -> AsyncIterator[int]:
    stop = asyncio.Event()
    listener = listen_on("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    task = asyncio.create_task(serve_on(listener, view, stop))
    try:
        yield port
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


class Answer:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def with_server(view: AgentView | Callable[[], AgentView], story: Callable[[int], Any]) -> Any:
    """Run a story of blocking requests, in a thread, against a server of that view."""

    async def run() -> Any:
        async with serving(view if callable(view) else lambda: view) as port:
            return await asyncio.to_thread(story, port)

    return asyncio.run(run())


def test_every_path_answers_get_and_head_with_the_headers_that_keep_a_browser_safe() -> None:
    def story(port: int) -> None:
        for path, kind in [
            ("/", "text/html"),
            ("/metrics", "text/plain; version=0.0.4"),
            ("/healthz", "text/plain"),
            ("/readyz", "text/plain"),
            ("/api/status", "application/json"),
            ("/api/tickets", "application/json"),
        ]:
            got, head = ask(port, path), ask(port, path, "HEAD")
            assert got.status == head.status == (503 if path == "/readyz" else 200)
            assert got.headers["content-type"].startswith(kind)
            assert got.body
            assert head.body == b""
            assert head.headers["content-type"] == got.headers["content-type"]
        for path, method, status in [("/nothing", "GET", 404), ("/metrics/", "GET", 404), ("/", "POST", 405)]:
            assert ask(port, path, method).status == status
        for answer in (ask(port, "/"), ask(port, "/nothing"), ask(port, "/metrics", "DELETE")):
            assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["server"] is None

    with_server(RICH, story)


def test_health_and_readiness_are_told_with_their_reason() -> None:
    unwell = replace(RICH, healthy=(False, "No poll has ended for 312 s."))

    def story(port: int) -> None:
        for path, status, reason in [
            ("/healthz", 503, b"No poll has ended for 312 s.\n"),
            ("/readyz", 503, b"aes1 was not asked yet.\n"),
        ]:
            answer = ask(port, path)
            assert (answer.status, answer.body) == (status, reason)

    with_server(unwell, story)


def test_a_view_that_cannot_be_made_is_a_500_and_the_next_request_is_answered() -> None:
    views = iter([RICH])

    def story(port: int) -> None:
        assert ask(port, "/healthz").status == 200
        broken = ask(port, "/healthz")
        assert broken.status == 500
        assert broken.headers["x-content-type-options"] == "nosniff"
        assert b"Traceback" not in broken.body
        assert ask(port, "/nothing").status == 404

    with_server(lambda: next(views), story)


def test_the_json_names_tickets_and_systems_as_replay_does() -> None:
    def story(port: int) -> None:
        told = json.loads(ask(port, "/api/tickets").body)
        assert [ticket["id"] for ticket in told["tickets"]] == ["TW-000123", "TW-000121", "TW-000120"]
        assert (
            told["tickets"][0]
            | {
                "clause": "half-capacity",
                "rules": ["T1", "T6"],
                "severities": [
                    ["2026-11-20T17:03:00-06:00", "minor"],
                    ["2026-11-20T17:04:00-06:00", "major"],
                ],
                "respond_by": "2026-11-20T17:33:15-06:00",
                "resolved": None,
            }
            == told["tickets"][0]
        )
        status = json.loads(ask(port, "/api/status").body)
        assert [(one["name"], one["sight"]) for one in status["systems"]] == [
            ("cm1", "seen"),
            ("g450-dallas", "seen"),
            ("g430-fortworth", "unseen"),
            ("aes1", "unasked"),
        ]
        access = status["systems"][2]["accesses"][0]
        assert (access["seen"], access["error"], access["interval"]) == (False, "unreachable", 60.0)

    with_server(RICH, story)


def test_a_taken_port_is_one_sentence_and_no_task_is_left() -> None:
    async def run() -> None:
        taken = listen_on("127.0.0.1", 0)
        port = taken.getsockname()[1]
        with taken, pytest.raises(WebError) as caught:
            await serve("127.0.0.1", port, lambda: CALM, asyncio.Event())
        assert str(caught.value) == (
            f"cannot listen on 127.0.0.1 port {port} (Address already in use): stop what listens there, "
            "or set web.listen and web.port in the site file"
        )
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    with pytest.raises(WebError, match="is not an address of this machine"):
        listen_on("300.1.2.3", 9847)
    with pytest.raises(WebError, match="cannot listen on 192\\.0\\.2\\.1 port"):
        listen_on("192.0.2.1", 9847)


def test_serve_takes_its_port_and_gives_it_back() -> None:
    async def run() -> None:
        with listen_on("127.0.0.1", 0) as probe:
            port = probe.getsockname()[1]
        for _ in range(2):
            stop = asyncio.Event()
            task = asyncio.create_task(serve("127.0.0.1", port, lambda: CALM, stop))
            await until(lambda: asyncio.to_thread(answers, port), 5)
            stop.set()
            await asyncio.wait_for(task, 5)

    asyncio.run(run())


def answers(port: int) -> bool:
    try:
        return ask(port, "/healthz").status == 200
    except OSError:
        return False


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.05)


def test_idle_and_half_sent_requests_are_closed_while_scrapes_go_on() -> None:
    halves = [
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Half: ",
        b"GET / HT",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    ]

    async def closed(client: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            while await asyncio.get_running_loop().sock_recv(client, 65536):
                pass

    async def run() -> None:
        async with serving(lambda: RICH) as port:
            with contextlib.ExitStack() as stack:
                clients = []
                for number in range(250):
                    client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    if number >= 200:
                        client.sendall(halves[number % len(halves)])
                    client.setblocking(False)
                    clients.append(client)
                began, slowest = time.monotonic(), 0.0
                waiting = [asyncio.create_task(closed(client)) for client in clients]
                while waiting and time.monotonic() - began < 10:
                    asked = time.monotonic()
                    assert (await asyncio.to_thread(ask, port, "/metrics")).status == 200
                    slowest = max(slowest, time.monotonic() - asked)
                    _, still = await asyncio.wait(waiting, timeout=0.2)
                    waiting = list(still)
                for task in waiting:
                    task.cancel()
                assert not waiting, f"{len(waiting)} of 250 are open after 10 s"
                assert slowest < 2

    asyncio.run(run())


def test_a_stop_does_not_wait_for_clients_that_say_nothing() -> None:
    async def run() -> float:
        async with serving(lambda: RICH) as port:
            writers = []
            for first in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(first)
                writers.append(writer)
            await until(lambda: asyncio.to_thread(answers, port), 5)
            stopped = time.monotonic()
        for writer in writers:
            writer.close()
        return time.monotonic() - stopped

    assert asyncio.run(run()) < 3


def test_an_answer_on_a_kept_connection_does_not_wait_for_nagle() -> None:
    def story(port: int) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        took = []
        for _ in range(20):
            asked = time.monotonic()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            took.append(time.monotonic() - asked)
        connection.close()
        return sorted(took)[10]

    assert with_server(CALM, story) < 0.030


def test_a_real_prometheus_scrapes_it_and_answers_a_query(tmp_path: Path) -> None:
    prometheus = shutil.which("prometheus") or pytest.skip(
        "prometheus is not installed: apt install prometheus"
    )

    def view() -> AgentView:
        return replace(CALM, systems=(CM, G450, replace(G430, accesses=(replace(DARK, samples=()),))))

    def query(port: int, text: str) -> list[Any]:
        with contextlib.suppress(OSError):
            answer = ask(port, f"/api/v1/query?query={quote(text)}")
            if answer.status == 200:
                return list(json.loads(answer.body)["data"]["result"])
        return []

    def story(port: int) -> None:
        with listen_on("127.0.0.1", 0) as probe:
            own = probe.getsockname()[1]
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n- job_name: trunkwatch\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{port}']\n"
        )
        with (
            (tmp_path / "log").open("wb") as log,
            subprocess.Popen(
                [
                    prometheus,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{own}",
                ],
                stdout=log,
                stderr=log,
            ) as process,
        ):
            try:
                deadline = time.monotonic() + 30
                while not (rows := query(own, "up == 1")):
                    assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                    time.sleep(0.1)
                assert rows[0]["metric"]["job"] == "trunkwatch"
                trunks = query(own, 'sum(avaya_trunk_members{system="cm1",state="out-of-service"})')
                assert trunks[0]["value"][1] == "23"
                assert {(row["metric"]["system"], row["value"][1]) for row in query(own, "avaya_up")} == {
                    ("cm1", "1"),
                    ("g450-dallas", "1"),
                    ("g430-fortworth", "0"),
                }
                assert query(own, "trunkwatch_build_info")[0]["metric"]["contract"] == "agility 1"
            finally:
                process.terminate()

    with_server(view, story)


def test_a_real_browser_shows_the_open_ticket_and_obeys_the_style_policy(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or pytest.skip("chromium is not installed: apt install chromium")

    def story(port: int) -> subprocess.CompletedProcess[str]:
        quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking"
        quiet += " --disable-component-update --disable-sync --enable-logging=stderr"
        command = [chromium, "--headless", "--no-sandbox", *quiet.split(), f"--user-data-dir={tmp_path}"]
        command += ["--dump-dom", f"http://127.0.0.1:{port}/"]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)

    shown = with_server(RICH, story)
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", shown.stdout, flags=re.DOTALL)
    words = " ".join(text.split())
    assert "TW-000123" in words
    assert "23 of 46 trunks out of service" in words
    assert "50% of trunks or stations" in words
    assert "Fri 2026-11-20 17:33 CST in 28m 5s" in words
    assert "not seen since 16:52:36, 12m 34s ago: no answer" in words
    assert "Content Security Policy" not in shown.stderr


def test_the_policy_allows_the_style_that_the_page_really_has() -> None:
    def story(port: int) -> None:
        answer = ask(port, "/")
        style = re.search(rb"<style>(.*?)</style>", answer.body, re.DOTALL)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
        assert f"style-src 'sha256-{digest}';" in answer.headers["content-security-policy"]
        assert b"<script" not in answer.body
        assert not re.search(rb"\sstyle=", answer.body)

    with_server(RICH, story)


def test_the_listening_socket_hands_tcp_nodelay_on() -> None:
    with listen_on("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
