"""What hangs on time, in the whole daemon: attainment with and without it, blindness told, signs of life."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.entries import AgentAlive, AgentStarted, AgentStopped, SightBack, SightLost
from agent.journal import read_journal
from tests.watched import Watched, until, watched


async def _attainment(site: Watched, month: str) -> tuple[dict[str, Any], str]:
    status, out, err = await site.command("attainment", "--month", month, "--json")
    assert status == 0, err
    return json.loads(out), err


def test_attainment_is_the_same_with_the_daemon_and_without_it() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: len(site.open) == 1, 10), site.log
            (ticket,) = await asyncio.to_thread(lambda: site.tickets)
            assert (await site.command("tickets", "respond", ticket["id"]))[0] == 0
            month = f"{datetime.now(ZoneInfo('America/Chicago')):%Y-%m}"
            running, said = await _attainment(site, month)
            assert said == ""
            assert await site.end() == 0
            stopped, said = await _attainment(site, month)
            assert said == "no daemon runs: this is what the journal says\n"
            assert running.pop("as_of") < stopped.pop("as_of")
            assert running == stopped
            (row,) = [row for row in running["rows"] if row["rounds"]]
            assert (row["severity"], row["met"], row["percent"]) == ("major", 1, 100.0)

            status, _, err = await site.command("attainment", "--month", "2026-13")
            assert (status, err) == (2, "expected a month such as 2026-11; got '2026-13'\n")

    asyncio.run(story())


def test_a_system_that_goes_dark_is_told_unseen_and_seen_and_counted() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("silent", "gw-west")
            site.lab.fault("ssh-silent", "gw-west")
            assert await until(lambda: any(" UNSEEN " in line for line in site.log), 30), site.log
            site.lab.clear()
            assert await until(lambda: any(" SEEN " in line for line in site.log), 30), site.log
            told = [line.split()[2:6] for line in site.log if re.search(r" (UN)?SEEN ", line)]
            assert told == [["-", "UNSEEN", "-", "gw-west"], ["-", "SEEN", "-", "gw-west"]]
            _, page = await asyncio.to_thread(site.get, "/metrics")
            found = re.findall(
                r'^trunkwatch_unmonitored_seconds_total\{system="(.*)"\} (\S+)$', page, re.MULTILINE
            )
            seconds = {system: float(value) for system, value in found}
            assert seconds["gw-west"] > 2
            assert seconds["cm1"] == 0
            assert 'trunkwatch_breaches_total{severity="major",step="respond"} 0.0' in page
            assert "\ntrunkwatch_clock_synchronised" not in page  # the lab's site does not mind
            assert await site.end() == 0
            journal = read_journal(site.folder / "state" / "journal.db")
            kinds = [type(each.body) for each in journal if isinstance(each.body, SightLost | SightBack)]
            assert kinds == [SightLost, SightBack]

    asyncio.run(story())


def test_it_signs_that_it_lives_so_that_a_kill_is_known_by_its_last_word() -> None:
    async def story() -> None:
        async with watched() as site:
            assert await until(lambda: any(" ALIVE " in line for line in site.log), 20), site.log
            await site.end(signal.SIGKILL)
            await site.start()
            assert await site.end() == 0
            journal = read_journal(site.folder / "state" / "journal.db")
            kinds = [type(each.body) for each in journal]
            assert kinds.count(AgentStarted) == 2
            assert kinds.count(AgentStopped) == 1
            assert AgentAlive in kinds[: kinds.index(AgentStarted, 1)]

    asyncio.run(story())


def test_a_clock_that_nobody_keeps_is_a_ticket_where_the_site_minds() -> None:
    async def story() -> None:
        async with watched(clock_synchronised=True) as site:
            _, page = await asyncio.to_thread(site.get, "/metrics")
            said = re.findall(r"^trunkwatch_clock_synchronised (\S+)$", page, re.MULTILINE)
            if said == ["0.0"]:  # by this machine's kernel; else there is nothing to tell
                assert await until(lambda: site.open, 20), site.log
                (told,) = site.open
                assert [str(word) for word in told] == ["minor", "not-major", "None", "access"]
            assert said in (["0.0"], ["1.0"], [])
            assert await site.end() == 0

    asyncio.run(story())
