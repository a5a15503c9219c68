"""The tables."""

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.db import Base, Json, UtcDateTime

ID_LENGTH = 22


def new_id() -> str:
    """128 random bits in 22 URL-safe characters: no hot sequence, and nothing to guess or count."""
    return secrets.token_urlsafe(16)


class Survey(Base):
    """A named set of questions; its texts are in its versions."""

    __tablename__ = "surveys"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[str | None] = mapped_column(
        String(10), doc="adaptive, confirm, or None: as the settings say"
    )
    current_version: Mapped[int]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SurveyVersion(Base):
    """What was asked, word for word in four languages; never changed once it is written."""

    __tablename__ = "survey_versions"

    survey_key: Mapped[str] = mapped_column(ForeignKey("surveys.key"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    questions: Mapped[list[dict[str, str]]] = mapped_column(
        Json, doc="[{key, metric}], the first is asked in the mail"
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

    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="the relay's 250; for a link handed out, its creation"
    )

    send_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="when the worker looks next; None: never again"
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
    )

    invitation_id: Mapped[str] = mapped_column(ForeignKey("invitations.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(10), doc="of the question asked in the mail")
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20), doc="why it is held; None once it counts")
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
