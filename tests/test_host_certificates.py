"""What a certificate and a SIP answer are to the watch: when each is lost, nearly so, well, or not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collectors.base import Certificate, Observation, SipAnswer, TlsAnswer
from collectors.host import certificates, listener

AT = datetime(2026, 11, 27, 17, 0, tzinfo=ZoneInfo("America/Chicago"))
DAY = timedelta(days=1)


def made(*names: str, begins: datetime = AT - 30 * DAY, ends: datetime = AT + 300 * DAY) -> Certificate:
    return Certificate("CN=a", "CN=b", names or ("sbc.example.org",), begins, ends)


def part(
    certificate: Certificate | None, said: str = "", expected: str | None = None, at: datetime = AT
) -> Observation:
    answer = TlsAnswer(443, 0.1, certificate, said, expected, 30 * DAY)
    (told,) = certificates.read((answer,), at).observations
    assert (told.role, told.component) == ("equipment", "certificate 443")
    return told


def test_a_certificate_that_holds_is_well_and_says_until_when() -> None:
    told = part(made())
    assert (told.lost, told.degraded, told.total, told.detail) == (0, 0, 1, "ends 2027-09-23 17:00")


@pytest.mark.parametrize(
    ("left", "lost", "degraded"),
    [
        (30 * DAY + timedelta(seconds=1), 0, 0),
        (30 * DAY, 0, 1),
        (timedelta(seconds=1), 0, 1),
        (timedelta(0), 1, 0),
        (-DAY, 1, 0),
    ],
)
def test_it_is_degraded_before_its_end_and_lost_from_then_on(
    left: timedelta, lost: int, degraded: int
) -> None:
    told = part(made(ends=AT + left))
    assert (told.lost, told.degraded, told.total) == (lost, degraded, 1)
    assert told.detail.startswith("expired" if lost else "ends")


def test_one_that_does_not_hold_yet_is_lost() -> None:
    told = part(made(begins=AT + DAY))
    assert (told.lost, told.degraded, told.detail) == (1, 0, "holds from 2026-11-28 17:00 on only")


def test_one_for_another_name_is_lost_and_says_so_beside_its_end() -> None:
    told = part(made("a.example", "b.example", ends=AT - DAY), expected="sbc.example.org")
    assert told.lost == 1
    assert told.detail == "expired 2026-11-26 17:00; not for sbc.example.org but for a.example, b.example"
    assert len(part(made(*[f"{n}.example" for n in range(90)]), expected="x").detail) <= 120


def test_a_port_that_shows_none_is_unread_and_has_no_end() -> None:
    told = part(None, "closed")
    assert (told.unread, told.lost, told.detail) == (True, None, "closed")
    assert certificates.read((TlsAnswer(443, 0.1, None, "closed"),), AT).samples == ()


def test_each_port_is_a_part_and_its_end_a_figure() -> None:
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    told = certificates.read((TlsAnswer(443, 0.1, made(ends=ends)), TlsAnswer(5061, 0.1, made())), AT)
    assert [each.component for each in told.observations] == ["certificate 443", "certificate 5061"]
    assert told.samples[0].labels == ("443",)
    assert told.samples[0].value == 1798761600
    assert told.complete == ()


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Chicago"])
def test_a_certificate_without_an_end_is_well_wherever_the_system_is(zone: str) -> None:
    ends = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert part(made(ends=ends), at=AT.astimezone(ZoneInfo(zone))).lost == 0


@pytest.mark.parametrize(
    ("name", "names", "fits"),
    [
        ("sbc.example.org", ["sbc.example.org"], True),
        ("SBC.Example.org.", ["sbc.example.org"], True),
        ("sbc.example.org", ["a.example.org", "*.example.org"], True),
        ("a.sbc.example.org", ["*.example.org"], False),
        ("example.org", ["*.example.org"], False),
        ("example.org", ["*"], False),
        ("sbc.example.org", ["s*.example.org"], False),
        ("sbc.example.org", ["sbc.*.org"], False),
        ("sbc.example.org", ["*.*.org"], False),
        ("sbc.example.org", ["example.org"], False),
        ("sbc.example.org", [], False),
        (".example.org", ["*.example.org"], False),
        ("192.0.2.7", ["192.0.2.7"], True),
        ("192.0.2.7", ["*.0.2.7"], False),
        ("2001:DB8:0::7", ["2001:db8::7"], True),
        ("192.0.2.7", ["sbc.example.org"], False),
    ],
)
def test_a_name_fits_as_rfc_6125_has_it(name: str, names: list[str], fits: bool) -> None:
    certificate = Certificate("CN=a", "CN=a", tuple(names), AT - DAY, AT + DAY)
    assert certificates.is_for(name, certificate) is fits


@pytest.mark.parametrize("status", [100, 200, 404, 503, 699])
def test_a_sip_listener_that_answers_is_there_whatever_it_says(status: int) -> None:
    told = listener.read(SipAnswer(0.25, status, "Words", "Server/1"), AT)
    (part,) = told.observations
    assert (part.role, part.component, part.lost, part.total) == ("equipment", "sip listener", 0, 1)
    assert part.detail == f"answers {status} Words, Server/1"
    assert [(each.metric.name, each.value) for each in told.samples] == [("avaya_sip_answer_seconds", 0.25)]
    assert told.complete == ()
