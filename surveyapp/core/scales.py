"""The scales of the metrics: their ratings, their groups and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from surveyapp.core.errors import RatingNotOnScaleError


class Metric(StrEnum):
    """What a question measures."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    CES_EASE = "ces_ease"
    NKI = "nki"
    SOLVED = "solved"
    TREATMENT = "treatment"
    COMPETENCE = "competence"
    OPEN = "open"


class Direction(StrEnum):
    """Which ratings are good news."""

    HIGHER = "higher"
    LOWER = "lower"


HIGHER, LOWER = Direction.HIGHER, Direction.LOWER


class Group(StrEnum):
    """Where a rating falls, whichever way its scale runs."""

    UNFAVOURABLE = "unfavourable"
    NEUTRAL = "neutral"
    FAVOURABLE = "favourable"


NO_RATINGS = range(0)


@dataclass(frozen=True, slots=True)
class Scale:
    """The whole-number ratings of one question; what is in neither range is neutral.

    `questions` is how many such questions one answer must have rated before it counts.
    """

    lowest: int
    highest: int
    unfavourable: range
    favourable: range
    better: Direction
    questions: int = 1

    @property
    def ratings(self) -> range:
        """Every rating of one question."""
        return range(self.lowest, self.highest + 1)

    @property
    def sums(self) -> range:
        """What a tally is keyed by: the sum of an answer's ratings, so for one question the rating itself."""
        return range(self.lowest * self.questions, self.highest * self.questions + 1)

    @property
    def has_groups(self) -> bool:
        """Whether the metric defines groups; an index does not."""
        return bool(self.favourable or self.unfavourable)

    def __contains__(self, rating: object) -> bool:
        """Only a whole number is a rating: neither True nor 5.0 is."""
        return is_whole(rating) and rating in self.ratings

    def group(self, rating: int) -> Group | None:
        """None when the scale has no groups; RatingNotOnScaleError when the rating is not one of its own."""
        if rating not in self:
            raise RatingNotOnScaleError(f"{rating!r} is not a rating from {self.lowest} to {self.highest}.")
        if not self.has_groups:
            return None
        if rating in self.favourable:
            return Group.FAVOURABLE
        return Group.UNFAVOURABLE if rating in self.unfavourable else Group.NEUTRAL


SCALES: Mapping[Metric, Scale] = {
    Metric.NPS: Scale(0, 10, unfavourable=range(7), favourable=range(9, 11), better=HIGHER),
    Metric.CSAT: Scale(1, 5, unfavourable=range(1, 3), favourable=range(4, 6), better=HIGHER),
    Metric.CES: Scale(1, 7, unfavourable=range(5, 8), favourable=range(1, 4), better=LOWER),
    Metric.CES_EASE: Scale(1, 7, unfavourable=range(1, 4), favourable=range(5, 8), better=HIGHER),
    Metric.NKI: Scale(1, 10, unfavourable=NO_RATINGS, favourable=NO_RATINGS, better=HIGHER, questions=3),
    # 1 = no, 2 = partly, 3 = yes.
    Metric.SOLVED: Scale(1, 3, unfavourable=range(1, 2), favourable=range(3, 4), better=HIGHER),
    Metric.TREATMENT: Scale(1, 5, unfavourable=range(1, 3), favourable=range(4, 6), better=HIGHER),
    Metric.COMPETENCE: Scale(1, 5, unfavourable=range(1, 3), favourable=range(4, 6), better=HIGHER),
}

# NKI has no groups that are counted, yet its comment must be asked for in words that fit the rating.
_PROMPT_SCALES: Mapping[Metric, Scale] = {
    **SCALES,
    Metric.NKI: replace(SCALES[Metric.NKI], unfavourable=range(1, 5), favourable=range(7, 11)),
}


def prompt_group(metric: Metric, rating: int) -> Group:
    """Which comment prompt fits a rating of one question; RatingNotOnScaleError when it cannot be given."""
    scale = _PROMPT_SCALES.get(metric)
    group = scale.group(rating) if scale else None
    if group is None:
        raise RatingNotOnScaleError(f"The metric {metric} has no ratings, so {rating!r} is none of them.")
    return group


def is_whole(number: object) -> bool:
    """Python calls True a whole number; a rating or a count is never True."""
    return isinstance(number, int) and not isinstance(number, bool)
