"""Which face a simulated system wears over SNMP: that which its file below `systems/` gives it."""

from __future__ import annotations

from datetime import datetime

from tests.lab.cells import Face
from tests.lab.model import Customer, System
from tests.lab.systems import find_systems


def face(customer: Customer, system: System, now: datetime) -> Face:
    """Everything that a system answers at that time, if nothing is wrong with its agent."""
    played = find_systems()[system.name]
    if played.snmp is None:
        raise LookupError(f"{system.name} has no SNMP agent")
    return played.snmp(customer, system, now)
