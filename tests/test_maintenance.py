"""Maintenance windows that come back, that wait for a failure, and that people add (C4), as stories."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agent.acting import Person, Refused
from agent.changing import WantedWindow, change, said_of
from agent.entries import JournalRebuilt
from agent.explaining import explain
from agent.loading import load_setup
from agent.maintenance import Windows, planned
from agent.printing import console, show_setup, show_ticket
from agent.repeating import Repeats, times
from agent.showing import Terms, agent_view
from agent.telling import log_line
from agent.tickets import Tickets
from agent.window_views import WindowView, window_views
from collectors.products import find_products
from tests.story import (
    CM1,
    GW_EAST,
    GW_WEST,
    ZONE,
    Story,
    a_site,
    an_agreement,
    registered,
    seen,
    works,
)
from tests.test_rules_restarts import restart

FAN, FAN_WELL = seen("equipment", "fans", 1), seen("equipment", "fans", 0)
ANA = Person("ana", 1000)


def window(**changes: Any) -> dict[str, Any]:
    """Work on the west gateway, each Friday from 17:30 to 18:00, since the 6th of November."""
    named = {"name": "work", "begins": "2026-11-06 17:30", "ends": "2026-11-06 18:00", "repeats": "weekly"}
    return {**named, "systems": ["gw-west"], **changes}


FLEXIBLE = {
    "name": "reboot",
    "begins": "2026-11-20 17:00",
    "ends": "2026-11-20 20:00",
    "lasts": "30 min",
    "systems": ["gw-west"],
}


def working(*windows: dict[str, Any], start: str = "2026-11-20 17:35") -> Story:
    return Story(start=start, site=a_site(CM1, GW_EAST, GW_WEST, windows=list(windows)))


def a_site_file(**changes: Any) -> dict[str, Any]:
    """What stands in a site file like that of the stories."""
    places = [{"name": "main"}, {"name": "east"}, {"name": "west"}]
    systems = [CM1, GW_EAST, GW_WEST]
    return {"site": "Story", "zone": "America/Chicago", "locations": places, "systems": systems, **changes}


def failing(story: Story, minutes: int) -> Story:
    return story.polls(minutes, ("gw-west", (FAN,)))


def well(story: Story, minutes: int) -> Story:
    return story.polls(minutes, ("gw-west", (FAN_WELL,)))


def says(story: Story, **wanted: Any) -> str:
    """A person says that of a window, now; the sentence that comes back. Raises Refused."""
    known = story.knowledge
    body = change(WantedWindow(**wanted), ANA, known.history.windows, story.site, story.now)
    story.writes(body)
    return said_of(body, story.site, known.picture, story.now)


def adds(story: Story, **wanted: Any) -> str:
    return says(story, verb="add", **{"systems": ("gw-west",), "lasts": "2h", **wanted})


def lines(story: Story) -> list[str]:
    """What the alert log says of windows."""
    tickets, told = Tickets(), []
    for entry in story.entries:
        tickets = tickets.apply(entry)
        line = log_line(entry, tickets, story.terms)
        if line is not None and line.verb == "WINDOW":
            after = f" after {line.after}" if line.after is not None else ""
            told.append(f"{line.at:%a %H:%M:%S} {line.system} {line.text}{after}")
    return told


def views(story: Story) -> dict[str, WindowView]:
    return {each.name: each for each in window_views(story.knowledge.history.windows, story.terms, story.now)}


# --- windows that come back ---------------------------------------------------------------------------------


def begins_of(now: str, days: int = 40, zone: str = "America/Chicago", **named: Any) -> list[str]:
    """When that window begins and ends in the days after `now`, by the site's clock."""
    site = a_site(windows=[window(**named)]).model_copy(update={"zone": ZoneInfo(zone)})
    begin = datetime.fromisoformat(now).replace(tzinfo=site.zone)
    found = planned(site.windows[0], site, begin, begin + timedelta(days=days))
    return [
        f"{each.begins.astimezone(site.zone):%m-%d %H:%M} {each.ends.astimezone(site.zone):%H:%M}"
        for each in found
    ]


