"""At which instants the clock alone may change a judgement, with no reading in between (I10). Pure.

The ends of holds are known to `agent.incidents`, the edges of windows and hours to `agent.classify`; here are
the ages: when a word yields to younger ones, when a restart counts no more, when silence becomes a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain

from agent.authority import OLD_AFTER
from agent.contract import Contract
from agent.gaps import gap_begins
from agent.history import History
from agent.picture import Picture
from agent.watch import Watch

_DAY = timedelta(hours=24)
_JUST_AFTER = timedelta(microseconds=1)


def next_instant(
    picture: Picture,
    history: History,
    contract: Contract,
    watches: Mapping[str, Watch],
    now: datetime,
    *,
    gaps: bool = True,
) -> datetime | None:
    """The first of these instants after `now`; None: there is none. `gaps`: whether there are any."""
    coming = chain(
        _gaps(picture, watches) if gaps else (), _ages(picture, watches), _restarts(history, contract, now)
    )
    return min((at for at in coming if at > now), default=None)


def _gaps(picture: Picture, watches: Mapping[str, Watch]) -> Iterator[datetime]:
    for name, seen in picture.systems.items():
        if (watch := watches.get(name)) and (begins := gap_begins(seen, watch)) is not None:
            yield begins + _JUST_AFTER


def _ages(picture: Picture, watches: Mapping[str, Watch]) -> Iterator[datetime]:
    for name, seen in picture.systems.items():
        watch = watches.get(name)
        if watch is None or len(seen.accesses) < 2:
            continue  # there is no other word
        for access in seen.accesses.values():
            pace = watch.interval(access.protocol)
            if access.error is None:
                pace = max(pace, timedelta(seconds=access.seconds))
            yield access.at + OLD_AFTER * pace


def _restarts(history: History, contract: Contract, now: datetime) -> Iterator[datetime]:
    stands = (contract.decisions.restart_stands, contract.decisions.restarts_within, _DAY)
    for events in history.restarts.values():
        for event in events:
            if now - event.at < _DAY:
                yield from (event.at + each for each in stands)
