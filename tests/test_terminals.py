"""The daemon on terminals: one session each, one login attempt, known host keys, a stop that never waits.

The commands for that are `enroll` and `retry-login`, with the daemon and without it.
"""

from __future__ import annotations

import asyncio
import re
import signal
import time

import yaml

from tests.watched import Watched, until, watched

CM = ("minor", "not-major", "cm1", "service")
EAST = ("minor", "not-major", "gw-east", "service")
SYSTEMS = ("cm1", "gw-east", "gw-west")


def access(site: Watched, system: str, protocol: str) -> float | None:
    """What `avaya_up` says of that way; None if it does not say."""
    found = re.search(
        rf'^avaya_up{{protocol="{protocol}",system="{system}"}} (\S+)', site.get("/metrics")[1], re.MULTILINE
    )
    return float(found[1]) if found else None


def known(site: Watched) -> list[str]:
    """The lines of the accepted host keys."""
    return (site.folder / "state" / "known_hosts").read_text().splitlines()


def fingerprint(told: str) -> str:
    """The one that `enroll` shows of the key that it met."""
    found = re.search(r"shows the host key\n  (SHA256:\S+) \(", told)
    assert found is not None, told
    return found[1]


def test_each_terminal_has_one_session_that_is_kept_and_logged_off_at_the_end() -> None:
    async def story() -> None:
        async with watched() as site:
            for _ in range(3):
                status, _, err = await site.command("poll", "cm1")
                assert status == 0, err
            counts = {name: site.lab.ssh[name].counts for name in SYSTEMS}
            assert {name: (each.logins, each.most) for name, each in counts.items()} == dict.fromkeys(
                SYSTEMS, (1, 1)
            )
            assert await site.end() == 0
            assert await until(lambda: not any(each.open for each in counts.values()), 5), counts
            assert counts["cm1"].logoffs == 1
            assert "Traceback" not in site.stderr

    asyncio.run(story())


def test_a_stop_waits_for_no_session_that_hangs() -> None:
    async def story() -> None:
        async with watched() as site:
            for system in SYSTEMS:
                site.lab.fault("silent", system)
            assert await until(lambda: "does not answer" in str(site.tickets), 20), site.stderr
            began = time.monotonic()
            assert await site.end() == 0
            assert time.monotonic() - began < 10
            assert "Traceback" not in site.stderr

    asyncio.run(story())


def test_a_reload_keeps_the_sessions_of_systems_that_did_not_change() -> None:
    async def story() -> None:
        async with watched() as site:
            whole = yaml.safe_load(site.site.read_text())
            changed = [
                system | ({"description": "another"} if system["name"] == "gw-east" else {})
                for system in whole["systems"]
            ]
            site.site.write_text(yaml.safe_dump(whole | {"systems": changed}))
            assert (await site.command("reload"))[0] == 0
            logins = {name: site.lab.ssh[name].counts for name in SYSTEMS}
            assert await until(lambda: logins["gw-east"].logins == 2, 10)
            assert (logins["cm1"].logins, logins["gw-west"].logins) == (1, 1)

    asyncio.run(story())


def test_a_refused_login_is_tried_once_however_often_the_daemon_starts_and_again_when_a_person_says_so() -> (
    None
):
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("ssh-refused", "gw-east")  # drops the session: the next login is refused
            assert await until(lambda: site.open == {EAST}, 15), site.log
            assert "does not let us in (ssh)" in site.log[-1]
            assert site.log[-1].endswith("responsibility=customer")
            await site.end(signal.SIGKILL)
            await site.start()
            for _ in range(2):
                status, out, _ = await site.command("poll", "gw-east")
                assert status == 1
                assert "not tried again (new secret, or `trunkwatch retry-login" in " ".join(out.split())
            assert site.lab.ssh["gw-east"].counts.refusals == 1
            # By a command without a daemon it is not tried again either.
            await site.end()
            assert "retry-login" in (await site.command("poll", "gw-east"))[1]
            assert site.lab.ssh["gw-east"].counts.refusals == 1

            await site.start()
            assert (await site.command("retry-login", "gw-east"))[0] == 0
            assert await until(lambda: site.lab.ssh["gw-east"].counts.refusals == 2, 10)
            await site.command("poll", "gw-east")
            assert site.lab.ssh["gw-east"].counts.refusals == 2  # once more, and no more
            site.lab.clear()
            await site.end()
            status, out, _ = await site.command("retry-login", "gw-east")  # no daemon: the same file
            assert (status, "once more" in out) == (0, True)
            await site.start()
            assert await until(lambda: site.open == set(), 20), site.log
            status, out, _ = await site.command("retry-login", "gw-east")
            assert (status, out.strip()) == (
                0,
                "gw-east: no login of it was refused; nothing was in its way.",
            )

    asyncio.run(story())


