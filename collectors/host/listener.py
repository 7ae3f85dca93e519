"""A SIP port by OPTIONS: that something answers which speaks SIP, and no more than that."""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.base import Fact, Findings, Metric, Pacing, SipAnswer, SipSession


async def ask(session: SipSession) -> SipAnswer:
    """One OPTIONS."""
    return await session.options()


def read(answer: SipAnswer, at: datetime) -> Findings:
    """The listener is there, whatever it said."""
    raise NotImplementedError


METRICS: tuple[Metric, ...] = ()
FACTS: tuple[Fact, ...] = ()
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(minutes=1))
