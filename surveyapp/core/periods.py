"""Periods: spans of the organisation's local days, the calendar's whole units, and when each is closed."""

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum


class Grain(StrEnum):
    """How finely a trend is drawn."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Whole(StrEnum):
    """A unit of the calendar; weeks start on Monday."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Preset(StrEnum):
    """A period by its name, as it stands in an address; the running ones end today, today included."""

    LAST_7 = "7d"
    LAST_30 = "30d"
    LAST_90 = "90d"
    THIS_WEEK = "week"
    LAST_WEEK = "last-week"
    THIS_MONTH = "month"
    LAST_MONTH = "last-month"
    THIS_QUARTER = "quarter"
    LAST_QUARTER = "last-quarter"
    THIS_YEAR = "year"
    LAST_YEAR = "last-year"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The local days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Raise ValueError when it ends before it starts."""
        if self.last < self.first:
            raise ValueError(f"A period cannot start on {self.first} and end on {self.last}.")

    def __contains__(self, day: date) -> bool:
        """Whether the day is one of its days."""
        return self.first <= day <= self.last

    def contains(self, other: "Period") -> bool:
        """Whether every day of the other is one of its days."""
        return self.first <= other.first and other.last <= self.last

    @property
    def days(self) -> int:
        """How many days it has, at least 1."""
        return (self.last - self.first).days + 1

    @property
    def whole(self) -> Whole | None:
        """Which whole unit of the calendar it is; None when it is none."""
        return next((kind for kind in Whole if whole_of(kind, self.first) == self), None)

    @property
    def previous(self) -> "Period":
        """The unit before a whole unit, though it may have fewer days; else as many days just before."""
        last = self.first - _DAY
        kind = self.whole
        return Period(last - (self.last - self.first), last) if kind is None else whole_of(kind, last)


def period_of(preset: Preset, today: date) -> Period:
    """The period that the name stands for on that day."""
    if preset in _RUNNING_DAYS:
        return Period(today - timedelta(days=_RUNNING_DAYS[preset] - 1), today)
    if preset in _THIS:
        return Period(whole_of(_THIS[preset], today).first, today)
    return whole_of(_LAST[preset], today).previous


def whole_of(kind: Whole, day: date) -> Period:
    """The unit of the calendar that the day lies in."""
    return _WHOLES[kind](day)


def parts(period: Period, grain: Grain) -> list[Period]:
    """The period in consecutive pieces; the first and the last may be less than a whole week or month."""
    return list(_parts(period, grain))


def grain_for(period: Period) -> Grain:
    """Days up to 31 days, weeks up to 26 weeks, months beyond: what a trend can show without a crowd."""
    if period.days <= 31:
        return Grain.DAY
    return Grain.WEEK if period.days <= 26 * 7 else Grain.MONTH


def today(now: datetime, zone: tzinfo) -> date:
    """The local day of an instant."""
    return now.astimezone(zone).date()


def instants(period: Period, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first instant of the period and the first one after it; UTC."""
    return _start(period.first, zone), _start(period.last + _DAY, zone)


def closes_at(day: date, zone: tzinfo) -> datetime:
    """Monday 06:00 local after the day's week, in UTC.

    From then on the day is fixed for those who may not open single answers: what counts only later stays out
    of their figures, for otherwise two readings of one period would tell of the one answer between them.
    """
    monday = whole_of(Whole.WEEK, day).last + _DAY
    return datetime.combine(monday, _CLOSING, zone).astimezone(UTC)


def is_closed(period: Period, zone: tzinfo, now: datetime) -> bool:
    """Whether all of its days are fixed."""
    return now >= closes_at(period.last, zone)


def newest_closed(kind: Whole, zone: tzinfo, now: datetime) -> Period:
    """The latest whole unit that is closed."""
    period = whole_of(kind, today(now, zone))
    while not is_closed(period, zone, now):
        period = period.previous
    return period


def pieces_of_close(period: Period, zone: tzinfo) -> list[tuple[Period, datetime]]:
    """The period cut at its weeks, each piece with its `closes_at`.

    An answer of a piece is in the fixed figures when it first counted before that instant.
    """
    return [(piece, closes_at(piece.last, zone)) for piece in parts(period, Grain.WEEK)]


_DAY = timedelta(days=1)
_CLOSING = time(6)
_RUNNING_DAYS: Mapping[Preset, int] = {Preset.LAST_7: 7, Preset.LAST_30: 30, Preset.LAST_90: 90}
_THIS: Mapping[Preset, Whole] = {
    Preset.THIS_WEEK: Whole.WEEK,
    Preset.THIS_MONTH: Whole.MONTH,
    Preset.THIS_QUARTER: Whole.QUARTER,
    Preset.THIS_YEAR: Whole.YEAR,
}
_LAST: Mapping[Preset, Whole] = {
    Preset.LAST_WEEK: Whole.WEEK,
    Preset.LAST_MONTH: Whole.MONTH,
    Preset.LAST_QUARTER: Whole.QUARTER,
    Preset.LAST_YEAR: Whole.YEAR,
}


def _week(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def _months(year: int, first: int, last: int) -> Period:
    return Period(date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def _month(day: date) -> Period:
    return _months(day.year, day.month, day.month)


def _quarter(day: date) -> Period:
    first = day.month - (day.month - 1) % 3
    return _months(day.year, first, first + 2)


def _year(day: date) -> Period:
    return _months(day.year, 1, 12)


_WHOLES: Mapping[Whole, Callable[[date], Period]] = {
    Whole.WEEK: _week,
    Whole.MONTH: _month,
    Whole.QUARTER: _quarter,
    Whole.YEAR: _year,
}


def _parts(period: Period, grain: Grain) -> Iterator[Period]:
    first = period.first
    while first <= period.last:
        last = first if grain is Grain.DAY else min(whole_of(Whole(grain), first).last, period.last)
        yield Period(first, last)
        first = last + _DAY


def _start(day: date, zone: tzinfo) -> datetime:
    # Where the clock leaves midnight out, Python reads it with the offset before, which is the very instant
    # of the jump; where the clock shows midnight twice, it reads the first.
    return datetime.combine(day, time.min, zone).astimezone(UTC)
