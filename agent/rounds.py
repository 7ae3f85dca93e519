"""One round of a ticket: what happened in it, and what its contract promised for it (C1, C5). Pure.

Each reopening is a round of its own, with its own receipt and targets (C2). How entries become rounds is
`agent.tickets`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.agreement import Agreement
from agent.calendars import Pause
from agent.contract import Contract, HoldReason, Step
from agent.fields import AssetCoverage
from agent.promises import Promise


@dataclass(frozen=True, slots=True)
class Class:
    """A severity, and since when. `by`, `note`: the person who gave it, and why; nobody: by the evidence."""

    at: datetime
    severity: str
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did. `classes`: how many classes the round had had by then: it counts for those (C1).

    `to`: whom it was given to, of an assignment.
    """

    at: datetime
    by: str
    note: str
    classes: int = 0
    to: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A stretch on hold: `end` None while it lasts."""

    begin: datetime
    waiting_for: HoldReason
    by: str
    note: str
    end: datetime | None = None

    @property
    def pause(self) -> Pause:
        """The stretch, for a calendar. A clock that was set back meanwhile makes it empty, never negative."""
        end = self.end
        return Pause(begin=self.begin, end=end and max(end, self.begin, key=lambda at: at.astimezone(UTC)))


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a person wants to be reminded of: set at that time, due so long `after`."""

    at: datetime
    after: timedelta
    by: str
    note: str = ""

    @property
    def due(self) -> datetime:
        """When it is due: so much time after, whatever the clocks on the wall do."""
        return self.at.astimezone(UTC) + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """From one receipt to its resolution. `classes`: each class with the instant it held from, at least one.

    `part_received`: when a spare came; the defective part must then go back. `part_returned`: when it did.
    `reopened_by`: the person who reopened the ticket with it; nobody: its failure stood again.
    `reminder`: the one that is set and not due yet; it ends with the round.
    """

    received: datetime
    began: datetime
    classes: tuple[Class, ...]
    responses: tuple[Act, ...] = ()
    assignments: tuple[Act, ...] = ()
    dispatches: tuple[Act, ...] = ()
    waits: tuple[Wait, ...] = ()
    part_received: datetime | None = None
    part_returned: datetime | None = None
    resolved: datetime | None = None
    reason: str = ""
    resolved_by: str = ""
    reopened_by: str = ""
    reminder: Reminder | None = None

    @property
    def assigned_to(self) -> str:
        """Whom it was given to last; nobody: empty."""
        return self.assignments[-1].to if self.assignments else ""

    @property
    def part_is_out(self) -> bool:
        """Whether a spare came and the defective part has not gone back."""
        return self.part_received is not None and self.part_returned is None

    @property
    def waiting(self) -> Wait | None:
        """What it waits for now."""
        return self.waits[-1] if self.waits and self.waits[-1].end is None else None

    def opening(self, contract: Contract) -> list[int]:
        """Which of its classes opened targets: the first, and each that was worse than all before it (C1).

        A downgrade opens none, and what was promised stands (C5).
        """
        opening: list[int] = []
        for index, each in enumerate(self.classes):
            if not opening or contract.worse(each.severity, self.classes[opening[-1]].severity):
                opening.append(index)
        return opening

    def opened(self, contract: Contract) -> datetime:
        """When the targets of the class that counts were opened: its receipt, or that of its upgrade (C1)."""
        return self.classes[self.opening(contract)[-1]].at

    def promises(
        self, step: Step, agreement: Agreement, coverage: AssetCoverage | None = None
    ) -> Iterator[Promise]:
        """Every target of that step that this round opened, in the order of its classes.

        A part goes back once, by what its worst class says.
        """
        opening = self.opening(agreement.contract)
        for index in opening[-1:] if step == "return" else opening:
            each = self.classes[index]
            target = agreement.contract.target(each.severity, step)
            opened = self.part_received if step == "return" else each.at
            if target is None or opened is None:
                continue
            pauses = tuple(wait.pause for wait in self.waits if wait.waiting_for in target.pauses)
            due = agreement.due_by(target, opened, coverage=coverage, pauses=pauses)
            met = self._met(step, index)
            still = pauses and pauses[-1].end is None and met is None
            # What fell due before the clock stood still stays due.
            paused = bool(still and (due is None or due.astimezone(UTC) > pauses[-1].begin.astimezone(UTC)))
            yield Promise(
                step,
                each.severity,
                target,
                opened,
                None if paused else due,
                met,
                None if step == "return" else self.resolved,  # a part must go back all the same
                pauses,
                paused,
            )

    def _met(self, step: Step, index: int) -> datetime | None:
        if step == "resolve":
            return self.resolved
        if step == "return":
            return self.part_returned
        acts = self.responses if step == "respond" else self.assignments
        met = next((act.at for act in acts if act.classes > index), None)
        # A person who resolves it has dealt with it: that is an answer, where none was given before.
        return self.resolved if met is None and step == "respond" and self.resolved_by else met
