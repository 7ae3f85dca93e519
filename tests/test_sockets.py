"""What the error of a socket says: of the path to a device, or of this machine alone."""

from __future__ import annotations

import errno

import pytest
from pydantic import TypeAdapter, ValidationError

from agent.fields import Host
from collectors.base import BadAnswer, PollError, Unreachable
from collectors.sessions.sockets import refused_by


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.EHOSTUNREACH, Unreachable, "No route to host"),
        (errno.ENETUNREACH, Unreachable, "Network is unreachable"),
        (errno.EACCES, Unreachable, "Permission denied"),  # prohibited on the way, as ICMPv6 tells it
        (errno.EMFILE, BadAnswer, "this machine: Too many open files"),
        (errno.EADDRNOTAVAIL, BadAnswer, "this machine: Cannot assign requested address"),
    ],
)
def test_only_what_this_machine_cannot_do_is_its_own_fault(
    number: int, kind: type[PollError], said: str
) -> None:
    error = refused_by(OSError(number, "Connect call failed ('192.0.2.1', 22)"), "connect")  # asyncio's words
    assert (type(error), error.detail) == (kind, said)


@pytest.mark.parametrize(
    ("name", "taken"),
    [("sip.example.org", True), ("192.0.2.1", True), ("a" * 63 + ".org", True), ("a" * 64 + ".org", False)],
)
def test_a_hosts_name_is_one_that_a_handshake_can_carry(name: str, taken: bool) -> None:
    host: TypeAdapter[str] = TypeAdapter(Host)
    if taken:
        assert host.validate_python(name) == name
    else:
        with pytest.raises(ValidationError, match="expected the name of a host"):
            host.validate_python(name)
