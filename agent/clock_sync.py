"""Whether the kernel holds this machine's clock for synchronised. It reads; it judges nothing.

adjtimex(2) with no modes sets nothing and needs no privilege. Whoever keeps the time (chrony, ntpd,
timesyncd, a hypervisor's agent) tells the kernel; where nobody does, the kernel says unsynchronised. Our own
service may not even ask (ProtectClock= forbids the call, whatever it is for): there systemd's timedated is
asked, which asks the kernel the same.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence

STA_UNSYNC = 0x0040  # <sys/timex.h>, as the other names here
TIME_ERROR = 5
TIMEDATED = ("/usr/bin/timedatectl", "show", "--property=NTPSynchronized", "--value")
TIMEX = "@Illlli"  # its first members: modes, offset, freq, maxerror, esterror, status
_ROOM = 512  # bytes: the whole has 208 on 64 bits
PATIENCE = 3.0  # seconds for timedated, which may have to be started for the answer


def synchronised() -> bool | None:
    """What the kernel says; None where nobody lets us ask. Blocks for PATIENCE at most."""
    answer = by_kernel()
    return by_timedated() if answer is None else answer


def by_kernel() -> bool | None:
    """The kernel's answer; None: no Linux, or a sandbox that forbids the question."""
    try:
        # Here, where it may fail: in a sandbox without executable memory an old libffi cannot even be loaded.
        import ctypes  # noqa: PLC0415 - loading it can fail in a sandbox, which is an answer here

        answer = ctypes.create_string_buffer(_ROOM)  # all zero: modes 0
        state = int(ctypes.CDLL(None).adjtimex(answer))
    except (ImportError, OSError, AttributeError, MemoryError):
        return None
    return None if state < 0 else said(state, answer.raw)


def said(state: int, answer: bytes) -> bool:
    """What an answer says. `state`: what adjtimex returned beside the struct timex that it filled."""
    *_, status = struct.unpack_from(TIMEX, answer)
    return state != TIME_ERROR and not status & STA_UNSYNC


def by_timedated(command: Sequence[str] = TIMEDATED) -> bool | None:
    """timedated's answer; None where there is none, or no answer that is yes or no."""
    try:
        done = subprocess.run(  # noqa: S603 - a command of our own, without a shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip()) if done.returncode == 0 else None
