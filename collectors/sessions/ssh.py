"""An SSH line to one system: a session kept between polls, its thread, its trace, and what goes wrong.

Here a host key is known or not, a login is tried or not, a question has its limit, and a session that failed
is dropped: its next words would be the end of the last answer. What is said on the terminal, or which program
runs, is the business of a `Dialogue`; paramiko is known to `ssh_wire` alone. It does not decide when to poll.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from collectors.base import SENTENCE, BadAnswer, Pacing, PollError, Question, Refused, Unreachable
from collectors.sessions.host_keys import HostKey, KnownHosts
from collectors.sessions.login import Login, LoginGuard
from collectors.sessions.ssh_terminal import Flood, HungUp
from collectors.sessions.ssh_wire import Connection
from collectors.sessions.workers import Late, Limit, Unwanted, Worker

__all__ = ["Dialogue", "Entrance", "HostKey", "KnownHosts", "Login", "LoginGuard", "SshLine", "host_key_of"]

IDLE = 30 * 60.0  # seconds without a question after which a session is logged off
PROBE_AFTER = 30.0  # seconds without a question after which a session is tested before the next one
LEAVE = 1.0  # seconds for logging off
CUT = 1.4  # seconds after which a session that should end is cut off
TRIES = 3  # of a question that finds the system busy with another
BETWEEN = 3.0  # seconds from one try to the next
GRACE = 1.0  # seconds beyond the limits of the thread until it is cut off from outside

R = TypeVar("R")


class Voice(Protocol):
    """What is heard on a connection: a terminal, or what programs say."""

    @property
    def text(self) -> str:
        """What was heard of the question in progress."""
        ...

    @property
    def hung_up(self) -> bool:
        """Whether the other end has ended it."""
        ...

    def pending(self) -> bool:
        """Whether something is there that nobody has taken."""
        ...


V_contra = TypeVar("V_contra", bound=Voice, contravariant=True)


class Dialogue(Protocol[V_contra]):
    """What is said on a connection. Every call runs in the session's thread and keeps within its limit."""

    def enter(self, voice: V_contra, limit: Limit, /) -> str:
        """Get from the first prompt to where commands are taken; returns a word on how, for the trace."""
        ...

    def probe(self, limit: Limit) -> None:
        """Prove that it still listens, and forget what lies about. Raises whatever if not."""
        ...

    def leave(self, limit: Limit) -> None:
        """Log off and wait for the other end to hang up."""
        ...


D = TypeVar("D", bound=Dialogue[Any])


