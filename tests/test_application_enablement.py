"""An AES from its answers to its tickets: over a real line, and what a failure of it comes to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from collectors.application_enablement import PRODUCT, snmp
from collectors.application_enablement.services import LICENCE_ERROR, STATE, STATUS, Service
from collectors.base import Findings, Observation, Own, Value
from collectors.sessions.snmp import Credentials, Lanes, SnmpLine
from tests import crafted
from tests.recordings import FOLDER, Recording, load, parse, replay, told
from tests.story import CM1, GW_EAST, GW_WEST, SNMP, Story, a_site, works

AES1 = {
    "name": "aes1",
    "product": "application_enablement",
    "location": "main",
    "address": "127.0.0.50",
    "function": "other",
    "snmp": SNMP,
}
HEALTHY = load(FOLDER / "application_enablement" / "healthy.yaml")
DLG_STATE, CVLAN_STATE, TSAPI_STATE, TSAPI_STATUS = (
    f"{snmp.AES}.{n}.0" for n in ("4.2", "2.2", "3.2", "3.3")
)


def with_answers(**changes: str) -> Recording:
    """The healthy server with other answers to scalars, by the names in this file."""
    return replace(
        HEALTHY, scalars={**HEALTHY.scalars, **{globals()[key]: text for key, text in changes.items()}}
    )


def parts(case: Recording) -> dict[str, Observation]:
    findings = replay(case, PRODUCT)
    assert isinstance(findings, Findings)
    return {part.component: part for part in findings.observations}


def a_story(case: Recording) -> Story:
    """Ten minutes in which the server answers so."""
    findings = replay(case, PRODUCT)
    assert isinstance(findings, Findings)
    story = Story(site=a_site(CM1, GW_EAST, GW_WEST, AES1))
    for _ in range(10):
        story.reads("cm1", works()).reads("aes1", *findings.observations, complete=findings.complete)
        story.passes(60)
    return story


# --- over the wire ----------------------------------------------------------------------------------------


def _encoded(value: Value) -> bytes:
    if isinstance(value, int):
        return crafted.integer(value)
    if isinstance(value, bytes):
        return crafted.octets(value)
    return crafted.identifier(tuple(map(int, value.split("."))))


def test_a_server_is_read_over_real_udp_as_its_recording_says() -> None:
    values = {oid: parse(text) for oid, text in HEALTHY.scalars.items()}
    for column, cells in HEALTHY.columns.items():
        if not isinstance(cells, str):
            values |= {f"{column}.{row}": parse(text) for row, text in cells.items()}
    variables = {
        tuple(map(int, oid.split("."))): _encoded(value) for oid, value in values.items() if value is not None
    }

    async def story() -> Findings:
        async with crafted.agent(variables) as agent:
            pacing = replace(snmp.PACING, pause=timedelta(0), timeout=timedelta(seconds=2))
            line = SnmpLine(
                address="127.0.0.1",
                port=agent.port,
                credentials=Credentials(version="2c", community="public"),
                pacing=pacing,
                lanes=Lanes(),
            )
            own = Own({"processes": ("java",)})
            try:
                return snmp.read(await snmp.ask(line, own), HEALTHY.at, own)
            finally:
                await line.close()

    assert told(asyncio.run(story())) == HEALTHY.expect


def test_a_full_memory_of_dmcc_is_not_gone_because_its_own_mib_fell_silent() -> None:
    found = replay(load(FOLDER / "application_enablement" / "host-only.yaml"), PRODUCT)
    assert isinstance(found, Findings)
    assert "capacity" not in found.complete
    assert any(part.role == "capacity" for part in found.observations)


# --- what a service is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status", "says"),
    [
        (2, 3, "well"),
        (3, 4, "lost"),
        (2, 7, "lost"),
        (3, 3, "lost"),
        (None, 4, "lost"),
        (6, 2, "degraded"),
        (5, 6, "degraded"),
        (4, 5, "degraded"),
        (1, 3, "degraded"),
        (2, 1, "degraded"),
        (7, 3, "unread"),
        (2, 9, "unread"),
        (2, None, "unread"),
        (0, 3, "unread"),
        (9, 3, "unread"),
        (2, 10, "unread"),
    ],
)
def test_a_service_is_what_the_worse_of_state_and_status_says(
    state: int | None, status: int | None, says: str
) -> None:
    part = Service("tsapi", state, status).part
    figures = {"well": (0, 1, 0), "lost": (1, 1, 0), "degraded": (0, 1, 1), "unread": (None, None, 0)}
    assert (part.lost, part.total, part.degraded) == figures[says]
    assert part.unread == (says == "unread")


def test_every_word_of_the_enumerations_has_a_meaning() -> None:
    assert (len(STATE), len(STATUS), len(LICENCE_ERROR)) == (8, 9, 31)
    for state in STATE:
        for status in STATUS:
            part = Service("dmcc", state, status, 0).part
            assert part.unread or part.total == 1
    for error, word in LICENCE_ERROR.items():
        licence = Service("dmcc", 2, 3, error).licence
        assert licence is not None
        assert licence.unread == (error == -1)
        assert bool(licence.lost) == (error not in (-1, 0))
        assert word in licence.detail or not error


def test_a_service_that_runs_without_its_licence_is_still_missed() -> None:
    assert Service("cvlan", 2, 3, 2).part.total == 1
    assert Service("cvlan", 3, 4, 2).part.total == 0
    assert Service("cvlan", 3, 4, 8).part.lost == 1


# --- what a failure comes to ------------------------------------------------------------------------------


def test_nothing_is_told_of_a_server_that_is_well() -> None:
    assert a_story(HEALTHY).told == []


def test_one_stopped_service_is_one_failure_that_names_it() -> None:
    story = a_story(with_answers(TSAPI_STATE="integer 3", TSAPI_STATUS="integer 4"))
    assert story.told == ["minor open aes1 not-major tsapi service out of use"]
    assert parts(with_answers(TSAPI_STATE="integer 3"))["service"].lost == 0


def test_a_server_with_no_service_left_is_one_ticket_and_its_parts_are_on_it() -> None:
    story = a_story(load(FOLDER / "application_enablement" / "down.yaml"))
    (ticket,) = [ticket for ticket in story.tickets if ticket.state == "open"]
    assert (ticket.severity, ticket.system, ticket.component) == ("minor", "aes1", None)
    assert ticket.summary.startswith("says that it is down; with it: aes1 ")


def test_a_service_that_cannot_be_read_any_more_keeps_its_ticket() -> None:
    story = a_story(with_answers(TSAPI_STATE="integer 3", TSAPI_STATUS="integer 4"))
    findings = replay(with_answers(TSAPI_STATE="integer 7", TSAPI_STATUS="integer 8"), PRODUCT)
    assert isinstance(findings, Findings)
    for _ in range(10):
        story.reads("aes1", *findings.observations, complete=findings.complete).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["open"]


def test_a_service_that_the_site_does_not_use_is_never_missed() -> None:
    stopped = with_answers(TSAPI_STATE="integer 3", TSAPI_STATUS="integer 4")
    own = replace(stopped, options={**stopped.options, "unused": ["tsapi"]})
    assert parts(own)["tsapi service"].total == 0
    assert parts(own)["tsapi licence"].total == 0
    assert a_story(own).told == []


def test_an_agent_that_shows_the_host_alone_leaves_no_ticket_and_no_service_well() -> None:
    case = load(FOLDER / "application_enablement" / "host-only.yaml")
    assert a_story(case).told == []
    assert all(part.unread for name, part in parts(case).items() if "service" in name)
