"""Keeps the web config in force: sees when its files change, and takes a right version whole or not at all.

It is asked at every new connection and every request, and as a rule looks at the dates of the files alone.
A change that would open a door (no TLS, no passwords, no client certificates) needs a restart: half of a file
that is just being written must not do it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from agent.mistakes import ConfigError, Mistake
from agent.web_config import WebConfig, load_web_config, named_files

log = logging.getLogger("trunkwatch.web")

Stamp = tuple[int, ...] | None


class WebFile:
    """One `web-config.yml`. Raises ConfigError where it is wrong at the start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._watched: tuple[Path, ...] = ()
        self._seen: tuple[Stamp, ...] = ()
        self._look()
        self._config = load_web_config(path)

    def in_force(self) -> WebConfig:
        """The last version that was right. Never raises; says once what is wrong with a newer one."""
        if tuple(map(_stamp, self._watched)) == self._seen:
            return self._config
        self._look()
        try:
            config = load_web_config(self.path)
            if opened := list(_opened(self._config, config)):
                raise ConfigError([Mistake(str(self.path), 0, 0, key, sentence) for key, sentence in opened])
        except (ConfigError, OSError) as error:
            log.error("the web config was not taken, the old one stays in force:\n%s", error)
        else:
            self._config = config
            log.info("took the changed web config: %s", told(config))
        return self._config

    def _look(self) -> None:
        # Dates first, contents after: what changes in between is seen at the next look.
        self._watched = (self.path, *named_files(self.path))
        self._seen = tuple(map(_stamp, self._watched))


def told(config: WebConfig) -> str:
    """What is in force, for `check` and for the log: no user's name and no hash."""
    users = len(config.users)
    words = [f"passwords for {users} user{'s' * (users > 1)}" if users else "no passwords"]
    if config.tls is None:
        words.append("not encrypted")
    else:
        words.append(f"certificate valid until {config.tls.valid_until:%Y-%m-%d %H:%M} UTC")
        words += ["clients need a certificate"] * config.tls.client_certificates
    return ", ".join(words)


def _opened(before: WebConfig, after: WebConfig) -> Iterator[tuple[str, str]]:
    """What changes with a restart only: TLS coming or going, and doors that would stand open."""
    if before.tls and not after.tls:
        yield "tls_server_config", "expected this section, as HTTPS ends with a restart only; got none"
    elif after.tls and not before.tls:
        yield "tls_server_config", "expected no such section, as HTTPS begins with a restart only; got one"
    elif before.tls and after.tls and before.tls.client_certificates > after.tls.client_certificates:
        yield (
            "tls_server_config.client_auth_type",
            "expected RequireAndVerifyClientCert, as that ends with a restart only; got NoClientCert",
        )
    if before.users and not after.users:
        yield (
            "basic_auth_users",
            "expected a user, as asking for passwords ends with a restart only; got none",
        )


def _stamp(path: Path) -> Stamp:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_mode
