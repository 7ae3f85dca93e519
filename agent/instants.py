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
from agent.site import Site
from agent.watch import Watch
from agent.worked_out import ages, parts_in

_DAY = timedelta(hours=24)
_JUST_AFTER = timedelta(microseconds=1)


def next_instant(
    picture: Picture,
    history: History,
    site: Site,
    contract: Contract,
    watches: Mapping[str, Watch],
    now: datetime,
    *,
    gaps: bool = True,
    moving: bool = True,
) -> datetime | None:
    """The first of these instants after `now`; None: there is none. `gaps`: whether there are any.

    `moving` False: without those that each reading moves on, for a caller who knows when the next one is due.
    """
    coming = chain(
        _gaps(picture, watches) if gaps and moving else (),
        _ages(picture, watches) if moving else (),
        _left_behind(picture, watches),
        _silences(picture, site),
        _traps(picture, contract),
        _restarts(history, contract, now),
        (ends for ends in (history.hour_ends(now),) if ends is not None),
    )
    return min((at for at in coming if at > now), default=None)


def _gaps(picture: Picture, watches: Mapping[str, Watch]) -> Iterator[datetime]:
    for name, seen in picture.systems.items():
        if (watch := watches.get(name)) and (begins := gap_begins(seen, watch)) is not None:
            yield begins + _JUST_AFTER


def _ages(picture: Picture, watches: Mapping[str, Watch]) -> Iterator[datetime]:
    for name, seen in picture.systems.items():
        if (watch := watches.get(name)) is None:
            continue
        for access in seen.accesses.values():
            pace = watch.interval(access.protocol)
            if access.error is None:
                pace = max(pace, timedelta(seconds=access.seconds))
            yield access.at + OLD_AFTER * pace


def _left_behind(picture: Picture, watches: Mapping[str, Watch]) -> Iterator[datetime]:
    """Of what a way last said before its last reading, which no other one makes younger."""
    for name, seen in picture.systems.items():
        if len(seen.accesses) > 1 and (watch := watches.get(name)) is not None:
            yield from ages(seen, watch, left_behind=True)


def _silences(picture: Picture, site: Site) -> Iterator[datetime]:
    """When a silence has lasted long enough to be one (I5), be there a failure that waits for that or not."""
    holds = {each.name: site.holds_of(each).reachability for each in site.systems}
    for name, seen in picture.systems.items():
        for access in seen.accesses.values():
            if access.missed_since is not None and name in holds:
                yield access.missed_since + holds[name]


def _traps(picture: Picture, contract: Contract) -> Iterator[datetime]:
    """When a trap that said that a service is down says so no longer."""
    for seen in picture.systems.values():
        for told in parts_in("service", seen) if "trap" in seen.accesses else ():
            if "trap" in told:
                yield told["trap"].at + contract.decisions.unknown_trap_stands


def _restarts(history: History, contract: Contract, now: datetime) -> Iterator[datetime]:
    stands = (contract.decisions.restart_stands, contract.decisions.restarts_within, _DAY)
    for events in history.restarts.values():
        for event in events:
            if now - event.at < _DAY:
                yield from (event.at + each for each in stands)
