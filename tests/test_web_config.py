"""The file web-config.yml: its example by promtool's witness, and every mistake in its exact words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import bcrypt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel

from agent.config import ConfigError
from agent.shipped import shipped
from agent.web_config import HEADERS, HttpServer, RateLimit, TlsServer, WebFileModel, load_web_config
from tests.certificates import Authority, pem_of
from tests.watched import CHECKOUT

EXAMPLE = shipped("web-config.example.yml")
WRONG = sorted((Path(__file__).parent / "web_config").glob("*.yml"))
HASH = bcrypt.hashpw(b"made-up", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the example names: certificate, key, CA."""
    authority = Authority("made for a test")
    authority.issue(tmp_path / "agent.crt", tmp_path / "agent.key")
    authority.write_to(tmp_path / "clients-ca.crt")
    return tmp_path


def written(folder: Path, text: str, mode: int = 0o640) -> Path:
    path = folder / "web-config.yml"
    path.write_text(text)
    path.chmod(mode)
    return path


def said(folder: Path, text: str, mode: int = 0o640) -> list[str]:
    """What is wrong with a file of that text, without its path."""
    path = written(folder, text, mode)
    with pytest.raises(ConfigError) as refused:
        load_web_config(path)
    return [
        str(mistake).removeprefix(f"{path}:").replace(f"{folder}/", "") for mistake in refused.value.mistakes
    ]


TLS = "tls_server_config: {cert_file: agent.crt, key_file: agent.key"


def test_the_example_is_right_and_says_what_its_defaults_are(folder: Path) -> None:
    config = load_web_config(written(folder, EXAMPLE.read_text()))
    assert config.tls is not None
    assert config.tls.client_certificates
    assert list(config.users) == ["prometheus", "operator"]
    assert dict(config.headers) == {
        "Strict-Transport-Security": "max-age=31536000",
        "X-Frame-Options": "deny",
    }
    told = yaml.safe_load(EXAMPLE.read_text())["tls_server_config"]
    plain = TlsServer(cert_file="agent.crt", key_file="agent.key").model_dump()
    for key in ("min_version", "max_version", "prefer_server_cipher_suites"):
        assert told[key] == plain[key]
    own = load_web_config(written(folder, f"{TLS}}}"))
    assert own.tls is not None
    chosen, default = config.tls.context.get_ciphers(), own.tls.context.get_ciphers()
    assert [cipher["name"] for cipher in chosen] == [cipher["name"] for cipher in default]


