"""A new product is one file in `collectors/` and one folder of recordings, and nothing else is edited.

The file below is the whole of a product: a doorbell with an SNMP agent. It is put beside the others for the
length of a test, recorded, named in a site file, and watched by the real daemon to a ticket.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import yaml

from tests.watched import CHECKOUT, until, watched

DOORBELL = '''\
"""A doorbell, over SNMP: whether its button works. A product that exists in this test only (synthetic)."""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.base import (
    SYS_UPTIME,
    Answers,
    Fact,
    Findings,
    Metric,
    Observation,
    Pacing,
    Poll,
    Product,
    Sample,
    SnmpSession,
)

BUTTON = "1.3.6.1.4.1.6889.2.9.1.3.3.0"  # the lab's gateway plays the doorbell: 1 works, 2 stuck
WORKS = Metric("avaya_doorbell_works", "Whether the button works, 0 or 1.")


async def ask(session: SnmpSession) -> Answers:
    """One question."""
    return await session.get(SYS_UPTIME, BUTTON)


def read(answers: Answers, at: datetime) -> Findings:
    """One part and one sample; a button that was not told is unread, never well."""
    state = answers.integer(BUTTON)
    if state is None:
        return Findings((Observation(role="equipment", component="button", unread=True),))
    button = Observation(role="equipment", component="button", lost=int(state != 1), total=1)
    return Findings((button,), (Sample(WORKS, int(state == 1)),), complete=("equipment",))


second = timedelta(seconds=1)
PRODUCT = Product(
    name="doorbell",
    title="Doorbell",
    function="other",
    polls={"snmp": Poll(ask, read, Pacing(10, 0 * second, second, 2, second))},
    authority=("snmp",),
    metrics=(WORKS,),
    facts=(Fact("everything", "made up for a test", "synthetic"),),
)
'''

SCALARS = {
    "healthy": ("integer 1", {"lost": "0"}, "1"),
    "failing": ("integer 2", {"lost": "1"}, "0"),
    "unreadable": ("text stuck", None, None),
    "dead": ("silent", None, None),
}


def a_tree(folder: Path) -> Path:
    """A checkout with one more file in `collectors`: what a developer's tree looks like a minute later."""
    tree = folder / "tree"
    for room in ("collectors", "tests", "tests/recordings"):
        (tree / room).mkdir(parents=True)
        for path in (CHECKOUT / room).iterdir():
            if path.name not in ("recordings", "__pycache__"):
                (tree / room / path.name).symlink_to(path)
    for name in ("agent", "config", "setup.cfg", "pyproject.toml"):
        (tree / name).symlink_to(CHECKOUT / name)
    (tree / "collectors" / "doorbell.py").write_text(DOORBELL)
    return tree


def record(folder: Path) -> None:
    """The one folder of recordings."""
    folder.mkdir()
    for case, (answer, part, sample) in SCALARS.items():
        expect: dict[str, object] = {"error": "unreachable", "detail": "1.3.6.1.2.1.1.3.0: no answer"}
        uptime = "silent" if case == "dead" else "integer 100"
        if case == "unreadable":
            expect = {
                "error": "unreadable",
                "detail": "1.3.6.1.4.1.6889.2.9.1.3.3.0: expected an integer, got b'stuck'",
            }
        if part is not None:
            expect = {
                "complete": ["equipment"],
                "observations": [{"role": "equipment", "component": "button", **part, "total": "1"}],
                "samples": {"avaya_doorbell_works": sample},
            }
        recording = {
            "product": "doorbell",
            "protocol": "snmp",
            "facts": "synthetic",
            "note": "Made up for a test.",
            "at": "2026-11-20T17:02:00-06:00",
            "scalars": {"1.3.6.1.2.1.1.3.0": uptime, "1.3.6.1.4.1.6889.2.9.1.3.3.0": answer},
            "expect": expect,
        }
        if case == "dead":
            recording["scalars"] = {"1.3.6.1.2.1.1.3.0": "silent"}
        (folder / f"{case}.yaml").write_text(yaml.safe_dump(recording))


def test_a_third_product_fails_until_it_is_recorded_and_then_passes_every_test_of_products(
    tmp_path: Path,
) -> None:
    tree = a_tree(tmp_path)

    def tests_of_products() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_recordings.py"],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
        )

    before = tests_of_products()
    assert before.returncode != 0
    assert "record tests/recordings/doorbell/{healthy,failing,unreadable,dead}.yaml" in before.stdout
    record(tree / "tests" / "recordings" / "doorbell")
    after = tests_of_products()
    assert after.returncode == 0, after.stdout


def test_a_third_product_is_watched_by_the_daemon_to_its_ticket(tmp_path: Path) -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            settings = yaml.safe_load(site.site.read_text())
            west = next(system for system in settings["systems"] if system["name"] == "gw-west")
            west |= {"name": "bell", "product": "doorbell"}
            west.pop("gateway_number")
            settings |= {"systems": [west], "primary_numbers": []}
            site.site.write_text(yaml.safe_dump(settings))

            site.checkout = a_tree(tmp_path)
            status, out, err = await site.command("check")
            assert status == 0, err
            assert "doorbell" in out
            await site.start()
            metrics = (await asyncio.to_thread(site.get, "/metrics"))[1]
            assert 'avaya_doorbell_works{system="bell"} 1.0' in metrics
            site.lab.fault("gateway-unregistered", "gw-west")
            stuck = {("minor", "not-major", "bell", "equipment")}
            assert await until(lambda: site.open == stuck, 10), (site.log, site.stderr)
            site.lab.clear()
            assert await until(lambda: site.open == set(), 10), site.log

    asyncio.run(story())
