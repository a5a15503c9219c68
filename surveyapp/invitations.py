"""Invite customers, and bring each invitation to its outcome once."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import email_validator
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, and_, bindparam, select, update
from sqlalchemy.orm import Session

from surveyapp.asked import rows
from surveyapp.config import Settings
from surveyapp.core.errors import ClosedSurveyError, FieldError
from surveyapp.core.hashes import address_hash
from surveyapp.core.policy import Refusal, refusal
from surveyapp.db import INSERTS, table_of
from surveyapp.i18n import closest
from surveyapp.models import Invitation, Suppression, new_id
from surveyapp.surveys import Version, current_version, find_survey, version_of_invitation

FIELD_LENGTH = 200

# Companies do mail inside domains such as .local and .internal.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

# How long a worker may hold an invitation before another one takes it over; longer than a mail's time-outs.
LEASE = timedelta(minutes=10)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
GIVEN_UP_AFTER = timedelta(hours=72)


class Status(StrEnum):
    """What became of an invitation; `linked` ones were handed out without a mail."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    LINKED = "linked"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How one try to send ended."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """What support says of one interaction; refs are opaque strings of the support system."""

    survey: str
    ticket_ref: str
    occasion: str | None = None
    """What ended, for example the id of the solve event; None: a new one, so that every request invites."""
    agent_ref: str | None = None
    agent_name: str | None = None
    team: str | None = None
    case_type: str | None = None
    channel: str | None = None
    locale: str | None = None
    address: str | None = None
    recipient_name: str | None = None
    customer_ref: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    is_mailed: bool = True


@dataclass(frozen=True, slots=True)
class Claimed:
    """An invitation that one worker may send now, and what its mail needs."""

    id: str
    claim: str
    address: str
    recipient_name: str | None
    locale: str
    ticket_ref: str
    version: Version


def invite(session: Session, settings: Settings, request: Request, now: datetime) -> Invitation:
    """Store the invitation, to be mailed by the worker or, unmailed, to be handed out as links.

    The same survey, ticket and occasion again returns the first invitation unchanged. A refusal by
    policy is stored too. Raises FieldError, UnknownSurveyError and ClosedSurveyError.
    """
    survey = find_survey(session, request.survey)
    if survey.closed_at is not None and survey.closed_at <= now:
        raise ClosedSurveyError(f"The survey {survey.key} is closed.")
    row = _row(request, current_version(session, survey), settings, now)
    row |= _first_status(session, row, is_mailed=request.is_mailed, now=now)
    insert = INSERTS[session.get_bind().dialect.name](table_of(Invitation))
    session.execute(
        insert.on_conflict_do_nothing(index_elements=["survey_key", "ticket_ref", "occasion"]), row
    )
    names = ("survey_key", "ticket_ref", "occasion")
    return session.scalars(select(Invitation).filter_by(**{name: row[name] for name in names})).one()


def find_invitation(session: Session, invitation_id: str) -> Invitation | None:
    """None when there is none of that id."""
    return session.get(Invitation, invitation_id)


def claim(session: Session, settings: Settings, now: datetime) -> Claimed | None:
    """Take one invitation that is due, for as long as the lease; None when none is.

    Policy is asked again. One whose worker died after the mark is never sent again: it becomes `unknown`.
    """
    while True:
        invitation = session.scalars(_DUE, {"now": now}).first()
        if invitation is None:
            return None
        if invitation.marked_at is not None:
            _end(invitation, Status.UNKNOWN, "the worker stopped while the relay took the mail")
        elif against := refusal(is_unsubscribed=_is_suppressed(session, invitation.address_hash)):
            _end(invitation, Status.REFUSED, against)
        elif invitation.address is None:
            _end(invitation, Status.CANCELLED, "the address was erased")
        else:
            return _lease(session, invitation, invitation.address, now)
        session.flush()


def mark(session: Session, claimed: Claimed, now: datetime) -> bool:
    """Note that the mail's last line goes out now; False when the lease was lost, and nothing may be sent."""
    statement = update(Invitation).where(_holds(claimed), Invitation.status == Status.SENDING)
    return rows(session.execute(statement.values(marked_at=now))) == 1


def note_outcome(
    session: Session,
    settings: Settings,
    claimed: Claimed,
    outcome: Outcome,
    detail: str | None,
    now: datetime,
) -> None:
    """Note how the try ended; does nothing for a worker whose lease went to another one."""
    invitation = session.scalars(select(Invitation).where(_holds(claimed)).with_for_update()).one_or_none()
    if invitation is None:
        return
    invitation.reason = detail[:FIELD_LENGTH] if detail else None
    match outcome:
        case Outcome.ACCEPTED:
            _end(invitation, Status.SENT, None)
            invitation.accepted_at = now
            invitation.expires_at = now + timedelta(days=settings.link_days)
        case Outcome.FAILED:
            _end(invitation, Status.FAILED, invitation.reason)
        case Outcome.UNKNOWN:
            _end(invitation, Status.UNKNOWN, invitation.reason)
        case Outcome.DELAYED:
            _try_later(invitation, now)


