"""Finds the entries in the bytes of a damaged journal. Bytes in, entries out: it opens and writes nothing.

SQLite gives up a table when one page above it is damaged. So the pages are read here one by one, as SQLite's
file format (sqlite.org/fileformat2.html) lays them out, and a bad page loses its own entries and no other.
Entries are never changed, so every readable copy of one is as good as any other; the chain decides where two
differ.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from agent.entries import Entry
from agent.journal_file import GENESIS, Row, link

_PAGE = 4096  # what SQLite has made pages by since 2016, and the journal asks for no other
_LEAF = 0x0D  # the first byte of a page that holds rows of a table
_SMALLEST = 100  # bytes; no entry is shorter, so a file of so many bytes has no more than so many entries
_MAGIC = (0x377F0682, 0x377F0683)
_HEADER, _FRAME = 32, 24  # bytes of a write-ahead log's header, and before each page in it

Pages = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class WalState:
    """A write-ahead log: the pages that SQLite would take from it; `broken`: it holds more, out of reach."""

    pages: Mapping[int, bytes]
    broken: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What could be read: entries in their order under new numbers, and what is known of the rest.

    `unproven`: entries behind the first place at which the chain does not hold. `lost`: numbers that were
    given and have no entry any more, as far as is known. `newer`: a kind in a proven entry that this version
    does not know. `cursors` count in the new numbers.
    """

    entries: tuple[Entry, ...]
    lost: int
    unproven: int
    cursors: Mapping[str, int]
    newer: str = ""


def wal_state(wal: bytes) -> WalState:
    """Read a write-ahead log as SQLite does: frames up to the last commit whose checksums hold."""
    if len(wal) <= _HEADER:
        return WalState({}, broken=False)  # no frame was written yet
    magic, _, size = struct.unpack_from(">III", wal)
    order = ">" if magic & 1 else "<"
    sums = _checksum(wal[:24], (0, 0), order) if magic in _MAGIC else None
    if sums != struct.unpack_from(">II", wal, 24) or size != _PAGE:
        return WalState({}, broken=any(wal))
    salts = wal[16:24]
    committed: Pages = {}
    pending: Pages = {}
    whole = True
    for head, page in _frames(wal):
        number, commits = struct.unpack_from(">II", head)
        if whole:
            sums = _checksum(page, _checksum(head[:8], sums, order), order)
            whole = head[8:16] == salts and sums == struct.unpack_from(">II", head, 16)
        if whole:
            pending[number] = page
            if commits:
                committed |= pending
                pending = {}
        elif head[8:16] == salts and commits:
            return WalState(committed, broken=True)  # this commit was whole once: something before it is not
    return WalState(committed, broken=False)


