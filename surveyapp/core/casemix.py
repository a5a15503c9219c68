"""What an agent's own mix of case types would lead one to expect of the score."""

from dataclasses import dataclass
from fractions import Fraction

from surveyapp.core.scales import Metric
from surveyapp.core.scoring import Score, Tallies, exact, plus, score


@dataclass(frozen=True, slots=True)
class Expected:
    """The actual score beside the expected one, unrounded, in the score's unit."""

    n: int
    actual: float
    expected: float
    difference: float
    """Actual less expected; for CES (`ces`) a positive one is bad news."""
    is_explained: bool
    """The actual score differs demonstrably from that of everybody, and not from the expected one."""


def expected(metric: Metric, own: Tallies, everybody: Tallies) -> Expected | None:
    """What everybody would have scored with the own mix; None when either side holds no answers.

    Indirect standardisation: in each case type the score of everybody, the own answers among them, weighing
    as many as the own answers of that type. So a type that nobody else has is expected to score as it did.
    A figure differs demonstrably when it lies outside the 95 % interval of the actual score, so never when
    that has none.
    """
    tally = plus(*own.values())
    figure, actual = score(metric, tally), exact(metric, tally)
    overall = exact(metric, plus(*everybody.values()))
    if figure is None or actual is None or overall is None:
        return None
    by_mix = _by_mix(metric, own, everybody) / figure.n
    return Expected(
        n=figure.n,
        actual=float(actual),
        expected=float(by_mix),
        difference=float(actual - by_mix),
        is_explained=_differs(figure, overall) and not _differs(figure, by_mix),
    )


def _by_mix(metric: Metric, own: Tallies, everybody: Tallies) -> Fraction:
    """The expected score of each own answer, added up."""
    total = Fraction()
    for case_type, tally in own.items():
        likely = exact(metric, plus(everybody.get(case_type, {})) or tally)
        if likely is not None:
            total += likely * sum(tally.values())
    return total


def _differs(figure: Score, value: Fraction) -> bool:
    if figure.low is None or figure.high is None:
        return False
    return not figure.low <= value <= figure.high
