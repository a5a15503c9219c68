"""The scores against a second set of formulas on 10,000 random data sets, and what is built on the scores.

The second set is written from DOMAIN.md; it shares only the names of the metrics with the first.
"""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import isclose, sqrt
from random import Random
from statistics import variance
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import Change, change, contrast, exact, minus, needed, plus, score

Ends = tuple[float, float] | None

DATA_SETS = 10_000
MOST_ANSWERS = 400
Z = 1.959964

CSAT, NKI, NPS = Metric.CSAT, Metric.NKI, Metric.NPS


class Rules(NamedTuple):
    """A metric as DOMAIN.md has it; its headline decides the formulas."""

    ratings: range
    good: range
    bad: range
    headline: str


RULES = {
    NPS: Rules(range(11), range(9, 11), range(7), "net share"),
    CSAT: Rules(range(1, 6), range(4, 6), range(1, 3), "share"),
    Metric.CES: Rules(range(1, 8), range(1, 4), range(5, 8), "mean"),
    Metric.CES_EASE: Rules(range(1, 8), range(5, 8), range(1, 4), "mean"),
    NKI: Rules(range(3, 31), range(0), range(0), "index"),
    Metric.SOLVED: Rules(range(1, 4), range(3, 4), range(1, 2), "share"),
    Metric.TREATMENT: Rules(range(1, 6), range(4, 6), range(1, 3), "share"),
    Metric.COMPETENCE: Rules(range(1, 6), range(4, 6), range(1, 3), "share"),
}


class Answers:
    """The second set of formulas, over one list of answers to one question."""

    def __init__(self, metric: Metric, ratings: list[int]) -> None:
        self.metric, self.ratings, self.rules = metric, ratings, RULES[metric]
        self.n = len(ratings)
        self.good = sum(rating in self.rules.good for rating in ratings)
        self.bad = sum(rating in self.rules.bad for rating in ratings)
        self.tally = Counter(ratings)

    @property
    def mean(self) -> Fraction:
        """Of the ratings, for NKI of the three questions."""
        return Fraction(sum(self.ratings), self.n * (3 if self.metric == NKI else 1))

    @property
    def value(self) -> Fraction:
        match self.rules.headline:
            case "net share":
                return 100 * (Fraction(self.good, self.n) - Fraction(self.bad, self.n))
            case "share":
                return 100 * Fraction(self.good, self.n)
            case "index":
                return (self.mean - 1) / 9 * 100
        return self.mean

    @property
    def ends(self) -> Ends:
        match self.rules.headline:
            case "net share":
                centre, variance_of_one = self.adjusted()
                return around(centre, Z * sqrt(variance_of_one / (self.n + 3)), -100, 100)
            case "share":
                return self.wilson()
        if self.spread is None:
            return None
        lowest, highest = (0, 100) if self.metric == NKI else (1, 7)
        return around(float(self.value), t_quantile(self.n - 1) * sqrt(self.spread), lowest, highest)

    @property
    def spread(self) -> float | None:
        """The squared standard error of a mean, in the headline's unit."""
        if len(self.tally) < 2:
            return None
        unit = 100 / 27 if self.metric == NKI else 1
        return variance(self.ratings) * unit**2 / self.n

    def adjusted(self) -> tuple[float, float]:
        """The net share as if 3 more had answered, and the variance of one such answer."""
        n = self.n + 3
        p, d = (self.good + 0.75) / n, (self.bad + 0.75) / n
        return 100 * (p - d), 100**2 * (p + d - (p - d) ** 2)

    def wilson(self) -> tuple[float, float]:
        """By its textbook form, in per cent."""
        p, n = self.good / self.n, self.n
        centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
        return 100 * (centre - half), 100 * (centre + half)


def around(centre: float, half: float, lowest: float, highest: float) -> tuple[float, float]:
    return max(lowest, centre - half), min(highest, centre + half)


