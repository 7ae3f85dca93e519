"""The accepted host keys: in OpenSSH's own form, stored whole or not at all, read again when changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.known_hosts import KnownHostsError, KnownHostsFile
from collectors.base import Refused
from collectors.sessions.ssh import HostKey


@pytest.fixture
def key(tmp_path: Path) -> HostKey:
    return made_key(tmp_path / "one")


def made_key(path: Path) -> HostKey:
    """A host key that OpenSSH made."""
    keygen = shutil.which("ssh-keygen") or pytest.skip(
        "ssh-keygen is not installed: apt install openssh-client"
    )
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    kind, text, *_ = path.with_suffix(".pub").read_text().split()
    return HostKey(kind, text)


def test_a_fingerprint_is_the_one_that_openssh_shows(tmp_path: Path) -> None:
    made = made_key(tmp_path / "k")
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "k.pub"], check=True, capture_output=True, text=True
    )
    assert said.stdout.split()[1] == made.fingerprint


def test_what_was_stored_is_known_to_this_and_to_every_later_process(tmp_path: Path, key: HostKey) -> None:
    hosts = KnownHostsFile(tmp_path / "known_hosts")
    assert hosts.key("192.0.2.1", 22) == ()
    hosts.store("192.0.2.1", 22, key)
    hosts.store("192.0.2.1", 5022, made_key(tmp_path / "two"))
    for file in (hosts, KnownHostsFile(tmp_path / "known_hosts")):
        assert file.key("192.0.2.1", 22) == (key,)
        assert len(file.key("192.0.2.1", 5022)) == 1
        assert file.key("192.0.2.2", 22) == ()
    assert (tmp_path / "known_hosts").stat().st_mode & 0o777 == 0o640


def test_openssh_finds_in_the_file_what_was_stored(tmp_path: Path, key: HostKey) -> None:
    KnownHostsFile(tmp_path / "known_hosts").store("192.0.2.1", 5022, key)
    found = subprocess.run(
        ["ssh-keygen", "-F", "[192.0.2.1]:5022", "-f", tmp_path / "known_hosts"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert key.base64 in found.stdout


def test_a_new_key_takes_the_place_of_the_old_one_and_other_lines_stay(tmp_path: Path, key: HostKey) -> None:
    path = tmp_path / "known_hosts"
    other = made_key(tmp_path / "two")
    path.write_text(f"# accepted by hand\n192.0.2.9,192.0.2.10 {other.type} {other.base64} a comment\n")
    hosts = KnownHostsFile(path)
    hosts.store("192.0.2.1", 22, other)
    hosts.store("192.0.2.1", 22, key)
    assert hosts.key("192.0.2.1", 22) == (key,)
    assert hosts.key("192.0.2.10", 22) == (other,)
    assert path.read_text().startswith("# accepted by hand\n192.0.2.9,192.0.2.10 ")


def test_a_file_that_another_process_changed_is_read_again(tmp_path: Path, key: HostKey) -> None:
    hosts = KnownHostsFile(tmp_path / "known_hosts")
    assert hosts.key("192.0.2.1", 22) == ()
    KnownHostsFile(tmp_path / "known_hosts").store("192.0.2.1", 22, key)
    assert hosts.key("192.0.2.1", 22) == (key,)
    (tmp_path / "known_hosts").unlink()
    assert hosts.key("192.0.2.1", 22) == ()


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.1",
        "192.0.2.1 ssh-ed25519",
        "192.0.2.1 ssh-ed25519 no-base64!",
        "|1|hash|hash ssh-ed25519 AAAA",
        "@cert-authority 192.0.2.1 ssh-ed25519 AAAA",
    ],
)
def test_a_line_that_is_no_key_is_named_and_lets_nobody_in(
    tmp_path: Path, line: str, key: HostKey, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{line}\n192.0.2.2 {key.type} {key.base64}\n")
    hosts = KnownHostsFile(path)
    assert hosts.key("192.0.2.1", 22) == ()
    assert hosts.key("192.0.2.2", 22) == (key,)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}:1: expected `[address]:port type key`, one host a line; got another line (left out)"
    ]


def test_a_file_that_cannot_be_read_knows_no_key_to_be_right(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").symlink_to(tmp_path / "known_hosts")
    with pytest.raises(Refused, match="known_hosts cannot be read"):
        KnownHostsFile(tmp_path / "known_hosts").key("192.0.2.1", 22)


def test_where_it_cannot_be_stored_one_sentence_says_so(tmp_path: Path, key: HostKey) -> None:
    with pytest.raises(KnownHostsError, match="No such file or directory"):
        KnownHostsFile(tmp_path / "nowhere" / "known_hosts").store("192.0.2.1", 22, key)


def test_what_the_superuser_stores_belongs_to_the_owner_of_the_folder(tmp_path: Path, key: HostKey) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can write a file for somebody else: run this as root")
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 4711, 4712)
    KnownHostsFile(folder / "known_hosts").store("192.0.2.1", 22, key)
    status = (folder / "known_hosts").stat()
    assert (status.st_uid, status.st_gid) == (4711, 4712)
