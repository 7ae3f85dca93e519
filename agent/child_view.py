"""What is shown of the failures within a ticket: those that its cause explains (I3, I7). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from agent.failures import Child, Key, Responsibility, Ruling
from agent.joining import child_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildView:
    """A failure within the ticket of its cause. `of`: what it hangs on, in words; `why`: how that is known.

    `state`: whether it still fails, as far as it was told. The rest is as a ticket of its own would say it.
    """

    system: str | None
    component: str | None
    role: str
    severity: str
    clause: str
    summary: str
    of: str
    why: str
    began: datetime
    joined: datetime
    state: Literal["failing", "well"]
    rules: tuple[str, ...]
    responsibility: Responsibility
    evidence: tuple[str, ...] = ()
    considered: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its system and its part, or what of it fails: `cm1 trunk-group 1`, `gw-east location`."""
        return " ".join(filter(None, (self.system, self.component or self.role)))


def rulings(ruling: Ruling) -> tuple[Ruling, ...]:
    """The ticket's own ruling, and those of what stands in it."""
    return (ruling, *(child.ruling for child in ruling.children if not child.well))


def considered_of(ruling: Ruling) -> tuple[str, ...]:
    """What was considered of the failures within a ticket and does not hold, each with its name."""
    return tuple(
        f"{child_name(child.key)}: {text}"
        for child in ruling.children
        if not child.well
        for text in child.ruling.considered
    )


def evidence_texts(ruling: Ruling, zone: ZoneInfo) -> tuple[str, ...]:
    """What was seen, by which way, and when: a line each."""
    return tuple(
        f"{e.system} {e.text} ({e.protocol}, {e.at.astimezone(zone):%H:%M:%S})" for e in ruling.evidence
    )


def child_view(child: Child, root: Key, zone: ZoneInfo) -> ChildView:
    """What is shown of it, in the site's zone. `root`: of its ticket."""
    ruling = child.ruling
    return ChildView(
        system=child.key.system,
        component=child.key.component,
        role=child.key.role,
        severity=ruling.severity,
        clause=ruling.clause,
        summary=ruling.summary,
        of="" if child.of in (None, root) else str(child.of),
        why=child.why,
        began=child.began.astimezone(zone),
        joined=child.joined.astimezone(zone),
        state="well" if child.well else "failing",
        rules=ruling.rules,
        responsibility=ruling.responsibility,
        evidence=evidence_texts(ruling, zone),
        considered=ruling.considered,
        left_out=ruling.left_out,
    )


def suppressed(child: ChildView) -> str:
    """Why a failure has no ticket of its own: `cm1 trunk-group 1: minor, 23 of 23 …; in this ticket: …`."""
    return f"{child.name}: {child.severity}, {child.summary}; in this ticket: {child.why} (I3, I7)"
