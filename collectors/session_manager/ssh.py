"""The host of a Session Manager over SSH, by a login that may only look: as of any Linux host.

`statapp` and `traceSM` are not asked: nobody has published what the one prints, and the other is a dialogue.
"""

from __future__ import annotations

from datetime import datetime

from collectors.base import Findings, Own, ShellAnswer, ShellSession, Told
from collectors.host import shell

PROCESSES: dict[str, str] = {}  # nobody has published which must run; a site names those that it minds
NO_OPTIONS = Own()


async def ask(session: ShellSession) -> Told[ShellAnswer]:
    """What the host's own programs say."""
    return await shell.ask(session)


def read(told: Told[ShellAnswer], at: datetime, own: Own = NO_OPTIONS) -> Findings:
    """The same parts as over SNMP, and the clock."""
    return shell.read(told, at, own, PROCESSES)
