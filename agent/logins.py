"""One login attempt, then no more: a refusal is remembered until the secret changes or a person says so.

Avaya logins lock out after a few failures, and a daemon that is started again and again would use them up.
So the refusal is kept on disk (`logins.json` in the state directory, for the daemon's eyes alone) beside a
digest of the secret that was refused. It logs nobody in and knows no protocol.
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

_SCRYPT = {
    "n": 2**14,
    "r": 8,
    "p": 1,
}  # 16 MiB and some 50 ms: guessing a password from the file takes its time


@dataclass(frozen=True, slots=True)
class Refusal:
    """A login that was refused: when (ISO 8601), why, and what stands for the secret that was tried."""

    at: str
    why: str
    salt: str
    digest: str


class Logins:
    """The refused logins of a site, by name: `cm1 sat`. Used from several threads.

    `now`: the wall clock, UTC.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._refusals = _read(path)

    def guard(self, system: str, protocol: str, secret: str) -> Guard:
        """The guard of one login. `secret`: all that is sent to log in, in one text."""
        return Guard(self, f"{system} {protocol}", secret)

    def refused(self, name: str) -> Refusal | None:
        """The refusal that stands for that login."""
        with self._lock:
            return self._refusals.get(name)

    def remember(self, name: str, secret: str, why: str) -> None:
        """That secret was refused for that login."""
        salt = os.urandom(16)
        refusal = Refusal(
            self._now().isoformat(timespec="seconds"), why, salt.hex(), _digest(secret, salt).hex()
        )
        self._change(name, refusal)

    def allow(self, system: str, protocol: str) -> bool:
        """A person says that it may be tried again. False if nothing was in its way."""
        return self._change(f"{system} {protocol}", None)

    def _change(self, name: str, refusal: Refusal | None) -> bool:
        with self._lock:
            if refusal is None and name not in self._refusals:
                return False
            rest = {other: old for other, old in self._refusals.items() if other != name}
            self._refusals = rest if refusal is None else {**rest, name: refusal}
            text = json.dumps({key: asdict(value) for key, value in self._refusals.items()}, indent=1)
            try:
                write_aside(self.path, text + "\n", mode=0o600)
            except OSError as error:
                log.error(
                    "%s cannot be written: %s; it holds for as long as this daemon runs",
                    self.path,
                    error.strerror,
                )
        return True


class Guard:
    """Stands before one login (`collectors.sessions.ssh.LoginGuard`)."""

    def __init__(self, logins: Logins, name: str, secret: str) -> None:
        self._logins = logins
        self._name = name
        self._secret = secret
        self._compared: tuple[Refusal, bool] | None = None  # the digest is slow on purpose: once per refusal

    def barred(self) -> str | None:
        """Why no login may be tried, as a sentence; None if it may."""
        refusal = self._logins.refused(self._name)
        if refusal is None:
            return None
        if self._compared is None or self._compared[0] is not refusal:
            same = hmac.compare_digest(
                _digest(self._secret, bytes.fromhex(refusal.salt)), bytes.fromhex(refusal.digest)
            )
            self._compared = (refusal, same)
        if not self._compared[1]:
            return None  # another secret: it has its own one attempt
        system = self._name.split()[0]
        return f"{refusal.why}; not tried again (new secret, or `trunkwatch retry-login {system}`)"

    def refused(self, why: str) -> None:
        """The system refused this login."""
        self._logins.remember(self._name, self._secret, why)

    def accepted(self) -> None:
        """The system took this login: what was refused before is history."""
        self._logins.allow(*self._name.split())

    def __repr__(self) -> str:
        return f"Guard({self._name})"


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT)


def _read(path: Path) -> dict[str, Refusal]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        refusals = {str(name): Refusal(**refusal) for name, refusal in told.items()}
        for refusal in refusals.values():
            bytes.fromhex(refusal.salt), bytes.fromhex(refusal.digest)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning(
            "%s cannot be read (%s): logins that were refused before are tried once more",
            path,
            type(error).__name__,
        )
        return {}
    return refusals