def ends_of_change(before: Answers, after: Answers) -> Ends:
    moved = float(after.value - before.value)
    match before.rules.headline:
        case "net share":
            squares = before.adjusted()[1] / before.n + after.adjusted()[1] / after.n
            return around(moved, Z * sqrt(squares), -200, 200)
        case "share":
            return newcombe(before, after)
    a, b = before.spread, after.spread
    if a is None or b is None:
        return None
    degrees = (a + b) ** 2 / (a**2 / (before.n - 1) + b**2 / (after.n - 1))
    width = 100 if before.metric == NKI else 6
    return around(moved, t_quantile(degrees) * sqrt(a + b), -width, width)


def newcombe(before: Answers, after: Answers) -> tuple[float, float]:
    p1, p2 = float(after.value), float(before.value)
    (l1, u1), (l2, u2) = after.wilson(), before.wilson()
    low = p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    high = p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return max(low, -100.0), min(high, 100.0)


@cache
def t_quantile(degrees_of_freedom: float) -> float:
    return float(stats.t.ppf(0.975, degrees_of_freedom))


def data_sets() -> Iterator[tuple[Metric, list[list[int]]]]:
    """Of each metric as many, half of them small; some lopsided, some with few different ratings."""
    chance = Random(20261122)
    for metric, rules in RULES.items():
        yield metric, [random_ratings(chance, rules.ratings) for _ in range(DATA_SETS // len(RULES))]


def random_ratings(chance: Random, ratings: range) -> list[int]:
    given = chance.sample(ratings, chance.randint(1, len(ratings)))
    weights = [chance.random() ** 3 for _ in given]
    size = chance.randint(0, chance.choice([12, MOST_ANSWERS]))
    return chance.choices(given, weights, k=size)


def is_close(ours: float | None, theirs: float | Fraction | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-8)


def are_close(low: float | None, high: float | None, theirs: Ends) -> bool:
    theirs_low, theirs_high = theirs or (None, None)
    return is_close(low, theirs_low) and is_close(high, theirs_high)


def check_score(theirs: Answers) -> None:
    metric, headline = theirs.metric, theirs.rules.headline
    ours = score(metric, theirs.tally)
    if theirs.n == 0:
        assert ours is None
        assert exact(metric, theirs.tally) is None
        return
    assert ours is not None
    assert (ours.metric, ours.n) == (metric, theirs.n)
    assert exact(metric, theirs.tally) == theirs.value
    assert is_close(ours.value, theirs.value)
    assert are_close(ours.low, ours.high, theirs.ends), (metric, theirs.tally)
    assert is_close(ours.mean, None if metric in (NPS, Metric.SOLVED) else theirs.mean)
    groups = (theirs.good, theirs.n - theirs.good - theirs.bad, theirs.bad)
    assert (ours.favourable, ours.neutral, ours.unfavourable) == (
        (None, None, None) if headline == "index" else groups
    )


def check_change(before: Answers, after: Answers) -> None:
    ours = change(before.metric, before.tally, after.tally)
    if not (before.n and after.n):
        assert ours == Change(None, None, None, is_demonstrable=False)
        return
    ends = ends_of_change(before, after)
    assert is_close(ours.difference, after.value - before.value)
    assert are_close(ours.low, ours.high, ends), (before.metric, before.tally, after.tally)
    assert ours.is_demonstrable == (ends is not None and not ends[0] <= 0 <= ends[1])


def test_scores_and_changes_equal_a_second_set_of_formulas_on_10_000_data_sets() -> None:
    sizes: list[int] = []
    for metric, lists in data_sets():
        answers = [Answers(metric, ratings) for ratings in lists]
        for each in answers:
            check_score(each)
        for before, after in pairwise(answers):
            check_change(before, after)
        sizes += [each.n for each in answers]
    assert len(sizes) == DATA_SETS
    assert {0, 1, 2, MOST_ANSWERS} <= set(sizes)


metrics_with_tallies = st.sampled_from(list(SCALES)).flatmap(
    lambda metric: st.tuples(
        st.just(metric),
        st.lists(st.dictionaries(st.sampled_from(SCALES[metric].sums), st.integers(0, 30)), max_size=4),
    )
)


@given(metrics_with_tallies)
def test_the_score_of_groups_together_is_their_mean_weighted_by_answers(
    case: tuple[Metric, list[dict[int, int]]],
) -> None:
    metric, tallies = case
    whole = plus(*tallies)
    n = sum(whole.values())
    scores = [(exact(metric, tally), sum(tally.values())) for tally in tallies]
    weighted = sum((value * people for value, people in scores if value is not None), Fraction())
    assert exact(metric, whole) == (weighted / n if n else None)


@pytest.mark.parametrize("metric", Metric)
def test_nobody_has_no_exact_score(metric: Metric) -> None:
    assert exact(metric, {}) is None


def test_an_exact_score_is_a_fraction_that_no_float_can_hold() -> None:
    assert exact(NPS, {10: 80, 7: 20, 3: 40}) == Fraction(200, 7)
    assert exact(NKI, {21: 1, 28: 1, 13: 1, 22: 1}) == Fraction(200, 3)


@given(metrics_with_tallies)
def test_what_is_added_can_be_taken_away_again(case: tuple[Metric, list[dict[int, int]]]) -> None:
    part, rest = plus(*case[1][:1]), plus(*case[1][1:])
    assert minus(plus(part, rest), part) == rest
    assert 0 not in plus(part, rest).values()


def test_a_tally_without_itself_is_empty_and_ratings_that_nobody_gave_are_dropped() -> None:
    assert minus({5: 3, 4: 0}, {5: 3, 1: 0}) == {}
    assert plus({5: 0}, {4: 2}, {4: 1}) == {4: 3}
    assert plus() == {}


@pytest.mark.parametrize("part", [{5: 4}, {5: 1, 4: 1}])
def test_what_is_not_within_the_whole_cannot_be_taken_away(part: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="more than the whole has"):
        minus({5: 3}, part)


def test_adding_and_taking_away_leave_the_tallies_as_they_were() -> None:
    whole, part = {5: 3, 4: 2}, {5: 1}
    plus(whole, part)
    minus(whole, part)
    assert (whole, part) == ({5: 3, 4: 2}, {5: 1})


def test_a_part_is_contrasted_with_the_rest_and_not_with_the_whole() -> None:
    part, rest = {5: 30, 1: 70}, {5: 80, 1: 20}
    found = contrast(CSAT, plus(part, rest), part)
    assert found == change(CSAT, rest, part)
    assert (found.difference, found.is_demonstrable) == (-50, True)


def test_a_part_like_the_rest_is_not_distinguishable_from_the_average() -> None:
    assert not contrast(CSAT, {5: 80, 1: 20}, {5: 9, 1: 1}).is_demonstrable


@pytest.mark.parametrize("part", [{}, {5: 50, 1: 50}])
def test_nothing_is_contrasted_with_nobody(part: dict[int, int]) -> None:
    unknown = Change(None, None, None, is_demonstrable=False)
    assert contrast(CSAT, {5: 50, 1: 50}, part) == unknown


def test_a_part_of_something_else_cannot_be_contrasted() -> None:
    with pytest.raises(ValueError, match="more than the whole has"):
        contrast(CSAT, {5: 1}, {5: 2})


@pytest.mark.parametrize(
    ("n", "smallest", "days_so_far", "days"),
    [
        (7, 10, 9, 4),  # 3 more at 7 in 9 days: 3.86
        (5, 10, 7, 7),
        (9, 10, 90, 10),
        (9, 10, 1, 1),
        (10, 10, 30, 0),
        (11, 10, 0, 0),
        (0, 10, 30, None),
        (3, 10, 0, None),
    ],
)
def test_the_days_still_needed_follow_from_the_pace_so_far(
    n: int, smallest: int, days_so_far: int, days: int | None
) -> None:
    assert needed(n, smallest, days_so_far) == days
