"""The examples of docs/due.md, run again word by word."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.test_docs import blocks, told
from tests.watched import CHECKOUT

PAGE = CHECKOUT / "docs/due.md"
# what moves with the year, and with a release of the library
_MOVES = re.compile(r"(?<=until )\d{4}|(?<=holidays )\d+\.\d+")


def test_every_example_of_the_page_is_answered_word_by_word(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(blocks(PAGE, "yaml")[0])
    examples = list(told(PAGE))
    assert len(examples) >= 5
    for asked, output in examples:
        done = subprocess.run(
            [sys.executable, "-m", "agent", *shlex.split(asked)[1:]],
            cwd=tmp_path,
            env={"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), asked
        assert _MOVES.sub("…", done.stdout) == _MOVES.sub("…", output), asked
