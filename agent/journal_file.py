"""What a journal file is: its tables, their versions, the form of an entry, and the chain that ties them.

`agent.journal` opens, locks, writes and copies such files; here is what must be true of one. The chain has no
secret: it shows accidents and careless hands, not somebody who rewrites the whole rest of the file.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from agent.entries import Body, Entry

APPLICATION_ID = 0x54576A6C  # "TWjl": what `file` and we know a journal by
GENESIS = bytes(32)  # what stands for the hash before the first entry

_MIGRATIONS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        1: (
            # AUTOINCREMENT keeps the highest number ever given: it is how a lost tail shows.
            "CREATE TABLE entry (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
            " kind TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL)",
            "CREATE TABLE cursor (name TEXT PRIMARY KEY, number INTEGER NOT NULL)",
            "CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entry"
            " BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END",
            "CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry"
            " BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END",
            # REPLACE deletes without asking the trigger above; this one is asked before it does.
            "CREATE TRIGGER entry_comes_last BEFORE INSERT ON entry"
            " WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entry)"
            " BEGIN SELECT RAISE(ABORT, 'entries are only added at the end'); END",
        ),
    }
)
SCHEMA = max(_MIGRATIONS)

INSERT_ENTRY = "INSERT INTO entry (number, at, kind, body, hash) VALUES (?, ?, ?, ?, ?)"
INSERT_CURSOR = "INSERT OR REPLACE INTO cursor (name, number) VALUES (?, ?)"

_BODY: TypeAdapter[Body] = TypeAdapter(Body)

# What SQLite says of the disk or of permissions. All else that it says at opening, it says of the file.
_OUTSIDE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOLFS,
)


class JournalError(Exception):
    """The journal cannot be used as it is. One sentence that says what to do."""


class JournalUnwritable(JournalError):
    """The disk takes nothing now; it may later, and the daemon goes on meanwhile."""


class JournalDamaged(JournalError):
    """The file is a journal and no longer whole; `reason`: in which way."""

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"journal {path} is damaged ({reason}); start the daemon: it sets the file aside, as it is, and"
            " goes on with what can be read of it"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it lies in the file; `hash` ties it to all before it."""

    number: int
    at: str
    kind: str
    body: str
    hash: bytes

    def entry(self) -> Entry:
        """What a reader makes of it: every time in UTC. Raises ValueError if it cannot be read."""
        return Entry(self.number, datetime.fromisoformat(self.at), _BODY.validate_json(self.body))


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a journal: its entries, the hash of the last, and how far each reader has told."""

    entries: tuple[Entry, ...] = ()
    hash: bytes = GENESIS
    cursors: Mapping[str, int] = field(default_factory=dict)


def row(previous: bytes, number: int, at: datetime, body: Body) -> Row:
    """The entry that follows the one whose hash is `previous`. Raises ValueError for a time without zone."""
    when, text = _utc_text(at), _JSON.encode(_BODY.dump_python(body, warnings="error"))
    return Row(number, when, body.kind, text, link(previous, number, when.encode(), text.encode()))


def link(previous: bytes, number: int, at: bytes, body: bytes) -> bytes:
    """The hash of an entry that follows the one with the hash `previous`."""
    return hashlib.sha256(b"%b%d\n%b\n%b" % (previous, number, at, body)).digest()


def connect(file: Path) -> sqlite3.Connection:
    """Open a database as this process's alone; nothing is read yet."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=1.0)
    # Before the first access: so the WAL index lives in memory and there is no -shm file to go wrong.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    return connection


def schema(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of a journal; 0 for an empty database. Writes nothing.

    Raises JournalError for a database of something else and for a version from the future, JournalDamaged
    for a journal whose header is not a journal's.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == version == tables == 0:
        return 0
    if application != APPLICATION_ID or version < 1:
        ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'entry_comes_last'")
        if ours.fetchone() != (0,):
            raise JournalDamaged(path, "its header is not as it was written")
        raise JournalError(f"{path} is not a Trunkwatch journal but another database; give another path")
    if version > SCHEMA:
        raise JournalError(
            f"journal {path} has schema {version} and this version knows {SCHEMA}:"
            " a newer Trunkwatch wrote it; install that one again"
        )
    return int(version)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the schema of this version, one step a transaction."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for step in range(version + 1, SCHEMA + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in _MIGRATIONS[step]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={step}")
        connection.execute("COMMIT")


