"""Branch gateways over SNMP.

States what the gateway says of its registration, modules, DSPs, power, fans, temperatures and load. It
judges nothing, and cannot tell the main controller from a survivable one: both are only an address to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
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
    Role,
    Row,
    Sample,
    SnmpSession,
)
from collectors.media_gateway.masks import (
    BUSY_OUT,
    CORE_FAILURE,
    DSP_STATUS,
    ELSEWHERE,
    ENGINE_FAULTS,
    FRU_FAULTS,
    HARDWARE,
    MODULE_FAULTS,
    NO_PRIMARY,
    PROCESSOR,
)
from collectors.media_gateway.parts import (
    CHANNELS,
    FAULTS,
    IN_USE,
    TEMPERATURE,
    UPTIME,
    core,
    engine,
    module,
    registration,
    resource,
    standby_controller,
    started,
)

CMG, AVAYA = "1.3.6.1.4.1.6889.2.9.1", "1.3.6.1.4.1.6889.2.1"
ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"  # seconds since the engine's last boot; does not wrap in a lifetime
GATEWAY_NUMBER = f"{CMG}.2.1.1.0"
REGISTRATION, CONTROLLER, LINK, LINK_ERROR = (f"{CMG}.3.{n}.0" for n in (1, 2, 3, 4))
HARDWARE_MASK, PROCESSOR_MASK = f"{CMG}.1.10.12.0", f"{CMG}.2.1.15.0"
SLS_ADMIN, SLS_STATUS = (f"1.3.6.1.4.1.6889.2.6.4.1.{n}.0" for n in (1, 2))
# In degrees Celsius: reading, warning threshold and bit of the hardware mask.
CPU_HEAT, DSP_HEAT = [(f"{CMG}.1.10.{n}.0", f"{CMG}.1.10.{n + 1}.0", bit) for n, bit in ((1, 4), (4, 5))]
TEMPERATURES = {"cpu": CPU_HEAT, "dsp": DSP_HEAT}
MODULES = MODULE_TEXT, MODULE_NAME, MODULE_MASK = [f"{CMG}.1.11.1.1.{n}" for n in (3, 4, 10)]
ENGINES = ENGINE_TOTAL, ENGINE_USED, ENGINE_ADMIN, ENGINE_STATUS, ENGINE_MASK = [
    f"{CMG}.4.5.1.{n}" for n in (6, 7, 10, 12, 14)
]
CORES = CORE_ADMIN, CORE_STATUS = [f"{CMG}.4.6.1.{n}" for n in (4, 5)]
CPUS = CPU_ENABLED, CPU_THRESHOLD, CPU_AVERAGE = [f"{AVAYA}.11.1.1.1.1.{n}" for n in (2, 4, 5)]
MEMORY = f"{AVAYA}.11.1.2.6.1.3"
NAMES = ENTITY_TEXT, ENTITY_NAME = [f"1.3.6.1.2.1.47.1.1.1.1.{n}" for n in (2, 7)]
SENSORS = SENSOR_TYPE, SENSOR_SCALE, SENSOR_PRECISION, SENSOR_VALUE, SENSOR_STATUS = [
    f"1.3.6.1.2.1.99.1.1.1.{n}" for n in (1, 2, 3, 4, 5)
]
LIMITS = HIGH_SHUTDOWN, HIGH_WARNING = [f"{AVAYA}.99.1.1.{n}" for n in (1, 2)]
FRUS = FRU_STATUS, FRU_FAULT = [f"{AVAYA}.99.5.1.1.{n}" for n in (1, 2)]

_SOURCES: dict[Role, tuple[list[list[str]], list[str]]] = {  # tables and scalars that tell a role
    "equipment": ([MODULES, ENGINES, CORES, NAMES, FRUS], [HARDWARE_MASK, PROCESSOR_MASK]),
    "environment": ([NAMES, SENSORS, LIMITS], [HARDWARE_MASK]),
    "capacity": ([ENGINES, CPUS], []),
    "location": ([], [REGISTRATION, LINK]),
    "redundancy": ([], [SLS_STATUS, PROCESSOR_MASK]),
}
CELSIUS, SENSOR_OK, DISABLED, ENABLED, FAULT = 8, 1, 1, 2, 3
TAKEN_OUT = (1, 3)  # admin states of engines and cores, busy-out and camp-on: no new calls, on purpose
WRAP = 2**32 / 100  # seconds after which sysUpTime begins again

REGISTERED = Metric("avaya_gateway_registered", "1 while the gateway is registered with a controller.")
LINK_UP = Metric("avaya_gateway_h248_link_up", "1 while the H.248 link to the controller is up.")
CPU_USED = Metric("avaya_cpu_used_ratio", "Share of a processor's time in use, 0 to 1.", ("cpu",))
MEMORY_USED = Metric("avaya_memory_used_ratio", "Share of the memory in use, 0 to 1.", ("module",))
METRICS = (REGISTERED, LINK_UP, CPU_USED, MEMORY_USED)


async def ask(session: SnmpSession) -> Answers:
    """The scalars in two questions, then the tables, one at a time."""
    registration = (GATEWAY_NUMBER, REGISTRATION, CONTROLLER, LINK, LINK_ERROR)
    temperatures = [oid for told in TEMPERATURES.values() for oid in told[:2]]
    answers = await session.get(SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, ENGINE_TIME, *registration)
    answers |= await session.get(HARDWARE_MASK, PROCESSOR_MASK, *temperatures, SLS_ADMIN, SLS_STATUS)
    if _speaks(answers):
        for columns in (MODULES, ENGINES, CORES, CPUS, [MEMORY], NAMES, SENSORS, LIMITS, FRUS):
            answers |= await session.walk(*columns)
        # Again at the end: a restart is counted back from there, and a slow poll must not move it.
        answers |= await session.get(SYS_UPTIME, ENGINE_TIME)
    return answers


def read(answers: Answers, at: datetime) -> Findings:
    """What the answers say. Raises BadAnswer if it is no gateway or an answer is of the wrong kind."""
    if not _speaks(answers):
        raise BadAnswer("G700-MG-MIB", "answers SNMP but not the gateway's MIB")
    hardware, processor = answers.octets(HARDWARE_MASK), answers.octets(PROCESSOR_MASK)
    observations = [*_registration(answers), *_standing(answers, processor), *_restart(answers, at)]
    observations += _masked(hardware, HARDWARE, ELSEWHERE[0], "hardware")
    observations += _masked(processor, PROCESSOR, ELSEWHERE[1], "processor")
    observations += [*_modules(answers), *_dsps(answers), *_frus(answers)]
    observations += [*_heat(answers, hardware), *_capacity(answers)]
    return Findings(tuple(observations), tuple(_samples(answers)), tuple(_complete(answers)))


def _speaks(answers: Answers) -> bool:
    return any(answers.value(oid) is not None for oid in (REGISTRATION, LINK, HARDWARE_MASK, PROCESSOR_MASK))


def _complete(answers: Answers) -> Iterator[Role]:
    """Roles listed whole. No table of the gateway says how long it is, so an empty one proves nothing."""
    for role, (tables, scalars) in _SOURCES.items():
        filled = all(any(True for _ in answers.rows(*columns)) for columns in tables)
        if filled and all(answers.value(oid) not in (None, b"") for oid in scalars):
            yield role


def _flag(answers: Answers, oid: str) -> bool | None:
    """1 yes, 2 no, None not told. Raises BadAnswer for anything else."""
    value = answers.integer(oid)
    if value not in (None, 1, 2):
        raise BadAnswer(oid, f"expected 1 or 2, got {value}")
    return None if value is None else value == 1


def _sls(answers: Answers) -> bool | None:
    """Whether the gateway's own call engine serves; None where there is none that could."""
    return None if _flag(answers, SLS_ADMIN) is False else _flag(answers, SLS_STATUS)


