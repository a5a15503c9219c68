"""What waits for somebody who logs in, in a few numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.config import Settings
from surveyapp.core.access import Permission, Viewer
from surveyapp.core.evidence import State
from surveyapp.core.status import Status
from surveyapp.models import Answer, Invitation, Survey
from surveyapp.sight import visible_to

UNKNOWN_FOR = timedelta(days=90)
"""Nobody looks into older ones; and the index on their making answers how many there are."""

_count = select(func.count()).select_from(Invitation)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Numbers of what this viewer can act on; None without the permission."""

    queued: int | None
    unknown: int | None
    held: int | None
    surveys: int
    """That take answers."""


def waiting(session: Session, viewer: Viewer, settings: Settings, now: datetime) -> Waiting:
    """A few counts, each answered by an index."""
    seen = list(visible_to(viewer, settings.own.agent_figures))
    is_sending = viewer.may(Permission.INVITATIONS)
    queued = _count.where(Invitation.send_at.is_not(None), Invitation.status == Status.QUEUED, *seen)
    unknown = _count.where(
        Invitation.created_at >= now - UNKNOWN_FOR, Invitation.status == Status.UNKNOWN, *seen
    )
    return Waiting(
        queued=session.scalar(queued) if is_sending else None,
        unknown=session.scalar(unknown) if is_sending else None,
        held=_held(session) if viewer.may(Permission.JUDGE) else None,
        surveys=session.scalar(
            select(func.count())
            .select_from(Survey)
            .where((Survey.closed_at.is_(None)) | (Survey.closed_at > now))
        )
        or 0,
    )


def _held(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Answer).where(Answer.state == State.HELD)) or 0
