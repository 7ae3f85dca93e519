"""What the agent knows of a product: how to ask it, how hard, and how well each thing is known.

A product states itself in one constant `PRODUCT` of this shape; nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from collectors.base.options import Option, Own
from collectors.base.readings import Findings, Metric, ProtocolName


@dataclass(frozen=True, slots=True)
class Pacing:
    """How hard a device may be asked; each figure can be changed per system in the site file.

    rows: rows of a table per GETBULK. pause: between two questions. timeout: until a question counts as
    unanswered. tries: how often a question is sent in all. interval: from poll to poll. most_rows: a table
    with more does not end (a property of the product, not a wish: no site sets it).
    """

    rows: int
    pause: timedelta
    timeout: timedelta
    tries: int
    interval: timedelta
    most_rows: int = 10_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a collector relies on, and how well it is known (the README's table shows these)."""

    what: str
    source: str
    known: Literal["verified", "inferred", "synthetic"]


@dataclass(frozen=True, slots=True)
class Poll:
    """One way to ask a product: `ask` talks, `read` is pure.

    `read(answers, at)`: `at` is the time of the poll, in the zone of the system's location (devices that
    tell local time without a zone or year are read by it). `deadline`: of the whole poll; past it the system
    counts as one that did not answer. `commands`: of an SSH poll that runs programs, all that it may ever run
    (`collectors.sessions.shell`); none: its command line is a gateway's. `sees`: what is seen this way, for
    the README's table.
    """

    ask: Callable[[Any], Awaitable[Any]]
    read: Callable[[Any, datetime], Findings]
    pacing: Pacing
    deadline: timedelta = timedelta(minutes=5)  # a full trunk walk took 78 s on a small server
    commands: tuple[str, ...] = ()
    sees: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """All that the agent knows of a product. A product file ends in one of these, named PRODUCT.

    `options`: what a site may say of such a system beside how it is asked. `with_options`: the polls of a
    system for which the site said so; None: nothing it says changes them.
    """

    name: str
    title: str
    function: Literal["phone_system", "voicemail", "contact_centre", "border", "network", "other"]
    polls: Mapping[ProtocolName, Poll]
    authority: tuple[ProtocolName, ...]  # whose word counts where two fresh protocols disagree
    metrics: tuple[Metric, ...]
    facts: tuple[Fact, ...]
    not_seen: tuple[str, ...] = ()  # what this product cannot be asked, in the words of the README
    options: tuple[Option, ...] = ()
    with_options: Callable[[Own], Mapping[ProtocolName, Poll]] | None = None

    def polls_of(self, own: Own) -> Mapping[ProtocolName, Poll]:
        """How a system of this product is asked for which the site gives these options."""
        return self.polls if self.with_options is None else self.with_options(own)
