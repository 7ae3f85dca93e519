"""Answers the questions that the command line asks the running daemon. It decides nothing.

What devices are asked goes over the daemon's own lines and budget. Who asks is the kernel's word, never a
name that a client claims.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from agent.acting import Person, Refused, act, said
from agent.baseline_views import baseline_views
from agent.changing import change, said_of
from agent.control import Answer, Caller, Request
from agent.enrolling import SHOWN, Shown, accept, look, terminals_of
from agent.entries import Body
from agent.finding import adopted, found_views
from agent.journal import JournalError
from agent.knowledge import Knowledge
from agent.known_hosts import KnownHostsError
from agent.loading import Setup
from agent.polling import Polling
from agent.questions import (
    ATTAINMENT,
    BASELINES,
    EXPLANATION,
    FOUND,
    POLL_PATIENCE,
    READINGS,
    TAKEN,
    TICKETS,
    WANTED,
    WANTED_WINDOW,
    WAYS,
    WINDOWS,
    Taken,
    attained,
    explained,
    no_such_system,
)
from agent.readings_store import ReadingsStore
from agent.showing import pending_texts, ticket_views
from agent.site import System
from agent.window_views import window_views
from collectors.base import PollError

log = logging.getLogger("trunkwatch")


class Desk:
    """Where questions are answered.

    `setup`: the one in force; `knowledge`: all that is known now; `reload`: takes the site file anew, and
    gives why it was not taken; `tell`: writes down what a person decided, or raises JournalError. `turn`:
    whoever decides holds it from what he saw until it is written, so that no two decide on the same.
    `readings`: those that are kept.
    """

    def __init__(
        self,
        setup: Callable[[], Setup],
        polling: Polling,
        knowledge: Callable[[], Knowledge],
        *,
        now: Callable[[], datetime],
        reload: Callable[[], Awaitable[str]],
        tell: Callable[[Body], Awaitable[None]],
        turn: asyncio.Lock,
        readings: ReadingsStore,
    ) -> None:
        self._setup = setup
        self._polling = polling
        self._knowledge = knowledge
        self._now = now
        self._reload = reload
        self._tell = tell
        self._turn = turn
        self._readings = readings

    async def answer(self, request: Request, caller: Caller) -> Answer:
        """The answer to one question, or one sentence why there is none."""
        try:
            return await self._answer(request, caller)
        except (PollError, KnownHostsError, LookupError) as error:
            return _no(error.args[0])

    async def _answer(self, request: Request, caller: Caller) -> Answer:
        match request.question:
            case "act":
                return await self._act(request, caller)
            case "change":
                return await self._change_windows(request, caller)
            case "adopt":
                return await self._adopt(self._system(request), request, caller)
            case "poll":
                return await self._poll(self._system(request))
            case "readings":  # whoever asks reads the file
                await self._readings.write()
                return _yes(None)
            case "host_keys":
                shown = await look(self._system(request), self._polling.means.known_hosts)
                return _yes(SHOWN.dump_python(shown, mode="json"))
            case "retry_login":
                return self._retry_login(self._system(request), caller)
            case "enroll" | "reload":
                return await self._change(request, caller)
            case _:
                return self._told(request)

    def _told(self, request: Request) -> Answer:
        """What is known already: no device is asked, and nothing changes."""
        known, setup, now = self._knowledge(), self._setup(), self._now()
        match request.question:
            case "tickets":
                every = ticket_views(known.tickets.by_id.values(), setup.terms, now, known.sight.unseen)
                return _yes(TICKETS.dump_python(every, mode="json"))
            case "maintenance":
                windows = window_views(known.history.windows, setup.terms, now)
                return _yes(WINDOWS.dump_python(windows, mode="json"))
            case "explain":
                why = explained(request.arguments.get("ticket", ""), known.tickets, setup.terms, now)
                return _yes(EXPLANATION.dump_python(why, mode="json"))
            case "pending":
                return _yes(list(pending_texts(known.incidents, setup.site.zone)))
            case "attainment":
                return self._attained(request.arguments.get("month", ""))
            case "baseline":
                expected = baseline_views(known.history, setup.site, setup.agreement, setup.watches, now)
                return _yes(BASELINES.dump_python(expected, mode="json"))
            case "found":
                found = found_views(known.history.found, setup.site, now)
                return _yes(FOUND.dump_python(found, mode="json"))
            case _:
                return _no(f"this daemon knows no question {request.question!r}")

    async def _change(self, request: Request, caller: Caller) -> Answer:
        """What changes whom the daemon trusts, or what it does: for root, or its own user."""
        if request.question == "enroll":
            if not _may_change(caller):
                return _no("only root may let the daemon accept a host key: use sudo")
            return self._enroll(request, caller)
        if not _may_change(caller):
            return _no("only root may let the daemon take its site file anew: use sudo")
        trouble = await self._reload()
        return _no(trouble) if trouble else _yes(None)

    async def _act(self, request: Request, caller: Caller) -> Answer:
        """Take what a person does to a ticket. It is on the disk before the person is told so."""
        try:
            wanted = WANTED.validate_strings(dict(request.arguments))
        except ValidationError as error:
            return _no(_not_understood("act", error))
        person = Person(user_name(caller.uid), caller.uid)
        async with self._turn:
            known, now = self._knowledge(), self._now()
            try:
                body = act(wanted, person, known.tickets, known.incidents, self._setup().terms, now)
                await self._tell(body)
            except Refused as refusal:
                return _yes(TAKEN.dump_python(Taken(False, str(refusal))))
            except JournalError as error:
                return _no(f"nothing was done to {wanted.ticket}: {error}")
        return _yes(TAKEN.dump_python(Taken(True, said(wanted, body, now))))

    async def _change_windows(self, request: Request, caller: Caller) -> Answer:
        """Take what a person says of a maintenance window, as `_act` does of a ticket."""
        try:
            wanted = WANTED_WINDOW.validate_json(request.arguments.get("wanted", ""))
        except ValidationError as error:
            return _no(_not_understood("change", error))
        person = Person(user_name(caller.uid), caller.uid)
        async with self._turn:
            known, now, site = self._knowledge(), self._now(), self._setup().site
            try:
                body = change(wanted, person, known.history.windows, site, now)
                await self._tell(body)
            except Refused as refusal:
                return _yes(TAKEN.dump_python(Taken(False, str(refusal))))
            except JournalError as error:
                return _no(f"nothing was changed: {error}")
        return _yes(TAKEN.dump_python(Taken(True, said_of(body, site, known.picture, now))))

    async def _adopt(self, system: System, request: Request, caller: Caller) -> Answer:
        component, note = request.arguments.get("component") or None, request.arguments.get("note", "")
        async with self._turn:
            found = self._knowledge().history.found
            try:
                body = adopted(found, system.name, component, note, Person(user_name(caller.uid), caller.uid))
                await self._tell(body)
            except Refused as refusal:
                return _yes(TAKEN.dump_python(Taken(False, str(refusal))))
            except JournalError as error:
                return _no(f"nothing was adopted: {error}")
        what = component or "all that was found at installation"
        sentence = f"{what} on {system.name} counts from now on, adopted by {body.by}"
        return _yes(TAKEN.dump_python(Taken(True, sentence)))

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
            known, site = self._knowledge(), self._setup().site
            found = attained(month, site, known.tickets, known.sight, self._now(), running=True)
            return _yes(ATTAINMENT.dump_python(found, mode="json"))
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


def user_name(uid: int) -> str:
    """The name of that user on this machine; the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _may_change(caller: Caller) -> bool:
    """Who may ask the daemon is not who may change what it trusts: that is root, or the daemon's own user."""
    return caller.uid in (0, os.geteuid())


def _not_understood(what: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"the daemon does not understand the {what}: {where}: {first['msg']}"


def _yes(body: Any) -> Answer:
    return Answer(ok=True, body=body)


def _no(sentence: str) -> Answer:
    return Answer(ok=False, error=sentence)
