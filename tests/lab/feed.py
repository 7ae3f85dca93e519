"""What is to be seen of the running daemon: new lines of its alert log, and whether it calls itself ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.lab.daemon import Tell

_GLANCE = 0.2  # seconds between two looks at the log
_KNOCK = 0.5  # seconds between two questions to /readyz
_PATIENCE = 2.0


async def follow(path: Path, show: Callable[[str], None]) -> None:
    """Show each line that is appended to this file from now on, also across its being moved or emptied."""
    known, at, rest = _look(path) or (None, 0), 0, b""
    file, at = known[0], known[1]
    while True:
        await asyncio.sleep(_GLANCE)
        seen = _look(path)
        if seen is None:
            continue
        if seen[0] != file or seen[1] < at:
            file, at, rest = seen[0], 0, b""
        if seen[1] > at:
            piece = _read(path, at)
            at += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                show(line.decode(errors="replace"))


def _look(path: Path) -> tuple[int, int] | None:
    """Which file is there (its inode) and how long it is."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size


def _read(path: Path, at: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read()
    except OSError:
        return b""


async def watch_readiness(port: int, tell: Tell) -> None:
    """Tell each change of what /readyz answers; as long as nobody answers there is nothing to tell."""
    before: tuple[int, str] | None = None
    while True:
        answer = await _get(port, "/readyz")
        if answer is not None and (before is None or answer[0] != before[0]):
            status, reason = answer
            tell("READY" if status == 200 else "UNREADY", reason or f"/readyz answers {status}")
        before = answer or before
        await asyncio.sleep(_KNOCK)


async def _get(port: int, path: str) -> tuple[int, str] | None:
    """Status and first line of what the daemon's web port answers, None where there is no answer."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                lines = body.decode(errors="replace").strip().splitlines()
                return int(head.split()[1]), lines[0] if lines else ""
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, IndexError):
        return None
