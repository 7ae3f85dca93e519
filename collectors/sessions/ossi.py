"""OSSI, the SAT's language for machines: what is sent, and what an answer says. Pure: text in, answers out.

A request is records of a flag and text, each ended by CR; an answer is lines of the same shape. Sources: the
README of jaymzter/Avaya-konnect2, uw-it-ist/pbxd, ikhomutov/python-ossi. An answer is read whole or not at
all: what does not fit its own field block, or does not end, is BadAnswer and never a shorter list. What a
field means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from collectors.base import BadAnswer, SatAnswer

IDLE = "Terminator received but no command active"  # what a lone `t` is answered with
MORE_WORDS = "more?[y]"  # the pager of terminal type ossit
MORE = re.compile(re.escape(MORE_WORDS))
BUSY = ("All maintenance resources busy", "Transient command conflict")  # asked again after seconds

_NOTHING = ("No records match the specified query options", "No data in the system to list")
_REFUSALS = (*BUSY, "is an invalid entry", "not assigned", "not permitted", "no permission")
_FIDS_PER_LINE = 5

_LINES = re.compile(r"\r\n|\n|\r")
_PAGER = re.compile(r"more\?\[y\][ \t]*y?(?:[\r\n]+y(?=[\r\n]))?")
_PAGE = "\0page"  # where the pager stood; no device sends a NUL in a line of OSSI
_FID = re.compile(r"[0-9a-fA-F]{8}")
_ERROR = re.compile(r"e\S*(?:\s+[0-9a-fA-F]{8}(?:\s+\S+)?)?(?:\s+(.*))?")
_ENDED = re.compile(r"(?:^|[\r\n])t[ \t]*(\r?\n|\r)?[\r\n]*$")


def request(command: str, fids: Sequence[str] = ()) -> str:
    """The records that ask for a command, each ended by CR."""
    lines = [fids[start : start + _FIDS_PER_LINE] for start in range(0, len(fids), _FIDS_PER_LINE)]
    return "".join(f"{line}\r" for line in (f"c{command}", *("f" + "\t".join(part) for part in lines), "t"))


def ended(tail: str) -> bool | None:
    """Whether a text ends as an answer does, by its line `t`. None: that line may be longer yet."""
    found = _ENDED.search(tail)
    if found is None:
        return False
    return True if found.group(1) else None


def without_echo(sent: str, text: str) -> str | None:
    """What follows the echo of `sent`, for a terminal that echoes; None while the echo is not whole.

    Raises BadAnswer if something else came in its place.
    """
    wanted = sent.rstrip("\r").split("\r")
    lines = re.split(r"\r\n|\n|\r(?!\Z)", text, maxsplit=len(wanted))
    for line, want in zip(lines[:-1], wanted, strict=False):
        if line != want:
            raise BadAnswer(wanted[0][1:], f"the terminal echoed {line!r}")
    return lines[-1] if len(lines) > len(wanted) else None


def parse(command: str, text: str) -> SatAnswer:
    """The answer to `command` from the raw text: from the `c` echo, or the first `f` line, to the last `t`.

    Raises BadAnswer for an answer to another command and for whatever is not one whole answer.
    """
    return _Reader(command).read(text)


class _Reader:
    """One pass over the lines of one answer."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._blocks: list[tuple[str, ...]] = []  # the f lines: each is the shape of a d line
        self._record: list[tuple[str, ...]] = []
        self._records: list[tuple[str, ...]] = []
        self._errors: list[str] = []
        self._nothing = False
        self._between = False  # after an `n`: another record must follow
        self._paged = False

    def read(self, text: str) -> SatAnswer:
        for line in self._lines(text):
            self._line(line)
        return self._answer()

    def _lines(self, text: str) -> Iterator[str]:
        """The lines between the echo and the last `t`, with a mark where a page ended."""
        if "\0" in text:
            raise self._bad("a NUL in the answer")
        lines = [line for line in _LINES.split(_PAGER.sub(f"\n{_PAGE}\n", text)) if line.strip(" ")]
        if not lines or lines[-1].rstrip() != "t":
            raise self._bad("the answer is cut off")
        del lines[-1]
        if lines and lines[0].startswith("c"):
            echo = lines.pop(0)[1:]
            if echo.split() != self._command.split():
                raise self._bad(f"answered another command: {echo.strip()!r}")
        for place, line in enumerate(lines):
            if line.rstrip() == "t":
                if lines[place + 1 : place + 2] != [_PAGE]:
                    raise self._bad("an end in the middle of the answer")
                continue
            yield line

    def _line(self, line: str) -> None:
        flag, rest = line[0], line[1:]
        if line == _PAGE:
            self._paged = True
        elif flag == "f":
            self._fields(rest)
        elif flag == "d":
            self._values(rest)
        elif line.rstrip() == "n":
            self._end_record()
            self._between = True
        elif flag == "e":
            self._errors.append(self._reason(line))
        else:
            self._words(line)

    def _fields(self, rest: str) -> None:
        fids = tuple(rest.rstrip(" ").split("\t"))
        if self._record or self._records or self._between:
            raise self._bad("fields after the first record")
        if not all(_FID.fullmatch(fid) for fid in fids):
            raise self._bad(f"not the numbers of fields: {rest!r}")
        self._blocks.append(tuple(fid.lower() for fid in fids))

    def _values(self, rest: str) -> None:
        if self._paged and self._blocks and len(self._record) == len(self._blocks):
            self._end_record()  # a page ended between two records
        self._paged = False
        place = len(self._record)
        values = tuple(rest.split("\t"))
        if place >= len(self._blocks) or len(values) != len(self._blocks[place]):
            raise self._bad(f"values that do not fit the fields: {rest!r}")
        self._record.append(values)
        self._between = False

    def _end_record(self) -> None:
        if not self._record or len(self._record) != len(self._blocks):
            raise self._bad(f"record {len(self._records) + 1} is not whole")
        self._records.append(tuple(value for values in self._record for value in values))
        self._record = []

    def _reason(self, line: str) -> str:
        found = _ERROR.fullmatch(line)
        reason = (found.group(1) or "").strip() if found else ""
        if not reason:
            raise self._bad(f"an error without words: {line!r}")
        return reason

    def _words(self, line: str) -> None:
        text = line.strip()
        if text.startswith(_NOTHING):
            self._nothing = True
        elif any(words in text for words in _REFUSALS):
            self._errors.append(text)
        else:
            raise self._bad(f"not a line of OSSI: {text!r}")

    def _answer(self) -> SatAnswer:
        if any(error.startswith(_NOTHING) for error in self._errors):
            self._errors = [error for error in self._errors if not error.startswith(_NOTHING)]
            self._nothing = True
        if self._between:
            raise self._bad("another record was announced and is missing")
        if self._record:
            self._end_record()
        if self._errors:
            if self._records or self._nothing:
                raise self._bad(f"records and an error: {self._errors[0]!r}")
            return SatAnswer(self._command, error="; ".join(self._errors))
        if self._nothing and self._records:
            raise self._bad("records, and the words that there are none")
        if not self._blocks and not self._nothing:
            raise self._bad("neither fields nor an error")
        fids = tuple(fid for block in self._blocks for fid in block)
        return SatAnswer(self._command, fids, tuple(self._records))

    def _bad(self, detail: str) -> BadAnswer:
        return BadAnswer(self._command, detail)
