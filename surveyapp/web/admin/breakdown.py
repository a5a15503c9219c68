"""One metric by team, case type and so on: which group is worse than the others, and which only seems so."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import figure_words, reports
from surveyapp.core.access import AgentFigures, Permission
from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.periods import Preset
from surveyapp.core.scales import SCALES, Direction, Metric
from surveyapp.core.scoring import Score
from surveyapp.db import Session
from surveyapp.figure_words import Moved, Tone, raised
from surveyapp.figures import Figures
from surveyapp.metric_names import metric_name
from surveyapp.names import Labels
from surveyapp.reports import Divided
from surveyapp.selecting import By, Dimension
from surveyapp.web.admin import charts, filters, guard
from surveyapp.web.admin.charts import IntervalLine
from surveyapp.web.admin.filters import Bar, Chosen, Option
from surveyapp.web.admin.frame import render
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("breakdown")

DEFAULT = By(Dimension.CASE_TYPE)
"""What most often says where to act."""
NAMED = 3
"""How many groups the sentence above the table names."""
_SORTS = ("group", "n", "score", "change")


@dataclass(frozen=True, slots=True)
class Sort:
    """By what the rows are ordered, as addresses write it: "score", or "-score" from the highest on."""

    key: str
    is_falling: bool

    def __str__(self) -> str:
        return f"-{self.key}" if self.is_falling else self.key


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column; by some the rows can be ordered."""

    words: str
    url: str = ""
    order: str = ""
    """As aria-sort says it: "ascending" or "descending"; "" when the rows are ordered by another column."""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One group, as the table shows it."""

    name: str
    figures: Figures
    narrowed: str
    """Leads to the same for this group alone; "" when it cannot be chosen."""
    behind: str
    """Leads to the answers; "" for readers who may not open them."""
    n: str
    score: str
    line: IntervalLine | None
    interval: str
    changed: Moved
    contrasted: Moved
    rate: str
    held: str


@bp.get("/figures/breakdown")
@guard.needs(Permission.FIGURES)
def index() -> ResponseReturnValue:
    """The table by one dimension, the worst group first."""
    about = filters.chosen()
    by, problem = _by(about)
    about = replace(about, by=by, problem=about.problem or problem)
    rows: list[Row] = []
    whole: Row | None = None
    found: list[Figures] = []
    total: Figures | None = None
    with parts().database.reading() as session:
        try:
            about, metric = with_metric(session, about)
            if metric is not None:
                divided = _divided(session, about, by)
                found, total = divided.groups, divided.whole
        except FieldError as error:
            about = filters.error_in(about, error)
        labels, offered = Labels(session), _offered(session, about, by)
        sort = _sort(request.args.get("sort", ""), about.filter.metric)
        if total is not None:
            line = lines([each.score for each in [*found, total] if each.score], total.score)
            rows = [_row(about, labels, offered, each, line) for each in found]
            whole = _whole(about, total, line)
        bar = _bar(session, about, labels)
    return render(
        "breakdown.html",
        about=about,
        bar=bar,
        tabs=filters.tabs(about),
        downloads=filters.downloads(about, "scores"),
        title=_title(about, by),
        direction=_direction(about),
        dimensions=[
            Option(filters.address(".index", about, by=str(each)), _heading_of(each), each == by)
            for each in offered
        ],
        headings=_headings(about, by, sort),
        rows=_ordered(rows, sort),
        whole=whole,
        summary=_summary(rows),
        previous=previous_words(about),
        is_one_at_a_time=about.reader.is_bound and about.is_narrowed,
        has_withheld=any(each.is_withheld for each in found),
        smallest=reports.smallest_of(parts().settings, about.filter, by),
    )


def with_metric(session: Session, about: Chosen) -> tuple[Chosen, Metric | None]:
    """About one metric, the chosen one or else that with the most answers, and which that is.

    None when nobody was asked. FieldError as from `reports.scores`.
    """
    metric = about.filter.metric if about.filter.metric in SCALES else None
    if metric is None:
        settings, now = parts().settings, parts().clock()
        metric = reports.busiest(session, settings, about.reader, about.filter, now=now)
    return replace(about, filter=replace(about.filter, metric=metric)), metric


def lines(found: Iterable[Score], whole: Score | None) -> Callable[[Score | None], IntervalLine | None]:
    """Draws scores as lines that can be compared, with that of all as their reference."""
    ends = [end for each in found for end in (each.low, each.high, each.value) if end is not None]
    span = (min(ends), max(ends)) if ends else None
    reference = whole.value if whole else None

    def drawn(score: Score | None) -> IntervalLine | None:
        if score is None:
            return None
        unit = charts.unit_of(score.metric)
        return charts.interval(score.value, score.low, score.high, unit, reference, span)

    return drawn


def previous_words(about: Chosen) -> str:
    """The days that the period is compared with, in full."""
    return filters.period_words(replace(about, period=about.period.previous))


def changed(figures: Figures) -> Moved:
    """The change in words; none where there is no score that could have changed."""
    if figures.score is None:
        return Moved("", Tone.PLAIN)
    return figure_words.changed(spoken_language(), figures)


def _divided(session: Session, about: Chosen, by: By) -> Divided:
    settings, now = parts().settings, parts().clock()
    return reports.divided(session, settings, about.reader, about.filter, by, now=now)


def _by(about: Chosen) -> tuple[By, str]:
    """By what, and what is wrong with what the address says of it."""
    by = about.by
    if by is None:
        return DEFAULT, ""
    if by.dimension.is_time:
        error = FieldError("by", Problem.UNKNOWN)
    elif by.dimension is Dimension.AGENT and about.reader.agents is not AgentFigures.NAMED:
        error = FieldError("by", Problem.AGENTS_OFF)
    else:
        return by, ""
    return DEFAULT, filters.error_in(about, error).problem


def _offered(session: Session, about: Chosen, by: By) -> list[By]:
    """The dimensions to choose from; the chosen one stays, though no answer of the period has it."""
    own = replace(about, filter=replace(about.filter, teams=about.reader.teams))
    found = filters.dimensions(session, own)
    return found if by in found else [*found, by]


def _sort(said: str, metric: Metric | None) -> Sort:
    if not _is_sort(said):
        return _first("score", metric)
    return Sort(said.removeprefix("-"), said.startswith("-"))


def _is_sort(said: str) -> bool:
    return said.removeprefix("-") in _SORTS


def _first(key: str, metric: Metric | None) -> Sort:
    """How a column is ordered at first: the worst, the largest or the first of the alphabet on top."""
    scale = SCALES.get(metric) if metric else None
    is_low_good = scale is not None and scale.better is Direction.LOWER
    return Sort(key, key == "n" or (key in ("score", "change") and is_low_good))


def _headings(about: Chosen, by: By, sort: Sort) -> Sequence[Heading]:
    tongue, metric = spoken_language(), about.filter.metric

    def sorted_by(key: str, words: str, *, is_number: bool = False) -> Heading:
        wanted = Sort(key, not sort.is_falling) if key == sort.key else _first(key, metric)
        order = "" if key != sort.key else "descending" if sort.is_falling else "ascending"
        return Heading(words, filters.address(".index", about, sort=str(wanted)), order, is_number)

    return (
        sorted_by("group", _heading_of(by)),
        # i18n: Heading of a column: how many customers answered
        sorted_by("n", tongue.gettext("Answers"), is_number=True),
        # i18n: Heading of a column: the figure that is computed from all answers
        sorted_by("score", tongue.gettext("Score")),
        # i18n: Heading of a column and name of a band in a chart
        Heading(tongue.gettext("95% confidence interval")),
        # i18n: Heading of a column: how a figure differs from that of the period before
        sorted_by("change", tongue.gettext("Against the period before")),
        # i18n: Heading of a column: how a group differs from all other groups together
        Heading(tongue.gettext("Against the others")),
        # i18n: Heading of a column: the share of the mails that were answered
        Heading(tongue.gettext("Response rate"), is_number=True),
        # i18n: Heading of a column: how many answers wait for a decision
        Heading(tongue.gettext("Held"), is_number=True),
    )


def _heading_of(by: By) -> str:
    return raised(figure_words.dimension_name(spoken_language(), by))


def _title(about: Chosen, by: By) -> str:
    tongue, metric = spoken_language(), about.filter.metric
    if metric is None:
        return ""
    # i18n: Heading above a table. {metric}: Customer satisfaction (CSAT), {dimension}: case type
    return tongue.gettext(
        "{metric} by {dimension}",
        metric=metric_name(tongue, metric),
        dimension=figure_words.dimension_name(tongue, by),
    )


def _direction(about: Chosen) -> str:
    """Behind the title."""
    metric = about.filter.metric
    return figure_words.direction(spoken_language(), metric) if metric else ""


def _bar(session: Session, about: Chosen, labels: Labels) -> Bar:
    said = request.args.get("sort", "")
    # The worst on top stays so when another metric is chosen, though its numbers may run the other way.
    is_own = _is_sort(said) and said != str(_first("score", about.filter.metric))
    bar = filters.bar(session, about, labels, sort=said if is_own else None)
    if not about.reader.is_bound:
        return bar
    # What would only be refused is not offered: a group beside the breakdown, and single weeks.
    presets = tuple(each for each in bar.presets if each.value != Preset.LAST_WEEK)
    return replace(bar, more=(), presets=presets)


def _row(
    about: Chosen,
    labels: Labels,
    offered: Sequence[By],
    figures: Figures,
    line: Callable[[Score | None], IntervalLine | None],
) -> Row:
    by, tongue = about.by or DEFAULT, spoken_language()
    only = filters.of_group(about, by, figures.group)
    return _made(
        figure_words.group_name(tongue, labels, by, figures.group),
        about,
        figures,
        line,
        narrowed=_narrowed(about, by, offered, only) if only else "",
        behind=_behind(about, only) if only else "",
    )


def _whole(about: Chosen, figures: Figures, line: Callable[[Score | None], IntervalLine | None]) -> Row:
    # i18n: Last row of a table: all groups together
    words = spoken_language().gettext("All answers")
    return _made(words, about, figures, line, narrowed="", behind=_behind(about, {}))


def _made(
    name: str,
    about: Chosen,
    figures: Figures,
    line: Callable[[Score | None], IntervalLine | None],
    *,
    narrowed: str,
    behind: str,
) -> Row:
    tongue, rate = spoken_language(), figures.response_rate
    return Row(
        name=name,
        figures=figures,
        narrowed=narrowed,
        behind=behind if figures.n else "",
        n=tongue.number(figures.n),
        score=figure_words.score_words(tongue, figures, filters.running(about)),
        line=line(figures.score),
        interval=figure_words.interval(tongue, figures.score) if figures.score else "",
        changed=changed(figures),
        contrasted=figure_words.contrasted(tongue, figures),
        rate="" if rate is None else tongue.percent(rate),
        held=tongue.number(figures.held),
    )


def _narrowed(about: Chosen, by: By, offered: Sequence[By], only: Mapping[str, str | None]) -> str:
    """The group by another dimension; for readers who see one dimension at a time, its overview."""
    if about.reader.is_bound:
        return filters.address("admin_figures.index", replace(about, by=None), **only)
    taken = {*about.query, *only}
    other = next((each for each in offered if each.dimension.value not in taken and each != by), by)
    return filters.address(".index", about, **{**only, "by": str(other)})


def _behind(about: Chosen, only: Mapping[str, str | None]) -> str:
    if about.reader.is_bound:
        return ""
    return filters.address("admin_comments.behind", replace(about, by=None), **only)


def _ordered(rows: Iterable[Row], sort: Sort) -> list[Row]:
    """Rows without a value come last, whichever way the others run."""
    by_name = sorted(rows, key=lambda row: (row.figures.group is None, row.name.casefold(), row.name))
    if sort.key == "group":
        stated = [row for row in by_name if row.figures.group is not None]
        return (stated[::-1] if sort.is_falling else stated) + by_name[len(stated) :]
    values = {id(row): _value(row.figures, sort.key) for row in by_name}
    known = [row for row in by_name if values[id(row)] is not None]
    known.sort(key=lambda row: values[id(row)] or 0.0, reverse=sort.is_falling)
    return known + [row for row in by_name if values[id(row)] is None]


def _value(figures: Figures, key: str) -> float | None:
    if key == "n":
        return figures.n
    if key == "score":
        return figures.score.value if figures.score else None
    change = figures.change
    if change is None or change.difference is None:
        return None
    # As it is shown: what may be chance is no change, however large it looks.
    return change.difference if change.is_demonstrable else 0.0


def _summary(rows: Iterable[Row]) -> str:
    """Which groups are demonstrably worse than the others; "" where that cannot be said of any."""
    tongue = spoken_language()
    compared = [row for row in rows if row.contrasted.words]
    if len(compared) < 2:
        return ""
    worse = [row for row in compared if row.contrasted.tone is Tone.BAD]
    if not worse:
        # i18n: Reads a table out: no team, case type and so on stands out
        return tongue.gettext("No group is demonstrably worse than the others.")
    first = _ordered(worse, _first("score", worse[0].figures.metric))
    names = ", ".join(row.name for row in first[:NAMED])
    # i18n: Reads a table out. {groups}: Moving house, Billing
    return tongue.gettext("Demonstrably worse than the others: {groups}.", groups=names)
