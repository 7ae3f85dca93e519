"""What a person may say of maintenance windows while the agent runs, and what not. Pure.

Each refusal is one sentence, and nothing is changed by it. Who the person is, the daemon knows from the
kernel; what is taken here becomes an entry of the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import ConfigDict

from agent.acting import LONGEST_NAME, LONGEST_NOTE, Person, Refused, check_text
from agent.contract import ChangeType
from agent.fields import parse_duration, parse_instant
from agent.maintenance import Windows, change_id, of_person
from agent.mistakes import expected_one
from agent.picture import Picture
from agent.site import Site
from agent.views import moment, span
from agent.window_entries import Risk, WindowAdded, WindowEnded
from agent.window_words import covers_text
from collectors.base import Role

LONGEST = timedelta(days=31)
"""For how long a window may be added: what lasts longer belongs into the site file."""
FURTHEST = timedelta(days=366)

_LATE = timedelta(minutes=1)  # a begin may have passed while it was typed
_SHOWN = 3  # parts that a sentence names


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWindow:
    """What a person asks for. Times and lengths as they are typed: the site's clock, `2h`.

    `begins` empty: now. `lasts`: for how long; with `flexible` from the first failure between `begins` and
    `ends` on. `everything`: the whole site is meant. `window`: the one to end; `note`: why.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    verb: Literal["add", "end"]
    window: str = ""
    note: str = ""
    begins: str = ""
    ends: str = ""
    lasts: str = ""
    flexible: bool = False
    everything: bool = False
    systems: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    type: ChangeType = "scheduled"
    risk: Risk = "low"
    reference: str = ""
    who: str = ""
    why: str = ""


def change(
    wanted: WantedWindow, person: Person, windows: Windows, site: Site, now: datetime
) -> WindowAdded | WindowEnded:
    """The entry that it is. Raises Refused."""
    if wanted.verb == "end":
        return _ended(wanted, person, windows, site, now)
    return _added(wanted, person, windows, site, now)


def said_of(body: WindowAdded | WindowEnded, site: Site, picture: Picture, now: datetime) -> str:
    """What the person is told once it is taken."""
    if isinstance(body, WindowEnded):
        if body.planned > now:
            return f"{body.window} is taken back, by {body.by}"
        return f"{body.window} is over, by {body.by}; what still fails is told now"
    what, ends = covers_text(of_person(body)), _local(body.ends, site.zone)
    begins = "now" if body.begins <= now else _local(body.begins, site.zone)
    if body.lasts is not None:
        stretch = f"for {span(body.lasts)} from the first failure on, between {begins} and {ends}"
    elif body.begins <= now:
        stretch = f"until {ends}"
    else:
        stretch = f"from {begins} to {ends}"
    unseen = _unseen(body, picture)
    note = f"; nothing is seen now that is called {' or '.join(unseen)}" if unseen else ""
    return f"{body.window} covers {what} {stretch}, by {body.by}{note}"


def _added(wanted: WantedWindow, person: Person, windows: Windows, site: Site, now: datetime) -> WindowAdded:
    _check_names(wanted, site)
    for name, text, longest in (
        ("reference", wanted.reference, LONGEST_NAME),
        ("name in --who", wanted.who, LONGEST_NAME),
        ("reason in --why", wanted.why, LONGEST_NOTE),
    ):
        check_text(name, text, longest)
    begins, ends, lasts = _stretch(wanted, site, now)
    return WindowAdded(
        window=change_id(windows.numbers + 1),
        begins=begins,
        ends=ends,
        lasts=lasts,
        systems=_once(wanted.systems),
        locations=_once(wanted.locations),
        components=_once(each.strip() for each in wanted.components),
        roles=_once(wanted.roles),
        type=wanted.type,
        risk=wanted.risk,
        reference=wanted.reference.strip(),
        who=wanted.who.strip(),
        why=wanted.why.strip(),
        by=person.name,
        uid=person.uid,
    )


