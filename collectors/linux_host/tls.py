"""Any Linux server over TLS: the certificates on the ports that the site names."""

from __future__ import annotations

from datetime import datetime

from collectors.base import Findings, TlsAnswer, TlsSession
from collectors.host import certificates


async def ask(session: TlsSession) -> tuple[TlsAnswer, ...]:
    """One look at each port."""
    return await certificates.ask(session)


def read(answers: tuple[TlsAnswer, ...], at: datetime) -> Findings:
    """Each port's certificate, for how long and for whom."""
    return certificates.read(answers, at)
