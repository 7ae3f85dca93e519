"""The agent's daemon as the lab's child: started, started again when it dies, stopped, never orphaned."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.lab.place import CHECKOUT

GRACE = 8.0  # seconds between SIGTERM and SIGKILL
_PAUSE = 1.0  # seconds before a dead daemon is started again
_DEATHS = 5  # new starts allowed within _WINDOW seconds
_WINDOW = 60.0
_LAST_LINES = 8
_MISCONFIGURED = 2  # exit code of a daemon that would fail the same way again
_PR_SET_PDEATHSIG = 1  # prctl(2)

Tell = Callable[[str, str], None]  # verb, sentence


class Daemon:
    """One daemon. What it writes to stdout and stderr goes to `log`; `tell` hears of its deaths."""

    def __init__(self, command: Sequence[str], log: Path, tell: Tell) -> None:
        self._command = command
        self._log = log
        self._tell = tell
        self._said: deque[str] = deque(maxlen=_LAST_LINES)

    async def keep(self, stop: asyncio.Event) -> int:
        """Keep it running until `stop` is set. Gives the exit code of the lab: 0, or why it gave up."""
        loop = asyncio.get_running_loop()
        deaths: deque[float] = deque()
        while True:
            code = await self._live(stop)
            if stop.is_set():
                return 0
            if code == _MISCONFIGURED:
                self._tell("STOP", f"The daemon cannot start: {self._last_words()}")
                return code
            deaths.append(loop.time())
            while deaths[0] < loop.time() - _WINDOW:
                deaths.popleft()
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            if len(deaths) > _DEATHS:
                self._tell(
                    "STOP", f"The daemon {how} for the {len(deaths)}th time in a minute. It said last:"
                )
                self._tell("STOP", self._last_words())
                return 1
            self._tell("DAEMON", f"The daemon {how}; it is started again in {_PAUSE:.0f} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _PAUSE)

    def _last_words(self) -> str:
        return "\n".join(self._said) or f"nothing; see {self._log}."

    async def _live(self, stop: asyncio.Event) -> int:
        """One life, from start to exit; gives the exit code, negative for a signal."""
        self._said.clear()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the lab alone, which then stops the daemon in order
            preexec_fn=_die_with(os.getpid()),  # calls prctl and getppid only, takes no lock
        )
        listener = asyncio.create_task(self._listen(process.stdout))
        end, told = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((end, told), return_when=asyncio.FIRST_COMPLETED)
            if not end.done():
                process.terminate()
                await asyncio.wait((end,), timeout=GRACE)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            code = await end
            told.cancel()
            await asyncio.wait((listener, told), timeout=1.0)  # a grandchild may still hold the pipe
            listener.cancel()
        return code

    async def _listen(self, stream: asyncio.StreamReader | None) -> None:
        if stream is None:
            return
        with self._log.open("ab") as log:
            while piece := await stream.read(65536):
                log.write(piece)
                log.flush()
                self._said.extend(
                    line for line in piece.decode(errors="replace").splitlines() if line.strip()
                )


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does before it runs the daemon: ask for SIGKILL at its parent's death."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return prepare
