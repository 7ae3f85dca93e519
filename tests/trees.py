"""A checkout with a few more files: what a developer's tree looks like a minute later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.watched import CHECKOUT


def tree_with(folder: Path, files: Mapping[str, str]) -> Path:
    """A tree below `folder` whose every file is this checkout's, but for `files` (path in it: text)."""
    tree = folder / "tree"
    for room in ("collectors", "tests", "tests/recordings"):
        (tree / room).mkdir(parents=True)
        for path in (CHECKOUT / room).iterdir():
            if path.name not in ("recordings", "__pycache__"):
                (tree / room / path.name).symlink_to(path)
    for name in ("agent", "config", "setup.cfg", "pyproject.toml"):
        (tree / name).symlink_to(CHECKOUT / name)
    add_files(tree, files)
    return tree


def add_files(tree: Path, files: Mapping[str, str]) -> None:
    """Put more files into the tree."""
    for name, text in files.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
