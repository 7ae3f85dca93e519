"""The threads that wait for devices: one per session, so that no hung system ever holds up another.

A thread here carries out one piece of work after the other and hands each result to the event loop. It knows
nothing of SSH. asyncio's default executor is never used: it has six threads on two cores, and six hung
systems would stop everything that shares it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

R = TypeVar("R")

SLICE = 0.1  # seconds that a thread waits at a stretch before it looks whether its work is still wanted


class Late(Exception):
    """The time allowed for a piece of work is used up."""


class Unwanted(Exception):
    """Nobody waits for this work any more: the line was closed, or the poll given up."""


class Limit:
    """Until when a piece of work may take, by the monotonic clock; `unwanted` ends it at once."""

    def __init__(self, seconds: float, unwanted: threading.Event) -> None:
        self.seconds = seconds
        self._unwanted = unwanted
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises Late when there are none, Unwanted when nobody waits any more."""
        if self._unwanted.is_set():
            raise Unwanted
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Late
        return left

    def slice(self, most: float = SLICE) -> float:
        """Seconds to wait at a stretch. Raises as `left` does."""
        return min(most, SLICE, self.left())

    def pause(self, seconds: float) -> None:
        """Sleep so long, whatever the limit. Raises Unwanted when nobody waits any more."""
        if self._unwanted.wait(seconds):
            raise Unwanted

    def part(self, seconds: float) -> Limit:
        """A limit of its own for one step of the work."""
        return Limit(seconds, self._unwanted)

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits any more."""
        return self._unwanted.is_set()


class Worker:
    """One daemon thread, made at once, that does one piece of work at a time until it is told to end."""

    def __init__(self, name: str) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def run(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Have the thread do this; what it returns or raises is the future's. Call it from the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def carry_out() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
                _hand_over(loop, _fail, future, error)
            else:
                _hand_over(loop, _settle, future, result)

        self._work.put(carry_out)
        return future

    def end(self) -> None:
        """Let the thread end after the work that it was given."""
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # it holds its result, and the next piece may be hours away


def _hand_over(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *arguments: object) -> None:
    with suppress(RuntimeError):  # the loop has ended: nobody waits any more
        loop.call_soon_threadsafe(settle, *arguments)


def _settle(future: asyncio.Future[R], result: R) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[R], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # asked for here: of work that was given up nobody else will
