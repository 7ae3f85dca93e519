"""What a person may do to a ticket, and what not: the conditions, each refusal in one sentence. Pure.

Who the person is, the daemon knows from the kernel; what is taken here becomes an entry of the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from pydantic import ConfigDict

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
from agent.done import WAITS_FOR, done
from agent.entries import Body, Entry, Opened, Reopened, Resolved
from agent.failures import Child
from agent.fields import parse_duration
from agent.incidents import Incidents, ticket_id
from agent.joining import child_name, own_ruling
from agent.rules.scene import listed
from agent.showing import Terms
from agent.tickets import Ticket, Tickets
from agent.views import moment, span

LONGEST_NOTE = 500  # characters
LONGEST_NAME = 80
SOONEST = timedelta(minutes=1)  # for a reminder

Verb = Literal[
    "respond",
    "assign",
    "dispatch",
    "hold",
    "resume",
    "return",
    "resolve",
    "reopen",
    "reclassify",
    "note",
    "rate",
    "remind",
    "break-out",
]


class Refused(Exception):
    """The ticket is not in a state for that, or what was said is none. One sentence; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asks to do to a ticket. `note`: why. `to`: whom it is given to. `rating`: 1 to 5.

    `waiting_for`: of a hold; `part_received`: of its end; `severity`: of a reclassification. `after`: of a
    reminder, as written (`2h`); `never`: of one that is taken back. `part`: what is broken out, as shown.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    verb: Verb
    ticket: str
    note: str = ""
    to: str = ""
    waiting_for: HoldReason | None = None
    part_received: bool = False
    severity: str = ""
    rating: int | None = None
    after: str = ""
    never: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `name`: the user's name on this machine then; `uid`: by the kernel's word."""

    name: str
    uid: int


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides whether an act is taken."""

    wanted: Wanted
    ticket: Ticket
    tickets: Tickets
    incidents: Incidents
    terms: Terms
    now: datetime

    def local(self, at: datetime) -> str:
        """A time for a person, in the site's zone."""
        return moment(at.astimezone(self.terms.site.zone))


def act(
    wanted: Wanted, person: Person, tickets: Tickets, incidents: Incidents, terms: Terms, now: datetime
) -> Body:
    """The entry that this act is. Raises Refused."""
    _check_words(wanted)
    ticket = tickets.by_id.get(wanted.ticket)
    if ticket is None:
        raise Refused(f"no ticket {wanted.ticket!r}; `trunkwatch tickets list --all` lists every one")
    case = Case(wanted, ticket, tickets, incidents, terms, now)
    for condition in CONDITIONS[wanted.verb]:
        if reason := condition(case):
            raise Refused(reason)
    return _broken_out(case, person) if wanted.verb == "break-out" else _body(case, person)


def said(wanted: Wanted, body: Body, now: datetime) -> str:
    """What the person is told once it is taken: `TW-000001 is assigned to bo, by ana`."""
    if isinstance(body, Opened):
        return f"{wanted.part} is {body.ticket} now, out of {body.out_of}, by {body.by}"
    step = done(Entry(0, now, body))
    if step is None:
        raise ValueError(f"{body.kind} is no act")
    if isinstance(body, Noted):
        return f"{wanted.ticket} has your note, by {step.by}"
    if isinstance(body, PartReturned):
        return f"{wanted.ticket} has its part returned, by {step.by}"
    return f"{wanted.ticket} is {step.what}, by {step.by}"


# --- conditions: each says why not, or nothing --------------------------------------------------------------


def _not_closed(case: Case) -> str | None:
    ticket = case.ticket
    if ticket.resolved is None or not case.terms.is_closed(ticket, case.now):
        return None
    within = case.terms.reopen_within(ticket)
    return (
        f"{ticket.id} is closed: it was resolved {case.local(ticket.resolved)}, more than {span(within)} ago;"
        " the same failure would be a new ticket"
    )


def _is_open(case: Case) -> str | None:
    if closed := _not_closed(case):
        return closed
    if case.ticket.resolved is None:
        return None
    since = case.local(case.ticket.resolved)
    return f"{case.ticket.id} is resolved since {since}; `trunkwatch tickets reopen` opens it again"


