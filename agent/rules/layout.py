"""Which systems of the site are one: what the site file alone says, whatever was seen of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from agent.site import Function, Site, System, TrunkGroup
from agent.watch import Watch


def is_gateway(system: System) -> bool:
    """Whether it is a gateway of a phone system, and no server."""
    return system.gateway_number is not None or system.product == "media_gateway"


@dataclass(frozen=True)  # without slots, for what is worked out once
class PhoneSystem:
    """One phone system: its servers, gateways and survivable processors, in the order of the site file."""

    systems: tuple[System, ...]

    @property
    def main(self) -> System:
        """The server whose name its failures bear: the first that is no gateway."""
        return next(iter(self.servers), self.systems[0])

    @cached_property
    def servers(self) -> tuple[System, ...]:
        """All that is no gateway: the main server first, then those that could serve in its place."""
        return tuple(each for each in self.systems if not is_gateway(each))

    @cached_property
    def gateways(self) -> tuple[System, ...]:
        """Its gateways."""
        return tuple(each for each in self.systems if is_gateway(each))

    def trunk_group(self, teller: System, number: int | None) -> TrunkGroup | None:
        """What the site file says of a group: at the system that tells it, else at any of the whole."""
        return next(
            (
                group
                for system in (teller, *self.systems)
                for group in system.trunk_groups
                if group.number == number
            ),
            None,
        )


class Layout:
    """The systems of a site by what they are for, and which are one. `watches`: what each is for."""

    def __init__(self, site: Site, watches: Mapping[str, Watch]) -> None:
        by_function: dict[Function, list[System]] = {}
        for system in site.systems:
            by_function.setdefault(watches[system.name].function, []).append(system)
        self.by_function = {function: tuple(found) for function, found in by_function.items()}
        self.phone_systems = tuple(PhoneSystem(systems) for systems in self._groups("phone_system"))
        self.voicemail_systems = self._groups("voicemail")
        others = [each for each in site.systems if watches[each.name].function != "phone_system"]
        self.wholes = (*self.phone_systems, *(PhoneSystem((each,)) for each in others))
        self.whole_of = {system.name: whole for whole in self.wholes for system in whole.systems}
        self.gateways = frozenset(each.gateway_number for each in site.systems)
        self._called = _names(site)

    def called(self, name: str | None) -> System | None:
        """The system that goes by that name; None: none does, or more than one."""
        return self._called.get(name.casefold()) if name else None

    def _groups(self, function: Function) -> tuple[tuple[System, ...], ...]:
        groups: dict[str | None, list[System]] = {}
        for system in self.by_function.get(function, ()):
            groups.setdefault(system.group, []).append(system)
        return tuple(map(tuple, groups.values()))


def _names(site: Site) -> Mapping[str, System]:
    """Every system by what others may call it: its name, what it is known as, an address of its own."""
    addresses = Counter(str(each.address) for each in site.systems)
    found = {str(each.address): each for each in site.systems if addresses[str(each.address)] == 1}
    found |= {alias.casefold(): each for each in site.systems for alias in each.known_as}
    return found | {each.name: each for each in site.systems}


class _This:
    """A value that is equal to itself alone: to compare two sites costs more than to lay one out."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def layout_of(site: Site, watches: Mapping[str, Watch]) -> Layout:
    """The layout of that site. It is worked out once: neither changes, a reload brings others."""
    return _layout(_This(site), _This(watches))


@lru_cache(maxsize=8)
def _layout(site: _This, watches: _This) -> Layout:
    return Layout(site.value, watches.value)
