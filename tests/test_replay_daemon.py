"""A real daemon's readings, exported and replayed, come to the tickets that it told; each answer stands."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.watched import Watched, until, watched

Seen = list[tuple[str, str, str, str, str]]


def told(tickets: list[dict[str, Any]]) -> Seen:
    """Which failure, by which clause, as what, and what became of it."""
    return [(t["system"], t["role"], t["clause"], t["severity"], t["state"]) for t in tickets]


def moments(tickets: list[dict[str, Any]], name: str) -> list[datetime]:
    return [datetime.fromisoformat(ticket[name]) for ticket in tickets]


async def asked(site: Watched, *words: str) -> tuple[str, str]:
    status, out, err = await site.command(*words)
    assert status == 0, (words, err)
    return out, err


def test_what_the_daemon_read_is_replayed_to_the_tickets_that_it_told() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: len(site.open) == 1, 30), site.log
            site.lab.fault("dsp-fault", "gw-west")
            assert await until(lambda: len(site.open) == 2, 30), site.log
            site.lab.clear("half-of-trunks-out")
            assert await until(lambda: len(site.open) == 1, 30), site.log

            assert await asked(site, "explain") == ("nothing fails that is no ticket yet\n", "")
            now = datetime.now(UTC)
            since = ("--since", f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+00:00")
            stretch = (*since, "--until", now.isoformat())
            questions = (
                ("readings", "export", *stretch),
                ("readings", "export", *stretch, "--system", "gw-west"),
                ("explain", "TW-000001"),
                ("explain", "TW-000001", "--json"),
                ("tickets", "list", "--all", "--json"),
            )
            running = [await asked(site, *words) for words in questions]
            assert await site.end() == 0
            stopped = [await asked(site, *words) for words in questions]
            for words, (out, _), (again, err) in zip(questions, running, stopped, strict=True):
                assert out == again, words
                assert words[0] == "readings" or "no daemon runs" in err

            lines = [json.loads(each) for each in running[0][0].splitlines()]
            assert {"snmp", "sat", "ssh"} <= {each["protocol"] for each in lines}
            assert {each["system"] for each in map(json.loads, running[1][0].splitlines())} == {"gw-west"}
            file = site.folder / "state" / "readings.db"
            assert stat.S_IMODE(file.stat().st_mode) == 0o640

            exported = site.folder / "readings.jsonl"
            exported.write_text((await asked(site, "readings", "export", *since))[0])
            replayed = json.loads((await asked(site, "replay", str(exported), "--json"))[0])
            live = json.loads(stopped[-1][0])
            assert told(replayed["tickets"]) == told(live)
            assert len(live) == 2
            for one, other in zip(
                moments(replayed["tickets"], "received"), moments(live, "received"), strict=True
            ):
                assert abs(one - other) < timedelta(seconds=2)

    asyncio.run(story())
