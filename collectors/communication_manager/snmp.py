"""Communication Manager over SNMP.

Two generations of agent: G3-AVAYA-MIB up to CM 6.3.0, AVAYA-AURA-CM-MIB (known in fragments only) after.
States what the server says of itself, its trunks, stations, gateways, alarms and restarts. It judges
nothing, and asks for nothing that CM is known to disable (g3regipstat, ipAddressTable, ipNetToPhysicalTable).

The G3 agent is a proxy with a cache per command of the switch: a cache that could not be filled reads as an
empty table. So a table is believed whole only by its own witness: `Tretrieve` is not failed(1), and `Tcount`
is the number of rows that came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.base import (
    SYS_DESCR,
    SYS_OBJECT_ID,
    SYS_UPTIME,
    Answers,
    BadAnswer,
    Findings,
    Metric,
    Observation,
    Pacing,
    RestartEvent,
    Role,
    Sample,
    SnmpSession,
)
from collectors.communication_manager.parts import (
    ALARM_COUNT,
    REGISTERED,
    SERVICE,
    STATIONS,
    Alarm,
    Member,
    alarm_on,
    alarms,
    busied,
    gateway,
    gateway_samples,
    group,
    group_samples,
    moment,
    named,
    processor_channel,
    registered,
    signalling_group,
)

G3, AURA = "1.3.6.1.4.1.6889.2.8.1", "1.3.6.1.4.1.6889.2.73.8.1"
CONNECT_STATE = f"{G3}.1.1.0"  # g3connectState: other 1, off 2, down 3, init 4, up 5, idle 6

# Each G3 cache is a subtree with Tage .1, Tretrieve .4 and, where it is a table, Tcount .5.
VINTAGE, ALARMS, HEALTH, TRUNKGRP = f"{G3}.2", f"{G3}.4", f"{G3}.6", f"{G3}.32"
RESTART, GATEWAY, IPUNREG, CHANNEL = f"{G3}.38", f"{G3}.104", f"{G3}.133", f"{G3}.144"
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
RESTARTS = RESTART_LEVEL, RESTART_CRAFT, RESTART_INTERCHANGE = [f"{RESTART}.6.1.{n}" for n in (6, 8, 10)]
CHANNEL_ENABLED, CHANNEL_APPLICATION, CHANNEL_NODE = [f"{CHANNEL}.6.1.{n}" for n in (2, 3, 8)]
CMS = "mis"  # the application of a channel that leads to a CMS

# Only 29.7 was ever seen with its number; the other numbers below 29 are inferred.
AURA_OCCUPANCY, AURA_USED, AURA_LIMIT = f"{AURA}.29.7.0", f"{AURA}.20.4.0", f"{AURA}.20.6.0"
AURA_MEMBER_STATE = f"{AURA}.26.3.1.5"
AURA_FAR_NODE, AURA_GROUP_STATE = f"{AURA}.84.1.1.12", f"{AURA}.85.1.1.4"  # of a signalling group
AURA_CHANNELS = 500  # CM 8 lists no more trunk channels than these

UPTIME = Metric("avaya_uptime_seconds", "Time since the device, or over SNMP its agent, started, in seconds.")
BUSIED_OUT = Metric("avaya_busied_out", "Parts that are busied out for maintenance.", ("part",))
OCCUPANCY = Metric("avaya_processor_occupancy_ratio", "Share of the processor's time, 0 to 1.", ("category",))
USED = Metric("avaya_licences_used", "Licensed units in use.", ("licence",))
LIMIT = Metric("avaya_licences_limit", "Licensed units that may be in use.", ("licence",))
AGE = Metric("avaya_cache_age_seconds", "Age of the data that the SNMP agent answers from.", ("cache",))

# g3health numbers these from 5 on, avCmStatusHealth (inferred) from 1 on.
_COUNTS = [(ALARM_COUNT, level) for level in ("major", "minor", "warning")]
_COUNTS += [(BUSIED_OUT, part) for part in ("trunks", "stations", "other")]
_G3_SHARES = {11: "static", 12: "call_processing", 13: "system_management", 14: "idle"}
_AURA_SHARES = {7: "static", 8: "system_management", 9: "call_processing", 10: "idle"}


async def ask(session: SnmpSession) -> Answers:
    """Probe both generations at once, then ask the one that answered. Neither: the probe alone."""
    g3 = (CONNECT_STATE, f"{HEALTH}.1.0")
    answers = await session.get(SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, *g3, AURA_OCCUPANCY, AURA_LIMIT)
    if any(answers.value(oid) is not None for oid in g3):
        for columns in (GROUPS, MEMBERS, GATEWAYS, ALARM_LIST, SERVER_LIST, RESTARTS):
            answers |= await session.walk(*columns)
        answers |= await session.walk(CHANNEL_APPLICATION)
        if _to_cms(answers):  # all 384 channels may be listed
            answers |= await session.walk(CHANNEL_ENABLED, CHANNEL_NODE)
        # The witnesses after the tables: a refresh that a walk set off and that failed must be seen.
        answers |= await session.get(*(f"{cache}.{n}.0" for cache in _CACHES for n in (1, 4)))
        answers |= await session.get(*(f"{cache}.5.0" for cache in (*_COUNTED, IPUNREG)))
        health = [f"{HEALTH}.{n}.0" for n in range(5, 15)]
        answers |= await session.get(f"{CHANNEL}.4.0", *health, IP_REGISTERED, IP_LIMIT)
    elif answers.value(AURA_OCCUPANCY) is not None or answers.value(AURA_LIMIT) is not None:
        answers |= await session.get(*(f"{AURA}.29.{n}.0" for n in (*range(1, 7), *range(8, 11))), AURA_USED)
        for column in (AURA_MEMBER_STATE, AURA_FAR_NODE, AURA_GROUP_STATE):
            answers |= await session.walk(column)
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
    gateways, (open_alarms, rows) = list(_gateways(answers)), _alarms(answers, at)
    tables: tuple[tuple[Role, str, int], ...] = (
        ("trunks", TRUNKGRP, sum(1 for _ in answers.rows(*GROUPS))),
        ("location", GATEWAY, len(gateways)),
        ("alarm", ALARMS, rows),
    )
    samples += gateway_samples(gateways)
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
        (
            _service(answers),
            *trunks,
            *gateways,
            *open_alarms,
            *_restarts(answers, at),
            *_stations(answers),
            *_channels(answers),
        ),
        (*UPTIME.told(answers.uptime()), *samples),
        tuple(role for role, cache, rows in tables if _whole(answers, cache, rows)),
    )


def _read_aura(answers: Answers) -> Findings:
    share = _percent(answers, 7)
    observations = [SERVICE.not_read("occupancy not told") if share is None else SERVICE]
    samples = list(UPTIME.told(answers.uptime()))

    members: dict[int, list[Member]] = {}
    rows = list(answers.rows(AURA_MEMBER_STATE, parts=2))
    for index, row in rows:
        state = (row.text(AURA_MEMBER_STATE) or "").strip('" ')
        members.setdefault(index[0], []).append(Member(state))
    for number in sorted(members):
        # No size is told, so the group in which the listing ran into its limit may be cut: it is unread.
        cut = len(rows) >= AURA_CHANNELS and number == rows[-1][0][0]
        size = len(members[number]) + 1 if cut else None
        observations.append(group(named(number), size, members[number]))
        samples += group_samples(observations[-1], members[number])

    nodes: dict[int, str] = {}
    states: dict[int, str] = {}
    for (number,), row in answers.rows(AURA_FAR_NODE, parts=1):
        nodes[number] = row.text(AURA_FAR_NODE) or ""
    for (number,), row in answers.rows(AURA_GROUP_STATE, parts=1):
        states[number] = (row.text(AURA_GROUP_STATE) or "").strip('" ')
    observations += [
        signalling_group(number, nodes.get(number, ""), states.get(number, ""))
        for number in sorted(nodes.keys() | states.keys())
    ]

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
    if state == 3:
        return replace(SERVICE, lost=1, detail="switch connection down")
    # Off, other, init or not told is neither sign by itself: then data fresh from the switch speak for it.
    if state in (5, 6) or answers.integer(f"{HEALTH}.4.0") == CURRENT:
        return SERVICE
    return SERVICE.not_read(f"switch connection state {state}")


def _g3_trunks(answers: Answers) -> tuple[list[Observation], list[Sample]]:
    members: dict[int, list[Member]] = {}
    for (number, _), row in answers.rows(*MEMBERS, parts=2):
        member = Member(row.text(MEMBER_STATE) or "", busied(row.text(MEMBER_BUSY) or ""))
        members.setdefault(number, []).append(member)
    groups = {number: (named(number), 0) for number in members}
    for (number,), row in answers.rows(*GROUPS, parts=1):
        listed = named(number, row.text(GROUP_TYPE) or "", row.text(GROUP_NAME) or "")
        size = row.integer(GROUP_SIZE)
        # A group that is listed without its size has members that nobody counted: never none.
        groups[number] = listed, 1 if size is None or size < 0 else size
    failed = _failed(answers, TRUNKGRP)
    observations, samples = [], []
    for number, (listed, size) in sorted(groups.items()):
        told = members.get(number, [])
        if failed:
            observations.append(listed.not_read("the server could not read its trunk groups"))
        elif told or size:
            observations.append(group(listed, size, told))
            samples += group_samples(observations[-1], told)
    return observations, samples


def _gateways(answers: Answers) -> Iterator[Observation]:
    failed = _failed(answers, GATEWAY)
    for (number,), row in answers.rows(*GATEWAYS, parts=1):
        address, name = row.text(GATEWAY_ADDRESS) or None, row.text(GATEWAY_NAME) or ""
        listed = gateway(number, address=address, name=name)
        told = (row.text(GATEWAY_REGISTERED) or "").lower()
        if failed or told not in ("y", "n"):
            yield listed.not_read("the server could not read its gateways" if failed else f"says {told!r}")
        else:
            yield registered(listed, here=told == "y")


def _alarms(answers: Answers, at: datetime) -> tuple[list[Observation], int]:
    """The open alarms, and how many rows the alarm table had."""
    told: list[Alarm] = []
    rows = 0
    for index, row in answers.rows(*ALARM_LIST):
        rows += 1
        where = ".".join(map(str, index))
        port = row.text(ALARM_PORT) or ""
        name = alarm_on(row.text(ALARM_NAME) or "", port, where)
        since = moment(at, *(row.text(column) or "" for column in ALARM_DATE))
        if not (row.text(ALARM_RESOLVED) or "").strip("0"):
            level, text = row.text(ALARM_LEVEL) or "", row.text(ALARM_ALTERNATE) or ""
            told.append(Alarm(name, level, since, text, port=port))
    for index, row in answers.rows(*SERVER_LIST):
        name = f"server {row.text(SERVER_SOURCE) or 'row'} {row.text(SERVER_ID) or '.'.join(map(str, index))}"
        level, text = row.text(SERVER_LEVEL) or "", row.text(SERVER_TEXT) or ""
        # The SAT lists the switch's alarms; those of the server itself are told over SNMP alone.
        told.append(Alarm(name, level, None, text, apart=True))
    return alarms(told), rows


def _restarts(answers: Answers, at: datetime) -> Iterator[Observation]:
    rows = list(answers.rows(*RESTARTS, parts=5))
    if not _whole(answers, RESTART, len(rows)):
        yield Observation(role="restart", component="restarts", unread=True)
        return
    events: list[RestartEvent] = []
    for index, row in rows:
        began = moment(at, *index[:4])
        if began is None:
            raise BadAnswer(RESTART_LEVEL, f"row {index} names no moment of a year")
        # Records tell the minute; two of one minute are two restarts, told a second apart.
        began += timedelta(seconds=sum(event.at.replace(second=0) == began for event in events))
        planned = (row.text(RESTART_CRAFT) or "").upper() in ("Y", "YES")
        level = row.text(RESTART_LEVEL) or "unknown"
        if level.upper() == "WARM" and (row.text(RESTART_INTERCHANGE) or "").upper() in ("Y", "YES"):
            level = "interchange"  # the halves of a duplicated pair changed places: no restart (rule O5)
        events.append(RestartEvent(began, level, planned, "record"))
    yield Observation(role="restart", component="restarts", events=tuple(events))


def _stations(answers: Answers) -> Iterator[Observation]:
    present, limit = answers.count(IP_REGISTERED), answers.count(IP_LIMIT)
    if _failed(answers, VINTAGE):
        yield replace(STATIONS, unread=True)
        yield Observation(role="capacity", component="ip station licences", unread=True)
    elif present is not None:
        away = answers.count(f"{IPUNREG}.5.0") if answers.integer(f"{IPUNREG}.4.0") == CURRENT else None
        administered = None if away is None else present + away
        yield replace(STATIONS, present=present, administered=administered, by_kind={"ip": present})
        yield from _capacity("ip station licences", present, limit)


def _to_cms(answers: Answers) -> list[int]:
    """The channels that lead to a CMS."""
    rows = answers.rows(CHANNEL_APPLICATION, parts=1)
    return [n for (n,), row in rows if (row.text(CHANNEL_APPLICATION) or "").lower() == CMS]


def _channels(answers: Answers) -> Iterator[Observation]:
    """The channels to a CMS: whether each is enabled. Whether it works, only the SAT tells."""
    numbers = _to_cms(answers)
    if not numbers:
        return
    failed = _failed(answers, CHANNEL)
    told = {n: row for (n,), row in answers.rows(CHANNEL_ENABLED, CHANNEL_NODE, parts=1)}
    for number in numbers:
        row = told.get(number)
        listed = processor_channel(number, None if row is None else row.text(CHANNEL_NODE))
        enabled = "" if row is None else (row.text(CHANNEL_ENABLED) or "").lower()
        if failed:
            yield listed.not_read("the server could not read its channels")
        elif enabled == "n":
            yield replace(listed, lost=0, total=0, planned=1, detail="not enabled")
        else:
            said = "enabled; its state is not told over SNMP" if enabled == "y" else f"says {enabled!r}"
            yield listed.not_read(said)


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


METRICS = (UPTIME, BUSIED_OUT, OCCUPANCY, USED, LIMIT, AGE)
# Rows, pause, time-out (Avaya's advice), tries, interval, most rows. A trunk walk took 78 s on an S8300.
PACING = Pacing(10, timedelta(milliseconds=100), timedelta(seconds=15), 2, timedelta(minutes=1), 30_000)
