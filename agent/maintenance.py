"""What of a site is being worked on at a time (C4, I15), and what it lives with (M4). Pure.

Monitoring goes on all the same; what a window does to a failure is judged where failures are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agent.failures import Key
from agent.site import Accepted, MaintenanceWindow, Site


def windows_at(site: Site, now: datetime) -> Iterator[MaintenanceWindow]:
    """The windows that are open at `now`: begun and not ended (half-open), in the order of the site file."""
    for window in site.windows:
        if site.moment(window.begins) <= now < site.moment(window.ends):
            yield window


def covers(window: MaintenanceWindow, key: Key, location: str | None = None) -> bool:
    """Whether a window covers a part (`component` None: a whole system in that role) at that location.

    It must match all that the window names of systems, locations, components and roles.
    """
    return (
        (not window.systems or key.system in window.systems)
        and (not window.locations or location in window.locations)
        and (not window.components or key.component in window.components)
        and (not window.roles or key.role in window.roles)
    )


def window_over(site: Site, key: Key, location: str | None, now: datetime) -> MaintenanceWindow | None:
    """The window that covers a part now; of several, the one that ends last."""
    found = [each for each in windows_at(site, now) if covers(each, key, location)]
    return max(found, key=lambda each: site.moment(each.ends), default=None)


def acceptance(site: Site, system: str, component: str, now: datetime) -> Accepted | None:
    """The condition by which that part may fail, up to and with its last day in the site's zone (M4)."""
    today = now.astimezone(site.zone).date()
    return next(
        (
            each
            for each in site.accepted
            if (each.system, each.component) == (system, component) and today <= each.until
        ),
        None,
    )
