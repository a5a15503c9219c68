"""Bring each waiting mail to its outcome once: claim, mark, note."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from surveyapp.asked import rows
from surveyapp.asking import Known, subject_of
from surveyapp.config import Settings
from surveyapp.core.errors import NotWaitingError
from surveyapp.core.policy import Policy, Refusal, next_in_window, reminds_at
from surveyapp.core.status import Cause, Happening, Status
from surveyapp.db import AnySession, dialect_of, serialise, table_of
from surveyapp.invitations import find_invitation, suppress
from surveyapp.models import Answer, Invitation, InvitationEvent, Survey, SurveyVersion, new_id
from surveyapp.surveys import Version, policy_of, version_of
from surveyapp.timeline import DETAIL_LENGTH, note

# How long a worker may hold an invitation before another one takes it over; longer than a mail's time-outs.
LEASE = timedelta(minutes=10)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
GIVEN_UP_AFTER = timedelta(hours=72)

# The share of its wait by which a retry is spread, so that what failed together does not come back together.
JITTER = 0.1


MOST_ENDED = 100


class Outcome(StrEnum):
    """How one try to send ended."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Claimed:
    """An invitation that one worker may send now, and what its mail needs."""

    id: str
    claim: str
    address: str
    domain: str | None
    recipient_name: str | None
    locale: str
    ticket_ref: str
    is_reminder: bool
    timezone: str | None
    version: Version
    policy: Policy


@dataclass(frozen=True, slots=True)
class Ended:
    """Several invitations that were due came to their end without a mail; more may be due."""


def claim(
    session: Session, settings: Settings, now: datetime, without: Collection[str] = ()
) -> Claimed | Ended | None:
    """Take one invitation that is due, for as long as the lease; None when none is.

    Policy is asked again. One whose worker died after the mark is never sent again: it becomes `unknown`.
    Recipients at the domains `without` are left alone. When many come to their end instead, the caller
    shall commit and ask again: SQLite's other writers wait for this transaction.
    """
    due = _due(without)
    for _ in range(MOST_ENDED if dialect_of(session) == "sqlite" else 1):
        invitation = session.scalars(due, {"now": now}).first()
        if invitation is None:
            return None
        if invitation.marked_at is not None:
            _end(session, invitation, Status.UNKNOWN, Cause.WORKER_STOPPED, now)
        elif invitation.address is None:
            _end(session, invitation, Status.CANCELLED, Cause.ERASED, now)
        elif _may_go(session, settings, invitation, now):
            return _lease(session, invitation, now)
        session.flush()
    return Ended()


def claimed(session: Session, invitation: Invitation) -> Claimed | None:
    """What the invitation's mail needs; None when its address was erased."""
    if invitation.address is None:
        return None
    return Claimed(
        id=invitation.id,
        claim=invitation.claim or "",
        address=invitation.address,
        domain=invitation.domain,
        recipient_name=invitation.recipient_name,
        locale=invitation.locale,
        ticket_ref=invitation.ticket_ref,
        is_reminder=invitation.is_reminder,
        version=_version(session, invitation),
        timezone=invitation.timezone,
        policy=policy_of(session.get_one(Survey, invitation.survey_key)),
    )


def mark(session: AnySession, claimed: Claimed, now: datetime) -> bool:
    """Note that the mail's last line goes out now; False when the lease was lost, and nothing may be sent."""
    return rows(session.execute(_MARK, {"which": claimed.id, "by": claimed.claim, "now": now})) == 1


def note_outcome(
    session: Session,
    settings: Settings,
    claimed: Claimed,
    outcome: Outcome,
    detail: str | None,
    now: datetime,
    *,
    is_address_gone: bool = False,
) -> None:
    """Note how the try ended; does nothing for a worker whose lease went to another one.

    An address that is gone gets no survey any more.
    """
    if outcome is Outcome.ACCEPTED:
        _accept(session, settings, claimed, now)
        return
    invitation = session.scalars(select(Invitation).where(_holds(claimed)).with_for_update()).one_or_none()
    if invitation is None:
        return
    detail = detail[:DETAIL_LENGTH] if detail else None
    match outcome:
        case Outcome.FAILED:
            if is_address_gone:
                suppress(session, invitation.id, now, Refusal.BOUNCED)
            _end(session, invitation, Status.FAILED, detail, now)
        case Outcome.UNKNOWN:
            _end(session, invitation, Status.UNKNOWN, detail, now)
        case Outcome.DELAYED:
            _try_later(session, invitation, detail, now)


def unknown(session: Session) -> list[Invitation]:
    """Every invitation of which nobody can know whether its mail went out, the oldest first."""
    found = select(Invitation).where(Invitation.status == Status.UNKNOWN)
    return list(session.scalars(found.order_by(Invitation.marked_at, Invitation.id)))


