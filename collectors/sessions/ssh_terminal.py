"""The text of a shell over SSH: sending, and hearing until something more comes, within a limit.

One reader, in the thread of the session; what the text means is known elsewhere.
"""

from __future__ import annotations

import codecs
from contextlib import suppress

import paramiko

from collectors.sessions.workers import Late, Limit

MOST_TEXT = 32 * 1024 * 1024  # characters of one answer; a list of 40,000 stations takes about 6 million
TAIL = 512  # characters at the end of an answer that are looked at for its end


class HungUp(Exception):
    """The connection has ended."""


class Flood(Exception):
    """More text came than any answer has."""


class Terminal:
    """The text of a shell: what was heard since it was last taken, and sending. For one thread."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.tail = ""  # the last characters heard
        self._channel = channel
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._heard: list[str] = []
        self._size = 0

    def send(self, text: str, limit: Limit) -> None:
        """Send all of it at once. Raises HungUp, Late."""
        rest = text.encode()
        try:
            while rest:
                self._channel.settimeout(limit.slice())
                with suppress(TimeoutError):
                    sent = self._channel.send(rest)
                    if sent == 0:
                        raise HungUp
                    rest = rest[sent:]
        except (OSError, EOFError, paramiko.SSHException) as error:
            limit.left()
            raise HungUp from error

    def wait(self, limit: Limit, quiet: float | None = None) -> str:
        """What came next; empty: nothing for `quiet` seconds. Raises HungUp, Late, Flood."""
        calm = limit.part(quiet) if quiet is not None else None
        while True:
            try:
                self._channel.settimeout(min(limit.slice(), calm.left() if calm else limit.slice()))
            except Late:
                limit.left()
                return ""
            try:
                received = self._channel.recv(64 * 1024)
            except TimeoutError:
                continue
            except (OSError, EOFError, paramiko.SSHException) as error:
                raise HungUp from error
            if not received:
                limit.left()
                raise HungUp
            text = self._decoder.decode(received)
            if text:
                return self._keep(text)

    def pending(self) -> bool:
        """Whether something is there, or was heard and not taken yet, that is not blank."""
        while self._channel.recv_ready():
            self._keep(self._decoder.decode(self._channel.recv(64 * 1024)))
        return bool("".join(self._heard).strip())

    @property
    def hung_up(self) -> bool:
        """Whether the other end has ended the shell."""
        return bool(self._channel.closed or self._channel.eof_received)

    @property
    def size(self) -> int:
        """How many characters were heard since the last `take`."""
        return self._size

    @property
    def text(self) -> str:
        """All that was heard since the last `take`."""
        self._heard = ["".join(self._heard)]
        return self._heard[0]

    def take(self) -> str:
        """All that was heard, which is forgotten with this."""
        text = self.text
        self._heard, self._size, self.tail = [], 0, ""
        return text

    def _keep(self, text: str) -> str:
        self._heard.append(text)
        self._size += len(text)
        self.tail = (self.tail + text)[-TAIL:]
        if self._size > MOST_TEXT:
            self.take()
            raise Flood
        return text
