"""Which system is asked, and when: one job per system and protocol, a deadline on every poll.

APScheduler keeps the times; nothing of it shows outside this module. It opens no line to a device and reads
no answer (a Task's `poll` does), and it decides nothing about what a failed poll means.

APScheduler goes by the wall clock, and a step of that clock breaks it: set back by an hour, it asks nobody
for an hour. A guard looks at the clock (`agent.clock`), and every job moves by as much as it was set.
Each job only starts a task of ours and ends. So a hung poll holds up neither APScheduler nor other systems,
and it is we, not APScheduler, who cancel, wait and report.
"""

from __future__ import annotations

import asyncio
import logging
import os.path
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from agent.clock import Clock

log = logging.getLogger(__name__)

FIRST_ROUND = timedelta(seconds=2)  # over which the first polls are spread, or over the interval if shorter
JITTER = 0.05  # of the interval, either way: polls that began together drift apart, the mean stays
GUARD_PERIOD = 0.5  # seconds between two looks at the clocks
TURN = 1.0  # seconds, at least, that one protocol waits for its system's other one; else half its interval
GRACE = 5.0  # seconds that a cancelled poll has to put its line away


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One way to ask one system: every `interval`, for at most `deadline`.

    `poll` tells of devices that fail by itself; whatever it raises is taken for a bug.
    """

    system: str
    protocol: str
    interval: timedelta
    deadline: timedelta
    poll: Callable[[], Awaitable[None]]

    @property
    def name(self) -> str:
        """As the log calls it."""
        return f"{self.protocol} of {self.system}"


@dataclass(slots=True)
class _Job:
    """A task and how it goes.

    running: it waits for the system's turn or is asked; asking: it is asked, since then (monotonic).
    again: ask once more at once. trouble: of its last poll, empty if well; told when it changes.
    """

    task: Task
    running: asyncio.Task[None] | None = None
    asking: bool = False
    since: float = 0.0
    again: bool = False
    trouble: str = ""


@dataclass(slots=True)
class _Ended:
    name: str
    at: float


class Schedule:
    """Polls each task again and again, never two of one system at a time, until stopped.

    All calls belong to the event loop's thread. A poll that is due while the one before it runs is left out.
    Raises ValueError when a system has two tasks of one protocol, or an interval or deadline is not positive.
    `clock`: the one that others look at too, if there is one: a step is told once and followed by all.
    """

    def __init__(self, tasks: Iterable[Task], clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._jobs: dict[str, _Job] = {}
        for task in tasks:
            if task.interval <= timedelta(0) or task.deadline <= timedelta(0):
                raise ValueError(f"expected an interval and a deadline above zero for {task.name}")
            if task.name in self._jobs:
                raise ValueError(f"expected one task for {task.name}; got two")
            self._jobs[task.name] = _Job(task)
        self._turns = {job.task.system: asyncio.Lock() for job in self._jobs.values()}
        self._longest = max((job.task.interval for job in self._jobs.values()), default=timedelta(0))
        self._scheduler: Any = None  # APScheduler is untyped
        self._running: set[asyncio.Task[None]] = set()
        self._guard: asyncio.TimerHandle | None = None
        self._fired = 0.0  # when a job last fell due, monotonic
        self._started: float | None = None
        self._ended: _Ended | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin. The first polls are spread over min(interval, 2 s), so that the first round is quick."""
        # Each firing is two INFO lines of APScheduler; its warnings and errors are news and stay.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._started = self._fired = time.monotonic()
        now = datetime.now(UTC)
        for place, (name, job) in enumerate(self._jobs.items()):
            first = min(job.task.interval, FIRST_ROUND) * place / len(self._jobs)
            self._scheduler.add_job(
                self._due, _Every(job.task.interval), args=(name,), id=name, next_run_time=now + first
            )
        self._scheduler.start()
        self._clock.look()  # a step of before is none of ours
        self._clock.listen(self._follow)
        self._watch_clock()

    async def stop(self) -> None:
        """Ask nobody any more, cancel the polls that run and wait for them, at most GRACE seconds."""
        self._stopping = True
        if self._guard is not None:
            self._guard.cancel()
        self._clock.unlisten(self._follow)
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            # APScheduler logs a cancelled job as an error with a traceback. Without jobs none is cancelled:
            # the loop turns once for those that fell due just now, once more for the shutdown itself.
            scheduler.remove_all_jobs()
            await asyncio.sleep(0)
            scheduler.shutdown()
            await asyncio.sleep(0)
        running = set(self._running)
        for one in running:
            one.cancel()
        if running:
            done, left = await asyncio.wait(running, timeout=GRACE)
            for one in done:
                if not one.cancelled() and (error := one.exception()) is not None:
                    log.debug("a poll ended with an error while stopping", exc_info=error)
            for one in left:
                log.error("%s did not end within %g s of being cancelled", one.get_name(), GRACE)

    def poll_now(self, system: str) -> None:
        """Ask this system at once by each of its protocols, or as soon as the poll that runs has ended.

        Does nothing once the schedule is stopping. Raises KeyError for a system without tasks.
        """
        if system not in self._turns:
            raise KeyError(system)
        for job in self._jobs.values():
            if job.task.system == system:
                job.again = job.asking  # what it was asked so far may be older than the reason to ask
                self._begin(job)

    def progress(self, monotonic: float) -> tuple[bool, str]:
        """Whether some poll ended, well or badly, within twice the longest interval; and a sentence on it.

        `monotonic`: now, by time.monotonic().
        """
        if self._stopping or self._started is None:
            return False, f"the schedule {'has stopped' if self._stopping else 'has not started'}"
        if not self._jobs:
            return True, "there is no system to poll"
        limit = 2 * self._longest.total_seconds()
        last = self._ended or _Ended("", self._started)
        age = monotonic - last.at
        if self._ended is None:
            said = f"no poll has ended since the schedule started {age:.1f} s ago"
        else:
            said = f"the last poll, {last.name}, ended {age:.1f} s ago"
        return age <= limit, f"{said}; the limit is {limit:g} s, twice the longest interval"

    def moving(self, monotonic: float) -> bool:
        """Whether it goes on: it makes progress, or asks a system that may still take its time.

        Less strict than `progress`: a site with one slow system is no reason to start the agent again.
        """
        return self.progress(monotonic)[0] or any(
            job.asking and monotonic - job.since <= job.task.deadline.total_seconds() + GRACE
            for job in self._jobs.values()
        )

    async def _due(self, name: str) -> None:
        """What APScheduler calls; it is done at once."""
        self._fired = time.monotonic()
        self._begin(self._jobs[name])

    def _begin(self, job: _Job) -> None:
        if job.running is not None or self._stopping:
            return
        job.running = self._keep(self._take_turn(job), job.task.name)

    def _keep(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task of ours: held by name until it ends, so that stop finds it."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _take_turn(self, job: _Job) -> None:
        turn = self._turns[job.task.system]
        mine = await self._wait_for(turn, max(job.task.interval.total_seconds() / 2, TURN))
        try:
            await self._poll(job)
        finally:
            if mine:
                turn.release()
            job.running = None
            again, job.again = job.again, False
        if again:
            self._begin(job)

    async def _wait_for(self, turn: asyncio.Lock, seconds: float) -> bool:
        """Take the system's turn; False if the other protocol did not end in time: it may not blind this."""
        try:
            async with asyncio.timeout(seconds):
                await turn.acquire()
        except TimeoutError:
            return False
        return True

    async def _poll(self, job: _Job) -> None:
        """One poll within its deadline. Returns when it has really ended: the system's turn lasts as long."""
        task, job.asking, job.since = job.task, True, time.monotonic()
        asked = self._keep(_ask(task), task.name)
        late = False
        try:
            await asyncio.wait({asked}, timeout=task.deadline.total_seconds())
            if late := not asked.done():
                deadline = task.deadline.total_seconds()
                self._tell(job, f"took longer than its deadline of {deadline:g} s and was cancelled")
                asked.cancel()
                await asyncio.wait({asked}, timeout=GRACE)
            if not asked.done():
                self._tell(job, "does not end though it was cancelled; this system waits until it does")
                await asyncio.wait({asked})
        finally:
            job.asking = False
        self._ended = _Ended(task.name, time.monotonic())
        error = None if asked.cancelled() else asked.exception()
        if late:
            return  # told, and what it raises on being cancelled is no other trouble
        if asked.cancelled():
            self._tell(job, "cancelled itself, a bug of the agent")
        elif error is not None:
            self._tell(job, f"raised {type(error).__name__} at {_place(error)}, a bug of the agent", error)
        else:
            self._tell(job, "")

    def _tell(self, job: _Job, trouble: str, error: BaseException | None = None) -> None:
        """Log what a poll came to, once per change: one that fails every 2 s must not fill the log."""
        if trouble == job.trouble:
            return
        job.trouble = trouble
        if trouble:
            log.error("the poll %s %s", job.task.name, trouble, exc_info=error)
        else:
            log.warning("the poll %s is well again", job.task.name)

    def _watch_clock(self) -> None:
        """Look whether the wall clock was set; the loop's timers go by the monotonic one."""
        # Armed first: whatever goes wrong below, the guard looks again.
        self._guard = asyncio.get_running_loop().call_later(GUARD_PERIOD, self._watch_clock)
        self._clock.look()
        monotonic = time.monotonic()
        if monotonic - self._fired > max(2 * self._longest.total_seconds(), 2 * GUARD_PERIOD) and self._jobs:
            log.error("no poll fell due for %.1f s; the schedule starts again", monotonic - self._fired)
            self._fired = monotonic
            self._follow(timedelta(0))

    def _follow(self, step: timedelta) -> None:
        """Move all jobs by `step`: each falls due as long from now as it did before the clock was set."""
        now = datetime.now(UTC)
        for found in self._scheduler.get_jobs():
            interval = self._jobs[found.id].task.interval
            # Within one interval: a job may have fallen due by the new clock before the guard looked.
            due = min(max(found.next_run_time + step, now), now + interval)
            self._scheduler.modify_job(found.id, next_run_time=due)


async def _ask(task: Task) -> None:
    await task.poll()


def _place(error: BaseException) -> str:
    """File and line that raised: two bugs that raise the same are two troubles."""
    *_, last = traceback.walk_tb(error.__traceback__)
    return f"{os.path.basename(last[0].f_code.co_filename)}:{last[1]}"


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler is untyped
    """Every interval, with jitter.

    Not APScheduler's IntervalTrigger: after a step forward that counts through every time it missed, and a
    machine that boots in 1970 and then learns the time would stand still for hours.
    """

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The first time after `now` that is whole intervals (and a little jitter) from `previous`."""
        following = (previous or now) + self._interval * (1 + random.uniform(-JITTER, JITTER))  # noqa: S311 - spreads load, keeps no secret
        if following <= now:
            following += self._interval * ((now - following) // self._interval + 1)
        return following
