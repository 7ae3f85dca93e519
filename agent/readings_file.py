"""The file of kept readings: what every poll and trap saw, packed, for as long as the site file says.

A reading that saw the same as the one before costs a row of figures; one that saw something else costs what
differs. Beside the journal and not of its rank: nothing is decided by it, and a file that cannot be read any
more is set aside and begun anew. Made and used in one thread; anybody may read it meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.alike import retold
from agent.reading_lines import LineReader, content
from agent.reading_log import ReadingLog
from collectors.base import Reading

APPLICATION_ID = 0x54577264  # "TWrd"
_SCHEMA = 1
_MAGIC = b"SQLite format 3\0"
_TABLES = (
    "CREATE TABLE way (id INTEGER PRIMARY KEY, system TEXT NOT NULL, protocol TEXT NOT NULL)",
    # A content, packed: whole, or (base) as what differs from one that is whole.
    "CREATE TABLE content (id INTEGER PRIMARY KEY, way INTEGER NOT NULL, base INTEGER, body BLOB NOT NULL)",
    # at: microseconds since 1970, UTC; took: milliseconds
    "CREATE TABLE reading (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, content INTEGER NOT NULL,"
    " took INTEGER NOT NULL)",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 5000  # rows that are read in one go: a reader that takes its time must hold nobody up
_FEWER = 10  # a tenth of the rows goes when the file is too large
_MEGABYTE = 1 << 20


class ReadingsError(Exception):
    """The file of readings cannot be used now. One sentence that says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept reading: `content` is its line without when it was and how long it took (`reading_lines`)."""

    at: datetime
    seconds: float
    system: str
    content: str


@dataclass(slots=True)
class _Way:
    """What was last written of one system by one protocol; `whole`: the content that others differ from."""

    id: int
    last: Reading | None = None
    content: int = 0
    whole: int = 0
    text: bytes = b""
    packed: int = 0


class ReadingsFile:
    """The file, open for writing. Raises sqlite3.Error or OSError where the disk does not take it.

    `notices`: a sentence for each file that was set aside.
    """

    def __init__(self, path: Path) -> None:
        self.notices: list[str] = []
        self._path = path
        self._ways: dict[tuple[str, str], _Way] = {}
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError as error:
            if _is_of_the_disk(error):
                raise
            self._connection = self._begin_anew(error)

    def add(self, readings: Iterable[Reading]) -> None:
        """Keep these, all or none of them."""
        batch = tuple(readings)
        if not self._done(lambda: self._add_all(batch)):
            self._done(lambda: self._add_all(batch))  # the file is a new one

    def trim(self, before: datetime, megabytes: int) -> None:
        """Forget what is older, and the oldest while the file is larger than that."""
        if self._done(lambda: self._trim(before, megabytes)):
            self._connection.executescript("PRAGMA incremental_vacuum")  # execute would free one page

    def is_larger(self, megabytes: int) -> bool:
        """Whether the file holds more than that."""
        (pages,), (free,), (bytes_each,) = (
            self._connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return bool((pages - free) * bytes_each > megabytes * _MEGABYTE)

    def close(self) -> None:
        """Close, and leave a file that whoever may read it can read without writing beside it."""
        with suppress(sqlite3.Error):  # a reader has it open: it stays as it is
            self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()

    def _done(self, work: Callable[[], None]) -> bool:
        """Do it in one transaction; False: the file was at fault, and a new one is begun."""
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                work()
        except sqlite3.DatabaseError as error:
            self._ways.clear()  # what they remember may not be in the file
            if _is_of_the_disk(error):
                raise
            self._connection.close()
            self._connection = self._begin_anew(error)
            return False
        return True

    def _begin_anew(self, error: sqlite3.Error) -> sqlite3.Connection:
        aside = self._path.with_name(self._path.name + ".damaged")
        for name in ("-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + name).unlink(missing_ok=True)
        self._path.replace(aside)  # one is enough to look at: they are large
        self.notices.append(
            f"{self._path} cannot be read any more ({error}): it is now {aside.name}, and a new one begins"
        )
        return _open(self._path)

    def _add_all(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            self._add(reading)

    def _trim(self, before: datetime, megabytes: int) -> None:
        self._connection.execute("DELETE FROM reading WHERE at < ?", (_number(before),))
        self._forget_contents()
        while self.is_larger(megabytes) and (oldest := self._oldest_tenth()) is not None:
            self._connection.execute("DELETE FROM reading WHERE number <= ?", (oldest,))
            self._forget_contents()

    def _add(self, reading: Reading) -> None:
        way = self._way(reading.system, reading.protocol)
        reading = _steady(reading, way.last)
        if way.last is None or not _same(reading, way.last):
            self._write(way, content(reading).encode())
        way.last = reading
        took = round(reading.seconds * 1000)
        row = _number(reading.at), way.content, took
        self._connection.execute("INSERT INTO reading (at, content, took) VALUES (?, ?, ?)", row)

    def _way(self, system: str, protocol: str) -> _Way:
        if (known := self._ways.get((system, protocol))) is not None:
            return known
        run, named = self._connection.execute, (system, protocol)
        found = run("SELECT id FROM way WHERE system = ? AND protocol = ?", named).fetchone()
        if found is None:
            way = _Way(run("INSERT INTO way (system, protocol) VALUES (?, ?)", named).lastrowid or 0)
        else:
            way = _Way(found[0])
            last = "SELECT id, body FROM content WHERE way = ? AND base IS NULL ORDER BY id DESC LIMIT 1"
            if (whole := run(last, (way.id,)).fetchone()) is not None:
                way.whole, way.packed, way.text = whole[0], len(whole[1]), _unpacked(whole[1])
        self._ways[system, protocol] = way
        return way

    def _write(self, way: _Way, text: bytes) -> None:
        """A content of its own: what differs from the last whole one, unless that is much."""
        if text == way.text:
            way.content = way.whole
            return
        body, base = b"", None
        if way.whole:
            body, base = _packed(text, way.text), way.whole
        if not way.whole or len(body) * 4 > way.packed:
            body, base = _packed(text), None
        row = way.id, base, body
        found = self._connection.execute("INSERT INTO content (way, base, body) VALUES (?, ?, ?)", row)
        way.content = found.lastrowid or 0
        if base is None:
            way.whole, way.text, way.packed = way.content, text, len(body)

    def _oldest_tenth(self) -> int | None:
        """The number up to which a tenth of the readings stands; None: there are none."""
        (count,) = self._connection.execute("SELECT count(*) FROM reading").fetchone()
        place = "SELECT number FROM reading ORDER BY number LIMIT 1 OFFSET ?"
        found = self._connection.execute(place, (max(count // _FEWER, 1) - 1,)).fetchone()
        return None if found is None else int(found[0])

    def _forget_contents(self) -> None:
        """Drop the contents that no reading has any more, and upon which none is based."""
        self._connection.execute(
            "DELETE FROM content WHERE id NOT IN (SELECT content FROM reading) AND id NOT IN"
            " (SELECT base FROM content WHERE base IS NOT NULL AND id IN (SELECT content FROM reading))"
        )
        self._ways.clear()


def kept(path: Path, since: datetime, until: datetime | None = None) -> Iterator[Kept]:
    """The readings from `since` until before `until` (None: all that there are), in the order they came.

    Needs leave to read the file and no more, and works while a daemon writes it. Raises ReadingsError.
    """
    if not path.exists():
        raise ReadingsError(f"no readings are kept yet at {path}: a daemon that runs keeps them")
    with _reading(path) as file:
        yield from _kept(file, _number(since), _number(until) if until else 2**62)


def kept_log(path: Path, reader: LineReader, log: ReadingLog) -> None:
    """Put all kept readings of that file into the log; `reader` reads what they say.

    Raises ReadingsError, or LinesError with every mistake of what the first wrong one says.
    """
    places: dict[int, int] = {}
    whole: dict[int, bytes] = {}
    with _reading(path) as file:
        names = dict(file.execute("SELECT id, system FROM way"))
        for at, which, took in file.execute("SELECT at, content, took FROM reading ORDER BY number"):
            place = places.get(which)
            if place is None:
                place = places[which] = reader.content(_text(file, names, whole, which)[1])
            log.add(at, took / 1000, place)


def is_kept(path: Path) -> bool:
    """Whether that is a file of kept readings, and no text."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as file:
            if file.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                raise ReadingsError(f"{path} is not a file of readings")
            yield file
    except (sqlite3.Error, zlib.error) as error:
        raise ReadingsError(f"the readings in {path} cannot be read: {error}") from None


