"""The surveys: what is asked, in which words, and every version of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from surveyapp.core.errors import UnknownSurveyError
from surveyapp.core.policy import Policy, as_values, policy_from
from surveyapp.core.scales import SCALES, Metric, Scale
from surveyapp.db import AnySession, dialect_of
from surveyapp.i18n import LANGUAGES, closest, language
from surveyapp.models import Invitation, Survey, SurveyVersion
from surveyapp.texts import QUESTIONS, QuestionText, built_in_text

BUILT_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "nps": ("nps",),
        "csat": ("csat",),
        "ces": ("ces",),
        "ces_ease": ("ces_ease",),
        "nki": ("nki1", "nki2", "nki3"),
        "open": ("open",),
    }
)
"""Survey -> its questions; the first is asked in the mail."""

Texts = Mapping[str, Mapping[str, QuestionText]]
"""Language -> question -> its words."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a survey; a metric belongs to a question, so one survey can ask several."""

    key: str
    metric: Metric
    is_edited: bool = False
    """Its words, in every language, are the organisation's own and not those that ship."""

    @property
    def scale(self) -> Scale | None:
        """None for a question that only a comment answers."""
        return SCALES.get(self.metric)


@dataclass(frozen=True, slots=True)
class Version:
    """What was asked: the questions and their words in every language."""

    survey_key: str
    number: int
    questions: tuple[Question, ...]
    texts: Texts

    @property
    def main(self) -> Question:
        """The question asked in the mail."""
        return self.questions[0]

    @property
    def further(self) -> tuple[Question, ...]:
        """The questions asked on the page that follows."""
        return self.questions[1:]

    def text(self, locale: str, question: Question) -> QuestionText:
        """The words in the locale's language, or in English."""
        return self.texts[closest(locale, "en")][question.key]


def install_built_ins(session: Session, now: datetime) -> list[str]:
    """Add what is missing and a new version where a built-in text changed; returns the keys it touched.

    What earlier versions asked stays as it was, and so do further questions that were added to a survey.
    A question whose words the organisation has edited keeps them in every language, changed or not: a
    translation that ships would say something else than the words beside it.
    """
    _hold_still(session)
    touched = []
    for key, questions in BUILT_IN.items():
        survey = session.get(Survey, key)
        current = current_version(session, survey) if survey else None
        keys = [question.key for question in current.questions] if current else questions
        if write_version(session, key, *_with_own_words(current, keys), now):
            touched.append(key)
    return touched


def find_survey(session: Session, key: str) -> Survey:
    """Raises UnknownSurveyError, naming the surveys there are."""
    # What cannot be printed is no key, and some of it no database takes.
    survey = session.get(Survey, key) if key.isprintable() else None
    if survey is None:
        known = ", ".join(session.scalars(select(Survey.key).order_by(Survey.key)))
        raise UnknownSurveyError(
            f"There is no survey {key!r}; there are: {known or 'none yet (run `surveyapp db upgrade`)'}."
        )
    return survey


def all_surveys(session: Session) -> Sequence[Survey]:
    """Every survey, by key."""
    return session.scalars(select(Survey).order_by(Survey.key)).all()


def set_mode(session: Session, key: str, mode: str | None) -> None:
    """`adaptive`, `confirm`, or None to follow the settings; binds open invitations too."""
    find_survey(session, key).mode = mode


def set_closed(session: Session, key: str, closed_at: datetime | None) -> None:
    """A closed survey takes no new invitations and no first answers; None opens it again."""
    find_survey(session, key).closed_at = closed_at


def set_further(session: Session, key: str, metrics: Sequence[Metric], now: datetime) -> None:
    """Ask these metrics too, on the page after the first answer; a new version, for new invitations.

    Words that were edited stay; a question that was left out and comes back has those that ship.
    """
    current = current_version(session, survey_to_change(session, key))
    further = [question for metric in metrics for question in questions_of(metric)]
    questions = dict.fromkeys((*BUILT_IN[key], *further))
    write_version(session, key, *_with_own_words(current, questions), now)


def policy_of(survey: Survey) -> Policy:
    """Who is asked and when."""
    return policy_from(survey.policy or {})


def set_policy(session: Session, key: str, changes: Mapping[str, Any]) -> Policy:
    """Change these rules and keep the others; binds invitations that still wait, too. Raises PolicyError."""
    survey = find_survey(session, key)
    policy = policy_from((survey.policy or {}) | dict(changes))
    survey.policy = as_values(policy)
    return policy


def current_version(session: Session, survey: Survey) -> Version:
    """The version that new invitations are asked with."""
    row = _current(session, survey)
    return version_of(session, row.survey_key, row.number, row.digest)


