"""Calendars: tables of cases worked out by hand, and an oracle that counts minutes."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.calendars import HORIZON, Calendar, Hours, Pause, Window, changes
from tests.open_minutes import OpenMinutes

CHICAGO = ZoneInfo("America/Chicago")
HOWE = ZoneInfo("Australia/Lord_Howe")
EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


def calendar(
    *windows: str, days: frozenset[int] = EVERY_DAY, zone: ZoneInfo = CHICAGO, **rest: object
) -> Calendar:
    parsed = tuple(Window(days=days, open=w[:5], close=w[6:]) for w in windows)
    return Calendar(zone=zone, windows=parsed, **rest)  # type: ignore[arg-type]  # rest: fields by name


HELP_DESK = calendar("07:00-18:00", days=WEEKDAYS)
NIGHT = calendar("22:00-06:00")
AROUND = calendar("00:00-24:00")
EARLY = calendar("01:15-01:45")  # lies in the hour that Chicago repeats
SKIPPED = calendar("02:15-02:45")  # lies in the hour that Chicago skips
HOLIDAY = calendar("07:00-18:00", days=WEEKDAYS, holidays={date(2026, 11, 23): "Founders' day"})


@pytest.mark.parametrize(
    ("what", "at", "hours", "due"),
    [
        (HELP_DESK, "2026-11-20T15:00-06:00", 3, "2026-11-20T18:00-06:00"),  # at closing stays at closing
        (HELP_DESK, "2026-11-20T17:02-06:00", 3, "2026-11-23T09:02-06:00"),  # a major on Friday evening
        (HELP_DESK, "2026-11-20T23:02+00:00", 3, "2026-11-23T09:02-06:00"),  # the same, told in UTC
        (HOLIDAY, "2026-11-20T17:02-06:00", 3, "2026-11-24T09:02-06:00"),
        (HELP_DESK, "2026-11-20T18:00-06:00", 3, "2026-11-23T10:00-06:00"),  # closing is not open
        (HELP_DESK, "2026-11-21T12:00-06:00", 0, "2026-11-21T12:00-06:00"),  # nothing is due at once
        (HELP_DESK, "2026-11-16T07:00-06:00", 55, "2026-11-20T18:00-06:00"),  # a whole week
        (NIGHT, "2026-06-01T23:00-05:00", 8, "2026-06-02T23:00-05:00"),
        (NIGHT, "2026-06-02T05:00-05:00", 2, "2026-06-02T23:00-05:00"),
        # 2026-03-08 02:00 -> 03:00 in Chicago: that night is 7 hours; 2026-11-01 02:00 -> 01:00: 9 hours
        (NIGHT, "2026-03-07T22:00-06:00", 7, "2026-03-08T06:00-05:00"),
        (NIGHT, "2026-10-31T22:00-05:00", 9, "2026-11-01T06:00-06:00"),
        (AROUND, "2026-03-08T00:00-06:00", 23, "2026-03-09T00:00-05:00"),
        (AROUND, "2026-11-01T00:00-05:00", 25, "2026-11-02T00:00-06:00"),
        (EARLY, "2026-11-01T00:00-05:00", 0.75, "2026-11-01T01:30-06:00"),  # open twice that night
        (EARLY, "2026-11-01T01:20-06:00", 0.5, "2026-11-02T01:20-06:00"),  # entered on the second fold
        (SKIPPED, "2026-03-07T12:00-06:00", 0.5, "2026-03-09T02:45-05:00"),  # not open that night
        # Lord Howe moves by 30 minutes: 2026-04-05 02:00 -> 01:30, 2026-10-04 02:00 -> 02:30
        (calendar("22:00-06:00", zone=HOWE), "2026-04-04T22:00+11:00", 8.5, "2026-04-05T06:00+10:30"),
        (calendar("22:00-06:00", zone=HOWE), "2026-10-03T22:00+10:30", 7.5, "2026-10-04T06:00+11:00"),
        (calendar("01:45-02:15", zone=HOWE), "2026-04-05T00:00+11:00", 0.75, "2026-04-05T02:15+10:30"),
        (calendar("07:00-24:00"), "2026-06-01T23:00-05:00", 2, "2026-06-02T08:00-05:00"),
        (calendar("07:00-24:00", "00:00-03:00"), "2026-06-01T23:00-05:00", 4, "2026-06-02T03:00-05:00"),
        (calendar("07:00-12:00", "13:00-18:00"), "2026-06-01T11:00-05:00", 2, "2026-06-01T14:00-05:00"),
        (calendar("07:00-18:00", "10:00-12:00"), "2026-06-01T09:00-05:00", 4, "2026-06-01T13:00-05:00"),
    ],
)
def test_an_amount_of_open_time_is_due_when_that_much_has_passed(
    what: Calendar, at: str, hours: float, due: str
) -> None:
    got = what.add(datetime.fromisoformat(at), timedelta(hours=hours))
    assert got is not None
    assert got.isoformat(timespec="minutes") == due
    assert got.tzinfo is what.zone
    assert what.between(datetime.fromisoformat(at), got) == timedelta(hours=hours)


def test_a_naive_local_time_of_each_fold_is_its_own_instant() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=CHICAGO)
    second = first.replace(fold=1)
    assert AROUND.between(first, second) == timedelta(hours=1)
    assert AROUND.between(second, first) == timedelta(hours=-1)
    due = AROUND.add(first, timedelta(hours=1))
    assert due is not None
    assert (due.hour, due.minute, due.fold) == (1, 30, 1)


def test_a_wall_time_that_never_was_is_read_as_python_reads_it() -> None:
    never_was = datetime(2026, 3, 8, 2, 30, tzinfo=CHICAGO)
    assert AROUND.add(never_was, timedelta(0)) == datetime.fromisoformat("2026-03-08T03:30-05:00")
    assert not SKIPPED.is_open(never_was)


def test_a_date_that_a_zone_left_out_has_no_hours() -> None:
    apia = calendar("07:00-18:00", zone=ZoneInfo("Pacific/Apia"))  # had no 30 December 2011
    due = apia.add(datetime.fromisoformat("2011-12-29T17:00-10:00"), timedelta(hours=2))
    assert due == datetime.fromisoformat("2011-12-31T08:00+14:00")


def test_opening_is_open_and_closing_is_not() -> None:
    at = datetime(2026, 11, 20, 7, tzinfo=CHICAGO)
    instant = timedelta(microseconds=1)
    assert HELP_DESK.is_open(at)
    assert not HELP_DESK.is_open(at - instant)
    assert HELP_DESK.is_open(at + timedelta(hours=11) - instant)
    assert not HELP_DESK.is_open(at + timedelta(hours=11))


def test_the_next_opening_is_now_while_open_and_the_next_window_otherwise() -> None:
    friday = datetime(2026, 11, 20, 17, 2, tzinfo=CHICAGO)
    assert HELP_DESK.next_open(friday) == friday
    monday = datetime(2026, 11, 23, 7, tzinfo=CHICAGO)
    assert HELP_DESK.next_open(friday + timedelta(hours=1)) == monday
    assert HOLIDAY.next_open(friday + timedelta(hours=1)) == monday + timedelta(days=1)


def test_more_than_400_days_off_is_never() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    closed = calendar()
    assert closed.next_open(at) is None
    assert closed.add(at, timedelta(seconds=1)) is None
    assert closed.between(at, at + timedelta(days=1000)) == timedelta(0)
    assert AROUND.add(at, HORIZON) == at + HORIZON
    assert AROUND.add(at, HORIZON + timedelta(microseconds=1)) is None
    once = calendar(overrides={date(2027, 2, 5): (Hours(open="00:00", close="24:00"),)}, zone=ZoneInfo("UTC"))
    assert once.next_open(at) == at + HORIZON
    assert once.next_open(at - timedelta(seconds=1)) is None


def test_an_exception_replaces_the_hours_of_its_date_and_beats_a_holiday() -> None:
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    what = calendar(
        "07:00-18:00",
        holidays={monday: "Founders' day"},
        overrides={monday: (Hours(open="10:00", close="12:00"),), tuesday: ()},
    )
    begin = datetime(2026, 11, 23, tzinfo=CHICAGO)
    assert what.between(begin, begin + timedelta(days=1)) == timedelta(hours=2)
    assert what.between(begin + timedelta(days=1), begin + timedelta(days=2)) == timedelta(0)


def test_an_exception_also_lets_the_night_before_a_holiday_run_into_it() -> None:
    monday = date(2026, 6, 8)
    night = calendar("22:00-06:00", holidays={monday: "a Monday"}, holiday_scope="date")
    worked = calendar(
        "22:00-06:00", holidays={monday: "a Monday"}, overrides={monday: ()}, holiday_scope="date"
    )
    early = datetime(2026, 6, 8, 5, tzinfo=CHICAGO)
    assert not night.is_open(early)
    assert worked.is_open(early)
    assert worked.next_open(early + timedelta(hours=1)) == datetime(2026, 6, 9, 22, tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("scope", "opens"),
    [  # Monday is the holiday: which of the nights from Sunday, Monday and Tuesday evening are worked?
        ("shift", ["2026-06-07T22:00-05:00 8:00:00", "2026-06-09T22:00-05:00 8:00:00"]),
        (
            "date",
            [
                "2026-06-07T22:00-05:00 2:00:00",
                "2026-06-09T00:00-05:00 6:00:00",
                "2026-06-09T22:00-05:00 8:00:00",
            ],
        ),
    ],
)
def test_a_holiday_takes_the_shifts_that_open_on_it_or_the_hours_of_its_date(
    scope: str, opens: list[str]
) -> None:
    what = calendar("22:00-06:00", holidays={date(2026, 6, 8): "a Monday"}, holiday_scope=scope)
    begin = datetime(2026, 6, 7, 12, tzinfo=CHICAGO)
    spans = what.spans(begin, begin + timedelta(days=3))
    assert [f"{low.isoformat(timespec='minutes')} {high - low}" for low, high in spans] == opens


def test_a_paused_clock_stands_still_until_the_pause_ends() -> None:
    at = datetime(2026, 11, 20, 15, tzinfo=CHICAGO)
    hour = timedelta(hours=1)
    held = [Pause(begin=at + hour, end=at + 2 * hour), Pause(begin=at + 1.5 * hour, end=at + 2 * hour)]
    assert HELP_DESK.add(at, 3 * hour, pauses=held) == datetime(2026, 11, 23, 8, tzinfo=CHICAGO)
    assert HELP_DESK.between(at, at + 3 * hour, pauses=held) == 2 * hour
    still = [Pause(begin=at + hour)]
    assert HELP_DESK.add(at, hour, pauses=still) == at + hour  # used up before the clock stopped
    assert HELP_DESK.add(at, 2 * hour, pauses=still) is None
    assert HELP_DESK.between(at, at + 3 * hour, pauses=still) == hour
    with pytest.raises(ValueError, match=r"^expected a pause that ends after it begins; got "):
        Pause(begin=at, end=at - hour)


def test_times_without_an_offset_and_negative_amounts_are_refused() -> None:
    naive = datetime(2026, 11, 20, 15)  # noqa: DTZ001 - a time without a zone is what is refused
    with pytest.raises(
        ValueError, match=r"^expected a time with an offset from UTC; got 2026-11-20T15:00:00$"
    ):
        HELP_DESK.is_open(naive)
    with pytest.raises(ValueError, match=r"^expected an amount of open time of zero or more; got -1 day"):
        HELP_DESK.add(naive.replace(tzinfo=UTC), timedelta(days=-1))


def test_a_window_without_days_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected at least one day from 0 \(Monday\) to 6; got \[\]$"):
        Window(days=frozenset(), open="07:00", close="18:00")


LAST_CLOSINGS = [
    # what, the day, when the last of its hours close
    (HELP_DESK, "2026-11-20", "2026-11-20T18:00-06:00"),
    (HELP_DESK, "2026-11-21", None),  # a Saturday
    (HOLIDAY, "2026-11-23", None),
    (calendar("07:00-12:00", "13:00-18:00"), "2026-06-01", "2026-06-01T18:00-05:00"),
    (calendar("07:00-24:00"), "2026-06-01", "2026-06-02T00:00-05:00"),
    (AROUND, "2026-11-01", "2026-11-02T00:00-06:00"),
    (NIGHT, "2026-06-01", "2026-06-02T06:00-05:00"),
    (NIGHT, "2026-03-07", "2026-03-08T06:00-05:00"),  # an hour short
    (NIGHT, "2026-10-31", "2026-11-01T06:00-06:00"),
    # closing in the hour that is skipped: it ends where the clock jumps, 02:00 CST being 03:00 CDT
    (calendar("22:00-02:30"), "2026-03-07", "2026-03-08T03:00-05:00"),
    (calendar("01:30-02:30"), "2026-03-08", "2026-03-08T03:00-05:00"),
    (SKIPPED, "2026-03-08", None),  # nothing is left of it
    # and in the hour that comes twice: the second end
    (calendar("22:00-01:30"), "2026-10-31", "2026-11-01T01:30-06:00"),
    (EARLY, "2026-11-01", "2026-11-01T01:45-06:00"),
    (calendar("22:00-02:15", zone=HOWE), "2026-10-03", "2026-10-04T02:30+11:00"),
    (calendar("22:00-01:45", zone=HOWE), "2026-04-04", "2026-04-05T01:45+10:30"),
    (calendar("07:00-18:00", overrides={date(2028, 2, 29): (Hours(open="07:00", close="12:00"),)}),
     "2028-02-29", "2028-02-29T12:00-06:00"),
    (calendar("22:00-06:00", holidays={date(2026, 6, 9): "a Tuesday"}, holiday_scope="date"), "2026-06-08",
     "2026-06-09T00:00-05:00"),
    (calendar("22:00-06:00", holidays={date(2026, 6, 8): "a Monday"}, holiday_scope="date"), "2026-06-08",
     "2026-06-09T06:00-05:00"),
    (calendar("07:00-18:00", zone=ZoneInfo("Pacific/Apia")), "2011-12-30", None),  # a day that was left out
]  # fmt: skip


@pytest.mark.parametrize(("what", "day", "closes"), LAST_CLOSINGS)
def test_a_day_closes_when_the_last_of_its_hours_end(what: Calendar, day: str, closes: str | None) -> None:
    got = what.last_closing(date.fromisoformat(day))
    assert (got and got.isoformat(timespec="minutes")) == closes


@pytest.mark.parametrize(
    ("what", "at", "closes"),
    [
        (HELP_DESK, "2026-11-20T17:02-06:00", "2026-11-20T18:00-06:00"),
        (HELP_DESK, "2026-11-20T18:00-06:00", "2026-11-23T18:00-06:00"),  # closed: the next one's end
        (HELP_DESK, "2026-11-20T07:00-06:00", "2026-11-20T18:00-06:00"),
        (calendar("07:00-12:00", "13:00-18:00"), "2026-06-01T11:00-05:00", "2026-06-01T12:00-05:00"),
        (NIGHT, "2026-06-02T05:00-05:00", "2026-06-02T06:00-05:00"),
        (AROUND, "2026-06-01T10:00-05:00", "2026-06-02T00:00-05:00"),  # each day is a window of its own
        (calendar("22:00-02:30"), "2026-03-08T01:00-06:00", "2026-03-08T03:00-05:00"),
        (calendar("22:00-01:30"), "2026-11-01T01:10-05:00", "2026-11-01T01:30-06:00"),
        (calendar("18:00-24:00", "00:00-06:00"), "2026-06-01T20:00-05:00", "2026-06-02T00:00-05:00"),
        (calendar(), "2026-06-01T20:00-05:00", None),
    ],
)
def test_a_window_ends_with_its_own_hours(what: Calendar, at: str, closes: str | None) -> None:
    got = what.closing(datetime.fromisoformat(at))
    assert (got and got.isoformat(timespec="minutes")) == closes


@pytest.mark.parametrize(
    ("what", "at", "day"),
    [
        (HELP_DESK, "2026-11-20T17:02-06:00", "2026-11-20"),
        (HELP_DESK, "2026-11-21T05:30+00:00", "2026-11-20"),  # still Friday in Chicago
        (NIGHT, "2026-06-02T05:00-05:00", "2026-06-01"),  # the shift of the evening before
        (NIGHT, "2026-06-02T06:00-05:00", "2026-06-02"),
        (calendar("22:00-06:00", "05:00-08:00"), "2026-06-02T05:30-05:00", "2026-06-02"),
    ],
)
def test_an_instant_belongs_to_the_day_whose_hours_run(what: Calendar, at: str, day: str) -> None:
    assert what.business_day(datetime.fromisoformat(at)) == date.fromisoformat(day)


def test_a_zone_tells_when_its_clock_is_set_and_from_what_to_what() -> None:
    told = [(str(each.at), str(each.shown), str(each.then), each.skips) for each in changes(HOWE, 2026)]
    assert told == [
        ("2026-04-04 15:00:00+00:00", "2026-04-05 02:00:00", "2026-04-05 01:30:00", False),
        ("2026-10-03 15:30:00+00:00", "2026-10-04 02:00:00", "2026-10-04 02:30:00", True),
    ]
    assert list(changes(ZoneInfo("America/Phoenix"), 2026)) == []


# --- against the oracle, which counts minutes by other means than the module's ------------------------------

MINUTE = timedelta(minutes=1)
DAYS_AROUND = 6  # that the oracle looks at around a clock change
SPAN = 5 * 24 * 60  # minutes of them that are asked about
CLOCKS = [
    "00:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00",
    "06:00", "07:00", "12:00", "18:00", "22:00", "23:30", "24:00",
]  # fmt: skip
ZONES = [
    "America/Chicago",
    "Europe/Berlin",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Phoenix",  # never changes
    "Asia/Kolkata",  # neither, and is half an hour off
]


@lru_cache(maxsize=256)
def set_days(zone: str, year: int) -> tuple[date, ...]:
    """The days (UTC) on which the zone's clock is set, asking every six hours; else the last of February."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=6 * n) for n in range(366 * 4)]
    offsets = [(at, at.astimezone(ZoneInfo(zone)).utcoffset()) for at in hours]
    found = tuple(later.date() for (_, one), (later, other) in pairwise(offsets) if one != other)
    return found or (date(year, 3, 1) - timedelta(days=1),)


