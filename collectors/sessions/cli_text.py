"""What a gateway's command line says, without what only a person at a terminal needs. Pure: text to answer.

Echo, pager, cursor movements, closing words and prompt go; rows that the pager split are joined. Sources:
`script.exp` and the fixtures of sszokoly/monitorBGW. An answer without its prompt at the end is not whole,
and that is BadAnswer. What the text means is not known here.
"""

from __future__ import annotations

import re

from collectors.base import BadAnswer, CliAnswer

PAGER = re.compile(r"--type q to quit or space key to continue-- ?")
ENTER = re.compile(r"Press Enter to continue\.?", re.IGNORECASE)
CONFIRM = re.compile(r"do you want to continue *\(Y/N\) *\?", re.IGNORECASE)
BUSY = re.compile(r"Processing another command,? please wait")
# `G450-001(super)#`; the word of a read-only login is not known, so any is taken, and `>` as well
PROMPT = re.compile(r"(?:^|[\r\n])(?P<prompt>[^\s()]+\([a-z-]+\)[#>]) ?\Z")

_ERASED = r"(?:[ \b]*\r(?:\x1b\[\d?K| +\r)|[ \b]+\r)?"  # how the pager takes its line back
_PAGED = re.compile(PAGER.pattern + _ERASED)
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[78=>])")
_NO_TEXT = re.compile(r"[\0-\x08\x0b-\x1f\x7f]")
_CLOSING = re.compile(r"^(?:Done!|Note that field).*(?:\n|\Z)", re.MULTILINE)


def clean(command: str, raw: str) -> CliAnswer:
    """The answer to `command` from the raw text of the terminal, from after the command to the next prompt.

    Raises BadAnswer if it has no prompt at its end, is the answer to another command, or is none.
    """
    text = plain(raw)
    found = PROMPT.search(text)
    if found is None:
        raise BadAnswer(command, "the answer is cut off: no prompt at its end")
    text = text[: found.start("prompt")]
    if _NO_TEXT.search(text):
        raise BadAnswer(command, f"not text: {text[:32]!r}")
    if BUSY.search(text):
        raise BadAnswer(command, "the gateway is busy with another command")
    if CONFIRM.search(text):
        raise BadAnswer(command, "the gateway asked whether to continue, and was told no")
    lines = _without_echo(command, text.split("\n"), found["prompt"])
    text = "\n".join(line.rstrip() for line in lines)
    text = _CLOSING.sub("", text).strip("\n")
    if not text.strip():
        raise BadAnswer(command, "the gateway answered nothing")
    return CliAnswer(command, found["prompt"], text)


def plain(raw: str) -> str:
    """The text without pager, cursor movements and carriage returns."""
    text = _ANSI.sub("", ENTER.sub("", _PAGED.sub("", raw)))
    return text.replace("\r\n", "\n").replace("\r", "").replace("\b", "")


def _without_echo(command: str, lines: list[str], prompt: str) -> list[str]:
    for place, line in enumerate(lines):
        first = line.strip().removeprefix(prompt).strip()
        if not first:
            continue
        if first.split() == command.split():
            return lines[place + 1 :]
        if first.startswith("show "):
            raise BadAnswer(command, f"answered another command: {first!r}")
        return lines[place:]
    return []
