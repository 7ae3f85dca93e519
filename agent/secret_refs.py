"""Fetches the secrets that a site file refers to: from systemd's credentials, from files, from variables.

It keeps none, and no sentence or repr of it shows one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from agent import mistakes
from agent.fields import SecretRef
from agent.mistakes import ConfigError, Mistake, dotted
from agent.site import Site
from agent.yaml_marks import Node, read_tree

SecretUse = Literal["community", "password", "other"]

_MAX_BYTES = 4096
_DEFAULT_COMMUNITIES = frozenset({"public", "private"})  # the first that any scanner tries
_SHORTEST_PASSWORD = 8  # RFC 3414, 11.2


class SecretError(ConfigError):
    """A secret that cannot be had or must not be used. One sentence; it never holds the secret."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__([Mistake("", 0, 0, "", sentence)])


class Secrets(dict[tuple[str, str], str]):
    """Secrets by (system, dotted key below it): `("cm1", "snmp.community")`. Its repr shows none.

    A secret that belongs to no system has "" for the system and the whole dotted key.
    """

    def of(self, system: str) -> Secrets:
        """Those of one system."""
        return Secrets({key: secret for key, secret in self.items() if key[0] == system})

    def __repr__(self) -> str:
        return f"Secrets({len(self)}, not shown)"


def read_secret(ref: SecretRef, *, base: Path, use: SecretUse = "other") -> str:
    """The secret itself, without the newline at its end.

    `base`: the folder of the site file, from which a relative {file: …} is read, and whose folder
    `credentials` is where the unit has a {credential: …} from. `use`: an SNMP community
    must not be a default one, an SNMPv3 password has 8 characters or more. Raises SecretError.
    """
    if ref.credential is not None:
        raw = _credential(ref.credential, base)
    elif ref.file is not None:
        raw = _private_file(base / ref.file)
    elif ref.env is not None:
        raw = _variable(ref.env)
    else:
        raise SecretError("expected credential, file or env; got none")
    return _usable(raw, ref, use)


def read_secrets(site: Site, path: Path) -> Secrets:
    """Every secret that the site refers to. `path`: the site file.

    Raises ConfigError with every mistake at once, each at the line of its reference. The file is read again
    for these lines: if it has changed since, a mistake may stand without one.
    """
    found, wrong = Secrets(), list[tuple[mistakes.Path, str]]()
    for where, ref in _references(site, ()):
        use: SecretUse = next((use for use in ("community", "password") if where[-1] == use), "other")
        try:
            secret = read_secret(ref, base=path.parent, use=use if "snmp" in where else "other")
        except SecretError as error:
            wrong.append((where, error.sentence))
            continue
        match where:
            case ("systems", int(number), *rest):
                found[site.systems[number].name, dotted(tuple(rest))] = secret
            case _:
                found["", dotted(where)] = secret
    if wrong:
        raise ConfigError(_placed(path, wrong))
    return found


def _variable(name: str) -> bytes:
    raw = os.environb.get(name.encode())
    if raw is None:
        raise SecretError(f"expected a secret in the environment variable {name}; got no such variable")
    return raw


def _credential(name: str, base: Path) -> bytes:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    stored = base / "credentials" / name
    if not folder:
        # Outside of the service: whoever may read what the unit loads can try the site file with it.
        try:
            if stored.exists():
                return _private_file(stored)
        except PermissionError:
            raise SecretError(
                f"expected the credential {name}; "
                f"got a folder {stored.parent} that you may not read (use sudo)"
            ) from None
        raise SecretError(
            f"expected the credential {name} in $CREDENTIALS_DIRECTORY; got no such variable "
            "(systemd sets it; outside of it use {file: PATH} or {env: NAME})"
        )
    # LoadCredential=credentials:FOLDER gives each file of the folder the name credentials_FILE. systemd
    # guards the folder itself; the mode of its files depends on its version.
    for each in (name, f"credentials_{name}"):
        try:
            return _read(Path(folder) / each)[0]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SecretError(
                f"expected the credential {name} to be readable; got {error.strerror}"
            ) from None
    raise SecretError(
        f"expected the credential {name}; got none of that name "
        f"(put it into {stored} and restart the service, or LoadCredential={name}:FILE in the unit)"
    )


def _private_file(path: Path) -> bytes:
    try:
        raw, mode = _read(path)
    except OSError as error:
        raise SecretError(f"expected a secret in the file {path}; got {error.strerror}") from None
    if mode & 0o077:
        raise SecretError(
            f"expected a file that only its owner may read (chmod 600 {path}); "
            f"got mode {stat.S_IMODE(mode):04o}"
        )
    return raw


def _read(path: Path) -> tuple[bytes, int]:
    """What a file holds, and its mode. O_NONBLOCK: a pipe without a writer must not stop the start."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode  # of what was opened, not of what the path may be by now
        if not stat.S_ISREG(mode):
            raise SecretError(f"expected a file; got a folder, a pipe or a device at {path}")
        return file.read(_MAX_BYTES + 1), mode


def _usable(raw: bytes, ref: SecretRef, use: SecretUse) -> str:
    if len(raw) > _MAX_BYTES:
        raise SecretError(f"expected a secret of at most {_MAX_BYTES} bytes in {ref}; got more")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = None  # raised below: this error holds the bytes, and nothing of ours shall be chained to it
    if text is None:
        raise SecretError(f"expected text in UTF-8 in {ref}; got other bytes (not shown)")
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret.strip():
        raise SecretError(f"expected a secret in {ref}; got nothing")
    if any(ord(letter) < 0x20 or letter == "\x7f" for letter in secret):
        raise SecretError(f"expected one line without control characters in {ref}; got others (not shown)")
    if use == "community" and secret.casefold() in _DEFAULT_COMMUNITIES:
        raise SecretError(
            f"expected a community of the site's own in {ref}; "
            "got a default that everybody tries (change it on the system too)"
        )
    if use == "password" and len(secret) < _SHORTEST_PASSWORD:
        raise SecretError(f"expected at least {_SHORTEST_PASSWORD} characters in {ref} (RFC 3414); got fewer")
    return secret


def _references(value: object, path: mistakes.Path) -> Iterator[tuple[mistakes.Path, SecretRef]]:
    if isinstance(value, SecretRef):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _references(getattr(value, name), (*path, name))
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value):
            yield from _references(item, (*path, number))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _references(item, (*path, str(key)))


def _placed(path: Path, wrong: list[tuple[mistakes.Path, str]]) -> Iterator[Mistake]:
    try:
        root = read_tree(path).root
    except ConfigError:
        root = None
    for where, sentence in wrong:
        node = root and _at(root, where)
        line, column = (node.line, node.column) if node else (0, 0)
        yield Mistake(str(path), line, column, dotted(where), sentence)


def _at(root: Node, where: mistakes.Path) -> Node | None:
    node: Node | None = root
    for part in where:
        if node is None:
            return None
        if isinstance(part, str):
            node = node.get(part)
        else:
            node = node.value[part] if isinstance(node.value, list) and part < len(node.value) else None
    return node
