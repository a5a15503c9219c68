"""Figures and lists as text tables for a terminal."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.i18n import Language, language
from surveyapp.reports import Dimension, Figures


def scores_table(figures: Sequence[Figures], by: Dimension | None, locale: str) -> str:
    """The scores in the locale's language, with its number formats; a sentence when there are none."""
    speech = language(locale)
    if not figures:
        # i18n: In place of a score
        return speech.gettext("no answers yet")
    header = _header(speech, by)
    return _drawn([header, *(_row(speech, each, by) for each in figures)], numbers_from=2 if by else 1)


def plain(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows under the names of their keys."""
    return _drawn([list(columns), *([_cell(row[column]) for column in columns] for row in rows)])


def _header(speech: Language, by: Dimension | None) -> list[str]:
    pgettext = speech.pgettext
    return [
        # i18n: Heading of a column: NPS, CSAT and so on
        pgettext("column", "metric"),
        *([_dimension(speech, by)] if by else []),
        # i18n: Heading of a column: how many answers count
        pgettext("column", "answers"),
        # i18n: Heading of a column: the number computed from all ratings
        pgettext("column", "score"),
        # i18n: Heading of a column
        speech.gettext("95% confidence interval"),
        # i18n: Heading of a column: the mean rating
        pgettext("column", "mean"),
        # i18n: Heading of a column of counts: answers in the good group of any metric
        pgettext("column", "favourable"),
        # i18n: Heading of a column of counts: answers in the middle group of any metric
        pgettext("column", "neutral"),
        # i18n: Heading of a column of counts: answers in the bad group of any metric
        pgettext("column", "unfavourable"),
        # i18n: Heading of a column of counts: answers that wait for certainty
        pgettext("column", "held"),
        # i18n: Heading of a column of counts: answers that staff refused
        pgettext("column", "refused"),
    ]


def _dimension(speech: Language, by: Dimension) -> str:
    pgettext = speech.pgettext
    return {
        # i18n: Heading of a column: who handled the ticket
        Dimension.AGENT: pgettext("column", "agent"),
        # i18n: Heading of a column
        Dimension.TEAM: pgettext("column", "team"),
        # i18n: Heading of a column
        Dimension.CASE_TYPE: pgettext("column", "case type"),
        # i18n: Heading of a column
        Dimension.CHANNEL: pgettext("column", "channel"),
        # i18n: Heading of a column
        Dimension.LOCALE: pgettext("column", "language"),
        # i18n: Heading of a column
        Dimension.DAY: pgettext("column", "day"),
    }[by]


def _row(speech: Language, figures: Figures, by: Dimension | None) -> list[str]:
    # i18n: Row of the answers without team, agent and so on
    group = [speech.gettext("not stated") if figures.group is None else figures.group] if by else []
    counts = [speech.number(figures.held), speech.number(figures.refused)]
    return [
        metric_name(speech, figures.metric),
        *group,
        speech.number(figures.n),
        *_score(speech, figures),
        *counts,
    ]


def metric_name(speech: Language, metric: Metric) -> str:
    """The metric's name, with its direction in words where a reader could take it the wrong way round."""
    _ = speech.gettext
    name = {
        # i18n: Name of a metric
        Metric.NPS: _("Willingness to recommend (NPS)"),
        # i18n: Name of a metric
        Metric.CSAT: _("Customer satisfaction (CSAT)"),
        # i18n: Name of a metric
        Metric.CES: _("Customer effort (CES)"),
        # i18n: Name of a metric
        Metric.CES_EASE: _("Ease (CES 2.0)"),
        # i18n: Name of a metric
        Metric.NKI: _("Customer satisfaction index (NKI)"),
        # i18n: Name of a metric
        Metric.OPEN: _("Open comment"),
    }[metric]
    if metric not in (Metric.CES, Metric.CES_EASE):
        return name
    # i18n: Direction of a metric, after its name
    lower, higher = _("lower is better"), _("higher is better")
    return f"{name}, {lower if SCALES[metric].better is Direction.LOWER else higher}"


def _score(speech: Language, figures: Figures) -> list[str]:
    score = figures.score
    if score is None:
        # i18n: In place of a score
        few, none = speech.gettext("not shown (too few answers)"), speech.gettext("no answers yet")
        said = few if figures.is_withheld else none if figures.n == 0 else "–"
        return [said, "", "", "", "", ""]
    interval = "–"
    if score.low is not None and score.high is not None:
        interval = (
            f"{_figure(speech, figures.metric, score.low)} … {_figure(speech, figures.metric, score.high)}"
        )
    groups = (score.favourable, score.neutral, score.unfavourable)
    return [
        _figure(speech, figures.metric, score.value),
        interval,
        "" if score.mean is None else speech.number(score.mean, 2),
        *("" if people is None else speech.number(people) for people in groups),
    ]


def _figure(speech: Language, metric: Metric, value: float) -> str:
    match metric:
        case Metric.NPS:
            return speech.signed(value)
        case Metric.CSAT:
            return speech.percent(value)
        case Metric.NKI:
            return speech.number(value)
    return speech.number(value, 2)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _drawn(rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> str:
    """Columns as wide as their widest cell; those of numbers are set flush right."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [rows[0], ["─" * width for width in widths], *rows[1:]]
    return "\n".join(
        "  ".join(
            _padded(cell, widths[column], is_right=numbers_from is not None and column >= numbers_from)
            for column, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def _padded(cell: str, width: int, *, is_right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if is_right else cell + space


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
