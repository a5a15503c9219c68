"""Edit a survey: its words and further questions, what differs between versions, what lags behind."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.core.errors import FieldError, Problem, UnknownThingError
from surveyapp.core.scales import SCALES, Group
from surveyapp.core.status import Status
from surveyapp.i18n import LANGUAGES, closest, language
from surveyapp.models import Invitation, SurveyVersion
from surveyapp.surveys import (
    BUILT_IN,
    Question,
    Texts,
    Version,
    current_version,
    find_survey,
    questions_of,
    survey_to_change,
    version_of,
    write_version,
)
from surveyapp.texts import QUESTIONS, QuestionText, built_in_text

LENGTHS: Mapping[str, int] = {"lead_in": 200, "question": 300, "labels": 60, "prompts": 200}
"""Kind of field -> the most characters it may have."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is being edited: its questions' keys, and language -> question -> words."""

    questions: tuple[str, ...]
    texts: Texts


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version; `invited` counts its invitations that were neither refused, called off nor imported."""

    number: int
    created_at: datetime
    invited: int
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One text that is not the same; None on the side that does not ask the question in that language.

    `field` is named as within `words`: "question", "labels.4".
    """

    language: str
    question: str
    field: str
    before: str | None
    after: str | None


def draft_of(session: Session, key: str) -> Draft:
    """The current version, to be edited. Raises UnknownSurveyError."""
    return _draft(current_version(session, find_survey(session, key)))


def words(draft: Draft) -> dict[str, str]:
    """Every text of the draft by the name of its field: "sv.csat.question", "ro.csat.labels.4"."""
    return {
        f"{code}.{question}.{field}": text
        for code, texts in draft.texts.items()
        for question in draft.questions
        if question in texts
        for field, text in _fields(texts[question]).items()
    }


def with_words(draft: Draft, changed: Mapping[str, str]) -> Draft:
    """The draft with these texts, named as `words` names them; names of no field are passed over."""
    texts = {
        code: {key: _filled(text, changed, f"{code}.{key}.") for key, text in questions.items()}
        for code, questions in draft.texts.items()
    }
    return replace(draft, texts=texts)


def further_choices(draft: Draft) -> tuple[str, ...]:
    """The questions that can be asked after the draft's own; NKI, which has three, is there by its first."""
    own = _own(draft)
    firsts = [questions_of(metric)[0] for metric in SCALES]
    return tuple(key for key in firsts if key not in own)


def with_further(draft: Draft, keys: Sequence[str]) -> Draft:
    """The draft with exactly these further questions, each once and in this order.

    Texts of questions that stay are kept, new ones come in the words that ship. Any question of NKI brings
    all three, because an index needs them all. Raises FieldError ("further") for what cannot be asked.
    """
    choices = further_choices(draft)
    chosen: list[str] = []
    for key in keys:
        together = questions_of(QUESTIONS[key]) if key in QUESTIONS else [key]
        if together[0] not in choices:
            raise _cannot_follow(draft)
        chosen += together
    questions = tuple(dict.fromkeys((*_own(draft), *chosen)))
    texts = {code: {key: _kept_or_new(draft, code, key) for key in questions} for code in LANGUAGES}
    return Draft(questions, texts)


def preview_text(draft: Draft, locale: str, question: str) -> QuestionText:
    """The words as a customer of that locale would read them, `{company}` still to be filled in."""
    return draft.texts[closest(locale, "en")][question]


def problems_of(draft: Draft) -> list[FieldError]:
    """All that is wrong with the texts, in the order of the fields; surrounding space is not.

    Raises FieldError ("further") when the questions themselves cannot be asked.
    """
    return list(_problems(_whole(draft)))


def save(session: Session, key: str, draft: Draft, now: datetime) -> int | None:
    """Ask new invitations with this draft; returns the new version's number, None when nothing changed.

    Open invitations keep the version they have. A question whose words differ from those that ship is the
    organisation's own from now on: no release changes it, until it is saved in the words that ship.
    Raises UnknownSurveyError, and FieldError with the first thing that is wrong.
    """
    current = current_version(session, survey_to_change(session, key))
    draft = _checked(key, draft)
    if draft == _draft(current):
        return None
    questions = [
        Question(each, QUESTIONS[each], is_edited=_is_edited(draft, each, current))
        for each in draft.questions
    ]
    return write_version(session, key, questions, draft.texts, now)