def resend(session: Session, invitation_id: str, now: datetime) -> Invitation:
    """Send a mail that is unknown or failed once more; policy is asked again when it goes out.

    Raises NotWaitingError for any other and for one whose address was erased, UnknownInvitationError when
    there is none.
    """
    invitation = _unresolved(session, invitation_id, *_RESENT)
    if not may_resend(invitation):
        raise NotWaitingError("The customer's address was erased.")
    invitation.status = Status.SENT if invitation.is_reminder else Status.QUEUED
    invitation.reason, invitation.marked_at = None, None
    invitation.send_at = invitation.planned_at = now
    invitation.attempts = 0
    note(session, invitation_id, Happening.RESENT, None, now)
    session.flush()
    return invitation


def may_resend(invitation: Invitation) -> bool:
    """Whether `resend` would take it; policy may still have something against it."""
    return invitation.status in _RESENT and invitation.address is not None


def give_up(session: Session, invitation_id: str, now: datetime) -> Invitation:
    """Let an unknown mail be: it is not sent again. Raises as `resend`."""
    invitation = _unresolved(session, invitation_id, Status.UNKNOWN)
    _end(session, invitation, Status.FAILED, Cause.GIVEN_UP, now)
    session.flush()
    return invitation


def remind(session: Session, settings: Settings, invitation_id: str, now: datetime) -> Invitation:
    """Let the one reminder go out now, or as soon as the recipient's hours begin; policy is asked again then.

    One that was planned for later is brought forward. The second time changes nothing but the moment, until
    it went out. Raises NotWaitingError with the reason why not, UnknownInvitationError when there is none.
    """
    invitation = _locked(session, invitation_id)
    if why_not := _no_reminder(session, invitation, now):
        raise NotWaitingError(why_not)
    zone = ZoneInfo(invitation.timezone) if invitation.timezone else settings.timezone
    due = next_in_window(policy_of(session.get_one(Survey, invitation.survey_key)), now, zone)
    if due >= invitation.expires_at:
        raise NotWaitingError("The links are over before a reminder may go out.")
    invitation.is_reminder, invitation.marked_at, invitation.attempts = True, None, 0
    invitation.reason, invitation.allowed_from = None, None
    invitation.send_at = invitation.planned_at = due
    session.flush()
    return invitation


def may_remind(session: Session, invitation: Invitation, now: datetime) -> bool:
    """Whether `remind` would take it; policy may still have something against it."""
    return _no_reminder(session, invitation, now) is None


_RESENT = (Status.UNKNOWN, Status.FAILED)


def _version(session: Session, invitation: Invitation) -> Version:
    """As version_of_invitation, without reading the texts in four languages anew for each mail."""
    key, number = invitation.survey_key, invitation.survey_version
    return version_of(
        session, key, number, session.execute(_DIGEST, {"key": key, "number": number}).scalar_one()
    )