def _registration(answers: Answers) -> Iterator[Observation]:
    registered, link, sls = _flag(answers, REGISTRATION), _flag(answers, LINK), _sls(answers)
    number = answers.text(GATEWAY_NUMBER) or ""
    numbered = int(number) if re.fullmatch("[0-9]{1,3}", number) else None
    part = registration(numbered)
    error, address = answers.integer(LINK_ERROR), answers.value(CONTROLLER)
    if sls and not (registered and link):
        # Served by its own survivable engine: not lost, whatever the link to the controllers says (I11).
        yield replace(part, lost=0, total=1, controller="survivable", detail="local survivability serves")
    elif registered is False or link is False:
        what = "not registered" if registered is False else "H.248 link down"
        detail = f"{what}, H.248 error {error}" if error else what
        yield replace(part, lost=1, total=1, controller="none", detail=detail)
    elif registered is None or link is None:
        yield part.not_read("registration or link not told")
    else:
        served = f"controller {address}" if isinstance(address, str) else ""
        yield replace(part, lost=0, total=1, detail=served)


def _standing(answers: Answers, processor: bytes | None) -> Iterator[Observation]:
    sls, bits = _sls(answers), _bits(processor)
    if sls is not None:
        yield Observation(role="redundancy", component="local survivability", lost=0, total=1, in_use=sls)
    if processor is not None:
        away = NO_PRIMARY in bits and bool(_flag(answers, REGISTRATION))
        part = replace(standby_controller(), in_use=away)
        yield part if len(processor) > NO_PRIMARY // 8 else part.not_read("mask too short")
        out = int(BUSY_OUT in bits)
        part = Observation(role="equipment", component="gateway", lost=0, total=1 - out, planned=out)
        yield part if processor else part.not_read("mask too short")