@st.composite
def calendars(draw: st.DrawFn, zone: str) -> tuple[Calendar, date]:
    """A calendar with its exceptions around one change of its zone's clock, and the first of those days."""
    day = draw(st.sampled_from(set_days(zone, draw(st.integers(2018, 2032)))))
    begin = day - timedelta(days=3)
    edges = st.tuples(st.sampled_from(CLOCKS[:-1]), st.sampled_from(CLOCKS)).filter(lambda e: e[0] != e[1])
    hours = edges.map(lambda e: Hours(open=e[0], close=e[1]))
    days = st.frozensets(st.integers(0, 6), min_size=1)
    windows = st.tuples(edges, days).map(lambda p: Window(open=p[0][0], close=p[0][1], days=p[1]))
    near = st.integers(-1, DAYS_AROUND).map(lambda n: begin + timedelta(days=n))
    what = Calendar(
        zone=ZoneInfo(zone),
        windows=tuple(draw(st.lists(windows, min_size=1, max_size=4))),
        holidays=dict.fromkeys(draw(st.lists(near, max_size=2)), "a holiday"),
        overrides=draw(st.dictionaries(near, st.lists(hours, max_size=2).map(tuple), max_size=2)),
        holiday_scope=draw(st.sampled_from(["shift", "date"])),
    )
    return what, begin


