"""A real UDP SNMP agent (v1 and v2c by community, v3 authPriv by user) over whatever a face says.

One agent is one pysnmp engine at one address; all of them live in one process and one event loop. It answers
GET, GETNEXT and GETBULK, refuses SET by silence, and misbehaves as its system's trouble says.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pysnmp.carrier.asyncio.dgram.udp import DOMAIN_NAME, UdpTransport
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context

from tests.lab import model
from tests.lab.cells import Face
from tests.lab.faces import face
from tests.lab.model import AddressTaken, Customer, System, Trouble
from tests.lab.table import Table

LATE = 1.5  # seconds; the lab's client gives a question 2 x 0.5 s
_FRESH = 0.25  # seconds for which a computed face is answered from: one poll sees one moment
_GARBAGE = bytes(range(255, 191, -1))
_MOST_VARBINDS = 2000  # per GETBULK; pysnmp's own 64 would cut rows short

Now = Callable[[], datetime]


class FaultyUdp(UdpTransport):  # type: ignore[misc]  # pysnmp ships no types
    """UDP that loses, delays, cuts or garbles what goes through it."""

    def __init__(self, trouble: Callable[[], Trouble | None]) -> None:
        super().__init__()
        self._trouble = trouble

    def datagram_received(self, datagram: bytes, transportAddress: Any) -> None:  # noqa: N803 - pysnmp's name
        """Take a question, unless the system is silent."""
        if self._trouble() is not Trouble.SILENT:
            super().datagram_received(datagram, transportAddress)

    def send_message(self, outgoingMessage: Any, transportAddress: Any) -> None:  # noqa: N803 - pysnmp's names
        """Send an answer, or what the trouble leaves of it."""
        message = bytes(outgoingMessage)
        match self._trouble():
            case Trouble.SILENT:
                return
            case Trouble.GARBAGE:
                message = _GARBAGE
            case Trouble.TRUNCATED:
                message = message[: len(message) // 2]
            case Trouble.SLOW:
                self.loop.call_later(LATE, self._send_late, message, transportAddress)
                return
            case _:
                pass
        super().send_message(message, transportAddress)

    def _send_late(self, message: bytes, address: Any) -> None:
        if self.transport is not None and not self.transport.is_closing():
            super().send_message(message, address)


class Agent:
    """The SNMP agent of one system. It looks at the customer anew for each question."""

    def __init__(self, name: str, customer: Callable[[], Customer], now: Now) -> None:
        self.name = name
        self._customer = customer
        self._now = now
        self._seen: Customer | None = None
        self._seen_at = float("-inf")
        self._face: Face = {}
        self._boots = -1
        self._known = False
        self._engine: Any = None

    @property
    def system(self) -> System:
        """The system as it is now."""
        return self._customer().system(self.name)

    async def start(self) -> None:
        """Answer from now on. Raises AddressTaken."""
        customer = self._customer()
        sock = _bind(customer.address(self.system), customer.port, self.name)
        self._engine = engine = SnmpEngine()
        # Set here and not by SnmpEngine(id), which would keep a boot counter below the temporary directory
        # and let a lab that is started twice a minute look like a system that restarts twice a minute.
        (engine_id,) = self._symbols("snmpEngineID")
        engine_id.syntax = engine_id.syntax.clone(b"\x80\x00\x1a\xe9\x04" + self.name.encode())
        engine.snmpEngineID = engine_id.syntax
        transport = FaultyUdp(self._trouble)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: transport, sock=sock)
        config.add_transport(engine, DOMAIN_NAME, transport)
        if self.system.version == "3":
            config.add_vacm_user(engine, 3, model.USER, "authPriv", (1,))
        else:
            for security_model in (1, 2):
                config.add_vacm_user(engine, security_model, self.name, "noAuthNoPriv", (1,))
        self.refresh()
        names = context.SnmpContext(engine)
        names.unregister_context_name(b"")
        names.register_context_name(b"", Table(self._fresh, self._trouble))
        cmdrsp.GetCommandResponder(engine, names)
        cmdrsp.NextCommandResponder(engine, names)
        cmdrsp.BulkCommandResponder(engine, names).max_varbinds = _MOST_VARBINDS

    def refresh(self) -> None:
        """Take over what the engine itself must know of the system: its users, its boots and its clock."""
        if self._engine is None:
            return
        system = self.system
        if system.boots != self._boots:
            boots, time = self._symbols("snmpEngineBoots", "snmpEngineTime")
            boots.syntax = boots.syntax.clone(system.boots)
            time.syntax = time.syntax.clone(int(system.started.timestamp()))
            self._boots = system.boots
        if system.knows_us != self._known:
            self._introduce() if system.knows_us else self._forget()
            self._known = system.knows_us

    async def stop(self) -> None:
        """Close the socket; nothing is answered after this."""
        if self._engine is not None:
            self._engine.close_dispatcher()
            self._engine = None
            await asyncio.sleep(0)  # the dispatcher's timer task and the socket end in the loop's next turn
            await asyncio.sleep(0)

    def _symbols(self, *names: str) -> Any:
        return self._engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", *names)

    def _introduce(self) -> None:
        if self.system.version == "3":
            config.add_v3_user(
                self._engine,
                model.USER,
                config.USM_AUTH_HMAC192_SHA256,
                model.AUTH_PASSWORD,
                config.USM_PRIV_CFB128_AES,
                model.PRIVACY_PASSWORD,
            )
        else:
            config.add_v1_system(self._engine, self.name, model.COMMUNITY)

    def _forget(self) -> None:
        if self.system.version == "3":
            config.delete_v3_user(self._engine, model.USER)
        else:
            config.delete_v1_system(self._engine, self.name)

    def _trouble(self) -> Trouble | None:
        return self._customer().trouble(self.system)

    def _fresh(self) -> Face:
        """The face, computed again when the customer changed or the last one is no longer fresh."""
        customer, at = self._customer(), asyncio.get_running_loop().time()
        if customer is not self._seen or at - self._seen_at > _FRESH:
            self._face = face(customer, customer.system(self.name), self._now())
            self._seen, self._seen_at = customer, at
        return self._face


def _bind(address: str, port: int, name: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((address, port))
    except OSError as problem:
        sock.close()
        raise AddressTaken(
            f"UDP {address}:{port}, the address of {name}, cannot be used ({problem.strerror}): "
            f"see what has it with `ss -lunp 'sport = :{port}'` and stop it, or choose another with --port."
        ) from None
    sock.setblocking(False)
    return sock
