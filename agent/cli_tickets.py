"""The commands about tickets: `tickets list` and `show` read, the others do something to one.

Without a daemon the journal is read; then nothing can be done, since only a daemon writes it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from agent import printing
from agent.acting import LONGEST_NOTE, Verb
from agent.asking import JsonOption, SiteOption, ask_daemon, end, setup_of
from agent.control import Request
from agent.journal import JournalError
from agent.loading import Setup
from agent.questions import TAKEN, TICKETS, from_journal
from agent.views import TicketView

tickets_app = typer.Typer(
    no_args_is_help=True,
    help="The tickets: what is wrong, by when to respond, and what was done about it.",
)

NoteOption = Annotated[
    str, typer.Option("--note", help=f"Why, in one line of {LONGEST_NOTE} characters at most.")
]
WhyOption = Annotated[str, typer.Option("--note", help="Why, in one line. It must be given.")]


@tickets_app.command("list")
def tickets_list(
    site: SiteOption = None,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    json: JsonOption = False,
) -> None:
    """The open tickets."""
    setup = setup_of(site)
    tickets = [ticket for ticket in _tickets(setup) if every or ticket.state == "open"]
    if json:
        print(TICKETS.dump_json(tuple(tickets)).decode())
    elif tickets:
        printing.console().print(printing.show_tickets(tickets, setup.site.zone))
    else:
        print("no tickets" if every else "no open tickets")


@tickets_app.command("show")
def tickets_show(ticket: str, site: SiteOption = None, json: JsonOption = False) -> None:
    """One ticket: the clause in the contract's words, the evidence, its targets, all that was done."""
    setup = setup_of(site)
    found = next((each for each in _tickets(setup) if each.id == ticket), None)
    if found is None:
        end(f"no ticket {ticket!r}; `trunkwatch tickets list --all` lists every one", 2)
    if json:
        print(TICKETS.dump_json((found,)).decode())
    else:
        printing.console().print(printing.show_ticket(found, setup.site.zone))


@tickets_app.command("respond")
def respond(ticket: str, site: SiteOption = None, note: NoteOption = "") -> None:
    """Say that you have responded. It is recorded under your user's name and stops that clock."""
    _act(site, "respond", ticket, note=note)


@tickets_app.command("assign")
def assign(
    ticket: str,
    to: Annotated[str, typer.Option("--to", help="Whom it is given to.")] = "",
    site: SiteOption = None,
    note: NoteOption = "",
) -> None:
    """Give a ticket to somebody."""
    _act(site, "assign", ticket, note=note, to=to)


@tickets_app.command("dispatch")
def dispatch(ticket: str, site: SiteOption = None, note: NoteOption = "") -> None:
    """A technician is on the way, or a part is."""
    _act(site, "dispatch", ticket, note=note)


@tickets_app.command("hold")
def hold(
    ticket: str,
    waiting_for: Annotated[
        Literal["customer", "parts"], typer.Option("--for", help="Whom or what the ticket waits for.")
    ],
    site: SiteOption = None,
    note: NoteOption = "",
) -> None:
    """The ticket waits. Clocks stand still where the contract says so."""
    _act(site, "hold", ticket, note=note, waiting_for=waiting_for)


@tickets_app.command("resume")
def resume(
    ticket: str,
    part_received: Annotated[
        bool, typer.Option("--part-received", help="The spare came: the defective part must go back in time.")
    ] = False,
    site: SiteOption = None,
    note: NoteOption = "",
) -> None:
    """The wait is over."""
    _act(site, "resume", ticket, note=note, part_received="true" if part_received else "")


@tickets_app.command("return")
def part_returned(ticket: str, site: SiteOption = None, note: NoteOption = "") -> None:
    """The defective part went back, after a spare came (`resume --part-received`)."""
    _act(site, "return", ticket, note=note)


@tickets_app.command("resolve")
def resolve(ticket: str, site: SiteOption = None, note: WhyOption = "") -> None:
    """Say that it is over. What is seen failing now cannot be resolved: it resolves itself once well."""
    _act(site, "resolve", ticket, note=note)


@tickets_app.command("reopen")
def reopen(ticket: str, site: SiteOption = None, note: WhyOption = "") -> None:
    """Open a resolved ticket again, as a new round. It then stays open until a person resolves it."""
    _act(site, "reopen", ticket, note=note)


@tickets_app.command("reclassify")
def reclassify(
    ticket: str,
    severity: Annotated[str, typer.Argument(help="A severity of the ticket's contract.")],
    site: SiteOption = None,
    note: WhyOption = "",
) -> None:
    """Give it another class. Both classes stay in the figures."""
    _act(site, "reclassify", ticket, note=note, severity=severity)


@tickets_app.command("note")
def add_note(
    ticket: str,
    text: Annotated[str, typer.Argument(help=f"One line of {LONGEST_NOTE} characters at most.")],
    site: SiteOption = None,
) -> None:
    """Write a line onto a ticket."""
    _act(site, "note", ticket, note=text)


@tickets_app.command("rate")
def rate(
    ticket: str,
    rating: Annotated[int, typer.Argument(help="From 1 (bad) to 5 (good).")],
    site: SiteOption = None,
    note: NoteOption = "",
) -> None:
    """Record how the customer found a resolved ticket handled."""
    _act(site, "rate", ticket, note=note, rating=str(rating))


@tickets_app.command("remind")
def remind(
    ticket: str,
    after: Annotated[str, typer.Option("--in", help="After how long, such as 30 min, 2h or 1d.")] = "",
    never: Annotated[bool, typer.Option("--never", help="Take the reminder back.")] = False,
    site: SiteOption = None,
    note: NoteOption = "",
) -> None:
    """Have the alert log say once, after a while, that the ticket is still open. An answer stays one."""
    _act(site, "remind", ticket, note=note, after=after, never="true" if never else "")


@tickets_app.command("break-out")
def break_out(
    ticket: str,
    part: Annotated[str, typer.Argument(help="What it holds, as `tickets show` names it: 'cm1 stations'.")],
    site: SiteOption = None,
    note: NoteOption = "",
) -> None:
    """Make a failure within a ticket one of its own: of a storm, or where the cause is another."""
    _act(site, "break-out", ticket, note=note, part=part)


def _act(site: SiteOption, verb: Verb, ticket: str, **more: str) -> None:
    """Let the daemon take it. Ends the command (2) where the ticket is in no state for it."""
    given = {name: text for name, text in more.items() if text}
    arguments = {"verb": verb, "ticket": ticket, **given}
    answer = ask_daemon(setup_of(site), Request(question="act", arguments=arguments))
    if answer is None:
        end("no daemon runs, and only a daemon can write to a ticket; start it and try again", 1)
    told = TAKEN.validate_python(answer.body)
    if not told.taken:
        end(told.sentence, 2)
    print(told.sentence)


def _tickets(setup: Setup) -> tuple[TicketView, ...]:
    answer = ask_daemon(setup, Request(question="tickets", arguments={}))
    if answer is not None:
        return TICKETS.validate_python(answer.body)
    print("no daemon runs: this is what the journal says", file=sys.stderr)
    try:
        return from_journal(setup, datetime.now(UTC))
    except JournalError as error:
        end(str(error), 1)
