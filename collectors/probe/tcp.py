"""A path probe over TCP: does the address take a connection on that port.

A connection that is refused is an answer, so the path is up; the port is closed, which is a fault of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.base import Findings, Metric, Pacing, TcpAnswer, TcpSession
from collectors.probe.parts import answers_at

ANSWERED = Metric("avaya_path_answer_seconds", "Time until a path probe answered a TCP connect, in seconds.")
METRICS = (ANSWERED,)
# Rows (no meaning here), pause, time-out, tries, interval: half of a system's, so that it is asked in time.
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(seconds=30))


async def ask(session: TcpSession) -> TcpAnswer:
    """One connection."""
    return await session.connect()


def read(answer: TcpAnswer, _at: datetime) -> Findings:
    """The path is up, whatever came; the port is lost if it refused."""
    said = "" if answer.opened else "refused: the path is up and the port is closed"
    part = answers_at("tcp port", works=answer.opened, said=said)
    return Findings((part,), ANSWERED.told(answer.seconds))
