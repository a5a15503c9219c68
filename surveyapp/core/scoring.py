"""Scores: what a tally of ratings says, how surely, and whether it has changed.

A tally maps a rating (for NKI the sum of the three, 3 to 30) to how many people gave it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil

from surveyapp.core.errors import RatingNotOnScaleError
from surveyapp.core.intervals import MEAN, NET_SHARE, SHARE, Estimator, Interval, Sample, wilson
from surveyapp.core.scales import SCALES, Metric, Scale, is_whole

Tallies = Mapping[str | None, Mapping[int, int]]
"""The tally of each group; None is the group of those of whom it is not stated."""


@dataclass(frozen=True, slots=True)
class Score:
    """An unrounded score in its headline's unit: NPS -100 to 100, CES 1 to 7, every other one 0 to 100.

    `low` and `high` are None when there is no interval, `mean` (in ratings, for NKI of the three questions)
    is None for NPS and SOLVED, and the groups (counts of people) are None for NKI, which has none.
    """

    metric: Metric
    n: int
    value: float
    low: float | None
    high: float | None
    mean: float | None
    favourable: int | None
    neutral: int | None
    unfavourable: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of people from 0 to 100, with its interval."""

    percent: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Change:
    """After less before, unrounded, in the headline's unit (percentage points for a share).

    A positive difference of CES (`ces`) is bad news. `difference` is None when a side has no score, `low` and
    `high` when a side has no interval; neither is then demonstrable.
    """

    difference: float | None
    low: float | None
    high: float | None
    is_demonstrable: bool


@dataclass(frozen=True, slots=True)
class _Headline:
    """What a metric shows first: (estimate - zero) * factor, which lies between lowest and highest."""

    estimator: Estimator
    lowest: int
    highest: int
    factor: Fraction = Fraction(1)
    zero: int = 0

    def value(self, sample: Sample) -> Fraction:
        return (self.estimator.value(sample) - self.zero) * self.factor

    def interval(self, sample: Sample) -> Interval | None:
        ends = self.estimator.interval(sample)
        return None if ends is None else self._shown(ends, self.zero, self.lowest, self.highest)

    def change(self, before: Sample, after: Sample) -> Interval | None:
        ends = self.estimator.change(before, after)
        width = self.highest - self.lowest
        return None if ends is None else self._shown(ends, 0, -width, width)

    def _shown(self, ends: Interval, zero: int, lowest: int, highest: int) -> Interval:
        low, high = ((end - zero) * self.factor for end in ends)
        return Interval(max(low, float(lowest)), min(high, float(highest)))


_PERCENT = _Headline(SHARE, 0, 100, factor=Fraction(100))

_HEADLINES: Mapping[Metric, _Headline] = {
    Metric.NPS: _Headline(NET_SHARE, -100, 100, factor=Fraction(100)),
    Metric.CSAT: _PERCENT,
    Metric.CES: _Headline(MEAN, 1, 7),
    Metric.CES_EASE: _Headline(MEAN, 1, 7),
    Metric.NKI: _Headline(MEAN, 0, 100, factor=Fraction(100, 9), zero=1),
    Metric.SOLVED: _PERCENT,
    Metric.TREATMENT: _PERCENT,
    Metric.COMPETENCE: _PERCENT,
}

# Their groups say it all: nobody asks how far "yes" lies from "partly".
_WITHOUT_MEAN = frozenset({Metric.NPS, Metric.SOLVED})


def score(metric: Metric, tally: Mapping[int, int]) -> Score | None:
    """Score a tally; None when nobody has answered, so always for OPEN, which has no ratings.

    RatingNotOnScaleError when the tally holds what the metric cannot have been given.
    """
    sample = _sample(metric, tally)
    if sample is None:
        return None
    low, high = _HEADLINES[metric].interval(sample) or (None, None)
    has_groups = SCALES[metric].has_groups
    return Score(
        metric=metric,
        n=sample.n,
        value=float(_HEADLINES[metric].value(sample)),
        low=low,
        high=high,
        mean=None if metric in _WITHOUT_MEAN else float(sample.mean),
        favourable=sample.favourable if has_groups else None,
        neutral=sample.n - sample.favourable - sample.unfavourable if has_groups else None,
        unfavourable=sample.unfavourable if has_groups else None,
    )


def exact(metric: Metric, tally: Mapping[int, int]) -> Fraction | None:
    """The score unrounded and free of floats, in its headline's unit; None when nobody has answered.

    It is the mean of what each answer says by itself, so the score of several groups together is the mean of
    theirs, each weighing as many as answered. RatingNotOnScaleError as of `score`.
    """
    sample = _sample(metric, tally)
    return None if sample is None else _HEADLINES[metric].value(sample)