def verified(connection: sqlite3.Connection, path: Path) -> Contents:
    """All that the journal holds. Raises JournalDamaged that names the first thing that is not as it was."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise JournalDamaged(path, " ".join(str(found).split()))
    entries: list[Entry] = []
    previous = GENESIS
    # As bytes: a tampered text need not be text any more.
    rows = connection.execute(
        "SELECT number, CAST(at AS BLOB), CAST(kind AS BLOB), CAST(body AS BLOB), hash"
        " FROM entry ORDER BY number"
    )
    for number, at, kind, body, claimed in rows:
        last = len(entries)
        if number != last + 1 or at is None or body is None or claimed != link(previous, number, at, body):
            after = f"entry {last}" if last else "the beginning"
            raise JournalDamaged(path, f"entry {number} does not follow {after}")
        filed = (kind or b"").decode(errors="replace")
        entries.append(_entry(path, Row(number, at.decode(), filed, body.decode(), claimed)))
        previous = claimed
    highest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
    if (highest[0] if highest else 0) != len(entries):
        raise JournalDamaged(path, f"the entries after number {len(entries)} are gone")
    stored = {text for (text,) in connection.execute("SELECT CAST(sql AS BLOB) FROM sqlite_master")}
    if any(statement.encode() not in stored for step in _MIGRATIONS.values() for statement in step):
        raise JournalDamaged(path, "its tables are not as they were made")
    cursors = dict(connection.execute("SELECT name, number FROM cursor").fetchall())
    for name, number in cursors.items():
        if not isinstance(number, int) or not 0 <= number <= len(entries):
            raise JournalDamaged(path, f"the cursor {name} stands at {number}, where no entry is")
    return Contents(tuple(entries), previous, cursors)


def unusable(path: Path, error: sqlite3.Error, head: bytes) -> JournalError:
    """The sentence for what SQLite says of the file; `head`: how the file begins."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    primary = code & 0xFF  # the rest of an extended code says where, not what
    if primary == sqlite3.SQLITE_NOTADB and is_text(head):
        return JournalError(f"{path} is not a Trunkwatch journal; give another path or move it away")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalError(f"another program holds the journal {path} ({error}); close that first")
    if primary == sqlite3.SQLITE_FULL:
        return unwritable(path, str(error))
    # A bare READONLY is the header's own word; with more to it, it is the folder's or the disk's.
    if primary in _OUTSIDE or (primary == sqlite3.SQLITE_READONLY and not (code == primary and head)):
        return JournalError(
            f"journal {path} cannot be used: {error}; see that its disk is well and has room and that it and"
            " its folder belong to the user who runs the daemon"
        )
    return JournalDamaged(path, str(error))


def unwritable(path: Path, why: str) -> JournalUnwritable:
    """The sentence for a disk that takes nothing."""
    return JournalUnwritable(
        f"journal {path} cannot be written: {why}; see that its disk is well, writable and has room"
    )


def is_text(head: bytes) -> bool:
    """Whether a person wrote it, or a program for persons: such a file is no damaged journal."""
    return not b"SQLite format 3\0".startswith(head[:16]) and b"\0" not in head and head.isascii()


def _entry(path: Path, stored: Row) -> Entry:
    try:
        entry = stored.entry()
    except ValueError as error:
        tags = ("union_tag_invalid", "union_tag_not_found")
        if isinstance(error, ValidationError) and error.errors(include_url=False)[0]["type"] in tags:
            raise JournalError(
                f"entry {stored.number} of journal {path} is of a kind that this version does not know"
                f" ({stored.kind}): a newer Trunkwatch wrote it; install that one again"
            ) from None
        raise JournalError(
            f"entry {stored.number} of journal {path} cannot be read by this version;"
            " install the one that wrote it and report this"
        ) from error
    if entry.body.kind != stored.kind:
        raise JournalDamaged(
            path, f"entry {stored.number} is filed as {stored.kind} and is {entry.body.kind}"
        )
    return entry


def _utc_text(at: datetime) -> str:
    if at.utcoffset() is None:
        raise ValueError(f"a time in the journal must have a zone; got {at.isoformat()}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _jsonable(value: Any) -> Any:
    return _utc_text(value) if isinstance(value, datetime) else to_jsonable_python(value)


# One form for one body: sorted keys, no blanks, times in UTC, no NaN.
_JSON = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_jsonable
)