def versions(session: Session, key: str) -> Sequence[VersionInfo]:
    """Every version of a survey, the newest first. Raises UnknownSurveyError."""
    find_survey(session, key)
    counts = select(Invitation.survey_version, func.count().label("n")).where(
        Invitation.survey_key == key, Invitation.status.not_in(_NOT_INVITED)
    )
    grouped = session.execute(counts.group_by(Invitation.survey_version))
    invited = {row.survey_version: row.n for row in grouped}
    rows = session.scalars(
        select(SurveyVersion).where(SurveyVersion.survey_key == key).order_by(SurveyVersion.number.desc())
    )
    return [
        VersionInfo(
            row.number,
            row.created_at,
            invited.get(row.number, 0),
            tuple(question["key"] for question in row.questions),
        )
        for row in rows
    ]


def invited_since(session: Session, since: datetime) -> Mapping[str, int]:
    """Survey -> its invitations since then, counted as `VersionInfo.invited`; without any it is left out."""
    counts = select(Invitation.survey_key, func.count().label("n")).where(
        Invitation.created_at >= since, Invitation.status.not_in(_NOT_INVITED)
    )
    return {row.survey_key: row.n for row in session.execute(counts.group_by(Invitation.survey_key))}


def differences(session: Session, key: str, older: int, newer: int) -> list[Difference]:
    """What the newer version says in other words; the order of further questions is no difference.

    Raises UnknownThingError when there is no such survey or version.
    """
    before, after = (_find_version(session, key, number) for number in (older, newer))
    pairs = [
        (code, question, _words_in(before, code, question), _words_in(after, code, question))
        for code in LANGUAGES
        for question in _asked_in(before, after)
    ]
    return [
        Difference(code, question, field, old.get(field), new.get(field))
        for code, question, old, new in pairs
        for field in {**old, **new}
        if old.get(field) != new.get(field)
    ]


def lagging(session: Session, key: str) -> Mapping[str, Sequence[str]]:
    """Language -> the current questions that others were edited in since; only languages that lag.

    Words that ship lag in no language. A language that lagged and is edited has caught up; that alone makes
    nobody else lag. Raises UnknownSurveyError.
    """
    find_survey(session, key)
    history = _history(session, key)
    behind = {each.key: _behind(history, each.key) for each in history[-1].questions}
    found = {code: [question for question, codes in behind.items() if code in codes] for code in LANGUAGES}
    return {code: questions for code, questions in found.items() if questions}


_NOT_INVITED = (Status.REFUSED, Status.CANCELLED, Status.IMPORTED)

