"""Disks that are full or read-only, for tests: real ones for root (a small tmpfs), and what anybody can have.

Anybody's is a limit on the size of files (RLIMIT_FSIZE): what would grow a file past it fails, as on a full
disk, though with another error (EFBIG in place of ENOSPC).
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


class SmallDisk:
    """A tmpfs of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ballast = root / "ballast"

    def fill(self) -> None:
        """Leave no byte."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            for size in (4096, 1):
                with suppress(OSError):
                    while True:
                        ballast.write(bytes(size))

    def make_room(self) -> None:
        """Take back what `fill` took."""
        self._ballast.unlink(missing_ok=True)

    def remount(self, mode: str) -> None:
        """`ro` or `rw`; nobody may write to it at that moment."""
        subprocess.run(["mount", "-o", f"remount,{mode}", self.root], check=True, capture_output=True)


@contextmanager
def small_disk(size: str = "1m") -> Iterator[SmallDisk]:
    """Mount one, and unmount it."""
    with tempfile.TemporaryDirectory(prefix="tw-disk-") as name:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name],
            check=False,
            capture_output=True,
            text=True,
        )
        if mounted.returncode != 0:
            pytest.skip(f"this root may not mount a small disk: {mounted.stderr.strip()}")
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """No file of this process grows past `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
