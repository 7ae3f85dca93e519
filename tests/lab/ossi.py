"""The SAT's dialogue over a terminal: Terminal Type, OSSI records in and out, and the way to log off.

Where the wording comes from: in published working code are the prompt and its list, the lone `t` when OSSI is
up, `Terminator received but no command active`, five FIDs to a line, `n` and `t`, LF as line end, `e` with a
code, a FID, another code and a text, and the sentences about a logoff, a login without a free port, a busy
system. Synthetic: the codes in an error record, the sentence for an unknown terminal type, that the screen
types are refused (they exist; the lab has no screens), what a babbling system says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.lab.model import SshTrouble
from tests.lab.sat import Fields
from tests.lab.terminal import NOISE, Screen

_TERMINALS = ("ossi4", "ossi", "ossi3")
_PER_LINE = 5
_HEAD = "System: Small                        Software Version: R016x.03.0.124.0\r\n\r\n"
_PROMPT = "Terminal Type (513, 715, 4410, 4425, VT220, NTT, W2KTT, SUNT): [513] "
_NO_COMMAND = "Terminator received but no command active\nt\n"
_LEAVE = "Active major/minor alarm detected; be sure to resolve it\nProceed With Logoff? [n] "

Answer = Callable[[str, tuple[str, ...]], Fields | str]


async def converse(screen: Screen, answer: Answer) -> bool:
    """Talk until the other end logs off (True) or no port is free (False). Raises terminal.Gone."""
    if screen.trouble is SshTrouble.NO_PORT:
        screen.write("Login resources unavailable\r\n")
        return False
    await _terminal_type(screen)
    command: str | None = None
    fids: list[str] = []
    while True:
        record = await screen.line(echo=False)
        match record[:1], record[1:]:
            case "c", words:
                command, fids = words.strip(), []
            case "f", wanted:
                fids += [fid.strip() for fid in wanted.split("\t") if fid.strip()]
            case "t", "":
                if command == "logoff":
                    if await _logs_off(screen):
                        return True
                elif command == "newterm":
                    await _terminal_type(screen)
                elif command is None:
                    await screen.say(_NO_COMMAND)
                else:
                    await screen.answer(_told(screen, command, answer(command, tuple(fids))))
                command, fids = None, []
            case _:
                pass  # any record with another flag is discarded, and so are values


async def _terminal_type(screen: Screen) -> None:
    await screen.say(_HEAD + _PROMPT)
    while (asked := (await screen.line(echo=True)).strip()) not in _TERMINALS:
        await screen.say(f'"{asked}" is an invalid terminal type\r\n{_PROMPT}')
    await screen.say("t\n")


async def _logs_off(screen: Screen) -> bool:
    await screen.say(_LEAVE)
    if (await screen.line(echo=False)).strip().lower() != "y":
        await screen.say("t\n")
        return False
    screen.write("Connection closed\n")
    return True


def _told(screen: Screen, command: str, answered: Fields | str) -> str:
    if screen.trouble is SshTrouble.BUSY:
        answered = "All maintenance resources busy"
    lines = [f"c{command}"]
    if isinstance(answered, str):
        lines.append(f"e1 00000000 0000 {answered}")
    elif screen.trouble is SshTrouble.BABBLE:
        lines += [f"f0001ff00\t{NOISE}", "d1", "d2\t3\t4", NOISE]
    else:
        lines += records(answered)
    return "".join(f"{line}\n" for line in (*lines, "t"))


def records(answered: Fields) -> Iterator[str]:
    """The lines of an answer: the FIDs once, then the values of each record in the same grouping."""
    yield from _grouped("f", answered.fids)
    for number, record in enumerate(answered.records):
        if number:
            yield "n"
        yield from _grouped("d", record)


def _grouped(flag: str, values: tuple[str, ...]) -> Iterator[str]:
    for at in range(0, len(values), _PER_LINE):
        yield flag + "\t".join(values[at : at + _PER_LINE])
