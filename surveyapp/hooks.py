"""Helpdesks' events: stored as they come, worked off later, each with its outcome."""

import logging
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from surveyapp.asked import rows
from surveyapp.config import Settings
from surveyapp.core.errors import (
    FieldError,
    Problem,
    SurveyappError,
    UnknownHookError,
)
from surveyapp.core.status import Cause
from surveyapp.db import INSERTS, dialect_of, table_of
from surveyapp.invitations import FIELD_LENGTH, Request, invite, reopen_ticket
from surveyapp.models import Hook, HookEvent, Ticket, new_id
from surveyapp.sources import SOURCES, check_mapping
from surveyapp.sources.event import Delivery, Event, Kind, UnreadableError
from surveyapp.surveys import find_survey, policy_of

log = logging.getLogger(__name__)

LISTED = 20
KEPT = timedelta(days=30)

# Where nothing but its bytes tells a delivery from another, the same bytes are news again after a day.
SAME_BYTES_ARE_A_REPLAY_FOR = timedelta(hours=24)

SHORTEST_SECRET = 16

TEST_ADDRESS = "test@example.invalid"
"""Nobody has it (RFC 2606): an event that names it is a test, which is read and invites nobody."""

MOST_TRIES = 5
TRY_AGAIN_AFTER = timedelta(minutes=1)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_CAUSES = {
    Kind.REOPENED: Cause.REOPENED,
    Kind.MERGED: Cause.MERGED,
    Kind.SPAM: Cause.SPAM,
    Kind.DELETED: Cause.DELETED,
}


def add(
    session: Session,
    source: str,
    survey: str,
    name: str,
    secret: str | None,
    mapping: Mapping[str, str],
    now: datetime,
) -> Hook:
    """Connect a helpdesk; under a name that is taken it replaces what was there, and opens it again.

    Without a secret one is made. Raises FieldError, UnknownSurveyError, and MappingError.
    """
    if not _NAME.fullmatch(name):
        raise FieldError("name", Problem.NO_TEXT)
    if secret is not None and len(secret) > FIELD_LENGTH:
        raise FieldError("secret", Problem.LONG, n=FIELD_LENGTH)
    if secret is not None and len(secret) < SHORTEST_SECRET:
        raise FieldError("secret", Problem.SHORT, n=SHORTEST_SECRET)
    check_mapping(mapping)
    row = session.merge(
        Hook(
            name=name,
            source=source,
            survey_key=find_survey(session, survey).key,
            secret=secret or _new_secret(source),
            mapping=dict(mapping),
            created_at=now,
            closed_at=None,
        )
    )
    session.flush()
    return row


def all_hooks(session: Session) -> Sequence[Hook]:
    """Every helpdesk that is or was connected, by name."""
    return session.scalars(select(Hook).order_by(Hook.name)).all()


def close(session: Session, name: str, now: datetime) -> None:
    """Take no more events under this name; the second time changes nothing. UnknownHookError if unknown."""
    row = session.get(Hook, name)
    if row is None:
        raise UnknownHookError(f"There is no helpdesk connected as {name!r}.")
    row.closed_at = row.closed_at or now


def find_hook(session: Session, name: str) -> Hook:
    """The open hook of that name; UnknownHookError when there is none."""
    row = session.get(Hook, name) if _NAME.fullmatch(name) else None
    if row is None or row.closed_at is not None:
        raise UnknownHookError(f"There is no helpdesk connected as {name!r}.")
    return row


def receive(session: Session, name: str, delivery: Delivery, now: datetime) -> bool:
    """Store a delivery for the worker; False when it is a replay, which changes nothing.

    Raises UnknownHookError, and UnverifiedError when nothing proves where it comes from.
    """
    hook = find_hook(session, name)
    known_by = SOURCES[hook.source].verify(delivery, hook.secret, now)
    delivery_id = known_by[:FIELD_LENGTH] if known_by else _by_bytes(session, hook, delivery, now)
    insert = INSERTS[dialect_of(session)](table_of(HookEvent)).on_conflict_do_nothing()
    written = session.execute(
        insert.execution_options(preserve_rowcount=True),
        {
            "id": new_id(),
            "hook": hook.name,
            "delivery_id": delivery_id,
            "received_at": now,
            "body": delivery.body,
            "due_at": now,
            "attempts": 0,
            "empty": [],
        },
    )
    return rows(written) == 1


def work_off(session: Session, settings: Settings, now: datetime) -> int:
    """Do what one waiting event asks for; 0 when none waits, else 1.

    What cannot be done is noted with the event and not tried again; a mistake of ours is, a few times.
    """
    event = session.scalars(_DUE, {"now": now}).first()
    if event is None:
        return 0
    event.attempts += 1
    hook = session.get_one(Hook, event.hook)
    try:
        with session.begin_nested():
            event.outcome = _done(session, settings, hook, event, now)[:FIELD_LENGTH]
            event.due_at = None
    except SurveyappError as error:
        event.outcome, event.due_at = str(error)[:FIELD_LENGTH], None
    except Exception:  # a mistake of ours in one event must not stop the others
        log.exception("event %s of %s met a mistake of ours", event.id, event.hook)
        is_hopeless = event.attempts >= MOST_TRIES
        event.outcome = "a mistake of ours; see the log"
        event.due_at = None if is_hopeless else now + TRY_AGAIN_AFTER * event.attempts
    return 1


