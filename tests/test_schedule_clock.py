"""The schedule when the wall clock is set: by libfaketime, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.false_clock import FalseClock

INTERVAL = 2.0  # seconds, of the polls below

POLLING = """
import asyncio, time
from datetime import timedelta
from agent.schedule import Schedule, Task

async def poll():
    print(time.monotonic(), time.time(), flush=True)

async def main():
    two = timedelta(seconds=2)
    schedule = Schedule([Task(system="cm1", protocol="snmp", interval=two, deadline=two, poll=poll)])
    schedule.start()
    await asyncio.sleep(60)

asyncio.run(main())
"""


@contextmanager
def polling(clock: FalseClock, folder: Path) -> Iterator[Callable[[], list[tuple[float, float]]]]:
    """A process that polls every two seconds; gives what tells (monotonic, wall) of all its polls so far."""
    seen = folder / "polls"
    with (
        seen.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-c", POLLING],
            env={**os.environ, **clock.environment},
            cwd=Path(__file__).parent.parent,
            stdout=output,
        ) as process,
    ):

        def polls() -> list[tuple[float, float]]:
            lines = seen.read_text().split("\n")[:-1]  # what follows the last newline is half a line
            return [(float(monotonic), float(wall)) for monotonic, wall in map(str.split, lines)]

        try:
            yield polls
        finally:
            process.kill()


def wait(condition: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.01)


@pytest.mark.parametrize("step", [3600, -3600])
def test_after_the_clock_was_set_polls_go_on_as_if_it_had_not_been(tmp_path: Path, step: int) -> None:
    clock = FalseClock(tmp_path)
    with polling(clock, tmp_path) as polls:
        wait(lambda: len(polls()) >= 2, 15)
        before = polls()
        assert len(before) == 2
        time.sleep(0.7 * INTERVAL)  # late in the interval: a guard that only began anew would show
        clock.set(step)
        was_set = time.monotonic()
        # More than one: a timer that ran already may still go off, and nothing after it.
        wait(lambda: len(polls()) >= 5, 12)
        after = polls()[2:]
    assert len(after) >= 3, f"it stands still after {after}"
    times = [monotonic for monotonic, _ in (before[-1], *after)]
    assert times[0] < was_set < times[1]
    # Two intervals are what must hold; half an interval less is what following the step gives.
    assert max(later - earlier for earlier, later in pairwise(times)) < 1.5 * INTERVAL
    monotonic, wall = after[-1]
    wrong_by = wall - (time.time() - (time.monotonic() - monotonic))
    assert abs(wrong_by - step) < 5, "the clock was never set"
