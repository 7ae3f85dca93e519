"""Branch gateways over the command line of their SSH port: five `show` commands.

States restarts, faults, modules, DSPs and the temperature. It judges nothing, sends `show` only, and tells no
state of a supply or a fan tray but by its faults: that one is there does not say that it works.

Lenient in layout, strict in meaning. A list of faults in which a line is not understood says of no part that
it is well, and neither does a section of it that holds a fault of unknown words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from collectors.base import (
    BadAnswer,
    CliAnswer,
    CliSession,
    Findings,
    Observation,
    Pacing,
    Role,
    Sample,
    Told,
)
from collectors.media_gateway.parts import (
    CHANNELS,
    FANS,
    FAULTS,
    IN_USE,
    PSU_FAN,
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

SYSTEM, FAULT_LIST, DSPS = "show system", "show faults", "show voip-dsp"
MODULES, HEAT = "show mg list_config", "show temp"

_FIELD = re.compile(r"\s*((?:\([^)]*\)|[^:(])+?)\s*:(.*)")  # the name of the uptime has colons in brackets
_UPTIME = re.compile(r"(\d{1,5}),(\d{1,2}):(\d\d):(\d\d)")
_NUMBER = re.compile(r"-(\d{1,3})\(")  # in the prompt; a gateway that never registered shows no number
_DEGREES = re.compile(r"(-?\d{1,3}) ?C\b")
_SLOT = re.compile(r"[vV](\d{1,2})\s+(\S.*)")
_DSP = re.compile(r"DSP ?# ?(\d)\s+(.+)")
_CORE = re.compile(r"(\d)\s+\d+ of \d+\s+(\S+)\s+(\S+)(?:\s.*)?")
_IN_USE = re.compile(r"(\d{1,4}) of (\d{1,4}) channels.*")
_FAULT = re.compile(r"\+\s*(.*?)(?:,\s*mmid\s*=\s*[vV](\d{1,2}))?(?:,\s*(\d\d/\d\d-\d\d:\d\d:\d\d\S*))?")
_SECTION = re.compile(r"--\s*(\S.*?)\s+faults\s*--", re.IGNORECASE)
_RULE = re.compile(r"[-=]+(?:\s+[-=]+)*")
_HEADS = ("currently active faults", "no fault messages", "current alarm indications", "note that field")

HARDWARE, PROCESSOR, MODULE = "hardware", "mgp", "media module"
# What a fault is called, and its part; the words of the fault masks where nobody saw the command line's own.
_EQUIPMENT = {
    "multiple fans outage": FANS,
    "psu fan brief outage": PSU_FAN,
    "psu fan prolonged outage": PSU_FAN,
}
_UNSERVED = ("no controller found", "registration failure", "h.248 control link down")
_NO_PRIMARY = "primary controller not found"
_WELL, _TAKEN_OUT = ("idle", "inuse"), ("busyout", "camp-on")


@dataclass(frozen=True, slots=True)
class Fault:
    """One active fault. `slot`: the module that has it. `date`: month/day-time, as the gateway writes it."""

    section: str
    words: str
    slot: int | None
    date: str

    @property
    def known(self) -> bool:
        """Whether its part is known."""
        told = self.words.lower()
        return self.slot is not None or told in _EQUIPMENT or told in (*_UNSERVED, _NO_PRIMARY)

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.words, self.date)))


@dataclass(frozen=True, slots=True)
class FaultList:
    """The active faults. `whole`: the answer is a list of faults, and every line of it was understood."""

    faults: tuple[Fault, ...]
    whole: bool

    def of(self, *words: str) -> list[Fault]:
        """Those with these words."""
        return [fault for fault in self.faults if fault.words.lower() in words]

    def doubt(self, section: str) -> str:
        """Why a part of that section may have a fault although none is listed; empty if it has none."""
        if not self.whole:
            return "the list of faults was not understood"
        strange = next((f for f in self.faults if not f.known and f.section in (section, "")), None)
        return f"an unknown fault stands: {strange.words}" if strange else ""


@dataclass(slots=True)
class Unit:
    """One DSP as `show voip-dsp` prints it: its fields (a repeated one is unknown), and its cores."""

    fields: dict[str, str] = field(default_factory=dict)
    cores: dict[int, tuple[str, str]] = field(default_factory=dict)
    present: bool = True


async def ask(session: CliSession) -> Told[CliAnswer]:
    """What it is, then, if it is a gateway, the rest."""
    told = Told({SYSTEM: await session.show(SYSTEM)})
    if "model" in _fields(told[SYSTEM].text.splitlines()):
        for command in (FAULT_LIST, DSPS, MODULES, HEAT):
            told |= await session.show(command)
    return told


def read(answers: Told[CliAnswer], at: datetime) -> Findings:
    """What the answers say. Raises BadAnswer if it is no gateway."""
    system = _fields(answers[SYSTEM].text.splitlines())
    if "model" not in system:
        raise BadAnswer(SYSTEM, "answers a command line, but not as a branch gateway")
    faults = _faults(answers[FAULT_LIST].text)
    uptime = _uptime(system)
    observations = [_registration(answers[SYSTEM].prompt, faults), *_standby(faults)]
    observations.append(
        Observation(role="restart", component="restarts", unread=True)
        if uptime is None
        else started(at, uptime)
    )
    modules = list(_modules(answers[MODULES].text, faults))
    observations += [*_equipment(faults), *modules]
    engines = _engines(answers[DSPS].text, system)
    for slot, unit in engines.items():
        observations += _engine(slot, unit)
    ambient, degrees = _heat(answers[HEAT].text)
    observations += [ambient, *(_channels(slot, unit) for slot, unit in engines.items() if unit.present)]
    observations += _alarms(faults)
    samples = [*UPTIME.told(uptime), *_module_faults(faults, modules), *_usages(engines)]
    for sensor, value in degrees.items():
        samples += TEMPERATURE.told(value, sensor)
    complete: tuple[Role, ...] = ("alarm",) if faults.whole else ()
    return Findings(tuple(observations), tuple(samples), complete)


def _fields(lines: Iterable[str]) -> dict[str, str]:
    """`key : value` lines, with any blanks, keys in small letters; what is told twice is known of neither."""
    found: dict[str, str] = {}
    for match in filter(None, map(_FIELD.fullmatch, lines)):
        name, value = (" ".join(part.split()) for part in match.groups())
        found[name.lower()] = "?" if name.lower() in found else value
    return found


def _uptime(system: dict[str, str]) -> float | None:
    match = _UPTIME.fullmatch(system.get("uptime (d,h:m:s)", ""))
    if match is None:
        return None
    days, hours, minutes, seconds = map(int, match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _faults(text: str) -> FaultList:
    section, faults, strange, told_none = "", list[Fault](), False, False
    for line in filter(None, map(str.strip, text.splitlines())):
        low = " ".join(line.lower().split())
        head, fault = _SECTION.fullmatch(line), _FAULT.fullmatch(line)
        if head is not None:
            section = " ".join(head[1].lower().split())
        elif fault is not None and fault[1]:
            slot = int(fault[2]) if fault[2] else None
            faults.append(Fault(section, " ".join(fault[1].split()), slot, fault[3] or ""))
        elif low.startswith(_HEADS):
            told_none = told_none or low.startswith("no fault messages")
            section = ""
        elif low != "none" and _RULE.fullmatch(line) is None:
            strange = True
    # A list with neither a fault nor the words that there is none is no list.
    return FaultList(tuple(faults), not strange and bool(faults) != told_none)


def _registration(prompt: str, faults: FaultList) -> Observation:
    number = _NUMBER.search(prompt)
    part = registration(int(number[1]) if number else None)
    if unserved := faults.of(*_UNSERVED):
        return replace(part, lost=1, total=1, controller="none", detail=_listed(unserved))
    if why := faults.doubt(PROCESSOR):
        return part.not_read(why)
    return replace(part, lost=0, total=1)


def _standby(faults: FaultList) -> Iterator[Observation]:
    part = standby_controller()
    if away := faults.of(_NO_PRIMARY):
        yield replace(part, in_use=not faults.of(*_UNSERVED), detail=_listed(away))
    elif why := faults.doubt(PROCESSOR):
        yield part.not_read(why)
    else:
        yield replace(part, in_use=False)


def _equipment(faults: FaultList) -> Iterator[Observation]:
    for component in dict.fromkeys(_EQUIPMENT.values()):
        shown = faults.of(*(words for words, part in _EQUIPMENT.items() if part == component))
        yield _part(Observation(role="equipment", component=component), shown, faults.doubt(HARDWARE))


def _part(part: Observation, shown: list[Fault], doubt: str) -> Observation:
    """A part with the faults that are listed of it; without one it is well, unless there is a doubt."""
    detail = ", ".join(filter(None, (part.detail, _listed(shown))))[:120]
    if shown:
        return replace(part, lost=1, total=1, side="near", detail=detail)
    return part.not_read(doubt) if doubt else replace(part, lost=0, total=1)


def _listed(faults: list[Fault]) -> str:
    return "; ".join(map(str, faults))[:120]


def _slots(text: str) -> dict[int, str]:
    """What the list of modules says of each slot; what is told twice is known of neither."""
    rows: dict[int, str] = {}
    for match in filter(None, (_SLOT.fullmatch(line.strip()) for line in text.splitlines())):
        rows[int(match[1])] = "?" if int(match[1]) in rows else match[2]
    return rows


def _modules(text: str, faults: FaultList) -> Iterator[Observation]:
    ill: dict[int, list[Fault]] = {}
    for fault in faults.faults:
        if fault.slot is not None:
            ill.setdefault(fault.slot, []).append(fault)
    for slot, row in sorted({**dict.fromkeys(ill, ""), **_slots(text)}.items()):
        state = re.fullmatch(r"--\s*(\S.*?)\s*--", row)
        words = row.split() if state is None else [state[1].lower()]
        if words[:1] == ["Mainboard"] and slot not in ill:  # the gateway itself
            continue
        part, shown = module(slot, " ".join(words[:2])), ill.get(slot, [])
        if words == ["not installed"] and not shown and not faults.doubt(MODULE):
            yield replace(part, lost=0, total=0)  # an empty slot, as long as no fault says otherwise
        elif words == ["initializing"]:
            yield replace(_part(part, shown, ""), lost=1)
        elif words != ["not installed"] and (state is not None or len(words) < 4):  # type, code, …, vintages
            yield _part(part, shown, "its state is not known")
        else:
            yield _part(part, shown, faults.doubt(MODULE))


def _engines(text: str, system: dict[str, str]) -> dict[int, Unit]:
    """The DSPs by the number that SNMP gives them (cmgVoipSlot); none of a model whose rule is not known."""
    model = re.match("G4[35]0", system["model"])
    if model is None:
        return {}
    units: dict[int, Unit] = {}
    unit: Unit | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        head, row = _DSP.fullmatch(line), _CORE.fullmatch(line)
        key, colon, value = (" ".join(part.lower().split()) for part in line.partition(":"))
        if head is not None:
            unit = units.setdefault(100 + int(head[1]), Unit())
            unit.present = unit.present and head[2].lower() != "not present"
        elif unit is None:
            continue
        elif row is not None:
            unit.cores[int(row[1])] = ("?", "?") if int(row[1]) in unit.cores else (row[2], row[3])
        elif colon:
            unit.fields[key] = "?" if key in unit.fields else value
    for socket in range(1, 5) if model[0] == "G450" else ():
        if system.get(f"media socket #{socket}", "not present").lower() not in ("not present", "?"):
            units.setdefault(100 + socket, Unit()).present = True  # a socket that is filled has its DSP
    return dict(sorted(units.items()))


def _engine(slot: int, unit: Unit) -> Iterator[Observation]:
    state, admin = unit.fields.get("state", ""), unit.fields.get("admin state", "")
    if not unit.present:
        yield replace(engine(slot), lost=0, total=0, detail="not present")
        return
    cores = sorted(unit.cores.items())
    if state.startswith("fault") and any(told.lower().startswith("fault") for _, (_, told) in cores):
        state = "inuse"  # the core is the part that failed; its engine only repeats it
    yield _dsp(engine(slot), admin, state)
    for number, words in cores:
        yield _dsp(core(slot, number), *words)


def _dsp(part: Observation, admin: str, state: str) -> Observation:
    """A DSP or core: taken out on purpose, faulty, well, or unread; in this order."""
    if admin.lower() in _TAKEN_OUT:
        return replace(part, lost=0, total=0, planned=1, detail="busied out")
    if state.lower().startswith("fault"):
        return replace(part, lost=1, total=1, side="near", detail="DSP status fault")
    if not state and not admin:
        return part.not_read("state not told")
    if admin.lower() != "release" or state.lower() not in _WELL:
        return part.not_read(f"state {state!r}, admin state {admin!r}")
    return replace(part, lost=0, total=1)


def _usage(unit: Unit) -> tuple[int, int] | None:
    match = _IN_USE.fullmatch(unit.fields.get("in use", ""))
    return None if match is None else (int(match[1]), int(match[2]))


def _channels(slot: int, unit: Unit) -> Observation:
    used, limit = _usage(unit) or (None, None)
    full = used >= limit if used is not None and limit else None
    return resource(f"dsp channels {slot}", full, used, limit)


def _heat(text: str) -> tuple[Observation, dict[str, int]]:
    """The ambient temperature within its warnings, and the degrees Celsius at each sensor."""
    blocks: dict[str, list[str]] = {"": []}
    block = blocks[""]
    for line in filter(None, map(str.strip, text.splitlines())):
        if ":" not in line and _RULE.fullmatch(line) is None:
            block = blocks.setdefault(line.lower(), [])
        block.append(line)
    marks = {name: _degrees(value) for name, value in _fields(blocks.get("ambient", ())).items()}
    devices = {name: _degrees(value) for name, value in _fields(blocks.get("devices", ())).items()}
    value, high, low = (marks.get(name) for name in ("temperature", "high warning", "low warning"))
    sensors = {"ambient": value, "cpu": devices.get("cpu"), "fpga": devices.get("fpga")}
    part = Observation(role="environment", component="Ambient", room=False)
    if value is None or high is None or low is None or low >= high:
        part = part.not_read("temperature or warnings not told")
    else:
        part = replace(part, lost=int(value >= high or value <= low), total=1)
    return part, {name: told for name, told in sensors.items() if told is not None}


def _degrees(text: str) -> int | None:
    match = _DEGREES.match(text)
    return None if match is None else int(match[1])


def _alarms(faults: FaultList) -> Iterator[Observation]:
    unknown: dict[str, list[Fault]] = {}
    for fault in faults.faults:
        if not fault.known:  # figures may change while the fault stands
            name = " ".join(re.sub(r"\S*\d\S*", " ", fault.words).split()) or "fault without words"
            unknown.setdefault(name, []).append(fault)
    for component, told in unknown.items():
        part = Observation(role="alarm", component=component, lost=1, total=1, kind="failure")
        yield replace(part, detail=_listed(told))


def _module_faults(faults: FaultList, modules: list[Observation]) -> Iterator[Sample]:
    counts = Counter(f"V{fault.slot}" for fault in faults.faults)
    for slot in (part.component.rpartition(" ")[2] for part in modules if part.total):
        if counts[slot] or not faults.doubt(MODULE):
            yield from FAULTS.told(counts[slot], slot[1:])


def _usages(engines: dict[int, Unit]) -> Iterator[Sample]:
    for slot, unit in engines.items():
        used, limit = _usage(unit) or (None, None)
        yield from CHANNELS.told(limit, str(slot))
        yield from IN_USE.told(used, str(slot))


# Rows do not apply. A working monitor asks every 20 s and waits 10 to 20 s for an answer.
PACING = Pacing(1, timedelta(milliseconds=100), timedelta(seconds=20), 2, timedelta(seconds=60))
