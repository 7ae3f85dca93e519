"""Calendars: a table of cases worked out by hand, and an oracle that walks minute by minute."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.calendars import HORIZON, Calendar, Hours, Pause, Window

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


# --- the oracle: every minute is asked for its wall clock, by other means than the module's -----------------

MINUTE = timedelta(minutes=1)
SPAN = 5 * 24 * 60  # minutes around a clock change
CLOCKS = [
    "00:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00",
    "06:00", "07:00", "12:00", "18:00", "22:00", "23:30", "24:00",
]  # fmt: skip


@lru_cache(maxsize=256)
def walls(zone: str, begin: datetime) -> tuple[tuple[date, str], ...]:
    """The local date and HH:MM of each minute from `begin` on."""
    local = ((begin + n * MINUTE).astimezone(ZoneInfo(zone)) for n in range(SPAN))
    return tuple((at.date(), f"{at.hour:02}:{at.minute:02}") for at in local)


@lru_cache(maxsize=256)
def changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The hours before which the zone's clock changes; the last of February in a zone where it never does."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(365 * 24)]
    offsets = [(at, at.astimezone(ZoneInfo(zone)).utcoffset()) for at in hours]
    found = tuple(later for (_, one), (later, other) in pairwise(offsets) if one != other)
    return found or (datetime(year, 3, 1, tzinfo=UTC) - timedelta(hours=12),)


def says_open(what: Calendar, day: date, clock: str) -> bool:
    """The rule read aloud for one wall time; HH:MM compares as text, and 24:00 comes after all."""
    for owner in (day, day - timedelta(days=1)):
        if owner in what.overrides:
            hours: tuple[Hours, ...] = what.overrides[owner]
        elif what.holiday_scope == "shift":
            hours = () if owner in what.holidays else what.windows
        else:
            hours = () if day in what.holidays and day not in what.overrides else what.windows
        for one in hours:
            if isinstance(one, Window) and owner.weekday() not in one.days:
                continue
            overnight = one.close <= one.open
            if owner == day and one.open <= clock and (overnight or clock < one.close):
                return True
            if owner != day and overnight and clock < one.close:
                return True
    return False


@st.composite
def calendars(draw: st.DrawFn, zone: str) -> tuple[Calendar, datetime]:
    """A calendar with its exceptions around one change of its zone's clock, and the begin of those days."""
    change = draw(st.sampled_from(changes(zone, draw(st.integers(2018, 2032)))))
    begin = change - timedelta(minutes=SPAN // 2)
    edges = st.tuples(st.sampled_from(CLOCKS[:-1]), st.sampled_from(CLOCKS)).filter(lambda e: e[0] != e[1])
    hours = edges.map(lambda e: Hours(open=e[0], close=e[1]))
    days = st.frozensets(st.integers(0, 6), min_size=1)
    windows = st.tuples(edges, days).map(lambda p: Window(open=p[0][0], close=p[0][1], days=p[1]))
    near = st.integers(-1, SPAN // 1440).map(lambda n: begin.date() + timedelta(days=n))
    what = Calendar(
        zone=ZoneInfo(zone),
        windows=tuple(draw(st.lists(windows, min_size=1, max_size=4))),
        holidays=dict.fromkeys(draw(st.lists(near, max_size=2)), "a holiday"),
        overrides=draw(st.dictionaries(near, st.lists(hours, max_size=2).map(tuple), max_size=2)),
        holiday_scope=draw(st.sampled_from(["shift", "date"])),
    )
    return what, begin


ZONES = ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"]


@pytest.mark.parametrize("zone", ZONES)
def test_every_answer_agrees_with_a_walk_minute_by_minute_around_clock_changes(zone: str) -> None:
    minutes = st.integers(0, SPAN - 1)

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(drawn=calendars(zone), picks=st.lists(st.tuples(minutes, minutes), min_size=20, max_size=40))
    def agrees(drawn: tuple[Calendar, datetime], picks: list[tuple[int, int]]) -> None:
        what, begin = drawn
        opened = [says_open(what, day, clock) for day, clock in walls(zone, begin)]
        passed = [0, *accumulate(opened)]  # open minutes before each minute
        for first, second in picks:
            at, other = begin + first * MINUTE, begin + second * MINUTE
            assert what.is_open(at) == opened[first]
            assert what.between(at, other) == (passed[second] - passed[first]) * MINUTE
            amount = second % (passed[-1] - passed[first] + 1)
            due = bisect_left(passed, passed[first] + amount) if amount else first
            got = what.add(at, amount * MINUTE)
            assert got is not None
            assert got.astimezone(UTC) == begin + due * MINUTE
            opens = next((n for n in range(first, SPAN) if opened[n]), None)
            next_open = what.next_open(at)
            if opens is not None:
                assert next_open is not None
                assert next_open.astimezone(UTC) == begin + opens * MINUTE

    agrees()


@pytest.mark.parametrize("zone", ZONES)
def test_adding_and_counting_undo_each_other_and_more_is_never_due_earlier(zone: str) -> None:
    amounts = st.timedeltas(timedelta(0), timedelta(days=30))
    offsets = st.timedeltas(timedelta(0), SPAN * MINUTE)
    instant = timedelta(microseconds=1)

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(drawn=calendars(zone), offset=offsets, one=amounts, other=amounts)
    def holds(drawn: tuple[Calendar, datetime], offset: timedelta, one: timedelta, other: timedelta) -> None:
        what, at = drawn[0], drawn[1] + offset
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
