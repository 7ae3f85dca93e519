"""What the SAT tells of a Communication Manager's links, consoles and survivable processors. Pure.

Only the fields of `list survivable-processor` have known numbers. Of all else the screens are known and the
fields are not: a state is found by its words, what stands beside it by its place. A row that looks otherwise
is unread if it tells its number, else the whole list is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from collectors.base import Observation, SatAnswer
from collectors.communication_manager.parts import busied, processor_channel

CTI_LINKS, AES_LINKS, SURVIVABLE = (
    "status aesvcs cti-link",
    "status aesvcs link",
    "list survivable-processor",
)
SPARE_NAME, SPARE_REGISTERED, SPARE_ACTIVE = "7400ff00", "7407ff00", "7408ff00"

_NUMBER = re.compile(r"0*([1-9][0-9]{0,2})")
_NAME = re.compile(r"[!-~]{1,40}")
_LINK = re.compile(r"[0-9]{1,3}/[0-9]{1,3}")  # server and link
_CTI = {"established": 0, "down": 1}  # how many of the one link are lost
_BUSY = ("y", "yes", "n", "no")
_CONSOLE = re.compile(r"(in|out-of)-service(?:/.*)?")
# Of a link to a CMS: the words of the CMS for it (its window Connection Status), and the switch's own.
_WORKS = ("data transfer", "operational")
_WAITS = ("waiting session", "waiting acceptance", "translation pumpup")  # nothing is collected yet
_FAILS = ("quiescent", "out of order", "not collecting data", "the link has gone down", *_WAITS)
_IN = re.compile(r"in[ -]service(?:/.*)?")
_OUT = re.compile(r"out[ -]of[ -]service(?:/.*)?")
_TAKEN_OUT = re.compile(r"busied[ -]out.*")


def attendant_status(number: int) -> str:
    """The command that tells of one attendant console."""
    return f"status attendant {number}"


def channel_status(number: int) -> str:
    """The command that tells of one processor channel."""
    return f"status processor-channels {number}"


def lists_cti_links(answer: SatAnswer) -> bool:
    """Whether there is a CTI link, so that links to AE Services servers are worth asking for."""
    return bool(answer.records)


def says_none(answer: SatAnswer) -> bool:
    """Whether the switch said in words that there is none: fields alone may be what is left of an answer."""
    return answer.error is None and not answer.fids


def cti_links(answer: SatAnswer) -> tuple[list[Observation], bool]:
    """The CTI links, and whether these are all: CTI link, version, busy, server, state, two counts."""
    found: dict[int, Observation] = {}
    for record in answer.records:
        values = [value.strip() for value in record]
        number = _NUMBER.fullmatch(values[0]) if values else None
        if number is None:
            return [], False
        link = _cti_link(int(number[1]), values[1:])
        told = found.setdefault(int(number[1]), link)
        if told != link:
            found[int(number[1])] = _named(int(number[1])).not_read("told twice, and not alike")
    return [found[number] for number in sorted(found)], bool(found) or says_none(answer)


def _named(number: int) -> Observation:
    return Observation(
        role="integration", component=f"cti-link {number}", kind="cti", number=number, apart=True
    )


def _cti_link(number: int, values: list[str]) -> Observation:
    link = _named(number)
    busy = [place for place, value in enumerate(values) if value.lower() in _BUSY]
    states = [place for place, value in enumerate(values) if value.lower() in _CTI]
    if len(busy) != 1 or [place - 2 for place in states] != busy:
        return link.not_read("the row is not as its screen")
    server, state = values[busy[0] + 1], values[states[0]].lower()
    if server and _NAME.fullmatch(server) is None:
        return link.not_read("the row is not as its screen")
    link = replace(link, to=server or None)
    lost = _CTI[state]
    if lost and busied(values[busy[0]]):
        return replace(link, lost=0, total=0, planned=1, detail="busied out")
    return replace(link, lost=lost, total=1, detail=state if lost else "")


def aes_links(answer: SatAnswer) -> tuple[list[Observation], bool]:
    """The links to each AE Services server, and whether these are all. Only links that are up are listed."""
    counts: dict[str, int] = {}
    for record in answer.records:
        name, server, *_ = (*(value.strip() for value in record), "", "")
        if _LINK.fullmatch(name) is None or _NAME.fullmatch(server) is None:
            return [], False
        counts[server] = counts.get(server, 0) + 1
    found = [
        Observation(
            role="integration",
            component=f"aes-link {server}",
            kind="aes",
            to=server,
            lost=0,
            total=count,
            apart=True,
        )
        for server, count in sorted(counts.items())
    ]
    # None of them is ever lost, so that one which is not listed may go without being missed.
    return found, answer.error is None


def attendant(number: int, answer: SatAnswer) -> Observation:
    """One console: the one field that is a service state. `in-service/night service` is in service."""
    console = Observation(role="attendant", component=f"attendant {number}", number=number, apart=True)
    if answer.error is not None:
        return console.not_read(answer.error)
    states = [value for value in _values(answer) if _CONSOLE.fullmatch(value.lower())]
    if len(states) != 1:
        return console.not_read("no service state told" if not states else "more than one service state")
    lost = int(states[0].lower().startswith("out"))
    return replace(console, lost=lost, total=1, detail=states[0][:120])


def cms_channel(number: int, answer: SatAnswer) -> Observation:
    """The processor channel of a CMS: out if any word says so, in only if nothing else does."""
    channel = processor_channel(number, None)
    if answer.error is not None:
        return channel.not_read(answer.error)
    words = [" ".join(value.lower().split()) for value in _values(answer)]
    fails = [word for word in words if word in _FAILS or _OUT.fullmatch(word)]
    works = [word for word in words if word in _WORKS or _IN.fullmatch(word)]
    if any(map(_TAKEN_OUT.fullmatch, words)):
        return replace(channel, lost=0, total=0, planned=1, detail="busied out")
    if fails:
        return replace(channel, lost=1, total=1, detail=", ".join(dict.fromkeys(fails))[:120])
    if works:
        return replace(channel, lost=0, total=1)
    return channel.not_read("no state told in known words")


def _values(answer: SatAnswer) -> Iterator[str]:
    for record in answer.records:
        yield from filter(None, map(str.strip, record))


def spares(answer: SatAnswer) -> tuple[list[Observation], bool]:
    """The survivable processors that should be registered, and whether these are all.

    That one is active is said beside it and not stated as a spare in use: the gateways that it serves say so.
    """
    places = [answer.column(fid) for fid in (SPARE_NAME, SPARE_REGISTERED, SPARE_ACTIVE)]
    found: dict[str, Observation] = {}
    for record in answer.records:
        name, here, active = ("" if at is None else record[at].strip() for at in places)
        if _NAME.fullmatch(name) is None:
            return [], False
        spare = Observation(role="redundancy", component=f"survivable {name}")
        if here.lower() not in _BUSY:
            found[name] = spare.not_read(f"registered says {here!r}")
            continue
        words = [] if busied(here) else ["not registered"]
        words += ["active"] if busied(active) else []
        found[name] = replace(spare, lost=int(not busied(here)), total=1, detail=", ".join(words))
    return list(found.values()), bool(found) or says_none(answer)
