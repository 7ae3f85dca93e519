"""One target of one class of one round, as a value: by when, whether it was met. Pure.

What opened it and when it was met, `agent.tickets` tells; when it must be told, `agent.deadlines`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent.calendars import Pause
from agent.contract import Step, Target

Verdict = Literal["met", "breached", "open", "over"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One target that a class of a round opened. `due` None: its hours never open, or its clock stands still.

    `met`: when the step was taken, which may be too late. `ended`: when its round was resolved. `pauses`:
    the stretches in which its clock stood still. `paused`: it stands still now.
    """

    step: Step
    severity: str
    target: Target
    opened: datetime
    due: datetime | None
    met: datetime | None
    ended: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    paused: bool = False

    def verdict(self, now: datetime) -> Verdict:
        """What became of it, as of `now`: exactly at its due instant is met, open: not decided yet.

        over: the failure was gone before the step was due, and nobody had taken it; neither met nor missed.
        """
        if self.met is not None:
            return "met" if self.due is None or self.met <= self.due else "breached"
        last = self.ended or now
        if self.due is not None and last > self.due:
            return "breached"
        return "open" if self.ended is None else "over"

    def breached(self, now: datetime) -> bool:
        """Whether it was missed, as of `now`."""
        return self.verdict(now) == "breached"
