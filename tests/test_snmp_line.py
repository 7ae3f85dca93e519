"""The life of an SNMP line: late answers, pauses, places in flight, cancelling and closing; over real UDP."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable

import pytest

from collectors.base import Answers, Unreachable
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from tests import crafted
from tests.crafted import Agent, Answer, Later, Request, encode
from tests.snmp_questions import (
    HEALTHY,
    SCALARS,
    ask,
    dotted,
    get_all,
    get_one,
    make_line,
    walk_all,
    walk_one,
)


def test_a_late_answer_is_never_the_answer_of_another_question() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device:
            line = make_line(device.port, timeout=0.1, tries=1)

            def late(_: Agent, request: Request) -> Answer:
                return Later(0.15, encode(request, [(request.oids[0], crafted.integer(666))]))

            def slow(_: Agent, request: Request) -> Answer:  # in time, and after the late one has arrived
                return Later(0.08, device.healthy(request))

            device.misbehave = late
            with pytest.raises(Unreachable):
                await get_one(line)
            device.misbehave = slow
            answers = await get_one(line)
            assert answers.value(dotted(SCALARS[0])[0]) == 1
            device.misbehave = Agent.healthy
            assert len((await get_all(line)).values) == 20
            await line.close()

    asyncio.run(scenario())


def test_an_answer_that_came_in_time_counts_although_the_loop_was_busy_beyond_the_timeout() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device:
            line = make_line(device.port, timeout=0.1, tries=1)

            def busy(agent: Agent, request: Request) -> Answer:
                until = asyncio.get_running_loop().time() + 0.3
                agent.transport.sendto(agent.healthy(request), request.asker)
                while asyncio.get_running_loop().time() < until:
                    pass
                return None

            device.misbehave = busy
            assert len((await get_all(line)).values) == 20
            await line.close()

    asyncio.run(scenario())


def test_the_pause_lies_between_all_requests_of_a_line() -> None:
    async def questions(line: SnmpLine) -> Answers:
        await get_one(line)
        return await walk_one(line)

    _, device = ask(questions, pause=0.05, timeout=1)
    assert len(device.times) == 6
    assert min(b - a for a, b in zip(device.times, device.times[1:], strict=False)) >= 0.049


def test_the_trace_tells_what_was_asked_how_long_it_took_and_what_came_of_it() -> None:
    async def scenario() -> SnmpLine:
        async with crafted.agent(HEALTHY) as device:
            line = make_line(device.port, timeout=0.1)
            await get_all(line)
            line.begin()
            await get_all(line)
            await walk_all(line)
            device.misbehave = lambda *_: None
            with pytest.raises(Unreachable):
                await get_one(line)
            await line.close()
            return line

    line = asyncio.run(scenario())
    assert [(question.text, question.outcome) for question in line.questions] == [
        ("get 1.3.6.1.4.1.99999.1.1.0 and 19 more", "20 values"),
        ("walk 1.3.6.1.4.1.99999.2.1.1.1 and 11 more columns", "40 rows in 5 answers"),
        ("get 1.3.6.1.4.1.99999.1.1.0", "no answer in 2 x 0.1 s"),
    ]
    assert line.questions[2].seconds >= 0.2


def test_a_cancelled_poll_leaves_the_line_usable_and_no_socket_behind() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device:
            before = len(os.listdir("/proc/self/fd"))
            line = make_line(device.port, timeout=5)
            device.misbehave = lambda agent, request: Later(0.2, agent.healthy(request))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await get_all(line)
            assert line.questions[-1].outcome == "given up"
            device.misbehave = Agent.healthy
            assert len((await get_all(line)).values) == 20
            assert len(os.listdir("/proc/self/fd")) == before + 1
            await line.close()
            assert len(os.listdir("/proc/self/fd")) == before
            assert len((await get_all(line)).values) == 20  # opens itself again
            await line.close()
            await line.close()
            assert len(os.listdir("/proc/self/fd")) == before

    asyncio.run(scenario())
    gc.collect()  # an unclosed transport would warn here, and a warning is an error


def test_closing_a_line_while_it_asks_ends_the_question() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device:
            device.misbehave = lambda *_: None
            line = make_line(device.port, timeout=30)
            question = asyncio.create_task(get_one(line))
            await crafted.until(lambda: bool(device.requests))
            await line.close()
            with pytest.raises(Unreachable, match="closed"):
                await question

    asyncio.run(scenario())


def test_two_questions_at_once_on_one_line_are_asked_one_after_the_other() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device:
            device.misbehave = lambda agent, request: Later(0.02, agent.healthy(request))
            line = make_line(device.port, timeout=2)
            await asyncio.gather(get_all(line), walk_all(line), get_one(line))
            assert device.crowd.most == 1
            await line.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("dead_systems", "known"), [(10, False), (60, True)])
def test_dead_systems_do_not_delay_live_ones(dead_systems: int, known: bool) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with crafted.agent(HEALTHY) as live, crafted.agent(HEALTHY) as dead:
            dead.misbehave = lambda *_: None
            lanes = Lanes()
            deaf = [make_line(dead.port, timeout=2, tries=1, lanes=lanes) for _ in range(dead_systems)]
            well = [make_line(live.port, timeout=5, lanes=lanes) for _ in range(5)]
            if known:  # more than there are places, so that only their own lane can hold them back
                await asyncio.gather(*map(get_one, deaf), return_exceptions=True)
            already = len(dead.requests)
            asked = [asyncio.create_task(get_one(line)) for line in deaf]
            await crafted.until(lambda: len(dead.requests) == already + 10)
            began = loop.time()
            await asyncio.gather(*map(walk_all, well))
            assert loop.time() - began < 1.5
            assert not any(task.done() for task in asked)
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            for line in deaf + well:
                await line.close()

    asyncio.run(scenario())


def test_never_more_than_fifty_requests_are_in_flight() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device:
            device.misbehave = lambda agent, request: Later(0.05, agent.healthy(request))
            lanes = Lanes()
            lines = [make_line(device.port, timeout=0.4, tries=1, lanes=lanes) for _ in range(200)]
            answering, device.misbehave = device.misbehave, lambda *_: None
            # sixty are known to be silent before it begins: then both lanes are full
            silent = await asyncio.gather(*map(get_one, lines[:60]), return_exceptions=True)
            assert {type(outcome) for outcome in silent} == {Unreachable}
            device.misbehave = answering
            answers = await asyncio.gather(*(get_one(line) for line in lines))
            assert all(len(answer.values) == 1 for answer in answers)
            assert 45 < device.crowd.most <= 50
            for line in lines:
                await line.close()

    asyncio.run(scenario())


def test_secrets_are_in_no_repr() -> None:
    shown = repr(
        Credentials(
            version="3",
            user="monitor",
            auth_protocol="SHA-256",
            auth_password="hide-me-1",
            privacy_protocol="AES-128",
            privacy_password="hide-me-2",
            community="hide-me-3",
        )
    )
    assert "monitor" in shown
    assert "hide-me" not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Credentials(version="2c"),
        lambda: Credentials(version="3"),
        lambda: Credentials(version="3", user="u", auth_protocol="SHA-3", auth_password="12345678"),
        lambda: Credentials(version="3", user="u", privacy_protocol="DES", privacy_password="12345678"),
    ],
)
def test_credentials_that_can_never_work_are_refused_when_made(wrong: Callable[[], Credentials]) -> None:
    with pytest.raises(ValueError, match=r"SNMP"):
        wrong()
