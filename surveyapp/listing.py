"""Lists that go on page after page: invitations, answers."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from surveyapp.core.errors import FieldError, Problem
from surveyapp.core.evidence import State
from surveyapp.core.scales import SCALES, Metric
from surveyapp.core.status import Status
from surveyapp.invitations import reference
from surveyapp.models import Answer, Invitation, Rating
from surveyapp.selecting import Filter, conditions, in_our_words


@dataclass(frozen=True, slots=True)
class Which:
    """Which invitations, besides a filter; None is no limit."""

    survey: str | None = None
    ticket_ref: str | None = None
    customer_ref: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer with what it is about."""

    invitation: Invitation
    answer: Answer
    ratings: dict[str, int]


def invitations(
    session: Session, chosen: Filter, which: Which, cursor: str | None, limit: int
) -> tuple[Sequence[Invitation], str | None]:
    """A page of invitations, the newest first, and the cursor of the next; None when there is no more.

    Raises FieldError for a cursor that is none of ours and a ticket that is no reference.
    """
    found = select(Invitation).where(*conditions(in_our_words(session, chosen), Invitation.day))
    if which.ticket_ref is not None:
        found = found.where(Invitation.ticket_ref == reference(which.ticket_ref))
    for name in ("customer_ref", "status"):
        if (wanted := getattr(which, name)) is not None:
            found = found.where(getattr(Invitation, name) == wanted)
    if which.survey is not None:
        found = found.where(Invitation.survey_key == which.survey)
    if cursor is not None:
        at, invitation_id = read_cursor(cursor)
        found = found.where(is_before(Invitation.created_at, Invitation.id, at, invitation_id))
    found = found.order_by(Invitation.created_at.desc(), Invitation.id.desc()).limit(limit + 1)
    rows = session.scalars(found).all()
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_of(rows[limit - 1].created_at, rows[limit - 1].id)


def answers(
    session: Session,
    chosen: Filter,
    state: State,
    updated_since: datetime | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Answered], str | None]:
    """A page of answers in the order in which they last changed, and the cursor of the next.

    An answer that changes meanwhile comes once more, later. Raises FieldError as `invitations`.
    """
    found = (
        select(Answer, Invitation)
        .join(Invitation, Invitation.id == Answer.invitation_id)
        .where(Answer.state == state, *conditions(in_our_words(session, chosen)))
    )
    if chosen.metric is not None:
        found = found.where(is_of(chosen.metric))
    if updated_since is not None:
        found = found.where(Answer.changed_at >= updated_since)
    if cursor is not None:
        at, invitation_id = read_cursor(cursor)
        found = found.where(_is_after(Answer.changed_at, Answer.invitation_id, at, invitation_id))
    found = found.order_by(Answer.changed_at, Answer.invitation_id).limit(limit + 1)
    rows = session.execute(found).all()
    ratings = ratings_of(session, [answer.invitation_id for answer, _ in rows[:limit]])
    page = [
        Answered(invitation, answer, ratings.get(invitation.id, {})) for answer, invitation in rows[:limit]
    ]
    if len(rows) <= limit:
        return page, None
    return page, cursor_of(page[-1].answer.changed_at, page[-1].answer.invitation_id)


def is_of(metric: Metric) -> ColumnElement[bool]:
    """The answers that the metric's figures count: every question of it is rated, or it is a comment alone.

    Whether the metric's question was asked in the mail or after it makes no difference.
    """
    if metric not in SCALES:
        return Answer.metric == metric
    rating = aliased(Rating)
    rated = select(func.count()).where(rating.invitation_id == Answer.invitation_id, rating.metric == metric)
    return rated.correlate(Answer).scalar_subquery() == SCALES[metric].questions


def ratings_of(session: Session, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Invitation -> question -> rating, of the answers that have any."""
    ratings: dict[str, dict[str, int]] = {}
    found = select(Rating.invitation_id, Rating.question, Rating.rating).where(Rating.invitation_id.in_(ids))
    for row in session.execute(found):
        ratings.setdefault(row.invitation_id, {})[row.question] = row.rating
    return ratings


def is_before(column: Any, key: Any, at: datetime, invitation_id: str) -> ColumnElement[bool]:
    """Behind this row in a list with the newest first."""
    return or_(column < at, and_(column == at, key < invitation_id))


def cursor_of(at: datetime, invitation_id: str) -> str:
    """Where the page after this row begins; `read_cursor` reads it."""
    return urlsafe_b64encode(f"{at.isoformat()} {invitation_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """The row's moment and id; FieldError for a cursor that is none of ours."""
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        at, invitation_id = text.split(" ")
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (binascii.Error, UnicodeError, ValueError, OverflowError) as error:
        raise FieldError("cursor", Problem.CURSOR) from error
    if not invitation_id.isprintable():
        raise FieldError("cursor", Problem.CURSOR)
    return moment, invitation_id


def _is_after(column: Any, key: Any, at: datetime, invitation_id: str) -> ColumnElement[bool]:
    return or_(column > at, and_(column == at, key > invitation_id))