def _is_resolved(case: Case) -> str | None:
    if case.ticket.resolved is not None:
        return None
    wants = "reopened" if case.wanted.verb == "reopen" else "rated"
    return f"{case.ticket.id} is not resolved; only a resolved ticket is {wants}"


def _is_only_one(case: Case) -> str | None:
    other = case.incidents.open.get(case.ticket.key)
    return f"{case.ticket.id} was the same failure as {other.ticket}, which is open" if other else None


def _not_answered(case: Case) -> str | None:
    answer = case.ticket.response(case.terms.of(case.ticket))
    if answer is None:
        return None
    return f"{case.ticket.id} was answered by {answer.by}, {case.local(answer.at)}; nothing was changed"


def _not_theirs(case: Case) -> str | None:
    name = case.wanted.to.strip()
    if not name:
        return "expected a name in --to; got nothing"
    if name == case.ticket.round.assigned_to:
        return f"{case.ticket.id} is assigned to {name} already; nothing was changed"
    return None


def _not_waiting(case: Case) -> str | None:
    if case.wanted.waiting_for is None:
        return "expected --for customer or --for parts; got neither"
    wait = case.ticket.round.waiting
    if wait is None:
        return None
    since = f"since {case.local(wait.begin)}, by {wait.by}"
    return f"{case.ticket.id} is on hold for {WAITS_FOR[wait.waiting_for]} {since}; resume it first"


def _waits(case: Case) -> str | None:
    wait = case.ticket.round.waiting
    if wait is None:
        return f"{case.ticket.id} is not on hold; there is nothing to resume"
    if case.wanted.part_received and wait.waiting_for != "parts":
        return f"{case.ticket.id} waits for {WAITS_FOR[wait.waiting_for]}, not for parts; nothing was changed"
    return None


def _part_is_out(case: Case) -> str | None:
    if any(each.part_is_out for each in case.ticket.rounds):
        return None
    return f"{case.ticket.id} has no part that must go back; nothing was changed"


def _not_failing(case: Case) -> str | None:
    told = case.incidents.open.get(case.ticket.key)
    if told is None or told.ticket != case.ticket.id or not told.failing:
        return None
    return (
        f"{case.ticket.id} is seen failing now ({case.ticket.ruling.summary});"
        " it resolves itself once it is seen well"
    )


def _has_note(case: Case) -> str | None:
    return (
        None if case.wanted.note.strip() else f"expected a note that says why to {case.wanted.verb}; got none"
    )


def _other_class(case: Case) -> str | None:
    ticket, wanted = case.ticket, case.wanted.severity
    contract = case.terms.of(ticket).contract
    if wanted not in contract.severities:
        known = ", ".join(contract.severities)
        return f"expected one of the severities {known} of {contract.label}; got {wanted!r}"
    if wanted == ticket.severity:
        return f"{ticket.id} is {wanted} already; nothing was changed"
    return None


def _not_rated(case: Case) -> str | None:
    rating, resolved, rated = case.wanted.rating, case.ticket.resolved, case.ticket.rated
    if rating is None or not 1 <= rating <= 5:
        return f"expected a rating from 1 (bad) to 5 (good); got {rating}"
    if rated is not None and resolved is not None and rated.at.astimezone(UTC) >= resolved.astimezone(UTC):
        return f"{case.ticket.id} was rated {case.ticket.rating} of 5 by {rated.by}; nothing was changed"
    return None


def _reminds(case: Case) -> str | None:
    wanted = case.wanted
    if wanted.never:
        if wanted.after:
            return "expected --in or --never; got both"
        if case.ticket.round.reminder is None:
            return f"{case.ticket.id} has no reminder that is still to come; nothing was changed"
        return None
    if not wanted.after:
        return "expected --in, such as --in 2h, or --never; got neither"
    try:
        after = parse_duration(wanted.after)
    except ValueError as error:
        return f"--in: {error}"
    return None if after >= SOONEST else f"--in: expected at least {span(SOONEST)}; got {wanted.after}"


