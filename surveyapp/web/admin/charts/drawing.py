"""What a chart is made of: parts, the picture that they make on wide and on narrow paper, and its table.

Lengths are in the units of a picture's own box. A narrow picture is shown down to 294 px, a wide one down to
576 px: the sizes of its letters are such that they stay above 11 px.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

Anchor = Literal["start", "middle", "end"]
At = tuple[float, float]

DASH = "–"
GAP = 8.0
"""Between words and what stands beside them."""
SAMPLE_WIDTH, SAMPLE_HEIGHT = 28, 14


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; `kind` is its class in figures.css, here as below."""

    form: ClassVar[str] = "line"
    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    form: ClassVar[str] = "box"
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Outline:
    """Anything else that has an outline."""

    form: ClassVar[str] = "path"
    d: str
    kind: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text on its base line; `width` is an estimate that is rather too large."""

    form: ClassVar[str] = "words"
    x: float
    y: float
    text: str
    anchor: Anchor
    kind: str
    width: float


@dataclass(frozen=True, slots=True)
class Point:
    """A symbol with what it says; `reach` is where a pointer meets it."""

    form: ClassVar[str] = "point"
    x: float
    y: float
    d: str
    kind: str
    words: str
    reach: Box
    href: str | None = None


Part = Line | Box | Outline | Words | Point


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn, the lowest layer first."""

    width: float
    height: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The same as a table; the first cell of a row names it, the cells from `numbers_from` on are numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int = 1


@dataclass(frozen=True, slots=True)
class Key:
    """What a line, a pattern or a symbol means."""

    sample: Picture
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The same picture for a wide and for a narrow place, and what stands below it."""

    wide: Picture
    narrow: Picture
    keys: tuple[Key, ...]
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Paper:
    """What a picture is drawn on; `letters` is the size of its text."""

    width: float
    height: float
    letters: float

    @property
    def row(self) -> float:
        """The height of a line of text."""
        return self.letters + 6


def on_both_papers(draw: Callable[[Paper], Picture]) -> tuple[Picture, Picture]:
    """The wide picture and the narrow one."""
    return draw(Paper(720, 260, 14)), draw(Paper(340, 220, 13))


def key(words: str, *parts: Part) -> Key:
    """The parts lie on a picture of SAMPLE_WIDTH and SAMPLE_HEIGHT."""
    return Key(sample(*parts), words)


def sample(*parts: Part) -> Picture:
    """A small picture for a line of text."""
    return Picture(SAMPLE_WIDTH, SAMPLE_HEIGHT, parts)
