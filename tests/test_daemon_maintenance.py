"""Maintenance windows of a running daemon: from a shell in one line, kept over a kill, and told."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

from tests.watched import Watched, until, watched


async def listed(site: Watched, *options: str) -> list[dict[str, Any]]:
    status, out, _ = await site.command("maintenance", "list", "--json", *options)
    assert status == 0
    return list(json.loads(out))


def test_a_window_from_a_shell_holds_back_over_a_kill_until_it_is_ended() -> None:
    async def story() -> None:
        async with watched() as site:
            assert await listed(site) == []
            status, said, _ = await site.command(
                *("maintenance", "add", "--for", "2h", "--system", "cm1", "--type", "client-performed"),
                *("--reference", "CHG-0042", "--why", "new trunks"),
            )
            assert (status, said.split(" until ")[0]) == (0, "CH-000001 covers system cm1")
            assert await until(lambda: any(" WINDOW " in line for line in site.log), 5)
            refused = await site.command("maintenance", "add", "--for", "2h", "--system", "cm9")
            assert refused[0] == 2
            assert refused[2].startswith("expected a system of this site (did you mean 'cm1'?); got 'cm9'")
            site.lab.fault("half-of-trunks-out")

            def pending() -> list[str]:
                body: dict[str, Any] = json.loads(site.get("/api/tickets")[1] or "{}")
                return [
                    text for text in body.get("pending", []) if "inside maintenance window CH-000001" in text
                ]

            assert await until(pending, 20)
            assert "trunkwatch_maintenance_windows_open 1.0" in site.get("/metrics")[1]
            await site.end(signal.SIGKILL)
            running = await listed(site)
            assert [(each["name"], each["state"], each["by"] != "") for each in running] == [
                ("CH-000001", "open", True)
            ]
            stopped = await site.command("maintenance", "end", "CH-000001")
            assert (stopped[0], "only a daemon can take that down" in stopped[2]) == (1, True)
            await site.start()
            assert await listed(site) == running
            assert await until(pending, 20)
            assert site.tickets == []
            ended = await site.command("maintenance", "end", "CH-000001", "--note", "it did not work")
            assert ended[:2] == (0, ended[1])
            assert "what still fails is told now" in ended[1]
            raised = await until(lambda: site.tickets, 20)
            assert [(t["severity"], t["responsibility"], t["window"]) for t in raised] == [
                ("major", "customer_change", "CH-000001")
            ]
            assert await until(lambda: any(" OPEN " in line for line in site.log), 5)
            verbs = [line.split()[3] for line in site.log if " ALIVE " not in line]
            assert verbs == ["WINDOW", "WINDOW", "OPEN"]
            assert "overran: 1 still fails" in site.log[-2]
            assert [each["state"] for each in await listed(site, "--all")] == ["ended"]
            assert await listed(site) == []
            unknown = await site.command("maintenance", "show", "CH-000007")
            assert unknown[0] == 2

    asyncio.run(story())
