"""The questions that anyone can ask: what was read, what other readings or terms would have come to, and why.

They read; none of them changes anything. With a daemon or without one the answer is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from agent import printing
from agent.against import Difference, difference
from agent.asking import JsonOption, SiteOption, ask_daemon, end, setup_of, site_file
from agent.control import Request
from agent.journal import JournalError
from agent.loading import ConfigError, Setup
from agent.printing_questions import show_difference, show_explanation, show_replay
from agent.questions import EXPLANATION, PENDING, explained_from_journal, no_such_system
from agent.reading_lines import LineMistake, LineReader, LinesError, line, read_lines
from agent.reading_log import ReadingLog
from agent.readings_file import ReadingsError, is_kept, kept, kept_log
from agent.replay_setup import Bench, load_bench, load_other
from agent.replay_view import ReplayView, replay_view
from agent.replaying import replay as run_through
from agent.site import Site

readings_app = typer.Typer(no_args_is_help=True, help="What the daemon has read.")

REPLAY = TypeAdapter(ReplayView)
DIFFERENCE = TypeAdapter(Difference)


@readings_app.command("export")
def readings_export(
    since: Annotated[str, typer.Option(help="From then on: 2026-11-20T17:00, by the site's clock.")],
    until: Annotated[str | None, typer.Option(help="Until before then. Default: all.")] = None,
    system: Annotated[str | None, typer.Option(help="Of this system only.")] = None,
    site: SiteOption = None,
) -> None:
    """Write what was read to standard output, a JSON line for each poll and trap, as `replay` takes them."""
    setup = setup_of(site)
    names = tuple(each.name for each in setup.site.systems)
    if system is not None and system not in names:
        end(no_such_system(system, names), 2)
    first = _instant("--since", since, setup.site)
    last = _instant("--until", until, setup.site) if until is not None else None
    ask_daemon(setup, Request(question="readings"))  # what waits in its memory is in the file then
    with suppress(BrokenPipeError):  # whoever reads has seen enough
        try:
            for each in kept(setup.readings, first, last):
                if system is None or each.system == system:
                    sys.stdout.write(
                        line(each.at.astimezone(setup.site.zone), each.seconds, each.content) + "\n"
                    )
            sys.stdout.flush()
        except ReadingsError as error:
            end(str(error), 1)
        return
    sys.stderr.close()  # else Python complains of the pipe once more when it ends


def replay(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Readings as JSON lines (-: standard input), or a readings.db."
        ),
    ],
    site: SiteOption = None,
    contract: Annotated[
        str | None, typer.Option(help="A shipped contract, or a file's path, in the place of the site's.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="A changed contract or site file: what would it alter?")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run readings through the same core as the daemon, on their own times, and print what tickets come."""
    try:
        bench, other = _benches(site_file(site), contract, against, None)
        readings = _readings(files, bench, other)
        if (first := readings.first()) is not None:  # holidays by name are dates of that year
            bench, other = _benches(site_file(site), contract, against, first.year)
    except (ConfigError, LinesError) as error:
        end(str(error), 2)
    here = _replayed(bench, readings)
    there = difference(here, _replayed(other, readings)) if other is not None else None
    if json:
        shown = REPLAY.dump_json(here).decode()
        if there is not None:
            shown = f'{shown[:-1]},"against":{DIFFERENCE.dump_json(there).decode()}}}'
        print(shown)
        return
    printing.console().print(show_replay(here))
    if there is not None:
        printing.console().print(show_difference(there, str(against)))


def explain(
    ticket: Annotated[str, typer.Argument(help="Without one: what fails and is no ticket yet.")] = "",
    site: SiteOption = None,
    json: JsonOption = False,
) -> None:
    """Why a ticket is what it is: clause, rules, evidence, what does not count, how its due times came."""
    setup = setup_of(site)
    if not ticket:
        _explain_pending(setup, json=json)
        return
    answer = ask_daemon(setup, Request(question="explain", arguments={"ticket": ticket}))
    if answer is not None:
        why = EXPLANATION.validate_python(answer.body)
    else:
        print("no daemon runs: this is what the journal says", file=sys.stderr)
        try:
            why = explained_from_journal(setup, ticket, datetime.now(UTC))
        except JournalError as error:
            end(str(error), 1)
        except LookupError as error:
            end(error.args[0], 2)
    if json:
        print(EXPLANATION.dump_json(why).decode())
    else:
        printing.console().print(show_explanation(why, setup.site.zone))


def _explain_pending(setup: Setup, *, json: bool) -> None:
    """What fails and is no ticket yet, and what each of it waits for."""
    answer = ask_daemon(setup, Request(question="pending"))
    if answer is None:
        end("no daemon runs: what is held and no ticket yet is known to a daemon alone", 1)
    lines = PENDING.validate_python(answer.body)
    if json:
        print(PENDING.dump_json(lines).decode())
    else:
        print("\n".join(lines) or "nothing fails that is no ticket yet")


def _benches(
    site: Path, contract: str | None, against: Path | None, year: int | None
) -> tuple[Bench, Bench | None]:
    bench = load_bench(site, contract, year=year)
    return bench, None if against is None else load_other(against, bench, contract, year=year)


def _replayed(bench: Bench, readings: ReadingLog) -> ReplayView:
    watches = bench.watches(readings.contents)
    return replay_view(run_through(readings, bench.terms, watches), bench.terms, watches, bench.notes)


def _readings(files: Iterable[str], bench: Bench, other: Bench | None) -> ReadingLog:
    """The readings of all files, in their order. Raises LinesError with every mistake."""
    names = dict.fromkeys((*bench.systems, *(other.systems if other is not None else ())))
    log, systems = ReadingLog(), tuple(names)
    wrong: list[LineMistake] = []
    for name in files:
        try:
            if name == "-":
                wrong += read_lines(name, sys.stdin, log, systems)
            elif is_kept(Path(name)):
                kept_log(Path(name), LineReader(name, log, systems), log)
            else:
                with Path(name).open(encoding="utf-8") as lines:
                    wrong += read_lines(name, lines, log, systems)
        except OSError as error:
            wrong.append(LineMistake(name, 0, "", f"expected a file of readings; got none: {error.strerror}"))
        except UnicodeDecodeError:
            wrong.append(LineMistake(name, 0, "", "expected UTF-8 text; got other bytes"))
        except ReadingsError as error:
            wrong.append(LineMistake(name, 0, "", f"expected readings; got none: {error}"))
        except LinesError as error:
            wrong += error.mistakes
    if wrong:
        raise LinesError(wrong)
    return log


def _instant(option: str, text: str, site: Site) -> datetime:
    try:
        return site.moment(datetime.fromisoformat(text))
    except ValueError:
        end(f"{option}: expected a time such as 2026-11-20T17:00; got {text!r}", 2)