def _holds_it(case: Case) -> str | None:
    if any(child_name(child.key) == case.wanted.part for child in _standing(case.ticket)):
        return None
    named = listed(child_name(child.key) for child in _standing(case.ticket))
    return f"expected what {case.ticket.id} holds ({named or 'nothing'}); got {case.wanted.part!r}"


def _standing(ticket: Ticket) -> list[Child]:
    return [child for child in ticket.ruling.children if not child.well]


CONDITIONS: Mapping[Verb, tuple[Callable[[Case], str | None], ...]] = {
    "respond": (_is_open, _not_answered),
    "assign": (_is_open, _not_theirs),
    "dispatch": (_is_open,),
    "hold": (_is_open, _not_waiting),
    "resume": (_is_open, _waits),
    "return": (_part_is_out,),  # it must go back all the same when the ticket is closed
    "resolve": (_is_open, _has_note, _not_failing),
    "reopen": (_is_resolved, _not_closed, _is_only_one, _has_note),
    "reclassify": (_is_open, _other_class, _has_note),
    "note": (_not_closed, _has_note),
    "rate": (_is_resolved, _not_rated),
    "break-out": (_is_open, _holds_it),
    "remind": (_is_open, _reminds),
}


def _broken_out(case: Case, person: Person) -> Opened:
    """A failure within a ticket becomes one of its own, received now (I14)."""
    child = next(each for each in _standing(case.ticket) if child_name(each.key) == case.wanted.part)
    home = (each.location for each in case.terms.site.systems if each.name == child.key.system)
    return Opened(
        ticket=ticket_id(case.incidents.tickets + 1),
        key=child.key,
        location=next(home, None),
        ruling=child.ruling,
        began=child.began,
        contract=case.terms.contract.label,
        hold=child.hold,
        out_of=case.ticket.id,
        by=person.name,
        uid=person.uid,
        note=case.wanted.note.strip(),
    )


def _check_words(wanted: Wanted) -> None:
    check_text("note", wanted.note, LONGEST_NOTE)
    check_text("name", wanted.to, LONGEST_NAME)


def check_text(name: str, text: str, longest: int) -> None:
    """Whether a person's words can be kept. Raises Refused."""
    if len(text.strip()) > longest:
        raise Refused(f"the {name} has {len(text.strip())} characters; at most {longest} are kept")
    if not text.strip().isprintable():
        raise Refused(f"the {name} has a control character or a line break; say it in one line of plain text")


def _body(case: Case, person: Person) -> Body:
    wanted, ticket, now = case.wanted, case.ticket, case.now
    one, by, uid, note = ticket.id, person.name, person.uid, wanted.note.strip()
    match wanted.verb:
        case "respond":
            return Responded(ticket=one, by=by, uid=uid, note=note)
        case "assign":
            return Assigned(ticket=one, to=wanted.to.strip(), by=by, uid=uid, note=note)
        case "dispatch":
            return Dispatched(ticket=one, by=by, uid=uid, note=note)
        case "hold":
            reason = wanted.waiting_for or "customer"
            return Held(ticket=one, waiting_for=reason, by=by, uid=uid, note=note)
        case "resume":
            return Resumed(ticket=one, part_received=wanted.part_received, by=by, uid=uid, note=note)
        case "return":
            return PartReturned(ticket=one, by=by, uid=uid, note=note)
        case "resolve":
            return Resolved(ticket=one, reason=note, by=by, uid=uid)
        case "reopen":
            return Reopened(
                ticket=one,
                key=ticket.key,
                ruling=own_ruling(ticket.ruling),
                began=now,
                by=by,
                uid=uid,
                note=note,
            )
        case "reclassify":
            return Reclassified(ticket=one, severity=wanted.severity, by=by, uid=uid, note=note)
        case "note":
            return Noted(ticket=one, by=by, uid=uid, note=note)
        case "rate":
            return Rated(ticket=one, rating=wanted.rating or 0, by=by, uid=uid, note=note)
        case _:  # remind; a failure that is broken out is no act on this ticket
            after = None if wanted.never else parse_duration(wanted.after)
            return ReminderSet(ticket=one, after=after, by=by, uid=uid, note=note)
