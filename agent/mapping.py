"""The level that another contract gives the same failure: its clauses, asked with the same facts. Pure.

It is shown beside the ticket's own class and changes nothing of it.
"""

from __future__ import annotations

from typing import cast, get_args

from agent.agreement import Agreement
from agent.contract import Test
from agent.failures import Ruling
from agent.tickets import Ticket
from agent.views import MappedView

_TESTS = frozenset(get_args(Test))


def mapped_view(ticket: Ticket, own: Agreement, other: Agreement) -> MappedView:
    """What `other` makes of a ticket that `own` classified, and by when it promises an answer.

    It counts from when the class in force was given; a level that is only notified promises none.
    """
    facts = facts_of(ticket.ruling)
    if not own.contract.decisions.primary_number_way_in:  # no major here is none there
        facts -= {"primary-number-way-in"}
    clause = other.contract.holding(facts)[0]
    due = None
    if clause.outcome == "ticket":
        opened = ticket.round.opened(own.contract)
        due = other.due(clause.severity, "respond", opened, coverage=ticket.coverage)
    return MappedView(
        contract=other.contract.label,
        severity=clause.severity,
        title=other.contract.title_of(clause.severity),
        clause=clause.id,
        outcome=clause.outcome,
        respond_by=due,
    )


def facts_of(ruling: Ruling) -> frozenset[Test]:
    """The facts that were stated; of a ruling older than facts, the clauses that bear their names."""
    return cast(frozenset[Test], frozenset(ruling.facts or ruling.clauses) & _TESTS)
