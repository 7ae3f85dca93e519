"""The systems around a phone system, and what each of their failures comes to by the contract: as stories.

What is neither phone system nor voicemail is minor by itself (O7); what it takes from others is judged there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from collectors.base import Observation, Reading, RestartEvent
from tests.story import CM1, SNMP, Story, a_site, seen, works

FUNCTIONS = {"aes1": "other", "cms1": "contact_centre", "sbce1": "border", "sm1": "other"}


def a_system(name: str, function: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "product": "probe",
        "function": function,
        "location": "main",
        "address": f"127.0.0.{number}",
        "snmp": SNMP,
        **more,
    }


AROUND = [a_system(name, function, 60 + at) for at, (name, function) in enumerate(FUNCTIONS.items())]
ROUTER = a_system("router", "network", 9, snmp=None, tcp={"port": 22})
PLACES = {"locations": [{"name": "main", "probes": ["router"]}]}
MAS1 = a_system("mas1", "voicemail", 70, voicemail={"part": "answering"})
MAS2 = a_system("mas2", "voicemail", 71, voicemail={"part": "answering"})
MSS = a_system("mss", "voicemail", 72, voicemail={"part": "store"})
NUMBER = [{"number": "+1 817 555 0100", "needs": {"any_of": ["auto-attendant", "trunk-group 1"]}}]
SITE = a_site(CM1, *AROUND, MAS1, MAS2, MSS, ROUTER, **PLACES, primary_numbers=NUMBER)
DOWN = seen("service", "call processing", 1)
NAMES = ("cm1", *FUNCTIONS, "mas1", "mas2", "mss")


def minutes(story: Story, times: int, **told: tuple[Observation, ...] | None) -> Story:
    """So many rounds in which all is well but what these systems tell; None: they do not answer."""
    for _ in range(times):
        story.reads("router", protocol="tcp")
        for name in NAMES:
            answer = told.get(name, (works(),) if name in ("cm1", "mas1", "mas2", "mss") else ())
            if answer is None:
                story.misses(name)
            else:
                story.reads(name, *answer)
        story.passes(60)
    return story


def story() -> Story:
    return minutes(Story(site=SITE, ways={"router": {"tcp": 60}}), 2)


# --- AES, CMS, SBCE and Session Manager alone ---------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("how", ["silent", "says that it is down"])
def test_o7_alone_as_a_whole_each_of_them_is_minor(name: str, how: str) -> None:
    (ticket,) = minutes(story(), 5, **{name: None if how == "silent" else (DOWN,)}).tickets
    assert (ticket.system, ticket.severity, ticket.clause) == (name, "minor", "not-major")
    assert "O7" in ticket.rules
    assert "neither phone system nor voicemail" in ticket.considered[0]


PARTS = {
    "a service stopped": seen("equipment", "TSAPI service", 1),
    "a program that does not run": seen("equipment", "process cms", 1),
    "a licence error": seen("equipment", "CVLAN licence", 1),
    "no licence left": seen("capacity", "licences", 1, used=438, limit=438),
    "a switch connection lost": seen("integration", "switch-connection CM9", 1, kind="aes", to="CM9"),
    "a certificate that ends soon": seen("equipment", "certificate 443", 0, degraded=1, detail="ends soon"),
    "a certificate that ended": seen("equipment", "certificate 443", 1, detail="expired"),
    "a disk that is full": seen("capacity", "disk /var", 1, kind="disk", used=99, limit=100),
    "a link to call management": seen("integration", "cms-link CM9", 1, kind="cms", to="CM9"),
    "a clock that is off": seen("equipment", "clock", 1, kind="sync"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("what", PARTS)
def test_m7_a_part_of_one_of_them_is_minor(name: str, what: str) -> None:
    (ticket,) = minutes(story(), 18, **{name: (PARTS[what],)}).tickets
    assert (ticket.system, ticket.severity, ticket.clause) == (name, "minor", "not-major")
    assert "M7" in ticket.rules


@pytest.mark.parametrize(
    ("what", "summary"),
    [
        ("a certificate that ends soon", "certificate 443 ends soon"),
        ("a certificate that ended", "certificate 443 is not valid"),
        ("a disk that is full", "disk /var near its limit"),
        ("no licence left", "licences at its limit: new calls fail"),
        ("a service stopped", "TSAPI service out of use"),
    ],
)
def test_the_words_say_what_it_means(what: str, summary: str) -> None:
    assert [each.summary for each in minutes(story(), 8, aes1=(PARTS[what],)).tickets] == [summary]


def test_m6_a_full_disk_is_not_worded_as_calls_that_fail() -> None:
    full = seen("capacity", "disk /var", 1, kind="disk", used=100, limit=100)
    assert [each.summary for each in minutes(story(), 8, aes1=(full,)).tickets] == ["disk /var at its limit"]


def test_o7_all_of_them_at_once_are_still_minor() -> None:
    told: dict[str, None] = dict.fromkeys(FUNCTIONS)
    assert {each.severity for each in minutes(story(), 6, **told).tickets} == {"minor"}


# --- voicemail (O6, A2, R1) ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "severity"),
    [
        (("mas1",), "minor"),
        (("mas1", "mas2"), "major"),
        (("mss",), "major"),
        (("mas1", "mss"), "major"),
    ],
)
def test_o6_a2_voicemail_and_the_auto_attendant_behind_it(servers: tuple[str, ...], severity: str) -> None:
    found = minutes(story(), 5, **dict.fromkeys(servers, (DOWN,))).tickets
    worst = min(found, key=lambda each: each.severity != "major")
    assert (worst.severity, "O6" in worst.rules) == (severity, True)
    if severity == "major":
        assert worst.clause == "complete-outage"
        assert "auto-attendant-out" in worst.clauses
        assert "auto attendant of +1 817 555 0100 out of service (inferred)" in worst.summary


@pytest.mark.parametrize("name", ["cm1", "mas1"])
def test_r2_three_restarts_within_the_hour_are_major_of_the_phone_system_and_of_voicemail(name: str) -> None:
    one = story()
    for times in range(1, 4):
        one.passes(900)
        event = RestartEvent(one.now - timedelta(minutes=2), "reboot", False, "uptime")
        restarts = Observation(role="restart", component="restarts", events=(event,))
        one.hears(Reading(at=one.now, system=name, protocol="snmp", observations=(works(), restarts))).passes(
            1
        )
        (ticket,) = one.tickets
        assert ticket.severity == ("major" if times == 3 else "minor")
    assert (ticket.role, ticket.clause) == ("restart", "continual-restarts")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_r1_restarts_of_the_others_are_no_continual_restarts(name: str) -> None:
    one = story()
    for _ in range(4):
        one.passes(600)
        event = RestartEvent(one.now - timedelta(minutes=2), "reboot", False, "uptime")
        one.reads(name, Observation(role="restart", component="restarts", events=(event,))).passes(1)
    assert [each for each in one.tickets if each.severity == "major"] == []


# --- attendant consoles (A1) --------------------------------------------------------------------------------


@pytest.mark.parametrize(("out", "severity"), [(1, "minor"), (2, "major")])
def test_a1_one_console_of_two_is_minor_and_both_are_major(out: int, severity: str) -> None:
    consoles = tuple(seen("attendant", f"attendant {n}", int(n <= out)) for n in (1, 2))
    (ticket,) = minutes(story(), 4, cm1=(works(), *consoles)).tickets
    assert (ticket.role, ticket.severity) == ("attendant", severity)
