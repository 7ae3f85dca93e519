"""Which word on a part counts where two protocols tell of one system: the table of cases, and stories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.authority import Word
from agent.picture import Picture
from agent.watch import Watch, Way
from agent.worked_out import words
from collectors.base import ErrorKind, Observation, ProtocolName, Reading, Role
from tests.story import CM1, ZONE, Story, a_site, seen, stations, trunk_group, works

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=ZONE)
MINUTE = timedelta(minutes=1)
WATCH = Watch("phone_system", (Way("sat", MINUTE), Way("snmp", MINUTE), Way("ssh", MINUTE)))
BOTH: Mapping[str, Mapping[ProtocolName, float]] = {"cm1": {"sat": 60, "snmp": 60}}
ALARMS: tuple[Role, ...] = ("alarm",)
TRUNKS: tuple[Role, ...] = ("trunks",)
UNREAD = Observation(role="trunks", component="trunk-group 1", number=1, unread=True)
ALARM = Observation(role="alarm", component="UDS1-BD 01A11", lost=1, total=1, vendor_severity="major")
SERVER = replace(ALARM, component="server ARB 1", apart=True)
SPARE = seen("redundancy", "standby server", 0)


def said(
    ago: float,
    protocol: ProtocolName,
    *observations: Observation,
    complete: tuple[Role, ...] = (),
    error: ErrorKind | None = None,
    seconds: float = 0,
) -> Reading:
    """A reading of so many seconds ago."""
    return Reading(
        at=NOW - timedelta(seconds=ago),
        system="cm1",
        protocol=protocol,
        observations=observations,
        complete=complete,
        error=error,
        seconds=seconds,
    )


def picture_of(readings: Sequence[Reading]) -> dict[str, Word]:
    """The word on each part by its component, after these readings in this order."""
    picture = Picture()
    for reading in readings:
        picture = picture.apply(reading)
    return {word.observation.component: word for word in words(picture.of("cm1"), WATCH, NOW)}


def short(word: Word | None) -> str:
    """A word as one line: `23/23 sat+snmp; ssh says 0 of 23`."""
    if word is None:
        return "gone"
    told = word.observation
    what = "dark" if word.dark else "unread" if told.unread else f"{told.lost}/{told.total}"
    if told.present is not None:
        what = f"{told.present} present"
    return "; ".join((f"{what} {'+'.join(word.by)}".strip(), *word.against))


# --- the table ---------------------------------------------------------------------------------------------

OUT, WELL = trunk_group(1, 23, 23), trunk_group(1, 0, 23)


@pytest.mark.parametrize(
    ("case", "readings", "told"),
    [
        ("one protocol", [said(5, "snmp", OUT)], "23/23 snmp"),
        ("one protocol, however old", [said(900, "snmp", OUT)], "23/23 snmp"),
        ("both agree: the newest is told", [said(50, "sat", OUT), said(5, "snmp", OUT)], "23/23 sat+snmp"),
        (
            "they disagree: authority decides, newer or not",
            [said(50, "sat", OUT), said(5, "snmp", WELL)],
            "23/23 sat; snmp says 0 of 23",
        ),
        (
            "also where the authority says that all is well",
            [said(5, "snmp", OUT), said(50, "sat", WELL)],
            "0/23 sat; snmp says 23 of 23",
        ),
        (
            "a word of two intervals yields to a younger one",
            [said(120, "sat", OUT), said(5, "snmp", WELL)],
            "0/23 snmp",
        ),
        (
            "a moment before that it does not",
            [said(119, "sat", OUT), said(5, "snmp", WELL)],
            "23/23 sat; snmp says 0 of 23",
        ),
        (
            "a poll that takes long is asked as much later",
            [said(150, "sat", OUT, seconds=78), said(5, "snmp", WELL)],
            "23/23 sat; snmp says 0 of 23",
        ),
        ("all are old: the newest", [said(500, "sat", OUT), said(400, "snmp", WELL)], "0/23 snmp"),
        ("unread yields to figures", [said(5, "sat", UNREAD), said(50, "snmp", OUT)], "23/23 snmp"),
        ("but not to old ones", [said(5, "sat", UNREAD), said(130, "snmp", WELL)], "unread sat"),
        ("nobody could read it", [said(5, "sat", UNREAD), said(6, "snmp", UNREAD)], "unread sat+snmp"),
        (
            "who does not answer has no say",
            [said(60, "sat", WELL), said(50, "snmp", OUT), said(5, "sat", error="refused")],
            "23/23 snmp",
        ),
        (
            "but one missed poll of it clears nothing that it saw",
            [said(60, "sat", OUT), said(50, "snmp", WELL), said(5, "sat", error="unreachable")],
            "dark",
        ),
        (
            "for two of its intervals",
            [said(120, "sat", OUT), said(50, "snmp", WELL), said(5, "sat", error="unreachable")],
            "0/23 snmp",
        ),
        (
            "what only the silent one told is dark",
            [said(60, "sat", OUT), said(50, "snmp"), said(5, "sat", error="unreachable")],
            "dark",
        ),
        (
            "a whole list removes what it does not name",
            [said(50, "snmp", OUT), said(5, "snmp", complete=TRUNKS)],
            "gone",
        ),
        (
            "whichever protocol told it",
            [said(50, "snmp", OUT), said(5, "sat", complete=TRUNKS)],
            "gone",
        ),
        (
            "and when the lower one tells it again",
            [said(50, "sat", complete=TRUNKS), said(5, "snmp", OUT)],
            "gone",
        ),
        (
            "until that list is old",
            [said(120, "sat", complete=TRUNKS), said(5, "snmp", OUT)],
            "23/23 snmp",
        ),
        (
            "a lower list removes nothing that a higher word freshly names",
            [said(50, "sat", OUT), said(5, "snmp", complete=TRUNKS)],
            "23/23 sat; snmp does not list it",
        ),
        (
            "also where the higher one could not read it",
            [said(50, "sat", UNREAD), said(5, "snmp", complete=TRUNKS)],
            "unread sat; snmp does not list it",
        ),
        (
            "but an old word it does",
            [said(120, "sat", OUT), said(5, "snmp", complete=TRUNKS)],
            "gone",
        ),
        (
            "and one of a protocol that is dark, if the list is the newer one",
            [said(120, "sat", OUT), said(60, "sat", error="refused"), said(5, "snmp", complete=TRUNKS)],
            "gone",
        ),
        (
            "a list from before the word does not",
            [said(120, "snmp", complete=TRUNKS), said(60, "sat", OUT), said(50, "sat", error="refused"),
             said(5, "snmp")],
            "dark",
        ),
        (
            "a list of a protocol that no longer answers removes nothing",
            [said(60, "sat", complete=TRUNKS), said(50, "snmp", OUT), said(5, "sat", error="refused")],
            "23/23 snmp",
        ),
        (
            "three protocols: those that agree with the first stand together",
            [said(50, "sat", OUT), said(40, "snmp", WELL), said(5, "ssh", OUT)],
            "23/23 sat+ssh; snmp says 0 of 23",
        ),
        (
            "what is planned and what is degraded is told against it too",
            [said(50, "sat", OUT), said(5, "snmp", trunk_group(1, 0, 20, planned=3, degraded=2))],
            "23/23 sat; snmp says 0 of 20, 2 degraded, 3 taken out on purpose",
        ),
    ],
)  # fmt: skip
def test_the_word_on_a_part(case: str, readings: list[Reading], told: str) -> None:
    assert short(picture_of(readings).get("trunk-group 1")) == told, case


@pytest.mark.parametrize(
    ("case", "readings", "told"),
    [
        ("another's list cannot name it", [said(50, "snmp", SERVER), said(5, "sat", complete=ALARMS)],
         "1/1 snmp"),
        ("nor while its own is dark",
         [said(50, "snmp", SERVER), said(20, "snmp", error="unreachable"), said(5, "sat", complete=ALARMS)],
         "dark"),
        ("its own list takes it back", [said(50, "snmp", SERVER), said(5, "snmp", complete=ALARMS)], "gone"),
    ],
)  # fmt: skip
def test_a_part_that_no_other_protocol_can_list(case: str, readings: list[Reading], told: str) -> None:
    assert short(picture_of(readings).get("server ARB 1")) == told, case


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (ALARM, replace(ALARM, vendor_severity="minor"), "1/1 sat; snmp says 1 of 1, severity minor"),
        (ALARM, replace(ALARM, vendor_severity=None), "1/1 sat+snmp"),
        (SPARE, replace(SPARE, in_use=True), "0/1 sat+snmp"),
        (replace(SPARE, in_use=False), replace(SPARE, in_use=True), "0/1 sat; snmp says 0 of 1, in use"),
        (stations(118), stations(110), "118 present sat; snmp says 110 present"),
        (
            seen("location", "media-gateway 1", 0, controller="survivable"),
            seen("location", "media-gateway 1", 0, controller="main"),
            "0/1 sat; snmp says 0 of 1, controller main",
        ),
    ],
)
def test_what_counts_as_a_disagreement(one: Observation, other: Observation, told: str) -> None:
    (word,) = picture_of([said(50, "sat", one), said(5, "snmp", other)]).values()
    assert short(word) == told


def test_what_one_word_leaves_open_the_others_fill_and_figures_are_never_mixed() -> None:
    by_sat = Observation(role="trunks", component="trunk-group 1", lost=23, total=23, side="far", gateway=1)
    by_snmp = trunk_group(1, 0, 20, planned=3, use="internal", side="near", detail="isdn PSTN EAST")
    told = picture_of([said(50, "sat", by_sat), said(5, "snmp", by_snmp)])["trunk-group 1"].observation
    assert (told.lost, told.total, told.planned) == (23, 23, 0)
    assert (told.number, told.use) == (1, "internal")  # what the part is, whoever told it
    assert (told.side, told.detail) == ("far", "")
    sideless = replace(by_sat, side="unknown")
    told = picture_of([said(50, "sat", sideless), said(5, "snmp", by_snmp)])["trunk-group 1"].observation
    assert told.side == "unknown"  # how it is, only from who agrees

    # The SAT tells in which gateway a group's ports are, SNMP does not: known from it while it is silent.
    silent = said(3, "sat", error="unreachable")
    later = picture_of([said(150, "sat", by_sat), silent, said(2, "snmp", by_snmp)])
    told = later["trunk-group 1"].observation
    assert (told.lost, told.gateway) == (0, 1)

    agreed = replace(by_snmp, lost=23, total=23, planned=0)
    told = picture_of([said(50, "sat", by_sat), said(5, "snmp", agreed)])["trunk-group 1"].observation
    assert (told.side, told.detail) == ("far", "isdn PSTN EAST")


def test_what_a_part_is_stays_known_while_its_teller_is_dark() -> None:
    """Else an internal trunk group would turn public, and into a failure, when one protocol falls silent."""
    bare = Observation(role="trunks", component="trunk-group 9", lost=0, total=23)
    told = picture_of(
        [
            said(100, "snmp", trunk_group(9, 0, 23, use="internal")),
            said(50, "sat", bare),
            said(5, "snmp", error="unreachable"),
        ]
    )
    assert told["trunk-group 9"].observation.use == "internal"


def test_an_unread_part_keeps_the_total_that_any_protocol_read_last() -> None:
    told = picture_of(
        [said(60, "snmp", trunk_group(1, 2, 23)), said(50, "sat", UNREAD), said(5, "snmp", error="refused")]
    )["trunk-group 1"]
    assert (told.observation.unread, told.known_total, told.known_lost) == (True, 23, 2)


def test_a_count_of_some_kinds_of_stations_is_not_taken_for_the_count_of_all() -> None:
    everything = replace(stations(190), by_kind={"ip": 110, "dcp": 80})
    some = replace(stations(110), by_kind={"ip": 110})
    both = [said(50, "sat", everything), said(5, "snmp", some)]
    assert short(picture_of(both)["stations"]) == "190 present sat"
    assert short(picture_of([*both, said(1, "sat", error="unreachable")])["stations"]) == "unread snmp"


# --- whatever the order ------------------------------------------------------------------------------------

PARTS = [1, 2, 3]


@st.composite
def polls(draw: st.DrawFn) -> list[Reading]:
    """One good poll by each protocol, all of one interval."""
    readings: list[Reading] = []
    for protocol in ("sat", "snmp", "ssh"):
        named = draw(st.lists(st.sampled_from(PARTS), unique=True))
        figures = st.one_of(st.none(), st.integers(0, 3))
        observations = []
        for number in named:
            lost = draw(figures)
            part = trunk_group(
                number, lost or 0, 3, use=draw(st.sampled_from(["public", "internal", "unknown"]))
            )
            part = replace(part, apart=draw(st.booleans()) and protocol == "ssh" and number == 3)
            observations.append(part if lost is not None else part.not_read(""))
        complete = TRUNKS if draw(st.booleans()) else ()
        readings.append(said(0, protocol, *observations, complete=complete))
    return readings


def meaning(readings: Sequence[Reading]) -> dict[str, Any]:
    """Everything of the words but which of two that agree is told."""
    return {
        name: (
            replace(word.observation, detail=""),
            word.by,
            word.against,
            word.known_total,
            word.known_lost,
            word.dark,
        )
        for name, word in picture_of(readings).items()
    }


@given(polls(), polls())
def test_the_words_are_the_same_in_whatever_order_the_readings_of_an_interval_come(
    first: list[Reading], second: list[Reading]
) -> None:
    found = []
    for before in (first, first[::-1]):
        for order in permutations(range(3)):
            told = [replace(reading, at=NOW - MINUTE) for reading in before]
            told += [
                replace(second[n], at=NOW - timedelta(seconds=30 - 10 * place))
                for place, n in enumerate(order)
            ]
            found.append(meaning(told))
    assert all(each == found[0] for each in found)


@given(polls())
def test_figures_are_those_of_one_protocol_and_never_a_sum(readings: list[Reading]) -> None:
    for name, word in picture_of(readings).items():
        told = {
            observation.lost
            for reading in readings
            for observation in reading.observations
            if observation.component == name
        }
        assert word.observation.lost in told


# --- what comes of it --------------------------------------------------------------------------------------


def test_a_ticket_names_both_words_where_they_disagree() -> None:
    story = Story(site=a_site(CM1), ways=BOTH)
    for _ in range(3):
        story.reads("cm1", works(), WELL, trunk_group(2, 0, 8))
        story.reads("cm1", OUT, protocol="sat").passes(60)
    assert story.told == ["major open cm1 half-capacity 23 of 31 trunks out of service"]
    assert (
        story.tickets[0].evidence[0].startswith("cm1 trunk-group 1: 23 of 23 lost; snmp says 0 of 23 (sat, ")
    )


def test_a_group_that_both_tell_is_counted_once() -> None:
    story = Story(site=a_site(CM1), ways=BOTH)
    for _ in range(3):
        story.reads("cm1", works(), trunk_group(1, 10, 23)).reads(
            "cm1", trunk_group(1, 10, 23), protocol="sat"
        )
        story.passes(60)
    assert story.told == ["minor open cm1 not-major 10 of 23 trunks out of service"]


def met_by_both() -> Story:
    """A site whose one system was seen once by each protocol, without an alarm: what comes is news (M4)."""
    return Story(site=a_site(CM1), ways=BOTH).reads("cm1").reads("cm1", protocol="sat").passes(60)


def test_a_failure_that_only_the_dark_protocol_told_stays_and_the_rest_is_judged_on() -> None:
    story = met_by_both()
    fan = seen("equipment", "fans", 1)
    for _ in range(4):
        story.reads("cm1", works(), fan).reads("cm1", ALARM, protocol="sat", complete=ALARMS).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["open", "open"]
    for _ in range(4):
        story.misses("cm1", "refused", protocol="sat").reads(
            "cm1", works(), seen("equipment", "fans", 0)
        ).passes(60)
    assert story.told == [
        "minor open cm1 not-major alarm on UDS1-BD 01A11",
        "minor resolved cm1 not-major fans out of use",
        "minor open cm1 not-major seen by snmp only: does not let us in (sat)",
    ]
    assert story.tickets[2].responsibility == "customer"
    story.reads("cm1", protocol="sat", complete=ALARMS).passes(120)
    assert [ticket.state for ticket in story.tickets] == ["resolved"] * 3


def test_one_protocol_that_listed_a_role_whole_once_tells_nothing_while_it_is_dark() -> None:
    story = met_by_both()
    for _ in range(3):
        story.reads("cm1", works(), ALARM, complete=ALARMS).reads("cm1", protocol="sat").passes(60)
    for _ in range(5):
        story.misses("cm1").reads("cm1", protocol="sat").passes(60)
    assert [ticket.state for ticket in story.tickets] == ["open", "open"]


def test_a_server_alarm_is_open_until_snmp_lists_the_alarms_without_it_also_over_a_kill() -> None:
    story = met_by_both()

    def both(*alarms: Observation) -> None:
        story.reads("cm1", works(), *alarms, complete=ALARMS)
        story.reads("cm1", protocol="sat", complete=ALARMS).passes(60)

    for _ in range(3):
        both(SERVER)
    story.agent_is_killed().misses("cm1", "unreachable")
    for _ in range(5):
        story.reads("cm1", protocol="sat", complete=ALARMS).misses("cm1").passes(60)
    assert story.told[0] == "minor open cm1 not-major alarm on server ARB 1"
    for _ in range(3):
        both()
    assert [ticket.state for ticket in story.tickets] == ["resolved", "resolved"]


def test_after_a_start_nothing_is_called_well_before_every_protocol_was_asked() -> None:
    story = Story(site=a_site(CM1), ways=BOTH)
    for _ in range(3):
        story.reads("cm1", works(), WELL).reads("cm1", OUT, protocol="sat").passes(60)
    story.agent_is_killed()
    for _ in range(5):
        story.reads("cm1", works(), WELL).passes(60)
    assert [ticket.state for ticket in story.tickets] == ["open"]
    story.reads("cm1", WELL, protocol="sat").passes(60)
    assert [ticket.state for ticket in story.tickets] == ["resolved"]


def test_a_group_that_is_dark_keeps_its_place_in_the_fraction() -> None:
    """T5: 23 of 69 stay a third when the protocol that alone tells of group 3 falls silent."""
    story = Story(site=a_site(CM1), ways=BOTH)
    third = trunk_group(3, 0, 46)
    for _ in range(3):
        story.reads("cm1", works(), OUT).reads("cm1", OUT, third, protocol="sat").passes(60)
    for _ in range(5):
        story.reads("cm1", works(), OUT).misses("cm1", protocol="sat").passes(60)
    assert story.told[0] == (
        "minor open cm1 not-major 23 of 69 trunks out of service, could be major: 1 group unread"
    )
    assert any("trunk-group 3: not seen, last known 46 members" in text for text in story.tickets[0].evidence)


def test_dark_groups_alone_raise_nothing() -> None:
    story = Story(site=a_site(CM1), ways=BOTH)
    for _ in range(2):
        story.reads("cm1", works(), trunk_group(1, 0, 8)).reads("cm1", trunk_group(3, 0, 46), protocol="sat")
        story.passes(60)
    for _ in range(5):
        story.reads("cm1", works(), trunk_group(1, 0, 8)).misses("cm1", protocol="sat").passes(60)
    assert story.told == ["minor open cm1 not-major seen by snmp only: does not answer (sat)"]


def test_phones_that_only_one_protocol_counts_are_not_lost_when_it_falls_silent() -> None:
    story = Story(site=a_site(CM1), ways=BOTH)
    for _ in range(3):
        story.reads("cm1", works(), stations(110)).reads("cm1", stations(190), protocol="sat").passes(60)
    for _ in range(5):
        story.reads("cm1", works(), stations(110)).misses("cm1", protocol="sat").passes(60)
    assert story.told == ["minor open cm1 not-major seen by snmp only: does not answer (sat)"]


def test_half_of_the_phones_must_have_fallen_by_the_count_that_is_believed() -> None:
    story = Story(site=a_site({**CM1, "stations": {"expected": 190}}), ways=BOTH)
    for _ in range(3):
        story.reads("cm1", works(), stations(90)).reads("cm1", stations(190), protocol="sat").passes(60)
    for _ in range(5):
        story.reads("cm1", works(), stations(90)).misses("cm1", protocol="sat").passes(60)
    assert {ticket.severity for ticket in story.tickets} == {"minor"}
