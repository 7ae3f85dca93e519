"""The certificates on the TLS ports that the site names: until when, and for whom."""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.base import Fact, Findings, Metric, Pacing, TlsAnswer, TlsSession


async def ask(session: TlsSession) -> tuple[TlsAnswer, ...]:
    """One look at each port."""
    return await session.look()


def read(answers: tuple[TlsAnswer, ...], at: datetime) -> Findings:
    """One part for each port."""
    raise NotImplementedError


METRICS: tuple[Metric, ...] = ()
FACTS: tuple[Fact, ...] = ()
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(hours=1))