def agrees(what: Calendar, minutes: OpenMinutes, first: int, second: int) -> None:
    """Every answer about two instants, so many minutes after the oracle's begin, is the oracle's."""

    def utc(at: datetime | None) -> int:
        assert at is not None
        return round((at.astimezone(UTC) - minutes.begin).total_seconds())

    at, other = (minutes.begin + each * MINUTE for each in (first, second))
    seconds = first * 60
    assert what.is_open(at) == minutes.is_open(seconds)
    assert what.between(at, other) == timedelta(seconds=minutes.between(seconds, second * 60))
    left = minutes.between(seconds, SPAN * 60)
    amount = second * 60 % (left + 60) // 60 * 60
    assert utc(what.add(at, timedelta(seconds=amount))) == minutes.add(seconds, amount)
    assert what.business_day(at) == minutes.business_day(seconds)
    if left:
        assert utc(what.next_open(at)) == minutes.next_open(seconds)
        assert utc(what.closing(at)) == minutes.closing(seconds)
    day = at.date()
    ends = what.last_closing(day)
    assert (None if ends is None else utc(ends)) == minutes.end_of_day(day)


@pytest.mark.parametrize("zone", ZONES)
def test_every_answer_agrees_with_a_count_of_minutes_around_clock_changes(zone: str) -> None:
    some = st.integers(24 * 60, SPAN - 24 * 60)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(drawn=calendars(zone), picks=st.lists(st.tuples(some, some), min_size=15, max_size=25))
    def holds(drawn: tuple[Calendar, date], picks: list[tuple[int, int]]) -> None:
        what, begin = drawn
        minutes = OpenMinutes(what, begin, DAYS_AROUND)
        for first, second in picks:
            agrees(what, minutes, first, second)

    holds()


