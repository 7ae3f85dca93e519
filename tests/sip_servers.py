"""SIP servers on loopback for tests: SIPp that answers OPTIONS, and crafted ones that misbehave.

The crafted ones run a function of the test in a thread, with a plain socket; none shares code with the line.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="answers OPTIONS">
  <recv request="OPTIONS"/>
  <send><![CDATA[
SIP/2.0 {said}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag[call_number]
[last_Call-ID:]
[last_CSeq:]
Server: Avaya-SBCE-of-a-test
Content-Length: 0

]]></send>
</scenario>
"""


@contextmanager
def sipp(folder: Path, said: str, transport: str, address: str = "127.0.0.1") -> Iterator[int]:
    """SIPp that answers every OPTIONS so (`200 OK`), over udp or tcp; the port that it listens on."""
    program = shutil.which("sipp")
    if program is None:
        pytest.skip("sipp is not installed: apt install sip-tester")
    scenario = folder / "answers.xml"
    scenario.write_text(SCENARIO.format(said=said))
    port = free_port(address, transport)
    command = [program, "-sf", str(scenario), "-i", address, "-bind_local", "-p", str(port), "-nostdin"]
    with subprocess.Popen(
        [*command, "-t", {"udp": "u1", "tcp": "t1"}[transport]],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _until_taken(address, port, transport, process)
            yield port
        finally:
            process.kill()


def free_port(address: str = "127.0.0.1", transport: str = "tcp") -> int:
    """A port that was free a moment ago."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(_family(address), kind) as sock:
        sock.bind((address, 0))
        port: int = sock.getsockname()[1]
        return port


def _until_taken(address: str, port: int, transport: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the program has bound the port, without sending it anything."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    ends = time.monotonic() + 10
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket(_family(address), kind) as sock:
            try:
                sock.bind((address, port))
            except OSError:
                if transport == "udp" or _listens(port):
                    return
        time.sleep(0.02)
    pytest.fail(f"sipp did not take port {port} (exit {process.poll()})")


def _listens(port: int) -> bool:
    rows = [*Path("/proc/net/tcp").read_text().splitlines(), *Path("/proc/net/tcp6").read_text().splitlines()]
    return any(f":{port:04X} " in row and " 0A " in row for row in rows)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


# --- crafted ones -----------------------------------------------------------------------------------------

Datagrams = Callable[[int, bytes], list[bytes]]
"""What is sent back to the datagram of that number, from 1."""


@contextmanager
def udp(answers: Datagrams, address: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """A UDP server of that behaviour; its port, and what it heard."""
    heard: list[bytes] = []
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    octets, sender = sock.recvfrom(65_536)
                    heard.append(octets)
                    for answer in answers(len(heard), octets):
                        sock.sendto(answer, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1], heard
        finally:
            ended.set()
            thread.join()


@contextmanager
def tcp(
    talk: Callable[[socket.socket], None], *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
) -> Iterator[int]:
    """A TCP server that does this with the one connection that it takes, then hangs up; its port."""
    with socket.socket(_family(address)) as sock:
        sock.bind((address, 0))
        sock.listen(1)
        sock.settimeout(10)

        def serve() -> None:
            with suppress(OSError):  # an SSLError and a TimeoutError are these too
                line, _ = sock.accept()
                with line:
                    line.settimeout(10)
                    if tls is None:
                        talk(line)
                        return
                    with tls.wrap_socket(line, server_side=True) as secure:
                        talk(secure)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(request: bytes, said: str = "200 OK", *more: str, body: bytes = b"", **instead: str) -> bytes:
    """A response to the request; `instead`: other fields than those of the request (Via, CSeq, Call_ID)."""
    fields = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:] if line)
    copied = {name: fields[name] for name in ("Via", "From", "To", "Call-ID", "CSeq")}
    copied |= {name.replace("_", "-"): text for name, text in instead.items()}
    lines = (f"{name}: {text}" for name, text in copied.items())
    head = "\r\n".join((f"SIP/2.0 {said}", *lines, *more, f"Content-Length: {len(body)}", "", ""))
    return head.encode() + body


def request_of(line: socket.socket) -> bytes:
    """The whole request that comes over a connection."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        came = line.recv(4096)
        if not came:
            return octets
        octets += came
    return octets
