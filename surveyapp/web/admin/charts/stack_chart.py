"""One bar of shares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from surveyapp.i18n import Language
from surveyapp.web.admin.charts.drawing import Box, Chart, Paper, Part, Picture, Sheet, key, on_both_papers
from surveyapp.web.admin.charts.outlines import filled
from surveyapp.web.admin.charts.text import width, words

Tone = Literal["good", "plain", "bad"]

_HEIGHT = 40.0


@dataclass(frozen=True, slots=True)
class Piece:
    """So many people in one group."""

    label: str
    count: int
    tone: Tone


@dataclass(frozen=True, slots=True)
class StackChart(Chart):
    """Its keys carry the shares."""


def stack(groups: Sequence[Piece], language: Language) -> StackChart:
    """One bar of shares, each rounded once to whole per cent, so that it agrees with the score beside it."""
    total = sum(piece.count for piece in groups) or 1
    percents = [language.percent(100 * piece.count / total) for piece in groups]
    named = list(zip(groups, percents, strict=True))
    headings = (
        # i18n: Heading of a column: such as promoters, or a team
        language.gettext("Group"),
        # i18n: Heading of a column: a percentage of all answers
        language.gettext("Share"),
        # i18n: Heading of a column: how many customers answered
        language.gettext("Answers"),
    )
    rows = tuple((piece.label, percent, language.number(piece.count)) for piece, percent in named)
    return StackChart(
        *on_both_papers(lambda paper: _picture(paper, named)),
        tuple(
            key(f"{piece.label}: {percent}", *filled(Box(0, 0, 28, 14, piece.tone)))
            for piece, percent in named
        ),
        Sheet(headings, rows),
    )


def _picture(paper: Paper, named: Sequence[tuple[Piece, str]]) -> Picture:
    room = paper.width - 2
    parts: list[Part] = [Box(1, 1, room, _HEIGHT - 2, "rail")]
    total = sum(piece.count for piece, _ in named)
    x = 1.0
    for piece, percent in named:
        if piece.count:
            box = Box(x, 1, room * piece.count / total, _HEIGHT - 2, piece.tone)
            parts += [*filled(box), *_label(paper, box, (f"{piece.label} {percent}", percent))]
            x += box.width
    return Picture(paper.width, _HEIGHT, tuple(parts))


def _label(paper: Paper, box: Box, choices: Sequence[str]) -> Iterator[Part]:
    """The first that fits."""
    fitting = (each for each in choices if width(each, paper.letters) + 14 <= box.width)
    if text := next(fitting, None):
        at = box.x + box.width / 2, _HEIGHT / 2 + paper.letters * 0.35
        yield words(paper, at, text, "middle", f"on {box.kind}")
