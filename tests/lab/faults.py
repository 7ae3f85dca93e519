"""Every fault that the lab can set: its name, what it does in one sentence, what a watcher should then see.

A fault is a pure function from one customer to another; the lab folds the ones that are set, in order, over
the healthy customer. To clear a fault is to leave it out of the fold, so nothing is left behind. Only a fault
that happens and is over (`lasting` False) changes the healthy customer itself. What only one system can
suffer may stand in its own file below `systems/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from tests.lab.model import Alarm, Customer, Gateway, PhoneSystem, Restart, SshTrouble, System, Trouble
from tests.lab.played import Change, Fault
from tests.lab.systems import find_systems

_CM = ("cm1",)
_GATEWAYS = ("gw-east", "gw-west")
_EAST_FIRST = (*_GATEWAYS, *_CM)
_WEST_FIRST = ("gw-west", "gw-east", "cm1")


class UnknownFault(LookupError):
    """No such fault, or it makes no sense for that system. The text is a sentence for the operator."""


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


def _ssh(trouble: SshTrouble) -> Change:
    return lambda customer, system, _at: customer.put(replace(system, ssh_trouble=trouble))


def _unreachable(customer: Customer, system: System, _at: datetime) -> Customer:
    return customer.put(replace(system, reachable=False))


def _network_cut(customer: Customer, _system: System, _at: datetime) -> Customer:
    for system in customer.systems:
        customer = customer.put(replace(system, reachable=False))
    return replace(customer, router=replace(customer.router, reachable=False))


def _group_out(number: int) -> Change:
    def change(customer: Customer, _system: System, _at: datetime) -> Customer:
        groups = tuple(replace(g, out=g.out or g.number == number) for g in customer.cm.trunk_groups)
        return customer.put(replace(customer.cm, trunk_groups=groups))

    return change


def _phones_lost(customer: Customer, system: System, _at: datetime) -> Customer:
    return customer.put(replace(customer.location(system.location), phones_lost=True))


def _cm_down(customer: Customer, _system: System, at: datetime) -> Customer:
    return customer.put(replace(customer.cm, serving=False, since=at))


def _forget_us(customer: Customer, system: System, _at: datetime) -> Customer:
    return customer.put(replace(system, knows_us=False))


def _on_gateway(change: Callable[[Gateway], Gateway]) -> Change:
    def on_gateway(customer: Customer, system: System, at: datetime) -> Customer:
        if not isinstance(system, Gateway):
            raise TypeError(f"{system.name} is no gateway")
        return customer.put(replace(change(system), since=system.since or at))

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


COMMON: dict[str, Fault] = {
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
            _EAST_FIRST,
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
            "Nothing comes through to the gateway; the phone system still has it registered.",
            "loss of sight only: minor",
            _unreachable,
        ),
        Fault(
            "wan-cut",
            _GATEWAYS,
            "The WAN of the gateway's location is cut: neither we nor the phone system reach it any more.",
            "one ticket of the lost location, with its trunks and phones; gw-east: half of the trunks, major",
            _on_gateway(lambda gateway: replace(gateway, reachable=False, reaches_controller=False)),
        ),
        Fault(
            "network-cut",
            _CM,
            "The watcher's own network is gone: nothing answers any more, nor does the router.",
            "one ticket of the agent's own network, and none of any system: minor",
            _network_cut,
        ),
        Fault(
            "cm-unreachable",
            _CM,
            "Nothing comes through to the phone system; the gateways are still registered to it.",
            "loss of sight only: minor",
            _unreachable,
        ),
        Fault(
            "cm-down",
            _CM,
            "The phone system is dead: silent by SNMP and SSH, and the gateways serve on no controller.",
            "complete outage: major",
            _cm_down,
        ),
        Fault(
            "credentials-refused",
            _EAST_FIRST,
            "Over SNMP, the system no longer knows the user (v2c: the community, and then keeps silent).",
            "access refused (v2c: unreachable): minor",
            _forget_us,
        ),
        Fault(
            "slow",
            _WEST_FIRST,
            "Every answer over SNMP comes 1.5 s late, after the client's last try.",
            "unreachable: minor",
            _trouble(Trouble.SLOW),
        ),
        Fault(
            "garbage",
            _WEST_FIRST,
            "Every answer over SNMP is 64 bytes that are no SNMP message.",
            "unreachable or unreadable: minor",
            _trouble(Trouble.GARBAGE),
        ),
        Fault(
            "truncated",
            _WEST_FIRST,
            "Every answer over SNMP is cut off in the middle.",
            "unreachable or unreadable: minor",
            _trouble(Trouble.TRUNCATED),
        ),
        Fault(
            "error-status",
            _WEST_FIRST,
            "Every question over SNMP is answered with genErr.",
            "unreadable: minor; nothing raised or cleared from the answers",
            _trouble(Trouble.ERROR_STATUS),
        ),
        Fault(
            "endless-table",
            _WEST_FIRST,
            "Every SNMP table goes on for ever with ever higher indexes.",
            "unreadable: minor (cm1: only after minutes, since its tables may well be long)",
            _trouble(Trouble.ENDLESS_TABLE),
        ),
        Fault(
            "repeating-table",
            _WEST_FIRST,
            "The next row of every SNMP table is the same row again.",
            "unreadable: minor",
            _trouble(Trouble.REPEATING_TABLE),
        ),
        Fault(
            "silent",
            _WEST_FIRST,
            "The system answers nothing, neither by SNMP nor by SSH.",
            "unreachable: minor",
            _unreachable,
        ),
        Fault(
            "snmp-silent",
            _WEST_FIRST,
            "The system answers nothing by SNMP; its SSH goes on.",
            "one way of access lost: minor",
            _trouble(Trouble.SILENT),
        ),
        Fault(
            "rebooted",
            _WEST_FIRST,
            "The system restarts: sysUpTime begins anew (cm1 also records it), SSH sessions end.",
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
        Fault(
            "ssh-refused",
            _EAST_FIRST,
            "Our SSH password is no longer right: it was changed.",
            "access refused: minor",
            _ssh(SshTrouble.REFUSED),
        ),
        Fault(
            "ssh-locked",
            _EAST_FIRST,
            "Our SSH login is locked: no password is right.",
            "access refused: minor",
            _ssh(SshTrouble.LOCKED),
        ),
        Fault(
            "ssh-key-changed",
            _EAST_FIRST,
            "The system shows another SSH host key than the stored one.",
            "access refused, and nothing asked of it: minor",
            _ssh(SshTrouble.KEY_CHANGED),
        ),
        Fault(
            "ssh-slow",
            _EAST_FIRST,
            "Everything said over SSH after the login comes 3 s late, after the client's limit.",
            "one way of access lost: minor",
            _ssh(SshTrouble.SLOW),
        ),
        Fault(
            "ssh-garbage",
            _EAST_FIRST,
            "Whoever connects by SSH gets 64 bytes that are no SSH.",
            "one way of access lost: minor",
            _ssh(SshTrouble.GARBAGE),
        ),
        Fault(
            "ssh-babble",
            _EAST_FIRST,
            "Every command over SSH is answered, by what is no answer to it.",
            "one way of access unreadable: minor",
            _ssh(SshTrouble.BABBLE),
        ),
        Fault(
            "ssh-silent",
            _EAST_FIRST,
            "SSH connections are taken and then nothing is said; SNMP goes on.",
            "one way of access lost: minor",
            _ssh(SshTrouble.SILENT),
        ),
        Fault(
            "ssh-cut",
            _EAST_FIRST,
            "Every answer over SSH breaks off in the middle, and the connection with it.",
            "one way of access lost: minor; nothing raised or cleared from the halves",
            _ssh(SshTrouble.CUT),
        ),
        Fault(
            "sat-no-port",
            _CM,
            "The phone system has no free SAT port: it says so after the login and hangs up.",
            "one way of access lost: minor",
            _ssh(SshTrouble.NO_PORT),
        ),
        Fault(
            "sat-busy",
            _CM,
            "The SAT answers every command that all its maintenance resources are busy.",
            "one way of access lost: minor",
            _ssh(SshTrouble.BUSY),
        ),
        Fault(
            "cli-busy",
            _GATEWAYS,
            "The gateway's command line answers every command that it is processing another one.",
            "one way of access lost: minor",
            _ssh(SshTrouble.BUSY),
        ),
    )
}
"""What the small customer suffers (`model.BRANCHES`)."""

FAULTS: dict[str, Fault] = COMMON | {
    fault.name: fault for played in find_systems().values() for fault in played.faults
}
