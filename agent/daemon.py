"""The daemon: wiring, the order of start and stop, and the whole pipeline on one screen.

    schedule -> poller -> reading -> knowledge.hear -> knowledge.judge -> entries -> journal
                                            journal -> knowledge.apply, alert log; knowledge -> metrics, pages

It decides nothing itself. One task judges, so that readings are taken one after the other and no decision is
made on half a picture.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.alertlog import AlertLog, LogLine
from agent.clock import Clock
from agent.clock_watch import ClockWatch
from agent.control import ControlServer
from agent.desk import Desk
from agent.entries import AgentAlive, AgentStarted, AgentStopped, Body, NumbersSkipped
from agent.journal import Journal
from agent.knowledge import Knowledge, restamped
from agent.loading import ConfigError, Setup, load_setup
from agent.notify import Supervisor
from agent.polling import PATIENCE, Polling
from agent.questions import POLL_PATIENCE
from agent.readings_store import ReadingsStore
from agent.showing import Terms, agent_view
from agent.telling import Teller
from agent.told import highest_told
from agent.version import VERSION
from agent.views import AgentView, Verdict
from agent.web import listen_on, serve_on
from agent.web_file import WebFile
from collectors.base import Reading

log = logging.getLogger("trunkwatch")

ALIVE_EVERY = timedelta(hours=1)
LOOK_AGAIN = timedelta(seconds=30)  # without news or a hold that ends: rules that look at the clock alone


class Daemon:
    """One running agent."""

    def __init__(self, setup: Setup, journal: Journal) -> None:
        self.setup = setup
        self.journal = journal
        self.clock = Clock()
        self.now = self.clock.now
        last = max((entry.at for entry in journal.entries), default=None)
        self.own_clock = ClockWatch(self.clock, last)
        self._followed = self.clock.set_by  # the steps of the clock that `knowledge` has followed
        self.terms = setup.terms
        self.knowledge = Knowledge.fold(journal.entries)
        self.polling = Polling(setup, self.clock, self._deliver)
        self.readings = ReadingsStore(setup.readings, setup.site.readings, self.now)
        self._turn = asyncio.Lock()  # of whoever decides: no two decide on the same knowledge
        self.desk = Desk(
            lambda: self.setup,
            self.polling,
            lambda: self.knowledge,
            now=self.now,
            reload=self.reload,
            tell=self._tell_durably,
            turn=self._turn,
            readings=self.readings,
        )
        self.supervisor = Supervisor()
        self.teller = Teller(
            journal, AlertLog(setup.alert_log, setup.site.sinks.alert_log.format), self._terms
        )
        self.teller.hear(journal.entries)
        self._readings: asyncio.Queue[tuple[Reading, timedelta] | None] = asyncio.Queue()
        self._journal_trouble = ""
        self._notices = 0  # how many of the journal's are said
        self._judge_trouble = ""
        self._first_round = asyncio.Event()
        self._stop = asyncio.Event()
        self._one_reload = asyncio.Lock()
        self.clock.listen(self._clock_was_set)

    # --- start and stop ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch until told to stop. Raises WebError or ControlError, before anything is polled."""
        async with AsyncExitStack() as stack:
            # What can refuse to start comes first; what asks devices comes last and stops first.
            protected = WebFile(self.setup.web_config) if self.setup.web_config is not None else None
            listener = listen_on(self.setup.site.web.listen, self.setup.site.web.port)
            stack.callback(listener.close)
            control = ControlServer(
                self.setup.control_socket, self.desk.answer, longest=POLL_PATIENCE.total_seconds() + 10
            )
            await control.start()
            stack.push_async_callback(control.stop)
            stack.push_async_callback(self.readings.close)
            await self._tell((AgentStarted(version=VERSION, contract=self.setup.contract.label),))
            await self._tell(self._numbers_told())
            await self._take_agreement()
            stack.push_async_callback(self._say_goodbye)
            tasks: list[asyncio.Task[Any]] = [
                asyncio.create_task(serve_on(listener, self.view, self._stop, protected), name="web"),
                asyncio.create_task(self._judge(), name="judge"),
                asyncio.create_task(self.teller.run(), name="alert log"),
                asyncio.create_task(self._say_alive(), name="alive"),
                asyncio.create_task(self.readings.run(), name="readings"),
                asyncio.create_task(self.own_clock.run(self._minds_its_clock), name="clock"),
            ]
            stack.push_async_callback(_cancel, tasks)
            self._listen_to_signals()
            self.polling.start(self.setup)
            stack.push_async_callback(self.polling.stop)
            log.info(
                "watching %d systems of %s by %s; %s://%s:%d/",
                len(self.setup.site.systems),
                self.setup.site.site,
                self.setup.contract.label,
                "https" if self.setup.web.tls is not None else "http",
                *listener.getsockname()[:2],
            )
            self.supervisor.ready(self._glance())
            stack.callback(self.supervisor.stopping)
            tasks.append(
                asyncio.create_task(self.supervisor.feed(self._moving, self._glance), name="watchdog")
            )
            stopping = asyncio.create_task(self._stop.wait(), name="stop")
            tasks.append(stopping)
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()  # a part that ended by itself is a mistake of ours: say which, and stop whole
        log.info("stopped")

    def stop(self) -> None:
        """Begin to stop."""
        self._stop.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGUSR2, self.teller.reopen)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._background(self.reload()))

    async def reload(self) -> str:
        """Take the site file anew: whole, or not at all (SIGHUP). Why it was not taken, or nothing."""
        async with self._one_reload:  # two at once would leave two schedules running
            with self.supervisor.reloading(self._glance):
                trouble = await self._reload()
        if trouble:
            log.error("the site file was not taken, the old one stays in force: %s", trouble)
        return trouble

    async def _reload(self) -> str:
        try:
            setup = load_setup(self.setup.path)
        except ConfigError as error:
            return str(error)
        before = self.setup.site
        if (setup.site.web, setup.site.directories, setup.site.sinks) != (
            before.web,
            before.directories,
            before.sinks,
        ):
            return "web, directories and sinks change with a restart only"
        same = {system.name for system in setup.site.systems if system in before.systems}
        keep = {name for name in same if self.setup.same_lines(setup, name)}
        await self.polling.stop(keep)
        async with self._turn:  # nothing is judged by the new contract before the journal has it
            self.setup = setup
            self.terms = setup.terms
            self.readings.limits = setup.site.readings
            # What was seen of a system that left, or that is another one now, is no picture of the new one.
            self.knowledge = self.knowledge.forget(set(self.knowledge.picture.systems) - same)
            await self._take_agreement()
        self.polling.start(setup)
        log.info("took the changed site file: %d systems", len(setup.site.systems))
        return ""

    # --- the pipeline -----------------------------------------------------------------------------------

    def _deliver(self, reading: Reading, set_by: timedelta) -> None:
        self._readings.put_nowait((reading, set_by))

    async def _judge(self) -> None:
        wake: datetime | None = None
        while True:
            heard = await self._next_reading(wake)
            try:
                async with self._turn:
                    wake = await self._take(heard)
            except Exception as error:
                # A mistake of ours over one reading must not blind us to the others; /healthz says so.
                wake = None
                if str(error) != self._judge_trouble:  # the traceback once: the next reading repeats it
                    log.exception("a reading could not be judged; watching goes on")
                self._judge_trouble = str(error) or type(error).__name__
            else:
                self._judge_trouble = ""

    async def _take(self, heard: tuple[Reading, timedelta] | None) -> datetime | None:
        """Take one reading, or the passing of time; when to look again unasked."""
        reading = None
        if heard is not None:
            self._follow_clock()
            reading = restamped(heard[0], self.clock.set_by - heard[1])
            self._say_sight(reading)
            self.readings.take(reading)
            self.knowledge, facts = self.knowledge.hear(reading, self.setup.watches.get(reading.system))
            await self._tell(facts)
        if steps := self.own_clock.entries():  # before anything is judged by the new clock
            await self._tell(steps)
        setup, now = self.setup, self._follow_clock()
        self.knowledge = self.knowledge.looks_at_clock(self.own_clock.synchronised, now)
        if not self._unasked():
            self._first_round.set()
        quiet = not self._first_round.is_set()
        bodies, self.knowledge, wake, asks = self.knowledge.judge(
            setup.site, setup.contract, setup.watches, now, patience=PATIENCE, quiet=quiet
        )
        self.polling.ask(asks)
        await self._tell(bodies)
        if reading is not None:
            self.polling.taken(reading)
        return wake

    def _follow_clock(self) -> datetime:
        """The time, and all that is known moved by as much as the clock was set before it.

        Here and nowhere else: while an entry is being written, what it will change must not move away.
        """
        now = self.now()
        self.knowledge = self.knowledge.clock_set(self.clock.set_by - self._followed)
        self._followed = self.clock.set_by
        return now

    def _clock_was_set(self, _: timedelta) -> None:
        self._readings.put_nowait(None)  # judge again: the wait for a hold's end was reckoned before

    async def _next_reading(self, wake: datetime | None) -> tuple[Reading, timedelta] | None:
        """The next reading, or None when a hold ends before one comes."""
        wait = LOOK_AGAIN if wake is None else max(min(wake - self.now(), LOOK_AGAIN), timedelta(0))
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                return await self._readings.get()
        return None

    async def _tell(self, bodies: tuple[Body, ...], *, durable: bool = False) -> None:
        """Give it to the journal, which keeps what the disk does not take; then it counts, and is told.

        `durable`: raises JournalError, and nothing of it counts, where the disk does not take it.
        """
        if not bodies and not self.journal.trouble:
            return
        try:  # of nothing: what waits is tried again
            entries = await self.journal.append(bodies, self.now(), durable=durable)
        finally:
            self._say_journal()
        for entry in entries:
            self.knowledge = self.knowledge.apply(entry)
        self.teller.hear(entries)

    async def _take_agreement(self) -> None:
        """Write down the contract that is in force, where it is another than the journal's last (C3)."""
        agreement = self.setup.agreement
        if self.knowledge.tickets.agreement != agreement:
            await self._tell((agreement.written(),))

    async def _tell_durably(self, body: Body) -> None:
        await self._tell((body,), durable=True)
        self._readings.put_nowait(None)  # judge again: a window that was added or ended counts from now on

    # --- what is shown ----------------------------------------------------------------------------------

    def view(self) -> AgentView:
        """The whole agent as it is now, for metrics, status page and questions."""
        now = self.now()
        return agent_view(
            self.terms,
            self.knowledge.clock_set(self.clock.set_by - self._followed),
            products=self.setup.products,
            watches=self.setup.watches,
            started=self.own_clock.started,
            now=now,
            version=VERSION,
            healthy=self._healthy(),
            ready=self._ready(),
            unwritten=self.journal.unwritten,
        )

    def _healthy(self) -> Verdict:
        if self._judge_trouble:
            return False, f"Readings cannot be judged, see the daemon's own log: {self._judge_trouble}."
        return self.polling.schedule.progress(asyncio.get_running_loop().time())

    def _ready(self) -> Verdict:
        if trouble := self.journal.trouble:
            waiting = f"{self.journal.unwritten} entries are in memory only"
            return False, f"{trouble}. {waiting}: they are written when it can be, and a restart loses them."
        if unasked := self._unasked():
            return False, f"Not asked yet: {', '.join(unasked)}."
        return True, f"Each of {len(self.polling.ways)} ways of access answered or timed out once."

    def _unasked(self) -> list[str]:
        return [
            f"{system} ({protocol})"
            for system, protocol in self.polling.ways
            if protocol not in self.knowledge.picture.of(system).accesses
        ]

    def _terms(self) -> Terms:
        return self.terms

    def _say_journal(self) -> None:
        # Once when it begins and once when it is over, like a system that goes dark.
        for notice in self.journal.notices[self._notices :]:
            log.warning("%s", notice)
        self._notices = len(self.journal.notices)
        trouble = self.journal.trouble
        if trouble and not self._journal_trouble:
            log.error("%s; watching goes on, and what is decided is kept in memory until then", trouble)
        elif self._journal_trouble and not trouble:
            log.warning("the journal can be written again; %d entries were late", self.journal.late)
        self._journal_trouble = trouble

    def _numbers_told(self) -> tuple[Body, ...]:
        """A ticket that people were told of and the journal lost keeps its number for itself."""
        told, known = highest_told(self.setup.alert_log), self.knowledge.incidents.tickets
        return (NumbersSkipped(first=known + 1, last=told),) if told > known else ()

    def _say_sight(self, reading: Reading) -> None:
        # Once when it goes dark and once when it is back: what repeats with every poll is no news.
        access = self.knowledge.picture.of(reading.system).accesses.get(reading.protocol)
        before = access.error if access else None
        if reading.error is not None and (access is None or reading.error != before):
            must = reading.protocol not in self.setup.watches[reading.system].optional
            told = reading.system, reading.protocol, reading.error, reading.error_text
            log.log(logging.WARNING if must else logging.INFO, "%s (%s): %s: %s", *told)
        elif reading.error is None and before is not None:
            log.info("%s (%s): seen again", reading.system, reading.protocol)

    async def _say_alive(self) -> None:
        await self._first_round.wait()
        self.supervisor.status(self._glance())
        while True:
            await self._tell((AgentAlive(),))
            self.teller.say(LogLine(at=self.view().now, verb="ALIVE", text=self._glance()))
            await asyncio.sleep(ALIVE_EVERY.total_seconds())

    def _glance(self) -> str:
        view = self.view()
        count = len(view.open_tickets)
        noun = "ticket" if count == 1 else "tickets"
        return f"{view.seen} of {len(view.systems)} systems seen, {count} open {noun}"

    def _moving(self) -> bool:
        return self.polling.schedule.moving(asyncio.get_running_loop().time())

    async def _say_goodbye(self) -> None:
        await self._tell((AgentStopped(),))
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self.teller.tell()

    def _minds_its_clock(self) -> bool:
        return self.setup.site.clock_synchronised

    def _background(self, work: object) -> None:
        if asyncio.iscoroutine(work):
            task = asyncio.ensure_future(work)
            task.add_done_callback(lambda done: done.cancelled() or done.result())


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        if task.get_name() != "web":  # it ends by itself, with its answers given, once `stop` is set
            task.cancel()
    await asyncio.wait(tasks, timeout=5)


async def run_daemon(path: Path) -> None:
    """Load, open the journal, run. Raises ConfigError, JournalError, WebError, ControlError: one sentence."""
    setup = load_setup(path)
    setup.make_directories()
    journal = Journal.open(setup.journal)
    try:
        await Daemon(setup, journal).run()
    finally:
        await journal.close()
        if journal.unwritten:
            log.error("%s; stopped, and %d entries are lost", journal.trouble, journal.unwritten)
