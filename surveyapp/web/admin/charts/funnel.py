"""Scores against numbers of answers, with the limits within which chance alone keeps them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from surveyapp.i18n import Language
from surveyapp.web.admin.charts.axes import (
    Plot,
    Scale,
    labelled,
    lines_across,
    room_beside,
    round_steps,
    scale_of,
    stepped,
)
from surveyapp.web.admin.charts.drawing import (
    GAP,
    SAMPLE_HEIGHT,
    SAMPLE_WIDTH,
    Anchor,
    At,
    Box,
    Chart,
    Key,
    Line,
    Outline,
    Paper,
    Picture,
    Point,
    Sheet,
    Words,
    key,
    on_both_papers,
    sample,
)
from surveyapp.web.admin.charts.labels import Area, apart, area_of, first_free
from surveyapp.web.admin.charts.limits import LimitPoint, curves, ends_that_matter
from surveyapp.web.admin.charts.outlines import circle, diamond, square
from surveyapp.web.admin.charts.text import fitted, words
from surveyapp.web.admin.charts.units import Unit, figure

Standing = Literal["within", "outside95", "outside998"]


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One agent or group; `href` leads to what is behind it."""

    label: str
    n: int
    value: float
    tone: Standing
    href: str | None


@dataclass(frozen=True, slots=True)
class Outside:
    """A point outside the limits, in words."""

    sample: Picture
    words: str
    href: str | None


@dataclass(frozen=True, slots=True)
class FunnelPlot(Chart):
    """`outside` names the points outside the limits, the farthest out first."""

    outside: tuple[Outside, ...]


def funnel_plot(
    points: Sequence[FunnelPoint],
    limits: Sequence[LimitPoint],
    centre: float,
    unit: Unit,
    language: Language,
) -> FunnelPlot:
    """Score against number of answers: few answers scatter widely by chance, and the limits say how widely.

    D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", 2005.
    """
    positions = _positions(language)
    tones = {point.tone for point in points}
    return FunnelPlot(
        *on_both_papers(lambda paper: _picture(paper, points, limits, centre, unit, language)),
        (
            *_line_keys(language),
            *(key(position, _symbol_sample(tone)) for tone, position in positions.items() if tone in tones),
        ),
        _sheet(points, positions, unit, language),
        tuple(
            Outside(sample(_symbol_sample(point.tone)), _said(point, unit, language), point.href)
            for point in _farthest_first(points, centre)
        ),
    )


def _positions(language: Language) -> Mapping[Standing, str]:
    p95, p998 = _percents(language)
    return {
        # i18n: Where a point of a chart lies
        "within": language.gettext("Within what chance explains"),
        # i18n: Where a point of a chart lies. {p}: 95%
        "outside95": language.gettext("Outside the {p} limits", p=p95),
        # i18n: Where a point of a chart lies. {p}: 99.8%
        "outside998": language.gettext("Outside the {p} limits", p=p998),
    }


def _line_keys(language: Language) -> Iterator[Key]:
    p95, p998 = _percents(language)
    # i18n: A line in a chart
    yield key(language.gettext("Average"), Line(0, 7, 28, 7, "centre"))
    # i18n: A line in a chart; chance alone keeps so many of the points within it. {p}: 95%
    yield key(language.gettext("{p} limits", p=p95), Line(0, 7, 28, 7, "limit95"))
    # i18n: A line in a chart; chance alone keeps so many of the points within it. {p}: 99.8%
    yield key(language.gettext("{p} limits", p=p998), Line(0, 7, 28, 7, "limit998"))


def _percents(language: Language) -> tuple[str, str]:
    return language.percent(95), language.percent(99.8, 1)


def _sheet(
    points: Sequence[FunnelPoint], positions: Mapping[Standing, str], unit: Unit, language: Language
) -> Sheet:
    headings = (
        # i18n: Heading of a column: such as an agent's
        language.gettext("Name"),
        # i18n: Heading of a column: the figure that is computed from all answers
        language.gettext("Score"),
        # i18n: Heading of a column: how many customers answered
        language.gettext("Answers"),
        # i18n: Heading of a column: where a point of a chart lies
        language.gettext("Against the limits"),
    )
    rows = tuple(
        (point.label, figure(unit, point.value, language), language.number(point.n), positions[point.tone])
        for point in points
    )
    return Sheet(headings, rows)


