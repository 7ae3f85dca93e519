"""docs/maintenance.md, held to the program: its story is told to the commands, on a false clock.

The socket is a real one, behind it is the daemon's desk alone. `python -m tests.test_docs_maintenance` writes
what the commands print into the page.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import shlex
import tempfile
from pathlib import Path
from typing import Any, cast

import yaml
from typer.testing import CliRunner

from agent.alertlog import line
from agent.cli import app
from agent.control import ControlServer
from agent.desk import Desk
from agent.entries import Body
from agent.loading import load_setup
from agent.telling import log_line
from agent.tickets import Tickets
from tests.story import CM1, GW_EAST, GW_WEST, Story, a_site, seen, works
from tests.test_docs_tickets import _BLOCK, _plain, commands
from tests.test_maintenance import adds, says
from tests.watched import CHECKOUT

PAGE = CHECKOUT / "docs" / "maintenance.md"


def windows(page: str) -> list[dict[str, Any]]:
    """The windows of the page's site file."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return list(yaml.load(block, yaml.BaseLoader)["windows"])  # noqa: S506 - a page of ours, as plain text


def told(page: str, folder: Path) -> list[str]:
    """What each command prints."""
    changes: dict[str, Any] = {"windows": windows(page), "contract": {"name": "intervision"}}
    site = {
        "site": "Story",
        "zone": "America/Chicago",
        "locations": [{"name": "main"}, {"name": "east"}, {"name": "west"}],
        "systems": [CM1, GW_EAST, GW_WEST],
        "directories": {name: str(folder) for name in ("state", "log", "run")},
        **changes,
    }
    file = folder / "site.yaml"
    file.write_text(json.dumps(site))
    setup = load_setup(file, with_secrets=False)
    story = Story("2026-11-20 16:30", site=a_site(CM1, GW_EAST, GW_WEST, **changes))
    story.reads("cm1", works(), seen("trunks", "trunk-group 1", 0, 46))
    unused = cast(Any, None)  # what other questions would need

    async def tell(body: Body) -> None:
        story.writes(body)

    async def reload() -> str:
        return ""

    async def run() -> list[str]:
        desk = Desk(
            lambda: setup,
            unused,
            lambda: story.knowledge,
            readings=unused,
            now=lambda: story.now,
            reload=reload,
            tell=tell,
            turn=asyncio.Lock(),
        )
        server = ControlServer(setup.control_socket, desk.answer)
        await server.start()
        try:
            return [await asyncio.to_thread(printed, command, file, story) for command in commands(page)]
        finally:
            await server.stop()

    return asyncio.run(run())


def printed(command: str, file: Path, story: Story) -> str:
    story.passes(300)
    words = shlex.split(command.removeprefix("trunkwatch "))
    done = CliRunner().invoke(app, [*words, "--site", str(file)])
    assert done.exit_code in (0, 2), done.output
    me = pwd.getpwuid(os.getuid()).pw_name
    return re.sub(rf"\bby {re.escape(me)}\b", "by ana", done.output)


def renewed(page: str, folder: Path) -> str:
    """The page with what its commands print."""
    answers = iter(told(page, folder))

    def block(found: re.Match[str]) -> str:
        asked = [each for each in found[1].splitlines() if each.startswith("$ ")]
        return "```console\n" + "".join(f"{each}\n{_plain(next(answers))}" for each in asked) + "```"

    return _BLOCK.sub(block, page)


def test_every_command_of_the_page_prints_what_stands_below_it(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page, tmp_path) == page, "renew it: .venv/bin/python -m tests.test_docs_maintenance"


def test_the_page_shows_every_command() -> None:
    shown = {command.split()[2] for command in commands(PAGE.read_text(encoding="utf-8"))}
    (group,) = (each.typer_instance for each in app.registered_groups if each.name == "maintenance")
    assert group is not None
    assert shown == {command.name for command in group.registered_commands}


def test_the_lines_of_the_log_in_the_page_are_what_the_agent_writes() -> None:
    story = Story("2026-11-23 12:00", site=a_site(CM1, GW_EAST, GW_WEST)).reads("gw-west")
    for number in (1, 2, 3):
        adds(story, begins="2026-11-24 12:00")
        says(story, verb="end", window=f"CH-00000{number}")
    change = {"type": "client_performed", "reference": "CHG-0042", "who": "Library IT", "why": "new fans"}
    adds(story, lasts="30 min", **change)
    story.polls(40, ("gw-west", (seen("equipment", "fans", 1),)))
    tickets, lines = Tickets(), []
    for entry in story.entries:
        tickets = tickets.apply(entry)
        found = log_line(entry, tickets, story.terms)
        lines += [line(found)] if found is not None else []
    (block,) = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block.splitlines() == lines


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), Path(name)), encoding="utf-8")