def _restart(answers: Answers, at: datetime) -> Iterator[Observation]:
    uptime, snmp_engine = answers.uptime(), answers.count(ENGINE_TIME)
    if uptime is None:
        return
    # sysUpTime wraps after 497 days: whole wraps by which the engine's own clock is ahead are no restart.
    wraps = 0 if snmp_engine is None else round((snmp_engine - uptime) / WRAP)
    if snmp_engine is not None and 0 < wraps < 100 and abs(snmp_engine - uptime - wraps * WRAP) < 3600:
        uptime += wraps * WRAP
    yield started(at, uptime)


def _bits(mask: bytes | None) -> set[int]:
    return {8 * n + bit for n, octet in enumerate(mask or b"") for bit in range(8) if octet & (0x80 >> bit)}


def _masked(
    mask: bytes | None, faults: Mapping[int, tuple[str, str]], elsewhere: set[int], name: str
) -> Iterator[Observation]:
    if mask is None:
        return
    bits = _bits(mask)
    strange = {bit: (f"{name} fault bit {bit}", "unknown fault") for bit in bits - faults.keys() - elsewhere}
    parts: dict[str, dict[int, str]] = {}
    for bit, (component, fault) in {**faults, **strange}.items():
        parts.setdefault(component, {})[bit] = fault
    for component, words in parts.items():
        kind = "sync" if component == "clock" else None
        shown = [fault for bit, fault in words.items() if bit in bits]
        part = Observation(role="equipment", component=component, lost=int(bool(shown)), total=1, kind=kind)
        part = replace(part, side="near" if shown and not kind else "unknown", detail=", ".join(shown))
        # A mask may be shorter than the MIB's: what it does not reach was not told, which is not well.
        yield part if shown or max(words) < 8 * len(mask) else part.not_read("mask too short")


def _modules(answers: Answers) -> Iterator[Observation]:
    for (slot,), row in answers.rows(*MODULES, parts=1):
        mask, name = row.octets(MODULE_MASK), row.text(MODULE_NAME) or row.text(MODULE_TEXT) or ""
        bits = _bits(mask)  # 0: the module is busied out; 1: some of its ports are, which is no fault of it
        text = ", ".join(filter(None, (name, "ports busied out" if 1 in bits else "")))
        yield _unit(module(slot, text), 0 in bits, bits - {0, 1}, MODULE_FAULTS, told=bool(mask))


