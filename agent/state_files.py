"""Small files of the state directory, written whole or not at all. It knows nothing of what is in them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_aside(path: Path, text: str, *, mode: int) -> None:
    """Put a file with this text in place of another, whole or not at all; durable on return. Raises OSError.

    It belongs to the owner of its folder, so that what the superuser writes stays the daemon's.
    """
    new = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        new.unlink()
    with open(
        os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "w", encoding="utf-8"
    ) as file:
        os.fchmod(file.fileno(), mode)
        folder = path.parent.stat()
        if os.geteuid() == 0:
            os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
