"""Figures and lists as text tables for a terminal."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from surveyapp.core.scales import Metric
from surveyapp.core.scoring import Score, favourable_share
from surveyapp.figure_words import (
    changed,
    difference,
    dimension_name,
    figure,
    group_labels,
    headline,
    title,
    withheld,
)
from surveyapp.figures import Figures
from surveyapp.i18n import Language, language
from surveyapp.selecting import By


def scores_table(figures: Sequence[Figures], by: By | None, locale: str) -> str:
    """A block for each metric in the locale's language, with its number formats; a sentence when none."""
    speech = language(locale)
    if not figures:
        # i18n: In place of a score
        return speech.gettext("no answers yet")
    blocks = groupby(figures, key=lambda each: each.metric)
    return "\n\n".join(_block(speech, metric, list(rows), by) for metric, rows in blocks)


def plain(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows under the names of their keys."""
    return _drawn([list(columns), *([_cell(row[column]) for column in columns] for row in rows)])


def _block(speech: Language, metric: Metric, figures: Sequence[Figures], by: By | None) -> str:
    table = [_header(speech, metric, by), *(_row(speech, each, by) for each in figures)]
    if metric is not Metric.OPEN and any(each.before for each in figures):
        # i18n: Heading of a column in a file: the score less that of the period before
        heading = speech.gettext("Change from the previous period")
        table = [[*row, more] for row, more in zip(table, [heading, *_changes(speech, figures)], strict=True)]
    return title(speech, metric) + "\n\n" + _drawn(table, numbers_from=1 if by else 0)


def _changes(speech: Language, figures: Iterable[Figures]) -> Iterator[str]:
    """In words; with the number in brackets where the words leave it out."""
    for each in figures:
        said, found = changed(speech, each).words, each.change
        if found is None or found.difference is None or found.is_demonstrable:
            yield said
        else:
            yield f"{said} ({difference(speech, each.metric, found.difference)})"


def _header(speech: Language, metric: Metric, by: By | None) -> list[str]:
    pgettext = speech.pgettext
    # i18n: Heading of a column: how many answers count
    answers = pgettext("column", "answers")
    # i18n: Heading of a column of counts: answers that wait for certainty
    held = pgettext("column", "held")
    # i18n: Heading of a column of counts: answers that staff refused
    refused = pgettext("column", "refused")
    dimension = [dimension_name(speech, by)] if by else []
    # i18n: Heading of a column: the share of those asked who answered, with both counts
    rate = speech.gettext("response rate")
    if metric is Metric.OPEN:
        return [*dimension, answers, held, refused, rate]
    # i18n: Heading of a column: the number computed from all ratings
    score = pgettext("column", "score")
    # i18n: Heading of a column
    interval = speech.gettext("95% confidence interval")
    return [*dimension, answers, score, interval, *_details(speech, metric), held, refused, rate]


def _details(speech: Language, metric: Metric) -> list[str]:
    """What stands beside the score: the second figure and the groups, where the metric has them."""
    if metric in (Metric.NPS, Metric.SOLVED):
        return list(group_labels(speech, metric))
    # i18n: Heading of a column: the mean rating
    mean = speech.pgettext("column", "mean")
    return ["" if metric in (Metric.CES, Metric.CES_EASE) else mean, *group_labels(speech, metric)]


def _row(speech: Language, figures: Figures, by: By | None) -> list[str]:
    # i18n: Row of the answers without team, agent and so on
    group = [speech.gettext("not stated") if figures.group is None else figures.group] if by else []
    counts = [speech.number(figures.held), speech.number(figures.refused)]
    score = [] if figures.metric is Metric.OPEN else _score(speech, figures)
    return [*group, speech.number(figures.n), *score, *counts, _rate(speech, figures)]


def _rate(speech: Language, figures: Figures) -> str:
    """Of one cohort of invitations, which need not be those that the answers beside it belong to."""
    if figures.response_rate is None:
        return ""
    counts = f"{speech.number(figures.answered)}/{speech.number(figures.accepted)}"
    return f"{speech.percent(figures.response_rate)} ({counts})"


def _score(speech: Language, figures: Figures) -> list[str]:
    score = figures.score
    if score is None:
        return [withheld(speech, figures), "", *("" for _ in _details(speech, figures.metric))]
    interval = "–"
    if score.low is not None and score.high is not None:
        interval = " … ".join(figure(speech, figures.metric, end) for end in (score.low, score.high))
    return [headline(speech, score), interval, *_detail_figures(speech, score)]


def _detail_figures(speech: Language, score: Score) -> list[str]:
    groups = [
        speech.number(n) for n in (score.favourable, score.neutral, score.unfavourable) if n is not None
    ]
    share = favourable_share(score)
    match score.metric:
        case Metric.NPS | Metric.SOLVED:
            return groups
        case Metric.CES | Metric.CES_EASE if share:
            # i18n: Share of CES answers on the easy side. {p}: 83%
            return [speech.gettext("Found it easy: {p}", p=speech.percent(share.percent)), *groups]
    return ["" if score.mean is None else speech.number(score.mean, 2), *groups]


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
