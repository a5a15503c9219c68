"""A question as a page shows it: its ratings, and what a screen reader says of them."""

from dataclasses import dataclass

from surveyapp.core.scales import Scale
from surveyapp.i18n import Language
from surveyapp.texts import QuestionText


@dataclass(frozen=True, slots=True)
class Choice:
    """One rating of a scale: what is seen, and what a screen reader says instead."""

    rating: int
    words: str
    label: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Asking:
    """One question as a page asks it."""

    field: str
    lead_in: str
    question: str
    choices: tuple[Choice, ...]
    is_worded: bool
    """Every point has words, so that the points stand below each other instead of in a row of numbers."""
    low: str
    high: str


def asking(text: QuestionText, scale: Scale | None, tongue: Language, company: str, field: str) -> Asking:
    """The question in these words; `field` is the name of its form field."""
    ratings = scale.ratings if scale else range(0)
    is_worded = len(text.labels) == len(ratings)
    choices = tuple(
        Choice(
            rating,
            text.labels.get(rating, ""),
            label_of(rating, text),
            _spoken(rating, text, ratings, tongue),
        )
        for rating in ratings
    )
    return Asking(
        field=field,
        lead_in=text.lead_in.replace("{company}", company),
        question=text.question.replace("{company}", company),
        choices=choices,
        is_worded=is_worded,
        low="" if is_worded or not scale else text.labels[scale.lowest],
        high="" if is_worded or not scale else text.labels[scale.highest],
    )


def label_of(rating: int, text: QuestionText) -> str:
    """The number, and its words where it has some."""
    words = text.labels.get(rating, "")
    return f"{rating} – {words}" if words else str(rating)


def _spoken(rating: int, text: QuestionText, ratings: range, tongue: Language) -> str:
    if rating in text.labels:
        return tongue.spoken(label_of(rating, text))
    if ratings[0] == 0:
        # i18n: A rating as a screen reader says it, on the scale 0 to 10. {n}: 7
        return tongue.gettext("{n} on a scale from 0 to 10", n=rating)
    # i18n: A rating as a screen reader says it, on the scale 1 to 10. {n}: 7
    return tongue.gettext("{n} on a scale from 1 to 10", n=rating)