def suppress(session: Session, invitation_id: str, now: datetime) -> bool:
    """Send this invitation's address no survey any more; the second time changes nothing.

    False when the invitation was made without an address, so that there is nothing to remember.
    """
    hashed = session.scalar(select(Invitation.address_hash).where(Invitation.id == invitation_id))
    if hashed is None:
        return False
    insert = INSERTS[session.get_bind().dialect.name](table_of(Suppression)).on_conflict_do_nothing()
    session.execute(insert, {"address_hash": hashed, "reason": Refusal.UNSUBSCRIBED, "at": now})
    return True


def is_suppressed(session: Session, invitation_id: str) -> bool:
    """Whether this invitation's address gets no survey any more."""
    hashed = session.scalar(select(Invitation.address_hash).where(Invitation.id == invitation_id))
    return _is_suppressed(session, hashed)


_DUE = (
    select(Invitation)
    .where(Invitation.send_at <= bindparam("now"))
    .order_by(Invitation.send_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)


def _lease(session: Session, invitation: Invitation, address: str, now: datetime) -> Claimed:
    invitation.status, invitation.reason = Status.SENDING, None
    invitation.claim, invitation.send_at = new_id(), now + LEASE
    invitation.attempts += 1
    session.flush()
    return Claimed(
        id=invitation.id,
        claim=invitation.claim,
        address=address,
        recipient_name=invitation.recipient_name,
        locale=invitation.locale,
        ticket_ref=invitation.ticket_ref,
        version=version_of_invitation(session, invitation),
    )


def _holds(claimed: Claimed) -> ColumnElement[bool]:
    return and_(Invitation.id == claimed.id, Invitation.claim == claimed.claim)


def _end(invitation: Invitation, status: Status, reason: str | None) -> None:
    invitation.status, invitation.reason, invitation.send_at = status, reason, None


def _try_later(invitation: Invitation, now: datetime) -> None:
    wait = RETRIES[min(invitation.attempts, len(RETRIES)) - 1]
    if now + wait > invitation.created_at + GIVEN_UP_AFTER:
        _end(invitation, Status.FAILED, invitation.reason)
        return
    invitation.status, invitation.send_at, invitation.marked_at = Status.QUEUED, now + wait, None


def _is_suppressed(session: Session, hashed: str | None) -> bool:
    return hashed is not None and session.get(Suppression, hashed) is not None


def _first_status(
    session: Session, row: Mapping[str, object], *, is_mailed: bool, now: datetime
) -> dict[str, object]:
    against = refusal(is_unsubscribed=_is_suppressed(session, _text_or_none(row["address_hash"])))
    if against:
        return {"status": Status.REFUSED, "reason": against}
    if is_mailed:
        return {"status": Status.QUEUED, "send_at": now}
    return {"status": Status.LINKED, "accepted_at": now}


def _row(request: Request, version: Version, settings: Settings, now: datetime) -> dict[str, object]:
    if request.is_mailed and not request.address:
        raise FieldError("email", "is needed to send a mail")
    address, domain = _address(request.address) if request.address else (None, None)
    return {
        "id": new_id(),
        "survey_key": version.survey_key,
        "survey_version": version.number,
        "ticket_ref": _needed("ticket", request.ticket_ref),
        "occasion": _text("occasion", request.occasion) or new_id(),
        "agent_ref": _text("agent", request.agent_ref),
        "agent_name": _text("agent_name", request.agent_name),
        "team": _text("team", request.team),
        "case_type": _text("case_type", request.case_type),
        "channel": _text("channel", request.channel),
        "locale": closest(_text("locale", request.locale), settings.locale),
        "customer_ref": _text("customer", request.customer_ref),
        "properties": {
            _needed("property", k): _text(f"property {k}", v) for k, v in request.properties.items()
        },
        "address": address,
        "recipient_name": _text("name", request.recipient_name),
        "address_hash": address_hash(settings.hash_key, address) if address else None,
        "domain": domain,
        "created_at": now,
        "expires_at": now + timedelta(days=settings.link_days),
    }


def _address(address: str) -> tuple[str, str]:
    try:
        # Whether the domain exists, here or inside a company alone, is for the relay to find out.
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise FieldError("email", f"{address!r} is not an address: {error}") from error
    return valid.normalized, valid.ascii_domain.lower()


def _needed(name: str, value: str) -> str:
    text = _text(name, value)
    if text is None:
        raise FieldError(name, "is missing")
    return text


def _text(name: str, value: str | None) -> str | None:
    """One line: white space folded, None when nothing is left."""
    if value is None:
        return None
    line = " ".join("".join(c for c in value if unicodedata.category(c) != "Cf").split())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
        raise FieldError(name, "has characters that are no text")
    if len(line) > FIELD_LENGTH:
        raise FieldError(name, f"is longer than {FIELD_LENGTH} characters")
    return line or None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
