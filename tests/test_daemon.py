"""The daemon as its operators meet it: killed, reloaded, misconfigured, scraped, asked with and without."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import signal
import socket
import ssl
import urllib.request
from typing import Any

import bcrypt
import pytest
import yaml

from tests.certificates import Authority
from tests.watched import Watched, free_port, until, watched

HALF = ("major", "half-capacity", "cm1", "trunks")
WEST = ("minor", "not-major", "gw-west", "service")


@pytest.mark.parametrize("seed", [20261121, 20261122, 20261123])
def test_killed_at_any_moment_it_shows_the_same_tickets_after_a_restart_none_lost_none_twice(
    seed: int,
) -> None:
    async def story() -> None:
        chance = random.Random(seed)  # noqa: S311 - moments to kill at, not secrets
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: site.open == {HALF}, 10), site.log
            for _ in range(2):
                # Another fault is on its way while the daemon dies, at whatever point of it.
                site.lab.fault("silent", "gw-west")
                await asyncio.sleep(chance.uniform(0, 5))
                await site.end(signal.SIGKILL)
                told = _receipts(await _tickets_without_daemon(site))
                await site.start()
                assert await until(lambda: site.open == {HALF, WEST}, 15), site.log
                assert told <= _receipts(await asyncio.to_thread(lambda: site.tickets))
                site.lab.clear("silent")
                assert await until(lambda: site.open == {HALF}, 15), site.log
            opened = [line.split()[4] for line in site.log if " OPEN " in line]
            tickets = await asyncio.to_thread(lambda: site.tickets)
            assert sorted(set(opened)) == sorted(
                ticket["id"] for ticket in tickets
            )  # none is missing in the log
            halves = [ticket for ticket in tickets if ticket["clause"] == "half-capacity"]
            assert len(halves) == 1

    asyncio.run(story())


def _receipts(tickets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """When each round of each ticket was received."""
    return {(ticket["id"], each["received"]) for ticket in tickets for each in ticket["rounds"]}


async def _tickets_without_daemon(site: Watched) -> list[dict[str, Any]]:
    status, out, err = await site.command("tickets", "list", "--all", "--json")
    assert status == 0, err
    assert "no daemon runs" in err
    return list(json.loads(out))


def test_a_question_has_the_same_answer_with_the_daemon_and_without_it() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("trunk-group-out")
            assert await until(lambda: len(site.open) == 1, 10), site.log
            for command in (["list"], ["list", "--all", "--json"], ["show", "TW-000001"]):
                running = await site.command("tickets", *command)
                assert running[0] == 0, running
                assert await site.end() == 0
                stopped = await site.command("tickets", *command)
                assert _instants(stopped[1]) == _instants(running[1])
                assert "no daemon runs" in stopped[2]
                await site.start()
            status, out, _ = await site.command("tickets", "show", "TW-000001")
            assert status == 0
            assert "8 of 46 trunks out of service" in out
            assert "any failure not included in the definition of a major failure" in out

            status, _, err = await site.command("tickets", "show", "TW-000009")
            assert (status, err.strip()) == (
                2,
                "no ticket 'TW-000009'; `trunkwatch tickets list --all` lists every one",
            )

    asyncio.run(story())


def _instants(text: str) -> str:
    return re.sub(r"\.\d+(?=[-+Z])", "", text)


def test_poll_shows_what_was_asked_seen_and_not_readable_with_the_daemon_and_without_it() -> None:
    async def story() -> None:
        async with watched() as site:
            for _ in range(2):
                status, out, err = await site.command("poll", "cm1")
                assert status == 0, err
                for words in ("trunk-group 1", "stations", "seconds", "avaya_", "could be read"):
                    assert words in out
                await site.end()
            site.lab.fault("silent", "gw-west")
            status, out, _ = await site.command("poll", "gw-west")
            assert status == 1
            assert "unreachable" in out
            assert "no answer in 2 x 0.5 s" in out
            status, _, err = await site.command("poll", "cm9")
            assert (status, err.strip()) == (
                2,
                "no system 'cm9' in the site file; it has cm1, gw-east, gw-west, router",
            )

    asyncio.run(story())


def test_a_changed_site_file_is_taken_whole_or_the_old_one_stays_whole() -> None:
    async def story() -> None:
        async with watched() as site:
            good = yaml.safe_load(site.site.read_text())
            fewer = good | {"systems": [s for s in good["systems"] if s["name"] != "gw-west"]}
            fewer["primary_numbers"] = []
            assert site.process is not None

            site.site.write_text(yaml.safe_dump(good | {"zone": "Mars/Olympus"}))
            site.process.send_signal(signal.SIGHUP)
            assert await until(lambda: "the site file was not taken" in site.stderr, 10)
            assert "zone: expected a time zone such as America/Chicago; got 'Mars/Olympus'" in site.stderr
            assert len(await _systems(site)) == 4

            site.site.write_text(yaml.safe_dump(fewer))
            site.process.send_signal(signal.SIGHUP)
            assert await until(lambda: "took the changed site file" in site.stderr, 10)
            assert await _systems(site) == ["cm1", "gw-east", "router"]
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: site.open == {HALF}, 10), site.log

            moved = fewer | {"web": {"listen": "127.0.0.1", "port": free_port()}}
            site.site.write_text(yaml.safe_dump(moved))
            site.process.send_signal(signal.SIGHUP)
            assert await until(lambda: "change with a restart only" in site.stderr, 10)
            assert site.open == {HALF}

    asyncio.run(story())


def test_who_asks_for_a_reload_hears_whether_the_file_was_taken() -> None:
    async def story() -> None:
        async with watched() as site:
            good = yaml.safe_load(site.site.read_text())
            assert await site.command("reload") == (0, "the daemon took the site file\n", "")

            site.site.write_text(yaml.safe_dump(good | {"zone": "Mars/Olympus"}))
            status, _, said = await site.command("reload")
            assert (status, "zone: expected a time zone" in said) == (2, True)

            # What the daemon alone can say: it knows what must not change while it runs.
            site.site.write_text(yaml.safe_dump(good | {"sinks": {"alert_log": {"path": "other.log"}}}))
            refused = (1, "", "web, directories and sinks change with a restart only\n")
            assert await site.command("reload") == refused
            assert "took the changed site file" in site.stderr

            await site.end()
            assert await site.command("reload") == (1, "", "no daemon runs that could take the site file\n")

    asyncio.run(story())


async def _systems(site: Watched) -> list[str]:
    _, body = await asyncio.to_thread(site.get, "/api/status")
    return [system["name"] for system in json.loads(body)["systems"]]


def test_a_wrong_site_file_starts_nothing_and_names_every_mistake() -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            wrong = yaml.safe_load(site.site.read_text())
            wrong["systems"][0]["snmp"]["comunity"] = "secret-in-the-wrong-place"
            wrong["systems"][1]["location"] = "moon"
            wrong["holidays"][0]["date"] = "2026-02-30"
            site.site.write_text(yaml.safe_dump(wrong))
            for command in ("run", "check"):
                status, out, err = await site.command(command)
                assert status == 2
                assert out == ""
                lines = err.strip().splitlines()
                assert len(lines) == 3, err
                assert all(
                    re.match(rf"{re.escape(str(site.site))}:\d+:\d+: \S+: expected .*; got ", line)
                    for line in lines
                ), err
                assert "secret-in-the-wrong-place" not in err
            assert not (site.folder / "state" / "journal.db").exists()

    asyncio.run(story())


def test_directories_that_cannot_be_made_are_named_and_nothing_is_started() -> None:
    async def story() -> None:
        async with watched(
            start=False, directories={"state": "/proc/a", "log": "/proc/b", "run": "run"}
        ) as site:
            status, _, err = await site.command("run")
            assert status == 2
            assert err.splitlines() == [
                f"{site.site}: directories.log: expected a directory that is there or can be made; "
                "got /proc/b: No such file or directory",
                f"{site.site}: directories.state: expected a directory that is there or can be made; "
                "got /proc/a: No such file or directory",
            ]

    asyncio.run(story())


def test_a_second_daemon_and_a_taken_port_are_refused_in_one_sentence() -> None:
    async def story() -> None:
        async with watched() as site:
            status, _, err = await site.command("run")
            assert status == 2
            assert len(err.strip().splitlines()) == 1, err
            assert "daemon" in err
            await site.end()
            with socket.create_server(("127.0.0.1", site.settings["web"]["port"])):
                status, _, err = await site.command("run")
            assert status == 2
            assert len(err.strip().splitlines()) == 1, err
            assert "web.port" in err

    asyncio.run(story())


def test_the_alert_log_is_reopened_when_it_was_moved() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("trunk-group-out")
            assert await until(lambda: any(" OPEN " in line for line in site.log), 10), site.stderr
            path = site.folder / "log" / "alert.log"
            path.rename(path.with_suffix(".1"))
            site.lab.clear()
            assert await until(lambda: any(" RESOLVE " in line for line in site.log), 10), site.stderr
            assert not any(" OPEN " in line for line in site.log)
            assert path.stat().st_mode & 0o777 == 0o640

    asyncio.run(story())


def test_no_secret_is_told_anywhere() -> None:
    async def story() -> None:
        async with watched() as site:
            secrets = [path.read_text().strip() for path in (site.folder / "credentials").iterdir()]
            for fault in ("credentials-refused", "garbage", "ssh-refused"):
                site.lab.fault(fault)
            assert await until(lambda: len(site.open) == 2, 10), site.log
            told = [site.stderr, *site.log, *(await site.command("poll", "gw-east"))[1:]]
            pages = ("/", "/metrics", "/api/status", "/api/tickets", "/readyz", "/healthz")
            told += await asyncio.to_thread(lambda: [site.get(page)[1] for page in pages])
            told.append(site.command_line)
            told.append((site.folder / "state" / "journal.db").read_bytes().decode("latin-1"))
            assert len(secrets) == 4
            for secret in secrets:
                assert not any(secret in text for text in told)

    asyncio.run(story())


def test_a_slow_or_dead_system_delays_no_other() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("slow", "gw-west")
            site.lab.fault("silent", "gw-east")
            assert await until(lambda: len(site.open) == 2, 15), site.log
            before = await _last_poll(site, "cm1")
            await asyncio.sleep(10)
            after = await _last_poll(site, "cm1")
            assert after - before >= 4  # of the five polls that ten seconds have room for

    asyncio.run(story())


async def _last_poll(site: Watched, system: str) -> float:
    """How many polls' time has passed for that system: its last success, in units of the interval."""
    _, metrics = await asyncio.to_thread(site.get, "/metrics")
    found = re.search(
        rf'trunkwatch_poll_last_success_timestamp_seconds{{[^}}]*system="{system}"[^}}]*}} (\S+)', metrics
    )
    assert found is not None, metrics
    return float(found[1]) / 2


