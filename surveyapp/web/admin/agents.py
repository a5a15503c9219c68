"""Agents in one metric: who differs from the average by more than chance explains. It ranks nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import redirect, request
from flask.typing import ResponseReturnValue

from surveyapp import agent_figures, figure_words
from surveyapp.agent_figures import AgentRow, Agents
from surveyapp.core.access import AgentFigures, Permission
from surveyapp.core.control import Place
from surveyapp.core.errors import FieldError
from surveyapp.core.periods import Period, Whole, is_closed, newest_closed
from surveyapp.core.scales import SCALES, Direction
from surveyapp.core.scoring import Score, is_withheld, score
from surveyapp.db import Session
from surveyapp.figure_words import Moved
from surveyapp.figures import Figures
from surveyapp.names import Labels
from surveyapp.selecting import By, Dimension, Filter
from surveyapp.web.admin import charts, filters, guard
from surveyapp.web.admin.breakdown import changed, lines, previous_words, with_metric
from surveyapp.web.admin.charts import FunnelPlot, FunnelPoint, IntervalLine, LimitPoint, Standing
from surveyapp.web.admin.filters import Bar, Chosen, Field, Option
from surveyapp.web.admin.frame import render
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("agents")

MONTHS, QUARTERS = 12, 4
"""How many closed ones are in the list of periods."""
AGENT = By(Dimension.AGENT)
_WHOLES = (Whole.MONTH, Whole.QUARTER)
_STANDINGS: dict[Place, Standing] = {
    Place.WITHIN: "within",
    Place.OUTSIDE_95: "outside95",
    Place.OUTSIDE_998: "outside998",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One agent, as the table shows them."""

    name: str
    figures: Figures
    narrowed: str
    """Leads to the agent's figures by case type; "" unless agents are named."""
    behind: str
    """Leads to the answers; "" unless agents are named."""
    left_on: date | None
    n: str
    score: str
    line: IntervalLine | None
    interval: str
    place: str
    expected: str
    explained: str
    """When the case types explain the score; else ""."""
    changed: Moved
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen under pseudonyms: a metric, and a month or quarter."""

    metric: Field
    months: tuple[Option, ...]
    quarters: tuple[Option, ...]


@bp.get("/figures/agents")
@guard.needs(Permission.FIGURES)
def index() -> ResponseReturnValue:
    """The funnel plot and the table in the order of the names."""
    about, mode = filters.chosen(), parts().settings.own.agent_figures
    if about.reader.agents is AgentFigures.OFF:
        return render("agents_off.html", tabs=filters.tabs(about), is_off=mode is AgentFigures.OFF)
    if about.reader.agents is AgentFigures.NAMED:
        return _named(about)
    wanted = next((each for each in _periods() if _code(each) == request.args.get("of")), None)
    if wanted is not None:
        days = {"from": wanted.first.isoformat(), "to": wanted.last.isoformat()}
        return redirect(filters.address(".index", _bare(about, wanted), **days), 303)
    return _unnamed(about)


def _named(about: Chosen) -> str:
    with parts().database.reading() as session:
        about, found = _found(session, about)
        labels = Labels(session)
        bar = filters.bar(session, about, labels)
    return _page(about, found, labels, tabs=about, bar=bar, choice=None)


def _unnamed(asked: Chosen) -> str:
    """Of one whole closed period and nothing narrower, whatever else the address says."""
    about = _bare(asked, _period(asked.period))
    with parts().database.reading() as session:
        about, found = _found(session, about)
        labels = Labels(session)
        bar = filters.bar(session, about, labels)
    return _page(about, found, labels, tabs=asked, bar=None, choice=_choice(about, bar))


def _page(
    about: Chosen,
    found: Agents | None,
    labels: Labels,
    *,
    tabs: Chosen,
    bar: Bar | None,
    choice: Choice | None,
) -> str:
    tongue, metric = spoken_language(), about.filter.metric
    whole = _whole(found) if found else None
    rows = _rows(about, found, labels, whole) if found else []
    return render(
        "agents.html",
        about=about,
        tabs=filters.tabs(tabs),
        downloads=filters.downloads(replace(about, by=AGENT), "agents", "scores"),
        bar=bar,
        choice=choice,
        title=figure_words.title(tongue, metric) if metric else "",
        rows=rows,
        plot=_plot(found, rows, whole) if found else None,
        everybody=figure_words.headline(tongue, whole) if whole else "",
        shows_expected=any(row.expected for row in rows),
        period=filters.period_words(about),
        previous=previous_words(about),
        is_named=about.reader.agents is AgentFigures.NAMED,
        # Filters of other pages come along in the address; here they must not narrow anything.
        is_widened=tabs.is_narrowed and not about.is_narrowed,
        smallest=parts().settings.smallest_n_agent,
    )


def _found(session: Session, about: Chosen) -> tuple[Chosen, Agents | None]:
    """None when nobody has answered, or with what cannot be asked."""
    try:
        about, _ = with_metric(session, about)
        if about.filter.metric is None:
            return about, None
        settings, now = parts().settings, parts().clock()
        return about, agent_figures.agents(session, settings, about.reader, about.filter, now=now)
    except FieldError as error:
        return filters.error_in(about, error), None


# --- the choice under pseudonyms -------------------------------------------------------------------


def _periods() -> list[Period]:
    """The newest closed months, then the quarters."""
    return [*_newest(Whole.MONTH, MONTHS), *_newest(Whole.QUARTER, QUARTERS)]


def _newest(kind: Whole, number: int) -> Iterator[Period]:
    period = newest_closed(kind, parts().settings.timezone, parts().clock())
    for _ in range(number):
        yield period
        period = period.previous


def _period(asked: Period) -> Period:
    """What was asked for where that can be shown, else the newest month."""
    zone, now = parts().settings.timezone, parts().clock()
    if asked.whole in _WHOLES and is_closed(asked, zone, now):
        return asked
    return newest_closed(Whole.MONTH, zone, now)


def _bare(about: Chosen, period: Period) -> Chosen:
    """About the metric in this period and nothing narrower."""
    filter_ = Filter(metric=about.filter.metric, first=period.first, last=period.last)
    return replace(about, filter=filter_, period=period, preset=None, by=None)


def _choice(about: Chosen, bar: Bar) -> Choice:
    found = _periods()
    # A month of long ago may stand in a shared address.
    found += [] if about.period in found else [about.period]
    options = [(each.whole, Option(_code(each), _period_name(each), each == about.period)) for each in found]
    months, quarters = (tuple(option for kind, option in options if kind is wanted) for wanted in _WHOLES)
    return Choice(bar.first[0], months, quarters)


def _code(period: Period) -> str:
    """As the address has it: 2026-10 or 2026-q3."""
    if period.whole is Whole.MONTH:
        return f"{period.first:%Y-%m}"
    return f"{period.first.year}-q{_quarter(period)}"


def _period_name(period: Period) -> str:
    tongue = spoken_language()
    if period.whole is Whole.MONTH:
        return tongue.month_and_year(period.first)
    # i18n: A quarter of a year. {number}: 3, {year}: 2026
    return tongue.gettext("quarter {number}, {year}", number=_quarter(period), year=period.first.year)


def _quarter(period: Period) -> int:
    return (period.first.month + 2) // 3


# --- the table and the plot ------------------------------------------------------------------------


def _rows(about: Chosen, found: Agents, labels: Labels, whole: Score | None) -> list[Row]:
    """In the order of the names, so that nobody stands first for a score."""
    shown = [each.figures.score for each in found.rows if each.figures.score]
    line = lines([*shown, *([whole] if whole else [])], whole)
    rows = [_row(about, each, labels, whole, line(each.figures.score)) for each in found.rows]
    return sorted(rows, key=lambda row: (row.figures.group is None, row.name.casefold(), row.name))


def _row(about: Chosen, row: AgentRow, labels: Labels, whole: Score | None, line: IntervalLine | None) -> Row:
    tongue, figures = spoken_language(), row.figures
    only: dict[str, str | None] = {}
    if about.reader.agents is AgentFigures.NAMED and figures.group is not None:
        only = filters.of_group(about, AGENT, figures.group)
    return Row(
        name=_name(about, labels, figures.group),
        figures=figures,
        narrowed=filters.address("admin_breakdown.index", about, **only, by="case_type") if only else "",
        behind=filters.address("admin_comments.behind", about, **only) if only and figures.n else "",
        left_on=row.left_on,
        n=tongue.number(figures.n),
        score=_score_words(about, figures),
        line=line,
        interval=figure_words.interval(tongue, figures.score) if figures.score else "",
        place=_place_words(row.place) if row.place else "",
        expected=figure_words.figure(tongue, figures.metric, row.expected.expected) if row.expected else "",
        explained=_explained(row, whole),
        changed=changed(figures),
        standing=_STANDINGS[row.place] if row.place else None,
    )


def _name(about: Chosen, labels: Labels, group: str | None) -> str:
    if group is not None and about.reader.agents is not AgentFigures.NAMED:
        # A pseudonym is nobody's name, whatever names there are.
        return group
    return figure_words.group_name(spoken_language(), labels, AGENT, group)


def _score_words(about: Chosen, figures: Figures) -> str:
    return figure_words.score_words(spoken_language(), figures, filters.running(about))


def _place_words(place: Place) -> str:
    tongue = spoken_language()
    if place is Place.WITHIN:
        # i18n: Where a point of a chart lies
        return tongue.gettext("Within what chance explains")
    p = tongue.percent(95) if place is Place.OUTSIDE_95 else tongue.percent(99.8, 1)
    # i18n: Where a point of a chart lies. {p}: 95%
    return tongue.gettext("Outside the {p} limits", p=p)


def _explained(row: AgentRow, whole: Score | None) -> str:
    if row.expected is None or not row.expected.is_explained or whole is None:
        return ""
    tongue, better = spoken_language(), SCALES[row.figures.metric].better
    if (row.expected.actual > whole.value) == (better is Direction.HIGHER):
        # i18n: Why an agent's score is better than the average
        return tongue.gettext("explained by easier case types")
    # i18n: Why an agent's score is worse than the average
    return tongue.gettext("explained by harder case types")


def _whole(found: Agents) -> Score | None:
    """The score of all answers."""
    n = sum(found.everybody.values())
    return None if is_withheld(n, parts().settings.smallest_n) else score(found.metric, found.everybody)


def _plot(found: Agents, rows: Sequence[Row], whole: Score | None) -> FunnelPlot | None:
    """None when there is nobody to place."""
    points = [
        FunnelPoint(row.name, row.figures.n, row.figures.score.value, row.standing, row.behind or None)
        for row in rows
        if row.figures.score and row.standing
    ]
    if not points or whole is None:
        return None
    limits = [LimitPoint(each.n, each.low95, each.high95, each.low998, each.high998) for each in found.limits]
    unit = charts.unit_of(found.metric)
    return charts.funnel_plot(points, limits, whole.value, unit, spoken_language())
