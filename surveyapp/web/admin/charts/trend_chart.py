"""Scores over time with their intervals, and numbered events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from surveyapp.i18n import Language
from surveyapp.web.admin.charts.axes import Plot, labelled, lines_across, room_beside, scale_of
from surveyapp.web.admin.charts.drawing import (
    DASH,
    GAP,
    Box,
    Chart,
    Key,
    Line,
    Outline,
    Paper,
    Part,
    Picture,
    Point,
    Sheet,
    key,
    on_both_papers,
)
from surveyapp.web.admin.charts.labels import apart
from surveyapp.web.admin.charts.outlines import circle, polyline
from surveyapp.web.admin.charts.text import words
from surveyapp.web.admin.charts.units import Unit, figure

_Each = TypeVar("_Each")
_LANE = 18
"""The height of a row of numbers above the plot."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One period: `value` is None where there is no score, `low` and `high` where it has no interval."""

    label: str
    full_label: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    is_withheld: bool
    why: str = ""
    """Why the score is withheld, in words."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event in the period of that index."""

    index: int
    words: str


@dataclass(frozen=True, slots=True)
class TrendChart(Chart):
    """`events` explain the numbered dashed lines, in their order."""

    events: tuple[str, ...]


def trend(
    points: Sequence[TrendPoint], marks: Sequence[Mark], unit: Unit, lower_is_better: bool, language: Language
) -> TrendChart:
    """Scores over time with their intervals; a mark of no point is an IndexError."""
    # i18n: Heading of a column and name of a band in a chart
    interval = language.gettext("95% confidence interval")
    headings = (
        # i18n: Heading of a column: a day, a week or a month
        language.gettext("Period"),
        # i18n: Heading of a column: the figure that is computed from all answers
        language.gettext("Score"),
        interval,
        # i18n: Heading of a column: how many customers answered
        language.gettext("Answers"),
    )
    return TrendChart(
        *on_both_papers(lambda paper: _picture(paper, points, marks, unit, lower_is_better, language)),
        tuple(_keys(points, interval, language)),
        Sheet(headings, tuple(_row(point, unit, language) for point in points)),
        tuple(mark.words for mark in marks),
    )


def _keys(points: Sequence[TrendPoint], interval: str, language: Language) -> Iterator[Key]:
    yield key(interval, Box(0, 1, 28, 12, "band"), Line(0, 7, 28, 7, "line"))
    if any(point.is_withheld for point in points):
        yield key(_not_shown(language), Outline(circle(14, 7, 4.5), "hollow"))


def _row(point: TrendPoint, unit: Unit, language: Language) -> tuple[str, ...]:
    return (
        point.full_label,
        _said(point, unit, language),
        _interval(point, unit, language) or DASH,
        language.number(point.n),
    )


def _said(point: TrendPoint, unit: Unit, language: Language) -> str:
    if point.is_withheld:
        return point.why or _not_shown(language)
    # i18n: In a report, instead of a score
    return language.gettext("no answers yet") if point.value is None else figure(unit, point.value, language)


def _not_shown(language: Language) -> str:
    # i18n: In a chart, instead of a score, whyever it is left out
    return language.gettext("not shown")


def _interval(point: TrendPoint, unit: Unit, language: Language) -> str:
    if point.low is None or point.high is None:
        return ""
    return f"{figure(unit, point.low, language)} … {figure(unit, point.high, language)}"


def _picture(
    paper: Paper,
    points: Sequence[TrendPoint],
    marks: Sequence[Mark],
    unit: Unit,
    lower_is_better: bool,
    language: Language,
) -> Picture:
    shown = [each for point in points for each in (point.value, point.low, point.high) if each is not None]
    scale = scale_of(unit, shown)
    ticks = labelled(scale, unit, language)
    left, right = room_beside(paper, ticks), paper.width - 4
    band = (right - left) / max(len(points), 1)
    xs = [left + (index + 0.5) * band for index in range(len(points))]
    head = GAP + (paper.row if lower_is_better else 0)
    event_xs = [xs[mark.index] for mark in marks]
    lanes = _lanes(event_xs)
    top = head + (max(lanes, default=-1) + 1) * _LANE
    plot = Plot(left, top, right, paper.height - paper.row - 6, scale)
    parts = (
        *lines_across(paper, plot, ticks),
        *(_direction(paper, left, language) if lower_is_better else ()),
        *_events(paper, plot, event_xs, [head + lane * _LANE + 8 for lane in lanes]),
        *_bands(plot, points, xs),
        *_lines(plot, points, xs),
        *(_dot(plot, point, x, band, unit, language) for point, x in zip(points, xs, strict=True)),
        *_periods(paper, points, xs),
    )
    return Picture(paper.width, paper.height, parts)


