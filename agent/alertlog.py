"""The alert log: one line per decision, for the eye, `tail -f`, grep and awk.

It formats and appends; it decides nothing and keeps no cursor: whoever writes does, and writes again what
`AlertLogError.written` does not count.

    2026-11-20 17:03:00-06:00 MAJOR OPEN    TW-000123 cm1 half-capacity "23 of 46 trunks out of service" respond-by="Mon 2026-11-23 09:03 CST" responsibility=carrier
    2026-11-20 18:00:00-06:00 -     ALIVE   -         - - "12 of 12 systems seen, 0 open tickets"

Every line has these seven columns, split by blanks, `-` where there is none, and then the quoted text:

    $1 date   $2 time of the site with offset   $3 severity   $4 verb   $5 ticket   $6 system   $7 clause

After the text stand `name=value` pairs: `respond-by` (not for RESOLVE), `after` (RESOLVE, RESPOND: how long it was
open; SEEN: unseen), `responsibility`. In the text, and in quoted values, `"` and `\\` have a backslash before them, and
whatever is not printable is written as `\\n`, `\\t`, `\\x1b` or `\\u2028`: one decision is one line.

The JSON form (`format: json`) is one object per line with the keys at, severity, verb, ticket, system, clause,
text, respond_by, after, responsibility: all of them on every line, null where there is none; times are
ISO 8601 with offset, `after` is in seconds.
"""  # noqa: E501 (an example of a log line cannot be broken: that it is one line is the point)

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from agent.failures import Responsibility
from agent.views import moment, span

Verb = Literal[
    "OPEN",
    "UPDATE",
    "WARN",
    "BREACH",
    "RESPOND",
    "RESOLVE",
    "REOPEN",
    "PENDING",
    "UNSEEN",
    "SEEN",
    "WINDOW",
    "ALIVE",
]
Format = Literal["text", "json"]

_ADVICE = {
    errno.ENOENT: "its directory is missing; create it",
    errno.ENOTDIR: "a part of its path is not a directory; correct sinks.alert_log.path",
    errno.EISDIR: "it is a directory; correct sinks.alert_log.path",
    errno.EACCES: "permission denied; give the agent's user the right to write there",
    errno.EPERM: "permission denied; give the agent's user the right to write there",
    errno.EROFS: "its file system is read-only; mount it writable",
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the disk quota is used up; make room",
    errno.EFBIG: "it has reached the largest size allowed; rotate it or raise the limit",
}


class AlertLogError(Exception):
    """The log could not be written. `written`: how many of the lines handed over stand in it, whole."""

    def __init__(self, path: Path, reason: str, written: int = 0) -> None:
        self.written = written
        super().__init__(f"cannot write the alert log {path}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One decision as the log tells it. `at` and `respond_by` are in the site's zone."""

    at: datetime
    verb: Verb
    text: str
    severity: str | None = None
    ticket: str | None = None
    system: str | None = None
    clause: str | None = None
    respond_by: datetime | None = None
    after: timedelta | None = None
    responsibility: Responsibility | None = None


def line(decision: LogLine) -> str:
    """The text form, without its newline."""
    columns = [
        decision.at.isoformat(sep=" ", timespec="seconds"),
        _column(decision.severity).upper().ljust(5),
        decision.verb.ljust(7),
        _column(decision.ticket).ljust(9),
        _column(decision.system),
        _column(decision.clause),
        f'"{_escaped(decision.text)}"',
    ]
    if decision.respond_by is not None:
        columns.append(f'respond-by="{_escaped(moment(decision.respond_by))}"')
    if decision.after is not None:
        columns.append(f'after="{span(decision.after)}"')
    if decision.responsibility is not None:
        columns.append(f"responsibility={decision.responsibility}")
    return " ".join(columns)


def json_line(decision: LogLine) -> str:
    """The JSON form, without its newline."""
    by, after = decision.respond_by, decision.after
    return json.dumps(
        {
            "at": decision.at.isoformat(timespec="seconds"),
            "severity": decision.severity,
            "verb": decision.verb,
            "ticket": decision.ticket,
            "system": decision.system,
            "clause": decision.clause,
            "text": decision.text,
            "respond_by": None if by is None else by.isoformat(timespec="seconds"),
            "after": None if after is None else round(after.total_seconds()),
            "responsibility": decision.responsibility,
        }
    )


def _column(word: str | None) -> str:
    """A word that stays one column: blanks and what is not printable would shift the others."""
    if not word:
        return "-"
    return "".join(char if char.isprintable() and not char.isspace() else "_" for char in word)


def _escaped(text: str) -> str:
    return "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else _code(char) for char in text
    )


def _code(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


class AlertLog:
    """The file. It is opened at the first write, and again when it was moved, removed or `reopen` was called.

    One writer at a time; `write` waits for the disk (fsync), so a daemon calls it off its event loop.
    """

    def __init__(self, path: Path, format: Format = "text") -> None:  # noqa: A002 (the word of the site file)
        self.path = path
        self._form = json_line if format == "json" else line
        self._fd: int | None = None
        self._renew = False

    def write(self, lines: Sequence[LogLine]) -> None:
        """Append the lines in their order and see them onto the disk. Raises AlertLogError."""
        if not lines:
            return
        written = 0
        try:
            fd = self._open()
            for decision in lines:
                self._append(fd, (self._form(decision) + "\n").encode("utf-8"))
                written += 1
            os.fsync(fd)
        except OSError as error:
            # What fsync refused may be lost: it does not count. A line told twice is better than one lost.
            sure = written if written < len(lines) else 0
            self.close()
            reason = _ADVICE.get(error.errno or 0) or error.strerror or str(error)
            raise AlertLogError(self.path, reason, sure) from error

    def reopen(self) -> None:
        """Take the path anew at the next write. Closes nothing itself: a write may be under way elsewhere."""
        self._renew = True

    def close(self) -> None:
        """Let go of the file; a later write opens it again."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _open(self) -> int:
        renew, self._renew = self._renew, False
        if self._fd is not None and (renew or self._moved(self._fd)):
            self.close()
        if self._fd is None:
            self._fd = fd = self._open_path()
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file; correct sinks.alert_log.path")
            if status.st_size and os.pread(fd, 1, status.st_size - 1) != b"\n":
                self._append(fd, b"\n")  # the line before was torn, by a crash of the machine
        return self._fd

    def _moved(self, fd: int) -> bool:
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(fd))
        except FileNotFoundError:
            return True

    def _open_path(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO must not block the agent
        try:
            fd = os.open(self.path, flags | os.O_CREAT | os.O_EXCL, 0o640)
        except FileExistsError:
            return os.open(self.path, flags)
        os.fchmod(fd, 0o640)  # the operators' group reads it, whatever the umask
        return fd

    def _append(self, fd: int, whole: bytes) -> None:
        """One write call for one line. What a full disk took only half of is taken back."""
        before = os.fstat(fd).st_size
        rest = whole
        try:
            while rest:  # a short write does not tell its reason; asking for the rest does
                rest = rest[os.write(fd, rest) :]
        except OSError:
            if os.fstat(fd).st_size > before:
                os.ftruncate(fd, before)
            raise