@pytest.mark.parametrize("zone", ZONES)
def test_every_clock_change_of_thirty_years_and_every_leap_day_is_counted_right(zone: str) -> None:
    dice = random.Random(zone)  # noqa: S311 - cases to try, no secrets
    there = ZoneInfo(zone)
    days = {day for year in range(2007, 2038) for day in set_days(zone, year)}
    days |= {date(year, 2, 29) for year in range(2008, 2038, 4)}
    for day in sorted(days):
        begin = day - timedelta(days=3)
        for what in (
            calendar("07:00-18:00", "22:15-01:45", zone=there),
            calendar("01:30-02:15", "02:30-12:00", zone=there, holidays={day: "that day"}),
        ):
            minutes = OpenMinutes(what, begin, DAYS_AROUND)
            for edge in minutes.edges(2 * 24 * 60, 4 * 24 * 60):
                agrees(what, minutes, edge + dice.randint(-1, 1), dice.randrange(SPAN))


@pytest.mark.parametrize("zone", ZONES)
def test_adding_and_counting_undo_each_other_and_more_is_never_due_earlier(zone: str) -> None:
    amounts = st.timedeltas(timedelta(0), timedelta(days=30))
    offsets = st.timedeltas(timedelta(0), SPAN * MINUTE)
    instant = timedelta(microseconds=1)

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(drawn=calendars(zone), offset=offsets, one=amounts, other=amounts)
    def holds(drawn: tuple[Calendar, date], offset: timedelta, one: timedelta, other: timedelta) -> None:
        what = drawn[0]
        at = datetime.combine(drawn[1], time(), UTC) + offset
        dues = [(amount, what.add(at, amount)) for amount in sorted((one, other))]
        for amount, due in dues:
            if due is not None and amount:
                assert what.between(at, due) == amount
                assert what.between(due, at) == -amount
                assert what.between(at, due.astimezone(UTC) - instant) == amount - instant  # none is earlier
        (_, less), (_, more) = dues
        if more is not None:
            assert less is not None
            assert less.astimezone(UTC) <= more.astimezone(UTC)
        opens = what.next_open(at)
        if opens is not None:
            assert what.is_open(opens)
            assert what.between(at, opens) == timedelta(0)

    holds()
