"""Figures in words: unit, direction, sureness, and why one is not shown."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from surveyapp import figure_words as words
from surveyapp.core.pseudonyms import Seen
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import score
from surveyapp.figure_words import Running, Tone
from surveyapp.figures import Figures, compared, contrasted, figures_of
from surveyapp.i18n import language
from surveyapp.metric_names import metric_name
from surveyapp.selecting import By, Dimension
from surveyapp.tallies import Asked

ENGLISH = language("en")


def figures(metric: Metric, tally: Mapping[int, int], smallest: int = 5, why: str | None = None) -> Figures:
    return figures_of(metric, None, tally, {}, Asked(), smallest, why=why)


def moved(metric: Metric, before: Mapping[int, int], after: Mapping[int, int]) -> words.Moved:
    found = compared(figures(metric, after), figures(metric, before), after, before)
    return words.changed(ENGLISH, found)


@pytest.mark.parametrize(
    ("metric", "tally", "headline", "second"),
    [
        (Metric.NPS, {10: 6, 3: 3, 7: 1}, "+30", ""),
        (Metric.NPS, {10: 3, 3: 6, 7: 1}, "−30", ""),
        (Metric.CSAT, {5: 5, 1: 1}, "83% satisfied", "Mean rating: 4.33"),
        (Metric.CES, {2: 3, 6: 2}, "3.60", "Found it easy: 60%"),
        (Metric.CES_EASE, {6: 3, 2: 2}, "4.40", "Found it easy: 60%"),
        (Metric.NKI, {30: 3, 3: 3}, "50", "Mean rating: 5.50"),
    ],
)
def test_a_headline_has_the_unit_of_its_metric(
    metric: Metric, tally: Mapping[int, int], headline: str, second: str
) -> None:
    found = score(metric, tally)
    assert found is not None
    assert words.headline(ENGLISH, found) == headline
    assert words.second_figure(ENGLISH, found) == second


def test_every_metric_with_a_scale_has_all_its_words() -> None:
    for metric, scale in SCALES.items():
        found = score(metric, {scale.sums[0]: 3, scale.sums[-1]: 4})
        assert found is not None
        assert words.direction(ENGLISH, metric) == f"{scale.better} is better"
        assert words.interval(ENGLISH, found) and words.reading(ENGLISH, found)
        labels = words.groups(ENGLISH, found)
        if found.favourable is None:
            assert labels == ()
        else:
            assert [each.count for each in labels] == [found.favourable, found.neutral, found.unfavourable]
            assert [each.tone for each in labels] == [Tone.GOOD, Tone.PLAIN, Tone.BAD]
        assert words.title(ENGLISH, metric).startswith(metric_name(ENGLISH, metric))
    assert words.direction(ENGLISH, Metric.OPEN) == ""


def test_a_figure_is_written_as_the_language_writes_numbers() -> None:
    swedish = language("sv")
    assert words.figure(swedish, Metric.CES, 2.305) == "2,31"
    assert words.figure(swedish, Metric.CSAT, 82.6) == "83\N{NO-BREAK SPACE}%"
    assert words.figure(swedish, Metric.NPS, -4.4) == "−4"


def test_a_reading_says_how_sure_the_figure_is() -> None:
    found = score(Metric.NPS, {10: 60, 3: 30, 7: 10})
    assert found is not None
    low, high = words.interval(ENGLISH, found).split(" to ")
    assert words.reading(ENGLISH, found) == (
        "Of 100 customers, 60% are promoters and 30% are detractors. "
        f"With 95% confidence the true figure lies between {low} and {high}."
    )


def test_a_change_has_a_number_only_when_it_is_demonstrable() -> None:
    half, all_ = {5: 50, 1: 50}, {5: 100}
    assert moved(Metric.CSAT, half, {5: 52, 1: 48}) == words.Moved("no demonstrable change", Tone.PLAIN)
    assert moved(Metric.CSAT, half, all_) == words.Moved("better: +50.0 percentage points", Tone.GOOD)
    assert moved(Metric.CSAT, all_, half) == words.Moved("worse: −50.0 percentage points", Tone.BAD)


def test_less_effort_is_better() -> None:
    hard, easy = {6: 50, 7: 50}, {1: 50, 2: 50}
    assert moved(Metric.CES, hard, easy) == words.Moved("better: −5.00", Tone.GOOD)
    assert moved(Metric.CES_EASE, hard, easy) == words.Moved("worse: −5.00", Tone.BAD)


def test_without_another_score_there_is_no_comparison() -> None:
    assert moved(Metric.CSAT, {}, {5: 9}).words == "no comparison possible"
    assert moved(Metric.CSAT, {5: 4}, {5: 9}).words == "no comparison possible"
    assert words.changed(ENGLISH, figures(Metric.CSAT, {5: 9})).words == ""


def test_a_group_is_told_from_all_others_only_when_it_differs() -> None:
    whole = {5: 150, 1: 50}
    alike, worse = {5: 30, 1: 10}, {5: 5, 1: 35}
    said = {
        n: words.contrasted(ENGLISH, contrasted(figures(Metric.CSAT, part), part, whole))
        for n, part in enumerate((alike, worse))
    }
    assert said[0] == words.Moved("not distinguishable from the average", Tone.PLAIN)
    assert said[1].tone is Tone.BAD and said[1].words.startswith("worse than the others: −")


def test_what_is_withheld_says_why_and_never_a_score() -> None:
    few = figures(Metric.CSAT, {5: 7}, smallest=10)
    assert words.withheld(ENGLISH, few) == "not shown (7 of 10 answers)"
    assert words.withheld(ENGLISH, few, Running(8, 4)) == "7 of 10 answers, about 4 days left"
    assert words.score_words(ENGLISH, few, Running(2, 20)) == "7 of 10 answers, about 1 day left"
    # The period will be over by then.
    assert words.withheld(ENGLISH, few, Running(8, 3)) == "not shown (7 of 10 answers)"
    assert words.withheld(ENGLISH, figures(Metric.CSAT, {})) == "no answers yet"
    protects = figures(Metric.CSAT, {5: 12}, why="protects")
    assert words.score_words(ENGLISH, protects, Running(8, 9)).startswith("not shown (a smaller group")
    alone = figures(Metric.CSAT, {5: 12}, why=Seen.ALONE)
    assert words.withheld(ENGLISH, alone) == "not shown (it would point at single tickets)"
    assert "%" not in words.score_words(ENGLISH, replace(protects, n=40))


@pytest.mark.parametrize(
    ("by", "value", "said"),
    [
        (By(Dimension.LOCALE), "sv", "Swedish"),
        (By(Dimension.VERSION), "csat 3", "Customer satisfaction (CSAT), version 3"),
        (By(Dimension.VERSION), "own survey 3", "own survey, version 3"),
        (By(Dimension.DAY), "2026-03-05", "5 Mar 2026"),
        (By(Dimension.WEEK), "2026-W09", "week 9, 2026"),
        (By(Dimension.MONTH), "2026-03", "Mar 2026"),
        (By(Dimension.PROPERTY, "plan"), "gold", "gold"),
        (By(Dimension.PROPERTY, "plan"), None, "not stated"),
    ],
)
def test_groups_are_called_what_people_call_them(by: By, value: str | None, said: str) -> None:
    assert words.group_name(ENGLISH, None, by, value) == said  # type: ignore[arg-type]