def test_the_example_shows_every_key_of_the_schema() -> None:
    text = re.sub(r"^# (rate_limit:|  \w+:)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    shown = yaml.safe_load(text)
    models: list[tuple[type[BaseModel], dict[str, object]]] = [
        (WebFileModel, shown),
        (TlsServer, shown["tls_server_config"]),
        (HttpServer, shown["http_server_config"]),
        (RateLimit, shown["rate_limit"]),
    ]
    for model, section in models:
        assert set(section) == set(model.model_fields)


def test_prometheus_takes_the_example_too(folder: Path) -> None:
    promtool = shutil.which("promtool") or pytest.skip("promtool is not installed: apt install prometheus")
    path = written(folder, EXAMPLE.read_text())
    done = subprocess.run(
        [promtool, "check", "web-config", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_of_one_section_leaves_the_others_as_they_are_without_it(folder: Path) -> None:
    config = load_web_config(written(folder, f"basic_auth_users: {{a: {HASH}}}"))
    assert (config.tls, config.headers, config.rate) == (None, (), None)
    config = load_web_config(written(folder, "rate_limit: {interval: 1m30s, burst: 3}", 0o644))
    assert config.users == {}
    assert config.rate is not None
    assert (config.rate.interval.total_seconds(), config.rate.burst) == (90, 3)
    assert load_web_config(written(folder, "rate_limit: {interval: 0, burst: 3}")).rate is None
    assert HASH not in repr(load_web_config(written(folder, f"basic_auth_users: {{a: {HASH}}}")))


@pytest.mark.parametrize("case", WRONG, ids=lambda path: path.stem)
def test_every_mistake_is_told_in_these_words(case: Path, folder: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    for name, content in (
        ("open.key", (folder / "agent.key").read_bytes()),
        ("other.key", pem_of(other)),
        ("asks.key", pem_of(other, b"made-up")),
        ("private.crt", (folder / "agent.crt").read_bytes()),
    ):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o644 if name == "open.key" else 0o600)
    os.mkfifo(folder / "pipe", 0o600)
    found = [line.replace(f"{folder}", "DIR") for line in said(folder, case.read_text(encoding="utf-8"))]
    assert found == case.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert not any(secret in line for line in found for secret in ("hunter2", "12345", "aaaa", "bbbb"))


def test_a_file_with_hashes_that_everyone_may_read_is_refused(folder: Path) -> None:
    assert said(folder, f"basic_auth_users:\n  a: {HASH}\n", 0o644) == [
        "2:3: basic_auth_users: expected a file that only its owner and group may read, as it holds password "
        "hashes (chmod o= web-config.yml); got mode 0644"
    ]


def test_htpasswd_makes_hashes_that_are_taken(folder: Path) -> None:
    htpasswd = shutil.which("htpasswd") or pytest.skip("htpasswd is not installed: apt install apache2-utils")
    command = [htpasswd, "-niBC", "10", "prometheus"]
    done = subprocess.run(command, input="made-up", capture_output=True, text=True, check=True)
    user, _, hashed = done.stdout.strip().partition(":")
    config = load_web_config(written(folder, f"basic_auth_users: {{{user}: {hashed}}}"))
    assert bcrypt.checkpw(b"made-up", config.users["prometheus"].encode())


KEYS = [("tls_server_config", key) for key in (*TlsServer.model_fields, "key", "client_allowed_sans", "x")]
KEYS += [("http_server_config", key) for key in HttpServer.model_fields]
KEYS += [("http_server_config.headers", key) for key in HEADERS]
KEYS += [("rate_limit", key) for key in RateLimit.model_fields]
KEYS += [("basic_auth_users", "a"), *(("", key) for key in WebFileModel.model_fields)]


@pytest.mark.parametrize(("section", "key"), KEYS, ids=lambda word: word or "top")
def test_any_value_of_any_key_is_taken_or_refused_in_sentences(section: str, key: str, folder: Path) -> None:
    for value in (
        "",
        "[]",
        "{}",
        "[[]]",
        "{a: {b: c}}",
        "5",
        "-1.5",
        "true",
        "''",
        "x",
        "/",
        "0",
        "0s",
        "[deny]",
    ):
        lines = [key + ": " + value]
        for name in reversed(section.split(".") if section else []):
            beside = ["cert_file: agent.crt", "key_file: agent.key"] if name == "tls_server_config" else []
            below = [line for line in beside if not line.startswith(f"{key}:")] + lines
            lines = [f"{name}:", *("  " + line for line in below)]
        path = written(folder, "\n".join(lines))
        try:
            config = load_web_config(path)
        except ConfigError as error:
            for mistake in error.mistakes:
                assert re.fullmatch(r"expected .+; got .+", mistake.sentence), mistake
                assert " object at 0x" not in mistake.sentence
        else:
            assert not config.users
            assert (config.tls is not None) == (section == "tls_server_config")


def test_the_scrape_that_the_page_shows_is_understood_by_prometheus(folder: Path) -> None:
    promtool = shutil.which("promtool") or pytest.skip("promtool is not installed: apt install prometheus")
    page = (CHECKOUT / "docs/web.md").read_text(encoding="utf-8")
    shown = re.search(r"^```yaml\n(scrape_configs:.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    text = shown[1].replace("/etc/prometheus/agents-ca.crt", str(folder / "clients-ca.crt"))
    (folder / "password").touch()
    text = text.replace("/etc/prometheus/trunkwatch.password", str(folder / "password"))
    (folder / "prometheus.yml").write_text(text)
    command = [promtool, "check", "config", str(folder / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_about_it_tells_every_key_and_header() -> None:
    page = (CHECKOUT / "docs/web.md").read_text(encoding="utf-8")
    for model in (TlsServer, HttpServer, RateLimit, WebFileModel):
        for key in model.model_fields:
            assert re.search(rf"`{key}`", page), key
