"""The limits of a funnel plot against scipy and worked by hand."""

from collections.abc import Mapping
from math import sqrt
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from surveyapp.core.control import Z95, Z998, Limits, Place, limits, place
from surveyapp.core.scales import SCALES, Metric

CSAT, CES, NKI, NPS, OPEN = Metric.CSAT, Metric.CES, Metric.NKI, Metric.NPS, Metric.OPEN
FAVOURABLE = {CSAT: (4, 5), Metric.SOLVED: (3,), Metric.TREATMENT: (4, 5), Metric.COMPETENCE: (4, 5)}
EIGHTY_PER_CENT = {5: 600, 4: 200, 3: 50, 1: 150}


def says(metric: Metric, rating: int) -> float:
    """What one answer is in the unit of the headline."""
    if metric in FAVOURABLE:
        return 100.0 * (rating in FAVOURABLE[metric])
    if metric == NPS:
        return 100.0 * ((rating >= 9) - (rating <= 6))
    return (rating / 3 - 1) / 9 * 100 if metric == NKI else float(rating)


def test_the_quantiles_leave_5_per_cent_and_2_in_a_thousand_outside() -> None:
    assert stats.norm.cdf(Z95) == pytest.approx(0.975, abs=1e-7)
    assert stats.norm.cdf(Z998) == pytest.approx(0.999, abs=1e-7)


def test_at_100_answers_80_per_cent_satisfied_reach_from_72_16_to_87_84() -> None:
    # sqrt(0.8 * 0.2 / 100) is 4 points.
    (at,) = limits(CSAT, EIGHTY_PER_CENT, [100])
    assert at.n == 100
    assert (at.low95, at.high95) == pytest.approx((80 - 4 * 1.959964, 80 + 4 * 1.959964))
    assert (at.low998, at.high998) == pytest.approx((80 - 4 * 3.090232, 80 + 4 * 3.090232))


def test_the_limits_of_nps_take_the_variance_of_its_three_groups() -> None:
    # 50 % promoters, 20 % detractors: 0.5 + 0.2 - 0.3 ** 2 = 0.61.
    (at,) = limits(NPS, {10: 50, 8: 30, 6: 20}, [400])
    width = 1.959964 * 100 * sqrt(0.61 / 400)
    assert (at.low95, at.high95) == pytest.approx((30 - width, 30 + width))


def test_the_limits_of_a_mean_take_the_deviation_of_its_ratings() -> None:
    (at,) = limits(CES, {2: 50, 4: 50}, [25])
    assert (at.low998, at.high998) == pytest.approx((3 - 3.090232 / 5, 3 + 3.090232 / 5))


def test_the_limits_stop_at_the_ends_of_the_scale() -> None:
    (at,) = limits(CSAT, EIGHTY_PER_CENT, [1])
    assert at.low95 == pytest.approx(1.60144)
    assert (at.high95, at.low998, at.high998) == (100, 0, 100)
    assert limits(NPS, {10: 1, 0: 1}, [1]) == [Limits(1, -100, 100, -100, 100)]
    assert limits(CES, {1: 1, 7: 1}, [1]) == [Limits(1, 1, 7, 1, 7)]
    assert limits(NKI, {3: 1, 30: 1}, [1]) == [Limits(1, 0, 100, 0, 100)]


def test_where_all_agree_the_funnel_is_a_line() -> None:
    assert limits(CES, {3: 7}, [1, 50]) == [Limits(1, 3, 3, 3, 3), Limits(50, 3, 3, 3, 3)]


@pytest.mark.parametrize(("metric", "everybody"), [(CSAT, {}), (CSAT, {5: 0}), (OPEN, {})])
def test_there_are_no_limits_around_nobody(metric: Metric, everybody: Mapping[int, int]) -> None:
    assert limits(metric, everybody, [10]) == []


@pytest.mark.parametrize(
    ("satisfied", "where"),
    [
        (80, Place.WITHIN),
        (73, Place.WITHIN),
        (87, Place.WITHIN),
        (72, Place.OUTSIDE_95),
        (88, Place.OUTSIDE_95),
        (68, Place.OUTSIDE_95),
        (67, Place.OUTSIDE_998),
        (93, Place.OUTSIDE_998),
    ],
)
def test_100_answers_lie_where_their_limits_say(satisfied: int, where: Place) -> None:
    assert place(CSAT, EIGHTY_PER_CENT, {4: satisfied, 2: 100 - satisfied}) == where


def test_a_low_share_of_few_answers_lies_within() -> None:
    assert place(CSAT, EIGHTY_PER_CENT, {4: 3, 2: 2}) == Place.WITHIN


def test_nobody_lies_within_and_so_does_everybody() -> None:
    assert place(CSAT, EIGHTY_PER_CENT, {}) == place(CSAT, {}, {5: 1}) == Place.WITHIN
    assert place(CSAT, EIGHTY_PER_CENT, EIGHTY_PER_CENT) == place(CES, {3: 7}, {3: 2}) == Place.WITHIN


@given(st.sampled_from(list(SCALES)), st.integers(1, 5000), st.data())
def test_the_limits_are_the_normal_ones_of_what_each_answer_says(
    metric: Metric, n: int, data: st.DataObject
) -> None:
    answers = data.draw(st.lists(st.sampled_from(SCALES[metric].sums), min_size=1, max_size=40))
    (at,) = limits(metric, {rating: answers.count(rating) for rating in answers}, [n])
    said = [says(metric, rating) for rating in answers]
    ends = [says(metric, rating) for rating in SCALES[metric].sums]
    normal = stats.norm(fmean(said), max(pstdev(said), 1e-12) / sqrt(n))
    ours = (at.low95, at.high95, at.low998, at.high998)
    theirs = [min(max(normal.ppf(q), min(ends)), max(ends)) for q in (0.025, 0.975, 0.001, 0.999)]
    assert ours == pytest.approx(theirs, abs=1e-4)
