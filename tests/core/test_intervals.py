"""The intervals against scipy, against plain definitions and against published figures."""

from collections.abc import Callable
from fractions import Fraction
from math import inf, sqrt
from statistics import mean, pvariance, variance

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from surveyapp.core.intervals import (
    Interval,
    Sample,
    Z,
    adjusted_wald,
    net_share,
    net_share_change,
    newcombe,
    student,
    t_quantile,
    welch,
    wilson,
)

Part = tuple[int, int]

LIKE_SCIPY = 1e-9
LIKE_SCIPYS_Z = 1e-6  # scipy's normal quantile has more than our six decimals

verdicts = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=60)
ratings = st.lists(st.integers(1, 7), min_size=1, max_size=40)
parts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def grouped(verdicts: list[int]) -> Sample:
    """A sample of -1, 0 and 1 for the groups."""
    return Sample(len(verdicts), Fraction(0), Fraction(0), verdicts.count(1), verdicts.count(-1))


def shared(part: int, n: int) -> Sample:
    return Sample(n, Fraction(0), Fraction(0), part, 0)


def rated(ratings: list[int]) -> Sample:
    exact = [Fraction(rating) for rating in ratings]
    return Sample(len(exact), mean(exact), variance(exact) if len(exact) > 1 else Fraction(0), 0, 0)


def adjusted_variance(verdicts: list[int]) -> float:
    n = len(verdicts) + 3
    p, d = (verdicts.count(1) + 0.75) / n, (verdicts.count(-1) + 0.75) / n
    return p + d - (p - d) ** 2


@given(st.floats(1, 1e6) | st.floats(1, 150) | st.integers(1, 1_000_000))
@example(1)
@example(1 + 1e-15)
@example(99.999999)
@example(100)
@example(1e6)
def test_the_t_quantile_is_scipys(degrees_of_freedom: float) -> None:
    assert t_quantile(degrees_of_freedom) == pytest.approx(
        stats.t.ppf(0.975, degrees_of_freedom), rel=LIKE_SCIPY, abs=0
    )


def test_the_t_quantile_is_scipys_for_every_small_sample() -> None:
    degrees = range(1, 400)
    assert [t_quantile(v) for v in degrees] == pytest.approx(
        list(stats.t.ppf(0.975, degrees)), rel=LIKE_SCIPY, abs=0
    )


@given(st.floats(1, 1e6), st.floats(1e-3, 10))
def test_more_degrees_of_freedom_never_widen(degrees_of_freedom: float, more: float) -> None:
    narrower = t_quantile(degrees_of_freedom * (1 + more))
    assert t_quantile(inf) <= narrower < t_quantile(degrees_of_freedom)


@given(parts)
@example((0, 1))
@example((1, 1))
def test_wilsons_interval_is_scipys(part: Part) -> None:
    theirs = stats.binomtest(*part).proportion_ci(method="wilson")
    assert wilson(*part) == pytest.approx((theirs.low, theirs.high), abs=LIKE_SCIPYS_Z)


@given(parts)
def test_wilsons_ends_lie_z_standard_errors_from_the_share(part: Part) -> None:
    k, n = part
    for end in wilson(k, n):
        assert (Fraction(k, n) - end) ** 2 == pytest.approx(Z * Z * end * (1 - end) / n, abs=1e-12)


@given(parts)
def test_wilsons_interval_contains_the_share_within_0_and_1(part: Part) -> None:
    low, high = wilson(*part)
    assert 0 <= low <= Fraction(*part) <= high <= 1


@given(parts)
def test_wilsons_interval_of_the_others_is_the_mirror_image(part: Part) -> None:
    k, n = part
    low, high = wilson(k, n)
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-15)


def test_wilsons_interval_of_none_and_of_all_ends_exactly_at_0_and_1() -> None:
    for n in range(1, 300):
        assert wilson(0, n).low == 0
        assert wilson(n, n).high == 1