def _direction(paper: Paper, left: float, language: Language) -> Iterator[Part]:
    # i18n: Direction of a metric
    lower = language.gettext("lower is better")
    yield words(paper, (left, GAP + paper.letters - 4), f"↓ {lower}")


def _lanes(xs: Sequence[float]) -> list[int]:
    """In which row above the plot each number stands, so that none covers another."""
    lanes: list[int] = []
    for index, x in enumerate(xs):
        taken = {lane for lane, other in zip(lanes, xs[:index], strict=True) if abs(other - x) < 20}
        lanes.append(next(lane for lane in range(index + 1) if lane not in taken))
    return lanes


def _events(paper: Paper, plot: Plot, xs: Sequence[float], ys: Sequence[float]) -> Iterator[Part]:
    for number, (x, y) in enumerate(zip(xs, ys, strict=True), 1):
        yield Line(x, y, x, plot.bottom, "event")
        yield Outline(circle(x, y, 9), "badge")
        yield words(paper, (x, y + 4.5), str(number), "middle", "number")


def _bands(plot: Plot, points: Sequence[TrendPoint], xs: Sequence[float]) -> Iterator[Part]:
    ends = [
        None
        if point.low is None or point.high is None or point.value is None
        else ((x, plot.y(point.low)), (x, plot.y(point.high)))
        for point, x in zip(points, xs, strict=True)
    ]
    for stretch in _unbroken(ends):
        lows, highs = [low for low, _ in stretch], [high for _, high in stretch]
        # One alone has no width.
        if len(stretch) == 1:
            yield Line(*lows[0], *highs[0], "alone")
        else:
            yield Outline(polyline([*highs, *reversed(lows)]) + "Z", "band")


def _lines(plot: Plot, points: Sequence[TrendPoint], xs: Sequence[float]) -> Iterator[Part]:
    places = [
        None if point.value is None else (x, plot.y(point.value)) for point, x in zip(points, xs, strict=True)
    ]
    return (Outline(polyline(stretch), "line") for stretch in _unbroken(places) if len(stretch) > 1)


def _unbroken(places: Iterable[_Each | None]) -> Iterator[list[_Each]]:
    """What follows one another without a None between."""
    stretch: list[_Each] = []
    for place in [*places, None]:
        if place is not None:
            stretch.append(place)
        elif stretch:
            yield stretch
            stretch = []


def _dot(plot: Plot, point: TrendPoint, x: float, band: float, unit: Unit, language: Language) -> Point:
    reach = Box(x - band / 2, plot.top, band, plot.bottom - plot.top, "reach")
    said = f"{point.full_label}: {_said(point, unit, language)}"
    if point.is_withheld:
        said += f", n = {language.number(point.n)}"
        return Point(x, plot.bottom, circle(x, plot.bottom, min(5, band / 2)), "hollow", said, reach)
    if point.value is None:
        return Point(x, plot.bottom, "", "dot", said, reach)
    if ends := _interval(point, unit, language):
        said += f" ({ends})"
    y = plot.y(point.value)
    radius = min(4.0, max(band / 3, 1.5))
    return Point(x, y, circle(x, y, radius), "dot", f"{said}, n = {language.number(point.n)}", reach)


def _periods(paper: Paper, points: Sequence[TrendPoint], xs: Sequence[float]) -> Sequence[Part]:
    y = paper.height - 6
    labels = [words(paper, (x, y), point.label, "middle") for point, x in zip(points, xs, strict=True)]
    return apart(labels, paper.width)
