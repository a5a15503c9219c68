"""The 95 % intervals of what a sample estimates, and of how far two samples lie apart.

Everything is in the figure's natural unit: shares from 0 to 1, net shares from -1 to 1, means in ratings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import exp, hypot, lgamma, log, sqrt
from typing import NamedTuple

Z = 1.959964


class Interval(NamedTuple):
    """The two ends, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What the formulas need of n answers (n >= 1), exactly."""

    n: int
    mean: Fraction
    variance: Fraction
    """Of the sample (divided by n - 1); 0 for a single answer too."""
    favourable: int
    unfavourable: int


@dataclass(frozen=True, slots=True)
class Estimator:
    """A figure of a sample with its interval, and the interval of `after - before`.

    None stands for an interval that the answers do not allow.
    """

    value: Callable[[Sample], Fraction]
    interval: Callable[[Sample], Interval | None]
    change: Callable[[Sample, Sample], Interval | None]


def net_share(sample: Sample) -> Fraction:
    """Favourable less unfavourable."""
    return Fraction(sample.favourable - sample.unfavourable, sample.n)


def adjusted_wald(sample: Sample) -> Interval:
    """The net share as if 3 more had answered, 0.75 of them on either side (Rocks 2016); not clamped.

    With n = 1 the interval can miss the net share itself: it is pulled to 0 by more than its half-width.
    """
    adjusted = _adjusted(sample)
    return _around(adjusted.net, Z * sqrt(adjusted.variance / adjusted.n))


def net_share_change(before: Sample, after: Sample) -> Interval:
    """The plain difference; only its variances are adjusted, as the plain variance of 3 of 3 is 0."""
    variance = _adjusted(before).variance / before.n + _adjusted(after).variance / after.n
    return _around(net_share(after) - net_share(before), Z * sqrt(variance))


def share(sample: Sample) -> Fraction:
    """Favourable of all."""
    return Fraction(sample.favourable, sample.n)


def wilson(part: int, n: int) -> Interval:
    """Wilson's score interval (1927) of the share part / n; within 0 to 1 by itself."""
    # The upper end is the lower end of the others: so 0 and 1 are exact, and mirrored samples mirror.
    return Interval(_wilson_low(part, n), 1 - _wilson_low(n - part, n))


def share_interval(sample: Sample) -> Interval:
    """Wilson's, of the favourable."""
    return wilson(sample.favourable, sample.n)


def newcombe(before: Sample, after: Sample) -> Interval:
    """The difference of two shares from their Wilson intervals (Newcombe 1998, method 10)."""
    a, b = float(share(before)), float(share(after))
    (a_low, a_high), (b_low, b_high) = share_interval(before), share_interval(after)
    below, above = hypot(b - b_low, a_high - a), hypot(b_high - b, a - a_low)
    return Interval(b - a - below, b - a + above)


def mean(sample: Sample) -> Fraction:
    """The mean rating."""
    return sample.mean


def student(sample: Sample) -> Interval | None:
    """Student's t interval of the mean, not clamped; None for a single answer and when all are equal."""
    if not sample.variance:
        return None
    return _around(sample.mean, t_quantile(sample.n - 1) * sqrt(sample.variance / sample.n))


def welch(before: Sample, after: Sample) -> Interval | None:
    """The difference of two means with unequal variances (Welch 1947); None when either has no interval."""
    if not (before.variance and after.variance):
        return None
    a, b = before.variance / before.n, after.variance / after.n
    degrees_of_freedom = (a + b) ** 2 / (a**2 / (before.n - 1) + b**2 / (after.n - 1))
    return _around(after.mean - before.mean, t_quantile(float(degrees_of_freedom)) * sqrt(a + b))


NET_SHARE = Estimator(net_share, adjusted_wald, net_share_change)
SHARE = Estimator(share, share_interval, newcombe)
MEAN = Estimator(mean, student, welch)


def t_quantile(degrees_of_freedom: float) -> float:
    """The 0.975 quantile of Student's t for 1 degree of freedom or more, whole or not, to 1e-9 of itself.

    From 100 on by its expansion around the normal quantile (Abramowitz and Stegun 26.7.5). Below that the
    expansion falls short of the quantile, and the tail is convex, so Newton's steps from it only climb.
    """
    t = _expanded_t_quantile(degrees_of_freedom)
    if degrees_of_freedom >= 100:
        return t
    while (step := _newton_step(t, degrees_of_freedom)) > 1e-12 * t:
        t += step
    return t


def _expanded_t_quantile(degrees_of_freedom: float) -> float:
    z, v = 1.959963984540054, degrees_of_freedom  # not Z, whose six decimals would cost the ninth digit
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


def _newton_step(t: float, v: float) -> float:
    """How far to move t so that the tail above it comes to 0.025.

    The tail is the incomplete beta function's series (Abramowitz and Stegun 26.5.4, 26.7.1) with the density
    taken out as a factor; every term is positive, so nothing cancels.
    """
    half, x = v / 2, v / (v + t * t)
    log_beta = lgamma(half) + lgamma(0.5) - lgamma(half + 0.5)
    density = exp((half + 0.5) * log(x) - log_beta) / sqrt(v)
    total, term, k = 0.0, 1.0, 0
    while term > 1e-16 * total:
        total += term
        term *= x * (half + 0.5 + k) / (half + 1 + k)
        k += 1
    return t / v * total - 0.025 / density


def _wilson_low(part: int, n: int) -> float:
    return (2 * part + Z * Z - Z * sqrt(Z * Z + Fraction(4 * part * (n - part), n))) / (2 * (n + Z * Z))


class _Adjusted(NamedTuple):
    n: int
    net: Fraction
    variance: Fraction


def _adjusted(sample: Sample) -> _Adjusted:
    n = sample.n + 3
    net = Fraction(sample.favourable - sample.unfavourable, n)
    either = (sample.favourable + sample.unfavourable + Fraction(3, 2)) / n
    return _Adjusted(n, net, either - net**2)


def _around(centre: Fraction, half_width: float) -> Interval:
    return Interval(centre - half_width, centre + half_width)
