"""The file `web-config.yml`: certificate, client certificates, users, headers and rate of the agent's pages.

The keys are those of Prometheus's exporter-toolkit, so that one file serves every exporter of a machine. What
the toolkit has and this agent does not do is refused in a sentence, never passed over. It reads the file and
all that it names, and finds every mistake. It does not watch them (`web_file`) nor obey them (`web_guard`).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agent.fields import Model, SomeText, shown
from agent.mistakes import ConfigError, Mistake, expected_one
from agent.sentences import validate
from agent.web_tls import CIPHERS, Pem, PemError, Tls, make_tls
from agent.yaml_marks import Node, Tree, read_tree

HIGHEST_COST = 14  # about a second of one processor for one wrong password

# $2y$ is what htpasswd writes. The last character of the salt holds two bits; bcrypt refuses any other there.
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?)(ns|us|µs|ms|s|m|h)")
_MAX_BYTES = 1 << 20

HEADERS: Mapping[str, tuple[str, ...]] = {
    # a header that may be set: its only values, or any text
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` requests at once, and one more every `interval`, of all clients together."""

    interval: timedelta
    burst: int


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What is in force. `users`: bcrypt hashes; without any, no password is asked. `tls` None: plain HTTP."""

    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    rate: Rate | None = None
    tls: Tls | None = None


# --- the schema -----------------------------------------------------------------------------------------


def _check_hash(text: Any) -> str:
    match = _BCRYPT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a bcrypt hash, which `htpasswd -nBC 10 USER` makes; got another text")
    if not 4 <= int(match[1]) <= HIGHEST_COST:
        raise ValueError(
            f"expected a bcrypt hash of a cost from 4 to {HIGHEST_COST}; got cost {int(match[1])}"
        )
    return match[0]


def _go_duration(value: Any) -> timedelta:
    """`1s`, `100ms`, `1m30s`, `0`: as Go writes it, for the file is Prometheus's too."""
    if value in (0, "0") and not isinstance(value, bool):
        return timedelta(0)
    parts = _GO_PART.findall(value) if isinstance(value, str) else []
    if not parts or "".join(map("".join, parts)) != value:
        raise ValueError(f"expected a duration such as 100ms, 1s or 1m30s; got {shown(value)}")
    seconds = sum(float(number) * _GO_UNITS[unit] for number, unit in parts)
    if seconds > 3600:
        raise ValueError(f"expected a duration of at most 1h; got {shown(value)}")
    return timedelta(seconds=seconds)


Hash = Annotated[str, BeforeValidator(_check_hash)]
GoDuration = Annotated[timedelta, BeforeValidator(_go_duration)]
Version = Literal["TLS12", "TLS13"]


class TlsServer(Model):
    """`tls_server_config`: with it the pages are HTTPS. Paths are read from the folder of the file."""

    cert_file: SomeText
    key_file: SomeText
    client_auth_type: Literal["NoClientCert", "RequireAndVerifyClientCert"] = "NoClientCert"
    client_ca_file: SomeText | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True


class HttpServer(Model):
    """`http_server_config`: what is said in each answer's headers."""

    http2: bool = False
    headers: dict[str, SomeText] = Field(default_factory=dict)


class RateLimit(Model):
    """`rate_limit`: a bucket of `burst` requests that gains one every `interval`; 0: no limit."""

    interval: GoDuration = timedelta(0)
    burst: int = Field(default=0, ge=0, le=1_000_000)


