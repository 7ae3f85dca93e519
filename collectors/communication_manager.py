"""Avaya Aura Communication Manager (CM), the phone system's server, over SNMP.

Two generations of agent: G3-AVAYA-MIB up to CM 6.3.0, AVAYA-AURA-CM-MIB (known in fragments only) after.
States what the server says of itself, its trunks, stations, gateways, alarms and restarts. It judges
nothing, and asks for nothing that CM is known to disable (g3regipstat, ipAddressTable, ipNetToPhysicalTable).

The G3 agent is a proxy with a cache per command of the switch: a cache that could not be filled reads as an
empty table. So a table is believed whole only by its own witness: `Tretrieve` is not failed(1), and `Tcount`
is the number of rows that came.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.base import (
    SYS_DESCR,
    SYS_OBJECT_ID,
    SYS_UPTIME,
    Answers,
    BadAnswer,
    Fact,
    Findings,
    Metric,
    Observation,
    Pacing,
    Poll,
    Product,
    RestartEvent,
    Role,
    Sample,
    SnmpSession,
    VendorSeverity,
)

G3, AURA = "1.3.6.1.4.1.6889.2.8.1", "1.3.6.1.4.1.6889.2.73.8.1"
CONNECT_STATE = f"{G3}.1.1.0"  # g3connectState: other 1, off 2, down 3, init 4, up 5, idle 6

# Each G3 cache is a subtree with Tage .1, Tretrieve .4 and, where it is a table, Tcount .5.
VINTAGE, ALARMS, HEALTH, TRUNKGRP = f"{G3}.2", f"{G3}.4", f"{G3}.6", f"{G3}.32"
RESTART, GATEWAY, IPUNREG = f"{G3}.38", f"{G3}.104", f"{G3}.133"
_COUNTED = {ALARMS: "alarms", TRUNKGRP: "trunk_groups", RESTART: "restarts", GATEWAY: "gateways"}
_CACHES = {VINTAGE: "vintage", HEALTH: "health", **_COUNTED, IPUNREG: "unregistered_stations"}
FAILED, UPDATE, CURRENT = 1, 2, 3  # Tretrieve

IP_REGISTERED, IP_LIMIT = f"{VINTAGE}.35.0", f"{VINTAGE}.37.0"
GROUPS = GROUP_TYPE, GROUP_NAME, GROUP_SIZE = [f"{TRUNKGRP}.6.1.{n}" for n in (2, 3, 8)]
MEMBERS = MEMBER_STATE, MEMBER_BUSY = [f"{G3}.14.1.1.{n}" for n in (3, 4)]
GATEWAYS = GATEWAY_NAME, GATEWAY_ADDRESS, GATEWAY_REGISTERED = [f"{GATEWAY}.6.1.{n}" for n in (2, 4, 16)]
# Date: month, day, hour, minute; no year, no zone. Resolved: the month of it, 00 while the alarm is open.
ALARM_LIST = [f"{ALARMS}.6.1.{n}" for n in (1, 3, 5, 6, 9, 10, 11, 12, 13)]
ALARM_PORT, ALARM_NAME, ALARM_ALTERNATE, ALARM_LEVEL, *ALARM_DATE, ALARM_RESOLVED = ALARM_LIST
SERVER_LIST = SERVER_SOURCE, SERVER_ID, SERVER_LEVEL, SERVER_TEXT = [f"{G3}.21.1.1.{n}" for n in (2, 3, 4, 7)]
RESTARTS = RESTART_LEVEL, RESTART_CRAFT = [f"{RESTART}.6.1.{n}" for n in (6, 8)]

# Only 29.7 was ever seen with its number; the other numbers below 29 are inferred.
AURA_OCCUPANCY, AURA_USED, AURA_LIMIT = f"{AURA}.29.7.0", f"{AURA}.20.4.0", f"{AURA}.20.6.0"
AURA_MEMBER_STATE = f"{AURA}.26.3.1.5"
AURA_CHANNELS = 500  # CM 8 lists no more trunk channels than these

UPTIME = Metric("avaya_uptime_seconds", "Time since the SNMP agent of the device started, in seconds.")
ALARM_COUNT = Metric("avaya_alarms", "Alarms that the device itself holds, by its own level.", ("level",))
BUSIED_OUT = Metric("avaya_busied_out", "Parts that are busied out for maintenance.", ("part",))
OCCUPANCY = Metric("avaya_processor_occupancy_ratio", "Share of the processor's time, 0 to 1.", ("category",))
TRUNKS = Metric("avaya_trunk_members", "Trunk members by group and state.", ("group", "state"))
REGISTERED = Metric("avaya_stations_registered", "Stations registered with the server.", ("type",))
USED = Metric("avaya_licences_used", "Licensed units in use.", ("licence",))
LIMIT = Metric("avaya_licences_limit", "Licensed units that may be in use.", ("licence",))
LISTED = Metric("avaya_media_gateways", "Media gateways that the server lists, by state.", ("state",))
AGE = Metric("avaya_cache_age_seconds", "Age of the data that the SNMP agent answers from.", ("cache",))

# g3health numbers these from 5 on, avCmStatusHealth (inferred) from 1 on.
_COUNTS = [(ALARM_COUNT, level) for level in ("major", "minor", "warning")]
_COUNTS += [(BUSIED_OUT, part) for part in ("trunks", "stations", "other")]
_G3_SHARES = {11: "static", 12: "call_processing", 13: "system_management", 14: "idle"}
_AURA_SHARES = {7: "static", 8: "system_management", 9: "call_processing", 10: "idle"}
# CRITICAL and CRI are no levels of the MIB's own; working checks accept them.
_LEVELS: dict[str, VendorSeverity] = dict.fromkeys(("CRITICAL", "CRI", "MAJOR", "MAJ"), "major")
_LEVELS |= {"MINOR": "minor", "MIN": "minor", "WARNING": "warning", "WRN": "warning"}
_RANK: dict[VendorSeverity | None, int] = {"major": 3, "minor": 2, None: 2, "warning": 1}
IN, OUT, MAINTENANCE, BUSY = "in_service", "out_of_service", "maintenance", "busied_out"
# What became of a trunk member, by how its service state begins.
_FATES = {"in-service": IN, "oos": OUT, "out": OUT, "mtc": MAINTENANCE, "pend": MAINTENANCE}


async def ask(session: SnmpSession) -> Answers:
    """Probe both generations at once, then ask the one that answered. Neither: the probe alone."""
    g3 = (CONNECT_STATE, f"{HEALTH}.1.0")
    answers = await session.get(SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, *g3, AURA_OCCUPANCY, AURA_LIMIT)
    if any(answers.value(oid) is not None for oid in g3):
        for columns in (GROUPS, MEMBERS, GATEWAYS, ALARM_LIST, SERVER_LIST, RESTARTS):
            answers |= await session.walk(*columns)
        # The witnesses after the tables: a refresh that a walk set off and that failed must be seen.
        answers |= await session.get(*(f"{cache}.{n}.0" for cache in _CACHES for n in (1, 4)))
        answers |= await session.get(*(f"{cache}.5.0" for cache in (*_COUNTED, IPUNREG)))
        answers |= await session.get(*(f"{HEALTH}.{n}.0" for n in range(5, 15)), IP_REGISTERED, IP_LIMIT)
    elif answers.value(AURA_OCCUPANCY) is not None or answers.value(AURA_LIMIT) is not None:
        answers |= await session.get(*(f"{AURA}.29.{n}.0" for n in (*range(1, 7), *range(8, 11))), AURA_USED)
        answers |= await session.walk(AURA_MEMBER_STATE)
    return answers


def read(answers: Answers, at: datetime) -> Findings:
    """What the answers say. Raises BadAnswer if neither MIB is told or an answer is of the wrong kind."""
    if MEMBER_STATE in answers.asked:
        return _read_g3(answers, at)
    if AURA_MEMBER_STATE in answers.asked:
        return _read_aura(answers)
    raise BadAnswer("G3-AVAYA-MIB and AVAYA-AURA-CM-MIB", "answers SNMP but neither CM MIB")


def _read_g3(answers: Answers, at: datetime) -> Findings:
    trunks, samples = _g3_trunks(answers)
    gateways, (alarms, rows) = list(_gateways(answers)), _alarms(answers, at)
    tables: tuple[tuple[Role, str, int], ...] = (
        ("trunks", TRUNKGRP, sum(1 for _ in answers.rows(*GROUPS))),
        ("location", GATEWAY, len(gateways)),
        ("alarm", ALARMS, rows),
    )
    known = [gateway.lost for gateway in gateways if gateway.lost is not None]
    if known:
        samples += LISTED.told(known.count(0), "registered") + LISTED.told(known.count(1), "unregistered")
    if not _failed(answers, HEALTH):  # what a failed cache still holds is no value
        for n, (metric, label) in enumerate(_COUNTS, start=5):
            samples += metric.told(answers.count(f"{HEALTH}.{n}.0"), label)
        for n, label in _G3_SHARES.items():
            samples += OCCUPANCY.told(answers.count(f"{HEALTH}.{n}.0"), label, per=100)
    if not _failed(answers, VINTAGE):
        samples += REGISTERED.told(answers.count(IP_REGISTERED), "ip")
        samples += LIMIT.told(answers.count(IP_LIMIT), "ip_stations")
    for cache, label in _CACHES.items():
        samples += AGE.told(answers.count(f"{cache}.1.0"), label, per=100)
    return Findings(
        (_service(answers), *trunks, *gateways, *alarms, *_restarts(answers, at), *_stations(answers)),
        (*UPTIME.told(answers.uptime()), *samples),
        tuple(role for role, cache, rows in tables if _whole(answers, cache, rows)),
    )


def _read_aura(answers: Answers) -> Findings:
    share = _percent(answers, 7)
    service = Observation(role="service", component="service", lost=0, total=1)
    observations = [service.not_read("occupancy not told") if share is None else service]
    samples = list(UPTIME.told(answers.uptime()))

    members: dict[int, list[tuple[str, bool]]] = {}
    rows = list(answers.rows(AURA_MEMBER_STATE, parts=2))
    for index, row in rows:
        state = (row.text(AURA_MEMBER_STATE) or "").strip('" ')
        members.setdefault(index[0], []).append((state, False))
    for number in sorted(members):
        # No size is told, so the group in which the listing ran into its limit may be cut: it is unread.
        cut = len(rows) >= AURA_CHANNELS and number == rows[-1][0][0]
        size = len(members[number]) + 1 if cut else None
        observations.append(_group(_named(number), size, members[number]))
        samples += _members(observations[-1], members[number])

    used, limit = answers.count(AURA_USED), answers.count(AURA_LIMIT)
    samples += USED.told(used, "capacity") + LIMIT.told(limit, "capacity")
    observations += _capacity("licence capacity", used, limit)
    for n, (metric, label) in enumerate(_COUNTS, start=1):
        # These numbers are inferred: a value of another kind is a wrong guess of ours, not a bad answer.
        value = answers.value(f"{AURA}.29.{n}.0")
        samples += metric.told(value if isinstance(value, int) and value >= 0 else None, label)
    for n, label in _AURA_SHARES.items():
        samples += OCCUPANCY.told(_percent(answers, n), label)
    return Findings(tuple(observations), tuple(samples))


def _service(answers: Answers) -> Observation:
    state = answers.integer(CONNECT_STATE)
    service = Observation(role="service", component="service", lost=0, total=1)
    if state == 3:
        return replace(service, lost=1, detail="switch connection down")
    # Off, other, init or not told is neither sign by itself: then data fresh from the switch speak for it.
    if state in (5, 6) or answers.integer(f"{HEALTH}.4.0") == CURRENT:
        return service
    return service.not_read(f"switch connection state {state}")


def _g3_trunks(answers: Answers) -> tuple[list[Observation], list[Sample]]:
    members: dict[int, list[tuple[str, bool]]] = {}
    for (number, _), row in answers.rows(*MEMBERS, parts=2):
        busy = (row.text(MEMBER_BUSY) or "").lower() in ("y", "yes")
        members.setdefault(number, []).append((row.text(MEMBER_STATE) or "", busy))
    groups = {number: (_named(number), 0) for number in members}
    for (number,), row in answers.rows(*GROUPS, parts=1):
        named = _named(number, (row.text(GROUP_TYPE) or "").lower(), row.text(GROUP_NAME) or "")
        size = row.integer(GROUP_SIZE)
        # A group that is listed without its size has members that nobody counted: never none.
        groups[number] = named, 1 if size is None or size < 0 else size
    failed = _failed(answers, TRUNKGRP)
    observations, samples = [], []
    for number, (named, size) in sorted(groups.items()):
        told = members.get(number, [])
        if failed:
            observations.append(named.not_read("the server could not read its trunk groups"))
        elif told or size:
            observations.append(_group(named, size, told))
            samples += _members(observations[-1], told)
    return observations, samples


def _named(number: int, kind: str = "", name: str = "") -> Observation:
    """The trunk group as its list tells it (rule T1 for its use), yet without figures."""
    public = kind.startswith("isdn") or kind in ("co", "did", "diod")
    return Observation(
        role="trunks",
        component=f"trunk-group {number}",
        number=number,
        use="unknown" if not kind or kind.startswith("sip") else "public" if public else "internal",
        detail=" ".join(part for part in (kind, name) if part),
    )


def _group(named: Observation, size: int | None, members: list[tuple[str, bool]]) -> Observation:
    fates = Counter(_fate(*member) for member in members)
    strange = next((state for state, busy in members if not _fate(state, busy)), None)
    if strange is not None:
        return named.not_read(f"unknown state {strange!r}")
    if len(members) < (size or 0):
        return named.not_read(f"only {len(members)} of its members told")
    lost = {state.upper() for state, busy in members if _fate(state, busy) == OUT}
    ends = {"".join(re.findall(r"\b(?:FE|NE)\b", state)) for state in lost}
    states = Counter(state for state, _ in members if not state.lower().startswith("in-service"))
    words = [named.detail, *(f"{count} {state}" for state, count in sorted(states.items()))]
    return replace(
        named,
        lost=fates[OUT],
        total=len(members) - fates[BUSY],
        planned=fates[BUSY],
        degraded=fates[MAINTENANCE],
        side="far" if ends == {"FE"} else "near" if ends == {"NE"} else "unknown",
        detail=", ".join(filter(None, words))[:120],
    )


def _fate(state: str, busy: bool) -> str:
    fate = next((fate for start, fate in _FATES.items() if state.lower().startswith(start)), "")
    # Busied out is planned only beside an out-of-service state (rule T4); the state alone is a loss.
    return BUSY if fate == OUT and busy else fate


def _members(group: Observation, members: list[tuple[str, bool]]) -> list[Sample]:
    fates = Counter(_fate(*member) for member in members)
    states = () if group.unread else (IN, OUT, MAINTENANCE, BUSY)
    return [Sample(TRUNKS, fates[state], (str(group.number), state)) for state in states]


def _gateways(answers: Answers) -> Iterator[Observation]:
    failed = _failed(answers, GATEWAY)
    for (number,), row in answers.rows(*GATEWAYS, parts=1):
        gateway = Observation(
            role="location",
            component=f"media-gateway {number}",
            number=number,
            address=row.text(GATEWAY_ADDRESS) or None,
            detail=(row.text(GATEWAY_NAME) or "")[:120],
        )
        told = (row.text(GATEWAY_REGISTERED) or "").lower()
        if failed or told not in ("y", "n"):
            yield gateway.not_read("the server could not read its gateways" if failed else f"says {told!r}")
        else:
            # A survivable processor may serve a lost one; the main server cannot know: no controller named.
            lost = int(told == "n")
            yield replace(gateway, lost=lost, total=1, controller=None if lost else "main")


def _alarms(answers: Answers, at: datetime) -> tuple[list[Observation], int]:
    """The open alarms, and how many rows the alarm table had."""
    told: list[tuple[str, str, datetime | None, str]] = []
    rows = 0
    for index, row in answers.rows(*ALARM_LIST):
        rows += 1
        name = f"{row.text(ALARM_NAME) or 'unnamed'} {row.text(ALARM_PORT) or '.'.join(map(str, index))}"
        since = _moment(at, *(row.text(column) or "" for column in ALARM_DATE))
        if not (row.text(ALARM_RESOLVED) or "").strip("0"):
            told.append((name, row.text(ALARM_LEVEL) or "", since, row.text(ALARM_ALTERNATE) or ""))
    for index, row in answers.rows(*SERVER_LIST):
        name = f"{row.text(SERVER_SOURCE) or 'row'} {row.text(SERVER_ID) or '.'.join(map(str, index))}"
        told.append((f"server {name}", row.text(SERVER_LEVEL) or "", None, row.text(SERVER_TEXT) or ""))
    found: dict[str, Observation] = {}
    for component, level, since, text in told:
        severity = _LEVELS.get(level.upper())
        alarm = Observation(role="alarm", component=component, lost=1, total=1, kind="failure", since=since)
        # The SAT lists the switch's alarms; those of the server itself are told over SNMP alone.
        alarm = replace(alarm, apart=component.startswith("server "))
        detail = ", ".join(filter(None, ("" if severity else f"level {level!r}", text)))
        # One object and port can hold several alarms: they share a key, so the worst level speaks for all.
        if component not in found or _RANK[severity] > _RANK[found[component].vendor_severity]:
            found[component] = replace(alarm, vendor_severity=severity, detail=detail[:120])
    return list(found.values()), rows


def _restarts(answers: Answers, at: datetime) -> Iterator[Observation]:
    rows = list(answers.rows(*RESTARTS, parts=5))
    if not _whole(answers, RESTART, len(rows)):
        yield Observation(role="restart", component="restarts", unread=True)
        return
    events: list[RestartEvent] = []
    for index, row in rows:
        moment = _moment(at, *index[:4])
        if moment is None:
            raise BadAnswer(RESTART_LEVEL, f"row {index} names no moment of a year")
        # Records tell the minute; two of one minute are two restarts, told a second apart.
        moment += timedelta(seconds=sum(event.at.replace(second=0) == moment for event in events))
        planned = (row.text(RESTART_CRAFT) or "").upper() in ("Y", "YES")
        events.append(RestartEvent(moment, row.text(RESTART_LEVEL) or "unknown", planned, "record"))
    yield Observation(role="restart", component="restarts", events=tuple(events))


def _stations(answers: Answers) -> Iterator[Observation]:
    stations = Observation(role="stations", component="stations", controller="main")
    present, limit = answers.count(IP_REGISTERED), answers.count(IP_LIMIT)
    if _failed(answers, VINTAGE):
        yield replace(stations, unread=True)
        yield Observation(role="capacity", component="ip station licences", unread=True)
    elif present is not None:
        away = answers.count(f"{IPUNREG}.5.0") if answers.integer(f"{IPUNREG}.4.0") == CURRENT else None
        administered = None if away is None else present + away
        yield replace(stations, present=present, administered=administered, by_kind={"ip": present})
        yield from _capacity("ip station licences", present, limit)


def _capacity(component: str, used: int | None, limit: int | None) -> Iterator[Observation]:
    if used is not None and limit:
        full = int(used >= limit)
        yield Observation(role="capacity", component=component, lost=full, total=1, used=used, limit=limit)


def _failed(answers: Answers, cache: str) -> bool:
    state = answers.integer(f"{cache}.4.0")
    if state not in (None, FAILED, UPDATE, CURRENT):
        raise BadAnswer(f"{cache}.4.0", f"expected failed, update or current, got {state}")
    return state == FAILED


def _whole(answers: Answers, cache: str, rows: int) -> bool:
    return not _failed(answers, cache) and answers.count(f"{cache}.5.0") == rows


def _percent(answers: Answers, n: int) -> float | None:
    value = answers.value(f"{AURA}.29.{n}.0")  # "0" or "15%"
    match = re.fullmatch(rb'"?(\d{1,3})%?"?', value.strip()) if isinstance(value, bytes) else None
    return None if match is None else int(match[1]) / 100


def _moment(at: datetime, *parts: int | str) -> datetime | None:
    """The latest such month, day, hour, minute not after `at`; a day of grace for clocks that differ."""
    for year in range(at.year + 1, at.year - 9, -1):  # these hold a 29 February, also about 2100
        try:
            moment = datetime(year, *map(int, parts), tzinfo=at.tzinfo)  # type: ignore[misc, arg-type]  # four parts
        except (ValueError, OverflowError):
            continue
        if moment <= at + timedelta(days=1):
            return moment
    return None


# Rows, pause, time-out (Avaya's advice), tries, interval, most rows. A trunk walk took 78 s on an S8300.
PACING = Pacing(10, timedelta(milliseconds=100), timedelta(seconds=15), 2, timedelta(minutes=1), 30_000)

PRODUCT = Product(
    name="communication_manager",
    title="Communication Manager",
    function="phone_system",
    polls={"snmp": Poll(ask, read, PACING)},
    authority=("sat", "snmp", "ssh"),
    metrics=(UPTIME, ALARM_COUNT, BUSIED_OUT, OCCUPANCY, TRUNKS, REGISTERED, USED, LIMIT, LISTED, AGE),
    facts=(
        Fact("OIDs and enumerations up to CM 6.3.0", "G3-AVAYA-MIB (6.3, 2013)", "verified"),
        Fact("Tretrieve: the cache could not be filled; Tcount: its records", "G3-AVAYA-MIB", "verified"),
        Fact("restart levels, and the flag Y or N of a restart on demand", "G3-AVAYA-MIB", "verified"),
        Fact("member states in-service/…, OOS…, out…", "check_avaya_trunks, real", "verified"),
        Fact("alarm levels, ports and object names", "check_avaya_error", "verified"),
        Fact("occupancy in per cent", "check_avaya_load, real", "verified"),
        Fact("AURA 29.7 is a text such as 0", "seen on a real CM", "verified"),
        Fact("AURA member states; 500 channels at most", "a check_mk script", "verified"),
        Fact("AURA licence capacity, used and limit", "centreon-plugins", "verified"),
        Fact("time-outs of 15 s", "Avaya's advice, in a collector run on CM 8.0", "verified"),
        Fact("which MIB: g3connectState or g3healthTage, else AURA 29.7 or 20.6", "both MIBs", "inferred"),
        Fact("switch connection up or idle: the server serves", "wording of the MIB", "inferred"),
        Fact("MTC… and PEND… carry calls; FE, NE: the end at fault", "SAT states", "inferred"),
        Fact("maintenance busy says yes, a registered gateway y", "like columns", "inferred"),
        Fact("isdn, co, did, diod are public, sip unknown, others internal", "SAT types", "inferred"),
        Fact("administered = registered + rows of g3ipunreg", "what they list", "inferred"),
        Fact("an empty g3servalm table is none (it has no witness)", "the MIB", "inferred"),
        Fact("AURA 29.1 to 29.6, 29.8 to 29.10", "order of the names", "inferred"),
        Fact("AURA 29.7 told: the server serves", "what it measures", "inferred"),
    ),
    not_seen=(
        "stations by name or location, or other than IP (Avaya disabled g3regipstat); attendant consoles",
        "signalling groups, CTI, CMS and CDR links",
        "which controller serves a gateway that is not registered here",
        "CM 7 and later: types and sizes of trunk groups, channels beyond 500, busied-out members",
        "CM 7 and later: stations, gateways, restarts, single alarms (their OIDs are not public)",
    ),
)
