"""The parts of an Application Enablement Services server by what its MIB says of them. Pure.

Services with their licences, the connections to switches, the memory of DMCC. It asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from collectors.base import Observation

SERVICE = Observation(role="service", component="service")

_STATES = ("ready", "running", "stopped", "paused", "stopping", "starting", "unknown", "resourceUnavailable")
_STATUSES = (
    *("resuming", "initializing", "online", "offline", "pausing"),
    *("stopping", "down", "unknown", "resourceUnavailable"),
)
STATE = dict(enumerate(_STATES, start=1))
STATUS = dict(enumerate(_STATUSES, start=1))
LINK = {1: "offline", 2: "online", 3: "resourceUnavailable"}
OFFLINE, ONLINE = 1, 2
_WELL = ("running", "online")
_LOST = ("stopped", "offline", "down")
_UNREAD = ("unknown", "resourceUnavailable")

_LICENCE_ERRORS = (
    *("normal", "productNotFound", "featureNotFound", "serverConnection", "invalidResponse"),
    *("invalidRequest", "internalError", "invalidParameters", "licenseExpired", "noLicenseFound"),
    *("unknownHost", "tryAgain", "noRecovery", "noData", "connectionRefused", "noRouteToHost"),
    *("authenticationError", "incompatibleVersion", "timeout", "notLicenseServer", "multiSiteInvalid"),
    *("serverRestarting", "sslConnection", "invalidUrl", "invalidProtocol"),
)
LICENCE_ERROR = dict(enumerate(_LICENCE_ERRORS)) | {
    -1: "resourceUnavailable",
    99: "unknownError",
    100: "gracePeriodExpired",
    101: "invalidLicense",
    102: "tooManyLicenses",
    103: "dateTimeError",
}
NORMAL, _NOT_BOUGHT = 0, (1, 2)


@dataclass(frozen=True, slots=True)
class Service:
    """One service as it was told; None: not told. `used`: the site file does not say that nobody uses it."""

    name: str
    state: int | None
    status: int | None
    licence_error: int | None = None
    used: bool = True

    @property
    def part(self) -> Observation:
        """The service as one part."""
        part = Observation(role="equipment", component=f"{self.name} service", apart=True)
        if not self.used:
            return replace(part, lost=0, total=0, detail="not used, as the site file says")
        words = [_word("state", STATE, self.state), _word("status", STATUS, self.status)]
        told = {STATE.get(self.state or 0), STATUS.get(self.status or 0)}
        if told & set(_LOST):
            if self.licence_error in _NOT_BOUGHT:
                licence = LICENCE_ERROR[self.licence_error or 0]
                return replace(part, lost=0, total=0, detail=f"not used: {', '.join(words)}, {licence}")
            return replace(part, lost=1, total=1, detail=", ".join(words))
        if None in told or told & set(_UNREAD):
            return part.not_read(", ".join(words))
        if told == set(_WELL):
            return replace(part, lost=0, total=1)
        return replace(part, lost=0, total=1, degraded=1, detail=", ".join(words))

    @property
    def licence(self) -> Observation | None:
        """Its licence; None where none was told of."""
        if self.licence_error is None:
            return None
        licence = Observation(role="equipment", component=f"{self.name} licence", apart=True)
        told = LICENCE_ERROR.get(self.licence_error)
        if self.part.total == 0:
            return replace(licence, lost=0, total=0, detail="its service is not used")
        if told is None or told in _UNREAD:
            return licence.not_read(f"licence error {told or self.licence_error}")
        lost = self.licence_error != NORMAL
        return replace(licence, lost=int(lost), total=1, detail=f"licence error {told}" if lost else "")


def _word(what: str, words: dict[int, str], number: int | None) -> str:
    return f"{what} not told" if number is None else f"{what} {words.get(number, number)}"


def whole(parts: Iterable[Observation]) -> Observation:
    """The server as a whole: out only if every service in use is. `parts`: its services."""
    used = [part for part in parts if part.total != 0]
    if not used:
        return SERVICE.not_read("no service of it is in use")
    if all(part.lost for part in used):
        return replace(SERVICE, lost=1, total=1, detail="no service in use is online")
    if any(part.lost == 0 for part in used):
        return replace(SERVICE, lost=0, total=1)
    return SERVICE.not_read("its services were not told")


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one switch connection: the state of each, None where that is not told."""

    states: Sequence[int | None] = ()

    @property
    def lost(self) -> int:
        """How many are offline."""
        return sum(state == OFFLINE for state in self.states)


def switch_connection(switch: str, session: int | None, links: Links, *, stray: bool) -> Observation:
    """The connection to one switch, counted in links. `stray`: a link is told without its switch."""
    listed = Observation(
        role="integration", component=f"switch-connection {switch}", kind="aes", to=switch, apart=True
    )
    total = max(1, len(links.states))
    if session == OFFLINE:
        return replace(listed, lost=total, total=total, detail="its session is offline")
    if session != ONLINE:
        told = "not told" if session is None else LINK.get(session, session)
        return listed.not_read(f"its session is {told}")
    strange = [state for state in links.states if state not in (OFFLINE, ONLINE)]
    if strange:
        told = "not told" if strange[0] is None else LINK.get(strange[0], strange[0])
        return listed.not_read(f"a link of it is {told}")
    if not links.states or stray:
        return listed.not_read("not all of its links were told")
    detail = f"{links.lost} of its links offline" if links.lost else ""
    return replace(listed, lost=links.lost, total=total, detail=detail)


def dmcc_memory(used: int | None, free: int | None) -> Observation | None:
    """What DMCC uses of its memory, in per cent; the unit of both figures is not known. None: not told."""
    if used is None and free is None:
        return None
    part = Observation(role="capacity", component="dmcc memory", apart=True)
    if used is None or free is None or min(used, free) < 0 or not used + free:
        return part.not_read("used or free memory not told")
    percent = 100 * used // (used + free)
    return replace(part, lost=int(percent >= 100), total=1, used=percent, limit=100)