def version_of_invitation(session: Session, invitation: Invitation) -> Version:
    """The version that this invitation was asked with."""
    row = session.get_one(SurveyVersion, (invitation.survey_key, invitation.survey_version))
    return version_of(session, row.survey_key, row.number, row.digest)


def questions_of(metric: Metric) -> list[str]:
    """The keys of the metric's questions: three of NKI, one of every other metric."""
    return [key for key, of in QUESTIONS.items() if of is metric]


def survey_to_change(session: Session, key: str) -> Survey:
    """The survey as it is now; nobody else changes it until the transaction ends.

    Raises UnknownSurveyError.
    """
    _hold_still(session)
    survey = find_survey(session, key)
    # It may have been read before whoever changed it last was done; what this transaction changed stays.
    session.flush()
    session.refresh(survey)
    return survey


def write_version(
    session: Session, key: str, questions: Sequence[Question], texts: Texts, now: datetime
) -> int | None:
    """Make this the survey's current version; returns its number, or None when the current one is just so."""
    asked = [_as_stored(question) for question in questions]
    words = json.loads(json.dumps(texts_as_json(texts)))
    digest = sha256(json.dumps([asked, words], sort_keys=True).encode()).hexdigest()
    survey = session.get(Survey, key)
    if survey is not None and _current(session, survey).digest == digest:
        return None
    number = survey.current_version + 1 if survey else 1
    if survey is None:
        session.add(Survey(key=key, current_version=number))
    else:
        survey.current_version = number
    session.flush()
    session.add(
        SurveyVersion(
            survey_key=key, number=number, questions=asked, texts=words, digest=digest, created_at=now
        )
    )
    session.flush()
    return number


def texts_as_json(texts: Texts) -> dict[str, dict[str, Any]]:
    """Language -> question -> its words, as plain values."""
    return {code: {key: asdict(text) for key, text in questions.items()} for code, questions in texts.items()}


def version_of(session: AnySession, key: str, number: int, digest: str) -> Version:
    """A version by its digest, which names its content; read once a process, because it never changes."""
    identity = (key, number, digest)
    if identity not in _versions:
        row = session.execute(_VERSION, {"key": key, "number": number}).one()
        _versions[identity] = Version(key, number, _questions(row.questions), _texts(row.texts))
    return _versions[identity]


_versions: dict[tuple[str, int, str], Version] = {}
_VERSION = select(SurveyVersion.questions, SurveyVersion.texts).where(
    SurveyVersion.survey_key == bindparam("key"), SurveyVersion.number == bindparam("number")
)


def _current(session: Session, survey: Survey) -> SurveyVersion:
    return session.get_one(SurveyVersion, (survey.key, survey.current_version))


def _hold_still(session: Session) -> None:
    if dialect_of(session) == "postgresql":
        # Every machine of a new release may write as it starts; SQLite lets one write at a time anyway.
        session.execute(text("LOCK TABLE surveys IN SHARE ROW EXCLUSIVE MODE"))


# Stored with a question whose words are edited; what is not edited is stored as it ever was.
_OWN = "own"


def _as_stored(question: Question) -> dict[str, str]:
    words = {"words": _OWN} if question.is_edited else {}
    return {"key": question.key, "metric": str(question.metric), **words}


def _with_own_words(current: Version | None, keys: Iterable[str]) -> tuple[list[Question], Texts]:
    """These questions in the words that ship, or in the current version's where those are edited."""
    edited = {each.key for each in current.questions if each.is_edited} if current else set()
    questions = [Question(key, QUESTIONS[key], key in edited) for key in keys]
    texts = {code: {each.key: _words(current, code, each) for each in questions} for code in LANGUAGES}
    return questions, texts


def _words(current: Version | None, code: str, question: Question) -> QuestionText:
    # A language that is new in this release has no edited words yet.
    stored = current.texts.get(code) if current and question.is_edited else None
    return stored[question.key] if stored else built_in_text(question.key, language(code))


def _questions(stored: Sequence[Mapping[str, str]]) -> tuple[Question, ...]:
    return tuple(
        Question(question["key"], Metric(question["metric"]), question.get("words") == _OWN)
        for question in stored
    )


def _texts(stored: Mapping[str, Mapping[str, Any]]) -> Texts:
    return {
        code: {key: _question_text(text) for key, text in questions.items()}
        for code, questions in stored.items()
    }


def _question_text(stored: Mapping[str, Any]) -> QuestionText:
    labels = {int(rating): words for rating, words in stored["labels"].items()}
    return QuestionText(stored["lead_in"], stored["question"], labels, dict(stored["prompts"]))
