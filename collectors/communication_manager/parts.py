"""The parts of a Communication Manager, named and judged alike whichever protocol tells of them.

Trunk groups and their members, alarms, gateways, stations, the moment that a date without a year means. It
asks nothing and reads no answer of a protocol.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collectors.base import Metric, Observation, Sample, VendorSeverity

ALARM_COUNT = Metric("avaya_alarms", "Alarms that the device itself holds, by its own level.", ("level",))
TRUNKS = Metric("avaya_trunk_members", "Trunk members by group and state.", ("group", "state"))
REGISTERED = Metric("avaya_stations_registered", "Stations registered with the server.", ("type",))
LISTED = Metric("avaya_media_gateways", "Media gateways that the server lists, by state.", ("state",))
METRICS = (ALARM_COUNT, TRUNKS, REGISTERED, LISTED)

SERVICE = Observation(role="service", component="service", lost=0, total=1)
STATIONS = Observation(role="stations", component="stations", controller="main")

# CRITICAL and CRI are no levels of the MIB's own; working checks accept them.
_LEVELS: dict[str, VendorSeverity] = dict.fromkeys(("CRITICAL", "CRI", "MAJOR", "MAJ"), "major")
_LEVELS |= {"MINOR": "minor", "MIN": "minor", "WARNING": "warning", "WRN": "warning"}
_RANK: dict[VendorSeverity | None, int] = {"major": 3, "minor": 2, None: 2, "warning": 1}
_IN, _OUT, _MAINTENANCE, _BUSY = "in_service", "out_of_service", "maintenance", "busied_out"
# GGGVS, GGGVSPP: gateway, slot, port. A cabinet (01A0718) is no gateway, nor is an IP port (S00159, T00101).
_IN_GATEWAY = re.compile(r"([0-9]{3})V[0-9A-Z](?:[0-9]{2})?")
_NO_PORT = ("", "X")  # X: not assigned
# What became of a trunk member, by how its service state begins.
_FATES = {"in-service": _IN, "oos": _OUT, "out": _OUT, "mtc": _MAINTENANCE, "pend": _MAINTENANCE}


@dataclass(frozen=True, slots=True)
class Member:
    """One trunk member: its service state as the switch writes it, and whether maintenance holds it busy.

    `port`: where it is, empty where that is not told.
    """

    state: str
    busy: bool = False
    port: str = ""


def gateway_at(*ports: str) -> int | None:
    """The one gateway that these ports are in; None: no port is told, or not all are in one gateway."""
    matches = [_IN_GATEWAY.fullmatch(port.upper()) for port in ports if port.upper() not in _NO_PORT]
    numbers = {None if match is None else int(match[1]) for match in matches}
    return (numbers.pop() or None) if len(numbers) == 1 else None  # 000: of none that has a number


def busied(word: str) -> bool:
    """Whether the column `maintenance busy` says yes."""
    return word.lower() in ("y", "yes")


def named(number: int, kind: str = "", name: str = "") -> Observation:
    """The trunk group as its list tells it (rule T1 for its use), yet without figures."""
    kind = kind.lower()
    public = kind.startswith("isdn") or kind in ("co", "did", "diod")
    return Observation(
        role="trunks",
        component=f"trunk-group {number}",
        number=number,
        use="unknown" if not kind or kind.startswith("sip") else "public" if public else "internal",
        detail=" ".join(part for part in (kind, name) if part)[:120],
    )


def group(listed: Observation, size: int | None, members: Sequence[Member]) -> Observation:
    """The group with the figures of its members; unread if a state is unknown or fewer than `size` came."""
    fates = Counter(map(_fate, members))
    strange = next((member.state for member in members if not _fate(member)), None)
    if strange is not None:
        return listed.not_read(f"unknown state {strange!r}")
    if len(members) < (size or 0):
        return listed.not_read(f"only {len(members)} of its members told")
    lost = {member.state.upper() for member in members if _fate(member) == _OUT}
    ends = {"".join(re.findall(r"\b(?:FE|NE)\b", state)) for state in lost}
    states = Counter(member.state for member in members if not member.state.lower().startswith("in-service"))
    words = [listed.detail, *(f"{count} {state}" for state, count in sorted(states.items()))]
    return replace(
        listed,
        lost=fates[_OUT],
        total=len(members) - fates[_BUSY],
        planned=fates[_BUSY],
        degraded=fates[_MAINTENANCE],
        side="far" if ends == {"FE"} else "near" if ends == {"NE"} else "unknown",
        gateway=gateway_at(*(member.port for member in members)),
        detail=", ".join(filter(None, words))[:120],
    )


def group_samples(seen: Observation, members: Iterable[Member]) -> list[Sample]:
    """How many members are in which state; none of a group that could not be read."""
    fates = Counter(map(_fate, members))
    states = () if seen.unread else (_IN, _OUT, _MAINTENANCE, _BUSY)
    return [Sample(TRUNKS, fates[state], (str(seen.number), state)) for state in states]


def _fate(member: Member) -> str:
    fate = next((fate for start, fate in _FATES.items() if member.state.lower().startswith(start)), "")
    # Busied out is planned only beside an out-of-service state (rule T4); the state alone is a loss.
    return _BUSY if fate == _OUT and member.busy else fate


def gateway(number: int, *, address: str | None = None, name: str = "") -> Observation:
    """A gateway as the server lists it, yet without a word of its registration."""
    component = f"media-gateway {number}"
    return Observation(
        role="location", component=component, number=number, address=address, detail=name[:120]
    )


def registered(listed: Observation, *, here: bool) -> Observation:
    """Whether the gateway is registered with this server."""
    # A survivable processor may serve a lost one; the main server cannot know: no controller named.
    return replace(listed, lost=int(not here), total=1, controller="main" if here else None)


def processor_channel(number: int, to: str | None) -> Observation:
    """The channel to a CMS, yet without a word of its state."""
    component = f"processor-channel {number}"
    return Observation(
        role="integration", component=component, kind="cms", number=number, to=to or None, apart=True
    )


def signalling_group(number: int, to: str, state: str) -> Observation:
    """A signalling group by its state, as the switch writes it."""
    component, told = f"signaling-group {number}", state.lower()
    listed = Observation(
        role="integration", component=component, kind="signalling", number=number, to=to or None, apart=True
    )
    if "out-of-service" in told:
        return replace(listed, lost=1, total=1, detail=state[:120])
    return replace(listed, lost=0, total=1) if "in-service" in told else listed.not_read(f"state {state!r}")


def gateway_samples(gateways: Iterable[Observation]) -> tuple[Sample, ...]:
    """How many of the gateways are registered; nothing if of none it is known."""
    known = [seen.lost for seen in gateways if seen.lost is not None]
    if not known:
        return ()
    return LISTED.told(known.count(0), "registered") + LISTED.told(known.count(1), "unregistered")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One open alarm. `level`: as the switch writes it. `text`: what else it says. `port`: where it is."""

    component: str
    level: str
    since: datetime | None = None
    text: str = ""
    apart: bool = False
    port: str = ""