class WebFileModel(Model):
    """A whole `web-config.yml`."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, Hash] = Field(default_factory=dict, repr=False)
    rate_limit: RateLimit = RateLimit()


# --- reading it -----------------------------------------------------------------------------------------


def load_web_config(path: Path) -> WebConfig:
    """The web config of a file, with the certificates that it names.

    Raises ConfigError with every mistake of the file at once, or else every one of the files that it names.
    """
    tree = read_tree(path)
    own = list(_own_mistakes(tree, path))
    model, wrong = validate(tree, WebFileModel)
    said = {mistake.key for mistake in own}  # our sentence says more than the schema's about the same key
    wrong = [mistake for mistake in wrong if mistake.key not in said] + own
    if model is None or wrong:
        raise ConfigError(wrong)
    rate = model.rate_limit
    if rate.interval and not rate.burst:  # the toolkit would answer nobody
        sentence = "expected 1 or more where there is an interval; got none"
        raise ConfigError([_at(tree, tree.root.get("rate_limit"), "burst", sentence)])
    return WebConfig(
        users=model.basic_auth_users,
        headers=tuple(model.http_server_config.headers.items()),
        rate=Rate(rate.interval, rate.burst) if rate.interval else None,
        tls=None if model.tls_server_config is None else _tls(tree, model.tls_server_config, path.parent),
    )


def named_files(path: Path) -> tuple[Path, ...]:
    """The certificate, key and CA that the file names, as far as it can be read: what to watch beside it."""
    try:
        section = read_tree(path).root.get("tls_server_config")
    except ConfigError:
        return ()
    names = [section.text(key) for key in ("cert_file", "key_file", "client_ca_file")] if section else []
    return tuple(path.parent / name for name in names if name and "\0" not in name)


def _tls(tree: Tree, section: TlsServer, folder: Path) -> Tls:
    node = tree.root.get("tls_server_config")
    wrong: list[Mistake] = []

    def pem(key: str, name: str, *, secret: bool = False) -> Pem:
        try:
            return Pem(folder / name, _read(folder / name, secret=secret))
        except PemError as error:
            wrong.append(_at(tree, node, key, str(error)))
            return Pem(folder / name, b"")

    certificate = pem("cert_file", section.cert_file)
    key = pem("key_file", section.key_file, secret=True)
    ca = None if section.client_ca_file is None else pem("client_ca_file", section.client_ca_file)
    if wrong:
        raise ConfigError(wrong)
    try:
        return make_tls(
            certificate,
            key,
            client_ca=ca,
            lowest=section.min_version,
            highest=section.max_version,
            ciphers=section.cipher_suites,
            prefer_ours=section.prefer_server_cipher_suites,
        )
    except PemError as error:
        raise ConfigError([_at(tree, node, error.key, str(error))]) from None


def _read(path: Path, *, secret: bool) -> bytes:
    """What a file holds. Raises PemError. O_NONBLOCK: a pipe without a writer must not stop the start."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PemError("", f"expected a file that can be read; got {path}: {error.strerror}") from None
    try:
        mode = os.fstat(descriptor).st_mode  # of what was opened, not of what the path may be by now
        if not stat.S_ISREG(mode):
            raise PemError("", f"expected a file; got a folder, a pipe or a device at {path}")
        if secret and mode & 0o007:
            raise PemError("", f"{_PRIVATE} (chmod o= {path}); got mode {stat.S_IMODE(mode):04o}")
        return os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)


# --- what the schema cannot say -------------------------------------------------------------------------

_PRIVATE = "expected a file that only its owner and group may read"
_NOT_HERE: Mapping[tuple[str, str], str] = {
    # what the toolkit has and we do not, and the sentence about it
    (
        "tls_server_config",
        "cert",
    ): "expected cert_file in place of it: a certificate in this file is not taken",
    ("tls_server_config", "key"): "expected key_file in place of it: a key in this file is not taken",
    (
        "tls_server_config",
        "client_ca",
    ): "expected client_ca_file in place of it: a CA in this file is not taken",
    ("tls_server_config", "client_allowed_sans"): (
        "expected nothing: the names in a client's certificate are not looked at, only that client_ca_file "
        "signed it"
    ),
    ("tls_server_config", "curve_preferences"): "expected nothing: the curves are those of OpenSSL",
}
_LETS_STRANGERS_IN = (
    "RequestClientCert",
    "RequireClientCert",
    "RequireAnyClientCert",
    "VerifyClientCertIfGiven",
)


