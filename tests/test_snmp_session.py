"""Every misbehaviour of an SNMP agent becomes what it is: crafted datagrams over real UDP, v1 and v2c."""

from __future__ import annotations

import asyncio

import pytest

from collectors.base import Answers, BadAnswer, PollError, Refused, Unreachable
from tests import crafted
from tests.crafted import Agent, Answer, Later, Request, encode
from tests.snmp_questions import (
    BEYOND,
    COLUMNS,
    HEALTHY,
    SCALARS,
    Ask,
    Misbehaviour,
    ask,
    dotted,
    get_all,
    get_one,
    make_line,
    walk_all,
    walk_one,
)

EVERY_KIND = {
    (1, 3, 6, 1, 9, 1, 0): (crafted.integer(-5), -5),
    (1, 3, 6, 1, 9, 2, 0): (crafted.integer(4294967295, 0x41), 4294967295),
    (1, 3, 6, 1, 9, 3, 0): (crafted.integer(7, 0x42), 7),
    (1, 3, 6, 1, 9, 4, 0): (crafted.integer(360000, 0x43), 360000),
    (1, 3, 6, 1, 9, 5, 0): (crafted.octets(b"\0\xff text"), b"\0\xff text"),
    (1, 3, 6, 1, 9, 6, 0): (crafted.octets(b""), b""),
    (1, 3, 6, 1, 9, 7, 0): (crafted.address("192.0.2.7"), "192.0.2.7"),
    (1, 3, 6, 1, 9, 8, 0): (crafted.identifier((1, 3, 6, 1, 4, 1, 6889, 2)), "1.3.6.1.4.1.6889.2"),
    (1, 3, 6, 1, 9, 9, 0): (crafted.tlv(0x44, b"\x9f\x78"), b"\x9f\x78"),
}


def in_the_middle(status: int) -> Misbehaviour:
    """Healthy for the first rows of the table, then an error-status."""

    def misbehave(device: Agent, request: Request) -> Answer:
        if request.oids[0][-1] >= 20:
            return encode(request, [(oid, crafted.NULL) for oid in request.oids], status, 1)
        return device.healthy(request)

    return misbehave


def always(status: int) -> Misbehaviour:
    return lambda _, request: encode(request, [(oid, crafted.NULL) for oid in request.oids], status, 1)


def repeating(_: Agent, request: Request) -> Answer:
    return encode(request, [((*COLUMNS[0], 1), crafted.integer(1))] * request.repetitions)


def growing(_: Agent, request: Request) -> Answer:
    first = request.oids[0][-1] + 1 if len(request.oids[0]) > len(COLUMNS[0]) else 1
    rows = range(first, first + request.repetitions)
    return encode(request, [((*COLUMNS[0], row), crafted.integer(1)) for row in rows])


def other_request(device: Agent, request: Request) -> Answer:
    return device.healthy(Request(**{**vars(request), "number": request.number ^ 1}))


def other_community(device: Agent, request: Request) -> Answer:
    return device.healthy(Request(**{**vars(request), "community": b"another"}))


def other_version(device: Agent, request: Request) -> Answer:
    return device.healthy(Request(**{**vars(request), "version": 0}))


GARBAGE = b"\x16\x03\x01 this is no SNMP" * 5


def answering(*binds: crafted.Bind) -> Misbehaviour:
    """An error-free answer of these variables, whatever was asked."""
    return lambda _, request: encode(request, binds)


def one_short(_: Agent, request: Request) -> Answer:
    return encode(request, [(oid, crafted.integer(1)) for oid in request.oids[:-1]])


def sending(datagram: bytes) -> Misbehaviour:
    return lambda *_: datagram


ONE = crafted.integer(1)
FIRST_CELL = (*COLUMNS[0], 1)


