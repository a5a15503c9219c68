"""Invite customers: one request or a thousand, each with its one outcome."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import email_validator
from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveyapp.asked import rows
from surveyapp.asking import Known, Subject
from surveyapp.config import Settings
from surveyapp.core.errors import (
    ClosedSurveyError,
    FieldError,
    NotWaitingError,
    Problem,
    SurveyappError,
    UnknownInvitationError,
)
from surveyapp.core.hashes import address_hash
from surveyapp.core.policy import Policy, Refusal
from surveyapp.core.status import Cause, Happening, Status
from surveyapp.db import INSERTS, dialect_of, table_of
from surveyapp.i18n import closest
from surveyapp.models import Invitation, Suppression, Ticket, new_id
from surveyapp.names import Kind, Words
from surveyapp.surveys import Version, current_version, find_survey, policy_of
from surveyapp.timeline import note

FIELD_LENGTH = 200
LONGEST_LOCAL_PART = 64
LONGEST_ADDRESS = 254
EARLIEST_YEAR, LATEST_YEAR = 1970, 9999
MOST_PROPERTIES = 50
MOST_REPLIES = 100_000
LATEST = timedelta(days=365)

# Companies do mail inside domains such as .local and .internal.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


# A name before the @ that needs no closer look (RFC 5321, Dot-string).
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


@dataclass(frozen=True, slots=True)
class Request:
    """What support says of one interaction; refs are opaque strings of the support system."""

    survey: str
    ticket_ref: str
    occasion: str | None = None
    """What ended, for example the id of the solve event; None: a new one, so that every request invites."""
    agent_ref: str | None = None
    agent_name: str | None = None
    agent_replies: int | None = None
    team: str | None = None
    case_type: str | None = None
    channel: str | None = None
    locale: str | None = None
    timezone: str | None = None
    """The recipient's, such as Europe/Bucharest; None: the organisation's."""
    address: str | None = None
    recipient_name: str | None = None
    customer_ref: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    is_mailed: bool = True
    send_at: datetime | None = None
    """Not before; None or past: at once."""
    ended_at: datetime | None = None
    """When the interaction ended, to know whether its ticket was opened again since; None: now."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of one request. `is_new` is False when the same occasion had been invited before."""

    id: str
    status: Status
    reason: str | None
    allowed_from: datetime | None
    is_new: bool


def invite(
    session: Session, settings: Settings, request: Request, now: datetime, source: str = "command"
) -> Invitation:
    """Store the invitation, to be mailed by the worker or, unmailed, to be handed out as links.

    The same survey, ticket and occasion again returns the first invitation unchanged. A refusal by
    policy is stored too. Raises FieldError, UnknownSurveyError and ClosedSurveyError.
    """
    [outcome] = invite_many(session, settings, [request], now, source)
    if isinstance(outcome, SurveyappError):
        raise outcome
    return session.get_one(Invitation, outcome.id)


def invite_many(
    session: Session, settings: Settings, requests: Sequence[Request], now: datetime, source: str
) -> list[Invited | SurveyappError]:
    """As `invite`, for at most a thousand; an error is one request's own and stands in its place.

    They are decided in their order: of two to one person the first one may bring the quiet period.
    """
    surveys = _Surveys(session, now)
    prepared = [_prepared(surveys, settings, request, now, source) for request in requests]
    good = [each for each in prepared if not isinstance(each, SurveyappError)]
    known = Known(session, settings, [each.subject for each in good], surveys.words)
    earlier = _earlier(session, [each.row for each in good if each.has_occasion])
    outcomes, inserts = _all_decided(prepared, known, earlier, now)
    overtaken = _insert(session, inserts)
    return [
        overtaken.get(each.id, each) if isinstance(each, Invited) and each.is_new else each
        for each in outcomes
    ]


