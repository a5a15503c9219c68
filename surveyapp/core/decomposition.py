"""Which groups explain a change of the score, or its distance from a target, adding up exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from math import floor

from surveyapp.core.scales import Metric
from surveyapp.core.scoring import Tallies, exact, plus, rounded


@dataclass(frozen=True, slots=True)
class Part:
    """What one group adds to the change: `mix` and `within`, in the score's unit."""

    group: str | None
    """None when it is not stated, and for the rest."""
    is_rest: bool
    """The groups that are too small to stand alone, put together."""
    n_before: int
    n_after: int
    score_before: float | None
    score_after: float | None
    """None when nobody of the group answered then."""
    share_before: float
    share_after: float
    """Of all answers of that time, from 0 to 100."""
    mix: Fraction
    """By being a larger or smaller share of all than before."""
    within: Fraction
    """By scoring differently than before."""

    @property
    def total(self) -> Fraction:
        """Both together."""
        return self.mix + self.within


@dataclass(frozen=True, slots=True)
class Explained:
    """A change and the parts of it, which add up to it exactly."""

    before: Fraction
    after: Fraction
    parts: tuple[Part, ...]
    """The one that adds or takes most first, the rest last."""

    @property
    def change(self) -> Fraction:
        """After less before."""
        return self.after - self.before

    @property
    def mix(self) -> Fraction:
        """How much of the change comes from other shares of the groups."""
        return sum((part.mix for part in self.parts), Fraction())

    @property
    def within(self) -> Fraction:
        """How much of the change comes from groups that scored differently."""
        return sum((part.within for part in self.parts), Fraction())


@dataclass(frozen=True, slots=True)
class Distance:
    """What one group adds to the distance from a target: `part`, in the score's unit."""

    group: str | None
    """None when it is not stated, and for the rest."""
    is_rest: bool
    """The groups that are too small to stand alone, put together."""
    n: int
    score: float
    share: float
    """Of all answers, from 0 to 100."""
    part: Fraction


def change_by_group(metric: Metric, before: Tallies, after: Tallies, smallest: int) -> Explained | None:
    """What each group adds to the change of the score of all; None when one side has no answers.

    With a group's share w and score s, before (0) and after (1), and the score S of all:
    mix = (w1 - w0) * ((s0 + s1) / 2 - (S0 + S1) / 2) and within = (w0 + w1) / 2 * (s1 - s0)
    (Kitagawa 1955, the mix centred). As the shares always add up to 1, taking off the mean of all changes no
    sum; but without it every group that grows would seem to raise the score. So it does only when it scores
    above the mean. A group that is absent on one side takes its score from the other: it is all mix.

    A group goes into the rest when between 1 and `smallest` - 1 answered on either side. The rest is itself
    not withheld, however few it holds.
    """
    whole_before, whole_after = plus(*before.values()), plus(*after.values())
    total_before, total_after = exact(metric, whole_before), exact(metric, whole_after)
    if total_before is None or total_after is None:
        return None
    mean = (total_before + total_after) / 2
    parts = [
        _part(
            gathered,
            _side(metric, gathered.tallies[0], sum(whole_before.values())),
            _side(metric, gathered.tallies[1], sum(whole_after.values())),
            mean,
        )
        for gathered in _gathered(smallest, before, after)
    ]
    parts.sort(key=lambda part: _order(part.group, part.is_rest, part.total))
    return Explained(total_before, total_after, tuple(parts))


def distance_by_group(
    metric: Metric, tallies: Tallies, target: Fraction, smallest: int
) -> tuple[Fraction, tuple[Distance, ...]] | None:
    """How far the score of all lies above the target, and what each group adds to that; None without answers.

    With a group's share w and score s its part is w * (s - target); the parts add up to the distance exactly.
    The one that adds or takes most comes first, the rest last; the rest holds the groups in which fewer than
    `smallest` answered.
    """
    whole = plus(*tallies.values())
    total = exact(metric, whole)
    if total is None:
        return None
    distances = [
        _distance(gathered, _side(metric, gathered.tallies[0], sum(whole.values())), target)
        for gathered in _gathered(smallest, tallies)
    ]
    distances.sort(key=lambda distance: _order(distance.group, distance.is_rest, distance.part))
    return total - target, tuple(distances)


def shown(values: Sequence[Fraction], decimals: int, total: Fraction) -> list[Decimal]:
    """The values rounded so that they add up to the rounded total, each less than one last digit off.

    For a reader with a pencil: each is rounded down, and those that lost most by it get one last digit more
    until the sum is reached (largest remainder). ValueError when they do not add up to `total` unrounded.
    """
    if sum(values) != total:
        raise ValueError(f"The values add up to {sum(values)}, not to {total}.")
    scaled = [value * 10**decimals for value in values]
    digits = [floor(value) for value in scaled]
    missing = int(rounded(float(total), decimals).scaleb(decimals)) - sum(digits)
    lost_most = sorted(range(len(values)), key=lambda i: digits[i] - scaled[i])
    for i in lost_most[:missing]:
        digits[i] += 1
    return [Decimal(digit).scaleb(-decimals) for digit in digits]


@dataclass(frozen=True, slots=True)
class _Gathered:
    """One group or the rest, with its tally on each side."""

    group: str | None
    is_rest: bool
    tallies: tuple[Mapping[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Side:
    n: int
    share: Fraction
    score: Fraction | None


def _gathered(smallest: int, *sides: Tallies) -> list[_Gathered]:
    alone, small = [], []
    for group in dict.fromkeys(chain(*sides)):
        tallies = tuple(side.get(group, {}) for side in sides)
        people = [sum(tally.values()) for tally in tallies]
        if any(0 < n < smallest for n in people):
            small.append(tallies)
        elif any(people):
            alone.append(_Gathered(group, False, tallies))
    if not small:
        return alone
    rest = tuple(plus(*tallies) for tallies in zip(*small, strict=True))
    return [*alone, _Gathered(None, True, rest)]


def _side(metric: Metric, tally: Mapping[int, int], n_of_all: int) -> _Side:
    n = sum(tally.values())
    return _Side(n, Fraction(n, n_of_all), exact(metric, tally))


def _part(gathered: _Gathered, before: _Side, after: _Side, mean: Fraction) -> Part:
    first = _either(before.score, after.score)
    second = _either(after.score, before.score)
    return Part(
        group=gathered.group,
        is_rest=gathered.is_rest,
        n_before=before.n,
        n_after=after.n,
        score_before=None if before.score is None else float(before.score),
        score_after=None if after.score is None else float(after.score),
        share_before=float(100 * before.share),
        share_after=float(100 * after.share),
        mix=(after.share - before.share) * ((first + second) / 2 - mean),
        within=(before.share + after.share) / 2 * (second - first),
    )


def _distance(gathered: _Gathered, side: _Side, target: Fraction) -> Distance:
    score = _either(side.score)
    return Distance(
        group=gathered.group,
        is_rest=gathered.is_rest,
        n=side.n,
        score=float(score),
        share=float(100 * side.share),
        part=side.share * (score - target),
    )


def _either(*scores: Fraction | None) -> Fraction:
    """The first that there is; whoever is gathered has answered on one side at least."""
    return next(score for score in scores if score is not None)


def _order(group: str | None, is_rest: bool, part: Fraction) -> tuple[bool, Fraction, bool, str]:
    """Equal parts stand by name, so that the same answers give the same page."""
    return is_rest, -abs(part), group is None, group or ""
