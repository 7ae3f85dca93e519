"""What is known and raises nothing: alarms found at installation, and accepted conditions (M4). Pure.

It shows them, and says whether a person may adopt what was found; what is taken becomes an entry of the
journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from agent.acting import LONGEST_NOTE, Person, Refused, check_text
from agent.acts import FoundAdopted
from agent.found import FoundBySystem
from agent.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundView:
    """One of them. `kind`: found (to be adopted), or accepted by the site file up to and with `until`.

    `at`: when it was found. `reason`: why it is accepted.
    """

    kind: Literal["found", "accepted"]
    system: str
    component: str
    vendor_severity: str = ""
    detail: str = ""
    at: datetime | None = None
    until: date | None = None
    reason: str = ""


def found_views(found: FoundBySystem, site: Site, now: datetime) -> tuple[FoundView, ...]:
    """All of them, in the order of the site file; what was accepted until a day that is over is none."""
    today = now.astimezone(site.zone).date()
    views = [
        FoundView(
            kind="found",
            system=system.name,
            component=each.alarm.component,
            vendor_severity=each.alarm.vendor_severity,
            detail=each.alarm.detail,
            at=each.at.astimezone(site.zone),
        )
        for system in site.systems
        for each in found.get(system.name, {}).values()
    ]
    views += [
        FoundView(
            kind="accepted",
            system=each.system,
            component=each.component,
            until=each.until,
            reason=each.reason,
        )
        for each in site.accepted
        if today <= each.until
    ]
    return tuple(views)


def adopted(
    found: FoundBySystem, system: str, component: str | None, note: str, person: Person
) -> FoundAdopted:
    """The entry by which alarms of that system's list count from now on (`component` None: all of them).

    Raises Refused.
    """
    check_text("note", note, LONGEST_NOTE)
    listed = tuple(found.get(system, {}))
    if not listed:
        raise Refused(f"nothing that was found at installation on {system} waits to be adopted")
    if component is not None and component not in listed:
        raise Refused(
            f"no alarm {component!r} was found at installation on {system}; there are {', '.join(listed)}"
        )
    return FoundAdopted(system=system, component=component, by=person.name, uid=person.uid, note=note.strip())
