"""pysnmp makes and reads the messages of an SNMP wire. All of pysnmp stays behind this module.

It does not retry, pace or judge. Versions 1 and 2c need no pysnmp `SnmpEngine`, only its message types;
version 3 needs one per device, since an engine holds one key per user name and two devices may know the same
user by different passwords.
"""

from __future__ import annotations

import secrets
from typing import Any

from pyasn1.codec.ber import decoder, encoder  # type: ignore[import-untyped]  # ships no types
from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]  # ships no types
from pyasn1.type import univ  # type: ignore[import-untyped]  # ships no types
from pysnmp.carrier.asyncio.dgram.udp import DOMAIN_NAME
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.error import PySnmpError
from pysnmp.proto import api, rfc1905
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
from pysnmp.proto.rfc1155 import IpAddress as Version1Address
from pysnmp.proto.rfc1155 import NetworkAddress
from pysnmp.proto.rfc1902 import IpAddress
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.base import Value
from collectors.sessions.snmp_wire import Absent, Ask, Credentials, Reply, Report, Wire

_V1 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1]
_V2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
_STATUS = {number: name for name, number in rfc1905.errorStatus.namedValues.items()}

_AUTH = {
    None: config.USM_AUTH_NONE,
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
# AES-192 and AES-256 have two ways to lengthen a key; this is Blumenthal's, which net-snmp uses by default
_PRIVACY = {
    None: config.USM_PRIV_NONE,
    "DES": config.USM_PRIV_CBC56_DES,
    "AES-128": config.USM_PRIV_CFB128_AES,
    "AES-192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES-256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
# RFC 3414 3.2: what a manager answers with a second, corrected message (engine id, then boots and time)
_RESYNC = ("UnknownEngineID", "NotInTimeWindow")


class CommunityWire(Wire):
    """SNMP version 1 or 2c. Only an answer with our version, community and request id is an answer."""

    def __init__(self, address: str, port: int, credentials: Credentials) -> None:
        super().__init__(address, port)
        self._spec = _V1 if credentials.version == "1" else _V2
        self._version = 0 if credentials.version == "1" else 1
        self._community = (credentials.community or "").encode()
        self._request = 0

    def _send(self, ask: Ask) -> None:
        self._request = secrets.randbits(31)  # not to be guessed by who would answer in the device's name
        message = self._spec.Message()
        self._spec.apiMessage.set_defaults(message)
        self._spec.apiMessage.set_community(message, self._community)
        self._spec.apiMessage.set_pdu(message, _pdu(self._spec, ask, self._request))
        self._put(encoder.encode(message))

    def _receive(self, datagram: bytes) -> bool:
        message, _ = decoder.decode(datagram, asn1Spec=self._spec.Message())
        pdu = self._spec.apiMessage.get_pdu(message)
        if (
            int(message[0]) == self._version
            and bytes(message[1]) == self._community
            and pdu.tagSet == self._spec.GetResponsePDU.tagSet
            and int(self._spec.apiPDU.get_request_id(pdu)) == self._request
        ):
            self._resolve(_reply(self._spec, pdu))
        return True


class UserWire(Wire):
    """SNMP version 3 (USM). The first ask finds the agent's engine id, boots and time within itself.

    pysnmp's engine is driven without its dispatcher and timers: this object stands where the dispatcher would
    be (`send_message` and two figures), so that an idle line costs nothing and a forgotten ask is forgotten.
    """

    def __init__(self, address: str, port: int, credentials: Credentials) -> None:
        super().__init__(address, port)
        self._user = (credentials.user or "").encode()
        self._level = 1 + bool(credentials.auth_protocol) + bool(credentials.privacy_protocol)
        self._engine = SnmpEngine()
        self._engine.transport_dispatcher = self
        config.add_v3_user(
            self._engine,
            self._user,
            _AUTH[credentials.auth_protocol],
            credentials.auth_password and credentials.auth_password.encode(),
            _PRIVACY[credentials.privacy_protocol],
            credentials.privacy_password and credentials.privacy_password.encode(),
        )
        self._ask: Ask | None = None
        self._request = 0
        self._handle: int | None = None
        self._corrected: list[str] = []
        self._sent = b""

    def send_message(self, message: bytes, domain: object, address: object) -> None:
        """Called by pysnmp with a finished message; there is only one place to send it to."""
        self._sent = bytes(message)
        self._put(self._sent)

    def get_timer_resolution(self) -> float:
        """Seconds per tick, called by pysnmp; our tick never comes."""
        return 1.0

    def get_timer_ticks(self) -> int:
        """Ticks so far, called by pysnmp."""
        return 0

    def forget(self) -> None:
        """Give up the pending ask, in pysnmp's caches too."""
        super().forget()
        if self._handle is not None:
            self._engine.message_dispatcher.release_state_information(self._engine, self._handle, 3)
            self._handle = None

    def _send(self, ask: Ask) -> None:
        self._ask = ask
        self._corrected = []
        self._transmit(ask)

    def _transmit(self, ask: Ask) -> None:
        self._request = secrets.randbits(31)
        request = _pdu(_V2, ask, self._request)
        send = self._engine.message_dispatcher.send_pdu
        try:
            self._handle = send(
                self._engine,
                DOMAIN_NAME,
                self._device[:2],
                3,  # message processing model: SNMPv3
                3,  # security model: USM
                self._user,
                self._level,
                None,
                b"",
                1,
                request,
                True,
                0,
                self._answered,
                None,
            )
        except PySnmpError as error:
            self._resolve(Report(_reason(error)))

    def _answered(self, *result: Any) -> None:
        """pysnmp's callback; the last five are version, PDU, status, handle, context (RFC 3412 4.2.2)."""
        pdu, status = result[-4], result[-3]
        self._handle = None
        if status is None:
            if int(_V2.apiPDU.get_request_id(pdu)) == self._request:
                self._resolve(_reply(_V2, pdu))
            else:
                self._resolve(Report("another request id"))
            return
        reason = _reason(status)
        # each kind once: a second correction of the same would be a loop. An engine id that changed under a
        # proven wire is not corrected here, since pysnmp would go on with the keys of the old one
        stale = self.proven and reason == "UnknownEngineID"
        if reason in _RESYNC and reason not in self._corrected and not stale and self._ask is not None:
            self._corrected.append(reason)
            self._transmit(self._ask)
        else:
            self._resolve(Report(reason))

    def _receive(self, datagram: bytes) -> bool:
        before = self._handle
        self._engine.message_dispatcher.receive_message(self._engine, DOMAIN_NAME, self._device[:2], datagram)
        if self._handle is not before:
            return True
        try:  # pysnmp drops in silence: was it another's message, or none at all?
            number, engine_id = _number_and_engine(datagram)
        except PyAsn1Error:
            return False
        # of an agent that tells of a new engine id, pysnmp drops the very report that says so
        if self.proven and number == (sent := _number_and_engine(self._sent))[0] and engine_id != sent[1]:
            self._resolve(Report("UnknownEngineID"))
        return True


def _number_and_engine(datagram: bytes) -> tuple[int, bytes]:
    """The msgID and the authoritative engine id of a version 3 message. Raises PyAsn1Error."""
    message, _ = decoder.decode(datagram, asn1Spec=SNMPv3Message())
    parameters, _ = decoder.decode(bytes(message[2]), asn1Spec=UsmSecurityParameters())
    return int(message[1][0]), bytes(parameters[0])


def open_wire(address: str, port: int, credentials: Credentials) -> Wire:
    """The wire that these credentials need, not yet open. Version 3 costs some 80 ms of CPU, once."""
    kind = UserWire if credentials.version == "3" else CommunityWire
    return kind(address, port, credentials)


def _pdu(spec: Any, ask: Ask, request: int) -> Any:
    if ask.kind == "bulk":
        pdu = spec.GetBulkRequestPDU()
        spec.apiBulkPDU.set_defaults(pdu)
        spec.apiBulkPDU.set_non_repeaters(pdu, 0)
        spec.apiBulkPDU.set_max_repetitions(pdu, ask.rows)
    else:
        pdu = spec.GetRequestPDU() if ask.kind == "get" else spec.GetNextRequestPDU()
        spec.apiPDU.set_defaults(pdu)
    spec.apiPDU.set_request_id(pdu, request)
    spec.apiPDU.set_varbinds(pdu, [(oid, spec.Null("")) for oid in ask.oids])
    return pdu


def _reply(spec: Any, pdu: Any) -> Reply:
    status = int(spec.apiPDU.get_error_status(pdu))
    name = _STATUS.get(status, f"error-status {status}")
    if status:
        return Reply(name)  # the variables of such an answer are the question's own
    return Reply(name, tuple((tuple(oid), _value(value)) for oid, value in spec.apiPDU.get_varbinds(pdu)))


def _value(value: Any) -> Value | Absent | None:
    if value.tagSet in _NONE:  # first: to pyasn1 a NULL, and thus each of these, is an OCTET STRING as well
        return _NONE[value.tagSet]
    if isinstance(value, NetworkAddress):
        value = value.getComponent()
    if isinstance(value, univ.Integer):
        return int(value)
    if isinstance(value, IpAddress | Version1Address):
        return ".".join(map(str, value.asNumbers()))
    if isinstance(value, univ.OctetString):
        return bytes(value)
    return str(value)  # OBJECT IDENTIFIER, the last of RFC 2578's types


_NONE = {
    univ.Null.tagSet: None,
    rfc1905.NoSuchObject.tagSet: Absent.OBJECT,
    rfc1905.NoSuchInstance.tagSet: Absent.INSTANCE,
    rfc1905.EndOfMibView.tagSet: Absent.END,
}


def _reason(status: Any) -> str:
    """The class name of pysnmp's errorIndication: stable, unlike its sentences."""
    try:
        return type(status["errorIndication"]).__name__
    except (KeyError, TypeError):
        return type(status).__name__
