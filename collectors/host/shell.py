"""A Linux host over SSH, by a login that may only look: the same parts as over SNMP, the clock among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from collectors.base import Fact, Findings, Own, Pacing, ShellAnswer, ShellSession, Told

COMMANDS: tuple[str, ...] = ()


async def ask(session: ShellSession, *more: str) -> Told[ShellAnswer]:
    """What the host's programs say; `more`: a product's own commands, after the shared ones."""
    raise NotImplementedError


def read(told: Told[ShellAnswer], at: datetime, own: Own, processes: Mapping[str, str]) -> Findings:
    """What the answers say of the host. `processes`: the name of a part by that of its program."""
    raise NotImplementedError


FACTS: tuple[Fact, ...] = ()
PACING = Pacing(1, timedelta(milliseconds=100), timedelta(seconds=10), 1, timedelta(minutes=5))
