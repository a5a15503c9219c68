"""The tables."""

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.db import Base, Json, UtcDateTime

ID_LENGTH = 22


def new_id() -> str:
    """128 random bits in 22 URL-safe characters: no hot sequence, and nothing to guess or count.

    None begins with a hyphen: on a command line it would be taken for an option.
    """
    while (made := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return made


class Survey(Base):
    """A named set of questions; its texts are in its versions."""

    __tablename__ = "surveys"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[str | None] = mapped_column(
        String(10), doc="adaptive, confirm, or None: as the settings say"
    )
    current_version: Mapped[int]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    policy: Mapped[dict[str, Any] | None] = mapped_column(
        Json, doc="who is asked and when, as core.policy.policy_from reads it; None: the built-in rules"
    )


class SurveyVersion(Base):
    """What was asked, word for word in four languages; never changed once it is written."""

    __tablename__ = "survey_versions"

    survey_key: Mapped[str] = mapped_column(ForeignKey("surveys.key"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    questions: Mapped[list[dict[str, str]]] = mapped_column(
        Json, doc="[{key, metric}], with words: own where they were edited; the first is asked in the mail"
    )
    texts: Mapped[dict[str, Any]] = mapped_column(Json, doc="language -> question key -> QuestionText")
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Invitation(Base):
    """One request to one customer about one ticket, with a snapshot of what it was about; also the outbox."""

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["survey_key", "survey_version"], ["survey_versions.survey_key", "survey_versions.number"]
        ),
        UniqueConstraint("survey_key", "ticket_ref", "occasion"),
        Index(
            "ix_invitations_due",
            "send_at",
            postgresql_where=text("send_at IS NOT NULL"),
            sqlite_where=text("send_at IS NOT NULL"),
        ),
        Index("ix_invitations_ticket_ref", "ticket_ref"),
        Index("ix_invitations_address_hash", "address_hash"),
        Index("ix_invitations_domain_accepted_at", "domain", "accepted_at"),
        Index("ix_invitations_created_at", "created_at", "id"),
        Index("ix_invitations_day", "day"),
        Index("ix_invitations_asked_on", "asked_on"),
        Index("ix_invitations_customer_ref", "customer_ref"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    survey_key: Mapped[str] = mapped_column(String(40))
    survey_version: Mapped[int]
    ticket_ref: Mapped[str] = mapped_column(String(200))
    occasion: Mapped[str] = mapped_column(String(200))
    agent_ref: Mapped[str | None] = mapped_column(String(200))
    agent_name: Mapped[str | None] = mapped_column(String(200))
    team: Mapped[str | None] = mapped_column(String(200))
    case_type: Mapped[str | None] = mapped_column(String(200))
    channel: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(35))
    customer_ref: Mapped[str | None] = mapped_column(String(200))
    properties: Mapped[dict[str, Any]] = mapped_column(Json)
    address: Mapped[str | None] = mapped_column(String(320))
    recipient_name: Mapped[str | None] = mapped_column(String(200))
    address_hash: Mapped[str | None] = mapped_column(String(64))
    domain: Mapped[str | None] = mapped_column(String(255))

    agent_replies: Mapped[int | None] = mapped_column(doc="None: nobody said")
    timezone: Mapped[str | None] = mapped_column(
        String(64), doc="the recipient's, for the sending window; None: the organisation's"
    )
    source: Mapped[str] = mapped_column(String(20), doc="by which door it came")
    said_team: Mapped[str | None] = mapped_column(String(200), doc="the word that `team` is a synonym of")
    said_case_type: Mapped[str | None] = mapped_column(String(200))
    said_channel: Mapped[str | None] = mapped_column(String(200))

    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    allowed_from: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="of a refused one: when the reason ends; None: not by waiting"
    )
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime, doc="when the interaction ended")
    day: Mapped[date] = mapped_column(doc="of created_at, in the organisation's time zone")
    asked_on: Mapped[date | None] = mapped_column(
        doc="the day of accepted_at, until then that of created_at: the day that response rates go by"
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="the relay's 250; for a link handed out, its creation"
    )

    send_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="when the worker looks next; None: never again"
    )
    planned_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime,
        doc="when its mail is meant to go out; once it was tried, its first try",
    )
    is_reminder: Mapped[bool] = mapped_column(
        default=False, doc="the mail that is due, or was the last, is the reminder"
    )
    attempts: Mapped[int] = mapped_column(default=0)
    claim: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), doc="fences off a worker whose lease ran out"
    )
    marked_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="just before the mail's last line goes out"
    )

    touch_count: Mapped[int] = mapped_column(default=0)
    scanned_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="when it first showed scanner behaviour"
    )


