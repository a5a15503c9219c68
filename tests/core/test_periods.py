"""Periods: local days across daylight saving, whole units of the calendar, their pieces and their closing."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.core.periods import (
    Grain,
    Period,
    Preset,
    Whole,
    closes_at,
    grain_for,
    instants,
    is_closed,
    newest_closed,
    parts,
    period_of,
    pieces_of_close,
    today,
    whole_of,
)

STOCKHOLM = ZoneInfo("Europe/Stockholm")
# Clocks that jump at night, at midnight (twice with an hour that midnight is in) and by half an hour.
YEARS = {
    "Europe/Stockholm": 2026,
    "America/Sao_Paulo": 2018,
    "Asia/Beirut": 2024,
    "America/Havana": 2024,
    "Australia/Lord_Howe": 2026,
}
SUNDAY = date(2026, 11, 22)

days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
periods = st.builds(
    lambda first, more: Period(first, first + timedelta(days=more)), days, st.integers(0, 800)
)


def of(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def test_a_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot start"):
        of("2026-03-02", "2026-03-01")


def test_a_period_counts_both_its_ends() -> None:
    period = of("2026-03-30", "2026-04-02")
    assert period.days == 4
    assert date(2026, 3, 30) in period
    assert date(2026, 4, 2) in period
    assert date(2026, 3, 29) not in period
    assert date(2026, 4, 3) not in period


def test_a_period_contains_itself_and_what_lies_within() -> None:
    month = of("2026-03-01", "2026-03-31")
    assert month.contains(month)
    assert month.contains(of("2026-03-02", "2026-03-08"))
    assert not month.contains(of("2026-03-30", "2026-04-05"))
    assert not month.contains(of("2026-02-23", "2026-03-01"))


@pytest.mark.parametrize(
    ("period", "kind", "previous"),
    [
        (of("2026-11-16", "2026-11-22"), Whole.WEEK, of("2026-11-09", "2026-11-15")),
        (of("2026-03-01", "2026-03-31"), Whole.MONTH, of("2026-02-01", "2026-02-28")),
        (of("2026-01-01", "2026-03-31"), Whole.QUARTER, of("2025-10-01", "2025-12-31")),
        (of("2025-01-01", "2025-12-31"), Whole.YEAR, of("2024-01-01", "2024-12-31")),
        (of("2026-11-01", "2026-11-22"), None, of("2026-10-10", "2026-10-31")),
        (of("2026-11-17", "2026-11-23"), None, of("2026-11-10", "2026-11-16")),
    ],
)
def test_before_a_whole_unit_stands_the_unit_before_it_and_before_other_days_as_many_days(
    period: Period, kind: Whole | None, previous: Period
) -> None:
    assert period.whole is kind
    assert period.previous == previous


@pytest.mark.parametrize(
    ("preset", "period"),
    [
        (Preset.LAST_7, of("2026-11-16", "2026-11-22")),
        (Preset.LAST_30, of("2026-10-24", "2026-11-22")),
        (Preset.LAST_90, of("2026-08-25", "2026-11-22")),
        (Preset.THIS_WEEK, of("2026-11-16", "2026-11-22")),
        (Preset.LAST_WEEK, of("2026-11-09", "2026-11-15")),
        (Preset.THIS_MONTH, of("2026-11-01", "2026-11-22")),
        (Preset.LAST_MONTH, of("2026-10-01", "2026-10-31")),
        (Preset.THIS_QUARTER, of("2026-10-01", "2026-11-22")),
        (Preset.LAST_QUARTER, of("2026-07-01", "2026-09-30")),
        (Preset.THIS_YEAR, of("2026-01-01", "2026-11-22")),
        (Preset.LAST_YEAR, of("2025-01-01", "2025-12-31")),
    ],
)
def test_a_preset_is_the_period_of_its_name(preset: Preset, period: Period) -> None:
    assert period_of(preset, SUNDAY) == period


@given(period=periods, grain=st.sampled_from(Grain))
def test_the_parts_of_a_period_hold_each_of_its_days_once(period: Period, grain: Grain) -> None:
    pieces = parts(period, grain)
    assert pieces[0].first == period.first
    assert pieces[-1].last == period.last
    assert all(right.first - left.last == timedelta(days=1) for left, right in pairwise(pieces))
    kinds = {Grain.WEEK: Whole.WEEK, Grain.MONTH: Whole.MONTH}
    if grain in kinds:
        assert all(piece.whole is kinds[grain] for piece in pieces[1:-1])
        assert all(whole_of(kinds[grain], piece.first).contains(piece) for piece in pieces)
    else:
        assert all(piece.days == 1 for piece in pieces)


@given(kind=st.sampled_from(Whole), day=days)
def test_every_day_lies_in_one_unit_of_each_kind_and_units_follow_each_other(kind: Whole, day: date) -> None:
    unit = whole_of(kind, day)
    assert day in unit
    assert unit.whole is kind
    assert {whole_of(kind, unit.first), whole_of(kind, unit.last)} == {unit}
    assert unit.previous.last + timedelta(days=1) == unit.first


@pytest.mark.parametrize(
    ("length", "grain"),
    [(1, Grain.DAY), (31, Grain.DAY), (32, Grain.WEEK), (182, Grain.WEEK), (183, Grain.MONTH)],
)
def test_a_longer_period_is_drawn_more_coarsely(length: int, grain: Grain) -> None:
    assert grain_for(Period(SUNDAY, SUNDAY + timedelta(days=length - 1))) is grain


@pytest.mark.parametrize("name", YEARS)
def test_every_instant_of_a_year_lies_in_exactly_the_day_that_the_local_clock_shows(name: str) -> None:
    zone, year = ZoneInfo(name), YEARS[name]
    end = None
    for piece in parts(Period(date(year, 1, 1), date(year, 12, 31)), Grain.DAY):
        start, after = instants(piece, zone)
        assert end is None or start == end
        assert start.tzinfo is UTC
        moments = [start + timedelta(minutes=30 * step) for step in range(52)]
        inside = [moment for moment in moments if moment < after] + [after - timedelta(microseconds=1)]
        assert {today(moment, zone) for moment in inside} == {piece.first}
        end = after


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Stockholm", date(2026, 3, 29), 23),
        ("Europe/Stockholm", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("America/Sao_Paulo", date(2018, 2, 17), 25),
        ("America/Havana", date(2024, 11, 3), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_on_which_the_clock_jumps_is_shorter_or_longer(name: str, day: date, hours: float) -> None:
    start, after = instants(Period(day, day), ZoneInfo(name))
    assert after - start == timedelta(hours=hours)


def test_a_day_closes_on_the_monday_morning_after_its_week() -> None:
    assert closes_at(date(2026, 3, 23), STOCKHOLM) == datetime(2026, 3, 30, 4, tzinfo=UTC)
    assert closes_at(date(2026, 3, 29), STOCKHOLM) == datetime(2026, 3, 30, 4, tzinfo=UTC)
    assert closes_at(date(2026, 3, 22), STOCKHOLM) == datetime(2026, 3, 23, 5, tzinfo=UTC)


def test_a_period_is_closed_from_the_instant_on_at_which_its_last_day_closes() -> None:
    october = of("2026-10-01", "2026-10-31")
    closing = datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert is_closed(october, STOCKHOLM, closing)
    assert not is_closed(october, STOCKHOLM, closing - timedelta(microseconds=1))


def test_the_newest_closed_unit_is_not_always_the_one_before_this() -> None:
    early, late = datetime(2026, 11, 2, 4, 59, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert newest_closed(Whole.WEEK, STOCKHOLM, early) == of("2026-10-19", "2026-10-25")
    assert newest_closed(Whole.WEEK, STOCKHOLM, late) == of("2026-10-26", "2026-11-01")
    assert newest_closed(Whole.MONTH, STOCKHOLM, early) == of("2026-09-01", "2026-09-30")
    assert newest_closed(Whole.MONTH, STOCKHOLM, late) == of("2026-10-01", "2026-10-31")
    assert newest_closed(Whole.YEAR, STOCKHOLM, late) == of("2025-01-01", "2025-12-31")


@given(kind=st.sampled_from(Whole), hours=st.integers(0, 20 * 365 * 24))
def test_the_newest_closed_unit_is_closed_and_the_next_one_is_not(kind: Whole, hours: int) -> None:
    moment = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    newest = newest_closed(kind, STOCKHOLM, moment)
    following = whole_of(kind, newest.last + timedelta(days=1))
    assert is_closed(newest, STOCKHOLM, moment)
    assert not is_closed(following, STOCKHOLM, moment)


@given(period=periods)
def test_every_day_of_a_period_closes_with_its_piece(period: Period) -> None:
    pieces = pieces_of_close(period, STOCKHOLM)
    assert sum(piece.days for piece, _ in pieces) == period.days
    for piece, at in pieces:
        assert closes_at(piece.first, STOCKHOLM) == at == closes_at(piece.last, STOCKHOLM)
    assert is_closed(period, STOCKHOLM, max(at for _, at in pieces))
