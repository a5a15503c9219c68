"""Limits of a funnel plot: curves cut off at the edges of the plot."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from surveyapp.web.admin.charts.axes import Plot
from surveyapp.web.admin.charts.drawing import At, Outline
from surveyapp.web.admin.charts.outlines import polyline


@dataclass(frozen=True, slots=True)
class LimitPoint:
    """Between which scores chance alone keeps 95 % and 99.8 % of those with n answers."""

    n: int
    low95: float
    high95: float
    low998: float
    high998: float


_ENDS: Sequence[tuple[str, Callable[[LimitPoint], float]]] = (
    ("limit998", lambda limit: limit.low998),
    ("limit998", lambda limit: limit.high998),
    ("limit95", lambda limit: limit.low95),
    ("limit95", lambda limit: limit.high95),
)


def curves(plot: Plot, limits: Sequence[LimitPoint], x: Callable[[float], float]) -> Iterator[Outline]:
    """`x` says where a number of answers lies."""
    for kind, end in _ENDS:
        yield Outline(_clipped([(x(limit.n), plot.exact_y(end(limit))) for limit in limits], plot), kind)


def ends_that_matter(limits: Sequence[LimitPoint], numbers: Sequence[int]) -> list[float]:
    """The 99.8 % limits from the middle number of answers on: the mouth of the funnel may be cut off."""
    if not numbers:
        return []
    middle = sorted(numbers)[len(numbers) // 2]
    return [end for limit in limits if limit.n >= middle for end in (limit.low998, limit.high998)]


def _clipped(curve: Sequence[At], plot: Plot) -> str:
    """The curve as far as it lies inside the plot; empty when none of it does.

    Y.-D. Liang and B. A. Barsky, "A new concept and method for line clipping", 1984.
    """
    d, end = "", None
    for (x1, y1), (x2, y2) in pairwise(curve):
        t1, t2 = _crossings(x1, x2, plot.left, plot.right)
        u1, u2 = _crossings(y1, y2, plot.top, plot.bottom)
        start, stop = max(t1, u1), min(t2, u2)
        if start < stop:
            first = (x1 + start * (x2 - x1), y1 + start * (y2 - y1))
            last = (x1 + stop * (x2 - x1), y1 + stop * (y2 - y1))
            d += ("" if first == end else polyline([first])) + polyline([last]).replace("M", "L")
            end = last
    return d


def _crossings(first: float, last: float, low: float, high: float) -> tuple[float, float]:
    """Between which parts of the way from first to last one is between low and high; (1, 0) for never."""
    if first == last:
        return (0.0, 1.0) if low <= first <= high else (1.0, 0.0)
    one, other = sorted(((low - first) / (last - first), (high - first) / (last - first)))
    return max(one, 0.0), min(other, 1.0)