def _dsps(answers: Answers) -> Iterator[Observation]:
    cores = list(answers.rows(*CORES, parts=2))
    told_by_cores = {index[0] for index, row in cores if row.integer(CORE_STATUS) == FAULT}
    for (slot,), row in answers.rows(*ENGINES, parts=1):
        status, mask = row.integer(ENGINE_STATUS), row.octets(ENGINE_MASK)
        faults = _bits(mask) - {0, 1} | ({DSP_STATUS} if status == FAULT else set())
        if slot in told_by_cores:  # the core is the part that failed; its engine only repeats it
            faults -= {CORE_FAILURE, DSP_STATUS}
            status = status if status != FAULT else 2
        told = status in (1, 2) and bool(mask)
        yield _unit(engine(slot), row.integer(ENGINE_ADMIN) in TAKEN_OUT, faults, ENGINE_FAULTS, told=told)
    for (slot, number), row in cores:
        part, status = core(slot, number), row.integer(CORE_STATUS)
        faults = {DSP_STATUS} if status == FAULT else set()
        yield _unit(part, row.integer(CORE_ADMIN) in TAKEN_OUT, faults, ENGINE_FAULTS, told=status in (1, 2))


def _unit(
    part: Observation, out: bool, faults: set[int], words: Mapping[int, str], *, told: bool
) -> Observation:
    """One unit of equipment: taken out on purpose, faulty, well, or (not told) unread; in this order."""
    shown = [words.get(bit, f"unknown fault bit {bit}") for bit in sorted(faults)]
    detail = ", ".join(filter(None, (part.detail, "busied out" if out else "", *shown)))[:120]
    if out:
        return replace(part, lost=0, total=0, planned=1, detail=detail)
    if not faults and not told:
        return part.not_read("state not told")
    return replace(part, lost=int(bool(faults)), total=1, side="near" if faults else "unknown", detail=detail)


def _entities(answers: Answers) -> dict[int, str]:
    """A name for each physical entity; two of one name are told apart by their index."""
    names = {i: row.text(ENTITY_NAME) or row.text(ENTITY_TEXT) for (i,), row in answers.rows(*NAMES, parts=1)}
    count = Counter(names.values())
    return {i: name if count[name] == 1 else f"{name} {i}" for i, name in names.items() if name}


def _frus(answers: Answers) -> Iterator[Observation]:
    names = _entities(answers)
    for (index,), row in answers.rows(*FRUS, parts=1):
        status, fault = row.integer(FRU_STATUS), row.integer(FRU_FAULT) or 0
        part = Observation(role="equipment", component=names.get(index, f"fru {index}"), lost=0, total=1)
        if status == 2:
            part = replace(part, lost=1, side="power" if fault == 3 else "near")
            yield replace(part, detail=FRU_FAULTS.get(fault, "fault"))
        elif status == 3:  # not present: a slot for a second supply is empty on most gateways
            yield replace(part, total=0, detail="not present")
        else:
            yield part if status == 1 else part.not_read("state not told")


def _heat(answers: Answers, hardware: bytes | None) -> list[Observation]:
    sensors = list(_sensors(answers))
    listed = {word for sensor in sensors if not sensor.unread for word in sensor.component.lower().split()}
    # The processor's own reading is left out where the table of sensors lists it too: one heat, one part.
    own = [part for part in _temperatures(answers, hardware) if part.component.split()[0] not in listed]
    return [*own, *sensors]


def _temperatures(answers: Answers, hardware: bytes | None) -> Iterator[Observation]:
    for name, (reading, threshold, bit) in TEMPERATURES.items():
        value, limit = answers.integer(reading), answers.integer(threshold) or 0
        part = Observation(role="environment", component=f"{name} sensor", room=False)
        hot = bit in _bits(hardware) or (value is not None and value > limit > 0)
        if hot or (value is not None and limit > 0):
            yield replace(part, lost=int(hot), total=1)
        elif hardware:
            yield part.not_read("temperature or threshold not told")