def alarm_on(name: str, port: str, row: str) -> str:
    """The component of an alarm: maintenance name and port; `row` only where it has neither."""
    return " ".join(filter(None, (name or "unnamed", port))) if name or port else f"unnamed {row}"


def severity(level: str) -> VendorSeverity | None:
    """The switch's level of an alarm; None for one that nobody knows."""
    return _LEVELS.get(level.upper())


def alarms(told: Iterable[Alarm]) -> list[Observation]:
    """The open alarms, one for each component."""
    found: dict[str, Observation] = {}
    for alarm in told:
        component, level = alarm.component, severity(alarm.level)
        detail = ", ".join(filter(None, ("" if level else f"level {alarm.level!r}", alarm.text)))
        # One object and port can hold several alarms: they share a key, so the worst level speaks for all.
        if component not in found or _RANK[level] > _RANK[found[component].vendor_severity]:
            found[component] = Observation(
                role="alarm",
                component=component,
                lost=1,
                total=1,
                kind="failure",
                since=alarm.since,
                apart=alarm.apart,
                vendor_severity=level,
                gateway=gateway_at(alarm.port),
                detail=detail[:120],
            )
    return list(found.values())


def moment(at: datetime, *parts: int | str) -> datetime | None:
    """The latest such month, day, hour, minute not after `at`; a day of grace for clocks that differ."""
    for year in range(at.year + 1, at.year - 9, -1):  # these hold a 29 February, also about 2100
        try:
            found = datetime(year, *map(int, parts), tzinfo=at.tzinfo)  # type: ignore[misc, arg-type]  # four parts
        except (ValueError, OverflowError):
            continue
        if found <= at + timedelta(days=1):
            return found
    return None
