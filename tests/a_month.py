"""A month of a site with random faults, told reading by reading: the same one for the same seed.

One phone system with its trunk groups and gateways, path probes and other systems, each polled once a minute
by one protocol. A handful of faults a day: parts that fail, gateways and whole places that fall silent,
restarts, alarms, missed polls; one part that is never repaired. By day calls come and go: what is used and
how many phones are present moves from poll to poll.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import sin
from typing import Any

from agent.site import Site
from agent.watch import Watch, Way
from collectors.base import ErrorKind, Observation, Reading, RestartEvent, Role
from tests.story import SNMP, a_site

BEGINS = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
POLL = 60  # seconds from poll to poll of a system
PLACES = 10
_GATEWAYS, _PROBES, _OTHERS = 40, 10, 9  # of sixty systems; the sixtieth is the phone system
_OWN: tuple[Role, ...] = ("alarm", "equipment")
_MOST_SECONDS = {"silent": 5400, "dark": 3600, "blip": 70, "part": 14400, "alarm": 7200, "trunks": 7200}
_KINDS = ("silent", "dark", "blip", "blip", "part", "part", "alarm", "trunks", "restart", "stations")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken on some systems, from then to then (seconds after the beginning)."""

    kind: str
    systems: frozenset[str]
    begins: float
    ends: float
    number: int  # which of the parts

    def holds(self, seconds: float) -> bool:
        """Whether it is broken at that time."""
        return self.begins <= seconds < self.ends