def test_a_weekly_window_holds_back_each_week_what_fails_in_it_and_nothing_in_between() -> None:
    story = failing(working(window()), 40)
    assert story.log == ["18:00:00 opened TW-000001 minor"]
    well(story, 3).passes(5 * 3600)
    failing(story, 10)  # at 23:18, outside
    assert [entry.split()[1] for entry in story.log] == ["opened", "resolved", "opened"]
    well(story, 3)
    story.passes((datetime(2026, 11, 27, 17, 40, tzinfo=ZONE) - story.now).total_seconds())
    failing(story, 30)
    assert story.log[-1] == "18:00:00 opened TW-000003 minor"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({}, ["11-06", "11-13", "11-20", "11-27", "12-04"]),
        ({"repeats": "monthly"}, ["11-06", "12-06"]),
        ({"repeats": "FREQ=MONTHLY;BYDAY=1FR"}, ["11-06", "12-04"]),
        ({"repeats": "FREQ=WEEKLY;INTERVAL=2;COUNT=3"}, ["11-06", "11-20", "12-04"]),
        ({"repeats": "FREQ=WEEKLY;UNTIL=20261120"}, ["11-06", "11-13", "11-20"]),
        ({"repeats": "RRULE:FREQ=WEEKLY;UNTIL=20261120T232959Z"}, ["11-06", "11-13"]),  # UTC: 17:29:59 here
        ({"repeats": "yearly"}, ["11-06"]),
    ],
)
def test_it_comes_back_as_its_rule_says(named: dict[str, Any], expected: list[str]) -> None:
    assert begins_of("2026-11-01", **named) == [f"{day} 17:30 18:00" for day in expected]


def test_a_night_stays_at_its_wall_clock_times_over_both_clock_changes() -> None:
    night = {"begins": "2026-10-18 22:00", "ends": "2026-10-19 02:00"}
    assert begins_of("2026-10-20", 20, **night) == [
        "10-25 22:00 02:00",
        "11-01 22:00 02:00",
        "11-08 22:00 02:00",
    ]
    spring = {"begins": "2027-03-06 22:00", "ends": "2027-03-07 03:30"}
    assert begins_of("2027-03-01", 20, **spring) == [
        "03-06 22:00 03:30",
        "03-13 22:00 03:30",
        "03-20 22:00 03:30",
    ]
    site = a_site(windows=[window(**spring)])
    lengths = [
        each.ends - each.begins
        for each in planned(
            site.windows[0], site, datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 17, tzinfo=UTC)
        )
    ]
    assert lengths == [timedelta(hours=5.5), timedelta(hours=4.5)]


