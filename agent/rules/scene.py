"""What every rule looks at, and the few sentences that all of them build. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from agent.contract import Clause, Contract
from agent.failures import Evidence, Failure, Key, Responsibility, Ruling
from agent.history import History
from agent.picture import Picture, Seen
from agent.site import Function, Holds, Site, System
from collectors.base import Observation


@dataclass(frozen=True)  # without slots, for what is worked out once
class Scene:
    """The arguments of a judgement. `functions`: what each system is for."""

    picture: Picture
    history: History
    site: Site
    contract: Contract
    functions: dict[str, Function]
    now: datetime

    @cached_property
    def listed_gateways(self) -> Mapping[int, Sequence[tuple[System, Seen]]]:
        """What the phone systems' servers freshly say of each gateway that they list, by its number."""
        found: dict[int, list[tuple[System, Seen]]] = {}
        for system in self.systems_for("phone_system"):
            for seen in self.picture.of(system.name).fresh("location"):
                if seen.observation.number is not None and system.gateway_number is None:
                    found.setdefault(seen.observation.number, []).append((system, seen))
        return found

    def systems_for(self, function: Function) -> list[System]:
        """The site's systems of one function, in the order of the site file."""
        return [system for system in self.site.systems if self.functions[system.name] == function]


# What a ticket says beside whose fault it is (contract: covered parts, service provider, environment).
_NOTES: dict[Responsibility, str] = {
    "vendor": "covered",
    "carrier": "not covered: the customer calls the service provider first",
    "customer_network": "not covered: the customer's own network",
    "customer_environment": "not covered: room or power",
    "customer": "access lost, not a phone failure",
    "monitoring": "loss of sight, not a phone failure",
}


def failure(
    scene: Scene,
    system: System,
    key: Key,
    *,
    summary: str,
    rules: Iterable[str],
    evidence: Iterable[Evidence],
    hold: timedelta | None,
    clears_like: timedelta | None = None,
    clause: Clause | None = None,
    responsibility: Responsibility = "vendor",
    since: datetime | None = None,
    location: str | None = None,
    lost: int | None = None,
    total: int | None = None,
    left_out: Iterable[str] = (),
) -> Failure:
    """A failure under that clause, or under "any failure not included" where none is given (M7)."""
    catch_all = scene.contract.catch_all
    decides = clause or catch_all
    return Failure(
        key=key,
        ruling=Ruling(
            severity=decides.severity,
            clause=decides.id,
            clauses=tuple(dict.fromkeys((decides.id, catch_all.id))),
            rules=tuple(dict.fromkeys(rules)),
            summary=summary,
            responsibility=responsibility,
            note=_NOTES.get(responsibility, "not covered"),
            evidence=tuple(evidence),
            lost=lost,
            total=total,
            left_out=tuple(left_out),
        ),
        hold=hold,
        clears_like=clears_like,
        since=since,
        location=location or system.location,
    )


def evidence(system: System, seen: Seen, text: str) -> Evidence:
    """What one reading said of one part, in words: `trunk-group 2 (PSTN WEST): 8 of 8 lost`."""
    observation = seen.observation
    named = f"{observation.component} ({observation.detail})" if observation.detail else observation.component
    return Evidence(
        f"{named}: {text}", system.name, observation.role, observation.component, seen.protocol, seen.at
    )


def plural(count: int, noun: str) -> str:
    """`1 group`, `2 groups`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(names)
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def hold_of(holds: Holds, observation: Observation) -> timedelta:
    """How long a failing part must last before it raises (I5), by its role and kind."""
    match observation.role:
        case "integration" if observation.kind in ("cdr", "cms"):
            return holds.cdr_cms
        case "equipment" if observation.kind == "sync":
            return holds.sync
        case "environment":
            if observation.side == "power":
                return holds.alarm  # mains, told by a poll
            return holds.room if observation.room else holds.environment
        case _:
            by_role = {
                "trunks": holds.trunks,
                "stations": holds.stations,
                "location": holds.location,
                "attendant": holds.attendant,
                "integration": holds.integration,
                "equipment": holds.equipment,
                "redundancy": holds.redundancy,
                "capacity": holds.capacity,
                "alarm": holds.alarm,
            }
            return by_role.get(observation.role, holds.reachability)