def _check_names(wanted: WantedWindow, site: Site) -> None:
    """What it covers is there, and the whole site is meant where nothing is named. Raises Refused."""
    named = (*wanted.systems, *wanted.locations, *wanted.components, *wanted.roles)
    if wanted.everything and named:
        raise Refused("expected --everything or names of what it covers; got both")
    if not wanted.everything and not named:
        raise Refused(
            "expected what it covers (--system, --location, --component or --role), or --everything for the "
            "whole site; got neither"
        )
    for what, names, known in (
        ("a system of this site", wanted.systems, [each.name for each in site.systems]),
        ("a location of this site", wanted.locations, [each.name for each in site.locations]),
        ("a role", wanted.roles, list(get_args(Role))),
    ):
        for name in names:
            if name not in known:
                raise Refused(expected_one(what, name, known))
    for component in wanted.components:
        check_text("component", component, LONGEST_NAME)
        if not component.strip():
            raise Refused("expected the name of a component; got nothing")


def _stretch(wanted: WantedWindow, site: Site, now: datetime) -> tuple[datetime, datetime, timedelta | None]:
    """From when to when, and how long from the first failure on. Raises Refused."""
    begins = _instant("--begins", wanted.begins, site) if wanted.begins else now
    ends = _instant("--ends", wanted.ends, site) if wanted.ends else None
    lasts = _length(wanted.lasts) if wanted.lasts else None
    if wanted.flexible and (ends is None or lasts is None):
        raise Refused(
            "expected --ends and --for with --flexible: until when it may begin, and how long it lasts then"
        )
    if not wanted.flexible and (ends is None) == (lasts is None):
        got = "neither" if ends is None else "both, which means something with --flexible only"
        raise Refused(f"expected --for or --ends; got {got}")
    last = ends if ends is not None else begins + (lasts or timedelta(0))
    if begins < now - _LATE:
        raise Refused(f"expected a window that begins now or later; got {_local(begins, site.zone)}")
    if last <= max(begins, now):
        raise Refused(f"expected a window that ends after it begins; got {_local(last, site.zone)}")
    if begins - now > FURTHEST:
        raise Refused(f"expected a window that begins within a year; got {_local(begins, site.zone)}")
    if max(last - begins, lasts or timedelta(0)) > LONGEST:
        raise Refused(
            f"expected a window of at most {LONGEST.days} days; what lasts longer belongs into the site file"
        )
    return begins, last, lasts if wanted.flexible else None


def _ended(wanted: WantedWindow, person: Person, windows: Windows, site: Site, now: datetime) -> WindowEnded:
    check_text("note", wanted.note, LONGEST_NOTE)
    name = wanted.window
    if name not in windows.added and all(each.name != name for each in site.windows):
        raise Refused(f"no maintenance window {name!r}; `trunkwatch maintenance list --all` lists every one")
    times = list(windows.times_of(name, site, now, now + FURTHEST + LONGEST))
    times = [each for each in times if each.ends > now]
    one = next((each for each in times if each.within(now)), None)
    if one is None and times and name in windows.added:
        one = times[0]
    if one is None and times:
        begins = _local(min(each.begins for each in times), site.zone)
        raise Refused(
            f"{name} stands in the site file and begins {begins}: take it out there, and then "
            "`trunkwatch reload`"
        )
    if one is None:
        raise Refused(f"{name} is over already; nothing was changed")
    return WindowEnded(
        window=name, planned=one.planned, by=person.name, uid=person.uid, note=wanted.note.strip()
    )


def _instant(option: str, text: str, site: Site) -> datetime:
    try:
        return site.moment(parse_instant(text)).astimezone(UTC)
    except ValueError as error:
        raise Refused(f"{option}: {error}") from None


def _length(text: str) -> timedelta:
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise Refused(f"--for: {error}") from None
    if not found:
        raise Refused("--for: expected a duration above zero; got 0s")
    return found


def _unseen(body: WindowAdded, picture: Picture) -> list[str]:
    """The components that nobody tells of now, of the systems that are named: perhaps a slip of the pen."""
    seen = {
        component
        for system, told in picture.systems.items()
        if not body.systems or system in body.systems
        for _, component in told.parts
    }
    return [each for each in body.components if each not in seen][:_SHOWN]


def _local(at: datetime, zone: ZoneInfo) -> str:
    return moment(at.astimezone(zone))


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
