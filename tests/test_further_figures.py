"""The figures of further questions, as a table says them."""

from collections.abc import Mapping

import pytest

from surveyapp.core.scales import Metric
from surveyapp.figures import figures_of
from surveyapp.tables import scores_table
from surveyapp.tallies import Asked


def lines(metric: Metric, tally: Mapping[int, int]) -> tuple[str, list[str], list[str]]:
    """The table's name, its headings, and its one row."""
    figures = figures_of(metric, None, tally, {}, Asked(), smallest=1)
    name, _, headings, _, row = scores_table([figures], None, "en").split("\n")
    return name, headings.split(), row.split()


def test_a_solved_issue_is_a_share_and_three_groups_without_a_mean() -> None:
    name, headings, row = lines(Metric.SOLVED, {3: 160, 2: 30, 1: 10})
    assert name == "Issues solved"
    assert headings[:2] == ["answers", "score"] and headings[5:8] == ["yes", "partly", "no"]
    assert row == ["200", "80%", "solved", "74%", "…", "85%", "160", "30", "10", "0", "0"]


@pytest.mark.parametrize(
    ("metric", "name", "said", "groups"),
    [
        (Metric.TREATMENT, "How well we treated customers", "treated well", ["well", "neutral", "badly"]),
        (
            Metric.COMPETENCE,
            "How competent we seemed",
            "found us competent",
            ["competent", "neutral", "incompetent"],
        ),
    ],
)
def test_quality_is_a_share_with_its_mean_and_three_groups(
    metric: Metric, name: str, said: str, groups: list[str]
) -> None:
    found, headings, row = lines(metric, {5: 5, 4: 3, 3: 1, 1: 1})
    assert found == name
    assert headings[5:9] == ["mean", *groups]
    assert row == ["10", "80%", *said.split(), "49%", "…", "94%", "4.10", "8", "1", "1", "0", "0"]
