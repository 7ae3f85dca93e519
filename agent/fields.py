"""The kinds of value that site and contract files are made of. Pure; pydantic models are built on them.

Each validator's ValueError is the sentence after the key: `expected …; got …`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class Model(BaseModel):
    """A frozen piece of a configuration file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def parse_duration(text: Any) -> timedelta:
    """`90s`, `500ms`, `15 min`, `3h`, `1d`. Raises ValueError with the expected form."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected a duration such as 90s, 15 min or 3h; got {text!r}")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def _parse_zone(name: Any) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    if not isinstance(name, str) or name not in available_timezones():
        raise ValueError(f"expected a time zone such as America/Chicago; got {name!r}")
    return ZoneInfo(name)


def _check_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"expected a name of a-z, 0-9, '.', '_' and '-'; got {name!r}")
    return name


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("expected a duration above zero; got 0s")
    return value


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
PositiveDuration = Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_positive)]
Zone = Annotated[ZoneInfo, BeforeValidator(_parse_zone)]
Name = Annotated[str, AfterValidator(_check_name)]


class SecretRef(Model):
    """Where a secret is to be found; the secret itself never stands in a file of ours.

    Exactly one of `credential` (a name in systemd's $CREDENTIALS_DIRECTORY), `file` (a path that nobody but
    its owner may read) or `env` (a variable's name).
    """

    credential: str | None = None
    file: str | None = None
    env: str | None = None

    def __str__(self) -> str:
        for how in ("credential", "file", "env"):
            if (where := getattr(self, how)) is not None:
                return f"{how} {where}"
        return "nothing"


def _one_way(ref: SecretRef) -> SecretRef:
    if sum(way is not None for way in (ref.credential, ref.file, ref.env)) != 1:
        raise ValueError("expected exactly one of credential, file and env; got none or several")
    return ref


def _no_inline(value: Any) -> Any:
    if isinstance(value, dict | SecretRef):
        return value
    raise ValueError(
        "expected {credential: NAME}, {file: PATH} or {env: NAME}; got the secret itself (not shown)"
    )


Secret = Annotated[SecretRef, BeforeValidator(_no_inline), AfterValidator(_one_way)]
