"""docs/incidents.md, held to the program: its six stories are told to the core, and their lines stand there.

`python -m tests.test_docs_incidents` writes the lines of the alert log into the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agent.alertlog import line
from agent.telling import log_line
from agent.tickets import Tickets
from tests.story import GW_EAST, GW_WEST, Story, a_site, registered, seen
from tests.test_joining import (
    COUNTED,
    EAST,
    ON_BATTERY,
    PATHS,
    ROUTER,
    SIP,
    UPS,
    WEST,
    all_well,
    cm1,
    cut_east,
    lost,
    tells,
    watched,
)
from tests.watched import CHECKOUT

PAGE = CHECKOUT / "docs" / "incidents.md"
_BLOCK = re.compile(r"^<!-- story: (\w+) -->\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def wan() -> Story:
    """The WAN of east is cut for ten minutes, with a probe on the path."""
    story = cut_east(watched(ROUTER, locations=PATHS), 10)
    for _ in range(3):
        all_well(story).passes(60)
    return story


def power() -> Story:
    """The mains of east are lost, and the UPS is empty half a minute later."""
    gateway = {**GW_EAST, "depends_on": ["ups-east"]}
    story = Story(site=a_site(COUNTED, gateway, GW_WEST, UPS))
    for _ in range(3):
        all_well(story).passes(60)
    all_well(story, "ups-east").reads("ups-east", ON_BATTERY).passes(30)
    for _ in range(10):
        tells(story, cm1(lost(EAST), phones=110, east=False)).misses("gw-east").misses("ups-east")
        story.reads("gw-west", registered()).passes(60)
    for _ in range(3):
        all_well(story).reads("ups-east", replace(ON_BATTERY, lost=0)).passes(60)
    return story


def growing() -> Story:
    """First some of the phones behind a lost gateway, then most of the site's."""
    story = watched()
    for phones, minutes in ((110, 5), (70, 5)):
        for _ in range(minutes):
            tells(story, cm1(phones=phones, east=False)).misses("gw-east")
            story.reads("gw-west", registered()).passes(60)
    for _ in range(3):
        all_well(story).passes(60)
    return story


def two() -> Story:
    """Two gateways are lost one after the other, and half of the trunks with both of them only."""
    story = watched()
    west = lost(WEST)
    for _ in range(5):
        tells(story, cm1(west, west=False)).reads("gw-east", registered()).misses("gw-west").passes(60)
    for _ in range(5):
        tells(story, cm1(west, lost(EAST), west=False, east=False)).misses("gw-east").misses("gw-west")
        story.passes(60)
    return story


def spare() -> Story:
    """The main server is dead, and survivable processors take both gateways."""
    moved = replace(registered(), controller="survivable")
    story = watched()
    for _ in range(6):
        story.misses("cm1").reads("gw-east", moved).reads("gw-west", moved).passes(60)
    for _ in range(3):
        all_well(story).passes(60)
    return story


def healing() -> Story:
    """The gateway is back, and its trunks stay out: the carrier has another fault."""
    story = cut_east(watched(), 5)
    for _ in range(5):
        tells(story, cm1(replace(lost(EAST), side="far"), lost(SIP, 0)))
        story.reads("gw-east", registered(), seen("equipment", "fans", 0)).reads("gw-west", registered())
        story.passes(60)
    return story


STORIES: dict[str, Callable[[], Story]] = {
    each.__name__: each for each in (wan, power, growing, two, spare, healing)
}


def lines(story: Story) -> str:
    """What the alert log says of a story."""
    tickets, told = Tickets(), []
    for entry in story.entries:
        tickets = tickets.apply(entry)
        if (said := log_line(entry, tickets, story.terms)) is not None:
            told.append(line(said))
    return "".join(f"{each}\n" for each in told)


def renewed(page: str) -> str:
    """The page with the lines of its stories."""
    return _BLOCK.sub(
        lambda found: f"<!-- story: {found[1]} -->\n```text\n{lines(STORIES[found[1]]())}```", page
    )


def test_the_page_tells_each_story_with_the_lines_that_the_program_writes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert {found[1] for found in _BLOCK.finditer(page)} == set(STORIES)
    assert renewed(page) == page, "renew it: .venv/bin/python -m tests.test_docs_incidents"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
