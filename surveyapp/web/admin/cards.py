"""What the overview says of each metric, of the invitations and of dated markers: words and charts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from surveyapp import figure_words
from surveyapp.core.periods import Grain, Period, Whole
from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.figure_words import GroupOf, Moved, Running, Tone
from surveyapp.figures import Figures
from surveyapp.i18n import Language
from surveyapp.metric_names import metric_name
from surveyapp.models import Marker
from surveyapp.reports import Around, Overview, Step
from surveyapp.tallies import Asked
from surveyapp.web.admin import charts
from surveyapp.web.admin.charts import Mark, Piece, StackChart, Stage, StagesChart, TrendChart, TrendPoint

MORE, LESS, SAME = "↑", "↓", "≈"
"""What a change looks like besides its words."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a score stands to that of another time."""

    words: str
    tone: Tone
    symbol: str
    interval: str
    """Of a demonstrable change; "" else."""
    earlier: str
    """What is known of the other time."""


@dataclass(frozen=True, slots=True)
class Card:
    """One metric."""

    metric: Metric
    name: str
    direction: str
    figures: Figures
    score: str
    """The headline, or why there is none."""
    interval: str
    second: str
    reading: str
    groups: tuple[GroupOf, ...]
    stack: StackChart | None
    change: Change | None
    """None where there is nothing to compare: no score now."""
    trend: TrendChart | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric before and after a marker."""

    name: str
    before: str
    after: str
    change: Change


@dataclass(frozen=True, slots=True)
class Event:
    """A marker and what changed around it."""

    marker: Marker
    before: Period | None
    after: Period | None
    """None: not compared, as it has not begun, or for this reader."""
    rows: tuple[Compared, ...]


def cards(
    tongue: Language, found: Overview, events: Sequence[Marker], period: Period, running: Running | None
) -> list[Card]:
    """One for each metric, in their order."""
    return [
        _card(tongue, each, found.trends.get(each.metric, []), events, period, running)
        for each in found.figures
    ]


def funnel(tongue: Language, asked: Asked) -> StagesChart:
    """From the invitation to the comment."""
    return charts.stages(
        [
            # i18n: A stage of the response: so many customers were to be asked
            Stage(tongue.pgettext("stage", "Invited"), asked.invited, ""),
            # i18n: A stage of the response: so many emails were taken by the customers' mail servers
            Stage(tongue.pgettext("stage", "Email accepted"), asked.accepted, ""),
            # i18n: A stage of the response
            Stage(tongue.pgettext("stage", "Answered"), asked.answered, ""),
            # i18n: A stage of the response: so many wrote a comment with their answer
            Stage(tongue.pgettext("stage", "Commented"), asked.commented, ""),
        ],
        tongue,
    )


def together(cohorts: Iterable[Asked]) -> Asked:
    """Of all surveys."""
    whole = Asked()
    for each in cohorts:
        whole.add(each)
    return whole


def marked(tongue: Language, markers: Sequence[Marker], around: Sequence[Around]) -> list[Event]:
    """The newest first, each with its metrics before and after."""
    # The same day holds the same figures, whatever else happened on it.
    known = {each.day: each for each in around}
    return [_event(tongue, marker, known.get(marker.day)) for marker in reversed(markers)]


def days(tongue: Language, period: Period) -> str:
    """A period for a small place: 1 Sep 2026 to 30 Sep 2026, or the only day."""
    first, last = tongue.short_date(period.first), tongue.short_date(period.last)
    if period.days == 1:
        return first
    # i18n: A period. {first}: 1 October 2026, {last}: 31 October 2026
    return tongue.gettext("{first} to {last}", first=first, last=last)


def _card(
    tongue: Language,
    figures: Figures,
    steps: Sequence[Step],
    events: Sequence[Marker],
    period: Period,
    running: Running | None,
) -> Card:
    metric, score = figures.metric, figures.score
    groups = figure_words.groups(tongue, score) if score else ()
    return Card(
        metric=metric,
        name=metric_name(tongue, metric),
        direction=figure_words.direction(tongue, metric),
        figures=figures,
        score=figure_words.score_words(tongue, figures, running),
        interval=figure_words.interval(tongue, score) if score else "",
        second=figure_words.second_figure(tongue, score) if score else "",
        reading=figure_words.reading(tongue, score) if score else "",
        groups=groups,
        stack=_stack(tongue, groups) if groups else None,
        change=_change(tongue, figures, period.previous) if score else None,
        trend=_trend(tongue, metric, steps, events) if _is_worth_drawing(steps) else None,
    )


def _stack(tongue: Language, groups: Sequence[GroupOf]) -> StackChart:
    return charts.stack([Piece(each.label, each.count, each.tone.value) for each in groups], tongue)


def _change(tongue: Language, figures: Figures, earlier: Period) -> Change:
    moved = figure_words.changed(tongue, figures)
    return Change(
        moved.words,
        moved.tone,
        _symbol(figures, moved),
        _ends(tongue, figures),
        f"{days(tongue, earlier)}: {_before(tongue, figures)}",
    )


def _symbol(figures: Figures, moved: Moved) -> str:
    """Which way the figure moved, which is not always which way is better."""
    if figures.change is None or figures.change.difference is None:
        return ""
    if moved.tone is Tone.PLAIN:
        return SAME
    return MORE if figures.change.difference > 0 else LESS


def _ends(tongue: Language, figures: Figures) -> str:
    """Between what the change lies; "" where it may be chance."""
    change = figures.change
    if change is None or not change.is_demonstrable or change.low is None or change.high is None:
        return ""
    decimals = figure_words.decimals_of(figures.metric) or 1
    # i18n: After a change: how sure it is. {low}: +1.2, {high}: +8.0
    return tongue.gettext(
        "95% confidence interval of the change: {low} to {high}",
        low=tongue.signed(change.low, decimals),
        high=tongue.signed(change.high, decimals),
    )


def _before(tongue: Language, figures: Figures) -> str:
    """What is known of the time before."""
    before = figures.before
    if before is None or before.n == 0:
        # i18n: Of a time in the past, in place of a score
        return tongue.gettext("no answers")
    earlier = replace(figures, n=before.n, score=before.score, why=before.why)
    return _with_n(tongue, earlier)


def _with_n(tongue: Language, figures: Figures) -> str:
    if figures.n == 0:
        return tongue.gettext("no answers")
    if figures.score is None:
        return figure_words.withheld(tongue, figures)
    # i18n: A score and of how many answers it is. {score}: 83% satisfied, {n}: 212
    return tongue.ngettext(
        "{score} ({n} answer)",
        "{score} ({n} answers)",
        figures.n,
        score=figure_words.headline(tongue, figures.score),
    )


def _trend(tongue: Language, metric: Metric, steps: Sequence[Step], events: Sequence[Marker]) -> TrendChart:
    marks = [
        Mark(index, f"{tongue.short_date(event.day)}: {event.words}")
        for event in events
        for index, step in enumerate(steps)
        if event.day in step.period
    ]
    is_lower_better = SCALES[metric].better is Direction.LOWER
    is_by_month = any(step.period.days > 7 for step in steps)
    points = [_point(tongue, step, is_by_month=is_by_month) for step in steps]
    return charts.trend(points, marks, charts.unit_of(metric), is_lower_better, tongue)


def _is_worth_drawing(steps: Sequence[Step]) -> bool:
    return len(steps) > 1 and any(step.figures.score for step in steps)


def _point(tongue: Language, step: Step, *, is_by_month: bool) -> TrendPoint:
    score, period = step.figures.score, step.period
    month, is_whole = tongue.month_and_year(period.first), period.whole is Whole.MONTH
    return TrendPoint(
        label=month if is_by_month else tongue.day_and_month(period.first),
        full_label=month if is_whole else days(tongue, period),
        value=score.value if score else None,
        low=score.low if score else None,
        high=score.high if score else None,
        n=step.figures.n,
        is_withheld=step.figures.is_withheld,
        why=figure_words.withheld(tongue, step.figures) if step.figures.is_withheld else "",
    )


def _event(tongue: Language, marker: Marker, around: Around | None) -> Event:
    if around is None:
        return Event(marker, None, None, ())
    rows = tuple(
        Compared(
            metric_name(tongue, each.metric),
            _before(tongue, each),
            _with_n(tongue, each),
            _change(tongue, each, around.before),
        )
        for each in around.figures
        if each.metric in SCALES
    )
    return Event(marker, around.before, around.after, rows)


def grain_words(tongue: Language, grain: Grain) -> str:
    """A choice of how finely trends are drawn."""
    return {
        # i18n: A choice of how finely a trend is drawn
        Grain.DAY: tongue.gettext("by day"),
        # i18n: A choice of how finely a trend is drawn
        Grain.WEEK: tongue.gettext("by week"),
        # i18n: A choice of how finely a trend is drawn
        Grain.MONTH: tongue.gettext("by month"),
    }[grain]