def _farthest_first(points: Sequence[FunnelPoint], centre: float) -> list[FunnelPoint]:
    return sorted(
        (point for point in points if point.tone != "within"),
        key=lambda point: (point.tone == "outside95", -abs(point.value - centre)),
    )


def _said(point: FunnelPoint, unit: Unit, language: Language) -> str:
    return f"{point.label}: {figure(unit, point.value, language)}, n = {language.number(point.n)}"


def _symbol_sample(tone: Standing) -> Outline:
    return Outline(_symbol(tone, SAMPLE_WIDTH / 2, SAMPLE_HEIGHT / 2), tone)


def _symbol(tone: Standing, x: float, y: float) -> str:
    if tone == "within":
        return circle(x, y, 4)
    return diamond(x, y, 6.5) if tone == "outside95" else square(x, y, 5)


def _picture(
    paper: Paper,
    points: Sequence[FunnelPoint],
    limits: Sequence[LimitPoint],
    centre: float,
    unit: Unit,
    language: Language,
) -> Picture:
    ends = ends_that_matter(limits, [point.n for point in points])
    scale = scale_of(unit, [centre, *(point.value for point in points), *ends])
    ticks, numbers = labelled(scale, unit, language), _numbers(points)
    left = room_beside(paper, ticks)
    plot = Plot(left, GAP, paper.width - 12, paper.height - 2 * paper.row - 6, scale)

    def x(n: float) -> float:
        return left + numbers.exactly(n) * (plot.right - left)

    drawn = [
        _drawn(point, (x(point.n), plot.y(point.value)), _said(point, unit, language)) for point in points
    ]
    parts = (
        *lines_across(paper, plot, ticks),
        *curves(plot, limits, x),
        Line(left, plot.y(centre), plot.right, plot.y(centre), "centre"),
        # Those outside lie on top.
        *sorted(drawn, key=lambda point: point.kind != "within"),
        *_names(paper, plot, points, drawn),
        *_below(paper, plot, [(x(n), language.number(n)) for n in numbers.ticks], language),
    )
    return Picture(paper.width, paper.height, parts)


def _numbers(points: Sequence[FunnelPoint]) -> Scale:
    most = max([1, *(point.n for point in points)])
    return stepped(0, most, [each for each in round_steps(most) if each >= 1])


def _drawn(point: FunnelPoint, at: At, said: str) -> Point:
    x, y = at
    reach = Box(x - 11, y - 11, 22, 22, "reach")
    return Point(x, y, _symbol(point.tone, x, y), point.tone, said, reach, point.href)


def _names(
    paper: Paper, plot: Plot, points: Sequence[FunnelPoint], drawn: Sequence[Point]
) -> Iterator[Words]:
    """Names of the points outside, where one fits that covers neither a name nor a point."""
    room = Area(plot.left, plot.top, paper.width, plot.bottom)
    taken = [_around(symbol) for symbol in drawn]
    for point, symbol in zip(points, drawn, strict=True):
        if point.tone == "within":
            continue
        text = fitted(point.label, (plot.right - plot.left) * 0.45, paper.letters)
        places = (words(paper, at, text, anchor, "name") for at, anchor in _places(symbol, paper.letters))
        if name := first_free(places, paper.letters, room, taken):
            taken.append(area_of(name, paper.letters))
            yield name


def _around(symbol: Point) -> Area:
    half = 5 if symbol.kind == "within" else 7
    return Area(symbol.x - half, symbol.y - half, symbol.x + half, symbol.y + half)


def _places(symbol: Point, letters: float) -> list[tuple[At, Anchor]]:
    x, y = symbol.x, symbol.y
    return [
        ((x + 11, y + letters * 0.35), "start"),
        ((x - 11, y + letters * 0.35), "end"),
        ((x, y - 12), "middle"),
        ((x, y + letters + 8), "middle"),
    ]


def _below(
    paper: Paper, plot: Plot, ticks: Sequence[tuple[float, str]], language: Language
) -> Iterator[Words]:
    """The axis of numbers of answers and its name."""
    labels = [words(paper, (x, plot.bottom + paper.row), number, "middle") for x, number in ticks]
    yield from apart(labels, paper.width)
    # i18n: Name of an axis: how many customers answered
    answers = language.gettext("Answers")
    yield words(paper, (plot.right, paper.height - 6), f"{answers} →", "end")