def last_events(session: Session, name: str | None) -> Sequence[HookEvent]:
    """The newest events, of one helpdesk or of all."""
    found = select(HookEvent).order_by(HookEvent.received_at.desc(), HookEvent.id).limit(LISTED)
    return session.scalars(found if name is None else found.where(HookEvent.hook == name)).all()


def purge(session: Session, now: datetime, most: int = 1000) -> int:
    """Delete events that were kept long enough; returns how many, 0 when there are no more."""
    old = select(HookEvent.id).where(HookEvent.received_at < now - KEPT, HookEvent.due_at.is_(None))
    ids = session.scalars(old.limit(most)).all()
    session.execute(delete(HookEvent).where(HookEvent.id.in_(ids)))
    return len(ids)


_DUE = (
    select(HookEvent)
    .where(HookEvent.due_at <= bindparam("now"))
    .order_by(HookEvent.due_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)


def _done(session: Session, settings: Settings, hook: Hook, stored: HookEvent, now: datetime) -> str:
    """Do what the event asks for; in a few words what that was."""
    event = SOURCES[hook.source].read(Delivery(stored.body, {}), hook.mapping)
    stored.kind, stored.ticket_ref, stored.empty = event.kind, event.ticket_ref, list(event.empty)
    # A clock that is ahead of ours must not reach into the future.
    at = min(event.at or stored.received_at, stored.received_at)
    if event.kind is Kind.IGNORED:
        return f"ignored: {event.note}"
    if event.ticket_ref is None:
        return "ignored: it names no ticket"
    if (event.address or "").lower() == TEST_ADDRESS:
        return "test"
    if event.kind is not Kind.ENDED:
        called_off = reopen_ticket(session, event.ticket_ref, _CAUSES[event.kind], at, now)
        return f"{event.kind}: {len(called_off)} called off"
    if event.address is None:
        return "not invited: it names no address"
    policy = policy_of(find_survey(session, hook.survey_key))
    earliest = at + timedelta(minutes=policy.delay_minutes)
    request = _request(hook, stored, event, event.ticket_ref, at, earliest)
    invitation = invite(session, settings, request, now, source=hook.source)
    stored.invitation_id = invitation.id
    return f"{invitation.status}: {invitation.reason}" if invitation.reason else invitation.status


def _request(
    hook: Hook, stored: HookEvent, event: Event, ticket_ref: str, at: datetime, earliest: datetime
) -> Request:
    return Request(
        survey=hook.survey_key,
        ticket_ref=ticket_ref,
        # What tells no two solvings apart is one for each delivery that is no replay.
        occasion=event.occasion or f"{hook.name}:{stored.id}",
        agent_ref=event.agent_ref,
        agent_name=event.agent_name,
        agent_replies=event.agent_replies,
        team=event.team,
        case_type=event.case_type,
        channel=event.channel,
        locale=event.locale,
        address=event.address,
        recipient_name=event.recipient_name,
        customer_ref=event.customer_ref,
        properties=event.properties,
        send_at=earliest,
        ended_at=at,
    )


def _by_bytes(session: Session, hook: Hook, delivery: Delivery, now: datetime) -> str:
    """The identity of a delivery that has none of its own."""
    digest = sha256(delivery.body).hexdigest()
    last = session.execute(
        select(HookEvent.delivery_id, HookEvent.received_at)
        # A range, which an index serves; a point comes before every letter and digit.
        .where(HookEvent.hook == hook.name, HookEvent.delivery_id.between(digest, f"{digest}/"))
        .order_by(HookEvent.received_at.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return digest
    if _may_be_replay(session, hook, delivery, last.received_at, now):
        return str(last.delivery_id)
    return f"{digest}.{now.timestamp():.6f}"


def _may_be_replay(
    session: Session, hook: Hook, delivery: Delivery, last_at: datetime, now: datetime
) -> bool:
    """Calling off twice does no harm; an end is news once its ticket was opened again, or after a day."""
    if now - last_at >= SAME_BYTES_ARE_A_REPLAY_FOR:
        return False
    try:
        event = SOURCES[hook.source].read(delivery, hook.mapping)
    except UnreadableError:
        return True
    if event.kind in _CAUSES:
        return False
    ticket = session.get(Ticket, event.ticket_ref) if event.ticket_ref else None
    return ticket is None or ticket.reopened_at <= last_at


def _new_secret(source: str) -> str:
    if source == "standard":
        return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    return secrets.token_urlsafe(32)
