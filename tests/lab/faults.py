"""Every fault that the lab can set: its name, what it does in one sentence, what a watcher should then see.

A fault is a pure function from one customer to another; the lab folds the ones that are set, in order, over
the healthy customer. To clear a fault is to leave it out of the fold, so nothing is left behind. Only a fault
that happens and is over (`lasting` False) changes the healthy customer itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from tests.lab.model import Alarm, Customer, Gateway, PhoneSystem, Restart, System, Trouble

Change = Callable[[Customer, System, datetime], Customer]

_CM = ("cm1",)
_GATEWAYS = ("gw-east", "gw-west")
_ALL = (*_CM, *_GATEWAYS)


class UnknownFault(LookupError):
    """No such fault, or it makes no sense for that system. The text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `systems`: those it may be aimed at, the first one is its default."""

    name: str
    systems: tuple[str, ...]
    does: str
    expect: str
    change: Change
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class SetFault:
    """A fault as it was set: on which system, and when."""

    fault: Fault
    system: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.fault.name} {self.system}"

    def apply(self, customer: Customer) -> Customer:
        """The customer with this fault."""
        return self.fault.change(customer, customer.system(self.system), self.at)


def find(name: str, system: str | None = None) -> tuple[Fault, str]:
    """The fault of that name and the system that it is aimed at. Raises UnknownFault."""
    fault = FAULTS.get(name)
    if fault is None:
        near = get_close_matches(name, FAULTS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else "`trunkwatch lab faults` lists them."
        raise UnknownFault(f"There is no fault {name!r}: {hint}")
    if system is not None and system not in fault.systems:
        fits = ", ".join(fault.systems)
        raise UnknownFault(f"The fault {name} cannot be aimed at {system!r}: it fits {fits}.")
    return fault, system or fault.systems[0]


def _trouble(trouble: Trouble) -> Change:
    return lambda customer, system, _at: customer.put(replace(system, trouble=trouble))


def _group_out(number: int) -> Change:
    def change(customer: Customer, _system: System, _at: datetime) -> Customer:
        groups = tuple(replace(g, out=g.out or g.number == number) for g in customer.cm.trunk_groups)
        return customer.put(replace(customer.cm, trunk_groups=groups))

    return change


def _phones_lost(customer: Customer, system: System, _at: datetime) -> Customer:
    return customer.put(replace(customer.location(system.location), phones_lost=True))


def _cm_down(customer: Customer, _system: System, _at: datetime) -> Customer:
    return customer.put(replace(customer.cm, serving=False))


def _forget_us(customer: Customer, system: System, _at: datetime) -> Customer:
    return customer.put(replace(system, knows_us=False))


def _on_gateway(change: Callable[[Gateway], Gateway]) -> Change:
    def on_gateway(customer: Customer, system: System, _at: datetime) -> Customer:
        if not isinstance(system, Gateway):
            raise TypeError(f"{system.name} is no gateway")
        return customer.put(change(system))

    return on_gateway


def _break_last_supply(gateway: Gateway) -> Gateway:
    supplies = [part for part in gateway.parts if part.kind == "power supply"]
    broken = replace(supplies[-1], faulty=True)
    return replace(gateway, parts=tuple(broken if p.index == broken.index else p for p in gateway.parts))


def _alarm_major(customer: Customer, _system: System, at: datetime) -> Customer:
    alarm = Alarm("01A0300", "UDS1-BD", "", "MAJOR", True, False, at)
    return customer.put(replace(customer.cm, alarms=(*customer.cm.alarms, alarm)))


def _reboot(customer: Customer, system: System, at: datetime) -> Customer:
    rebooted = replace(system, started=at, boots=system.boots + 1)
    if isinstance(rebooted, PhoneSystem):
        rebooted = replace(rebooted, restarts=(*rebooted.restarts, Restart(at, "REBOOT", False)))
    return customer.put(rebooted)


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "trunk-group-out",
            _CM,
            "Trunk group 2 goes out of service.",
            "8 of 46 public trunk members lost: minor",
            _group_out(2),
        ),
        Fault(
            "half-of-trunks-out",
            _CM,
            "Trunk group 1 goes out of service.",
            "23 of 46 public trunk members lost, exactly half: major",
            _group_out(1),
        ),
        Fault(
            "phones-lost",
            ("gw-east", "gw-west", "cm1"),
            "All phones at the system's location lose their registration.",
            "40 (east), 30 (west) or 80 (main) of 150 phones missing",
            _phones_lost,
        ),
        Fault(
            "gateway-unregistered",
            _GATEWAYS,
            "The gateway loses the phone system, with its trunks and phones.",
            "location served by no controller; gw-east: half of the trunks, 40 phones; gw-west: 8, 30",
            _on_gateway(lambda gateway: replace(gateway, reaches_controller=False)),
        ),
        Fault(
            "gateway-unreachable",
            _GATEWAYS,
            "The gateway's agent falls silent; the phone system still has it registered.",
            "loss of sight only: minor",
            _trouble(Trouble.SILENT),
        ),
        Fault(
            "cm-unreachable",
            _CM,
            "The phone system's agent falls silent; the gateways are still registered to it.",
            "loss of sight only: minor",
            _trouble(Trouble.SILENT),
        ),
        Fault(
            "cm-down",
            _CM,
            "The phone system is dead: its agent is silent and the gateways serve on no controller.",
            "complete outage: major",
            _cm_down,
        ),
        Fault(
            "credentials-refused",
            ("gw-east", "gw-west", "cm1"),
            "The system no longer knows the user (a v2c system, the community: it then keeps silent).",
            "access refused (v2c: unreachable): minor",
            _forget_us,
        ),
        Fault(
            "slow",
            ("gw-west", "gw-east", "cm1"),
            "Every answer comes 1.5 s late, after the client's last try.",
            "unreachable: minor",
            _trouble(Trouble.SLOW),
        ),
        Fault(
            "garbage",
            ("gw-west", "gw-east", "cm1"),
            "Every answer is 64 bytes that are no SNMP message.",
            "unreachable or unreadable: minor",
            _trouble(Trouble.GARBAGE),
        ),
        Fault(
            "truncated",
            ("gw-west", "gw-east", "cm1"),
            "Every answer is cut off in the middle.",
            "unreachable or unreadable: minor",
            _trouble(Trouble.TRUNCATED),
        ),
        Fault(
            "error-status",
            ("gw-west", "gw-east", "cm1"),
            "Every question is answered with genErr.",
            "unreadable: minor; nothing raised or cleared from the answers",
            _trouble(Trouble.ERROR_STATUS),
        ),
        Fault(
            "endless-table",
            ("gw-west", "gw-east", "cm1"),
            "Every table goes on for ever with ever higher indexes.",
            "unreadable: minor (cm1: only after minutes, since its tables may well be long)",
            _trouble(Trouble.ENDLESS_TABLE),
        ),
        Fault(
            "repeating-table",
            ("gw-west", "gw-east", "cm1"),
            "The next row of every table is the same row again.",
            "unreadable: minor",
            _trouble(Trouble.REPEATING_TABLE),
        ),
        Fault(
            "silent",
            ("gw-west", "gw-east", "cm1"),
            "The system answers nothing.",
            "unreachable: minor",
            _trouble(Trouble.SILENT),
        ),
        Fault(
            "rebooted",
            ("gw-west", "gw-east", "cm1"),
            "The system restarts: sysUpTime begins anew (cm1 also records it); three times make a pattern.",
            "a restart seen; it is over at once, there is nothing to clear",
            _reboot,
            lasting=False,
        ),
        Fault(
            "dsp-fault",
            _GATEWAYS,
            "The first DSP core of the gateway fails.",
            "one DSP core of 4 (gw-east) or of 1 (gw-west): minor",
            _on_gateway(lambda gateway: replace(gateway, faulty_core=1)),
        ),
        Fault(
            "psu-fault",
            ("gw-east",),
            "The second power supply fails.",
            "redundancy lost: minor",
            _on_gateway(_break_last_supply),
        ),
        Fault(
            "temperature-high",
            _GATEWAYS,
            "The CPU is hotter than its warning limit (83 of 80 degrees Celsius).",
            "environment: minor",
            _on_gateway(lambda gateway: replace(gateway, hot=True)),
        ),
        Fault(
            "alarm-major",
            _CM,
            "The phone system raises a MAJOR alarm on one board.",
            "minor: the vendor's severity is evidence, not the class",
            _alarm_major,
        ),
    )
}
