"""The SIP port of a border controller, by OPTIONS: as of any SIP listener."""

from __future__ import annotations

from datetime import datetime

from collectors.base import Findings, SipAnswer, SipSession
from collectors.host import listener


async def ask(session: SipSession) -> SipAnswer:
    """One OPTIONS."""
    return await listener.ask(session)


def read(answer: SipAnswer, at: datetime) -> Findings:
    """The listener is there, whatever it said."""
    return listener.read(answer, at)
