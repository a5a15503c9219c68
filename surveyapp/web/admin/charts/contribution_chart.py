"""What each group adds to a change, as bars around zero."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from surveyapp.i18n import Language
from surveyapp.web.admin.charts.axes import Scale, round_steps, stepped
from surveyapp.web.admin.charts.drawing import (
    GAP,
    Box,
    Chart,
    Line,
    Outline,
    Paper,
    Part,
    Picture,
    Sheet,
    Words,
    key,
    on_both_papers,
)
from surveyapp.web.admin.charts.labels import apart
from surveyapp.web.admin.charts.outlines import diamond, filled
from surveyapp.web.admin.charts.text import fitted, width, words
from surveyapp.web.admin.charts.units import RULES, Unit

_EDGE = 20.0


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one group adds to a change: by its size (`mix`) and by its own score (`within`)."""

    label: str
    mix: float
    within: float


@dataclass(frozen=True, slots=True)
class ContributionChart(Chart):
    """Bars around zero."""


def contributions(rows: Sequence[Contribution], unit: Unit, language: Language) -> ContributionChart:
    """What each group adds to a change or takes from it, in the unit's own points."""
    # i18n: A part of a change: a group became a larger or smaller part of all answers
    mix = language.gettext("The mix changed")
    # i18n: A part of a change: the same group of customers gave other ratings
    within = language.gettext("The group got another score")
    # i18n: Both parts of a change added up
    both = language.gettext("Together")
    # i18n: Heading of a column: such as promoters, or a team
    group = language.gettext("Group")
    keys = (
        key(mix, *filled(Box(0, 1, 28, 12, "mix"))),
        key(within, Box(0, 1, 28, 12, "within")),
        key(both, Outline(diamond(14, 7, 5.5), "total")),
    )
    decimals = RULES[unit].fine
    table = tuple((row.label, *(language.signed(part, decimals) for part in _parts(row))) for row in rows)
    return ContributionChart(
        *on_both_papers(lambda paper: _picture(paper, rows, decimals, language)),
        keys,
        Sheet((group, mix, within, both), table),
    )


def _parts(row: Contribution) -> tuple[float, float, float]:
    return row.mix, row.within, row.mix + row.within


def _picture(paper: Paper, rows: Sequence[Contribution], decimals: int, language: Language) -> Picture:
    scale = _scale(rows)
    height = paper.row + 34
    bottom = height * len(rows) + 4

    def x(value: float) -> float:
        return _EDGE + scale.at(value) * (paper.width - 2 * _EDGE)

    # Under the names, which stay readable so.
    parts: list[Part] = [
        Line(x(value), 0, x(value), bottom, "zero" if value == 0 else "grid") for value in scale.ticks
    ]
    for index, row in enumerate(rows):
        parts += _bars(paper, row, index * height, x, language.signed(row.mix + row.within, decimals))
    parts += apart(_labels(paper, scale, x, bottom + paper.row, language), paper.width)
    return Picture(paper.width, bottom + paper.row + 6, tuple(parts))


def _scale(rows: Sequence[Contribution]) -> Scale:
    ends = [0.0, *(part for row in rows for part in _parts(row))]
    low, high = min(ends), max(ends)
    # Less than what is shown is no change.
    return stepped(low, high, round_steps(high - low)) if high - low > 0.01 else Scale(-1, 1, (-1, 0, 1))


def _labels(
    paper: Paper, scale: Scale, x: Callable[[float], float], y: float, language: Language
) -> list[Words]:
    step = scale.ticks[1] - scale.ticks[0]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [
        words(paper, (x(value), y), language.signed(value, decimals if value else 0), "middle")
        for value in scale.ticks
    ]


def _bars(
    paper: Paper, row: Contribution, top: float, x: Callable[[float], float], together: str
) -> Iterator[Part]:
    base = top + paper.letters + 2
    room = paper.width - width(together, paper.letters) - 2 * GAP
    yield words(paper, (0, base), fitted(row.label, room, paper.letters), "start", "name")
    yield words(paper, (paper.width, base), together, "end", "count")
    for value, y, kind in ((row.mix, base + 6, "mix"), (row.within, base + 17, "within")):
        left, right = sorted((x(0), x(value)))
        if right > left:
            yield from filled(Box(left, y, right - left, 10, kind))
    yield Outline(diamond(x(row.mix + row.within), base + 16.5, 5.5), "total")
