"""The agent's HTTP side: metrics, health, the status page and the same as JSON. Read only; asks no device.

It runs in the daemon's own loop. Every answer is made from the view of that moment; nothing is cached, no
parameter is read, and no request can make the agent ask a device. Plain HTTP without names and passwords on
loopback, unless the site file says otherwise; TLS and passwords are `web_tls` and `web_guard`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import Framework, LifespanState
from hypercorn.utils import wrap_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent import metrics
from agent.passwords import Passwords
from agent.shipped import shipped
from agent.statuspage import StatusPage
from agent.views import AccessView, AgentView, Verdict
from agent.web_config import WebConfig
from agent.web_file import WebFile
from agent.web_guard import Guard
from agent.web_tls import InForce, Tls

BACKLOG = 1024  # below it, a burst of idle connections makes a scrape wait a second for a SYN retry
IDLE = 5  # seconds until a silent or half-sent request, or one without its TLS handshake, is closed
SILENT = 8  # the same for a client that began HTTP/2 without TLS: hypercorn's IDLE does not reach it
PARTING = 2  # seconds that a client has to end TLS in good form, and an answer to end at a stop

log = logging.getLogger("trunkwatch.web")


class WebError(Exception):
    """The address cannot be listened on: one sentence for the operator."""


async def serve(
    listen: str, port: int, view: Callable[[], AgentView], stop: asyncio.Event, file: WebFile | None = None
) -> None:
    """Listen and answer until `stop`. Raises WebError, before anything runs, if it cannot listen there."""
    await serve_on(listen_on(listen, port), view, stop, file)


def listen_on(listen: str, port: int) -> socket.socket:
    """A listening socket (port 0: any free one). Raises WebError with what to do."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            listen, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise WebError(
            f"web.listen {listen!r} is not an address of this machine ({error.strerror})"
        ) from None
    # asyncio sets TCP_NODELAY only where the protocol is named, and not on an inherited socket; without it an
    # answer takes 40 ms. The listening socket hands its own setting on.
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise WebError(
            f"cannot listen on {listen} port {port} ({error.strerror}): stop what listens there, or set "
            "web.listen and web.port in the site file"
        ) from None
    return listener


async def serve_on(
    listener: socket.socket,
    view: Callable[[], AgentView],
    stop: asyncio.Event,
    file: WebFile | None = None,
) -> None:
    """Answer on a listening socket until `stop`; the socket is taken over and closed.

    `file`: the web config, looked at anew at every connection and request; without one, plain HTTP for all.
    """
    config = Config()
    config.keep_alive_timeout = IDLE
    config.read_timeout = SILENT
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = log
    in_force = file.in_force if file is not None else WebConfig
    passwords = Passwords()
    # The two libraries write the type of an ASGI application differently; it is the same thing.
    app = wrap_app(cast(Framework, application(view, in_force, passwords)), 0, "asgi")
    context = WorkerContext(None)
    tasks: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        tasks[task] = writer
        task.add_done_callback(tasks.pop)
        await TCPServer(app, asyncio.get_running_loop(), config, context, LifespanState(), reader, writer)

    # hypercorn's own serve() gives TLS clients that do not answer 30 s to part, and at a stop waits for all.
    tls: dict[str, Any] = {}
    if file is not None and in_force().tls is not None:
        current = InForce.of(lambda: cast(Tls, file.in_force().tls).context)
        tls = {"ssl": current, "ssl_handshake_timeout": IDLE, "ssl_shutdown_timeout": PARTING}
    server = await asyncio.start_server(connected, sock=listener, backlog=BACKLOG, **tls)
    try:
        await stop.wait()
    finally:
        server.close()
        await context.terminated.set()
        await passwords.close()
        if tasks:
            await asyncio.wait(tasks, timeout=PARTING)
        for writer in tasks.values():
            writer.transport.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=PARTING)


def application(
    view: Callable[[], AgentView], in_force: Callable[[], WebConfig], passwords: Passwords
) -> ASGIApp:
    """The ASGI application; `view` and `in_force` are called for every request."""
    page = StatusPage(shipped("templates/status.html.j2").read_text(encoding="utf-8"))

    async def status(_: Request) -> Response:
        return HTMLResponse(page.render(view()))

    async def scrape(request: Request) -> Response:
        body, content_type = metrics.render_for(view(), request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    async def healthz(_: Request) -> Response:
        return _verdict(view().healthy)

    async def readyz(_: Request) -> Response:
        return _verdict(view().ready)

    async def api_status(_: Request) -> Response:
        return _json(status_json(view()))

    async def api_tickets(_: Request) -> Response:
        return _json(tickets_json(view()))

    routes = [
        Route("/", status),
        Route("/metrics", scrape),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/api/status", api_status),
        Route("/api/tickets", api_tickets),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # the redirect would go wherever the Host header says
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src '{page.style_hash}'; img-src data:; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Guard(app, headers, in_force, passwords)


def status_json(view: AgentView) -> dict[str, Any]:
    """The view without its tickets and samples: those have pages of their own."""
    return {
        "at": _plain(view.now),
        "site": view.site,
        "zone": view.zone,
        "version": view.version,
        "contract": view.contract,
        "started": _plain(view.started),
        "healthy": {"ok": view.healthy[0], "reason": view.healthy[1]},
        "ready": {"ok": view.ready[0], "reason": view.ready[1]},
        "systems_seen": view.seen,
        "systems": [
            _plain(system)
            | {
                "sight": system.sight(view.now),
                "accesses": [_access_json(access, view.now) for access in system.accesses],
            }
            for system in view.systems
        ],
        "tickets_open": len(view.open_tickets),
        "pending": view.pending,
        "windows": list(view.windows),
        "next_due": _plain(view.next_due),
        "targets": _plain(view.targets),
        "unmonitored_seconds": {system: length.total_seconds() for system, length in view.unmonitored},
        "clock_synchronised": view.clock_synchronised,
    }


def tickets_json(view: AgentView) -> dict[str, Any]:
    """Open tickets, most urgent first, then resolved ones; fields are named as `trunkwatch replay` does."""
    return {
        "at": _plain(view.now),
        "tickets": _plain((*view.open_tickets, *view.resolved_tickets)),
        "pending": list(view.pending_text),
    }


def _access_json(access: AccessView, now: datetime) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(access, field.name)) for field in fields(access) if field.name != "samples"
    } | {"seen": access.seen(now)}


def _plain(value: Any) -> Any:
    """Dataclasses as objects, times as ISO 8601 with offset, lengths of time in seconds."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value, indent=1, allow_nan=False) + "\n", media_type="application/json")


def _verdict(verdict: Verdict) -> Response:
    good, reason = verdict
    return PlainTextResponse(reason + "\n", status_code=200 if good else 503)
