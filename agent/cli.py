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
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agent import printing
from agent.control import Answer, ControlError, Request, ask
from agent.journal import JournalError
from agent.lines import open_poller
from agent.loading import Setup, load_setup
from agent.mistakes import ConfigError
from agent.poller import poll_once
from agent.questions import READING, TICKETS, from_journal, no_such_system
from agent.responding import LONGEST_NOTE, why_not
from agent.version import VERSION
from agent.views import TicketView
from agent.web import WebError
from collectors.base import Reading
from collectors.sessions.snmp import Lanes

SITE_FILE = Path("/etc/trunkwatch/site.yaml")
CHECKOUT = Path(__file__).resolve().parent.parent
LAB_SITE_FILE = CHECKOUT / ".lab" / "site.yaml"

app = typer.Typer(
    name="trunkwatch",
    help="Watches Avaya phone systems and judges their failures by the words of the support contract.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
tickets_app = typer.Typer(no_args_is_help=True, help="The tickets: what is wrong, and by when to respond.")
app.add_typer(tickets_app, name="tickets")

SiteOption = Annotated[
    Path | None,
    typer.Option(
        "--site",
        envvar="TRUNKWATCH_SITE",
        help=f"The site file. Default: {SITE_FILE}, or in a checkout the lab's.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


@app.command()
def run(site: SiteOption = None) -> None:
    """Watch the site until told to stop (SIGTERM). SIGHUP takes the site file anew, SIGUSR2 the alert log."""
    from agent.daemon import run_daemon  # noqa: PLC0415 - nothing but `run` needs the web server and schedule

    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        asyncio.run(run_daemon(_site_file(site)))
    except ConfigError as error:
        _end(str(error), 2)
    except (JournalError, WebError, ControlError) as error:
        _end(str(error), 2)


@app.command()
def check(site: SiteOption = None) -> None:
    """Check the site file with the code that start-up uses, and print what it found."""
    printing.console().print(printing.show_setup(_setup(site)))


@app.command()
def poll(system: str, site: SiteOption = None, json: JsonOption = False) -> None:
    """Ask one system now: every question, how long it took, all that was seen and could not be read."""
    setup = _setup(site)
    names = tuple(each.name for each in setup.site.systems)
    if system not in names:
        _end(no_such_system(system, names), 2)
    answer = _ask_daemon(setup, Request(question="poll", arguments={"system": system}))
    readings = [READING.validate_python(answer.body)] if answer else asyncio.run(_poll_alone(setup, system))
    for reading in readings:
        if json:
            print(READING.dump_json(reading, exclude_none=True).decode())
        else:
            printing.console().print(printing.show_reading(reading, setup.site.zone))
    if any(reading.error for reading in readings):
        raise typer.Exit(1)


@tickets_app.command("list")
def tickets_list(
    site: SiteOption = None,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    json: JsonOption = False,
) -> None:
    """The open tickets."""
    setup = _setup(site)
    tickets = [ticket for ticket in _tickets(setup) if every or ticket.state == "open"]
    if json:
        print(TICKETS.dump_json(tuple(tickets)).decode())
    elif tickets:
        printing.console().print(printing.show_tickets(tickets, setup.site.zone))
    else:
        print("no tickets" if every else "no open tickets")


@tickets_app.command("show")
def tickets_show(ticket: str, site: SiteOption = None, json: JsonOption = False) -> None:
    """One ticket: the clause in the contract's words, the evidence, how it came about."""
    setup = _setup(site)
    found = next((each for each in _tickets(setup) if each.id == ticket), None)
    if found is None:
        _end(f"no ticket {ticket!r}; `trunkwatch tickets list --all` lists every one", 2)
    if json:
        print(TICKETS.dump_json((found,)).decode())
    else:
        printing.console().print(printing.show_ticket(found, setup.site.zone))


@tickets_app.command("respond")
def tickets_respond(
    ticket: str,
    site: SiteOption = None,
    note: Annotated[
        str, typer.Option("--note", help=f"A line to keep with it, {LONGEST_NOTE} at most.")
    ] = "",
) -> None:
    """Say that you have responded to a ticket. It is recorded under your user's name and stops that clock."""
    setup = _setup(site)
    answer = _ask_daemon(setup, Request(question="tickets", arguments={}))
    if answer is None:
        _end("no daemon runs, and only a daemon can take an answer; start it and try again", 1)
    if reason := why_not(ticket, note.strip(), TICKETS.validate_python(answer.body)):
        _end(reason, 2)
    taken = _ask_daemon(setup, Request(question="respond", arguments={"ticket": ticket, "note": note}))
    if taken is None:
        _end("the daemon has stopped meanwhile; start it and try again", 1)
    print(f"{ticket} is answered, by {taken.body['by']}")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def lab(context: typer.Context) -> None:
    """A simulated site to try all this on (in a checkout only): `trunkwatch lab --help`."""
    # The lab is no part of the product: it is started, never imported.
    if not (CHECKOUT / "tests" / "lab" / "__main__.py").is_file():
        _end("the lab exists in a checkout of the sources only; this is an installation", 1)
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


def _site_file(given: Path | None) -> Path:
    if given is not None:
        return given
    if not SITE_FILE.exists() and LAB_SITE_FILE.exists():
        return LAB_SITE_FILE
    return SITE_FILE


def _setup(site: Path | None) -> Setup:
    try:
        return load_setup(_site_file(site))
    except ConfigError as error:
        _end(str(error), 2)


def _tickets(setup: Setup) -> tuple[TicketView, ...]:
    answer = _ask_daemon(setup, Request(question="tickets", arguments={}))
    if answer is not None:
        return TICKETS.validate_python(answer.body)
    print("no daemon runs: this is what the journal says", file=sys.stderr)
    try:
        return from_journal(setup)
    except JournalError as error:
        _end(str(error), 1)


def _ask_daemon(setup: Setup, request: Request) -> Answer | None:
    """The daemon's answer; None if none runs. Ends the command where it answers that it cannot."""
    try:
        # A poll may take minutes; any other answer is there at once, or the daemon hangs.
        answer = ask(setup.control_socket, request, timeout=400 if request.question == "poll" else 15)
    except ControlError as error:
        _end(str(error), 1)
    if answer is not None and not answer.ok:
        _end(answer.error or "the daemon could not answer", 1)
    return answer


async def _poll_alone(setup: Setup, name: str) -> list[Reading]:
    system = setup.site.system(name)
    product = setup.products[system.product]
    lanes = Lanes()
    return [
        await poll_once(
            open_poller(
                setup.site,
                system,
                product,
                protocol,
                lanes=lanes,
                secrets=setup.secrets,
                now=lambda: datetime.now(UTC),
            )
        )
        for protocol, _ in setup.ways(system)
    ]


def _end(sentence: str, status: int) -> NoReturn:
    printing.error_console().print(sentence, markup=False)
    raise typer.Exit(status)
