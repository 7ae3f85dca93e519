"""Turns the journal's entries into lines of the alert log, and keeps telling until the log has them.

The journal is the truth and the log a fold over it: the log's cursor stands in the journal and moves only
after the lines are on the disk. A kill in between tells a line twice; it never loses one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

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
from agent.alertlog import AlertLog, AlertLogError, LogLine, Verb
from agent.contract import Step
from agent.done import done
from agent.entries import (
    Body,
    Entry,
    JournalRebuilt,
    NumbersSkipped,
    Opened,
    Reminded,
    Reopened,
    Resolved,
    SightBack,
    SightLost,
    Updated,
    Warned,
)
from agent.incidents import ticket_id
from agent.journal import Journal
from agent.showing import Terms, ticket_view
from agent.tickets import Tickets
from agent.views import TicketView, in_words, moment, soon
from agent.window_entries import WindowBegan, WindowOver
from agent.window_words import began_text, over_text

log = logging.getLogger(__name__)

CURSOR = "alertlog"
TRY_AGAIN = 5.0  # seconds, while the log cannot be written


def log_line(entry: Entry, tickets: Tickets, terms: Terms) -> LogLine | None:
    """What the log says of this entry; `tickets`: as they are after it. None: nothing for operators."""
    body = entry.body
    at = entry.at.astimezone(terms.site.zone)
    if isinstance(body, JournalRebuilt | NumbersSkipped):
        return LogLine(at=at, verb="WARN", text=_warning(body))
    if isinstance(body, SightLost | SightBack):
        return _sight(body, entry, terms)
    if isinstance(body, WindowBegan | WindowOver):
        return _window(body, entry, terms)
    verb = _verb(body)
    ticket = tickets.by_id.get(getattr(body, "ticket", ""))
    if ticket is None:
        return None
    view = ticket_view(ticket, terms, entry.at)
    if isinstance(body, Warned):
        return _deadline(body, at, view)
    if isinstance(body, Reminded):
        return _reminder(body, at, view)
    if verb is None:
        return None
    ends = verb in ("RESOLVE", "RESPOND")
    return LogLine(
        at=at,
        verb=verb,
        text=_text(entry, view),
        severity=view.severity,
        ticket=view.id,
        system=view.system,
        clause=view.clause,
        respond_by=view.respond_by if not ends and view.resolved is None else None,
        after=entry.at - ticket.received if ends else None,
        responsibility=view.responsibility,
    )


def _verb(body: Body) -> Verb | None:
    match body:
        case Opened():
            return "OPEN"
        case Reopened():
            return "REOPEN"
        case Resolved():
            return "RESOLVE"
        case Responded():
            return "RESPOND"
        case Updated() | Assigned() | Dispatched() | Held() | Resumed() | PartReturned():
            return "UPDATE"
        case Reclassified() | Noted() | Rated() | ReminderSet():
            return "UPDATE"
        case _:
            return None


def _text(entry: Entry, view: TicketView) -> str:
    """What is wrong; then what was done, by whom, and why."""
    step = done(entry)
    if isinstance(entry.body, Opened | Updated | Reopened) and not (step and step.by):
        return "; ".join(filter(None, (view.summary, view.flaps, *_beside(entry.body, view))))
    if step is not None and step.by:
        recurs = f"; {view.recurs}" if isinstance(entry.body, Reopened) and view.recurs else ""
        said = f"{view.summary}{recurs}: {step.what} by {step.by}"
        return f"{said}: {step.note}" if step.note else said
    return f"{view.summary}: {entry.body.reason}" if isinstance(entry.body, Resolved) else view.summary


def _beside(body: Opened | Updated | Reopened, view: TicketView) -> Iterator[str]:
    """What is said once: which window it outlasted, which ticket it follows, how often it was so lately."""
    if isinstance(body, Opened):
        yield f"outlasted the maintenance window {view.window}" if view.window else ""
        yield view.again
    if not isinstance(body, Updated):
        yield view.recurs


_MISSED: dict[Step, str] = {
    "respond": "not responded",
    "assign": "not assigned",
    "resolve": "not resolved",
    "return": "nothing says that the part went back",
}


def _deadline(body: Warned, at: datetime, view: TicketView) -> LogLine:
    """A target that comes near, or was missed: of which step, and by when."""
    due = body.due.astimezone(at.tzinfo)
    if body.breached:
        text = f"{_MISSED[body.step]}, was due {moment(due)}"
    else:
        text = f"{body.step} due in {in_words(body.due - at)} ({soon(due, at)})"
    return LogLine(
        at=at,
        verb="BREACH" if body.breached else "WARN",
        text=f"{view.summary}: {text}",
        severity=body.severity,
        ticket=view.id,
        system=view.system,
        clause=view.clause,
        respond_by=due if body.step == "respond" else view.respond_by,
        responsibility=view.responsibility,
    )


def _reminder(body: Reminded, at: datetime, view: TicketView) -> LogLine:
    """What somebody wanted to be reminded of, and whether the ticket is answered."""
    said = f"reminder of {body.set_by}" + (f": {body.note}" if body.note else "")
    answered = f"answered by {view.responded_by}" if view.responded_by else "not answered"
    return LogLine(
        at=at,
        verb="WARN",
        text=f"{view.summary}: {said}; still open, {answered}",
        severity=view.severity,
        ticket=view.id,
        system=view.system,
        clause=view.clause,
        respond_by=view.respond_by,
        responsibility=view.responsibility,
    )


def _sight(body: SightLost | SightBack, entry: Entry, terms: Terms) -> LogLine:
    at = entry.at.astimezone(terms.site.zone)
    if isinstance(body, SightLost):
        since = body.since.astimezone(terms.site.zone)
        return LogLine(at=at, verb="UNSEEN", text=f"not seen since {moment(since)}", system=body.system)
    named = any(system.name == body.system for system in terms.site.systems)
    return LogLine(
        at=at,
        verb="SEEN",
        text="seen again" if named else "no longer watched: it left the site file",
        system=body.system,
        after=None if body.since is None else max(entry.at - body.since, timedelta(0)),
    )


def _window(body: WindowBegan | WindowOver, entry: Entry, terms: Terms) -> LogLine:
    zone = terms.site.zone
    began = isinstance(body, WindowBegan)
    return LogLine(
        at=entry.at.astimezone(zone),
        verb="WINDOW",
        text=began_text(body, zone) if isinstance(body, WindowBegan) else over_text(body),
        system=body.system,
        after=None if began else max(entry.at - body.begins, timedelta(0)),
    )


def _warning(body: JournalRebuilt | NumbersSkipped) -> str:
    if isinstance(body, JournalRebuilt):
        return (
            f"the journal was damaged ({body.reason}) and is built anew: {body.kept} entries kept,"
            f" {body.unproven} of them unproven, {body.lost} known to be lost; the old one is {body.file}"
        )
    first, last = ticket_id(body.first), ticket_id(body.last)
    which = first if body.first == body.last else f"{first} to {last}"
    return f"{which}: told in this log and lost with the journal; what still fails is told as a new ticket"


class Teller:
    """The log's reader of the journal. `terms`: asked anew for each batch, since a reload changes them."""

    def __init__(self, journal: Journal, alert_log: AlertLog, terms: Callable[[], Terms]) -> None:
        self._journal = journal
        self._log = alert_log
        self._terms = terms
        told = [entry for entry in journal.entries if entry.number <= journal.cursor(CURSOR)]
        self._tickets = Tickets.fold(told)
        self._untold: deque[tuple[int, LogLine]] = deque()
        self._last = len(told)
        self._news = asyncio.Event()
        self._complained = False

    def hear(self, entries: tuple[Entry, ...]) -> None:
        """Take entries in the order of the journal; those that the log has are passed over."""
        for entry in entries:
            if entry.number <= self._last:
                continue
            self._tickets = self._tickets.apply(entry)
            self._last = entry.number
            if (line := log_line(entry, self._tickets, self._terms())) is not None:
                self._untold.append((entry.number, line))
        self._news.set()

    def say(self, line: LogLine) -> None:
        """A line that is no decision (ALIVE): behind what is untold, without a place in the journal."""
        self._untold.append((self._untold[-1][0] if self._untold else self._last, line))
        self._news.set()

    def reopen(self) -> None:
        """Take the log's path anew with the next line (SIGUSR2)."""
        self._log.reopen()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            if not await self.tell():
                await asyncio.sleep(TRY_AGAIN)
                self._news.set()

    async def tell(self) -> bool:
        """Write all that is untold. False: the log could not be written, and nothing of it is forgotten."""
        while self._untold:
            batch = list(self._untold)
            try:
                await asyncio.to_thread(self._log.write, [line for _, line in batch])
            except AlertLogError as error:
                for _ in range(error.written):
                    self._untold.popleft()
                if not self._complained:
                    self._complained = True
                    log.error("%s; the lines are kept and told when it can be written", error)
                return False
            for _ in batch:
                self._untold.popleft()
            if self._complained:
                self._complained = False
                log.warning("the alert log can be written again")
            await self._journal.set_cursor(CURSOR, batch[-1][0])
        return True