def test_with_a_web_config_the_daemon_is_reached_by_https_and_password_only() -> None:
    async def story() -> None:
        web = {"listen": "127.0.0.1", "port": free_port(), "config": "protection/web-config.yml"}
        async with watched(start=False, web=web) as site:
            file = site.folder / "protection" / "web-config.yml"
            status, _, err = await site.command("check")
            assert status == 2
            assert re.fullmatch(
                rf"{re.escape(str(site.site))}:\d+:\d+: web\.config: "
                rf"expected a web-config\.yml that can be read; got {re.escape(str(file))}: no such file\n",
                err,
            )
            file.parent.mkdir()
            authority = Authority("made for a test")
            authority.issue(file.parent / "agent.crt", file.parent / "agent.key")
            hashed = bcrypt.hashpw(b"made-up", bcrypt.gensalt(4)).decode()
            tls = {"cert_file": "agent.crt", "key_file": "agent.key"}
            file.touch(0o640)
            file.write_text(
                yaml.safe_dump({"tls_server_config": tls, "basic_auth_users": {"operator": hashed}})
            )
            status, out, err = await site.command("check")
            assert status == 0, err
            assert f"web        https://127.0.0.1:{web['port']}/\n" in out
            assert re.search(
                rf"^           {re.escape(str(file))}: passwords for 1 user, certificate valid", out, re.M
            )

            trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=authority.pem))
            login = urllib.request.HTTPPasswordMgrWithPriorAuth()
            login.add_password(
                None, f"https://127.0.0.1:{web['port']}/", "operator", "made-up", is_authenticated=True
            )
            site.scheme = "https"
            site.opener = urllib.request.build_opener(trust, urllib.request.HTTPBasicAuthHandler(login))
            await site.start()
            assert (await asyncio.to_thread(site.get, "/metrics"))[0] == 200
            site.opener = urllib.request.build_opener(trust)
            assert (await asyncio.to_thread(site.get, "/metrics"))[0] == 401
            assert f"https://127.0.0.1:{web['port']}/" in site.stderr

            file.write_text("tls_server_config:\n")
            assert (await asyncio.to_thread(site.get, "/healthz"))[0] == 401
            assert "the web config was not taken, the old one stays in force" in site.stderr
            assert await site.end() == 0
            status, _, err = await site.command("run")
            assert status == 2
            assert err.startswith(f"{file}:1:19: tls_server_config: expected cert_file and key_file below it")
            assert not any(secret in site.stderr for secret in ("made-up", hashed))

    asyncio.run(story())