def _own_mistakes(tree: Tree, path: Path) -> Iterator[Mistake]:
    """What must hold between keys, and the keys of the toolkit that are not for this agent."""
    for (section, key), sentence in _NOT_HERE.items():
        if (above := tree.root.get(section)) and (node := above.get(key)):
            yield tree.mistake(node, f"{sentence}; got {key}")
    if tls := tree.root.get("tls_server_config"):
        if (
            tls.value is None
        ):  # to go without TLS must be meant: it is not what is left of a commented section
            yield tree.mistake(tls, "expected cert_file and key_file below it, or no such key; got nothing")
        yield from _tls_mistakes(tree, tls)
    if http := tree.root.get("http_server_config"):
        yield from _http_mistakes(tree, http)
    users = tree.root.get("basic_auth_users")
    if users is None or not isinstance(users.value, dict):
        return
    for name, node in users.value.items():
        if ":" in name:
            yield tree.mistake(node, "expected a user without ':', which ends the user's name; got one")
    if users.value and (mode := _mode(path)) & 0o007:
        sentence = (
            f"{_PRIVATE}, as it holds password hashes (chmod o= {path}); got mode {stat.S_IMODE(mode):04o}"
        )
        yield tree.mistake(users, sentence)


def _tls_mistakes(tree: Tree, tls: Node) -> Iterator[Mistake]:
    kind = tls.text("client_auth_type") or "NoClientCert"
    ca = tls.get("client_ca_file")
    if kind in _LETS_STRANGERS_IN:
        yield _at(
            tree,
            tls,
            "client_auth_type",
            "expected RequireAndVerifyClientCert or NoClientCert, as every other type lets in clients whose "
            f"certificate nobody verified; got {kind}",
        )
    elif kind == "RequireAndVerifyClientCert" and ca is None:
        yield _at(
            tree, tls, "client_ca_file", "expected the CA that signs the clients' certificates; got none"
        )
    elif kind == "NoClientCert" and ca is not None:
        sentence = "expected client_auth_type: RequireAndVerifyClientCert beside it, or nothing asks for one"
        yield tree.mistake(ca, f"{sentence}; got {kind}")
    lowest, highest = tls.text("min_version"), tls.text("max_version")
    for key, version in (("min_version", lowest), ("max_version", highest)):
        if version in ("TLS10", "TLS11"):
            sentence = f"expected TLS12 or TLS13, as older versions are broken; got {version}"
            yield _at(tree, tls, key, sentence)
    if (lowest, highest) == ("TLS13", "TLS12"):
        yield _at(tree, tls, "max_version", "expected no less than min_version TLS13; got TLS12")
    for suite in tls.items("cipher_suites"):
        if isinstance(suite.value, str) and suite.value not in CIPHERS:
            if suite.value.startswith(("TLS_AES_", "TLS_CHACHA20_")):
                sentence = (
                    f"expected a cipher of TLS 1.2, as those of 1.3 are always offered; got {suite.value}"
                )
            else:
                sentence = expected_one("a cipher that is safe", suite.value, list(CIPHERS))
            yield tree.mistake(suite, sentence)


def _http_mistakes(tree: Tree, http: Node) -> Iterator[Mistake]:
    if (http2 := http.get("http2")) and http2.value is True:
        yield tree.mistake(http2, "expected false, as these pages are HTTP/1.1; got true")
    headers = http.get("headers")
    if headers is None or not isinstance(headers.value, dict):
        return
    for name, node in headers.value.items():
        if name not in HEADERS:
            wanted = expected_one("a header that may be set here", name, list(HEADERS))
            yield Mistake(
                tree.file, node.key_line, node.key_column, f"http_server_config.headers.{name}", wanted
            )
        elif not isinstance(node.value, str):
            continue  # the schema says so
        elif HEADERS[name] and node.value not in HEADERS[name]:
            yield tree.mistake(node, f"expected {' or '.join(HEADERS[name])}; got {shown(node.value)}")
        elif not (node.value.isascii() and node.value.isprintable()):
            yield tree.mistake(node, f"expected one line of plain ASCII; got {shown(node.value)}")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:  # gone since it was read
        return 0


def _at(tree: Tree, section: Node | None, key: str, sentence: str) -> Mistake:
    """A mistake at a key of a section, or at the section where the key is missing."""
    section = section or tree.root
    node = section.get(key)
    return tree.mistake(section, sentence, child=key) if node is None else tree.mistake(node, sentence)
