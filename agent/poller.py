"""One poll from the question to the reading. The only place that may catch any exception of a collector.

It asks and states; what a reading means is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from collectors.base import (
    BadAnswer,
    Observation,
    Poll,
    PollError,
    ProtocolName,
    Question,
    Reading,
    Unreachable,
)

log = logging.getLogger(__name__)


class Line(Protocol):
    """An open line to a device, of whatever protocol: it keeps a trace of what was asked."""

    questions: list[Question]

    def begin(self) -> None:
        """Forget the trace of the last poll."""
        ...

    async def close(self) -> None:
        """Hang up; the next question opens the line again."""
        ...


@dataclass(slots=True)
class Poller:
    """Asks one system by one protocol. `now`: the wall clock, UTC."""

    system: str
    protocol: ProtocolName
    poll: Poll
    line: Line
    zone: ZoneInfo
    now: Callable[[], datetime]
    _complained: str = field(default="", init=False)

    async def read(self) -> Reading:
        """One poll. Never raises but for cancellation: what went wrong is the reading's error."""
        self.line.begin()
        began, deadline = time.monotonic(), self.poll.deadline.total_seconds()
        try:
            async with asyncio.timeout(deadline):
                answers = await self.poll.ask(self.line)
            at = self.now()
            findings = self.poll.read(answers, at.astimezone(self.zone))
        except PollError as error:
            return self._failed(error, began)
        except TimeoutError:
            late = Unreachable("the whole poll", f"not answered within {deadline:g} s")
            return self._failed(late, began)
        except Exception as error:  # noqa: BLE001 - a collector's mistake must not end the watch over others
            self._complain(error)
            return self._failed(BadAnswer("reading the answers", f"{type(error).__name__}: {error}"), began)
        self._complained = ""
        return Reading(
            at=at,
            system=self.system,
            protocol=self.protocol,
            complete=findings.complete,
            observations=(*findings.observations, self._access(lost=0)),
            samples=findings.samples,
            questions=tuple(self.line.questions),
            seconds=time.monotonic() - began,
        )

    def _failed(self, error: PollError, began: float) -> Reading:
        return Reading(
            at=self.now(),
            system=self.system,
            protocol=self.protocol,
            error=error.kind,
            error_text=str(error),
            observations=(self._access(lost=1),),
            questions=tuple(self.line.questions),
            seconds=time.monotonic() - began,
        )

    def _access(self, lost: int) -> Observation:
        return Observation(role="access", component=self.protocol, lost=lost, total=1)

    def _complain(self, error: Exception) -> None:
        # The traceback once per change of state: a mistake that repeats with every poll says nothing new.
        sentence = f"{type(error).__name__}: {error}"
        if sentence != self._complained:
            self._complained = sentence
            log.exception("%s (%s): the collector failed on what it was told", self.system, self.protocol)


async def poll_once(poller: Poller) -> Reading:
    """One poll on a line of its own, which is closed behind it (no daemon runs)."""
    try:
        reading = await poller.read()
    finally:
        await poller.line.close()
    return replace(reading, questions=tuple(poller.line.questions))
