"""Ways that say nothing now: they are passed over before anything is judged. Pure.

* One that did not answer, and need not: a SIP address of which the agent is no administered peer may drop
  what it is asked, and do its job. That is no loss of sight.
* One that is asked seldom (`Watch.brisk`), and answered before the others fell silent: that is no sign of
  life of now. An hour is long for a system that is dead.

What such a way told is as dark as the word of any way that cannot be heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.picture import Picture, SystemPicture
from agent.watch import Watch
from collectors.base import ProtocolName

_HEARD = "heard only"


def heard_only(picture: Picture, watches: Mapping[str, Watch]) -> Picture:
    """The picture without the ways that say nothing now; they stand in `unanswered` instead."""
    changed = {
        name: heard
        for name, seen in picture.systems.items()
        if (watch := watches.get(name)) is not None and (heard := _heard(seen, watch)) is not seen
    }
    return Picture({**picture.systems, **changed}) if changed else picture


def _heard(seen: SystemPicture, watch: Watch) -> SystemPicture:
    if all(access.error is None for access in seen.accesses.values()):  # most systems, most times
        return seen
    silent = {name for name in watch.optional if name in seen.accesses and not seen.answers(name)}
    silent |= _answered_before(seen, watch, silent)
    if not silent:
        return seen
    known: tuple[set[ProtocolName], SystemPicture] | None = seen.worked_out.get(_HEARD)
    if known is not None and known[0] == silent:  # made once, so that what is worked out of it lasts as well
        return known[1]
    heard = replace(
        seen,
        accesses={name: access for name, access in seen.accesses.items() if name not in silent},
        unanswered=frozenset(silent),
    )
    seen.worked_out[_HEARD] = silent, heard
    return heard


def _answered_before(seen: SystemPicture, watch: Watch, silent: set[ProtocolName]) -> set[ProtocolName]:
    """The ways that are asked seldom and answered last before all the others fell silent."""
    brisk = watch.brisk
    others = [access for name, access in seen.accesses.items() if name in brisk and name not in silent]
    if not others or any(access.error != "unreachable" or access.missed < 2 for access in others):
        return set()  # one missed poll says nothing yet (I5)
    since = max(access.missed_since or access.at for access in others)
    return {
        name
        for name in watch.seldom
        if (way := seen.accesses.get(name)) is not None
        and (way.at < since if way.error is None else way.error == "unreachable" and way.missed < 2)
    }
