"""What the lines on plain sockets share: the family of an address, and what a socket's error says of whom."""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import ip_address

from collectors.base import BadAnswer, PollError, Unreachable

# EACCES: how Linux tells of a router or firewall that prohibits it (ICMPv6; over IPv4 that is EHOSTUNREACH).
_NO_PATH = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EACCES)


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
    said = os.strerror(problem.errno) if problem.errno else type(problem).__name__  # asyncio says less
    if problem.errno in _NO_PATH:
        return Unreachable(text, said)
    return BadAnswer(text, f"this machine: {said}")
