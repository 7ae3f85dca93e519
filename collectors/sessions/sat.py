"""The line to the SAT of one Communication Manager: commands that only show something become answers.

Here is what a command may be, how long it may take, and when the SAT is left alone. What is said on the way
is the business of `sat_dialogue`, the language that of `ossi`. It does not know what a field means.
"""

from __future__ import annotations

import time

from collectors.base import SENTENCE, Refused, SatAnswer
from collectors.sessions.read_only import sat_command, sat_fields
from collectors.sessions.sat_dialogue import NoPort, SatDialogue
from collectors.sessions.ssh import Entrance, SshLine

LIST_SECONDS = 580.0  # konnect2 waits as long for the big lists of a large system
NO_PORT_SECONDS = (
    180.0  # for which a SAT without a free port is left alone, or two intervals if they are less
)


class SatLine(SshLine[SatDialogue]):
    """The `SatSession` of one Communication Manager: one session, one command at a time.

    A command has `pacing.timeout` as its limit, a `list` 580 s if that is more. What the SAT says in words
    (`is an invalid entry`) is the answer's `error`; a SAT that is busy is asked three times in all. An answer
    that is not whole is BadAnswer, and the session is dropped. Without a free SAT port it is Refused, and no
    port is asked for in the next three minutes (in two intervals, if they are less).

    `terminals`: the terminal types to offer, in this order, until one is taken.
    """

    list_seconds = LIST_SECONDS

    def __init__(
        self, entrance: Entrance, terminals: tuple[str, ...] = ("ossi4", "ossi", "ossi3", "ossit")
    ) -> None:
        self._not_before = 0.0  # monotonic
        self.no_port_seconds = min(NO_PORT_SECONDS, 2 * entrance.pacing.interval.total_seconds())
        login, guard = entrance.login, entrance.guard
        super().__init__(entrance, lambda name: SatDialogue(name, login, guard, terminals))

    async def ask(self, command: str, *fids: str) -> SatAnswer:
        """Carry out one `display`, `list` or `status` command; see `SatSession`."""
        sat_command(command)
        sat_fields(fids)
        seconds = max(self._timeout, self.list_seconds) if command.startswith("list ") else self._timeout
        try:
            return await self._ask(
                command, lambda sat, limit: sat.ask(command, fids, limit), seconds, _outcome
            )
        except NoPort:
            self._not_before = time.monotonic() + self.no_port_seconds
            raise

    def _may_open(self, name: str) -> None:
        left = self._not_before - time.monotonic()
        if left > 0:
            raise Refused(
                name,
                f"no free SAT port; not asked for one for {left:.0f} s more",
                most=SENTENCE,
            )


def _outcome(answer: SatAnswer) -> str:
    if answer.error is not None:
        return answer.error
    return "1 record" if len(answer.records) == 1 else f"{len(answer.records)} records"
