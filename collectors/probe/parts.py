"""The one part of a path probe, named alike whichever protocol tells of it. It asks nothing."""

from __future__ import annotations

from collectors.base import Observation


def answers_at(component: str, *, works: bool, said: str) -> Observation:
    """What answered, and whether it does what it is asked for. That it answers at all proves the path.

    No role is listed whole with it: a probe that is asked both ways would else take back by one protocol what
    the other tells.
    """
    return Observation(
        role="equipment",
        component=component,
        lost=int(not works),
        total=1,
        side="network",
        detail=said[:120],
    )
