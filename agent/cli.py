"""The command line. It asks the running daemon; without one it reads the journal, or asks the device itself.

Exit status: 0 done, 1 could not be done now, 2 wrong input (configuration, names, arguments).
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from agent import printing
from agent.asking import CHECKOUT, JsonOption, SiteOption, ask_daemon, end, setup_of, site_file
from agent.cli_attainment import attainment
from agent.cli_baseline import baseline_app
from agent.cli_calendar import calendar_app
from agent.cli_due import due
from agent.cli_enroll import enroll, retry_login
from agent.cli_found import found_app
from agent.cli_maintenance import maintenance_app
from agent.cli_questions import explain, readings_app, replay
from agent.cli_tickets import tickets_app
from agent.control import ControlError, Request
from agent.journal import JournalError
from agent.lines import Means, open_poller
from agent.loading import ConfigError, Setup, load_contract
from agent.notify import log_stream
from agent.poller import poll_once
from agent.questions import READING, READINGS, no_such_system
from agent.version import VERSION
from agent.web import WebError
from collectors.base import Reading

app = typer.Typer(
    name="trunkwatch",
    help="Watches Avaya phone systems and judges their failures by the words of the support contract.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(tickets_app, name="tickets")
app.add_typer(maintenance_app, name="maintenance")
app.add_typer(readings_app, name="readings")
app.command()(replay)
app.command()(explain)
app.add_typer(baseline_app, name="baseline")
app.add_typer(found_app, name="found")
app.command()(attainment)
app.add_typer(calendar_app, name="calendar")
app.command()(enroll)
app.command("retry-login")(retry_login)
app.command()(due)


@app.command()
def run(site: SiteOption = None) -> None:
    """Watch the site until told to stop (SIGTERM). SIGHUP takes the site file anew, SIGUSR2 the alert log."""
    from agent.daemon import run_daemon  # noqa: PLC0415 - nothing but `run` needs the web server and schedule

    logging.basicConfig(handlers=[log_stream()], level=logging.INFO)
    try:
        asyncio.run(run_daemon(site_file(site)))
    except ConfigError as error:
        end(str(error), 2)
    except (JournalError, WebError, ControlError) as error:
        end(str(error), 2)


@app.command()
def check(
    site: SiteOption = None,
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract", help="A contract file (or the name of a shipped one) instead of the site's."
        ),
    ] = None,
) -> None:
    """Check the site file with the code that start-up uses, and print what it found; or a contract file."""
    if contract is not None:
        try:
            printing.console().print(printing.show_contract(load_contract(contract).contract))
        except ConfigError as error:
            end(str(error), 2)
        return
    setup = setup_of(site, with_secrets=True)
    printing.console().print(printing.show_setup(setup, datetime.now(setup.site.zone).date()))


@app.command()
def poll(system: str, site: SiteOption = None, json: JsonOption = False) -> None:
    """Ask one system now: every question, how long it took, all that was seen and could not be read."""
    setup = setup_of(site)
    names = tuple(each.name for each in setup.site.systems)
    if system not in names:
        end(no_such_system(system, names), 2)
    answer = ask_daemon(setup, Request(question="poll", arguments={"system": system}))
    if answer is not None:
        readings = READINGS.validate_python(answer.body)
    else:
        readings = asyncio.run(_poll_alone(setup_of(site, with_secrets=True), system))
    for reading in readings:
        if json:
            print(READING.dump_json(reading, exclude_none=True).decode())
        else:
            printing.console().print(printing.show_reading(reading, setup.site.zone))
    if any(reading.error for reading in readings):
        raise typer.Exit(1)


@app.command()
def reload(site: SiteOption = None) -> None:
    """Let the running daemon take the changed site file (root only): whole, or the old one stays in force."""
    if ask_daemon(setup_of(site), Request(question="reload")) is None:
        end("no daemon runs that could take the site file", 1)
    print("the daemon took the site file")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def lab(context: typer.Context) -> None:
    """A simulated site to try all this on (in a checkout only): `trunkwatch lab --help`."""
    # The lab is no part of the product: it is started, never imported.
    if not (CHECKOUT / "tests" / "lab" / "__main__.py").is_file():
        end("the lab exists in a checkout of the sources only; this is an installation", 1)
    os.chdir(CHECKOUT)
    lab_command = [sys.executable, "-m", "tests.lab", *context.args]
    os.execv(sys.executable, lab_command)  # noqa: S606 - our own interpreter on our own module, no shell


@app.command()
def version() -> None:
    """The version of this installation."""
    print(f"trunkwatch {VERSION}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `trunkwatch`."""
    app(args=list(arguments) if arguments is not None else None)


async def _poll_alone(setup: Setup, name: str) -> tuple[Reading, ...]:
    def now() -> datetime:
        return datetime.now(UTC)

    system, means = setup.site.system(name), Means.of(setup, now)
    pollers = [
        open_poller(setup, system, protocol, means=means, now=now) for protocol, _ in setup.ways(system)
    ]
    return tuple(await asyncio.gather(*map(poll_once, pollers)))
