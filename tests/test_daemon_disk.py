"""The daemon on a full, read-only or damaged disk: it watches, tells, says so once, loses nothing, heals."""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.entries import JournalRebuilt, Opened
from agent.journal import read_journal
from tests.small_disks import SmallDisk, as_root, small_disk
from tests.watched import Watched, until, watched

HALF = ("major", "half-capacity", "cm1", "trunks")
WEST = ("minor", "not-major", "gw-west", "service")


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk() as one:
        yield one


def on(disk: SmallDisk, *, log: bool = False) -> dict[str, str]:
    """Directories with the journal on that disk, and with `log` the alert log as well."""
    return {"state": str(disk.root / "state"), "log": str(disk.root / "log") if log else "log", "run": "run"}


def unwritten(site: Watched) -> float:
    found = re.search(r"^trunkwatch_journal_unwritten_entries (\S+)$", site.get("/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else -1


def opened(site: Watched) -> list[str]:
    return [line.split()[4] for line in site.log if line.split()[3] == "OPEN"]


def ids(site: Watched) -> set[str]:
    return {ticket["id"] for ticket in site.tickets}


async def healed(site: Watched, *, seconds: float = 45) -> None:
    """Until it is ready again; the daemon looks at least every 30 s, and with every reading."""
    assert await until(lambda: site.get("/readyz")[0] == 200, seconds), site.get("/readyz")


def said(site: Watched, words: str) -> int:
    return site.stderr.count(words)


def journal_of(site: Watched) -> Path:
    return Path(site.folder, site.settings["directories"]["state"], "journal.db")


def test_without_room_it_watches_and_tells_and_all_is_on_the_disk_when_there_is() -> None:
    """For everybody: a limit on the size of files in place of a full disk."""

    async def story() -> None:
        async with watched() as site:
            assert site.process is not None
            _, hard = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (16_000, hard))
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: site.open == {HALF}, 15), site.stderr
            assert await until(lambda: opened(site) == ["TW-000001"], 10)
            status, reason = await asyncio.to_thread(site.get, "/readyz")
            assert status == 503
            assert re.search(
                r"journal \S+ cannot be written: .* has room\. \d+ entries are in memory", reason
            )
            assert await asyncio.to_thread(unwritten, site) >= 1
            assert site.get("/healthz")[0] == 200
            site.lab.clear()
            assert await until(lambda: any(" RESOLVE " in line for line in site.log), 15)

            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            await healed(site)
            assert await asyncio.to_thread(unwritten, site) == 0
            assert said(site, "cannot be written") == 1
            assert said(site, "the journal can be written again") == 1
            told = await asyncio.to_thread(lambda: site.tickets)
            await site.end(signal.SIGKILL)
            await site.start()
            assert await asyncio.to_thread(lambda: site.tickets) == told
            assert opened(site) == ["TW-000001"]

    asyncio.run(story())


@as_root
@pytest.mark.parametrize("log", [False, True])
def test_a_full_disk_is_said_once_loses_no_ticket_and_no_line_and_heals(disk: SmallDisk, log: bool) -> None:
    async def story() -> None:
        async with watched(directories=on(disk, log=log)) as site:
            assert await until(lambda: any(" ALIVE " in line for line in site.log), 20)
            if log:  # the file has room left in its last block; a new one has none
                (disk.root / "log" / "alert.log").rename(disk.root / "log" / "moved")
            disk.fill()
            site.lab.fault("half-of-trunks-out")
            site.lab.fault("silent", "gw-west")
            assert await until(lambda: site.open == {HALF, WEST}, 25), site.stderr
            site.lab.clear("silent")
            assert await until(lambda: site.open == {HALF}, 25), site.stderr
            if not log:
                assert await until(lambda: sum(" RESOLVE " in line for line in site.log) == 1, 10)
            assert "is full; see that its disk" in (await asyncio.to_thread(site.get, "/readyz"))[1]
            assert await asyncio.to_thread(unwritten, site) >= 3
            disk.make_room()
            await healed(site)
            assert await until(lambda: sum(" RESOLVE " in line for line in site.log) == 1, 15)
            told = [(line.split()[4], line.split()[3]) for line in site.log if line.split()[4] != "-"]
            assert [each for each in told if each[1] != "UPDATE"] == [
                ("TW-000001", "OPEN"),
                ("TW-000002", "OPEN"),
                ("TW-000002", "RESOLVE"),
            ], site.log
            assert len(set(site.log)) == len(site.log)
            assert said(site, "journal.db cannot be written") == 1
            assert said(site, "cannot write the alert log") == int(log)
            before = await asyncio.to_thread(lambda: site.tickets)
            await site.end(signal.SIGKILL)
            await site.start()
            assert await asyncio.to_thread(lambda: site.tickets) == before
            assert sorted(opened(site)) == ["TW-000001", "TW-000002"]

    asyncio.run(story())