@dataclass(slots=True)
class Month:
    """The site, and what its polls say. `faults_a_day`: how many begin, on the average."""

    seed: int = 1
    systems: int = 60
    days: float = 30.0
    faults_a_day: float = 6.0
    site: Site = field(init=False)
    watches: dict[str, Watch] = field(init=False)
    faults: list[Fault] = field(init=False)
    _place: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        told = list(self._systems())
        self._place = {each["name"]: each["location"] for each in told}
        places = [
            {"name": f"place{n}", "probes": [name for name in (f"probe{n}",) if name in self._place]}
            for n in range(PLACES)
        ]
        self.site = a_site(*told, locations=places)
        way = Way("snmp", timedelta(seconds=POLL))
        self.watches = {each.name: Watch(each.function or "other", (way,)) for each in self.site.systems}
        self.faults = sorted(self._faults(), key=lambda fault: fault.begins)

    def readings(self) -> Iterator[Reading]:
        """Every reading, in the order of their times. What says the same is the same object."""
        chance = random.Random(self.seed + 1)  # noqa: S311 - faults, no secrets
        polled = [_Polled(name, number, self) for number, name in enumerate(self._place)]
        offsets = sorted((chance.uniform(0, POLL), each) for each in polled)
        end = self.days * 86400
        going: list[Fault] = []
        ahead = list(reversed(self.faults))
        for minute in range(int(end // POLL)):
            base = minute * POLL
            while ahead and ahead[-1].begins < base + POLL:
                going.append(ahead.pop())
            going = [fault for fault in going if fault.ends > base]
            for offset, each in offsets:
                yield each.reads(base + offset, going, chance)

    def _systems(self) -> Iterator[dict[str, Any]]:
        share = self.systems / 60
        yield {
            "name": "cm1",
            "product": "communication_manager",
            "function": "phone_system",
            "location": "place0",
            "address": "192.0.2.1",
            "snmp": SNMP,
        }
        numbers = iter(range(2, 250))
        for kind, many in (("gw", _GATEWAYS), ("probe", _PROBES), ("other", _OTHERS)):
            for n in range(max(1, round(many * share))):
                told: dict[str, Any] = {
                    "name": f"{kind}{n}",
                    "location": f"place{n % PLACES}",
                    "address": f"192.0.2.{next(numbers)}",
                    "snmp": SNMP,
                }
                if kind == "gw":
                    more = {"product": "media_gateway", "function": "phone_system", "gateway_number": n + 1}
                elif kind == "probe":
                    more = {"product": "probe", "function": "network"}
                else:
                    function = ("voicemail", "other", "border", "contact_centre")[n % 4]
                    more = {"product": f"some_{function}", "function": function}
                yield told | more

    def _faults(self) -> Iterator[Fault]:
        chance = random.Random(self.seed)  # noqa: S311 - faults, no secrets
        names = list(self._place)
        lasting = frozenset({chance.choice([each for each in names if each.startswith(("gw", "other"))])})
        yield Fault("part", lasting, self.days * 86400 * 0.1, self.days * 86400, 3)
        for _ in range(round(self.days * self.faults_a_day)):
            kind = chance.choice(_KINDS)
            begins = chance.uniform(0, self.days * 86400)
            lasts = chance.uniform(30, _MOST_SECONDS.get(kind, 1800))
            if kind in ("trunks", "stations"):
                hit = ["cm1"]
            elif kind == "dark":
                place = chance.randrange(1, PLACES)
                hit = [each for each in names if self._place[each] == f"place{place}"]
            elif kind == "silent":
                hit = [chance.choice([each for each in names if each.startswith(("gw", "other"))])]
            else:
                hit = [chance.choice(names)]
            yield Fault(kind, frozenset(hit), begins, begins + lasts, chance.randrange(10))


class _Polled:
    """One system, and what it said last: what is the same now is said by the same objects."""

    def __init__(self, name: str, number: int, month: Month) -> None:
        self._name, self._number, self._month = name, number, month
        self._began = BEGINS - timedelta(days=100, seconds=number)
        self._parts: dict[tuple[Any, ...], Observation] = {}
        self._said: dict[tuple[Any, ...], tuple[Observation, ...]] = {}
        self._used = 5
        self._present = 800

    def reads(self, seconds: float, faults: Iterable[Fault], chance: random.Random) -> Reading:
        """What its poll at that time says."""
        mine = [each for each in faults if self._name in each.systems and each.holds(seconds)]
        lost_places = [each for each in faults if each.kind in ("dark", "silent") and each.holds(seconds)]
        took = round(chance.uniform(0.05, 0.4), 3)
        at = BEGINS + timedelta(microseconds=round(seconds * 1e6))
        if any(each.kind in ("dark", "silent", "blip") for each in mine):
            return self._missed(at, "unreachable", 5.0)
        local = (seconds / 3600 + 23) % 24
        if 8 <= local < 18 and chance.random() < 0.3:
            self._used = chance.randrange(2, 20)
        if chance.random() < (0.5 if 7 <= local < 19 else 0.05):
            self._present = 800 + round(60 * sin(local / 24 * 6.283)) + chance.randrange(4)
        restarted = next((each for each in mine if each.kind == "restart"), None)
        if restarted is not None:
            self._began = BEGINS + timedelta(seconds=round(restarted.begins))
        state = (
            self._used,
            self._present if self._name == "cm1" else 0,
            self._began,
            tuple((each.kind, each.number) for each in mine),
            frozenset(name for each in lost_places for name in each.systems) if self._name == "cm1" else None,
        )
        said = self._said.get(state)
        if said is None:
            said = self._said[state] = tuple(
                self._once(each) for each in self._all(*state[:3], mine, state[4])
            )
        return Reading(
            at=at, system=self._name, protocol="snmp", complete=_OWN, observations=said, seconds=took
        )

    def _missed(self, at: datetime, kind: ErrorKind, took: float) -> Reading:
        text = f"{kind}: no answer within {took:g} s"
        return Reading(at=at, system=self._name, protocol="snmp", error=kind, error_text=text, seconds=took)

    def _once(self, part: Observation) -> Observation:
        values = (part.role, part.component, part.lost, part.used, part.present, part.events)
        return self._parts.setdefault(values, part)

    def _all(
        self, used: int, present: int, began: datetime, mine: list[Fault], lost: frozenset[str] | None
    ) -> Iterator[Observation]:
        def broken(kind: str, number: int) -> int:
            return int(any(each.kind == kind and each.number == number for each in mine))

        if self._name.startswith("probe"):
            yield _part("equipment", "snmp", broken("part", 0), side="network", detail="answers")
            return
        event = RestartEvent(began, "reboot", planned=False, source="uptime")
        yield Observation(role="restart", component="restarts", events=(event,))
        many = 8 if self._name == "cm1" else 16
        for n in range(many):
            yield _part("equipment", f"module V{n}", broken("part", n), detail="MM710")
        for n in range(6):
            yield _part("environment", f"sensor {n}", 0, detail="within its limits")
        yield _part("capacity", "dsp", 0, used=used, limit=80)
        yield _part("capacity", "cpu", 0, used=used * 2, limit=90)
        if self._name.startswith("gw"):
            yield _part("location", "registration", 0, controller="main")
        else:
            yield _part("service", "service", 0)
        if broken("alarm", next((each.number for each in mine if each.kind == "alarm"), -1)):
            yield Observation(
                role="alarm", component="DIG-LINE 014V517", lost=1, total=1, vendor_severity="minor"
            )
        if self._name == "cm1":
            out = next((each for each in mine if each.kind == "trunks"), None)
            for n in range(20):
                gone = 23 if out is not None and n <= out.number else 0
                yield _part(
                    "trunks", f"trunk-group {n + 1}", gone, 23, number=n + 1, use="public", detail="isdn PSTN"
                )
            fallen = 500 if any(each.kind == "stations" for each in mine) else 0
            yield Observation(
                role="stations",
                component="stations",
                present=present - fallen,
                administered=1000,
                controller="main",
            )
            for each in self._month.site.systems:
                if each.gateway_number is not None:
                    away = int(each.name in (lost or ()))
                    number = each.gateway_number
                    yield _part("location", f"media-gateway {number}", away, number=number)


def _part(role: Role, component: str, lost: int, total: int = 1, **more: Any) -> Observation:
    return replace(Observation(role=role, component=component), lost=lost, total=total, **more)
