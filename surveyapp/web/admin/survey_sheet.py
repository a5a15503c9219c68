"""A survey's words as fields: each question's in every language beside each other."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from surveyapp.core.errors import FieldError
from surveyapp.core.scales import SCALES, Group, Metric, prompt_group
from surveyapp.i18n import LANGUAGES, Language, language
from surveyapp.metric_names import metric_name
from surveyapp.problems import field_sentence
from surveyapp.survey_edits import LENGTHS, Difference, Draft, words
from surveyapp.texts import QUESTIONS


@dataclass(frozen=True, slots=True)
class Cell:
    """One text to edit; `name` is as in survey_edits.words."""

    name: str
    label: str
    value: str
    longest: int
    is_long: bool
    may_be_empty: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Column:
    """One question in one language."""

    code: str
    language: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One question in several languages; `name` says what it measures."""

    key: str
    name: str
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a text, and where."""

    name: str
    label: str
    problem: str


def sheets(
    draft: Draft, tongue: Language, codes: Sequence[str], problems: Sequence[FieldError] = ()
) -> list[Sheet]:
    """The fields in these languages, named in the reader's, each with what is wrong with it."""
    said = {problem.field: field_sentence(problem, tongue) for problem in problems}
    named = words(draft)
    return [
        Sheet(
            key,
            question_name(tongue, key),
            [
                Column(code, language(code).own_name, list(_cells(draft, tongue, code, key, named, said)))
                for code in codes
            ],
        )
        for key in draft.questions
    ]


def wrong(problems: Sequence[FieldError], tongue: Language) -> list[Wrong]:
    """For the list above the form."""
    return [
        Wrong(each.field, full_name(each.field, tongue), field_sentence(each, tongue)) for each in problems
    ]


def typed(sent: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """What was sent for these fields; a line's end is a space, because each text is one line."""
    return {name: _clean(text) for name, text in sent.items() if name in names}


def question_name(tongue: Language, key: str) -> str:
    """What the question measures; those of an index have their number."""
    metric = QUESTIONS[key]
    if metric is not Metric.NKI:
        return metric_name(tongue, metric)
    # i18n: One question of an index that has three. {name}: Customer satisfaction index (NKI), {i}: 2
    return tongue.gettext("{name}, question {i}", name=metric_name(tongue, metric), i=key.removeprefix("nki"))


def full_name(name: str, tongue: Language) -> str:
    """A field by its language, question and kind, for lists of fields."""
    code, key, field = name.split(".", 2)
    return ", ".join([language(code).own_name, question_name(tongue, key), field_name(tongue, key, field)])


def field_name(tongue: Language, key: str, field: str) -> str:
    """What one text of a question is for; `field` is named as in a Difference."""
    kind, _, of = field.partition(".")
    match kind:
        case "lead_in":
            # i18n: Label of a field: a line above a survey's question
            return tongue.gettext("Line above the question")
        case "labels":
            # i18n: Label of a field: what a rating is called. {n}: 4
            return tongue.gettext("Words for {n}", n=of)
        case "prompts":
            # i18n: Label of a field: how a comment is asked for. {ratings}: 0–6
            return tongue.gettext("Asking for a comment after {ratings}", ratings=_ratings(key, of))
    # i18n: Label of a field: a survey's question
    return tongue.gettext("Question")


def difference_name(difference: Difference, tongue: Language) -> str:
    """Where two versions differ, without the language."""
    return ", ".join(
        [
            question_name(tongue, difference.question),
            field_name(tongue, difference.question, difference.field),
        ]
    )


def ordered(codes: Collection[str]) -> list[str]:
    """Languages in our order."""
    return [code for code in LANGUAGES if code in codes]


def _cells(
    draft: Draft,
    tongue: Language,
    code: str,
    key: str,
    named: Mapping[str, str],
    said: Mapping[str, str],
) -> Iterator[Cell]:
    begin = f"{code}.{key}."
    for name, text in named.items():
        field = name.removeprefix(begin)
        kind = field.partition(".")[0]
        # A comment is asked for after the first question alone.
        if not name.startswith(begin) or (kind == "prompts" and key != draft.questions[0]):
            continue
        yield Cell(
            name,
            field_name(tongue, key, field),
            text,
            LENGTHS[kind],
            kind != "labels",
            kind == "lead_in",
            said.get(name, ""),
        )


def _ratings(key: str, group: str) -> str:
    metric = QUESTIONS[key]
    found = [each for each in SCALES[metric].ratings if prompt_group(metric, each) == Group(group)]
    return str(found[0]) if len(found) == 1 else f"{found[0]}–{found[-1]}"


_LINE_ENDS = re.compile(r"[\r\n\t]+")


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", _LINE_ENDS.sub(" ", text)).strip()
