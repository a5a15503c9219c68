"""One invitation as its customer meets it, read and written in one piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Result, and_, bindparam, insert, select, update

from surveyapp.config import Settings
from surveyapp.core import evidence
from surveyapp.core.errors import ClosedSurveyError, EditWindowOverError, ExpiredLinkError, InvalidLinkError
from surveyapp.core.evidence import Case, Evidence, Link, State, Touch, Verdict
from surveyapp.core.status import ERASED
from surveyapp.db import INSERTS, AnySession, dialect_of, table_of
from surveyapp.models import Answer, AnswerEvent, Domain, Invitation, Rating, Survey, SurveyVersion
from surveyapp.models import Touch as TouchRow
from surveyapp.surveys import Version, version_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and what is known of the answer."""

    id: str
    locale: str
    ticket_ref: str
    domain: str | None
    has_address: bool
    expires_at: datetime
    is_closed: bool
    version: Version
    case: Case
    comment: str | None
    further: Mapping[str, int]
    scanned_at: datetime | None
    revision: int

    def check_open(self, now: datetime, settings: Settings) -> None:
        """Raise the reason why no rating or comment is taken any more; return when one is."""
        if self.case.state is State.VOID:
            raise ClosedSurveyError
        if self.case.first_counted_at is not None:
            if not self.may_change(now, settings):
                raise EditWindowOverError
        elif self.is_closed:
            raise ClosedSurveyError
        elif now > self.expires_at:
            raise ExpiredLinkError

    def may_change(self, now: datetime, settings: Settings) -> bool:
        """Whether there is still time to change the answer.

        Never once the customer was erased: nobody could find and erase what is written later.
        """
        return not self.ticket_ref.startswith(ERASED) and evidence.may_change(self.case, now, settings.rules)

    def is_one_click(self, rating: int, now: datetime, settings: Settings) -> bool:
        """Whether staying on the page is enough for this rating, as far as is known now."""
        return evidence.is_one_click(self.case, rating, now, settings.rules)

    @property
    def ratings(self) -> dict[str, int]:
        """Question -> rating, of the answer as it stands."""
        rating = self.case.rating
        return {**({} if rating is None else {self.version.main.key: rating}), **self.further}


def look(session: AnySession, settings: Settings, invitation_id: str, now: datetime) -> Asked:
    """What is known of the invitation; InvalidLinkError when there is none."""
    row = session.execute(_ASKED, {"id": invitation_id}).one_or_none()
    if row is None:
        raise InvalidLinkError
    version = version_of(session, row.survey_key, row.survey_version, row.digest)
    has_further = row.state is not None and version.further
    return Asked(
        id=row.id,
        locale=row.locale,
        ticket_ref=row.ticket_ref,
        domain=row.domain,
        has_address=row.address_hash is not None,
        expires_at=row.expires_at,
        is_closed=row.closed_at is not None and row.closed_at <= now,
        version=version,
        case=_case(row, _touches(session, row), settings, now),
        comment=row.comment,
        further=_further(session, row.id, version) if has_further else {},
        scanned_at=row.scanned_at,
        revision=row.revision or 0,
    )


def save(session: AnySession, settings: Settings, before: Asked, after: Asked, now: datetime) -> bool:
    """Write the answer, its changed ratings and its history; False, and nothing written, when overtaken."""
    dialect = dialect_of(session)
    row = {"revision": before.revision + 1, **_answer_row(after, settings, now)}
    if before.case.state is None:
        written = session.execute(_INSERT_ANSWER[dialect], {"invitation_id": after.id, **row})
    else:
        written = session.execute(_UPDATE_ANSWER, {"key": after.id, "old_revision": before.revision, **row})
    if rows(written) == 0:
        return False
    metrics = {question.key: question.metric for question in after.version.questions}
    known = before.ratings
    for key, rating in after.ratings.items():
        if known.get(key) != rating:
            changed = {"invitation_id": after.id, "question": key, "metric": metrics[key], "rating": rating}
            session.execute(_SAVE_RATING[dialect], changed)
    fact = _fact(after, settings)
    if fact != _fact(before, settings):
        session.execute(
            _INSERT_EVENT, {"invitation_id": after.id, "revision": row["revision"], "at": now, **fact}
        )
    return True


def rows(result: Result[Any]) -> int:
    """How many rows a statement wrote."""
    return cast("CursorResult[Any]", result).rowcount


_INVITATIONS, _TOUCHES, _ANSWERS = table_of(Invitation), table_of(TouchRow), table_of(Answer)
_RATINGS, _DOMAINS = table_of(Rating), table_of(Domain)
_SURVEYS, _VERSIONS = table_of(Survey), table_of(SurveyVersion)

