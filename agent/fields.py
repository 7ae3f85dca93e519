"""The kinds of value that site and contract files are made of. Pure; pydantic models are built on them.

Each validator's ValueError is the sentence after the key: `expected …; got …`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator, WithJsonSchema

SHOWN = 40  # characters of a value that a sentence may quote

_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(ms|s|min|h|d)")
_LONGEST = timedelta(days=3660)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}")
_CREDENTIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


def shown(value: object) -> str:
    """A value as a sentence quotes it: one line, at most 40 characters."""
    text = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


class Model(BaseModel):
    """A frozen piece of a configuration file: unknown keys are mistakes."""

    # hide_input_in_errors: pydantic's own words must not carry a secret that was written inline
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


def parse_duration(text: Any) -> timedelta:
    """`90s`, `500ms`, `15 min`, `3h`, `1d`; at most 3660 d. Raises ValueError with the expected form."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected a duration such as 90s, 15 min or 3h; got {shown(text)}")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"expected a duration of at most {_LONGEST.days}d; got {shown(text)}")
    return timedelta(seconds=seconds)


_zone_names = cache(available_timezones)  # it lists a directory tree, and a site asks once per location


def _parse_zone(name: Any) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    if not isinstance(name, str) or name not in _zone_names():
        raise ValueError(f"expected a time zone such as America/Chicago; got {shown(name)}")
    return ZoneInfo(name)


def _parse_date(text: Any) -> date:
    """A dated day, and nothing that pydantic would also take for one (seconds since 1970, midnight)."""
    if isinstance(text, date):
        return text
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"expected a day that the calendar has; got {shown(text)}") from None
    raise ValueError(f"expected a date such as 2026-12-25; got {shown(text)}")


def parse_instant(text: Any) -> datetime:
    """`2026-11-20 22:00` by the site's own clock, or ISO 8601 with an offset. Raises ValueError."""
    if isinstance(text, datetime):
        return text
    if isinstance(text, str) and _INSTANT.fullmatch(text.strip()):
        try:
            return datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(f"expected a time that the calendar has; got {shown(text)}") from None
    raise ValueError(f"expected a time such as 2026-11-20 22:00; got {shown(text)}")


def _parse_address(text: Any) -> IPv4Address | IPv6Address:
    if isinstance(text, IPv4Address | IPv6Address):
        return text
    try:
        if isinstance(text, str):  # an int would be an address too: 5 is 0.0.0.5
            return ip_address(text)
    except ValueError:
        pass
    raise ValueError(f"expected an IP address such as 192.0.2.10; got {shown(text)}")


def _one_host(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"expected the address of one system; got {shown(str(address))}")
    return address


def _check_listen(text: str) -> str:
    _parse_address(text)
    return text


def _check_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"expected a name of a-z, 0-9, '.', '_' and '-'; got {shown(name)}")
    return name


def as_written(value: Any) -> Any:
    """A whole number where text belongs (`version: 3`, `number: 8175550100`) is the text as written."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError(f"expected text that is not empty; got {shown(text)}")
    return text


def _check_host(text: str) -> str:
    """A host's name or an IP address: it stands in requests, so nothing else may."""
    try:
        ip_address(text)
    except ValueError:
        if _HOST.fullmatch(text) is None or any(len(label) > 63 for label in text.split(".")):
            raise ValueError(f"expected the name of a host or an IP address; got {shown(text)}") from None
    return text


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("expected a duration above zero; got 0s")
    return value


AssetCoverage = Literal["8x5", "24x7", "preferred"]
"""The on-site coverage that can be bought for an asset (agility.md, Schedule A)."""
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
PositiveDuration = Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_positive)]
Zone = Annotated[ZoneInfo, BeforeValidator(_parse_zone)]
Instant = Annotated[datetime, BeforeValidator(parse_instant)]
"""A moment; without an offset it is one of the site's own clock (`Site.moment`)."""
Day = Annotated[date, BeforeValidator(_parse_date)]
Address = Annotated[
    IPv4Address | IPv6Address,
    PlainValidator(_parse_address),
    AfterValidator(_one_host),
    WithJsonSchema({"type": "string"}),
]
Listen = Annotated[str, AfterValidator(_check_listen)]
Text = Annotated[str, BeforeValidator(as_written)]
SomeText = Annotated[str, BeforeValidator(as_written), AfterValidator(_something)]
Host = Annotated[str, BeforeValidator(as_written), AfterValidator(_check_host)]
Name = Annotated[str, BeforeValidator(as_written), AfterValidator(_check_name)]


def _check_credential(name: str) -> str:
    if _CREDENTIAL.fullmatch(name) is None:
        raise ValueError("expected the name of a credential: letters, digits, '.', '_' and '-'; got another")
    return name


def _check_path(path: str) -> str:
    if not path.strip() or "\0" in path:
        raise ValueError("expected the path of a file; got none")
    return path


def _check_variable(name: str) -> str:
    if _VARIABLE.fullmatch(name) is None:
        raise ValueError("expected the name of an environment variable; got another text")
    return name


class SecretRef(Model):
    """Where a secret is to be found; the secret itself never stands in a file of ours.

    Exactly one of `credential` (a name in systemd's $CREDENTIALS_DIRECTORY), `file` (a path that nobody but
    its owner may read) or `env` (a variable's name).
    """

    credential: Annotated[str, AfterValidator(_check_credential)] | None = None
    file: Annotated[str, AfterValidator(_check_path)] | None = None
    env: Annotated[str, AfterValidator(_check_variable)] | None = None

    def __str__(self) -> str:
        for how in ("credential", "file", "env"):
            if (where := getattr(self, how)) is not None:
                return f"{how} {where}"
        return "nothing"


def _one_way(ref: SecretRef) -> SecretRef:
    ways = [way for way in ("credential", "file", "env") if getattr(ref, way) is not None]
    if len(ways) != 1:
        raise ValueError(
            f"expected exactly one of credential, file and env; got {' and '.join(ways) or 'none'}"
        )
    return ref


def _no_inline(value: Any) -> Any:
    if isinstance(value, dict | SecretRef):
        return value
    got = "nothing" if value is None else "the secret itself (not shown)"
    raise ValueError(f"expected {{credential: NAME}}, {{file: PATH}} or {{env: NAME}}; got {got}")


Secret = Annotated[SecretRef, BeforeValidator(_no_inline), AfterValidator(_one_way)]
