"""Communication Manager over its SAT (OSSI): alarms, trunks, gateways, registered stations, links, consoles.

It judges nothing and sends `display`, `list` and `status` only. Fields are found by their number where a
source tells it. Of `list trunk-group` only the number of the group has a known field; type, name and size are
read by their place after it, and a group whose row looks otherwise is unread. What is made of links, consoles
and survivable processors stands in `sat_links`.

A command that the switch would not carry out tells nothing. Alarms are asked for as their form stands, which
is active ones only; fields sent with it could be taken for the form's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.base import (
    BadAnswer,
    Findings,
    Observation,
    Own,
    Pacing,
    Role,
    Sample,
    SatAnswer,
    SatSession,
    Told,
)
from collectors.communication_manager.parts import (
    ALARM_COUNT,
    REGISTERED,
    SERVICE,
    STATIONS,
    Alarm,
    Member,
    alarm_on,
    alarms,
    busied,
    gateway,
    gateway_samples,
    group,
    group_samples,
    moment,
    named,
    registered,
    severity,
)
from collectors.communication_manager.sat_links import (
    AES_LINKS,
    CTI_LINKS,
    SURVIVABLE,
    aes_links,
    attendant,
    attendant_status,
    channel_status,
    cms_channel,
    cti_links,
    lists_cti_links,
    spares,
)

ALARMS, GROUPS = "display alarms", "list trunk-group"
GATEWAYS, PHONES = "status media-gateways", "list registered-ip-stations"

ALARM_FIELDS = ALARM_PORT, ALARM_NAME, ALARM_LEVEL = "0001ff00", "0002ff00", "0005ff00"
ALARM_ALTERNATE, ALARM_DATE = "0004ff00", ("000eff00", "0006ff00", "0007ff00", "0008ff00")  # month first
GROUP_NUMBER = "800bff00"
MEMBER_FIELDS = MEMBER_NUMBER, MEMBER_STATE, MEMBER_BUSY = "0001ff00", "0003ff00", "0004ff00"
MEMBER_PORT = "0002ff00"
LINKS_DOWN, LINKS_UP = "6c0aff00", "6c0bff00"
PLACE = re.compile("6c(?:0f|1[0-3])ff[0-9a-f]{2}")  # of a gateway in the table; it is not its number
EXTENSION = "6800ff00"

# `29 0| 0| 1|up`: gateway, major and minor alarms, warnings, link.
_GATEWAY = re.compile(r"(\d{1,3})\s+\d+\s*\|\s*\d+\s*\|\s*\d+\s*\|\s*(\S+)")
_LINK = {"up": True, "dn": False, "down": False}
_MEMBER = re.compile(r"(\d{1,4})/\d{1,4}")
NO_OPTIONS = Own()
# What stands in another column than the type must not make a group internal.
_KINDS = {"access", "aplt", "cama", "co", "cpe", "did", "diod", "dmi-bos", "fx", "isdn", "isdn-pri"}
_KINDS |= {"rlt", "sip", "tandem", "tie", "wats"}


async def ask(session: SatSession, own: Own = NO_OPTIONS) -> Told[SatAnswer]:
    """Alarms, the list of groups, each group that has members, gateways, links, consoles, then the stations.

    The longest answer comes last. Links to AE Services servers are asked for where a CTI link is.
    """
    told = Told({ALARMS: await session.ask(ALARMS)})
    told |= await session.ask(GROUPS)
    for number, (_, size) in _groups(told[GROUPS]).items():
        if size:
            told |= await session.ask(_status(number))
    told |= await session.ask(GATEWAYS)
    told |= await _asked_too(session, CTI_LINKS)
    if lists_cti_links(told[CTI_LINKS]):
        told |= await _asked_too(session, AES_LINKS)
    told |= await _asked_too(session, SURVIVABLE)
    for number in own.numbers("attendants"):
        told |= await _asked_too(session, attendant_status(number))
    for number in own.numbers("cms_channels"):
        told |= await _asked_too(session, channel_status(number))
    return told | await session.ask(PHONES, EXTENSION)


async def _asked_too(session: SatSession, command: str) -> SatAnswer:
    """The answer to a command that nobody has published an answer of: a strange one tells nothing.

    Trunks must not go unseen for it. The line has dropped its session then, and opens another.
    """
    try:
        return await session.ask(command)
    except BadAnswer as error:
        return SatAnswer(command, error=error.detail)


def read(answers: Told[SatAnswer], at: datetime) -> Findings:
    """What the answers say. Raises BadAnswer if nothing was carried out, or alarms or groups are strange."""
    refusals = [answers[command].error for command in (ALARMS, GROUPS, GATEWAYS, PHONES)]
    if None not in refusals:
        raise BadAnswer(ALARMS, refusals[0] or "")
    complete: list[Role] = []
    works = answers[ALARMS].error is None or answers[GROUPS].error is None
    observations = [SERVICE if works else SERVICE.not_read("neither alarms nor trunk groups told")]
    samples: list[Sample] = []

    if answers[GROUPS].error is None:
        # A switch without any trunk group is less likely than an answer that was lost on the way.
        complete += ["trunks"] if answers[GROUPS].records else []
        for seen, members in _trunks(answers):
            observations.append(seen)
            samples += group_samples(seen, members)
    gateways, whole = _gateways(answers[GATEWAYS])
    observations += gateways
    samples += gateway_samples(gateways)
    if whole:
        complete.append("location")
    links, whole = _links_of(answers)
    observations += links
    complete += ["integration"] if whole else []
    survivable, whole = spares(_told(answers, SURVIVABLE))
    observations += survivable
    complete += ["redundancy"] if whole else []
    observations += [attendant(number, told) for number, told in _numbered(answers, attendant_status(0))]
    if answers[ALARMS].error is None:
        complete.append("alarm")
        told = list(_alarms(answers[ALARMS], at))
        observations += alarms(told)
        for level in ("major", "minor", "warning"):
            samples += ALARM_COUNT.told(sum(severity(alarm.level) == level for alarm in told), level)
    for stations in _stations(answers[PHONES]):
        observations.append(stations)
        samples += REGISTERED.told(stations.present, "ip")
    return Findings(tuple(observations), tuple(samples), tuple(complete))


def _columns(answer: SatAnswer, *fields: str) -> list[int]:
    """Where these fields stand. Raises BadAnswer if there are records and one of the fields is missing."""
    columns = [answer.column(field) for field in fields]
    if not answer.records:
        return []
    if None in columns:
        raise BadAnswer(answer.command, f"no field {fields[columns.index(None)]}")
    return [column for column in columns if column is not None]


def _status(number: int) -> str:
    return f"status trunk {number}"


def _groups(answer: SatAnswer) -> dict[int, tuple[Observation, int | None]]:
    """The listed groups, and their sizes; no size where the row is not number, TAC, type, name, members."""
    first = answer.column(GROUP_NUMBER) or 0
    groups: dict[int, tuple[Observation, int | None]] = {}
    for record in answer.records:
        number, _, kind, name, size, *_ = (*record[first : first + 5], *[""] * 5)
        if re.fullmatch(r"\d{1,4}", number) is None:
            raise BadAnswer(GROUPS, f"expected the number of a trunk group, got {number!r}")
        known = kind.lower() in _KINDS
        listed = named(int(number), kind if known else "", name)
        groups[int(number)] = listed, int(size) if known and re.fullmatch(r"\d{1,4}", size) else None
    return dict(sorted(groups.items()))


def _trunks(answers: Told[SatAnswer]) -> Iterator[tuple[Observation, list[Member]]]:
    for number, (listed, size) in _groups(answers[GROUPS]).items():
        if size is None:
            yield listed.not_read("the list tells no type or no size of it"), []
        elif size:
            try:
                members = _members(number, answers[_status(number)])
            except BadAnswer as error:
                yield listed.not_read(error.detail), []
            else:
                yield group(listed, size, members), members


def _members(number: int, answer: SatAnswer) -> list[Member]:
    if answer.error is not None:
        raise BadAnswer(answer.command, answer.error)
    members: dict[str, Member] = {}
    ports = answer.column(MEMBER_PORT)
    if columns := _columns(answer, *MEMBER_FIELDS):
        for record in answer.records:
            name, state, busy = (record[column].strip() for column in columns)
            match = _MEMBER.fullmatch(name)
            if match is None or int(match[1]) != number:  # such as the tail of an answer to something else
                raise BadAnswer(answer.command, f"{name!r} is no member of it")
            port = "" if ports is None else record[ports].strip()
            members[name] = Member(state, busied(busy), port)
    return list(members.values())


def _links_of(answers: Told[SatAnswer]) -> tuple[list[Observation], bool]:
    """The links to other systems, and whether these are all."""
    links, whole = cti_links(_told(answers, CTI_LINKS))
    servers, all_told = aes_links(_told(answers, AES_LINKS))
    whole = whole and (all_told or not links)  # where there is no CTI link they are not asked for
    channels = [cms_channel(number, told) for number, told in _numbered(answers, channel_status(0))]
    return [*links, *servers, *channels], whole


def _told(answers: Told[SatAnswer], command: str) -> SatAnswer:
    """What was answered to a command that is not always asked; not asked is not told."""
    return answers[command] if command in answers else SatAnswer(command, error="not asked")


def _numbered(answers: Told[SatAnswer], command: str) -> Iterator[tuple[int, SatAnswer]]:
    """The answers to a command that was asked for several numbers; `command`: as it is for 0."""
    head = command.removesuffix("0")
    for each in answers:
        if each.startswith(head):
            yield int(each.removeprefix(head)), answers[each]


def _gateways(answer: SatAnswer) -> tuple[list[Observation], bool]:
    """The gateways of the table, and whether these are all: the links up and down are as many."""
    found: dict[int, Observation] = {}
    whole = bool(answer.records)
    for record in answer.records:
        for field, value in zip(answer.fids, record, strict=True):
            if not value.strip() or not PLACE.fullmatch(field):
                continue
            match = _GATEWAY.fullmatch(value.strip())
            if match is None:
                whole = False
                continue
            listed, link = gateway(int(match[1])), _LINK.get(match[2].lower())
            here = listed.not_read(f"link {match[2]!r}") if link is None else registered(listed, here=link)
            found[int(match[1])] = here
    whole = whole and _links(answer) == len(found)
    return [found[number] for number in sorted(found)], whole


def _links(answer: SatAnswer) -> int | None:
    columns = [answer.column(field) for field in (LINKS_DOWN, LINKS_UP)]
    counts = [answer.records[0][column].strip() for column in columns if column is not None]
    if len(counts) < len(columns) or not all(re.fullmatch(r"\d{1,3}", count) for count in counts):
        return None
    return sum(map(int, counts))


def _alarms(answer: SatAnswer, at: datetime) -> Iterator[Alarm]:
    columns = _columns(answer, *ALARM_FIELDS)
    dates = [answer.column(field) for field in ALARM_DATE]
    alternate = answer.column(ALARM_ALTERNATE)
    for row, record in enumerate(answer.records, start=1):
        port, name, level = (record[column].strip() for column in columns)
        date = [record[column] for column in dates if column is not None]
        since = moment(at, *date) if len(date) == len(ALARM_DATE) else None
        text = "" if alternate is None else record[alternate].strip()
        yield Alarm(alarm_on(name, port, str(row)), level, since, text, port=port)


def _stations(answer: SatAnswer) -> Iterator[Observation]:
    if answer.error is not None:
        return
    extensions = answer.column(EXTENSION)
    if answer.records and (extensions is None or not all(record[extensions] for record in answer.records)):
        yield replace(STATIONS, unread=True, detail="not every registered station has an extension")
    else:
        count = len(answer.records)
        yield replace(STATIONS, present=count, by_kind={"ip": count})


# Rows do not apply. Two minutes stand between the rates at which IR Prognosis, a commercial product, asks for
# states (1 and 5 minutes); 60 s for a command are those of pbxd (a `list` gets more from its session).
PACING = Pacing(1, timedelta(milliseconds=250), timedelta(seconds=60), 2, timedelta(minutes=2))
