"""An SNMP line to one device: questions of a collector become requests, and every misbehaviour what it is.

Here are the tries, the deadlines, the pacing, the places in flight, and the proof that what an agent answered
is what it was asked. It does not know what an OID means, and does not decide when to poll.

An agent that has nothing to tell says so (noSuchObject, noSuchInstance, endOfMibView, an OID beyond the
column); only that is *not told*. Anything else that is not the answer is BadAnswer, and silence is
Unreachable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from collectors.base import Answers, BadAnswer, Pacing, PollError, Question, Refused, Unreachable, Value
from collectors.sessions.snmp_engine import open_wire
from collectors.sessions.snmp_wire import Absent, Ask, Credentials, Oid, Reply, Report, Wire

__all__ = ["Credentials", "Lanes", "SnmpLine"]

ANSWERING_PLACES = 40
SILENT_PLACES = 10
OIDS_PER_GET = 20
WALK_SECONDS = 300.0  # a table that is not at its end by then is not read while it still holds

_REFUSALS = {  # RFC 3414 section 3.2, by pysnmp's names
    "UnknownUserName": "unknown user",
    "WrongDigest": "wrong authentication password or protocol",
    "AuthenticationFailure": "wrong authentication password or protocol",
    "DecryptionError": "wrong privacy password or protocol",
    "UnsupportedSecurityLevel": "this user may not be used with this authentication and privacy",
    "EncryptionError": "this machine has no such privacy protocol",
}
_REFUSING_STATUS = ("noAccess", "authorizationError")


class Lanes:
    """The places for requests in flight, shared by all lines of a process: 50, however many the devices.

    40 places for systems that answer, 10 for systems whose last question went unanswered, so dead systems
    never crowd out live ones. (Above 50, pysnmp's decoding alone can use up a timeout.) A system counts as
    one that answers until a try goes unanswered: of many that die at once, each holds a place of the 40 for
    one timeout, once.
    """

    def __init__(self) -> None:
        self._answering = asyncio.Semaphore(ANSWERING_PLACES)
        self._silent = asyncio.Semaphore(SILENT_PLACES)

    def place(self, *, answering: bool) -> asyncio.Semaphore:
        """The lane to wait in: `async with lanes.place(answering=...)` around one request."""
        return self._answering if answering else self._silent


class SnmpLine:
    """The `SnmpSession` of one device: versions 1, 2c and 3, one request in flight.

    A question is one `get` or one `walk`. Each of its requests is sent up to `pacing.tries` times, waits
    `pacing.timeout` each time, and has their product as its deadline; waiting for a place or a pause does not
    count. `pacing.pause` lies between the end of one request and the next. A walk of more than
    `pacing.most_rows` rows a column, or of more than five minutes, is BadAnswer.

    Version 3: an agent that rebooted is corrected within the question. A wrong user name or authentication
    password is Refused; a wrong privacy password is what the agent lets one see: a report (Refused), or, with
    net-snmp, silence (Unreachable). After a refusal or silence where the agent had answered before, its keys
    are made anew once, since its engine id may have changed; only what it says then counts.

    `questions` is the trace of the poll in progress; `begin` clears it. The socket is opened by the first
    question; after `close` the next question opens it again.
    """

    def __init__(
        self, *, address: str, port: int, credentials: Credentials, pacing: Pacing, lanes: Lanes
    ) -> None:
        self.questions: list[Question] = []
        self._address = address
        self._port = port
        self._credentials = credentials
        self._timeout = pacing.timeout.total_seconds()
        self._tries = pacing.tries
        self._pause = pacing.pause.total_seconds()
        self._rows = pacing.rows
        self._most_rows = pacing.most_rows
        self._lanes = lanes
        self._turn = asyncio.Lock()  # one question at a time: a device is never asked twice at once
        self._wire: Wire | None = None
        self._answering = True
        self._quiet_until = 0.0  # loop time before which the device is left alone

    def begin(self) -> None:
        """Start the trace of a new poll."""
        self.questions = []

    async def close(self) -> None:
        """Release socket and keys. A question in progress becomes Unreachable."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def get(self, *oids: str) -> Answers:
        """Ask for scalars. Raises Unreachable, Refused, BadAnswer; ValueError for what is no OID."""
        wanted = tuple(dict.fromkeys(map(_parse, oids)))
        text = f"get {_name(wanted, 'more')}"
        values: dict[str, Value] = {}
        async with self._turn:
            with self._traced(text) as outcome:
                for start in range(0, len(wanted), OIDS_PER_GET):
                    await self._get(text, wanted[start : start + OIDS_PER_GET], values)
                absent = len(wanted) - len(values)
                outcome.append(_count(len(values), "value") + (f", {absent} absent" if absent else ""))
        return Answers(frozenset(map(_dotted, wanted)), values)

    async def walk(self, *columns: str) -> Answers:
        """Ask for columns of one table, side by side. Raises as `get` does; never returns half a table."""
        wanted = tuple(dict.fromkeys(map(_parse, columns)))
        text = f"walk {_name(wanted, 'more columns')}"
        table = _Table(text, wanted, self._most_rows)
        async with self._turn:
            with self._traced(text) as outcome:
                requests = await self._walk(text, table)
                outcome.append(f"{_count(table.rows(), 'row')} in {_count(requests, 'answer')}")
        return Answers(frozenset(map(_dotted, wanted)), table.values)

    async def _get(self, text: str, oids: tuple[Oid, ...], values: dict[str, Value]) -> None:
        reply = await self._ask(text, Ask("get", oids))
        one = len(oids) == 1
        if reply.status == "tooBig" and not one:
            half = len(oids) // 2
            await self._get(text, oids[:half], values)
            await self._get(text, oids[half:], values)
            return
        if reply.status == "noSuchName" and self._credentials.version == "1":
            # version 1 fails the whole request for one absent OID: each is proven absent alone
            for oid in () if one else oids:
                await self._get(text, (oid,), values)
            return
        _check_status(text, reply)
        if len(reply.binds) != len(oids):
            raise BadAnswer(text, f"asked for {len(oids)}, answered {len(reply.binds)} variables")
        for asked, (oid, value) in zip(oids, reply.binds, strict=True):
            if oid != asked:
                raise BadAnswer(text, f"asked for {_dotted(asked)}, answered {_dotted(oid)}")
            if value is None or value is Absent.END:
                raise BadAnswer(
                    text, f"{_dotted(oid)} was answered with {'NULL' if value is None else value.value}"
                )
            if not isinstance(value, Absent):
                values[_dotted(oid)] = value

    async def _walk(self, text: str, table: _Table) -> int:
        """Fill the table; returns the number of answers that it took."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + WALK_SECONDS
        rows, answers = self._rows, 0
        while table.unfinished:
            if loop.time() > ends:
                raise BadAnswer(text, f"does not end: {table.rows()} rows in {WALK_SECONDS:.0f} s")
            answers += 1
            if self._credentials.version == "1":
                table.take(await self._next(text, table.last()), rows=1)
                continue
            reply = await self._ask(text, Ask("bulk", table.last(), rows))
            if reply.status == "tooBig" and rows > 1:
                rows //= 2
                continue
            _check_status(text, reply)
            table.take(reply.binds, rows=rows)
        return answers

    async def _next(self, text: str, oids: tuple[Oid, ...]) -> list[tuple[Oid, Value | Absent | None]]:
        """GETNEXT for version 1, which fails the whole request where one column is at the end of all."""
        reply = await self._ask(text, Ask("next", oids))
        if reply.status == "noSuchName":
            if len(oids) == 1:
                return [(oids[0], Absent.END)]
            return [bind for oid in oids for bind in await self._next(text, (oid,))]
        _check_status(text, reply)
        return list(reply.binds)

    async def _ask(self, text: str, ask: Ask) -> Reply:
        """One request and its answer, over as many tries as the pacing allows."""
        loop = asyncio.get_running_loop()
        left = self._timeout * self._tries
        tries, renewed = self._tries, False
        stray: bytes | None = None
        failure: str | None = None
        while tries > 0 and left > 0:
            await asyncio.sleep(max(0.0, self._quiet_until - loop.time()))
            async with self._lanes.place(answering=self._answering):
                wire = await self._open(text)
                began = loop.time()
                future = wire.send(ask)
                try:
                    await asyncio.wait([future], timeout=min(self._timeout, left))
                finally:  # cancelled too: the answer must find nobody, and the device its pause
                    wire.forget()
                    self._quiet_until = loop.time() + self._pause
            left -= loop.time() - began
            self._answering = future.done()
            if not future.done():
                stray, failure = wire.stray or stray, wire.failure or failure
                tries -= 1
                if tries <= 1:
                    self._renew(wire)
                continue
            outcome = future.result()
            if isinstance(outcome, Reply):
                return outcome
            if renewed or not self._renew(wire):
                raise _refusal(text, outcome)
            renewed = True
        if stray is not None:
            raise BadAnswer(text, f"unreadable answer {stray.hex()}")
        silence = f"no answer in {self._tries} x {self._timeout} s"
        raise Unreachable(text, f"{silence} ({failure})" if failure else silence)

    async def _open(self, text: str) -> Wire:
        if self._wire is None:
            wire = open_wire(self._address, self._port, self._credentials)
            self._wire = wire  # before the await: a cancelled opening is closed by close()
            try:
                await wire.open()
            except OSError as error:
                self._wire = None
                raise Unreachable(text, f"this machine opens no socket: {error.strerror}") from error
        return self._wire

    def _renew(self, wire: Wire) -> bool:
        """Drop what was learned of a version 3 agent, if it had answered by it. True if there was any."""
        if self._credentials.version != "3" or not wire.proven or self._wire is not wire:
            return False
        wire.drop()
        self._wire = None
        return True

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


class _Table:
    """The columns of a walk as far as they are read, and the proof that each goes on and ends as it must."""

    def __init__(self, text: str, columns: tuple[Oid, ...], most_rows: int) -> None:
        self.values: dict[str, Value] = {}
        self.unfinished = list(columns)
        self._text = text
        self._most_rows = most_rows
        self._last = {column: column for column in columns}
        self._count = dict.fromkeys(columns, 0)
        self._indexes: set[Oid] = set()

    def rows(self) -> int:
        """How many different rows were seen."""
        return len(self._indexes)

    def last(self) -> tuple[Oid, ...]:
        """From where each unfinished column goes on."""
        return tuple(self._last[column] for column in self.unfinished)

    def take(self, binds: Sequence[tuple[Oid, Value | Absent | None]], *, rows: int) -> None:
        """Take one answer: rows of the unfinished columns, cut off at any variable (RFC 3416 4.2.3)."""
        columns = tuple(self.unfinished)
        if not binds:
            raise BadAnswer(self._text, "answered no variables")
        if len(binds) > len(columns) * rows:
            raise BadAnswer(self._text, f"asked for {len(columns) * rows}, answered {len(binds)} variables")
        for place, (oid, value) in enumerate(binds):
            column = columns[place % len(columns)]
            if column in self.unfinished:
                self._cell(column, oid, value)

    def _cell(self, column: Oid, oid: Oid, value: Value | Absent | None) -> None:
        if value is Absent.END:
            self.unfinished.remove(column)
            return
        if oid <= self._last[column]:
            raise BadAnswer(self._text, f"{_dotted(oid)} does not come after {_dotted(self._last[column])}")
        if oid[: len(column)] != column:
            self.unfinished.remove(column)
            return
        if value is None or isinstance(value, Absent):
            raise BadAnswer(
                self._text, f"{_dotted(oid)} was answered with {value.value if value else 'NULL'}"
            )
        self._last[column] = oid
        self._count[column] += 1
        if self._count[column] > self._most_rows:
            raise BadAnswer(self._text, f"does not end: more than {self._most_rows:,} rows")
        self._indexes.add(oid[len(column) :])
        self.values[_dotted(oid)] = value


def _check_status(text: str, reply: Reply) -> None:
    if reply.status in _REFUSING_STATUS:
        raise Refused(text, f"the agent answered {reply.status}")
    if reply.status != "noError":
        raise BadAnswer(text, f"the agent answered {reply.status}")


def _refusal(text: str, report: Report) -> PollError:
    if report.reason == "closed":
        return Unreachable(text, "the line was closed")
    if report.reason in _REFUSALS:
        return Refused(text, _REFUSALS[report.reason])
    return BadAnswer(text, f"the agent reported {report.reason}")


def _parse(oid: str) -> Oid:
    return tuple(int(part) for part in oid.strip(".").split("."))


def _dotted(oid: Oid) -> str:
    return ".".join(map(str, oid))


def _name(oids: tuple[Oid, ...], more: str) -> str:
    first = _dotted(oids[0]) if oids else "nothing"
    return f"{first} and {len(oids) - 1} {more}" if len(oids) > 1 else first


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