def test_a_new_password_is_tried_without_asking_anybody() -> None:
    async def story() -> None:
        async with watched() as site:
            secret = site.folder / "credentials" / "ssh-password"
            right = secret.read_text()
            secret.write_text("not-the-password\n")
            assert (await site.command("reload"))[0] == 0
            assert await until(lambda: len(site.open) == 3, 20), site.log
            refusals = [site.lab.ssh[name].counts.refusals for name in SYSTEMS]
            assert refusals == [1, 1, 1]
            secret.write_text(right)
            assert (await site.command("reload"))[0] == 0
            assert await until(lambda: site.open == set(), 20), site.log
            assert "not-the-password" not in site.stderr + "".join(site.log)

    asyncio.run(story())


def test_no_login_without_a_known_host_key_and_a_person_stores_it() -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            (site.folder / "state" / "known_hosts").unlink()
            await site.start()
            assert await until(
                lambda: site.open == {CM, EAST, ("minor", "not-major", "gw-west", "service")}, 20
            )
            assert {site.lab.ssh[name].counts.logins for name in SYSTEMS} == {0}

            status, out, err = await site.command("enroll", "cm1")  # nobody at the terminal says yes
            assert (status, "Not stored" in out, "not every host key was stored" in err) == (1, True, True)
            shown = fingerprint(out)
            assert "trunkwatch enroll" in site.stderr
            assert shown in site.stderr  # the daemon's own log names the same
            status, _, _ = await site.command("enroll", "cm1", "--fingerprint", "SHA256:another")
            assert status == 1
            status, out, _ = await site.command("enroll", "cm1", "--fingerprint", shown)
            assert (status, f"cm1 (sat) is known by {shown}." in out) == (0, True)
            assert await until(lambda: access(site, "cm1", "sat") == 1.0, 10)

            await site.end()
            for system in ("gw-east", "gw-west"):  # without a daemon, on the same file
                shown = fingerprint((await site.command("enroll", system))[1])
                assert (await site.command("enroll", system, "--fingerprint", shown))[0] == 0
            assert len(known(site)) == 3
            await site.start()
            assert await until(lambda: site.open == set(), 20), site.log

    asyncio.run(story())


def test_a_changed_host_key_is_refused_until_a_person_stores_the_new_one() -> None:
    async def story() -> None:
        async with watched() as site:
            before = known(site)
            logins = site.lab.ssh["gw-west"].counts.logins
            site.lab.fault("ssh-key-changed", "gw-west")
            west = ("minor", "not-major", "gw-west", "service")
            assert await until(lambda: site.open == {west}, 15), site.log
            status, out, _ = await site.command("enroll", "gw-west")
            assert (status, "ANOTHER KEY IS STORED: SHA256:" in out) == (1, True)
            assert site.lab.ssh["gw-west"].counts.logins == logins
            assert known(site) == before
            assert (await site.command("enroll", "gw-west", "--fingerprint", fingerprint(out)))[0] == 0
            assert await until(lambda: site.open == set(), 15), site.log
            status, out, _ = await site.command("enroll", "gw-west")
            assert (status, "This key is stored already." in out) == (0, True)

    asyncio.run(story())


def test_enroll_and_retry_login_name_what_they_cannot_do() -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            for command in ("enroll", "retry-login"):
                status, _, err = await site.command(command, "cm9")
                assert (status, err.strip()) == (
                    2,
                    "no system 'cm9' in the site file; it has cm1, gw-east, gw-west, router",
                )
            only = yaml.safe_load(site.site.read_text())
            for system in only["systems"]:
                system.pop("ssh", None)
                system.pop("sat", None)
            site.site.write_text(yaml.safe_dump(only))
            status, _, err = await site.command("enroll", "gw-east")
            assert (status, err.strip()) == (
                2,
                "gw-east is not asked over SSH: the site file gives it no ssh and no sat section",
            )

    asyncio.run(story())