@as_root
def test_a_number_that_was_told_and_lost_by_a_kill_is_given_to_no_other_failure(disk: SmallDisk) -> None:
    async def story() -> None:
        async with watched(directories=on(disk)) as site:
            disk.fill()
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: opened(site) == ["TW-000001"], 15), site.stderr
            await site.end(signal.SIGKILL)
            disk.make_room()
            await site.start()
            assert await until(lambda: opened(site) == ["TW-000001", "TW-000002"], 15), site.log
            warned = [line for line in site.log if line.split()[3] == "WARN"]
            assert len(warned) == 1
            assert '"TW-000001: told in this log and lost with the journal;' in warned[0]
            assert await asyncio.to_thread(ids, site) == {"TW-000002"}
            await site.end()
            await site.start()
            assert len([line for line in site.log if line.split()[3] == "WARN"]) == 1

    asyncio.run(story())


@as_root
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_it_starts_on_a_disk_that_takes_nothing_shows_the_old_tickets_and_tells_the_new(
    disk: SmallDisk, how: str
) -> None:
    async def story() -> None:
        async with watched(directories=on(disk)) as site:
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: site.open == {HALF}, 15), site.stderr
            await site.end(signal.SIGKILL)
            if how == "full":
                disk.fill()
            else:
                disk.remount("ro")
            await site.start(status=503)
            assert await until(lambda: site.open == {HALF}, 15), site.stderr
            site.lab.fault("silent", "gw-west")
            assert await until(lambda: site.open == {HALF, WEST}, 25), site.stderr
            # The kill may have fallen between a line and its place in the journal: told twice, never lost.
            assert await until(lambda: sorted(set(opened(site))) == ["TW-000001", "TW-000002"], 10), site.log
            assert said(site, "journal.db cannot be written") == 1
            if how == "full":
                disk.make_room()
            else:
                disk.remount("rw")
            await healed(site)
            assert said(site, "the journal can be written again") == 1
            await site.end(signal.SIGKILL)
            kept = [
                entry.body.ticket
                for entry in read_journal(journal_of(site))
                if isinstance(entry.body, Opened)
            ]
            assert kept == ["TW-000001", "TW-000002"]

    asyncio.run(story())


def test_a_damaged_journal_is_said_once_set_aside_and_no_ticket_number_is_given_twice() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: opened(site) == ["TW-000001"], 15), site.stderr
            await site.end()
            path = journal_of(site)
            raw = bytearray(path.read_bytes())
            spot = raw.index(b'"kind":"opened"')
            raw[spot : spot + 40] = b"\xff" * 40
            path.write_bytes(raw)

            status, _, err = await site.command("tickets", "list")
            assert status == 1
            assert "is damaged" in err
            assert "start the daemon: it sets the file aside" in err

            await site.start()
            assert await until(lambda: opened(site) == ["TW-000001", "TW-000002"], 15), site.log
            assert said(site, "it is kept beside the new one as journal.db.damaged-") == 1
            (aside,) = path.parent.glob("journal.db.damaged-*")
            assert aside.read_bytes() == raw
            warned = [line for line in site.log if line.split()[3] == "WARN"]
            assert len(warned) == 1
            assert "and is built anew" in warned[0]
            assert "1 known to be lost" in warned[0]
            await site.end()
            entries = read_journal(path)
            assert sum(isinstance(entry.body, JournalRebuilt) for entry in entries) == 1
            await site.start()
            assert len([line for line in site.log if line.split()[3] == "WARN"]) == 1

    asyncio.run(story())


def test_a_journal_that_is_gone_altogether_leaves_the_told_numbers_taken() -> None:
    async def story() -> None:
        async with watched() as site:
            site.lab.fault("half-of-trunks-out")
            assert await until(lambda: opened(site) == ["TW-000001"], 15), site.stderr
            await site.end()
            await asyncio.to_thread(shutil.rmtree, journal_of(site).parent)
            await site.start()
            assert await until(lambda: opened(site) == ["TW-000001", "TW-000002"], 15), site.log

    asyncio.run(story())
