"""A SIP port by OPTIONS: that something answers which speaks SIP, and no more than that.

It is never a service: that a listener answers proves no call.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.base import Fact, Findings, Metric, Observation, Pacing, SipAnswer, SipSession

ANSWERED = Metric("avaya_sip_answer_seconds", "Time until a SIP listener answered an OPTIONS, in seconds.")
METRICS = (ANSWERED,)
FACTS = (
    Fact("SIP: who listens answers an OPTIONS, with whatever status", "RFC 3261, 11.2 and 17.2", "verified"),
    Fact(
        "SIP: a listener may be silent to whom it does not know", "observed of border controllers", "inferred"
    ),
)
# Rows (no meaning here), pause, time-out, tries (repeats are SIP's own), interval.
PACING = Pacing(1, timedelta(0), timedelta(seconds=5), 1, timedelta(minutes=1))


async def ask(session: SipSession) -> SipAnswer:
    """One OPTIONS."""
    return await session.options()


def read(answer: SipAnswer, _at: datetime) -> Findings:
    """The listener is there, whatever it said: 404 and 503 are words of a listener too."""
    said = f"answers {answer.status} {answer.reason}".strip()
    detail = f"{said}, {answer.server}" if answer.server else said
    part = Observation(role="equipment", component="sip listener", lost=0, total=1, detail=detail[:120])
    return Findings((part,), ANSWERED.told(answer.seconds))
