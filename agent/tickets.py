"""A ticket is a fold over its journal entries; its due times are computed on reading, never stored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent.agreement import Agreement
from agent.contract import Contract, Step
from agent.entries import AgreementTaken, Entry, Opened, Resolved, Responded, Updated
from agent.failures import Key, Ruling


@dataclass(frozen=True, slots=True)
class Response:
    """A person's answer. `classes`: how many classes the ticket had had by then: it counts for those (C1)."""

    at: datetime
    by: str
    note: str
    classes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as its entries tell it: the latest ruling, and each class with the instant it held from.

    `agreement`: by which it was classified (C3); None: its journal is older than such entries.
    """

    id: str
    key: Key
    location: str | None
    ruling: Ruling
    severities: tuple[tuple[datetime, str], ...]
    began: datetime
    received: datetime
    contract: str
    agreement: Agreement | None = None
    resolved: datetime | None = None
    reason: str = ""
    responses: tuple[Response, ...] = ()

    def due(self, step: Step, agreement: Agreement) -> datetime | None:
        """When that step is due: the earliest of the targets that its classes opened (C1, C5).

        An upgrade opens the new severity's target from that moment and the earlier due time stands; a
        downgrade opens none.
        """
        return self._earliest(step, agreement, self._opening(agreement.contract))

    def still_due(self, step: Step, agreement: Agreement) -> datetime | None:
        """The same of the targets that are not met: an answer meets those that were open then (C1)."""
        met = self.responses[-1].classes if step == "respond" and self.responses else 0
        opening = [index for index in self._opening(agreement.contract) if index >= met]
        return self._earliest(step, agreement, opening)

    def response(self, agreement: Agreement) -> Response | None:
        """The answer that counts for the class in force: none before an upgrade does."""
        if not self.responses or self.responses[-1].classes <= self._opening(agreement.contract)[-1]:
            return None
        return self.responses[-1]

    def _opening(self, contract: Contract) -> list[int]:
        """Which of its classes opened targets: the first, and each that was worse than all before it."""
        opening: list[int] = []
        for index, (_, severity) in enumerate(self.severities):
            if not opening or contract.worse(severity, self.severities[opening[-1]][1]):
                opening.append(index)
        return opening

    def _earliest(self, step: Step, agreement: Agreement, classes: Iterable[int]) -> datetime | None:
        targets = (self.severities[index] for index in classes)
        dues = [agreement.due(severity, step, at) for at, severity in targets]
        return min((due for due in dues if due is not None), default=None)


@dataclass(frozen=True, slots=True)
class Tickets:
    """Every ticket of a site by id, in the order of their ids."""

    by_id: Mapping[str, Ticket] = field(default_factory=dict)
    agreement: Agreement | None = None  # the last that was taken

    @classmethod
    def fold(cls, entries: Iterable[Entry]) -> Tickets:
        """The tickets that a journal tells."""
        by_id: dict[str, Ticket] = {}
        agreement: Agreement | None = None
        for entry in entries:
            if isinstance(entry.body, AgreementTaken):
                agreement = Agreement.read(entry.body)
            elif (ticket := _after(by_id, entry, agreement)) is not None:
                by_id[ticket.id] = ticket
        return cls(by_id, agreement)

    def apply(self, entry: Entry) -> Tickets:
        """The tickets after this entry."""
        if isinstance(entry.body, AgreementTaken):
            return replace(self, agreement=Agreement.read(entry.body))
        ticket = _after(self.by_id, entry, self.agreement)
        return self if ticket is None else replace(self, by_id={**self.by_id, ticket.id: ticket})

    @property
    def open(self) -> tuple[Ticket, ...]:
        """The tickets that are not resolved."""
        return tuple(ticket for ticket in self.by_id.values() if ticket.resolved is None)


def _after(by_id: Mapping[str, Ticket], entry: Entry, agreement: Agreement | None) -> Ticket | None:
    body = entry.body
    match body:
        case Opened():
            return Ticket(
                id=body.ticket,
                key=body.key,
                location=body.location,
                ruling=body.ruling,
                severities=((entry.at, body.ruling.severity),),
                began=body.began,
                received=entry.at,
                contract=body.contract,
                agreement=agreement,
            )
        case Updated() if body.ticket in by_id:
            before = by_id[body.ticket]
            severity = body.ruling.severity
            changed = ((entry.at, severity),) if severity != before.ruling.severity else ()
            return replace(before, ruling=body.ruling, severities=(*before.severities, *changed))
        case Responded() if body.ticket in by_id:
            before = by_id[body.ticket]
            response = Response(entry.at, body.by, body.note, len(before.severities))
            return replace(before, responses=(*before.responses, response))
        case Resolved() if body.ticket in by_id:
            return replace(by_id[body.ticket], resolved=entry.at, reason=body.reason)
        case _:
            return None
