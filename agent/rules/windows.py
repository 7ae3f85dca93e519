"""What a maintenance window makes of the failures in it (rules C4, I15). Pure.

Monitoring goes on inside a window: what fails there waits, and is raised at its end if it still stands.
Nothing is cleared later for a window, and what was a ticket before it goes on. The units of a fraction that
a window takes out are left out where the fraction is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from agent.failures import Evidence, Failure, Key
from agent.maintenance import covers, windows_at
from agent.rules.failing import retold
from agent.rules.scene import Scene
from agent.site import MaintenanceWindow, System


def judge_windows(scene: Scene, failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """The failures, each with the end of the window that holds it back, and the change that caused it."""
    if not scene.site.windows:
        return tuple(failures)
    return tuple(_judge(scene, each, failures) for each in failures)


def changes_of_windows(scene: Scene) -> Iterator[datetime]:
    """When windows begin and end: at these instants something may become otherwise by the clock alone."""
    for window in scene.site.windows:
        yield scene.site.moment(window.begins)
        yield scene.site.moment(window.ends)


def _judge(scene: Scene, failed: Failure, failures: Sequence[Failure]) -> Failure:
    ends = [
        scene.site.moment(window.ends)
        for window in windows_at(scene.site, scene.now)
        if _covered(scene, window, failed) or _explained(scene, window, failed, failures)
    ]
    if failed.not_before is not None:  # by the rule that judged its parts
        ends.append(failed.not_before)
    if ends:  # of several the last end counts
        failed = replace(failed, not_before=max(ends))
    standing = scene.history.standing.get(failed.key)
    if standing is None:
        found = _found_inside(scene, failed, failures)
        return failed if found is None else _of_window(failed, found)
    if "C4" in standing.ruling.rules:  # once told, it stays so while it stands
        failed = _with_rule(failed)
    if standing.ruling.responsibility == "customer_change":
        return _of_change(failed, standing.ruling.note)
    return failed


def _found_inside(scene: Scene, failed: Failure, failures: Sequence[Failure]) -> MaintenanceWindow | None:
    """The window that is over and covers it, and in which all of it began; the customer's own work first."""
    over = [
        window
        for window in scene.site.windows
        if scene.site.moment(window.ends) <= scene.now
        and all(_is_within(scene, window, at) for at in _beginnings(scene, failed))
        and (_covered(scene, window, failed) or _explained(scene, window, failed, failures))
    ]
    return min(over, key=lambda each: each.type != "client_performed", default=None)


def _is_within(scene: Scene, window: MaintenanceWindow, at: datetime) -> bool:
    return scene.site.moment(window.begins) <= at < scene.site.moment(window.ends)


def _beginnings(scene: Scene, failed: Failure) -> list[datetime]:
    """Since when it fails; of a failure with several parts, since when each of them does."""
    began = failed.since or scene.began.get(failed.key, scene.now)
    if failed.key.component is not None:
        return [began]
    parts = [since for each in _failing(failed) if (since := _lost_since(scene, each)) is not None]
    return parts or [began]


def _lost_since(scene: Scene, seen: Evidence) -> datetime | None:
    told = scene.picture.of(seen.system).parts
    return next(
        (
            min((each.lost_since for each in by.values() if each.lost_since), default=None)
            for key, by in told.items()
            if key == (seen.role, seen.component)
        ),
        None,
    )


def _failing(failed: Failure) -> list[Evidence]:
    told = list(failed.ruling.evidence)
    return [each for each in told if each.lost] or told


def _covered(scene: Scene, window: MaintenanceWindow, failed: Failure) -> bool:
    """Whether the window covers the failure itself, or each part of it that fails."""
    if covers(window, failed.key, failed.location):
        return True
    parts = _failing(failed)
    return bool(parts) and all(
        covers(window, Key(each.system, each.role, each.component), _place(scene, each)) for each in parts
    )


def _place(scene: Scene, seen: Evidence) -> str | None:
    told = scene.picture.of(seen.system).parts
    places = (
        each.observation.location
        for key, by in told.items()
        if key == (seen.role, seen.component)
        for each in by.values()
    )
    elsewhere = next((place for place in places if place), None)
    if elsewhere is not None:
        return elsewhere
    return next((each.location for each in scene.site.systems if each.name == seen.system), None)


def _explained(scene: Scene, window: MaintenanceWindow, failed: Failure, failures: Sequence[Failure]) -> bool:
    """Whether it hangs on something that the window covers and that fails now (I15, I3)."""
    roots = {each.key.system for each in failures if each.key != failed.key and _covered(scene, window, each)}
    systems = [system for system in scene.site.systems if system.name in roots]
    if not systems:
        return False
    upon = _hangs_on(scene, failed.key.system)
    if not upon.isdisjoint(window.locations):
        return True
    parts = _failing(failed)
    return any(
        root.name in upon
        or (root.gateway_number is not None and all(_is_at(scene, root, each) for each in parts) and parts)
        for root in systems
        if root.name != failed.key.system
    )


def _is_at(scene: Scene, gateway: System, seen: Evidence) -> bool:
    """Whether the part says that it is at the gateway's place, and its system is elsewhere."""
    home = next((each.location for each in scene.site.systems if each.name == seen.system), None)
    return home != gateway.location and _place(scene, seen) == gateway.location


def _hangs_on(scene: Scene, system: str | None) -> set[str]:
    """Every system and location that this one depends on by the site file, however far."""
    upon: dict[str, tuple[str, ...]] = {each.name: each.depends_on for each in scene.site.locations}
    upon |= {each.name: each.depends_on for each in scene.site.systems}
    found: set[str] = set()
    ahead = [system or ""]
    while ahead:
        for name in upon.get(ahead.pop(), ()):
            if name not in found:
                found.add(name)
                ahead.append(name)
    return found


def _of_window(failed: Failure, window: MaintenanceWindow) -> Failure:
    failed = _with_rule(failed)
    if window.type != "client_performed":
        return failed
    change = window.reference or window.name
    return _of_change(failed, f"not covered: found after the customer's change {change}")


def _of_change(failed: Failure, note: str) -> Failure:
    return retold(failed, lambda was: replace(was, responsibility="customer_change", note=note))


def _with_rule(failed: Failure) -> Failure:
    return retold(failed, lambda was: replace(was, rules=tuple(dict.fromkeys((*was.rules, "C4")))))
