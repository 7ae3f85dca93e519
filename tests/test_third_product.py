"""A new product is one file in `collectors/`, named in a site file, and nothing else is edited.

The file below is the whole of a product: a doorbell with an SNMP agent. It is put beside the others for the
length of a test and watched by the real daemon to a ticket. (Its folder of recordings, the other thing that a
product needs, is tried on the README's example in test_docs.py.)
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import yaml

from tests.trees import tree_with
from tests.watched import until, watched

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


def test_a_third_product_is_watched_by_the_daemon_to_its_ticket(tmp_path: Path) -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            settings = yaml.safe_load(site.site.read_text())
            west = next(system for system in settings["systems"] if system["name"] == "gw-west")
            west |= {"name": "bell", "product": "doorbell"}
            west.pop("gateway_number")
            west.pop("ssh")
            settings |= {"systems": [west], "primary_numbers": [], "locations": [{"name": "west"}]}
            site.site.write_text(yaml.safe_dump(settings))

            site.checkout = tree_with(tmp_path, {"collectors/doorbell.py": DOORBELL})
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
