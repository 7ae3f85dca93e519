"""A healthy table, and short ways to ask a crafted agent for it over a real line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from collectors.base import Answers, Pacing
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from tests import crafted
from tests.crafted import Agent, Answer, Oid, Request

SCALARS: tuple[Oid, ...] = tuple((1, 3, 6, 1, 4, 1, 99999, 1, n, 0) for n in range(1, 21))
ENTRY: Oid = (1, 3, 6, 1, 4, 1, 99999, 2, 1, 1)
COLUMNS = tuple((*ENTRY, column) for column in range(1, 13))
BEYOND: Oid = (1, 3, 6, 1, 4, 1, 99999, 3, 0)
HEALTHY = {
    **{oid: crafted.integer(oid[-2]) for oid in SCALARS},
    **{
        (*column, row): crafted.integer(1000 * column[-1] + row) for column in COLUMNS for row in range(1, 41)
    },
    BEYOND: crafted.octets(b"beyond the table"),
}


def dotted(*oids: Oid) -> list[str]:
    return [".".join(map(str, oid)) for oid in oids]


def make_line(
    port: int,
    *,
    version: str = "2c",
    rows: int = 10,
    pause: float = 0.0,
    timeout: float = 0.15,
    tries: int = 2,
    lanes: Lanes | None = None,
) -> SnmpLine:
    seconds = timedelta(seconds=1)
    return SnmpLine(
        address="127.0.0.1",
        port=port,
        credentials=Credentials(version="1" if version == "1" else "2c", community="kept secret"),
        pacing=Pacing(rows, pause * seconds, timeout * seconds, tries, 60 * seconds),
        lanes=lanes or Lanes(),
    )


Ask = Callable[[SnmpLine], Awaitable[Answers]]
Misbehaviour = Callable[[Agent, Request], Answer]


async def get_all(line: SnmpLine) -> Answers:
    return await line.get(*dotted(*SCALARS))


async def get_one(line: SnmpLine) -> Answers:
    return await line.get(*dotted(SCALARS[0]))


async def walk_all(line: SnmpLine) -> Answers:
    return await line.walk(*dotted(*COLUMNS))


async def walk_one(line: SnmpLine) -> Answers:
    return await line.walk(*dotted(COLUMNS[0]))


def ask(question: Ask, misbehave: Misbehaviour = Agent.healthy, **pacing: object) -> tuple[Answers, Agent]:
    """One question to one crafted agent; an escaped exception of the loop fails the test."""

    async def scenario() -> tuple[Answers, Agent]:
        escaped: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
        async with crafted.agent(HEALTHY) as device:
            device.misbehave = misbehave
            line = make_line(device.port, **pacing)  # type: ignore[arg-type]  # a test's own shorthand
            try:
                return await question(line), device
            finally:
                await line.close()
                assert escaped == []

    return asyncio.run(scenario())
