"""What the command line of a G450 or G430 answers, as text: the second face of a gateway.

Where the texts come from:

* Verified, in published samples and working code: the prompt; the form of `show system`, `show faults` (its
  heads, `No controller found`, `No Fault Messages`), `show voip-dsp`, `show mg list_config`, `show temp`.
* Inferred: `Done!` after `show voip-dsp` only; that the two tables of `show temp` belong to every model.
* Synthetic, because nobody has published an answer: the faults other than a lost controller, a failed DSP
  core (`Faulty`), the time of a call controller that is not there, module codes behind a type, addresses,
  vintages, and what is said to an unknown command.

It knows no pager and no prompt's place on a line: `cli_dialogue.py` does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.lab.media_gateway import (
    AMBIENT,
    AMBIENT_LIMITS,
    FIRMWARE,
    HOT,
    MODULE_FIRMWARE,
    MODULE_HARDWARE,
    SERIAL,
    WARM,
    core_use,
)
from tests.lab.model import Customer, Gateway

_SLOTS = 8  # for media modules, v1 to v8; v10 is the main board
_SOCKETS = {"G450": 4, "G430": 2}  # for DSP boards
_CODES = {5: ("E1T1", "MM710"), 4: ("Analog", "MM711"), 3: ("DCP", "MM712")}  # by cmgModuleType
_RULE = "-" * 74


def prompt(gateway: Gateway) -> str:
    """The prompt, with the number that the phone system knows the gateway by."""
    return f"{gateway.model}-{gateway.number:03d}(super)# "


def answer(customer: Customer, gateway: Gateway, command: str, now: datetime) -> tuple[str, ...]:
    """What the gateway answers to a command, line by line."""
    tell = _COMMANDS.get(" ".join(command.split()))
    if tell is None:
        return (f"% Invalid command: {command.strip()}",)
    return tuple(tell(customer, gateway, now))


def _system(customer: Customer, gateway: Gateway, now: datetime) -> list[str]:
    running = now - gateway.started
    minutes, seconds = divmod(running.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    uptime = f"{running.days},{hours:02d}:{minutes:02d}:{seconds:02d}"
    here = now.astimezone(customer.zone)
    clock = f"{here:%H:%M:%S %d %b %Y}".upper() if customer.registered(gateway) else ""
    supplies = sum(part.kind == "power supply" for part in gateway.parts)
    known = [
        ("System Name", gateway.name),
        ("System Location", gateway.location),
        ("System Contact", ""),
        ("Uptime (d,h:m:s)", uptime),
        ("Call Controller Time", clock),
        ("Serial No", SERIAL.format(gateway.number)),
        ("Model", gateway.model),
        ("Chassis HW Vintage", "1"),
        ("Chassis HW Suffix", "A"),
        ("Mainboard HW Vintage", "2"),
        ("Mainboard HW Suffix", "B"),
        ("Mainboard HW CS", "2.0.0"),
        ("Mainboard FW Vintage", FIRMWARE),
        *(
            (name, f"02:00:00:00:{at:02x}:{gateway.host:02x}")
            for at, name in enumerate(
                ("LAN MAC Address", "WAN1 MAC Address", "WAN2 MAC Address", "SERVICES MAC address")
            )
        ),
        ("Memory #1", "512MB"),
        ("Compact Flash Memory", "Not present"),
        *((f"PSU #{n}", "AC 400W" if n <= supplies else "Not present") for n in (1, 2)),
        *(
            (f"Media Socket #{n}", f"{_board(gateway)} VoIP DSP Module" if n == 1 else "Not present")
            for n in range(1, _SOCKETS[gateway.model] + 1)
        ),
        ("FAN Tray", "Present"),
    ]
    return [f"{name:<24}: {value}".rstrip() for name, value in known]


def _faults(customer: Customer, gateway: Gateway, now: datetime) -> list[str]:
    def since(began: datetime | None) -> str:
        return f"{(began or now).astimezone(customer.zone):%m/%d-%H:%M:%S}.00"

    hardware = [f"{part.name} failure" for part in gateway.parts if part.faulty]
    if gateway.hot:
        hardware.append("CPU temperature above warning limit")
    lines = ["CURRENTLY ACTIVE FAULTS", _RULE]
    if hardware:
        lines += ["-- Hardware Faults --", *(f"\t+ {fault}, {since(gateway.since)}" for fault in hardware)]
    if not customer.registered(gateway):
        lost = gateway.since if not gateway.reaches_controller else customer.cm.since
        lines += ["-- MGP Faults --", f"\t+ No controller found, {since(lost)}"]
    return lines if len(lines) > 2 else [*lines, "No Fault Messages"]


def _voip(customer: Customer, gateway: Gateway, _now: datetime) -> list[str]:
    channels = gateway.dsp_cores * gateway.core_channels
    used = [core_use(customer, gateway, core) for core in range(1, gateway.dsp_cores + 1)]
    lines = [
        "DSP #1 PARAMETERS",
        _RULE[:62],
        f"Board type     : {_board(gateway)}",
        "Hw Vintage     : 0 B",
        "Fw Vintage     : 160",
        "",
        "DSP#1 CURRENT STATE",
        _RULE[:62],
        f"In Use         : {sum(used)} of {channels} channels, {30 * sum(used)} of {30 * channels} points "
        f"({100 * sum(used) / channels:.1f}% used)",
        "State          : Idle",  # as the published answer has it, with calls on two of its channels
        "Admin State    : Release",
        "",
        "Core# Channels Admin     State",
        "    In Use   State",
        "----- -------- --------- -------",
    ]
    for core, channel in enumerate(used, start=1):
        state = "Faulty" if core == gateway.faulty_core else "Idle"
        lines.append(f"{core:5d} {channel:2d} of {gateway.core_channels:<2d} {'Release':<9s} {state}")
    absent = (f"DSP #{n} Not Present" for n in range(2, _SOCKETS[gateway.model] + 1))
    return [*lines, "", *absent, "Done!"]


def _modules(_customer: Customer, gateway: Gateway, _now: datetime) -> list[str]:
    by_slot = {module.slot: module for module in gateway.modules}
    lines = [
        "SLOT   TYPE         CODE        SUFFIX  HW VINTAGE  FW VINTAGE",
        "----   --------     ----------  ------  ----------  -----------",
    ]
    for slot in range(1, _SLOTS + 1):
        if (module := by_slot.get(slot)) is None:
            lines.append(f"v{slot:<5d} -- Not Installed --")
        else:
            kind, code = _CODES[module.type]
            lines.append(_slot(slot, kind, code, MODULE_HARDWARE, MODULE_FIRMWARE))
    return [*lines, _slot(10, "Mainboard", gateway.model, "2", f"{FIRMWARE}(A)")]


def _slot(slot: int, kind: str, code: str, hardware: str, firmware: str) -> str:
    return f"v{slot:<5d} {kind:<12s} {code:<11s} {'B':<7s} {hardware:<11s} {firmware}"


def _temperature(_customer: Customer, gateway: Gateway, _now: datetime) -> list[str]:
    return [
        "Ambient",
        "-------",
        f"Temperature : {_degrees(AMBIENT)}",
        f"High Warning: {_degrees(AMBIENT_LIMITS[1])}",
        f"Low Warning : {_degrees(AMBIENT_LIMITS[4])}",
        "",
        "Devices",
        "-------",
        f"CPU     : {_degrees(HOT if gateway.hot else WARM)}",
    ]


def _degrees(celsius: int) -> str:
    return f"{celsius}C ({round(celsius * 9 / 5 + 32)}F)"


def _board(gateway: Gateway) -> str:
    return f"MP{gateway.dsp_cores * gateway.core_channels}"


_COMMANDS: dict[str, Callable[[Customer, Gateway, datetime], list[str]]] = {
    "show system": _system,
    "show faults": _faults,
    "show voip-dsp": _voip,
    "show mg list": _modules,
    "show mg list_config": _modules,
    "show temp": _temperature,
}
