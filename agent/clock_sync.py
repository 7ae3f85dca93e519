"""Whether the kernel holds this machine's clock for synchronised. It reads; it judges nothing.

adjtimex(2) with no modes sets nothing and needs no privilege. Whoever keeps the time (chrony, ntpd,
timesyncd, a hypervisor's agent) tells the kernel; where nobody does, the kernel says unsynchronised.
"""

from __future__ import annotations

import ctypes

STA_UNSYNC = 0x0040  # <sys/timex.h>, as the other names here
TIME_ERROR = 5


class Timex(ctypes.Structure):
    """struct timex as far as it is read, and more room than the kernel fills (208 bytes on 64 bits)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def synchronised() -> bool | None:
    """What the kernel says; None where it cannot be asked: no Linux, or a sandbox that forbids it."""
    answer = Timex()  # all zero: modes 0
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(answer))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else said(state, answer)


def said(state: int, answer: Timex) -> bool:
    """What an answer says. `state`: what adjtimex returned beside it."""
    return state != TIME_ERROR and not answer.status & STA_UNSYNC
