"""Answers the questions that the command line asks the running daemon. It decides nothing.

What devices are asked goes over the daemon's own lines and budget. Who asks is the kernel's word, never a
name that a client claims.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from agent.attainment import Attainment
from agent.control import Answer, Caller, Request
from agent.enrolling import SHOWN, Shown, accept, look, terminals_of
from agent.entries import Body
from agent.known_hosts import KnownHostsError
from agent.loading import Setup
from agent.polling import Polling
from agent.questions import ATTAINMENT, POLL_PATIENCE, READINGS, TICKETS, WAYS, no_such_system
from agent.responding import respond
from agent.site import System
from agent.views import TicketView
from collectors.base import PollError

log = logging.getLogger("trunkwatch")


class Desk:
    """Where questions are answered.

    `setup`: the one in force; `tickets`: every ticket as it is now; `attainment`: a month's, raises
    ValueError; `reload`: takes the site file anew, and gives why it was not taken; `tell`: writes down what
    a person decided, or raises JournalError.
    """

    def __init__(
        self,
        setup: Callable[[], Setup],
        polling: Polling,
        tickets: Callable[[], tuple[TicketView, ...]],
        *,
        attainment: Callable[[str], Attainment],
        reload: Callable[[], Awaitable[str]],
        tell: Callable[[Body], Awaitable[None]],
    ) -> None:
        self._setup = setup
        self._polling = polling
        self._tickets = tickets
        self._attainment = attainment
        self._reload = reload
        self._tell = tell
        self._one_answer = asyncio.Lock()

    async def answer(self, request: Request, caller: Caller) -> Answer:
        """The answer to one question, or one sentence why there is none."""
        try:
            match request.question:
                case "tickets":
                    return _yes(TICKETS.dump_python(self._tickets(), mode="json"))
                case "attainment":
                    return self._attained(request.arguments.get("month", ""))
                case "respond":
                    async with self._one_answer:
                        return await respond(request, caller, self._tickets, self._tell)
                case "poll":
                    return await self._poll(self._system(request))
                case "host_keys":
                    shown = await look(self._system(request), self._polling.means.known_hosts)
                    return _yes(SHOWN.dump_python(shown, mode="json"))
                case "enroll" if _may_change(caller):
                    return self._enroll(request, caller)
                case "retry_login":
                    return self._retry_login(self._system(request), caller)
                case "reload" if _may_change(caller):
                    trouble = await self._reload()
                    return _no(trouble) if trouble else _yes(None)
                case "enroll":
                    return _no("only root may let the daemon accept a host key: use sudo")
                case "reload":
                    return _no("only root may let the daemon take its site file anew: use sudo")
                case _:
                    return _no(f"this daemon knows no question {request.question!r}")
        except (PollError, KnownHostsError, LookupError) as error:
            return _no(error.args[0])

    def _system(self, request: Request) -> System:
        """The system that is asked about. Raises LookupError with the sentence for a name that is none."""
        name, site = request.arguments.get("system", ""), self._setup().site
        known = tuple(system.name for system in site.systems)
        if name not in known:
            raise LookupError(no_such_system(name, known))
        return site.system(name)

    async def _poll(self, system: System) -> Answer:
        try:
            async with asyncio.timeout(POLL_PATIENCE.total_seconds()):
                readings = await self._polling.poll_now(system.name)
        except TimeoutError:
            return _no(f"{system.name}: the poll has not ended; ask again")
        return _yes(READINGS.dump_python(readings, mode="json"))

    def _attained(self, month: str) -> Answer:
        try:
            return _yes(ATTAINMENT.dump_python(self._attainment(month), mode="json"))
        except ValueError as error:
            return _no(str(error))

    def _enroll(self, request: Request, caller: Caller) -> Answer:
        system, wanted = self._system(request), request.arguments.get("protocol", "")
        for protocol, section in terminals_of(system):
            if protocol == wanted:
                kind, key = request.arguments.get("type", ""), request.arguments.get("base64", "")
                shown = Shown(system.name, protocol, str(system.address), section.port, kind, key, ())
                accept(shown, self._polling.means.known_hosts)
                log.warning(
                    "%s (%s): host key %s stored by uid %d",
                    system.name,
                    protocol,
                    shown.fingerprint,
                    caller.uid,
                )
                self._polling.schedule.poll_now(system.name)
                return _yes(None)
        return _no(f"{system.name} is not asked by {wanted!r}")

    def _retry_login(self, system: System, caller: Caller) -> Answer:
        logins = self._polling.means.logins
        allowed = tuple(name for name, _ in terminals_of(system) if logins.allow(system.name, name))
        if allowed:
            log.warning(
                "%s (%s): may log in once more, says uid %d", system.name, ", ".join(allowed), caller.uid
            )
            self._polling.schedule.poll_now(system.name)
        return _yes(WAYS.dump_python(allowed, mode="json"))


def _may_change(caller: Caller) -> bool:
    """Who may ask the daemon is not who may change what it trusts: that is root, or the daemon's own user."""
    return caller.uid in (0, os.geteuid())


def _yes(body: Any) -> Answer:
    return Answer(ok=True, body=body)


def _no(sentence: str) -> Answer:
    return Answer(ok=False, error=sentence)
