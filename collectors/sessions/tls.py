"""A look at the certificates that the TLS ports of one device offer. Nothing is verified, nothing is sent."""

from __future__ import annotations

from datetime import timedelta

from collectors.base import Pacing, Question, TlsAnswer


class TlsLine:
    """The `TlsSession` of one device. `name`, `warn`: what the site says of the certificates."""

    def __init__(
        self, *, address: str, ports: tuple[int, ...], name: str | None, warn: timedelta, pacing: Pacing
    ) -> None:
        self.questions: list[Question] = []
        self._address = address
        self._ports = ports
        self._name = name.lower() if name is not None else None
        self._warn = warn
        self._timeout = pacing.timeout.total_seconds()

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Nothing is kept open between two looks."""

    async def look(self) -> tuple[TlsAnswer, ...]:
        """One handshake with each port."""
        raise NotImplementedError
