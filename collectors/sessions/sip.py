"""A SIP line to one address: one OPTIONS over UDP, TCP or TLS, and what answers it."""

from __future__ import annotations

from collectors.base import Pacing, Question, SipAnswer, SipTransport


class SipLine:
    """The `SipSession` of one address. `domain`: of the request's URI; None: the address."""

    def __init__(
        self, *, address: str, port: int, transport: SipTransport, domain: str | None, pacing: Pacing
    ) -> None:
        self.questions: list[Question] = []
        self._address = address
        self._port = port
        self._transport = transport
        self._domain = domain
        self._timeout = pacing.timeout.total_seconds()

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Nothing is kept open between two questions."""

    async def options(self) -> SipAnswer:
        """Send one OPTIONS and take what answers it."""
        raise NotImplementedError
