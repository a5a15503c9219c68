"""The scales as DOMAIN.md tables them."""

import pytest

from surveyapp.core.errors import RatingNotOnScaleError
from surveyapp.core.scales import SCALES, Direction, Group, Metric, prompt_group

BAD, FAIR, GOOD = Group.UNFAVOURABLE, Group.NEUTRAL, Group.FAVOURABLE

GROUPS = {
    Metric.NPS: [BAD] * 7 + [FAIR] * 2 + [GOOD] * 2,
    Metric.CSAT: [BAD] * 2 + [FAIR] + [GOOD] * 2,
    Metric.CES: [GOOD] * 3 + [FAIR] + [BAD] * 3,
    Metric.CES_EASE: [BAD] * 3 + [FAIR] + [GOOD] * 3,
    Metric.SOLVED: [BAD, FAIR, GOOD],
    Metric.TREATMENT: [BAD] * 2 + [FAIR] + [GOOD] * 2,
    Metric.COMPETENCE: [BAD] * 2 + [FAIR] + [GOOD] * 2,
}


def test_every_metric_but_the_open_question_has_a_scale() -> None:
    assert set(SCALES) == set(Metric) - {Metric.OPEN}


@pytest.mark.parametrize(
    ("metric", "lowest", "highest"),
    [
        ("nps", 0, 10),
        ("csat", 1, 5),
        ("ces", 1, 7),
        ("ces_ease", 1, 7),
        ("nki", 1, 10),
        ("solved", 1, 3),
        ("treatment", 1, 5),
        ("competence", 1, 5),
    ],
)
def test_the_ratings_run_from_the_lowest_to_the_highest(metric: Metric, lowest: int, highest: int) -> None:
    assert list(SCALES[Metric(metric)].ratings) == list(range(lowest, highest + 1))


def test_low_is_good_for_effort_alone() -> None:
    assert [metric for metric in SCALES if SCALES[metric].better == Direction.LOWER] == [Metric.CES]


@pytest.mark.parametrize("metric", GROUPS)
def test_every_rating_falls_in_its_group(metric: Metric) -> None:
    assert [SCALES[metric].group(rating) for rating in SCALES[metric].ratings] == GROUPS[metric]


def test_nki_has_no_groups() -> None:
    scale = SCALES[Metric.NKI]
    assert not scale.has_groups
    assert {scale.group(rating) for rating in scale.ratings} == {None}


def test_nki_is_tallied_by_the_sum_of_three_and_everything_else_by_the_rating() -> None:
    assert (SCALES[Metric.NKI].sums[0], SCALES[Metric.NKI].sums[-1]) == (3, 30)
    for metric in GROUPS:
        assert SCALES[metric].sums == SCALES[metric].ratings


@pytest.mark.parametrize("metric", SCALES)
def test_only_whole_numbers_on_the_scale_are_ratings(metric: Metric) -> None:
    scale = SCALES[metric]
    assert scale.lowest in scale
    assert scale.highest in scale
    for stranger in (scale.lowest - 1, scale.highest + 1, True, False, 5.0, 4.5, "5", None):
        assert stranger not in scale


@pytest.mark.parametrize("metric", SCALES)
def test_a_rating_off_the_scale_has_no_group(metric: Metric) -> None:
    with pytest.raises(RatingNotOnScaleError, match="11 is not a rating from"):
        SCALES[metric].group(11)


@pytest.mark.parametrize("metric", GROUPS)
def test_the_comment_is_prompted_by_the_group_of_the_rating(metric: Metric) -> None:
    assert [prompt_group(metric, rating) for rating in SCALES[metric].ratings] == GROUPS[metric]


def test_an_nki_comment_is_prompted_by_rating_though_nki_counts_no_groups() -> None:
    prompts = [prompt_group(Metric.NKI, rating) for rating in SCALES[Metric.NKI].ratings]
    assert prompts == [BAD] * 4 + [FAIR] * 2 + [GOOD] * 4


@pytest.mark.parametrize(("metric", "rating"), [(Metric.NKI, 0), (Metric.NKI, 30), (Metric.OPEN, 5)])
def test_no_prompt_fits_a_rating_that_cannot_be_given(metric: Metric, rating: int) -> None:
    with pytest.raises(RatingNotOnScaleError):
        prompt_group(metric, rating)
