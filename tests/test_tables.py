"""Figures as text tables: what stands in place of a score."""

import pytest

from surveyapp.core.pseudonyms import Seen
from surveyapp.core.scales import Metric
from surveyapp.figures import figures_of
from surveyapp.tables import scores_table
from surveyapp.tallies import Asked


@pytest.mark.parametrize(
    ("n", "why", "said"),
    [
        (0, None, "no answers yet"),
        (7, None, "not shown (7 of 10 answers)"),
        (40, "protects", "not shown (a smaller group could be worked out from it)"),
        (40, Seen.ALONE, "not shown (it would point at single tickets)"),
    ],
)
def test_a_row_without_a_score_says_why(n: int, why: str | None, said: str) -> None:
    figures = figures_of(Metric.CSAT, None, {5: n} if n else {}, {}, Asked(), smallest=10, why=why)
    row = scores_table([figures], None, "en").split("\n")[-1]
    assert said in row and "%" not in row
