"""What happened to an invitation, from its making to its answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from surveyapp.core.evidence import Evidence, State
from surveyapp.core.status import Happening, Status
from surveyapp.db import AnySession, table_of
from surveyapp.models import AnswerEvent, Invitation, InvitationEvent, Touch, new_id

DETAIL_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `detail`: a reason in our words, or what a mail server replied."""

    at: datetime
    what: Happening
    detail: str | None = None


def note(session: AnySession, invitation_id: str, what: Happening, detail: str | None, at: datetime) -> None:
    """Add an entry."""
    row = {"invitation_id": invitation_id, "id": new_id(), "at": at, "what": what}
    session.execute(_INSERT, row | {"detail": detail[:DETAIL_LENGTH] if detail else None})


def timeline(session: Session, invitation: Invitation) -> list[Entry]:
    """Everything, the oldest first."""
    entries = [*_sending(session, invitation), *_opened(session, invitation), *_answered(session, invitation)]
    # Python's sort keeps what happened at one instant in the order in which it is listed.
    return sorted(entries, key=lambda entry: entry.at)


_INSERT = insert(table_of(InvitationEvent))


def _sending(session: Session, invitation: Invitation) -> Iterator[Entry]:
    events = session.scalars(
        select(InvitationEvent)
        .where(InvitationEvent.invitation_id == invitation.id)
        .order_by(InvitationEvent.at)
    ).all()
    yield _first(invitation, is_changed=bool(events))
    for event in events:
        yield Entry(event.at, Happening(event.what), event.detail)


def _first(invitation: Invitation, *, is_changed: bool) -> Entry:
    """What the invitation was when it was made, which no event repeats."""
    match invitation.status:
        case Status.LINKED | Status.IMPORTED:
            return Entry(invitation.created_at, Happening(invitation.status))
        case Status.REFUSED if not is_changed:
            return Entry(invitation.created_at, Happening.REFUSED, invitation.reason)
    return Entry(invitation.created_at, Happening.QUEUED)


def _opened(session: Session, invitation: Invitation) -> Iterator[Entry]:
    at = session.scalar(select(func.min(Touch.at)).where(Touch.invitation_id == invitation.id))
    if at is not None:
        yield Entry(at, Happening.OPENED)


def _answered(session: Session, invitation: Invitation) -> Iterator[Entry]:
    events = session.scalars(
        select(AnswerEvent).where(AnswerEvent.invitation_id == invitation.id).order_by(AnswerEvent.revision)
    )
    before: str | None = None
    is_counted = False
    for event in events:
        yield _change(event, before, is_counted=is_counted)
        before, is_counted = event.state, is_counted or event.state == State.COUNTED


def _change(event: AnswerEvent, before: str | None, *, is_counted: bool) -> Entry:
    """What an event of the answer is, by the state before it and whether it had counted ever before."""
    match event.state:
        case State.COUNTED if before == State.VOID:
            return Entry(event.at, Happening.RESTORED)
        case State.COUNTED if event.evidence == Evidence.RELEASED:
            return Entry(event.at, Happening.RELEASED, event.reason)
        case State.COUNTED:
            return Entry(event.at, Happening.CHANGED if is_counted else Happening.COUNTED, event.evidence)
        case State.HELD:
            return Entry(event.at, Happening.HELD, event.reason)
        case State.REFUSED:
            return Entry(event.at, Happening.ANSWER_REFUSED, event.reason)
    return Entry(event.at, Happening.WITHDRAWN, event.reason)
