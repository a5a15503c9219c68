"""Labels stand where they cover neither each other nor a symbol."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from surveyapp.web.admin.charts.drawing import GAP, Words

_LEFT_OF_ANCHOR = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True, slots=True)
class Area:
    """What something covers."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Area") -> bool:
        """A common edge is no meeting."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def has(self, other: "Area") -> bool:
        """All of the other lies within."""
        across = self.left < other.left and other.right < self.right
        return across and self.top <= other.top and other.bottom < self.bottom


def apart(labels: Sequence[Words], paper_width: float) -> list[Words]:
    """Every label, or every second, third ... one, so many that none touches another; the last one stays.

    They are anchored in their middle and moved to lie on the paper.
    """
    inside = [_held_inside(each, paper_width) for each in labels]
    for step in range(1, len(labels) + 1):
        some = inside[(len(labels) - 1) % step :: step]
        if all(extent(one)[1] + GAP <= extent(next_)[0] for one, next_ in pairwise(some)):
            return some
    return []


def first_free(
    candidates: Iterable[Words], letters: float, room: Area, taken: Collection[Area]
) -> Words | None:
    """The first that lies in the room and meets nothing taken; None when there is none."""
    for each in candidates:
        area = area_of(each, letters)
        if room.has(area) and not any(area.meets(other) for other in taken):
            return each
    return None


def area_of(words: Words, letters: float) -> Area:
    """What letters of that size cover."""
    left, right = extent(words)
    return Area(left, words.y - letters * 0.8, right, words.y + letters * 0.25)


def extent(words: Words) -> tuple[float, float]:
    """Its left and its right end."""
    left = words.x - _LEFT_OF_ANCHOR[words.anchor] * words.width
    return left, left + words.width


def _held_inside(words: Words, paper_width: float) -> Words:
    half = words.width / 2
    return replace(words, x=max(min(words.x, paper_width - half), half))
