"""The schedule on the real event loop and the real APScheduler (test_schedule_clock sets the clock)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from agent.schedule import Schedule, Task, _Every
from collectors.sessions.snmp import Lanes
from tests import crafted
from tests.snmp_questions import HEALTHY, make_line, walk_one

HOUR = timedelta(hours=1)
SHORT = timedelta(seconds=0.05)
LONG_WAIT = 15.0  # seconds after which a test gives up; none takes so long


def task(
    system: str,
    poll: Callable[[], Awaitable[None]],
    *,
    protocol: str = "snmp",
    interval: timedelta = SHORT,
    deadline: timedelta = HOUR,
) -> Task:
    return Task(system=system, protocol=protocol, interval=interval, deadline=deadline, poll=poll)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_WAIT):
        while not condition():  # noqa: ASYNC110 - conditions here are on counts, not on one event
            await asyncio.sleep(0.005)


def played(tasks: list[Task], story: Callable[[Schedule], Awaitable[None]]) -> None:
    """Run the tasks while the story goes on; afterwards no task may be left."""

    async def play() -> None:
        schedule = Schedule(tasks)
        schedule.start()
        try:
            await story(schedule)
        finally:
            await schedule.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(play())


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_each_system_is_polled_again_and_again() -> None:
    polls: Counter[str] = Counter()

    def poll(name: str) -> Callable[[], Awaitable[None]]:
        async def count() -> None:
            polls[name] += 1

        return count

    async def story(schedule: Schedule) -> None:
        await until(lambda: all(polls[name] >= 4 for name in ("a", "b", "c")))

    played([task(name, poll(name)) for name in ("a", "b", "c")], story)


def test_the_first_round_is_spread_over_two_seconds_however_long_the_interval() -> None:
    begun: list[float] = []

    async def poll() -> None:
        begun.append(time.monotonic())

    async def story(schedule: Schedule) -> None:
        await until(lambda: len(begun) == 50)

    started = time.monotonic()
    played([task(f"s{n}", poll, interval=HOUR) for n in range(50)], story)
    assert begun[0] - started < 1
    assert 1.5 < begun[-1] - begun[0] < 4


def test_one_hung_system_among_ten_delays_none() -> None:
    polls: Counter[int] = Counter()

    def poll(number: int) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            polls[number] += 1
            if number == 3:
                await asyncio.Event().wait()

        return ask

    async def story(schedule: Schedule) -> None:
        await until(lambda: all(polls[n] >= 10 for n in range(10) if n != 3))
        assert polls[3] == 1

    played([task(f"s{n}", poll(n)) for n in range(10)], story)


def test_a_poll_past_its_deadline_is_cancelled_said_once_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, cancelled = 0, 0

    async def poll() -> None:
        nonlocal begun, cancelled
        begun += 1
        if begun <= 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                raise

    async def story(schedule: Schedule) -> None:
        await until(lambda: begun >= 6)

    played([task("cm1", poll, deadline=timedelta(seconds=0.1))], story)
    assert cancelled == 3
    assert told(caplog) == [
        "the poll snmp of cm1 took longer than its deadline of 0.1 s and was cancelled",
        "the poll snmp of cm1 is well again",
    ]


def test_a_poll_that_raises_is_logged_with_its_traceback_once_per_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun = 0

    async def poll() -> None:
        nonlocal begun
        begun += 1
        if begun <= 3:
            raise ZeroDivisionError("first bug")
        if begun <= 6:
            raise ZeroDivisionError("second bug")

    async def story(schedule: Schedule) -> None:
        await until(lambda: begun >= 9)

    played([task("cm1", poll)], story)
    first, second, well = (r for r in caplog.records if r.levelno >= logging.WARNING)
    for record, bug in ((first, "first bug"), (second, "second bug")):
        assert record.getMessage().startswith(
            "the poll snmp of cm1 raised ZeroDivisionError at test_schedule.py:"
        )
        assert record.exc_info is not None
        assert str(record.exc_info[1]) == bug
        assert record.exc_info[2] is not None
    assert well.getMessage() == "the poll snmp of cm1 is well again"


def test_a_poll_that_cannot_even_begin_or_cancels_itself_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun: Counter[str] = Counter()

    def broken() -> Awaitable[None]:
        begun["broken"] += 1
        raise TypeError("no coroutine at all")

    async def quitting() -> None:
        begun["quitting"] += 1
        raise asyncio.CancelledError

    async def story(schedule: Schedule) -> None:
        await until(lambda: min(begun["broken"], begun["quitting"]) >= 3)

    played([task("a", broken), task("b", quitting)], story)
    assert len(told(caplog)) == 2
    assert "the poll snmp of b cancelled itself, a bug of the agent" in told(caplog)


def test_two_protocols_of_one_system_are_never_asked_at_the_same_time() -> None:
    asking, most = 0, 0
    ended: Counter[str] = Counter()

    def poll(protocol: str) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            nonlocal asking, most
            asking += 1
            most = max(most, asking)
            await asyncio.sleep(0.03)
            asking -= 1
            ended[protocol] += 1

        return ask

    async def story(schedule: Schedule) -> None:
        await until(lambda: all(ended[protocol] >= 5 for protocol in ("snmp", "ssh", "sat")))

    played([task("cm1", poll(protocol), protocol=protocol) for protocol in ("snmp", "ssh", "sat")], story)
    assert most == 1


def test_a_protocol_that_hangs_does_not_blind_the_other_one_of_its_system() -> None:
    ended = 0

    async def hangs() -> None:
        await asyncio.sleep(3600)

    async def poll() -> None:
        nonlocal ended
        ended += 1

    async def story(schedule: Schedule) -> None:
        await until(lambda: ended >= 2)

    sat = task("cm1", hangs, protocol="sat", deadline=HOUR)
    played([sat, task("cm1", poll, protocol="snmp")], story)


def test_a_poll_that_outlasts_its_interval_does_not_overlap_itself() -> None:
    asking, most, ended = 0, 0, 0

    async def poll() -> None:
        nonlocal asking, most, ended
        asking += 1
        most = max(most, asking)
        await asyncio.sleep(0.12)
        asking -= 1
        ended += 1

    async def story(schedule: Schedule) -> None:
        await until(lambda: ended >= 4)

    played([task("cm1", poll)], story)
    assert most == 1


def test_a_system_is_asked_at_once_when_somebody_wants_to_know() -> None:
    polls: Counter[str] = Counter()
    gate = asyncio.Event()

    def poll(name: str) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            polls[name] += 1
            if polls[name] == 3:
                await gate.wait()

        return ask

    async def story(schedule: Schedule) -> None:
        await until(lambda: polls == {"snmp": 1, "ssh": 1, "other": 1})
        schedule.poll_now("cm1")
        await until(lambda: polls == {"snmp": 2, "ssh": 2, "other": 1})
        with pytest.raises(KeyError):
            schedule.poll_now("cm2")
        # While one poll runs it is asked once more afterwards, however many want to know; the other
        # protocol, which still waits for its turn, will see what there is to see without.
        for _ in range(3):
            schedule.poll_now("cm1")
        await until(lambda: polls["snmp"] == 3)
        for _ in range(3):
            schedule.poll_now("cm1")
        gate.set()
        await until(lambda: polls == {"snmp": 4, "ssh": 3, "other": 1})
        await schedule.stop()
        schedule.poll_now("cm1")
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert polls == {"snmp": 4, "ssh": 3, "other": 1}

    asked = [task("cm1", poll(name), protocol=name, interval=HOUR) for name in ("snmp", "ssh")]
    played([*asked, task("gw1", poll("other"), interval=HOUR)], story)


def test_ten_systems_are_asked_at_once_side_by_side_and_none_of_them_twice_at_a_time() -> None:
    polls: Counter[tuple[str, str]] = Counter()
    asking: Counter[str] = Counter()
    most: Counter[str] = Counter()
    gate = asyncio.Event()
    gate.set()

    def poll(system: str, protocol: str) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            polls[system, protocol] += 1
            asking[system] += 1
            most[system] = max(most[system], asking[system])
            await gate.wait()
            asking[system] -= 1

        return ask

    parents, ways = [f"s{n}" for n in range(10)], ("snmp", "ssh")
    everyone = [(system, way) for system in (*parents, "child") for way in ways]

    async def story(schedule: Schedule) -> None:
        await until(lambda: polls == dict.fromkeys(everyone, 1))
        gate.clear()
        began = time.monotonic()
        for system in parents:
            schedule.poll_now(system)
        await until(lambda: sum(asking.values()) == 10)  # each by one way; the other waits for its turn
        assert time.monotonic() - began < 0.5  # of a second: nobody waits for anybody else
        for system in parents * 3:
            schedule.poll_now(system)
        gate.set()
        # Once by the way that had begun, and once more for those who asked meanwhile; the other way, which
        # had not begun, sees what there is to see.
        await until(lambda: not any(asking.values()) and polls.total() == 22 + 10 * 3)
        assert {polls["child", way] for way in ways} == {1}
        assert all(polls[system, "snmp"] + polls[system, "ssh"] == 5 for system in parents)
        assert set(most.values()) == {1}

    asked = [task(system, poll(system, way), protocol=way, interval=HOUR) for system, way in everyone]
    played(asked, story)


def test_ten_systems_that_are_asked_at_once_again_and_again_keep_the_pauses_of_their_lines() -> None:
    pause, rounds = 0.05, 3

    async def play() -> None:
        async with AsyncExitStack() as open_ones:
            agents = [await open_ones.enter_async_context(crafted.agent(HEALTHY)) for _ in range(10)]
            lanes = Lanes()
            lines = [make_line(agent.port, pause=pause, timeout=5, lanes=lanes) for agent in agents]
            done: Counter[int] = Counter()

            def poll(number: int) -> Callable[[], Awaitable[None]]:
                async def ask() -> None:
                    await walk_one(lines[number])
                    done[number] += 1
                    if done[number] <= rounds:
                        schedule.poll_now(f"s{number}")  # somebody wants to know while it is being asked

                return ask

            schedule = Schedule(task(f"s{number}", poll(number), interval=HOUR) for number in range(10))
            schedule.start()
            await until(lambda: len(done) == 10 and min(done.values()) == rounds + 1)
            await schedule.stop()
            for line in lines:
                await line.close()
            for agent in agents:
                assert len(agent.times) == (rounds + 1) * (len(agents[0].times) // (rounds + 1))
                # Between two questions of a poll, and between the last of one and the first of the next.
                assert min(after - before for before, after in pairwise(agent.times)) >= pause - 0.001

    asyncio.run(play())


def test_stop_during_polls_leaves_no_task_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    begun, cancelled = 0, 0

    async def poll() -> None:
        nonlocal begun, cancelled
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    async def story(schedule: Schedule) -> None:
        await until(lambda: begun == 20)
        started = time.monotonic()
        await asyncio.gather(schedule.stop(), schedule.stop())
        assert time.monotonic() - started < 2

    tasks = [task(f"s{n}", poll, interval=timedelta(seconds=0.5)) for n in range(20)]
    played([*tasks, task("s0", poll, protocol="ssh")], story)  # the last waits for its turn all the while
    assert (begun, cancelled) == (20, 20)
    assert told(caplog) == []


def test_stop_just_when_polls_fall_due_is_as_quiet(caplog: pytest.LogCaptureFixture) -> None:
    async def poll() -> None:
        await asyncio.Event().wait()

    async def story(schedule: Schedule) -> None:
        await schedule.stop()  # start has put the first firing into the loop and it has not run yet

    played([task("cm1", poll)], story)
    assert told(caplog) == []


def test_a_poll_that_will_not_be_cancelled_is_named_and_does_not_hold_up_the_stop(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.schedule.GRACE", 0.2)

    async def play() -> None:
        begun, release = asyncio.Event(), asyncio.Event()

        async def stubborn() -> None:
            begun.set()
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        schedule = Schedule([task("cm1", stubborn, deadline=timedelta(seconds=0.1))])
        schedule.start()
        await until(lambda: len(told(caplog)) == 2)
        await schedule.stop()
        release.set()
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(play())
    assert told(caplog) == [
        "the poll snmp of cm1 took longer than its deadline of 0.1 s and was cancelled",
        "the poll snmp of cm1 does not end though it was cancelled; this system waits until it does",
        "snmp of cm1 did not end within 0.2 s of being cancelled",
    ]


def test_progress_is_a_poll_that_ended_well_or_badly_within_twice_the_longest_interval() -> None:
    hang = False

    async def poll() -> None:
        if hang:
            await asyncio.Event().wait()
        raise ZeroDivisionError

    async def story(schedule: Schedule) -> None:
        nonlocal hang
        fresh, said = schedule.progress(time.monotonic())
        assert fresh
        assert said.startswith("no poll has ended since the schedule started 0.0 s ago; the limit is 2 s")
        assert not schedule.progress(time.monotonic() + 2.1)[0]
        await until(lambda: "the last poll" in schedule.progress(time.monotonic())[1])
        hang = True
        now = time.monotonic()
        assert schedule.progress(now)[0]
        late, said = schedule.progress(now + 10)
        assert not late
        assert said.startswith("the last poll, snmp of cm1, ended 1")
        assert said.endswith(" s ago; the limit is 2 s, twice the longest interval")
        await schedule.stop()
        assert schedule.progress(time.monotonic()) == (False, "the schedule has stopped")

    slow = task("cm1", poll, protocol="ssh", interval=timedelta(seconds=1))
    assert Schedule([slow]).progress(0.0) == (False, "the schedule has not started")
    played([task("cm1", poll), slow], story)


def test_a_schedule_of_nothing_starts_is_well_and_stops() -> None:
    async def story(schedule: Schedule) -> None:
        assert schedule.progress(time.monotonic()) == (True, "there is no system to poll")

    played([], story)


def test_two_tasks_of_one_name_and_intervals_of_nothing_are_refused() -> None:
    async def poll() -> None: ...

    with pytest.raises(ValueError, match=r"^expected one task for snmp of cm1; got two$"):
        Schedule([task("cm1", poll), task("cm1", poll)])
    with pytest.raises(ValueError, match=r"^expected an interval and a deadline above zero for snmp of cm1$"):
        Schedule([task("cm1", poll, interval=timedelta(0))])


def test_a_clock_that_wakes_in_1970_and_learns_the_time_costs_one_step_and_no_millions() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    interval = timedelta(seconds=2)
    started = time.monotonic()
    for _ in range(1000):
        due = _Every(interval).get_next_fire_time(datetime(1970, 1, 1, tzinfo=UTC), now)
        assert now < due <= now + interval
    assert time.monotonic() - started < 1
