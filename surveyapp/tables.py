"""Figures and lists as text tables for a terminal."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.core.scoring import Score, favourable_share
from surveyapp.i18n import Language, language
from surveyapp.metric_names import metric_name
from surveyapp.reports import Dimension, Figures


def scores_table(figures: Sequence[Figures], by: Dimension | None, locale: str) -> str:
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


def _block(speech: Language, metric: Metric, figures: Sequence[Figures], by: Dimension | None) -> str:
    table = [_header(speech, metric, by), *(_row(speech, each, by) for each in figures)]
    return _title(speech, metric) + "\n\n" + _drawn(table, numbers_from=1 if by else 0)


def _header(speech: Language, metric: Metric, by: Dimension | None) -> list[str]:
    pgettext = speech.pgettext
    # i18n: Heading of a column: how many answers count
    answers = pgettext("column", "answers")
    # i18n: Heading of a column of counts: answers that wait for certainty
    held = pgettext("column", "held")
    # i18n: Heading of a column of counts: answers that staff refused
    refused = pgettext("column", "refused")
    dimension = [_dimension(speech, by)] if by else []
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
    pgettext = speech.pgettext
    # i18n: Heading of a column: the mean rating
    mean = pgettext("column", "mean")
    match metric:
        case Metric.NPS:
            return [
                # i18n: Group of NPS, column of counts
                pgettext("nps group", "promoters"),
                # i18n: Group of NPS, column of counts
                pgettext("nps group", "passives"),
                # i18n: Group of NPS, column of counts
                pgettext("nps group", "detractors"),
            ]
        case Metric.CSAT:
            return [
                mean,
                # i18n: Group of CSAT, column of counts
                pgettext("csat group", "satisfied"),
                # i18n: Group of CSAT, column of counts
                pgettext("csat group", "neutral"),
                # i18n: Group of CSAT, column of counts
                pgettext("csat group", "dissatisfied"),
            ]
        case Metric.SOLVED:
            return [
                # i18n: Group of "Was your issue solved?", column of counts
                pgettext("solved group", "yes"),
                # i18n: Group of "Was your issue solved?", column of counts
                pgettext("solved group", "partly"),
                # i18n: Group of "Was your issue solved?", column of counts
                pgettext("solved group", "no"),
            ]
        case Metric.TREATMENT:
            return [
                mean,
                # i18n: Group of those who were treated so, column of counts
                pgettext("treatment group", "well"),
                # i18n: Group of those who were treated neither well nor badly, column of counts
                pgettext("treatment group", "neutral"),
                # i18n: Group of those who were treated so, column of counts
                pgettext("treatment group", "badly"),
            ]
        case Metric.COMPETENCE:
            return [
                mean,
                # i18n: Group of those to whom we seemed so, column of counts
                pgettext("competence group", "competent"),
                # i18n: Group of those to whom we seemed neither competent nor incompetent, column of counts
                pgettext("competence group", "neutral"),
                # i18n: Group of those to whom we seemed so, column of counts
                pgettext("competence group", "incompetent"),
            ]
        case Metric.CES | Metric.CES_EASE:
            return [
                "",
                # i18n: Group of CES: those who found it so, column of counts
                pgettext("ces group", "easy"),
                # i18n: Group of CES: those who found it so, column of counts
                pgettext("ces group", "neutral"),
                # i18n: Group of CES: those who found it so, column of counts
                pgettext("ces group", "difficult"),
            ]
    return [mean]


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
    score = [] if figures.metric is Metric.OPEN else _score(speech, figures)
    return [*group, speech.number(figures.n), *score, *counts, _rate(speech, figures)]


def _rate(speech: Language, figures: Figures) -> str:
    """Of one cohort of invitations, which need not be those that the answers beside it belong to."""
    if figures.response_rate is None:
        return ""
    counts = f"{speech.number(figures.answered)}/{speech.number(figures.accepted)}"
    return f"{speech.percent(figures.response_rate)} ({counts})"


def _title(speech: Language, metric: Metric) -> str:
    """The metric's name, with its direction in words where a reader could take it the wrong way round."""
    name = metric_name(speech, metric)
    if metric not in (Metric.CES, Metric.CES_EASE):
        return name
    # i18n: Direction of a metric, after its name
    lower = speech.gettext("lower is better")
    # i18n: Direction of a metric, after its name
    higher = speech.gettext("higher is better")
    return f"{name}, {lower if SCALES[metric].better is Direction.LOWER else higher}"


def _score(speech: Language, figures: Figures) -> list[str]:
    score = figures.score
    if score is None:
        # i18n: In place of a score
        few, none = speech.gettext("not shown (too few answers)"), speech.gettext("no answers yet")
        return [few if figures.is_withheld else none, "", *("" for _ in _details(speech, figures.metric))]
    interval = "–"
    if score.low is not None and score.high is not None:
        interval = " … ".join(_figure(speech, figures.metric, end) for end in (score.low, score.high))
    return [_headline(speech, score), interval, *_detail_figures(speech, score)]


def _headline(speech: Language, score: Score) -> str:
    """The score, and of a share whose it is."""
    value = _figure(speech, score.metric, score.value)
    match score.metric:
        case Metric.CSAT:
            # i18n: Share of CSAT answers 4 and 5. {p}: 83%
            return speech.gettext("{p} satisfied", p=value)
        case Metric.SOLVED:
            # i18n: Share of those whose issue was solved. {p}: 83%
            return speech.gettext("{p} solved", p=value)
        case Metric.TREATMENT:
            # i18n: Share of those whom we treated well. {p}: 83%
            return speech.gettext("{p} treated well", p=value)
        case Metric.COMPETENCE:
            # i18n: Share of those to whom we seemed competent. {p}: 83%
            return speech.gettext("{p} found us competent", p=value)
    return value


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


def _figure(speech: Language, metric: Metric, value: float) -> str:
    match metric:
        case Metric.NPS:
            return speech.signed(value)
        case Metric.CSAT | Metric.SOLVED | Metric.TREATMENT | Metric.COMPETENCE:
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
