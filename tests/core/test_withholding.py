"""Withholding: worked examples, an attack by linear algebra on all that is shown, and decisions that stay."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from surveyapp.core.periods import Grain, Period, Whole, parts, whole_of
from surveyapp.core.withholding import Why, withheld_cells, withheld_totals

YEAR = whole_of(Whole.YEAR, date(2026, 1, 1))
MONTHS = parts(YEAR, Grain.MONTH)
QUARTERS = [whole_of(Whole.QUARTER, date(2026, month, 1)) for month in (1, 4, 7, 10)]
JANUARY, FEBRUARY, MARCH = MONTHS[:3]
SPRING = QUARTERS[0]

# Withholding by sums of one period alone lets one cell of this follow from the others.
ENTANGLED = [
    [9, 4, 5, 0],
    [0, 2, 7, 7],
    [9, 4, 2, 6],
    [0, 2, 0, 5],
    [7, 9, 3, 9],
    [8, 1, 9, 5],
    [9, 9, 10, 8],
    [0, 0, 0, 9],
    [4, 9, 10, 10],
    [11, 0, 12, 5],
    [3, 6, 8, 0],
    [12, 1, 3, 5],
]

Counts = Mapping[Period, Mapping[str | None, int]]


@dataclass(frozen=True)
class Data:
    """A year's beginning: answers by month and value, and the same answers by day."""

    months: Counts
    per_day: Mapping[date, int]

    @property
    def periods(self) -> list[Period]:
        last = max(self.months).last
        weeks = {whole_of(Whole.WEEK, day.first) for day in parts(Period(YEAR.first, last), Grain.DAY)}
        return [period for period in [*weeks, *MONTHS, *QUARTERS, YEAR] if period.last <= last]

    def until(self, months: int) -> "Data":
        kept = dict(list(self.months.items())[:months])
        last = max(kept).last
        return Data(kept, {day: n for day, n in self.per_day.items() if day <= last})


def spread(rows: list[list[int]], seed: int) -> Data:
    """One row per month, in it the count of each value; the answers fall on random days of their month."""
    random, days = Random(seed), Counter[date]()
    names = (None, "north", "south", "west")
    for month, row in zip(MONTHS, rows, strict=False):
        days.update(month.first + timedelta(days=random.randrange(month.days)) for _ in range(sum(row)))
    months = {
        month: {name: n for name, n in zip(names, row, strict=False) if n}
        for month, row in zip(MONTHS, rows, strict=False)
    }
    return Data(months, days)


@st.composite
def data(draw: st.DrawFn, most_months: int = 12) -> Data:
    values = draw(st.integers(2, 4))
    counts = st.lists(st.integers(0, 12) | st.integers(0, 3), min_size=values, max_size=values)
    rows = draw(st.lists(counts, min_size=2, max_size=most_months))
    return spread(rows, draw(st.integers(0, 2**16)))


