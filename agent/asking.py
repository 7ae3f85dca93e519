"""What the commands of the command line share: the site file, a question to the daemon, how a command ends.

It asks no device and prints no answer; the commands do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agent import printing
from agent.control import Answer, ControlError, Request, ask
from agent.loading import ConfigError, Setup, load_setup

SITE_FILE = Path("/etc/trunkwatch/site.yaml")
CHECKOUT = Path(__file__).resolve().parents[1]
LAB_SITE_FILE = CHECKOUT / ".lab" / "site.yaml"
# Seconds that an answer may take; any other is there at once, or the daemon hangs.
PATIENCE = {"poll": 980.0, "host_keys": 60.0, "reload": 60.0}

SiteOption = Annotated[
    Path | None,
    typer.Option(
        "--site",
        envvar="TRUNKWATCH_SITE",
        help=f"The site file. Default: {SITE_FILE}, or in a checkout the lab's.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


def site_file(given: Path | None) -> Path:
    """The site file that is meant."""
    if given is not None:
        return given
    if not SITE_FILE.exists() and LAB_SITE_FILE.exists():
        return LAB_SITE_FILE
    return SITE_FILE


def setup_of(site: Path | None, *, with_secrets: bool = False) -> Setup:
    """The site as the daemon would load it. Ends the command (2) with every mistake of the file.

    Without secrets, an operator may ask the daemon who may not read them.
    """
    try:
        return load_setup(site_file(site), with_secrets=with_secrets)
    except ConfigError as error:
        end(str(error), 2)


def ask_daemon(setup: Setup, request: Request) -> Answer | None:
    """The daemon's answer; None if none runs. Ends the command (1) where it answers that it cannot."""
    try:
        answer = ask(setup.control_socket, request, timeout=PATIENCE.get(request.question, 15.0))
    except ControlError as error:
        end(str(error), 1)
    if answer is not None and not answer.ok:
        end(answer.error or "the daemon could not answer", 1)
    return answer


def end(sentence: str, status: int) -> NoReturn:
    """End the command with one sentence on standard error."""
    printing.error_console().print(sentence, markup=False)
    raise typer.Exit(status)