class Forecast:
    """What would become of requests if they came now, one after the other; nothing is written."""

    def __init__(self, session: Session, settings: Settings, now: datetime, source: str) -> None:
        """A session that only reads will do."""
        self._session, self._settings, self._now, self._source = session, settings, now, source
        self._surveys = _Surveys(session, now)
        self._known = Known(session, settings, [], self._surveys.words)
        self._earlier: dict[tuple[str, str, str], Invited] = {}

    def of(self, requests: Sequence[Request]) -> list[Invited | SurveyappError]:
        """As `invite_many`, for at most a thousand; those that were asked for before count as invited."""
        surveys, settings, now, source = self._surveys, self._settings, self._now, self._source
        prepared = [_prepared(surveys, settings, request, now, source) for request in requests]
        good = [each for each in prepared if not isinstance(each, SurveyappError)]
        self._known.learn([each.subject for each in good])
        self._earlier = _earlier(self._session, [each.row for each in good]) | self._earlier
        return _all_decided(prepared, self._known, self._earlier, now)[0]


def find_invitation(session: Session, invitation_id: str) -> Invitation:
    """Raises UnknownInvitationError when there is none of that id."""
    # PostgreSQL takes no NUL even to compare with.
    invitation = session.get(Invitation, invitation_id) if invitation_id.isprintable() else None
    if invitation is None:
        raise UnknownInvitationError("There is no invitation of that id.")
    return invitation


def find_all(session: Session, ids: Sequence[str]) -> dict[str, Invitation]:
    """Those there are, by id."""
    found = session.scalars(select(Invitation).where(Invitation.id.in_(ids)))
    return {invitation.id: invitation for invitation in found}


def cancel(session: Session, invitation_id: str, now: datetime) -> Invitation:
    """Call off an invitation whose mail still waits; the second time changes nothing.

    Raises NotWaitingError when it is too late, UnknownInvitationError when there is none.
    """
    invitation = find_invitation(session, invitation_id)
    waits = update(Invitation).where(Invitation.id == invitation_id, Invitation.status == Status.QUEUED)
    called_off = {"status": Status.CANCELLED, "reason": Cause.BY_HAND, "send_at": None}
    if rows(session.execute(waits.values(called_off))):
        note(session, invitation_id, Happening.CANCELLED, Cause.BY_HAND, now)
        session.refresh(invitation)
    elif invitation.status != Status.CANCELLED:
        raise NotWaitingError("Only an invitation whose mail still waits can be called off.")
    return invitation


def reopen_ticket(session: Session, ticket_ref: str, cause: Cause, at: datetime, now: datetime) -> list[str]:
    """Ask no more about what ended at this ticket before `at`; returns the ids that were called off.

    Mails under way or gone stay. What ends after `at` is asked about again. FieldError for what is no
    reference.
    """
    ticket_ref = reference(ticket_ref)
    insert = INSERTS[dialect_of(session)](table_of(Ticket))
    newer = {"reopened_at": insert.excluded.reopened_at, "reason": insert.excluded.reason}
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["ticket_ref"],
            set_=newer,
            where=table_of(Ticket).c.reopened_at < insert.excluded.reopened_at,
        ),
        {"ticket_ref": ticket_ref, "reopened_at": at, "reason": cause},
    )
    waiting = select(Invitation).where(
        Invitation.ticket_ref == ticket_ref,
        Invitation.status == Status.QUEUED,
        Invitation.ended_at <= at,
    )
    called_off = session.scalars(waiting.with_for_update()).all()
    for invitation in called_off:
        invitation.status, invitation.reason, invitation.send_at = Status.CANCELLED, cause, None
        note(session, invitation.id, Happening.CANCELLED, cause, now)
    session.flush()
    return [invitation.id for invitation in called_off]


def reference(ticket_ref: str) -> str:
    """A ticket's reference as it is stored; FieldError for what is none."""
    return _needed("ticket", ticket_ref)