class InvitationEvent(Base):
    """What happened to an invitation after it was made; append-only."""

    __tablename__ = "invitation_events"

    invitation_id: Mapped[str] = mapped_column(ForeignKey("invitations.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    what: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str | None] = mapped_column(String(200))


class Ticket(Base):
    """A ticket that was opened again, or is none that a customer should be asked about."""

    __tablename__ = "tickets"

    ticket_ref: Mapped[str] = mapped_column(String(200), primary_key=True)
    reopened_at: Mapped[datetime] = mapped_column(
        UtcDateTime, doc="what ended before it is not asked about any more"
    )
    reason: Mapped[str] = mapped_column(String(20))


class ApiKey(Base):
    """A key to the API; who has it knows it, we know its hash."""

    __tablename__ = "api_keys"

    prefix: Mapped[str] = mapped_column(String(12), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Reply(Base):
    """What was answered to a request with an Idempotency-Key, so that the same again gets the same."""

    __tablename__ = "replies"
    __table_args__ = (Index("ix_replies_at", "at"),)

    api_key: Mapped[str] = mapped_column(ForeignKey("api_keys.prefix"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), doc="of the request")
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Hook(Base):
    """A helpdesk that tells us of its tickets."""

    __tablename__ = "hooks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    survey_key: Mapped[str] = mapped_column(ForeignKey("surveys.key"))
    secret: Mapped[str] = mapped_column(String(200))
    mapping: Mapped[dict[str, str]] = mapped_column(Json, doc="field -> JSON pointer")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HookEvent(Base):
    """One event as a helpdesk sent it, and what was made of it."""

    __tablename__ = "hook_events"
    __table_args__ = (
        UniqueConstraint("hook", "delivery_id"),
        Index("ix_hook_events_received_at", "received_at"),
        Index(
            "ix_hook_events_due_at",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    hook: Mapped[str] = mapped_column(ForeignKey("hooks.name"))
    delivery_id: Mapped[str] = mapped_column(String(200))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[bytes]
    due_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="when the worker looks at it; None: it is done"
    )
    attempts: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str | None] = mapped_column(String(20))
    ticket_ref: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str | None] = mapped_column(String(200))
    empty: Mapped[list[str]] = mapped_column(Json, doc="the fields that arrived empty")
    invitation_id: Mapped[str | None] = mapped_column(ForeignKey("invitations.id"))


class Touch(Base):
    """Someone or something opened a link of the mail; never an answer."""

    __tablename__ = "touches"
    __table_args__ = (Index("ix_touches_at", "at"),)

    invitation_id: Mapped[str] = mapped_column(ForeignKey("invitations.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    link: Mapped[str] = mapped_column(String(12))
    rating: Mapped[int | None]
    network: Mapped[str] = mapped_column(String(16))
    is_prefetch: Mapped[bool]
    is_automated: Mapped[bool]


class Answer(Base):
    """What is held or counted of one invitation; one row at most."""

    __tablename__ = "answers"
    __table_args__ = (
        Index(
            "ix_answers_settle_at",
            "settle_at",
            postgresql_where=text("settle_at IS NOT NULL"),
            sqlite_where=text("settle_at IS NOT NULL"),
        ),
        Index("ix_answers_day", "day"),
        Index("ix_answers_changed_at", "changed_at", "invitation_id"),
    )

    invitation_id: Mapped[str] = mapped_column(ForeignKey("invitations.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(10), doc="of the question asked in the mail")
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(
        String(20), doc="why it is held, or somebody of ours judged so; None when it counts by itself"
    )
    evidence: Mapped[str | None] = mapped_column(String(20), doc="why it counts; None while it is held")
    rating: Mapped[int | None] = mapped_column(
        doc="of the question asked in the mail; None for a comment alone"
    )
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, doc="the rating's first touch, or its POST")
    day: Mapped[date] = mapped_column(
        doc="of began_at, in the organisation's time zone; fixed by the first count"
    )
    first_counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int]
    seen: Mapped[dict[str, str]] = mapped_column(
        Json, doc="page load -> when it was first reported visible (ISO 8601)"
    )
    has_stayed: Mapped[bool]
    is_automated: Mapped[bool]
    is_unverified: Mapped[bool]
    settle_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="when a held answer is judged; None: never again"
    )


class Rating(Base):
    """One question's rating of one answer, held or counted with it."""

    __tablename__ = "ratings"

    invitation_id: Mapped[str] = mapped_column(ForeignKey("answers.invitation_id"), primary_key=True)
    question: Mapped[str] = mapped_column(String(40), primary_key=True)
    metric: Mapped[str] = mapped_column(String(10))
    rating: Mapped[int]


class AnswerEvent(Base):
    """The append-only history of an answer: ratings, states and evidence, never a comment's text."""

    __tablename__ = "answer_events"

    invitation_id: Mapped[str] = mapped_column(ForeignKey("answers.invitation_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20))
    evidence: Mapped[str | None] = mapped_column(String(20))
    ratings: Mapped[dict[str, int]] = mapped_column(Json)


class Suppression(Base):
    """An address that gets no survey any more, known by its keyed hash alone."""

    __tablename__ = "suppressions"

    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Domain(Base):
    """A recipients' domain whose mail is opened by scanners, while the mark lasts."""

    __tablename__ = "domains"

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    marked_until: Mapped[datetime] = mapped_column(UtcDateTime)


class User(Base):
    """Somebody who may log in."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(320), unique=True, doc="in small letters")
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(10))
    teams: Mapped[list[str] | None] = mapped_column(Json, doc="the own ones; None: all there are")
    agent_ref: Mapped[str | None] = mapped_column(String(200), doc="who this is in the support system")
    allowed: Mapped[dict[str, bool]] = mapped_column(
        Json, doc="permission -> given or taken, where it differs from what the role has"
    )
    locale: Mapped[str | None] = mapped_column(String(10), doc="None: what the browser wishes")
    password: Mapped[str | None] = mapped_column(String(200), doc="argon2id; None: none was set yet")
    totp_secret: Mapped[str | None] = mapped_column(String(64), doc="None: no second step")
    totp_step: Mapped[int | None] = mapped_column(doc="the last one used, which opens nothing again")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code that stands in once for the second step."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Identity(Base):
    """By which an OpenID provider knows a user; never by an address, which can change hands."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Signin(Base):
    """One browser in which somebody is logged in; deleted when it is ended."""

    __tablename__ = "signins"
    __table_args__ = (Index("ix_signins_user_id", "user_id"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True, doc="of what the browser's cookie holds")
    id: Mapped[str] = mapped_column(String(ID_LENGTH), unique=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    browser: Mapped[str] = mapped_column(String(200), doc="as it calls itself")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Bucket(Base):
    """What is left of somebody's tries; see surveyapp.limits."""

    __tablename__ = "buckets"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserToken(Base):
    """A link mailed to a user, known by its hash: sets a password, once."""

    __tablename__ = "user_tokens"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Note(Base):
    """A mail to a user that waits for the worker; what it says is written as it goes out."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_send_at", "send_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    send_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="None: it went out, or never will")
    claim: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    attempts: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(String(200))


class Record(Base):
    """An entry of the audit log; a trigger refuses every change and removal."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_at", "at", "id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id"), doc="None: the command line, the worker or nobody who is known"
    )
    actor: Mapped[str] = mapped_column(String(20), doc="user, command, worker or nobody")
    deed: Mapped[str] = mapped_column(String(30))
    target: Mapped[str | None] = mapped_column(String(200), doc="of what: a key, an id; nothing personal")
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


class Preference(Base):
    """A setting that was made in the browser; it stands before the environment's."""

    __tablename__ = "preferences"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StoredFile(Base):
    """A small file that was put in by hand, such as the logo."""

    __tablename__ = "stored_files"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True, doc="SHA-256 of its content")
    media_type: Mapped[str] = mapped_column(String(100))
    content: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Name(Base):
    """How people call a case type, team, channel or agent, and the other words that mean the same."""

    __tablename__ = "names"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(200), primary_key=True, doc="as it stands on invitations")
    labels: Mapped[dict[str, str]] = mapped_column(Json, doc="language -> name; an agent's under ''")
    left_on: Mapped[date | None] = mapped_column(doc="an agent's last day")


class Synonym(Base):
    """A word of the support system that means another one's case type, team or channel."""

    __tablename__ = "synonyms"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    said: Mapped[str] = mapped_column(String(200), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class Upload(Base):
    """A CSV file of invitations that somebody put in, and how far it has come."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_created_at", "created_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    survey_key: Mapped[str | None] = mapped_column(String(40))
    locale: Mapped[str | None] = mapped_column(String(35))
    is_mailed: Mapped[bool]
    content: Mapped[bytes | None] = mapped_column(doc="the file; once it has ended, what became of each row")
    state: Mapped[str] = mapped_column(String(10), doc="previewed, waiting, running, done or failed")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rows: Mapped[int] = mapped_column(default=0, doc="that the file has")
    done: Mapped[int] = mapped_column(default=0, doc="of them, decided so far")
    outcomes: Mapped[dict[str, int]] = mapped_column(Json, doc="outcome -> how many rows")
    problem: Mapped[str | None] = mapped_column(String(500))


class Marker(Base):
    """Something that happened on a day, such as a new phone menu, to be seen in the trends."""

    __tablename__ = "markers"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    day: Mapped[date]
    words: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Target(Base):
    """The score that a leader wants to reach, and what for."""

    __tablename__ = "targets"

    metric: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[float]
    purpose: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Summary(Base):
    """Who gets the figures by mail, how often; also the outbox of the next one."""

    __tablename__ = "summaries"
    __table_args__ = (
        UniqueConstraint("user_id", "every"),
        UniqueConstraint("address", "every"),
        Index("ix_summaries_send_at", "send_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    user_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id"), doc="None: somebody without an account"
    )
    address: Mapped[str | None] = mapped_column(String(320), doc="in small letters; None: the user's")
    locale: Mapped[str | None] = mapped_column(String(10), doc="None: the user's, else the organisation's")
    every: Mapped[str] = mapped_column(String(10), doc="week or month")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    send_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="of the next one; None: never again")
    claim: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    attempts: Mapped[int] = mapped_column(default=0)
    last_first: Mapped[date | None] = mapped_column(doc="the first day that the last mail was about")
    outcome: Mapped[str | None] = mapped_column(String(200), doc="of the last try")
