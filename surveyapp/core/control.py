"""The limits of a funnel plot: how far chance alone carries the score of so many answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import sqrt

from surveyapp.core.intervals import Z
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.scoring import exact

Z95 = Z
Z998 = 3.090232


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which ends 95 % and 99.8 % of the scores of n answers lie, in the score's unit."""

    n: int
    low95: float
    high95: float
    low998: float
    high998: float


class Place(StrEnum):
    """Where a score lies in the funnel."""

    WITHIN = "within"
    OUTSIDE_95 = "outside_95"
    OUTSIDE_998 = "outside_998"


def limits(metric: Metric, everybody: Mapping[int, int], ns: Sequence[int]) -> list[Limits]:
    """The limits at each n (1 or more) around the score of everybody; none when nobody has answered.

    Centre plus and minus z * sd / sqrt(n), clamped to the scale (Spiegelhalter 2005, with normal limits). The
    sd is that of what each answer of everybody says by itself, divided by the number of all and not by one
    less: everybody is what is compared with, not a sample of it. So that of a share p is sqrt(p * (1 - p)).
    """
    centre = exact(metric, everybody)
    if centre is None:
        return []
    sd = _standard_deviation(metric, everybody, centre)
    ends = [_of_one(metric, rating) for rating in SCALES[metric].sums]
    lowest, highest = float(min(ends)), float(max(ends))

    def around(z: float, n: int) -> tuple[float, float]:
        width = z * sd / sqrt(n)
        return max(centre - width, lowest), min(centre + width, highest)

    return [Limits(n, *around(Z95, n), *around(Z998, n)) for n in ns]


def place(metric: Metric, everybody: Mapping[int, int], tally: Mapping[int, int]) -> Place:
    """Where the score of `tally` lies; a score on a limit is within it, and so is no score at all."""
    value = exact(metric, tally)
    if value is None:
        return Place.WITHIN
    for at in limits(metric, everybody, [sum(tally.values())]):
        if not at.low998 <= float(value) <= at.high998:
            return Place.OUTSIDE_998
        if not at.low95 <= float(value) <= at.high95:
            return Place.OUTSIDE_95
    return Place.WITHIN


def _standard_deviation(metric: Metric, everybody: Mapping[int, int], centre: Fraction) -> float:
    squares = (people * (_of_one(metric, rating) - centre) ** 2 for rating, people in everybody.items())
    return sqrt(sum(squares, Fraction()) / sum(everybody.values()))


def _of_one(metric: Metric, rating: int) -> Fraction:
    """The score of a single answer: the score of many is the mean of theirs."""
    return exact(metric, {rating: 1}) or Fraction()