class _Session(Generic[D]):
    """One connection from dialling to hanging up, with the thread that waits for it."""

    def __init__(self, connection: Connection, dialogue: D) -> None:
        self.connection = connection
        self.dialogue = dialogue
        self.unwanted = threading.Event()
        self.voice: Voice | None = None  # of the thread, as is the next
        self.entered = False  # before that a word of farewell would be taken for a password
        self._worker = Worker(connection.name)
        self._ended: asyncio.Future[None] | None = None

    async def run(self, work: Callable[[], R], seconds: float) -> R:
        """Have the thread do this; cut off from outside what does not keep its limits."""
        future = self._worker.run(work)
        await asyncio.wait([future], timeout=seconds + GRACE)
        if not future.done():
            self.connection.abort()
            await asyncio.wait([future], timeout=GRACE)
        if not future.done():
            raise Unreachable(self.connection.name, "its thread does not come back; the session is dropped")
        return future.result()

    def end(self) -> asyncio.Future[None]:
        """Stop what the thread does, log off where the other end still talks, hang up. Never blocks."""
        if self._ended is None:
            self.unwanted.set()
            self._ended = self._worker.run(self._hang_up)
            self._worker.end()
            cut = asyncio.get_running_loop().call_later(CUT, self.connection.abort)
            self._ended.add_done_callback(lambda _: cut.cancel())
        return self._ended

    def _hang_up(self) -> None:
        try:
            if self.entered and self.connection.alive and self.voice and not self.voice.hung_up:
                self.dialogue.leave(Limit(LEAVE, threading.Event()))
        except (Late, HungUp, Flood):
            pass  # it is gone either way
        finally:
            self.connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Where a system is entered, by whom, how hard it may be asked, and who remembers keys and refusals."""

    address: str
    port: int
    login: Login
    pacing: Pacing
    known_hosts: KnownHosts
    guard: LoginGuard


class SshLine(Generic[D]):
    """What the lines over SSH have in common: one session, one question at a time.

    The session is opened by the first question, kept between polls, tested after half a minute without a
    question, and logged off after half an hour without one, by `close`, and after any error. Opening takes at
    most `pacing.timeout` for each of five steps: connection, handshake, login, terminal, dialogue. A question
    has a limit of its own, and `pacing.pause` lies between two. `pacing.tries` and `pacing.rows` mean nothing
    here.

    `questions` is the trace of the poll in progress; `begin` clears it.
    """

    idle = IDLE
    probe_after = PROBE_AFTER
    tries = TRIES

    def __init__(self, entrance: Entrance, dialogue: Callable[[str], D]) -> None:
        self.questions: list[Question] = []
        self._entrance = entrance
        self._timeout = entrance.pacing.timeout.total_seconds()
        self._pause = entrance.pacing.pause.total_seconds()
        self._dialogue = dialogue
        self._turn = asyncio.Lock()  # one question at a time
        self._session: _Session[D] | None = None
        self._leaving: asyncio.Future[None] | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._last = 0.0  # loop time at which the last question ended

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Log off and hang up, within two seconds whatever hangs. A question that waits is Unreachable."""
        self._drop(self._session)
        if self._leaving is not None:
            await asyncio.wait([self._leaving], timeout=CUT + 0.4)

    async def _ask(
        self, text: str, work: Callable[[D, Limit], R], seconds: float, count: Callable[[R], str]
    ) -> R:
        """One question: `work` in the session's thread, with `seconds` as the limit of each of its tries."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
            await asyncio.sleep(max(0.0, self._last + self._pause - loop.time()))
            session = await self._ready()
            try:
                with self._traced(text) as outcome:
                    result = await session.run(
                        lambda: self._within(text, session, seconds, work), self.tries * (seconds + BETWEEN)
                    )
                    outcome.append(count(result))
            except BaseException:
                self._drop(session)  # its next words would be the end of this answer
                raise
            self._last = loop.time()
            if self._session is session:
                self._idle_timer = loop.call_later(self.idle, self._drop, session)
            return result

    async def _ready(self) -> _Session[D]:
        """An open session: the one that is there if it still listens, else a new one."""
        session = self._session
        if session is not None:
            silent = asyncio.get_running_loop().time() - self._last > self.probe_after
            try:
                if await session.run(lambda: self._listens(session, test=silent), self._timeout):
                    return session
            except BaseException:
                self._drop(session)
                raise
            self._drop(session)
        if self._leaving is not None:  # one session per system: the last one first goes
            await asyncio.wait([self._leaving], timeout=CUT + 0.4)
        return await self._open()

    async def _open(self) -> _Session[D]:
        connection = Connection(self._entrance.address, self._entrance.port)
        self._may_open(connection.name)
        session = self._session = _Session(connection, self._dialogue(connection.name))
        try:
            with self._traced(connection.name) as outcome:
                how = await session.run(lambda: self._enter(session), 5 * self._timeout)
                outcome.append(f"logged in, {how}")
        except BaseException:
            self._drop(session)
            raise
        return session

    def _may_open(self, name: str) -> None:
        """Raise Refused where the system is to be left alone for now."""

    def _voice(self, connection: Connection, limit: Limit) -> Any:
        """What its dialogue is held with, in the session's thread."""
        return connection.terminal(limit)

    # -- in the session's thread

    def _enter(self, session: _Session[D]) -> str:
        connection, whole = session.connection, Limit(0, session.unwanted)
        try:
            if (barred := self._entrance.guard.barred()) is not None:
                raise Refused(connection.name, barred, most=SENTENCE)
            known = self._entrance.known_hosts.key(self._entrance.address, self._entrance.port)
            connection.dial(whole.part(self._timeout))
            key = connection.shake_hands([known_key.type for known_key in known], whole.part(self._timeout))
            _recognise(connection.name, key, known)
            connection.log_in(self._entrance.login, self._entrance.guard, whole.part(self._timeout))
            session.voice = voice = self._voice(connection, whole.part(self._timeout))
            how = session.dialogue.enter(voice, whole.part(self._timeout))
            session.entered = True
            return f"{how} ({connection.algorithms})"
        except Late:
            said = _last_line(self._entrance.login, session.voice)
            if said:
                raise BadAnswer(connection.name, f"waits at what is not known here: {said!r}") from None
            raise Unreachable(connection.name, "the login is accepted, and then nothing comes") from None
        except HungUp:
            said = _last_line(self._entrance.login, session.voice)
            raise BadAnswer(
                connection.name, f"hung up after the login{f': {said!r}' if said else ''}"
            ) from None
        except Flood:
            raise BadAnswer(connection.name, "floods its terminal after the login") from None
        except Unwanted:
            raise Unreachable(connection.name, "the line was closed") from None

    def _within(self, text: str, session: _Session[D], seconds: float, work: Callable[[D, Limit], R]) -> R:
        limit, voice = Limit(seconds, session.unwanted), session.voice
        try:
            return work(session.dialogue, limit)
        except Late:
            if voice is not None and voice.text.strip():
                raise BadAnswer(text, f"not at its end within {seconds:g} s") from None
            raise Unreachable(text, f"no answer in {seconds:g} s") from None
        except HungUp:
            if voice is not None and voice.text.strip():
                raise BadAnswer(text, "the system hung up in the middle of the answer") from None
            raise Unreachable(text, "the system hung up") from None
        except Flood:
            raise BadAnswer(text, "the answer does not end") from None
        except Unwanted:
            raise Unreachable(text, "the line was closed") from None

    def _listens(self, session: _Session[D], *, test: bool) -> bool:
        voice = session.voice
        if voice is None or not session.connection.alive or voice.hung_up:
            return False
        try:
            if test or voice.pending():
                session.dialogue.probe(Limit(self._timeout, session.unwanted))
        except (Late, HungUp, Flood, PollError):
            return False
        except Unwanted:
            raise Unreachable(session.connection.name, "the line was closed") from None
        return not voice.hung_up

    # -- in the event loop

    def _drop(self, session: _Session[D] | None) -> None:
        """End this session, if it is the line's; never waits."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if session is not None and self._session is session:
            self._session = None
            self._leaving = session.end()

    @contextmanager
    def _traced(self, text: str) -> Iterator[list[str]]:
        loop = asyncio.get_running_loop()
        began, outcome = loop.time(), ["given up"]
        try:
            yield outcome
        except PollError as error:
            outcome.append(error.detail)
            raise
        finally:
            self.questions.append(Question(text, loop.time() - began, outcome[-1]))


async def host_key_of(address: str, port: int, timeout: float) -> HostKey:  # noqa: ASYNC109 - its thread keeps it
    """The key that a server proves to have, for an operator to accept. No login is tried.

    `timeout`: seconds for the connection and again for the handshake. Raises Unreachable, BadAnswer.
    """
    connection, unwanted = Connection(address, port), threading.Event()
    worker = Worker(connection.name)

    def look() -> HostKey:
        try:
            connection.dial(Limit(timeout, unwanted))
            return connection.shake_hands((), Limit(timeout, unwanted))
        except Unwanted:
            raise Unreachable(connection.name, "given up") from None
        finally:
            connection.close()

    try:
        return await worker.run(look)
    finally:
        unwanted.set()
        connection.abort()
        worker.end()


def _recognise(name: str, key: HostKey, known: Sequence[HostKey]) -> None:
    if key in known:
        return
    if not known:
        raise Refused(
            name,
            f"unknown host key {key.fingerprint}; `trunkwatch enroll SYSTEM` shows and stores it",
            most=SENTENCE,
        )
    before = ", ".join(one.fingerprint for one in known[:2])
    raise Refused(
        name,
        f"its host key changed from {before} to {key.fingerprint}; if that was meant, "
        "`trunkwatch enroll SYSTEM` stores the new one",
        most=SENTENCE,
    )


def _last_line(login: Login, voice: Voice | None) -> str:
    lines = (voice.text if voice is not None else "").split("\n")
    return login.hide(next((line.strip() for line in reversed(lines) if line.strip()), ""))[-40:]
