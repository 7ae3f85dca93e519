"""What a changed contract or site file would alter: the tickets of one replay beside those of another. Pure.

Two tickets are the same failure if they have the same root and were open at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.replay_view import ReplayTicket, ReplayView


@dataclass(frozen=True, slots=True)
class Changed:
    """One failure that both tell of otherwise. `what`: class, due, breach."""

    here: ReplayTicket
    there: ReplayTicket
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the other file alters. `same`: how many tickets it does not."""

    only_here: tuple[ReplayTicket, ...]
    only_there: tuple[ReplayTicket, ...]
    changed: tuple[Changed, ...]
    same: int


def difference(here: ReplayView, there: ReplayView) -> Difference:
    """What `there` has otherwise than `here`; both are of the same readings."""
    pairs, left = _paired(here, there)
    changed = [Changed(one, other, what) for one, other in pairs if (what := tuple(_changes(one, other)))]
    met = {one.id for one, _ in pairs}
    return Difference(
        only_here=tuple(ticket for ticket in here.tickets if ticket.id not in met),
        only_there=tuple(left),
        changed=tuple(changed),
        same=len(pairs) - len(changed),
    )


def _paired(
    here: ReplayView, there: ReplayView
) -> tuple[list[tuple[ReplayTicket, ReplayTicket]], list[ReplayTicket]]:
    """Tickets of the same root that were open at the same time, each with one other; and who has none."""
    left = list(there.tickets)
    pairs = []
    for ticket in here.tickets:
        same = [other for other in left if _root(other) == _root(ticket) and _overlap(ticket, other)]
        if same:
            nearest = min(same, key=lambda other: abs(_first(other) - _first(ticket)))
            left.remove(nearest)
            pairs.append((ticket, nearest))
    return pairs, left


def _root(ticket: ReplayTicket) -> tuple[str | None, ...]:
    return ticket.system, ticket.role, ticket.component, ticket.location


def _first(ticket: ReplayTicket) -> datetime:
    return ticket.rounds[0].received if ticket.rounds else ticket.received


def _overlap(one: ReplayTicket, other: ReplayTicket) -> bool:
    return (one.resolved is None or _first(other) <= one.resolved) and (
        other.resolved is None or _first(one) <= other.resolved
    )


def _changes(one: ReplayTicket, other: ReplayTicket) -> Iterator[str]:
    if (_classes(one), one.clause) != (_classes(other), other.clause):
        yield "class"
    if one.respond_by != other.respond_by:
        yield "due"
    if one.breached != other.breached:
        yield "breach"


def _classes(ticket: ReplayTicket) -> tuple[str, ...]:
    return tuple(severity for _, severity in ticket.severities)
