"""The SSH port of a border controller, by the first thing that it says: that somebody could still log in.

Nobody logs in: there is no login on it that may only look, and everything worth asking there needs root.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from collectors.base import Findings, Observation, Pacing, TcpAnswer, TcpSession

BANNER = "SSH-"  # with which an SSH server's first line begins (RFC 4253, 4.2)
# Rows (no meaning here), pause, time-out, tries, interval.
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(minutes=1))


async def ask(session: TcpSession) -> TcpAnswer:
    """One connection; nothing is sent."""
    return await session.greeting()


def read(answer: TcpAnswer, _at: datetime) -> Findings:
    """The listener is there, or its port is closed; unread where something else answers, or says nothing.

    A port that takes connections and says nothing may be a firewall's, a listener that hangs, or one that is
    slow: none of these is known to be out of use.
    """
    part = Observation(role="equipment", component="ssh listener")
    if not answer.opened:
        return Findings((replace(part, lost=1, total=1, detail="refused: the port is closed"),))
    if answer.greeting is None:
        return Findings((part.not_read("takes connections and says nothing"),))
    if not answer.greeting.startswith(BANNER):
        return Findings((part.not_read(f"says no SSH: {answer.greeting[:60]}"),))
    return Findings((replace(part, lost=0, total=1, detail=answer.greeting[:60]),))
