"""Application Enablement Services over SNMP: its services, its connections to switches, and its host.

The MIB itself is not public: numbers and enumerations are those of centreon-plugins. A server whose agent
shows only its host is read by that, and its services are unread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from collectors.application_enablement.services import (
    LINK,
    OFFLINE,
    ONLINE,
    Links,
    Service,
    dmcc_memory,
    switch_connection,
    whole,
)
from collectors.base import (
    Answers,
    BadAnswer,
    Findings,
    Index,
    Metric,
    Observation,
    Own,
    Role,
    Sample,
    SnmpSession,
)
from collectors.host import snmp as host

AES = "1.3.6.1.4.1.6889.2.27.2.1"
# The branch of a service, and where in it its licence error stands; transport needs no licence.
SERVICES = {"transport": (1, None), "cvlan": (2, 12), "tsapi": (3, 21), "dlg": (4, 10), "dmcc": (5, 20)}
SESSION_STATE = f"{AES}.1.7.1.4"  # by the length and the letters of the switch's name
LINKS = LINK_SWITCH, LINK_STATE = f"{AES}.1.6.1.3", f"{AES}.1.6.1.5"
TSAPI_CLIENTS, DMCC_USED, DMCC_FREE = f"{AES}.3.8.0", f"{AES}.5.6.0", f"{AES}.5.7.0"
_SCALARS = (TSAPI_CLIENTS, DMCC_USED, DMCC_FREE)

CLIENTS = Metric("avaya_tsapi_clients", "Clients that are connected to the TSAPI service.")
DMCC_MEMORY = Metric("avaya_dmcc_memory_used_ratio", "Share of the memory of DMCC that it uses, 0 to 1.")
SESSIONS = Metric("avaya_switch_sessions", "Sessions with phone systems, by state.", ("state",))
METRICS = (*host.METRICS, CLIENTS, DMCC_MEMORY, SESSIONS)
NO_OPTIONS = Own()
PACING = host.PACING


async def ask(session: SnmpSession, own: Own = NO_OPTIONS) -> Answers:
    """The services, then the links, then the host."""
    errors = [f"{AES}.{n}.{place}.0" for n, place in SERVICES.values() if place is not None]
    states = [f"{AES}.{n}.{column}.0" for n, _ in SERVICES.values() for column in (2, 3)]
    answers = await session.get(*states)
    answers |= await session.get(*errors, *_SCALARS)
    answers |= await session.walk(SESSION_STATE)
    answers |= await session.walk(*LINKS)
    return answers | await host.ask(session, names=bool(own.words("processes")))


def read(answers: Answers, at: datetime, own: Own = NO_OPTIONS) -> Findings:
    """What the answers say. Raises BadAnswer if neither the AES MIB nor the host is told."""
    here = any(oid.startswith(f"{AES}.") for oid in answers.values)
    if not here and not host.tells(answers):
        raise BadAnswer("AES MIB", "answers SNMP but not the AES MIB")
    services = list(_services(answers, own))
    parts = [service.part for service in services]
    observations = [whole(parts), *parts]
    observations += [licence for service in services if (licence := service.licence) is not None]
    connections, complete = _connections(answers)
    observations += connections
    used, free = answers.integer(DMCC_USED), answers.integer(DMCC_FREE)
    memory = dmcc_memory(used, free)
    observations += [memory] if memory is not None else []

    clients = answers.integer(TSAPI_CLIENTS)
    samples = list(CLIENTS.told(clients if clients is not None and clients >= 0 else None))
    if memory is not None and not memory.unread and used is not None and free is not None:
        samples += DMCC_MEMORY.told(used, per=used + free)
    samples += _session_samples(answers)
    of_host = host.read(answers, at, own, {})
    # DMCC's memory is capacity as well: where it is not told, the list of all capacity is not whole.
    listed = tuple(role for role in of_host.complete if role != "capacity" or memory is not None)
    return Findings(
        (*observations, *of_host.observations), (*samples, *of_host.samples), (*complete, *listed)
    )


def _services(answers: Answers, own: Own) -> Iterator[Service]:
    unused = own.words("unused")
    for name, (n, place) in SERVICES.items():
        state, status = (answers.integer(f"{AES}.{n}.{column}.0") for column in (2, 3))
        error = None if place is None else answers.integer(f"{AES}.{n}.{place}.0")
        yield Service(name, state, status, error, name not in unused)


def _connections(answers: Answers) -> tuple[list[Observation], tuple[Role, ...]]:
    """The connections to switches; whole where every row tells its switch."""
    sessions: dict[str, int | None] = {}
    stray = lost_name = False
    for index, row in answers.rows(SESSION_STATE):
        name = _name(index)
        if name is None:
            lost_name = True
        else:
            sessions[name] = row.integer(SESSION_STATE)
    links: dict[str, list[int | None]] = {}
    for _, row in answers.rows(*LINKS):
        switch = row.text(LINK_SWITCH)
        if not switch or not _is_name(switch):
            stray = True
        else:
            links.setdefault(switch, []).append(row.integer(LINK_STATE))
    found = [
        switch_connection(name, sessions.get(name), Links(tuple(links.get(name, ()))), stray=stray)
        for name in sorted(sessions.keys() | links.keys())
    ]
    listed = bool(links) and links.keys() == sessions.keys() and not stray and not lost_name
    return found, ("integration",) if listed else ()


def _name(index: Index) -> str | None:
    """The switch that a row's index spells: how many letters, then each by its code; None if it does not."""
    length, *codes = index
    name = "".join(chr(code) for code in codes if 32 < code < 127)
    return name if length == len(codes) == len(name) and _is_name(name) else None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isascii() and text.isprintable() and " " not in text


def _session_samples(answers: Answers) -> list[Sample]:
    states = [row.integer(SESSION_STATE) for _, row in answers.rows(SESSION_STATE)]
    if not states:
        return []
    counts = Counter(LINK[state] if state in (OFFLINE, ONLINE) else "unknown" for state in states)
    return [Sample(SESSIONS, counts[label], (label,)) for label in (LINK[ONLINE], LINK[OFFLINE], "unknown")]
