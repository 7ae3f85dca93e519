"""What every rule looks at, and the few sentences that all of them build. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import floor
from typing import cast

from agent.authority import Word, ails
from agent.calendars import Calendar
from agent.contract import Contract
from agent.failures import Evidence, Key
from agent.filling import Filling, Series
from agent.history import History
from agent.maintenance import Around, Occurrence, acceptance, window_over
from agent.picture import Picture
from agent.rules.layout import Layout, PhoneSystem, is_gateway, layout_of
from agent.site import Accepted, Function, Site, System
from agent.watch import Watch
from agent.worked_out import ailing, statements, tells_of, words, words_in
from collectors.base import Observation, Role

__all__ = ["PhoneSystem", "Scene", "Told", "evidence", "is_gateway", "listed", "percent", "plural"]


@dataclass(frozen=True, slots=True)
class Told:
    """What is believed of one part of a phone system. `system`: whose word it is; `tellers`: who tells it."""

    system: System
    word: Word
    tellers: tuple[System, ...]


@dataclass(frozen=True)  # without slots, for what is worked out once
class Scene:
    """The arguments of a judgement. `watches`: what each system is for and how it is asked, by name.

    `hours`: the coverage hours, by which days are open or closed (S1); None: not known. `peaks`: of pending
    failures, the highest station count before they began (S2). `attended`: when attendant consoles should be
    staffed; None: always (A1). `began`: since when each pending failure was seen. `filling`: how disks have
    filled so far.
    """

    picture: Picture
    history: History
    site: Site
    contract: Contract
    watches: Mapping[str, Watch]
    now: datetime
    hours: Calendar | None = None
    peaks: Mapping[Key, int] = field(default_factory=dict)
    attended: Calendar | None = None
    began: Mapping[Key, datetime] = field(default_factory=dict)
    filling: Filling = field(default_factory=Filling)

    def _of(self, system: str) -> Iterable[Word]:
        found = words(self.picture.of(system), self.watches[system], self.now)
        if not self.site.accepted:
            return found
        return (word for word in found if self.accepted(system, word.observation) is None)

    @cached_property
    def _all_words(self) -> Mapping[str, tuple[Word, ...]]:
        return {name: words(self.picture.of(name), watch, self.now) for name, watch in self.watches.items()}

    def every_word(self, system: str, role: Role) -> Iterable[Word]:
        """Every word in that role, what is accepted and what is dark among them."""
        watch = self.watches.get(system)
        return () if watch is None else words_in(role, self.picture.of(system), watch, self.now)

    def ailing(self, system: str, *roles: Role) -> Iterator[Word]:
        """Of the words in these roles that somebody freshly tells, at least those that fail."""
        for word in ailing(self.picture.of(system), self.watches[system], self.now):
            observation = word.observation
            if observation.role in roles and not word.dark and self.accepted(system, observation) is None:
                yield word

    def accepted(self, system: str, observation: Observation) -> Accepted | None:
        """The condition by which this part may fail and raises nothing (M4); None while the part is well."""
        if not self.site.accepted or not (ails(observation) or observation.role == "alarm"):
            return None
        return acceptance(self.site, system, observation.component, self.now)

    @property
    def set_aside(self) -> Iterator[tuple[str, Observation, Accepted]]:
        """What fails now and is accepted, with its system."""
        for name, found in self._all_words.items() if self.site.accepted else ():
            for word in found:
                if (condition := self.accepted(name, word.observation)) is not None:
                    yield name, word.observation, condition

    def words(self, system: str, *roles: Role) -> Iterator[Word]:
        """The word on each part that somebody freshly tells, in these roles (all if none is given)."""
        return (word for word in self._in_roles(system, roles) if not word.dark)

    def dark(self, system: str, *roles: Role) -> Iterator[Word]:
        """The parts in these roles that only a protocol told that cannot be heard now."""
        return (word for word in self._in_roles(system, roles) if word.dark)

    def statements(self, system: str) -> tuple[Word, ...]:
        """What each protocol freshly says of the system's service (O2)."""
        return statements(self.picture.of(system), self.watches[system], self.now)

    def asked(self, system: str) -> bool:
        """Whether each way to the system was tried at least once."""
        picture = self.picture.of(system)
        tried = {*picture.accesses, *picture.unanswered}
        return bool(tried) and all(way.protocol in tried for way in self.watches[system].ways)

    def _in_roles(self, system: str, roles: tuple[Role, ...]) -> Iterator[Word]:
        if len(roles) == 1:  # of most parts of most systems nobody has to know more than that they are well
            found = words_in(roles[0], self.picture.of(system), self.watches[system], self.now)
            if not self.site.accepted:
                return iter(found)
            return (word for word in found if self.accepted(system, word.observation) is None)
        return (word for word in self._of(system) if not roles or word.observation.role in roles)

    @cached_property
    def listed_gateways(self) -> Mapping[int, Sequence[tuple[System, Word]]]:
        """What the phone systems' servers freshly say of each gateway that they list, by its number."""
        found: dict[int, list[tuple[System, Word]]] = {}
        for system in self.systems_for("phone_system"):
            for word in self.words(system.name, "location"):
                if word.observation.number is not None and system.gateway_number is None:
                    found.setdefault(word.observation.number, []).append((system, word))
        return found

    @cached_property
    def lost_gateways(self) -> frozenset[int | None]:
        """The numbers of the gateways that a server calls lost, if nobody says otherwise."""
        return frozenset(
            word.observation.number
            for system in self.systems_for("phone_system")
            if system.gateway_number is None
            for word in self.ailing(system.name, "location")
        )

    @cached_property
    def _layout(self) -> Layout:
        return layout_of(self.site, self.watches)

    @property
    def gateways(self) -> frozenset[int | None]:
        """The numbers of the gateways that the site file knows."""
        return self._layout.gateways

    def disk(self, system: str, component: str) -> Series | None:
        """How that disk fills; None: nobody can tell."""
        watch = self.watches.get(system)
        return self.filling.of(system, component, watch) if watch is not None else None

    def called(self, name: str | None) -> System | None:
        """The system of the site that others call so: by its name, what it is known as, or its address."""
        return self._layout.called(name)

    def far_end(self, system: System, observation: Observation) -> System | None:
        """The system of the site that a part of this one leads to; None: to none, or nobody knows.

        Of a trunk group only the site file says so; of a link, whoever tells of it names the other end.
        """
        if observation.role == "trunks":
            group = self.whole_of(system.name).trunk_group(system, observation.number)
            return self.called(group.to) if group is not None else None
        return self.called(observation.to)

    @property
    def phone_systems(self) -> tuple[PhoneSystem, ...]:
        """The site's phone systems: all servers, gateways and survivable processors of a group are one."""
        return self._layout.phone_systems

    @property
    def voicemail_systems(self) -> tuple[tuple[System, ...], ...]:
        """The site's voicemail systems: all servers of a group are one."""
        return self._layout.voicemail_systems

    @cached_property
    def _answers(self) -> tuple[list[datetime], list[datetime]]:
        """When each way that answers did so last; and since when it or one after it has missed no poll."""
        found = sorted(
            (access.at, access.good_since or access.at)
            for picture in self.picture.systems.values()
            for access in picture.polled
            if access.error is None
        )
        begun = list(accumulate((since for _, since in reversed(found)), min))
        return [at for at, _ in found], begun[::-1]

    def answering_since(self, after: datetime) -> datetime | None:
        """Since when something has been answering without a break, of all that answered after that instant.

        None: nothing has answered since then.
        """
        ats, begun = self._answers
        place = bisect_right(ats, after)
        return begun[place] if place < len(ats) else None

    def observed(self, told: Iterable[Evidence]) -> tuple[Observation, ...]:
        """What is believed of the failing parts that the evidence names; of all of them if none fails."""
        named = dict.fromkeys((each.system, each.role, each.component) for each in told)
        known = tuple(seen for part in named if (seen := self._believed(*part)) is not None)
        return tuple(filter(_fails, known)) or known

    def observation(self, told: Evidence) -> Observation | None:
        """What is believed of the part that is named as evidence; None: nothing."""
        return self._believed(told.system, told.role, told.component)

    def _believed(self, system: str, role: str, component: str) -> Observation | None:
        if system not in self.watches:
            return None
        found = (word.observation for word in self._in_roles(system, (cast(Role, role),)))
        return next((each for each in found if each.component == component), None)

    def network_down(self, name: str) -> bool:
        """Whether that system is a network device, and says that it is down or has fallen silent."""
        if name not in self.watches or self.watches[name].function != "network":
            return False
        picture = self.picture.of(name)
        silent = picture.silent and all(access.missed > 1 for access in picture.accesses.values())
        return silent or any(word.observation.lost for word in self.statements(name))

    def places(self, system: System) -> tuple[str, ...]:
        """The locations of the phone system that this one is part of; none if it is part of none."""
        if not self.is_phone_system(system):
            return ()
        return tuple(dict.fromkeys(each.location for each in self.whole_of(system.name).systems))

    @property
    def wholes(self) -> tuple[PhoneSystem, ...]:
        """Every system once: the phone systems whole, and each system of another function by itself."""
        return self._layout.wholes

    def is_phone_system(self, system: System) -> bool:
        """Whether that system is (part of) a phone system."""
        return self.watches[system.name].function == "phone_system"

    def whole_of(self, system: str) -> PhoneSystem:
        """The phone system that a system belongs to; one of another function is by itself."""
        return self._layout.whole_of[system]

    def told(self, whole: PhoneSystem, role: Role) -> list[Told]:
        """Each part in that role once, dark ones among them, however many systems of the whole tell it.

        The first in site order counts whose word is fresh and could be read. A survivable controller counts
        the stations that are registered with it, not those of the main one (S3): a part of its own.
        """
        known = self._told.get((whole.main.name, role))
        if known is None:
            known = self._told[whole.main.name, role] = self._told_by(whole, role)
        return known

    @cached_property
    def _told(self) -> dict[tuple[str, Role], list[Told]]:
        return {}

    def _told_by(self, whole: PhoneSystem, role: Role) -> list[Told]:
        found: dict[tuple[str, str], list[tuple[System, Word]]] = {}
        for system in whole.systems:
            if not tells_of(role, self.picture.of(system.name)):
                continue
            for word in self._in_roles(system.name, (role,)):
                apart = role == "stations" and word.observation.controller == "survivable"
                part = word.observation.component, system.name if apart else ""
                found.setdefault(part, []).append((system, word))
        told = []
        for words_on in found.values():
            counts = min(words_on, key=lambda each: (each[1].dark, each[1].observation.unread))
            told.append(Told(*counts, tuple(system for system, _ in words_on)))
        return told

    @cached_property
    def windows(self) -> Around:
        """The maintenance windows around now, of whatever origin."""
        return self.history.windows.around(self.site, self.now)

    def window_over(self, told: Told) -> Occurrence | None:
        """The window that covers that part now, by whichever system tells it; of several the last to end."""
        if not self.windows.now:
            return None
        found = [self.window(system, told.word.observation) for system in told.tellers]
        return max((each for each in found if each is not None), key=lambda each: each.ends, default=None)

    def window(self, system: System, observation: Observation) -> Occurrence | None:
        """The maintenance window that covers that part now (C4)."""
        key = Key(system.name, observation.role, observation.component)
        return window_over(self.windows.now, key, observation.location or system.location, self.now)

    def systems_for(self, function: Function) -> Sequence[System]:
        """The site's systems of one function, in the order of the site file."""
        return self._layout.by_function.get(function, ())