def _sensors(answers: Answers) -> Iterator[Observation]:
    names, limits = _entities(answers), dict(answers.rows(*LIMITS, parts=1))
    for index, row in answers.rows(*SENSORS, parts=1):
        if row.integer(SENSOR_TYPE) not in (CELSIUS, None) or index not in limits:
            continue  # the MIB: no row of limits means that none are defined for this sensor
        component = names.get(index[0], f"sensor {index[0]}")
        part = Observation(role="environment", component=component, room=False)
        marks, value = [limits[index].integer(column) for column in LIMITS], row.integer(SENSOR_VALUE)
        known = [mark for mark in marks if mark is not None]
        if row.integer(SENSOR_STATUS) != SENSOR_OK or value is None or len(known) < len(LIMITS):
            yield part.not_read("reading or limit not told")
        else:  # limits have the sensor's own scale and precision
            yield replace(part, lost=int(value >= min(known)), total=1)


def _capacity(answers: Answers) -> Iterator[Observation]:
    for (slot,), row in answers.rows(*ENGINES, parts=1):
        mask = row.octets(ENGINE_MASK)
        full = bool(_bits(mask) & {0, 1}) if mask else None
        yield resource(f"dsp channels {slot}", full, row.integer(ENGINE_USED), row.integer(ENGINE_TOTAL))
    for (cpu,), row in answers.rows(*CPUS, parts=1):
        load, threshold, enabled = (row.integer(c) for c in (CPU_AVERAGE, CPU_THRESHOLD, CPU_ENABLED))
        if enabled != DISABLED:
            told = enabled == ENABLED and load is not None and threshold is not None
            yield resource(f"cpu {cpu}", (load or 0) > (threshold or 0) if told else None, load, threshold)


def _samples(answers: Answers) -> Iterator[Sample]:
    yield from UPTIME.told(answers.uptime())
    yield from REGISTERED.told(_flag(answers, REGISTRATION))
    yield from LINK_UP.told(_flag(answers, LINK))
    for (slot,), row in answers.rows(*MODULES, parts=1):
        mask = row.octets(MODULE_MASK)
        yield from FAULTS.told(len(_bits(mask) - {0, 1}) if mask else None, str(slot))
    for (slot,), row in answers.rows(*ENGINES, parts=1):
        yield from CHANNELS.told(row.integer(ENGINE_TOTAL), str(slot))
        yield from IN_USE.told(row.integer(ENGINE_USED), str(slot))
    for name, (reading, _, _) in TEMPERATURES.items():
        yield from TEMPERATURE.told(answers.integer(reading), name)
    for (index,), row in answers.rows(*SENSORS, parts=1):
        if row.integer(SENSOR_TYPE) == CELSIUS and row.integer(SENSOR_STATUS) == SENSOR_OK:
            yield from TEMPERATURE.told(_degrees(row), str(index))
    for (cpu,), row in answers.rows(*CPUS, parts=1):
        # The gateway reads 0 % while its monitoring is off, which is how it is shipped.
        load = row.integer(CPU_AVERAGE) if row.integer(CPU_ENABLED) == ENABLED else None
        yield from CPU_USED.told(load, str(cpu), per=100)
    for (slot,), row in answers.rows(MEMORY, parts=1):
        yield from MEMORY_USED.told(row.integer(MEMORY), str(slot), per=100)


def _degrees(row: Row) -> float | None:
    value, scale, precision = (row.integer(c) for c in (SENSOR_VALUE, SENSOR_SCALE, SENSOR_PRECISION))
    if value is None or scale is None or precision is None:
        return None
    if not (1 <= scale <= 17 and -8 <= precision <= 9):
        raise BadAnswer(SENSOR_SCALE, f"expected a scale and precision, got {scale} and {precision}")
    return float(value * 10.0 ** (3 * (scale - 9) - precision))  # units(9) is 10^0, each step 10^3 (RFC 3433)


# Rows, pause, time-out, tries, interval, most rows (the longest table lists the parts of one chassis).
PACING = Pacing(20, timedelta(milliseconds=20), timedelta(seconds=3), 2, timedelta(seconds=60), 500)
