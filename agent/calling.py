"""Whom to call about a ticket, and whether its contract was in force, in words for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from agent.agreement import Agreement
from agent.contract import Term
from agent.site import ContractChoice
from agent.tickets import Ticket
from agent.views import moment

_WAITS_FOR_OPENING = frozenset({"coverage", "end_of_window", "end_of_next_business_day"})


def calls(ticket: Ticket, agreement: Agreement, choice: ContractChoice, zone: ZoneInfo) -> tuple[str, ...]:
    """The numbers to call, for an open ticket of the worst class or of one that is opened by phone only.

    `choice`: what the site file says of its contract. `zone`: of the times in the sentences.
    """
    contract = agreement.contract
    by_phone = contract.opened_by_phone(ticket.severity)
    worst = not contract.worse(contract.severities[0], ticket.severity)
    if ticket.resolved is not None or ticket.ruling.outcome != "ticket" or not (worst or by_phone):
        return ()
    return tuple(_calls(ticket, agreement, choice, zone, by_phone=by_phone))


def _calls(
    ticket: Ticket, agreement: Agreement, choice: ContractChoice, zone: ZoneInfo, *, by_phone: bool
) -> Iterator[str]:
    if by_phone:
        yield "an electronic ticket alone does not open it: call"
    elif opening := _opening(ticket, agreement, zone):
        yield f"outside coverage hours: waits for the opening {opening} by this contract; call"
    if ticket.ruling.responsibility == "carrier":
        yield _number("carrier", choice.carrier_phone, "carrier_phone", more=" first")
    yield _number("vendor", choice.vendor_phone, "vendor_phone")
    yield _number("Sold To number", choice.sold_to, "sold_to")


def _number(whose: str, number: str, key: str, more: str = "") -> str:
    if number:
        return f"{whose}{more}: {number}"
    return f"{whose}{more}: the site file gives none (contract: {key})"


def _opening(ticket: Ticket, agreement: Agreement, zone: ZoneInfo) -> str | None:
    """When the hours of its respond target open, if it was received while they were closed."""
    target = agreement.contract.target(ticket.severity, "respond")
    if target is None or target.clock not in _WAITS_FOR_OPENING:
        return None
    received = ticket.round.opened(agreement.contract)
    hours = agreement.hours(agreement.calendar_of(target, ticket.coverage))
    if hours.is_open(received):
        return None
    opens = hours.next_open(received)
    return moment(opens.astimezone(zone)) if opens is not None else "that never comes"


def outside_term(ticket: Ticket, term: Term | None, zone: ZoneInfo) -> str:
    """That the contract was not in force on the day on which the ticket was received; empty if it was."""
    if term is None:
        return ""
    day = ticket.received.astimezone(zone).date()
    if day > term.ends:
        return f"contract lapsed on {term.ends}"
    return f"contract begins on {term.begins} only" if day < term.begins else ""
