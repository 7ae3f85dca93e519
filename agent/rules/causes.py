"""What explains what: of each failure, which others that stand now are its cause (rule I3). Pure.

A failure hangs on something because the site file says so (`depends_on`, the probes of a location) or because
the product does (a gateway's trunk groups, a phone system's gateways, a system's own parts). Four guesses
are made where nobody says it, only for what began at nearly the same time, and their `why` says so: phones
that go with a lost gateway, an alarm with a fault of the same device, silence behind a silent system, and a
CTI link with a service of its server that stopped.

Which of them becomes a ticket, and what waits for what, is `agent.joining`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cached_property

from agent.authority import ails
from agent.failures import Cause, Evidence, Failure, Key, Ruling
from agent.rules.links import carrier, other_end
from agent.rules.parts import part_failure
from agent.rules.scene import Scene, is_gateway
from agent.rules.survival import SURVIVABLE
from agent.site import System
from collectors.base import Observation

SAME_TIME = timedelta(minutes=5)  # an alarm and the fault that it tells of
SOON_AFTER = timedelta(minutes=30)  # silence, and the phones of a place that is cut off
_OWN_FAULTS = frozenset({"service", "location", "equipment", "environment", "redundancy", "capacity"})


class Causes:
    """The failures that stand now, as causes of others. `failures`: those that were judged so far."""

    def __init__(self, scene: Scene, failures: Iterable[Failure]) -> None:
        self._scene = scene
        self._rulings: dict[Key, Ruling] = {
            key: standing.ruling for key, standing in scene.history.standing.items()
        } | {each.key: each.ruling for each in failures}
        self._site = {each.name: each for each in scene.site.systems}
        self._places = {each.name: each for each in scene.site.locations}

    def told(self, failed: Failure) -> Failure:
        """The failure with its causes, and the systems that are asked before it raises (I7)."""
        causes = {each.key: each for each in reversed([*self._of(failed)]) if each.key != failed.key}
        return replace(
            failed,
            causes=tuple(reversed(causes.values())),
            parents=tuple(dict.fromkeys(self._parents(failed))),
        )

    def of_part(self, system: System, observation: Observation) -> tuple[Cause, ...]:
        """What explains the failure of one part that its system tells, wherever the part is."""
        return tuple(self._elsewhere(system, observation))

    def dark(self) -> Iterator[Failure]:
        """What silent systems said before they fell silent, and explains others: power that was lost (I3)."""
        for system in self._scene.site.systems:
            if not self._scene.picture.of(system.name).silent:
                continue
            for word in self._scene.dark(system.name, "environment", "equipment"):
                if word.observation.side != "power" or not word.known_lost:
                    continue
                # A dark word has no figures of its own any more: those that were last read still stand.
                last = replace(word.observation, unread=False, lost=word.known_lost, total=word.known_total)
                found = part_failure(self._scene, system, replace(word, observation=last))
                if found.key not in self._rulings:
                    yield replace(found, only_as_cause=True)

    # --- causes -----------------------------------------------------------------------------------------

    def _of(self, failed: Failure) -> Iterator[Cause]:
        key, system = failed.key, self._site.get(failed.key.system or "")
        if system is None:
            return
        if key.role == "service":
            yield from self._of_system(system)
            return
        main = self._scene.whole_of(system.name).main
        for each in dict.fromkeys((system.name, *(() if is_gateway(system) else (main.name,)))):
            if self._is_down(down := Key(each, "service")):
                yield Cause(down, f"part of {each}")
        match key:
            case Key(role="location", component=None) if is_gateway(system):
                yield from self._of_place(system)
            case Key(role="redundancy", component=component) if component == SURVIVABLE:
                yield from self._told_first(Key(main.name, "service"), f"they serve in place of {main.name}")
            case Key(role="stations", component=None):
                yield from self._phones(system)
            case Key(role="trunks", component=None):  # what explains a group makes it one by itself
                pass
            case Key(role="alarm"):
                yield from self._elsewhere_of(failed)
                if is_gateway(system):
                    yield from self._same_device(system)
            case _:
                yield from self._elsewhere_of(failed)

    def _of_system(self, system: System) -> Iterator[Cause]:
        """What explains that a system as a whole is down, or not seen."""
        yield from self._named(system.name, f"{system.name} is on that power", power_only=True)
        if is_gateway(system):
            yield from self._standing(Key(system.name, "location"), f"{system.name} serves that location")
        spare = Key(system.name, "redundancy", SURVIVABLE)
        yield from self._standing(spare, f"survivable processors serve in place of {system.name}")
        yield from self._upstream(system)

    def _of_place(self, gateway: System) -> Iterator[Cause]:
        yield from self._upstream(gateway)
        for server in self._scene.whole_of(gateway.name).servers:
            service, why = Key(server.name, "service"), f"{gateway.name} is a gateway of {server.name}"
            if self._is_down(service):
                yield Cause(service, why)
            elif service in self._rulings and self._has_no_gateway(server):
                silent = f"{why}, which is silent and serves none"
                yield Cause(service, silent, within=SOON_AFTER, unsettled=True)
        yield from self._told_first(Key(gateway.name, "service"), f"{gateway.name} serves that location")

    def _standing(self, key: Key, why: str) -> Iterator[Cause]:
        if key in self._rulings:
            yield Cause(key, why)

    def _told_first(self, key: Key, why: str) -> Iterator[Cause]:
        """Of two that explain each other, the one that is a ticket already keeps the other."""
        if key in self._scene.history.standing:
            yield Cause(key, why)

    def _elsewhere_of(self, failed: Failure) -> Iterator[Cause]:
        for seen in self._parts(failed):
            yield from self._elsewhere(*seen)

    def _elsewhere(self, system: System, observation: Observation) -> Iterator[Cause]:
        """What a part hangs on that is not where its system is, or that leads to another system."""
        named = observation.component
        for gateway in self._gateways_of(system, observation):
            yield from self._gateway(gateway, f"{named} is at {gateway.name}")
        if observation.location and observation.location != system.location:
            for name, why in self._path(observation.location, ""):
                yield from self._named(name, why)
        for name in self._depends(system, observation):
            if name in self._site:
                if is_gateway(self._site[name]):
                    yield from self._gateway(self._site[name], f"{named} depends on {name}")
                yield from self._named(name, f"{named} depends on {name}")
            for other, why in self._path(name, ""):
                yield from self._named(other, why)
        if (far := self._scene.far_end(system, observation)) is not None and far is not system:
            yield from self._named(far.name, f"{named} leads to {far.name}")
        yield from self._of_link(system, observation)

    def _of_link(self, system: System, observation: Observation) -> Iterator[Cause]:
        """What a link runs over, its other end where that is a failure of its own, and what it is all of."""
        named = observation.component
        if (over := carrier(self._scene, system, observation)) in self._rulings:
            yield Cause(over, f"{named} runs over {over.component}")
        if (end := other_end(self._scene, system, observation)) in self._rulings:
            yield Cause(end, f"{end.component} of {end.system} is the other end of {named}")
        far = self._scene.far_end(system, observation) if observation.kind == "cti" else None
        for service, fails in self._by_system.get(far.name, ()) if far is not None else ():
            name = service.component or ""  # nobody tells which of them a CTI link is for
            if service.role == "equipment" and name.endswith(" service") and fails.lost:
                why = f"{named} went in the same minutes as the {name} of {service.system}"
                yield Cause(service, why, within=SAME_TIME)
        part = system.name, observation.role, observation.component
        for each in self._scene.systems_for("voicemail"):
            ruling = self._rulings.get(key := Key(each.name, "service"))
            if ruling is None or not ruling.states("complete-outage"):
                continue
            if any((seen.system, seen.role, seen.component) == part for seen in ruling.evidence):
                yield Cause(key, f"{named} is one of the links to {each.name}")

    def _gateway(self, gateway: System, why: str) -> Iterator[Cause]:
        """A gateway that serves no more, or on a survivable processor, takes what is at it along."""
        if (lost := Key(gateway.name, "location")) in self._rulings:
            yield Cause(lost, why)
        if self._is_down(down := Key(gateway.name, "service")):
            yield Cause(down, why)
        moved = Key(self._scene.whole_of(gateway.name).main.name, "redundancy", SURVIVABLE)
        ruling = self._rulings.get(moved)
        if ruling is not None and any(each.system == gateway.name for each in ruling.evidence):
            yield Cause(moved, f"{why}, which a survivable processor serves")

    def _upstream(self, system: System) -> Iterator[Cause]:
        """What carries or feeds a system, by the site file."""
        for name, why in self._reached(system):
            yield from self._named(name, why)

    def _named(self, name: str, why: str, *, power_only: bool = False) -> Iterator[Cause]:
        """What of a system that others depend on explains their failure: its power, its place, its service.

        That it is silent does only for what fails soon before or after.
        """
        for key, ruling in self._by_system.get(name, ()):
            if self._is_power(key):
                yield Cause(key, why)
            elif power_only or key.component is not None:
                continue
            elif key.role == "location" or self._is_down(key):
                yield Cause(key, why)
            elif key.role == "service" and not self._is_refused(ruling) and self._leads_nowhere(name):
                yield Cause(key, f"{why}, which is silent", within=SOON_AFTER)

    def _phones(self, system: System) -> Iterator[Cause]:
        """Nobody says at which place phones are missing: those of a gateway that is lost go with it."""
        for gateway in self._scene.whole_of(system.name).gateways:
            for cause in (*self._gateway(gateway, ""), *self._upstream(gateway)):
                why = f"phones went when {gateway.name} was lost: they are not counted by place"
                yield replace(cause, why=why, within=SOON_AFTER)

    def _same_device(self, system: System) -> Iterator[Cause]:
        """A gateway's command line tells its faults in words of its own; SNMP names the same as parts."""
        for key, _ in self._by_system.get(system.name, ()):
            if key.role in _OWN_FAULTS:
                yield Cause(key, f"an alarm of {system.name} from the same minutes", within=SAME_TIME)

    # --- what is asked before it raises -----------------------------------------------------------------

    def _parents(self, failed: Failure) -> Iterator[str]:
        """The systems that could explain it, but for those that told it: they have spoken already."""
        system = self._site.get(failed.key.system or "")
        if system is None:
            return
        tellers = {each.system for each in failed.ruling.evidence if self._has_told(each)}
        for name in self._asked(failed, system):
            itself = name == system.name and failed.key.role != "integration"  # a link may be its far end's
            if name not in tellers and not itself and self._scene.watches[name].ways:
                yield name
        if failed.key.role == "alarm" and any(each.source == "trap" for each in failed.ruling.evidence):
            yield system.name  # a trap came unasked

    def _has_told(self, seen: Evidence) -> bool:
        """Whether that system said of its own that it fails: of a link the far end may say otherwise."""
        if seen.role != "integration":
            return True
        observation = self._scene.observation(seen)
        return observation is not None and ails(observation)

    def _asked(self, failed: Failure, system: System) -> Iterator[str]:
        if failed.key.role == "stations":
            yield from self._suspects(system)
        if failed.key.role in ("service", "location"):
            yield from (name for name, _ in self._reached(system))
            if is_gateway(system) and failed.key.role == "location":
                yield from (each.name for each in self._scene.whole_of(system.name).servers)
        for teller, observation in self._parts(failed):
            yield from (each.name for each in self._gateways_of(teller, observation))
            if observation.location and observation.location != teller.location:
                yield from (name for name, _ in self._path(observation.location, ""))
            for name in self._depends(teller, observation):
                if name in self._site:
                    yield name
                yield from (other for other, _ in self._path(name, ""))
            if (far := self._scene.far_end(teller, observation)) is not None:
                yield far.name

    def _suspects(self, system: System) -> Iterator[str]:
        """The gateways that the phone system has not, or that missed their last poll."""
        for gateway in self._scene.whole_of(system.name).gateways:
            listed = self._scene.listed_gateways.get(gateway.gateway_number or 0, ())
            missing = any(access.error is not None for access in self._scene.picture.of(gateway.name).polled)
            if missing or any(word.observation.lost for _, word in listed):
                yield gateway.name

    # --- what the site file and the products say --------------------------------------------------------

    def _reached(self, system: System) -> Iterator[tuple[str, str]]:
        """Every system that this one depends on, however far, the nearest first; and why."""
        found: set[str] = {system.name}
        ahead = [(name, f"{system.name} depends on {name}") for name in system.depends_on]
        ahead += self._path(system.location, system.name)
        while ahead:
            name, why = ahead.pop(0)
            if name in found:
                continue
            found.add(name)
            if name in self._places:  # its path, and the gateways that serve it
                ahead += self._path(name, system.name)
                here = (each for each in self._scene.site.systems if each.location == name)
                ahead += [(each.name, why) for each in here if is_gateway(each)]
                continue
            yield name, why
            ahead += [(each, f"{name} depends on {each}") for each in self._site[name].depends_on]

    def _path(self, location: str, but: str) -> list[tuple[str, str]]:
        """The systems on the path to a place; each of its probes stands for those listed after it."""
        place = self._places.get(location)
        if place is None:
            return []
        probes = list(place.probes)
        probes = probes[: probes.index(but)] if but in probes else probes
        return [
            *((name, f"{name} is on the path to {location}") for name in probes),
            *((name, f"{location} depends on {name}") for name in place.depends_on),
        ]

    def _gateways_of(self, system: System, observation: Observation) -> Iterator[System]:
        for gateway in self._scene.whole_of(system.name).gateways:
            by_number = observation.gateway is not None and observation.gateway == gateway.gateway_number
            by_place = observation.location is not None and observation.location != system.location
            if gateway is not system and (
                by_number or (by_place and observation.location == gateway.location)
            ):
                yield gateway

    def _depends(self, system: System, observation: Observation) -> tuple[str, ...]:
        """What the site file says that a trunk group depends on."""
        if observation.role != "trunks":
            return ()
        group = self._scene.whole_of(system.name).trunk_group(system, observation.number)
        return group.depends_on if group is not None else ()

    def _parts(self, failed: Failure) -> Iterator[tuple[System, Observation]]:
        """The parts that are its evidence."""
        for each in failed.ruling.evidence:
            observation = self._scene.observation(each)
            if observation is not None and each.system in self._site:
                yield self._site[each.system], observation

    # --- what kind of failure it is ---------------------------------------------------------------------

    @cached_property
    def _by_system(self) -> dict[str, list[tuple[Key, Ruling]]]:
        found: dict[str, list[tuple[Key, Ruling]]] = {}
        for key, ruling in self._rulings.items():
            found.setdefault(key.system or "", []).append((key, ruling))
        return found

    def _is_down(self, key: Key) -> bool:
        """Whether a system as a whole is told to be down, and not only out of sight."""
        ruling = self._rulings.get(key)
        if ruling is None or key.role != "service":
            return False
        return ruling.states("complete-outage") or any(each.role == "service" for each in ruling.evidence)

    def _has_no_gateway(self, server: System) -> bool:
        """Whether a server is silent, and every gateway that tells its own says that it serves on none."""
        words = [
            word.observation
            for gateway in self._scene.whole_of(server.name).gateways
            for word in self._scene.words(gateway.name, "location")
        ]
        silent = self._scene.picture.of(server.name).silent
        return silent and bool(words) and all(word.lost for word in words)

    def _is_refused(self, ruling: Ruling) -> bool:
        return ruling.responsibility == "customer"  # a login that is refused is no silence

    def _leads_nowhere(self, name: str) -> bool:
        """Whether a system is silent and, if it probes the path to a place, nothing else there answers."""
        picture = self._scene.picture.of(name)
        since = [access.missed_since for access in picture.polled if access.missed_since is not None]
        if not since or not picture.silent:
            return False
        probed = {each.name for each in self._scene.site.locations if name in each.probes}
        return not any(
            access.error is None and access.at > min(since)
            for other in self._scene.site.systems
            if other.name != name and other.location in probed
            for access in self._scene.picture.of(other.name).polled
        )

    def _is_power(self, key: Key) -> bool:
        if key.system is None or key.component is None or key.role not in ("environment", "equipment"):
            return False
        told = self._scene.picture.of(key.system).parts
        return any(
            seen.observation.side == "power"
            for (role, component), by in told.items()
            if (role, component) == (key.role, key.component)
            for seen in by.values()
        )
