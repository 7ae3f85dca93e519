"""The clock of a Linux host by what chrony or ntpd says of it: synchronised, and how far off. Pure.

Layouts: chrony 4.3 and ntpq (both ntpd's). Lenient in what stands beside, strict in what is read: a line that
is not whole makes the clock unread, never well.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collectors.base import Metric, Observation, ShellAnswer

CHRONY, NTPQ = "chronyc -n tracking", "/usr/sbin/ntpq -pn"
OFFSET = Metric(
    "avaya_host_clock_offset_seconds", "How far a host's clock is ahead of its time servers, in seconds."
)
# Records of calls and logs of two systems that are a second apart can no more be laid side by side.
FAR = 1.0  # seconds
# chrony goes on saying that all is well after its last server fell silent; it asks every 17 minutes at least.
STALE = timedelta(hours=6)

_FIELD = re.compile(r"([A-Z][A-Za-z ()]*?) *: (.*)")
_REFERENCE = re.compile(r"(?:[0-9A-F]{8}|[0-9.]{7,15}) \(.*\)")
_OWN = ("00000000", "7F7F0101", "0.0.0.0", "127.127.1.")  # noqa: S104 - what chrony names if it has no server
_SYSTEM_TIME = re.compile(r"(\d+\.\d+) seconds (fast|slow) of NTP time")
_LEAPS = {"Normal": True, "Insert second": True, "Delete second": True, "Not synchronised": False}
_NUMBER = r"-?\d+(?:\.\d+)?"
_PEER = re.compile(
    rf"(?P<tally>[ x.#+*o-])(?P<remote>\S+) +(?P<refid>\S+) +\d+ +\S+ +\S+ +\d+[mhd]? +[0-7]+"
    rf" +{_NUMBER} +(?P<offset>{_NUMBER}) +{_NUMBER}"
)
_HEAD = re.compile(r" +remote +refid +st +t +when +poll +reach +delay +offset +jitter *")


def clock(
    chrony: ShellAnswer, ntpq: ShellAnswer | None, at: datetime
) -> tuple[Observation | None, float | None]:
    """The clock and its offset in seconds. None: the host has neither program.

    `ntpq`: None where chrony answered. Which of the two keeps the clock says the one that answers.
    """
    part = Observation(role="equipment", component="clock", kind="sync")
    if chrony.status == 0:
        return _by_chrony(part, chrony.text, at)
    if ntpq is not None and ntpq.status == 0:
        return _by_ntpq(part, ntpq)
    if chrony.status == 127 and (ntpq is None or ntpq.status == 127):
        return None, None
    return part.not_read("neither chrony nor ntpd answers"), None


def _by_chrony(part: Observation, text: str, at: datetime) -> tuple[Observation, float | None]:
    fields: dict[str, str] = {}
    for match in filter(None, map(_FIELD.fullmatch, text.splitlines())):
        fields[match[1]] = "?" if match[1] in fields else match[2].strip()
    synchronised = _LEAPS.get(fields.get("Leap status", ""))
    if synchronised is False:
        return _lost(part, "not synchronised"), None
    reference = fields.get("Reference ID", "")
    if not _REFERENCE.fullmatch(reference):
        return part.not_read("no reference told"), None
    if reference.startswith(_OWN):
        return _lost(part, "goes by itself, with no time server"), None
    heard, told = (
        _moment(fields.get("Ref time (UTC)", "")),
        _SYSTEM_TIME.fullmatch(fields.get("System time", "")),
    )
    if synchronised is None or heard is None or told is None:
        return part.not_read("status, last measurement or offset not told"), None
    offset = float(told[1]) * (1 if told[2] == "fast" else -1)
    if at - heard > STALE:
        return _lost(part, "no word from its time servers for hours"), offset
    return _off(part, offset), offset


def _by_ntpq(part: Observation, answer: ShellAnswer) -> tuple[Observation, float | None]:
    lines = answer.text.splitlines()
    if not any(map(_HEAD.fullmatch, lines)):
        if "No association ID's returned" in f"{answer.text}{answer.errors}":
            return _lost(part, "no time servers are set up"), None
        return part.not_read("no list of time servers"), None
    rows = [line for line in lines if line.strip() and not _HEAD.fullmatch(line) and set(line) != {"="}]
    peers = [_PEER.fullmatch(line.rstrip()) for line in rows]
    chosen = [peer for peer in peers if peer is not None and peer["tally"] in "*o"]
    if not chosen:
        if None in peers or not peers:
            return part.not_read("a time server's line was not understood"), None
        return _lost(part, "not synchronised"), None
    if len(chosen) > 1 and not any(peer["tally"] == "o" for peer in chosen):
        return part.not_read("more than one chosen time server"), None
    if all(peer["refid"] in (".LOCL.", "LOCAL(0)") for peer in chosen):
        return _lost(part, "goes by itself, with no time server"), None
    # The offset is the server's from this clock, in milliseconds; here it is this clock's from the server.
    offset = -float(chosen[0]["offset"]) / 1000
    return _off(part, offset), offset


def _off(part: Observation, offset: float) -> Observation:
    far = abs(offset) >= FAR
    return replace(part, lost=0, total=1, degraded=int(far), detail="a second off or more" if far else "")


def _lost(part: Observation, why: str) -> Observation:
    return replace(part, lost=1, total=1, detail=why)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(f"{text} +0000", "%a %b %d %H:%M:%S %Y %z").astimezone(UTC)
    except ValueError:
        return None
