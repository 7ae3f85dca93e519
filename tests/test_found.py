"""`trunkwatch found`: what stood at the first contact, and what is accepted (M4), daemon or not."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.acting import LONGEST_NOTE, Person, Refused
from agent.config import ConfigError, load_site
from agent.entries import FoundAlarm
from agent.finding import adopted, found_views
from agent.found import Found
from agent.known_checks import accepted_warnings
from tests.story import CM1, ZONE, a_site
from tests.watched import Watched, until, watched

AT = datetime(2026, 11, 20, 17, 0, tzinfo=ZONE)
ANA = Person("ana", 1000)
LISTS = {
    "cm1": {name: Found(FoundAlarm(component=name, vendor_severity="major"), AT, "snmp") for name in "ab"}
}
ACCEPTED = {"system": "cm1", "component": "dialer", "reason": "taken out", "until": "2026-11-20"}


def test_what_is_accepted_is_listed_until_its_day_is_over() -> None:
    site = a_site(CM1, accepted=[ACCEPTED])
    assert [(v.kind, v.component) for v in found_views(LISTS, site, AT)] == [
        ("found", "a"),
        ("found", "b"),
        ("accepted", "dialer"),
    ]
    assert [v.kind for v in found_views(LISTS, site, AT + timedelta(hours=7))] == ["found", "found"]
    assert list(accepted_warnings(site.accepted, AT.date())) == []
    (told,) = accepted_warnings(site.accepted, AT.date() + timedelta(days=1))
    assert told == (
        "dialer on cm1 was accepted until 2026-11-20: it raises tickets again, accept it anew or take it out"
    )


@pytest.mark.parametrize(
    ("system", "component", "note", "sentence"),
    [
        ("gw", None, "", "nothing that was found at installation on gw waits to be adopted"),
        ("cm1", "c", "", "no alarm 'c' was found at installation on cm1; there are a, b"),
        ("cm1", "a", "x" * (LONGEST_NOTE + 1), "the note has 501 characters; at most 500 are kept"),
        (
            "cm1",
            "a",
            "two\nlines",
            "the note has a control character or a line break; say it in one line of plain text",
        ),
    ],
)
def test_what_cannot_be_adopted_is_refused_in_one_sentence(
    system: str, component: str | None, note: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        adopted(LISTS, system, component, note, ANA)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(("days", "taken"), [(366, True), (367, False)])
def test_a_condition_is_accepted_for_at_most_12_months(tmp_path: Path, days: int, taken: bool) -> None:
    last = datetime.now(UTC).date() + timedelta(days=days)
    path = tmp_path / "site.yaml"
    path.write_text(
        "site: x\nzone: America/Chicago\nlocations: [{name: main}]\nsystems:\n"
        "  - {name: cm1, product: communication_manager, location: main, address: 192.0.2.1,\n"
        "     snmp: {version: 2c, community: {env: A}}}\n"
        f"accepted:\n  - {{system: cm1, component: dialer, reason: y, until: {last}}}\n"
    )
    if taken:
        assert load_site(path).accepted[0].until == last
        return
    with pytest.raises(ConfigError) as refused:
        load_site(path)
    assert str(refused.value).startswith(
        f"{path}:8:56: accepted[0].until: expected a day at most 12 months ahead, by "
    )


async def _listed(site: Watched) -> list[dict[str, Any]]:
    status, out, _ = await site.command("found", "list", "--json")
    assert status == 0
    return list(json.loads(out))


def test_an_alarm_of_the_first_contact_is_listed_adopted_and_raises_then() -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            site.lab.fault("alarm-major")
            await site.start()
            running = await _listed(site)
            assert [(each["kind"], each["system"]) for each in running] == [("found", "cm1")]
            assert site.tickets == []
            component = running[0]["component"]
            text = await site.command("found", "list", "cm1")
            assert component in text[1]
            assert "found at installation, to be adopted" in text[1]
            assert await site.end() == 0
            assert await _listed(site) == running
            stopped = await site.command("found", "adopt", "cm1")
            assert stopped[0] == 1
            assert "only a daemon can take that down" in stopped[2]
            await site.start()
            assert (await site.command("found", "adopt", "cm1", "nothing"))[0] == 2
            assert (await site.command("found", "adopt", "cm9"))[0] == 2
            status, said, _ = await site.command("found", "adopt", "cm1", component, "--note", "a real one")
            assert status == 0
            assert said.startswith(f"{component} on cm1 counts from now on, adopted by ")
            raised = await until(lambda: site.open, 45)
            assert raised == {("minor", "not-major", "cm1", "alarm")}
            assert await _listed(site) == []

    asyncio.run(story())
