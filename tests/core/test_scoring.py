"""Scores: the worked examples of DOMAIN.md, and tallies against lists of answers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import mean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from surveyapp.core.errors import RatingNotOnScaleError
from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.core.scoring import Change, Score, Share, change, favourable_share, is_withheld, rounded, score

Tally = Mapping[int, int]
Case = tuple[Metric, list[int]]
TwoPeriods = tuple[Metric, list[int], list[int]]

NPS, CSAT, CES, CES_EASE, NKI = Metric.NPS, Metric.CSAT, Metric.CES, Metric.CES_EASE, Metric.NKI
SOLVED, TREATMENT, COMPETENCE = Metric.SOLVED, Metric.TREATMENT, Metric.COMPETENCE
SHARES = {CSAT: (4, 5), SOLVED: (3,), TREATMENT: (4, 5), COMPETENCE: (4, 5)}
BOUNDS = {NPS: (-100, 100), CES: (1, 7), CES_EASE: (1, 7), NKI: (0, 100)}
BOUNDS |= dict.fromkeys(SHARES, (0, 100))

rated_metrics = st.sampled_from(list(SCALES))


def answers_of(metric: Metric, least: int = 1, most: int = 40) -> st.SearchStrategy[list[int]]:
    return st.lists(st.sampled_from(SCALES[metric].sums), min_size=least, max_size=most)


metrics_with_answers = rated_metrics.flatmap(lambda m: st.tuples(st.just(m), answers_of(m)))
metrics_with_two_periods = rated_metrics.flatmap(
    lambda m: st.tuples(st.just(m), answers_of(m), answers_of(m))
)


def figure(metric: Metric, answers: list[int]) -> Fraction:
    """The headline by its plain definition over a list of answers."""
    if metric == NPS:
        return Fraction(sum(a >= 9 for a in answers) - sum(a <= 6 for a in answers), len(answers)) * 100
    if metric in SHARES:
        return Fraction(sum(a in SHARES[metric] for a in answers), len(answers)) * 100
    average = mean(Fraction(a) for a in answers)
    return (average / 3 - 1) / 9 * 100 if metric == NKI else average


def mirrored(metric: Metric, tally: Tally) -> dict[int, int]:
    ends = SCALES[metric].sums[0] + SCALES[metric].sums[-1]
    return {ends - rating: people for rating, people in tally.items()}


def scored(metric: Metric, tally: Tally) -> Score:
    result = score(metric, tally)
    assert result is not None
    return result


def ends(figure: Score | Share | Change) -> tuple[float, float]:
    assert figure.low is not None
    assert figure.high is not None
    return figure.low, figure.high


def shown_ends(figure: Score | Share | Change, decimals: int) -> tuple[str, str]:
    low, high = ends(figure)
    return str(rounded(low, decimals)), str(rounded(high, decimals))


def share_of(metric: Metric, tally: Tally) -> Share:
    share = favourable_share(scored(metric, tally))
    assert share is not None
    return share


def test_241_satisfied_of_289_is_83_per_cent() -> None:
    csat = scored(CSAT, {5: 200, 4: 41, 3: 20, 2: 8, 1: 20})
    assert csat.value == 24100 / 289
    assert (csat.n, csat.favourable, csat.neutral, csat.unfavourable) == (289, 241, 20, 28)
    assert rounded(csat.value) == 83


def test_80_promoters_20_passives_40_detractors_show_as_29_not_28() -> None:
    nps = scored(NPS, {10: 80, 7: 20, 3: 40})
    assert (nps.favourable, nps.neutral, nps.unfavourable, nps.mean) == (80, 20, 40, None)
    assert nps.value == 200 / 7
    assert rounded(nps.value) == 29
    assert rounded(100 * 80 / nps.n) - rounded(100 * 40 / nps.n) == 28


@given(st.integers(1, 10_000))
def test_50_40_10_per_cent_is_an_nps_of_40_whatever_n(tenth: int) -> None:
    assert scored(NPS, {9: 5 * tenth, 8: 4 * tenth, 0: tenth}).value == 40


def test_nps_50_30_20_is_30_from_14_to_44() -> None:
    nps = scored(NPS, {10: 50, 8: 30, 6: 20})
    assert nps.value == 30
    assert shown_ends(nps, 2) == ("14.05", "44.20")


def test_nps_of_ten_promoters_is_100_from_47_50_and_stops_at_100() -> None:
    nps = scored(NPS, {9: 10})
    assert (nps.value, nps.high) == (100, 100)
    assert shown_ends(nps, 2) == ("47.50", "100.00")


def test_160_satisfied_of_200_is_80_from_73_9_to_85_0() -> None:
    csat = scored(CSAT, {4: 160, 2: 40})
    assert csat.value == 80
    assert shown_ends(csat, 1) == ("73.9", "85.0")


def test_ease_of_ten_answers_is_5_70_and_80_per_cent_found_it_easy() -> None:
    answers = Counter([7, 6, 7, 5, 4, 6, 7, 2, 6, 7])
    ease, easy = scored(CES_EASE, answers), share_of(CES_EASE, answers)
    assert ease.value == ease.mean == 5.7
    assert shown_ends(ease, 2) == ("4.53", "6.87")
    assert easy.percent == 80
    assert shown_ends(easy, 1) == ("49.0", "94.3")


def test_nki_of_four_complete_answers_is_66_67() -> None:
    nki = scored(NKI, Counter(sum(three) for three in [(8, 7, 6), (10, 9, 9), (5, 4, 4), (7, 8, 7)]))
    assert nki.value == 200 / 3
    assert nki.mean == 7
    assert (nki.favourable, nki.neutral, nki.unfavourable) == (None, None, None)
    assert favourable_share(nki) is None


def test_160_solved_of_200_are_80_per_cent_as_sure_as_160_satisfied_and_have_no_mean() -> None:
    solved, satisfied = scored(SOLVED, {3: 160, 2: 30, 1: 10}), scored(CSAT, {5: 160, 3: 30, 1: 10})
    assert (solved.value, solved.mean) == (80, None)
    assert (solved.favourable, solved.neutral, solved.unfavourable) == (160, 30, 10)
    assert ends(solved) == ends(satisfied)


@pytest.mark.parametrize("metric", [TREATMENT, COMPETENCE])
def test_quality_is_scored_as_satisfaction_is(metric: Metric) -> None:
    tally = {5: 200, 4: 41, 3: 20, 2: 8, 1: 20}
    assert replace(scored(metric, tally), metric=CSAT) == scored(CSAT, tally)


def test_a_high_mean_effort_is_bad_news() -> None:
    hard, easy = {7: 8, 6: 2}, {1: 8, 2: 2}
    assert SCALES[CES].better == Direction.LOWER
    assert scored(CES, hard).value > scored(CES, easy).value
    assert (share_of(CES, hard).percent, share_of(CES, easy).percent) == (0, 100)


def test_effort_and_ease_meet_in_the_share_that_found_it_easy() -> None:
    effort = {1: 5, 2: 3, 4: 2, 6: 1}
    assert share_of(CES, effort) == share_of(CES_EASE, mirrored(CES_EASE, effort))


@pytest.mark.parametrize("metric", Metric)
def test_a_score_of_nobody_is_no_score(metric: Metric) -> None:
    assert score(metric, {}) is None


@pytest.mark.parametrize("metric", SCALES)
def test_ratings_that_nobody_gave_are_no_score(metric: Metric) -> None:
    assert score(metric, dict.fromkeys(SCALES[metric].sums, 0)) is None


def test_an_answer_to_the_open_question_cannot_be_tallied() -> None:
    with pytest.raises(RatingNotOnScaleError, match="open has no ratings"):
        score(Metric.OPEN, {5: 1})


@pytest.mark.parametrize(
    ("metric", "tally"),
    [
        (NPS, {11: 1}),
        (NPS, {-1: 1}),
        (CSAT, {0: 3}),
        (CSAT, {6: 0}),
        (CES, {8: 1}),
        (CES_EASE, {0: 1}),
        (NKI, {2: 1}),
        (NKI, {31: 1}),
        (SOLVED, {0: 1}),
        (SOLVED, {4: 1}),
        (CSAT, {True: 1}),
        (CSAT, {4.0: 1}),
        (CSAT, {4.5: 1}),
        (CSAT, {"4": 1}),
        (CSAT, {None: 1}),
        (CSAT, {4: -1}),
        (CSAT, {4: True}),
        (CSAT, {4: 1.5}),
    ],
)
def test_what_nobody_can_have_answered_is_an_error_and_no_score(
    metric: Metric, tally: dict[Any, Any]
) -> None:
    with pytest.raises(RatingNotOnScaleError):
        score(metric, tally)
    with pytest.raises(RatingNotOnScaleError):
        change(metric, {5: 1}, tally)


def test_the_error_names_the_rating_the_metric_and_its_scale() -> None:
    with pytest.raises(RatingNotOnScaleError, match="A tally of nki goes from 3 to 30; 31 is not on it"):
        score(NKI, {31: 1})


@given(metrics_with_answers)
def test_a_score_is_its_plain_definition_over_the_list_of_answers(case: Case) -> None:
    metric, answers = case
    scale, result = SCALES[metric], scored(metric, Counter(answers))
    assert result.n == len(answers)
    assert result.value == float(figure(metric, answers))
    average = float(mean(map(Fraction, answers)) / scale.questions)
    assert result.mean == (None if metric in (NPS, SOLVED) else average)
    if metric != NKI:
        good, bad = sum(a in scale.favourable for a in answers), sum(a in scale.unfavourable for a in answers)
        counts = (result.favourable, result.neutral, result.unfavourable)
        assert counts == (good, len(answers) - good - bad, bad)


@given(metrics_with_answers)
def test_an_interval_contains_its_score_and_stays_on_the_scale(case: Case) -> None:
    metric, answers = case
    lowest, highest = BOUNDS[metric]
    result = scored(metric, Counter(answers))
    assert lowest <= result.value <= highest
    if metric in (CES, CES_EASE, NKI) and len(set(answers)) == 1:
        assert result.low is result.high is None
    elif (metric, result.n) != (NPS, 1):  # of a single answer the adjusted Wald interval can miss the score
        low, high = ends(result)
        assert lowest <= low <= result.value <= high <= highest


@given(answers_of(NKI, least=2).filter(lambda answers: len(set(answers)) > 1))
def test_the_interval_of_nki_is_that_of_every_answers_own_index(answers: list[int]) -> None:
    indices = [(total / 3 - 1) / 9 * 100 for total in answers]
    theirs = stats.ttest_1samp(indices, 0).confidence_interval(0.95)
    ours = ends(scored(NKI, Counter(answers)))
    assert ours == pytest.approx((max(theirs.low, 0), min(theirs.high, 100)), abs=1e-9)


@given(metrics_with_answers.filter(lambda case: case[0] in (CES, CES_EASE, NKI)))
def test_a_mirrored_tally_mirrors_a_mean_and_its_interval(case: Case) -> None:
    metric, tally = case[0], Counter(case[1])
    result, image = scored(metric, tally), scored(metric, mirrored(metric, tally))
    both_ends = sum(BOUNDS[metric])
    assert image.value == pytest.approx(both_ends - result.value, abs=1e-9)
    if result.low is not None:
        low, high = ends(result)
        assert ends(image) == pytest.approx((both_ends - high, both_ends - low), abs=1e-9)


@given(st.tuples(*[st.integers(0, 100)] * 3).filter(any))
def test_promoters_turned_detractors_turn_the_sign_of_nps(groups: tuple[int, int, int]) -> None:
    promoters, passives, detractors = groups
    nps = scored(NPS, {9: promoters, 7: passives, 6: detractors})
    image = scored(NPS, {9: detractors, 7: passives, 6: promoters})
    low, high = ends(nps)
    assert (image.value, *ends(image)) == pytest.approx((-nps.value, -high, -low), abs=1e-9)


@given(metrics_with_answers.filter(lambda case: case[0] != NKI))
def test_the_share_of_favourable_ratings_has_an_interval_around_it(case: Case) -> None:
    metric, answers = case
    share = share_of(metric, Counter(answers))
    good = sum(a in SCALES[metric].favourable for a in answers)
    assert share.percent == 100 * good / len(answers)
    assert 0 <= share.low <= share.percent <= share.high <= 100


@given(metrics_with_answers.filter(lambda case: case[0] in SHARES))
def test_the_share_of_favourable_ratings_is_the_headline_of_every_share(case: Case) -> None:
    result, share = scored(case[0], Counter(case[1])), share_of(case[0], Counter(case[1]))
    assert share.percent == result.value
    assert ends(share) == pytest.approx(ends(result))


@given(metrics_with_two_periods)
def test_a_change_is_the_difference_of_the_scores_and_demonstrable_when_0_lies_outside(
    case: TwoPeriods,
) -> None:
    metric, before, after = case
    moved = change(metric, Counter(before), Counter(after))
    assert moved.difference == float(figure(metric, after) - figure(metric, before))
    if moved.low is None:
        assert not moved.is_demonstrable
    else:
        low, high = ends(moved)
        width = BOUNDS[metric][1] - BOUNDS[metric][0]
        assert -width <= low <= moved.difference + 1e-9
        assert moved.difference - 1e-9 <= high <= width
        assert moved.is_demonstrable == (not low <= 0 <= high)


@given(metrics_with_two_periods)
def test_a_change_backwards_is_the_change_with_its_sign_turned(case: TwoPeriods) -> None:
    metric, before, after = case
    forth = change(metric, Counter(before), Counter(after))
    back = change(metric, Counter(after), Counter(before))
    assert forth.is_demonstrable == back.is_demonstrable
    if forth.low is not None:
        low, high = ends(forth)
        assert ends(back) == pytest.approx((-high, -low), abs=1e-9)


@given(metrics_with_answers)
def test_nothing_changed_is_no_demonstrable_change(case: Case) -> None:
    metric, answers = case
    moved = change(metric, Counter(answers), Counter(answers))
    assert moved.difference == 0
    assert not moved.is_demonstrable


@pytest.mark.parametrize("metric", Metric)
def test_nothing_can_be_said_of_a_change_from_or_to_nobody(metric: Metric) -> None:
    somebody = {} if metric == Metric.OPEN else dict.fromkeys(SCALES[metric].sums, 10)
    unknown = Change(None, None, None, is_demonstrable=False)
    assert change(metric, {}, somebody) == change(metric, somebody, {}) == change(metric, {}, {}) == unknown


@pytest.mark.parametrize(
    ("metric", "before", "after", "difference"),
    [
        (NPS, {10: 20, 8: 50, 3: 30}, {10: 50, 8: 30, 3: 20}, 40),
        (CSAT, {5: 120, 1: 80}, {5: 160, 1: 40}, 20),
        (CES, {2: 30, 3: 30}, {5: 30, 6: 30}, 3),
        (CES_EASE, {5: 30, 6: 30}, {2: 30, 3: 30}, -3),
        (NKI, {12: 20, 15: 20}, {24: 20, 27: 20}, 400 / 9),
        (SOLVED, {3: 120, 1: 80}, {3: 160, 2: 40}, 20),
    ],
)
def test_a_large_change_in_many_answers_is_demonstrable(
    metric: Metric, before: Tally, after: Tally, difference: float
) -> None:
    moved = change(metric, before, after)
    assert moved.difference == pytest.approx(difference)
    assert moved.is_demonstrable


@pytest.mark.parametrize(
    ("metric", "before", "after"),
    [
        (NPS, {10: 5, 8: 3, 3: 2}, {10: 6, 8: 3, 3: 1}),
        (CSAT, {5: 7, 1: 3}, {5: 8, 1: 2}),
        (CES, {2: 5, 3: 5}, {2: 4, 3: 6}),
        (NKI, {12: 2, 15: 2}, {13: 2, 16: 2}),
    ],
)
def test_a_small_change_in_few_answers_is_not_demonstrable(
    metric: Metric, before: Tally, after: Tally
) -> None:
    assert not change(metric, before, after).is_demonstrable


def test_three_of_three_promoters_twice_is_no_demonstrable_change_though_their_variance_is_0() -> None:
    low, high = ends(change(NPS, {10: 3}, {9: 3}))
    assert low < 0 < high


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [({1: 50}, {6: 25, 7: 25}, 5.5), ({1: 25, 2: 25}, {7: 50}, 5.5), ({1: 1}, {7: 1}, 6)],
)
def test_a_side_without_an_interval_shows_a_difference_that_is_not_demonstrable(
    before: Tally, after: Tally, difference: float
) -> None:
    assert change(CES, before, after) == Change(difference, None, None, is_demonstrable=False)


def test_a_score_below_the_smallest_n_is_withheld() -> None:
    assert [n for n in range(8) if is_withheld(n, smallest=5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (200 / 7, 0, "29"),
        (12.5, 0, "13"),
        (-12.5, 0, "-13"),
        (0.5, 0, "1"),
        (2.5, 0, "3"),
        (-0.4, 0, "0"),
        (-0.004, 2, "0.00"),
        (401 / 200, 2, "2.01"),
        (-401 / 200, 2, "-2.01"),
        (5.7, 2, "5.70"),
        (100.0, 0, "100"),
        (7, 2, "7.00"),
        (1e-9, 2, "0.00"),
    ],
)
def test_a_number_is_rounded_half_away_from_zero(value: float, decimals: int, shown: str) -> None:
    assert str(rounded(value, decimals)) == shown


@given(st.integers(-10_000, 10_000), st.integers(1, 2_000), st.sampled_from([0, 1, 2]))
def test_the_float_of_a_fraction_rounds_as_the_fraction_itself(
    numerator: int, denominator: int, decimals: int
) -> None:
    exact = abs(Fraction(numerator, denominator)) * 10**decimals
    away = int(exact + Fraction(1, 2)) * (-1 if numerator < 0 else 1)
    assert rounded(numerator / denominator, decimals) * 10**decimals == away


@given(st.decimals(-100, 100, places=3))
def test_a_tie_in_decimals_is_a_tie_though_binary_cannot_hold_it(value: Decimal) -> None:
    assert rounded(float(value), 2) == value.quantize(Decimal("0.01"), ROUND_HALF_UP)
