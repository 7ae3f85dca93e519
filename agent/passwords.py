"""Checks passwords against bcrypt hashes, in one thread beside the loop, whatever strangers send.

A right answer is remembered, so that a scraper costs one hash in the daemon's life; a wrong one too, so that
a wrong setting costs no more. What is remembered is a keyed digest. Who waits for a hash waits in the line of
his own address, and the lines take turns: a flood of wrong passwords delays itself. It knows no HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_network

import bcrypt

REMEMBERED = 1024  # right answers; wrong ones have room of their own
LINE = 8  # passwords of one address that may wait
WAITING = 256  # of all addresses together
_LONGEST = 72  # bytes that bcrypt looks at; htpasswd and Go cut there too


class Busy(Exception):
    """Too many passwords of that address, or of all, wait to be checked."""


@dataclass(frozen=True, slots=True, eq=False)
class _Check:
    digest: bytes
    hashed: bytes
    known: bool
    password: bytes = field(repr=False)
    answer: asyncio.Future[bool]


class Passwords:
    """The one place where passwords are checked. Belongs to one event loop; `close` ends its thread."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bool, OrderedDict[bytes, None]] = {True: OrderedDict(), False: OrderedDict()}
        self._lines: OrderedDict[str, deque[_Check]] = OrderedDict()
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passwords")

    async def right(self, users: Mapping[str, str], user: str, password: bytes, address: str) -> bool:
        """Whether that user has that password. A user whom nobody knows costs as much. Raises Busy."""
        password = password[:_LONGEST]
        hashed = users.get(user) or _nobodys(users)
        # One digest for what an answer hangs on: with a changed hash the old password is no longer right.
        parts = (user.encode("utf-8", "surrogatepass"), hashed.encode(), password)
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        digest = hashlib.blake2b(text, key=self._key, digest_size=32).digest()
        if (answer := self._recall(digest)) is not None:
            return answer
        line = self._lines.setdefault(_line_of(address), deque())
        if len(line) >= LINE or sum(map(len, self._lines.values())) >= WAITING:
            raise Busy
        check = _Check(
            digest, hashed.encode(), user in users, password, asyncio.get_running_loop().create_future()
        )
        line.append(check)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="passwords")
        return await check.answer

    async def close(self) -> None:
        """End the thread; who still waits is answered no."""
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker
        for line in self._lines.values():
            for check in line:
                if not check.answer.done():
                    check.answer.set_result(False)
        self._lines.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        while self._lines:
            name, line = next(iter(self._lines.items()))
            if not line:
                del self._lines[name]
                continue
            check = line.popleft()
            self._lines.move_to_end(name)
            if check.answer.done():  # who asked has gone
                continue
            answer = False
            try:
                answer = await self._answer(check)
            finally:  # also where a stop comes in between: nobody is left waiting
                if not check.answer.done():
                    check.answer.set_result(answer)

    async def _answer(self, check: _Check) -> bool:
        known = self._recall(check.digest)  # the same was checked while this one waited
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        same = await loop.run_in_executor(self._thread, _same, check.password, check.hashed)
        self._remember(check.digest, same and check.known)
        return same and check.known

    def _recall(self, digest: bytes) -> bool | None:
        for answer, known in self._remembered.items():
            if digest in known:
                known.move_to_end(digest)
                return answer
        return None

    def _remember(self, digest: bytes, answer: bool) -> None:
        known = self._remembered[answer]
        known[digest] = None
        while len(known) > REMEMBERED:
            known.popitem(last=False)


def _same(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:  # whatever a password may hold that bcrypt refuses: the worker must outlive it
        return False


def _nobodys(users: Mapping[str, str]) -> str:
    """A hash that no password has, as dear as the dearest of the users'."""
    cost = max((hashed.split("$")[2] for hashed in users.values()), default="10")
    return f"$2b${cost}${'.' * 53}"


def _line_of(address: str) -> str:
    """Where an address waits: one customer has a whole /64 of IPv6."""
    with suppress(ValueError):
        if (found := IPv6Address(address.partition("%")[0])).ipv4_mapped is None:
            return str(ip_network((found, 64), strict=False))
    return address
