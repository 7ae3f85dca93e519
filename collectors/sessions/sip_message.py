"""SIP messages (RFC 3261): writes one OPTIONS, and takes apart what comes back. It opens no socket.

Our own: of all of SIP an OPTIONS needs one request and, of a response, the first line and the three fields
that say whose it is. A reader that also insists on the rest would take a listener with an odd field for none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from secrets import token_hex

from collectors.base import QUOTE, BadAnswer, SipAnswer, SipTransport

MOST = 65_535  # octets of the head of a message, and of its body: those of the largest datagram
MAGIC = "z9hG4bK"  # with which a branch begins (RFC 3261, 8.1.1.7)

_RESPONSE = re.compile(r"SIP/2\.0 +([1-6][0-9][0-9])(?: +(.*))?", re.IGNORECASE)
_REQUEST = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,40} +\S+ +SIP/2\.0", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_COMPACT = {"v": "via", "i": "call-id", "l": "content-length"}  # RFC 3261, 7.3.3; CSeq has no short form


def host_of(name: str) -> str:
    """A name or address as a URI has it: IPv6 in brackets. ValueError for what is neither."""
    try:
        address = ip_address(name)
    except ValueError:
        if _HOST.fullmatch(name) is None:
            raise ValueError(f"expected the name of a host, got {name[:40]!r}") from None
        return name
    return f"[{name.partition('%')[0]}]" if address.version == 6 else name


@dataclass(frozen=True, slots=True)
class Message:
    """A message without its body. `status`: None: a request. `fields`: in small letters, long names."""

    start: str
    fields: tuple[tuple[str, str], ...]
    status: int | None = None
    reason: str = ""

    def first(self, name: str) -> str:
        """The first field of that name; nothing where there is none."""
        return next((value for each, value in self.fields if each == name), "")

    def answer(self, seconds: float) -> SipAnswer:
        """The response for a collector, all of it in one printable line each."""
        server = self.first("server") or self.first("user-agent")
        return SipAnswer(seconds, self.status or 0, one_line(self.reason), one_line(server))


@dataclass(frozen=True, slots=True)
class Options:
    """An OPTIONS outside any dialogue. `host`: of its URI. `local`: from where it is sent."""

    host: str
    port: int
    transport: SipTransport
    local: tuple[str, int]
    branch: str = field(default_factory=lambda: MAGIC + token_hex(12))
    tag: str = field(default_factory=lambda: token_hex(6))
    call_id: str = field(default_factory=lambda: token_hex(16))

    def written(self) -> bytes:
        """As it goes out. The same each time: a request that is repeated is the same transaction."""
        here = f"{host_of(self.local[0])}:{self.local[1]}"
        there = f"sip:{host_of(self.host)}:{self.port}"
        fields = (
            f"Via: SIP/2.0/{self.transport.upper()} {here};branch={self.branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:trunkwatch@{host_of(self.local[0])}>;tag={self.tag}",
            f"To: <{there}>",
            f"Call-ID: {self.call_id}",
            "CSeq: 1 OPTIONS",
            f"Contact: <sip:trunkwatch@{here};transport={self.transport}>",
            "User-Agent: trunkwatch",
            "Accept: application/sdp",
            "Content-Length: 0",
        )
        first = f"OPTIONS {there};transport={self.transport} SIP/2.0"
        return "\r\n".join((first, *fields, "", "")).encode("ascii")

    def answered_by(self, message: Message) -> bool:
        """Whether it is a response to this request (RFC 3261, 17.1.3; the Call-ID as well)."""
        branch = _BRANCH.search(message.first("via"))
        number, _, method = message.first("cseq").partition(" ")
        return (
            message.status is not None
            and branch is not None
            and branch[1].lower() == self.branch.lower()
            and (number, method.strip().upper()) == ("1", "OPTIONS")
            and message.first("call-id") == self.call_id
        )


def read(question: str, octets: bytes) -> Message | None:
    """A message in a datagram; None for one that only keeps a path open (RFC 5626: blank lines).

    Raises BadAnswer, in the name of that question, for what is no SIP.
    """
    octets = octets.lstrip(b"\r\n")
    if not octets.strip(b"\0"):
        return None
    end = _END.search(octets)
    if end is None:
        raise BadAnswer(question, _no_sip(octets))
    return _head(question, octets[: end.start()])


class Stream:
    """Takes the messages out of a stream, however it is cut up. `rest`: what is not a whole one yet."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._body = 0  # octets of a body that are still to come
        self.rest = b""

    def feed(self, octets: bytes) -> Iterator[Message]:
        """The messages whose heads are whole now. Raises BadAnswer for what is no SIP or has no end."""
        self.rest += octets
        while True:
            skipped = min(self._body, len(self.rest))
            self._body -= skipped
            self.rest = self.rest[skipped:]
            if self._body:
                return
            self.rest = self.rest.lstrip(b"\r\n")  # between two messages (RFC 3261, 7.5)
            line, newline, _ = self.rest.partition(b"\n")
            if newline or len(line) > MOST:
                _start(self._question, line)  # what is no SIP is known by its first line, and may never end
            end = _END.search(self.rest, 0, MOST + 4)
            if end is None:
                if len(self.rest) > MOST:
                    raise BadAnswer(self._question, f"an answer of more than {MOST} octets")
                return
            message = _head(self._question, self.rest[: end.start()])
            self.rest = self.rest[end.end() :]
            self._body = self._length(message)
            yield message

    def _length(self, message: Message) -> int:
        told = message.first("content-length") or "0"  # a stream's message must have one; ours needs none
        if re.fullmatch("[0-9]{1,9}", told, re.ASCII) is None or int(told) > MOST:
            raise BadAnswer(self._question, f"expected a Content-Length of at most {MOST}, got {told!r}")
        return int(told)


def one_line(text: str) -> str:
    """Text of a device, printable, in one line of at most 80 characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:QUOTE]


def _head(question: str, octets: bytes) -> Message:
    first, *lines = octets.replace(b"\r\n", b"\n").split(b"\n")
    start = _start(question, first)
    unfolded: list[str] = []
    for line in (each.decode("utf-8", "replace") for each in lines):
        if line[:1] in (" ", "\t") and unfolded:
            unfolded[-1] += f" {line.strip()}"
        else:
            unfolded.append(line)
    pairs = (line.partition(":") for line in unfolded)
    named = ((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)
    fields = tuple((_COMPACT.get(name, name), value) for name, value in named)
    response = _RESPONSE.fullmatch(start)
    if response is None:
        return Message(start, fields)
    return Message(start, fields, int(response[1]), response[2] or "")


def _start(question: str, line: bytes) -> str:
    start = line[:MOST].decode("utf-8", "replace").strip()
    if _RESPONSE.fullmatch(start) is None and _REQUEST.fullmatch(start) is None:
        raise BadAnswer(question, _no_sip(line))
    return start


def _no_sip(octets: bytes) -> str:
    return f"no SIP: {one_line(octets[:QUOTE].decode('utf-8', 'replace'))!r}"
