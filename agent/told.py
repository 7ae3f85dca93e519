"""Reads the alert log back: the highest ticket number that it tells, which is never given again.

It changes nothing and judges no line; a log that is not there or cannot be read tells none.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_ENOUGH = 4 << 20  # bytes from the end: numbers grow, so the highest is near it
# The ticket as column or key, at its place: a device's own words stand behind it, and quoted.
_TICKET = re.compile(
    rb'^(?:\d{4}-\S+ \S+ \S+ +[A-Z]+ +|\{"at": "[^"]*", "severity": "?\w+"?, "verb": "[A-Z]+", "ticket": ")'
    rb"TW-(\d{6,9})\b",
    re.MULTILINE,
)


def highest_told(log: Path) -> int:
    """The highest ticket number in the log, and in the one that was moved away before it; 0 for none."""
    numbers = [0]
    for path in (log, log.with_name(log.name + ".1")):
        numbers += [int(number) for number in _TICKET.findall(_tail(path))]
    return max(numbers)


def _tail(path: Path) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        size = os.fstat(file).st_size
        return os.pread(file, _ENOUGH, max(0, size - _ENOUGH))
    except OSError:
        return b""
    finally:
        os.close(file)