def find_entries(journal: bytes, wal: bytes) -> Found:
    """Every entry that can be read in a damaged journal and its write-ahead log."""
    state = wal_state(wal)
    base = {n + 1: journal[at : at + _PAGE] for n, at in enumerate(range(0, len(journal), _PAGE))}
    images: list[Pages] = [base | dict(state.pages), base]
    if state.broken:
        images += [{struct.unpack_from(">I", head)[0]: page} for head, page in _frames(wal)]
        everything: Pages = {}
        for image in images[2:]:
            everything |= image
        images.insert(1, base | everything)
    candidates: dict[int, list[tuple[Row, Entry | None]]] = {}
    marks: dict[str, int] = {}
    known: set[Row] = set()
    for image in images:
        for number, values in _rows(image):
            if (stored := _stored(number, values)) is not None:
                if stored not in known:
                    known.add(stored)
                    candidates.setdefault(number, []).append((stored, _read(stored)))
            elif len(values) == 2 and isinstance(values[0], str) and isinstance(values[1], int):
                marks.setdefault(values[0], values[1])
    return _chained(candidates, marks, most=(len(journal) + len(wal)) // _SMALLEST)


def _chained(
    candidates: Mapping[int, list[tuple[Row, Entry | None]]], marks: Mapping[str, int], most: int
) -> Found:
    """Choose one row for each number, and count what follows what."""
    chosen: dict[int, tuple[Row, Entry]] = {}
    proven, previous, highest = 0, GENESIS, 0
    newer = ""
    for number in sorted(candidates):
        before = chosen[number - 1][0].hash if number - 1 in chosen else GENESIS if number == 1 else None
        follows = [each for each in candidates[number] if before is not None and _follows(each[0], before)]
        readable = [(row, entry) for row, entry in (follows or candidates[number]) if entry is not None]
        if follows:
            highest = number
            newer = newer or next((row.kind for row, entry in follows if entry is None), "")
        if not readable:
            continue
        chosen[number] = readable[0]
        if follows and proven == number - 1 and before == previous:
            proven, previous = number, readable[0][0].hash
    highest = highest or max(chosen, default=0)
    for name, mark in marks.items():  # the highest number ever given, and what readers have told
        if (name == "entry" or mark > 0) and highest < mark <= highest + most:
            highest = mark
    entries = tuple(
        Entry(number, entry.at, entry.body) for number, (_, entry) in enumerate(chosen.values(), start=1)
    )
    cursors = {
        name: sum(number <= mark for number in chosen)
        for name, mark in marks.items()
        if name != "entry" and 0 <= mark <= highest
    }
    return Found(entries, max(0, highest - len(entries)), len(entries) - proven, cursors, newer)


def _stored(number: int, values: tuple[object, ...]) -> Row | None:
    """The row of an entry, as it is filed; None if it cannot be one."""
    if len(values) != 5 or values[0] is not None:
        return None
    _, at, kind, body, claimed = values
    if not isinstance(at, str) or not isinstance(body, str) or not isinstance(claimed, bytes) or number < 1:
        return None
    return Row(number, at, kind if isinstance(kind, str) else "", body, claimed)


def _read(row: Row) -> Entry | None:
    try:
        entry = row.entry()
    except (ValidationError, ValueError, RecursionError):
        return None
    return entry if entry.at.utcoffset() is not None else None


def _follows(row: Row, previous: bytes) -> bool:
    try:
        return row.hash == link(previous, row.number, row.at.encode(), row.body.encode())
    except UnicodeEncodeError:
        return False


# --- SQLite's pages ---------------------------------------------------------------------------------------


def _frames(wal: bytes) -> Iterator[tuple[bytes, bytes]]:
    for at in range(_HEADER, len(wal) - _FRAME - _PAGE + 1, _FRAME + _PAGE):
        yield wal[at : at + _FRAME], wal[at + _FRAME : at + _FRAME + _PAGE]


def _checksum(block: bytes, sums: tuple[int, int] | None, order: str) -> tuple[int, int]:
    one, two = sums or (0, 0)
    for first, second in struct.iter_unpack(f"{order}II", block):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two


def _rows(pages: Pages) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Every row of every table that some page holds: its number, its values."""
    for page_number, page in pages.items():
        start = 100 if page_number == 1 else 0  # the file's header
        if len(page) < start + 8 or page[start] != _LEAF:
            continue
        (cells,) = struct.unpack_from(">H", page, start + 3)
        for index in range(min(cells, (len(page) - start - 8) // 2)):
            (at,) = struct.unpack_from(">H", page, start + 8 + 2 * index)
            try:
                yield _cell(page, at, pages)
            except (IndexError, KeyError, ValueError, struct.error):
                continue


def _cell(page: bytes, at: int, pages: Pages) -> tuple[int, tuple[object, ...]]:
    length, at = _varint(page, at)
    number, at = _varint(page, at)
    if length > _PAGE * len(pages) + _PAGE:
        raise ValueError("longer than the file")
    most = _PAGE - 35  # what a page holds of one row; the rest lies in a chain of pages of its own
    local = length
    if length > most:
        least = (_PAGE - 12) * 32 // 255 - 23
        local = least + (length - least) % (_PAGE - 4)
        local = local if local <= most else least
    payload = bytearray(page[at : at + local])
    following = struct.unpack_from(">I", page, at + local)[0] if local < length else 0
    while len(payload) < length:
        more = pages[following]
        (following,) = struct.unpack_from(">I", more)
        payload += more[4 : 4 + length - len(payload)]
    return number, tuple(_values(bytes(payload)))


def _values(payload: bytes) -> Iterable[object]:
    end, at = _varint(payload, 0)
    position = end
    values: list[object] = []
    while at < end:
        kind, at = _varint(payload, at)
        if kind == 0:
            values.append(None)
        elif kind in (8, 9):
            values.append(kind - 8)
        elif 1 <= kind <= 6:
            size = (1, 2, 3, 4, 6, 8)[kind - 1]
            values.append(int.from_bytes(payload[position : position + size], "big", signed=True))
            position += size
        elif kind >= 12:
            size = (kind - 12) // 2
            raw = payload[position : position + size]
            if len(raw) < size:
                raise ValueError("a value longer than its row")
            values.append(raw.decode() if kind % 2 else raw)
            position += size
        else:
            raise ValueError("no such kind of value in a journal")
    return values


def _varint(block: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        byte = block[at + index]
        if index == 8:
            return (value << 8 | byte) & 0x7FFFFFFFFFFFFFFF, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    raise ValueError("unreachable")