class Attacker:
    """Solves, exactly, for whatever follows from sums that are known."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, Fraction]] = {}

    def learn(self, sums: Mapping[int, int]) -> None:
        rest = self._rest(sums)
        if rest:
            pivot = min(rest)
            self._rows[pivot] = {name: factor / rest[pivot] for name, factor in rest.items()}

    def knows(self, sums: Mapping[int, int]) -> bool:
        return not self._rest(sums)

    def _rest(self, sums: Mapping[int, int]) -> dict[int, Fraction]:
        rest = {name: Fraction(factor) for name, factor in sums.items() if factor}
        while rest and min(rest) in self._rows:
            times = rest[min(rest)]
            for name, factor in self._rows[min(rest)].items():
                rest[name] = rest.get(name, Fraction(0)) - times * factor
            rest = {name: factor for name, factor in rest.items() if factor}
        return rest


class View:
    """The unknowns behind all figures: days in pieces of week and month, and each value in each month."""

    def __init__(self, data: Data) -> None:
        self._data = data
        weeks = parts(Period(YEAR.first, max(data.months).last), Grain.WEEK)
        days = [piece for week in weeks for piece in parts(week, Grain.MONTH)]
        self._people = {piece: sum(n for day, n in data.per_day.items() if day in piece) for piece in days}
        cells = [(value, month) for month, row in data.months.items() for value in row]
        self._names: dict[object, int] = {name: place for place, name in enumerate([*days, *cells])}

    def total(self, period: Period) -> dict[int, int]:
        inside = [piece for piece, n in self._people.items() if n and period.contains(piece)]
        return {self._names[piece]: 1 for piece in inside}

    def cell(self, value: str | None, period: Period) -> dict[int, int]:
        months = [month for month, row in self._data.months.items() if value in row]
        return {self._names[value, month]: 1 for month in months if period.contains(month)}

    def column(self, month: Period) -> dict[int, int]:
        """All values of a month less its days: nothing, which everybody knows."""
        row = {self._names[value, month]: 1 for value in self._data.months[month]}
        return row | dict.fromkeys(self.total(month), -1)

    def small_groups(self, smallest: int) -> list[list[Period]]:
        few = [piece for piece, n in self._people.items() if 0 < n < smallest]
        groups = [list(group) for size in (1, 2, 3) for group in combinations(few, size)]
        return [group for group in groups if sum(self._people[piece] for piece in group) < smallest]


def wholes(data: Data) -> list[Period]:
    return [period for period in data.periods if period.whole is not Whole.WEEK]


def attacked(data: Data, smallest: int, *, with_cells: bool = True) -> tuple[View, Attacker]:
    """What somebody knows who has read every figure shown."""
    view, attacker = View(data), Attacker()
    totals = withheld_totals(data.per_day, data.periods, smallest)
    for period in set(data.periods) - totals.keys():
        attacker.learn(view.total(period))
    if with_cells:
        cells = withheld_cells(data.months, totals, smallest)
        for month in data.months:
            attacker.learn(view.column(month))
        for period in wholes(data):
            for value in {value for row in data.months.values() for value in row}:
                if (value, period) not in cells:
                    attacker.learn(view.cell(value, period))
    return view, attacker


@given(data=data(), smallest=st.integers(2, 6))
@example(data=spread(ENTANGLED, 1), smallest=6)
@settings(max_examples=60)
def test_no_withheld_figure_follows_from_all_that_is_shown(data: Data, smallest: int) -> None:
    view, attacker = attacked(data, smallest)
    totals = withheld_totals(data.per_day, data.periods, smallest)
    assert [period for period in totals if attacker.knows(view.total(period))] == []
    cells = withheld_cells(data.months, totals, smallest)
    assert [cell for cell in cells if attacker.knows(view.cell(*cell))] == []


@given(data=data(most_months=3), smallest=st.integers(3, 6))
@settings(max_examples=40)
def test_no_few_days_together_follow_from_the_totals_shown(data: Data, smallest: int) -> None:
    view, attacker = attacked(data, smallest, with_cells=False)
    found = [
        group
        for group in view.small_groups(smallest)
        if attacker.knows({name: 1 for piece in group for name in view.total(piece)})
    ]
    assert found == []


@given(data=data(), smallest=st.integers(2, 6), number=st.integers(1, 11))
@settings(max_examples=60)
def test_what_has_been_decided_stays_decided(data: Data, smallest: int, number: int) -> None:
    totals = withheld_totals(data.per_day, data.periods, smallest)
    cells = withheld_cells(data.months, totals, smallest)
    earlier = data.until(number)
    then = withheld_totals(earlier.per_day, earlier.periods, smallest)
    assert then == {period: why for period, why in totals.items() if period in earlier.periods}
    shown_then = withheld_cells(earlier.months, then, smallest)
    assert shown_then == {cell: why for cell, why in cells.items() if cell[1] in earlier.periods}


@given(data=data(), smallest=st.integers(2, 6))
@settings(max_examples=40)
def test_fewer_than_the_smallest_number_never_show_a_score_and_nobody_at_all_is_no_secret(
    data: Data, smallest: int
) -> None:
    totals = withheld_totals(data.per_day, data.periods, smallest)
    for period in data.periods:
        n = sum(n for day, n in data.per_day.items() if day in period)
        assert (totals.get(period) is Why.FEW) == (0 < n < smallest)
        assert n or period not in totals
    cells = withheld_cells(data.months, totals, smallest)
    for period in wholes(data):
        inside = [row for month, row in data.months.items() if period.contains(month)]
        for value in {value for row in inside for value in row}:
            n = sum(row.get(value, 0) for row in inside)
            assert (cells.get((value, period)) is Why.FEW) == (0 < n < smallest)


def cells_of(rows: list[dict[str | None, int]], smallest: int = 5) -> dict[tuple[str | None, Period], Why]:
    months = dict(zip(MONTHS, rows, strict=False))
    per_day = {month.first: sum(row.values()) for month, row in months.items()}
    periods = [*months, *(quarter for quarter in QUARTERS if quarter.last <= max(months).last)]
    return withheld_cells(months, withheld_totals(per_day, periods, smallest), smallest)


def test_where_every_group_is_large_all_is_shown() -> None:
    assert cells_of([{"north": 9, "south": 8}, {"north": 7, None: 6}, {"south": 5}]) == {}


def test_one_small_cell_hides_the_smallest_beside_it() -> None:
    found = cells_of([{"north": 3, "south": 20, "west": 8}])
    assert found == {("north", JANUARY): Why.FEW, ("west", JANUARY): Why.PROTECTS}


def test_two_small_cells_hide_each_other_when_together_they_are_enough() -> None:
    found = cells_of([{"north": 3, "south": 2, "west": 8}])
    assert found == {("north", JANUARY): Why.FEW, ("south", JANUARY): Why.FEW}


def test_two_small_cells_need_a_third_when_together_they_are_too_few() -> None:
    found = cells_of([{"north": 2, "south": 2, "west": 8, "east": 9}])
    assert found[("west", JANUARY)] is Why.PROTECTS
    assert ("east", JANUARY) not in found


def test_a_quarter_is_not_shown_where_it_would_tell_of_its_one_withheld_month() -> None:
    found = cells_of(
        [{"north": 3, "south": 20, "west": 9}, {"north": 9, "south": 9}, {"north": 9, "south": 9}]
    )
    assert found[("north", SPRING)] is Why.PROTECTS
    assert found[("west", SPRING)] is Why.PROTECTS
    assert ("south", SPRING) not in found
    assert not {period for _, period in found} & {FEBRUARY, MARCH}


def test_a_value_without_withheld_months_shows_its_quarter() -> None:
    found = cells_of([{"north": 3, "west": 9}, {"south": 9}, {"south": 9, "west": 20}])
    assert ("south", SPRING) not in found


def test_where_the_total_is_withheld_every_cell_is() -> None:
    found = cells_of([{"north": 9, "south": 9}, {"north": 3, "south": 1}])
    assert found == {("north", FEBRUARY): Why.FEW, ("south", FEBRUARY): Why.FEW}


def test_a_month_that_would_tell_of_a_small_week_by_subtraction_is_withheld() -> None:
    # June 2026 starts on a Monday, so that its four first weeks lie within it and leave two days over.
    june = MONTHS[5]
    weeks = [week for week in parts(june, Grain.WEEK) if week.whole is Whole.WEEK]
    per_day = {week.first: 10 for week in weeks} | {june.last: 2}
    assert withheld_totals(per_day, [*weeks, june], 5) == {june: Why.PROTECTS}
    assert withheld_totals(per_day | {june.last: 5}, [*weeks, june], 5) == {}


def test_a_month_less_its_whole_weeks_must_not_leave_a_few_at_both_its_ends() -> None:
    # April 2026 has two halves of weeks: neither can be worked out, but both together could.
    april = MONTHS[3]
    weeks = [week for week in parts(april, Grain.WEEK) if week.whole is Whole.WEEK]
    per_day = {week.first: 10 for week in weeks} | {april.first: 2, april.last: 2}
    assert withheld_totals(per_day, [*weeks, april], 5) == {april: Why.PROTECTS}
    assert withheld_totals(per_day | {april.last: 3}, [*weeks, april], 5) == {}


def test_a_quarter_is_withheld_where_it_would_tell_of_its_one_small_month() -> None:
    per_day = {JANUARY.first: 10, FEBRUARY.first: 2, MARCH.first: 10}
    found = withheld_totals(per_day, [JANUARY, FEBRUARY, MARCH, SPRING], 5)
    assert found == {FEBRUARY: Why.FEW, SPRING: Why.PROTECTS}
