"""Tickets that have to do with each other and stay apart: a cause that was found later (rule I8). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.failures import Failure, Key
from agent.incidents import Incidents


def related_tickets(incidents: Incidents, failing: Mapping[Key, Failure]) -> dict[Key, tuple[str, ...]]:
    """What each ticket says of others; while its root is not seen failing, what it said before."""
    found: dict[Key, list[str]] = {}
    for key, told in incidents.open.items():
        if told.root is not None:
            continue
        failure = failing.get(key)
        if failure is None:
            found.setdefault(key, []).extend(told.related)
            continue
        for cause in failure.causes:
            other = incidents.open.get(cause.key)
            if other is None or other.ticket == told.ticket or cause.within is not None:
                continue
            found.setdefault(key, []).append(f"{other.ticket} is its cause, found later (I8)")
            root = other.root or cause.key
            found.setdefault(root, []).append(f"{told.ticket} hangs on this, and was there before (I8)")
            break
    return {key: tuple(dict.fromkeys(lines)) for key, lines in found.items()}
