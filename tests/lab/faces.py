"""Which face a simulated system wears. A later system is one file beside these two, and one line here."""

from __future__ import annotations

from datetime import datetime

from tests.lab import communication_manager, media_gateway
from tests.lab.cells import Face
from tests.lab.model import Customer, Gateway, PhoneSystem, System


def face(customer: Customer, system: System, now: datetime) -> Face:
    """Everything that a system answers at that time, if nothing is wrong with its agent."""
    match system:
        case PhoneSystem():
            return communication_manager.face(customer, system, now)
        case Gateway():
            return media_gateway.face(customer, system, now)
        case _:
            raise TypeError(f"{system.name} has no face")
