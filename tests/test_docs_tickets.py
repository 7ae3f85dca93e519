"""docs/tickets.md, held to the program: its story is told to the commands, on a false clock.

The socket is a real one, behind it is the daemon's desk alone. `python -m tests.test_docs_tickets` writes
what the commands print into the page.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import yaml
from typer.testing import CliRunner

from agent.cli import app
from agent.control import ControlServer
from agent.desk import Desk
from agent.entries import Body
from agent.loading import load_setup
from tests.story import CM1, Story, a_site, trunk_group
from tests.watched import CHECKOUT

PAGE = CHECKOUT / "docs" / "tickets.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# What happens before a command, beside the five minutes that pass before each.
HAPPENS: dict[str, Callable[[Story], Any]] = {
    "list": lambda s: s.reads("cm1", trunk_group(1, 23, 46)).passes(60),
    "list --all": lambda s: s.reads("cm1", trunk_group(1, 0, 46)).passes(60),
    'reopen TW-000001 --note "clicks again"': lambda s: s.passes(5 * 3600),
}


def commands(page: str) -> list[str]:
    """Every command of the page, without its `$ `."""
    return [
        line[2:] for block in _BLOCK.findall(page) for line in block.splitlines() if line.startswith("$ ")
    ]


def told(page: str, folder: Path) -> list[str]:
    """What each command prints."""
    site = {
        "site": "Story",
        "zone": "America/Chicago",
        "locations": [{"name": "main"}, {"name": "east"}, {"name": "west"}],
        "systems": [CM1],
        "contract": {"sold_to": "0001234567", "vendor_phone": "+1 800 555 0100"},
        "directories": {name: str(folder) for name in ("state", "log", "run")},
    }
    file = folder / "site.yaml"
    file.write_text(yaml.safe_dump(site))
    setup = load_setup(file, with_secrets=False)
    story = Story("2026-11-20 16:30", site=a_site(CM1))
    unused = cast(Any, None)  # what other questions would need

    async def tell(body: Body) -> None:
        story._write((body,))

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
    words = command.removeprefix("trunkwatch tickets ")
    story.passes(300)
    if (happens := HAPPENS.get(words)) is not None:
        happens(story)
    done = CliRunner().invoke(app, ["tickets", *shlex.split(words), "--site", str(file)])
    assert done.exit_code in (0, 2), done.output
    me = pwd.getpwuid(os.getuid()).pw_name
    return re.sub(rf"\bby {re.escape(me)}\b", "by ana", done.output)


def renewed(page: str, folder: Path) -> str:
    """The page with what its commands print."""
    answers = iter(told(page, folder))

    def block(found: re.Match[str]) -> str:
        asked = [line for line in found[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{_plain(next(answers))}" for line in asked) + "```"

    return _BLOCK.sub(block, page)


def _plain(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_every_command_of_the_page_prints_what_stands_below_it(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page, tmp_path) == page, "renew it: .venv/bin/python -m tests.test_docs_tickets"


def test_the_page_shows_every_command() -> None:
    shown = {command.split()[2] for command in commands(PAGE.read_text(encoding="utf-8"))}
    (tickets,) = (group.typer_instance for group in app.registered_groups if group.name == "tickets")
    assert tickets is not None
    assert shown == {command.name for command in tickets.registered_commands}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), Path(name)), encoding="utf-8")