@pytest.mark.parametrize(
    ("question", "misbehave", "kind", "words"),
    [
        (get_all, always(crafted.GEN_ERR), BadAnswer, "genErr"),
        (get_one, always(crafted.TOO_BIG), BadAnswer, "tooBig"),
        (get_all, always(crafted.TOO_BIG), BadAnswer, "tooBig"),
        (get_one, always(crafted.NO_SUCH_NAME), BadAnswer, "noSuchName"),
        (get_one, always(99), BadAnswer, "error-status 99"),
        (get_one, always(crafted.NO_ACCESS), Refused, "noAccess"),
        (get_one, always(crafted.AUTHORIZATION_ERROR), Refused, "authorizationError"),
        (get_all, answering(*[(BEYOND, ONE)] * 20), BadAnswer, "answered 1.3.6.1.4.1.99999.3.0"),
        (get_all, one_short, BadAnswer, "answered 19 variables"),
        (get_one, answering(*[(SCALARS[0], ONE)] * 2), BadAnswer, "answered 2 variables"),
        (get_all, answering(), BadAnswer, "answered 0 variables"),
        (get_one, answering((SCALARS[0], crafted.NULL)), BadAnswer, "NULL"),
        (get_one, answering((SCALARS[0], crafted.END_OF_MIB)), BadAnswer, "endOfMibView"),
        (walk_all, in_the_middle(crafted.GEN_ERR), BadAnswer, "genErr"),
        (walk_all, in_the_middle(crafted.TOO_BIG), BadAnswer, "tooBig"),
        (walk_all, in_the_middle(crafted.NO_SUCH_NAME), BadAnswer, "noSuchName"),
        (walk_all, in_the_middle(crafted.AUTHORIZATION_ERROR), Refused, "authorizationError"),
        (walk_all, answering(), BadAnswer, "no variables"),
        (walk_one, answering((FIRST_CELL, crafted.NULL)), BadAnswer, "NULL"),
        (walk_one, answering((FIRST_CELL, crafted.NO_SUCH_OBJECT)), BadAnswer, "noSuchObject"),
        (walk_one, answering(((1, 3, 6, 1), ONE)), BadAnswer, "does not come after"),
        (walk_one, answering((FIRST_CELL, ONE), (FIRST_CELL, ONE)), BadAnswer, "does not come after"),
        (walk_one, repeating, BadAnswer, "does not come after"),
        (walk_one, answering(*(((*COLUMNS[0], n), ONE) for n in range(11))), BadAnswer, "answered 11"),
        (get_all, sending(GARBAGE), BadAnswer, f"unreadable answer {GARBAGE.hex()}"[:80]),
        (get_all, sending(b"0"), BadAnswer, "unreadable answer 30"),
        (get_all, lambda device, asked: device.healthy(asked)[:-40], BadAnswer, "unreadable answer 30"),
        (walk_all, lambda device, asked: device.healthy(asked)[:40], BadAnswer, "unreadable answer 30"),
        (get_all, lambda *_: None, Unreachable, "no answer in 2 x 0.15 s"),
        (get_all, other_request, Unreachable, "no answer"),
        (get_all, other_community, Unreachable, "no answer"),
        (get_all, other_version, Unreachable, "no answer"),
    ],
)
def test_every_misbehaviour_becomes_what_it_is(
    question: Ask, misbehave: Misbehaviour, kind: type[PollError], words: str
) -> None:
    with pytest.raises(PollError) as caught:
        ask(question, misbehave)
    assert type(caught.value) is kind
    assert words in caught.value.detail
    assert len(caught.value.detail) <= 80
    assert "kept secret" not in str(caught.value)


def test_a_table_that_grows_for_ever_is_given_up_at_the_cap() -> None:
    with pytest.raises(BadAnswer, match="does not end: more than 10,000 rows"):
        ask(walk_one, growing, rows=100, timeout=5)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_every_kind_of_value_arrives_as_what_it_means(version: str) -> None:
    async def scenario() -> Answers:
        async with crafted.agent({oid: encoded for oid, (encoded, _) in EVERY_KIND.items()}) as device:
            line = make_line(device.port, version=version)
            answers = await line.get(*dotted(*EVERY_KIND))
            await line.close()
            return answers

    answers = asyncio.run(scenario())
    assert answers.values == {dotted(oid)[0]: value for oid, (_, value) in EVERY_KIND.items()}


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize("rows", [1, 7, 10, 25, 40, 100])
def test_a_healthy_table_is_read_whole(version: str, rows: int) -> None:
    answers, _ = ask(walk_all, version=version, rows=rows)
    assert answers.asked == set(dotted(*COLUMNS))
    assert len(answers.values) == 480
    assert answers.values[dotted((*COLUMNS[4], 17))[0]] == 5017


@pytest.mark.parametrize("cut", [1, 5, 12, 13, 119])
def test_an_answer_cut_off_at_any_variable_loses_nothing(cut: int) -> None:
    def misbehave(device: Agent, request: Request) -> Answer:
        whole = [device.after(oid) for oid in request.oids]
        for _ in range(request.repetitions - 1):
            whole += [device.after(oid) for oid, _ in whole[-len(request.oids) :]]
        return encode(request, whole[:cut])

    answers, _ = ask(walk_all, misbehave)
    assert len(answers.values) == 480


