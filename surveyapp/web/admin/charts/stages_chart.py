"""How many are left at each stage, as bars one below the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveyapp.i18n import Language
from surveyapp.web.admin.charts.drawing import (
    DASH,
    GAP,
    Box,
    Chart,
    Paper,
    Part,
    Picture,
    Sheet,
    on_both_papers,
)
from surveyapp.web.admin.charts.text import fitted, width, words, wrapped


@dataclass(frozen=True, slots=True)
class Stage:
    """How many came so far; the note stands below."""

    label: str
    count: int
    note: str


@dataclass(frozen=True, slots=True)
class StagesChart(Chart):
    """It needs no key."""


def stages(rows: Sequence[Stage], language: Language) -> StagesChart:
    """How many are left at each stage, and which share of the stage before that is."""
    befores = [0, *(row.count for row in rows)]
    shared = [(row, _share(row.count, before, language)) for row, before in zip(rows, befores, strict=False)]
    headings = (
        # i18n: Heading of a column: invited, accepted, answered, commented
        language.gettext("Stage"),
        # i18n: Heading of a column: how many came so far
        language.gettext("Number"),
        # i18n: Heading of a column: a percentage of those who came one stage less far
        language.gettext("Of the stage before"),
    )
    table = tuple((row.label, language.number(row.count), share or DASH) for row, share in shared)
    return StagesChart(
        *on_both_papers(lambda paper: _picture(paper, shared, language)), (), Sheet(headings, table)
    )


def _share(count: int, before: int, language: Language) -> str:
    return language.percent(100 * count / before) if before else ""


def _picture(paper: Paper, shared: Sequence[tuple[Stage, str]], language: Language) -> Picture:
    most = max((row.count for row, _ in shared), default=0)
    parts: list[Part] = []
    y = 0.0
    for row, share in shared:
        parts += _bar(paper, row, y, most, language)
        y += paper.letters + 24
        for line in _below(paper, row, share, language):
            y += paper.row
            parts.append(words(paper, (0, y - 6), line))
        y += 12
    return Picture(paper.width, max(y - 8, 1), tuple(parts))


def _bar(paper: Paper, row: Stage, top: float, most: int, language: Language) -> Iterator[Part]:
    base, count = top + paper.letters, language.number(row.count)
    room = paper.width - width(count, paper.letters) - 2 * GAP
    yield words(paper, (0, base), fitted(row.label, room, paper.letters), "start", "name")
    yield words(paper, (paper.width, base), count, "end", "count")
    yield Box(0.5, base + 6, paper.width - 1, 16, "rail")
    if row.count:
        yield Box(0.5, base + 6, (paper.width - 1) * row.count / most, 16, "bar")


def _below(paper: Paper, row: Stage, percent: str, language: Language) -> list[str]:
    # i18n: Share of those who came one stage less far. {p}: 62%
    share = language.gettext("{p} of the stage before", p=percent) if percent else ""
    text = ". ".join(each for each in (share, row.note) if each)
    return wrapped(text, paper.width, paper.letters) if text else []
