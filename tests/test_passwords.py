"""Passwords: right and wrong ones, what is remembered, and who waits for whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import bcrypt
import pytest

from agent import passwords
from agent.passwords import Busy, Passwords


def hashed(password: bytes, cost: int = 4) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(cost)).decode().replace("$2b$", "$2y$")


USERS = {"prometheus": hashed(b"made-up"), "größe": hashed("schlüssel".encode())}


def run(story: Callable[[Passwords], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        checks = Passwords()
        try:
            return await story(checks)
        finally:
            await checks.close()

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("user", "password", "right"),
    [
        ("prometheus", b"made-up", True),
        ("größe", "schlüssel".encode(), True),
        ("prometheus", b"made-up ", False),
        ("prometheus", b"", False),
        ("Prometheus", b"made-up", False),
        ("", b"made-up", False),
        ("nobody", b"made-up", False),
        ("prometheus", b"made\0up", False),
        ("prometheus", b"x" * 100_000, False),
        ("prometheus", bytes(range(256)), False),
        ("\udcff", b"", False),
    ],
)
def test_only_the_user_with_his_password_is_right(user: str, password: bytes, right: bool) -> None:
    async def story(checks: Passwords) -> list[bool]:
        return [await checks.right(USERS, user, password, "192.0.2.1") for _ in range(2)]

    assert run(story) == [right, right]


def test_what_follows_the_72nd_byte_counts_as_little_as_it_does_for_htpasswd() -> None:
    async def story(checks: Passwords) -> list[bool]:
        users = {"a": hashed(b"p" * 72)}
        given = (b"p" * 71, b"p" * 72, b"p" * 72 + b"more")
        return [await checks.right(users, "a", each, "192.0.2.1") for each in given]

    assert run(story) == [False, True, True]


def test_a_changed_hash_or_a_removed_user_ends_what_was_remembered() -> None:
    async def story(checks: Passwords) -> list[bool]:
        changed = {"prometheus": hashed(b"another")}
        return [
            await checks.right(users, "prometheus", password, "192.0.2.1")
            for users in (USERS, changed, {"other": USERS["prometheus"]}, {}, USERS)
            for password in (b"made-up", b"another")
        ]

    assert run(story) == [True, False, False, True, False, False, False, False, True, False]


def test_no_password_and_no_hash_is_kept_readable() -> None:
    async def story(checks: Passwords) -> str:
        waiting = asyncio.ensure_future(checks.right(USERS, "prometheus", b"made-up", "192.0.2.1"))
        await asyncio.sleep(0)
        lines = repr(checks._lines)
        assert await waiting
        return lines + repr(vars(checks))

    told = run(story)
    assert "_Check" in told
    assert "made-up" not in told


def test_an_unknown_user_costs_as_much_as_a_known_one() -> None:
    users = {"cheap": hashed(b"a"), "dear": hashed(b"made-up", 9)}

    async def story(checks: Passwords) -> list[float]:
        took = []
        for user in ("dear", "nobody"):
            spent = []
            for number in range(5):
                began = time.perf_counter()
                assert not await checks.right(users, user, f"wrong {number}".encode(), "192.0.2.1")
                spent.append(time.perf_counter() - began)
            took.append(min(spent))
        return took

    known, unknown = run(story)
    assert known / 3 < unknown < known * 3


def test_a_flood_of_wrong_passwords_delays_its_own_address_and_no_other() -> None:
    users = {"prometheus": hashed(b"made-up", 8)}

    async def flood(checks: Passwords, address: str, count: int) -> list[bool | BaseException]:
        asked: list[Coroutine[Any, Any, bool]] = [
            checks.right(users, "prometheus", f"wrong {number}".encode(), address) for number in range(count)
        ]
        return await asyncio.gather(*asked, return_exceptions=True)

    async def story(checks: Passwords) -> None:
        floods = [asyncio.create_task(flood(checks, f"192.0.2.{n}", 100)) for n in range(5)]
        await asyncio.sleep(0)
        scrape = asyncio.create_task(checks.right(users, "prometheus", b"made-up", "198.51.100.1"))
        assert await scrape is True
        waiting = sum(not check.answer.done() for line in checks._lines.values() for check in line)
        assert waiting >= 5 * (passwords.LINE - 3)  # most of the flood
        for results in await asyncio.gather(*floods):
            assert results.count(False) == passwords.LINE
            assert sum(isinstance(each, Busy) for each in results) == 100 - passwords.LINE
        # Once he is known, he waits for nobody.
        again = asyncio.create_task(flood(checks, "192.0.2.9", 8))
        await asyncio.sleep(0)
        assert await checks.right(users, "prometheus", b"made-up", "192.0.2.9")
        assert not again.done()
        await again

    run(story)


def test_a_whole_net_of_ipv6_is_one_address() -> None:
    async def story(checks: Passwords) -> int:
        asked: list[Coroutine[Any, Any, bool]] = [
            checks.right(USERS, "a", f"{number}".encode(), f"2001:db8::{number:x}") for number in range(20)
        ]
        results = await asyncio.gather(*asked, return_exceptions=True)
        return sum(isinstance(each, Busy) for each in results)

    assert run(story) == 20 - passwords.LINE


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "REMEMBERED", 3)

    async def story(checks: Passwords) -> None:
        assert await checks.right(USERS, "prometheus", b"made-up", "192.0.2.1")
        for number in range(10):
            assert not await checks.right(USERS, "prometheus", f"{number}".encode(), "192.0.2.1")
        assert {right: len(known) for right, known in checks._remembered.items()} == {True: 1, False: 3}

    run(story)


def test_a_stop_answers_no_to_whoever_waits() -> None:
    users = {"prometheus": hashed(b"made-up", 8)}

    async def story(checks: Passwords) -> list[bool]:
        asked = [asyncio.create_task(checks.right(users, "prometheus", b"%d" % n, "::1")) for n in range(8)]
        await asyncio.sleep(0.01)
        await checks.close()
        return await asyncio.wait_for(asyncio.gather(*asked), 5)

    assert run(story) == [False] * 8