def _kept(file: sqlite3.Connection, since: int, until: int) -> Iterator[Kept]:
    names = dict(file.execute("SELECT id, system FROM way"))
    whole: dict[int, bytes] = {}
    texts: dict[int, tuple[str, str]] = {}
    number = 0
    while rows := file.execute(
        "SELECT number, at, content, took FROM reading WHERE number > ? AND at >= ? AND at < ?"
        " ORDER BY number LIMIT ?",
        (number, since, until, _AT_ONCE),
    ).fetchall():
        for number, at, which, took in rows:  # noqa: B007 - the last number is where to go on
            if which not in texts:
                if len(texts) > _AT_ONCE:
                    texts.clear()
                texts[which] = _text(file, names, whole, which)
            system, text = texts[which]
            yield Kept(_EPOCH + at * _MICROSECOND, took / 1000, system, text)


def _text(
    file: sqlite3.Connection, names: dict[int, str], whole: dict[int, bytes], which: int
) -> tuple[str, str]:
    asked = "SELECT way, base, body FROM content WHERE id = ?"
    way, base, body = file.execute(asked, (which,)).fetchone() or (0, None, b"")
    if way not in names:  # a system that was met since
        names |= dict(file.execute("SELECT id, system FROM way"))
    if base is None:
        return names[way], zlib.decompress(body).decode()
    if base not in whole:
        (packed,) = file.execute("SELECT body FROM content WHERE id = ?", (base,)).fetchone()
        whole[base] = zlib.decompress(packed)
    unpacking = zlib.decompressobj(zdict=whole[base])
    return names[way], (unpacking.decompress(body) + unpacking.flush()).decode()


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    if path.stat().st_size == 0:
        path.chmod(0o640)  # whatever the umask says: the operators' group may read it
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application, version, tables) == (0, 0, 0):
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN")
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={_SCHEMA}")
            connection.execute("COMMIT")
        elif (application, version) != (APPLICATION_ID, _SCHEMA):
            raise sqlite3.DatabaseError("it is not of this version")
        else:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(" ".join(str(found).split()))
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_of_the_disk(error: sqlite3.Error) -> bool:
    """Whether it may be over by itself: no room, no leave, somebody else at it. Else the file is at fault."""
    return isinstance(error, sqlite3.OperationalError)


def _packed(text: bytes, upon: bytes = b"") -> bytes:
    packing = zlib.compressobj(zdict=upon) if upon else zlib.compressobj()
    return packing.compress(text) + packing.flush()


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error as error:
        raise sqlite3.DatabaseError(str(error)) from error


def _number(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _same(one: Reading, other: Reading) -> bool:
    """Whether both saw the same."""
    return (one.source, one.error, one.error_text, one.complete) == (
        other.source,
        other.error,
        other.error_text,
        other.complete,
    ) and one.observations == other.observations


def _steady(reading: Reading, last: Reading | None) -> Reading:
    """The reading with restarts where they were told before: an uptime gives them some seconds off."""
    if last is None or not any(each.events for each in reading.observations):
        return reading
    before = {(each.role, each.component): each.events for each in last.observations if each.events}
    return replace(
        reading,
        observations=tuple(
            replace(each, events=told)
            if (told := before.get((each.role, each.component))) and retold(each.events, told)
            else each
            for each in reading.observations
        ),
    )
