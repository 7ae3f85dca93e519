"""One login attempt, then no more: a refusal is remembered until the secret changes or a person says so.

Avaya logins lock out after a few failures, and a daemon that is started again and again would use them up.
So what came of the last login is kept on disk (`logins.json` in the state directory, for the daemon's eyes
alone) beside a digest of the secret that was tried. It logs nobody in and knows no protocol.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from agent.state_files import write_aside

log = logging.getLogger(__name__)

UNANSWERED = 3  # logins in a row that broke off: with a secret that was accepted before, only then no more
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB and some 50 ms: guessing a password from the file takes time


@dataclass(frozen=True, slots=True)
class Last:
    """What came of the last login: when (ISO 8601), and why it was refused; empty if it was accepted.

    `salt` and `digest` stand for the secret that was tried, in hexadecimal.
    """

    at: str
    why: str
    salt: str
    digest: str


class Logins:
    """What came of the last logins of a site, by name: `cm1 sat`. Used from several threads.

    `now`: the wall clock, UTC.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._last = _read(path)

    def guard(self, system: str, protocol: str, secret: str) -> Guard:
        """The guard of one login. `secret`: all that is sent to log in, in one text."""
        return Guard(self, f"{system} {protocol}", secret)

    def last(self, name: str) -> Last | None:
        """What came of that login; None if that is not known, or no longer counts."""
        with self._lock:
            return self._last.get(name)

    def remember(self, name: str, secret: str, why: str) -> None:
        """That secret was refused for that login, or accepted if `why` is empty."""
        salt = os.urandom(16)
        at = self._now().isoformat(timespec="seconds")
        self._change(name, Last(at, why, salt.hex(), _digest(secret, salt).hex()))

    def allow(self, system: str, protocol: str) -> bool:
        """A person says that it may be tried again. False if nothing was in its way."""
        name = f"{system} {protocol}"
        last = self.last(name)
        if last is None or not last.why:
            return False
        self._change(name, None)
        return True

    def _change(self, name: str, last: Last | None) -> None:
        with self._lock:
            rest = {other: old for other, old in self._last.items() if other != name}
            self._last = rest if last is None else {**rest, name: last}
            text = json.dumps({key: asdict(value) for key, value in self._last.items()}, indent=1)
            try:
                write_aside(self.path, text + "\n", mode=0o600)
            except OSError as error:
                log.error(
                    "%s cannot be written: %s; what came of a login is known to this daemon alone",
                    self.path,
                    error.strerror,
                )


class Guard:
    """Stands before one login (`collectors.sessions.ssh.LoginGuard`)."""

    def __init__(self, logins: Logins, name: str, secret: str) -> None:
        self._logins = logins
        self._name = name
        self._secret = secret
        self._unanswered = 0
        self._compared: tuple[Last, bool] | None = None  # the digest is slow on purpose: once for each

    def barred(self) -> str | None:
        """Why no login may be tried, as a sentence; None if it may."""
        last = self._last_of_this_secret()
        if last is None or not last.why:
            return None
        system = self._name.split()[0]
        return f"{last.why}; not tried again (new secret, or `trunkwatch retry-login {system}`)"

    def refused(self, why: str) -> None:
        """The system refused this login."""
        self._logins.remember(self._name, self._secret, why)

    def broke_off(self, why: str) -> bool:
        """Nobody answered. A secret that was accepted before is right: it has some attempts more."""
        self._unanswered += 1
        if self._last_of_this_secret() is not None and self._unanswered < UNANSWERED:
            return False
        self.refused(why)
        return True

    def accepted(self) -> None:
        """The system took this login: what was refused before is history."""
        self._unanswered = 0
        last = self._last_of_this_secret()
        if last is None or last.why:
            self._logins.remember(self._name, self._secret, "")

    def _last_of_this_secret(self) -> Last | None:
        """What came of the last login, if it was with this very secret."""
        last = self._logins.last(self._name)
        if last is None:
            return None
        if self._compared is None or self._compared[0] is not last:
            digest = _digest(self._secret, bytes.fromhex(last.salt))
            self._compared = (last, hmac.compare_digest(digest, bytes.fromhex(last.digest)))
        return last if self._compared[1] else None

    def __repr__(self) -> str:
        return f"Guard({self._name})"


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT)


def _read(path: Path) -> dict[str, Last]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found = {str(name): Last(**last) for name, last in told.items()}
        for last in found.values():
            bytes.fromhex(last.salt), bytes.fromhex(last.digest)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning(
            "%s cannot be read (%s): logins that were refused before are tried once more",
            path,
            type(error).__name__,
        )
        return {}
    return found
