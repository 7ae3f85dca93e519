"""A made-up site as the agent shows it, for the tests of metrics and web. Every value here is synthetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.views import AccessView, AgentView, DueView, NumberView, SystemView, TargetView, TicketView
from collectors.base import Metric, Sample

ZONE = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 20, 17, 5, 10, tzinfo=ZONE)

MEMBERS = Metric("avaya_trunk_members", "Members of a trunk group by state.", ("group", "state"))
STATIONS = Metric("avaya_stations_registered", "Stations registered, by kind.", ("kind",))
UPTIME = Metric("avaya_uptime_seconds", "Since the SNMP agent of the system started.")
ERRORS = Metric(
    "avaya_interface_errors_total", "Errors that an interface counted.", ("interface",), "counter"
)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def good(*samples: Sample, seconds_ago: float = 4, protocol: str = "snmp") -> AccessView:
    at = ago(seconds=seconds_ago)
    return AccessView(
        protocol=protocol,  # type: ignore[arg-type]  # a test names protocols as plain words
        interval=timedelta(seconds=60),
        up=True,
        last_poll=at,
        last_success=at,
        seconds=0.412,
        error=None,
        error_text=None,
        samples=samples,
        samples_at=at,
    )


UNASKED = replace(good(), up=None, last_poll=None, last_success=None, seconds=None, samples_at=None)
DARK = replace(
    good(Sample(UPTIME, 86400.0), seconds_ago=754),
    up=False,
    last_poll=ago(seconds=21),
    seconds=15.0,
    error="unreachable",
    error_text="get 1.3.6.1.2.1.1.3.0: no answer within 5 s, asked 3 times",
)


def system(
    name: str,
    *accesses: AccessView,
    location: str = "dallas",
    title: str = "",
    warnings: int | None = None,
    found: int = 0,
) -> SystemView:
    gateway = name.startswith("g")
    return SystemView(
        name=name,
        product="media_gateway" if gateway else "communication_manager",
        title=title or ("G450 Media Gateway" if gateway else "Communication Manager"),
        function="network" if gateway else "phone_system",
        location=location,
        accesses=accesses,
        warnings=warnings,
        found=found,
    )


TRUNKS = TicketView(
    id="TW-000123",
    system="cm1",
    component="trunks",
    role="trunks",
    location=None,
    severity="major",
    clause="half-capacity",
    clause_text="50% of trunks or stations",
    clauses=("half-capacity", "not-major"),
    rules=("T1", "T6"),
    summary="23 of 46 trunks out of service",
    responsibility="carrier",
    note="Both groups of this carrier are out; the gateway's other boards are in service.",
    state="open",
    began=ago(seconds=190),
    received=ago(seconds=130),
    respond_by=NOW + timedelta(minutes=28, seconds=5),
    resolved=None,
    evidence=(
        "trunk-group 1: 23 of 23 members out of service, far end (snmp, 17:05:06)",
        "trunk-group 2: 0 of 23 members out of service (snmp, 17:05:06)",
    ),
    left_out=("trunk-group 9: internal, to voicemail",),
    severities=((ago(seconds=130), "minor"), (ago(seconds=70), "major")),
)
FAN = replace(
    TRUNKS,
    id="TW-000121",
    system="g450-dallas",
    component="fan 2",
    role="equipment",
    location="dallas",
    severity="minor",
    clause="not-major",
    clause_text="any failure not included in the definition of a major failure",
    clauses=("not-major",),
    rules=(),
    summary="Fan 2 has stopped",
    responsibility="vendor",
    note="",
    began=ago(hours=26),
    received=ago(hours=26),
    respond_by=datetime(2026, 11, 23, 9, 3, tzinfo=ZONE),
    evidence=("fan 2: failed (snmp, 17:04:51)",),
    left_out=(),
    severities=((ago(hours=26), "minor"),),
)
HEALED = replace(
    FAN,
    id="TW-000120",
    component="stations",
    summary="31 of 60 stations of fortworth not registered",
    severity="major",
    clause="half-capacity",
    state="resolved",
    began=ago(hours=40),
    received=ago(hours=40),
    resolved=ago(hours=38, minutes=48),
)

CM = system(
    "cm1",
    good(
        Sample(MEMBERS, 23.0, ("1", "out-of-service")),
        Sample(MEMBERS, 0.0, ("1", "in-service")),
        Sample(MEMBERS, 23.0, ("2", "in-service")),
        Sample(STATIONS, 118.0, ("ip",)),
        Sample(UPTIME, 4_233_600.0),
    ),
    warnings=3,
    found=2,
)
G450 = system(
    "g450-dallas", good(Sample(UPTIME, 90_061.5), Sample(ERRORS, 7.0, ("1/1",)), seconds_ago=19), warnings=0
)
G430 = system("g430-fortworth", DARK, location="fortworth", title="G430 Media Gateway")
AES = system("aes1", UNASKED, title="Application Enablement Services")

RICH = AgentView(
    now=NOW,
    started=ago(hours=52),
    version="0.1.0",
    site="City Hall Fort Worth",
    zone="America/Chicago",
    contract="agility 1",
    severities=("major", "minor"),
    systems=(CM, G450, G430, AES),
    tickets=(FAN, HEALED, TRUNKS),
    pending=1,
    pending_text=("g430-fortworth is unreachable: 69 s of the 90 s that it is given",),
    next_due=(
        DueView("major", "respond", NOW + timedelta(minutes=28, seconds=5)),
        DueView("minor", "respond", datetime(2026, 11, 23, 9, 3, tzinfo=ZONE)),
    ),
    healthy=(True, "The last poll ended 4 s ago."),
    ready=(False, "aes1 was not asked yet."),
    numbers=(
        NumberView("+1 817 555 0100", "Main line", "yes"),
        NumberView("+1 817 555 0200", "Permits", "no"),
        NumberView("+1 817 555 0300", "Library", "unknown"),
        NumberView("+1 817 555 0400", "Parks", "on_purpose"),
    ),
    targets=(TargetView("major", "respond", 2, 0.875), TargetView("minor", "respond", 0, None)),
    unmonitored=(
        ("cm1", timedelta(minutes=4)),
        ("g450-dallas", timedelta(0)),
        ("g430-fortworth", timedelta(seconds=754)),
    ),
    clock_synchronised=False,
    windows=("CH-000007, until Fri 2026-11-20 19:00 CST: system g450-dallas; standard, CHG-9: <fans>",),
)

CALM = replace(
    RICH,
    systems=(CM, G450),
    tickets=(HEALED,),
    pending=0,
    pending_text=(),
    next_due=(),
    targets=(TargetView("major", "respond", 0, None), TargetView("minor", "respond", 0, None)),
    unmonitored=(("cm1", timedelta(0)), ("g450-dallas", timedelta(0))),
    clock_synchronised=None,
    windows=(),
    ready=(True, "Every system answered or timed out at least once."),
)
