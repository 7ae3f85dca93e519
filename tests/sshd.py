"""OpenSSH's sshd on loopback, with a password login by PAM for an account that this sshd alone sees."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.sessions.ssh import HostKey
from tests.ssh_servers import SECRET, USER, Server, gateway

ACCOUNTS = "mount --bind {home}/passwd /etc/passwd && mount --bind {home}/shadow /etc/shadow && exec "


@contextmanager
def sshd_running(way: str = "PasswordAuthentication", script: str | None = None) -> Iterator[Server]:
    """A running sshd. `way`: the one option of its that lets somebody in. `script`: what the account has
    for a shell; None: the machine's own.

    Its accounts are those of the machine and one more, mounted over them in a namespace of its own.
    """
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None or not shutil.which("openssl"):
        pytest.skip("OpenSSH's server is not installed: apt install openssh-server openssl")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("an account of its own needs root and mount namespaces")
    with tempfile.TemporaryDirectory() as home:
        yield from _run(program, Path(home), way, script)


def _run(program: str, home: Path, way: str, script: str | None) -> Iterator[Server]:
    home.chmod(0o711)  # its shell is another user's to run
    shell = Path("/bin/sh")
    if script is not None:
        shell = home / "shell"
        shell.write_text(script)
        shell.chmod(0o755)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=SECRET, text=True, capture_output=True, check=True
    ).stdout.strip()
    passwd, shadow = Path("/etc/passwd").read_text(), Path("/etc/shadow").read_text()
    (home / "passwd").write_text(f"{passwd}{USER}:x:64321:64321::/:{shell}\n")
    (home / "shadow").write_text(f"{shadow}{USER}:{hashed}:19000:0:99999:7:::\n")
    (home / "shadow").chmod(0o600)
    key = home / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)
    log = home / "log"
    only = {"KbdInteractiveAuthentication": "no", "PasswordAuthentication": "no", way: "yes"}
    options = {"Port": port, "ListenAddress": "127.0.0.1", "HostKey": key, "PidFile": "none", "UsePAM": "yes"}
    command = f"{program} -D -E {log} -f /dev/null"
    for name, value in (options | only).items():
        command += f" -o {name}={value}"
    with subprocess.Popen(["unshare", "-m", "sh", "-c", ACCOUNTS.format(home=home) + command]) as process:
        try:
            deadline = time.monotonic() + 10
            while not log.exists() or "Server listening" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            kind, blob = Path(f"{key}.pub").read_text().split()[:2]
            yield Server(gateway, port=port, keys=(HostKey(kind, blob),))
        finally:
            process.terminate()