@given(verdicts)
def test_the_adjusted_wald_interval_is_the_plain_one_with_three_more_answers(verdicts: list[int]) -> None:
    # In quarters: each answer weighs four, the added three are 3/4 a promoter, 3/4 a detractor, 3/2 between.
    adjusted = [Fraction(verdict) for verdict in verdicts * 4 + [1] * 3 + [0] * 6 + [-1] * 3]
    half_width = Z * sqrt(pvariance(adjusted) / (len(verdicts) + 3))
    centre = float(mean(adjusted))
    assert adjusted_wald(grouped(verdicts)) == pytest.approx((centre - half_width, centre + half_width))


@given(verdicts.filter(lambda verdicts: len(verdicts) > 1))
def test_the_adjusted_wald_interval_of_two_or_more_contains_the_net_share(verdicts: list[int]) -> None:
    low, high = adjusted_wald(grouped(verdicts))
    assert low <= net_share(grouped(verdicts)) <= high


def test_the_adjusted_wald_interval_of_one_promoter_stops_short_of_100() -> None:
    assert adjusted_wald(grouped([1])).high == pytest.approx(0.98499, abs=1e-5)


@given(verdicts)
def test_promoters_turned_detractors_mirror_the_interval(verdicts: list[int]) -> None:
    low, high = adjusted_wald(grouped(verdicts))
    assert adjusted_wald(grouped([-verdict for verdict in verdicts])) == pytest.approx((-high, -low))


@given(ratings.filter(lambda ratings: len(set(ratings)) > 1))
def test_the_interval_of_a_mean_is_scipys(ratings: list[int]) -> None:
    theirs = stats.ttest_1samp(ratings, 0).confidence_interval(0.95)
    assert student(rated(ratings)) == pytest.approx((theirs.low, theirs.high), rel=LIKE_SCIPY)


@given(st.integers(1, 7), st.integers(1, 30))
def test_one_answer_or_equal_answers_give_a_mean_no_interval(rating: int, n: int) -> None:
    assert student(rated([rating] * n)) is None
    assert welch(rated([rating] * n), rated([1, 2])) is None
    assert welch(rated([1, 2]), rated([rating] * n)) is None


@given(*[ratings.filter(lambda ratings: len(set(ratings)) > 1)] * 2)
def test_the_interval_of_two_means_is_scipys(before: list[int], after: list[int]) -> None:
    theirs = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    assert welch(rated(before), rated(after)) == pytest.approx(
        (theirs.low, theirs.high), rel=LIKE_SCIPY, abs=1e-12
    )


@pytest.mark.parametrize(
    ("after", "before", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_interval_of_two_shares_is_the_one_that_newcombe_printed(
    after: Part, before: Part, low: float, high: float
) -> None:
    assert newcombe(shared(*before), shared(*after)) == pytest.approx((low, high), abs=5e-5)


@given(parts, parts)
def test_the_interval_of_two_shares_contains_their_difference_within_minus_1_and_1(
    before: Part, after: Part
) -> None:
    low, high = newcombe(shared(*before), shared(*after))
    assert -1 - 1e-12 <= low <= Fraction(*after) - Fraction(*before) <= high <= 1 + 1e-12


@given(verdicts, verdicts)
def test_a_net_share_moves_by_the_plain_difference_with_adjusted_variances(
    before: list[int], after: list[int]
) -> None:
    error = sqrt(adjusted_variance(before) / len(before) + adjusted_variance(after) / len(after))
    low, high = net_share_change(grouped(before), grouped(after))
    assert (low + high) / 2 == pytest.approx(mean(after) - mean(before), abs=1e-12)
    assert high - low == pytest.approx(2 * Z * error)


@pytest.mark.parametrize(
    ("change", "samples"),
    [
        (net_share_change, verdicts.map(grouped)),
        (newcombe, verdicts.map(grouped)),
        (welch, ratings.filter(lambda ratings: len(set(ratings)) > 1).map(rated)),
    ],
)
@given(data=st.data())
def test_a_change_the_other_way_round_is_the_mirror_image(
    change: Callable[[Sample, Sample], Interval],
    samples: st.SearchStrategy[Sample],
    data: st.DataObject,
) -> None:
    before, after = data.draw(samples), data.draw(samples)
    low, high = change(before, after)
    assert change(after, before) == pytest.approx((-high, -low), abs=1e-12)
