"""When a disk will be full at its present rate: the rate, the words, the failure, the metric (M6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.filling import EVERY, KEPT, Filling, full_at, in_about
from agent.metrics import render
from agent.site import Accepted
from agent.watch import Watch, Way
from collectors.base import Observation, Reading
from tests.story import CM1, SNMP, Story, a_site, seen, works
from tests.test_heard import view_of

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
AES1: dict[str, Any] = {
    "name": "aes1",
    "product": "probe",
    "function": "other",
    "location": "main",
    "address": "127.0.0.60",
    "snmp": SNMP,
}
SITE = a_site(CM1, AES1)
WATCH = Watch("other", (Way("ssh", timedelta(minutes=5)), Way("snmp", timedelta(minutes=1))))


def hourly(*used: int) -> tuple[tuple[datetime, int], ...]:
    return tuple((START + timedelta(hours=number), each) for number, each in enumerate(used))


@pytest.mark.parametrize(
    ("used", "limit", "hours"),
    [
        ((100, 110, 120, 130), 200, 7.0),  # 10 an hour
        ((100, 110, 120), 200, None),  # two hours are too short
        ((100, 100, 100, 100), 200, None),  # it does not grow
        ((130, 120, 110, 100), 200, None),  # it empties
        ((100, 130, 110, 100), 200, None),  # as full as it was
        ((100, 110, 120, 160, 140), 240, 10.0),  # one big file does not make the rate
        ((0, 10, 20, 30, 40, 50, 60, 70, 25), 125, 10.0),  # a file was deleted
        ((197, 198, 199, 200), 200, 0.0),  # it is full
        ((1, 1, 1, 2), 1_000_000, None),  # in hundred years
    ],
)
def test_when_a_disk_is_full_at_its_present_rate(
    used: Sequence[int], limit: int, hours: float | None
) -> None:
    points = hourly(*used)
    full = full_at(points, limit)
    if hours is None:
        assert full is None
    else:
        assert full == points[-1][0] + timedelta(hours=hours)


@given(st.integers(1, 50), st.integers(3, 47), st.integers(0, 10_000))
def test_a_disk_that_fills_evenly_is_full_when_that_line_says(rate: int, hours: int, left: int) -> None:
    points = hourly(*(1000 + rate * number for number in range(hours + 1)))
    full = full_at(points, points[-1][1] + left)
    wanted = timedelta(hours=left / rate)
    if wanted >= timedelta(days=400):
        assert full is None
    else:
        assert full is not None
        assert abs(full - points[-1][0] - wanted) <= timedelta(seconds=1)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(1, 1000))
def test_a_time_that_is_told_lies_ahead_and_nothing_is_told_of_what_does_not_grow(
    used: list[int], limit: int
) -> None:
    full = full_at(hourly(*used), limit)
    assert full is None or full >= hourly(*used)[-1][0]
    if used[-1] <= used[0]:
        assert full is None


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 1000)), max_size=80))
def test_a_series_is_slow_short_and_in_order(polls: list[tuple[int, int]]) -> None:
    """At most a point an hour, of two days, however often somebody asks."""
    filling, at = Filling(), START
    for minutes, used in polls:
        at += timedelta(minutes=minutes)
        filling = filling.learn(told(at, used))
        (series,) = filling.disks.values()
        times = [when for when, _ in series.points]
        assert times == sorted(times)
        assert all(later - earlier >= EVERY for earlier, later in pairwise(times))
        assert times[-1] - times[0] <= KEPT
        assert at - times[-1] < EVERY


def disk(used: int | None, limit: int = 10_000, **more: Any) -> Observation:
    return seen("capacity", "disk /var", 0, kind="disk", used=used, limit=limit, **more)


def told(at: datetime, used: int | None, limit: int = 10_000) -> Reading:
    return Reading(at=at, system="aes1", protocol="snmp", observations=(disk(used, limit),))


def test_a_disk_that_was_enlarged_begins_anew_and_one_that_nobody_read_waits() -> None:
    filling = Filling()
    for number in range(5):
        filling = filling.learn(told(START + number * EVERY, 100 + number))
    assert filling.of("aes1", "disk /var", WATCH) is not None
    assert filling.learn(told(START + 5 * EVERY, None)) is filling
    silent = Reading(at=START + 5 * EVERY, system="aes1", protocol="snmp", error="unreachable")
    assert filling.learn(silent) is filling
    larger = filling.learn(told(START + 5 * EVERY, 105, 20_000))
    assert larger.of("aes1", "disk /var", WATCH) is None
    assert filling.forget(["aes1"]) == Filling()
    assert filling.clock_set(timedelta(hours=1)).clock_set(timedelta(hours=-1)) == filling


def test_of_two_protocols_the_first_that_still_tells_of_the_disk_counts() -> None:
    filling = Filling()
    for number in range(9):
        at = START + number * EVERY
        filling = filling.learn(told(at, 100 + number))
        if number < 5:
            by_ssh = Reading(at=at, system="aes1", protocol="ssh", observations=(disk(500 - number),))
            filling = filling.learn(by_ssh)
        series = filling.of("aes1", "disk /var", WATCH)
        counts = None if number < 3 else "ssh" if number < 7 else "snmp"
        wanted = filling.disks["aes1", counts, "disk /var"] if counts is not None else None  # type: ignore[index] # literals
        assert series is wanted


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(0), "full within an hour"),
        (timedelta(hours=1, seconds=1), "full within 3 hours"),
        (timedelta(hours=11), "full within 12 hours"),
        (timedelta(hours=19), "full in about a day"),
        (timedelta(hours=35), "full in about a day"),
        (timedelta(hours=37), "full in about 2 days"),
        (timedelta(days=3), "full in about 3 days"),
    ],
)
def test_how_long_is_said_in_steps(left: timedelta, words: str) -> None:
    assert in_about(left) == words


def hours(story: Story, *used: int, **more: Any) -> Story:
    """A poll of the disk every half an hour; `used`: what it says for an hour each."""
    for each in used:
        for _ in range(2):
            story.reads("cm1", works()).reads("aes1", disk(each, **more)).passes(1800)
    return story


def test_m6_a_disk_that_will_be_full_within_a_day_is_minor_before_it_is() -> None:
    story = hours(Story(site=SITE), 9000, 9050, 9100, 9150, 9200)
    assert story.told == ["minor open aes1 not-major disk /var fills up: full within 18 hours"]
    (ticket,) = story.tickets
    assert ticket.rules == ("M6", "M7")
    assert ticket.evidence[0].startswith("aes1 disk /var: 9150 of 10000 used")
    assert "new calls fail" not in ticket.summary
    assert (ticket.received - ticket.began).total_seconds() == 300  # the hold of capacity
    hours(story, 9200, 9100, 9000, 8900, 8800, 8700)
    assert [each.state for each in story.tickets] == ["resolved"]


def test_a_disk_that_fills_slowly_or_not_at_all_is_no_failure() -> None:
    assert hours(Story(site=SITE), 5000, 5010, 5020, 5030, 5040, 5050).tickets == []
    assert hours(Story(site=SITE), 9900, 9900, 9900, 9900, 9900).tickets == []


def test_m6_a_disk_near_its_limit_says_when_it_is_full_and_a_full_one_that_it_is() -> None:
    story = hours(Story(site=SITE), 9000, 9010, 9020, 9030, degraded=1)
    hours(story, 9040, degraded=1)
    assert story.told == ["minor open aes1 not-major disk /var near its limit, full in about 4 days"]
    hours(story, 10_000)
    assert story.told == ["minor open aes1 not-major disk /var at its limit"]


def test_after_a_start_of_the_agent_a_ticket_stays_until_a_rate_is_known() -> None:
    story = hours(Story(site=SITE), 9000, 9050, 9100, 9150, 9200)
    story.agent_is_killed()
    hours(story, 9200, 9200, 9200)
    assert [each.state for each in story.tickets] == ["open"]
    hours(story, 9200, 9200)
    assert [each.state for each in story.tickets] == ["resolved"]


def test_a_disk_that_is_accepted_raises_nothing() -> None:
    until = START.date() + timedelta(days=60)
    accepted = Accepted(system="aes1", component="disk /var", reason="being replaced", until=until)
    site = SITE.model_copy(update={"accepted": (accepted,)})
    assert hours(Story(site=site), 9000, 9050, 9100, 9150, 9200).tickets == []


def test_the_metric_is_there_only_while_a_disk_grows() -> None:
    name = 'avaya_disk_full_timestamp_seconds{disk="/var",system="aes1"}'
    story = hours(Story(site=SITE), 5000, 5010, 5020)
    assert name not in render(view_of(story)).decode()
    hours(story, 5030, 5040)
    page = render(view_of(story)).decode()
    (value,) = [line.split()[1] for line in page.splitlines() if line.startswith(name)]
    left = datetime.fromtimestamp(float(value), UTC) - story.now.astimezone(UTC)
    assert timedelta(days=20) < left < timedelta(days=21)
    for _ in range(4):
        story.misses("aes1").passes(60)
    assert name not in render(view_of(story)).decode()
    hours(story, 5000, 5000)
    assert name not in render(view_of(story)).decode()


def test_what_was_foretold_of_a_disk_stays_while_it_cannot_be_read() -> None:
    story = Story(site=SITE)
    for hour in range(6):
        for _ in range(60):
            story.reads("cm1", works()).reads("aes1", works(), disk(5000 + 300 * hour)).passes(60)
    assert [each.state for each in story.tickets] == ["open"]
    for _ in range(10):
        unread = disk(0).not_read("size or use not told")
        story.reads("cm1", works()).reads("aes1", works(), unread).passes(60)
    assert [each.state for each in story.tickets] == ["open"]


def test_a_disk_whose_size_moves_a_little_is_the_same_disk() -> None:
    filling = Filling()
    for hour in range(6):
        filling = filling.learn(told(START + timedelta(hours=hour), 100 + 10 * hour, 1000 - hour))
    series = filling.of("aes1", "disk /var", WATCH)
    assert series is not None
    assert (series.limit, len(series.points)) == (995, 6)