def suppress(
    session: Session, invitation_id: str, now: datetime, reason: Refusal = Refusal.UNSUBSCRIBED
) -> bool:
    """Send this invitation's address no survey any more; the second time changes nothing.

    False when the invitation was made without an address, so that there is nothing to remember.
    """
    hashed = session.scalar(select(Invitation.address_hash).where(Invitation.id == invitation_id))
    if hashed is None:
        return False
    suppress_hash(session, hashed, reason, now)
    return True


def suppress_hash(session: Session, hashed: str, reason: Refusal, now: datetime) -> None:
    """As `suppress`, by the address's hash. What the person wished outweighs what a mail server said."""
    insert = INSERTS[dialect_of(session)](table_of(Suppression))
    suppressions = table_of(Suppression)
    values = {"address_hash": hashed, "reason": reason, "at": now}
    if reason is Refusal.BOUNCED:
        session.execute(insert.on_conflict_do_nothing(), values)
        return
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["address_hash"],
            set_={"reason": insert.excluded.reason, "at": insert.excluded.at},
            where=suppressions.c.reason == Refusal.BOUNCED,
        ),
        values,
    )


def hash_of(settings: Settings, address: str) -> str:
    """By which an address is known without being stored; FieldError when it is none."""
    return address_hash(settings.hash_key, _address(address)[0])


def suppression_of(session: Session, hashed: str) -> Suppression | None:
    """Why this address gets no survey any more; None when it does."""
    return session.get(Suppression, hashed)


def release(session: Session, hashed: str) -> None:
    """Let the address be asked again; nothing happens when it is not suppressed."""
    session.execute(delete(Suppression).where(Suppression.address_hash == hashed))


def is_suppressed(session: Session, invitation_id: str) -> bool:
    """Whether this invitation's address gets no survey any more."""
    hashed = session.scalar(select(Invitation.address_hash).where(Invitation.id == invitation_id))
    return hashed is not None and session.get(Suppression, hashed) is not None


@dataclass(frozen=True, slots=True)
class _Prepared:
    row: dict[str, Any]
    subject: Subject
    policy: Policy
    earliest: datetime
    has_occasion: bool