def plus(*tallies: Mapping[int, int]) -> dict[int, int]:
    """The tally of all of them together, without the ratings that nobody gave."""
    whole: Counter[int] = Counter()
    for tally in tallies:
        whole.update(tally)
    return {rating: people for rating, people in whole.items() if people}


def minus(whole: Mapping[int, int], part: Mapping[int, int]) -> dict[int, int]:
    """The tally of those in `whole` who are not in `part`; ValueError when `part` is not within `whole`."""
    for rating, people in part.items():
        if people > whole.get(rating, 0):
            raise ValueError(f"The part has {people} of the rating {rating}, more than the whole has.")
    rest = {rating: people - part.get(rating, 0) for rating, people in whole.items()}
    return {rating: people for rating, people in rest.items() if people}


def favourable_share(score: Score) -> Share | None:
    """The share of favourable ratings: "% satisfied", "% easy", "% yes"; None for NKI without groups."""
    if score.favourable is None:
        return None
    low, high = wilson(score.favourable, score.n)
    return Share(float(Fraction(100 * score.favourable, score.n)), 100 * low, 100 * high)


def change(metric: Metric, before: Mapping[int, int], after: Mapping[int, int]) -> Change:
    """How far the score moved; demonstrable only when the interval of the difference excludes 0.

    It knows nothing of withholding: of a side that is withheld the caller may show no change at all.
    """
    first, second = _sample(metric, before), _sample(metric, after)
    if first is None or second is None:
        return Change(None, None, None, is_demonstrable=False)
    headline = _HEADLINES[metric]
    difference = float(headline.value(second) - headline.value(first))
    ends = headline.change(first, second)
    if ends is None:
        return Change(difference, None, None, is_demonstrable=False)
    return Change(difference, ends.low, ends.high, is_demonstrable=ends.low > 0 or ends.high < 0)


def contrast(metric: Metric, whole: Mapping[int, int], part: Mapping[int, int]) -> Change:
    """How far the part lies from the rest of the whole, which is the change from that rest to the part.

    From the rest and not from the whole, which the part itself pulls its way. Not demonstrable: the part is
    not distinguishable from the average; so always when nobody is left in the rest. ValueError as of `minus`.
    """
    return change(metric, minus(whole, part), part)


def needed(n: int, smallest: int, days_so_far: int) -> int | None:
    """How many more days until `smallest` have answered if they go on as so far, rounded up.

    0 when enough have; None when nobody can say, as nobody has answered or no day has passed.
    """
    if n >= smallest:
        return 0
    if n == 0 or days_so_far < 1:
        return None
    return ceil(Fraction((smallest - n) * days_so_far, n))


def is_withheld(n: int, smallest: int) -> bool:
    """Whether too few answered for their score to be shown; exactly `smallest` are enough."""
    return n < smallest


def rounded(value: float, decimals: int = 0) -> Decimal:
    """Half away from zero, with exactly that many decimals and never a negative zero; for showing only."""
    # A float's shortest decimal is the tie that was meant: 2.005 goes to 2.01, though its bits lie below.
    result = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return result or abs(result)


def _sample(metric: Metric, tally: Mapping[int, int]) -> Sample | None:
    scale = SCALES.get(metric)
    for rating, people in tally.items():
        _check(metric, scale, rating, people)
    n = sum(tally.values())
    if scale is None or n == 0:
        return None
    total = sum(rating * people for rating, people in tally.items())
    squares = sum(rating**2 * people for rating, people in tally.items())
    return Sample(
        n=n,
        mean=Fraction(total, n * scale.questions),
        variance=Fraction(n * squares - total**2, n * max(n - 1, 1) * scale.questions**2),
        favourable=sum(tally.get(rating, 0) for rating in scale.favourable),
        unfavourable=sum(tally.get(rating, 0) for rating in scale.unfavourable),
    )


def _check(metric: Metric, scale: Scale | None, rating: int, people: int) -> None:
    if scale is None:
        raise RatingNotOnScaleError(f"The metric {metric} has no ratings, so {rating!r} is none of them.")
    if not is_whole(rating) or rating not in scale.sums:
        lowest, highest = scale.sums[0], scale.sums[-1]
        raise RatingNotOnScaleError(
            f"A tally of {metric} goes from {lowest} to {highest}; {rating!r} is not on it."
        )
    if not is_whole(people) or people < 0:
        raise RatingNotOnScaleError(
            f"The rating {rating} of {metric} cannot have been given {people!r} times."
        )