_DIGEST = select(SurveyVersion.digest).where(
    SurveyVersion.survey_key == bindparam("key"), SurveyVersion.number == bindparam("number")
)
_INVITATIONS = table_of(Invitation)
_LEASE = (
    update(_INVITATIONS)
    .where(_INVITATIONS.c.id == bindparam("which"))
    .values(
        status=Status.SENDING,
        reason=None,
        claim=bindparam("by"),
        send_at=bindparam("until"),
        attempts=_INVITATIONS.c.attempts + 1,
        # From the first try on: a worker that was away for days must not cost a mail its retries.
        planned_at=case((_INVITATIONS.c.attempts == 0, bindparam("now")), else_=_INVITATIONS.c.planned_at),
    )
)
_MARK = (
    update(_INVITATIONS)
    .where(
        _INVITATIONS.c.id == bindparam("which"),
        _INVITATIONS.c.claim == bindparam("by"),
        _INVITATIONS.c.status == Status.SENDING,
    )
    .values(marked_at=bindparam("now"))
)
_DUE = (
    select(Invitation)
    .where(Invitation.send_at <= bindparam("now"))
    .order_by(Invitation.send_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)


def _due(without: Collection[str]) -> Select[Invitation]:
    if not without:
        return _DUE
    return _DUE.where(or_(Invitation.domain.is_(None), Invitation.domain.not_in(without)))


def _may_go(session: Session, settings: Settings, invitation: Invitation, now: datetime) -> bool:
    """Ask policy as things stand now; what is not to go now is moved, refused or called off."""
    survey = session.get_one(Survey, invitation.survey_key)
    policy = policy_of(survey)
    if survey.closed_at is not None and survey.closed_at <= now:
        _end(session, invitation, Status.CANCELLED, Cause.SURVEY_CLOSED, now)
        return False
    # Always in this order, and one invitation a transaction: so two workers never wait for each other.
    if invitation.address_hash:
        serialise(session, f"person {invitation.address_hash}")
    if policy.most_per_domain is not None and invitation.domain:
        serialise(session, f"domain {invitation.domain}")
    decision = Known(session, settings, [subject_of(invitation)]).decide(subject_of(invitation), policy, now)
    if decision.refusal:
        invitation.allowed_from = decision.allowed_from
        _end(session, invitation, Status.REFUSED, decision.refusal, now)
        return False
    if decision.send_at is not None and decision.send_at > now:
        invitation.status = Status.SENT if invitation.is_reminder else Status.QUEUED
        invitation.send_at = decision.send_at
        note(session, invitation.id, Happening.MOVED, None, now)
        return False
    return True


def _lease(session: Session, invitation: Invitation, now: datetime) -> Claimed | None:
    claim_id = new_id()
    # Past the mapper, which takes several times as long for the same statement.
    session.execute(_LEASE, {"which": invitation.id, "by": claim_id, "now": now, "until": now + LEASE})
    found = claimed(session, invitation)
    return replace(found, claim=claim_id) if found else None


def _holds(claimed: Claimed) -> ColumnElement[bool]:
    return and_(Invitation.id == claimed.id, Invitation.claim == claimed.claim)


def _accept(session: Session, settings: Settings, claimed: Claimed, now: datetime) -> None:
    """In two statements: this is how almost every mail ends."""
    expires_at = now + timedelta(days=settings.link_days)
    values: dict[str, Any] = {"status": Status.SENT, "reason": None, "accepted_at": now}
    values |= {"expires_at": expires_at, **_reminder(claimed, settings, now, expires_at)}
    if not claimed.is_reminder:
        values["asked_on"] = now.astimezone(settings.timezone).date()
    columns = _INVITATIONS.c
    held = update(_INVITATIONS).where(columns.id == claimed.id, columns.claim == claimed.claim)
    if rows(session.execute(held, values)):
        what = Happening.REMINDED if claimed.is_reminder else Happening.ACCEPTED
        note(session, claimed.id, what, None, now)


def _reminder(
    claimed: Claimed, settings: Settings, accepted_at: datetime, expires_at: datetime
) -> dict[str, Any]:
    """The reminder waits in the same outbox; the mark of the first mail says nothing about it."""
    if claimed.is_reminder:
        return {"send_at": None}
    zone = ZoneInfo(claimed.timezone) if claimed.timezone else settings.timezone
    due = reminds_at(claimed.policy, accepted_at, expires_at, zone)
    if due is None:
        return {"send_at": None}
    return {"is_reminder": True, "send_at": due, "planned_at": due, "marked_at": None, "attempts": 0}


_HAPPENINGS = {
    Status.REFUSED: Happening.REFUSED,
    Status.CANCELLED: Happening.CANCELLED,
    Status.FAILED: Happening.FAILED,
    Status.UNKNOWN: Happening.UNKNOWN,
}


def _end(session: Session, invitation: Invitation, status: Status, reason: str | None, now: datetime) -> None:
    invitation.send_at = None
    if invitation.is_reminder and status is not Status.UNKNOWN:
        # The mail itself has arrived long ago; only its reminder comes to nothing.
        invitation.status, invitation.reason, invitation.allowed_from = Status.SENT, None, None
        note(session, invitation.id, Happening.NOT_REMINDED, reason, now)
        return
    invitation.status, invitation.reason = status, reason
    note(session, invitation.id, _HAPPENINGS[status], reason, now)


def _try_later(session: Session, invitation: Invitation, detail: str | None, now: datetime) -> None:
    wait = RETRIES[min(invitation.attempts, len(RETRIES)) - 1]
    wait += wait * JITTER * crc32(invitation.id.encode()) / 2**32
    began_at = invitation.planned_at or invitation.created_at
    if now + wait > began_at + GIVEN_UP_AFTER:
        _end(session, invitation, Status.FAILED, detail, now)
        return
    invitation.status = Status.SENT if invitation.is_reminder else Status.QUEUED
    invitation.reason, invitation.send_at, invitation.marked_at = detail, now + wait, None
    note(session, invitation.id, Happening.DELAYED, detail, now)


def _no_reminder(session: Session, invitation: Invitation, now: datetime) -> str | None:
    """Why there is none to send; None when there is."""
    if invitation.status != Status.SENT or invitation.address is None:
        return "Only somebody to whom a mail was sent can be reminded."
    if session.get(Answer, invitation.id) is not None:
        return "There is an answer already."
    if invitation.expires_at <= now:
        return "The links of the mail are over."
    reminded = select(InvitationEvent.id).where(
        InvitationEvent.invitation_id == invitation.id, InvitationEvent.what == Happening.REMINDED
    )
    if session.scalars(reminded.limit(1)).first() is not None:
        return "The customer was reminded already, and nobody is reminded twice."
    return None


def _locked(session: Session, invitation_id: str) -> Invitation:
    find_invitation(session, invitation_id)
    # Read anew: a worker may have taken it while we waited for its row.
    locked = select(Invitation).where(Invitation.id == invitation_id).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _unresolved(session: Session, invitation_id: str, *statuses: Status) -> Invitation:
    invitation = _locked(session, invitation_id)
    if invitation.status not in statuses:
        raise NotWaitingError(f"Only an invitation that is {' or '.join(statuses)} can be dealt with so.")
    return invitation
