"""Who holds a journal: the lock that keeps a second daemon out, and what the file system says to opening it.

It reads and writes no entry. It tells a disk that takes nothing now (the daemon goes on without it) from a
mistake that somebody must mend (the daemon must not start).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from agent.journal_file import JournalError, unwritable

# What a disk says that may take things again later. Anything else is a mistake of whoever set this up.
LATER = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)

# (device, inode) -> descriptor of each journal that this process has open. Closing *any* descriptor of a
# file drops all POSIX locks that the process has on it, SQLite's too: nobody else here may open and close it.
HELD: dict[tuple[int, int], int] = {}


def claim(path: Path, *, read_only: bool = False) -> int:
    """Open or create the file and lock it for as long as the descriptor is open.

    SQLite's own lock alone will not do: it falls when anything in this process closes the file. Raises
    JournalUnwritable for a disk that takes nothing now, JournalError for all else. With `read_only` the file
    must be there, and only reading is asked for.
    """
    access = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT
    try:
        with suppress(FileNotFoundError):
            if identity(path.stat()) in HELD:
                raise _taken(path)
        file = os.open(path, access | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
    except FileNotFoundError:
        raise JournalError(f"the folder {path.parent} of the journal does not exist; create it") from None
    except OSError as error:
        if error.errno in LATER:
            raise unwritable(path, os.strerror(error.errno or 0)) from None
        raise JournalError(
            f"journal {path} cannot be opened: {error.strerror};"
            " it and its folder must belong to the user who runs the daemon"
        ) from None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(f"{path} is not a file, so it is not a Trunkwatch journal; give another path")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Only who holds the lock knows that an empty file is not just being filled.
        if status.st_size == 0 and not read_only:
            os.fchmod(file, 0o640)  # whatever the umask said; the write-ahead log gets the same
            sync_folder(path.resolve().parent)
    except BaseException as error:
        os.close(file)
        if isinstance(error, BlockingIOError):
            raise _taken(path) from None
        if isinstance(error, OSError) and error.errno in LATER:
            raise unwritable(path, os.strerror(error.errno or 0)) from None
        raise
    HELD[identity(status)] = file
    return file


def let_go(file: int) -> None:
    """Close a claimed file. SQLite's connection to it must be closed by then: its locks go with this."""
    HELD.pop(identity(os.fstat(file)), None)
    os.close(file)


def takes_nothing(folder: Path) -> str:
    """Why the disk of that folder takes nothing now, empty if that is not what is wrong with it."""
    probe = folder / f".trunkwatch-{os.getpid()}"
    try:
        file = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return os.strerror(error.errno) if error.errno in LATER else ""
    try:
        os.write(file, bytes(4096))
        os.fsync(file)
    except OSError as error:
        return os.strerror(error.errno) if error.errno in LATER else ""
    finally:
        os.close(file)
        probe.unlink()
    return ""


def sync_folder(folder: Path) -> None:
    """See a new, renamed or removed name onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def identity(status: os.stat_result) -> tuple[int, int]:
    """What a file is to the kernel, whatever its names."""
    return status.st_dev, status.st_ino


def beside(path: Path, suffix: str) -> Path:
    """The file of that journal with that suffix (`-wal`: its write-ahead log)."""
    return path.with_name(path.name + suffix)


def _taken(path: Path) -> JournalError:
    return JournalError(
        f"another daemon holds the journal {path}; stop that one first,"
        " or give this site a directories.state of its own"
    )
