"""Axes with round ticks."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from surveyapp.i18n import Language
from surveyapp.web.admin.charts.drawing import GAP, Line, Paper, Part
from surveyapp.web.admin.charts.text import width, words
from surveyapp.web.admin.charts.units import RULES, Unit

_MOST_STEPS = 6


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of an axis; `at` runs from 0, its low end, to 1."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from one end of an axis to the other."""

    low: float
    high: float
    ticks: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        """Between 0, the low end, and 1; what lies beyond is moved to the end."""
        return min(max(self.exactly(value), 0.0), 1.0)

    def exactly(self, value: float) -> float:
        """The same without an end."""
        return (value - self.low) / (self.high - self.low)

    def has(self, value: float) -> bool:
        """Both ends belong to it."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Plot:
    """The inner box of a chart with two axes; `scale` runs upwards."""

    left: float
    top: float
    right: float
    bottom: float
    scale: Scale

    def y(self, value: float) -> float:
        """What lies beyond the scale is moved to its end."""
        return self.bottom - self.scale.at(value) * (self.bottom - self.top)

    def exact_y(self, value: float) -> float:
        """The same without an end."""
        return self.bottom - self.scale.exactly(value) * (self.bottom - self.top)


def axis(unit: Unit, values: Sequence[float], language: Language) -> list[Tick]:
    """Round ticks, evenly spaced from the low end of the axis to its high end, which cover the values."""
    return labelled(scale_of(unit, values), unit, language)


def scale_of(unit: Unit, values: Sequence[float]) -> Scale:
    """As wide as the values need and the unit allows; all that the unit has where there is no value."""
    rule = RULES[unit]
    low, high = min(values, default=rule.lowest), max(values, default=rule.highest)
    if unit is Unit.NPS:
        low, high = _with_zero_near(low, high, rule.least)
    missing = max(rule.least - (high - low), 0)
    low = max(min(low - missing / 2, rule.highest - rule.least), rule.lowest)
    high = min(max(high, low + rule.least), rule.highest)
    return stepped(low, high, rule.steps)


def stepped(low: float, high: float, steps: Iterable[float]) -> Scale:
    """From the step at or below the low end to the one at or above the high end.

    The first step that needs few ticks is taken, or else the last.
    """
    for step in steps:
        # The quotient of two tenths is not quite whole.
        first, last = math.floor(round(low / step, 6)), math.ceil(round(high / step, 6))
        if last - first <= _MOST_STEPS:
            break
    ticks = tuple(round(each * step, 6) for each in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def round_steps(span: float) -> list[float]:
    """1, 2, 5 and their tenfolds, around a tenth of the span."""
    power = math.floor(math.log10(span)) - 1
    return [digit * 10.0**exponent for exponent in range(power, power + 3) for digit in (1, 2, 5)]


def labelled(scale: Scale, unit: Unit, language: Language) -> list[Tick]:
    """Its ticks as people read them."""
    return [Tick(scale.at(value), RULES[unit].tick(language, value)) for value in scale.ticks]


def room_beside(paper: Paper, ticks: Sequence[Tick]) -> float:
    """How far the plot is from the left edge of the paper."""
    return max(width(tick.label, paper.letters) for tick in ticks) + GAP


def lines_across(paper: Paper, plot: Plot, ticks: Sequence[Tick]) -> Iterator[Part]:
    """The axis on the left with its lines across."""
    for tick in ticks:
        y = plot.bottom - tick.at * (plot.bottom - plot.top)
        yield Line(plot.left, y, plot.right, y, "base" if tick.at == 0 else "grid")
        yield words(paper, (plot.left - GAP, y + paper.letters * 0.35), tick.label, "end")
    if plot.scale.low < 0 < plot.scale.high:
        yield Line(plot.left, plot.y(0), plot.right, plot.y(0), "zero")


def _with_zero_near(low: float, high: float, least: float) -> tuple[float, float]:
    near = max((high - low) / 2, least)
    return (0 if 0 < low <= near else low), (0 if -near <= high < 0 else high)
