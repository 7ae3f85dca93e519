"""A Call Management System over SSH: its host, its links to Communication Manager, the age of its logs.

The menus (cmssvc, cmsadm) are never opened: they can change and stop everything. What a link carries only
they print, and nobody has published how; here a link is a TCP connection to the address that the site names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address
from itertools import chain

from collectors.base import Findings, Metric, Observation, Own, Sample, ShellAnswer, ShellSession, Told
from collectors.host import shell

TCP, TCP6, NOW = "cat /proc/net/tcp", "cat /proc/net/tcp6", "date -u +%s"
# Component, the log that it writes, the option with the hours after which that is too old.
LOGS = (
    ("backup", "stat -c %Y /cms/maint/backup/back.log", "backup_hours"),
    ("archiver", "stat -c %Y /cms/dc/archive/arch.log", "archive_hours"),
)
LINKS = (TCP, TCP6)
COMMANDS = (*shell.COMMANDS, *LINKS, NOW, *(command for _, command, _ in LOGS))
PACING = shell.PACING
NOTHING = Own()

LOG_AGE = Metric("avaya_cms_log_age_seconds", "Time since a log of the CMS was written to.", ("log",))
METRICS = (*shell.METRICS, LOG_AGE)

_HEAD = re.compile(r" +sl +local_address +(?:rem|remote)_address +st .*")
_ROW = re.compile(
    r" *(\d+): [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]{8}:.*"
)
_MAPPED = "0000000000000000FFFF0000"  # ::ffff:0.0.0.0/96, four bytes at a time the other way round
_SECONDS = re.compile(r"(\d{9,10})")
_HOUR = 3600
ESTABLISHED = 1
CALLING = 2  # SYN_SENT: it calls, and nobody answers


@dataclass(frozen=True, slots=True)
class _Table:
    """The TCP connections of the host: far end and state. `whole`: every row came and was understood."""

    rows: tuple[tuple[str, int], ...]
    whole: bool


async def ask(session: ShellSession, own: Own = NOTHING) -> Told[ShellAnswer]:
    """What the host's programs say, then the links that the site names, and its logs."""
    links = LINKS if own.names("links") else ()
    return await shell.ask(session, *links, NOW, *(command for _, command, _ in LOGS))


def read(told: Told[ShellAnswer], at: datetime, own: Own = NOTHING) -> Findings:
    """What the answers say. Raises BadAnswer if they are not those of a Linux host."""
    host = shell.read(told, at, own, {})
    logs, ages = _logs(told, own)
    return Findings((*host.observations, *_links(told, own), *logs), (*host.samples, *ages))


def _links(told: Told[ShellAnswer], own: Own) -> Iterator[Observation]:
    names = own.names("links")
    if not names:
        return
    over_4, over_6 = _table(told[TCP]), _table(told[TCP6])
    # A host without IPv6 has no such file; what it connects with is in the other one then.
    whole = over_4.whole and (over_6.whole or told[TCP6].status != 0)
    for name, far in names.items():
        part = Observation(role="integration", component=f"cms-link {name}", kind="cms", to=name)
        end = _end(far)
        states = [state for row, state in chain(over_4.rows, over_6.rows) if row == end]
        if end is None:
            yield part.not_read("the site names no ADDRESS:PORT of its far end")
        elif ESTABLISHED in states:
            yield replace(part, lost=0, total=1)
        elif not whole:
            yield part.not_read("the list of connections was not told whole")
        else:
            detail = "calls, and nobody answers" if CALLING in states else "not connected"
            yield replace(part, lost=1, total=1, detail=detail)


def _end(text: str) -> str | None:
    """A far end as /proc/net/tcp writes it: the bytes of the address the other way round."""
    address, _, port = text.rpartition(":")
    try:
        packed = IPv4Address(address).packed
    except AddressValueError:
        return None
    if not re.fullmatch("[0-9]{1,5}", port) or int(port) >= 2**16:
        return None
    return f"{packed[::-1].hex().upper()}:{int(port):04X}"


def _table(answer: ShellAnswer) -> _Table:
    lines = answer.text.splitlines()
    heads = [place for place, line in enumerate(lines) if _HEAD.fullmatch(line)]
    found = [_ROW.fullmatch(line) for line in lines[heads[0] + 1 :]] if heads else []
    rows = [row for row in found if row is not None]
    # The rows are numbered: one that is missing leaves a gap.
    counted = [int(row[1]) for row in rows] == list(range(len(found)))
    whole = answer.status == 0 and len(heads) == 1 and counted
    return _Table(tuple((f"{row[2].removeprefix(_MAPPED)}:{row[3]}", int(row[4], 16)) for row in rows), whole)


def _logs(told: Told[ShellAnswer], own: Own) -> tuple[list[Observation], list[Sample]]:
    """How old the logs are by the host's own clock; a part of those that the site gives a limit."""
    now = shell.only(_SECONDS, told[NOW].text)
    found: list[Observation] = []
    samples: list[Sample] = []
    for name, command, option in LOGS:
        written = shell.only(_SECONDS, told[command].text)
        age = None if now is None or written is None else int(now[1]) - int(written[1])
        if age is not None and age < -_HOUR:
            age = None  # written in the future: one of the two is wrong
        samples += LOG_AGE.told(None if age is None else max(0, age), name)
        hours = own.number(option, 0)
        part = Observation(role="equipment", component=name)
        if hours and age is None:
            found.append(part.not_read("the time of its log was not told"))
        elif hours and age is not None:
            late = age > hours * _HOUR
            detail = f"its log has stood still for more than {hours} h" if late else ""
            part = replace(part, lost=int(late), total=1, detail=detail)
            found.append(replace(part, side="near") if late else part)
    return found, samples
