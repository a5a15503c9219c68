"""A small line for a cell of a table: interval, score and the average."""

from dataclasses import dataclass

from surveyapp.web.admin.charts.axes import Scale
from surveyapp.web.admin.charts.drawing import Line, Outline, Part, Picture
from surveyapp.web.admin.charts.outlines import circle
from surveyapp.web.admin.charts.units import RULES, Unit

_WIDTH, _HEIGHT = 120, 20
_EDGE = 5.0
_MIDDLE = _HEIGHT / 2


@dataclass(frozen=True, slots=True)
class IntervalLine:
    """For a cell of a table that has the figures in words beside it."""

    picture: Picture


def interval(
    value: float | None,
    low: float | None,
    high: float | None,
    unit: Unit,
    reference: float | None,
    span: tuple[float, float] | None,
) -> IntervalLine:
    """A small line for a cell: interval, score and, thin, the average.

    `span` is what the width stands for, so that the lines of a column can be compared; None is all that the
    unit has. What lies beyond is cut off at the edge.
    """
    first, last = span or (RULES[unit].lowest, RULES[unit].highest)
    scale = Scale(first, last if last > first else first + 1)
    parts: list[Part] = [Line(_EDGE, _MIDDLE, _WIDTH - _EDGE, _MIDDLE, "rail")]
    if reference is not None:
        x = _x(scale, reference)
        parts.append(Line(x, 1, x, _HEIGHT - 1, "reference"))
    if low is not None and high is not None:
        parts += _whisker(scale, low, high)
    if value is not None:
        parts.append(Outline(circle(_x(scale, value), _MIDDLE, 4), "dot"))
    return IntervalLine(Picture(_WIDTH, _HEIGHT, tuple(parts)))


def _whisker(scale: Scale, low: float, high: float) -> list[Line]:
    """Without an end where it is cut off."""
    ends = [_x(scale, end) for end in (low, high) if scale.has(end)]
    return [
        Line(_x(scale, low), _MIDDLE, _x(scale, high), _MIDDLE, "whisker"),
        *(Line(x, _MIDDLE - 4, x, _MIDDLE + 4, "whisker") for x in ends),
    ]


def _x(scale: Scale, value: float) -> float:
    return _EDGE + scale.at(value) * (_WIDTH - 2 * _EDGE)