def evidence(
    system: System, word: Word, text: str, *, figures: tuple[int | None, int | None] | None = None
) -> Evidence:
    """What is believed of one part, and what others say: `trunk-group 1: 8 of 8 lost; snmp says 0 of 8`.

    `figures`: lost and total as they count, where that is not as they were told.
    """
    observation = word.observation
    lost, total = figures or (observation.lost, observation.total)
    named = f"{observation.component} ({observation.detail})" if observation.detail else observation.component
    return Evidence(
        text=f"{named}: {'; '.join((text, *word.against))}",
        system=system.name,
        role=observation.role,
        component=observation.component,
        protocol=word.protocol,
        at=word.at,
        apart=observation.apart,
        source="trap" if word.protocol == "trap" else "poll",
        lost=lost,
        total=total,
    )


def _fails(observation: Observation) -> bool:
    if observation.role in ("alarm", "stations"):  # no figures of their own: named as evidence, they fail
        return True
    return bool(observation.lost or observation.in_use)


def percent(part: Fraction | int, whole: Fraction | int) -> str:
    """A share for a person, never rounded up to a mark that it does not reach: `47.8 %`."""
    return f"{floor(Fraction(part) * 1000 / whole) / 10:.1f} %"


def plural(count: int, noun: str) -> str:
    """`1 group`, `2 groups`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(names)
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
