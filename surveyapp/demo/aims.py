"""What the invented company noted beside its figures: an event, and a target with its purpose."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import markers, targets, users
from surveyapp.config import Settings
from surveyapp.core.deeds import Deed
from surveyapp.core.scales import Metric
from surveyapp.db import Database
from surveyapp.demo.company import FORM_MARKER, FORM_WEEK, TARGET, TARGET_PURPOSE
from surveyapp.models import Invitation, Record

BY = "admin@nordvik.example"
"""Who noted it; see surveyapp.demo.staff."""


def note(database: Database, settings: Settings, now: datetime) -> None:
    """Note both for once: what somebody has removed since stays away. Needs the history and the staff."""
    with database.transaction() as session:
        user = users.by_email(session, BY)
        if user is None or _was_noted(session):
            return
        markers.add(session, settings, users.viewer_of(user), _form_day(session), FORM_MARKER, now)
        targets.set_target(session, user.id, Metric.CSAT, TARGET, TARGET_PURPOSE, now)


def _was_noted(session: Session) -> bool:
    found = select(Record.id).where(Record.deed == Deed.MARKER_ADDED).limit(1)
    return session.scalar(found) is not None


def _form_day(session: Session) -> date:
    """The form's first day in this history, which may be older than today."""
    first: date = session.execute(select(func.min(Invitation.day))).scalar_one()
    return first + timedelta(weeks=FORM_WEEK)
