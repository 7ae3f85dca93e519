"""The host keys that a person has accepted: a file in OpenSSH's form, `known_hosts` in the state directory.

It keeps and gives them; whether a key may be accepted is decided by whoever enrolls, and no line opens to a
system whose key is not here.
"""

from __future__ import annotations

import base64
import binascii
import logging
import threading
from contextlib import suppress
from pathlib import Path

from agent.state_files import write_aside
from collectors.base import SENTENCE, Refused
from collectors.sessions.ssh import HostKey

log = logging.getLogger(__name__)


class KnownHostsError(Exception):
    """The file cannot be written. One sentence that says what to do."""


class KnownHostsFile:
    """The file at `path`, read again whenever it changed. Used from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._keys: dict[str, tuple[HostKey, ...]] = {}

    def key(self, address: str, port: int) -> tuple[HostKey, ...]:
        """The accepted keys of that address and port; none: nobody has enrolled it.

        Raises Refused if the file is there and cannot be read: then no key is known to be right.
        """
        with self._lock:
            try:
                self._refresh()
            except OSError as error:
                why = f"{self.path} cannot be read: {error.strerror}"
                raise Refused(f"host key of {address}", why, most=SENTENCE) from None
            return self._keys.get(_place(address, port), ())

    def store(self, address: str, port: int, key: HostKey) -> None:
        """Accept this key, and forget the ones that stood there before; on disk on return.

        Raises KnownHostsError. Lines of other hosts, comments among them, stay as they are.
        """
        place = _place(address, port)
        with self._lock:
            try:
                before = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
                kept = [line for line in before if _names(line) != [place]]
                write_aside(self.path, "\n".join([*kept, f"{place} {key.type} {key.base64}", ""]), mode=0o640)
                self._refresh()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no text"
                raise KnownHostsError(f"the host key cannot be stored in {self.path}: {why}") from None

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._keys = None, {}
            return
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        if stamp == self._stamp:
            return
        keys: dict[str, tuple[HostKey, ...]] = {}
        text = self.path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 3 or words[0].startswith(("@", "|")) or not _is_key(words[2]):
                log.warning(
                    "%s:%d: expected `[address]:port type key`, one host a line; got another line (left out)",
                    self.path,
                    number,
                )
                continue
            for name in _names(line):
                keys[name] = (*keys.get(name, ()), HostKey(words[1], words[2]))
        self._stamp, self._keys = stamp, keys


def _place(address: str, port: int) -> str:
    """As OpenSSH writes it: the bare address on port 22, else with its port."""
    return address if port == 22 else f"[{address}]:{port}"


def _names(line: str) -> list[str]:
    words = line.split()
    return [] if not words or words[0].startswith("#") else words[0].split(",")


def _is_key(text: str) -> bool:
    with suppress(binascii.Error, ValueError):
        return bool(base64.b64decode(text, validate=True))
    return False