_TOUCH_COLUMNS = (
    _TOUCHES.c.at,
    _TOUCHES.c.link,
    _TOUCHES.c.rating,
    _TOUCHES.c.network,
    _TOUCHES.c.is_prefetch,
    _TOUCHES.c.is_automated,
)
# Most invitations are opened once: that touch comes along, so that a click needs one read.
_ASKED = (
    select(
        _INVITATIONS.c.id,
        _INVITATIONS.c.survey_key,
        _INVITATIONS.c.survey_version,
        _INVITATIONS.c.ticket_ref,
        _INVITATIONS.c.locale,
        _INVITATIONS.c.domain,
        _INVITATIONS.c.address_hash,
        _INVITATIONS.c.expires_at,
        _INVITATIONS.c.accepted_at,
        _INVITATIONS.c.touch_count,
        _INVITATIONS.c.scanned_at,
        _SURVEYS.c.mode,
        _SURVEYS.c.closed_at,
        _VERSIONS.c.digest,
        _DOMAINS.c.marked_until,
        _ANSWERS.c.state,
        _ANSWERS.c.evidence,
        _ANSWERS.c.reason,
        _ANSWERS.c.rating,
        _ANSWERS.c.began_at,
        _ANSWERS.c.first_counted_at,
        _ANSWERS.c.comment,
        _ANSWERS.c.revision,
        _ANSWERS.c.seen,
        _ANSWERS.c.has_stayed,
        _ANSWERS.c.is_automated,
        _ANSWERS.c.is_unverified,
        *(column.label(f"touch_{column.name}") for column in _TOUCH_COLUMNS),
    )
    .join_from(_INVITATIONS, _SURVEYS, _SURVEYS.c.key == _INVITATIONS.c.survey_key)
    .join(
        _VERSIONS,
        and_(
            _VERSIONS.c.survey_key == _INVITATIONS.c.survey_key,
            _VERSIONS.c.number == _INVITATIONS.c.survey_version,
        ),
    )
    .outerjoin(_ANSWERS, _ANSWERS.c.invitation_id == _INVITATIONS.c.id)
    .outerjoin(_DOMAINS, _DOMAINS.c.domain == _INVITATIONS.c.domain)
    .outerjoin(_TOUCHES, and_(_TOUCHES.c.invitation_id == _INVITATIONS.c.id, _TOUCHES.c.number == 1))
    .where(_INVITATIONS.c.id == bindparam("id"))
)
_ALL_TOUCHES = (
    select(*_TOUCH_COLUMNS)
    .where(_TOUCHES.c.invitation_id == bindparam("id"))
    .order_by(_TOUCHES.c.at, _TOUCHES.c.number)
)
_FURTHER = select(_RATINGS.c.question, _RATINGS.c.rating).where(_RATINGS.c.invitation_id == bindparam("id"))

# SQLAlchemy forgets how many rows an INSERT wrote unless it is told that somebody asks.
_INSERT_ANSWER = {
    name: insert_into(_ANSWERS).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    for name, insert_into in INSERTS.items()
}
_SAVE_RATING = {
    name: insert_into(_RATINGS).on_conflict_do_update(
        index_elements=["invitation_id", "question"], set_={"rating": insert_into(_RATINGS).excluded.rating}
    )
    for name, insert_into in INSERTS.items()
}
_UPDATE_ANSWER = update(_ANSWERS).where(
    _ANSWERS.c.invitation_id == bindparam("key"), _ANSWERS.c.revision == bindparam("old_revision")
)
_INSERT_EVENT = insert(table_of(AnswerEvent))


def _touches(session: AnySession, row: Any) -> tuple[Touch, ...]:
    if row.touch_count > 1:
        found = session.execute(_ALL_TOUCHES, {"id": row.id}).all()
    else:
        found = () if row.touch_at is None else (row[-len(_TOUCH_COLUMNS) :],)
    return tuple(Touch(at, Link(link), *others) for at, link, *others in found)


def _case(row: Any, touches: tuple[Touch, ...], settings: Settings, now: datetime) -> Case:
    known = {} if row.state is None else _known(row)
    return Case(
        accepted_at=row.accepted_at,
        is_confirm=(row.mode or settings.answer_mode) == "confirm",
        is_domain_scanning=row.marked_until is not None and row.marked_until > now,
        touches=touches,
        **known,
    )


def _known(row: Any) -> dict[str, Any]:
    return {
        "state": State(row.state),
        "evidence": Evidence(row.evidence) if row.evidence else None,
        "rating": row.rating,
        "began_at": row.began_at,
        "first_counted_at": row.first_counted_at,
        "seen": {page: datetime.fromisoformat(at) for page, at in row.seen.items()},
        "has_stayed": row.has_stayed,
        "is_automated": row.is_automated,
        "is_unverified": row.is_unverified,
        "verdict": _VERDICTS.get(row.reason),
    }


_VERDICTS = {verdict.value: verdict for verdict in Verdict}


def _answer_row(asked: Asked, settings: Settings, now: datetime) -> dict[str, Any]:
    case = asked.case
    began_at = case.began_at or now
    return {
        **_state(case, settings),
        "metric": asked.version.main.metric,
        "rating": case.rating,
        "began_at": began_at,
        "day": began_at.astimezone(settings.timezone).date(),
        "first_counted_at": case.first_counted_at,
        "changed_at": now,
        "comment": asked.comment,
        "seen": {page: at.isoformat() for page, at in case.seen.items()},
        "has_stayed": case.has_stayed,
        "is_automated": case.is_automated,
        "is_unverified": case.is_unverified,
        "settle_at": evidence.settles_at(case, settings.rules),
    }


def _state(case: Case, settings: Settings) -> dict[str, str | None]:
    why = evidence.reason(case, settings.rules) if case.state is State.HELD else case.verdict
    return {"state": case.state, "reason": why, "evidence": case.evidence}


def _fact(asked: Asked, settings: Settings) -> dict[str, Any]:
    """What the history keeps: never a comment's text, so that erasing it can be complete."""
    return {**_state(asked.case, settings), "ratings": asked.ratings}


def _further(session: AnySession, invitation_id: str, version: Version) -> dict[str, int]:
    keys = {question.key for question in version.further}
    return {key: rating for key, rating in session.execute(_FURTHER, {"id": invitation_id}) if key in keys}
