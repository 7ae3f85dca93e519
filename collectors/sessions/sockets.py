"""What the lines on plain sockets share: the family of an address, and what a socket's error says of whom."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from collectors.base import BadAnswer, PollError, Unreachable

_NO_PATH = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


def family_of(address: str) -> socket.AddressFamily:
    """IPv4 or IPv6."""
    return socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET


def no_answer(text: str, seconds: float) -> Unreachable:
    """Silence for so long, to the question `text`."""
    return Unreachable(text, f"no answer within {seconds:g} s")


def refused_by(problem: OSError, text: str) -> PollError:
    """What a failed connect says: no path is Unreachable; what this machine cannot do, BadAnswer.

    The latter says nothing about the device. A connection that was refused (RST) is for the caller to judge.
    """
    said = problem.strerror or type(problem).__name__
    if problem.errno in _NO_PATH:
        return Unreachable(text, said)
    return BadAnswer(text, f"this machine: {said}")
