"""CSAT and NPS of the same people, and who of them is satisfied but would not recommend us."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import request
from flask.typing import ResponseReturnValue

from surveyapp import explaining
from surveyapp.core.access import Permission
from surveyapp.core.errors import FieldError, NotAllowedError
from surveyapp.core.scales import Group, Metric
from surveyapp.explaining import GROUPS, Cross, Unconvinced
from surveyapp.figure_words import group_labels
from surveyapp.i18n import Language
from surveyapp.metric_names import metric_name
from surveyapp.names import Labels
from surveyapp.web.admin import filters, guard
from surveyapp.web.admin.frame import render
from surveyapp.web.admin.wording import helpdesk_url
from surveyapp.web.wiring import parts, spoken_language

bp = guard.blueprint("both")

ON_A_PAGE = 50
Cell = tuple[Group, Group]
"""A group of CSAT and one of NPS."""
SHADES = (2, 10, 25, 50)
"""From so many percent of all on a cell is one step darker, which only repeats its number."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One field of the table, in words; `shade` runs from 0 to 4."""

    n: str
    percent: str
    shade: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One group of CSAT by the groups of NPS, and all of it."""

    label: str
    cells: tuple[Counted, ...]
    all: Counted


@dataclass(frozen=True, slots=True)
class Table:
    """Each percentage is rounded once, from its own count: those of a row may add up to 99 or 101."""

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    all: tuple[Counted, ...]
    """Below the columns."""
    n: str
    told: tuple[str, ...]
    """Sentences that read it."""


@bp.get("/figures/both")
@guard.needs(Permission.FIGURES)
def index() -> ResponseReturnValue:
    """The table, and the list of those who are satisfied but unconvinced."""
    found = filters.chosen()
    if found.reader.is_bound:
        raise NotAllowedError("Who may not open single answers may not see two ratings of one person.")
    # The page is about two metrics, whichever one was looked at before.
    about = replace(found, filter=replace(found.filter, metric=None))
    cursor, settings, viewer = request.args.get("cursor"), parts().settings, guard.viewer()
    cross: Cross | None = None
    page: list[Unconvinced] = []
    more = None
    with parts().database.reading() as session:
        labels = Labels(session)
        try:
            cross = explaining.cross(session, settings, about.reader, about.filter)
            page, more = explaining.satisfied_but(
                session, settings, viewer, about.filter, cursor=cursor, limit=ON_A_PAGE
            )
        except FieldError as error:
            about = filters.error_in(about, error)
        bar = filters.bar(session, about, labels)
    tongue = spoken_language()
    return render(
        "both.html",
        about=about,
        bar=replace(bar, first=()),
        tabs=filters.tabs(found),
        names=(metric_name(tongue, Metric.CSAT), metric_name(tongue, Metric.NPS)),
        cross=cross,
        table=_table(tongue, cross.counts) if cross and cross.counts is not None else None,
        rows=page,
        helpdesk_url=helpdesk_url,
        is_first=cursor is None,
        more=filters.address(".index", about, cursor=more) if more else "",
        downloads=filters.downloads(about, "both", "unconvinced"),
    )


def _table(tongue: Language, counts: Mapping[Cell, int]) -> Table:
    n = sum(counts.values())
    cells = [(csat, nps) for csat in GROUPS for nps in GROUPS]
    # So whoever recalculates one finds it right.
    percents = {cell: 100 * counts[cell] / n for cell in cells}

    def counted(*of: Cell) -> Counted:
        people = sum(counts[cell] for cell in of)
        share = 100 * people / n
        shade = sum(share >= step for step in SHADES) if len(of) == 1 else 0
        return Counted(tongue.number(people), tongue.percent(share), shade)

    return Table(
        rows=tuple(
            Row(
                label,
                tuple(counted((csat, nps)) for nps in GROUPS),
                counted(*((csat, nps) for nps in GROUPS)),
            )
            for csat, label in zip(GROUPS, group_labels(tongue, Metric.CSAT), strict=True)
        ),
        columns=group_labels(tongue, Metric.NPS),
        all=tuple(counted(*((csat, nps) for csat in GROUPS)) for nps in GROUPS),
        n=tongue.number(n),
        told=tuple(_told(tongue, counts, percents)),
    )


def _told(tongue: Language, counts: Mapping[Cell, int], percents: Mapping[Cell, float]) -> list[str]:
    torn = counts[Group.FAVOURABLE, Group.UNFAVOURABLE]
    satisfied = sum(counts[Group.FAVOURABLE, nps] for nps in GROUPS)
    said = [
        # i18n: Reads a table. {n}: 140, {promoters}: 57%, {detractors}: 8%
        tongue.ngettext(
            "Of {n} customer with both ratings, {promoters} are satisfied and promoters, {detractors} are"
            " satisfied and yet detractors.",
            "Of {n} customers with both ratings, {promoters} are satisfied and promoters, {detractors} are"
            " satisfied and yet detractors.",
            sum(counts.values()),
            promoters=tongue.percent(percents[Group.FAVOURABLE, Group.FAVOURABLE]),
            detractors=tongue.percent(percents[Group.FAVOURABLE, Group.UNFAVOURABLE]),
        )
    ]
    if torn:
        said.append(
            # i18n: Reads a table. {n}: 110, {share}: 10%
            tongue.ngettext(
                "Among the {n} satisfied customer, {share} are detractors.",
                "Among the {n} satisfied customers, {share} are detractors.",
                satisfied,
                share=tongue.percent(100 * torn / satisfied),
            )
        )
    return said
