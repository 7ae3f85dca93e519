"""Too many new tickets at once are one (rule I14). Pure.

Nothing is lost: each failure stands in the storm's ticket with its own words, class and evidence, and a
person can break it out. The class is the worst of them, and so is what is due first.
"""

from __future__ import annotations

from agent.contract import Contract
from agent.failures import Key, Ruling, classed
from agent.site import Storm

STORM = Key(None, "storm")


def is_storm(key: Key) -> bool:
    """Whether that is the root of a storm's ticket."""
    return key == STORM


def storm_ruling(contract: Contract, first: Ruling, limit: Storm) -> Ruling:
    """What a storm's ticket is by itself: the place of others. `first`: of what came to it first."""
    minutes = f"{limit.within.total_seconds() / 60:g}"
    summary = f"storm: more than {limit.tickets} new tickets in {minutes} minutes, further ones are here"
    return classed(
        contract,
        (),
        Ruling(
            severity="",
            clause="",
            clauses=(),
            rules=("I14",),
            summary=summary,
            responsibility=first.responsibility,
            note="each of them has its own note",
            evidence=(),
        ),
    )
