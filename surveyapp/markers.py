"""Note on which day something happened, such as a new phone menu, so that it is seen in the trends."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.audit import record
from surveyapp.config import Settings
from surveyapp.core.access import Permission, Viewer
from surveyapp.core.deeds import Deed
from surveyapp.core.errors import FieldError, NotAllowedError, Problem
from surveyapp.core.periods import Period, today
from surveyapp.models import Marker, new_id

LONGEST = 200
AHEAD = timedelta(days=366)
"""Whoever plans further ahead has mistyped the year."""
FIRST = date(2000, 1, 1)


def add(session: Session, settings: Settings, viewer: Viewer, day: date, words: str, now: datetime) -> Marker:
    """Add one; two of the same day and words are two.

    Raises FieldError for "day" (before 2000, or more than a year ahead) and "words" (none, more than 200
    characters, or not one line of text), NotAllowedError without TARGETS.
    """
    _check(viewer)
    words = unicodedata.normalize("NFC", words).strip()
    if day < FIRST:
        raise FieldError("day", Problem.DATE)
    if day > today(now, settings.timezone) + AHEAD:
        raise FieldError("day", Problem.FAR)
    if not words:
        raise FieldError("words", Problem.MISSING)
    if len(words) > LONGEST:
        raise FieldError("words", Problem.LONG, n=LONGEST)
    if not words.isprintable():
        raise FieldError("words", Problem.NO_TEXT)
    made = Marker(id=new_id(), day=day, words=words, user_id=viewer.id, created_at=now)
    session.add(made)
    # The words stay out of the log, which is never erased.
    record(session, viewer.id, Deed.MARKER_ADDED, now, made.id)
    return made


def remove(session: Session, viewer: Viewer, marker_id: str, now: datetime) -> None:
    """Remove one, whoever has added it; the second time nothing happens. NotAllowedError without TARGETS."""
    _check(viewer)
    found = session.get(Marker, marker_id) if marker_id.isprintable() else None
    if found is None:
        return
    session.delete(found)
    record(session, viewer.id, Deed.MARKER_REMOVED, now, marker_id)


def within(session: Session, period: Period | None = None) -> Sequence[Marker]:
    """Those of the period's days in their order; None: all there are."""
    found = select(Marker).order_by(Marker.day, Marker.created_at, Marker.id)
    if period is not None:
        found = found.where(Marker.day.between(period.first, period.last))
    return session.scalars(found).all()


def _check(viewer: Viewer) -> None:
    if not viewer.may(Permission.TARGETS):
        raise NotAllowedError("Markers are not for you to set.")
