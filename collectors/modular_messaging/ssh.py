"""Modular Messaging and its relatives over SSH: the host of a Linux message store, and no more."""

from __future__ import annotations

from datetime import datetime

from collectors.base import Findings, Own, ShellAnswer, ShellSession, Told
from collectors.host import shell

METRICS, PACING, COMMANDS = shell.METRICS, shell.PACING, shell.COMMANDS
NOTHING = Own()


async def ask(session: ShellSession) -> Told[ShellAnswer]:
    """What the host's programs say."""
    return await shell.ask(session)


def read(told: Told[ShellAnswer], at: datetime, own: Own = NOTHING) -> Findings:
    """What the answers say. Raises BadAnswer if they are not those of a Linux host."""
    return shell.read(told, at, own, {})
