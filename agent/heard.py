"""Ways that need not answer: while they do not, they are no way at all, and no loss of sight. Pure.

A SIP address of which the agent is no administered peer may drop what it is asked, and do its job. So a poll
of such a way that came to nothing is passed over before anything is judged. What it told while it answered
is as dark as the word of any way that cannot be heard. When it answers, it is a way like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.picture import Picture, SystemPicture
from agent.watch import Watch

_HEARD = "heard only"


def heard_only(picture: Picture, watches: Mapping[str, Watch]) -> Picture:
    """The picture without the ways that did not answer and need not."""
    changed = {
        name: heard
        for name, seen in picture.systems.items()
        if (watch := watches.get(name)) is not None and (heard := _heard(seen, watch)) is not seen
    }
    return Picture({**picture.systems, **changed}) if changed else picture


def _heard(seen: SystemPicture, watch: Watch) -> SystemPicture:
    silent = {name for name in watch.optional if name in seen.accesses and not seen.answers(name)}
    if not silent:
        return seen
    known: tuple[set[str], SystemPicture] | None = seen.worked_out.get(_HEARD)
    if known is not None and known[0] == silent:  # made once, so that what is worked out of it lasts as well
        return known[1]
    heard = replace(
        seen,
        accesses={name: access for name, access in seen.accesses.items() if name not in silent},
        unanswered=frozenset(silent),
    )
    seen.worked_out[_HEARD] = silent, heard
    return heard
