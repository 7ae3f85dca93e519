"""`aes1`: an Application Enablement Services server (AES), its links to the phone system, its CTI links.

Where the figures and texts come from:

* OIDs and enumerations of the AES: a monitoring plug-in in use (there is no public MIB file); that each
  service is told as name, state and status. Synthetic: the services' names, the numbers of clients and of
  memory, the index of an AEP link, one link to a switch connection.
* The columns of `status aesvcs cti-link` and `status aesvcs link`, `established` and `down`: a health check's
  parser, real. Synthetic: the numbers of their fields, counts of messages, that a link that is down is not
  listed, and what an empty list looks like. Of `swversion` only the words before the version are known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.lab import linux_host
from tests.lab.cells import Face, oid, rows, scalars, text_index
from tests.lab.linux_host import Host, dead, on_host, suffers
from tests.lab.model import Customer, System
from tests.lab.played import Fault, Here, Played, Records, SatForm, field_numbers

SWITCH = "CMMAIN"  # what the AES calls the phone system
SERVER = "aesserver1"  # what the phone system calls the AES
CTI_LINKS = {1: 3, 2: 4}  # by the service that each runs over: TSAPI, and DLG for ASAI

_AES = "1.3.6.1.4.1.6889.2.27.2.1"
_RUNNING, _STOPPED = 2, 3  # State
_SERVICE_ONLINE, _SERVICE_OFFLINE = 3, 4  # Status
_OFFLINE, _ONLINE = 1, 2  # of a switch connection and of its links
_LICENCE_EXPIRED = 8
# The subtree of each service, its name, and where in it a licence error stands.
_SERVICES = {
    1: ("ASAI Link Manager", None),
    2: ("CVLAN Service", 12),
    3: ("TSAPI Service", 21),
    4: ("DLG Service", 10),
    5: ("DMCC Service", 20),
}
_TSAPI = 3
_CLIENTS = 14
_STOP, _LICENCE, _CUT = "TSAPI stopped", "no licence", "switch connection lost"


def _make(started: datetime) -> Host:
    return Host(
        name="aes1",
        title="Application Enablement",
        location="main",
        host=40,
        started=started,
        programs=("mvap.sh", "java", "tomcat", "postmaster", "slapd"),
    )


def _here(customer: Customer) -> Host | None:
    return next((each for each in customer.others if each.name == "aes1" and isinstance(each, Host)), None)


def _connected(customer: Customer, aes: Host) -> bool:
    """Whether the switch connection stands: it takes both ends."""
    return aes.running and _CUT not in aes.switched and customer.cm.serving


def _face(customer: Customer, aes: Host, now: datetime) -> Face:
    link = _ONLINE if _connected(customer, aes) else _OFFLINE
    return {
        **linux_host.face(customer, aes, now),
        **_services(aes),
        # Of the AEP link: the switch that it leads to, its state; of the session, by that name: its state
        **rows(f"{_AES}.1.6.1", (3, 5), {(1,): (SWITCH, link)}),
        **rows(f"{_AES}.1.7.1", (4,), {text_index(SWITCH): (link,)}),
    }


def _services(aes: Host) -> Face:
    told: Face = {}
    for number, (name, licence) in _SERVICES.items():
        stopped = number == _TSAPI and _STOP in aes.switched
        state = (_STOPPED, _SERVICE_OFFLINE) if stopped else (_RUNNING, _SERVICE_ONLINE)
        told |= scalars(f"{_AES}.{number}", {1: name, 2: state[0], 3: state[1]})
        if licence is not None:
            wrong = number == _TSAPI and _LICENCE in aes.switched
            told[*oid(f"{_AES}.{number}"), licence, 0] = _LICENCE_EXPIRED if wrong else 0
        if number == _TSAPI:
            told[*oid(f"{_AES}.{number}"), 8, 0] = 0 if stopped else _CLIENTS
    return told | scalars(f"{_AES}.5", {6: 310, 7: 714})  # DMCC's memory: used, free


def _established(customer: Customer, link: int) -> bool:
    aes = _here(customer)
    works = aes is not None and _connected(customer, aes)
    stopped = aes is not None and _STOP in aes.switched and CTI_LINKS[link] == _TSAPI
    return works and not stopped and f"cti-link {link}" not in customer.cm.out


def _cti_links(customer: Customer, _rest: list[str], _now: datetime) -> Records:
    for link in CTI_LINKS if _here(customer) is not None else ():
        state = "established" if _established(customer, link) else "down"
        yield str(link), "6", "no", SERVER, state, "15", "15"


def _links(customer: Customer, _rest: list[str], _now: datetime) -> Records:
    aes = _here(customer)
    if aes is not None and _connected(customer, aes):
        yield "01/01", SERVER, customer.address(aes), "35422", "procr", "612", "598"


def _version(_here: Here) -> str:
    return "Version: 8.1.3.1.0.7-0\nLinux updates: LSU-8.1.3-1\n"


def _site(_customer: Customer, _aes: Host) -> dict[str, Any]:
    return {"coverage": "preferred", "known_as": [SERVER], "depends_on": ["cm1"]}


def _cti_link_down(customer: Customer, _cm: System, _at: datetime) -> Customer:
    return customer.put(replace(customer.cm, out=customer.cm.out | {"cti-link 1"}))


_FAULTS = (
    Fault(
        "cti-link-down",
        ("cm1",),
        "The phone system has lost CTI link 1; the AES has its switch connection still.",
        "a primary number lost by its CTI link: major",
        _cti_link_down,
    ),
    Fault(
        "aes-service-stopped",
        ("aes1",),
        "The TSAPI service of the AES is stopped; the phone system loses CTI link 1.",
        "a primary number lost by its CTI link: major; the service: minor",
        on_host(suffers(_STOP)),
    ),
    Fault(
        "aes-licence-error",
        ("aes1",),
        "The licence of the TSAPI service has expired.",
        "minor: nothing is lost yet",
        on_host(suffers(_LICENCE)),
    ),
    Fault(
        "aes-switch-connection-lost",
        ("aes1",),
        "The connection between the AES and the phone system is lost; both ends tell it.",
        "a primary number lost by its CTI link: major",
        on_host(suffers(_CUT)),
    ),
    Fault(
        "aes-down",
        ("aes1",),
        "The AES is dead: silent whatever the way, and the phone system loses its CTI links.",
        "a primary number lost by its CTI link: major",
        on_host(dead),
    ),
)

PLAYED = (
    Played(
        name="aes1",
        product="application_enablement",
        make=_make,
        snmp=_face,
        ssh=linux_host.door(more={"/opt/mvap/bin/swversion": _version}),
        sat={
            ("status", "aesvcs", "cti-link"): SatForm(
                field_numbers("0001", "0002", "0003", "0004", "0005", "0006", "0007"), _cti_links
            ),
            ("status", "aesvcs", "link"): SatForm(
                field_numbers("0001", "0002", "0003", "0004", "0005", "0006", "0007"), _links
            ),
        },
        site=_site,
        numbers=(
            {
                "number": "+1 817 555 0300",
                "name": "Contact centre",
                "needs": {"all_of": ["cti-link 1"], "any_of": ["trunk-group 1", "trunk-group 3"]},
            },
        ),
        faults=_FAULTS,
    ),
)