# No letters but harmless: soft hyphen, and what joins or separates the parts of one sign.
_UNSEEN = frozenset("\N{SOFT HYPHEN}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
# Where the pages put the company's name in.
_NAMING = frozenset({"question", "prompts", "lead_in"})
_COMPANY = "{company}"


def _draft(version: Version) -> Draft:
    keys = tuple(question.key for question in version.questions)
    return Draft(keys, {code: {key: version.texts[code][key] for key in keys} for code in version.texts})


def _own(draft: Draft) -> tuple[str, ...]:
    """The questions that the draft's survey cannot be without; a survey is known by its first."""
    own = [questions for questions in BUILT_IN.values() if questions[:1] == draft.questions[:1]]
    return own[0] if own else ()


def _kept_or_new(draft: Draft, code: str, key: str) -> QuestionText:
    return draft.texts.get(code, {}).get(key) or built_in_text(key, language(code))


def _fields(text: QuestionText) -> dict[str, str]:
    """Name -> text, in the order in which they are read; a database keeps no order of labels and prompts."""
    groups = [*Group, *sorted(set(text.prompts) - set(Group))]
    return {
        "lead_in": text.lead_in,
        "question": text.question,
        **{f"labels.{rating}": text.labels[rating] for rating in sorted(text.labels)},
        **{f"prompts.{group}": text.prompts[group] for group in groups if group in text.prompts},
    }


def _filled(text: QuestionText, changed: Mapping[str, str], name: str) -> QuestionText:
    return QuestionText(
        lead_in=changed.get(f"{name}lead_in", text.lead_in),
        question=changed.get(f"{name}question", text.question),
        labels={rating: changed.get(f"{name}labels.{rating}", old) for rating, old in text.labels.items()},
        prompts={group: changed.get(f"{name}prompts.{group}", old) for group, old in text.prompts.items()},
    )


def _whole(draft: Draft) -> Draft:
    """With words for every question in every language and for nothing else, without space around them."""
    whole = with_further(draft, draft.questions[len(_own(draft)) :])
    if whole.questions != draft.questions:
        raise _cannot_follow(draft)
    return with_words(whole, {name: text.strip() for name, text in words(whole).items()})


def _checked(key: str, draft: Draft) -> Draft:
    whole = _whole(draft)
    if _own(whole) != BUILT_IN[key]:
        raise _cannot_follow(draft)
    for problem in _problems(whole):
        raise problem
    return whole


def _cannot_follow(draft: Draft) -> FieldError:
    return FieldError("further", Problem.CHOICE, choices=", ".join(further_choices(draft)))


def _problems(draft: Draft) -> Iterator[FieldError]:
    for code in LANGUAGES:
        for key in draft.questions:
            known = _fields(built_in_text(key, language(code)))
            given = _fields(draft.texts[code][key])
            for field in {**known, **given}:
                problem = _problem(field, given.get(field, "")) if field in known else Problem.UNKNOWN
                if problem:
                    limit = {"n": LENGTHS[_kind(field)]} if problem is Problem.LONG else {}
                    yield FieldError(f"{code}.{key}.{field}", problem, **limit)


def _problem(field: str, text: str) -> Problem | None:
    kind = _kind(field)
    if any(not _is_text(character) for character in text):
        return Problem.NO_TEXT
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        return None if kind == "lead_in" and not text else Problem.MISSING
    rest = text.replace(_COMPANY, "") if kind in _NAMING else text
    if "{" in rest or "}" in rest:
        return Problem.PLACEHOLDER
    return Problem.LONG if len(text) > LENGTHS[kind] else None


def _kind(field: str) -> str:
    return field.partition(".")[0]


def _is_text(character: str) -> bool:
    """Neither a line's end nor anything else that is not seen where it stands."""
    return character in _UNSEEN or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _is_edited(draft: Draft, key: str, current: Version) -> bool:
    """A question that was not touched stays what it was, so that a release may still change its words."""
    asked = {question.key: question.is_edited for question in current.questions}
    if key in asked and all(draft.texts[code][key] == current.texts[code][key] for code in LANGUAGES):
        return asked[key]
    return any(draft.texts[code][key] != built_in_text(key, language(code)) for code in LANGUAGES)


def _find_version(session: Session, key: str, number: int) -> Version:
    stored = select(SurveyVersion.digest).where(
        SurveyVersion.survey_key == key, SurveyVersion.number == number
    )
    digest = session.scalar(stored)
    if digest is None:
        raise UnknownThingError("There is no such version of the survey.")
    return version_of(session, key, number, digest)


def _words_in(version: Version, code: str, question: str) -> Mapping[str, str]:
    text = version.texts.get(code, {}).get(question)
    return _fields(text) if text else {}


def _asked_in(*found: Version) -> list[str]:
    return list(dict.fromkeys(question.key for version in found for question in version.questions))


def _history(session: Session, key: str) -> list[Version]:
    rows = session.execute(
        select(SurveyVersion.number, SurveyVersion.digest)
        .where(SurveyVersion.survey_key == key)
        .order_by(SurveyVersion.number)
    )
    return [version_of(session, key, number, digest) for number, digest in rows.all()]


def _behind(history: Sequence[Version], question: str) -> set[str]:
    """The languages in which the question lags at the end of the history."""
    behind: set[str] = set()
    before: Mapping[str, QuestionText] = {}
    for version in history:
        now = {code: texts[question] for code, texts in version.texts.items() if question in texts}
        edited = {each.key for each in version.questions if each.is_edited}
        changed = {code for code, text in now.items() if before.get(code) != text}
        if question not in edited:
            behind = set()
        elif changed - behind:
            behind = set(now) - changed
        else:
            behind -= changed
        before = now
    return behind