def test_an_hour_that_the_clock_shows_twice_is_covered_both_times_and_one_that_it_skips_is_no_mistake() -> (
    None
):
    twice = {"begins": "2026-10-25 01:00", "ends": "2026-10-25 02:00"}
    site = a_site(windows=[window(**twice)])
    fall = list(
        planned(site.windows[0], site, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    )
    assert [each.ends - each.begins for each in fall] == [timedelta(hours=2)]
    skipped = {"begins": "2027-03-07 02:15", "ends": "2027-03-07 02:45"}
    site = a_site(windows=[window(**skipped)])
    (spring,) = planned(
        site.windows[0], site, datetime(2027, 3, 14, tzinfo=UTC), datetime(2027, 3, 15, tzinfo=UTC)
    )
    assert spring.begins < spring.ends


def test_a_zone_that_is_given_with_the_begin_does_not_move_what_comes_back() -> None:
    """22:00-06:00 in June is 23:00 by the summer clock, and it comes back at 23:00 in winter."""
    assert begins_of("2026-12-01", 7, begins="2026-06-05T22:00-06:00", ends="2026-06-05T23:00-06:00") == [
        "12-04 23:00 00:00"
    ]


_RULE: TypeAdapter[str] = TypeAdapter(Repeats)


@given(
    st.one_of(
        st.text(max_size=30),
        st.from_regex(
            r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(INTERVAL|COUNT|BYDAY|BYMONTHDAY|BYSETPOS|WKST|UNTIL)"
            r"=-?[0-9A-Z,]{1,9}){0,3}",
            fullmatch=True,
        ),
    )
)
def test_whatever_is_written_is_a_rule_or_is_refused_in_one_sentence(text: str) -> None:
    try:
        rule = _RULE.validate_python(text)
    except ValidationError as error:
        (one,) = error.errors()
        assert "expected " in one["msg"]
        assert "\n" not in one["msg"]
    else:
        first = datetime(2026, 11, 6, 17, 30)  # noqa: DTZ001 - the wall clock's
        found = list(times(rule, first, first, first + timedelta(days=30), ZONE))
        assert found == sorted(set(found))


def test_looking_up_windows_costs_nothing_however_long_ago_they_began() -> None:
    site = a_site(windows=[window(begins="2001-01-05 17:30", ends="2001-01-05 18:00", repeats="daily")])
    windows, now = Windows(), datetime(2026, 11, 20, tzinfo=UTC)
    found = windows.around(site, now)
    assert windows.around(site, now + timedelta(hours=1)) is found
    assert 32 <= len(found.near) <= 64 + 1


# --- told once ----------------------------------------------------------------------------------------------


def test_its_begin_and_its_end_are_told_once_each_at_their_own_instant() -> None:
    story = working(
        window(type="client_performed", reference="CHG-7", who="IT", why="cabling"), start="2026-11-20 17:00"
    )
    story.writes().passes(2 * 3600)
    assert lines(story) == [
        "Fri 17:30:00 gw-west maintenance window work begins, until Fri 2026-11-20 18:00 CST: "
        "system gw-west; client-performed, CHG-7, IT: cabling",
        "Fri 18:00:00 gw-west maintenance window work is over after 0:30:00",
    ]


def test_what_overran_its_window_is_said_at_its_end_and_on_its_ticket() -> None:
    story = failing(working(window()), 30)
    assert lines(story)[1:] == [
        "Fri 18:00:00 gw-west maintenance window work overran: 1 still fails after 0:30:00"
    ]
    kinds = [entry.body.kind for entry in story.entries if entry.at == story.entries[-1].at]
    assert kinds.index("window_over") < kinds.index("opened")
    (ticket,) = story.knowledge.tickets.by_id.values()
    opened = next(entry for entry in story.entries if entry.body.kind == "opened")
    told = log_line(opened, story.knowledge.tickets, story.terms)
    assert told is not None
    assert told.text.endswith("; outlasted the maintenance window work")
    assert explain(ticket, story.terms, story.now).suppressed == (
        "while the maintenance window work was open (C4)",
    )
    with (paper := console()).capture() as shown:
        paper.print(show_ticket(story.tickets[0], ZONE))
    assert "found inside the maintenance window work, told at its end (C4)" in shown.get()
    failing(story.agent_is_killed(), 10)
    assert [each.window for each in story.tickets] == ["work"]


def test_an_agent_that_is_killed_in_a_window_tells_its_end_and_not_its_begin_again() -> None:
    story = failing(working(window()), 5).agent_is_killed()
    failing(story, 30)
    assert [line[:45] for line in lines(story)] == [
        "Fri 17:35:00 gw-west maintenance window work ",
        "Fri 18:00:00 gw-west maintenance window work ",
    ]


def test_an_agent_that_was_dead_when_a_window_ended_tells_it_when_it_is_back() -> None:
    story = failing(working(window()), 5).agent_is_killed()
    story.now += timedelta(hours=3)
    well(story, 2)
    assert lines(story)[1] == "Fri 20:40:00 gw-west maintenance window work is over after 3:10:00"
    assert len(lines(story)) == 2


def test_a_window_that_is_taken_out_of_the_site_file_is_over_and_what_it_held_back_raises() -> None:
    story = failing(working(window()), 5)
    story.site = a_site(CM1, GW_EAST, GW_WEST)
    failing(story, 2)
    assert lines(story)[1] == "Fri 17:40:00 gw-west maintenance window work is over after 0:10:00"
    assert story.log == ["17:40:00 opened TW-000001 minor"]


# --- flexible -----------------------------------------------------------------------------------------------


def test_a_flexible_window_begins_with_the_first_failure_and_lasts_as_long_as_it_says() -> None:
    story = failing(working(FLEXIBLE), 40)
    assert lines(story) == [
        "Fri 17:35:00 gw-west maintenance window reboot begins, until Fri 2026-11-20 18:05 CST: "
        "system gw-west; scheduled",
        "Fri 18:05:00 gw-west maintenance window reboot overran: 1 still fails after 0:30:00",
    ]
    assert story.log == ["18:05:00 opened TW-000001 minor"]
    assert "C4" in story.tickets[0].rules


def test_it_holds_back_also_what_has_no_hold_and_a_restart_that_sets_it_going_does_not_count() -> None:
    """R3: the restart's own time decides, so the window begins with it; the next one is inside too."""
    story = working({**FLEXIBLE, "systems": ["cm1"]}).reads("cm1", works()).passes(60)
    story.reads("cm1", works(), restart(story.now - timedelta(seconds=20))).passes(600)
    story.reads("cm1", works(), restart(story.now - timedelta(seconds=20))).passes(3600)
    assert story.told == []
    assert [line[:12] for line in lines(story)] == ["Fri 17:36:00", "Fri 18:05:40"]


def test_it_waits_no_second_time_and_a_restart_of_the_agent_does_not_lengthen_it() -> None:
    story = failing(working(FLEXIBLE), 10).agent_is_killed()
    failing(story, 30)
    assert (
        lines(story)[1]
        == "Fri 18:05:00 gw-west maintenance window reboot overran: 1 still fails after 0:30:00"
    )
    well(story, 5)
    failing(story, 10)  # 18:20, between begins and ends: it has had its time
    assert len(lines(story)) == 2
    assert [line.split()[1] for line in story.log] == ["opened", "resolved", "reopened"]


def test_nothing_that_is_a_ticket_or_began_before_sets_it_going_and_nothing_elsewhere() -> None:
    story = failing(working(FLEXIBLE, start="2026-11-20 16:50"), 40)
    story.polls(5, ("gw-east", (FAN,)))
    assert lines(story) == []


def test_a_single_missed_answer_does_not_set_it_going_and_a_lost_system_does_from_its_first_miss() -> None:
    story = working(FLEXIBLE).reads("gw-west", registered()).passes(60)
    story.misses("gw-west").passes(60).reads("gw-west", registered()).passes(60)
    assert lines(story) == []
    for _ in range(4):
        story.misses("gw-west").passes(60)
    assert lines(story)[0].startswith(
        "Fri 17:39:00 gw-west maintenance window reboot begins, until Fri 2026-11-20 18:08"
    )
    assert story.log == []


def test_without_a_failure_it_never_begins_and_one_that_begins_late_lasts_its_whole_time() -> None:
    assert lines(well(working(FLEXIBLE), 200)) == []
    late = failing(working(FLEXIBLE, start="2026-11-20 19:50"), 40)
    assert lines(late)[1].startswith("Fri 20:20:00 gw-west maintenance window reboot overran")


# --- added by people ----------------------------------------------------------------------------------------


def test_a_window_that_a_person_adds_holds_back_from_then_on_and_its_end_is_met() -> None:
    story = failing(working(), 1)
    assert adds(story, lasts="20 min", why="new fans") == (
        "CH-000001 covers system gw-west until Fri 2026-11-20 17:56 CST, by ana"
    )
    failing(story, 30)
    assert story.log == ["17:56:00 opened TW-000001 minor"]
    assert lines(story)[0] == (
        "Fri 17:36:00 gw-west maintenance window CH-000001 begins, until Fri 2026-11-20 17:56 CST: "
        "system gw-west; scheduled: new fans"
    )


def test_it_is_kept_over_a_kill_and_ids_are_never_given_twice() -> None:
    story = failing(working(), 1)
    adds(story)
    failing(story.agent_is_killed(), 30)
    assert story.log == []
    says(story, verb="end", window="CH-000001")
    assert adds(story).startswith("CH-000002 ")
    story.writes(JournalRebuilt(file="x", reason="y", kept=1, lost=3, unproven=0))
    assert adds(story).startswith("CH-000006 ")


def test_a_window_that_a_person_ends_is_over_at_once_and_what_still_fails_raises() -> None:
    story = well(working(), 1)
    adds(story)
    failing(story, 10)
    assert says(story, verb="end", window="CH-000001", note="done early") == (
        "CH-000001 is over, by ana; what still fails is told now"
    )
    assert (
        lines(story)[1]
        == "Fri 17:46:00 gw-west maintenance window CH-000001 overran: 1 still fails after 0:10:00"
    )
    assert story.log == ["17:46:00 opened TW-000001 minor"]
    view = views(story)["CH-000001"]
    assert (view.state, view.ended_by, view.note, view.failing) == (
        "ended",
        "ana",
        "done early",
        ("gw-west/equipment/fans",),
    )


def test_one_time_of_a_window_of_the_site_file_can_be_ended_and_the_next_one_comes() -> None:
    story = failing(working(window()), 10)
    says(story, verb="end", window="work")
    assert story.log == ["17:45:00 opened TW-000001 minor"]
    assert (views(story)["work"].state, f"{views(story)['work'].begins:%m-%d}") == ("coming", "11-27")
    with pytest.raises(
        Refused, match="work stands in the site file and begins Fri 2026-11-27 17:30 CST: take it out"
    ):
        says(story, verb="end", window="work")


def test_a_window_that_has_not_begun_can_be_taken_back() -> None:
    story = working()
    adds(story, begins="2026-11-20 18:00")
    assert says(story, verb="end", window="CH-000001") == "CH-000001 is taken back, by ana"
    assert failing(story, 60).log == ["17:37:00 opened TW-000001 minor"]
    assert lines(story) == []
    assert views(story)["CH-000001"].state == "taken back"
    with pytest.raises(Refused, match="CH-000001 is over already; nothing was changed"):
        says(story, verb="end", window="CH-000001")


def test_a_flexible_window_that_a_person_adds_waits_for_the_first_failure() -> None:
    story = well(working(), 1)
    assert adds(story, lasts="30 min", ends="2026-11-20 19:00", flexible=True) == (
        "CH-000001 covers system gw-west for 30m from the first failure on, between now and "
        "Fri 2026-11-20 19:00 CST, by ana"
    )
    assert views(story)["CH-000001"].state == "waiting"
    failing(well(story, 10), 40)
    assert story.log == ["18:16:00 opened TW-000001 minor"]


def test_clears_are_never_held_back_and_a_ticket_of_before_goes_on() -> None:
    story = failing(working(), 5)
    adds(story)
    well(story, 3)
    assert [line.split()[1] for line in story.log] == ["opened", "resolved"]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (
            {"systems": ("gw-wset",)},
            "expected a system of this site (did you mean 'gw-west'?); got 'gw-wset'",
        ),
        ({"locations": ("x",)}, "expected a location of this site (one of main, east, west); got 'x'"),
        ({"roles": ("trunk",)}, "expected a role (did you mean 'trunks'?); got 'trunk'"),
        ({"components": (" ",)}, "expected the name of a component; got nothing"),
        (
            {"components": ("a\nb",)},
            "the component has a control character or a line break; say it in one line of plain text",
        ),
        (
            {"systems": ()},
            "expected what it covers (--system, --location, --component or --role), or --everything "
            "for the whole site; got neither",
        ),
        ({"everything": True}, "expected --everything or names of what it covers; got both"),
        ({"lasts": ""}, "expected --for or --ends; got neither"),
        (
            {"ends": "2026-11-20 20:00"},
            "expected --for or --ends; got both, which means something with --flexible only",
        ),
        (
            {"flexible": True},
            "expected --ends and --for with --flexible: until when it may begin, and how long it lasts then",
        ),
        ({"lasts": "2 hours"}, "--for: expected a duration such as 90s, 15 min or 3h; got '2 hours'"),
        ({"lasts": "0s"}, "--for: expected a duration above zero; got 0s"),
        (
            {"lasts": "32d"},
            "expected a window of at most 31 days; what lasts longer belongs into the site file",
        ),
        ({"begins": "20:00"}, "--begins: expected a time such as 2026-11-20 22:00; got '20:00'"),
        (
            {"begins": "2026-11-20 17:00"},
            "expected a window that begins now or later; got Fri 2026-11-20 17:00 CST",
        ),
        (
            {"begins": "2027-11-30 17:00"},
            "expected a window that begins within a year; got Tue 2027-11-30 17:00 CST",
        ),
        (
            {"lasts": "", "ends": "2026-11-20 17:00"},
            "expected a window that ends after it begins; got Fri 2026-11-20 17:00 CST",
        ),
        ({"why": "x" * 501}, "the reason in --why has 501 characters; at most 500 are kept"),
        (
            {"verb": "end", "window": "CH-000009"},
            "no maintenance window 'CH-000009'; `trunkwatch maintenance list --all` lists every one",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_sentence_and_changes_nothing(
    wanted: dict[str, Any], sentence: str
) -> None:
    story = working()
    before = list(story.entries)
    with pytest.raises(Refused) as refused:
        says(story, **{"verb": "add", "systems": ("gw-west",), "lasts": "2h", **wanted})
    assert str(refused.value) == sentence
    assert story.entries == before


def test_a_component_that_nobody_tells_of_is_taken_and_said() -> None:
    story = well(working(), 1)
    assert adds(story, components=("fans", "fnas")).endswith(
        ", by ana; nothing is seen now that is called fnas"
    )


# --- shown --------------------------------------------------------------------------------------------------


def test_what_waits_in_a_window_names_it_and_open_windows_are_listed() -> None:
    story = failing(working(window()), 5)
    shown = agent_view(
        story.terms,
        story.knowledge,
        products=find_products(),
        watches=story.watches,
        started=story.now,
        now=story.now,
        version="",
        healthy=(True, ""),
        ready=(True, ""),
    )
    (text,) = shown.pending_text
    assert text.endswith("; inside maintenance window work until Fri 2026-11-20 18:00 CST")
    assert shown.windows == ("work, until Fri 2026-11-20 18:00 CST: system gw-west; scheduled",)


def promised(contract: str, **wanted: Any) -> WindowView:
    story = working()
    story.terms = Terms(story.site, an_agreement(contract))
    adds(story, **wanted)
    return views(story)["CH-000001"]


def test_a_change_has_the_targets_that_the_contract_sets_for_its_type() -> None:
    """Respond 0.5 h; urgent: assign 4 h, resolve 24 h; scheduled: 24 h, 7 days, which are business days."""
    urgent = promised("intervision", type="urgent")
    assert [(step.step, f"{step.due:%a %m-%d %H:%M}", step.goal) for step in urgent.steps] == [
        ("respond", "Fri 11-20 18:05", 95),
        ("assign", "Fri 11-20 21:35", 85),
        ("resolve", "Sat 11-21 17:35", 85),
    ]
    scheduled = promised("intervision")
    assert [f"{step.due:%a %m-%d %H:%M}" for step in scheduled.steps][2] == "Tue 12-01 17:00"
    assert promised("intervision", type="client_performed").promised == (
        "intervision 2023-01 sets no targets for client-performed changes"
    )
    assert promised("agility").promised == "agility 51401-1 sets no targets for scheduled changes"


def test_a_window_of_the_site_file_says_what_is_promised_without_a_time_that_nobody_knows() -> None:
    story = working(window())
    story.terms = Terms(story.site, an_agreement("intervision"))
    view = views(story)["work"]
    assert [(step.within, step.due) for step in view.steps] == [
        ("30m", None),
        ("1d", None),
        ("7 business days", None),
    ]
    assert (view.state, view.origin, view.repeats) == ("open", "site file", "weekly")
    assert [f"{each:%m-%d}" for each in view.next] == ["11-27", "12-04", "12-11"]


def test_each_state_of_a_window_is_shown() -> None:
    once = {**FLEXIBLE, "lasts": None}
    story = working(window(), {**once, "name": "later", "begins": "2026-11-20 18:30"}, FLEXIBLE)
    story = story.writes()
    assert {name: view.state for name, view in views(story).items()} == {
        "work": "open",
        "later": "coming",
        "reboot": "waiting",
    }
    story.passes(6 * 3600)
    assert {name: view.state for name, view in views(story).items()} == {
        "work": "coming",
        "later": "over",
        "reboot": "over",
    }


def test_the_check_of_a_site_file_prints_when_a_window_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    over = window(name="old", repeats="FREQ=WEEKLY;COUNT=2")
    windows = [window(), over, {**FLEXIBLE, "name": "once"}]
    file.write_text(json.dumps(a_site_file(windows=windows)))
    with (paper := console()).capture() as shown:
        paper.print(show_setup(load_setup(file, with_secrets=False), date(2026, 11, 21)))
    lines = [line.strip() for line in shown.get().splitlines() if "weekly" in line.lower()]
    assert lines == [
        "windows    work, weekly: Fri 2026-11-27 17:30 CST, Fri 2026-12-04 17:30 CST, "
        "Fri 2026-12-11 17:30 CST",
        "old, FREQ=WEEKLY;COUNT=2: never again",
    ]


# --- whatever happens ---------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.integers(0, 59), max_size=6),
    st.sampled_from([window(), FLEXIBLE, {**FLEXIBLE, "lasts": "5 min"}]),
)
def test_an_agent_that_is_killed_at_any_minutes_tells_and_raises_the_same(
    killed: set[int], named: dict[str, Any]
) -> None:
    def told(minutes: set[int]) -> tuple[list[str], list[str]]:
        story = working(named, start="2026-11-20 17:20")
        for minute in range(60):
            if minute in minutes:
                story.agent_is_killed()
            story.polls(1, ("gw-west", (FAN if minute >= 15 else FAN_WELL,)))
        return lines(story), story.log

    def without_hold(log: list[str]) -> list[str]:
        return [line.split(maxsplit=1)[1] for line in log]

    whole, killed_too = told(set()), told(killed)
    assert killed_too[0] == whole[0]
    assert without_hold(killed_too[1]) == without_hold(whole[1])  # a hold begins anew with the agent


def test_a_flexible_window_that_a_person_ends_before_it_began_never_begins() -> None:
    story = well(working(FLEXIBLE), 5)
    assert says(story, verb="end", window="reboot").startswith("reboot is over, by ana")
    assert failing(story, 5).log == ["17:42:00 opened TW-000001 minor"]
    assert (lines(story), views(story)["reboot"].state) == ([], "ended")
