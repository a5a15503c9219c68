"""The figure expected from a mix of case types: an agent with the hard cases, and one who is to blame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.core.casemix import Expected, expected
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import Tallies, exact, plus

CSAT, CES, NPS = Metric.CSAT, Metric.CES, Metric.NPS

EVERYBODY: Tallies = {"login": {5: 900, 1: 100}, "refund": {4: 200, 2: 200}}
"""90 % and 50 % satisfied, together 1100 of 1400."""


def comparison(own: Tallies, everybody: Tallies = EVERYBODY, metric: Metric = CSAT) -> Expected:
    result = expected(metric, own, everybody)
    assert result is not None
    return result


def test_a_low_score_that_is_only_the_mix_is_explained() -> None:
    result = comparison({"login": {5: 9, 1: 1}, "refund": {4: 45, 2: 45}})
    assert (result.n, result.actual, result.expected, result.difference) == (100, 54, 54, 0)
    assert result.is_explained


def test_a_low_score_with_everybodys_mix_is_not_explained() -> None:
    result = comparison({"login": {5: 50, 1: 50}, "refund": {4: 10, 2: 30}})
    assert result.actual == pytest.approx(100 * 60 / 140)
    assert result.expected == pytest.approx(100 * 1100 / 1400)
    assert result.difference == pytest.approx(-100 * 50 / 140)
    assert not result.is_explained


def test_a_score_like_everybodys_needs_no_explanation() -> None:
    assert not comparison({"login": {5: 9, 1: 1}, "refund": {4: 2, 2: 2}}).is_explained


def test_a_score_that_even_the_hard_cases_do_not_explain_is_not_explained() -> None:
    assert not comparison({"refund": {4: 20, 2: 80}}).is_explained


def test_a_high_score_from_easy_cases_is_explained_too() -> None:
    result = comparison({"login": {5: 180, 1: 20}})
    assert (result.actual, result.expected) == (90, 90)
    assert result.is_explained


def test_without_an_interval_nothing_is_demonstrable_and_so_nothing_explained() -> None:
    result = comparison({"hard": {7: 10}}, {"easy": {1: 100}, "hard": {7: 100}}, CES)
    assert (result.actual, result.expected, result.is_explained) == (7, 7, False)


def test_a_type_in_which_all_scored_0_is_expected_to_score_0() -> None:
    assert comparison({"a": {10: 1}}, {"a": {10: 5, 0: 5}, "b": {10: 5}}, NPS).expected == 0


def test_a_type_that_nobody_else_has_is_expected_to_score_as_it_did() -> None:
    result = comparison({"login": {5: 8, 1: 2}, None: {4: 1, 2: 9}})
    assert result.expected == (10 * 90 + 10 * 10) / 20


@pytest.mark.parametrize("own", [{}, {"login": {}}, {"login": {5: 0}}])
def test_nothing_is_expected_of_nobody(own: Tallies) -> None:
    assert expected(CSAT, own, EVERYBODY) is None


def test_nothing_is_expected_when_nobody_answered_at_all() -> None:
    assert expected(CSAT, {"login": {5: 1}}, {}) is None


@given(st.sampled_from(list(SCALES)), st.data())
def test_everybody_is_expected_to_score_as_everybody_does(metric: Metric, data: st.DataObject) -> None:
    tallies = st.dictionaries(
        st.sampled_from(SCALES[metric].sums), st.integers(1, 20), min_size=1, max_size=4
    )
    types = st.sampled_from([None, "login", "refund", "delivery"])
    everybody = data.draw(st.dictionaries(types, tallies, min_size=1))
    result = comparison(everybody, everybody, metric)
    overall = exact(metric, plus(*everybody.values()))
    assert overall is not None
    assert result.actual == result.expected == float(overall)
    assert (result.difference, result.is_explained) == (0, False)