def test_a_real_prometheus_scrapes_it() -> None:
    prometheus = shutil.which("prometheus") or pytest.skip(
        "prometheus is not installed: apt install prometheus"
    )

    async def story() -> None:
        async with watched() as site:
            port = free_port()
            target = f"127.0.0.1:{site.settings['web']['port']}"
            config = site.folder / "prometheus.yml"
            config.write_text(
                yaml.safe_dump(
                    {
                        "global": {"scrape_interval": "1s"},
                        "scrape_configs": [
                            {"job_name": "trunkwatch", "static_configs": [{"targets": [target]}]}
                        ],
                    }
                )
            )
            process = await asyncio.create_subprocess_exec(
                prometheus,
                f"--config.file={config}",
                f"--storage.tsdb.path={site.folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
                stderr=asyncio.subprocess.DEVNULL,
            )

            def ask(query: str) -> dict[str, float]:
                try:
                    url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
                    with urllib.request.urlopen(url, timeout=5) as answer:
                        found = json.load(answer)["data"]["result"]
                except OSError:
                    return {}
                return {each["metric"].get("system", ""): float(each["value"][1]) for each in found}

            try:
                assert await until(lambda: ask("up") == {"": 1.0}, 20)
                up = {"cm1": 1, "gw-east": 1, "router": 1}
                assert await until(lambda: ask("avaya_up") == up | {"gw-west": 1}, 20)
                site.lab.fault("silent", "gw-west")
                assert await until(lambda: ask("avaya_up") == up | {"gw-west": 0}, 20)
                # Its values vanish; that it cannot be seen does not.
                assert await until(lambda: set(ask("avaya_uptime_seconds")) == {"cm1", "gw-east"}, 20)
                assert ask("avaya_up")["gw-west"] == 0
            finally:
                process.kill()
                await process.wait()

    asyncio.run(story())
