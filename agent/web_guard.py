"""Stands before every page: rate, user and password, and the headers of every answer, also of 401 and 500.

It asks at each request what is in force, so that a removed user is refused at once, on kept connections too.
It never logs a header or a name. Nothing but HTTP gets past it.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.passwords import Busy, Passwords
from agent.web_config import Rate, WebConfig


class Guard:
    """An ASGI application around another. `headers`: of every answer; the web config may replace them."""

    def __init__(
        self,
        app: ASGIApp,
        headers: Mapping[str, str],
        in_force: Callable[[], WebConfig],
        passwords: Passwords,
    ) -> None:
        self._app = app
        self._headers = headers
        self._in_force = in_force
        self._passwords = passwords
        self._bucket: Bucket | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it, for each request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return
        config = self._in_force()
        headers = {**self._headers, **dict(config.headers)}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        answer = self._too_fast(config) or await self._stranger(config, scope)
        await (answer or self._app)(scope, receive, guarded)

    def _too_fast(self, config: WebConfig) -> Response | None:
        if config.rate is None:
            self._bucket = None
            return None
        now = time.monotonic()
        if self._bucket is None or self._bucket.rate != config.rate:
            self._bucket = Bucket(config.rate, now)
        if self._bucket.take(now):
            return None
        return PlainTextResponse("too many requests: rate_limit in the web config\n", status_code=429)

    async def _stranger(self, config: WebConfig, scope: Scope) -> Response | None:
        if not config.users:
            return None
        asked = PlainTextResponse(
            "a user and a password are needed\n",
            status_code=401,
            headers={"WWW-Authenticate": 'Basic realm="trunkwatch", charset="UTF-8"'},
        )
        given = credentials(Headers(scope=scope).getlist("authorization"))
        if given is None:
            return asked
        address = (scope.get("client") or ("",))[0]
        try:
            right = await self._passwords.right(config.users, *given, address)
        except Busy:
            busy = "too many passwords wait to be checked: try again\n"
            return PlainTextResponse(busy, status_code=429, headers={"Retry-After": "1"})
        # The hash took its time: the user may be gone by now, or have another password.
        still = self._in_force().users.get(given[0]) == config.users.get(given[0])
        return None if right and still else asked


def credentials(headers: list[str]) -> tuple[str, bytes] | None:
    """User and password of a request's Authorization headers; None where it is not exactly one, of Basic."""
    if len(headers) != 1:
        return None
    scheme, _, text = headers[0].partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


class Bucket:
    """A bucket of tokens: full at first, one more every interval. `now`: seconds of a monotonic clock."""

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Whether a request may pass."""
        gained = max(now - self._at, 0) / self.rate.interval.total_seconds()
        self._tokens = min(self._tokens + gained, float(self.rate.burst))
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
