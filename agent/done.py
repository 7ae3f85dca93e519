"""What an entry of the journal says was done to a ticket, in the words of lists, log and answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.acts import (
    Assigned,
    Dispatched,
    Held,
    Noted,
    PartReturned,
    Rated,
    Reclassified,
    ReminderSet,
    Responded,
    Resumed,
)
from agent.contract import HoldReason
from agent.entries import Entry, Opened, Reminded, Reopened, Resolved, Updated, Warned
from agent.views import span

WAITS_FOR: dict[HoldReason, str] = {"customer": "the customer", "parts": "parts"}


@dataclass(frozen=True, slots=True)
class Done:
    """One step of a ticket's life: `what` in words, by whom (nobody: the agent), and why."""

    at: datetime
    what: str
    by: str = ""
    note: str = ""


def done(entry: Entry) -> Done | None:
    """The step that an entry is; None: it is none of a ticket. Of an update: the class that it gives."""
    body, at = entry.body, entry.at
    match body:
        case Opened():
            out_of = f", broken out of {body.out_of}" if body.out_of else ""
            return Done(at, f"received as {body.ruling.severity}{out_of}", body.by, body.note)
        case Updated():
            return Done(at, f"became {body.ruling.severity}", note=body.ruling.summary)
        case Reopened():
            return Done(at, "reopened", body.by, body.note)
        case Resolved():
            return Done(at, "resolved", body.by, body.reason)
        case Warned():
            came = "missed" if body.breached else "near"
            return Done(at, f"{body.severity} {body.step} target {came}")
        case Reminded():
            return Done(at, f"reminder of {body.set_by}", note=body.note)
        case (
            Responded()
            | Assigned()
            | Dispatched()
            | Held()
            | Resumed()
            | PartReturned()
            | Reclassified()
            | Noted()
            | Rated()
            | ReminderSet()
        ):
            return Done(at, _by_a_person(body), body.by, body.note)
        case _:
            return None


def _by_a_person(
    body: Responded
    | Assigned
    | Dispatched
    | Held
    | Resumed
    | PartReturned
    | Reclassified
    | Noted
    | Rated
    | ReminderSet,
) -> str:
    match body:
        case Responded():
            return "answered"
        case Assigned():
            return f"assigned to {body.to}"
        case Dispatched():
            return "dispatched"
        case Held():
            return f"on hold for {WAITS_FOR[body.waiting_for]}"
        case Resumed():
            return "resumed with its part" if body.part_received else "resumed"
        case PartReturned():
            return "part returned"
        case Reclassified():
            return f"reclassified as {body.severity}"
        case Noted():
            return "noted"
        case Rated():
            return f"rated {body.rating} of 5"
        case ReminderSet():
            return f"to be reminded of {'no more' if body.after is None else f'in {span(body.after)}'}"
