"""How long a replay takes: a month of a site with random faults (`tests.a_month`), read and judged.

    .venv/bin/python -m tests.replay_speed --days 30

It prints seconds of work of this process, which others' work on the machine moves little, and what it weighs.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from agent.reading_lines import LineReader, content, line, read_lines
from agent.reading_log import ReadingLog, time_of
from agent.readings_file import ReadingsFile, kept_log
from agent.replaying import replay
from agent.showing import Terms
from tests.a_month import Month
from tests.story import an_agreement

_AT_ONCE = 1000


def lines_of(log: ReadingLog) -> Iterator[str]:
    """The lines that an export would write of these readings."""
    texts = [content(each) for each in log.contents]
    for at, seconds, which in zip(log.ats, log.seconds, log.which, strict=True):
        yield line(time_of(at), seconds, texts[which])


def keep(log: ReadingLog, path: Path) -> None:
    """Write them as a daemon keeps them."""
    file, batch = ReadingsFile(path), []
    for reading in log:
        batch.append(reading)
        if len(batch) == _AT_ONCE:
            file.add(batch)
            batch.clear()
    file.add(batch)
    file.close()


def say(what: str, seconds: float, readings: int, more: str = "") -> None:
    """One line of the outcome."""
    print(f"{what:<28}{seconds:7.1f} s  {readings / seconds:9,.0f} a second{more}")


def megabytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--days", type=float, default=1.0)
    asked.add_argument("--systems", type=int, default=60)
    asked.add_argument("--every-time", action="store_true", help="judge each reading, too")
    options = asked.parse_args()
    month = Month(days=options.days, systems=options.systems)
    log = ReadingLog.of(month.readings())
    terms = Terms(month.site, an_agreement("agility"))
    print(f"{len(log):,} readings of {options.systems} systems, {len(log.contents):,} of them not as before")

    began = process_time()
    replayed = replay(log, terms, month.watches)
    say("judged", process_time() - began, len(log), f"  {len(replayed.entries)} decisions")
    print(f"{'memory so far':<28}{megabytes():7} MB")
    if options.every_time:
        began = process_time()
        again = replay(log, terms, month.watches, every_time=True)
        same = "the same" if again.entries == replayed.entries else "OTHER"
        say("each judged by itself", process_time() - began, len(log), f"  {same} decisions")
    began = process_time()
    size = sum(map(len, lines_of(log)))
    made = process_time() - began
    found, began = ReadingLog(), process_time()
    assert not read_lines("lines", lines_of(log), found)
    say("lines read", process_time() - began - made, len(found), f"  {size >> 20} MB")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "readings.db"
        keep(log, file)
        found, began = ReadingLog(), process_time()
        kept_log(file, LineReader("kept", found), found)
        say("kept readings read", process_time() - began, len(found), f"  {file.stat().st_size >> 20} MB")


if __name__ == "__main__":
    main()
