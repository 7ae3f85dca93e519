"""At which instants the clock alone may change a judgement, with no reading in between (I10). Pure.

A hold's end is known to `agent.incidents`; here are the instants that rules look at: a window's edges, the
age at which a word, a restart or a trap counts otherwise, the beginning of a gap. Calendars open and close on
quarter hours, and what is learned goes by the hour: each quarter is one. A rule that looks at another instant
adds it here; else it is seen to with the next reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain

from agent.authority import OLD_AFTER
from agent.contract import Contract
from agent.gaps import gap_begins
from agent.history import History
from agent.picture import Picture
from agent.site import Site
from agent.watch import Watch

_QUARTER = timedelta(minutes=15)
_DAY = timedelta(hours=24)
_JUST_AFTER = timedelta(microseconds=1)
_ANY_QUARTER = datetime(2000, 1, 1, tzinfo=UTC)


def next_instant(
    picture: Picture,
    history: History,
    site: Site,
    contract: Contract,
    watches: Mapping[str, Watch],
    now: datetime,
) -> datetime:
    """The first of these instants after `now`."""
    quarter = _ANY_QUARTER + ((now - _ANY_QUARTER) // _QUARTER + 1) * _QUARTER
    coming = chain(_windows(site), _ages(picture, contract, watches), _restarts(history, contract, now))
    return min((at for at in coming if now < at < quarter), default=quarter)


def _windows(site: Site) -> Iterator[datetime]:
    for window in site.windows:
        yield site.moment(window.begins)
        yield site.moment(window.ends)


def _ages(picture: Picture, contract: Contract, watches: Mapping[str, Watch]) -> Iterator[datetime]:
    for name, seen in picture.systems.items():
        watch = watches.get(name)
        if watch is None:
            continue
        if (gap := gap_begins(seen, watch)) is not None:
            yield gap + _JUST_AFTER
        for access in seen.accesses.values():
            if access.protocol == "trap":
                for told in seen.parts.values():
                    if "trap" in told and told["trap"].observation.oid is not None:
                        yield told["trap"].at + contract.decisions.unknown_trap_stands
            else:
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
