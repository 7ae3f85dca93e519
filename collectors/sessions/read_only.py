"""What may be sent to a system: commands that only show something. All else is refused before a byte is sent.

It lists what is allowed and never what is forbidden; the words that turn a `list` into something else are the
exception. No sign that means something to a shell is in what a Linux host is asked. It sends nothing.
"""

from __future__ import annotations

import re

MOST = 120  # characters of a command

_SAT = re.compile(r"(?:list|display|status)(?: [a-z0-9][a-z0-9/-]*)+")
# `schedule` and `print` make a job or a print-out of a list, `trace` runs until it is cancelled. The SAT
# takes abbreviations, so every beginning of these words is such a word.
_NOT_LISTED = ("schedule", "print", "trace")
_FID = re.compile(r"[0-9a-f]{8}")

# Programs of a Linux host by what may follow them. A path has no dots between its slashes and leads to no
# device; an option is one of those that only change what is shown (`date -s` and `tail -f` are not).
_PATH = r" /(?:proc|sys|var|opt|usr|cms)(?:/(?!\.\.?(?:/|\Z| ))[A-Za-z0-9._-]+)*"
_SHELL = {
    "cat": rf"(?:{_PATH})+",
    "chronyc": r" -n tracking",
    "date": r"(?: -u)?(?: \+[%A-Za-z:-]+)?",
    "df": rf"(?: -[PkliT]+)*(?:{_PATH})*",
    "head": rf" -n [0-9]+{_PATH}",
    "ls": rf"(?: -[adlnrt1]+)*(?:{_PATH})+",
    "ntpq": r" -(?:n?p|pn)",
    "ps": r" -(?:e|C [A-Za-z0-9._-]+) -o [a-z]+=(?:,[a-z]+=)*",
    "stat": rf" -c [%A-Za-z]+(?:{_PATH})+",
    "tail": rf" -n [0-9]+{_PATH}",
    "uname": r"(?: -[amnrsv]+)?",
    "uptime": r"",
}
_PROGRAM = re.compile(r"(?:/usr)?/s?bin/([a-z]+)")
# What Avaya's own programs are asked, to the letter: most of them can do more than show something.
VENDOR = (
    "/opt/mvap/bin/mvap.sh info",
    "/opt/mvap/bin/swversion",
    "/opt/util/bin/swversion",
    "/usr/bin/EASGStatus",
)

GATEWAY = ("show system", "show faults", "show voip-dsp", "show mg list_config", "show temp")


def sat_command(command: str) -> str:
    """The command itself if the SAT may be asked it. Raises ValueError for any other."""
    words = command.split(" ")
    if (
        len(command) > MOST
        or not _SAT.fullmatch(command)
        or any(long.startswith(word) for word in words[1:] for long in _NOT_LISTED)
    ):
        raise ValueError(f"not a command that only shows something: {command[:MOST]!r}")
    return command


def sat_fields(fids: tuple[str, ...]) -> tuple[str, ...]:
    """The field numbers themselves: eight small hexadecimal digits each. Raises ValueError for any other."""
    for fid in fids:
        if not _FID.fullmatch(fid):
            raise ValueError(f"not the number of a SAT field: {fid[:MOST]!r}")
    return fids


def gateway_command(command: str) -> str:
    """The command itself if a gateway may be asked it. Raises ValueError for any other."""
    if command not in GATEWAY:
        raise ValueError(f"not a command that a gateway is asked: {command[:MOST]!r}")
    return command


def shell_command(command: str) -> str:
    """The command itself if a Linux host may be asked it. Raises ValueError for any other."""
    program, blank, rest = command.partition(" ")
    full = _PROGRAM.fullmatch(program)
    arguments = _SHELL.get(full[1] if full else program)
    known = arguments is not None and re.fullmatch(arguments, f"{blank}{rest}") is not None
    if len(command) > MOST or not (known or command in VENDOR):
        raise ValueError(f"not a command that only shows something: {command[:MOST]!r}")
    return command
