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
from agent.maintenance import Occurrence, covers
from agent.rules.failing import retold
from agent.rules.scene import Scene
from agent.window_entries import WindowBegan, WindowOver
from agent.window_words import covers_text


def judge_windows(scene: Scene, failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """The failures, each with the end of the window that holds it back, and the change that caused it."""
    in_force = windows_in_force(scene, failures)
    return tuple(_judge(scene, each, failures, in_force) for each in failures)


def windows_in_force(scene: Scene, failures: Sequence[Failure]) -> tuple[Occurrence, ...]:
    """The windows that are in force now; of those that wait for a failure, the ones that these set going."""
    found = []
    for window in scene.windows.now:
        if window.lasts is None:
            found.append(window)
        elif (first := _first_in(scene, window, failures)) is not None:
            begun = window.started(first)
            found += [begun] if begun.within(scene.now) else []
    return tuple(found)


def told_of_windows(scene: Scene, failures: Sequence[Failure]) -> Iterator[WindowBegan | WindowOver]:
    """What must be told of windows now: what is in force, compared with what was told (each time once)."""
    known = scene.history.windows
    told = known.open
    if not told and not scene.windows.now:
        return
    in_force = {window.time: window for window in windows_in_force(scene, failures)}
    for time, began in told.items():
        if time not in in_force:
            window = next((each for each in scene.windows.near if each.time == time), None)
            failing = _outlasting(scene, window, failures) if window is not None else ()
            yield WindowOver(
                window=began.window,
                planned=began.planned,
                begins=began.begins,
                system=began.system,
                failing=failing,
            )
    for time, window in in_force.items():
        if time not in known.begun:
            yield WindowBegan(
                window=window.name,
                planned=window.planned,
                begins=window.begins,
                ends=window.ends,
                covers=covers_text(window),
                system=window.systems[0] if len(window.systems) == 1 else None,
                type=window.type,
                reference=window.reference,
                who=window.who,
                why=window.why,
            )


def changes_of_windows(scene: Scene) -> Iterator[datetime]:
    """When the next window begins or ends: then something may become otherwise by the clock alone."""
    if scene.site.windows or scene.history.windows.added:
        yield scene.windows.until


def _judge(
    scene: Scene, failed: Failure, failures: Sequence[Failure], in_force: Sequence[Occurrence]
) -> Failure:
    over = [
        window
        for window in in_force
        if _covered(scene, window, failed) or _explained(scene, window, failed, failures)
    ]
    ends = [window.ends for window in over]
    if failed.not_before is not None:  # by the rule that judged its parts
        ends.append(failed.not_before)
    if ends:  # of several the last end counts
        last = max(ends)
        name = next((window.name for window in (*over, *in_force) if window.ends == last), "")
        failed = replace(failed, not_before=last, window=name)
    standing = scene.history.standing.get(failed.key)
    if standing is None:
        found = _found_inside(scene, failed, failures)
        return failed if found is None else _of_window(failed, found)
    if "C4" in standing.ruling.rules:  # once told, it stays so while it stands
        failed = _with_rule(failed, standing.ruling.window)
    if standing.ruling.responsibility == "customer_change":
        return _of_change(failed, standing.ruling.note)
    return failed


def _first_in(scene: Scene, window: Occurrence, failures: Sequence[Failure]) -> datetime | None:
    """When the first failure began of what a window covers that waits for it.

    What is a ticket already sets nothing going, nor does a single missed answer.
    """
    begun = (
        at
        for failed in failures
        if failed.hold is not None and failed.key not in scene.history.standing
        for at in _beginnings_covered(scene, window, failed)
    )
    return min((at for at in begun if window.within(at)), default=None)


def _beginnings_covered(scene: Scene, window: Occurrence, failed: Failure) -> list[datetime]:
    """Since when that fails of it which the window covers."""
    whole = _beginnings(scene, failed)
    if covers(window, failed.key, failed.location):
        return whole
    return [
        _lost_since(scene, each) or max(whole)
        for each in _failing(failed)
        if covers(window, Key(each.system, each.role, each.component), _place(scene, each))
    ]


def _outlasting(scene: Scene, window: Occurrence, failures: Sequence[Failure]) -> tuple[Key, ...]:
    """What was found in a window that is over, and still fails."""
    return tuple(
        each.key
        for each in failures
        if each.hold is not None
        and each.key not in scene.history.standing
        and all(window.within(at) for at in _beginnings(scene, each))
        and (_covered(scene, window, each) or _explained(scene, window, each, failures))
    )


def _found_inside(scene: Scene, failed: Failure, failures: Sequence[Failure]) -> Occurrence | None:
    """The window that is over and covers it, and in which all of it began; the customer's own work first."""
    begun = _beginnings(scene, failed) if scene.windows.near else []
    over = [
        window
        for window in scene.windows.near
        if window.lasts is None
        and window.ends <= scene.now
        and all(window.within(at) for at in begun)
        and (_covered(scene, window, failed) or _explained(scene, window, failed, failures))
    ]
    return min(over, key=lambda each: each.type != "client_performed", default=None)


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


def _covered(scene: Scene, window: Occurrence, failed: Failure) -> bool:
    """Whether the window covers the failure itself, or each part of it that fails."""
    if covers(window, failed.key, failed.location):
        return True
    parts = _failing(failed)
    # Work at one end of a link is work at the link.
    enough = any if failed.key.role == "integration" else all
    return bool(parts) and enough(
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


def _explained(scene: Scene, window: Occurrence, failed: Failure, failures: Sequence[Failure]) -> bool:
    """Whether it hangs on something that the window covers and that fails now (I15, I3), however far."""
    by_key = {each.key: each for each in failures}
    seen, ahead = {failed.key}, list(failed.causes)
    while ahead:
        cause = by_key.get(ahead.pop().key)
        if cause is None or cause.key in seen:
            continue
        if _covered(scene, window, cause):
            return True
        seen.add(cause.key)
        ahead += cause.causes
    return False


def _of_window(failed: Failure, window: Occurrence) -> Failure:
    failed = _with_rule(failed, window.name)
    if window.type != "client_performed":
        return failed
    change = window.reference or window.name
    return _of_change(failed, f"not covered: found after the customer's change {change}")


def _of_change(failed: Failure, note: str) -> Failure:
    return retold(failed, lambda was: replace(was, responsibility="customer_change", note=note))


def _with_rule(failed: Failure, window: str) -> Failure:
    return retold(
        failed, lambda was: replace(was, rules=tuple(dict.fromkeys((*was.rules, "C4"))), window=window)
    )
