"""The whole daemon while its wall clock is set by an hour: no ticket for that, and none early or late."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import datetime
from typing import Any

import pytest

from tests.false_clock import FalseClock
from tests.watched import Watched, until, watched

INTERVAL = 2.0  # seconds, of the lab's polls
HOLD = 8.0
WAYS = 7  # three systems, each by two protocols, and the router


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_clock_that_is_set_raises_nothing_and_holds_last_as_long_as_they_would_have(step: int) -> None:
    async def story() -> None:
        async with watched(start=False, holds={"trunks": f"{HOLD:g}s"}) as site:
            clock = FalseClock(site.folder)
            site.environment = clock.environment
            await site.start(ready=60)
            assert await until(lambda: _ups(site) == ["1.0"] * WAYS, 30), site.stderr

            # All is well: readings go on, and nothing is told.
            usual = await _worst_age(site, 0, 3 * INTERVAL)
            clock.set(step)
            was_set = time.monotonic()
            assert await until(lambda: _age(site, step) < time.monotonic() - was_set, 20), site.stderr
            # Within two intervals; a machine that is too busy for that was so before the step as well.
            assert await _worst_age(site, step, 4 * INTERVAL) < max(2 * INTERVAL, 2 * usual) + 1
            assert "the agent's clock was set" in site.stderr
            assert await until(lambda: site.get("/healthz")[0] == 200, 10)
            assert await until(lambda: _of(site, None), 30), site.stderr  # the clock's own ticket
            assert _of(site, "cm1") == []

            # A fault waits out its hold while the clock is set again, to what it was.
            site.lab.fault("trunk-group-out")
            assert await until(lambda: _pending(site), 20)
            pending = time.monotonic()
            await asyncio.sleep(2)
            clock.set(0)
            assert await until(lambda: _of(site, "cm1"), 30), site.stderr
            waited = time.monotonic() - pending
            assert waited > HOLD - 2.5  # it was pending for some while before a page showed it
            (ticket,) = await until(lambda: _of(site, "cm1"), 30)
            began, received = (datetime.fromisoformat(ticket[name]) for name in ("began", "received"))
            held = (received - began).total_seconds()
            assert HOLD <= held < HOLD + 10, (held, waited)  # late if the machine is busy, never early
            await asyncio.sleep(2)
            clock.set(step)
            site.lab.clear()
            healed = time.monotonic()
            await asyncio.sleep(2)
            clock.set(0)
            assert await until(lambda: any(" cm1 " in each and " RESOLVE " in each for each in site.log), 30)
            assert time.monotonic() - healed > HOLD - 1
            assert [(t["state"], t["summary"]) for t in await until(lambda: _of(site, "cm1"), 30)] == [
                ("resolved", "8 of 46 trunks out of service")
            ]
            assert ticket["clock_note"].startswith("the agent's clock was set ")
            (own,) = await until(lambda: _of(site, None), 30)
            assert (own["state"], own["responsibility"]) == ("open", "monitoring")
            steps = re.findall(r"the agent's clock was set ([+-]\d+)", site.stderr)
            assert [round(float(each), -2) for each in steps] == [step, -step, step, -step]
            assert await site.end() == 0

    asyncio.run(story())


def _of(site: Watched, system: str | None) -> list[dict[str, Any]]:
    """The tickets of that system; None: those of the agent's own clock."""
    return [ticket for ticket in site.tickets if ticket["system"] == system]


def _age(site: Watched, wrong_by: float) -> float:
    """How long ago, in seconds, the longest unseen system was seen, by the daemon's own figures."""
    metrics = site.get("/metrics")[1]
    found = re.findall(r"^trunkwatch_poll_last_success_timestamp_seconds\{.*\} (\S+)", metrics, re.MULTILINE)
    assert len(found) == WAYS, metrics
    return time.time() + wrong_by - min(map(float, found))


async def _worst_age(site: Watched, wrong_by: float, seconds: float) -> float:
    """The highest of it that was found in so many seconds."""
    end, worst = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        worst = max(worst, await asyncio.to_thread(_age, site, wrong_by))
        await asyncio.sleep(0.2)
    return worst


def _ups(site: Watched) -> list[str]:
    return re.findall(r"^avaya_up\{.*\} (\S+)", site.get("/metrics")[1], re.MULTILINE)


def _pending(site: Watched) -> list[str]:
    return list(json.loads(site.get("/api/tickets")[1])["pending"])
