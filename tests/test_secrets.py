"""Secrets: fetched from where the site file says, refused when others could know them, never shown."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from agent.config import ConfigError, SecretError, Secrets, load_site, read_secret, read_secrets
from agent.fields import SecretRef
from agent.secret_refs import SecretUse

SECRET = "Zq7-hunter22"

SITE = """\
site: Riverside
zone: America/Chicago
locations: [{name: north}]
systems:
  - name: cm1
    product: communication_manager
    location: north
    address: 192.0.2.10
    snmp:
      version: 3
      user: trunkwatch
      auth: {password: {credential: cm1-auth}}
      privacy: {password: {env: TRUNKWATCH_TEST_PRIVACY}}
  - name: gw1
    product: media_gateway
    location: north
    address: 192.0.2.11
    snmp:
      version: 2c
      community: {file: credentials/gw1}
"""


@pytest.fixture
def site_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site file whose three secrets are all there."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    credentials = tmp_path / "systemd"
    credentials.mkdir()
    (credentials / "cm1-auth").write_text(f"{SECRET}-auth\n")
    (tmp_path / "credentials").mkdir()
    private(tmp_path / "credentials" / "gw1", f"{SECRET}-community\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("TRUNKWATCH_TEST_PRIVACY", f"{SECRET}-privacy")
    return path


def private(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)


def refused(ref: SecretRef, base: Path, use: SecretUse = "other") -> str:
    with pytest.raises(SecretError) as error:
        read_secret(ref, base=base, use=use)
    assert SECRET not in repr(error.value) + "".join(traceback.format_exception(error.value))
    assert str(error.value) == error.value.sentence
    return error.value.sentence


def test_every_secret_of_a_site_is_found_by_system_and_key(site_file: Path) -> None:
    secrets = read_secrets(load_site(site_file), site_file)
    assert dict(secrets) == {
        ("cm1", "snmp.auth.password"): f"{SECRET}-auth",
        ("cm1", "snmp.privacy.password"): f"{SECRET}-privacy",
        ("gw1", "snmp.community"): f"{SECRET}-community",
    }


def test_neither_the_site_nor_its_secrets_show_one(site_file: Path) -> None:
    site = load_site(site_file)
    secrets = read_secrets(site, site_file)
    shown = [
        repr(site),
        str(site),
        site.model_dump_json(),
        repr(site.model_dump()),
        repr(secrets),
        str(secrets),
    ]
    assert not [text for text in shown if SECRET in text]
    assert repr(secrets) == "Secrets(3, not shown)"
    assert f"{Secrets()}" == "Secrets(0, not shown)"


def test_all_secrets_that_cannot_be_read_are_told_at_once_with_their_lines(
    site_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = load_site(site_file)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    monkeypatch.setenv("TRUNKWATCH_TEST_PRIVACY", "seven77")
    community = site_file.parent / "credentials" / "gw1"
    community.chmod(0o640)
    with pytest.raises(ConfigError) as error:
        read_secrets(site, site_file)
    assert str(error.value).splitlines() == [
        f"{site_file}:12:24: systems[0].snmp.auth.password: expected the credential cm1-auth in "
        "$CREDENTIALS_DIRECTORY; got no such variable "
        "(systemd sets it; outside of it use {file: PATH} or {env: NAME})",
        f"{site_file}:13:27: systems[0].snmp.privacy.password: expected at least 8 characters in "
        "env TRUNKWATCH_TEST_PRIVACY (RFC 3414); got fewer",
        f"{site_file}:20:18: systems[1].snmp.community: expected a file that only its owner may read "
        f"(chmod 600 {community}); got mode 0640",
    ]


def test_a_secret_is_told_without_a_line_once_the_file_has_gone(site_file: Path) -> None:
    site = load_site(site_file)
    (site_file.parent / "credentials" / "gw1").unlink()
    site_file.unlink()
    with pytest.raises(ConfigError) as error:
        read_secrets(site, site_file)
    assert str(error.value).startswith(
        f"{site_file}: systems[1].snmp.community: expected a secret in the file "
    )


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o620, 0o610])
def test_a_file_that_others_may_touch_is_refused(mode: int, tmp_path: Path) -> None:
    private(tmp_path / "s", SECRET, mode)
    assert refused(SecretRef(file="s"), tmp_path) == (
        f"expected a file that only its owner may read (chmod 600 {tmp_path / 's'}); got mode {mode:04o}"
    )


def test_a_file_is_looked_for_beside_the_site_file_or_where_it_says(tmp_path: Path) -> None:
    private(tmp_path / "s", SECRET, 0o400)
    assert read_secret(SecretRef(file="s"), base=tmp_path) == SECRET
    assert read_secret(SecretRef(file=str(tmp_path / "s")), base=Path("/nowhere")) == SECRET
    assert refused(SecretRef(file="t"), tmp_path) == (
        f"expected a secret in the file {tmp_path / 't'}; got No such file or directory"
    )


def test_one_newline_at_the_end_is_no_part_of_a_secret_and_blanks_are(tmp_path: Path) -> None:
    for content, secret in (("a b\n", "a b"), ("a b\r\n", "a b"), (" a b ", " a b "), ("käse\n", "käse")):
        private(tmp_path / "s", content)
        assert read_secret(SecretRef(file="s"), base=tmp_path) == secret


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "expected a secret in file s; got nothing"),
        (b"\n", "expected a secret in file s; got nothing"),
        (b"  \n", "expected a secret in file s; got nothing"),
        (
            f"{SECRET}\nsecond\n".encode(),
            "expected one line without control characters in file s; got others (not shown)",
        ),
        (b"\xff" + SECRET.encode(), "expected text in UTF-8 in file s; got other bytes (not shown)"),
        (SECRET.encode() * 400, "expected a secret of at most 4096 bytes in file s; got more"),
    ],
)
def test_a_file_without_one_usable_line_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    private(tmp_path / "s", content)
    assert refused(SecretRef(file="s"), tmp_path) == sentence


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("pipe", "."):
        assert refused(SecretRef(file=name), tmp_path).startswith("expected a ")


@pytest.mark.parametrize("community", ["public", "Private", "PUBLIC\n"])
def test_a_default_community_is_refused(community: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKWATCH_TEST", community.strip())
    ref = SecretRef(env="TRUNKWATCH_TEST")
    assert refused(ref, Path(), "community") == (
        "expected a community of the site's own in env TRUNKWATCH_TEST; "
        "got a default that everybody tries (change it on the system too)"
    )
    assert read_secret(ref, base=Path()) == community.strip()


def test_a_missing_variable_or_credential_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRUNKWATCH_TEST", raising=False)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert refused(SecretRef(env="TRUNKWATCH_TEST"), tmp_path) == (
        "expected a secret in the environment variable TRUNKWATCH_TEST; got no such variable"
    )
    assert refused(SecretRef(credential="cm1"), tmp_path) == (
        f"expected the credential cm1; got none of that name (put it into {tmp_path}/credentials/cm1 and "
        "restart the service, or LoadCredential=cm1:FILE in the unit)"
    )


def test_a_credential_of_a_folder_that_systemd_loaded_is_found_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "credentials_cm1").write_text(f"{SECRET}\n")
    assert read_secret(SecretRef(credential="cm1"), base=tmp_path) == SECRET
    (tmp_path / "cm1").write_text(f"{SECRET}-by-itself\n")  # a line of its own in the unit goes first
    assert read_secret(SecretRef(credential="cm1"), base=tmp_path) == f"{SECRET}-by-itself"


def test_outside_of_the_service_a_credential_is_what_the_unit_would_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "credentials").mkdir()
    private(tmp_path / "credentials" / "cm1", f"{SECRET}\n")
    assert read_secret(SecretRef(credential="cm1"), base=tmp_path) == SECRET
    (tmp_path / "credentials" / "cm1").chmod(0o640)
    assert "chmod 600" in refused(SecretRef(credential="cm1"), tmp_path)
