"""Mails to users: queued with what happened, written as the worker sends them, at least once each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from surveyapp import users
from surveyapp.config import Settings
from surveyapp.db import serialise
from surveyapp.models import Note, User, new_id
from surveyapp.surveys import Version, current_version, find_survey

# How long a worker may hold a mail before another one takes it over; longer than a mail's time-outs.
LEASE = timedelta(minutes=10)
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
KEPT = timedelta(days=30)

SAME_WITHIN = timedelta(minutes=1)
MOST_RESETS = 5
RESETS_WITHIN = timedelta(hours=1)

OUTCOME_LENGTH = 200

SPOKEN = "spoken"
"""In every detail: in which language the mail was asked for."""


class NoteKind(StrEnum):
    """Why a user gets a mail, and which details it takes."""

    INVITED = "invited"
    """A colleague, `by`, made the account; holds a link to set a password."""
    RESET = "reset"
    """Somebody asked for a new password; holds such a link too."""
    PASSWORD_SET = "password_set"  # noqa: S105
    NEW_DEVICE = "new_device"
    """Somebody logged in with a `browser` that was not known, such as "Firefox, Windows"."""
    SECOND_STEP_OFF = "second_step_off"
    IDENTITY_LINKED = "identity_linked"
    """The account can be used by a login at a `provider`, such as "Entra ID"."""
    TEST = "test"
    """What a customer would get of a `survey` in a `locale`."""


LINK_LIVES = {NoteKind.INVITED: timedelta(days=7), NoteKind.RESET: timedelta(hours=1)}
"""The kinds whose mail holds a link, and how long that works once the mail goes out."""


class Ending(StrEnum):
    """How one try to send ended."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ClaimedNote:
    """A mail that one worker may send now.

    `locale`: None when the user never chose one, and nobody's browser was asked in another one.

    `version` is of the survey that a test shows, and None otherwise; `asked_at` is when it happened.
    """

    id: str
    claim: str
    user_id: str
    kind: NoteKind
    detail: dict[str, str]
    email: str
    name: str
    locale: str | None
    asked_at: datetime
    version: Version | None


def ask(session: Session, user_id: str, kind: NoteKind, now: datetime, **detail: str) -> None:
    """Queue a mail; the same again within a minute, or a sixth link for a password within an hour, is not.

    `detail` is what the kind takes, and for all `spoken`: the language of whoever asks, in which users who
    chose none get the mail. The same in another language is the same.
    Raises UnknownSurveyError for a test of a survey that there is not.
    """
    if kind is NoteKind.TEST:
        find_survey(session, detail["survey"])
    serialise(session, f"notes {user_id}")
    if _is_too_much(session, user_id, kind, detail, now):
        return
    session.add(
        Note(id=new_id(), user_id=user_id, kind=kind, detail=detail, created_at=now, send_at=now, attempts=0)
    )
    session.flush()


def claim(session: Session, now: datetime) -> ClaimedNote | None:
    """Take one mail that is due, for as long as the lease; None when none is.

    Users who were disabled meanwhile get none, and whatever several workers died of is not tried again.
    """
    while (note := session.scalars(_DUE, {"now": now}).first()) is not None:
        user = session.get_one(User, note.user_id, populate_existing=True)
        if user.disabled_at is not None:
            _end(note, "the user is disabled")
        elif note.attempts > len(RETRIES):
            _end(note, "given up: the worker stopped each time")
        else:
            return _lease(session, note, user, now)
        session.flush()
    return None


def new_link(session: Session, settings: Settings, claimed: ClaimedNote, now: datetime) -> str | None:
    """A fresh link for the mail, to set a password once; None for a kind that has none.

    Made as the mail goes out, so that nothing that opens anything ever stands in the queue.
    """
    life = LINK_LIVES.get(claimed.kind)
    if life is None:
        return None
    return f"{settings.public_url}/admin/link/{users.new_link(session, claimed.user_id, life, now)}"


def note_outcome(
    session: Session, claimed: ClaimedNote, ending: Ending, detail: str | None, now: datetime
) -> None:
    """Note how the try ended; what was delayed too often is given up.

    Does nothing for a worker whose lease went to another one.
    """
    held = select(Note).where(Note.id == claimed.id, Note.claim == claimed.claim)
    note = session.scalars(held.with_for_update()).one_or_none()
    if note is None:
        return
    if ending is Ending.DELAYED and note.attempts <= len(RETRIES):
        note.send_at, note.claim = now + RETRIES[note.attempts - 1], None
        note.outcome = detail[:OUTCOME_LENGTH] if detail else None
        return
    _end(
        note, Ending.ACCEPTED if ending is Ending.ACCEPTED else f"given up: {detail or 'no reason was given'}"
    )


def purge(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete mails that came to their end and were kept long enough; returns how many, 0 at last."""
    old = select(Note.id).where(Note.send_at.is_(None), Note.created_at < now - KEPT)
    ids = session.scalars(old.limit(most)).all()
    session.execute(delete(Note).where(Note.id.in_(ids)))
    return len(ids)


_DUE = (
    select(Note)
    .where(Note.send_at <= bindparam("now"))
    .order_by(Note.send_at, Note.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


def _is_too_much(
    session: Session, user_id: str, kind: NoteKind, detail: dict[str, str], now: datetime
) -> bool:
    same = select(Note).where(Note.user_id == user_id, Note.kind == kind)
    last = session.scalars(same.where(Note.created_at > now - SAME_WITHIN)).all()
    if any(_said(note.detail) == _said(detail) for note in last):
        return True
    if kind is not NoteKind.RESET:
        return False
    resets = same.where(Note.created_at > now - RESETS_WITHIN).subquery()
    return (session.scalar(select(func.count()).select_from(resets)) or 0) >= MOST_RESETS


def _said(detail: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in detail.items() if name != SPOKEN}


def _lease(session: Session, note: Note, user: User, now: datetime) -> ClaimedNote:
    note.claim, note.send_at = new_id(), now + LEASE
    note.attempts += 1
    session.flush()
    kind = NoteKind(note.kind)
    survey = find_survey(session, note.detail["survey"]) if kind is NoteKind.TEST else None
    return ClaimedNote(
        id=note.id,
        claim=note.claim,
        user_id=user.id,
        kind=kind,
        detail=dict(note.detail),
        email=user.email,
        name=user.name,
        locale=user.locale or note.detail.get(SPOKEN),
        asked_at=note.created_at,
        version=current_version(session, survey) if survey else None,
    )


def _end(note: Note, outcome: str) -> None:
    note.send_at, note.claim, note.outcome = None, None, outcome[:OUTCOME_LENGTH]