@pytest.mark.parametrize("version", ["1", "2c"])
def test_columns_of_different_length_and_an_empty_one_end_each_for_itself(version: str) -> None:
    async def scenario() -> Answers:
        held = {oid: value for oid, value in HEALTHY.items() if oid[:-1] != COLUMNS[3] and oid != BEYOND}
        del held[(*COLUMNS[11], 40)]
        async with crafted.agent(held) as device:
            line = make_line(device.port, version=version)
            try:
                return await line.walk(*dotted(COLUMNS[3], COLUMNS[10], COLUMNS[11]))
            finally:
                await line.close()

    answers = asyncio.run(scenario())
    assert len(answers.values) == 79
    assert dotted(COLUMNS[3])[0] in answers.asked
    assert len(list(answers.rows(*dotted(COLUMNS[3], COLUMNS[10], COLUMNS[11])))) == 40


@pytest.mark.parametrize("missing", [crafted.NO_SUCH_OBJECT, crafted.NO_SUCH_INSTANCE])
def test_what_the_agent_says_it_has_not_is_asked_and_absent(missing: bytes) -> None:
    def misbehave(_: Agent, request: Request) -> Answer:
        return encode(
            request, [(request.oids[0], missing), *((oid, crafted.integer(1)) for oid in request.oids[1:])]
        )

    answers, _ = ask(get_all, misbehave)
    assert answers.value(dotted(SCALARS[0])[0]) is None
    assert len(answers.values) == 19


def test_version_1_proves_each_absence_by_asking_alone() -> None:
    async def scenario() -> Answers:
        async with crafted.agent({oid: HEALTHY[oid] for oid in SCALARS[1:]}) as device:
            line = make_line(device.port, version="1")
            answers = await get_all(line)
            await line.close()
            return answers

    answers = asyncio.run(scenario())
    assert answers.value(dotted(SCALARS[0])[0]) is None
    assert len(answers.values) == 19


def test_an_answer_too_big_is_asked_for_in_halves() -> None:
    def misbehave(device: Agent, request: Request) -> Answer:
        return device.healthy(request) if len(request.oids) <= 3 else always(crafted.TOO_BIG)(device, request)

    answers, _ = ask(get_all, misbehave)
    assert len(answers.values) == 20


def test_a_table_too_big_is_asked_for_with_fewer_rows() -> None:
    def misbehave(device: Agent, request: Request) -> Answer:
        return (
            device.healthy(request) if request.repetitions <= 3 else always(crafted.TOO_BIG)(device, request)
        )

    answers, _ = ask(walk_all, misbehave)
    assert len(answers.values) == 480


def test_a_table_that_comes_too_slowly_to_hold_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.sessions.snmp.WALK_SECONDS", 0.2)
    with pytest.raises(BadAnswer, match="does not end"):
        ask(walk_all, lambda device, request: Later(0.1, device.healthy(request)), rows=1, timeout=1)


def test_a_lost_datagram_is_asked_for_again() -> None:
    lost: list[Request] = []

    def misbehave(device: Agent, request: Request) -> Answer:
        if len(lost) < 1:
            lost.append(request)
            return None
        return device.healthy(request)

    answers, device = ask(get_all, misbehave)
    assert len(answers.values) == 20
    assert len(device.requests) == 2


def test_garbage_before_the_answer_does_not_hide_the_answer() -> None:
    def misbehave(device: Agent, request: Request) -> Answer:
        device.transport.sendto(GARBAGE, request.asker)
        return device.healthy(request)

    answers, device = ask(get_all, misbehave)
    assert len(answers.values) == 20
    assert len(device.requests) == 1


def test_a_datagram_from_another_port_counts_for_nothing() -> None:
    async def scenario() -> None:
        async with crafted.agent(HEALTHY) as device, crafted.agent(HEALTHY) as stranger:

            def misbehave(_: Agent, request: Request) -> Answer:
                stranger.transport.sendto(device.healthy(request), request.asker)
                stranger.transport.sendto(GARBAGE, request.asker)
                return None

            device.misbehave = misbehave
            line = make_line(device.port)
            with pytest.raises(Unreachable):
                await get_all(line)
            await line.close()

    asyncio.run(scenario())
