"""`trunkwatch baseline show`: the learned station counts, from the daemon and from the journal alike (S1)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from agent.baseline_views import BaselineView, baseline_views
from agent.entries import StationSample
from agent.journal import Journal
from tests.story import CM1, GW_EAST, ZONE, Story, a_site
from tests.watched import Watched, watched

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)


def lessons(weeks: int, present: int = 120) -> tuple[StationSample, ...]:
    """So many weeks of every hour, on open days and on closed ones."""
    return tuple(
        StationSample(
            system="cm1",
            hour=MONDAY + timedelta(weeks=week, hours=hour),
            hour_of_week=hour,
            open_day=open_day,
            present=present + week,
        )
        for week, hour, open_day in product(range(weeks), range(168), (True, False))
    )


def view_of(*systems: dict[str, Any], weeks: int) -> BaselineView:
    story = Story(site=a_site(*systems))
    story._write(lessons(weeks))
    at = datetime(2026, 11, 20, 17, 30, tzinfo=ZONE)
    views = baseline_views(story.knowledge.history, story.site, story.terms.agreement, story.watches, at)
    (view,) = views
    return view


def test_the_basis_in_force_is_configured_else_learned_else_administered() -> None:
    configured = view_of({**CM1, "stations": {"expected": 190}}, GW_EAST, weeks=5)
    assert (configured.basis, configured.expected, configured.systems) == (
        "configured",
        190,
        ("cm1", "gw-east"),
    )
    learned = view_of(CM1, weeks=4)
    assert (learned.basis, learned.expected) == ("learned", 122)  # 120, 121, 122, 123: 121.5, rounded up
    assert learned.words == "learned for Fri 17:00, open day"
    young = view_of(CM1, weeks=3)
    assert (young.basis, young.expected, young.needs) == ("administered", None, 4)
    assert {(len(slot.samples), slot.expected) for slot in young.slots} == {(3, None)}


def test_every_slot_stands_in_the_order_of_the_week() -> None:
    slots = view_of(CM1, weeks=1).slots
    assert [str(slot.slot) for slot in slots[:3]] == [
        "Mon 00:00, closed day",
        "Mon 00:00, open day",
        "Mon 01:00, closed day",
    ]
    assert len(slots) == 2 * 168


async def _with_lessons(site: Watched, weeks: int) -> None:
    """Put lessons into the journal while no daemon writes it, and take the configured number away."""
    settings = yaml.safe_load(site.site.read_text())
    for system in settings["systems"]:
        system.pop("stations", None)
    site.site.write_text(yaml.safe_dump(settings))
    state = site.folder / Path(settings["directories"]["state"])
    state.mkdir(parents=True, exist_ok=True)
    journal = Journal.open(state / "journal.db")
    await journal.append(lessons(weeks), datetime.now(UTC), durable=True)
    await journal.close()


def test_the_answer_is_the_same_with_the_daemon_and_without_it() -> None:
    async def story() -> None:
        async with watched(start=False) as site:
            await _with_lessons(site, 4)
            await site.start()
            running = await site.command("baseline", "show", "--json")
            text = await site.command("baseline", "show", "cm1")
            assert await site.end() == 0
            stopped = await site.command("baseline", "show", "--json")
            assert (running[0], running[2], stopped[0]) == (0, "", 0)
            assert "no daemon runs" in stopped[2]
            answers = [json.loads(answer[1]) for answer in (running, stopped)]
            for (view,) in answers:  # which hour it is may change between two questions
                assert (view["basis"], view["expected"]) == ("learned", 122)
                assert view.pop("words") is not None
                assert view.pop("hour_of_week") is not None
                assert view.pop("open_day") is not None
            assert answers[0] == answers[1]

            assert text[0] == 0
            assert "122 stations expected, learned: learned for" in text[1]
            assert "Mon 08:00, open day    122       4      120 121 122 123" in text[1]
            status, _, complaint = await site.command("baseline", "show", "cm9")
            assert (status, complaint.splitlines()[-1]) == (
                2,
                "no phone system 'cm9' in the site file; it has cm1, gw-east, gw-west",
            )

    asyncio.run(story())
