"""The command line of the lab: `trunkwatch lab …`, which is `python -m tests.lab …` in the checkout.

Exit codes: 0 done; 1 no lab is running, or its daemon kept dying; 2 a mistake in the command, or the lab
cannot run (another one runs, an address or a port is taken). Mistakes are one sentence on stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.lab import model
from tests.lab.model import AddressTaken
from tests.lab.place import WEB_PORT, CannotRun, Place


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--folder", type=Path, help="the lab's folder (default: .lab in the checkout)")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--octet", type=int, default=model.OCTET, help="simulate at 127.47.OCTET.x (%(default)s)"
    )
    where.add_argument(
        "--port", type=int, default=model.PORT, help="UDP port of all systems, for SNMP (%(default)s)"
    )
    where.add_argument(
        "--ssh-port", type=int, default=model.SSH_PORT, help="TCP port of all systems, for SSH (%(default)s)"
    )
    parser = argparse.ArgumentParser(
        prog="trunkwatch lab",
        description="A simulated customer of real SNMP agents and SSH servers, with faults on demand.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", parents=[common, where], help="the lab, and the daemon watching it")
    run.add_argument("--web-port", type=int, default=WEB_PORT, help="TCP port of the daemon (%(default)s)")
    commands.add_parser("serve", parents=[common, where], help="the simulated systems alone")
    fault = commands.add_parser("fault", parents=[common], help="break something")
    fault.add_argument("name", help="see `lab faults`")
    fault.add_argument("system", nargs="?", help="on another system than the fault's own")
    clear = commands.add_parser("clear", parents=[common], help="heal one fault, or all")
    clear.add_argument("name", nargs="?")
    commands.add_parser("faults", help="the faults, what they do and what to expect")
    commands.add_parser("status", parents=[common], help="the running lab and its faults")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command; gives the exit code."""
    asked = _parser().parse_args(arguments)
    place = Place(asked.folder.resolve()) if getattr(asked, "folder", None) else Place()
    try:
        return _faults() if asked.command == "faults" else _do(asked, place)
    except CannotRun as sentence:
        return _fail(sentence, 2)


def _do(asked: argparse.Namespace, place: Place) -> int:
    if asked.command in ("run", "serve"):
        # Imported here: the SNMP engine takes half a second that `lab fault` need not wait for.
        from tests.lab.run import Setting, run, serve  # noqa: PLC0415 - as said above

        setting = Setting(
            place, asked.octet, asked.port, getattr(asked, "web_port", WEB_PORT), asked.ssh_port
        )
        try:
            return run(setting) if asked.command == "run" else serve(setting)
        except AddressTaken as sentence:
            return _fail(sentence, 2)
    return _order(asked, place)


def _order(asked: argparse.Namespace, place: Place) -> int:
    from tests.lab.control import NoLab, Order, ask  # noqa: PLC0415 - as said above
    from tests.lab.faults import UnknownFault, find  # noqa: PLC0415 - as said above

    name, system = getattr(asked, "name", None), getattr(asked, "system", None)
    try:
        if name is not None:
            find(name, system)  # a name that does not exist is said so whether or not a lab runs
        reply = ask(place.socket, Order(asked.command, name, system))
    except UnknownFault as sentence:
        return _fail(sentence, 2)
    except NoLab as sentence:
        return _fail(sentence, 1)
    print(reply.text, file=sys.stderr if reply.code else sys.stdout)
    return reply.code


def _faults() -> int:
    from tests.lab.show import print_faults  # noqa: PLC0415 - rich is of use on a terminal only

    print_faults()
    return 0


def _fail(sentence: Exception, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
