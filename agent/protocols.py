"""How one system is asked: the sections of the site file, one for each protocol. Pure data.

What is left out is the product's own pacing. They are the schema of the file, as `agent.site` is of the rest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from agent.fields import Duration, Host, Model, PositiveDuration, Secret, SomeText, as_written
from collectors.base import SipTransport

AuthProtocol = Literal["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
PrivacyProtocol = Literal["DES", "AES-128", "AES-192", "AES-256"]


class SnmpAuth(Model):
    """SNMPv3 authentication: protocol and password (8 characters or more, RFC 3414)."""

    protocol: AuthProtocol = "SHA-256"
    password: Secret


class SnmpPrivacy(Model):
    """SNMPv3 privacy: protocol and password."""

    protocol: PrivacyProtocol = "AES-128"
    password: Secret


class Snmp(Model):
    """How one system is asked by SNMP. What is left out is the product's own pacing."""

    version: Annotated[Literal["1", "2c", "3"], BeforeValidator(as_written)]
    port: int = Field(default=161, ge=1, le=65535)
    community: Secret | None = None  # versions 1 and 2c
    user: SomeText | None = None  # version 3
    auth: SnmpAuth | None = None
    privacy: SnmpPrivacy | None = None
    rows: int | None = Field(default=None, ge=1, le=100)
    pause: Duration | None = None
    timeout: PositiveDuration | None = None
    tries: int | None = Field(default=None, ge=1, le=10)
    interval: PositiveDuration | None = None


class Ssh(Model):
    """How one system is asked over SSH, by a customer's login that may only look (agility.md, Logins).

    `timeout`: until a command counts as unanswered. `partner_authorised`: Avaya has allowed the partner's own
    login (dadmin) in writing. What is left out is the product's own pacing.
    """

    port: int = Field(default=22, ge=1, le=65535)
    user: SomeText
    password: Secret
    pin: Secret | None = None  # where the login also asks for one
    partner_authorised: bool = False
    pause: Duration | None = None
    timeout: PositiveDuration | None = None
    interval: PositiveDuration | None = None


class Sat(Ssh):
    """How the SAT of a Communication Manager is asked: over SSH, in OSSI.

    `terminals`: the terminal types that are tried, in this order.
    """

    port: int = Field(default=5022, ge=1, le=65535)
    terminals: tuple[Literal["ossi4", "ossi", "ossi3", "ossit"], ...] = Field(
        default=("ossi4", "ossi", "ossi3", "ossit"), min_length=1
    )


class Tcp(Model):
    """A TCP port that answers while the path to it is up (product `probe`)."""

    port: int = Field(ge=1, le=65535)
    timeout: PositiveDuration | None = None
    interval: PositiveDuration | None = None


class Sip(Model):
    """A SIP address that answers OPTIONS. `transport`: how it is asked.

    `port`: default 5060, over TLS 5061. `domain`: what stands in the request beside the address, where the
    far end minds. `peer`: the agent's address is administered there as one that may ask: then silence is a
    fault; otherwise it says nothing.
    """

    port: int | None = Field(default=None, ge=1, le=65535)
    transport: SipTransport = "udp"
    domain: Host | None = None
    peer: bool = False
    timeout: PositiveDuration | None = None
    interval: PositiveDuration | None = None

    @property
    def at_port(self) -> int:
        """The port that is asked."""
        return self.port or (5061 if self.transport == "tls" else 5060)


class Tls(Model):
    """TLS ports whose certificates are looked at. `name`: that each must be for; None: any will do.

    `warn`: how long before a certificate ends it is told.
    """

    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(min_length=1)
    name: Host | None = None
    warn: PositiveDuration = timedelta(days=30)
    timeout: PositiveDuration | None = None
    interval: PositiveDuration | None = None


Section = Snmp | Ssh | Sip | Tls | Tcp
"""What a system of the site file says under the name of a protocol."""
