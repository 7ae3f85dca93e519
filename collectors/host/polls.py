"""How a plain Linux host is asked, for products that add nothing of their own to it: a poll for each way."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from collectors.base import Answers, BadAnswer, Findings, Own, Poll, ShellAnswer, SnmpSession, Told
from collectors.host import certificates, listener, shell, snmp

NO_OPTIONS = Own()
SIP = Poll(
    listener.ask,
    listener.read,
    listener.PACING,
    timedelta(minutes=1),
    sees="that something listens which speaks SIP",
)
TLS = Poll(
    certificates.ask,
    certificates.read,
    certificates.PACING,
    sees="the certificates on the ports that the site file names: their end, their names",
)


async def ask_snmp(session: SnmpSession, own: Own = NO_OPTIONS) -> Answers:
    """What the host's agent tells; its processes, by far the longest table, only if the site minds some."""
    return await snmp.ask(session, names=bool(own.words("processes")))


def read_snmp(answers: Answers, at: datetime, own: Own = NO_OPTIONS) -> Findings:
    """The host, and the programs that the site names. Raises BadAnswer if the agent tells nothing of it."""
    if not snmp.tells(answers):
        raise BadAnswer("HOST-RESOURCES-MIB", "answers SNMP, and tells nothing of its host")
    return snmp.read(answers, at, own, {})


def read_shell(told: Told[ShellAnswer], at: datetime, own: Own = NO_OPTIONS) -> Findings:
    """The host, and the programs that the site names. Raises BadAnswer if it is no Linux host."""
    return shell.read(told, at, own, {})


def over_snmp(own: Own = NO_OPTIONS) -> Poll:
    """A host over SNMP, and nothing else."""
    return Poll(
        partial(ask_snmp, own=own),
        partial(read_snmp, own=own),
        snmp.PACING,
        sees="the host: processors, memory, disks, processes, interfaces, restarts",
    )


def over_ssh(own: Own = NO_OPTIONS) -> Poll:
    """A host by a login that may only look, and nothing else."""
    return Poll(
        shell.ask,
        partial(read_shell, own=own),
        shell.PACING,
        commands=shell.COMMANDS,
        sees="the host: processors, memory, disks, processes, clock, restarts",
    )
