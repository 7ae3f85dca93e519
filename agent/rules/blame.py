"""Whose fault a failure is, and what that means for the customer: responsibility and its note. Pure.

How bad it is, is not asked here (M5): severity is by effect. A rule that knows whose fault its failure is
says so; for every other one it is told from what was seen of the parts, from what else is down, and from what
stands on the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.failures import Key, Responsibility
from agent.site import Function, Site, System
from collectors.base import Observation

_NOTES: dict[Responsibility, str] = {
    "vendor": "covered",
    "carrier": "not covered: the customer calls the service provider first; "
    "help is billed if the fault proves to be theirs",
    "customer_network": "not covered: the customer's own network",
    "customer_environment": "not covered: room or power",
    "customer_change": "not covered: a change of the customer's own",
    "customer": "access lost, not a phone failure",
    "not_covered": "not covered: asset not on the order",
    "monitoring": "loss of sight, not a phone failure",
}
_OVER_THE_NETWORK = frozenset({"stations", "location", "trunks", "integration", "attendant"})


@dataclass(frozen=True, slots=True)
class Blame:
    """Whose fault it is. `note`: what follows from that, for a person."""

    responsibility: Responsibility
    note: str


def blame(
    site: Site,
    system: System | None,
    function: Function,
    key: Key,
    failing: Sequence[Observation],
    *,
    location: str,
    down: Callable[[str], bool],
    said: Responsibility | None = None,
) -> Blame:
    """Whose fault the failure of that key is.

    `failing`: what is believed of its parts. `down`: whether the network device of that name is. `said`: what
    the rule that found the failure knows better.
    """
    if said is not None and said != "vendor":
        return Blame(said, _NOTES[said])
    if system is None:  # the agent's own
        return noted("monitoring")
    whose = {_of_part(each, key) for each in failing}
    if len(whose) == 1 and whose != {"vendor"}:  # parts of several sides are the vendor's to sort out
        return noted(whose.pop())
    if key.role in _OVER_THE_NETWORK and (
        broken := next(filter(down, _network(site, system, location)), None)
    ):
        return Blame("customer_network", f"{_NOTES['customer_network']} ({broken} is down)")
    if system.coverage is None and function == "network":
        return noted("customer_network")
    if system.coverage is None and any(each.coverage is not None for each in site.systems):
        return noted("not_covered")
    return noted("vendor")


def noted(responsibility: Responsibility) -> Blame:
    """That responsibility, with its note."""
    return Blame(responsibility, _NOTES[responsibility])


def _of_part(observation: Observation, key: Key) -> Responsibility:
    """By where the device says that the fault is. A chassis sensor is the device's own, a room's is not."""
    if observation.side == "power" or (observation.role == "environment" and observation.room):
        return "customer_environment"
    if observation.side == "network":
        return "customer_network"
    # The far side of a trunk to the public network is the carrier's; of an internal one it is another system.
    internal = observation.role == "trunks" and key.role != "trunks"
    return "carrier" if observation.side == "far" and not internal else "vendor"


def _network(site: Site, system: System, location: str) -> Iterator[str]:
    """The systems that carry this one's traffic: what it and its place depend on, and those in turn."""
    upon = {place.name: place.depends_on for place in site.locations}
    upon |= {each.name: each.depends_on for each in site.systems}
    reached: list[str] = []
    ahead = [*upon.get(system.name, ()), *upon.get(location, ())]
    while ahead:
        name = ahead.pop(0)
        if name not in reached:
            reached.append(name)
            ahead.extend(upon.get(name, ()))
    yield from reached