class _Surveys:
    """The surveys of one batch, each looked up once, and the words that mean the same."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self.words = Words(session)
        self._found: dict[str, tuple[Version, Policy]] = {}

    def find(self, key: str) -> tuple[Version, Policy]:
        if key not in self._found:
            survey = find_survey(self._session, key)
            if survey.closed_at is not None and survey.closed_at <= self._now:
                raise ClosedSurveyError(f"The survey {survey.key} is closed.")
            self._found[key] = current_version(self._session, survey), policy_of(survey)
        return self._found[key]


def _prepared(
    surveys: _Surveys, settings: Settings, request: Request, now: datetime, source: str
) -> _Prepared | SurveyappError:
    try:
        version, policy = surveys.find(request.survey)
        row = _row(request, version, settings, now) | _about(surveys.words, request) | {"source": source}
        send_at = _moment(request.send_at, now)
    except SurveyappError as error:
        return error
    subject = Subject(
        id=None,
        is_mailed=request.is_mailed,
        **{name: row[name] for name in _SUBJECT},
    )
    return _Prepared(row, subject, policy, max(send_at or now, now), bool(_text("", request.occasion)))


def _all_decided(
    prepared: Sequence[_Prepared | SurveyappError],
    known: Known,
    earlier: dict[tuple[str, str, str], Invited],
    now: datetime,
) -> tuple[list[Invited | SurveyappError], list[dict[str, Any]]]:
    """The outcome of each, and the rows to write; `earlier` takes up what was decided."""
    outcomes: list[Invited | SurveyappError] = []
    inserts: list[dict[str, Any]] = []
    for each in prepared:
        if isinstance(each, SurveyappError):
            outcomes.append(each)
            continue
        if (again := earlier.get(_natural_key(each.row))) is not None:
            outcomes.append(again)
            continue
        each.row.update(_decided(known, each, now))
        inserts.append(each.row)
        outcomes.append(_outcome(each.row, is_new=True))
        if each.has_occasion:
            earlier[_natural_key(each.row)] = _outcome(each.row, is_new=False)
    return outcomes, inserts


_SUBJECT = (
    "survey_key",
    "ticket_ref",
    "address",
    "address_hash",
    "domain",
    "customer_ref",
    "case_type",
    "channel",
    "team",
    "agent_replies",
    "timezone",
    "ended_at",
    "created_at",
)


_UNDECIDED = ("reason", "allowed_from", "send_at", "planned_at", "accepted_at")


def _decided(known: Known, each: _Prepared, now: datetime) -> dict[str, object]:
    decision = known.decide(each.subject, each.policy, each.earliest)
    row: dict[str, object] = dict.fromkeys(_UNDECIDED)
    if decision.refusal:
        row |= {"status": Status.REFUSED, "reason": decision.refusal, "allowed_from": decision.allowed_from}
    elif each.subject.is_mailed:
        row |= {"status": Status.QUEUED, "send_at": decision.send_at, "planned_at": decision.send_at}
    else:
        row |= {"status": Status.LINKED, "accepted_at": now}
    return row


def _outcome(row: Mapping[str, Any], *, is_new: bool) -> Invited:
    return Invited(row["id"], Status(row["status"]), row["reason"], row["allowed_from"], is_new)


def _natural_key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["survey_key"], row["ticket_ref"], row["occasion"]


def _earlier(session: Session, new: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], Invited]:
    """Natural key -> the invitation that has it already."""
    if not new:
        return {}
    found = session.execute(
        select(
            Invitation.id,
            Invitation.survey_key,
            Invitation.ticket_ref,
            Invitation.occasion,
            Invitation.status,
            Invitation.reason,
            Invitation.allowed_from,
        ).where(
            Invitation.ticket_ref.in_({row["ticket_ref"] for row in new}),
            Invitation.occasion.in_({row["occasion"] for row in new}),
        )
    )
    return {
        _natural_key(row): _outcome(row, is_new=False) for row in (dict(each) for each in found.mappings())
    }


def _insert(session: Session, new: Sequence[dict[str, Any]]) -> dict[str, Invited]:
    """Write them; returns, by the id we had given, those whose occasion somebody else was faster with."""
    if not new:
        return {}
    insert = INSERTS[dialect_of(session)](table_of(Invitation))
    written = session.execute(
        insert.on_conflict_do_nothing(
            index_elements=["survey_key", "ticket_ref", "occasion"]
        ).execution_options(preserve_rowcount=True),
        # In one order everywhere, so that two batches with the same occasions never wait for each other.
        sorted(new, key=_natural_key),
    )
    if rows(written) == len(new):
        return {}
    standing = _earlier(session, new)
    return {
        row["id"]: standing[_natural_key(row)] for row in new if standing[_natural_key(row)].id != row["id"]
    }


def _row(request: Request, version: Version, settings: Settings, now: datetime) -> dict[str, Any]:
    if request.is_mailed and not request.address:
        raise FieldError("email", Problem.MISSING)
    address, domain = _address(request.address) if request.address else (None, None)
    return {
        "id": new_id(),
        "survey_key": version.survey_key,
        "survey_version": version.number,
        "ticket_ref": _needed("ticket", request.ticket_ref),
        "occasion": _text("occasion", request.occasion) or new_id(),
        "agent_ref": _text("agent", request.agent_ref),
        "agent_name": _text("agent_name", request.agent_name),
        "agent_replies": _replies(request.agent_replies),
        "locale": closest(_text("locale", request.locale), settings.locale),
        "timezone": _timezone(request.timezone),
        "customer_ref": _text("customer", request.customer_ref),
        "properties": _properties(request.properties),
        "address": address,
        "recipient_name": _text("name", request.recipient_name),
        "address_hash": address_hash(settings.hash_key, address) if address else None,
        "domain": domain,
        "day": now.astimezone(settings.timezone).date(),
        "asked_on": now.astimezone(settings.timezone).date(),
        "ended_at": _moment(request.ended_at, now) or now,
        "created_at": now,
        "expires_at": now + timedelta(days=settings.link_days),
        "is_reminder": False,
        "attempts": 0,
        "touch_count": 0,
    }


def _about(words: Words, request: Request) -> dict[str, Any]:
    """In our words, each with the one that was said where that is another."""
    row: dict[str, Any] = {}
    for kind in (Kind.TEAM, Kind.CASE_TYPE, Kind.CHANNEL):
        row[kind], row[f"said_{kind}"] = words.told(kind, _text(kind, getattr(request, kind)))
    return row


def _address(address: str) -> tuple[str, str]:
    """The address as it is stored, and its domain in ASCII."""
    address = address.strip()
    local, at, domain = address.rpartition("@")
    is_plain = _PLAIN.fullmatch(local) and local.lower() not in CASE_INSENSITIVE_MAILBOX_NAMES
    try:
        if at and is_plain and len(local) <= LONGEST_LOCAL_PART and len(address) <= LONGEST_ADDRESS:
            # What remains to be checked is the domain, and of those a thousand customers share a few.
            spelled, ascii_domain = _domain(domain)
            return f"{local}@{spelled}", ascii_domain
        valid = _valid(address)
    except EmailNotValidError as error:
        raise FieldError("email", Problem.ADDRESS) from error
    return valid.normalized, valid.ascii_domain.lower()


@lru_cache(maxsize=4096)
def _domain(domain: str) -> tuple[str, str]:
    valid = _valid(f"x@{domain}")
    return valid.domain, valid.ascii_domain.lower()


def _valid(address: str) -> ValidatedEmail:
    # Whether the domain exists, here or inside a company alone, is for the relay to find out.
    return validate_email(address, check_deliverability=False, test_environment=True)


def _replies(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= MOST_REPLIES:
        raise FieldError("agent_replies", Problem.NUMBER, low=0, high=MOST_REPLIES)
    return value


def _timezone(value: str | None) -> str | None:
    name = _text("timezone", value)
    if name is None:
        return None
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, ValueError) as error:
        raise FieldError("timezone", Problem.ZONE) from error


def _moment(value: datetime | None, now: datetime) -> datetime | None:
    if value is not None and not EARLIEST_YEAR <= value.year < LATEST_YEAR:
        # Some of them cannot be told in UTC, and none of them was meant.
        raise FieldError("send_at", Problem.MOMENT)
    if value is not None and value.tzinfo is None:
        raise FieldError("send_at", Problem.MOMENT)
    if value is not None and value > now + LATEST:
        raise FieldError("send_at", Problem.FAR)
    return value


def _properties(properties: Mapping[str, str]) -> dict[str, str | None]:
    if len(properties) > MOST_PROPERTIES:
        raise FieldError("properties", Problem.MANY, n=MOST_PROPERTIES)
    return {_needed("property", name): _text(f"property {name}", text) for name, text in properties.items()}


def _needed(name: str, value: str) -> str:
    text = _text(name, value)
    if text is None:
        raise FieldError(name, Problem.MISSING)
    return text


def _text(name: str, value: str | None) -> str | None:
    """One line: white space folded, None when nothing is left."""
    if value is None:
        return None
    if value.isascii() and value.isprintable():
        line = " ".join(value.split())
    else:
        line = " ".join("".join(c for c in value if unicodedata.category(c) != "Cf").split())
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
            raise FieldError(name, Problem.NO_TEXT)
    if len(line) > FIELD_LENGTH:
        raise FieldError(name, Problem.LONG, n=FIELD_LENGTH)
    return line or None
